"""The batch engine: one trial as tables, equal to the SimPy engine's in every number."""

from __future__ import annotations

from simulate.engines.batch.trial import new_desk, run_trial
from simulate.errors import SimulateError, UsageError
from simulate.ledger import records_of
from simulate.packed import pack
from simulate.plan import AnyPlan, trial_plan
from simulate.records import TrialRecords


class BatchEngine:
    """The compiled engine of one plan.

    Parameters
    ----------
    plan : Plan or TrialPlan
        The trial as numbers.

    Raises
    ------
    UsageError
        If patients of a site wait for one another: only the SimPy engine runs such a trial.
    """

    name = "batch"

    def __init__(self, plan: AnyPlan) -> None:
        if plan.has_shared_resources:
            raise UsageError(
                "the batch engine cannot run a scenario with resources that patients share; "
                "ask for the engine 'reference' or 'auto'"
            )
        self.plan = plan
        self._desk = new_desk(plan)
        self._packed = pack(self._desk)

    def simulate(self, *, seed: int, replicate: int, log: bool = False) -> TrialRecords:
        """Run one trial: the whole truth up to the plan's horizon.

        Raises
        ------
        UsageError
            If the event log is asked for, which only the SimPy engine keeps.
        SimulateError
            If the trial screens more patients than there is room for.
        """
        if log:
            raise UsageError("the batch engine keeps no event log; ask for the engine 'reference'")
        if not run_trial(self._packed.block, seed, replicate):
            raise SimulateError(f"replicate {replicate} screens more patients than have room")
        return records_of(self._desk.ledger, trial_plan(self.plan).shared.baseline.variable_ids)
