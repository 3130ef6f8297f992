"""From the scenario of a randomised survival trial to the plan that its engines read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise, product

import numpy as np

from simulate.build_plan import baseline_plan
from simulate.distributions import FloatArray, IntArray
from simulate.errors import UsageError
from simulate.guided import MOST_NUMBERS
from simulate.patient.accrual import AccrualPlan
from simulate.patient.baseline import BaselinePlan
from simulate.patient.randomisation import BLOCKS, MINIMISATION, SIMPLE, RandomisationPlan
from simulate.patient.response import ResponsePlan
from simulate.patient.survival import COPULA, ILLNESS_DEATH, SINGLE_OS, SINGLE_PFS, Copula
from simulate.scenario.assessment import CalendarRow, planned_days
from simulate.scenario.baseline import LevelsVariable
from simulate.scenario.recruitment import AccrualRow, Region
from simulate.scenario.rules_of_survival import variables_that_matter
from simulate.scenario.survival_model import CopulaModel, SingleModel
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.survival_hazards import Hazards
from simulate.survival_plan import SurvivalPlan
from simulate.survival_responses import response_words
from simulate.survival_tables import (
    accrual_plan,
    copula,
    randomisation_plan,
    survival_model_plan,
)

_METHODS = {"blocks": BLOCKS, "simple": SIMPLE, "minimisation": MINIMISATION}


def build_survival_plan(trial: SurvivalTrial) -> SurvivalPlan:
    """Flatten a scenario's trial into the tables that engines read.

    Raises
    ------
    UsageError
        If the trial may last longer than tables of days can be.
    """
    horizon = math.floor(trial.max_study_duration)
    if horizon >= MOST_NUMBERS:
        raise UsageError(
            f"max_study_duration must be less than {MOST_NUMBERS} days (given: {horizon} days)"
        )
    cells = all_cells(trial)
    hazards, arms = Hazards(trial, horizon), trial.arms
    model, (baseline, cell_stride) = trial.survival, build_baseline(trial)
    return SurvivalPlan(
        accrual=_accrual(trial, horizon),
        baseline=baseline,
        cell_stride=cell_stride,
        randomisation=_randomisation(trial, cells),
        survival=survival_model_plan(
            model=_model(trial),
            n_arms=len(arms),
            n_cells=len(cells),
            hazard=lambda transition, arm, cell: hazards.of(
                transition, arms[arm].name, cells[cell]
            ),
            correlation=model.correlation if isinstance(model, CopulaModel) else 0.0,
            switching=[]
            if trial.switches_at_call  # that is found where scans are read
            else [switching_of(trial, arm.name) for arm in arms],
        ),
        response=_response(trial, cells),
        horizon=horizon,
    )


def _response(trial: SurvivalTrial, cells: list[dict[str, str]]) -> ResponsePlan:
    model = trial.survival.response
    if model is None:
        nothing = np.zeros(1)
        return ResponsePlan(0, 0, 1, np.zeros(1, np.int64), 0, Copula(0.0, 1.0, nothing, nothing))
    return ResponsePlan(
        exists=1,
        evaluable_day=model.evaluable_after,
        n_cells=len(cells),
        responds_from=response_words(trial, [arm.name for arm in trial.arms], cells),
        is_coupled=int(model.correlation != 0.0),
        copula=copula(model.correlation),
    )


def switching_of(trial: SurvivalTrial, arm: str) -> tuple[float, int]:
    """Probability of a change of treatment after progression in an arm, and its delay in days."""
    found = [each for each in trial.survival.switching if each.arm == arm]
    return (found[0].probability, math.ceil(found[0].delay)) if found else (0.0, 0)


def _model(trial: SurvivalTrial) -> int:
    model = trial.survival
    if isinstance(model, SingleModel):
        return SINGLE_PFS if model.endpoint == "PFS" else SINGLE_OS
    return COPULA if isinstance(model, CopulaModel) else ILLNESS_DEATH


def scan_days(trial: SurvivalTrial, last_day: int, arm: str = "") -> IntArray:
    """Days of the scans of an arm since randomisation, up to a day; the first is day 0."""
    calendar = trial.survival.calendar_by_arm.get(arm, trial.survival.calendar)
    return days_of_calendar(calendar, last_day)


def days_of_calendar(calendar: Sequence[CalendarRow], last_day: int) -> IntArray:
    """Days of a calendar up to a day; the first is day 0."""
    return np.array(planned_days(calendar, last_day), np.int64)


# ---- enrolment ------------------------------------------------------------------------------


def regions_in_order(trial: SurvivalTrial) -> list[Region]:
    """The regions by their numbers: that is how engines and ledgers count them, from 0."""
    return sorted(trial.enrolment.all_regions, key=lambda region: region.id)


def _accrual(trial: SurvivalTrial, horizon: int) -> AccrualPlan:
    regions = regions_in_order(trial)
    return accrual_plan(
        sample_size=trial.sample_size,
        region_ids=[region.id for region in regions],
        caps=[region.cap for region in regions],
        daily_means=np.array([daily_means(region.accrual, horizon + 1) for region in regions]),
    )


def daily_means(rows: Sequence[AccrualRow], n_days: int) -> FloatArray:
    """Mean number of arrivals on each trial day: day d is the time from d to d + 1."""
    edges = np.arange(n_days + 1.0)
    means = np.zeros(n_days)
    for row, after in pairwise([*rows, None]):
        assert row is not None  # only the end of the last pair is None
        if after is None:
            means += row.rate * np.diff(np.clip(edges - row.from_, 0.0, None))
            continue
        length = after.from_ - row.from_
        time = np.clip(edges - row.from_, 0.0, length)
        slope = 0.0 if row.to_rate is None else (row.to_rate - row.rate) / length
        means += np.diff(row.rate * time + slope * time**2 / 2.0)
    # the same rate is to give the same table, whatever the last bits of differences are
    return np.round(means, 12)


# ---- baseline and randomisation -------------------------------------------------------------


def _variables(trial: SurvivalTrial) -> list[LevelsVariable]:
    """Variables that matter, and those on which their levels depend, in the scenario's order."""
    needed = set(variables_that_matter(trial))
    chosen: list[LevelsVariable] = []
    for variable in reversed(trial.baseline.variables):  # they depend on earlier ones only
        if variable.name in needed:
            assert isinstance(variable, LevelsVariable)  # numbers have no levels to depend on
            needed |= {name for case in variable.all_cases for name in case.when}
            chosen.insert(0, variable)
    return chosen


