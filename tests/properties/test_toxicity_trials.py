"""What holds of doses and adverse events in every trial, whatever the scenario."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from observed import Observed

from simulate.analysis.drugs import drug_key
from simulate.build_plan import build_plan
from simulate.distributions import NEVER
from simulate.engines.draws import most_cycles
from simulate.engines.toxicity_draws import ToxicitySource
from simulate.patient import treatment
from simulate.patient.dosing import ACTIONS
from simulate.records import Columns, TrialRecords
from simulate.scenario.scenario import Scenario

Run = Callable[..., TrialRecords]
Observe = Callable[..., Observed]

HOLD, REDUCE, DISCONTINUE, INTERRUPT = range(4)

QUICK = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)

# ---- scenarios by chance ------------------------------------------------------------------------

probability = st.sampled_from([0, 0.2, 1])
holds = st.fixed_dictionaries(
    {
        "at_least": st.sampled_from(["0 days", "7 days"]),
        "at_most": st.sampled_from(["30 days", "84 days"]),
        "delays_cycle": st.just(True),
    }
) | st.fixed_dictionaries(
    {
        "at_most": st.sampled_from(["30 days", "84 days"]),
        "delays_cycle": st.just(False),
    }
)
rule = st.fixed_dictionaries(
    {
        "action": st.sampled_from(ACTIONS),
        "grade": st.integers(1, 4),
        "related": st.booleans(),
        "special_interest": st.booleans(),
        "terms": st.sampled_from([[], ["infusion_reaction", "wbc_decrease"]]),
        "probability": st.sampled_from([0.05, 0.4, 1]),
    }
)


def numbered(lists: tuple[list[dict[str, Any]], ...]) -> list[list[dict[str, Any]]]:
    """Rules of the drugs with numbers of their own; some holds last a fixed time."""
    ids = iter(range(1, 64))
    return [
        [
            own | {"id": next(ids)} | ({"lasting": "21 days"} if own["grade"] == 1 else {})
            if own["action"] == "hold"
            else own
            | {"id": next(ids)}
            | ({"resumed": 0.3} if own["action"] == "interrupt_infusion" else {})
            for own in rules
        ]
        for rules in lists
    ]


overrides = st.fixed_dictionaries(
    {
        "sample_size": st.integers(1, 40),
        "rules": st.tuples(st.lists(rule, max_size=4), st.lists(rule, max_size=4)).map(numbered),
        "treatment.cycle_length": st.sampled_from(["14 days", "21 days"]),
        "treatment.delay": st.sampled_from([None, {"mean": "3 days", "shape": 2}]),
        "treatment.drugs.KN026.holds": holds,
        "treatment.drugs.docetaxel.holds": holds,
        "treatment.drugs.KN026.reduced_doses": st.sampled_from(
            [["20 mg/kg"], ["9 mg/kg", "5 mg/kg"]]
        ),
        "treatment.drugs.KN026.relatedness": probability,
        "treatment.drugs.docetaxel.relatedness": probability,
        "treatment.drugs.KN026.planned_cycles": st.none() | st.just({"kind": "fixed", "value": 9}),
        "toxicity.onset": st.sampled_from(
            [["0 days", "0 days"], ["3 days", "14 days"], ["1 day", "50 days"]]
        ),
        "toxicity.duration.median": st.sampled_from(["2 days", "20 days", "100 days"]),
        "toxicity.duration.sigma": st.sampled_from([0.1, 2]),
        "toxicity.frailties.correlation": st.sampled_from([-1, 0, 0.3, 1]),
        "toxicity.terms.other_grade_3.rate": st.sampled_from([0.3, 2]),
        "toxicity.terms.other_grade_3.rate_grade_3": st.sampled_from([0, 0.3]),
        "toxicity.serious_grade_3": probability,
        "follow_up.withdrawal_adverse_event.probability": probability,
        "follow_up.early_stop.days": st.sampled_from([["0 days", "0 days"], ["1 day", "20 days"]]),
        "follow_up.early_stop.probability": st.sampled_from([0.03, 0.5]),
        "follow_up.lost_at_withdrawal": probability,
        "follow_up.withdrawal": st.sampled_from(
            [None, {"kind": "exponential", "mean": "150 days"}]
        ),
        "disease.death_without_progression": st.sampled_from(
            [{"kind": "exponential", "mean": f"{days} days"} for days in (60, 4000)]
        ),
    }
)


def changed(scenario: Scenario, changes: dict[str, Any]) -> Scenario:
    first, second = changes["rules"]
    rest = {key: value for key, value in changes.items() if key != "rules"}
    rules = {"treatment.drugs.KN026.rules": first, "treatment.drugs.docetaxel.rules": second}
    return scenario.with_overrides(rest | rules | {"sweep": []})


# ---- what always holds --------------------------------------------------------------------------


def rows_of(table: Columns, number: int) -> list[dict[str, int]]:
    chosen = table["patient"] == number
    columns = [column[chosen].tolist() for column in table.values()]
    return [dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True)]


def did(event: dict[str, int], position: int, action: int) -> bool:
    return bool(event["action"] >> (4 * position + action) & 1)


def blocked_until(trial: Scenario, position: int, event: dict[str, int]) -> int:
    """Last day until which an event may hold a drug: resolved, or the rule's own time is over."""
    rules = trial.treatment.drugs[position].rules
    lasting = [event["onset_day"] + rule.lasting for rule in rules if rule.lasting]
    return max([event["end_day"], *lasting])


