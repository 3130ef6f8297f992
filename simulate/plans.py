"""The plans of a trial's replicates: the same for all, or one a posterior draw."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from threading import Lock

from simulate.build_arms import build_trial_plan, rebuilt_trial_plan
from simulate.plan import AnyPlan
from simulate.scenario.drawn import checked_trial_of_draw
from simulate.scenario.trial import Trial

KEPT = 16
"""Plans of draws that are kept, of one or two megabytes each.

Enough for threads that work their way through the draws side by side.
"""


class Plans:
    """Gives the plan of every replicate; plans of draws are built when they are asked for.

    Parameters
    ----------
    trial : Trial
        The scenario.
    """

    def __init__(self, trial: Trial) -> None:
        self.point = build_trial_plan(trial)
        """The plan at the point; of all replicates if there are no draws."""
        self._trial = trial
        self._kept = lru_cache(maxsize=KEPT)(self._build)
        self._lock = Lock()

    def of(self, replicate: int) -> AnyPlan:
        """The plan of a replicate."""
        draw = self._trial.draw_of(replicate)
        return self.point if draw is None else self.of_draw(draw)

    def of_draw(self, draw: int) -> AnyPlan:
        """The plan of a draw; several threads that ask for it at once wait for one of them.

        Raises
        ------
        ScenarioError
            If the draw has a value that the scenario cannot have.
        """
        with self._lock:
            return self._kept(draw)

    def by_draw(self, replicates: range) -> Iterator[tuple[int, range]]:
        """Draws in order, each with those of the given replicates that take it."""
        draws = self._trial.draws
        assert draws is not None  # else all replicates have the plan of the point
        firsts = {first % draws.n: first for first in replicates[: draws.n]}
        for draw, first in sorted(firsts.items()):
            yield draw, range(first, replicates.stop, draws.n)

    def _build(self, draw: int) -> AnyPlan:
        draws = self._trial.draws
        assert draws is not None  # there is one of this number
        drawn = checked_trial_of_draw(self._trial, draws, draw)
        return rebuilt_trial_plan(self.point, self._trial, drawn)
