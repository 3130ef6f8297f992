"""Bounds at the events that simulated looks have: gsDesign, designs at those fractions, rules."""

from __future__ import annotations

import math
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import stats

from simulate.sequential import actual
from simulate.sequential.actual import BoundTable, unique_rows
from simulate.sequential.boundaries import find_design_bounds
from simulate.sequential.crossing import crossing
from simulate.sequential.design import (
    BetaSpending,
    GivenHazardRatios,
    GivenZ,
    GroupSequential,
)
from simulate.sequential.log_rank import z_at
from simulate.sequential.refusals import DesignError
from simulate.sequential.spending import HwangShihDeCani, OBrienFlemingType, PocockType

DESIGN = GroupSequential((0.5, 0.75, 1.0))
ONE_LOOK = stats.norm.isf(0.025)


def table(design: GroupSequential = DESIGN, events: int = 508, **known) -> BoundTable:
    planned = find_design_bounds(design, events=events, **known)
    return BoundTable(planned, events, **known)


def test_planned_events_have_the_planned_bounds() -> None:
    for futility in (GivenZ((0.0, 1.0)), BetaSpending(HwangShihDeCani(0.1, gamma=-2.0))):
        design = GroupSequential((0.5, 0.75, 1.0), futility=futility)
        planned = find_design_bounds(design)
        found = BoundTable(planned, 508).bounds([[254, 381, 508]])
        assert found.efficacy_z[0] == pytest.approx(planned.efficacy_z, abs=1e-10)
        assert found.futility_z[0] == pytest.approx(planned.futility_z, abs=1e-8)
        assert found.alpha_spent[0] == pytest.approx(planned.alpha_spent, abs=1e-12)
        assert found.final_look.tolist() == [2]


def test_gsdesign_at_other_sample_sizes_than_planned() -> None:
    """gsDesign(k = 3, test.type = 2, n.I = c(300, 600, 860), maxn.IPlan = 819): printed Z."""
    design = GroupSequential((0.4, 0.7, 1.0), HwangShihDeCani(0.025, gamma=-4.0))
    found = table(design, 819).bounds([[300, 600, 860]])
    assert found.efficacy_z[0] == pytest.approx([2.96, 2.44, 2.01], abs=5e-3)
    spent = np.diff(found.alpha_spent[0], prepend=0.0)
    assert spent == pytest.approx([0.0016, 0.0067, 0.0167], abs=5e-5)


@pytest.mark.parametrize("binding", [False, True])
def test_what_is_spent_at_actual_events_is_what_spending_allows(binding: bool) -> None:
    """Crossing probabilities of the bounds found, worked out anew: under and over the plan."""
    futility = BetaSpending(HwangShihDeCani(0.1, gamma=-2.0))
    design = GroupSequential((0.5, 0.75, 1.0), futility=futility, binding=binding)
    planned = find_design_bounds(design)
    counts = np.array([[254, 390, 520], [260, 381, 480], [253, 255, 508], [100, 101, 102]])
    found = BoundTable(planned, 508).bounds(counts)
    for row, events in enumerate(counts):
        fractions = events / 508
        upper, lower = found.efficacy_z[row], found.futility_z[row].copy()
        heeded = lower if binding else np.full(3, -np.inf)
        level = crossing(fractions, np.zeros(3), heeded, upper).above.cumsum()
        allowed = OBrienFlemingType(0.025).spent(fractions)
        allowed[-1] = 0.025
        assert level == pytest.approx(allowed, abs=1e-10)
        assert lower[-1] == upper[-1]
        missed = crossing(fractions, planned.drift * np.sqrt(fractions), lower, upper)
        beta = HwangShihDeCani(0.1, gamma=-2.0).spent(fractions)[:-1]
        assert missed.below[:-1].cumsum() == pytest.approx(beta, abs=1e-9)


def test_the_last_look_spends_everything_whatever_its_count() -> None:
    found = table().bounds([[254, 381, 400], [0, 0, 300], [0, 0, 0]])
    assert found.alpha_spent[:2, -1] == pytest.approx([0.025, 0.025], abs=1e-12)
    assert found.efficacy_z[1] == pytest.approx([math.inf, math.inf, ONE_LOOK], abs=1e-9)
    assert np.all(found.efficacy_z[2] == math.inf)  # without an event nothing is shown
    assert found.final_look.tolist() == [2, 2, 2]


def test_an_interim_look_with_the_planned_final_count_is_the_last() -> None:
    found = table().bounds([[254, 508, 600], [700, 700, 700]])
    assert found.final_look.tolist() == [1, 0]
    assert found.alpha_spent == pytest.approx(
        np.array([[OBrienFlemingType(0.025).spent(0.5), 0.025, 0.025], [0.025] * 3]), abs=1e-12
    )
    assert found.efficacy_z[0, 2] == math.inf
    assert found.efficacy_z[1] == pytest.approx([ONE_LOOK, math.inf, math.inf], abs=1e-9)
    assert found.futility_z[0, 1] == found.efficacy_z[0, 1]
    assert found.futility_z[0, 2] == -math.inf


