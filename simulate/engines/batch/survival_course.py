"""Who the patients of a survival trial are and what happens to them, in the batch engine."""

from __future__ import annotations

from simulate.compiled import part, routine, stay_apart
from simulate.distributions import NEVER, ShortColumn
from simulate.engines.batch.survival_work import (
    PATIENTS_AT_ONCE,
    BaselineWork,
    SurvivalWork,
    Words,
    look_up_entities,
    word_of,
)
from simulate.guided import look_up_numbers
from simulate.patient.baseline import BaselinePlan, baseline_level
from simulate.patient.survival import (
    COPULA,
    DEATH,
    DEATH_AFTER,
    DROPOUT,
    EVENT,
    ILLNESS_DEATH,
    SINGLE_OS,
    SLICE_BITS_OF_DAYS,
    SurvivalModelPlan,
    before_death,
    coupled_word,
    death_of_either_kind,
    table_of,
    transition_after,
)
from simulate.patient.switching import day_of_switch
from simulate.streams import Purpose
from simulate.survival_ledger import SurvivalLedger
from simulate.survival_plan import SurvivalPlan

_BASELINE = int(Purpose.BASELINE)
_SURVIVAL = int(Purpose.SURVIVAL)
_SWITCH = int(Purpose.SWITCH)


@routine
def draw_cells(
    plan: SurvivalPlan, work: SurvivalWork, ledger: SurvivalLedger, seed: int, replicate: int
) -> None:
    """Draw the baseline variables of every patient: the cell and the stratum."""
    stay_apart()
    own = work.baseline
    for first in range(0, ledger.n[0], PATIENTS_AT_ONCE):
        n = min(PATIENTS_AT_ONCE, ledger.n[0] - first)
        for slot in range(len(own.blocks)):
            at, block = slot * PATIENTS_AT_ONCE, own.blocks[slot]
            look_up_entities(own.words, at, seed, replicate, _BASELINE, block, first, n)
        for i in range(n):
            ledger.cell[first + i] = 0
        for variable in range(len(own.levels)):
            if plan.baseline.case_start[variable + 1] == plan.baseline.case_start[variable] + 1:
                draw_levels(plan.baseline, own, variable, n)
            else:
                draw_levels_by_case(plan.baseline, own, variable, n)
            at, stride = variable * PATIENTS_AT_ONCE, plan.cell_stride[variable]
            for i in range(n):
                counted = ledger.cell[first + i] + stride * own.level[at + i]
                ledger.cell[first + i] = counted
        for number in range(first, first + n):
            ledger.stratum[number] = plan.randomisation.stratum_of[ledger.cell[number]]


@routine
def draw_levels(plan: BaselinePlan, own: BaselineWork, variable: int, n: int) -> None:
    """Draw a variable whose weights are the same for all: how many thresholds a word reaches."""
    stay_apart()
    case, at = plan.case_start[variable], variable * PATIENTS_AT_ONCE
    words = own.lane[variable] * own.words.size + own.slot[variable]
    for i in range(n):
        own.level[at + i] = 0
    for row in range(plan.level_start[case], plan.level_start[case + 1] - 1):
        threshold = plan.thresholds[row]
        for i in range(n):
            reached = int(own.words.values[words + i] >= threshold)
            own.level[at + i] = own.level[at + i] + reached


@routine
def draw_levels_by_case(plan: BaselinePlan, own: BaselineWork, variable: int, n: int) -> None:
    """Draw a variable whose weights depend on earlier ones."""
    stay_apart()
    for i in range(n):
        for earlier in range(variable):
            own.levels[earlier] = own.level[earlier * PATIENTS_AT_ONCE + i]
        drawn = word_of(own.words, own.lane[variable], own.slot[variable] + i)
        level = baseline_level(plan, variable, own.levels, drawn)
        own.level[variable * PATIENTS_AT_ONCE + i] = level


