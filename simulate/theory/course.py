"""What a trial that is not stopped may expect by the end of each trial day, by arm."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from simulate.build_survival_plan import all_cells
from simulate.distributions import FloatArray
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.populations import EVERYBODY, Population, belongs, population_of
from simulate.scenario.randomisation import Arm
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.testing import is_stratified
from simulate.scenario.trial import Trial
from simulate.sequential.expected import Group, expected_course
from simulate.sequential.noncentrality import Stratum
from simulate.sequential.survival_models import Tabulated
from simulate.survival_truth import ArmTruth, cell_weights, truth_by_cell
from simulate.theory.accrual import Accrual, accrual_of

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


class RatesOfStratum(NamedTuple):
    """Response rates of two arms in a stratum."""

    weight: float
    """Part of all patients who belong to it."""
    experimental: float
    control: float


class Expected(ABC):
    """Accrual, survival and expected numbers of a trial of any kind, made when first asked for."""

    trial: SurvivalTrial | Trial
    """The trial."""
    horizon: int
    """Last trial day."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Population, str, str], FloatArray] = {}

    @cached_property
    @abstractmethod
    def entered(self) -> FloatArray:
        """Expected number of patients enrolled by the end of each trial day."""

    @abstractmethod
    def day_enrolled(self, number: int) -> float:
        """Expected day on which so many patients are enrolled; infinite if it is mostly never."""

    @abstractmethod
    def in_study(self, arm: str) -> FloatArray:
        """Probability of still being followed after each day since randomisation."""

    @abstractmethod
    def _cells(self) -> Sequence[Sequence[int]]:
        """Cells of baseline levels that occur, stratum by stratum."""

    @cached_property
    @abstractmethod
    def _levels(self) -> Sequence[Mapping[str, str]]:
        """Levels of each cell, at least of the variables by which subpopulations differ."""

    @abstractmethod
    def _rate(self, arm: str, cells: Sequence[int]) -> float:
        """Response rate of the patients of an arm who are in some of the cells."""

    @abstractmethod
    def _weight(self, cells: Sequence[int]) -> float:
        """Part of all patients who are in some of the cells."""

    @abstractmethod
    def _mixture(self, endpoint: str, arm: str, cells: Sequence[int], *, seen: bool) -> FloatArray:
        """Survival of the patients of an arm who are in some of the cells."""

    def share(self, arm: str) -> float:
        """Part of all patients who are given an arm."""
        return self.trial.arm(arm).allocation / sum(a.allocation for a in self.trial.arms)

    def weight(self, population: Population) -> float:
        """Part of all patients who belong to a subpopulation."""
        return self._weight(self._cells_in(population))

    def survival(
        self, endpoint: str, arm: str, *, seen: bool = False, population: Population = EVERYBODY
    ) -> FloatArray:
        """Probability of no event by the end of each day since randomisation, in an arm.

        Parameters
        ----------
        endpoint : {"PFS", "OS"}
            An endpoint of the model.
        arm : str
            Name of the arm.
        seen : bool
            Whether progression counts when it is seen: at a scan, if the model has scans.
        population : tuple
            Subpopulation.
        """
        return self._mixture(endpoint, arm, self._cells_in(population), seen=seen)

    def survival_under(self, hypothesis: Hypothesis, arm: str, truth: Truth) -> FloatArray:
        """Survival as it is seen, of the patients of an arm whom a hypothesis tests."""
        cells = self._cells_in(population_of(hypothesis.population))
        return np.minimum.accumulate(self._curve(arm, hypothesis.endpoint, cells, truth))

    def events(
        self, endpoint: str, truth: Truth = AS_ASSUMED, population: Population = EVERYBODY
    ) -> FloatArray:
        """Expected number of events known by the end of each trial day, arms by days.

        Of a response rate: patients who are evaluable by then.
        """
        of = "" if truth.hypothesis is None else truth.hypothesis.name
        key = endpoint, population, truth.kind, of
        if key not in self._known:
            cells = self._cells_in(population)
            if self.trial.is_rate(endpoint):
                self._known[key] = self._evaluable(cells)
            else:
                groups = [self._group(arm, endpoint, cells, truth) for arm in self.trial.arms]
                self._known[key] = expected_course(groups, self.entered).events
        return self._known[key]

    def _evaluable(self, cells: Sequence[int]) -> FloatArray:
        """Expected number of patients enrolled long enough by each trial day, arms by days."""
        days = np.arange(len(self.entered)) - self.trial.evaluable_after
        enrolled = np.where(days >= 0, self.entered[np.maximum(days, 0)], 0.0)
        shares = [self.share(arm.name) * self._weight(cells) for arm in self.trial.arms]
        return np.outer(shares, enrolled)

    def rate(self, arm: str, levels: Mapping[str, Sequence[str]]) -> float:
        """Response rate of an arm, in patients with some levels."""
        return self._rate(arm, self._cells_in(population_of(levels)))

    def rates(self, hypothesis: Hypothesis, truth: Truth) -> tuple[RatesOfStratum, ...]:
        """Response rates of the arms of a hypothesis, by stratum or in one, as its test has it."""
        names = hypothesis.experimental, hypothesis.control
        found = []
        for cells in self._strata_of(hypothesis):
            one, other = (self._rate(name, cells) for name in names)
            found.append(
                RatesOfStratum(self._weight(cells), other if truth.kind == NULL else one, other)
            )
        return tuple(found)

    def compared(self, hypothesis: Hypothesis, truth: Truth = AS_ASSUMED) -> tuple[Stratum, ...]:
        """The arms of a hypothesis, as its test compares them: by stratum or in one."""
        arms = self.trial.arm(hypothesis.experimental), self.trial.arm(hypothesis.control)
        return tuple(
            Stratum(*(self._group(arm, hypothesis.endpoint, cells, truth) for arm in arms))
            for cells in self._strata_of(hypothesis)
        )

    def _strata_of(self, hypothesis: Hypothesis) -> Iterator[Sequence[int]]:
        """Cells of the population of a hypothesis, by stratum or in one."""
        stratified = is_stratified(hypothesis.test)
        chosen = self._cells_in(population_of(hypothesis.population))
        for cells in self._cells() if stratified else (self._all_cells(),):
            own = [cell for cell in cells if cell in chosen]
            if own:
                yield own

    def _cells_in(self, population: Population) -> tuple[int, ...]:
        """Cells of the patients who belong to a subpopulation."""
        return tuple(cell for cell in self._all_cells() if belongs(population, self._levels[cell]))

    def _all_cells(self) -> tuple[int, ...]:
        return tuple(cell for cells in self._cells() for cell in cells)

    def _group(
        self, arm: Arm, endpoint: str, cells: Sequence[int], truth: Truth = AS_ASSUMED
    ) -> Group:
        """The patients of an arm who are in some of the cells."""
        return Group(
            share=min(self.share(arm.name) * self._weight(cells), 1.0),
            event=_tabulated(self._curve(arm.name, endpoint, cells, truth)),
            dropout=_tabulated(self.in_study(arm.name)),
        )

    def _curve(self, arm: str, endpoint: str, cells: Sequence[int], truth: Truth) -> FloatArray:
        """Survival, as it is seen, under what is taken to be true of a hypothesis's population."""
        chosen = truth.hypothesis
        if truth.kind == ASSUMED or chosen is None or arm != chosen.experimental:
            return self._mixture(endpoint, arm, cells, seen=True)
        inside = self._cells_in(population_of(chosen.population))
        parts = [[c for c in cells if (c in inside) == is_in] for is_in in (True, False)]
        curves = [
            self._weight(parts[0]) * self._curve_of(arm, endpoint, parts[0], truth, chosen)
            if parts[0]
            else 0.0,
            self._weight(parts[1]) * self._mixture(endpoint, arm, parts[1], seen=True)
            if parts[1]
            else 0.0,
        ]
        return np.asarray((curves[0] + curves[1]) / self._weight(cells))

    def _curve_of(
        self, arm: str, endpoint: str, cells: Sequence[int], truth: Truth, chosen: Hypothesis
    ) -> FloatArray:
        """The same of patients of whom it is taken to be true."""
        if truth.kind == NULL:
            return self._mixture(endpoint, chosen.control, cells, seen=True)
        if endpoint != chosen.endpoint or chosen.design_hazard_ratio is None:
            return self._mixture(endpoint, arm, cells, seen=True)
        control = self._mixture(endpoint, chosen.control, cells, seen=True)
        return np.asarray(control**chosen.design_hazard_ratio)


