"""The latent course of the disease: a naive twin in floats, and what can never happen."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simulate.build_plan import build_plan
from simulate.distributions import NEVER, TABLE_DAYS
from simulate.patient.disease import Course, DiseasePlan, disease_course, event_day
from simulate.plan import Plan
from simulate.scenario.scenario import Scenario
from simulate.streams import Purpose, words

MONTH = 30.4375

a_word = st.integers(0, 2**32 - 1)
three_words = st.tuples(a_word, a_word, a_word)
two_words = st.tuples(a_word, a_word)

PURPOSES = (
    Purpose.RESPONSE,
    Purpose.PROGRESSION,
    Purpose.DEATH_WITHOUT_PROGRESSION,
    Purpose.DEATH_AFTER_PROGRESSION,
)


def uniform(word: int) -> float:
    return (word + 0.5) / 2**32


def whole_days(time: float) -> float:
    """A time as the whole day it ends on; beyond twenty years it counts as never."""
    return math.ceil(time) if math.ceil(time) <= TABLE_DAYS else math.inf


def weibull(u: float, scale: float, shape: float, factor: float = 1.0) -> float:
    return whole_days(scale * (-math.log1p(-u) / factor) ** (1 / shape))


def naive_course(
    factors: tuple[float, float, float],
    response: tuple[int, int, int],
    progression: int,
    deaths: tuple[int, int],
    *,
    same_for_all: bool = False,
) -> Course:
    """The published trial's course, by the inverse distribution functions in floats.

    Or with the non-responders' time to progression for all.
    """
    is_responder = uniform(response[0]) < 0.80
    g = min(math.ceil(math.log1p(-uniform(response[1])) / math.log(1 - 0.68)), 7)
    responds_on = 42 * g if is_responder else math.inf
    if is_responder:
        scale, shape, start, death_ratio = 42.6 * MONTH, 1.1, responds_on, 1.0
    else:
        scale, shape, start, death_ratio = 9.2 * MONTH / math.log(2) ** (1 / 1.05), 1.05, 0, 1.4918
    if same_for_all:
        scale, shape, start = 9.2 * MONTH / math.log(2) ** (1 / 1.05), 1.05, 0
    progresses_on = start + weibull(uniform(progression), scale, shape, factors[0])
    if progresses_on <= responds_on < math.inf:
        is_responder, responds_on, death_ratio = False, math.inf, 1.4918
    dies_first_on = weibull(uniform(deaths[0]), MONTH / 0.0008, 1.0, factors[1])
    if dies_first_on <= progresses_on:
        progresses_on, dies_on = math.inf, dies_first_on
    else:
        after = weibull(uniform(deaths[1]), 42.5 * MONTH, 0.96, death_ratio * factors[2])
        dies_on = min(dies_first_on, progresses_on + after)
    days = [NEVER if math.isinf(d) else int(d) for d in (responds_on, progresses_on, dies_on)]
    return Course(is_responder, is_responder and uniform(response[2]) < 0.0714286, *days)


def drawn_words(n: int) -> list[tuple[tuple[int, int, int], int, tuple[int, int]]]:
    table = words(20250, range(n), 2**31 + 9, [(purpose, 1) for purpose in PURPOSES]).tolist()
    return [((r[0], r[1], r[2]), r[4], (r[8], r[12])) for r in table]


@pytest.mark.parametrize("factors", [(1.0, 1.0, 1.0), (1.7, 0.4, 2.0)])
def test_the_course_equals_a_naive_one(plan: Plan, factors: tuple[float, float, float]) -> None:
    for own in drawn_words(2500):
        assert disease_course(plan.disease, factors, *own) == naive_course(factors, *own)


@pytest.mark.parametrize("factors", [(1.0, 1.0, 1.0), (1.7, 0.4, 2.0)])
def test_with_one_law_for_everyone_the_course_equals_a_naive_one(
    scenario: Scenario, factors: tuple[float, float, float]
) -> None:
    law = {"kind": "weibull", "median": "9.2 months", "shape": 1.05}
    plan = build_plan(scenario.with_overrides({"disease.progression": {"everyone": law}}))
    courses = [disease_course(plan.disease, factors, *own) for own in drawn_words(2500)]

    for course, own in zip(courses, drawn_words(2500), strict=True):
        assert course == naive_course(factors, *own, same_for_all=True)
    missed = sum(own[0][0] < plan.disease.responder for own in drawn_words(2500)) - sum(
        course.responder for course in courses
    )
    assert missed > 100, "some would have responded after their progression"


@pytest.mark.parametrize(
    ("progression", "expected"),
    [
        (41, (False, False, NEVER, 41, 51)),  # before the response: nobody ever sees one
        (42, (False, False, NEVER, 42, 52)),  # on its day: it does not begin
        (43, (True, True, 42, 43, 53)),
    ],
)
def test_a_response_must_begin_before_progression(
    scenario: Scenario, progression: int, expected: tuple[int, ...]
) -> None:
    def on_day(day: int) -> dict[str, Any]:
        return {"kind": "discrete", "values": [f"{day} days"], "weights": [1]}

    plan = build_plan(
        scenario.with_overrides(
            {
                "disease.response.probability": 1,
                "disease.response.complete": 1,
                "disease.response.time": on_day(42),
                "disease.progression": {"everyone": on_day(progression)},
                "disease.death_without_progression": on_day(90),
                "disease.death_after_progression": on_day(10),
            }
        )
    )

    course = disease_course(plan.disease, (1.0, 1.0, 1.0), (1, 1, 1), 1, (1, 1))

    assert tuple(course) == expected


@settings(max_examples=200, deadline=None)
@given(
    factors=st.tuples(*[st.sampled_from([0.2, 1.0, 3.0])] * 3),
    response=three_words,
    progression=a_word,
    deaths=two_words,
)
def test_what_can_never_happen(
    factors: tuple[float, float, float],
    response: tuple[int, int, int],
    progression: int,
    deaths: tuple[int, int],
) -> None:
    for plan in PLANS:
        course = disease_course(plan, factors, response, progression, deaths)

        assert course.responder == (course.response_day < NEVER)
        assert course.responder or not course.complete
        assert course.death_day > 0
        if course.progression_day < NEVER:
            assert course.progression_day >= 1
            assert course.death_day > course.progression_day, "death a day after PD or later"
        if course.responder and course.progression_day < NEVER:
            assert course.progression_day > course.response_day


PLANS: list[DiseasePlan] = []


@pytest.fixture(autouse=True, scope="module")
def _plans(scenario: Scenario, plan: Plan) -> None:
    """The published trial's model, and a quick one in which every order of events is common."""
    quick = scenario.with_overrides(
        {
            "disease.response.probability": 0.5,
            "disease.response.time": {"kind": "uniform", "low": "0 days", "high": "9 days"},
            "disease.progression.responders": {"kind": "exponential", "mean": "3 days"},
            "disease.progression.non_responders": {"kind": "exponential", "mean": "6 days"},
            "disease.death_without_progression": {"kind": "exponential", "mean": "9 days"},
            "disease.death_after_progression": {"kind": "exponential", "mean": "3 days"},
        }
    )
    same = quick.with_overrides(
        {"disease.progression": {"everyone": {"kind": "exponential", "mean": "5 days"}}}
    )
    PLANS[:] = [plan.disease, build_plan(quick).disease, build_plan(same).disease]


