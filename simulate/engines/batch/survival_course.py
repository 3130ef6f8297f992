"""Who the patients of a survival trial are and what happens to them, in the batch engine."""

from __future__ import annotations

from simulate.compiled import part, routine, stay_apart
from simulate.engines.batch.survival_work import (
    PATIENTS_AT_ONCE,
    SurvivalWork,
    look_up_entities,
    word_of,
)
from simulate.patient.baseline import baseline_level
from simulate.patient.survival import (
    DEATH,
    DEATH_AFTER,
    DROPOUT,
    EVENT,
    SurvivalModelPlan,
    course_of,
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
    plan: SurvivalModelPlan,
    work: SurvivalWork,
    ledger: SurvivalLedger,
    seed: int,
    replicate: int,
) -> None:
    """Progression, death and dropout of every patient."""
    stay_apart()
    words = work.patient_words
    for first in range(0, ledger.n[0], PATIENTS_AT_ONCE):
        size = min(PATIENTS_AT_ONCE, ledger.n[0] - first)
        look_up_entities(words, 0, seed, replicate, _SURVIVAL, 0, first, size)
        for i in range(size):
            number = first + i
            arm, cell = ledger.arm[number], ledger.cell[number]
            course = course_of(
                plan,
                arm,
                cell,
                word_of(words, EVENT, i),
                word_of(words, DEATH, i),
                word_of(words, DEATH_AFTER, i),
            )
            ledger.progression_day[number] = course.progression_day
            ledger.death_day[number] = course.death_day
            leaves = transition_day(plan, DROPOUT, arm, cell, word_of(words, DROPOUT, i))
            ledger.dropout_day[number] = leaves
