"""Small randomised trials of both kinds, and one run of each by the SimPy engine."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from arms_example import LOOKS, randomised

from simulate.choose_engine import REFERENCE
from simulate.randomised.execute import execute
from simulate.randomised.job import RandomisedJob, make_randomised_job
from simulate.randomised.result import RandomisedResult
from simulate.scenario.scenario import Scenario
from simulate.scenario.survival_scenario import SurvivalScenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"
TO_COPY = SCENARIOS / "generic_two_arm.yaml"
PHASE_II = SCENARIOS / "kn026_phase2.yaml"
PHASE_III = SCENARIOS / "kn026_phase3.yaml"

SMALL = (
    "sample_size=48",
    "enrolment.accrual=[{from: 0 months, rate: 4 per month}]",
    "analyses.interim.cut.events.count=12",
    "analyses.final.cut.events.count=26",
    "hypotheses.pfs.test=log_rank",
    "hypotheses.pfs.efficacy={kind: pocock}",
)
"""What makes the scenario to copy a small one, tested without strata, that may well stop early."""

NAMESAKE = "{name: namesake, set: {hypotheses.pfs.design_hazard_ratio: 0.70}}"
"""A what-if that changes nothing: the hazard ratio is that of the scenario."""
LARGER = "{name: larger, set: {sample_size: 60}}"

N = 12

HYPOTHESIS: dict[str, Any] = {
    **{"id": 1, "name": "pfs_test", "endpoint": "PFS"},
    **{"experimental": "kn026", "control": "control", "efficacy": {"kind": "pocock"}},
}

FEW = (
    "sample_size=24",
    "enrolment.sites.count=8",
    "analyses.interim.cut.events.count=6",
    "analyses.final.cut.events.count=12",
    "hypotheses.pfs_inv.information=15",
    "sweep=[]",
)
"""What makes the phase III of patients in cycles and scans a small one."""


def small_survival(*overrides: str) -> SurvivalScenario:
    """The scenario to copy with few patients."""
    return SurvivalScenario.from_file(TO_COPY, [*SMALL, *overrides])


@cache
def small_arms() -> Scenario:
    """The published trial with two arms and few patients."""
    published = Scenario.from_file(PHASE_II, ["parameters=null"])
    return randomised(published, hypotheses=[HYPOTHESIS], analyses=LOOKS)


@cache
def small_phase_iii(*overrides: str) -> Scenario:
    """The phase III with few patients: parameters from a calibration."""
    return Scenario.from_file(PHASE_III, [*FEW, *overrides])


def small_job(n: int = N, **options: Any) -> RandomisedJob:
    """A job of the small trial with two what-ifs."""
    scenario = small_survival(f"sweep=[{NAMESAKE}, {LARGER}]")
    return make_randomised_job(scenario, replicates=n, **({"engine": REFERENCE} | options))


@cache
def survival_result() -> RandomisedResult:
    """A run of the small trial with plain survival models and its two what-ifs."""
    return execute(small_job())


@cache
def arms_result() -> RandomisedResult:
    """A run of the small trial with arms of patients in cycles and scans."""
    return execute(make_randomised_job(small_arms(), replicates=8, engine=REFERENCE))
