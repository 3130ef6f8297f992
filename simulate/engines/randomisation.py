"""The randomisation lists of one running trial in SimPy."""

from __future__ import annotations

from simulate.patient.randomisation import (
    RandomisationPlan,
    assign_arm,
    begin_lists,
    new_lists,
    stratum_of,
)
from simulate.plan import with_lists


class RandomisationLists:
    """Gives patients an arm, in the order of their numbers.

    Parameters
    ----------
    plan : RandomisationPlan
        How it is done.
    seed, replicate : int
        Of the trial.
    """

    def __init__(self, plan: RandomisationPlan, seed: int, replicate: int) -> None:
        self._plan = plan
        self._seed, self._replicate = seed, replicate
        self._lists = with_lists(new_lists(plan))
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
        stratum = stratum_of(self._plan, levels)
        address = (self._seed, self._replicate, number)
        return assign_arm(self._plan, self._lists, *address, stratum, site), stratum
