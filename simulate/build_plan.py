"""From a scenario to the plan that engines read: dates become days, distributions become tables."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from simulate.build_reading import investigator_plan, switch_plan
from simulate.build_toxicity import dosing_plan, resource_plan, toxicity_plan
from simulate.distributions import (
    QUANTILE_LEVELS,
    FloatArray,
    IntArray,
    choice_table,
    gamma_quantile_table,
    threshold,
    thresholds,
    truncated_normal_table,
)
from simulate.patient.assessment import FIRST_WATCHED_DAY, AssessmentPlan
from simulate.patient.baseline import BaselinePlan
from simulate.patient.disease import DiseasePlan
from simulate.patient.enrolment import POISSON_GAMMA, POWER, EnrolmentPlan
from simulate.patient.follow_up import FollowUpPlan
from simulate.patient.treatment import TreatmentPlan
from simulate.plan import AnyPlan, Plan
from simulate.scenario.analyses import Analysis
from simulate.scenario.assessment import Assessment
from simulate.scenario.baseline import LevelsVariable, NormalVariable, Variable
from simulate.scenario.disease import PrognosticFactor
from simulate.scenario.enrolment import (
    ActivationDates,
    PoissonGammaAccrual,
    PowerAccrual,
    Sites,
)
from simulate.scenario.follow_up import FollowUp
from simulate.scenario.treatment import Treatment
from simulate.scenario.trial import Trial
from simulate.times import count_table, day_table, time_table

HORIZON_MARGIN = 30
"""Days that an engine goes on after the last data cut."""

_NO_DAYS = np.empty(0, np.int64)
_TODAY = thresholds([1.0])


def build_plan(trial: Trial, *, horizon: int | None = None) -> Plan:
    """Flatten a scenario's trial into the tables that engines read.

    Parameters
    ----------
    trial : Trial
        The scenario.
    horizon : int
        Last trial day to simulate; by default a margin after the last data cut.
    """
    if horizon is None:
        horizon = max(cut_day(trial, analysis) for analysis in trial.analyses) + HORIZON_MARGIN
    parts = {name: build(trial, horizon) for name, (_, build) in _PARTS.items()}
    return Plan(
        **parts,
        investigator=investigator_plan(trial),
        switching=switch_plan(trial),
        horizon=horizon,
    )


def rebuilt_plan(plan: Plan, of: Trial, trial: Trial) -> Plan:
    """The plan of a trial like another one: what is built from equal blocks is taken over.

    Parameters
    ----------
    plan, of : Plan, Trial
        The known plan and its trial.
    trial : Trial
        A trial with the same analyses, such as that of a posterior draw.
    """
    changed = {
        name: build(trial, plan.horizon)
        for name, (blocks, build) in _PARTS.items()
        if not all(_are_equal(*map(attrgetter(block), (of, trial))) for block in blocks)
    }
    return plan._replace(**changed)


def _are_equal(one: object, other: object) -> bool:
    return one is other or one == other


def plan_digest(plan: AnyPlan) -> str:
    """Hash of every table of a plan: equal digests mean equal patients for equal addresses."""
    digest = hashlib.sha256()

    def add(value: Any) -> None:
        if isinstance(value, tuple):
            for part in value:
                add(part)
        elif isinstance(value, np.ndarray):
            digest.update(repr((value.dtype.str, value.shape)).encode() + value.tobytes())
        else:
            digest.update(repr(value).encode())

    add(plan)
    return digest.hexdigest()


def cut_day(trial: Trial, analysis: Analysis) -> int:
    """Trial day of an analysis's data cut."""
    assert analysis.cut.date is not None  # the only trigger there is
    return trial_day(trial, analysis.cut.date)


def trial_day(trial: Trial, date: dt.date) -> int:
    """Trial day of a date."""
    return (date - trial.origin).days


# ---- enrolment --------------------------------------------------------------------------------


def _enrolment(trial: Trial) -> EnrolmentPlan:
    sites, accrual = trial.enrolment.sites, trial.enrolment.accrual
    fixed = _activation_days(trial, sites)
    shared = {
        "n_patients": trial.sample_size,
        "site_ids": np.arange(1, sites.count + 1),
        "activation": _activation_table(sites),
        "activation_days": fixed,
        "site_factor": _site_factor(sites),
        "screening_failure": threshold(trial.enrolment.screening_failure),
    }
    if isinstance(accrual, PowerAccrual):
        return _power(trial, accrual, shared)
    return _poisson_gamma(accrual, shared)


def _power(trial: Trial, accrual: PowerAccrual, shared: dict[str, Any]) -> EnrolmentPlan:
    first, last = trial_day(trial, accrual.first), trial_day(trial, accrual.last)
    span = max(last - first, 1)
    return EnrolmentPlan(
        kind=POWER,
        rate=0.0,
        clock=np.zeros(1),
        arrival_day=thresholds((np.arange(1, span + 1) / span) ** accrual.exponent),
        first_day=first,
        last_day=last,
        **shared,
    )


