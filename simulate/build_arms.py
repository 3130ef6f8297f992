"""From a scenario to the plan of a whole trial: one plan an arm, and how patients get an arm."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import product

import numpy as np

from simulate.build_plan import HORIZON_MARGIN, build_plan, rebuilt_plan
from simulate.build_reading import investigator_plan, switch_plan
from simulate.distributions import IntArray
from simulate.patient.allotment import AllotmentPlan
from simulate.patient.randomisation import BLOCKS, MINIMISATION, SIMPLE
from simulate.plan import AnyPlan, Plan, TrialPlan, trial_plan
from simulate.scenario.baseline import Baseline, LevelsVariable
from simulate.scenario.trial import Trial
from simulate.survival_tables import randomisation_plan

Cell = tuple[int, ...]
"""Levels of the variables that matter."""

_METHODS = {"blocks": BLOCKS, "simple": SIMPLE, "minimisation": MINIMISATION}


def build_trial_plan(trial: Trial) -> AnyPlan:
    """Flatten a scenario into the tables that engines read: one plan, or one of each arm."""
    if not trial.arms:
        return build_plan(trial)
    assert trial.max_study_duration is not None  # the scenario's rules demand it
    horizon = math.floor(trial.max_study_duration) + HORIZON_MARGIN
    first, *others = trial.arm_trials
    plan = build_plan(first, horizon=horizon)
    plans = (plan, *(rebuilt_plan(plan, first, other) for other in others))
    return TrialPlan(
        arms=tuple(
            own._replace(
                investigator=investigator_plan(trial, arm.name),
                switching=switch_plan(trial, arm.name),
            )
            for own, arm in zip(plans, trial.arms, strict=True)
        ),
        arm_ids=tuple(arm.id for arm in trial.arms),
        allotment=_allotment(trial),
    )


def rebuilt_trial_plan(plan: AnyPlan, of: Trial, trial: Trial) -> AnyPlan:
    """The plan of a trial like another one, such as that of a posterior draw.

    What is built from equal blocks is taken over; randomisation and analyses are the same.

    Parameters
    ----------
    plan, of : Plan or TrialPlan, Trial
        The known plan and its trial.
    trial : Trial
        A trial with the same arms.
    """
    if isinstance(plan, Plan):
        return rebuilt_plan(plan, of, trial)
    known = zip(plan.arms, of.arm_trials, trial.arm_trials, strict=True)
    return plan._replace(arms=tuple(rebuilt_plan(*each) for each in known))


def arms_of(plan: AnyPlan) -> tuple[Plan, ...]:
    """The plan of each arm, of which there may be one."""
    return trial_plan(plan).arms


def _allotment(trial: Trial) -> AllotmentPlan:
    chosen, baseline = trial.randomisation, trial.baseline
    names = [v.name for v in baseline.variables if v.name in (*chosen.strata, *chosen.factors)]
    cells = list(product(*(range(n) for n in _level_counts(baseline, names))))
    plan = randomisation_plan(
        method=_METHODS[chosen.method],
        allocation=[arm.allocation for arm in trial.arms],
        stratum_of=_numbers(baseline, chosen.strata, names, cells),
        n_regions=trial.enrolment.sites.count,
        by_region=chosen.by_site,
        block_sizes=chosen.block_sizes,
        factor_levels=[[cell[names.index(name)] for cell in cells] for name in chosen.factors],
        probability=chosen.minimisation.probability if chosen.minimisation else 0.8,
    )
    return AllotmentPlan(plan, level_strides(baseline, names))


def _level_counts(baseline: Baseline, names: Iterable[str]) -> list[int]:
    """Number of levels of some variables."""
    variables = [baseline.variable(name) for name in names]
    return [len(v.level_names) for v in variables if isinstance(v, LevelsVariable)]


def _numbers(
    baseline: Baseline,
    chosen: Sequence[str],
    names: Sequence[str],
    cells: Sequence[tuple[int, ...]],
) -> list[int]:
    """Number of the combination of the levels of some variables in each cell of all."""
    numbers = []
    for cell in cells:
        number = 0
        for name, count in zip(chosen, _level_counts(baseline, chosen), strict=True):
            number = number * count + cell[names.index(name)]
        numbers.append(number)
    return numbers


def level_strides(baseline: Baseline, names: Sequence[str]) -> IntArray:
    """What a level of each variable counts in the number of a cell: the last one's count 1."""
    strides, stride = dict.fromkeys((v.name for v in baseline.variables), 0), 1
    for name, count in zip(reversed(names), reversed(_level_counts(baseline, names)), strict=True):
        strides[name] = stride
        stride *= count
    return np.array(list(strides.values()), np.int64)
