"""Turnbull's estimate and the score of intervals: against other programs and definitions."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from lifelines import KaplanMeierFitter

from simulate.compiled import kernel, rule
from simulate.distributions import FloatColumn, IntArray
from simulate.looks.interval_censored import (
    Intervals,
    compare_intervals,
    interval_z,
    one_step_log_hazard_ratio,
)
from simulate.looks.turnbull import PieceRoom, piece_room
from simulate.packed import pack, unpacked
from simulate.plan import with_lists

LAST = 40
"""Nobody is observed longer."""
N_STRATA = 3


class Seen(NamedTuple):
    """Patients: the first and the last day on which the event may have been."""

    arm: npt.NDArray[np.int64]
    stratum: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]
    """NEVER_SEEN without an event."""


NEVER_SEEN = 10**6


def random_patients(seed: int, how_many: int) -> list[Seen]:
    """Scans by a patient's own calendar, with some days known exactly, and some ended early."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(how_many):
        n = int(rng.choice([1, 4, 12, 40, 90]))
        arm = rng.choice(3, n, p=[0.5, 0.4, 0.1])
        exact, gap = rng.choice([0.0, 0.3, 1.0]), int(rng.choice([3, 7, 12]))
        first, last = np.zeros(n, int), np.full(n, NEVER_SEEN)
        for i in range(n):
            event, until = int(rng.exponential(15)), int(rng.integers(0, LAST + 1))
            scans = np.arange(0, LAST + 1, gap if arm[i] == 1 else 3)
            scans = scans[(rng.random(len(scans)) < 0.8) | (scans == 0)]
            if rng.random() < exact:
                scans = np.arange(LAST + 1)
            later = scans[(scans >= event) & (scans <= until)]
            first[i] = 1 + scans[scans <= until][-1]
            if len(later):
                earlier = scans[scans < later[0]]
                first[i], last[i] = (earlier[-1] + 1 if len(earlier) else 0), later[0]
        found.append(Seen(arm, rng.integers(0, N_STRATA, n), first, last))
    return found


class Work(NamedTuple):
    """What the rules work on."""

    some: Intervals
    n_strata: int
    room: PieceRoom


def work_for(patients: Seen, n_strata: int) -> Work:
    is_event = patients.last < NEVER_SEEN
    day = np.where(is_event, patients.last, patients.first - 1)
    columns = (patients.arm, patients.stratum, day, is_event, patients.first - 1)
    short = [column.astype(np.int32) for column in columns]
    return Work(Intervals(*short, 0, len(day), 1, 0), n_strata, piece_room(len(day), LAST))


@rule
def write_score(work: Work, out: FloatColumn) -> None:
    """Write score, variance, statistic and estimate."""
    score = compare_intervals(work.some, work.n_strata, work.room)
    estimate = one_step_log_hazard_ratio(score)
    out[0], out[1], out[2] = score.sum, score.variance, interval_z(score)
    out[3], out[4], out[5] = estimate.size, estimate.standard_error, float(score.steps)


@kernel
def write_compiled(block: IntArray, out: npt.NDArray[np.float64]) -> None:
    write_score(unpacked(block, Work), out)


def in_python(patients: Seen, n_strata: int = 0) -> tuple[list[float], Work]:
    """Score, variance, z, estimate with its error, steps; and what is left in the room."""
    work, out = with_lists(work_for(patients, n_strata)), [math.nan] * 6
    write_score(work, out)
    return out, work


def compared(patients: Seen) -> Seen:
    """The patients of the two arms that are compared."""
    return Seen(*(column[patients.arm < 2] for column in patients))


def survival_of(patients: Seen) -> Any:
    """Our estimate as a function: survival through the end of a day that bounds an interval."""
    _, work = in_python(patients)
    n_pieces = int(max(work.room.last[: len(patients.arm)], default=-1)) + 1
    ends = sorted_pieces(patients)
    assert n_pieces <= len(ends)

    def survival(day: int) -> float:
        return float(work.room.survival[sum(end <= day for end in ends)])

    return survival


def sorted_pieces(patients: Seen) -> list[int]:
    """Last days of Turnbull's pieces: an interval ends there, and one begins after the last end."""
    edges = sorted({(int(d), 0) for d in patients.first} | {(int(d), 1) for d in patients.last})
    return [b[0] for a, b in pairwise(edges) if (a[1], b[1]) == (0, 1)]


SAMPLES = random_patients(11, 60)
TWO_ARMS = [s for s in map(compared, SAMPLES) if len(set(s.arm)) == 2 and len(sorted_pieces(s)) > 1]
assert len(TWO_ARMS) > 30


@pytest.mark.parametrize("patients", TWO_ARMS)
def test_no_survival_has_a_higher_likelihood(patients: Seen) -> None:
    """As the likelihood is concave, no day may have a slope above the number of patients."""
    survival, n = survival_of(patients), len(patients.arm)
    mass = np.array(
        [
            survival(f - 1) - (0.0 if b == NEVER_SEEN else survival(b))
            for f, b in zip(patients.first.tolist(), patients.last.tolist(), strict=True)
        ]
    )
    days = np.array([*range(LAST + 2), NEVER_SEEN])
    holds = (patients.first <= days[:, None]) & (days[:, None] <= patients.last)
    slopes = (holds / mass).sum(axis=1)
    # the search ends where the log-likelihood is within 1e-8 of its maximum
    assert slopes.max() - n < 2e-8 + 1e-12 * n
    assert mass.min() > 0.99 / n


