"""Two arms compared: log-rank test and Cox hazard ratio, from patients counted on whole days.

Both take the tables of each arm as :func:`simulate.analysis.counting.count_days` fills them. The
hazard ratio is experimental over control, so a value below 1, and a negative log-rank statistic,
favour the experimental arm.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import FloatColumn, FloatTable, IntTable

_MOST_STEPS = 100
_SMALLEST_STEP = 1e-10


class ArmDays(NamedTuple):
    """The patients of one arm, counted by day."""

    exits: IntTable
    events: IntTable
    n: int


class LogRank(NamedTuple):
    """The log-rank comparison; sums over strata are the stratified comparison."""

    difference: float
    """Observed less expected events of the experimental arm; below 0 favours it."""
    variance: float
    """Hypergeometric variance of the difference."""


class CoxFit(NamedTuple):
    """Cox regression on the arm alone."""

    log_hazard_ratio: float
    """Of experimental to control. Of the events with patients at risk in both arms, those of one
    arm only give -inf (control) or inf (experimental), none at all gives nan."""
    standard_error: float
    """Of the log hazard ratio, from the observed information: inf or nan as the estimate is."""


class _Terms(NamedTuple):
    """The partial likelihood in numbers: how many terms, and the events of each arm in them."""

    n: int
    experimental_events: int
    control_events: int


class _Derivatives(NamedTuple):
    """Of the log partial likelihood with respect to the log hazard ratio."""

    score: float
    information: float


@rule
def log_rank(experimental: ArmDays, control: ArmDays, last: int) -> LogRank:
    """Observed less expected events of the experimental arm, and variance (Mantel 1966).

    Parameters
    ----------
    experimental, control
        The tables of each arm, as long as the last day of both asks for.
    last
        Last observed day of both arms together, -1 if nobody was observed.
    """
    difference, variance = 0.0, 0.0
    at_risk_experimental, at_risk = experimental.n, experimental.n + control.n
    for day in range(last + 1):
        events = experimental.events[day] + control.events[day]
        if events > 0:
            share = at_risk_experimental / at_risk
            difference += experimental.events[day] - events * share
            if at_risk > 1:
                spread = events * (at_risk - events) / (at_risk - 1)
                variance += spread * share * (1.0 - share)
        at_risk_experimental -= experimental.exits[day]
        at_risk -= experimental.exits[day] + control.exits[day]
    return LogRank(difference, variance)


@rule
def log_rank_z(comparison: LogRank) -> float:
    """Standard normal statistic of a log-rank comparison; nan where no event could differ."""
    if comparison.variance > 0.0:
        return comparison.difference / math.sqrt(comparison.variance)
    return math.nan


@rule
def cox_hazard_ratio(
    experimental: ArmDays, control: ArmDays, last: int, odds: FloatColumn
) -> CoxFit:
    """Hazard ratio of the arms: the maximum of the partial likelihood of Cox (1972).

    Ties are handled as by Efron (1977). Newton's step s is shortened to ``log(1 + |s|)``: the
    information changes by a factor of e at most for each unit of the log hazard ratio, so such a
    step never passes the maximum and the search comes nearer from one side, wherever it starts.

    Parameters
    ----------
    experimental, control, last
        As in `log_rank`.
    odds
        Room for a number for each event.
    """
    terms = _fill_odds(experimental, control, last, odds)
    if terms.experimental_events == 0 or terms.control_events == 0:
        return _without_maximum(terms)
    log_ratio = 0.0
    found = _derivatives(terms, odds, 1.0)
    for _ in range(_MOST_STEPS):
        step = found.score / found.information
        if abs(step) < _SMALLEST_STEP:
            break
        if step > 0.0:
            log_ratio += math.log(1.0 + step)
        else:
            log_ratio -= math.log(1.0 - step)
        found = _derivatives(terms, odds, math.exp(log_ratio))
    return CoxFit(log_ratio, 1.0 / math.sqrt(found.information))


@rule
def _without_maximum(terms: _Terms) -> CoxFit:
    """The fit where events do not tell the arms apart, or are of one arm only."""
    if terms.experimental_events > 0:
        return CoxFit(math.inf, math.inf)
    if terms.control_events > 0:
        return CoxFit(-math.inf, math.inf)
    return CoxFit(math.nan, math.nan)


@rule
def _fill_odds(experimental: ArmDays, control: ArmDays, last: int, odds: FloatColumn) -> _Terms:
    """Write for each event the patients at risk in the control arm to one in the experimental.

    The d events of a day count as one after the other: before the k-th of them (from 0) the share
    k / d of those with the event is taken to have left the risk set (Efron). Without patients at
    risk in both arms an event says nothing.
    """
    n, experimental_events, control_events = 0, 0, 0
    at_risk, at_risk_control = experimental.n, control.n
    for day in range(last + 1):
        if at_risk == 0 or at_risk_control == 0:
            break
        first, second = experimental.events[day], control.events[day]
        events = first + second
        for k in range(events):
            gone = k / events
            odds[n] = (at_risk_control - gone * second) / (at_risk - gone * first)
            n += 1
        experimental_events += first
        control_events += second
        at_risk -= experimental.exits[day]
        at_risk_control -= control.exits[day]
    return _Terms(n, experimental_events, control_events)


@rule
def _derivatives(terms: _Terms, odds: FloatTable, ratio: float) -> _Derivatives:
    """Score and observed information at a hazard ratio.

    An event is one of the experimental arm with probability ``ratio / (ratio + odds)``.
    """
    expected, information = 0.0, 0.0
    for k in range(terms.n):
        weight = 1.0 / (ratio + odds[k])
        share = ratio * weight
        expected += share
        information += share * (odds[k] * weight)
    return _Derivatives(terms.experimental_events - expected, information)
