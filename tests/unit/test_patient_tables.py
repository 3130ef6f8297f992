"""Patient tables: exposure again from the doses by loops, flags and dates, sums as statistics."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, NamedTuple

import pandas as pd
import pytest
from observed import Observed

from simulate.analysis.drugs import drug_key
from simulate.example import ExampleTrial, example_trial
from simulate.patient.treatment import STOP_NAMES
from simulate.patient_tables import patient_tables
from simulate.scenario.scenario import Scenario

Observe = Callable[..., Observed]
Row = dict[str, Any]

EVENTFUL: dict[str, Any] = {
    "toxicity.terms.other_grade_3.rate": 0.15,
    "toxicity.terms.other_grade_3.rate_grade_3": 0.1,
    "treatment.drugs.docetaxel.rules.5.probability": 0.5,
    "treatment.drugs.docetaxel.rules.6.probability": 0.1,
    "follow_up.early_stop.probability": 0.1,
    "sweep": [],
}


class Example(NamedTuple):
    trial: Scenario
    example: ExampleTrial
    tables: dict[str, pd.DataFrame]


@pytest.fixture(scope="module", params=[0, 5])
def made(scenario: Scenario, request: pytest.FixtureRequest) -> Example:
    trial = scenario.with_overrides(EVENTFUL)
    example = example_trial(trial, seed=trial.seed, replicate=request.param)
    return Example(trial, example, patient_tables(trial, example))


def day_of(made: Example, patient: int, day: int) -> str:
    start = int(made.example.records.subjects["first_dose_trial_day"][patient])
    return (made.trial.origin + dt.timedelta(days=start + day)).isoformat()


def final_date(made: Example) -> str:
    return str(made.trial.analyses[-1].cut.date)


def naive(made: Example, patient: int, drug: str) -> Row:
    """Exposure to a drug at the final cut, dose after dose."""
    known = made.tables["doses"].to_dict("records")
    own = [r for r in known if r["patient"] == patient and r["drug"] == drug]
    own = [r for r in own if r["date"] <= final_date(made)]
    given = [r for r in own if r["given"]]
    amount = sum(r["given_mg"] / r["planned_mg"] for r in given)
    cycle = made.trial.treatment.cycle_length
    return {
        "doses_given": len(given),
        "doses_omitted": len(own) - len(given),
        "relative_dose_intensity": pytest.approx(
            amount * cycle / (given[-1]["day"] + cycle), abs=1e-3
        ),
        "delay_days": sum(r["delay"] for r in own),
        "hold_days": sum(r["hold"] for r in own),
        "wait_days": sum(r["wait"] for r in own),
        "delayed_doses": len([r for r in given if r["delay"] or r["hold"] or r["wait"]]),
        "reductions": max(r["level"] for r in given),
        "interrupted_infusions": sum(r["interrupted"] for r in own),
        "first_dose_date": day_of(made, patient, given[0]["day"]),
        "last_dose_date": day_of(made, patient, given[-1]["day"]),
    }


def test_exposure_is_what_the_doses_add_up_to(made: Example) -> None:
    exposure = made.tables["exposure"]
    patients = made.example.snapshots["final"].subjects["patient"]
    assert len(exposure) == len(patients) * 2
    assert not exposure.duplicated(["patient", "analysis", "drug"]).any()
    for row in exposure.to_dict("records"):
        expected = naive(made, row["patient"], row["drug"])
        assert {name: row[name] for name in expected} == expected
    assert (exposure[["doses_omitted", "hold_days", "reductions"]].sum() > 0).all()


def test_delays_and_doses_due_make_the_calendar(made: Example) -> None:
    """Every dose due is a cycle and its delays after the one before, the first on day 0."""
    cycle = made.trial.treatment.cycle_length
    doses = made.tables["doses"]
    last_due = doses[doses["known_at_cut"] == 1].groupby(["patient", "drug"])["day"].max()
    for row in made.tables["exposure"].to_dict("records"):
        n_due = row["doses_given"] + row["doses_omitted"]
        late = row["delay_days"] + row["hold_days"] + row["wait_days"]
        assert last_due[row["patient"], row["drug"]] == (n_due - 1) * cycle + late


def test_sums_by_trial_are_the_statistics(made: Example, observe: Observe) -> None:
    values = observe(made.trial, [made.example.records]).values
    exposure, events = made.tables["exposure"], made.tables["adverse_events"]
    for drug in made.trial.treatment.drugs:
        own, key = exposure[exposure["drug"] == drug.name], drug_key(drug.name)
        ended = own["status"].isin(["adverse event", "held too long"])
        assert values[f"{key}_reduction"] == [(own["reductions"] > 0).sum()]
        assert values[f"{key}_discontinuation"] == [ended.sum()]
        assert values[f"{key}_doses_median"] == [own["doses_given"].median()]
        assert values[f"{key}_rdi_median"] == [own["relative_dose_intensity"].median()]
    emergent = events[(events["known_at_cut"] == 1) & (events["treatment_emergent"] == 1)]
    special = emergent[emergent["special_interest"] == 1]
    assert values["teae_any"] == [emergent["patient"].nunique()]
    assert values["teae_grade3"] == [emergent.loc[emergent["grade"] >= 3, "patient"].nunique()]
    assert values["aesi"] == [special["patient"].nunique()]
    assert special["patient"].nunique() > 0


@pytest.mark.parametrize("window", [1, 3, 5, 7])
def test_an_event_beyond_the_window_is_not_treatment_emergent(
    scenario: Scenario, observe: Observe, window: int
) -> None:
    trial = scenario.with_overrides(EVENTFUL | {"toxicity.emergent_until": f"{window} days"})
    example = example_trial(trial, seed=trial.seed, replicate=0)
    tables = patient_tables(trial, example)
    events, doses = tables["adverse_events"], tables["doses"]
    for row in events[events["known_at_cut"] == 1].to_dict("records"):
        own = doses[(doses["patient"] == row["patient"]) & (doses["known_at_cut"] == 1)]
        last = own.loc[own["given"] == 1, "day"].max()
        assert row["treatment_emergent"] == int(row["onset_day"] <= last + window)
    emergent = events[(events["known_at_cut"] == 1) & (events["treatment_emergent"] == 1)]
    values = observe(trial, [example.records]).values
    assert values["sae"] == [emergent.loc[emergent["serious"] == 1, "patient"].nunique()]
    assert trial.toxicity is not None
    for term in trial.toxicity.terms:
        patients = emergent.loc[emergent["name"] == term.name, "patient"]
        assert values[f"ae_any_{term.name}"] == [patients.nunique()]
    assert set(events["treatment_emergent"]) == {0, 1}


def test_the_status_of_a_drug_is_what_ended_it(made: Example) -> None:
    """Against the log, which tells of every drug that stops, and the known end of treatment."""
    snapshot, log = made.example.snapshots["final"], made.example.records.log
    reasons = dict(
        zip(
            snapshot.subjects["patient"].tolist(),
            snapshot.subjects["treatment_stop_reason"].tolist(),
            strict=True,
        )
    )
    names = {drug.id: drug.name for drug in made.trial.treatment.drugs}
    ends = {}
    for day, _, patient, _, event, detail in log:
        if event == "drug stops" and day <= snapshot.trial_day:
            drug_id, why = detail.removeprefix("drug ").split(", ")
            status = "held too long" if why == "hold too long" else why
            ends[patient, names[int(drug_id)]] = status
    for row in made.tables["exposure"].to_dict("records"):
        patient, status = row["patient"], row["status"]
        if status in ("adverse event", "held too long"):
            by_withdrawal = row["drug"] == "KN026" and STOP_NAMES[reasons[patient]] == status
            assert ends.get((patient, row["drug"])) == status or by_withdrawal
        elif status == "ongoing":
            assert reasons[patient] == 0
        elif status.startswith("treatment stopped: "):
            assert status.removeprefix("treatment stopped: ") == STOP_NAMES[reasons[patient]]
        else:
            assert (status, row["drug"]) == ("planned doses given", "docetaxel")
            assert (patient, row["drug"]) not in ends
    found = set(made.tables["exposure"]["status"])
    assert {"ongoing", "adverse event", "planned doses given"} <= found
    assert "treatment stopped: progression" in found


def test_what_is_known_at_the_cut_is_what_the_snapshot_holds(made: Example) -> None:
    snapshot = made.example.snapshots["final"]
    for name in ("doses", "assessments", "adverse_events"):
        known = made.tables[name]["known_at_cut"]
        assert known.sum() == len(getattr(snapshot, name)["patient"]) < len(known), name


def test_dates_are_those_of_the_days(made: Example) -> None:
    for name, day, date in (
        ("doses", "day", "date"),
        ("assessments", "day", "date"),
        ("adverse_events", "onset_day", "onset_date"),
    ):
        for row in made.tables[name].to_dict("records"):
            assert row[date] == day_of(made, row["patient"], row[day])
    doses = made.tables["doses"]
    assert ((doses["date"] <= final_date(made)) == (doses["known_at_cut"] == 1)).all()


def test_a_trial_without_adverse_events_has_the_same_columns(scenario: Scenario) -> None:
    plain = scenario.with_overrides(
        {
            "toxicity": None,
            "treatment.drugs.KN026.rules": [],
            "follow_up.early_stop.adverse_event": None,
            "follow_up.withdrawal_adverse_event": None,
            "sample_size": 5,
            "sweep": [],
        }
    )
    tables = patient_tables(plain, example_trial(plain, seed=1, replicate=0))

    assert tables["adverse_events"].empty
    assert {"special_interest", "treatment_emergent"} <= set(tables["adverse_events"])
    exposure = tables["exposure"]
    assert (exposure[["hold_days", "reductions", "doses_omitted"]] == 0).all(axis=None)
    assert not exposure["status"].isin(["adverse event", "held too long"]).any()


def test_a_leading_drug_that_goes_on_beyond_the_cut_is_ongoing(made: Example) -> None:
    stop = made.example.records.subjects["treatment_stop_day"]
    snapshot = made.example.snapshots["final"].subjects
    leading = made.tables["exposure"].query("drug == 'KN026'").set_index("patient")["status"]
    cut_days = zip(snapshot["patient"].tolist(), snapshot["cut_day"].tolist(), strict=True)
    goes_on = [patient for patient, cut_day in cut_days if stop[patient] > cut_day]
    assert goes_on == leading[leading == "ongoing"].index.tolist()
