"""Spending functions: values of their formulas and of rpact, and what is refused."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from scipy import stats

from simulate.sequential.refusals import DesignError
from simulate.sequential.spending import (
    GivenSpending,
    HwangShihDeCani,
    KimDeMets,
    NoSpending,
    OBrienFlemingType,
    PocockType,
    Spending,
)

GIVEN = GivenSpending(0.025, (0.5, 0.75, 1.0), (0.001, 0.009, 0.025))
ALL = [
    OBrienFlemingType(0.025),
    PocockType(0.025),
    HwangShihDeCani(0.025, gamma=-4.0),
    HwangShihDeCani(0.025, gamma=0.0),
    HwangShihDeCani(0.025, gamma=1.0),
    KimDeMets(0.025, rho=3.0),
    KimDeMets(0.025, rho=0.5),
    NoSpending(0.025),
    GIVEN,
]


@pytest.mark.parametrize("spending", ALL, ids=lambda one: type(one).__name__)
def test_nothing_is_spent_at_first_everything_at_the_end_and_never_taken_back(
    spending: Spending,
) -> None:
    spent = spending.spent(np.linspace(0.0, 1.0, 1001))

    assert spent[0] == 0.0
    assert spent[-1] == 0.025
    assert np.all(np.diff(spent) >= 0.0)
    assert spending.spent(1.3) == 0.025
    assert pickle.loads(pickle.dumps(spending)) == spending


def test_obrien_fleming_type_is_the_formula_of_lan_and_demets() -> None:
    z = stats.norm.isf(0.0125)
    for fraction in (0.2, 0.5, 0.75, 0.99):
        expected = 2.0 * stats.norm.sf(z / math.sqrt(fraction))
        assert OBrienFlemingType(0.025).spent(fraction) == pytest.approx(expected, rel=1e-12)


def test_published_values_of_rpact() -> None:
    """From the tests of rpact: asOF, asP, asHSD, asKD at their information rates."""
    for spending, fractions, expected in (
        (OBrienFlemingType(0.13), [0.4, 0.75], [0.016665509, 0.080406163]),
        (PocockType(0.13), [0.35, 0.7], [0.061214062, 0.10266465]),
        (HwangShihDeCani(0.07, gamma=-1.0), [0.2, 0.4], [0.0090195874, 0.020036136]),
        (HwangShihDeCani(0.03, gamma=0.0), [0.2, 0.4], [0.006, 0.012]),
        (KimDeMets(0.03, rho=2.2), [0.3, 0.7], [0.0021222083, 0.013687904]),
    ):
        assert spending.spent(fractions) == pytest.approx(expected, rel=1e-7)


def test_given_spending_is_interpolated_between_the_looks_and_not_behind_them() -> None:
    assert GIVEN.spent([0.5, 0.75]) == pytest.approx([0.001, 0.009])
    assert GIVEN.spent([0.25, 0.625, 0.875]) == pytest.approx([0.0005, 0.005, 0.017])
    assert GIVEN.spent([1.0, 1.2]).tolist() == [0.025, 0.025]


@pytest.mark.parametrize(
    ("make", "part", "said"),
    [
        (lambda: OBrienFlemingType(0.0), "total", "0 is not possible"),
        (lambda: PocockType(1.0), "total", "above 0 and below 1"),
        (lambda: KimDeMets(math.nan), "total", "nan is not possible"),
        (lambda: KimDeMets(0.025, rho=0.0), "rho", "0 is not possible"),
        (lambda: HwangShihDeCani(0.025, gamma=-100.0), "gamma", "above -40 and below 40"),
        (lambda: GivenSpending(0.025, (0.5, 1.0), (0.01,)), "cumulative", "1 values are given"),
        (lambda: GivenSpending(0.025, (1.0, 0.5), (0.01, 0.025)), "fractions", "increasing"),
        (lambda: GivenSpending(0.025, (0.5, 0.9), (0.01, 0.025)), "fractions", "fraction 1"),
        (lambda: GivenSpending(0.025, (0.5, 1.0), (0.03, 0.025)), "cumulative", "taken back"),
        (lambda: GivenSpending(0.025, (0.5, 1.0), (0.01, 0.02)), "cumulative", "total is 0.025"),
        (lambda: PocockType(0.025).spent(-0.1), "fraction", "below 0"),
        (lambda: PocockType(0.025).spent(math.nan), "fraction", "not a number"),
    ],
)
def test_what_cannot_be_spent_is_refused(make, part, said) -> None:
    with pytest.raises(DesignError, match=said) as refusal:
        make()
    assert refusal.value.part == part
    assert str(pickle.loads(pickle.dumps(refusal.value))) == str(refusal.value)
