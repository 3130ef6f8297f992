"""Medians by counting and by searching are NumPy's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulate.analysis.quantiles import count_where, median, median_of_counts, ranked, spread


@given(st.lists(st.integers(0, 12), min_size=1, max_size=40))
def test_whole_numbers(values: list[int]) -> None:
    counts, out = [0] * 13, [0.0] * 5

    spread(values, len(values), counts, out, 1)

    assert out == [0.0, np.median(values), min(values), max(values), 0.0]
    assert counts == [0] * 13, "left as they were"


def test_nobody_has_no_median() -> None:
    out = [0.0] * 3
    spread([], 0, [0], out, 0)
    assert all(map(math.isnan, out))
    assert math.isnan(median([], 0))
    assert math.isnan(median_of_counts([0, 0], 0, 0))


@given(st.lists(st.integers(0, 7), min_size=1, max_size=30), st.integers(0, 3))
def test_counts_may_begin_anywhere(values: list[int], start: int) -> None:
    counts = [9] * start + np.bincount(values, minlength=8).tolist() + [9] * 3

    assert median_of_counts(counts, len(values), start) == np.median(values)


floats = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.lists(st.one_of(floats, st.sampled_from([0.5, 1.0])), min_size=1, max_size=40))
def test_floats(values: list[float]) -> None:
    # what lies beyond the first n stays out of it
    assert median([*values, -5.0, 7.0], len(values)) == np.quantile(values, 0.5)


@given(st.lists(floats, min_size=1, max_size=40), st.data())
def test_a_rank_parts_the_values(values: list[float], data: st.DataObject) -> None:
    rank = data.draw(st.integers(0, len(values) - 1))
    ordered = list(values)

    assert ranked(ordered, len(ordered), rank) == sorted(values)[rank]
    assert sorted(ordered) == sorted(values)
    assert max(ordered[:rank], default=-math.inf) <= ordered[rank] <= min(ordered[rank:])


@pytest.mark.parametrize("wanted", [0, 3])
def test_count_where(wanted: int) -> None:
    assert count_where([3, 0, 3, 1, 3], 4, wanted) == {0: 1, 3: 2}[wanted]
