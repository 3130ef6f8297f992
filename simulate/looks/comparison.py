"""Two arms compared on their rows of days with events: log-rank test and Cox hazard ratio.

Strata need nothing of their own here: the stratified statistics are sums over the rows of all
strata. The hazard ratio is experimental to control; the log-rank difference is turned so that it is
positive where the experimental arm is better. The first arm of a pair is the experimental one.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simulate.bits import as_float
from simulate.compiled import rule
from simulate.distributions import FloatArray, FloatColumn, FloatTable
from simulate.looks.risk_sets import RiskRows, first_count, second_count

_MOST_STEPS = 100
_LAST_STEP = 5e-3
"""A step this small is the last one: what is left of the way is like its fourth power."""
_SAFE_STEP = 0.25


class LogRank(NamedTuple):
    """The log-rank comparison."""

    difference: float
    """Expected less observed events of the experimental arm; above 0 favours it."""
    variance: float
    """Hypergeometric variance of the difference."""


class CoxFit(NamedTuple):
    """Cox regression on the arm alone, in strata or not."""

    log_hazard_ratio: float
    """Events of one arm only give -inf (control) or inf (experimental), none at all gives nan."""
    standard_error: float
    """From the observed information; inf or nan as the estimate is."""


class _Likelihood(NamedTuple):
    """Derivatives of the log partial likelihood with respect to the log hazard ratio.

    An event is one of the experimental arm with a probability ("share") that the risk set gives.
    """

    expected: float
    """Events of the experimental arm."""
    information: float
    slope: float
    """First derivative of the information."""
    curvature: float
    """Its second derivative."""


class Terms(NamedTuple):
    """Room for numbers of each event, and two more; see `terms_room`."""

    experimental: FloatColumn
    """Patients at risk in the experimental arm before the event."""
    control: FloatColumn
    """The same in the control arm."""
    share: FloatColumn
    """Probability that the event is of the experimental arm; before, the row's first number."""
    rest: FloatColumn
    """Probability that it is of the control arm; before, the row's second number."""


def terms_room(n_patients: int) -> Terms:
    """Room for the events of so many patients."""
    return Terms(*(np.zeros(n_patients + 2) for _ in Terms._fields))


class _Events(NamedTuple):
    """Events that tell the arms apart, with patients at risk in both."""

    n: int
    experimental: int
    control: int


def reciprocals(most: int) -> FloatArray:
    """Table of ``1 / (i - 1)`` at i, and 0 for what has no reciprocal."""
    table = np.zeros(most + 2)
    table[2:] = 1.0 / np.arange(1, most + 1)
    return table


@rule
def log_rank(rows: RiskRows, first: int, n: int, reciprocal: FloatTable) -> LogRank:
    """Compare the arms over some rows (Mantel 1966).

    Parameters
    ----------
    rows, first, n
        The rows ``first`` to ``first + n - 1``.
    reciprocal
        Table of `reciprocals`, as far as patients are at risk.
    """
    difference, variance = 0.0, 0.0
    for row in range(first, first + n):
        word, events = rows.at_risk[row], rows.events[row]
        m1, m2 = first_count(word), second_count(word)
        d1, d2 = first_count(events), second_count(events)
        m, d = m1 + m2, d1 + d2
        inverse = reciprocal[m + 1]
        # m1 * d2 - m2 * d1 = m1 * d - m * d1, and exactly 0 if one arm has nobody
        difference += (m1 * d2 - m2 * d1) * inverse
        variance += (d * (m - d)) * reciprocal[m] * ((m1 * m2) * (inverse * inverse))
    return LogRank(difference, variance)


@rule
def log_rank_z(comparison: LogRank) -> float:
    """Standard normal statistic, positive for the experimental arm; nan if nothing could differ."""
    if comparison.variance > 0.0:
        return comparison.difference / math.sqrt(comparison.variance)
    return math.nan


@rule
def cox_hazard_ratio(
    rows: RiskRows, first: int, n: int, comparison: LogRank, terms: Terms
) -> CoxFit:
    """Hazard ratio of the arms: the maximum of the partial likelihood of Cox (1972).

    Ties are handled as by Efron (1977). The search starts from Peto's estimate, which is nearly
    always so near that the first four derivatives there give the rest of the way.

    Parameters
    ----------
    rows, first, n
        The rows ``first`` to ``first + n - 1``.
    comparison
        The log-rank comparison of the same rows.
    terms
        Is filled.
    """
    events = _fill_terms(rows, first, n, terms)
    if events.experimental == 0 or events.control == 0:
        return _without_maximum(events)
    log_ratio = _starting_point(comparison)
    found = _Likelihood(0.0, 1.0, 0.0, 0.0)
    for _ in range(_MOST_STEPS):
        found = _likelihood(terms, events.n, math.exp(log_ratio))
        step = (events.experimental - found.expected) / found.information
        if abs(step) < _LAST_STEP:
            return _last_step(found, log_ratio, step)
        log_ratio += _shortened(step)
    return CoxFit(log_ratio, 1.0 / math.sqrt(found.information))


