"""What follows in the batch engine once progression is called: some change treatment."""

from __future__ import annotations

from simulate import clock
from simulate.compiled import part
from simulate.distributions import NEVER
from simulate.engines.batch import layout as words_of
from simulate.engines.batch.course import course_of
from simulate.engines.batch.layout import Layout
from simulate.engines.batch.life import (
    DEATH_DAY,
    IS_PROGRESSED,
    NEXT_TURN,
    SWITCH_WORD,
    Life,
)
from simulate.engines.batch.words import word_at
from simulate.patient.switching import day_of_switch, death_after_switch
from simulate.plan import Plan


@part
def change_treatment(plan: Plan, layout: Layout, life: Life, call: int) -> None:
    """A patient whose progression is called on a day may change treatment, which moves death."""
    if plan.switching.switches == 0:
        return
    now, start, own = life.now, layout.patient.start, plan.switching
    day = day_of_switch(own.switches, own.delay, now[SWITCH_WORD], call, now[DEATH_DAY])
    if day == NEVER:
        return
    now[DEATH_DAY] = death_after_switch(
        own,
        plan.disease,
        course_of(life),
        life.factors,
        (
            word_at(life.words, start[words_of.DEATH_BEFORE], 0),
            word_at(life.words, start[words_of.DEATH_AFTER], 0),
        ),
        day,
    )
    if now[IS_PROGRESSED] == 1:  # else the next turn is progression
        now[NEXT_TURN] = now[DEATH_DAY] * clock.PHASES_PER_DAY + clock.DISEASE
