"""Patients in cycles followed through endpoints and scans: reasons against days by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scenario_files import SCENARIOS

from simulate.distributions import NEVER
from simulate.look_replicates import run_look_replicates
from simulate.randomised.followed import (
    DATA_CUT,
    DEATH,
    LATE_DEATH,
    LOST,
    MISSED_SCANS,
    NEW_THERAPY,
    PROGRESSION,
    SCANS_ENDED,
)
from simulate.randomised.seen_trials import SeenTrial, TrialMaker
from simulate.scenario.reading import read_scenario
from simulate.scenario.scenario import Scenario

SEED, CUT, WINDOW = 11, 1100, 90
READER = {"PFS_INV": "investigator", "PFS_INV_EMA": "investigator"}


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    found = read_scenario(
        SCENARIOS / "kn026_phase3_rules.yaml",
        ("sweep=[]", "assessment.missed=0.15", "analyses.final.cut={date: 2026-04-01}"),
    )
    assert isinstance(found, Scenario)
    return found


@pytest.fixture(scope="module")
def made(scenario: Scenario) -> SeenTrial:
    return TrialMaker(scenario, SEED).make(0)


@pytest.fixture(scope="module")
def tables(made: SeenTrial) -> dict[str, pd.DataFrame]:
    return made.tables(CUT, range(int((made.enrolled <= CUT).sum())))


@pytest.fixture(scope="module")
def rows(made: SeenTrial, tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """A row a patient and endpoint, with the patient's days; what never happens is NEVER."""
    days = [name for name in made.subjects if "_day" in name]
    table = tables["endpoints"].merge(made.subjects[["patient", *days]].fillna(NEVER), on="patient")
    reader = table["endpoint"].map(READER).fillna("central")
    table["call"] = table["call_day.central"].where(
        reader == "central", table["call_day.investigator"]
    )
    latent = table["endpoint"] == "PFS_LATENT"
    table["call"] = table["call"].mask(latent, table["progression_day"]).astype(int)
    return table


def of(rows: pd.DataFrame, reason: str) -> pd.DataFrame:
    """The rows with a reason; some are wanted."""
    found = rows[rows["reason"] == reason]
    assert len(found) > 3, reason
    return found


def done_before(tables: dict[str, pd.DataFrame], patient: int, day: int) -> list[int]:
    """Days of the scans done before a day, that of baseline first."""
    own = tables["assessments"]
    chosen = own[(own["patient"] == patient) & (own["done"] == 1) & (own["day"] < day)]
    return [0, *chosen["day"].tolist()]


def test_events_are_those_that_the_looks_count(scenario: Scenario) -> None:
    """At the data cut of the only look, by the batch engine."""
    looks = run_look_replicates(scenario, replicates=60, seed=SEED, engine="batch")
    (name,) = looks
    cut_day = int(looks[name].column("cut_day")[0])
    trial = TrialMaker(scenario, SEED).make(0)
    table = trial.tables(cut_day, range(int((trial.enrolled <= cut_day).sum())))["endpoints"]
    for endpoint in ("PFS", "PFS_EMA", "PFS_INV", "PFS_WINDOW"):
        counted = table.loc[table["endpoint"] == endpoint, "event"].sum()
        assert counted == looks[name].column(f"{endpoint.lower()}.events")[0]


def test_progression_is_that_of_the_reader_and_deaths_come_before_it(
    rows: pd.DataFrame, tables: dict[str, pd.DataFrame]
) -> None:
    progressed, died = of(rows, PROGRESSION), of(rows, DEATH)
    assert (progressed["day"] == progressed["call"]).all()
    assert (died["day"] == died["death_day"]).all()
    assert (died["call"] > died["death_day"]).all()
    callers = tables["assessments"].set_index(["patient", "day"])["called_by"]
    for row in progressed[progressed["endpoint"] == "PFS"].itertuples():
        assert "central" in callers[row.patient, row.day].split(", ")


def test_reasons_of_rules(rows: pd.DataFrame, tables: dict[str, pd.DataFrame]) -> None:
    late, missed, therapy = (of(rows, r) for r in (LATE_DEATH, MISSED_SCANS, NEW_THERAPY))
    assert set(late["endpoint"]) == {"PFS_WINDOW"}
    assert set(missed["endpoint"]) == {"PFS", "PFS_INV", "PFS_ONE_MISSED"}
    assert set(therapy["endpoint"]) == {"PFS", "PFS_INV", "PFS_ONE_MISSED", "PFS_THERAPY"}
    for row in late.itertuples():
        assert row.death_day - max(done_before(tables, row.patient, row.death_day)) > WINDOW
    for row in missed.itertuples():
        last = max(done_before(tables, row.patient, min(row.call, row.death_day)))
        assert row.day == last
        assert min(row.call, row.death_day) - last > 6 * 7  # at least one scan is missing
    assert (therapy["new_therapy_day"] < therapy[["call", "death_day"]].min(axis=1)).all()
    assert (therapy["day"] <= therapy["new_therapy_day"]).all()


def test_reasons_without_an_event(rows: pd.DataFrame, made: SeenTrial) -> None:
    lost, cut, ended = (of(rows, reason) for reason in (LOST, DATA_CUT, SCANS_ENDED))
    first_dose = made.subjects.set_index("patient")["enrolment_trial_day"]
    known = CUT - rows["patient"].map(first_dose)  # the first dose comes days later
    assert (lost["study_withdrawal_day"] <= known[lost.index]).all()
    assert (cut["study_withdrawal_day"] > known[cut.index] - 30).all()
    assert "PFS_LATENT" not in set(ended["endpoint"])
    # whom the investigator has called has no further scan for the central reader
    ema = rows[(rows["endpoint"] == "PFS_EMA") & (rows["event"] == 0)]
    is_called = ema["call_day.investigator"] <= known[ema.index] - 30
    assert set(ema.loc[is_called, "reason"]) == {SCANS_ENDED}


def test_scans_are_those_known_at_the_cut(tables: dict[str, pd.DataFrame], made: SeenTrial) -> None:
    scans = tables["assessments"]
    missed = scans[scans["done"] == 0]
    assert set(missed["not_done_because"]) == {"missed"}
    assert (missed["called_by"] == "").all()
    assert 0.1 < len(missed) / len(scans) < 0.2
    assert (scans["day"] + made.enrolled[scans["patient"]] <= CUT).all()
    last = scans.groupby("patient")["day"].max()
    stays = made.subjects["study_withdrawal_day"].fillna(NEVER)
    assert (last <= stays[last.index]).all()
    progressive = scans["response"] == "PD"
    by_investigator = scans["called_by"].str.contains("investigator")
    assert np.array_equal(progressive, by_investigator)
