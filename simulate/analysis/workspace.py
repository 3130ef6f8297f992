"""Room in which one trial is analysed, used again for the next."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simulate.analysis.counting import table_length
from simulate.analysis.incidence import Tally
from simulate.analysis.plan import AnalysisPlan
from simulate.analysis.single_arm_plan import SingleArmRoom, single_arm_room
from simulate.analysis.subgroups import Line
from simulate.analysis.survival import Days, Sample
from simulate.distributions import FloatColumn, IntColumn
from simulate.endpoints import EndpointRows
from simulate.exposure import DrugRows
from simulate.known import KnownRows


class Workspace(NamedTuple):
    """Columns a row a patient, tables by day, and the slots of the statistics."""

    known: KnownRows
    derived: EndpointRows
    drugs: DrugRows
    sample: Sample
    order: IntColumn
    """Rows in order of progression-free survival."""
    line: Line
    members: IntColumn
    """Places in line of the patients of one subgroup."""
    days: Days
    tally: Tally
    counted: IntColumn
    """Patients by level of the baseline variables."""
    taken: IntColumn
    """Actions of each patient's adverse events, as bits."""
    intensity: FloatColumn
    """Relative dose intensities of one drug."""
    single_arm: SingleArmRoom
    slots: FloatColumn


def workspace(plan: AnalysisPlan, n_patients: int) -> Workspace:
    """Room of arrays for a trial of at most so many patients.

    Python reads lists quicker: :func:`simulate.plan.with_lists` makes them of these.
    """
    # exposure lasts a cycle beyond a dose on the day of the cut; counts of doses are fewer
    last_day = max(plan.cut_day, 0) + plan.drugs.cycle_length + 1
    n_rows = plan.drugs.n_drugs * n_patients
    return Workspace(
        known=_columns(KnownRows, n_patients),
        derived=_columns(EndpointRows, n_patients),
        drugs=_columns(DrugRows, n_rows)._replace(lowered=np.zeros(n_rows)),
        sample=_columns(Sample, n_patients),
        order=np.zeros(n_patients, np.int64),
        line=_columns(Line, n_patients),
        members=np.zeros(n_patients, np.int64),
        days=_columns(Days, table_length(last_day)),
        tally=_columns(Tally, 2 * plan.incidence.n_kinds + 1),
        counted=np.zeros(plan.baseline.first_cell[-1], np.int64),
        taken=np.zeros(n_patients, np.int64),
        intensity=np.zeros(n_patients),
        single_arm=single_arm_room(plan.single_arm.n_looks),
        slots=np.zeros(len(plan.sections.column)),
    )


def _columns(kind: Any, n: int) -> Any:
    return kind(*(np.zeros(n, np.int64) for _ in kind._fields))
