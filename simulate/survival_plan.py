"""A randomised survival trial flattened into numbers: the only thing its engines ever read."""

from __future__ import annotations

from typing import NamedTuple

from simulate.distributions import IntTable
from simulate.patient.accrual import AccrualPlan
from simulate.patient.baseline import BaselinePlan
from simulate.patient.randomisation import RandomisationPlan
from simulate.patient.response import ResponsePlan
from simulate.patient.survival import SurvivalModelPlan


class SurvivalPlan(NamedTuple):
    """One randomised trial with plain survival models, as tables of whole numbers and floats."""

    accrual: AccrualPlan
    baseline: BaselinePlan
    """The variables that decide on a patient's cell, and those that they depend on."""
    cell_stride: IntTable
    """What a level of each variable counts in the number of the cell; 0 if it makes none."""
    randomisation: RandomisationPlan
    survival: SurvivalModelPlan
    response: ResponsePlan
    horizon: int
    """Last trial day that an engine simulates: the trial's longest duration."""

    @property
    def n_arms(self) -> int:
        """Number of arms."""
        return len(self.randomisation.allocation)