def _poisson_gamma(accrual: PoissonGammaAccrual, shared: dict[str, Any]) -> EnrolmentPlan:
    last = math.ceil(accrual.window)
    days = np.arange(last + 1.0)
    clock = days.copy()
    for change in accrual.changes:
        clock += (change.factor - 1.0) * np.clip(days - change.from_, 0, change.to - change.from_)
    return EnrolmentPlan(
        kind=POISSON_GAMMA,
        rate=accrual.rate,
        clock=clock,
        arrival_day=_TODAY,
        first_day=0,
        last_day=last,
        **shared,
    )


def _activation_days(trial: Trial, sites: Sites) -> IntArray:
    if not isinstance(sites.activation, ActivationDates):
        return _NO_DAYS
    return np.array([max(0, trial_day(trial, date)) for date in sites.activation.dates])


def _activation_table(sites: Sites) -> IntArray:
    if sites.activation is None or isinstance(sites.activation, ActivationDates):
        return _TODAY
    return day_table(sites.activation)


def _site_factor(sites: Sites) -> FloatArray:
    if sites.rate_shape is None:
        return np.ones(QUANTILE_LEVELS)
    return gamma_quantile_table(mean=1.0, shape=sites.rate_shape)


# ---- the patient ------------------------------------------------------------------------------


def baseline_plan(
    variables: Sequence[Variable], prognostic_factors: Sequence[PrognosticFactor] = ()
) -> BaselinePlan:
    """Lay the variables, their cases, conditions and levels out in flat arrays."""
    names = [variable.name for variable in variables]
    level_names = {v.name: v.level_names for v in variables if isinstance(v, LevelsVariable)}
    case_start, condition_start, level_start = [0], [0], [0]
    conditions: list[tuple[int, int]] = []
    tables: list[IntArray] = []
    for variable in variables:
        cases = _cases(variable)
        for when, table in cases:
            conditions += [
                (names.index(name), sum(1 << level_names[name].index(level) for level in levels))
                for name, levels in when.items()
            ]
            condition_start.append(len(conditions))
            tables.append(table)
            level_start.append(level_start[-1] + len(table))
        case_start.append(case_start[-1] + len(cases))
    starts, levels, ratios = _prognostic(prognostic_factors, names, level_names)
    return BaselinePlan(
        variable_ids=np.array([v.id for v in variables], np.int64),
        case_start=np.array(case_start),
        condition_start=np.array(condition_start),
        condition_variable=np.array([c[0] for c in conditions], np.int64),
        condition_levels=np.array([c[1] for c in conditions], np.int64),
        level_start=np.array(level_start),
        thresholds=np.concatenate(tables) if tables else _NO_DAYS,
        first_value=np.array([_first_value(v) for v in variables], np.int64),
        hazard_ratio_start=starts,
        hazard_ratio_level=levels,
        hazard_ratios=ratios,
    )


def _cases(variable: LevelsVariable | NormalVariable) -> list[tuple[Any, IntArray]]:
    """Conditions and thresholds of each case of a variable."""
    if isinstance(variable, NormalVariable):
        low, high = round(variable.low), round(variable.high)
        table = truncated_normal_table(mean=variable.mean, sd=variable.sd, low=low, high=high)
        return [({}, table)]
    return [
        (case.when, choice_table([case.levels.get(name, 0.0) for name in variable.level_names]))
        for case in variable.all_cases
    ]


def _first_value(variable: LevelsVariable | NormalVariable) -> int:
    return round(variable.low) if isinstance(variable, NormalVariable) else 0


def _prognostic(
    factors: Sequence[PrognosticFactor], names: list[str], level_names: dict[str, tuple[str, ...]]
) -> tuple[IntArray, IntArray, FloatArray]:
    """Prognostic factors, sorted by variable."""
    starts, levels, ratios = [0], [], []
    for name in names:
        for factor in factors:
            if factor.variable == name:
                levels.append(level_names[name].index(factor.level))
                ratios += [factor.progression, factor.death, factor.death_after_progression]
        starts.append(len(levels))
    return np.array(starts), np.array(levels, np.int64), np.array(ratios, float)


def _disease(trial: Trial) -> DiseasePlan:
    disease, drugs = trial.disease, [drug.name for drug in trial.treatment.drugs]
    after, effect = disease.death_after_progression, disease.dose_intensity
    return DiseasePlan(
        responder=threshold(disease.response.probability),
        complete=threshold(disease.response.complete),
        response_time=day_table(disease.response.time),
        intensity_drug=drugs.index(effect.drug) if effect else -1,
        intensity_factor=(
            effect.hazard_ratio_per_10_percent ** (np.arange(101) / 10.0)
            if effect
            else np.ones(101)
        ),
        # no scan comes before its day where patients are watched
        visible_before=0 if trial.assessment.is_continuous else disease.response.visible_before,
        by_response=int(disease.progression.everyone is None),
        progression_responder=time_table(disease.progression.of_responders),
        progression_other=time_table(disease.progression.of_non_responders),
        death_before=time_table(disease.death_without_progression),
        death_after_responder=time_table(after),
        death_after_other=time_table(after, hazard_ratio=disease.non_responder_death_hazard_ratio),
    )


