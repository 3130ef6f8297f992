"""The tool finds in the KN026 paper what a separate study of its figures found, and shows it.

The file of printed figures ships with the project; it has to say what the facts say, and lifelines
has to print each of them from the pseudo data.
"""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml
from lifelines import KaplanMeierFitter
from lifelines.utils import median_survival_times

from simulate.reconstruct.demands import Crossing, Landmark
from simulate.reconstruct.reconstruction import reconstruct_file

SCENARIOS = Path(__file__).parents[2] / "scenarios"
FILE = SCENARIOS / "reconstruct" / "kn026_phase2.yaml"
FACTS = {
    fact["statistic"]: fact
    for fact in yaml.safe_load((SCENARIOS / "facts" / "kn026_phase2.yaml").read_text())["facts"]
}

# Events by 6, 12, 24 and 30 months, and the fewest patients censored before, as a study of the
# paper found by its own enumeration; DOR is printed without limits and from 12 months on.
EVENTS = {
    "pfs": [(7, 2), (13, 3), (24, 6), (28, 9)],
    "os": [(1, 0), (4, 0), (9, 1), (12, 3)],
    "dor": [(6, 2), (16, 4), (18, 11)],
}
UNIQUE = {"pfs": True, "os": True, "dor": False}


@pytest.fixture(scope="module")
def made():
    return {curve.published.endpoint: curve for curve in reconstruct_file(FILE).curves}


def by_lifelines(curve):
    fitted = KaplanMeierFitter().fit(curve.time, curve.event)
    limits = fitted.confidence_interval_
    medians = [median_survival_times(limits.iloc[:, [side]]) for side in (0, 1)]
    return fitted, limits, (fitted.median_survival_time_, *medians)


@pytest.mark.parametrize("endpoint", ["pfs", "os", "dor"])
def test_event_counts(made, endpoint) -> None:
    at = [c for c in made[endpoint].counts if isinstance(c.checkpoint, Landmark)]
    highest = [(c.possible[0].events, c.possible[0].fewest_censored) for c in at]
    assert highest == EVENTS[endpoint]
    assert all(c.is_unique for c in at) is UNIQUE[endpoint]
    curve = made[endpoint]
    taken = [int(curve.event[curve.time <= c.checkpoint.time].sum()) for c in at]
    assert taken == [events for events, _ in EVENTS[endpoint]]


def test_what_the_print_leaves_open(made) -> None:
    """20 or 19 PFS events at the lower limit of the median; 15 DOR events need 7 censored."""
    (pfs,) = (c for c in made["pfs"].counts if c.checkpoint.time == 18.0)
    assert isinstance(pfs.checkpoint, Crossing)
    assert [c.events for c in pfs.possible] == [20, 19]
    dor = {c.checkpoint.time: c.possible for c in made["dor"].counts}
    assert [(c.events, c.fewest_censored) for c in dor[24][:2]] == [(16, 4), (15, 7)]
    assert (dor[30][1].events, dor[30][1].fewest_censored) == (17, 12)
    assert dor[20.7][0].events == 14


@pytest.mark.parametrize("endpoint", ["pfs", "os", "dor"])
def test_lifelines_prints_every_figure(made, endpoint) -> None:
    curve = made[endpoint]
    fitted, limits, medians = by_lifelines(curve)
    compared = 0
    for month in (6, 12, 24, 30):
        fact = FACTS.get(f"{endpoint}_rate_{month}")
        if fact is None:
            continue
        row = limits.iloc[limits.index.searchsorted(month, side="right") - 1]
        for printed, value in zip(
            (fact["value"], fact["lower"], fact["upper"]),
            (fitted.predict(month), *row),
            strict=True,
        ):
            if printed is not None:
                assert f"{100 * value:.1f}" == f"{printed:.1f}", (endpoint, month)
                compared += 1
    fact = FACTS[f"{endpoint}_median"]
    for printed, value in zip((fact["value"], fact["lower"], fact["upper"]), medians, strict=True):
        if printed is not None:
            assert ("NR" if math.isinf(value) else round(value, 1)) == printed
            compared += 1
    assert compared == {"pfs": 15, "os": 13, "dor": 6}[endpoint]
    assert curve.curve.n == fact["denominator"]


def test_the_file_says_what_the_facts_say(made) -> None:
    for endpoint, curve in made.items():
        published = curve.published
        for mark in published.landmarks:
            fact = FACTS[f"{endpoint}_rate_{mark.time:g}"]
            figures = (mark.rate, mark.lower, mark.upper)
            shown = [figure and f"{100 * figure.value:.1f}" for figure in figures]
            wanted = [fact["value"], fact["lower"], fact["upper"]]
            assert shown == [value and f"{value:.1f}" for value in wanted]
        assert len(published.landmarks) == len(EVENTS[endpoint])


def test_our_own_kernels_agree_that_every_figure_is_given_back(made) -> None:
    rows = [row for curve in made.values() for row in curve.compared]
    assert len(rows) == 35
    assert all(row.agrees for row in rows)
    assert max(curve.largest_difference for curve in made.values()) <= 0.0005 + 1e-9
