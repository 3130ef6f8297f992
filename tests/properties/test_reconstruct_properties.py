"""What must hold for every reconstruction, on random trials and on random points."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simulate.analysis.kaplan_meier import kaplan_meier
from simulate.reconstruct.demands import Landmark
from simulate.reconstruct.digitised import reconstruct_points
from simulate.reconstruct.landmarks import reconstruct_landmarks


@st.composite
def trials(draw, most=40):
    """Observed times, in whole weeks so that there are ties, and events."""
    n = draw(st.integers(2, most))
    time = draw(st.lists(st.integers(1, 60), min_size=n, max_size=n))
    event = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    return np.array(time, dtype=float), np.array(event)


@st.composite
def papers(draw):
    """Any points that do not rise, numbers at risk that do not either, and perhaps a total."""
    n = draw(st.integers(1, 60))
    size = draw(st.integers(1, 25))
    time = sorted(draw(st.lists(st.floats(0, 50), min_size=size, max_size=size)))
    survival = draw(st.lists(st.floats(0, 1), min_size=size, max_size=size))
    when = sorted(draw(st.sets(st.integers(1, 55), max_size=6)))
    numbers = sorted(
        draw(st.lists(st.integers(0, n), min_size=len(when), max_size=len(when))), reverse=True
    )
    total = draw(st.none() | st.integers(0, n))
    table = [(float(t), k) for t, k in zip(when, numbers, strict=True)]
    return n, time, sorted(survival, reverse=True), table, total


@settings(max_examples=25, deadline=None)
@given(papers())
def test_points_give_a_trial_whatever_they_are(paper) -> None:
    n, time, survival, table, total = paper
    made = reconstruct_points(time, survival, n, at_risk=table, total_events=total)
    assert made.time.size == made.event.size == n
    assert np.all(np.isfinite(made.time))
    assert made.time.min() >= 0.0
    assert np.all(np.diff(made.time) >= 0)
    curve = kaplan_meier(made.time, made.event)
    assert np.all(np.diff(curve.survival) <= 0)
    assert [int(k) for k in curve.at_risk_at([t for t, _ in table])] == [k for _, k in table]
    assert total in (None, int(made.event.sum()))


@settings(deadline=None)
@given(trials(), st.integers(2, 8))
def test_a_digitised_trial_keeps_its_numbers_at_risk_and_its_curve(trial, columns) -> None:
    time, event = trial
    true = kaplan_meier(time, event)
    times = np.repeat(true.time, 2)  # top and bottom of each step
    levels = np.stack([np.append(1.0, true.survival[:-1]), true.survival]).T.ravel()
    when = np.linspace(0, time.max(), columns)[:-1]
    table = [(float(t), int(true.at_risk_at(t))) for t in when]
    made = reconstruct_points(times, levels, time.size, at_risk=table)
    curve = kaplan_meier(made.time, made.event)
    assert curve.at_risk_at(when).tolist() == [k for _, k in table]
    # one event more or less of those at risk moves the curve by so much
    at_risk = true.at_risk_at(true.time)
    away = np.abs(curve.survival_at(true.time) - true.survival)
    assert np.all(away <= 1.0 / np.maximum(at_risk, 1) + 1e-9)


def assert_printed(texts, values) -> None:
    """Each value rounds to its text; one that lies between two texts may be printed either way."""
    for text, value in zip(texts, values, strict=True):
        percent = text.endswith("%")
        assert (text == "NR") is bool(np.isinf(value))
        if text != "NR":
            shown = float(text.rstrip("%")) / (100 if percent else 1)
            assert abs(value - shown) <= (0.0005 if percent else 0.05) + 1e-9


@settings(max_examples=30, deadline=None)
@given(trials(most=16), st.booleans(), st.booleans())
def test_printed_rates_of_a_trial_are_always_given_back(trial, limits, with_total) -> None:
    time, event = trial
    weeks = np.array([12.5, 24.5, 48.5])

    def figures(curve):
        lower, upper = curve.interval_at(weeks)
        return np.stack([curve.survival_at(weeks), lower, upper][: 3 if limits else 1], axis=1)

    known = figures(kaplan_meier(time, event))
    rates = [[f"{100 * v:.1f}%" for v in row if not np.isnan(v)] for row in known]
    if not with_total:  # then nobody may have the event after the last landmark
        event = event & (time <= weeks[-1])
    made = reconstruct_landmarks(
        time.size,
        [Landmark.printed(w, *row) for w, row in zip(weeks, rates, strict=True)],
        total_events=int(event.sum()) if with_total else None,
    )
    got = figures(kaplan_meier(made.time, made.event))
    for texts, values in zip(rates, got, strict=True):
        assert_printed(texts, values[: len(texts)])
    assert made.time.size == time.size
    assert not with_total or int(made.event.sum()) == int(event.sum())
    for counts in made.counts:
        true = int(event[time <= counts.checkpoint.time].sum())
        assert true in [count.events for count in counts.possible]


@settings(max_examples=30, deadline=None)
@given(trials(most=16))
def test_printed_medians_of_a_trial_are_always_given_back(trial) -> None:
    """Whole weeks: medians, their limits and landmarks may all fall on one day."""
    time, event = trial
    known = kaplan_meier(time, event)
    assume(not np.any(np.abs(known.survival - 0.5) < 1e-9))  # then a median lies between events
    weeks = np.array([12.0, 24.0, 48.0])
    # the upper line passes one half unseen where it does so amid events of one time
    has_ties = bool(np.any(known.events > 1))

    def figures(curve):
        medians = [curve.median(), *curve.median_interval()][: 2 if has_ties else 3]
        return curve.survival_at(weeks), medians

    rates = [f"{100 * value:.1f}%" for value in figures(known)[0]]
    medians = ["NR" if np.isinf(m) else f"{m:.1f}" for m in figures(known)[1]]
    made = reconstruct_landmarks(
        time.size,
        [Landmark.printed(w, rate) for w, rate in zip(weeks, rates, strict=True)],
        **dict(zip(("median", "median_lower", "median_upper"), medians, strict=False)),
        total_events=int(event.sum()),
    )
    got = figures(kaplan_meier(made.time, made.event))
    assert_printed(rates, got[0])
    assert_printed(medians, got[1])
