"""Single-arm designs against published tables, scipy, and naive enumeration."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from simulate.sequential.refusals import DesignError
from simulate.single_arm import bop2, lalonde, predictive, simon, single_stage
from simulate.single_arm.binomial import beta_binomial, binomial, exceeding, posterior_above
from simulate.single_arm.performance import performance
from simulate.single_arm.rule import DecisionRule

SIMON = [
    # p0, p1, alpha, power, optimal, expected, minimax, expected: Simon 1989, tables 1 and 2
    (0.05, 0.25, 0.10, 0.90, "0/9 2/24", 14.5, "0/13 2/20", 16.4),
    (0.05, 0.25, 0.05, 0.80, "0/9 2/17", 12.0, "0/12 2/16", 13.8),
    (0.05, 0.25, 0.05, 0.90, "0/9 3/30", 16.8, "0/15 3/25", 20.4),
    (0.10, 0.30, 0.10, 0.90, "1/12 5/35", 19.8, "1/16 4/25", 20.4),
    (0.10, 0.30, 0.05, 0.80, "1/10 5/29", 15.0, "1/15 5/25", 19.5),
    (0.10, 0.30, 0.05, 0.90, "2/18 6/35", 22.5, "2/22 6/33", 26.2),
    (0.20, 0.40, 0.10, 0.90, "3/17 10/37", 26.0, "3/19 10/36", 28.3),
    (0.20, 0.40, 0.05, 0.80, "3/13 12/43", 20.6, "4/18 10/33", 22.3),
    (0.20, 0.40, 0.05, 0.90, "4/19 15/54", 30.4, "5/24 13/45", 31.2),
    (0.30, 0.50, 0.10, 0.90, "7/22 17/46", 29.9, "7/28 15/39", 35.0),
    (0.30, 0.50, 0.05, 0.80, "5/15 18/46", 23.6, "6/19 16/39", 25.7),
    (0.30, 0.50, 0.05, 0.90, "8/24 24/63", 34.7, "7/24 21/53", 36.6),
    (0.40, 0.60, 0.10, 0.90, "7/18 22/46", 30.2, "11/28 20/41", 33.8),
    (0.40, 0.60, 0.05, 0.80, "7/16 23/46", 24.5, "17/34 20/39", 34.4),
    (0.40, 0.60, 0.05, 0.90, "11/25 32/66", 36.0, "12/29 27/54", 38.1),
]


@pytest.mark.parametrize(
    ("p0", "p1", "alpha", "power", "optimal", "expected", "minimax", "of_minimax"), SIMON
)
def test_simon_designs_are_those_of_his_tables(
    p0: float,
    p1: float,
    alpha: float,
    power: float,
    optimal: str,
    expected: float,
    minimax: str,
    of_minimax: float,
) -> None:
    designs = simon.two_stage_designs(p0, p1, alpha, power)

    assert (str(designs[-1]), str(designs[0])) == (optimal, minimax)
    assert round(designs[-1].expected, 1) == expected
    assert round(designs[0].expected, 1) == of_minimax
    for design in designs:
        null, other = performance(design.rule, p0), performance(design.rule, p1)
        assert null.go_in_all <= alpha
        assert other.go_in_all >= power
        assert null.expected_patients == pytest.approx(design.expected, abs=1e-9)


def naive_two_stages(p0: float, p1: float, alpha: float, power: float, n: int) -> float:
    """Smallest expected number of patients at p0 among all designs of n patients, one by one."""
    best = float("inf")
    for n1 in range(1, n):
        for r1 in range(n1):
            early = stats.binom.cdf(r1, n1, p0)
            expected = n1 + (1 - early) * (n - n1)
            if expected >= best or stats.binom.cdf(r1, n1, p1) > 1 - power:
                continue
            x = np.arange(r1 + 1, n1 + 1)
            for r in range(r1, n):
                go = [
                    stats.binom.pmf(x, n1, p) @ stats.binom.sf(r - x, n - n1, p) for p in (p0, p1)
                ]
                if go[0] <= alpha:
                    if go[1] >= power:
                        best = expected
                    break
    return best


def test_no_two_stage_design_is_missed() -> None:
    asked = (0.1, 0.4, 0.1, 0.8)
    designs = simon.two_stage_designs(*asked)
    by_size = {n: naive_two_stages(*asked, n) for n in range(2, 25)}

    assert min(n for n, expected in by_size.items() if expected < np.inf) == designs[0].n
    assert min(by_size.values()) == pytest.approx(designs[-1].expected, abs=1e-9)
    for design in designs:
        assert by_size[design.n] == pytest.approx(design.expected, abs=1e-9)
    for weight in (0.0, 0.2, 0.5, 0.8, 1.0):
        chosen = simon.weighted(designs, weight)
        possible = [(n, e) for n, e in by_size.items() if e < np.inf]
        values = [weight * n + (1 - weight) * e for n, e in possible]
        assert weight * chosen.n + (1 - weight) * chosen.expected == pytest.approx(min(values))


def test_the_single_stage_has_the_fewest_patients_by_scipy() -> None:
    for p0, p1, alpha, power in (
        (0.05, 0.25, 0.05, 0.8),
        (0.3, 0.5, 0.1, 0.9),
        (0.6, 0.8, 0.05, 0.8),
    ):
        rule = single_stage.single_stage(p0, p1, alpha, power)
        for n in range(1, rule.most_patients + 1):
            go = int(stats.binom.isf(alpha, n, p0)) + 1
            enough = stats.binom.sf(go - 1, n, p1) >= power
            assert enough == (n == rule.most_patients)
        assert (
            stats.binom.sf(rule.go[0] - 1, n, p0) <= alpha < stats.binom.sf(rule.go[0] - 2, n, p0)
        )


def test_probabilities_are_those_of_scipy() -> None:
    for n, p in ((1, 0.3), (40, 0.2), (300, 0.55), (20, 0.0), (20, 1.0)):
        k = np.arange(n + 1)
        np.testing.assert_allclose(binomial(n, p), stats.binom.pmf(k, n, p), atol=1e-12)
        np.testing.assert_allclose(exceeding(n, p)[:-1], stats.binom.sf(k - 1, n, p), atol=1e-12)
        np.testing.assert_allclose(
            beta_binomial(n, 0.4, 1.7), stats.betabinom.pmf(k, n, 0.4, 1.7), atol=1e-12
        )
        if 0 < p < 1:
            above = stats.beta.sf(p, 0.2 + k, 0.8 + n - k)
            np.testing.assert_allclose(posterior_above(p, n, (0.2, 0.8)), above, atol=1e-12)


def test_the_example_of_lee_and_liu() -> None:
    """Their table for p0 = 0.2, p1 = 0.4, 36 patients, looks after each from the tenth on."""
    looks = tuple(range(10, 37))
    found = predictive.predictive_design(looks, 0.2, (0.2, 0.8), 0.001, 1.0, alpha=0.1)

    null, other = performance(found.rule, 0.2), performance(found.rule, 0.4)
    assert found.rule.go[-1] == 11, "10 of 36 are too few"
    assert (round(null.early_no_go, 2), round(null.expected_patients, 2)) == (0.86, 27.67)
    assert (round(null.go_in_all, 3), round(other.go_in_all, 3)) == (0.088, 0.906)
    assert found.lowest_cutoff < 0.852 < 0.922 < found.highest_cutoff
    first = {}
    for n, count in zip(looks, found.rule.no_go, strict=True):
        first.setdefault(count, n)
    assert first == {
        0: 10, 1: 17, 2: 21, 3: 24, 4: 27, 5: 29, 6: 31, 7: 33, 8: 34, 9: 35, 10: 36
    }  # fmt: skip
    assert predictive.with_cutoff(looks, 0.2, (0.2, 0.8), 0.001, 1.0, cutoff=0.9) == found


def test_predictive_probability_by_scipy() -> None:
    prior, needed, last = (0.5, 0.7), 9, 24
    for n in (1, 10, 23):
        x = np.arange(n + 1)
        naive = stats.betabinom.sf(needed - x - 1, last - n, prior[0] + x, prior[1] + n - x)
        found = predictive.predictive_probability(n, last, needed, prior)
        np.testing.assert_allclose(found, naive, atol=1e-12)
    rule = predictive.with_cutoff((10, 24), 0.2, prior, 0.05, 0.9, cutoff=0.95).rule
    at_ten = predictive.predictive_probability(10, 24, rule.go[-1], prior)
    assert [p < 0.05 for p in at_ten] == [x <= rule.no_go[0] for x in range(11)]
    assert [p > 0.9 for p in at_ten] == [x >= rule.go[0] for x in range(11)]


def naive_go(rule: DecisionRule, p: float) -> tuple[float, float]:
    """Probability of go, and expected patients: responses carried from look to look by scipy."""
    going, go, patients, before = {0: 1.0}, 0.0, 0.0, 0
    for n, low, high in zip(rule.patients, rule.no_go, rule.go, strict=True):
        patients += (n - before) * sum(going.values())
        after: dict[int, float] = {}
        for x, weight in going.items():
            for more, share in enumerate(stats.binom.pmf(np.arange(n - before + 1), n - before, p)):
                after[x + more] = after.get(x + more, 0.0) + weight * share
        go += sum(weight for x, weight in after.items() if x >= high)
        going = {x: weight for x, weight in after.items() if low < x < high}
        before = n
    return go, patients


def test_all_of_alpha_may_be_spent_by_predictive_probability() -> None:
    """With one response fewer needed at the end, go would be too probable at p0, and only then."""
    looks, p0, prior, stop = (8, 16, 24), 0.2, (0.2, 0.8), (0.05, 0.95)
    errors = {}
    for needed in range(5, 11):
        no_go, go = [], []
        for n in looks[:-1]:
            x = np.arange(n + 1)
            to_come = stats.betabinom(24 - n, 0.2 + x, 0.8 + n - x)
            predicted = to_come.sf(needed - x - 1)
            no_go.append(int((predicted < stop[0]).sum()) - 1)
            go.append(n + 1 - int((predicted > stop[1]).sum()))
        rule = DecisionRule(looks, (*no_go, needed - 1), (*go, needed))
        errors[needed] = naive_go(rule, p0)[0]
    assert all(errors[k] > errors[k + 1] > 0 for k in range(5, 10))
    for needed, error in errors.items():
        asked = (looks, p0, prior, *stop)
        found = predictive.predictive_design(*asked, alpha=error * (1 + 1e-9)).rule
        assert found.go[-1] == needed
        stricter = predictive.predictive_design(*asked, alpha=error * (1 - 1e-9)).rule
        assert stricter.go[-1] == needed + 1


def test_all_of_alpha_may_be_spent_by_bop2() -> None:
    """The search against every boundary of its family, each with errors and power by scipy."""
    looks, p0, p1 = (8, 16, 24), 0.2, 0.45
    family = set()
    posteriors = [
        stats.beta.cdf(p0, p0 + np.arange(n + 1), 1 - p0 + n - np.arange(n + 1)) for n in looks
    ]
    for lambda_, gamma in product(np.arange(0.5, 0.9951, 0.005), np.arange(0, 1.001, 0.02)):
        cutoffs = [1 - lambda_ * (n / 24) ** gamma for n in looks]
        no_go = [int((f > c).sum()) - 1 for f, c in zip(posteriors, cutoffs, strict=True)]
        if no_go[-1] >= 0 and all(r < n for r, n in zip(no_go, looks, strict=True)):
            family.add(DecisionRule(looks, tuple(no_go), (9, 17, no_go[-1] + 1)))
    known = {rule: (*naive_go(rule, p0), naive_go(rule, p1)[0]) for rule in family}
    assert len(known) > 20

    for alpha in (0.03, 0.05, 0.1, 0.2):
        kept = {rule: told for rule, told in known.items() if told[0] <= alpha}
        power = max(told[2] for told in kept.values())
        smallest = min(told[1] for told in kept.values() if told[2] > power - 1e-12)
        (best,) = (r for r, told in kept.items() if told[2] > power - 1e-12 and told[1] == smallest)

        def search(level: float) -> DecisionRule:
            return bop2.bop2_design(looks, p0, p1, level, bop2.vague_prior(p0)).rule

        assert search(alpha) == best
        error = known[best][0]
        assert search(error * (1 + 1e-9)) == best, "an alpha that it just keeps"
        assert known[search(error * (1 - 1e-9))][2] < power


def test_bop2_is_the_best_of_all_its_boundaries() -> None:
    looks, p0, p1, alpha = (8, 16, 24), 0.2, 0.45, 0.1
    found = bop2.bop2_design(looks, p0, p1, alpha, bop2.vague_prior(p0))

    best = 0.0
    for lambda_, gamma in product(bop2.LAMBDAS[::3], bop2.GAMMAS[::5]):
        no_go = []
        for n in looks:
            x = np.arange(n + 1)
            at_most = stats.beta.cdf(p0, p0 + x, 1 - p0 + n - x)
            no_go.append(int((at_most > 1 - lambda_ * (n / 24) ** gamma).sum()) - 1)
        rule = DecisionRule(looks, tuple(no_go), (9, 17, no_go[-1] + 1))
        if performance(rule, p0).go_in_all <= alpha:
            best = max(best, performance(rule, p1).go_in_all)
        given = bop2.with_parameters(looks, p0, (p0, 1 - p0), float(lambda_), float(gamma))
        assert given.rule == rule
    error = performance(found.rule, p0).go_in_all
    assert error <= alpha
    assert performance(found.rule, p1).go_in_all >= best > 0.8
    stricter = bop2.bop2_design(looks, p0, p1, error - 1e-9, bop2.vague_prior(p0))
    assert performance(stricter.rule, p0).go_in_all < error
    again = bop2.with_parameters(looks, p0, (p0, 1 - p0), found.lambda_, found.gamma)
    assert again == found


def test_bop2_counts_that_another_program_prints() -> None:
    # the binary example of the R package BOP2FE (Xu et al. 2025), whose futility bounds are BOP2's
    found = bop2.with_parameters(tuple(range(10, 41, 5)), 0.2, bop2.vague_prior(0.2), 0.909, 1.0)
    assert found.rule.no_go == (1, 2, 3, 5, 7, 9, 11)


def test_go_and_no_go_by_one_sided_limits() -> None:
    rule = lalonde.go_consider_no_go(
        (12, 40), lower_reference=0.2, target=0.4, go_confidence=0.8, no_go_confidence=0.9
    )
    for n, no_go, go in zip(rule.patients, rule.no_go, rule.go, strict=True):
        for x in range(n + 1):
            exact = stats.binomtest(x, n)
            lower = exact.proportion_ci(0.6).low  # its lower limit is one-sided at 80%
            upper = exact.proportion_ci(0.8).high
            assert (x <= no_go) == (upper < 0.4)
            assert (x >= go) == (lower > 0.2 and not upper < 0.4)
    of_posterior = lalonde.go_consider_no_go(
        (40,),
        lower_reference=0.2,
        target=0.4,
        go_confidence=0.8,
        no_go_confidence=0.9,
        prior=(1.0, 1.0),
    )
    x = np.arange(41)
    is_no_go = stats.beta.sf(0.4, 1 + x, 41 - x) < 0.1
    assert of_posterior.no_go == (int(is_no_go.sum()) - 1,)
    is_go = (stats.beta.sf(0.2, 1 + x, 41 - x) > 0.8) & ~is_no_go
    assert of_posterior.go == (int(np.argmax(is_go)),)


def test_performance_by_every_sequence_of_patients() -> None:
    """All 2^10 sequences of ten patients, one by one."""
    rule, p = DecisionRule((3, 6, 10), (0, 1, 3), (4, 5, 6)), 0.35
    no_go, go, consider, size = np.zeros(3), np.zeros(3), 0.0, 0.0
    for patients in product((0, 1), repeat=10):
        weight = float(np.prod([p if x else 1 - p for x in patients]))
        for look, n in enumerate(rule.patients):
            responses = sum(patients[:n])
            if responses <= rule.no_go[look]:
                no_go[look] += weight
                break
            if responses >= rule.go[look]:
                go[look] += weight
                break
        else:
            consider += weight
        size += weight * n

    found = performance(rule, p)

    np.testing.assert_allclose(found.no_go, no_go, atol=1e-13)
    np.testing.assert_allclose(found.go, go, atol=1e-13)
    assert found.consider == pytest.approx(consider, abs=1e-13)
    assert consider > 0.05
    assert found.expected_patients == pytest.approx(size, abs=1e-12)
    assert found.ends.sum() == pytest.approx(1.0, abs=1e-13)


def test_certain_responses() -> None:
    rule = simon.two_stage_designs(0.1, 0.3, 0.05, 0.8)[-1].rule

    assert performance(rule, 1.0).go_in_all == 1.0
    assert performance(rule, 0.0).early_no_go == 1.0
    assert performance(rule, 0.0).expected_patients == 10


@pytest.mark.parametrize(
    ("patients", "no_go", "go", "part"),
    [
        ((10, 10), (1, 2), (11, 3), "looks"),
        ((10,), (3,), (3,), "no_go"),
        ((10,), (-2,), (3,), "no_go"),
        ((10,), (2,), (12,), "go"),
        ((10, 20), (1,), (11, 3), "looks"),
        ((), (), (), "looks"),
    ],
)
def test_counts_that_contradict_each_other_are_refused(
    patients: tuple[int, ...], no_go: tuple[int, ...], go: tuple[int, ...], part: str
) -> None:
    with pytest.raises(DesignError, match=f"^{part}: "):
        DecisionRule(patients, no_go, go)


def test_what_cannot_be_met_is_refused() -> None:
    with pytest.raises(DesignError, match=r"at most 300 patients tells 0\.11 from 0\.1"):
        simon.two_stage_designs(0.1, 0.11, 0.05, 0.8)
    with pytest.raises(DesignError, match="at most 1000 patients"):
        single_stage.single_stage(0.1, 0.11, 0.05, 0.8)
    with pytest.raises(DesignError, match="all 3 patients must respond"):
        predictive.predictive_design((2, 3), 0.5, (1, 1), 0.01, 1.0, alpha=0.05)
    with pytest.raises(DesignError, match="never exceeds"):
        predictive.with_cutoff((2, 3), 0.5, (1, 1), 0.01, 1.0, cutoff=0.99)
    with pytest.raises(DesignError, match="type I error"):
        bop2.bop2_design((2, 3), 0.5, 0.6, 0.05, (1, 1))
    with pytest.raises(DesignError, match="would never be go"):
        bop2.with_parameters((2, 3), 0.5, (1, 1), 0.99, 1.0)
