"""What the analysis of one data cut needs to know, as numbers: built once, read by the rules.

Every section of the analysis writes its numbers one after the other into *slots*. Where a slot
stands in the row of a replicate, and in which unit, is looked up by its name when the plan is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from simulate.analysis.baseline_counts import BaselineRules, baseline_rules, baseline_slots
from simulate.analysis.counting import SurvivalRules
from simulate.analysis.curves import BINS, GRID_STEP, curve_grid
from simulate.analysis.disposition import ENROLMENT_SLOTS, TREATMENT_SLOTS
from simulate.analysis.drugs import WAIT_SLOTS, drug_slots
from simulate.analysis.incidence import IncidenceRules, incidence_rules, incidence_slots
from simulate.analysis.product_limit import normal_quantile
from simulate.analysis.response import RESPONSE_SLOTS, ExactLimits, exact_limits
from simulate.analysis.row import all_statistics, statistic_names, subgroup_columns
from simulate.analysis.single_arm_plan import SingleArmRules, single_arm_rules, single_arm_slots
from simulate.analysis.subgroups import GroupRules, group_rules
from simulate.analysis.survival import OUTCOME_SLOTS, CurveRules, survival_slots
from simulate.build_plan import cut_day
from simulate.distributions import IntTable
from simulate.endpoints import EndpointRules, endpoint_rules
from simulate.exposure import DrugRules, drug_rules
from simulate.scenario.analyses import Analysis
from simulate.scenario.trial import Trial

__all__ = ["AnalysisPlan", "analysis_plan", "statistic_names", "subgroup_columns"]


class Sections(NamedTuple):
    """First slot of each section, and where every slot goes."""

    enrolment: int
    response: int
    survival: int
    outcome: int
    treatment: int
    drugs: int
    waits: int
    incidence: int
    baseline: int
    subgroups: int
    single_arm: int
    column: IntTable
    """Place of each slot in the row of a replicate; -1 if the scenario has no such statistic."""
    months: IntTable
    """Places in the row of what is read in months; all rules give days."""


class AnalysisPlan(NamedTuple):
    """One analysis of a scenario; all analyses of it have the same types."""

    cut_day: int
    """Trial day at whose end the data are cut."""
    n_columns: int
    """Numbers in the row of a replicate."""
    has_resources: int
    """1 if doses can wait for what patients share."""
    endpoints: EndpointRules
    survival: SurvivalRules
    limits: ExactLimits
    curves: CurveRules
    drugs: DrugRules
    incidence: IncidenceRules
    baseline: BaselineRules
    groups: GroupRules
    single_arm: SingleArmRules
    sections: Sections


def analysis_plan(trial: Trial, analysis: Analysis) -> AnalysisPlan:
    """The plan of one analysis of a scenario, its tables as arrays."""
    day, endpoints = cut_day(trial, analysis), trial.endpoints
    shares = np.arange(trial.sample_size + 1) / trial.sample_size
    return AnalysisPlan(
        cut_day=day,
        n_columns=len(statistic_names(trial)),
        has_resources=int(trial.resources is not None),
        endpoints=endpoint_rules(trial),
        survival=SurvivalRules(
            z=normal_quantile(endpoints.confidence),
            landmarks=np.array(endpoints.landmarks, np.float64),
        ),
        limits=exact_limits(trial.sample_size, endpoints.confidence),
        curves=CurveRules(
            step=GRID_STEP,
            n_points=len(curve_grid(day)),
            bins=BINS,
            enrolled_level=np.rint(shares * BINS).astype(np.int64),
        ),
        drugs=drug_rules(trial),
        incidence=incidence_rules(trial),
        baseline=baseline_rules(trial),
        groups=group_rules(trial),
        single_arm=single_arm_rules(trial),
        sections=_sections(trial),
    )


def _sections(trial: Trial) -> Sections:
    sections: dict[str, Iterable[str]] = {
        "enrolment": ENROLMENT_SLOTS,
        "response": RESPONSE_SLOTS,
        "survival": survival_slots(trial),
        "outcome": OUTCOME_SLOTS,
        "treatment": TREATMENT_SLOTS,
        "drugs": drug_slots(trial),
        "waits": WAIT_SLOTS,
        "incidence": incidence_slots(trial),
        "baseline": baseline_slots(trial),
        "subgroups": subgroup_columns(trial),
        "single_arm": single_arm_slots(trial),
    }
    slots = [name for names in sections.values() for name in names]
    starts = accumulate((len(tuple(names)) for names in sections.values()), initial=0)
    place = {name: i for i, name in enumerate(statistic_names(trial))}
    months = [name for name, s in all_statistics(trial).items() if s.unit == "months"]
    return Sections(
        **dict(zip(sections, starts, strict=False)),
        column=np.array([place.get(name, -1) for name in slots], np.int64),
        months=np.array([place[name] for name in months], np.int64),
    )