def test_it_is_that_of_lifelines() -> None:
    for patients in TWO_ARMS[:12]:
        upper = np.where(patients.last == NEVER_SEEN, np.inf, patients.last)
        fit = KaplanMeierFitter().fit_interval_censoring(patients.first, upper, tol=1e-9)
        survival = survival_of(patients)
        for end in sorted_pieces(patients):
            if end < NEVER_SEEN:  # theirs falls after the last day of a piece
                theirs = fit.survival_function_["NPMLE_estimate_upper"].loc[end + 0.5 :].iloc[0]
                assert survival(end) == pytest.approx(float(theirs), abs=1e-5)


def test_with_exact_days_it_is_kaplan_meier_and_the_score_nearly_log_rank() -> None:
    rng = np.random.default_rng(3)
    n = 400
    arm, time = np.arange(n) % 2, rng.permutation(n)
    event = rng.random(n) < 0.7
    first, last = np.where(event, time, time + 1), np.where(event, time, NEVER_SEEN)
    day = np.where(event, last, first - 1).astype(np.int32)
    some = Intervals(*(c.astype(np.int32) for c in (arm, arm, day, event, first - 1)), 0, n, 1, 0)
    room = piece_room(n, n)
    score = compare_intervals(with_lists(some), 0, with_lists(room))
    km = KaplanMeierFitter().fit(time, event)
    at = km.predict(time).to_numpy()
    before = np.where(time > 0, km.predict(np.maximum(time - 0.5, 0)).to_numpy(), 1.0)
    x_log_x = [np.where(s > 0, s * np.log(np.where(s > 0, s, 1)), 0) for s in (before, at)]
    with np.errstate(all="ignore"):
        own = np.where(event, (x_log_x[0] - x_log_x[1]) / (before - at), np.log(at))
    assert score.sum == pytest.approx(own[arm == 1].sum() - own.mean() * (n / 2), abs=1e-4)
    variance = (n / 2) ** 2 / (n * (n - 1)) * ((own - own.mean()) ** 2).sum()
    assert score.variance == pytest.approx(variance, rel=1e-5)
    # observed less expected events, without ties: the scores differ by little more than 1 / n
    at_risk = np.array([[(time >= t).sum(), ((time >= t) & (arm == 1)).sum()] for t in time])
    usual = ((arm == 1) - at_risk[:, 1] / at_risk[:, 0])[event].sum()
    assert score.sum == pytest.approx(usual, abs=0.1 * math.sqrt(variance))
    assert abs(usual) > 0.3 * math.sqrt(variance)


@pytest.mark.parametrize("patients", TWO_ARMS[:15])
def test_the_score_is_the_slope_of_the_likelihood_of_proportional_hazards(patients: Seen) -> None:
    """Survival of the experimental arm to the power exp(beta), at beta 0."""
    (score, *_), _ = in_python(patients)
    survival = survival_of(patients)
    edges = [
        (survival(f - 1), 0.0 if b == NEVER_SEEN else survival(b))
        for f, b in zip(patients.first.tolist(), patients.last.tolist(), strict=True)
    ]

    def log_likelihood(beta: float) -> float:
        powers = [math.exp(beta) if a == 1 else 1.0 for a in patients.arm]
        return sum(
            math.log(before**p - after**p) for (before, after), p in zip(edges, powers, strict=True)
        )

    slope = (log_likelihood(1e-5) - log_likelihood(-1e-5)) / 2e-5
    assert score == pytest.approx(slope, abs=1e-4)


def test_strata_add_up_and_other_arms_do_not_count() -> None:
    for patients in SAMPLES:
        whole, _ = in_python(patients, N_STRATA)
        two = compared(patients)
        parts = [
            in_python(Seen(*(column[two.stratum == s] for column in two)))[0]
            for s in range(N_STRATA)
        ]
        assert whole[:2] == pytest.approx([sum(p[k] for p in parts) for k in (0, 1)], abs=1e-12)


def test_without_a_difference_that_could_be_nothing_is_said() -> None:
    for arm, last in (([1, 1], [3, 9]), ([0, 1], [NEVER_SEEN, NEVER_SEEN]), ([0, 1], [5, 5])):
        first = np.array([0, 0])
        out, _ = in_python(Seen(np.array(arm), np.zeros(2, int), first, np.array(last)))
        assert math.isnan(out[2])
        assert math.isnan(out[3])


def test_python_and_compiled_code_give_the_same_bits() -> None:
    for patients in SAMPLES:
        for n_strata in (0, N_STRATA):
            out = np.full(6, math.nan)
            packed = pack(work_for(patients, n_strata))
            write_compiled(packed.block, out)
            np.testing.assert_array_equal(out, in_python(patients, n_strata)[0])


def test_it_is_positive_where_the_experimental_arm_progresses_later() -> None:
    first = np.array([0, 0, 0, 11, 11, 11, 11])
    last = np.array([10, 10, 10, 20, 20, 20, NEVER_SEEN])
    arm = np.array([0, 0, 1, 0, 1, 1, 1])
    out, _ = in_python(Seen(arm, np.zeros(7, int), first, last))
    assert out[2] > 0
    assert out[3] < 0
    assert out[2] == pytest.approx(-out[3] / out[4], rel=1e-12)
