"""Patients followed through endpoints and scans: the reasons, against days and scans by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_review import BASE, MODEL, THERAPY, TO_COPY

from simulate.distributions import NEVER
from simulate.randomised.followed import (
    DATA_CUT,
    DEATH,
    LATE_DEATH,
    LOST,
    MISSED,
    MISSED_SCANS,
    NEW_THERAPY,
    OPEN_INTERVAL,
    PROGRESSION,
    SCANS_ENDED,
)
from simulate.randomised.seen_trials import SeenTrial, TrialMaker
from simulate.scenario.survival_scenario import SurvivalScenario

CUT, WINDOW = 900, 84
ENDPOINTS = [
    {"id": 1, "name": "FDA", "of": "PFS", "reader": "central", "rules": "fda"},
    {"id": 2, "name": "EMA", "of": "PFS", "reader": "central", "rules": "ema"},
    {"id": 3, "name": "WINDOW", "of": "PFS", "reader": "central", "rules": "window"},
    {"id": 4, "name": "GROUPED", "of": "PFS", "reader": "central", "grid": [{"every": "36 weeks"}]},
    {"id": 5, "name": "LATENT", "of": "PFS", "reader": "latent"},
    {"id": 6, "name": "OS", "of": "OS"},
]
CHANGES: dict[str, Any] = BASE | {
    "survival": MODEL
    | {"treating_reader": "investigator", "visits": {"missed": 0.25}, "new_therapy": THERAPY},
    "sample_size": 400,
    "rule_sets": [{"name": "window", "death_window": f"{WINDOW} days"}],
    "endpoints": ENDPOINTS,
    "analyses": [{"id": 1, "name": "only", "cut": {"events": {"endpoint": "OS", "count": 40}}}],
}


@pytest.fixture(scope="module")
def made() -> SeenTrial:
    return TrialMaker(SurvivalScenario.from_file(TO_COPY).with_overrides(CHANGES), 7).make(1)


@pytest.fixture(scope="module")
def tables(made: SeenTrial) -> dict[str, pd.DataFrame]:
    return made.tables(CUT, range(len(made.enrolled)))


@pytest.fixture(scope="module")
def rows(made: SeenTrial, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """A row a patient and endpoint, with the patient's days; what never happens is NEVER."""
    days = made.subjects.drop(columns=["region", "stratum", "arm"]).fillna(NEVER).astype(int)
    table = tables["endpoints"].merge(days, on="patient")
    table["known"] = CUT - table["enrolment_trial_day"]
    table["first"] = table[["call_day.central", "death_day"]].min(axis=1)
    return table


def of(rows: pd.DataFrame, endpoint: str, reason: str) -> pd.DataFrame:
    """The rows of an endpoint with a reason; some are wanted."""
    found = rows[(rows["endpoint"] == endpoint) & (rows["reason"] == reason)]
    assert len(found) > 0, (endpoint, reason)
    return found


def test_every_patient_has_every_endpoint_as_the_looks_see_it(
    made: SeenTrial, rows: pd.DataFrame
) -> None:
    for position, endpoint in enumerate(ENDPOINTS):
        own = rows[rows["endpoint"] == endpoint["name"]]
        day, event = made.sample(position, CUT, len(made.enrolled))
        assert own["patient"].tolist() == list(range(len(made.enrolled)))
        assert np.array_equal(own["day"], day)
        assert np.array_equal(own["event"], event)


@pytest.mark.parametrize("endpoint", ["FDA", "EMA", "WINDOW"])
def test_events_are_progression_as_it_is_called_or_death(rows: pd.DataFrame, endpoint: str) -> None:
    called, died = of(rows, endpoint, PROGRESSION), of(rows, endpoint, DEATH)
    assert (called["event"] == 1).all()
    assert (called["day"] == called["call_day.central"]).all()
    assert (died["day"] == died["death_day"]).all()


@pytest.mark.parametrize("endpoint", ["FDA", "EMA", "WINDOW", "LATENT", "OS"])
def test_who_is_lost_or_goes_on_has_no_event_by_then(rows: pd.DataFrame, endpoint: str) -> None:
    lost, goes_on = of(rows, endpoint, LOST), of(rows, endpoint, DATA_CUT)
    assert (lost["dropout_day"] <= lost["known"]).all()
    assert (goes_on["dropout_day"] > goes_on["known"]).all()
    for some in (lost, goes_on):
        assert (some["event"] == 0).all()
        assert (some["death_day"] > some[["known", "dropout_day"]].min(axis=1)).all()


def test_new_therapy_censors_before_the_event(rows: pd.DataFrame) -> None:
    some = of(rows, "FDA", NEW_THERAPY)
    assert (some["new_therapy_day"] < some["first"]).all()
    assert (some["day"] <= some["new_therapy_day"]).all()
    assert NEW_THERAPY not in set(rows.loc[rows["endpoint"] == "EMA", "reason"])


def test_missed_scans_censor_an_event_that_they_precede(
    rows: pd.DataFrame, tables: dict[str, pd.DataFrame]
) -> None:
    scans = tables["assessments"]
    for row in of(rows, "FDA", MISSED_SCANS).to_dict("records"):
        own = scans[(scans["patient"] == row["patient"]) & (scans["day"] > row["day"])]
        before = own[own["day"] < row["first"]]
        assert len(before) >= 2
        assert (before["done"] == 0).all()


def test_a_late_death_is_beyond_the_window(rows: pd.DataFrame) -> None:
    some = of(rows, "WINDOW", LATE_DEATH)
    assert (some["first"] == some["death_day"]).all()
    assert (some["death_day"] - some["day"] > WINDOW).all()


def test_scans_end_at_the_call_of_the_treating_reader(
    rows: pd.DataFrame, tables: dict[str, pd.DataFrame]
) -> None:
    some = of(rows, "EMA", SCANS_ENDED)
    assert (some["day"] == some["call_day.investigator"]).all()
    assert (some["first"] > some[["known", "dropout_day"]].min(axis=1)).all()
    ended = tables["assessments"].query("not_done_because == @SCANS_ENDED")
    calls = rows.set_index("patient")["call_day.investigator"].groupby(level=0).first()
    assert (ended["day"] > ended["patient"].map(calls)).all()


def test_an_interval_that_is_not_over_has_no_event_yet(rows: pd.DataFrame) -> None:
    some = of(rows, "GROUPED", OPEN_INTERVAL)
    assert (some["first"] <= some["known"]).all()
    assert (np.ceil(some["first"] / 252) * 252 > some["known"]).all()


def test_scans_are_told_until_death_dropout_or_the_cut(
    rows: pd.DataFrame, tables: dict[str, pd.DataFrame]
) -> None:
    scans = tables["assessments"].merge(
        rows[rows["endpoint"] == "OS"].drop(columns=["day", "arm", "event"]), on="patient"
    )
    assert (scans["day"] <= scans[["known", "dropout_day"]].min(axis=1)).all()
    assert (scans["day"] < scans["death_day"]).all()
    missed = (scans["not_done_because"] == MISSED).sum() / (
        (scans["visit"] > 0) & (scans["not_done_because"] != SCANS_ENDED)
    ).sum()
    assert abs(missed - 0.25) < 0.04, "4 standard errors of over 2,000 scans"
    called = scans[scans["called_by"].str.contains("central")]
    assert (called["day"] == called["call_day.central"]).all()
    assert (called["done"] == 1).all()
    assert len(called) == (rows.query("endpoint == 'OS'")["call_day.central"] <= rows.query(
        "endpoint == 'OS'")["known"]).sum()  # fmt: skip
