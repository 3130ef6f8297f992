"""Readers, missed visits, new therapy and rules of censoring against a naive version by days."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from naive_review import Patient, Reading, Rules

from simulate.build_survival_plan import scan_days
from simulate.distributions import NEVER
from simulate.patient.censoring import NO_LIMIT, censored_after, counts_despite
from simulate.patient.reading import day_of_new_therapy, is_called, visit_of_call
from simulate.randomised.seen_trials import TrialMaker
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.times import cumulative_hazard

TO_COPY = Path(__file__).parents[2] / "scenarios" / "generic_two_arm.yaml"
SEED = 7

READERS = [
    {"id": 3, "name": "investigator", "missed": 0.1, "early": 0.03,
     "by_arm": {"experimental": {"missed": 0.4, "early": 0.0}}},
    {"id": 5, "name": "central", "missed": 0.3, "early": 0.02},
]  # fmt: skip
ERRORS = {
    "control": {3: (0.1, 0.03), 5: (0.3, 0.02)},
    "experimental": {3: (0.4, 0.0), 5: (0.3, 0.02)},
}
STRICT = {"name": "strict", "missed_visits": 1, "new_therapy": "censor", "death_window": "84 days"}
ENDPOINTS = [
    {"id": 1, "name": "CENTRAL_FDA", "of": "PFS", "reader": "central", "rules": "fda"},
    {"id": 2, "name": "LOCAL", "of": "PFS", "reader": "investigator", "rules": "ema"},
    {"id": 3, "name": "CENTRAL_STRICT", "of": "PFS", "reader": "central", "rules": "strict"},
    {"id": 4, "name": "TRUE_FDA", "of": "PFS", "rules": "fda"},
    {"id": 5, "name": "OS", "of": "OS"},
]
NAIVE = [
    (5, Rules(2, censors_therapy=True)),
    (3, Rules()),
    (5, Rules(1, censors_therapy=True, death_window=84)),
    (None, Rules(2, censors_therapy=True)),
]

BASE: dict[str, Any] = {
    "sample_size": 80,
    "enrolment": {"accrual": [{"from": "0 months", "rate": "20 per month"}]},
    "max_study_duration": "40 months",
    "rule_sets": [STRICT],
    "endpoints": ENDPOINTS,
    "analyses": [{"id": 1, "name": "only", "cut": {"events": {"endpoint": "LOCAL", "count": 40}}}],
    "hypotheses": [],
    "estimates": {},
    "sweep": [],
    "grid": None,
}
MODEL: dict[str, Any] = {
    "kind": "illness_death",
    "progression": {"kind": "exponential", "median": "8 months"},
    "death_without_progression": {"kind": "exponential", "rate": "0.02 per month"},
    "death_after_progression": {"kind": "exponential", "median": "6 months"},
    "dropout": {"kind": "exponential", "rate": "0.15 per year"},
    "observation": "scans",
    "calendar": [{"every": "6 weeks", "until": "48 weeks"}, {"every": "12 weeks"}],
    "readers": READERS,
}
THERAPY = {
    "time": {"kind": "exponential", "rate": "0.02 per month"},
    "after_progression": {"probability": 0.6, "delay": "15 days"},
}
VARIANTS: dict[str, dict[str, Any]] = {
    "scans go on": {},
    "treating reader": {"treating_reader": "investigator"},
    "treating reader, visits missed": {
        "treating_reader": "investigator",
        "visits": {"missed": 0.25},
        "new_therapy": THERAPY,
    },
    "many visits missed": {"visits": {"missed": 0.8}},
    "calendars by arm": {
        "treating_reader": "investigator",
        "visits": {"missed": 0.1},
        "new_therapy": THERAPY,
        "calendar_by_arm": {"experimental": [{"every": "9 weeks"}]},
    },
    "therapy without a treating reader": {
        "new_therapy": {"time": {"kind": "exponential", "rate": "0.05 per month"}},
        "visits": {"missed": 0.1},
    },
}


def scenario_of(**changes: Any) -> SurvivalScenario:
    own = BASE | {"survival": MODEL | changes}
    if "new_therapy" not in changes:  # then no rule may ask for it
        own["rule_sets"] = [STRICT | {"new_therapy": "ignore"}]
    return SurvivalScenario.from_file(TO_COPY).with_overrides(own)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_patient_is_seen_as_day_by_day(variant: str) -> None:
    changes = VARIANTS[variant]
    scenario = scenario_of(**changes)
    made = TrialMaker(scenario, SEED).make(2)
    readings = {arm.name: reading_of(scenario, arm.name, changes) for arm in scenario.arms}
    n_events = 0
    for cut in (200, 500, 900):
        n = int((made.enrolled <= cut).sum())
        for endpoint, (reader, rules) in enumerate(NAIVE):
            days, events = made.sample(endpoint, cut, n)
            for i, row in enumerate(made.subjects.head(n).to_dict("records")):
                reading, until = readings[row["arm"]], cut - row["enrolment_trial_day"]
                patient = patient_of(scenario, i, row)
                found = int(days[i]), int(events[i])
                assert found == reading.told(patient, reader, rules, until), (cut, endpoint, i)
                n_events += found[1]
    assert n_events > 100


def reading_of(scenario: SurvivalScenario, arm: str, changes: dict[str, Any]) -> Reading:
    reading = Reading(SEED, 2, ERRORS[arm])
    if "treating_reader" in changes:
        reading.treating = 3
    if "visits" in changes:
        reading.missed_visit = changes["visits"]["missed"]
    therapy = scenario.survival.new_therapy
    if therapy is not None:
        assert therapy.time is not None
        hazard = cumulative_hazard(therapy.time, np.arange(1220.0))
        reading.therapy_alone = (1 - np.exp(-hazard)).tolist()
        if therapy.after_progression is not None:
            reading.therapy_follows, reading.therapy_delay = 0.6, 15
    return reading


def patient_of(scenario: SurvivalScenario, number: int, row: dict[Any, Any]) -> Patient:
    days = {key: row[f"{key}_day"] for key in ("progression", "death", "dropout")}
    known = {key: None if day is None or day != day else int(day) for key, day in days.items()}
    scans = scan_days(scenario, 1217, row["arm"]).tolist()
    return Patient(number, known["progression"], known["death"], known["dropout"], scans)


def test_readers_who_never_err_and_ema_are_what_is_seen_without_them() -> None:
    perfect = [{"id": 1, "name": "perfect", "missed": 0, "early": 0}]
    endpoints = [
        {"id": 1, "name": "PFS", "of": "PFS"},
        {"id": 2, "name": "READ", "of": "PFS", "reader": "perfect", "rules": "ema"},
    ]
    only = [{"id": 1, "name": "only", "cut": {"date": dt.date(2028, 1, 1)}}]
    changes = {"survival": MODEL | {"readers": perfect}, "endpoints": endpoints, "analyses": only}
    changes |= {"rule_sets": []}
    scenario = SurvivalScenario.from_file(TO_COPY).with_overrides(BASE | changes)
    made = TrialMaker(scenario, SEED).make(0)
    for cut in (300, 700, 1100):
        n = int((made.enrolled <= cut).sum())
        plain, read = (made.sample(endpoint, cut, n) for endpoint in (0, 1))
        for one, other in zip(plain, read, strict=True):
            assert np.array_equal(one, other)
        assert plain[1].sum() > 5


def test_new_therapy_censors_on_its_day_where_every_day_is_seen() -> None:
    model = {key: value for key, value in MODEL.items() if key not in ("calendar", "readers")}
    therapy = {"time": {"kind": "exponential", "rate": "0.1 per month"}}
    rules = [{"name": "policy", "new_therapy": "censor"}]
    endpoints = [
        {"id": 1, "name": "PFS", "of": "PFS"},
        {"id": 2, "name": "CENSORED", "of": "PFS", "rules": "policy"},
    ]
    only = [{"id": 1, "name": "only", "cut": {"date": dt.date(2028, 1, 1)}}]
    changes: dict[str, Any] = BASE | {
        "survival": model | {"observation": "exact", "new_therapy": therapy},
        "rule_sets": rules,
        "endpoints": endpoints,
        "analyses": only,
    }
    scenario = SurvivalScenario.from_file(TO_COPY).with_overrides(changes)
    made = TrialMaker(scenario, SEED).make(0)
    n, cut = len(made.enrolled), 1100
    (day, event), (own_day, own_event) = (made.sample(endpoint, cut, n) for endpoint in (0, 1))
    therapy_day = made.subjects["new_therapy_day"].fillna(NEVER).to_numpy()
    before = therapy_day < day
    assert before.sum() > 20
    assert np.array_equal(own_day, np.where(before, therapy_day, day))
    assert np.array_equal(own_event, np.where(before, 0, event))


# ---- by hand ----------------------------------------------------------------------------------

FDA = {"most_not_done": 2, "death_window": NO_LIMIT}
EMA = {"most_not_done": NO_LIMIT, "death_window": NO_LIMIT}
WINDOW = {"most_not_done": NO_LIMIT, "death_window": 90}

# event, is it a death, last scan, and planned scans not done between them; and by which rules what
# is the last day that counts
BY_HAND = {
    "progression at the next scan": ((84, False, 42, 0), FDA, NEVER),
    "one scan missed before it": ((126, False, 42, 1), FDA, NEVER),
    "two scans missed before it": ((168, False, 42, 2), FDA, 42),
    "the same by treatment policy": ((168, False, 42, 2), EMA, NEVER),
    "death after two missed scans": ((180, True, 42, 3), FDA, 42),
    "death on the last day of the window": ((132, True, 42, 1), WINDOW, NEVER),
    "death a day later": ((133, True, 42, 1), WINDOW, 42),
    "progression has no window": ((168, False, 42, 2), WINDOW, NEVER),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_rules_of_censoring_by_hand(case: str) -> None:
    arguments, rules, expected = BY_HAND[case]
    assert censored_after(*arguments, **rules) == expected


def test_therapy_on_the_day_of_the_event_comes_after_it() -> None:
    assert counts_despite(84, 84)
    assert counts_despite(84, NEVER)
    assert not counts_despite(84, 83)


@pytest.mark.parametrize(
    ("first", "late", "early", "visit"),
    [
        (5, 0, NEVER, 5),  # called at the first scan that can show it
        (5, 2, NEVER, 7),  # overlooked twice
        (5, 2, 4, 4),  # called at a scan before it
        (5, 0, 5, 5),  # a call at the first scan that shows it is none too early
        (5, 1, 5, 6),
        (NEVER, NEVER, 3, 3),  # no progression at all
    ],
)
def test_the_visit_of_a_call(first: int, late: int, early: int, visit: int) -> None:
    assert visit_of_call(first, late, early) == visit


def test_a_scan_on_the_day_of_death_is_not_done_and_one_on_the_day_of_dropout_is() -> None:
    assert not is_called(10, 10, NEVER)
    assert is_called(10, 11, 10)
    assert not is_called(10, 11, 9)


@pytest.mark.parametrize(
    ("alone", "ends", "follows", "day"),
    [(20, 30, 1, 20), (30, 30, 1, 37), (40, 30, 1, 37), (40, 30, 0, NEVER), (20, NEVER, 1, 20),
     (NEVER, NEVER, 1, NEVER)],
)  # fmt: skip
def test_the_day_of_new_therapy(alone: int, ends: int, follows: int, day: int) -> None:
    assert day_of_new_therapy(alone, ends, follows, 7) == day