def _that_matter(trial: SurvivalTrial) -> list[LevelsVariable]:
    names = variables_that_matter(trial)
    return [variable for variable in _variables(trial) if variable.name in names]


def all_cells(trial: SurvivalTrial) -> list[dict[str, str]]:
    """Levels of the variables that matter, cell by cell; the first variable changes slowest."""
    variables = _that_matter(trial)
    names = [variable.name for variable in variables]
    levels = product(*(variable.level_names for variable in variables))
    return [dict(zip(names, combination, strict=True)) for combination in levels]


def strata_of(trial: SurvivalTrial) -> list[dict[str, str]]:
    """Levels of the strata's variables, stratum by stratum; the first variable changes slowest."""
    levels = {variable.name: variable.level_names for variable in _variables(trial)}
    names = trial.randomisation.strata
    return [
        dict(zip(names, combination, strict=True))
        for combination in product(*(levels[name] for name in names))
    ]


def build_baseline(trial: SurvivalTrial) -> tuple[BaselinePlan, IntArray]:
    """The variables that decide on a cell, and what a level of each counts in its number."""
    strides, stride = {}, 1
    for variable in reversed(_that_matter(trial)):
        strides[variable.name] = stride
        stride *= len(variable.level_names)
    variables = _variables(trial)
    counts = np.array([strides.get(variable.name, 0) for variable in variables], np.int64)
    return baseline_plan(variables), counts


def _randomisation(trial: SurvivalTrial, cells: list[dict[str, str]]) -> RandomisationPlan:
    chosen, strata = trial.randomisation, strata_of(trial)
    coin = chosen.minimisation
    return randomisation_plan(
        method=_METHODS[chosen.method],
        allocation=[arm.allocation for arm in trial.arms],
        stratum_of=[strata.index({n: cell[n] for n in chosen.strata}) for cell in cells],
        n_regions=len(trial.enrolment.all_regions),
        by_region=chosen.by_site,
        block_sizes=chosen.block_sizes,
        factor_levels=list(_factor_levels(trial, cells)),
        probability=0.8 if coin is None else coin.probability,
    )


def _factor_levels(trial: SurvivalTrial, cells: list[dict[str, str]]) -> Iterator[list[int]]:
    """Of each factor of minimisation the level of each cell."""
    levels = {variable.name: variable.level_names for variable in _variables(trial)}
    for name in trial.randomisation.factors:
        yield [levels[name].index(cell[name]) for cell in cells]
