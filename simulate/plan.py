"""The scenario flattened into numbers: the only thing an engine ever reads."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np

from simulate.patient.assessment import AssessmentPlan
from simulate.patient.baseline import BaselinePlan
from simulate.patient.disease import DiseasePlan
from simulate.patient.dosing import DosingPlan
from simulate.patient.enrolment import EnrolmentPlan
from simulate.patient.follow_up import FollowUpPlan
from simulate.patient.resources import ResourcePlan
from simulate.patient.toxicity import ToxicityPlan
from simulate.patient.treatment import TreatmentPlan


class Plan(NamedTuple):
    """One trial, as tables of whole numbers and floats."""

    enrolment: EnrolmentPlan
    baseline: BaselinePlan
    disease: DiseasePlan
    treatment: TreatmentPlan
    dosing: DosingPlan
    toxicity: ToxicityPlan
    resources: ResourcePlan
    assessment: AssessmentPlan
    follow_up: FollowUpPlan
    horizon: int
    """Last trial day that an engine simulates."""

    @property
    def has_shared_resources(self) -> bool:
        """Whether patients of a site wait for one another."""
        return self.resources.slots > 0 or any(self.resources.is_limited)


Tables = TypeVar("Tables", bound=tuple[Any, ...])


def with_lists(tables: Tables) -> Tables:
    """The same tables with lists for arrays: Python reads one number of a list far quicker."""

    def convert(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value.tolist()
        return with_lists(value) if isinstance(value, tuple) else value

    return type(tables)(*map(convert, tables))
