"""Power of a fixed design by Lachin and Foulkes (1986), beside Schoenfeld's.

The log hazard ratio has the variance ``1/d1 + 1/d0`` of the events expected in each arm. Under the
null both arms have the pooled hazard, and another variance. Where Schoenfeld takes one variance for
both hypotheses, here each has its own; the two differ for strong effects.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simulate.sequential.expected import Group, by_day
from simulate.sequential.noncentrality import Stratum, log_rank_at
from simulate.sequential.refusals import between
from simulate.sequential.spending import FloatArray
from simulate.sequential.survival_models import SurvivalModel


@dataclass(frozen=True, slots=True)
class Pooled(SurvivalModel):
    """Both arms under the null hypothesis: the mean of their hazards, by their shares.

    Attributes
    ----------
    arms
        The arms as the alternative has them.
    """

    arms: Stratum

    def cumulative_hazard(self, days: FloatArray) -> FloatArray:
        """Mean of the cumulative hazards of the arms."""
        groups = (self.arms.experimental, self.arms.control)
        total = sum(group.share for group in groups)
        hazards = [group.share * group.event.cumulative_hazard(days) for group in groups]
        return np.asarray(sum(hazards) / total)


def lachin_foulkes_power(
    arms: Stratum, entered: FloatArray, day: int, *, alpha: float = 0.025
) -> float:
    """Power of one look at a calendar day.

    Parameters
    ----------
    arms
        The two arms under the alternative; their hazards should be proportional.
    entered
        Mean number of patients entered by the end of each calendar day, from day 0.
    day
        Calendar day of the look.
    alpha
        One-sided level.

    Returns
    -------
    float
        The level, as for no effect, before an event can be expected in each arm.
    """
    from scipy.special import ndtr, ndtri

    between("alpha", alpha, 0.0, 1.0)
    theory = log_rank_at([arms], entered, day)
    if min(theory.experimental_events, theory.control_events) <= 0.0:
        return alpha
    effect = -math.log(theory.average_hazard_ratio)
    alternative = 1.0 / theory.experimental_events + 1.0 / theory.control_events
    pooled = Pooled(arms)
    groups = (arms.experimental, arms.control)
    null = sum(1.0 / _events(group, pooled, entered, day) for group in groups)
    return float(ndtr((effect + ndtri(alpha) * math.sqrt(null)) / math.sqrt(alternative)))


def _events(group: Group, event: SurvivalModel, entered: FloatArray, day: int) -> float:
    """Events expected of a group, were they to happen as another model says."""
    table = by_day(Group(group.share, event, group.dropout), day)
    return group.share * float(entered[:day][::-1] @ (table.still_in * table.hazard))
