"""Distributions of times and counts, and their tables on whole days.

Every continuous time T of the model becomes the whole day ceil(T), so that
``P(day <= d) = F(d)`` exactly. A distribution is then a table of thresholds: the day of a word w is
the first d with ``w < thresholds[d]``, where ``thresholds[d] = round(F(d) * 2**32)``. That is
inversion: exact to 2**-32, monotone in the word, and free of mathematics libraries at run time.

Where a patient's own factor m multiplies a hazard, the day is the first d with
``m * H[d] >= E(w)``: H is the cumulative hazard and E the unit exponential of the word.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from numba.extending import overload
from scipy.special import gammaincinv, log_ndtr, ndtr

from simulate.compiled import rule
from simulate.packed import guide_entry, guide_shift

IntArray = npt.NDArray[np.int64]
ShortArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]

NEVER = 2**30
"""The day of an event that does not happen within the tables; safe to add a day count to."""

TABLE_DAYS = 7305
"""Length of the tables: twenty years."""

QUANTILE_LEVELS = 4096
"""Levels of the quantile table of a continuous factor."""


class IntTable(Protocol):
    """Whole numbers by index: a list where Python reads them, an array where a kernel does."""

    def __len__(self) -> int:
        """Count the numbers."""

    def __getitem__(self, index: int, /) -> int:
        """Give one number."""

    def __iter__(self) -> Iterator[int]:
        """Give them in order."""


class Thresholds(IntTable, Protocol):
    """Thresholds in order; a kernel searches them quicker than other tables."""


class FloatTable(Protocol):
    """Floats by index; see :class:`IntTable`."""

    def __len__(self) -> int:
        """Count the numbers."""

    def __getitem__(self, index: int, /) -> float:
        """Give one number."""


class IntColumn(IntTable, Protocol):
    """Whole numbers by index that can be changed; see :class:`IntTable`."""

    def __setitem__(self, index: int, value: int, /) -> None:
        """Change one number."""


class ShortColumn(IntColumn, Protocol):
    """The same for numbers of at most 2**31 - 1, which kernels store in half the room."""


class WordTable(IntTable, Protocol):
    """Whole numbers from 0 to 2**32 - 1, which kernels store in half the room."""


class WordColumn(IntColumn, Protocol):
    """The same where they can be changed."""


class SmallTable(IntTable, Protocol):
    """Whole numbers from 0 to 2**16 - 1, which kernels store in a quarter of the room."""


class FloatColumn(FloatTable, Protocol):
    """Floats by index that can be changed; see :class:`IntTable`."""

    def __setitem__(self, index: int, value: float, /) -> None:
        """Change one number."""


class EventTable(NamedTuple):
    """A time to event on whole days: thresholds of its distribution, and its cumulative hazard."""

    thresholds: Thresholds
    cumulative_hazard: FloatTable


# ---- lookup: the rules ----------------------------------------------------------------------


def first_above_within(thresholds: IntTable, word: int, start: int, end: int) -> int:
    """Index of the first threshold above the word among ``start : end``; ``end`` if none is."""
    return bisect_right(thresholds, word, start, end)


@overload(first_above_within)
def _first_above_within_compiled(
    thresholds: Any, word: Any, start: Any, end: Any
) -> Callable[..., Any]:
    """Give kernels the same search; Numba asks for it with the types of the arguments."""
    del thresholds, word, start, end

    def search(thresholds: Any, word: Any, start: Any, end: Any) -> Any:
        # halves without a branch: which half it is cannot be foreseen
        low, size = start, end - start
        while size > 0:
            half = (size + 1) >> 1
            low = low + half if thresholds[low + half - 1] <= word else low
            size = size - half
        return low

    return search


def first_above(thresholds: Thresholds, word: int) -> int:
    """Index of the first threshold above the word; the length of the table if none is."""
    return bisect_right(thresholds, word)


@overload(first_above)
def _first_above_compiled(thresholds: Any, word: Any) -> Callable[..., Any]:
    """Give kernels the same search, shortened by the guide where the table has one."""
    del word

    def search(thresholds: Any, word: Any) -> Any:
        return first_above_within(thresholds, word, 0, len(thresholds))

    def guided(thresholds: Any, word: Any) -> Any:
        slice_of_words = word >> guide_shift(thresholds)
        low = guide_entry(thresholds, slice_of_words)
        high = guide_entry(thresholds, slice_of_words + 1)
        return first_above_within(thresholds, word, low, high)

    return guided if getattr(thresholds, "guided", False) else search


@rule
def day_of(thresholds: Thresholds, word: int) -> int:
    """Whole day of a word, or NEVER if it lies beyond the table."""
    day = first_above(thresholds, word)
    if day < len(thresholds):
        return day
    return NEVER


@rule
def first_reaching(cumulative_hazard: FloatTable, factor: float, target: float) -> int:
    """First index d with ``factor * cumulative_hazard[d] >= target``, or NEVER."""
    low, high = 0, len(cumulative_hazard)
    while low < high:
        middle = (low + high) >> 1
        if factor * cumulative_hazard[middle] >= target:
            high = middle
        else:
            low = middle + 1
    if low < len(cumulative_hazard):
        return low
    return NEVER


@rule
def later(day: int, days: int) -> int:
    """``day + days``, where NEVER stays NEVER."""
    if day >= NEVER or days >= NEVER:
        return NEVER
    return day + days


# ---- tables: built once a run ----------------------------------------------------------------


def threshold(probability: float) -> int:
    """The threshold of an event of this probability: it happens when word < threshold."""
    return math.floor(probability * 2**32 + 0.5)


def thresholds(cumulative: npt.ArrayLike) -> IntArray:
    """Thresholds of a cumulative distribution given at 0, 1, 2, ..."""
    return np.floor(np.asarray(cumulative, float) * 2**32 + 0.5).astype(np.int64)


def choice_table(weights: npt.ArrayLike) -> IntArray:
    """Thresholds of a discrete choice: index i has probability ``weights[i] / sum(weights)``."""
    cumulative = np.cumsum(np.asarray(weights, float))
    table = thresholds(cumulative / cumulative[-1])
    table[-1] = 2**32  # so that every word finds an index, whatever the rounding
    return table


def event_table(cumulative_hazard: FloatArray) -> EventTable:
    """Tables of a time to event from its cumulative hazard on days 0, 1, 2, ..."""
    return EventTable(thresholds(-np.expm1(-cumulative_hazard)), cumulative_hazard)


def truncated_normal_table(*, mean: float, sd: float, low: int, high: int) -> IntArray:
    """Thresholds of a rounded normal variable on low..high, conditional on lying there."""
    edges = np.arange(low, high + 2) - 0.5
    return choice_table(np.diff(ndtr((edges - mean) / sd)))


def quantile_table(quantile: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """A continuous factor at the midpoints of QUANTILE_LEVELS equal slices of probability."""
    return quantile((np.arange(QUANTILE_LEVELS) + 0.5) / QUANTILE_LEVELS)


def gamma_quantile_table(*, mean: float, shape: float) -> FloatArray:
    """Quantile table of a gamma factor."""
    return np.asarray(_standard_gamma_quantiles(shape) * mean / shape)


@lru_cache(maxsize=8)
def _standard_gamma_quantiles(shape: float) -> FloatArray:
    """The same with rate 1: slow to work out, and posterior draws mostly share the shape."""
    return quantile_table(lambda p: np.asarray(gammaincinv(shape, p)))


# ---- families: cumulative hazard H(t) = -ln S(t), t in days ----------------------------------


def exponential_hazard(days: FloatArray, *, rate: float) -> FloatArray:
    """Constant hazard ``rate`` per day."""
    return rate * days


def weibull_hazard(days: FloatArray, *, scale: float, shape: float) -> FloatArray:
    """Weibull, ``H(t) = (t / scale) ** shape``."""
    with np.errstate(over="ignore"):  # infinity is right
        return np.asarray((days / scale) ** shape)


def lognormal_hazard(days: FloatArray, *, median: float, sigma: float) -> FloatArray:
    """Log-normal with the given median and standard deviation of the logarithm."""
    with np.errstate(divide="ignore"):
        return np.asarray(-log_ndtr(-(np.log(days) - math.log(median)) / sigma))


def uniform_hazard(days: FloatArray, *, low: float, high: float) -> FloatArray:
    """Uniform on (low, high): everybody has had the event at ``high``."""
    if high <= low:
        return np.where(days >= low, np.inf, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(-np.log1p(-np.clip((days - low) / (high - low), 0.0, 1.0)))


def piecewise_hazard(
    days: FloatArray, *, starts: Sequence[float], rates: Sequence[float]
) -> FloatArray:
    """Piecewise constant hazard: ``rates[i]`` per day from ``starts[i]`` to the next start."""
    ends = [*starts[1:], math.inf]
    hazard = np.zeros_like(days)
    for start, end, rate in zip(starts, ends, rates, strict=True):
        hazard = hazard + rate * np.clip(days - start, 0.0, end - start)
    return hazard


def piecewise_ratio_hazard(
    hazard_of: Callable[[FloatArray], FloatArray],
    days: FloatArray,
    *,
    starts: Sequence[float],
    ratios: Sequence[float],
) -> FloatArray:
    """A cumulative hazard whose slope is multiplied by ``ratios[i]`` from ``starts[i]`` on."""
    ends = [*starts[1:], math.inf]
    hazard = np.zeros_like(days)
    for start, end, ratio in zip(starts, ends, ratios, strict=True):
        grown = hazard_of(np.clip(days, start, end)) - hazard_of(np.full_like(days, start))
        hazard = hazard + ratio * grown
    return hazard


def cure_hazard(others: FloatArray, *, cured: float) -> FloatArray:
    """Mixture with a cured fraction, from the cumulative hazard of the others."""
    with np.errstate(divide="ignore"):
        return np.asarray(-np.log(cured + (1.0 - cured) * np.exp(-others)))
