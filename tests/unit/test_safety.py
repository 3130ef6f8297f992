"""Safety analysis: every statistic again from the patient tables with pandas, and by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from observed import Observed

from simulate.analysis.drugs import drug_key
from simulate.analysis.safety import safety_statistics
from simulate.distributions import NEVER
from simulate.example import ExampleTrial, example_trial
from simulate.exposure import dose_intensities
from simulate.patient_tables import patient_tables
from simulate.records import (
    ADVERSE_EVENT_COLUMNS,
    ASSESSMENT_COLUMNS,
    DOSE_COLUMNS,
    DRUG_STOP_COLUMNS,
    SUBJECT_COLUMNS,
    TrialRecords,
    table,
)
from simulate.scenario.scenario import Scenario

Run = Callable[..., TrialRecords]
Observe = Callable[..., Observed]

EVENTFUL: dict[str, Any] = {
    "toxicity.terms.other_grade_3.rate": 0.15,
    "toxicity.terms.other_grade_3.rate_grade_3": 0.1,
    "treatment.drugs.docetaxel.rules.5.probability": 0.5,
    "treatment.drugs.docetaxel.rules.6.probability": 0.1,
    "follow_up.withdrawal": {"kind": "exponential", "rate": "0.03 per month"},
    "follow_up.early_stop.probability": 0.1,
    "sweep": [],
}

# ---- again with pandas --------------------------------------------------------------------------


class Tables:
    """The patient tables of one replicate, as far as they were known at the final cut."""

    def __init__(self, trial: Scenario, example: ExampleTrial) -> None:
        self.trial = trial
        self.tables = patient_tables(trial, example)
        known = pd.DataFrame(example.snapshots["final"].subjects).set_index("patient")
        doses, events = self.tables["doses"], self.tables["adverse_events"]
        self.patients = known.index
        self.doses = doses[doses["day"] <= doses["patient"].map(known["cut_day"])]
        events = events[events["onset_day"] <= events["patient"].map(known["last_contact_day"])]
        last = self.doses[self.doses["given"] == 1].groupby("patient")["day"].max()
        assert trial.toxicity is not None
        self.known_events = events
        window = trial.toxicity.emergent_until
        self.events = events[events["onset_day"] <= events["patient"].map(last) + window]

    def patients_with(self, rows: pd.Series) -> int:
        return int(self.events.loc[rows, "patient"].nunique())

    def incidence(self) -> dict[str, float]:
        assert self.trial.toxicity is not None
        events = self.events
        severe, serious = events["grade"] >= 3, events["serious"] == 1
        special = [term.name for term in self.trial.toxicity.terms if term.special_interest]
        found: dict[str, float] = {
            "teae_any": events["patient"].nunique(),
            "teae_grade3": self.patients_with(severe),
            "sae": self.patients_with(serious),
            "sae_grade3": self.patients_with(serious & severe),
            "aesi": self.patients_with(events["name"].isin(special)),
        }
        for term in self.trial.toxicity.terms:
            own = events["name"] == term.name
            found[f"ae_any_{term.name}"] = self.patients_with(own)
            found[f"ae_grade3_{term.name}"] = self.patients_with(own & severe)
        for organ_class in {term.organ_class for term in self.trial.toxicity.terms}:
            members = [t.name for t in self.trial.toxicity.terms if t.organ_class == organ_class]
            own, key = events["name"].isin(members), organ_class.lower().replace(" ", "_")
            key = "".join(c if c.isalnum() else "_" for c in key)
            found[f"soc_any_{key}"] = self.patients_with(own)
            found[f"soc_grade3_{key}"] = self.patients_with(own & severe)
        fatal = self.known_events[self.known_events["grade"] == 5]
        related = fatal[[name for name in fatal if name.startswith("related_")]].any(axis=1)
        found["deaths_related"] = fatal.loc[related, "patient"].nunique()
        return found

    def of_drugs(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for drug in self.trial.treatment.drugs:
            key = drug_key(drug.name)
            own = self.doses[self.doses["drug"] == drug.name]
            given = own[own["given"] == 1]
            interrupted = own[(own["held"] == 1) | (own["interrupted"] == 1)]
            n_given = given.groupby("patient").size().reindex(self.patients, fill_value=0)
            amounts = given.assign(share=given["given_mg"] / given["planned_mg"]).groupby("patient")
            length = amounts["day"].max() + self.trial.treatment.cycle_length
            intensity = amounts["share"].sum() * self.trial.treatment.cycle_length / length
            found |= {
                f"{key}_doses_median": float(n_given.median()),
                f"{key}_rdi_median": float(intensity.median()),
                f"{key}_interruption": interrupted["patient"].nunique(),
                f"{key}_reduction": given[given["level"] > 0]["patient"].nunique(),
                f"{key}_discontinuation": self.patients_with(
                    self.events[f"discontinue_{key}"] == 1
                ),
            }
        return found


@pytest.mark.parametrize("changes", [{}, EVENTFUL], ids=["published", "eventful"])
@pytest.mark.parametrize("replicate", [0, 5])
def test_every_statistic_equals_that_of_the_patient_tables(
    scenario: Scenario, observe: Observe, changes: dict[str, Any], replicate: int
) -> None:
    trial = scenario.with_overrides(changes) if changes else scenario
    example = example_trial(trial, seed=trial.seed, replicate=replicate)
    tables = Tables(trial, example)
    expected = tables.incidence() | tables.of_drugs()

    values = observe(trial, [example.records]).values

    assert expected.keys() == {s.name for s in safety_statistics(trial)}
    for name, value in expected.items():
        # amounts in the tables are rounded to 0.1 mg, which is 0.1% of a dose of docetaxel
        slack = 1e-3 if name.endswith("rdi_median") else 0
        assert values[name].tolist() == pytest.approx([value], abs=slack), name
    if changes:
        assert all(expected[f"docetaxel_{name}"] for name in ("reduction", "discontinuation"))


def test_every_fact_of_the_safety_analysis_has_its_statistic(scenario: Scenario) -> None:
    names = {statistic.name for statistic in safety_statistics(scenario)}
    for name in ("kn026_interruption", "docetaxel_reduction", "sae", "aesi", "teae_grade3"):
        assert name in names
    assert "ae_any_pneumonitis" in names
    assert "ae_grade3_febrile_neutropenia" in names


def test_without_adverse_events_only_doses_are_told(
    scenario: Scenario, run: Run, observe: Observe
) -> None:
    plain = scenario.with_overrides(
        {
            "toxicity": None,
            "treatment.drugs.KN026.rules": [],
            "follow_up.early_stop.adverse_event": None,
            "follow_up.withdrawal_adverse_event": None,
            "sweep": [],
        }
    )
    values = observe(plain, [run(plain)]).values

    names = {
        f"{drug}_{what}_median" for drug in ("kn026", "docetaxel") for what in ("rdi", "doses")
    }
    assert {s.name for s in safety_statistics(plain)} == names
    assert {name for name in values if name.startswith(("kn026", "docetaxel"))} == names
    assert not any(name.startswith(("ae_", "teae", "soc_", "sae")) for name in values)
    assert all(values[name][0] > 0 for name in names)


@pytest.mark.parametrize(
    ("name", "key"), [("KN026", "kn026"), ("T-DM1 (weekly)", "t_dm1__weekly_"), ("5-FU", "5_fu")]
)
def test_a_drugs_name_becomes_part_of_a_statistics_name(name: str, key: str) -> None:
    assert drug_key(name) == key


# ---- by hand ------------------------------------------------------------------------------------

SUBJECT = dict.fromkeys(SUBJECT_COLUMNS, 0)


def by_hand(
    doses: Sequence[tuple[int, ...]] = (), events: Sequence[tuple[int, ...]] = (), *, n: int = 1
) -> TrialRecords:
    """A trial of n patients who stay.

    Doses are (patient, drug, day, held, given, level, interrupted, infused); events are (patient,
    term, grade, onset, serious, action), and the drugs they are related to if there are any.
    """
    names = ("progression_day", "death_day", "treatment_stop_day", "assessment_stop_day")
    subject = SUBJECT | dict.fromkeys((*names, "study_withdrawal_day", "response_day"), NEVER)
    return TrialRecords(
        subjects=table(SUBJECT_COLUMNS, [tuple(subject.values())] * n),
        baseline={},
        assessments=table(ASSESSMENT_COLUMNS, []),
        doses=table(
            DOSE_COLUMNS,
            [
                (p, 1, d, day, 0, 0, 0, held, g, lv, i, infused * g)
                for p, d, day, held, g, lv, i, infused in doses
            ],
        ),
        adverse_events=table(
            ADVERSE_EVENT_COLUMNS,
            [(p, 1, t, g, on, on + 5, s, sum(r), a) for p, t, g, on, s, a, *r in events],
        ),
    )


BARE: dict[str, Any] = {
    "baseline.variables": [],
    "endpoints.subgroups": [],
    "treatment.body": None,
    "sweep": [],
}


@pytest.fixture
def count(scenario: Scenario, observe: Observe) -> Callable[..., dict[str, float]]:
    bare = scenario.with_overrides(BARE)

    def values(records: TrialRecords) -> dict[str, float]:
        found = observe(bare, [records], day=400).values
        return {name: float(value[0]) for name, value in found.items()}

    return values


Count = Callable[..., dict[str, float]]


def dose(patient: int, drug: int, day: int, **more: int) -> tuple[int, ...]:
    row = {"held": 0, "given": 1, "level": 0, "interrupted": 0, "infused": 1000} | more
    return (patient, drug, day, *row.values())


def test_full_doses_on_time_are_an_intensity_of_one(count: Count) -> None:
    found = count(by_hand([dose(0, d, 21 * k) for k in range(6) for d in (1, 2)]))

    assert found["kn026_rdi_median"] == found["docetaxel_rdi_median"] == 1.0
    assert found["kn026_doses_median"] == 6


def test_late_and_reduced_doses_lose_intensity(count: Count) -> None:
    days = (0, 21, 49, 70)  # one dose a week late: 4 doses over 91 days instead of 84
    kn026 = [dose(0, 1, day) for day in days]
    docetaxel = [dose(0, 2, day, level=int(day > 21)) for day in days]

    found = count(by_hand([row for pair in zip(kn026, docetaxel, strict=True) for row in pair]))

    assert found["kn026_rdi_median"] == pytest.approx(4 / (91 / 21))
    assert found["docetaxel_rdi_median"] == pytest.approx((2 + 2 * 55 / 75) / (91 / 21))


def test_omitted_doses_lose_intensity_but_not_after_the_last(count: Count) -> None:
    rows = [dose(0, 2, 0), dose(0, 2, 21, given=0, held=1), dose(0, 2, 42)]
    found = count(by_hand([*rows, dose(0, 2, 63, given=0, held=1)]))

    assert found["docetaxel_rdi_median"] == pytest.approx(2 / 3)
    assert found["docetaxel_doses_median"] == 2
    assert found["docetaxel_interruption"] == 1


def test_an_infusion_that_was_not_resumed_loses_what_was_not_infused(count: Count) -> None:
    whole, part = dose(0, 2, 0), dose(0, 2, 21, interrupted=1, infused=250)
    lowered = dose(0, 2, 42, level=1, interrupted=1, infused=87)
    none = dose(0, 2, 63, interrupted=1, infused=0)

    found = count(by_hand([whole, part, lowered, none]))

    assert found["docetaxel_rdi_median"] == pytest.approx((1.25 + 0.087 * 55 / 75) / 4, rel=1e-15)
    assert (found["docetaxel_doses_median"], found["docetaxel_interruption"]) == (4, 1)


def test_a_dose_of_which_nothing_was_infused_is_a_dose(count: Count) -> None:
    found = count(by_hand([dose(0, 1, 0, interrupted=1, infused=0)]))

    assert (found["kn026_doses_median"], found["kn026_rdi_median"]) == (1, 0)


def test_who_got_no_dose_has_no_intensity(scenario: Scenario, observe: Observe) -> None:
    records = by_hand([dose(0, 1, 0), dose(1, 1, 0), dose(1, 2, 0)], n=2)
    snapshot = observe(scenario, [records], day=400).snapshots[0]

    expected = [[1.0, 1.0], [np.nan, 1.0]]
    assert np.array_equal(dose_intensities(scenario, snapshot), expected, equal_nan=True)


def test_patients_are_counted_not_events(count: Count) -> None:
    rows = [dose(p, 1, 0) for p in range(3)]
    diarrhea = [(0, 3, 1, 5, 0, 0), (0, 3, 3, 9, 1, 0), (2, 3, 2, 6, 0, 0)]

    found = count(by_hand(rows, diarrhea, n=3))

    assert (found["ae_any_diarrhea"], found["ae_grade3_diarrhea"]) == (2, 1)
    assert (found["teae_any"], found["teae_grade3"]) == (2, 1)
    assert (found["sae"], found["sae_grade3"], found["aesi"]) == (1, 1, 0)
    assert found["ae_any_vomiting"] == 0


def test_an_organ_class_counts_its_patients_once(count: Count, scenario: Scenario) -> None:
    assert scenario.toxicity is not None
    terms = {term.name: term for term in scenario.toxicity.terms}
    diarrhea, vomiting = terms["diarrhea"], terms["vomiting"]
    assert diarrhea.organ_class == vomiting.organ_class == "Gastrointestinal disorders"
    rows = [dose(p, 1, 0) for p in range(3)]
    events = [(0, diarrhea.id, 1, 5, 0, 0), (0, vomiting.id, 3, 6, 0, 0)]
    events += [(2, vomiting.id, 2, 6, 0, 0)]

    found = count(by_hand(rows, events, n=3))

    assert found["soc_any_gastrointestinal_disorders"] == 2
    assert found["soc_grade3_gastrointestinal_disorders"] == 1
    assert found["soc_any_cardiac_disorders"] == found["soc_grade3_cardiac_disorders"] == 0


def test_a_death_is_related_if_its_event_was_judged_related_to_a_drug(count: Count) -> None:
    rows = [dose(p, 1, 0) for p in range(4)]
    related, unrelated = (0, 25, 5, 9, 1, 0, 0b10), (1, 25, 5, 9, 1, 0, 0)
    late = (2, 25, 5, 200, 1, 0, 0b01)  # no more treatment-emergent, but known
    survived = (3, 3, 4, 9, 1, 0, 0b11)

    found = count(by_hand(rows, [related, unrelated, late, survived], n=4))

    assert found["deaths_related"] == 2
    assert found["teae_any"] == 3


def test_a_serious_event_below_grade_3_is_serious_only(count: Count) -> None:
    events = [(0, 3, 2, 5, 1, 0), (0, 4, 3, 6, 0, 0)]
    found = count(by_hand([dose(0, 1, 0)], events))

    assert (found["sae"], found["teae_grade3"], found["sae_grade3"]) == (1, 1, 0)


def test_events_count_until_30_days_after_the_last_dose_of_any_drug(count: Count) -> None:
    doses = [dose(0, 1, 0), dose(0, 2, 0), dose(0, 2, 21), dose(0, 1, 42, given=0, held=1)]
    for onset, counted in ((51, 1), (52, 0)):
        found = count(by_hand(doses, [(0, 19, 2, onset, 1, 1 << 2)]))
        for name in ("ae_any_pneumonitis", "aesi", "sae", "teae_any", "kn026_discontinuation"):
            assert found[name] == counted, (name, onset)


def test_actions_belong_to_their_drug(count: Count) -> None:
    doses = [dose(0, 1, 0), dose(0, 2, 0, interrupted=1), dose(0, 1, 21, held=1), dose(0, 2, 21)]
    found = count(by_hand(doses, [(0, 3, 3, 5, 0, 0b0100_0001)]))

    assert (found["kn026_discontinuation"], found["docetaxel_discontinuation"]) == (0, 1)
    assert (found["kn026_interruption"], found["docetaxel_interruption"]) == (1, 1)
    assert (found["kn026_reduction"], found["docetaxel_reduction"]) == (0, 0)


def test_a_drug_held_too_long_counts_as_stopped_from_the_day_it_ended(
    scenario: Scenario, observe: Observe
) -> None:
    """The event that held it carries the end from its onset on; nobody knows of it before."""
    held = by_hand([dose(0, 1, 0), dose(0, 2, 0)], [(0, 3, 3, 5, 0, 0b0101)])
    stop = table(DRUG_STOP_COLUMNS, [(0, 0, 90)])
    bare = scenario.with_overrides(BARE)

    for day, stopped in ((89, 0), (90, 1)):
        found = observe(bare, [replace(held, drug_stops=stop)], day=day).values
        assert found["kn026_discontinuation"] == stopped
        assert found["ae_any_diarrhea"] == 1


def test_a_reduction_counts_when_the_lower_dose_is_given(count: Count) -> None:
    omitted = [dose(0, 2, 0), dose(0, 2, 21, level=1, given=0, held=1)]

    assert count(by_hand(omitted))["docetaxel_reduction"] == 0
    assert count(by_hand([*omitted, dose(0, 2, 42, level=1)]))["docetaxel_reduction"] == 1


# ---- amounts ------------------------------------------------------------------------------------


def test_amounts_are_those_of_weight_and_body_surface(scenario: Scenario) -> None:
    trial = scenario.with_overrides(EVENTFUL)
    tables = patient_tables(trial, example_trial(trial, seed=1, replicate=0))
    subjects, doses = tables["subjects"].set_index("patient"), tables["doses"]
    surface = np.sqrt(subjects["weight"] * subjects["height"] / 3600)
    for drug, per, levels in (
        ("KN026", subjects["weight"], [30]),
        ("docetaxel", surface, [75, 55]),
    ):
        own = doses[doses["drug"] == drug]
        size = own["patient"].map(per)
        given = np.array(levels)[own["level"]] * size * own["infused_percent"] / 100
        np.testing.assert_allclose(own["planned_mg"], levels[0] * size, atol=0.051)
        np.testing.assert_allclose(own["given_mg"], given, atol=0.051)
    assert (doses["given_mg"] < doses["planned_mg"]).any()
    assert (doses.loc[doses["given"] == 0, "given_mg"] == 0).all()


def test_every_late_dose_has_its_reason(scenario: Scenario) -> None:
    trial = scenario.with_overrides(EVENTFUL)
    doses = patient_tables(trial, example_trial(trial, seed=1, replicate=0))["doses"]

    late = {"delay": "other", "hold": "adverse event", "wait": "no slot or drug"}
    for row in doses.to_dict("records"):
        words = [reason for name, reason in late.items() if row[name] > 0]
        assert row["delay_reason"] == ", ".join(words)
    assert {"", "other", "adverse event"} <= set(doses["delay_reason"])