@pytest.mark.parametrize(
    ("death", "progression", "expected"),
    [
        (50, 50, (NEVER, 50)),  # on one day the patient has died, without progression
        (49, 50, (NEVER, 49)),
        (51, 50, (50, 51)),
        (90, 50, (50, 60)),  # ten days after progression
    ],
)
def test_which_comes_first(
    scenario: Scenario, death: int, progression: int, expected: tuple[int, int]
) -> None:
    def on_day(day: int) -> dict[str, Any]:
        return {"kind": "discrete", "values": [f"{day} days"], "weights": [1]}

    plan = build_plan(
        scenario.with_overrides(
            {
                "disease.response.probability": 0,
                "disease.progression.non_responders": on_day(progression),
                "disease.death_without_progression": on_day(death),
                "disease.death_after_progression": on_day(10),
            }
        )
    )

    course = disease_course(plan.disease, (1.0, 1.0, 1.0), (1, 1, 1), 1, (1, 1))

    assert (course.progression_day, course.death_day) == expected


def test_a_larger_hazard_is_never_later(plan: Plan) -> None:
    for word in words(3, range(50), 0, [(1, 1)])[:, 0].tolist():
        days = [event_day(plan.disease.progression_other, f, word) for f in (0.5, 1.0, 1.2, 4.0)]
        assert days == sorted(days, reverse=True)


def test_a_hazard_of_0_never_comes(scenario: Scenario) -> None:
    zero = {"kind": "exponential", "rate": "0 per month"}
    plan = build_plan(
        scenario.with_overrides(
            {
                "disease.progression.responders": zero,
                "disease.progression.non_responders": zero,
                "disease.death_without_progression": zero,
            }
        )
    )

    for own in drawn_words(50):
        course = disease_course(plan.disease, (1.0, 1.0, 1.0), *own)
        assert (course.progression_day, course.death_day) == (NEVER, NEVER)


@pytest.mark.parametrize(("probability", "expected"), [(0, 0.0), (1, 1.0)])
def test_nobody_or_everybody_responds(
    scenario: Scenario, probability: float, expected: float
) -> None:
    plan = build_plan(scenario.with_overrides({"disease.response.probability": probability}))

    courses = [disease_course(plan.disease, (1.0, 1.0, 1.0), *own) for own in drawn_words(200)]

    assert np.mean([course.responder for course in courses]) == expected


def test_responders_and_complete_responses_are_their_share(plan: Plan) -> None:
    courses = [disease_course(plan.disease, (1.0, 1.0, 1.0), *own) for own in drawn_words(6000)]

    responders = sum(course.responder for course in courses)
    complete = sum(course.complete for course in courses)

    assert stats.binomtest(responders, 6000, 0.80).pvalue > 0.001
    assert stats.binomtest(complete, responders, 0.0714286).pvalue > 0.001
