"""Simulated single-arm designs against exact theory, where there is no delay and where there is."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from simulate.replicates import run_replicates
from simulate.scenario.scenario import Scenario
from simulate.single_arm_operating import SingleArmOutcomes, of_decision, single_arm_outcomes

pytestmark = pytest.mark.verify

REPLICATES = 10_000

LATE = {"ascertainment": "evaluable", "evaluable_after": "104 weeks"}
DESIGNS: dict[str, dict[str, Any]] = {
    "single stage": {
        "design": {"kind": "single_stage", "p0": 0.6, "p1": 0.8, "alpha": 0.05, "power": 0.8}
    },
    "Simon": {"design": {"kind": "simon", "p0": 0.6, "p1": 0.8, "alpha": 0.05, "power": 0.8}},
    "predictive probability": {
        "design": {
            "kind": "predictive_probability",
            "looks": [10, 20, 30, 40],
            "p0": 0.6,
            "p1": 0.8,
            "stop_below": 0.1,
            "stop_above": 0.95,
            "alpha": 0.1,
        }
    },
    "BOP2": {"design": {"kind": "bop2", "looks": [10, 20, 40], "p0": 0.6, "p1": 0.8, "alpha": 0.1}},
    "go, consider or no go": {
        "design": {
            "kind": "go_consider_no_go",
            "looks": [20, 43],
            "lower_reference": 0.6,
            "target": 0.8,
            "go_confidence": 0.99,
        }
    },
}


def outcomes(scenario: Scenario, block: dict[str, Any], **changes: Any) -> SingleArmOutcomes:
    several = block["design"]["kind"] != "single_stage"
    looks = {"interim": LATE, "final": LATE} if several else {"final": LATE}
    trial = scenario.with_overrides(
        {"facts": None, "sweep": [], "sample_size": 43, "single_arm": {**looks, **block}, **changes}
    )
    analysed = run_replicates(trial, replicates=REPLICATES, engine="batch", workers=2)["final"]
    found = single_arm_outcomes(trial, analysed)
    assert found is not None
    return found


@pytest.mark.parametrize("name", DESIGNS)
def test_decisions_are_those_of_theory_where_looks_wait(name: str, scenario: Scenario) -> None:
    """Looks wait until nobody can respond any more, so that theory holds for both decisions.

    Tolerance: four standard errors of simulation and response rate together. With 104 weeks of
    follow-up hardly a response is still to come; what is, shows in `by_delay`.
    """
    found = outcomes(scenario, DESIGNS[name], analyses=[LONG])

    assert found.theory is not None
    for decision in ("go", "consider", "no_go"):
        theory = found.by_theory(decision)
        for full in (True, False):
            simulated = found.probability(decision, full=full)
            error = max((theory.mcse**2 + simulated.mcse**2) ** 0.5, 1e-9)
            assert abs(simulated.estimate - theory.estimate) <= 4 * error, (decision, full)
        assert abs(found.by_delay(decision).estimate) < 0.005
    size, expected = found.full_at_once, found.theory.expected_patients
    assert abs(size.estimate - expected) <= 6 * max(size.mcse, 1e-9)
    for look in range(found.rule.n_looks):
        share = found.at_look(look, "no_go")
        assert abs(share.estimate - found.theory.no_go[look]) <= 0.02


LONG = {"id": 1, "name": "final", "cut": {"date": dt.date(2026, 9, 15)}}


def test_a_look_before_all_scans_loses_responders(scenario: Scenario) -> None:
    """Negative control: an early look is far from theory, and only through later responders."""
    block = {**DESIGNS["Simon"], "interim": {"after": "12 weeks"}}
    found = outcomes(scenario, block)

    at_once, theory = found.probability("go", full=True), found.by_theory("go")
    assert abs(at_once.estimate - theory.estimate) <= 4 * (at_once.mcse**2 + theory.mcse**2) ** 0.5
    assert found.by_delay("go").estimate < -0.2
    assert found.of_look(0, "later_responders").estimate > 1
    assert of_decision(found.theory, "go") > 0.5 if found.theory else False
