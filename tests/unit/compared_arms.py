"""Every test of two arms beside the log-rank test, of random samples, by either way."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from look_samples import N_STRATA, Patients

from simulate.compiled import kernel, rule
from simulate.distributions import FloatColumn, FloatTable, IntArray, IntTable, ShortColumn
from simulate.looks.comparison import reciprocals
from simulate.looks.curve import Curve, Estimate, restricted_mean, trace_curve
from simulate.looks.curve_tests import (
    Milestone,
    difference_z,
    log_log_milestone_z,
    milestone_of,
    milestone_z,
)
from simulate.looks.largest import Quadrature, quadrature
from simulate.looks.risk_sets import (
    PairRoom,
    Sample,
    count_pair,
    count_units,
    last_observed_day,
    pair_room,
)
from simulate.looks.strata import split_with_days
from simulate.looks.weighted import (
    FLEMING_HARRINGTON,
    MODEST_BY_DELAY,
    MODEST_BY_SURVIVAL,
    WeightRoom,
    Weights,
    max_combo_z,
    weight_room,
    weighted_log_rank,
)
from simulate.looks.win_ratio import (
    WinRoom,
    count_wins,
    log_win_ratio_z,
    net_benefit_z,
    win_room,
)
from simulate.packed import pack, unpacked
from simulate.plan import with_lists

MILESTONE, TAU, DELAY, FLOOR = 7.0, 11.25, 5.0, 0.6

KINDS = (FLEMING_HARRINGTON,) * 6 + (MODEST_BY_DELAY, MODEST_BY_SURVIVAL)
ONE = (0.0, 1.0, 0.0, 0.5, 1.0, 1.7, DELAY, FLOOR)
OTHER = (0.0, 0.0, 1.0, 0.5, 1.0, 0.3, 0.0, 0.0)
NAMES = ("fh00", "fh10", "fh01", "fhhh", "fh11", "fhxy", "delay", "floor")
COMBOS = ((0, 3), (1, 3), (4, 4))
"""First weight and number of weights of each combination, of four of which some are last."""

ALL = (
    *(
        f"{prefix}{name}"
        for prefix in ("", "stratified_")
        for name in (*NAMES, *(f"covariance{k}" for k in range(16)), "combo0", "combo1", "combo2")
    ),
    *("rmst", "milestone", "log_log", "win_ratio", "net_benefit"),
)


class Work(NamedTuple):
    """All that the rules work on."""

    units: IntTable
    reciprocal: FloatTable
    room: PairRoom
    curve: Curve
    sample: Sample
    weights: Weights
    weighted: WeightRoom
    by: Quadrature
    wins: WinRoom
    order: IntTable
    day: ShortColumn
    """By endpoint and patient: the sample, and another endpoint."""
    event: ShortColumn


@rule
def write_weighted(work: Work, rows: int, n_strata: int, out: FloatColumn, at: int) -> None:
    """Write every weighted statistic of pooled (0) or stratified (1) rows."""
    table = work.room.by_stratum if rows == 1 else work.room.pooled
    for first in (0, 4):
        weighted_log_rank(table, n_strata, work.weights, first, 4, work.reciprocal, work.weighted)
        for k in range(4):
            out[at + first + k] = work.weighted.z[k]
        if first == 0:
            for k in range(16):
                out[at + 8 + k] = work.weighted.covariance[k]
    for combo in range(3):
        first, n = COMBOS[combo]
        weighted_log_rank(table, n_strata, work.weights, first, n, work.reciprocal, work.weighted)
        out[at + 24 + combo] = max_combo_z(n, work.weighted, work.by)


@rule
def write_tests(work: Work, n: int, last: int, out: FloatColumn) -> None:
    """Write every statistic of a sample, in the order of `ALL`."""
    n_rows = count_pair(work.sample, n, work.units, 0, last, work.room)
    work.weighted.ends[0] = n_rows
    write_weighted(work, 0, 1, out, 0)
    means, milestones = Estimate(math.nan, math.nan), Milestone(math.nan, math.nan)
    for place in range(2):
        last_day = last_observed_day(work.room, last, place)
        mean, milestone = Estimate(math.nan, math.nan), Milestone(math.nan, math.nan)
        if last_day >= 0:
            point = trace_curve(work.room.pooled, n_rows, place, work.reciprocal, work.curve)
            mean = restricted_mean(work.curve, point, last_day, TAU)
            milestone = milestone_of(work.curve, point, last_day, MILESTONE)
        if place == 0:
            means, milestones = mean, milestone
        else:
            out[54] = difference_z(means, mean)
            out[55] = milestone_z(milestones, milestone)
            out[56] = log_log_milestone_z(milestones, milestone)
    split_with_days(work.sample, n, work.units, 0, n_rows, work.room, work.weighted.ends)
    write_weighted(work, 1, N_STRATA, out, 27)
    for i in range(2 * work.wins.stride):
        work.wins.day[i] = work.day[i]
        work.wins.event[i] = work.event[i]
    wins = count_wins(work.sample.arm, n, 1, 0, work.order, 0, 2, work.wins)
    out[57], out[58] = log_win_ratio_z(wins), net_benefit_z(wins)


@kernel
def write_compiled(block: IntArray, n: int, last: int, out: npt.NDArray[np.float64]) -> None:
    write_tests(unpacked(block, Work), n, last, out)


def work_for(patients: Patients, other: Patients | None = None) -> Work:
    n, second = len(patients.arm), other or patients
    last_day = int(patients.day.max(initial=0))
    return Work(
        units=count_units([1, 0, None]),
        reciprocal=reciprocals(n),
        room=pair_room(n, N_STRATA, last_day),
        curve=Curve(np.zeros(n + 2, np.int32), np.zeros(n + 2), np.zeros(n + 2)),
        sample=Sample(*(np.array(column, np.int32) for column in patients)),
        weights=Weights(np.array(KINDS), np.array(ONE), np.array(OTHER)),
        weighted=weight_room(n, N_STRATA),
        by=quadrature(),
        wins=win_room(n, 2),
        order=np.array([1, 0]),
        day=np.concatenate([patients.day, second.day]).astype(np.int32),
        event=np.concatenate([patients.event, second.event]).astype(np.int32),
    )


def in_python(patients: Patients, other: Patients | None = None) -> dict[str, float]:
    """All statistics by plain Python; `other` is the first endpoint of the win ratio."""
    out = [math.nan] * len(ALL)
    last = int(patients.day.max(initial=-1))
    write_tests(with_lists(work_for(patients, other)), len(patients.arm), last, out)
    return dict(zip(ALL, out, strict=True))


def compiled(patients: Patients, other: Patients | None = None) -> dict[str, float]:
    """All statistics by compiled code."""
    out = np.full(len(ALL), math.nan)
    packed = pack(work_for(patients, other))
    write_compiled(packed.block, len(patients.arm), int(patients.day.max(initial=-1)), out)
    return dict(zip(ALL, out.tolist(), strict=True))
