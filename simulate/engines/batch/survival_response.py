"""Who responds, in the batch engine of survival trials."""

from __future__ import annotations

from simulate.compiled import routine, stay_apart
from simulate.engines.batch.survival_work import (
    PATIENTS_AT_ONCE,
    SurvivalWork,
    look_up_entities,
    word_of,
)
from simulate.patient.response import ResponsePlan, day_of_response, response_word
from simulate.patient.survival import EVENT
from simulate.streams import Purpose
from simulate.survival_ledger import SurvivalLedger

_RESPONSE = int(Purpose.OBJECTIVE_RESPONSE)
_SURVIVAL = int(Purpose.SURVIVAL)


@routine
def respond(
    plan: ResponsePlan, work: SurvivalWork, ledger: SurvivalLedger, seed: int, replicate: int
) -> None:
    """The day on which a response is known of every patient whose other days are there."""
    stay_apart()
    for first in range(0, ledger.n[0], PATIENTS_AT_ONCE):
        n = min(PATIENTS_AT_ONCE, ledger.n[0] - first)
        look_up_entities(work.response_words, 0, seed, replicate, _RESPONSE, 0, first, n)
        if plan.is_coupled == 1:
            look_up_entities(work.patient_words, 0, seed, replicate, _SURVIVAL, 0, first, n)
        for i in range(n):
            event = word_of(work.patient_words, EVENT, i) if plan.is_coupled == 1 else 0
            drawn = response_word(plan, event, word_of(work.response_words, 0, i))
            number = first + i
            ledger.response_day[number] = day_of_response(
                plan,
                ledger.arm[number],
                ledger.cell[number],
                drawn,
                ledger.progression_day[number],
                ledger.death_day[number],
                ledger.dropout_day[number],
            )
