"""The first day of a patient in the batch engine: who it is, what will happen, what is planned."""

from __future__ import annotations

from simulate import clock
from simulate.compiled import part
from simulate.distributions import NEVER, IntColumn, first_above_within
from simulate.engines.batch import layout as words_of
from simulate.engines.batch.assessment import (
    foresee_scans,
    plan_visit,
)
from simulate.engines.batch.course import progress, set_course
from simulate.engines.batch.events import draw_frailties
from simulate.engines.batch.layout import Layout
from simulate.engines.batch.life import (
    ASSESSMENT_STOP,
    BLOCKED_UNTIL,
    CYCLE,
    DELAY,
    DUE,
    EARLY_SCAN,
    END_OF_BATCH,
    END_OF_LIMITED,
    END_PENDING,
    END_PROSPECTS,
    FIRST_PENDING,
    FIRST_ROW_OF_EVENTS,
    FIRST_ROW_OF_SCANS,
    GIVEN,
    HAZARD,
    HOLD,
    INTENSITY_FACTOR,
    INTENSITY_SINCE,
    IS_CALLED,
    IS_EARLY,
    IS_PROGRESSED,
    LAST_CYCLE,
    LAST_MOMENT,
    LATE_SCANS,
    MEAN_DELAY,
    N_SCANS,
    N_SHOWING,
    NEVER_COMES,
    NEXT_CLINICAL,
    NEXT_DOSE,
    NEXT_EVENT,
    NEXT_LEAVING,
    NEXT_PROSPECT,
    NEXT_TURN,
    NEXT_VISIT,
    PLANNED_DAY,
    PROGRESSION_DAY,
    SHIFT,
    STOP_MOMENT,
    STOP_REASON,
    STUDY_WITHDRAWAL,
    SWITCH_WORD,
    TREATED_UNTIL,
    TREATMENT_STOP,
    Life,
)
from simulate.engines.batch.words import GROUP, Lanes, look_up, look_up_delays, word_at
from simulate.ledger import (
    ADVERSE_EVENTS,
    ASSESSMENTS,
    Ledger,
)
from simulate.patient import treatment
from simulate.patient.baseline import BaselinePlan, baseline_level, hazard_factors
from simulate.patient.disease import disease_course
from simulate.patient.follow_up import (
    stops_early,
    withdrawal_day,
)
from simulate.patient.treatment import mean_delay, planned_cycles
from simulate.plan import Plan
from simulate.streams import Purpose, word

READING, SWITCH = int(Purpose.READING), int(Purpose.SWITCH)


