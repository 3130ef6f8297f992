"""One randomised survival trial in the batch engine, from its first day to its ledger.

A kernel that looks at trials holds a :class:`SurvivalDesk` and calls
:func:`simulate_survival_trial`; then the ledger of the desk is that of the replicate.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import kernel, part
from simulate.distributions import IntArray
from simulate.engines.batch.survival_accrual import enrol
from simulate.engines.batch.survival_arms import randomise
from simulate.engines.batch.survival_course import draw_cells, follow
from simulate.engines.batch.survival_response import respond
from simulate.engines.batch.survival_work import SurvivalWork, survival_work
from simulate.packed import pack, unpacked
from simulate.survival_ledger import (
    SurvivalLedger,
    empty_survival_ledger,
    ledger_columns,
    survival_ledger,
)
from simulate.survival_plan import SurvivalPlan


class SurvivalDesk(NamedTuple):
    """Everything that a thread needs to run one trial after another."""

    plan: SurvivalPlan
    work: SurvivalWork
    ledger: SurvivalLedger


def new_survival_desk(plan: SurvivalPlan) -> SurvivalDesk:
    """Room for one trial at a time."""
    return SurvivalDesk(plan, survival_work(plan), empty_survival_ledger(plan.accrual.sample_size))


@part
def simulate_survival_trial(desk: SurvivalDesk, seed: int, replicate: int) -> None:
    """Simulate one replicate into the ledger of the desk."""
    plan, work, ledger = desk.plan, desk.work, desk.ledger
    enrol(plan.accrual, work, ledger, seed, replicate)
    if len(plan.baseline.variable_ids) > 0:
        draw_cells(plan, work, ledger, seed, replicate)
    randomise(plan.randomisation, work, ledger, seed, replicate)
    follow(plan.survival, work, ledger, seed, replicate)
    if plan.response.exists == 1:
        respond(plan.response, work, ledger, seed, replicate)


@kernel
def run_survival_trials(block: IntArray, seed: int, first: int, n: int) -> int:
    """Simulate some replicates, each over the one before; patients of all of them."""
    desk = unpacked(block, SurvivalDesk)
    patients = 0
    for replicate in range(first, first + n):
        simulate_survival_trial(desk, seed, replicate)
        patients = patients + desk.ledger.n[0]
    return patients


class BatchSurvivalEngine:
    """The compiled engine of one plan.

    Parameters
    ----------
    plan : SurvivalPlan
        The trial as numbers.
    """

    name = "batch"

    def __init__(self, plan: SurvivalPlan) -> None:
        self._desk = new_survival_desk(plan)
        self._packed = pack(self._desk)

    def simulate(self, *, seed: int, replicate: int) -> SurvivalLedger:
        """Run one trial: the whole truth, as a ledger of its own."""
        run_survival_trials(self._packed.block, seed, replicate, 1)
        return survival_ledger(ledger_columns(self._desk.ledger))
