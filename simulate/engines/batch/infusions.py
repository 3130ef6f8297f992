"""Infusions that an adverse event interrupts, in the batch engine."""

from __future__ import annotations

from simulate.compiled import part
from simulate.engines.batch.life import GIVEN, Life
from simulate.ledger import Ledger
from simulate.patient.dosing import share_lost
from simulate.plan import Plan


@part
def interrupt(plan: Plan, life: Life, ledger: Ledger, position: int, infused: int) -> None:
    """Interrupt the infusion of a drug's latest dose; of several times the shortest counts."""
    row, doses = life.drugs.last_dose[position], ledger.doses
    before = doses.infused[row]
    after = min(infused, before)
    if position == plan.disease.intensity_drug:
        lost = share_lost(plan.dosing, position, doses.level[row], before, after)
        life.factors[GIVEN] = life.factors[GIVEN] - lost
    doses.interrupted[row] = 1
    doses.infused[row] = after
