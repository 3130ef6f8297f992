"""Power and events: Schoenfeld in closed form, rpact's and gsDesign's published designs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from simulate.sequential.boundaries import find_design_bounds
from simulate.sequential.design import (
    BetaSpending,
    GivenHazardRatios,
    GivenZ,
    GroupSequential,
    fixed_design,
)
from simulate.sequential.log_rank import schoenfeld_events, schoenfeld_power
from simulate.sequential.power import (
    detectable_hazard_ratio,
    inflation,
    performance,
    performance_at_means,
    required_drift,
    required_events,
)
from simulate.sequential.refusals import DesignError
from simulate.sequential.spending import GivenSpending, HwangShihDeCani, KimDeMets, PocockType

FIVE = GroupSequential((0.2, 0.4, 0.6, 0.8, 1.0), HwangShihDeCani(0.025, gamma=-4.0))


def test_events_of_schoenfeld() -> None:
    """508 for HR 0.75, power 0.9; nEvents(hr = c(.5, .6)) of gsDesign, as printed."""
    assert math.ceil(schoenfeld_events(0.75, power=0.9)) == 508
    assert schoenfeld_events(0.5, power=0.9) == pytest.approx(87.4793, abs=5e-5)
    assert schoenfeld_events(0.6, power=0.9) == pytest.approx(161.0686, abs=5e-5)
    unequal = schoenfeld_events(0.75, power=0.9, allocation=2.0)
    assert unequal == pytest.approx(schoenfeld_events(0.75, power=0.9) * 9 / 8, rel=1e-12)


def test_power_of_schoenfeld() -> None:
    """nEvents(hr = .6, n = c(50, 100)) of gsDesign, as printed; and the level."""
    assert schoenfeld_power(0.6, 50) == pytest.approx(0.4388354, abs=5e-8)
    assert schoenfeld_power(0.6, 100) == pytest.approx(0.7237988, abs=5e-8)
    assert schoenfeld_power(1.0, 100) == pytest.approx(0.025, rel=1e-12)


@pytest.mark.parametrize("allocation", [1.0, 2.0, 0.5])
def test_one_look_has_the_power_of_schoenfeld(allocation: float) -> None:
    bounds = find_design_bounds(fixed_design(0.025))
    for ratio, events in ((0.75, 508), (1.0, 508), (0.6, 70), (1.3, 200)):
        found = performance(bounds, ratio, events, allocation=allocation)
        expected = schoenfeld_power(ratio, events, allocation=allocation)
        assert found.power == pytest.approx(expected, abs=1e-12)
        assert found.expected_events == events
    needed = required_events(bounds, 0.7, power=0.85, allocation=allocation)
    one_look = schoenfeld_events(0.7, power=0.85, allocation=allocation)
    assert needed == pytest.approx(one_look, rel=1e-9)
    assert inflation(bounds, power=0.85) == pytest.approx(1.0, abs=1e-9)


def test_inflation_and_expected_events_of_gsdesign() -> None:
    """gsDesign(k = 5, test.type = 2, n.fix = 800): 819.4 planned, 589.3 expected under H1.

    Under H0 its 812.8 count stops at the mirrored lower bound too.
    """
    bounds = find_design_bounds(FIVE)
    assert inflation(bounds, power=0.9) * 800 == pytest.approx(818.75, abs=0.05)
    assert inflation(bounds, power=0.9) == pytest.approx(92.21063 / 90.0987, abs=1e-6)
    drift = required_drift(bounds, power=0.9)
    planned = inflation(bounds, power=0.9) * 800 * bounds.fractions
    found = performance_at_means(bounds, drift * np.sqrt(bounds.fractions), planned)
    assert found.efficacy == pytest.approx([0.0370, 0.1512, 0.2647, 0.2699, 0.1771], abs=5e-5)
    assert found.expected_events == pytest.approx(589.3, abs=0.05)
    null = performance_at_means(bounds, np.zeros(5), planned)
    assert 2 * null.expected_events - planned[-1] == pytest.approx(812.8, abs=0.05)


@pytest.mark.parametrize(
    ("fractions", "efficacy", "beta", "inflated", "expected"),
    [
        (
            (0.2, 0.4, 1.0),
            HwangShihDeCani(0.07, gamma=-1.0),
            HwangShihDeCani(0.14, gamma=-2.0),
            1.0869177,
            (0.82636428, 0.79471657),
        ),
        (
            (0.3, 0.7, 1.0),
            KimDeMets(0.03, rho=2.2),
            KimDeMets(0.34, rho=3.2),
            1.0555891,
            (0.86740735, 0.75480974),
        ),
    ],
)
def test_characteristics_of_rpact(fractions, efficacy, beta, inflated, expected) -> None:
    """Inflation and average sample number under H1 and H0, relative to the fixed design."""
    design = GroupSequential(fractions, efficacy, BetaSpending(beta))
    bounds = find_design_bounds(design)
    power = 1.0 - beta.total
    assert inflation(bounds, power=power) == pytest.approx(inflated, abs=1e-6)
    assert required_drift(bounds, power=power) == pytest.approx(bounds.drift, rel=1e-9)
    for drift, number in zip((bounds.drift, 0.0), expected, strict=True):
        means = drift * np.sqrt(bounds.fractions)
        found = performance_at_means(bounds, means, inflated * bounds.fractions)
        assert found.expected_events == pytest.approx(number, abs=1e-6)
        assert found.stopping.sum() == pytest.approx(1.0, abs=1e-12)


def test_a_printed_table_of_gsdesign_with_futility() -> None:
    """gsDesign(k = 4, sfPoints): inflation 1.221, E{N} 0.5640 under H0 and 0.9074 under H1."""
    fractions = (0.1, 0.4, 0.7, 1.0)
    alpha = tuple(0.025 * share for share in (0.033333, 0.063367, 0.1, 1.0))
    beta = tuple(0.1 * share for share in (0.25, 0.5, 0.75, 1.0))
    design = GroupSequential(
        fractions,
        GivenSpending(0.025, fractions, alpha),
        BetaSpending(GivenSpending(0.1, fractions, beta)),
    )
    bounds = find_design_bounds(design)
    inflated = inflation(bounds, power=0.9)
    assert inflated == pytest.approx(1.221, abs=5e-4)
    for drift, number in ((0.0, 0.5640), (bounds.drift, 0.9074)):
        means = drift * np.sqrt(fractions)
        found = performance_at_means(bounds, means, inflated * bounds.fractions)
        assert found.expected_events == pytest.approx(number, abs=5e-5)


def test_required_events_give_the_power_and_the_detectable_ratio() -> None:
    bounds = find_design_bounds(GroupSequential((0.5, 0.75, 1.0), futility=GivenZ((0.0, 0.5))))
    for allocation in (1.0, 2.0):
        events = required_events(bounds, 0.75, power=0.9, allocation=allocation)
        found = performance(bounds, 0.75, events, allocation=allocation)
        assert found.power == pytest.approx(0.9, abs=1e-9)
        ratio = detectable_hazard_ratio(bounds, events, power=0.9, allocation=allocation)
        assert ratio == pytest.approx(0.75, rel=1e-9)


def test_probabilities_of_stopping_weigh_anything_known_at_the_looks() -> None:
    bounds = find_design_bounds(GroupSequential((0.5, 1.0), PocockType(0.025), GivenZ((0.3,))))
    found = performance(bounds, 0.8, 400)
    mean = math.log(1.25) * math.sqrt(50)
    stops = stats.norm.sf(bounds.efficacy_z[0] - mean), stats.norm.cdf(0.3 - mean)
    assert (found.efficacy[0], found.futility[0]) == pytest.approx(stops, abs=1e-12)
    assert found.expected([600, 900]) == pytest.approx(900 - 300 * sum(stops), rel=1e-12)
    deaf = performance_at_means(bounds, found.means, found.events, heed_futility=False)
    assert deaf.futility[0] == 0.0
    assert deaf.stopping.sum() == pytest.approx(1.0, abs=1e-12)
    assert deaf.power > found.power


def test_what_cannot_be_powered_is_refused() -> None:
    bounds = find_design_bounds(FIVE)
    for wrong in (0.01, 1.0):
        with pytest.raises(DesignError, match="power"):
            required_drift(bounds, power=wrong)
    with pytest.raises(DesignError, match="hazard_ratio"):
        required_events(bounds, 1.2, power=0.9)
    with pytest.raises(DesignError, match="hazard_ratio"):
        performance(bounds, 0.0, 100)
    design = GroupSequential((0.5, 1.0), futility=GivenHazardRatios((0.001,)))
    with pytest.raises(DesignError, match="above the efficacy bound"):
        find_design_bounds(design, events=100)
