"""What ends in the batch engine: one drug, the treatment, the tumour assessments."""

from __future__ import annotations

from simulate import clock
from simulate.compiled import part
from simulate.distributions import NEVER
from simulate.engines.batch.life import (
    ASSESSMENT_STOP,
    DUE,
    STOP_MOMENT,
    STOP_REASON,
    TREATMENT_STOP,
    Life,
)
from simulate.ledger import ADVERSE_EVENTS, DRUG_STOPS, Ledger
from simulate.patient.dosing import DISCONTINUE, HOLD
from simulate.patient.treatment import ADVERSE_EVENT

LEADING = 0
"""Position of the drug whose end is the end of treatment."""


@part
def stop(life: Life, moment: int, reason: int) -> None:
    """Stop the tumour assessments, and treatment if it still goes on."""
    now, day = life.now, moment // clock.PHASES_PER_DAY
    if now[ASSESSMENT_STOP] == NEVER:
        now[ASSESSMENT_STOP] = day
        now[STOP_MOMENT] = moment
    stop_treatment(life, moment, reason)


@part
def stop_treatment(life: Life, moment: int, reason: int) -> None:
    """Stop treatment if it still goes on, and no more: assessments go on."""
    now = life.now
    if now[TREATMENT_STOP] == NEVER:
        now[TREATMENT_STOP] = moment // clock.PHASES_PER_DAY
        now[STOP_REASON] = reason


@part
def stop_drug(life: Life, position: int, moment: int) -> None:
    """Stop a drug for good; the end of the leading drug is the end of treatment."""
    life.now[DUE] = life.now[DUE] & ~(1 << position)
    if position == LEADING:
        stop(life, moment, ADVERSE_EVENT)


@part
def stop_held_drug(
    life: Life, ledger: Ledger, number: int, position: int, day: int, first_row: int
) -> None:
    """Stop a drug whose hold would last too long: the event that holds it discontinues it."""
    events = ledger.adverse_events
    row = ledger.size[ADVERSE_EVENTS] - 1
    while row > first_row and (events.action[row] >> (4 * position + HOLD)) & 1 == 0:
        row = row - 1
    events.action[row] = events.action[row] | (1 << (4 * position + DISCONTINUE))
    stops, at = ledger.drug_stops, ledger.size[DRUG_STOPS]
    stops.patient[at] = number
    stops.position[at] = position
    stops.day[at] = day
    ledger.size[DRUG_STOPS] = at + 1
    stop_drug(life, position, day * clock.PHASES_PER_DAY + clock.DOSE)


@part
def is_due(life: Life, position: int) -> bool:
    """Whether a drug is still to be given."""
    return (life.now[DUE] >> position) & 1 == 1
