"""The log-rank test in theory: Schoenfeld, gsDesign2's average hazard ratio, Lachin and Foulkes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from simulate.sequential.accrual import entered_at_rate, entered_uniformly
from simulate.sequential.expected import Group
from simulate.sequential.lachin_foulkes import lachin_foulkes_power
from simulate.sequential.log_rank import expected_z
from simulate.sequential.noncentrality import Stratum, log_rank_at
from simulate.sequential.survival_models import (
    CureMixture,
    Exponential,
    PiecewiseExponential,
    SurvivalModel,
    TimesHazardRatio,
    Weibull,
)

MONTH = 200  # steps of the day grid in a month of a published example


def arms(control: SurvivalModel, ratios, starts=(0.0,), *, share=0.5, dropout=0.0) -> Stratum:
    lost = Exponential(dropout)
    return Stratum(
        Group(share, TimesHazardRatio(control, ratios, starts), lost),
        Group(1.0 - share, control, lost),
    )


@pytest.mark.parametrize("share", [0.5, 2 / 3])
def test_proportional_hazards_give_schoenfeld(share: float) -> None:
    """The average hazard ratio is the ratio, its Z is Schoenfeld's; the mean of Z tends to it."""
    entered, allocation = entered_uniformly(400, 300.0, 900), share / (1.0 - share)
    for ratio, tolerance in ((0.999, 2e-3), (0.75, 0.03), (0.5, 0.15)):
        theory = log_rank_at([arms(Weibull(400.0, 1.2), (ratio,), share=share)], entered, 900)
        schoenfeld = float(expected_z(ratio, theory.events, allocation=allocation))
        assert theory.average_hazard_ratio == pytest.approx(ratio, rel=1e-9)
        assert theory.schoenfeld_z(allocation=allocation) == pytest.approx(schoenfeld, rel=1e-9)
        assert theory.mean_z == pytest.approx(schoenfeld, rel=tolerance)


@pytest.mark.parametrize(
    ("month", "ratio", "events"),
    [(15, 0.7857415, 30.27841), (30, 0.6952153, 58.49097), (36, 0.6833395, 66.23948)],
)
def test_the_average_hazard_ratio_of_gsdesign2(month, ratio, events) -> None:
    """ahr() with its defaults, as printed; the grid is half a step late."""
    control = PiecewiseExponential(
        (0.0, 3.0 * MONTH), (math.log(2) / 9 / MONTH, math.log(2) / 18 / MONTH)
    )
    starts, rates = (0.0, 2.0 * MONTH, 4.0 * MONTH), (3.0 / MONTH, 6.0 / MONTH, 9.0 / MONTH)
    entered = entered_at_rate(starts, rates, 108, 40 * MONTH)
    effect = arms(control, (0.9, 0.6), (0.0, 3.0 * MONTH), dropout=0.001 / MONTH)
    around = [log_rank_at([effect], entered, month * MONTH + day) for day in (0, 1)]
    average = np.mean([theory.average_hazard_ratio for theory in around])
    assert average == pytest.approx(ratio, rel=1e-5)
    assert np.mean([theory.events for theory in around]) == pytest.approx(events, rel=5e-6)


def test_strata_are_summed() -> None:
    """Two strata that are halves of one trial are that trial; a null stratum adds variance."""
    entered = entered_uniformly(300, 200.0, 500)
    control = Exponential(0.003)
    whole = log_rank_at([arms(control, (0.7,))], entered, 500)
    half = Stratum(Group(0.25, TimesHazardRatio(control, (0.7,))), Group(0.25, control))
    halves = log_rank_at([half, half], entered, 500)
    assert halves.mean_z == pytest.approx(whole.mean_z, rel=1e-12)
    assert halves.average_hazard_ratio == pytest.approx(0.7, rel=1e-9)
    null = Stratum(Group(0.25, control), Group(0.25, control))
    mixed = log_rank_at([half, null], entered, 500)
    alone = log_rank_at([half], entered, 500)
    assert mixed.difference == pytest.approx(alone.difference, rel=1e-12)
    assert alone.mean_z > mixed.mean_z > 0.0


def test_before_the_first_event_nothing_is_expected() -> None:
    theory = log_rank_at([arms(Exponential(0.003), (0.7,))], np.zeros(100), 50)
    assert (theory.events, theory.mean_z, theory.schoenfeld_z()) == (0.0, 0.0, 0.0)
    assert math.isnan(theory.average_hazard_ratio)


