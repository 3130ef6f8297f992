"""Bounds by the events of the looks so far, and the tree in which compiled code finds them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from look_trials import LAST_DAY, ORIGIN, FakeBoundaries
from survival_files import TWO_ARMS, survival_scenario

from simulate.compiled import kernel
from simulate.design_theory import design_theory
from simulate.distributions import IntArray
from simulate.looks import book as books
from simulate.looks.book import BoundBook
from simulate.looks.boundaries import Boundaries, Path, planned_fractions
from simulate.looks.bounds import NOT_YET, BoundTree, next_node
from simulate.looks.design import LookDesign, survival_design
from simulate.packed import pack, unpacked
from simulate.scenario.analyses import Analysis
from simulate.scenario.monitoring import Estimates, Hypothesis
from simulate.theory.planned_looks import expected_events


def design(counts: tuple[int | None, ...], **hypothesis: Any) -> LookDesign:
    """Looks at so many PFS events, or at a date, with one hypothesis."""
    cuts: list[Any] = [
        {"date": ORIGIN} if n is None else {"events": {"endpoint": "PFS", "count": n}}
        for n in counts
    ]
    chosen = {"efficacy": {"kind": "obrien_fleming"}} | hypothesis
    return LookDesign(
        analyses=tuple(Analysis(id=i + 1, name=f"a{i}", cut=cut) for i, cut in enumerate(cuts)),
        hypotheses=(
            Hypothesis(id=1, name="h", endpoint="PFS", experimental="new", control="old", **chosen),
        ),
        estimates=Estimates(),
        endpoints=("PFS",),
        arms=("old", "new"),
        sample_size=600,
        origin=ORIGIN,
        last_day=LAST_DAY,
    )


def efficacy(found: Boundaries, *paths: Path) -> list[float]:
    return [bounds.efficacy for bounds in found.find(0, paths)]


def test_bounds_at_the_planned_events_are_the_published_ones() -> None:
    """Lan-DeMets O'Brien-Fleming at 0.5, 0.75 and 1, one-sided 0.025."""
    found = Boundaries(design((254, 381, 508)))
    bounds = found.find(0, [(254,), (254, 381), (254, 381, 508)])
    assert [each.efficacy for each in bounds] == pytest.approx([2.9626, 2.3590, 2.0141], abs=6e-5)
    assert [each.decides for each in bounds] == [False, False, True]
    assert [each.futility for each in bounds] == [-math.inf] * 3


def test_more_events_at_a_look_lower_its_bound_and_raise_later_ones() -> None:
    found = Boundaries(design((254, 381, 508)))
    planned, more = efficacy(found, (254,), (270,))
    assert more < planned
    assert np.less(*efficacy(found, (254, 381), (270, 381)))


def test_bounds_do_not_depend_on_what_else_was_asked() -> None:
    paths = [(254,), (260,), (254, 381), (260, 390), (260, 390, 511), (254, 381, 300 + 208)]
    together = efficacy(Boundaries(design((254, 381, 508))), *paths)
    one_by_one = Boundaries(design((254, 381, 508)))
    assert [efficacy(one_by_one, path)[0] for path in reversed(paths)][::-1] == together


def test_a_look_with_all_planned_events_decides() -> None:
    (bounds,) = Boundaries(design((254, 381, 508))).find(0, [(254, 508)])
    assert bounds.decides
    without = Boundaries(design((254, 508)))
    assert bounds.efficacy == pytest.approx(efficacy(without, (254, 508))[0], abs=1e-9)


def test_a_look_that_repeats_the_data_of_the_one_before_tests_nothing_new() -> None:
    found = Boundaries(design((254, 381, 508)))
    again, alone = efficacy(found, (254, 254), (254, 254, 508)), efficacy(found, (254, 400, 508))
    assert again[0] == math.inf
    assert again[1] < alone[0]


def test_one_look_is_a_fixed_design_whatever_its_events() -> None:
    for events in (0, 7, 300):
        (bounds,) = Boundaries(design((None,), efficacy=None)).find(0, [(events,)])
        assert bounds.decides
        assert bounds.efficacy == pytest.approx(1.959964, abs=1e-6) if events else math.inf


def test_futility_bounds_spend_beta() -> None:
    futility = {"spending": {"kind": "hwang_shih_decani", "gamma": -4}, "beta": 0.1}
    planned = design((150, 300), futility=futility, design_hazard_ratio=0.7)
    first, last = Boundaries(planned).find(0, [(150,), (150, 300)])
    assert -math.inf < first.futility < first.efficacy
    assert last.futility == last.efficacy


