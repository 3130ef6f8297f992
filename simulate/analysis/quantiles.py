"""Medians of a trial's patients, by linear interpolation as NumPy's default.

Whole numbers (days, cycles, levels) are counted, which needs no sorting; floats are searched.
"""

from __future__ import annotations

import math

from simulate.compiled import rule
from simulate.distributions import FloatColumn, IntColumn, IntTable


@rule
def median_of_counts(counts: IntTable, n: int, start: int) -> float:
    """Median of ``n`` whole numbers of which ``counts[start + v]`` are v; nan without any."""
    if n == 0:
        return math.nan
    value = 0
    passed = counts[start]
    while passed <= (n - 1) // 2:
        value += 1
        passed += counts[start + value]
    lower = value
    while passed <= n // 2:
        value += 1
        passed += counts[start + value]
    return 0.5 * (lower + value)


@rule
def spread(values: IntTable, n: int, counts: IntColumn, out: FloatColumn, at: int) -> None:
    """Write the median, the smallest and the largest of ``n`` whole numbers, none negative.

    ``counts`` has an entry for every possible value, all 0 before and after.
    """
    if n == 0:
        for i in range(3):
            out[at + i] = math.nan
        return
    low, high = values[0], values[0]
    for i in range(n):
        counts[values[i]] += 1
        low = min(low, values[i])
        high = max(high, values[i])
    out[at] = median_of_counts(counts, n, 0)
    out[at + 1] = float(low)
    out[at + 2] = float(high)
    for i in range(n):
        counts[values[i]] = 0


@rule
def median(values: FloatColumn, n: int) -> float:
    """Median of the first ``n`` floats, which are put in another order; nan without any."""
    if n == 0:
        return math.nan
    rank = (n - 1) // 2
    lower = ranked(values, n, rank)
    if n % 2 == 1:
        return lower
    upper = values[rank + 1]
    for i in range(rank + 2, n):
        upper = min(upper, values[i])
    return upper - 0.5 * (upper - lower)


@rule
def ranked(values: FloatColumn, n: int, rank: int) -> float:
    """The value of a rank from 0, with none above it before it and none below it after it.

    Hoare (1961), Algorithm 65: find.
    """
    low, high = 0, n - 1
    while low < high:
        pivot = values[rank]
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while pivot < values[j]:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if j < rank:
            low = i
        if rank < i:
            high = j
    return values[rank]


@rule
def count_where(values: IntTable, n: int, wanted: int) -> int:
    """How many of the first ``n`` whole numbers are the one wanted."""
    found = 0
    for i in range(n):
        if values[i] == wanted:
            found += 1
    return found