def check_doses_of(
    trial: Scenario, position: int, doses: list[dict[str, int]], events: list[dict[str, int]]
) -> None:
    """Doses of one drug of one patient."""
    drug = trial.treatment.drugs[position]
    cycle_length = trial.treatment.cycle_length
    given = [row["day"] for row in doses if row["given"]]
    assert all(b - a >= cycle_length for a, b in pairwise(given))
    levels = [row["level"] for row in doses]
    assert levels == sorted(levels), "a reduced dose stays reduced"
    assert max(levels, default=0) <= len(drug.reduced_doses)
    reductions = [e for e in events if did(e, position, REDUCE)]
    assert max(levels, default=0) <= len(reductions), "one level an event"
    stops = [e["onset_day"] for e in events if did(e, position, DISCONTINUE)]
    held_too_long = [e for e in events if did(e, position, DISCONTINUE) and did(e, position, HOLD)]
    if stops and not held_too_long:
        assert not any(row["day"] > min(stops) for row in doses), "no dose after discontinuation"
    holding = [e for e in events if did(e, position, HOLD)]
    for row in doses:
        planned = row["day"] - row["hold"] - row["wait"]
        began = [e for e in holding if e["onset_day"] < row["day"]]
        if row["held"]:
            assert any(blocked_until(trial, position, e) > planned for e in began), "held by what?"
        if row["given"] and all(rule.lasting is None for rule in drug.rules):
            assert all(e["end_day"] <= row["day"] for e in began), "given during a hold"
        if not row["given"]:
            assert row["held"]
        if row["interrupted"]:
            assert any(did(e, position, INTERRUPT) and e["onset_day"] == row["day"] for e in events)
            assert row["given"]
            assert 0 <= row["infused"] <= 1000
        else:
            assert row["infused"] == 1000 * row["given"]


