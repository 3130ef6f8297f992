"""When the data of one trial with patients in cycles and scans are cut."""

from __future__ import annotations

import math

import numpy as np

from simulate.build_plan import cut_day
from simulate.distributions import NEVER
from simulate.ledger import empty_ledger, ledger_of
from simulate.look_samples import arm_rules, find_event_days, groups_of, seen_patients
from simulate.looks.build import look_plan
from simulate.looks.design import LookDesign, reader_columns
from simulate.looks.triggers import Cuts, find_cuts
from simulate.plan import with_lists
from simulate.readings import at_address
from simulate.records import TrialRecords
from simulate.scenario.monitored import patients_of
from simulate.scenario.trial import Trial


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
        more=tuple(reader_columns(trial)),
        rates=tuple(filter(trial.is_rate, trial.endpoint_names)),
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
    triggers = plan.triggers
    nothing = empty_ledger(
        patients=0, screened=0, variables=0, assessments=0, doses=0, events=0, drug_stops=0
    )
    n = records.n_patients
    seen = with_lists(seen_patients(arm_rules(trial), nothing, n))
    seen = seen._replace(ledger=ledger_of(records))
    at_address(seen.readings, seed=seed, replicate=replicate)
    find_event_days(seen)
    n_looks = len(trial.analyses)
    cuts = Cuts(
        calendar=np.zeros(triggers.last_day + 2, np.int32),
        due=np.full(len(triggers.kind), NEVER),
        day=np.zeros(n_looks, np.int64),
        is_reached=np.zeros(n_looks, np.int64),
    )
    enrolled = seen.ledger.subjects.enrolment_trial_day
    find_cuts(
        triggers, plan.populations, enrolled, seen.group, n, seen.event_day, seen.stride, cuts
    )
    names = (analysis.name for analysis in trial.analyses)
    return dict(zip(names, np.asarray(cuts.day).tolist(), strict=True))
