"""When the data of one trial with patients in cycles and scans are cut."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simulate.build_plan import cut_day
from simulate.distributions import NEVER, IntTable
from simulate.ledger import empty_ledger, ledger_of
from simulate.look_samples import (
    SeenPatients,
    arm_rules,
    find_event_days,
    groups_of,
    seen_patients,
)
from simulate.looks.build import look_plan
from simulate.looks.design import LookDesign, more_columns, survival_design
from simulate.looks.plan import LookPlan
from simulate.looks.triggers import Cuts, find_cuts
from simulate.plan import with_lists
from simulate.readings import at_address
from simulate.records import TrialRecords
from simulate.scenario.analyses import Analysis
from simulate.scenario.monitored import patients_of
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.trial import Trial


class Patients(NamedTuple):
    """What the days of looks depend on, beside events."""

    enrolled: IntTable
    """Trial day of each patient's enrolment."""
    group: IntTable
    """Group of each, by which it belongs to subpopulations."""
    n: int
    """How many there are."""


def randomised_design(trial: Trial) -> LookDesign:
    """The looks of a randomised trial with patients in cycles and scans."""
    assert trial.max_study_duration is not None  # the scenario's rules demand it
    return LookDesign(
        analyses=trial.analyses,
        hypotheses=trial.hypotheses,
        estimates=trial.estimates,
        endpoints=trial.endpoint_names,
        arms=tuple(arm.name for arm in trial.arms),
        sample_size=trial.sample_size,
        origin=trial.origin,
        last_day=math.floor(trial.max_study_duration),
        graph=trial.graph,
        alpha=trial.multiplicity.alpha,
        compares_all=bool(trial.is_read or trial.endpoints.named),
        more=tuple(more_columns(trial, switches=bool(trial.switching))),
        rates=tuple(filter(trial.is_rate, trial.endpoint_names)),
        seen_at_scans=tuple(filter(trial.is_seen_at_scans, trial.endpoint_names)),
        patients={each.name: patients_of(trial, each) for each in trial.hypotheses},
        groups=groups_of(trial) if trial.populations else (),
    )


def days_of_looks(
    trial: Trial, records: TrialRecords, *, seed: int, replicate: int
) -> dict[str, int]:
    """Trial day of every data cut of one trial, whatever is decided; by the analysis's name.

    Parameters
    ----------
    trial, records
        The scenario, and one of its trials.
    seed, replicate
        The address of that trial: readers read its scans anew.
    """
    if not trial.arms:
        return {analysis.name: cut_day(trial, analysis) for analysis in trial.analyses}
    plan = look_plan(randomised_design(trial))
    seen = see_trial(trial, records, seed=seed, replicate=replicate)
    patients = Patients(seen.ledger.subjects.enrolment_trial_day, seen.group, records.n_patients)
    return _days(trial.analyses, plan, patients, seen.event_day, seen.stride)


def days_of_survival_looks(
    trial: SurvivalTrial, patients: Patients, event_day: IntTable
) -> dict[str, int]:
    """The same of a trial with plain survival models.

    Parameters
    ----------
    trial
        The scenario.
    patients
        Its patients; their groups are their cells.
    event_day
        The patient's day on which an event is known, endpoint after endpoint.
    """
    plan = look_plan(survival_design(trial))
    return _days(trial.analyses, plan, patients, event_day, patients.n)


def _days(
    analyses: Sequence[Analysis],
    plan: LookPlan,
    patients: Patients,
    event_day: IntTable,
    stride: int,
) -> dict[str, int]:
    """Trial day of every data cut by the analysis's name."""
    triggers, n_looks = plan.triggers, len(analyses)
    cuts = Cuts(
        calendar=np.zeros(triggers.last_day + 2, np.int32),
        due=np.full(len(triggers.kind), NEVER),
        day=np.zeros(n_looks, np.int64),
        is_reached=np.zeros(n_looks, np.int64),
    )
    enrolled, group, n = patients
    find_cuts(triggers, plan.populations, enrolled, group, n, event_day, stride, cuts)
    names = (analysis.name for analysis in analyses)
    return dict(zip(names, np.asarray(cuts.day).tolist(), strict=True))


def see_trial(trial: Trial, records: TrialRecords, *, seed: int, replicate: int) -> SeenPatients:
    """One trial with arms as its looks see it, in lists: calls, later therapy, days of events.

    Parameters
    ----------
    trial, records, seed, replicate
        As of :func:`days_of_looks`.
    """
    nothing = empty_ledger(
        patients=0, screened=0, variables=0, assessments=0, doses=0, events=0, drug_stops=0
    )
    seen = with_lists(seen_patients(arm_rules(trial), nothing, records.n_patients))
    seen = seen._replace(ledger=ledger_of(records))
    at_address(seen.readings, seed=seed, replicate=replicate)
    find_event_days(seen)
    return seen
