"""Simon's two-stage designs (Controlled Clinical Trials 1989;10:1-10), by an exact search.

Stage one has n1 patients and ends with no go at r1 responses or fewer; after n patients in all it
is go with more than r responses. Of all designs with the errors asked for, the optimal one has the
smallest expected number of patients at p0, the minimax one the fewest patients in all, and the
admissible ones (Jung and others, Statistics in Medicine 2004;23:561-569) lie on the lower convex
hull between the two.

The search is complete. Fewer patients than a randomised one-stage test needs are never enough, as
that test is the most powerful one. For n patients, no design with its power can have a smaller
expected number than one whose r1 is the largest that leaves the power possible; that bound rises
with n, so the search ends where it reaches the best design found.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from simulate.single_arm.binomial import FloatArray, binomial, exceeding
from simulate.single_arm.rule import DecisionRule
from simulate.single_arm.single_stage import too_large

MOST_PATIENTS = 300
"""Patients up to which a design is searched."""


class TwoStage(NamedTuple):
    """A two-stage design, in Simon's notation: r1/n1 and r/n."""

    r1: int
    """No go with so many responses or fewer after stage one."""
    n1: int
    """Patients of stage one."""
    r: int
    """No go with so many responses or fewer at the end."""
    n: int
    """Patients in all."""
    expected: float
    """Expected patients at p0."""

    @property
    def rule(self) -> DecisionRule:
        """The same by look."""
        return DecisionRule((self.n1, self.n), (self.r1, self.r), (self.n1 + 1, self.r + 1))

    def __str__(self) -> str:
        """Write it as Simon's tables do."""
        return f"{self.r1}/{self.n1} {self.r}/{self.n}"


@lru_cache(maxsize=64)
def two_stage_designs(p0: float, p1: float, alpha: float, power: float) -> tuple[TwoStage, ...]:
    """The admissible designs, from the minimax one to the optimal one.

    Parameters
    ----------
    p0, p1
        Response rate that is not worth while, and one that is.
    alpha
        Probability of go at p0, at most.
    power
        Probability of go at p1, at least.

    Raises
    ------
    DesignError
        If no design of at most :data:`MOST_PATIENTS` patients meets them.
    """
    found: list[TwoStage] = []
    for n in range(_fewest(p0, p1, alpha, power), MOST_PATIENTS + 1):
        best = found[-1].expected if found else float("inf")
        candidates = _first_stages(n, p0, p1, power)
        if found and candidates and candidates[0][0] >= best:
            return _hull(found)
        design = _best_of(n, candidates, (p0, p1, alpha, power), best)
        if design is not None:
            found.append(design)
    if not found:
        raise too_large(p0, p1, MOST_PATIENTS)
    return _hull(found)


def weighted(designs: tuple[TwoStage, ...], weight: float) -> TwoStage:
    """The admissible design that is best if the most patients have this weight.

    The rest of the weight is that of the expected patients at p0; so 1 gives the minimax design and
    0 the optimal one.
    """
    return min(designs, key=lambda each: weight * each.n + (1 - weight) * each.expected)


def _fewest(p0: float, p1: float, alpha: float, power: float) -> int:
    """Patients with which even the most powerful test, which may use chance, has the power."""
    for n in range(2, MOST_PATIENTS + 1):
        null, other = exceeding(n, p0), exceeding(n, p1)
        k = int(np.argmax(null <= alpha))
        share = (alpha - null[k]) / (null[k - 1] - null[k])
        if other[k] + share * (other[k - 1] - other[k]) >= power:
            return n
    raise too_large(p0, p1, MOST_PATIENTS)


def _first_stages(n: int, p0: float, p1: float, power: float) -> list[tuple[float, int, int]]:
    """Stages one with the largest r1 that leaves the power possible: expected patients, n1, r1."""
    found = []
    for n1 in range(1, n):
        stops = np.cumsum(binomial(n1, p1))
        r1 = int(np.searchsorted(stops, 1 - power, side="right")) - 1
        if r1 >= 0:
            found.append((_expected(n1, r1, n, p0), n1, r1))
    return sorted(found)


def _expected(n1: int, r1: int, n: int, p0: float) -> float:
    return n1 + float(exceeding(n1, p0)[r1 + 1]) * (n - n1)


def _best_of(
    n: int,
    candidates: list[tuple[float, int, int]],
    asked: tuple[float, float, float, float],
    best: float,
) -> TwoStage | None:
    """The design of n patients with the smallest expected number, if that is below the best."""
    chosen = None
    for least, n1, largest in candidates:
        if least >= best:
            break
        design = _with_first_stage(n, n1, largest, asked)
        if design is not None and design.expected < best:
            chosen, best = design, design.expected
    return chosen


def _with_first_stage(
    n: int, n1: int, largest: int, asked: tuple[float, float, float, float]
) -> TwoStage | None:
    """The design of these stages with the largest r1 that has the errors asked for."""
    p0, p1, alpha, power = asked
    null, other = _go(n1, n, p0, largest), _go(n1, n, p1, largest)
    r = np.argmax(null <= alpha, axis=1)
    has_power = np.flatnonzero(other[np.arange(len(r)), r] >= power)
    if not len(has_power):
        return None
    r1 = int(has_power[-1])
    return TwoStage(r1, n1, int(r[r1]), n, _expected(n1, r1, n, p0))


def _go(n1: int, n: int, p: float, largest: int) -> FloatArray:
    """Probability of go by r1 (0 to the largest) and r (0 to n)."""
    first, second = binomial(n1, p), exceeding(n - n1, p)
    needed = np.arange(n + 1) + 1 - np.arange(n1 + 1)[:, np.newaxis]  # responses of stage two
    more = second[np.clip(needed, 0, n - n1 + 1)]
    by_responses = first[:, np.newaxis] * more
    return np.asarray(np.cumsum(by_responses[::-1], axis=0)[::-1][1 : largest + 2])


def _hull(found: list[TwoStage]) -> tuple[TwoStage, ...]:
    """Those on the lower convex hull of expected patients over patients in all."""
    hull: list[TwoStage] = []
    for design in found:
        while len(hull) > 1 and _is_above(hull[-1], hull[-2], design):
            hull.pop()
        hull.append(design)
    return tuple(hull)


def _is_above(middle: TwoStage, left: TwoStage, right: TwoStage) -> bool:
    """Whether a design lies on or above the line between two others."""
    slope = (right.expected - left.expected) / (right.n - left.n)
    return middle.expected >= left.expected + slope * (middle.n - left.n)


def all_admissible(p0: float, p1: float, alpha: float, power: float) -> Iterator[str]:
    """The admissible designs in Simon's notation, the minimax one first."""
    return map(str, two_stage_designs(p0, p1, alpha, power))
