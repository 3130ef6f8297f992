"""Type I error of tests of patients in cycles where calendars differ: of intervals, and grouped."""

from __future__ import annotations

import math
from typing import Any

import pytest

from simulate.choose_engine import BATCH
from simulate.look_replicates import run_look_replicates
from simulate.scenario.scenario import Scenario

pytestmark = pytest.mark.verify

N, ALPHA = 20_000, 0.025

LAW = {"kind": "exponential", "median": "9 months"}
NO_DEATHS = {"kind": "exponential", "mean": "1000000 days"}
SCANNED: dict[str, Any] = {
    "assessment.calendar": [{"every": "6 weeks"}],
    "assessment.clinical_progression": None,
    "assessment.missed": 0,
    "disease.progression.responders": LAW,
    "disease.progression.non_responders": LAW,
    "disease.death_without_progression": NO_DEATHS,
    "disease.death_after_progression": NO_DEATHS,
}
DEATHS: dict[str, Any] = {
    "disease.death_without_progression": {"kind": "exponential", "rate": "0.005 per month"},
    "disease.death_after_progression": {"kind": "exponential", "median": "18 months"},
}
MODELS: dict[str, dict[str, Any]] = {
    "progression alone": {},
    "deaths": DEATHS,
    "missed scans": {"assessment.missed": 0.1},
}
RARELY = {"assessment.calendar": [{"every": "24 weeks"}]}
ARMS = [{"id": 1, "name": "rarely", "set": RARELY}, {"id": 2, "name": "often"}]
FURTHER = [
    {"name": "interval", "test": {"kind": "interval_censored"}},
    {"name": "by_strata", "test": {"kind": "interval_censored", "stratified": True}},
]
TRIAL: dict[str, Any] = {
    **{"facts": None, "sweep": [], "sample_size": 240, "max_study_duration": "60 months"},
    "randomisation": {"block_sizes": [4], "strata": ["visceral"]},
    "analyses": [{"id": 1, "name": "final", "cut": {"events": {"endpoint": "PFS", "count": 150}}}],
    "hypotheses": [
        {
            **{"id": 1, "name": "pfs", "endpoint": "PFS"},
            **{"experimental": "rarely", "control": "often"},
        }
    ],
    "estimates": {"tests": FURTHER},
    "arms": ARMS,
}


@pytest.mark.parametrize("model", MODELS)
def test_of_arms_that_differ_in_their_scans_alone_it_keeps_its_size(
    model: str, scenario: Scenario
) -> None:
    """Within 3 Monte Carlo standard errors, and 0.002 where unseen progression precedes deaths."""
    trial = scenario.with_overrides(SCANNED | MODELS[model]).with_overrides(TRIAL)
    looks = run_look_replicates(trial, replicates=N, engine=BATCH, workers=2)["final"]

    def size(name: str, sign: int = 1) -> float:
        return float((sign * looks.column(name) >= 1.959964).mean())

    assert size("pfs.z") > 2 * ALPHA, "the arm that is scanned less often looks better"
    more = 0.002 if model == "deaths" else 0.0
    for name in ("pfs.interval.z", "pfs.by_strata.z"):
        for sign in (1, -1):
            error = 3 * math.sqrt(ALPHA * (1 - ALPHA) / N)
            assert size(name, sign) == pytest.approx(ALPHA, abs=error + more), (name, sign)


def test_of_grouped_times_the_log_rank_test_keeps_its_size(scenario: Scenario) -> None:
    """Within 3 Monte Carlo standard errors; nobody leaves between two scans."""
    stays: dict[str, Any] = {"follow_up.withdrawal": None, "follow_up.early_stop": None}
    grouped = {"id": 2, "name": "GROUPED", "of": "PFS", "grid": [{"every": "24 weeks"}]}
    named = [{"id": 1, "name": "PFS", "of": "PFS"}, grouped]
    (tested,) = TRIAL["hypotheses"]
    trial = scenario.with_overrides(SCANNED | stays).with_overrides(
        TRIAL
        | {
            "endpoints.named": named,
            "hypotheses": [tested, {**tested, "id": 2, "name": "grouped", "endpoint": "GROUPED"}],
            "estimates": {},
        }
    )
    looks = run_look_replicates(trial, replicates=N, engine=BATCH, workers=2)["final"]
    error = 3 * math.sqrt(ALPHA * (1 - ALPHA) / N)
    for sign in (1, -1):
        size = float((sign * looks.column("grouped.z") >= 1.959964).mean())
        assert size == pytest.approx(ALPHA, abs=error), sign
    assert float((looks.column("pfs.z") >= 1.959964).mean()) > 2 * ALPHA
