"""The what-if that lost dose intensity makes the disease progress sooner, in the batch engine."""

from __future__ import annotations

from simulate.compiled import part
from simulate.distributions import later
from simulate.engines.batch import layout as words_of
from simulate.engines.batch.course import await_response, set_course
from simulate.engines.batch.layout import Layout
from simulate.engines.batch.life import (
    GIVEN,
    HAZARD,
    INTENSITY_FACTOR,
    INTENSITY_SINCE,
    PROGRESSION_DAY,
    PROGRESSION_FACTOR,
    RESPONDER,
    RESPONSE_DAY,
    Life,
)
from simulate.engines.batch.words import word_at
from simulate.ledger import Ledger
from simulate.patient.disease import (
    day_of_target,
    hazard_between,
    intensity_factor,
    later_course,
    progression_origin,
)
from simulate.patient.dosing import dose_share
from simulate.plan import Plan
from simulate.streams import unit_exponential


@part
def count_dose(plan: Plan, layout: Layout, life: Life, ledger: Ledger, today: int) -> None:
    """Count what was given today, and move progression."""
    now, state, disease = life.now, life.factors, plan.disease
    drug = disease.intensity_drug
    row = life.drugs.last_dose[drug]
    if row >= 0 and ledger.doses.day[row] == today:
        state[GIVEN] = state[GIVEN] + dose_share(plan.dosing, drug, ledger.doses.level[row])
    if now[PROGRESSION_DAY] <= today:
        return
    table, origin = disease.progression_other, 0
    if now[RESPONDER] == 1:
        table = disease.progression_responder
        origin = progression_origin(disease, True, now[RESPONSE_DAY])
    state[HAZARD] = state[HAZARD] + state[INTENSITY_FACTOR] * hazard_between(
        table, now[INTENSITY_SINCE] - origin, today - origin
    )
    now[INTENSITY_SINCE] = today
    due = today / plan.treatment.cycle_length + 1.0
    planned = min(due, float(life.drugs.limit[drug]))
    state[INTENSITY_FACTOR] = intensity_factor(disease, state[GIVEN], planned)
    drawn = word_at(life.words, layout.patient.start[words_of.PROGRESSION], 0)
    target = unit_exponential(drawn) / state[PROGRESSION_FACTOR] - state[HAZARD]
    day = day_of_target(table, today - origin, state[INTENSITY_FACTOR], max(target, 0.0))
    response = layout.patient.start[words_of.RESPONSE]
    changed = later_course(
        disease,
        later(origin, day),
        hazard_ratios(life),
        (
            word_at(life.words, response, 0),
            word_at(life.words, response, 1),
            word_at(life.words, response, 2),
        ),
        (
            word_at(life.words, layout.patient.start[words_of.DEATH_BEFORE], 0),
            word_at(life.words, layout.patient.start[words_of.DEATH_AFTER], 0),
        ),
    )
    set_course(life, changed, today)
    await_response(plan, life, today)


@part
def hazard_ratios(life: Life) -> tuple[float, float, float]:
    """A patient's hazard factors on progression, death without it, and death after it."""
    return life.factors[0], life.factors[1], life.factors[2]
