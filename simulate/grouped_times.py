"""Grids of grouped times of patients in cycles and scans, as tables, and times grouped on them.

Scans are done within a window around their planned day, and a grid is of planned days. So the
interval of a day is found with the windows: what comes by the last day on which the scan at its end
may be done belongs to it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simulate.build_plan import HORIZON_MARGIN
from simulate.compiled import rule
from simulate.distributions import NEVER, IntArray, IntTable
from simulate.patient.grouping import group_time
from simulate.scenario.assessment import planned_days
from simulate.scenario.trial import Trial

NO_GRID = -1
"""In the place of where a grid begins."""


class GridTables(NamedTuple):
    """Grids of the endpoints."""

    first: IntTable
    """By endpoint: where the days of its grid begin in the tables; NO_GRID without one."""
    start: IntTable
    """By patient day: first day of the interval in which it lies."""
    end: IntTable
    """By patient day: the last one; NEVER after the last interval."""
    window: int
    """How far a scan may be from its planned day, in all arms."""


def grid_tables(trial: Trial) -> GridTables:
    """The grids of a scenario's endpoints, as tables."""
    longest = math.floor(trial.max_study_duration or 0)
    window = max(own.assessment.window for own in trial.arm_trials)
    days = np.arange(longest + HORIZON_MARGIN + 1)
    first: list[int] = []
    starts: list[IntArray] = [np.zeros(0, np.int64)]
    ends: list[IntArray] = [np.zeros(0, np.int64)]
    for endpoint in trial.seen_endpoints:
        first.append(len(days) * (len(ends) - 1) if endpoint.grid else NO_GRID)
        if endpoint.grid:
            edges = np.array([*planned_days(endpoint.grid, longest), NEVER], np.int64)
            interval = np.maximum(np.searchsorted(edges[:-1] + window, days), 1)
            starts.append(edges[interval - 1])
            ends.append(edges[interval])
    return GridTables(
        np.array(first, np.int64), np.concatenate(starts), np.concatenate(ends), window
    )


@rule
def grouped(grids: GridTables, endpoint: int, day: int, event: int, today: int) -> tuple[int, int]:
    """Patient day and event of an endpoint, grouped if it has a grid.

    Parameters
    ----------
    grids, endpoint
        The grids, and the number of an endpoint.
    day, event
        As known at a cut.
    today
        Patient day of the cut.
    """
    first = grids.first[endpoint]
    if first == NO_GRID:
        return day, event
    start, end = grids.start[first + day], grids.end[first + day]
    return group_time(day, event, start, end, grids.window, today)
