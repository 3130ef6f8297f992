"""Bounds of designs: Lan and DeMets, and the published results of gsDesign and rpact."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from simulate.sequential.boundaries import Bounds, find_design_bounds
from simulate.sequential.design import (
    BetaSpending,
    GivenHazardRatios,
    GivenZ,
    GroupSequential,
    NoFutility,
    fixed_design,
)
from simulate.sequential.log_rank import hazard_ratio_at, z_at
from simulate.sequential.refusals import DesignError
from simulate.sequential.spending import (
    GivenSpending,
    HwangShihDeCani,
    KimDeMets,
    NoSpending,
    OBrienFlemingType,
    PocockType,
)

THREE = (0.5, 0.75, 1.0)


def bounds_of(fractions, efficacy, futility=None, *, binding=False, **known) -> Bounds:
    design = GroupSequential(fractions, efficacy, futility or NoFutility(), binding)
    return find_design_bounds(design, **known)


# ---- efficacy --------------------------------------------------------------------------------


def test_published_bounds_of_lan_and_demets() -> None:
    found = bounds_of(THREE, OBrienFlemingType(0.025))
    assert found.efficacy_z == pytest.approx([2.9626, 2.3590, 2.0141], abs=5e-5)
    assert found.alpha_spent == pytest.approx(OBrienFlemingType(0.025).spent(THREE), abs=1e-12)


@pytest.mark.parametrize(
    ("fractions", "efficacy", "expected"),
    [
        ((0.2, 0.4, 1.0), HwangShihDeCani(0.03, gamma=0.0), [2.5121443, 2.4228747, 2.0280392]),
        ((0.3, 0.7, 1.0), KimDeMets(0.03, rho=2.2), [2.8594012, 2.2435708, 1.9735737]),
        (
            (0.25, 0.5, 0.75, 1.0),
            GivenSpending(0.05, (0.25, 0.5, 0.75, 1.0), (0.01, 0.02, 0.03, 0.05)),
            [2.3263479, 2.2192994, 2.1201347, 1.8189562],
        ),
        ((0.35, 0.7, 1.0), PocockType(0.13), [1.5446617, 1.4828682, 1.4620058]),
        (
            (0.4, 0.75, 0.85, 1.0),
            OBrienFlemingType(0.13),
            [2.1280732, 1.4368565, 1.422873, 1.2970881],
        ),
    ],
    ids=["asHSD", "asKD", "asUser", "asP", "asOF"],
)
def test_efficacy_bounds_are_those_of_rpact(fractions, efficacy, expected) -> None:
    """Values that rpact's own tests hold, to the 1e-7 that they are tested with."""
    assert bounds_of(fractions, efficacy).efficacy_z == pytest.approx(expected, abs=3e-7)


def test_five_looks_of_gsdesign() -> None:
    """Printed by gsDesign(k = 5, test.type = 2): Z with two and nominal p with four decimals."""
    found = bounds_of((0.2, 0.4, 0.6, 0.8, 1.0), HwangShihDeCani(0.025, gamma=-4.0))
    assert found.efficacy_z == pytest.approx([3.2527, 2.9860, 2.6917, 2.3737, 2.0253], abs=5e-5)
    assert found.efficacy_p == pytest.approx([0.0006, 0.0014, 0.0036, 0.0088, 0.0214], abs=5e-5)
    ratios = found.efficacy_hazard_ratio(92.21063)
    assert ratios == pytest.approx([0.2198, 0.3741, 0.4849, 0.5754, 0.6558], abs=5e-5)


