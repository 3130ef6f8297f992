"""Who the patients of a survival trial are and what happens to them, in the batch engine."""

from __future__ import annotations

from simulate.compiled import part, routine, stay_apart
from simulate.distributions import NEVER, ShortColumn
from simulate.engines.batch.survival_work import (
    PATIENTS_AT_ONCE,
    SurvivalWork,
    Words,
    look_up_entities,
    word_of,
)
from simulate.guided import SHIFT
from simulate.patient.baseline import baseline_level
from simulate.patient.survival import (
    COPULA,
    DEATH,
    DEATH_AFTER,
    DROPOUT,
    EVENT,
    ILLNESS_DEATH,
    SINGLE_OS,
    SurvivalModelPlan,
    before_death,
    coupled_word,
    death_of_either_kind,
    row_of,
    transition_day,
)
from simulate.streams import Purpose
from simulate.survival_ledger import SurvivalLedger
from simulate.survival_plan import SurvivalPlan

_BASELINE = int(Purpose.BASELINE)
_SURVIVAL = int(Purpose.SURVIVAL)


@routine
def draw_cells(
    plan: SurvivalPlan, work: SurvivalWork, ledger: SurvivalLedger, seed: int, replicate: int
) -> None:
    """Draw the baseline variables of every patient: the cell and the stratum."""
    stay_apart()
    own = work.baseline
    for first in range(0, ledger.n[0], PATIENTS_AT_ONCE):
        size = min(PATIENTS_AT_ONCE, ledger.n[0] - first)
        for slot in range(len(own.blocks)):
            at = slot * PATIENTS_AT_ONCE
            look_up_entities(
                own.words, at, seed, replicate, _BASELINE, own.blocks[slot], first, size
            )
        for i in range(size):
            cell = draw_cell(plan, work, i)
            ledger.cell[first + i] = cell
            ledger.stratum[first + i] = plan.randomisation.stratum_of[cell]


@part
def draw_cell(plan: SurvivalPlan, work: SurvivalWork, i: int) -> int:
    """The cell of a patient, by position among those whose words are at hand."""
    own, cell = work.baseline, 0
    for variable in range(len(own.levels)):
        drawn = word_of(own.words, own.lane[variable], own.slot[variable] + i)
        level = baseline_level(plan.baseline, variable, own.levels, drawn)
        own.levels[variable] = level
        cell = cell + plan.cell_stride[variable] * level
    return cell


@routine
def follow(
    plan: SurvivalModelPlan, work: SurvivalWork, ledger: SurvivalLedger, seed: int, replicate: int
) -> None:
    """Progression, death and dropout of every patient.

    Some patients at a time, transition by transition: short loops go from table to column.
    """
    stay_apart()
    words, rows = work.patient_words, work.rows
    for first in range(0, ledger.n[0], PATIENTS_AT_ONCE):
        n = min(PATIENTS_AT_ONCE, ledger.n[0] - first)
        look_up_entities(words, 0, seed, replicate, _SURVIVAL, 0, first, n)
        for i in range(n):
            number = first + i
            rows[i] = row_of(plan, ledger.arm[number], ledger.cell[number])
        if plan.model == ILLNESS_DEATH or plan.model == COPULA:
            follow_both(plan, work, ledger, first, n)
        elif plan.model == SINGLE_OS:
            look_up_days(plan, words, EVENT, rows, ledger.death_day, first, n)
            fill(ledger.progression_day, first, n)
        else:
            look_up_days(plan, words, EVENT, rows, ledger.progression_day, first, n)
            fill(ledger.death_day, first, n)
        look_up_days(plan, words, DROPOUT, rows, ledger.dropout_day, first, n)


@part
def follow_both(
    plan: SurvivalModelPlan, work: SurvivalWork, ledger: SurvivalLedger, first: int, n: int
) -> None:
    """Progression and death of some patients where a model has both."""
    words, rows, after = work.patient_words, work.rows, work.days_after
    if plan.model == COPULA:
        couple(plan, words, n)
    else:
        look_up_days(plan, words, DEATH_AFTER, rows, after, 0, n)
    look_up_days(plan, words, EVENT, rows, ledger.progression_day, first, n)
    look_up_days(plan, words, DEATH, rows, ledger.death_day, first, n)
    if plan.model == COPULA:
        for number in range(first, first + n):
            death = ledger.death_day[number]
            progression = ledger.progression_day[number]
            ledger.progression_day[number] = before_death(progression, death)
    else:
        for i in range(n):
            progression, alone = ledger.progression_day[first + i], ledger.death_day[first + i]
            ledger.progression_day[first + i] = before_death(progression, alone)
            ledger.death_day[first + i] = death_of_either_kind(progression, alone, after[i])


@routine
def look_up_days(
    plan: SurvivalModelPlan,
    words: Words,
    transition: int,
    rows: ShortColumn,
    days: ShortColumn,
    first: int,
    n: int,
) -> None:
    """Days of one transition of ``n`` patients, into a column from ``first`` on."""
    stay_apart()
    lane = transition * words.size
    for i in range(n):
        drawn = words.values[lane + i] + SHIFT
        days[first + i] = transition_day(plan, transition, rows[i], drawn)


@routine
def couple(plan: SurvivalModelPlan, words: Words, n: int) -> None:
    """Make the words of death those that are correlated with the words of progression."""
    stay_apart()
    event, death = EVENT * words.size, DEATH * words.size
    for i in range(n):
        one, other = words.values[event + i] + SHIFT, words.values[death + i] + SHIFT
        words.values[death + i] = coupled_word(plan.copula, one, other) - SHIFT


@part
def fill(days: ShortColumn, first: int, n: int) -> None:
    """Write down that something never happens to some patients."""
    for number in range(first, first + n):
        days[number] = NEVER