@rule
def _last_step(found: _Likelihood, log_ratio: float, newton: float) -> CoxFit:
    """The maximum and its information, by the derivatives at a point nearby."""
    slope, curvature = found.slope / found.information, found.curvature / found.information
    step = newton
    for _ in range(2):
        step = newton - step * step * (0.5 * slope + step * curvature / 6.0)
    growth = 1.0 + step * (slope + 0.5 * step * curvature)
    return CoxFit(log_ratio + step, 1.0 / math.sqrt(found.information * growth))


@rule
def _starting_point(comparison: LogRank) -> float:
    """Peto's log hazard ratio, with what it lacks of Cox's where the arms are of equal size."""
    if not comparison.variance > 0.0:
        return 0.0  # all at risk have the event: Efron's ties tell more than the log-rank test
    peto = max(min(-comparison.difference / comparison.variance, 1.5), -1.5)
    return peto + peto * peto * peto / 12.0


@rule
def _shortened(step: float) -> float:
    """A Newton step s, or ``log(1 + |s|)`` if it is large.

    The information changes by a factor of e at most for each unit of the log hazard ratio, so a
    shortened step never passes the maximum.
    """
    if step > _SAFE_STEP:
        return math.log(1.0 + step)
    if step < -_SAFE_STEP:
        return -math.log(1.0 - step)
    return step


@rule
def _without_maximum(events: _Events) -> CoxFit:
    """The fit where events do not tell the arms apart, or are of one arm only."""
    if events.experimental > 0:
        return CoxFit(math.inf, math.inf)
    if events.control > 0:
        return CoxFit(-math.inf, math.inf)
    return CoxFit(math.nan, math.nan)


@rule
def _fill_terms(rows: RiskRows, first: int, n: int, terms: Terms) -> _Events:
    """Write for each event the patients at risk in each arm.

    The d events of a day count as one after the other: before the k-th of them (from 0) the share
    k / d of those with the event is taken to have left (Efron). Without patients at risk in both
    arms an event says nothing.
    """
    n_terms, told = 0, 0
    for i in range(n):  # becomes SIMD
        word = rows.at_risk[first + i]
        terms.share[i], terms.rest[i] = as_float(first_count(word)), as_float(second_count(word))
    for i in range(n):
        events = rows.events[first + i]
        m1, m2 = terms.share[i], terms.rest[i]
        d1, d2 = first_count(events), second_count(events)
        d = d1 + d2
        tells = 1 if (m1 > 0.0) & (m2 > 0.0) else 0
        # nearly all days have one event or two: two terms are written, and as many kept
        terms.experimental[n_terms], terms.control[n_terms] = m1, m2
        terms.experimental[n_terms + 1] = m1 - 0.5 * d1
        terms.control[n_terms + 1] = m2 - 0.5 * d2
        if d > 2:
            for k in range(1, d):
                terms.experimental[n_terms + k] = m1 - k / d * d1
                terms.control[n_terms + k] = m2 - k / d * d2
        n_terms += d * tells
        told += events * tells
    return _Events(n_terms, first_count(told), second_count(told))


@rule
def _likelihood(terms: Terms, n_terms: int, ratio: float) -> _Likelihood:
    """Derivatives at a hazard ratio.

    Two loops: divisions are made several at once by SIMD, sums only one after the other.
    """
    for k in range(n_terms):
        hazard, other = ratio * terms.experimental[k], terms.control[k]
        inverse = 1.0 / (hazard + other)
        terms.share[k], terms.rest[k] = hazard * inverse, other * inverse
    expected, information, slope, curvature = 0.0, 0.0, 0.0, 0.0
    for k in range(n_terms):
        share, rest = terms.share[k], terms.rest[k]
        product = share * rest
        expected += share
        information += product
        slope += product * (rest - share)
        curvature += product * (1.0 - 6.0 * product)
    return _Likelihood(expected, information, slope, curvature)