def simulated_log_rank(rng, stratum: Stratum, n: int, span: float, day: int) -> tuple[int, float]:
    """Events and Z of one trial, drawn from the daily survival tables."""
    at = np.arange(3000.0)
    days, seen, experimental = [], [], []
    for label, group in ((1, stratum.experimental), (0, stratum.control)):
        size = round(n * group.share)
        entry = np.ceil(rng.random(size) * span).astype(int)
        event, lost = (
            np.searchsorted(-model.survival(at), -rng.random(size), side="left")
            for model in (group.event, group.dropout)
        )
        last = np.minimum(np.minimum(event, lost), day - entry)
        days.append(last)
        seen.append(event <= np.minimum(lost, day - entry))
        experimental.append(np.full(size, label))
    time, seen, arm = (np.concatenate(parts) for parts in (days, seen, experimental))
    ends = [np.bincount(time[arm == label], minlength=day + 1) for label in (1, 0)]
    events = [np.bincount(time[(arm == label) & seen], minlength=day + 1) for label in (1, 0)]
    at_risk = [one.sum() - np.cumsum(one) + one for one in ends]
    both, all_events = at_risk[0] + at_risk[1], events[0] + events[1]
    some = both > 1
    part = at_risk[0][some] / both[some]
    count = all_events[some]
    difference = (events[0][some] - count * part).sum()
    variance = (count * (both[some] - count) / (both[some] - 1) * part * (1 - part)).sum()
    return int(seen.sum()), -difference / math.sqrt(variance)


@pytest.mark.parametrize(
    ("control", "ratios", "starts"),
    [
        (Exponential(math.log(2) / 400), (1.0, 0.5), (0.0, 120.0)),
        (CureMixture(0.2, Weibull(350.0, 1.3)), (1.4, 0.5), (0.0, 100.0)),
    ],
    ids=["late", "crossing"],
)
def test_simulated_trials_have_the_expected_events_and_mean_z(control, ratios, starts) -> None:
    """800 trials of 600 patients: within 4 standard errors, and 0.02 for the finite sample."""
    rng = np.random.default_rng(11)
    effect = arms(control, ratios, starts, dropout=0.0002)
    trials = [simulated_log_rank(rng, effect, 600, 500.0, 900) for _ in range(800)]
    events, z = np.array(trials).T
    theory = log_rank_at([effect], entered_uniformly(600, 500.0, 900), 900)
    error = events.std() / math.sqrt(len(events))
    assert events.mean() == pytest.approx(theory.events, abs=4 * error)
    assert z.mean() == pytest.approx(theory.mean_z, abs=4 * z.std() / math.sqrt(800) + 0.02)
    assert z.std() == pytest.approx(1.0, abs=0.08)


# ---- Lachin and Foulkes ----------------------------------------------------------------------


def test_lachin_and_foulkes_as_gsdesign_prints_them() -> None:
    """nSurv(hr = .5, alpha = .02, beta = .15, T = 36, minfup = 12): 95.7 patients, 78.1 events."""
    control = Exponential(math.log(2) / 6 / MONTH)
    effect = arms(control, (0.5,), dropout=0.001 / MONTH)
    entered = entered_uniformly(95.7, 24.0 * MONTH, 36 * MONTH + 1)
    power = lachin_foulkes_power(effect, entered, 36 * MONTH + 1, alpha=0.02)
    assert power == pytest.approx(0.85, abs=3e-4)
    assert log_rank_at([effect], entered, 36 * MONTH + 1).events == pytest.approx(78.1, abs=0.05)


def test_lachin_and_foulkes_with_half_a_year_of_accrual() -> None:
    """nSurvival(.2, .1, eta = .1, Ts = 2, Tr = .5): 92.21063 events and 440 patients in five looks.

    Its five looks inflate by 1.0234399, which `test_sequential_power.py` checks.
    """
    year = 2000
    effect = arms(Exponential(0.2 / year), (0.5,), dropout=0.1 / year)
    day = 2 * year + 1

    def missing(n: float) -> float:
        return lachin_foulkes_power(effect, entered_uniformly(n, year / 2, day), day) - 0.9

    n = brentq(missing, 100, 1000)
    events = log_rank_at([effect], entered_uniformly(n, year / 2, day), day).events
    assert events * 1.0234399 == pytest.approx(92.21063, abs=2e-3)
    assert math.ceil(n * 1.0234399) == 440


def test_no_events_no_power() -> None:
    effect = arms(Exponential(0.003), (0.5,))
    assert lachin_foulkes_power(effect, np.zeros(20), 10) == 0.025
