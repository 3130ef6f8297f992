"""The row of a replicate: every number that an analysis gives, and the order they stand in."""

from __future__ import annotations

from simulate.analysis.baseline_counts import baseline_statistics
from simulate.analysis.safety import safety_statistics
from simulate.analysis.single_arm_statistics import single_arm_statistics
from simulate.analysis.statistics import Statistic, statistics_of
from simulate.analysis.subgroups import subgroup_columns
from simulate.scenario.trial import Trial

__all__ = ["all_statistics", "statistic_names", "subgroup_columns"]


def all_statistics(trial: Trial) -> dict[str, Statistic]:
    """Every statistic of the replicates' table, by name."""
    further = (
        *safety_statistics(trial),
        *baseline_statistics(trial),
        *single_arm_statistics(trial),
    )
    return statistics_of(trial) | {statistic.name: statistic for statistic in further}


def statistic_names(trial: Trial) -> tuple[str, ...]:
    """Columns of a replicate's row: every statistic, then :func:`subgroup_columns`."""
    return (*all_statistics(trial), *subgroup_columns(trial))
