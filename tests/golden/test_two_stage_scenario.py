"""The scenario of a two-stage trial: Simon's printed design, and decisions frozen on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulate.replicates import run_replicates
from simulate.scenario.scenario import Scenario
from simulate.single_arm_theory import single_arm_theory

SCENARIO = Path(__file__).parents[2] / "scenarios" / "single_arm_two_stage.yaml"

FROZEN = [
    (1, 2, 613, 34, 2, 43, 1),
    (0, 1, 401, 3, 2, 26, 0),
    (1, 2, 658, 32, 0, 43, 1),
    (0, 1, 313, 5, 3, 15, 0),
    (0, 1, 394, 6, 3, 22, 1),
    (0, 1, 402, 4, 1, 28, 0),
    (0, 2, 624, 30, 0, 43, 0),
    (0, 1, 357, 4, 3, 18, 0),
]
"""By replicate: go, look, day of the decision, responders known, known later, enrolled, go at once.

With the parameters of the scenario's own files, which no new calibration changes.
"""

NAMES = ("go", "look", "day", "responders", "later_responders", "enrolled", "full_go")


@pytest.fixture(scope="module")
def two_stage() -> Scenario:
    return Scenario.from_file(SCENARIO, ["parameters=null", "sweep=[]"])


def test_the_design_is_that_of_simons_table(two_stage: Scenario) -> None:
    """Simon 1989, table 1: p0 = 0.6, p1 = 0.8, alpha 0.05, power 0.8: 7/11 30/43, 20.5, 0.70."""
    theory = single_arm_theory(two_stage)
    (_, null), (_, design), _ = theory.truths

    assert theory.block.design.rule.patients == (11, 43)
    assert theory.block.design.rule.no_go == (7, 30)
    assert (round(null.expected_patients, 1), round(null.early_no_go, 2)) == (20.5, 0.7)
    assert null.go_in_all <= 0.05
    assert design.go_in_all >= 0.8


def test_decisions_stay_what_they_were(two_stage: Scenario) -> None:
    table = run_replicates(two_stage, replicates=len(FROZEN), engine="reference")["final"].table

    found = table[[f"single_arm_{name}" for name in NAMES]].astype(int)
    assert list(found.itertuples(index=False, name=None)) == FROZEN