def test_looks_without_planned_events_are_planned_between_the_others() -> None:
    for counts, expected in (
        ((None, 200), (0.5, 1.0)),
        ((50, None, 200), (0.25, 0.625, 1.0)),
        ((50, 200, 200), (0.25, 0.625, 1.0)),
        ((120, 100, None, 200), (0.6, 0.6 + 0.4 / 3, 0.6 + 0.8 / 3, 1.0)),
    ):
        found = design(counts, information=200)
        assert planned_fractions(found, found.hypotheses[0]) == pytest.approx(expected)


def test_expected_events_plan_the_looks_that_nothing_else_plans() -> None:
    found = design((None, None, 200), information=200)
    (one,) = found.hypotheses

    assert planned_fractions(found, one, {"h": (80.0, 150.0, 200.0)}) == (0.4, 0.75, 1.0)
    # a look without more events than the one before it lies between its neighbours
    assert planned_fractions(found, one, {"h": (80.0, 80.0, 200.0)}) == (0.4, 0.7, 1.0)
    # nor is there a look with less than a millionth of an event
    assert planned_fractions(found, one, {"h": (6e-15, 150.0, 200.0)}) == (0.375, 0.75, 1.0)
    assert planned_fractions(found, one, {"other": (80.0, 150.0, 200.0)}) == pytest.approx(
        (1 / 3, 2 / 3, 1.0)
    )


def test_futility_bounds_of_trials_are_those_of_theory_where_a_look_has_a_date() -> None:
    scenario = survival_scenario(
        TWO_ARMS,
        "analyses.interim.cut={date: 2027-05-01}",
        "hypotheses.pfs.futility.spending={kind: pocock}",
    )
    (one,) = design_theory(scenario).hypotheses
    events = one.events[0]
    assert events / 330 < 0.4, "not halfway"
    low = math.floor(events)

    def between(found: Boundaries) -> float:
        """The bound at the expected number of events, which is not a whole one."""
        bounds = [each.futility for each in found.find(0, [(low,), (low + 1,)])]
        return float(np.interp(events, [low, low + 1], bounds))

    as_theory = Boundaries(survival_design(scenario), expected=expected_events(scenario))
    evenly = Boundaries(survival_design(scenario))
    assert between(as_theory) == pytest.approx(one.futility_z[0], abs=2e-4)
    assert between(evenly) != pytest.approx(one.futility_z[0], abs=2e-3)


# ---- the tree -------------------------------------------------------------------------------


@kernel
def find_compiled(block: IntArray, hypothesis: int, node: int, count: int) -> int:
    return next_node(unpacked(block, BoundTree), hypothesis, node, count)


def step(book: BoundBook, hypothesis: int, node: int, count: int, *, is_compiled: bool) -> int:
    if is_compiled:
        return int(find_compiled(pack(book.tree).block, hypothesis, node, count))
    return next_node(book.tree, hypothesis, node, count)


@pytest.mark.parametrize("is_compiled", [False, True])
def test_a_tree_learns_what_it_missed(is_compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "_FIRST_ENTRIES", 4)  # so that it grows several times
    known = FakeBoundaries([3, 2])
    book = BoundBook(known, 2, as_lists=not is_compiled)
    rng = np.random.default_rng(3)
    grown = 0
    for _ in range(300):
        hypothesis = int(rng.integers(2))
        node, path = hypothesis, ()
        for count in np.cumsum(rng.integers(1, 4, 3 - hypothesis)).tolist():
            path = (*path, count)
            found = step(book, hypothesis, node, count, is_compiled=is_compiled)
            if found == NOT_YET:
                grown += book.learn()
                found = step(book, hypothesis, node, count, is_compiled=is_compiled)
            node = found
            expected = known.bounds(hypothesis, path)
            here = (book.tree.efficacy[node], book.tree.futility[node], book.tree.decides[node])
            assert here == (*expected[:2], int(expected.decides))
    assert grown >= 2
    assert book.tree.n_missed[0] == 0


def test_many_misses_are_learnt_at_once_and_beyond_the_room_later() -> None:
    known = FakeBoundaries([1])
    book = BoundBook(known, 1, as_lists=True)
    most = len(book.tree.missed) // 3
    for count in range(most + 5):
        assert next_node(book.tree, 0, 0, count) == NOT_YET
    book.learn()
    for count in (0, 7, most - 1):
        node = next_node(book.tree, 0, 0, count)
        assert book.tree.efficacy[node] == known.bounds(0, (count,)).efficacy
    assert next_node(book.tree, 0, 0, most) == NOT_YET