def test_a_look_that_repeats_the_data_of_another_is_not_held() -> None:
    found = table().bounds([[254, 254, 508], [254, 400, 400]])
    two_looks = table(GroupSequential((0.5, 1.0))).bounds([[254, 508], [254, 400]])
    assert found.efficacy_z[0, 1] == math.inf
    assert found.efficacy_z[1, 1] == math.inf
    assert found.efficacy_z[:, [0, 2]] == pytest.approx(two_looks.efficacy_z, abs=1e-10)


def test_futility_as_a_hazard_ratio_follows_the_events() -> None:
    design = GroupSequential((0.5, 1.0), futility=GivenHazardRatios((0.95,)))
    found = table(design, 300, allocation=2.0).bounds([[150, 300], [170, 310]])
    expected = z_at(0.95, [150, 170], allocation=2.0)
    assert found.futility_z[:, 0] == pytest.approx(expected, rel=1e-12)


def test_a_futility_bound_is_never_above_the_efficacy_bound() -> None:
    design = GroupSequential((0.2, 1.0), futility=GivenZ((2.5,)))
    found = table(design, 500).bounds([[480, 500]])
    assert found.efficacy_z[0, 0] < 2.5
    assert found.futility_z[0, 0] == found.efficacy_z[0, 0]


def test_beta_that_would_stop_successes_is_not_spent() -> None:
    """Five planned looks and two held: so much power is left over that beta cannot be used up."""
    futility = BetaSpending(PocockType(0.1))
    design = GroupSequential((0.2, 0.4, 0.6, 0.8, 1.0), PocockType(0.025), futility)
    found = table(design, 500).bounds([[0, 0, 0, 499, 500], [100, 200, 300, 400, 500]])
    assert found.futility_z[0, 3] == found.efficacy_z[0, 3]
    assert np.all(found.futility_z <= found.efficacy_z)
    assert np.all(found.futility_z[1, :-1] < found.efficacy_z[1, :-1])


def test_bounds_of_a_trial_do_not_depend_on_the_others() -> None:
    rng = np.random.default_rng(5)
    counts = np.array([254, 381, 508]) + np.sort(rng.poisson(3.0, (400, 3)), axis=1)
    together, one_by_one = table(), table()
    found = together.bounds(counts)
    for row in rng.choice(len(counts), 40, replace=False):
        alone = one_by_one.bounds(counts[row : row + 1])
        for ours, theirs in zip(found, alone, strict=True):
            assert ours[row] == pytest.approx(theirs[0], abs=1e-12)
    assert len(together) == len(np.unique(counts, axis=0))


def test_bounds_are_found_once_and_kept() -> None:
    kept = table()
    first = kept.bounds([[254, 381, 508], [255, 381, 508], [254, 381, 508]])
    assert len(kept) == 2
    again = kept.bounds([[255, 381, 508], [256, 381, 508]])
    assert len(kept) == 3
    assert again.efficacy_z[0].tolist() == first.efficacy_z[1].tolist()
    copy = pickle.loads(pickle.dumps(kept))
    assert copy.bounds([[255, 381, 508]]).efficacy_z.tolist() == again.efficacy_z[:1].tolist()


def test_a_full_table_still_finds_bounds_but_keeps_no_more(monkeypatch) -> None:
    monkeypatch.setattr(actual, "MOST_KEPT", 2)
    full, rows = table(), [[254, 381, 508], [255, 381, 508]]
    full.bounds(rows)
    found = full.bounds([[256, 381, 508], *rows])
    assert len(full) == 2
    assert np.array_equal(found.efficacy_z[1:], full.bounds(rows).efficacy_z)
    assert np.array_equal(found.efficacy_z[0], table().bounds([[256, 381, 508]]).efficacy_z[0])


def test_threads_may_share_a_table() -> None:
    rng = np.random.default_rng(6)
    chunks = [np.array([254, 381, 508]) + rng.integers(0, 4, (50, 3)) for _ in range(16)]
    shared = table()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(shared.bounds, chunks))
    alone = table()
    for chunk, of_threads in zip(chunks, found, strict=True):
        assert np.array_equal(alone.bounds(chunk).efficacy_z, of_threads.efficacy_z)


def test_no_trial_has_no_bounds() -> None:
    assert table().bounds(np.empty((0, 3), np.int64)).efficacy_z.shape == (0, 3)


def test_unique_rows_are_those_of_numpy_whatever_the_range() -> None:
    rng = np.random.default_rng(7)
    for high in (3, 10**6):  # the second does not fit into one number
        counts = rng.integers(0, high, (500, 8)) % (high // 3 + 1)
        counts = np.concatenate([counts, counts[:50]])
        distinct, row = unique_rows(counts)
        assert np.array_equal(distinct[row], counts)
        assert len(distinct) == len(np.unique(counts, axis=0))
    widest = 2**32 - 1
    counts = np.array([[0, 0, 0], [1, 0, 0], [widest, widest, widest]])
    assert len(unique_rows(counts)[0]) == 3


@pytest.mark.parametrize(
    "counts", [[[254, 381]], [254, 381, 508], [[254, 253, 508]], [[-1, 381, 508]]]
)
def test_counts_that_cannot_be_are_refused(counts) -> None:
    with pytest.raises(DesignError) as refusal:
        table().bounds(counts)
    assert refusal.value.part == "events"