def test_a_third_look_by_other_integration() -> None:
    """What the third bound spends, with the first look integrated out in closed form by scipy."""
    found = bounds_of((0.25, 0.5, 0.75, 1.0), HwangShihDeCani(0.025, gamma=-4.0))
    first, second, third = (found.efficacy_z * np.sqrt(found.fractions))[:3]

    def goes_on_and_stops(score: float) -> float:
        before = stats.norm.cdf((first - score / 2) / math.sqrt(0.125))
        density = stats.norm.pdf(score, scale=math.sqrt(0.5))
        return before * density * stats.norm.sf((third - score) / 0.5)

    spent, _ = integrate.quad(goes_on_and_stops, -8.0, second, epsabs=1e-13)
    assert spent == pytest.approx(found.alpha_spent[2] - found.alpha_spent[1], abs=1e-11)


def test_a_fixed_design_is_one_look() -> None:
    for found in (find_design_bounds(fixed_design(0.025)), bounds_of((1.0,), PocockType(0.025))):
        assert found.efficacy_z == pytest.approx(stats.norm.isf(0.025), abs=1e-9)
        assert found.efficacy_p == pytest.approx([0.025], abs=1e-12)
        assert found.futility_z == found.efficacy_z


def test_looks_that_spend_nothing_cannot_stop() -> None:
    found = bounds_of(THREE, NoSpending(0.025))
    assert found.efficacy_z == pytest.approx([math.inf, math.inf, stats.norm.isf(0.025)], abs=1e-9)
    assert found.efficacy_hazard_ratio(508)[:2].tolist() == [0.0, 0.0]
    early = bounds_of(THREE, GivenSpending(0.025, THREE, (0.01, 0.01, 0.025)))
    assert early.efficacy_z[1] == math.inf
    assert early.alpha_spent == pytest.approx([0.01, 0.01, 0.025], abs=1e-12)


def test_a_tiny_error_spent_between_near_looks_still_has_its_bound() -> None:
    """One event between two looks: 1.7e-5 are spent, and the bound is that of the formula."""
    found = bounds_of((0.5, 0.501, 1.0), OBrienFlemingType(0.025))
    assert found.crossing(0.0).above.cumsum() == pytest.approx(
        OBrienFlemingType(0.025).spent([0.5, 0.501, 1.0]), abs=1e-11
    )


# ---- futility --------------------------------------------------------------------------------


def test_the_default_design_of_gsdesign() -> None:
    """gsDesign(): k = 3, alpha 0.025, beta 0.1, sfHSD(-4) and sfHSD(-2), non-binding."""
    found = bounds_of(
        (1 / 3, 2 / 3, 1.0),
        HwangShihDeCani(0.025, gamma=-4.0),
        BetaSpending(HwangShihDeCani(0.1, gamma=-2.0)),
    )
    assert found.efficacy_z == pytest.approx([3.0107, 2.5465, 1.9992], abs=5e-5)
    assert found.futility_z == pytest.approx([-0.2387, 0.9411, 1.9992], abs=5e-5)
    assert found.beta_spent == pytest.approx(
        HwangShihDeCani(0.1, gamma=-2.0).spent([1 / 3, 2 / 3, 1.0]), abs=1e-9
    )


def test_a_printed_design_of_gsdesign_with_power_spending() -> None:
    """gsSurv(k = 4, sfHSD(-4), sfPower(0.5), hr 0.5): Z and crossing to four decimals.

    Its third bound, 2.4390, is 1e-4 off: `test_a_third_look_by_other_integration` has 2.43913.
    """
    found = bounds_of(
        (0.25, 0.5, 0.75, 1.0),
        HwangShihDeCani(0.025, gamma=-4.0),
        BetaSpending(KimDeMets(0.1, rho=0.5)),
    )
    assert found.efficacy_z == pytest.approx([3.1554, 2.8183, 2.4390, 2.0136], abs=1.5e-4)
    assert found.futility_z == pytest.approx([0.2264, 0.8619, 1.4589, 2.0136], abs=5e-5)
    null, alternative = found.crossing(0.0), found.crossing(found.drift)
    assert null.above.cumsum() == pytest.approx([0.0008, 0.0030, 0.0085, 0.0187], abs=5e-5)
    assert null.below.cumsum() == pytest.approx([0.5895, 0.8366, 0.9445, 0.9813], abs=5e-5)
    assert alternative.above.cumsum() == pytest.approx([0.0995, 0.4388, 0.7776, 0.9], abs=5e-5)
    assert alternative.below.cumsum() == pytest.approx([0.05, 0.0707, 0.0866, 0.1], abs=5e-5)


