"""The scenario flattened into numbers: the only thing an engine ever reads.

A trial of several arms has a plan for each arm. They differ in the rules of the patients; who comes
and when, and until when is simulated, is the same in all.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np

from simulate.patient.allotment import AllotmentPlan, without_allotment
from simulate.patient.assessment import AssessmentPlan
from simulate.patient.baseline import BaselinePlan
from simulate.patient.disease import DiseasePlan
from simulate.patient.dosing import DosingPlan
from simulate.patient.enrolment import EnrolmentPlan
from simulate.patient.follow_up import FollowUpPlan
from simulate.patient.reading import InvestigatorPlan
from simulate.patient.resources import ResourcePlan
from simulate.patient.switching import SwitchPlan
from simulate.patient.toxicity import ToxicityPlan
from simulate.patient.treatment import TreatmentPlan

ONLY_ARM = 1
"""Permanent number of the arm of a trial that has no other."""


class Plan(NamedTuple):
    """One trial, or one arm of it, as tables of whole numbers and floats."""

    enrolment: EnrolmentPlan
    baseline: BaselinePlan
    disease: DiseasePlan
    treatment: TreatmentPlan
    dosing: DosingPlan
    toxicity: ToxicityPlan
    resources: ResourcePlan
    assessment: AssessmentPlan
    follow_up: FollowUpPlan
    investigator: InvestigatorPlan
    switching: SwitchPlan
    horizon: int
    """Last trial day that an engine simulates."""

    @property
    def has_shared_resources(self) -> bool:
        """Whether patients of a site wait for one another."""
        return self.resources.slots > 0 or any(self.resources.is_limited)


class TrialPlan(NamedTuple):
    """A trial of one or more arms."""

    arms: tuple[Plan, ...]
    """The plan of each arm, by position."""
    arm_ids: tuple[int, ...]
    """Permanent number of each arm."""
    allotment: AllotmentPlan
    """Which patient gets which arm."""

    @property
    def shared(self) -> Plan:
        """What all arms have in common: read only enrolment, baseline, resources and horizon."""
        return self.arms[0]

    @property
    def has_shared_resources(self) -> bool:
        """Whether patients of a site wait for one another."""
        return self.shared.has_shared_resources


AnyPlan = Plan | TrialPlan
"""A trial of one arm is told by the plan of that arm."""


def trial_plan(plan: AnyPlan) -> TrialPlan:
    """The plan of a trial, also of one that has a single arm."""
    if isinstance(plan, TrialPlan):
        return plan
    return TrialPlan((plan,), (ONLY_ARM,), without_allotment())


Tables = TypeVar("Tables", bound=tuple[Any, ...])


def with_lists(tables: Tables) -> Tables:
    """The same tables with lists for arrays: Python reads one number of a list far quicker."""

    def convert(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value.tolist()
        return with_lists(value) if isinstance(value, tuple) else value

    converted = map(convert, tables)
    kind = type(tables)
    return kind(*converted) if hasattr(kind, "_fields") else kind(converted)