def check_events_of(
    trial: Scenario,
    subject: dict[str, int],
    doses: list[dict[str, int]],
    events: list[dict[str, int]],
) -> None:
    """Adverse events of one patient."""
    assert trial.toxicity is not None
    terms = {term.id: term for term in trial.toxicity.terms}
    seen = set()
    resolves: dict[int, int] = {}
    for event in events:
        term, onset = terms[event["term"]], event["onset_day"]
        assert onset <= event["end_day"], "an event ends after it has begun"
        assert event["end_day"] <= subject["death_day"] or event["end_day"] == NEVER
        assert onset <= subject["study_withdrawal_day"]
        assert 1 <= event["grade"] <= 5
        if term.rate == 0:
            continue  # made by a withdrawal or a death
        assert onset < subject["death_day"]
        assert onset >= resolves.get(event["term"], onset), "none begins while the last goes on"
        resolves[event["term"]] = event["end_day"]
        assert event["grade"] <= 4
        assert event["grade"] >= 3 or term.rate_grade_3 < term.rate
        assert (event["term"], event["cycle"]) not in seen, "once a cycle"
        seen.add((event["term"], event["cycle"]))
        first, last = term.onset or trial.toxicity.onset
        of_cycle = [row for row in doses if row["cycle"] == event["cycle"] and row["given"]]
        given = {row["drug"] for row in of_cycle}
        assert given, "a cycle without a dose brings nothing"
        dose_day = of_cycle[0]["day"]
        assert dose_day + first <= onset <= dose_day + last
        for position, drug in enumerate(trial.treatment.drugs):
            assert drug.id in given or not event["related"] >> position & 1


def check_end_of(
    subject: dict[str, int], doses: list[dict[str, int]], events: list[dict[str, int]]
) -> None:
    """Why and when treatment of one patient stopped."""
    stop, reason = subject["treatment_stop_day"], subject["treatment_stop_reason"]
    assert all(row["day"] <= min(stop, subject["death_day"] - 1) for row in doses)
    assert all(row["day"] <= subject["study_withdrawal_day"] for row in doses)
    causes = [e for e in events if did(e, 0, DISCONTINUE)]
    if reason == treatment.ADVERSE_EVENT:
        assert len(causes) == 1
        cause = causes[0]
        assert cause["onset_day"] == stop or (did(cause, 0, HOLD) and cause["onset_day"] < stop)
    else:
        assert not causes
    if reason != treatment.COMPLETED:
        assert subject["assessment_stop_day"] == stop
    else:
        assert subject["assessment_stop_day"] >= stop
    assert not any(e["onset_day"] > stop and e["action"] for e in events), "nothing to act on"


def check_safety(trial: Scenario, records: TrialRecords) -> None:
    for number in range(records.n_patients):
        doses = rows_of(records.doses, number)
        events = rows_of(records.adverse_events, number)
        subject = {name: int(column[number]) for name, column in records.subjects.items()}
        for position, drug in enumerate(trial.treatment.drugs):
            own = [row for row in doses if row["drug"] == drug.id]
            check_doses_of(trial, position, own, events)
        check_events_of(trial, subject, doses, events)
        check_end_of(subject, doses, events)


def check_counts(trial: Scenario, seen: Observed) -> None:
    """Severe events are among all, serious ones are too, and the sets nest."""
    assert trial.toxicity is not None
    values = seen.values
    for term in trial.toxicity.terms:
        any_grade, severe = (values[f"ae_{kind}_{term.name}"] for kind in ("any", "grade3"))
        assert np.all((severe <= any_grade) & (any_grade <= values["teae_any"]))
        assert np.all(severe <= values["teae_grade3"])
        if term.special_interest:
            assert np.all(any_grade <= values["aesi"])
        of_class = values[f"soc_any_{drug_key(term.organ_class)}"]
        assert np.all((any_grade <= of_class) & (of_class <= values["teae_any"]))
    assert np.all(values["deaths_related"] <= values["deaths"])
    assert np.all(values["teae_any"] <= values["n_enrolled"])
    for part, whole in (
        ("teae_grade3", "teae_any"),
        ("sae", "teae_any"),
        ("aesi", "teae_any"),
        ("sae_grade3", "sae"),
        ("sae_grade3", "teae_grade3"),
    ):
        assert np.all(values[part] <= values[whole]), (part, whole)


def test_the_published_trial(
    scenario: Scenario, trials: tuple[TrialRecords, ...], observe: Observe
) -> None:
    for records in trials:
        check_safety(scenario, records)
    check_counts(scenario, observe(scenario, trials))