@pytest.mark.parametrize(
    ("fractions", "efficacy", "beta", "binding", "futility", "upper", "power"),
    [
        (
            (0.2, 0.4, 1.0),
            HwangShihDeCani(0.07, gamma=-1.0),
            HwangShihDeCani(0.14, gamma=-2.0),
            False,
            [-1.1063623, -0.35992439],
            [2.364813, 2.1928805, 1.5660474],
            [0.12038953, 0.32895265, 0.86],
        ),
        (
            (0.3, 0.7, 1.0),
            KimDeMets(0.03, rho=2.2),
            KimDeMets(0.34, rho=3.2),
            False,
            [-1.1558435, 0.72836893],
            [2.8594012, 2.2435708, 1.9735737],
            [0.058336437, 0.398246, 0.66],
        ),
        (
            (0.35, 0.7, 1.0),
            PocockType(0.13),
            GivenSpending(0.3, (0.35, 0.7, 1.0), (0.01, 0.05, 0.3)),
            True,
            [-1.2569879, -0.17011271],
            [1.5446617, 1.4827312, 1.4588737],
            [0.31728597, 0.55917233, 0.7],
        ),
        (
            (0.4, 0.75, 1.0),
            OBrienFlemingType(0.13),
            KimDeMets(0.41, rho=2.5),
            True,
            [-0.84937686, 0.34328914],
            [2.1280732, 1.4362896, 1.2218662],
            [0.1067887, 0.41918821, 0.59],
        ),
    ],
    ids=["bsHSD", "bsKD", "bsUser, binding", "bsKD, binding"],
)
def test_beta_spending_is_that_of_rpact(
    fractions, efficacy, beta, binding, futility, upper, power
) -> None:
    """Values that rpact's own tests hold; its drift is solved to about 1e-7."""
    found = bounds_of(fractions, efficacy, BetaSpending(beta), binding=binding)
    assert found.futility_z[:-1] == pytest.approx(futility, abs=1e-6)
    assert found.efficacy_z == pytest.approx(upper, abs=1e-6)
    assert found.futility_z[-1] == found.efficacy_z[-1]
    assert found.crossing(found.drift).above.cumsum() == pytest.approx(power, abs=1e-6)


def test_given_spending_of_gsdesign_prints_the_same() -> None:
    """gsDesign(k = 4, timing = c(.1, .4, .7), sfPoints): two decimals of Z, four of crossing."""
    fractions = (0.1, 0.4, 0.7, 1.0)
    alpha = tuple(0.025 * share for share in (0.033333, 0.063367, 0.1, 1.0))
    beta = tuple(0.1 * share for share in (0.25, 0.5, 0.75, 1.0))
    found = bounds_of(
        fractions,
        GivenSpending(0.025, fractions, alpha),
        BetaSpending(GivenSpending(0.1, fractions, beta)),
    )
    assert found.efficacy_z == pytest.approx([3.14, 3.16, 3.06, 1.98], abs=5e-3)
    assert found.futility_z == pytest.approx([-0.83, 0.39, 1.26, 1.98], abs=5e-3)
    null = found.crossing(0.0)
    assert null.above == pytest.approx([0.0008, 0.0007, 0.0009, 0.0177], abs=5e-5)
    assert null.below == pytest.approx([0.2041, 0.4703, 0.2361, 0.0693], abs=5e-5)


