"""The disease of one patient in the batch engine: it progresses, and kills."""

from __future__ import annotations

from simulate import clock
from simulate.compiled import part
from simulate.distributions import NEVER
from simulate.engines.batch import layout as words_of
from simulate.engines.batch.layout import Layout
from simulate.engines.batch.life import (
    COMPLETE,
    DEATH_DAY,
    IS_PROGRESSED,
    NEVER_COMES,
    NEXT_CLINICAL,
    NEXT_TURN,
    NEXT_VISIT,
    PROGRESSION_DAY,
    RESPONDER,
    RESPONSE_DAY,
    VISIT,
    VISIT_DAY,
    VISIT_SHIFT,
    Life,
)
from simulate.engines.batch.words import word_at
from simulate.patient.assessment import (
    FIRST_WATCHED_DAY,
    UNSCHEDULED,
    clinical_progression_day,
    response_seen_day,
)
from simulate.patient.disease import Course
from simulate.plan import Plan


@part
def course_of(life: Life) -> Course:
    """The patient's course."""
    now = life.now
    return Course(
        now[RESPONDER] == 1,
        now[COMPLETE] == 1,
        now[RESPONSE_DAY],
        now[PROGRESSION_DAY],
        now[DEATH_DAY],
    )


@part
def set_course(life: Life, course: Course, today: int) -> None:
    """Give the patient a course; its next turn is the first after today."""
    now = life.now
    now[RESPONDER] = int(course.responder)
    now[COMPLETE] = int(course.complete)
    now[RESPONSE_DAY] = course.response_day
    now[PROGRESSION_DAY] = course.progression_day
    now[DEATH_DAY] = course.death_day
    turn = course.death_day
    if course.progression_day < NEVER and course.progression_day > today:
        turn = course.progression_day
    now[NEXT_TURN] = turn * clock.PHASES_PER_DAY + clock.DISEASE


@part
def await_response(plan: Plan, life: Life, today: int) -> None:
    """Where patients are watched day by day, the day to look forward to is that of response."""
    now = life.now
    if plan.assessment.continuous == 0 or today < FIRST_WATCHED_DAY:
        return
    day = response_seen_day(
        plan.assessment, now[RESPONSE_DAY], now[PROGRESSION_DAY], now[DEATH_DAY]
    )
    now[NEXT_VISIT] = NEVER_COMES
    if today < day < NEVER:
        now[VISIT] = UNSCHEDULED
        now[VISIT_DAY] = day
        now[VISIT_SHIFT] = 0
        now[NEXT_VISIT] = day * clock.PHASES_PER_DAY + clock.ASSESSMENT


@part
def progress(plan: Plan, layout: Layout, life: Life) -> None:
    """The disease progresses, and may be noticed before the next visit."""
    now = life.now
    now[IS_PROGRESSED] = 1
    now[NEXT_TURN] = now[DEATH_DAY] * clock.PHASES_PER_DAY + clock.DISEASE
    start = layout.patient.start[words_of.CLINICAL]
    day = clinical_progression_day(
        plan.assessment,
        now[PROGRESSION_DAY],
        word_at(life.words, start, 0),
        word_at(life.words, start, 1),
    )
    now[NEXT_CLINICAL] = day * clock.PHASES_PER_DAY + clock.ASSESSMENT