@part
def begin(
    plan: Plan,
    layout: Layout,
    life: Life,
    ledger: Ledger,
    seed: int,
    replicate: int,
    number: int,
    enrolled: int,
) -> None:
    """The day of the first dose: who the patient is, what will happen, and what is planned."""
    now, fixed = life.now, layout.patient.n_fixed
    purposes, blocks = layout.patient.purposes, layout.patient.blocks
    look_up(life.words, 0, seed, number, replicate, purposes, blocks, fixed)
    now[LAST_MOMENT] = (plan.horizon - enrolled) * clock.PHASES_PER_DAY + clock.DATA_CUT
    clear(life, ledger)
    draw_levels(plan.baseline, life.words, life.levels)
    begin_disease(plan, layout, life)
    begin_reading(plan, life, seed, replicate, number)
    begin_follow_up(plan, layout, life, ledger, number)
    last_day = now[TREATED_UNTIL] // clock.PHASES_PER_DAY
    # delays of all cycles that can begin by then, and of the one after them
    n_delays = (last_day // plan.treatment.cycle_length + 6) >> 2
    n_delays = (n_delays + GROUP - 1) // GROUP * GROUP
    look_up(life.words, fixed, seed, number, replicate, purposes, blocks, n_delays)
    begin_treatment(plan, layout, life, n_delays)


@part
def begin_reading(plan: Plan, life: Life, seed: int, replicate: int, number: int) -> None:
    """How the investigator will err, and whether the patient may change treatment."""
    now, investigator = life.now, plan.investigator
    now[N_SCANS] = 0
    now[N_SHOWING] = 0
    if investigator.errs == 1:
        first = investigator.first_word
        late = word(seed, number, replicate, READING, first)
        early = word(seed, number, replicate, READING, first + 1)
        now[LATE_SCANS] = first_above_within(investigator.late, late, 0, len(investigator.late))
        now[EARLY_SCAN] = first_above_within(investigator.early, early, 0, len(investigator.early))
    if plan.switching.switches > 0:
        now[SWITCH_WORD] = word(seed, number, replicate, SWITCH, 0)


@part
def begin_follow_up(plan: Plan, layout: Layout, life: Life, ledger: Ledger, number: int) -> None:
    """When the patient may leave, and the visits to come; how long treatment can last at most."""
    now, start = life.now, layout.patient.start[words_of.WITHDRAWAL]
    early = stops_early(plan.follow_up, word_at(life.words, start, 0))
    now[IS_EARLY] = int(early)
    day = withdrawal_day(
        plan.follow_up, early, word_at(life.words, start, 1), word_at(life.words, start, 2)
    )
    now[NEXT_LEAVING] = day * clock.PHASES_PER_DAY + clock.LEAVING
    plan_visit(plan, layout, life, 1)
    until = min(now[LAST_MOMENT], now[NEXT_LEAVING])
    if layout.is_foreseen == 1:
        if now[PROGRESSION_DAY] < NEVER:
            progress(plan, layout, life)
        until = min(until, now[NEXT_TURN])
        foresee_scans(plan, layout, life, ledger, number, until)
        until = min(until, min(now[NEXT_VISIT], now[NEXT_CLINICAL]))
    now[TREATED_UNTIL] = until


@part
def clear(life: Life, ledger: Ledger) -> None:
    """Forget the patient before."""
    now = life.now
    now[NEXT_CLINICAL] = NEVER_COMES
    now[NEXT_EVENT] = NEVER_COMES
    now[TREATMENT_STOP] = NEVER
    now[STOP_REASON] = treatment.NOT_STOPPED
    now[ASSESSMENT_STOP] = NEVER
    now[STUDY_WITHDRAWAL] = NEVER
    now[BLOCKED_UNTIL] = 0
    now[SHIFT] = 0
    now[FIRST_PENDING] = 0
    now[END_PENDING] = 0
    now[END_OF_BATCH] = 0
    now[END_OF_LIMITED] = 0
    now[NEXT_PROSPECT] = 0
    now[END_PROSPECTS] = 0
    now[STOP_MOMENT] = NEVER_COMES
    now[FIRST_ROW_OF_EVENTS] = ledger.size[ADVERSE_EVENTS]
    now[FIRST_ROW_OF_SCANS] = ledger.size[ASSESSMENTS]
    now[LAST_CYCLE] = 0
    now[IS_PROGRESSED] = 0
    now[IS_CALLED] = 0
    now[INTENSITY_SINCE] = 0
    life.factors[HAZARD] = 0.0
    life.factors[INTENSITY_FACTOR] = 1.0
    life.factors[GIVEN] = 0.0
    for term in range(len(life.resolves)):
        life.resolves[term] = -NEVER


@part
def draw_levels(plan: BaselinePlan, words: Lanes, levels: IntColumn) -> None:
    """Who the patient is, from words of which those of the baseline are the first."""
    for variable in range(len(levels)):
        drawn = word_at(words, 0, plan.variable_ids[variable])
        levels[variable] = baseline_level(plan, variable, levels, drawn)


@part
def begin_disease(plan: Plan, layout: Layout, life: Life) -> None:
    """The patient's latent course."""
    start, words = layout.patient.start, life.words
    factors = hazard_factors(plan.baseline, life.levels)
    for transition in range(3):
        life.factors[transition] = factors[transition]
    response = start[words_of.RESPONSE]
    course = disease_course(
        plan.disease,
        factors,
        (word_at(words, response, 0), word_at(words, response, 1), word_at(words, response, 2)),
        word_at(words, start[words_of.PROGRESSION], 0),
        (
            word_at(words, start[words_of.DEATH_BEFORE], 0),
            word_at(words, start[words_of.DEATH_AFTER], 0),
        ),
    )
    set_course(life, course, -1)


@part
def begin_treatment(plan: Plan, layout: Layout, life: Life, n_delays: int) -> None:
    """The drugs as the scenario plans them, and the first cycle.

    ``n_delays`` blocks of words have been looked up for the delays.
    """
    now, drugs, start = life.now, life.drugs, layout.patient.start
    now[DUE] = 0
    for position in range(len(drugs.limit)):
        drug_id = plan.treatment.drug_ids[position]
        drawn = word_at(life.words, start[words_of.PLANNED_CYCLES], drug_id)
        drugs.limit[position] = planned_cycles(plan.treatment, position, drawn)
        now[DUE] = now[DUE] | (int(drugs.limit[position] > 0) << position)
        drugs.n_given[position] = 0
        drugs.level[position] = 0
        drugs.blocked_until[position] = 0
        drugs.held_since[position] = NEVER
        drugs.last_dose[position] = -1
    if len(life.resolves) > 0:
        draw_frailties(plan.toxicity, life, start[words_of.FRAILTY])
    life.factors[MEAN_DELAY] = mean_delay(
        plan.treatment, word_at(life.words, start[words_of.DELAY_MEAN], 0)
    )
    mean = life.factors[MEAN_DELAY]
    look_up_delays(life.words, start[words_of.DELAY], mean, life.delays, n_delays)
    now[CYCLE] = 1
    now[PLANNED_DAY] = 0
    now[DELAY] = 0
    now[HOLD] = 0
    now[NEXT_DOSE] = clock.DOSE