@QUICK
@given(changes=overrides, replicate=st.integers(0, 2**32 - 1))
def test_any_trial(
    scenario: Scenario, run: Run, observe: Observe, changes: dict[str, Any], replicate: int
) -> None:
    trial = changed(scenario, changes)
    records = run(trial, replicate=replicate)

    check_safety(trial, records)
    for day in (None, 300):
        check_counts(trial, observe(trial, [records], day=day))


@pytest.mark.verify
@settings(parent=QUICK, max_examples=800)
@given(changes=overrides, replicate=st.integers(0, 2**32 - 1))
def test_any_of_many_trials(
    scenario: Scenario, run: Run, changes: dict[str, Any], replicate: int
) -> None:
    trial = changed(scenario, changes)

    check_safety(trial, run(trial, replicate=replicate))


def test_onsets_are_not_all_on_days_of_visits_or_doses(trials: tuple[TrialRecords, ...]) -> None:
    elsewhere = 0
    for records in trials:
        events, doses, scans = records.adverse_events, records.doses, records.assessments
        visits = set(zip(doses["patient"].tolist(), doses["day"].tolist(), strict=True))
        visits |= set(zip(scans["patient"].tolist(), scans["day"].tolist(), strict=True))
        onsets = zip(events["patient"].tolist(), events["onset_day"].tolist(), strict=True)
        elsewhere += sum(onset not in visits for onset in onsets)
    assert elsewhere > 0.8 * sum(len(records.adverse_events["term"]) for records in trials)


# ---- negative controls: the checks can bite -----------------------------------------------------


def row_where(table: Columns, **wanted: int) -> int:
    chosen = np.logical_and.reduce([table[name] == value for name, value in wanted.items()])
    return int(np.flatnonzero(chosen)[0])


@pytest.mark.parametrize(
    ("table", "where", "name", "value"),
    [
        ("doses", {"held": 1, "drug": 1}, "held", None),
        ("doses", {"held": 0, "drug": 1, "hold": 0}, "held", 1),
        ("doses", {"given": 1, "held": 0}, "given", 0),
        ("doses", {"given": 0}, "given", 1),
        ("doses", {"level": 0, "cycle": 3, "drug": 2}, "level", 1),
        ("doses", {"level": 0, "cycle": 3, "drug": 1}, "level", 1),
        ("doses", {"cycle": 3, "drug": 1}, "interrupted", 1),
        ("doses", {"cycle": 3, "drug": 1}, "infused", 500),
        ("doses", {"given": 0}, "infused", 1000),
        ("doses", {"cycle": 3, "drug": 1}, "day", 30),
        ("adverse_events", {"grade": 3}, "end_day", -1),
        ("adverse_events", {"grade": 3}, "onset_day", 5000),
        ("adverse_events", {"grade": 1}, "grade", 6),
        ("adverse_events", {"cycle": 2}, "cycle", 1),
        ("adverse_events", {"grade": 2}, "action", 1 << DISCONTINUE),
        ("subjects", {"treatment_stop_reason": treatment.ADVERSE_EVENT}, "treatment_stop_day", 3),
        (
            "subjects",
            {"treatment_stop_reason": treatment.PROGRESSION},
            "treatment_stop_reason",
            treatment.ADVERSE_EVENT,
        ),
    ],
    ids=str,
)
def test_the_checks_find_a_broken_trial(
    scenario: Scenario,
    trials: tuple[TrialRecords, ...],
    table: str,
    where: dict[str, int],
    name: str,
    value: int | None,
) -> None:
    for records in trials:
        columns = getattr(records, table)
        try:
            row = row_where(columns, **where)
        except IndexError:
            continue  # no such row in this replicate
        column = columns[name].copy()
        if value is None:  # the dose is held, but no event says so
            actions = np.zeros_like(records.adverse_events["action"])
            events = records.adverse_events | {"action": actions}
            broken = replace(records, adverse_events=events)
        else:
            column[row] = value
            broken = replace(records, **{table: columns | {name: column}})
        with pytest.raises(AssertionError):
            check_safety(scenario, broken)
        return
    pytest.fail("no replicate has such a row")


# ---- what adverse events leave alone ------------------------------------------------------------

