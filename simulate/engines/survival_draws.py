"""All words that the patients of a survival trial may need, looked up before it starts."""

from __future__ import annotations

from dataclasses import dataclass

from simulate.engines.draws import WordList, blocks
from simulate.streams import Purpose, words
from simulate.survival_plan import SurvivalPlan


@dataclass(frozen=True, slots=True)
class SurvivalDraws:
    """The words of one patient, by purpose; index into a list to ask for one."""

    survival: WordList
    randomisation: WordList
    baseline: WordList
    switch: int
    response: int


def draw_survival_patients(plan: SurvivalPlan, *, seed: int, replicate: int) -> list[SurvivalDraws]:
    """The words of every patient number that the trial may enrol."""
    n_blocks = blocks(max(plan.baseline.variable_ids, default=-1) + 1)
    layout = [
        *((Purpose.SURVIVAL, 1), (Purpose.RANDOMISATION, 1), (Purpose.SWITCH, 1)),
        (Purpose.OBJECTIVE_RESPONSE, 1),
        (Purpose.BASELINE, n_blocks),
    ]
    table = words(seed, range(plan.accrual.sample_size), replicate, layout).tolist()
    return [SurvivalDraws(row[:4], row[4:8], row[16:], row[8], row[12]) for row in table]