def _treatment(treatment: Treatment) -> TreatmentPlan:
    starts, tables, fewest = [0], [_NO_DAYS], []
    for drug in treatment.drugs:
        least, table = count_table(drug.planned_cycles) if drug.planned_cycles else (0, _NO_DAYS)
        fewest.append(least)
        tables.append(table)
        starts.append(starts[-1] + len(table))
    delay = treatment.delay
    return TreatmentPlan(
        cycle_length=treatment.cycle_length,
        drug_ids=np.array([drug.id for drug in treatment.drugs]),
        delay_mean=(
            np.zeros(QUANTILE_LEVELS)
            if delay is None
            else gamma_quantile_table(mean=delay.mean, shape=delay.shape)
        ),
        cycles_start=np.array(starts),
        cycles=np.concatenate(tables),
        fewest_cycles=np.array(fewest),
    )


def _assessment(assessment: Assessment, horizon: int) -> AssessmentPlan:
    if assessment.is_continuous:
        return _watched(assessment, horizon)
    window, clinical = assessment.window, assessment.clinical_progression
    first, last = clinical.delay if clinical else (0, 0)
    return AssessmentPlan(
        nominal_days=nominal_days(assessment, horizon + window),
        window=window,
        jitter=_jitter(assessment),
        missed=threshold(assessment.missed),
        clinical=threshold(clinical.probability) if clinical else 0,
        clinical_delay=choice_table(np.ones(last - first + 1)),
        clinical_first=first,
        baseline_window=assessment.baseline_window,
        moves_with_cycles=int(assessment.moves_with_cycles),
        continuous=0,
        goes_on=int(not assessment.end_at_call),
    )


def _watched(assessment: Assessment, horizon: int) -> AssessmentPlan:
    """Patients watched day by day: a first assessment, and every progression seen on its day."""
    return AssessmentPlan(
        nominal_days=nominal_days(assessment, horizon),
        window=0,
        jitter=_TODAY,
        missed=threshold(0.0),
        clinical=threshold(1.0),
        clinical_delay=_TODAY,
        clinical_first=0,
        baseline_window=assessment.baseline_window,
        moves_with_cycles=0,
        continuous=1,
        goes_on=0,
    )


def nominal_days(assessment: Assessment, last_day: int) -> IntArray:
    """Planned day of every visit up to a day; index 0, the baseline scan, is on day 0.

    Where patients are watched day by day, the only visit is the first day on which they are.
    """
    if assessment.is_continuous:
        return np.array([0, FIRST_WATCHED_DAY])
    days = [0]
    for row in assessment.calendar:
        until = last_day if row.until is None else row.until
        days += range(days[-1] + row.every, until + 1, row.every)
    return np.array([day for day in days if day <= last_day])


def _jitter(assessment: Assessment) -> IntArray:
    window = assessment.window
    if assessment.jitter_sd == 0.0:
        return thresholds(np.arange(-window, window + 1) >= 0)
    return truncated_normal_table(mean=0.0, sd=assessment.jitter_sd, low=-window, high=window)


def _follow_up(follow_up: FollowUp) -> FollowUpPlan:
    early, lag = follow_up.early_stop, follow_up.last_contact_lag
    first, last = early.days if early else (0, 0)
    return FollowUpPlan(
        withdrawal=day_table(follow_up.withdrawal) if follow_up.withdrawal else _NO_DAYS,
        early_stop=threshold(early.probability) if early else 0,
        early_stop_first=first,
        early_stop_last=last,
        lost=threshold(follow_up.lost_at_withdrawal),
        last_contact_lag=day_table(lag) if lag else _TODAY,
    )


_PARTS: dict[str, tuple[tuple[str, ...], Callable[[Trial, int], Any]]] = {
    "enrolment": (("origin", "sample_size", "enrolment"), lambda trial, _: _enrolment(trial)),
    "baseline": (
        ("baseline", "disease.prognostic_factors"),
        lambda trial, _: baseline_plan(trial.baseline.variables, trial.disease.prognostic_factors),
    ),
    "disease": (("disease", "treatment", "assessment"), lambda trial, _: _disease(trial)),
    "treatment": (("treatment",), lambda trial, _: _treatment(trial.treatment)),
    "dosing": (("treatment", "toxicity"), lambda trial, _: dosing_plan(trial)),
    "toxicity": (("toxicity", "treatment", "follow_up"), lambda trial, _: toxicity_plan(trial)),
    "resources": (("resources", "treatment"), lambda trial, _: resource_plan(trial)),
    "assessment": (
        ("assessment",),
        lambda trial, horizon: _assessment(trial.assessment, horizon),
    ),
    "follow_up": (("follow_up",), lambda trial, _: _follow_up(trial.follow_up)),
}
"""Each part of a plan: the blocks of the scenario that it reads, and how it is built from them."""
