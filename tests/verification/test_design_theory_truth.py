"""Theory of designs against simulated trials, which know nothing of it."""

import math
from pathlib import Path

import numpy as np
import pytest
from survival_files import THREE_LOOKS, TWO_ARMS, survival_scenario

from simulate.design_theory import design_theory
from simulate.survival_runner import SurvivalRunner

pytestmark = pytest.mark.verify

FIRST, N = 2**31 + 2**28, 10_000
LATE_COPULA = (
    "survival={kind: copula, progression: {kind: exponential, median: 12 months}, "
    "death: {kind: exponential, median: 24 months}, correlation: 0.5, effects: ["
    "{kind: delayed, arm: experimental, on: progression, hazard_ratio: 0.55, delay: 4 months}], "
    "dropout: {kind: exponential, rate: 0.05 per year}}"
)


@pytest.mark.parametrize(
    ("path", "overrides"),
    [(THREE_LOOKS, ()), (TWO_ARMS, ()), (TWO_ARMS, (LATE_COPULA,))],
    ids=["exact times", "scans and strata", "late effect"],
)
def test_simulated_trials_do_what_theory_expects(path: Path, overrides: tuple[str, ...]) -> None:
    scenario = survival_scenario(path, *overrides)
    theory = design_theory(scenario)
    expected = theory.table[theory.table["truth"] == "assumed"].set_index("analysis")
    runner = SurvivalRunner(scenario, seed=20250, engine="batch")
    chunk = runner.run(range(FIRST, FIRST + N))
    looks = {name: dict(zip(runner.names, values.T, strict=True)) for name, values in chunk.items()}
    first = scenario.analyses[0].name
    rejected = sum(float((look["pfs.decision"] == 1).mean()) for look in looks.values())
    overall = theory.overall[theory.overall["truth"] == "assumed"].iloc[0]

    def check(values: np.ndarray, expectation: float, *, systematic: float) -> None:
        error = values.std() / math.sqrt(len(values))
        assert values.mean() == pytest.approx(expectation, abs=4 * error + systematic)

    look, planned = looks[first], expected.loc[first]
    # a cut has more events than its target, where several come on its last day
    check(look["pfs.events"], planned["events"], systematic=0.6)
    check(look["pfs.events.control"], planned["control_events"], systematic=0.4)
    check(look["pfs.events.experimental"], planned["experimental_events"], systematic=0.4)
    # the curve of expected events is bent, and a cut is the end of its day
    check(look["cut_day"], planned["expected_day"], systematic=1.5)
    check(look["n_enrolled"], planned["enrolled"], systematic=1.0)
    # Z is nearly normal: its mean and the power are right to about a hundredth
    check(look["pfs.z"], planned["mean_z"], systematic=0.01)
    error = math.sqrt(rejected * (1 - rejected) / N)
    assert rejected == pytest.approx(overall["power"], abs=4 * error + 0.005)
