"""All words that one trial may need, looked up before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from simulate.plan import Plan
from simulate.streams import Purpose, unit_exponentials, words

WordList = list[int]


@dataclass(frozen=True, slots=True)
class PatientDraws:
    """The words of one patient, by purpose; index into a list to ask for one."""

    baseline: WordList
    baseline_scan: WordList
    response: WordList
    progression: WordList
    death_without_progression: WordList
    death_after_progression: WordList
    withdrawal: WordList
    last_contact: WordList
    visit_day: WordList
    visit_missed: WordList
    clinical_progression: WordList
    planned_cycles: WordList
    delay_mean: WordList
    withdrawal_cause: WordList
    reading: WordList
    """Two words of the investigator, if the investigator errs."""
    switch: WordList
    delay: list[float]
    """Unit exponentials of the words, by cycle."""


def blocks(n_words: int) -> int:
    """Blocks of four words that hold indices 0 to n_words - 1."""
    return (n_words + 3) // 4


def most_cycles(plan: Plan) -> int:
    """Cycles that can begin before the horizon, none of them delayed."""
    return plan.horizon // plan.treatment.cycle_length + 1


def patient_layout(plan: Plan) -> list[tuple[int, int]]:
    """Purposes of a patient and the blocks of each, in the order of :class:`PatientDraws`."""
    visits = blocks(len(plan.assessment.nominal_days))
    cycles = blocks(most_cycles(plan) + 2)
    return [
        (Purpose.BASELINE, blocks(max(plan.baseline.variable_ids, default=0) + 1)),
        (Purpose.BASELINE_SCAN, 1),
        (Purpose.RESPONSE, 1),
        (Purpose.PROGRESSION, 1),
        (Purpose.DEATH_WITHOUT_PROGRESSION, 1),
        (Purpose.DEATH_AFTER_PROGRESSION, 1),
        (Purpose.WITHDRAWAL, 1),
        (Purpose.LAST_CONTACT, 1),
        (Purpose.VISIT_DAY, visits),
        (Purpose.VISIT_MISSED, visits),
        (Purpose.CLINICAL_PROGRESSION, 1),
        (Purpose.PLANNED_CYCLES, blocks(max(plan.treatment.drug_ids) + 1)),
        (Purpose.DELAY_MEAN, 1),
        (Purpose.WITHDRAWAL_CAUSE, 1),
        (Purpose.DELAY, cycles),
    ]


def draw_patients(arms: Sequence[Plan], *, seed: int, replicate: int) -> list[PatientDraws]:
    """The words of every patient number that the trial may enrol, whichever arm it gets."""
    layouts = [patient_layout(plan) for plan in arms]
    layout = [(of_arms[0][0], max(n for _, n in of_arms)) for of_arms in zip(*layouts, strict=True)]
    delays = layout.pop()
    layout += [(Purpose.READING, blocks(most_reading(arms))), (Purpose.SWITCH, 1), delays]
    table = words(seed, range(arms[0].enrolment.n_patients), replicate, layout)
    bounds = [0, *accumulate(4 * n_blocks for _, n_blocks in layout[:-1])]
    by_purpose = [table[:, start:end].tolist() for start, end in pairwise(bounds)]
    exponentials = unit_exponentials(table[:, bounds[-1] :]).tolist()
    return [PatientDraws(*row) for row in zip(*by_purpose, exponentials, strict=True)]


def most_reading(arms: Sequence[Plan]) -> int:
    """Words of readers up to those of the investigator; none where the investigator never errs."""
    return max(own.investigator.errs * (own.investigator.first_word + 2) for own in arms)