LATENT = (
    "site",
    "first_dose_trial_day",
    "baseline_scan_day",
    "responder",
    "complete",
    "response_day",
    "progression_day",
    "death_day",
    "contact_lag",
)
NO_EVENTS: dict[str, Any] = {
    "toxicity": None,
    "treatment.drugs.KN026.rules": [],
    "follow_up.early_stop.adverse_event": None,
    "follow_up.withdrawal_adverse_event": None,
    "sweep": [],
}
HARMLESS: dict[str, Any] = {
    "treatment.drugs.KN026.rules": [],
    "treatment.drugs.docetaxel.rules": [],
    "treatment.drugs.KN026.relatedness": 0,
    "treatment.drugs.docetaxel.relatedness": 0,
    "sweep": [],
}
"""Events that do nothing to the doses, so that cycles have the same days."""

ADDED = {
    "id": 200,
    "name": "added",
    "label": "Added",
    "organ_class": "Other",
    "rate": 2.0,
    "rate_grade_3": 0.5,
    "weight": "constant",
}


def test_adverse_events_change_no_latent_column(
    scenario: Scenario, trials: tuple[TrialRecords, ...], run: Run
) -> None:
    without = run(scenario.with_overrides(NO_EVENTS), seed=scenario.seed)

    for name in LATENT:
        assert np.array_equal(without.subjects[name], trials[0].subjects[name]), name
    for name, levels in without.baseline.items():
        assert np.array_equal(levels, trials[0].baseline[name]), name
    assert len(without.adverse_events["term"]) == 0
    assert without.doses["hold"].sum() == without.doses["held"].sum() == 0
    assert trials[0].doses["hold"].sum() > 0


def test_events_that_do_nothing_leave_doses_and_scans_as_they_are(
    scenario: Scenario, run: Run
) -> None:
    causes = {
        "follow_up.early_stop.adverse_event": None,
        "follow_up.withdrawal_adverse_event": None,
    }
    harmless = run(scenario.with_overrides(HARMLESS | causes))
    without = run(scenario.with_overrides(NO_EVENTS | HARMLESS))

    assert len(harmless.adverse_events["term"]) > 100
    for table in ("subjects", "assessments", "doses"):
        for name, column in getattr(harmless, table).items():
            assert np.array_equal(column, getattr(without, table)[name]), (table, name)


@pytest.mark.parametrize("front", [True, False], ids=["in front", "at the end"])
def test_a_term_more_leaves_the_events_of_all_others_as_they_are(
    scenario: Scenario, run: Run, front: bool
) -> None:
    assert scenario.toxicity is not None
    # unset fields stay unset, as in the file
    terms = [term.model_dump(mode="json", exclude_unset=True) for term in scenario.toxicity.terms]
    for term in terms:
        if "onset" in term:
            term["onset"] = [f"{day} days" for day in term["onset"]]
    more = [ADDED, *terms] if front else [*terms, ADDED]

    plain = run(scenario.with_overrides(HARMLESS)).adverse_events
    added = run(scenario.with_overrides(HARMLESS | {"toxicity.terms": more})).adverse_events

    others = added["term"] != 200
    assert not others.all()
    for name, column in plain.items():
        assert np.array_equal(column, added[name][others]), name


def test_a_patient_more_leaves_the_words_of_all_others_as_they_are(scenario: Scenario) -> None:
    draws = []
    for size in (30, 31):
        plan = build_plan(scenario.with_overrides({"sample_size": size, "sweep": []}))
        draws.append(ToxicitySource(plan, most_cycles(plan)).draw(seed=6, replicate=2)[:30])
    for one, other in zip(*draws, strict=True):
        assert one.frailties == other.frailties
        assert np.diff(one.first).tolist() == np.diff(other.first).tolist()
        ours, theirs = slice(one.first[0], one.first[-1]), slice(other.first[0], other.first[-1])
        for column in ("terms", "exponentials", "detail", "related", "rules"):
            own, others = getattr(one.possible, column), getattr(other.possible, column)
            assert np.array_equal(own[ours], others[theirs]), column