class ExpectedTrial(Expected):
    """What a trial with plain survival models may expect, exactly.

    Parameters
    ----------
    trial : SurvivalTrial
        A checked trial.
    """

    trial: SurvivalTrial

    def __init__(self, trial: SurvivalTrial) -> None:
        super().__init__()
        self.trial = trial
        self.horizon = math.floor(trial.max_study_duration)
        self._weights = cell_weights(trial)

    @cached_property
    def _by_cell(self) -> tuple[tuple[ArmTruth, ...], ...]:
        return truth_by_cell(self.trial, last_day=self.horizon)

    @cached_property
    def accrual(self) -> Accrual:
        """Enrolment, were the trial never stopped."""
        return accrual_of(self.trial, self.horizon)

    @cached_property
    def entered(self) -> FloatArray:
        """Expected number of patients enrolled by the end of each trial day."""
        return self.accrual.entered()

    def day_enrolled(self, number: int) -> float:
        """Expected day on which so many patients are enrolled; infinite if it is mostly never."""
        return self.accrual.day_reaching(number)

    def in_study(self, arm: str) -> FloatArray:
        """Probability of still being followed after each day since randomisation."""
        return self._by_cell[self._place(arm)][0].in_study

    def _place(self, arm: str) -> int:
        return [each.name for each in self.trial.arms].index(arm)

    def _cells(self) -> tuple[tuple[int, ...], ...]:
        found: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for cell in np.flatnonzero(self._weights).tolist():
            strata = (self._levels[cell][name] for name in self.trial.randomisation.strata)
            found[tuple(strata)].append(cell)
        return tuple(tuple(cells) for cells in found.values())

    @cached_property
    def _levels(self) -> list[dict[str, str]]:
        return all_cells(self.trial)

    def _weight(self, cells: Sequence[int]) -> float:
        return float(self._weights[list(cells)].sum())

    def _rate(self, arm: str, cells: Sequence[int]) -> float:
        model, weights = self.trial.survival.response, self._weights[list(cells)]
        assert model is not None  # a checked scenario compares what its model gives
        rates = [model.rate_of(arm, self._levels[cell]) for cell in cells]
        return float(weights @ np.array(rates) / weights.sum())

    @property
    def evaluable_after(self) -> int:
        """Days from enrolment from which on a patient counts in a response rate."""
        model = self.trial.survival.response
        return 0 if model is None else model.evaluable_after

    def _mixture(self, endpoint: str, arm: str, cells: Sequence[int], *, seen: bool) -> FloatArray:
        """Survival of the patients of an arm who are in some of the cells."""
        weights = self._weights[list(cells)]
        by_cell, event = self._by_cell[self._place(arm)], self.trial.event_of(endpoint)
        seen = seen and not self.trial.is_latent(endpoint)
        curves = np.array([_curve_of(by_cell[cell], event, seen=seen) for cell in cells])
        return np.asarray(weights @ curves / weights.sum())


def _curve_of(truth: ArmTruth, endpoint: str, *, seen: bool) -> FloatArray:
    curve = truth.os if endpoint == "OS" else truth.pfs_seen if seen else truth.pfs
    assert curve is not None  # a checked scenario names endpoints that its model gives
    return curve


def at_day(by_day: FloatArray, day: float) -> float:
    """An expected number between whole days, by interpolation."""
    return float(np.interp(day, np.arange(len(by_day)), by_day))


def _tabulated(curve: FloatArray) -> Tabulated:
    """A curve as a survival model; rounding may not let it rise."""
    return Tabulated(tuple(np.minimum.accumulate(np.append(1.0, curve[1:])).tolist()))
