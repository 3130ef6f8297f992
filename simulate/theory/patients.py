"""What a randomised trial with patients in cycles and scans may expect, as far as formulas go.

Survival by arm is latent: every event counts on its day, seen or not, and nobody is lost. Trials
see events later, at scans, and not all of them; so looks come somewhat later than is said here.
Enrolment is the mean of some simulated ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from simulate.build_arms import arms_of, build_trial_plan
from simulate.distributions import FloatArray
from simulate.errors import UsageError
from simulate.latent_truth import LatentTruth, has_formula, latent_truth
from simulate.look_samples import groups_of
from simulate.scenario.populations import population_of, share_of
from simulate.scenario.scenario import Scenario
from simulate.theory.course import Expected
from simulate.theory.forecast import Forecast, forecast


class ExpectedPatients(Expected):
    """Expected numbers of a randomised trial with patients in cycles and scans.

    Parameters
    ----------
    scenario : Scenario
        A checked scenario with arms.

    Raises
    ------
    UsageError
        If the survival of its patients has no formula.
    """

    trial: Scenario

    def __init__(self, scenario: Scenario) -> None:
        super().__init__()
        assert scenario.max_study_duration is not None  # the scenario's rules demand it
        self.trial = scenario
        self.horizon = math.floor(scenario.max_study_duration)
        self._plans = arms_of(build_trial_plan(scenario))
        if not all(has_formula(plan) for plan in self._plans):
            raise UsageError(
                f"{scenario.path}: theory needs survival by formula, and there is none where "
                "prognostic factors or the dose change the hazards of single patients. Plan with "
                "plain survival models, such as a copy of scenarios/generic_two_arm.yaml"
            )

    @cached_property
    def _truths(self) -> tuple[LatentTruth, ...]:
        return tuple(latent_truth(plan) for plan in self._plans)

    @cached_property
    def _enrolment(self) -> Forecast:
        return forecast(self._plans[0].enrolment, seed=self.trial.seed)

    @cached_property
    def entered(self) -> FloatArray:
        """Expected number of patients enrolled by the end of each trial day."""
        per_day = np.zeros(self.horizon + 1)
        known = self._enrolment.per_day[: self.horizon + 1]
        per_day[: len(known)] = known
        return np.cumsum(per_day)

    def day_enrolled(self, number: int) -> float:
        """Mean day on which so many patients are enrolled; infinite if it is mostly never."""
        reached = [days[number - 1] for days in self._enrolment.days if len(days) >= number]
        if 2 * len(reached) < len(self._enrolment.days):
            return math.inf
        return float(np.mean(reached))

    def in_study(self, arm: str) -> FloatArray:
        """Nobody is lost."""
        del arm
        return np.ones(self.horizon + 1)

    def _cells(self) -> tuple[tuple[int, ...], ...]:
        """One stratum: survival does not depend on what patients are at baseline."""
        return (tuple(range(len(self._levels))),)

    @cached_property
    def _levels(self) -> tuple[dict[str, str], ...]:
        return groups_of(self.trial)

    @cached_property
    def _weights(self) -> FloatArray:
        groups = [{name: (level,) for name, level in each.items()} for each in self._levels]
        return np.array([share_of(self.trial.baseline, population_of(each)) for each in groups])

    def _weight(self, cells: Sequence[int]) -> float:
        return float(self._weights[list(cells)].sum())

    def _rate(self, arm: str, cells: Sequence[int]) -> float:
        """Probability of a latent response, of which scans confirm somewhat less."""
        del cells
        names = [each.name for each in self.trial.arms]
        return self.trial.arm_trials[names.index(arm)].disease.response.probability

    def _mixture(self, endpoint: str, arm: str, cells: Sequence[int], *, seen: bool) -> FloatArray:
        """Latent survival of all patients of an arm."""
        del cells, seen
        place = [each.name for each in self.trial.arms].index(arm)
        truth = self._truths[place]
        return np.asarray(
            (truth.os if self.trial.event_of(endpoint) == "OS" else truth.pfs)[: self.horizon + 1]
        )
