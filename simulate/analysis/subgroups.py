"""Subgroups by baseline variables: how far chance alone spreads their results."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simulate.analysis.statistics import landmark_months
from simulate.compiled import rule
from simulate.distributions import FloatColumn, FloatTable, IntColumn, IntTable
from simulate.endpoints import EndpointRows
from simulate.scenario.baseline import LevelsVariable
from simulate.scenario.trial import Trial


@dataclass(frozen=True)
class Group:
    """One group of a subgroup analysis."""

    subgroup: str
    """Name of the subgroup, such as Visceral metastasis."""
    group: str
    """Name of the group, such as yes."""
    variable_id: int
    levels: tuple[int, ...]
    """Levels of the variable that belong to the group."""


def groups_of(trial: Trial) -> list[Group]:
    """Every group of the scenario's subgroup analyses, in its order."""
    found = []
    for subgroup in trial.endpoints.subgroups:
        variable = trial.baseline.variable(subgroup.variable)
        assert isinstance(variable, LevelsVariable)  # the scenario's rules demand it
        names = variable.level_names
        groups = subgroup.groups or {name: (name,) for name in names}
        for group, levels in groups.items():
            indices = tuple(names.index(level) for level in levels)
            found.append(Group(subgroup.name, group, variable.id, indices))
    return found


def subgroup_measures(trial: Trial) -> tuple[str, ...]:
    """What is estimated in each group."""
    return ("n", "orr", *(f"pfs_rate_{m}" for m in landmark_months(trial)))


def subgroup_columns(trial: Trial) -> tuple[str, ...]:
    """Columns of the estimates of every group: ``subgroup.<number of the group>.<measure>``."""
    measures = subgroup_measures(trial)
    return tuple(f"subgroup.{i}.{m}" for i in range(len(groups_of(trial))) for m in measures)


class GroupRules(NamedTuple):
    """The groups, by number."""

    variable: IntTable
    """Position of the variable that splits the group off."""
    levels: IntTable
    """Its levels that belong to the group, as bits."""
    n_variables: int
    landmarks: FloatTable
    """Days at which progression-free survival is wanted, in increasing order."""


def group_rules(trial: Trial) -> GroupRules:
    """The subgroup analyses of a scenario as tables."""
    ids = [variable.id for variable in trial.baseline.variables]
    groups = groups_of(trial)
    return GroupRules(
        variable=np.array([ids.index(group.variable_id) for group in groups], np.int64),
        levels=np.array([sum(1 << i for i in set(group.levels)) for group in groups], np.int64),
        n_variables=len(ids),
        landmarks=np.array(trial.endpoints.landmarks, np.float64),
    )


class Line(NamedTuple):
    """The patients of a trial in order of progression-free survival."""

    time: IntColumn
    event: IntColumn
    assessed: IntColumn
    """1 if in the efficacy analysis set."""
    responded: IntColumn
    first_level: IntColumn
    """Where the patient's levels of the baseline variables begin."""


@rule
def line_up(rules: GroupRules, derived: EndpointRows, n: int, order: IntTable, line: Line) -> None:
    """Put the ``n`` patients in line; ``order`` gives their rows."""
    for i in range(n):
        row = order[i]
        line.time[i] = derived.pfs_time[row]
        line.event[i] = derived.pfs_event[row]
        line.assessed[i] = derived.assessed[row]
        line.responded[i] = derived.ttr_event[row]
        line.first_level[i] = derived.patient[row] * rules.n_variables


@rule
def write_subgroups(
    rules: GroupRules,
    levels: IntTable,
    line: Line,
    n: int,
    members: IntColumn,
    out: FloatColumn,
    at: int,
) -> None:
    """Write the estimates of every group, :func:`subgroup_columns`.

    ``members`` is room for the places in line of a group's patients.
    """
    for group in range(len(rules.variable)):
        variable, bits = rules.variable[group], rules.levels[group]
        size, assessed, responders = 0, 0, 0
        for i in range(n):
            is_in = (bits >> levels[line.first_level[i] + variable]) & 1
            members[size] = i
            size += is_in
            assessed += is_in & line.assessed[i]
            responders += is_in & line.responded[i]
        out[at] = float(size)
        out[at + 1] = responders / assessed if assessed > 0 else math.nan
        write_rates(rules.landmarks, line, members, size, out, at + 2)
        at += 2 + len(rules.landmarks)


@rule
def write_rates(
    landmarks: FloatTable, line: Line, members: IntTable, size: int, out: FloatColumn, at: int
) -> None:
    """Write the Kaplan-Meier estimates at the landmarks of the patients at some places in line."""
    survival = 1.0 if size > 0 else math.nan
    today, events, at_risk, mark = 0, 0, size, 0
    for k in range(size):
        i = members[k]
        day = line.time[i]
        if day > today:
            if events > 0:
                survival *= 1.0 - events / at_risk
            while mark < len(landmarks) and landmarks[mark] < day:
                out[at + mark] = survival
                mark += 1
            today, events, at_risk = day, 0, size - k
        events += line.event[i]
    if events > 0:
        survival *= 1.0 - events / at_risk
    for last in range(mark, len(landmarks)):
        out[at + last] = survival