def test_beta_is_spent_as_asked_however_strong_the_effect() -> None:
    """A level of 1e-9 needs a drift above 9, far from where trials without effect are."""
    beta = HwangShihDeCani(0.001, gamma=-2.0)
    found = bounds_of(THREE, OBrienFlemingType(1e-9), BetaSpending(beta))
    assert found.drift > 9.0
    below = found.crossing(found.drift).below.cumsum()
    assert below == pytest.approx(beta.spent(THREE), abs=1e-9)


def test_futility_that_is_not_binding_leaves_efficacy_as_it_is() -> None:
    efficacy, futility = OBrienFlemingType(0.025), GivenZ((0.0, 1.0))
    without, loose = bounds_of(THREE, efficacy), bounds_of(THREE, efficacy, futility)
    binding = bounds_of(THREE, efficacy, futility, binding=True)
    assert loose.efficacy_z == pytest.approx(without.efficacy_z, abs=1e-13)
    assert binding.efficacy_z[-1] < loose.efficacy_z[-1] - 0.01
    for found, heed_futility in ((loose, False), (binding, True)):
        level = found.crossing(0.0, heed_futility=heed_futility).above.sum()
        assert level == pytest.approx(0.025, abs=1e-11)
    assert loose.crossing(0.0).above.sum() < 0.0245


def test_futility_given_as_hazard_ratios() -> None:
    design = GroupSequential(THREE, futility=GivenHazardRatios((math.inf, 0.95)))
    found = find_design_bounds(design, events=508, allocation=2.0)
    assert found.futility_z[0] == -math.inf
    assert found.futility_hazard_ratio(508, allocation=2.0)[1] == pytest.approx(0.95, rel=1e-12)


def test_hazard_ratios_and_z_of_gsdesign() -> None:
    """zn2hr(n = 100, z = 2) and hrn2z(hr = .6, n = 75, ratio = 2), as printed."""
    assert hazard_ratio_at(2.0, 100) == pytest.approx(0.67032, abs=5e-6)
    assert z_at(0.6, 75, allocation=2.0) == pytest.approx(2.085437, abs=5e-7)
    assert z_at(1 / 0.6, 75, allocation=2.0) == pytest.approx(-2.085437, abs=5e-7)
    assert hazard_ratio_at(z_at(0.8, 60), 60) == pytest.approx(0.8, rel=1e-12)
    assert np.isnan(hazard_ratio_at(0.0, 0))


# ---- refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "part", "said"),
    [
        (lambda: GroupSequential(()), "fractions", "none is given"),
        (lambda: GroupSequential((0.5, 0.4, 1.0)), "fractions", "number 2 is 0.4 and follows 0.5"),
        (lambda: GroupSequential((0.0, 1.0)), "fractions", "number 1 is 0 and follows 0"),
        (lambda: GroupSequential((3e-17, 1.0)), "fractions", "look 1 gains 3e-17"),
        (lambda: GroupSequential((0.5, 0.9)), "fractions", "0.9 of the information"),
        (lambda: GroupSequential(THREE, futility=GivenZ((0.0,))), "futility", "1 bounds"),
        (lambda: GroupSequential(THREE, futility=GivenZ((0.0, math.inf))), "futility", "inf"),
        (
            lambda: GroupSequential(THREE, futility=GivenHazardRatios((1.0, 0.0))),
            "futility",
            "0 is not a futility bound",
        ),
        (
            lambda: GroupSequential(THREE, PocockType(0.4), futility=BetaSpending(PocockType(0.6))),
            "futility",
            "undecided",
        ),
        (
            lambda: bounds_of(THREE, OBrienFlemingType(0.025), GivenZ((0.0, 2.4))),
            "futility",
            "at look 2 the bound 2.4 is above the efficacy bound 2.359",
        ),
        (
            lambda: bounds_of(THREE, OBrienFlemingType(0.025), GivenHazardRatios((1.0, 1.0))),
            "events",
            "planned events",
        ),
    ],
)
def test_designs_that_cannot_be_are_refused(make, part, said) -> None:
    with pytest.raises(DesignError, match=said) as refusal:
        make()
    assert refusal.value.part == part
