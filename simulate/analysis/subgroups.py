"""Subgroups by baseline variables: how far chance alone spreads their results."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulate.analysis.analyse import fit, response_counts
from simulate.analysis.stack import FloatArray, Stack
from simulate.analysis.statistics import landmark_months
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


def subgroup_estimates(trial: Trial, cuts: Stack, groups: list[Group]) -> FloatArray:
    """Estimates of each group in each replicate, shape (replicates, groups, measures)."""
    shape = (cuts.n_replicates, len(groups), len(subgroup_measures(trial)))
    estimates = np.full(shape, np.nan)
    for i, group in enumerate(groups):
        rows = np.isin(cuts.baseline[str(group.variable_id)], group.levels)
        estimates[:, i, :] = _estimates(trial, cuts, rows)
    return estimates


def _estimates(trial: Trial, cuts: Stack, rows: npt.NDArray[np.bool_]) -> FloatArray:
    counts = response_counts(cuts, rows)
    n = counts["n_eas"]
    orr = np.divide(counts["responders"], n, out=np.full(len(n), np.nan), where=n > 0)
    survival = fit(trial, cuts, "pfs", rows=rows).survival
    return np.column_stack([cuts.counts(rows), orr, survival])
