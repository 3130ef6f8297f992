"""Distributions in words, and what they imply: medians, event-free rates, hazards."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from simulate.describe.words import duration, in_months, listing, per_month, stated_percent
from simulate.distributions import IntTable
from simulate.scenario import distributions as families
from simulate.streams import WORD_RANGE
from simulate.times import count_table, cumulative_hazard

_LONGEST = 1e6  # days; a median beyond it is as good as none
_BISECTIONS = 80
_MOST_STEPS = 8


@dataclass(frozen=True)
class Implied:
    """What a time to event implies, taken alone and in continuous time.

    Parameters
    ----------
    time
        A distribution of the scenario.
    hazard_ratio
        Factor on its hazard.
    """

    time: families.Time
    hazard_ratio: float = 1.0

    def cumulative_hazard(self, days: float) -> float:
        """Cumulative hazard by a time; infinite where everybody has had the event."""
        with np.errstate(over="ignore"):
            return self.hazard_ratio * float(cumulative_hazard(self.time, np.array([days]))[0])

    def event_free(self, days: float) -> float:
        """Probability that the event has not happened by a time."""
        return math.exp(-self.cumulative_hazard(days))

    def mean_hazard(self, start: float, end: float) -> float:
        """Mean hazard per day between two times; nan if nobody is left."""
        before, after = self.cumulative_hazard(start), self.cumulative_hazard(end)
        return math.nan if math.isinf(after) else (after - before) / (end - start)

    def quantile(self, probability: float) -> float:
        """Time by which a fraction have had the event; infinite if they never do."""
        target = -math.log1p(-probability)
        low, high = 0.0, _LONGEST
        # the last digits of a table's step may fall short of the target
        if self.cumulative_hazard(high) < target * (1 - 1e-12):
            return math.inf
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            if self.cumulative_hazard(middle) >= target * (1 - 1e-12):
                high = middle
            else:
                low = middle
        return high

    @property
    def median(self) -> float:
        """Time by which half have had the event, in days."""
        return self.quantile(0.5)


def time_in_words(time: families.Time) -> str:
    """A time of the scenario: its family and parameters."""
    match time:
        case families.Exponential():
            return _exponential(time)
        case families.Weibull():
            return _weibull(time)
        case families.LogNormal():
            return f"log-normal, median {duration(time.median)}, sigma {time.sigma:g}"
        case families.Uniform():
            return f"uniform from {duration(time.low)} to {duration(time.high)}"
        case families.PiecewiseExponential():
            pieces = zip(time.rates, time.from_, strict=True)
            return "piecewise constant hazard: " + listing(
                f"{per_month(rate)} from {duration(start)}" for rate, start in pieces
            )
        case families.PiecewiseHazardRatio():
            ratios = zip(time.hazard_ratios, time.from_, strict=True)
            return f"{time_in_words(time.of)}; hazard times " + listing(
                f"{ratio:g} from {duration(start)}" for ratio, start in ratios
            )
        case families.Geometric():
            return _geometric(time)
        case families.Discrete():
            total = sum(time.weights)
            values = zip(time.values, (w / total for w in time.weights), strict=True)
            return f"one of {len(time.values)} times: {_steps(values)}"
        case families.Cure():
            return f"never in {stated_percent(time.cured)}; others: {time_in_words(time.others)}"


def _exponential(time: families.Exponential) -> str:
    if time.rate_per_day == 0:
        return "never (hazard 0)"
    return f"exponential, constant hazard of {per_month(time.rate_per_day)}"


def _weibull(time: families.Weibull) -> str:
    trend = "constant" if time.shape == 1 else "rising" if time.shape > 1 else "falling"
    scale = in_months(time.scale_days) if time.scale is None else duration(time.scale)
    return f"Weibull, shape {time.shape:g} ({trend} hazard), scale {scale}"


def _geometric(time: families.Geometric) -> str:
    p = time.probability
    shares = [p * (1 - p) ** step for step in range(time.at_most - 1)]
    shares.append(1 - sum(shares))
    values = ((time.every * (step + 1), share) for step, share in enumerate(shares))
    return (
        f"geometric in steps of {duration(time.every)} with probability {stated_percent(p)} each, "
        f"{time.at_most} at most: {_steps(values)}"
    )


def _steps(values: Iterable[tuple[float, float]]) -> str:
    """Times with their probabilities; the later ones of a long list are left out."""
    rows = list(values)
    texts = [f"{duration(days)} {100 * share:.3g}%" for days, share in rows[:_MOST_STEPS]]
    left = sum(share for _, share in rows[_MOST_STEPS:])
    return ", ".join([*texts, *([f"later {100 * left:.3g}%"] if len(rows) > _MOST_STEPS else [])])


def count_in_words(number: families.Count) -> str:
    """A count of the scenario, and where most patients lie."""
    if isinstance(number, families.FixedCount):
        return f"{number.value}"
    fewest, table = count_table(number)
    low, middle, high = (fewest + _first_above(table, p) for p in (0.05, 0.5, 0.95))
    return (
        f"log-normal with median {number.median:g} and sigma {number.sigma:g}, rounded and kept "
        f"from {number.at_least} to {number.at_most} (half of the patients have up to {middle}, "
        f"90% between {low} and {high})"
    )


def typical_count(number: families.Count) -> int:
    """The median of a count of the scenario."""
    if isinstance(number, families.FixedCount):
        return number.value
    fewest, table = count_table(number)
    return fewest + _first_above(table, 0.5)


def _first_above(table: IntTable, probability: float) -> int:
    return int(np.searchsorted(np.asarray(table), probability * WORD_RANGE, side="right"))
