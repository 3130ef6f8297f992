"""What a trial that is not stopped may expect by the end of each trial day, by arm."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simulate.distributions import FloatArray
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.randomisation import Arm
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.sequential.expected import Group, expected_course
from simulate.sequential.noncentrality import Stratum
from simulate.sequential.survival_models import Tabulated
from simulate.theory.accrual import Accrual, accrual_of
from simulate.theory.survival import Cell, Curves, strata_of
from simulate.times import cumulative_hazard

ASSUMED, NULL, DESIGN = "assumed", "null", "design"
"""What is taken to be true: the scenario; no effect; the hazard ratio of the design."""


@dataclass(frozen=True)
class Truth:
    """What is taken to be true of the two arms of a hypothesis.

    Attributes
    ----------
    kind
        ASSUMED: the scenario as it stands. NULL: the experimental arm is like the control arm.
        DESIGN: its hazard is that of the control arm times the hypothesis's design_hazard_ratio.
    hypothesis
        Whose arms; None only where the scenario is assumed.
    """

    kind: str = ASSUMED
    hypothesis: Hypothesis | None = None


AS_ASSUMED = Truth()


class ExpectedTrial:
    """Accrual, survival and expected numbers of a trial, each made when first asked for.

    Parameters
    ----------
    trial : SurvivalTrial
        A checked trial.
    """

    def __init__(self, trial: SurvivalTrial) -> None:
        self.trial = trial
        self.horizon = math.ceil(trial.max_study_duration)
        """Last trial day."""
        self.curves = Curves(trial, self.horizon)
        self._known: dict[tuple[str, Truth], FloatArray] = {}

    @cached_property
    def accrual(self) -> Accrual:
        """Enrolment, were the trial never stopped."""
        return accrual_of(self.trial.enrolment, self.trial.sample_size, self.horizon)

    @cached_property
    def entered(self) -> FloatArray:
        """Expected number of patients enrolled by the end of each trial day."""
        return self.accrual.entered()

    def share(self, arm: str) -> float:
        """Part of all patients who are given an arm."""
        return self.trial.arm(arm).allocation / sum(a.allocation for a in self.trial.arms)

    def events(self, endpoint: str, truth: Truth = AS_ASSUMED) -> FloatArray:
        """Expected number of events known by the end of each trial day, arms by days."""
        key = endpoint, truth
        if key not in self._known:
            cells = self.curves.cells
            groups = [self._group(arm, endpoint, cells, truth) for arm in self.trial.arms]
            self._known[key] = expected_course(groups, self.entered).events
        return self._known[key]

    def at_risk(self, endpoint: str) -> FloatArray:
        """Expected number of patients followed without an event, arms by days."""
        groups = [self._group(arm, endpoint, self.curves.cells) for arm in self.trial.arms]
        return expected_course(groups, self.entered).at_risk

    def compared(self, hypothesis: Hypothesis) -> tuple[Stratum, ...]:
        """The arms of a hypothesis, as its test compares them: by stratum or in one."""
        arms = self.trial.arm(hypothesis.experimental), self.trial.arm(hypothesis.control)
        stratified = hypothesis.test == "stratified_log_rank"
        parts = strata_of(self.trial) if stratified else (self.curves.cells,)
        return tuple(
            Stratum(*(self._group(arm, hypothesis.endpoint, cells) for arm in arms))
            for cells in parts
        )

    def _group(
        self, arm: Arm, endpoint: str, cells: tuple[Cell, ...], truth: Truth = AS_ASSUMED
    ) -> Group:
        """The patients of an arm who are in some of the cells."""
        part = sum(cell.share for cell in cells)
        return Group(
            share=min(self.share(arm.name) * part, 1.0),
            event=_tabulated(self._curve(arm.name, endpoint, cells, truth)),
            dropout=_tabulated(self.dropout(arm.name)),
        )

    def _curve(self, arm: str, endpoint: str, cells: tuple[Cell, ...], truth: Truth) -> FloatArray:
        """Survival, as it is seen, under what is taken to be true."""
        chosen = truth.hypothesis
        if truth.kind == ASSUMED or chosen is None or arm != chosen.experimental:
            return self.curves.mixture(endpoint, arm, cells, seen=True)
        if truth.kind == NULL:
            return self.curves.mixture(endpoint, chosen.control, cells, seen=True)
        if endpoint != chosen.endpoint or chosen.design_hazard_ratio is None:
            return self.curves.mixture(endpoint, arm, cells, seen=True)
        control = self.curves.mixture(endpoint, chosen.control, cells, seen=True)
        return np.asarray(control**chosen.design_hazard_ratio)

    def dropout(self, arm: str) -> FloatArray:
        """Probability of still being followed after each day since randomisation."""
        model = self.trial.survival
        law = model.dropout_by_arm.get(arm, model.dropout)
        if law is None:
            return np.ones(self.horizon + 1)
        return np.asarray(np.exp(-cumulative_hazard(law, np.arange(self.horizon + 1.0))))


def at_day(by_day: FloatArray, day: float) -> float:
    """An expected number between whole days, by interpolation."""
    return float(np.interp(day, np.arange(len(by_day)), by_day))


def _tabulated(curve: FloatArray) -> Tabulated:
    """A curve as a survival model; rounding may not let it rise."""
    return Tabulated(tuple(np.minimum.accumulate(np.append(1.0, curve[1:])).tolist()))
