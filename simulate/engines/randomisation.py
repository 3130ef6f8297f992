"""Randomisation of one running trial in SimPy: patients are given an arm as they are enrolled."""

from __future__ import annotations

from simulate.patient.allotment import AllotmentPlan, allot, begin_lists, cell_of, new_lists
from simulate.plan import with_lists


class Randomisation:
    """Gives patients an arm, in the order of their numbers.

    Parameters
    ----------
    plan : AllotmentPlan
        How it is done.
    seed, replicate : int
        Of the trial.
    """

    def __init__(self, plan: AllotmentPlan, seed: int, replicate: int) -> None:
        self._plan = plan
        self._address = seed, replicate
        self._lists = with_lists(new_lists(plan.randomisation))
        begin_lists(self._lists)

    def assign(self, number: int, site: int, levels: list[int]) -> tuple[int, int]:
        """Position of a patient's arm, and the stratum.

        Parameters
        ----------
        number : int
            The patient's number.
        site : int
            Position of the site.
        levels : list of int
            Baseline levels.
        """
        plan, cell = self._plan.randomisation, cell_of(self._plan, levels)
        if len(plan.allocation) == 1:
            return 0, 0
        arm = allot(plan, self._lists, *self._address, number, cell, site)
        return arm, plan.stratum_of[cell]