@routine
def follow(
    plan: SurvivalModelPlan, work: SurvivalWork, ledger: SurvivalLedger, seed: int, replicate: int
) -> None:
    """Progression, death and dropout of every patient.

    Some patients at a time, transition by transition: short loops go from column to column.
    """
    stay_apart()
    for first in range(0, ledger.n[0], PATIENTS_AT_ONCE):
        n = min(PATIENTS_AT_ONCE, ledger.n[0] - first)
        look_up_entities(work.patient_words, 0, seed, replicate, _SURVIVAL, 0, first, n)
        if plan.model == ILLNESS_DEATH or plan.model == COPULA:
            if plan.has_switching == 1:
                look_up_entities(work.switch_words, 0, seed, replicate, _SWITCH, 0, first, n)
            follow_both(plan, work, ledger, first, n)
        elif plan.model == SINGLE_OS:
            look_up_days(plan, work, ledger, EVENT, ledger.death_day, first, first, n)
            fill(ledger.progression_day, first, n)
        else:
            look_up_days(plan, work, ledger, EVENT, ledger.progression_day, first, first, n)
            fill(ledger.death_day, first, n)
        look_up_days(plan, work, ledger, DROPOUT, ledger.dropout_day, first, first, n)


@part
def follow_both(
    plan: SurvivalModelPlan, work: SurvivalWork, ledger: SurvivalLedger, first: int, n: int
) -> None:
    """Progression and death of some patients where a model has both."""
    if plan.model == COPULA:
        couple(plan, work.patient_words, n)
    look_up_days(plan, work, ledger, EVENT, ledger.progression_day, first, first, n)
    look_up_days(plan, work, ledger, DEATH, ledger.death_day, first, first, n)
    if plan.model == COPULA:
        for number in range(first, first + n):
            death = ledger.death_day[number]
            progression = ledger.progression_day[number]
            ledger.progression_day[number] = before_death(progression, death)
    else:
        look_up_days_after(plan, work, ledger, first, n)
        for i in range(n):
            progression, alone = ledger.progression_day[first + i], ledger.death_day[first + i]
            after = work.days_after[i]
            ledger.progression_day[first + i] = before_death(progression, alone)
            ledger.death_day[first + i] = death_of_either_kind(progression, alone, after)
        if plan.has_switching == 1:
            for i in range(n):
                arm, drawn = ledger.arm[first + i], word_of(work.switch_words, 0, i)
                progression, death = ledger.progression_day[first + i], ledger.death_day[first + i]
                ledger.switch_day[first + i] = day_of_switch(
                    plan.switches[arm], plan.switch_delay[arm], drawn, progression, death
                )


@part
def look_up_days_after(
    plan: SurvivalModelPlan, work: SurvivalWork, ledger: SurvivalLedger, first: int, n: int
) -> None:
    """Days from progression to death of ``n`` patients from ``first`` on."""
    if plan.has_switching == 0:
        look_up_days(plan, work, ledger, DEATH_AFTER, work.days_after, 0, first, n)
        return
    for i in range(n):
        arm, cell = ledger.arm[first + i], ledger.cell[first + i]
        how = transition_after(plan, arm, word_of(work.switch_words, 0, i))
        work.search.table[i] = table_of(plan, how, arm, cell)
    words = work.patient_words
    lane = DEATH_AFTER * words.size
    look_up_numbers(
        plan.days, SLICE_BITS_OF_DAYS, work.search, words.values, lane, work.days_after, 0, n
    )


@part
def look_up_days(
    plan: SurvivalModelPlan,
    work: SurvivalWork,
    ledger: SurvivalLedger,
    transition: int,
    days: ShortColumn,
    at: int,
    first: int,
    n: int,
) -> None:
    """Days of one transition of ``n`` patients from ``first`` on, into a column from ``at`` on."""
    choose_tables(plan, work, ledger, transition, first, n)
    words = work.patient_words
    lane = transition * words.size
    look_up_numbers(plan.days, SLICE_BITS_OF_DAYS, work.search, words.values, lane, days, at, n)


@routine
def choose_tables(
    plan: SurvivalModelPlan,
    work: SurvivalWork,
    ledger: SurvivalLedger,
    transition: int,
    first: int,
    n: int,
) -> None:
    """Tables of one transition for ``n`` patients from ``first`` on."""
    stay_apart()
    for i in range(n):
        arm, cell = ledger.arm[first + i], ledger.cell[first + i]
        work.search.table[i] = table_of(plan, transition, arm, cell)


@routine
def couple(plan: SurvivalModelPlan, words: Words, n: int) -> None:
    """Make the words of death those that are correlated with the words of progression."""
    stay_apart()
    event, death = EVENT * words.size, DEATH * words.size
    for i in range(n):
        one, other = words.values[event + i], words.values[death + i]
        words.values[death + i] = coupled_word(plan.copula, one, other)


@part
def fill(days: ShortColumn, first: int, n: int) -> None:
    """Write down that something never happens to some patients."""
    for number in range(first, first + n):
        days[number] = NEVER
