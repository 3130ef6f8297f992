"""Adverse events and dosing rules in the SimPy engine: naive patients, and forced ones."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from certain_trial import CERTAIN, on_day
from naive_patient import rows_of
from naive_toxicity import NaiveTreated, naive_applies

from simulate.build_plan import build_plan
from simulate.cutoff import cut
from simulate.distributions import NEVER
from simulate.engines.draws import most_cycles
from simulate.engines.reference import ReferenceEngine
from simulate.engines.toxicity_draws import ToxicitySource
from simulate.patient import treatment
from simulate.plan import Plan
from simulate.records import TrialRecords
from simulate.scenario.scenario import Scenario
from simulate.streams import Purpose, unit_exponential, word

Run = Callable[..., TrialRecords]

# ---- one naive patient at a time ----------------------------------------------------------------

HARSH: dict[str, Any] = {
    "sample_size": 15,
    "toxicity.duration": {"median": "15 days", "sigma": 0.9},
    "toxicity.onset": ["0 days", "40 days"],
    "toxicity.terms.other_grade_3.rate": 0.2,
    "toxicity.terms.other_grade_3.rate_grade_3": 0.1,
    "toxicity.terms.infusion_reaction.rate": 0.5,
    "toxicity.terms.pneumonitis.rate": 0.05,
    "treatment.drugs.KN026.planned_cycles": {"kind": "fixed", "value": 16},
    "treatment.drugs.KN026.reduced_doses": ["20 mg/kg", "10 mg/kg"],
    "treatment.drugs.KN026.holds": {"at_least": "2 days", "at_most": "40 days"},
    "treatment.drugs.KN026.rules": [
        {"id": 1, "action": "hold", "grade": 3, "related": True},
        {"id": 2, "action": "hold", "special_interest": True, "lasting": "21 days"},
        {"id": 3, "action": "interrupt_infusion", "terms": ["infusion_reaction"], "resumed": 0.5},
        {"id": 8, "action": "interrupt_infusion", "grade": 2, "resumed": 0.1},
        {"id": 7, "action": "reduce", "grade": 2, "probability": 0.2},
        {"id": 10, "action": "reduce", "grade": 3, "probability": 0.2},
        {"id": 9, "action": "discontinue", "grade": 4, "probability": 0.1},
    ],
    "follow_up.withdrawal": {"kind": "exponential", "rate": "0.05 per month"},
    "follow_up.withdrawal_adverse_event.probability": 0.5,
    "follow_up.lost_at_withdrawal": 0.6,
    "follow_up.early_stop.probability": 0.1,
    "disease.death_without_progression": {"kind": "exponential", "rate": "0.03 per month"},
    "sweep": [],
}
"""Much of all that a rule can do, in patients who leave and die."""

ALONE: dict[str, Any] = HARSH | {
    "treatment.drugs.KN026.holds": {"at_most": "24 days", "delays_cycle": False},
    "treatment.drugs.docetaxel.planned_cycles": None,
    "toxicity.terms.hypersensitivity.rate": 0.5,
    "follow_up.early_stop.probability": 0.5,
    "follow_up.early_stop.days": ["0 days", "1 day"],
}
"""The same, but KN026 is held without holding up the cycle, and many stop at the first dose."""


@pytest.mark.parametrize(
    ("changes", "replicate"),
    [({}, 1), (HARSH, 0), (HARSH, 2), (ALONE, 1)],
    ids=["published", "harsh-0", "harsh-2", "held alone"],
)
def test_every_patient_equals_a_naive_one(
    scenario: Scenario, run: Run, changes: dict[str, Any], replicate: int
) -> None:
    trial = scenario.with_overrides(changes) if changes else scenario
    plan, records = build_plan(trial), run(trial, seed=trial.seed, replicate=replicate)
    for number in range(records.n_patients):
        naive = NaiveTreated(trial, plan, records, number, replicate)
        assert rows_of(records.doses, number) == naive.doses
        assert rows_of(records.adverse_events, number) == [tuple(row) for row in naive.events]
        subject = naive.subject
        assert (subject["treatment_stop_day"], subject["treatment_stop_reason"]) == (
            naive.naive_stop()
        )
        assert rows_of(records.assessments, number) == [
            row for row in naive.scans if row[2] <= naive.assessed_until()[0]
        ]


def test_the_harsh_trials_have_all_that_can_happen(scenario: Scenario, run: Run) -> None:
    seen: set[str] = set()
    parts: set[bool] = set()
    actions = 0
    for changes, replicate in ((HARSH, 0), (HARSH, 2), (ALONE, 1)):
        trial = scenario.with_overrides(changes)
        records = run(trial, seed=trial.seed, replicate=replicate)
        seen |= {treatment.STOP_NAMES[i] for i in records.subjects["treatment_stop_reason"]}
        actions |= int(np.bitwise_or.reduce(records.adverse_events["action"]))
        parts |= set((records.doses["infused"][records.doses["interrupted"] == 1] < 1000).tolist())
        for name in ("hold", "held", "interrupted"):
            assert records.doses[name].any() or changes is ALONE, name
        assert set(records.doses["level"].tolist()) == {0, 1, 2}
        assert (records.doses["given"] == 0).any()
        assert 5 in records.adverse_events["grade"]
    assert seen >= {"progression", "withdrawal", "adverse event", "death", "completed"}
    assert actions == 0b0111_1111, "every action that a rule of either drug can take"
    assert parts >= {False, True}, "interrupted infusions are resumed, or not"


# ---- no event is lost before it is decided ------------------------------------------------------


@pytest.mark.parametrize("changes", [{}, HARSH], ids=["published", "harsh"])
def test_sorting_out_impossible_events_changes_nothing(
    scenario: Scenario, run: Run, changes: dict[str, Any]
) -> None:
    trial = scenario.with_overrides(changes | {"sample_size": 20, "sweep": []})
    engine = ReferenceEngine(build_plan(trial))
    (source,) = engine._toxicity
    source._expected = np.full_like(source._expected, np.inf)  # all are possible

    everything = engine.simulate(seed=3, replicate=4)

    filtered = run(trial, seed=3, replicate=4)
    for table in ("subjects", "assessments", "doses", "adverse_events"):
        for name, column in getattr(filtered, table).items():
            assert np.array_equal(column, getattr(everything, table)[name]), (table, name)


def test_what_is_sorted_out_could_not_have_occurred(plan: Plan) -> None:
    seed, replicate, n_cycles = 8, 1, most_cycles(plan)
    tables = plan.toxicity
    kept = ToxicitySource(plan, n_cycles).draw(seed=seed, replicate=replicate)
    rates = np.asarray(tables.rate)
    for number in (0, 11, 56):
        patient, n_kept = kept[number], 0
        for cycle in range(1, n_cycles + 1):
            rows = range(patient.first[cycle - 1], patient.first[cycle])
            possible = {
                patient.possible.terms[row]: patient.possible.exponentials[row] for row in rows
            }
            n_kept += len(possible)
            for term, term_id in enumerate(tables.term_ids.tolist()):
                address = (seed, number, replicate, Purpose.ADVERSE_EVENT, cycle * 256 + term_id)
                e = unit_exponential(word(*address))
                heaviest = max(
                    tables.weights[
                        (tables.weight_class[term] * 3 + state) * tables.n_weight_cycles
                        + min(cycle, tables.n_weight_cycles)
                        - 1
                    ]
                    for state in range(3)
                )
                frailty = patient.frailties[tables.frailty[term]]
                if term in possible:
                    assert possible[term] == e
                else:
                    assert e > rates[term] * heaviest * frailty
        assert 0 < n_kept < 0.5 * n_cycles * len(rates), "most are sorted out"


@pytest.mark.parametrize("changes", [{}, HARSH], ids=["published", "harsh"])
def test_rules_that_are_not_about_an_event_are_those_that_never_apply(
    scenario: Scenario, changes: dict[str, Any]
) -> None:
    trial = scenario.with_overrides(changes | {"sweep": []})
    tables = build_plan(trial)
    about = ToxicitySource(tables, 1).rules_about
    rules = [(d, rule) for d, drug in enumerate(trial.treatment.drugs) for rule in drug.rules]
    assert trial.toxicity is not None
    for position, own in enumerate(trial.toxicity.terms):
        for grade in (1, 2, 3, 4):
            expected = [
                (d, row)
                for row, (d, rule) in enumerate(rules)
                if naive_applies(rule, own.name, grade, True, own.special_interest, 0)
            ]
            assert about[position, grade] == expected


def test_a_trial_leaves_nothing_for_the_garbage_collector(plan: Plan) -> None:
    engine = ReferenceEngine(plan)
    engine.simulate(seed=1, replicate=0)
    gc.collect()

    engine.simulate(seed=1, replicate=1)

    assert gc.collect() == 0, "so that the engine need not let it look"
    assert gc.isenabled()


# ---- forced: one event, one rule ----------------------------------------------------------------


def term(**changes: Any) -> dict[str, Any]:
    """An event of grade 3 or 4 that everybody has in the first cycle."""
    own = {"id": 1, "name": "event", "label": "Event", "organ_class": "Other", "rate": 100}
    return own | {"rate_grade_3": 100, "weight": "first", "frailty": "none"} | changes


def toxicity(*terms: dict[str, Any], lasts: int = 20, onset: int = 5) -> dict[str, Any]:
    """Adverse events that begin on one day of the cycle and last so many days."""
    known = {
        "first": {"name": "first", "later": 0, "early": 1, "first_cycle_only": True},
        "always": {"name": "always", "later": 1},
        "with_docetaxel": {"name": "with_docetaxel", "later": 1, "drug": "docetaxel"},
        "unless_reduced": {
            "name": "unless_reduced",
            "later": 1,
            "drug": "docetaxel",
            "without": 1,
            "reduced": 0,
        },
    }
    return {
        "frailties": {"haematological": 1, "other": 1, "correlation": 0},
        "weights": [w for name, w in known.items() if name in {t["weight"] for t in terms}],
        "onset": [f"{onset} days", f"{onset} days"],
        "duration": {"median": f"{lasts - 0.5} days", "sigma": 0.0001},
        "grade_2_share": 0,
        "grade_4_share": 0,
        "serious_grade_3": 0,
        "serious_mild": 0,
        "terms": list(terms),
    }


HOLD = {"id": 1, "action": "hold", "grade": 3, "related": True}
WAITS = {"at_least": "0 days", "at_most": "84 days"}


def kn026(*rules: dict[str, Any], **holds: Any) -> dict[str, Any]:
    """Rules of KN026 alone, to which every event is related."""
    return {
        "treatment.drugs.KN026.rules": list(rules),
        "treatment.drugs.KN026.holds": WAITS | holds,
        "treatment.drugs.KN026.relatedness": 1,
        "treatment.drugs.docetaxel.rules": [],
    }


def docetaxel(*rules: dict[str, Any], cycles: int = 6) -> dict[str, Any]:
    """Rules of docetaxel alone, to which every event is related."""
    return {
        "treatment.drugs.docetaxel.rules": list(rules),
        "treatment.drugs.docetaxel.relatedness": 1,
        "treatment.drugs.docetaxel.planned_cycles": {"kind": "fixed", "value": cycles},
    }


class Forced:
    """Patient 0 of a trial in which everything is certain, adverse events too."""

    def __init__(self, scenario: Scenario, run: Run, changes: dict[str, Any]) -> None:
        trial = scenario.with_overrides(CERTAIN | {"sweep": []} | changes)
        self.records = records = run(trial, log=True)
        self.subject = {name: int(column[0]) for name, column in records.subjects.items()}
        names = list(records.doses)[1:]
        doses = [dict(zip(names, row, strict=True)) for row in rows_of(records.doses, 0)]
        self.kn026 = [row for row in doses if row["drug"] == 1]
        self.docetaxel = [row for row in doses if row["drug"] == 2]
        names = list(records.adverse_events)[1:]
        self.events = [
            dict(zip(names, row, strict=True)) for row in rows_of(records.adverse_events, 0)
        ]
        self.stop = self.subject["treatment_stop_day"]
        self.reason = treatment.STOP_NAMES[self.subject["treatment_stop_reason"]]
        first = self.subject["first_dose_trial_day"]
        self.log = [(row[0] - first, *row[4:]) for row in records.log if row[2] == 0]

    def days(self, drug: str = "kn026", n: int = 4) -> list[int]:
        return [row["day"] for row in getattr(self, drug) if row["given"]][:n]


Force = Callable[[dict[str, Any]], Forced]


@pytest.fixture
def force(scenario: Scenario, run: Run) -> Force:
    return lambda changes: Forced(scenario, run, changes)


def test_a_dose_is_held_until_the_event_has_resolved(force: Force) -> None:
    patient = force({"toxicity": toxicity(term())} | kn026(HOLD))

    assert patient.days() == [0, 25, 46, 67], "the later doses follow the last one given"
    second = patient.kn026[1]
    assert (second["delay"], second["hold"], second["held"], second["given"]) == (0, 4, 1, 1)
    assert not any(row["held"] or row["hold"] for row in patient.kn026[2:])
    assert [(e["onset_day"], e["end_day"], e["action"]) for e in patient.events] == [(5, 25, 1)]
    assert (21, "dose held", "cycle 2, until day 25") in patient.log
    assert patient.reason == "ongoing"


def test_a_held_dose_is_at_least_so_late(force: Force) -> None:
    patient = force({"toxicity": toxicity(term())} | kn026(HOLD, at_least="7 days"))

    assert patient.days() == [0, 28, 49, 70]
    assert patient.kn026[1]["hold"] == 7


def test_the_scans_keep_their_days_when_doses_are_held(force: Force) -> None:
    patient = force({"toxicity": toxicity(term())} | kn026(HOLD))

    assert [row[2] for row in rows_of(patient.records.assessments, 0)][:3] == [42, 84, 126]


def test_an_event_not_related_to_the_drug_holds_nothing(force: Force) -> None:
    changes = {"toxicity": toxicity(term())} | kn026(HOLD)
    patient = force(changes | {"treatment.drugs.KN026.relatedness": 0})

    assert patient.days() == [0, 21, 42, 63]
    assert [(e["related"] & 1, e["action"]) for e in patient.events] == [(0, 0)]


def test_an_event_that_has_resolved_by_the_planned_day_holds_nothing(force: Force) -> None:
    patient = force({"toxicity": toxicity(term(), lasts=16)} | kn026(HOLD))

    assert patient.events[0]["end_day"] == 21
    assert patient.days() == [0, 21, 42, 63]
    assert patient.kn026[1]["held"] == 0


def test_an_event_that_begins_on_a_dose_day_begins_after_the_dose(force: Force) -> None:
    patient = force({"toxicity": toxicity(term(), onset=21, lasts=30)} | kn026(HOLD))

    assert patient.events[0]["onset_day"] == 21
    assert patient.days() == [0, 21, 51, 72]


def test_a_hold_may_last_a_fixed_time(force: Force) -> None:
    rule = {"id": 2, "action": "hold", "special_interest": True, "lasting": "30 days"}
    mild = term(rate_grade_3=0, grade=2, special_interest=True)
    patient = force({"toxicity": toxicity(mild, lasts=2)} | kn026(rule))

    assert [(e["grade"], e["end_day"]) for e in patient.events] == [(2, 7)]
    assert patient.days() == [0, 35, 56, 77]


def test_an_event_that_begins_during_a_hold_prolongs_it(force: Force) -> None:
    later = term(id=2, name="later", onset=["23 days", "23 days"])
    patient = force({"toxicity": toxicity(term(), later)} | kn026(HOLD))

    assert [e["end_day"] for e in patient.events] == [25, 43]
    assert patient.days() == [0, 43, 64, 85]
    assert patient.kn026[1]["hold"] == 22
    assert [line[2] for line in patient.log if line[1] == "dose held"] == [
        "cycle 2, until day 25",
        "cycle 2, until day 43",
    ]


def test_a_hold_that_lasts_too_long_ends_the_drug_and_the_treatment(force: Force) -> None:
    patient = force({"toxicity": toxicity(term(), lasts=90)} | kn026(HOLD, at_most="73 days"))

    assert patient.days() == [0]
    assert (patient.stop, patient.reason) == (94, "adverse event"), "due on day 21, held 73 days"
    assert patient.subject["assessment_stop_day"] == 94
    assert [e["action"] for e in patient.events] == [0b101], "held, and so discontinued"
    assert (94, "drug stops", "drug 1, hold too long") in patient.log


def test_a_cut_during_a_hold_does_not_know_that_it_will_last_too_long(force: Force) -> None:
    patient = force({"toxicity": toxicity(term(), lasts=90)} | kn026(HOLD, at_most="73 days"))
    first = patient.subject["first_dose_trial_day"]

    during, after = (cut(patient.records, first + day).adverse_events for day in (93, 94))

    actions = [int(known["action"][known["patient"] == 0][0]) for known in (during, after)]
    assert actions == [0b001, 0b101], "held until day 94, and only then discontinued"


def test_a_hold_of_the_longest_length_is_waited_for(force: Force) -> None:
    patient = force({"toxicity": toxicity(term(), lasts=90)} | kn026(HOLD, at_most="74 days"))

    assert patient.days() == [0, 95, 116, 137]
    assert patient.reason == "ongoing"


def test_docetaxel_is_omitted_while_kn026_goes_on(force: Force) -> None:
    patient = force({"toxicity": toxicity(term(), lasts=20)} | docetaxel(HOLD, cycles=4))

    assert patient.days() == [0, 21, 42, 63]
    assert [(r["day"], r["given"], r["held"], r["hold"]) for r in patient.docetaxel] == [
        (0, 1, 0, 0),
        (21, 0, 1, 0),
        (42, 1, 0, 0),
        (63, 1, 0, 0),
        (84, 1, 0, 0),
    ], "four doses are planned, and four are given"
    assert (21, "dose omitted", "cycle 2, drug 2") in patient.log


def test_docetaxel_omitted_too_long_ends_alone(force: Force) -> None:
    limits = {"treatment.drugs.docetaxel.holds": {"at_most": "40 days", "delays_cycle": False}}
    patient = force({"toxicity": toxicity(term(), lasts=90)} | docetaxel(HOLD) | limits)

    assert patient.days("docetaxel") == [0]
    assert [row["day"] for row in patient.docetaxel] == [0, 21, 42], "on day 63 it is over"
    assert patient.days() == [0, 21, 42, 63]
    assert patient.reason == "ongoing"
    assert [e["action"] for e in patient.events] == [0b101 << 4]


def test_a_row_of_omissions_is_as_long_as_a_hold_may_be(force: Force) -> None:
    limits = {"treatment.drugs.docetaxel.holds": {"at_most": "60 days", "delays_cycle": False}}
    each = term(weight="always")  # one after the other, each holding beyond the next dose
    rule = {"id": 1, "action": "hold", "lasting": "25 days"}  # no event is related if not given
    patient = force({"toxicity": toxicity(each)} | docetaxel(rule) | limits)

    assert [(row["day"], row["given"]) for row in patient.docetaxel] == [
        (0, 1),
        (21, 0),
        (42, 0),
        (63, 0),
    ], "held from day 21 on; on day 84 it would be until day 93, which is more than 60 days"
    assert (84, "drug stops", "drug 2, hold too long") in patient.log
    assert patient.reason == "ongoing"


def test_omitting_the_leading_drug_too_long_ends_treatment_that_day(force: Force) -> None:
    changes = {"toxicity": toxicity(term(), lasts=90)}
    patient = force(changes | kn026(HOLD, at_most="30 days", delays_cycle=False))

    assert (patient.stop, patient.reason) == (63, "adverse event"), "held since day 21"
    assert patient.days() == [0]
    assert patient.days("docetaxel") == [0, 21, 42]
    assert max(event["cycle"] for event in patient.events) <= 3


def test_a_dose_is_reduced_once_for_each_level(force: Force) -> None:
    rule = {"id": 5, "action": "reduce", "grade": 3}
    each = term(weight="always")
    once = force({"toxicity": toxicity(each)} | docetaxel(rule))
    lower = {"treatment.drugs.docetaxel.reduced_doses": ["55 mg/m2", "40 mg/m2"]}
    twice = force({"toxicity": toxicity(each)} | docetaxel(rule) | lower)

    assert [row["level"] for row in once.docetaxel] == [0, 1, 1, 1, 1, 1]
    assert [row["level"] for row in twice.docetaxel] == [0, 1, 2, 2, 2, 2]
    assert [e["action"] >> 5 for e in once.events][:3] == [1, 0, 0], "there is no lower dose"
    assert [e["action"] >> 5 for e in twice.events][:3] == [1, 1, 0]
    assert all(row["level"] == 0 for row in once.kn026)


def test_one_event_reduces_a_dose_by_one_level_only(force: Force) -> None:
    rules = [{"id": i, "action": "reduce", "grade": grade} for i, grade in ((5, 3), (6, 2))]
    lower = {"treatment.drugs.docetaxel.reduced_doses": ["55 mg/m2", "40 mg/m2"]}
    each = term(weight="always")
    patient = force({"toxicity": toxicity(each)} | docetaxel(*rules) | lower)

    assert [row["level"] for row in patient.docetaxel] == [0, 1, 2, 2, 2, 2]
    assert [e["action"] >> 5 for e in patient.events][:3] == [1, 1, 0]


def test_docetaxel_is_discontinued_alone(force: Force) -> None:
    patient = force({"toxicity": toxicity(term())} | docetaxel({"id": 6, "action": "discontinue"}))

    assert patient.days("docetaxel") == [0]
    assert patient.days() == [0, 21, 42, 63]
    assert patient.reason == "ongoing"
    assert [e["action"] for e in patient.events] == [0b100 << 4]


def test_the_end_of_the_leading_drug_is_the_end_of_treatment(force: Force) -> None:
    rule = {"id": 6, "action": "discontinue"}
    patient = force({"toxicity": toxicity(term(weight="always"))} | kn026(rule))

    assert patient.days() == patient.days("docetaxel") == [0]
    assert (patient.stop, patient.reason) == (5, "adverse event")
    assert [(e["onset_day"], e["action"]) for e in patient.events] == [(5, 0b100)]
    assert rows_of(patient.records.assessments, 0) == []
    assert [line[0] for line in patient.log if line[1] == "treatment stops"] == [5]


def test_an_infusion_is_interrupted_without_delay(force: Force) -> None:
    rule = {"id": 3, "action": "interrupt_infusion", "terms": ["event"]}
    patient = force({"toxicity": toxicity(term(), onset=0)} | kn026(rule))

    assert [row["interrupted"] for row in patient.kn026][:3] == [1, 0, 0]
    assert not any(row["interrupted"] for row in patient.docetaxel)
    assert patient.days() == [0, 21, 42, 63]
    assert patient.events[0]["action"] == 0b1000


def infused_by(patient: Forced, cycle: int, term_id: int) -> int:
    """Thousandths infused of a dose that is interrupted for good: uniform, by its word."""
    assert patient.subject["first_dose_trial_day"] >= 0
    return 1000 * word(1, 0, 0, Purpose.INFUSION, cycle * 256 + term_id) // 2**32


def test_an_infusion_that_is_not_resumed_gives_a_part_of_the_dose(force: Force) -> None:
    rule = {"id": 3, "action": "interrupt_infusion", "terms": ["event"], "resumed": 0}
    patient = force({"toxicity": toxicity(term(weight="always"), onset=0)} | kn026(rule))

    expected = [infused_by(patient, cycle, 1) for cycle in (1, 2, 3)]
    assert len(set(expected)) == 3
    assert [row["infused"] for row in patient.kn026][:3] == expected
    assert all(row["given"] and row["interrupted"] for row in patient.kn026)
    assert {row["infused"] for row in patient.docetaxel} == {1000}
    assert patient.days() == [0, 21, 42, 63], "and delays nothing"


def test_of_several_interruptions_the_shortest_infusion_counts(force: Force) -> None:
    rules = [
        {"id": 3, "action": "interrupt_infusion", "terms": ["event"], "resumed": 0},
        {"id": 4, "action": "interrupt_infusion", "terms": ["event"], "resumed": 1},
        {"id": 5, "action": "interrupt_infusion", "terms": ["other"], "resumed": 0},
    ]
    events = toxicity(term(), term(id=2, name="other"), onset=0)
    patient = force({"toxicity": events} | kn026(*rules))

    parts = [infused_by(patient, 1, term_id) for term_id in (1, 2)]
    assert parts[0] != parts[1]
    assert patient.kn026[0]["infused"] == min(parts)
    assert [event["action"] for event in patient.events] == [0b1000, 0b1000]


def test_an_omitted_dose_has_nothing_infused(force: Force) -> None:
    patient = force({"toxicity": toxicity(term(), lasts=20)} | docetaxel(HOLD, cycles=4))

    assert [row["infused"] for row in patient.docetaxel] == [1000, 0, 1000, 1000, 1000]


def test_an_infusion_that_is_over_is_not_interrupted(force: Force) -> None:
    rule = {"id": 3, "action": "interrupt_infusion", "terms": ["event"]}
    patient = force({"toxicity": toxicity(term(), onset=1)} | kn026(rule))

    assert not any(row["interrupted"] for row in patient.kn026)
    assert patient.events[0]["action"] == 0


def test_treatment_is_complete_when_all_planned_cycles_are_given(force: Force) -> None:
    planned = {"treatment.drugs.KN026.planned_cycles": {"kind": "fixed", "value": 3}}
    patient = force(
        {"disease.progression.non_responders": on_day(200)} | planned | docetaxel(cycles=2)
    )

    assert (patient.days(), patient.days("docetaxel")) == ([0, 21, 42], [0, 21])
    assert (patient.stop, patient.reason) == (42, "completed")
    found = rows_of(patient.records.assessments, 0)
    assert [row[2] for row in found] == [42, 84, 126, 168, 210], "scans go on"
    assert patient.subject["assessment_stop_day"] == 210
    assert [line[0] for line in patient.log if line[1] == "treatment stops"] == [42]


def test_a_drug_that_is_complete_is_left_alone(force: Force) -> None:
    rules = ({"id": 6, "action": "discontinue", "probability": 1}, HOLD | {"id": 7})
    changes = docetaxel(*rules, cycles=1) | {"toxicity": toxicity(term(weight="always"))}
    patient = force(changes)

    assert patient.days("docetaxel") == [0]
    assert {event["action"] for event in patient.events} == {0}
    assert not any(line[1] == "drug stops" for line in patient.log)


def test_who_withdraws_after_the_last_cycle_does_not_stop_treatment(force: Force) -> None:
    planned = {"treatment.drugs.KN026.planned_cycles": {"kind": "fixed", "value": 2}}
    leaves = {"follow_up.withdrawal": on_day(100), "follow_up.lost_at_withdrawal": 1}
    cause = {"follow_up.withdrawal_adverse_event": {"term": "event", "probability": 1}}
    none = {"toxicity": toxicity(term(rate=0, rate_grade_3=0, weight="always"))}
    patient = force(planned | leaves | cause | none | docetaxel(cycles=1))

    assert (patient.stop, patient.reason) == (21, "completed")
    assert patient.events == []
    assert patient.subject["assessment_stop_day"] == 100
    assert patient.subject["study_withdrawal_day"] == 100


def test_events_stay_away_without_the_drug_that_causes_them(force: Force) -> None:
    patient = force({"toxicity": toxicity(term(weight="with_docetaxel"))} | docetaxel(cycles=3))

    assert [event["cycle"] for event in patient.events] == [1, 2, 3]


def test_events_stay_away_at_a_reduced_dose(force: Force) -> None:
    rule = {"id": 5, "action": "reduce"}
    patient = force(
        {"toxicity": toxicity(term(weight="unless_reduced"))} | docetaxel(rule, cycles=4)
    )

    last = len(patient.kn026)
    assert [event["cycle"] for event in patient.events] == [1, *range(5, last + 1)]


def test_an_event_is_related_to_drugs_of_its_cycle_only(force: Force) -> None:
    changes = {"toxicity": toxicity(term(weight="always"))} | docetaxel(cycles=2)
    patient = force(changes | {"treatment.drugs.KN026.relatedness": 1})

    assert [event["related"] for event in patient.events][:4] == [3, 3, 1, 1]


@pytest.mark.parametrize(
    ("lasts", "cycles"),
    [(20, [1, 2, 3, 4, 5, 6]), (21, [1, 2, 3, 4, 5, 6]), (22, [1, 3, 5]), (43, [1, 4])],
)
def test_an_event_does_not_begin_anew_while_it_goes_on(
    force: Force, lasts: int, cycles: list[int]
) -> None:
    other = term(id=2, name="other", onset=["6 days", "6 days"], weight="always")
    patient = force({"toxicity": toxicity(term(weight="always"), other, lasts=lasts)})

    for term_id, onset in ((1, 5), (2, 6)):
        own = [event for event in patient.events if event["term"] == term_id]
        assert [event["cycle"] for event in own if event["cycle"] <= 6] == cycles
        assert [event["onset_day"] for event in own][:2] == [
            onset + 21 * (cycle - 1) for cycle in cycles[:2]
        ]


def test_an_event_that_does_not_begin_anew_does_nothing(force: Force) -> None:
    rule = {"id": 1, "action": "hold", "lasting": "20 days"}  # each until 4 days after the dose
    each = term(weight="always")
    patient = force({"toxicity": toxicity(each, lasts=30)} | kn026(rule))

    assert patient.days() == [0, 25, 46, 71], "held by every other event only"


def test_an_early_hypersensitivity_ends_treatment(force: Force) -> None:
    none = {"toxicity": toxicity(term(rate=0, rate_grade_3=0, weight="always"))}
    stop = {"probability": 1, "days": ["9 days", "9 days"], "adverse_event": "event"}
    patient = force(none | {"follow_up.early_stop": stop})

    assert (patient.stop, patient.reason) == (9, "adverse event")
    (event,) = patient.events
    assert (event["onset_day"], event["end_day"], event["grade"]) == (9, 29, 3)
    assert (event["serious"], event["related"], event["action"]) == (1, 1, 0b100)
    assert (patient.kn026[0]["interrupted"], patient.kn026[0]["infused"]) == (0, 1000)


@pytest.mark.parametrize("day", [0, 21])
def test_a_hypersensitivity_on_a_dose_day_stops_the_infusion_for_good(
    force: Force, day: int
) -> None:
    none = {"toxicity": toxicity(term(rate=0, rate_grade_3=0, weight="always"))}
    stop = {"probability": 1, "days": [f"{day} days", f"{day} days"], "adverse_event": "event"}
    patient = force(none | {"follow_up.early_stop": stop})

    (event,) = patient.events
    assert (event["onset_day"], event["action"]) == (day, 0b1100)
    assert (patient.stop, patient.reason) == (day, "adverse event")
    last = patient.kn026[-1]
    assert (last["day"], last["interrupted"]) == (day, 1)
    assert last["infused"] == infused_by(patient, 0, 1) < 1000
    assert not any(row["interrupted"] for row in [*patient.kn026[:-1], *patient.docetaxel])


def test_an_early_stop_without_an_event_leaves_the_infusion_alone(force: Force) -> None:
    stop = {"probability": 1, "days": ["0 days", "0 days"], "adverse_event": None}
    patient = force({"follow_up.early_stop": stop})

    assert (patient.stop, patient.reason) == (0, "early stop")
    assert (patient.kn026[0]["interrupted"], patient.kn026[0]["infused"]) == (0, 1000)


def test_an_event_in_course_as_treatment_stops_by_it_does_not_begin_anew(force: Force) -> None:
    always = {"toxicity": toxicity(term(), onset=15)}
    stop = {"probability": 1, "days": ["9 days", "9 days"], "adverse_event": "event"}
    patient = force(always | {"follow_up.early_stop": stop})

    assert [(e["onset_day"], e["end_day"]) for e in patient.events] == [(9, 29)]


def test_a_withdrawal_may_be_caused_by_an_event(force: Force) -> None:
    none = {"toxicity": toxicity(term(rate=0, rate_grade_3=0, weight="always"))}
    leaves = {"follow_up.withdrawal": on_day(100)}
    cause = {"follow_up.withdrawal_adverse_event": {"term": "event", "probability": 1}}
    patient = force(none | leaves | cause)
    without = force(none | leaves)

    assert (patient.stop, patient.reason) == (100, "adverse event")
    (event,) = patient.events
    assert (event["onset_day"], event["cycle"], event["related"]) == (100, 5, 0)
    assert (without.stop, without.reason, without.events) == (100, "withdrawal", [])


FATAL = {"toxicity": toxicity(term(weight="always")) | {"fatal": "death"}}
FATAL["toxicity"]["terms"].append(term(id=2, name="death", rate=0, rate_grade_3=0, weight="always"))


def test_a_death_without_progression_is_a_fatal_event(force: Force) -> None:
    patient = force(FATAL | {"disease.death_without_progression": on_day(50)})

    assert (patient.stop, patient.reason) == (50, "death")
    fatal = patient.events[-1]
    assert (fatal["term"], fatal["grade"], fatal["onset_day"], fatal["end_day"]) == (2, 5, 50, 50)
    assert fatal["serious"] == 1
    assert [(e["onset_day"], e["end_day"]) for e in patient.events[:-1]] == [
        (5, 25),
        (26, 46),
        (47, NEVER),
    ], "what death comes before never resolves"


@pytest.mark.parametrize(
    "changes",
    [
        {
            "disease.progression.non_responders": on_day(30),
            "disease.death_after_progression": on_day(20),
        },
        {
            "disease.death_without_progression": on_day(50),
            "follow_up.withdrawal": on_day(30),
            "follow_up.lost_at_withdrawal": 1,
        },
    ],
    ids=["after progression", "out of the study"],
)
def test_other_deaths_are_no_adverse_events(force: Force, changes: dict[str, Any]) -> None:
    patient = force(FATAL | changes)

    assert patient.subject["death_day"] == 50
    assert {event["grade"] for event in patient.events} == {3}


def test_nothing_begins_after_death_or_out_of_the_study(force: Force) -> None:
    on_the_day = force(
        {"toxicity": toxicity(term(), onset=30), "disease.death_without_progression": on_day(30)}
    )
    day_of_leaving, day_after = (
        force(
            {
                "toxicity": toxicity(term(), onset=onset),
                "follow_up.withdrawal": on_day(30),
                "follow_up.lost_at_withdrawal": 1,
            }
        )
        for onset in (30, 31)
    )

    assert on_the_day.events == []
    assert [event["onset_day"] for event in day_of_leaving.events] == [30]
    assert day_after.events == []


def test_an_event_after_treatment_has_stopped_is_recorded_and_does_nothing(force: Force) -> None:
    leaves = {"follow_up.withdrawal": on_day(10)}
    patient = force({"toxicity": toxicity(term(), onset=12)} | leaves | kn026(HOLD))

    assert [(e["onset_day"], e["action"]) for e in patient.events] == [(12, 0)]
    assert patient.days() == [0]
