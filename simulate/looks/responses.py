"""Response rates of two arms, in strata or not: score tests and intervals of their difference.

Cochran-Mantel-Haenszel (Mantel and Haenszel 1959, without correction for continuity), and Miettinen
and Nurminen (1985): the score statistic of a difference of rates, with the rates that are most
likely under it and ``N / (N - 1)``. For no difference, the two are the same in strata.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from simulate.compiled import keep_apart, rule
from simulate.distributions import FloatColumn

_ROUNDS = 50
_HALVINGS = 60
_CLOSE = 1e-13
_SMALL = 1e-12


class Responses(NamedTuple):
    """Patients and responders by stratum."""

    n_strata: int
    experimental: FloatColumn
    """Responders of the experimental arm."""
    n_experimental: FloatColumn
    control: FloatColumn
    n_control: FloatColumn
    weight: FloatColumn
    """Room: the weight of each stratum."""


class Rates(NamedTuple):
    """Two rates."""

    experimental: float
    control: float


class Limits(NamedTuple):
    """Limits of a difference of rates."""

    lower: float
    upper: float


@rule
def cochran_mantel_haenszel_z(counts: Responses) -> float:
    """Standard normal statistic, positive for a higher experimental rate; nan without spread."""
    difference, variance = 0.0, 0.0
    for s in range(counts.n_strata):
        n1, n2 = counts.n_experimental[s], counts.n_control[s]
        n, events = n1 + n2, counts.experimental[s] + counts.control[s]
        if n1 > 0.0 and n2 > 0.0:
            difference += (counts.experimental[s] * n2 - counts.control[s] * n1) / n
            variance += n1 * n2 * events * (n - events) / (n * n * (n - 1.0))
    if variance > 0.0:
        return difference / math.sqrt(variance)
    return math.nan


@rule
def score_z(counts: Responses, difference: float) -> float:
    """Miettinen and Nurminen's statistic of a difference of rates, at which it is tested.

    Strata have Miettinen and Nurminen's weights, which at no difference are those of
    Cochran-Mantel-Haenszel; strata with one arm only say nothing.

    Returns
    -------
    float
        Positive where the rates differ by more; nan if nothing could differ.
    """
    keep_apart()
    _find_weights(counts, difference)
    distance, variance = 0.0, 0.0
    for s in range(counts.n_strata):
        n1, n2 = counts.n_experimental[s], counts.n_control[s]
        if n1 > 0.0 and n2 > 0.0:
            rates = _likeliest(counts, s, difference)
            observed = counts.experimental[s] / n1 - counts.control[s] / n2
            spread = rates.experimental * (1.0 - rates.experimental) / n1
            spread += rates.control * (1.0 - rates.control) / n2
            weight = counts.weight[s]
            distance += weight * (observed - difference)
            variance += weight * weight * spread * (n1 + n2) / (n1 + n2 - 1.0)
    if variance > 0.0:
        return distance / math.sqrt(variance)
    return math.nan


@rule
def _find_weights(counts: Responses, difference: float) -> None:
    """Write the weights of strata: of the spread that the weighted mean rates would have there."""
    ratio = 1.0
    for _ in range(_ROUNDS):
        total, control = 0.0, 0.0
        for s in range(counts.n_strata):
            n1, n2 = counts.n_experimental[s], counts.n_control[s]
            weight = 0.0
            if n1 > 0.0 and n2 > 0.0:
                weight = 1.0 / (ratio / n1 + 1.0 / n2)
                control += weight * _likeliest(counts, s, difference).control
            counts.weight[s] = weight
            total += weight
        if counts.n_strata == 1 or difference == 0.0 or not total > 0.0:
            return
        rate = control / total
        above = (rate + difference) * (1.0 - rate - difference)
        below = rate * (1.0 - rate)
        if not (above > _SMALL and below > _SMALL):
            return
        if abs(above / below - ratio) < _CLOSE * ratio:
            return
        ratio = above / below


@rule
def _likeliest(counts: Responses, s: int, difference: float) -> Rates:
    """The most likely rates of a stratum that differ by so much: a root of their cubic equation."""
    x1, n1 = counts.experimental[s], counts.n_experimental[s]
    x2, n2 = counts.control[s], counts.n_control[s]
    n, events = n1 + n2, x1 + x2
    a = (n1 + 2.0 * n2) * difference - n - events
    b = (n2 * difference - n - 2.0 * x2) * difference + events
    c = x2 * difference * (1.0 - difference)
    third = a / (3.0 * n)
    q = third * third * third - a * b / (6.0 * n * n) + c / (2.0 * n)
    size = math.sqrt(max(third * third - b / (3.0 * n), 0.0))
    p = size if q > 0.0 else -size
    cosine = max(min(q / (p * p * p), 1.0), -1.0) if size > 0.0 else 0.0
    control = 2.0 * p * math.cos((math.pi + math.acos(cosine)) / 3.0) - third
    control = min(max(control, max(0.0, -difference)), min(1.0, 1.0 - difference))
    return Rates(min(max(control + difference, 0.0), 1.0), control)


@rule
def difference_of_rates(counts: Responses) -> float:
    """The difference at which the score statistic is 0; in strata with their weights.

    nan without patients in both arms of a stratum.
    """
    if counts.n_strata > 1:
        limits = score_limits(counts, 0.0)
        return 0.5 * (limits.lower + limits.upper)
    n1, n2 = counts.n_experimental[0], counts.n_control[0]
    if n1 > 0.0 and n2 > 0.0:
        return counts.experimental[0] / n1 - counts.control[0] / n2
    return math.nan


@rule
def score_limits(counts: Responses, z: float) -> Limits:
    """Limits of the difference of rates that the score test accepts: where it is z and -z.

    nan without patients in both arms of a stratum.
    """
    has_both = False
    for s in range(counts.n_strata):
        has_both |= counts.n_experimental[s] > 0.0 and counts.n_control[s] > 0.0
    if not has_both:
        return Limits(math.nan, math.nan)
    return Limits(_where(counts, z), _where(counts, -z))


@rule
def _where(counts: Responses, z: float) -> float:
    """The difference at which the statistic is z; it falls as the difference grows."""
    low, high = -1.0, 1.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if score_z(counts, middle) > z:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
