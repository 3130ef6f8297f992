"""Random samples of two arms in strata, and all statistics of the looks of them, by either way."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulate.compiled import kernel, rule
from simulate.distributions import (
    FloatColumn,
    FloatTable,
    IntArray,
    IntTable,
)
from simulate.looks.comparison import (
    Terms,
    cox_hazard_ratio,
    log_rank,
    log_rank_z,
    reciprocals,
    terms_room,
)
from simulate.looks.curve import (
    Curve,
    median_of_curve,
    restricted_mean,
    survival_at,
    trace_curve,
)
from simulate.looks.risk_sets import (
    PairRoom,
    Sample,
    count_pair,
    count_units,
    last_observed_day,
    pair_room,
    split_by_stratum,
)
from simulate.packed import pack, unpacked
from simulate.plan import with_lists

LANDMARK, TAU = 7.5, 11.25
COMPARED = ("z", "log_hr", "log_hr_se")
OF_ARM = ("median", "rate", "rmst", "rmst_se", "last_day")
NAMES = (
    *COMPARED,
    *(f"stratified_{name}" for name in COMPARED),
    *(f"experimental_{name}" for name in OF_ARM),
    *(f"control_{name}" for name in OF_ARM),
)


class Patients(NamedTuple):
    """A sample: arm 1 is the experimental one, 0 the control arm, 2 another."""

    arm: npt.NDArray[np.int64]
    stratum: npt.NDArray[np.int64]
    day: npt.NDArray[np.int64]
    event: npt.NDArray[np.int64]

    def of(self, which: npt.NDArray[np.bool_]) -> Patients:
        return Patients(*(column[which] for column in self))


class Work(NamedTuple):
    """All that the rules work on."""

    units: IntTable
    reciprocal: FloatTable
    room: PairRoom
    terms: Terms
    curve: Curve
    sample: Sample


N_STRATA = 5
SHARES = ((0.5, 0.5, 0.0), (0.3, 0.6, 0.1), (0.3, 0.4, 0.3), (1.0, 0.0, 0.0))


def random_patients(seed: int, how_many: int) -> list[Patients]:
    """Samples with many ties, arms and strata that may be empty, and sometimes without events."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(how_many):
        n = int(rng.choice([0, 1, 3, 8, 20, 20, 60, 60]))
        span = int(rng.choice([2, 8, 40]))
        arm = rng.choice(3, n, p=SHARES[rng.choice(len(SHARES))])
        stratum = rng.integers(0, rng.choice([1, 3, N_STRATA]), n)
        scale = span * np.where(arm == 1, rng.choice([0.6, 1.5]), 1.0) * (1 + 0.3 * stratum)
        day = np.minimum(rng.exponential(scale).astype(int), span)
        event = (rng.random(n) < rng.choice([0.0, 0.4, 0.8, 1.0])).astype(int)
        found.append(Patients(arm, stratum, day, event))
    return found


def work_for(patients: Patients) -> Work:
    n = len(patients.arm)
    last_day = int(patients.day.max(initial=0))
    return Work(
        units=count_units([1, 0, None]),
        reciprocal=reciprocals(n),
        room=pair_room(n, N_STRATA, last_day),
        terms=terms_room(n),
        curve=Curve(np.zeros(n + 2, np.int32), np.zeros(n + 2), np.zeros(n + 2)),
        sample=Sample(*(np.array(column, np.int32) for column in patients)),
    )


@rule
def write_statistics(work: Work, n: int, last: int, out: FloatColumn) -> None:
    """Write every statistic of a sample, in the order of `NAMES`."""
    n_rows = count_pair(work.sample, n, work.units, 0, last, work.room)
    comparison = log_rank(work.room.pooled, 0, n_rows, work.reciprocal)
    fit = cox_hazard_ratio(work.room.pooled, 0, n_rows, comparison, work.terms)
    out[0], out[1], out[2] = log_rank_z(comparison), fit.log_hazard_ratio, fit.standard_error
    for place in range(2):
        last_day = last_observed_day(work.room, last, place)
        at = 6 + 5 * place
        if last_day >= 0:
            point = trace_curve(work.room.pooled, n_rows, place, work.reciprocal, work.curve)
            mean = restricted_mean(work.curve, point, last_day, TAU)
            out[at] = median_of_curve(work.curve, point)
            out[at + 1] = survival_at(work.curve, point, last_day, LANDMARK)
            out[at + 2], out[at + 3] = mean.mean, mean.standard_error
        out[at + 4] = float(last_day)
    n_split = split_by_stratum(work.sample, n, work.units, 0, n_rows, work.room)
    comparison = log_rank(work.room.by_stratum, 0, n_split, work.reciprocal)
    fit = cox_hazard_ratio(work.room.by_stratum, 0, n_split, comparison, work.terms)
    out[3], out[4], out[5] = log_rank_z(comparison), fit.log_hazard_ratio, fit.standard_error


@kernel
def write_compiled(block: IntArray, n: int, last: int, out: npt.NDArray[np.float64]) -> None:
    write_statistics(unpacked(block, Work), n, last, out)


def in_python(patients: Patients) -> dict[str, float]:
    """All statistics by plain Python."""
    out = [math.nan] * len(NAMES)
    last = int(patients.day.max(initial=-1))
    write_statistics(with_lists(work_for(patients)), len(patients.arm), last, out)
    return dict(zip(NAMES, out, strict=True))


def compiled(patients: Patients) -> dict[str, float]:
    """All statistics by compiled code."""
    out = np.full(len(NAMES), math.nan)
    packed = pack(work_for(patients))
    write_compiled(packed.block, len(patients.arm), int(patients.day.max(initial=-1)), out)
    return dict(zip(NAMES, out.tolist(), strict=True))
