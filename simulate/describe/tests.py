"""Tests in words."""

from __future__ import annotations

from simulate.describe.words import duration, listing
from simulate.scenario import testing
from simulate.scenario.testing import CombinedWeight, TestBlock, TestName


def test_in_words(test: TestName | TestBlock) -> str:
    """A test as it is called in a protocol, whether or not it is stratified."""
    match test:
        case testing.FlemingHarrington(rho=rho, gamma=gamma):
            return f"Fleming-Harrington test with rho {rho:g} and gamma {gamma:g}"
        case testing.ModestlyWeighted(delay=float() as delay):
            return f"modestly weighted log-rank test with a delay of {duration(delay)}"
        case testing.ModestlyWeighted(survival=survival):
            return f"modestly weighted log-rank test down to a survival of {survival:g}"
        case testing.MaxCombo(weights=weights):
            return f"MaxCombo test of the weights {listing(map(weight_in_words, weights))}"
        case testing.RestrictedMean(until=until):
            return f"difference of restricted mean survival up to {duration(until)} (RMST)"
        case testing.Milestone(time=time, scale=scale):
            by = "" if scale == "linear" else ", as log(-log)"
            return f"difference of event-free rates at {duration(time)} (milestone{by})"
        case testing.WinRatio(order=order, measure=measure):
            what = "win ratio" if measure == "win_ratio" else "net benefit"
            return f"{what} of {listing(order, last='then')}"
        case testing.IntervalCensored():
            return "interval-censored score test (Finkelstein)"
        case testing.ResponseTest(method=method):
            who = "Cochran-Mantel-Haenszel" if method == "cmh" else "Miettinen-Nurminen"
            return f"{who} test of response rates"
        case _:
            return "log-rank test"


def weight_in_words(weight: CombinedWeight) -> str:
    """One weight of a combination."""
    if weight.delay is not None:
        return f"modest with a delay of {duration(weight.delay)}"
    if weight.survival is not None:
        return f"modest down to {weight.survival:g}"
    return f"FH({weight.rho or 0:g}, {weight.gamma or 0:g})"
