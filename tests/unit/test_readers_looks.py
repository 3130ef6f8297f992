"""Looks at trials that are read: when they are, what they count, and both engines alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_review import BASE, MODEL, THERAPY, TO_COPY

from simulate.check_looks import check_looks
from simulate.describe import describe
from simulate.distributions import NEVER
from simulate.randomised.seen_trials import TrialMaker
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.survival_runner import SurvivalRunner

FULL: dict[str, Any] = {
    "treating_reader": "investigator",
    "visits": {"missed": 0.1},
    "new_therapy": THERAPY,
    "switching": [{"arm": "control", "probability": 0.6, "delay": "1 month", "hazard_ratio": 0.5}],
}
SEED = 5


def scenario_of(lag: str = "0 days", **changes: Any) -> SurvivalScenario:
    events = {"endpoint": "CENTRAL_FDA", "count": 20, "adjudication_lag": lag}
    own: dict[str, Any] = {
        "survival": MODEL | FULL,
        "analyses": [
            {"id": 1, "name": "interim", "cut": {"events": events | {"count": 10}}},
            {"id": 2, "name": "final", "cut": {"events": events}},
        ],
    }
    return SurvivalScenario.from_file(TO_COPY).with_overrides(BASE | own | changes)


def rows_of(scenario: SurvivalScenario, n: int) -> list[dict[str, dict[str, float]]]:
    """Columns by name and look of some replicates."""
    runner = SurvivalRunner(scenario, seed=SEED, engine="reference")
    values = runner.run(range(n))
    return [
        {look: dict(zip(runner.names, rows[r], strict=True)) for look, rows in values.items()}
        for r in range(n)
    ]


def test_events_that_are_adjudicated_count_so_much_later() -> None:
    for at_once, later in zip(
        rows_of(scenario_of(), 4), rows_of(scenario_of("25 days"), 4), strict=True
    ):
        for look, row in at_once.items():
            assert row["target_reached"] == 1
            assert later[look]["cut_day"] == row["cut_day"] + 25
            assert later[look]["central_fda.events"] >= row["central_fda.events"]


def test_looks_count_what_the_patients_have() -> None:
    scenario = scenario_of()
    maker, n_checked = TrialMaker(scenario, SEED), 0
    for replicate, looks in enumerate(rows_of(scenario, 3)):
        made = maker.make(replicate)
        for row in looks.values():
            cut, n = int(row["cut_day"]), int(row["n_enrolled"])
            own = made.subjects.head(n)
            known = cut - own["enrolment_trial_day"]
            for place, name in enumerate(scenario.endpoint_names):
                assert made.sample(place, cut, n)[1].sum() == row[f"{name.lower()}.events"]
            first = own["call_day.investigator"].fillna(NEVER) * 1
            second = own["call_day.central"].fillna(NEVER) * 1
            first, second = first.where(first <= known, NEVER), second.where(second <= known, NEVER)
            for arm in ("control", "experimental"):
                mine = own["arm"] == arm
                counts = counted(first[mine], second[mine])
                for what, count in counts.items():
                    assert row[f"concordance.investigator.central.{what}.{arm}"] == count
                    n_checked += count
    assert n_checked > 50


def counted(first: pd.Series, second: pd.Series) -> dict[str, int]:
    """Patients by what two readers say."""
    both = (first < NEVER) & (second < NEVER)
    return {
        "both_same": int((both & (first == second)).sum()),
        "first_later": int((both & (first > second)).sum()),
        "first_earlier": int((both & (first < second)).sum()),
        "only_first": int(((first < NEVER) & (second == NEVER)).sum()),
        "only_second": int(((first == NEVER) & (second < NEVER)).sum()),
    }


def test_those_who_change_treatment_are_counted_where_they_may() -> None:
    for looks in rows_of(scenario_of(), 3):
        final = looks["final"]
        assert final["switched.control"] > 0
        assert final["switched.experimental"] == 0


@pytest.mark.verify
def test_both_engines_read_alike() -> None:
    """Every reader, rule and calendar at once; SimPy over lists, and compiled over arrays."""
    grouped = {"id": 9, "name": "GROUPED", "of": "PFS", "reader": "central",
               "grid": [{"every": "36 weeks"}]}  # fmt: skip
    by_arm = {"calendar_by_arm": {"experimental": [{"every": "9 weeks"}]}}
    scenario = scenario_of("10 days", endpoints=[*BASE["endpoints"], grouped])
    for changed in (scenario, scenario.with_overrides({"survival": MODEL | FULL | by_arm})):
        check = check_looks(changed, seed=2**63 - 17, replicates=6)
        assert check.difference is None, check.difference


def test_a_trial_that_is_read_is_told_in_words() -> None:
    text = " ".join(describe(scenario_of("25 days")).split())
    for phrase in (
        "A planned scan is missed with probability 10%, each by itself.",
        "Reader 5 (central) overlooks progression at 30% of the scans on or after it and calls it "
        "at 2% of the scans before it.",
        "in experimental, overlooks progression at 40% of the scans",
        "Scans end at the call of investigator",
        "60% of those whose progression investigator calls in control change treatment, if alive, "
        "1 month after the call; from then on",
        "Endpoint 1 (CENTRAL_FDA): progression-free survival read by central; censored at the last "
        "scan done if 2 planned scans or more directly before the event were not and at the last "
        "scan before new therapy (fda).",
        "Endpoint 2 (LOCAL): progression-free survival read by investigator; every event counts, "
        "whatever comes between (ema).",
        "each 25 days after its day",
        "as if scans were read without error",
    ):
        assert phrase in text, phrase


def test_patients_of_an_example_have_the_days_of_their_calls() -> None:
    made = TrialMaker(scenario_of(), SEED).make(0)
    names = {"call_day.investigator", "call_day.central", "new_therapy_day"}
    assert names <= set(made.subjects)
    calls = made.subjects["call_day.investigator"].dropna()
    assert len(calls) > 20
    assert np.isin(calls % 42, 0).all(), "calls are made at scans, every 6 or 12 weeks"
