"""Rules of the tests of hypotheses: what they need of the model, the strata and the calendar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from simulate.scenario.findings import Finding
from simulate.scenario.monitoring import Estimates, Hypothesis
from simulate.scenario.problems import similar
from simulate.scenario.randomisation import Randomisation
from simulate.scenario.rules_of_names import endpoint_exists, unique
from simulate.scenario.testing import (
    CombinedWeight,
    FurtherTest,
    IntervalCensored,
    MaxCombo,
    Milestone,
    ModestlyWeighted,
    RestrictedMean,
    TestBlock,
    TestName,
    WinRatio,
    is_asked_of,
    is_log_rank,
    is_of_rates,
    is_stratified,
    name_of,
)
from simulate.scenario.tree import Path
from simulate.units import time_as_written


class _Known(NamedTuple):
    """What the tests of a scenario may compare."""

    randomisation: Randomisation
    times: Sequence[str]
    """Endpoints of times."""
    longest: float | None
    unlisted: Sequence[str]
    rates: Sequence[str]
    at_scans: Sequence[str]
    scans: str


def tests_are_possible(
    hypotheses: Sequence[Hypothesis],
    estimates: Estimates,
    randomisation: Randomisation,
    endpoints: Sequence[str],
    longest: float | None,
    unlisted: Sequence[str],
    rates: Sequence[str],
    at_scans: Sequence[str],
    scans: str,
) -> Iterator[Finding]:
    """Every test has what it compares.

    Parameters
    ----------
    hypotheses, estimates, randomisation
        Of the scenario.
    endpoints
        Names of the endpoints of times that the model gives.
    longest
        The longest that anybody can be followed, in days.
    unlisted
        Names of endpoints that the model gives and the scenario does not name.
    rates
        Names of the endpoints that are rates.
    at_scans
        Names of the endpoints whose progression lies between two scans.
    scans
        What is to be written to have one, where there is none.
    """
    known = _Known(randomisation, endpoints, longest, unlisted, rates, at_scans, scans)
    for index, hypothesis in enumerate(hypotheses):
        place: Path = ("hypotheses", index, "test")
        yield from _possible(hypothesis.test, known, place)
        yield from _of_the_endpoint(hypothesis, index, endpoints, rates)
        yield from _with_bounds(hypothesis, index)
        if hypothesis.endpoint not in rates:
            yield from _between_scans(hypothesis.test, [hypothesis.endpoint], known, place)
        if isinstance(hypothesis.test, WinRatio) and hypothesis.endpoint not in (
            hypothesis.test.order
        ):
            yield Finding(
                (*place, "order"),
                f"the endpoint of the hypothesis, {hypothesis.endpoint}, is not in the order: its "
                "events are the information",
                f"Put {hypothesis.endpoint} into the order, or change the endpoint",
            )
    where: Path = ("estimates", "tests")
    yield from unique((each.name for each in estimates.tests), where, "name")
    for index, further in enumerate(estimates.tests):
        place = (*where, index, "test")
        yield from _possible(further.test, known, place)
        if not hypotheses:
            continue
        yield from _asked_of(further, hypotheses, known, (*where, index))
        asked = [h.endpoint for h in hypotheses if is_asked_of(further, h.name)]
        # every one that is named; of all, one at least
        for endpoints in [[each] for each in asked] if further.hypotheses else [asked]:
            yield from _between_scans(further.test, endpoints, known, place)


def _possible(test: TestName | TestBlock, known: _Known, place: Path) -> Iterator[Finding]:
    if is_of_rates(test) and not known.rates:
        yield Finding(
            place,
            "there are no responses at a look that could be compared: the endpoints have none",
            "Give survival.response, such as {rate: 0.4, evaluable_after: 16 weeks}, and with "
            "endpoints one that is of: ORR; or compare PFS or OS by another test",
        )
        return
    if is_stratified(test) and not known.randomisation.strata:
        yield Finding(
            place,
            "a stratified test needs strata, and there are none",
            "Give randomisation.strata, or use " + _without_strata(test),
        )
    for time, path in _times(test, place):
        if known.longest is not None and time > known.longest:
            yield Finding(
                path,
                "nobody is followed so long: the trial ends before "
                f"(given: {time_as_written(time)}; "
                f"max_study_duration: {time_as_written(known.longest)})",
            )
    if isinstance(test, WinRatio):
        for i, name in enumerate(test.order):
            yield from endpoint_exists(name, known.times, known.unlisted, (*place, "order", i))


def _asked_of(
    further: FurtherTest, hypotheses: Sequence[Hypothesis], known: _Known, where: Path
) -> Iterator[Finding]:
    """A further test is of hypotheses that there are, and compares their endpoints."""
    by_name = {each.name: each for each in hypotheses}
    place: Path = (*where, "hypotheses")
    yield from unique(further.hypotheses or (), place, "")
    of_rates, fits = is_of_rates(further.test), False
    if of_rates and not known.rates:
        return
    for i, name in enumerate(further.hypotheses or by_name):
        if name not in by_name:
            yield Finding(
                (*place, i),
                f"there is no such hypothesis (given: {name}; allowed: {', '.join(by_name)})",
                similar(name, list(by_name)),
            )
            fits = True
            continue
        endpoint = by_name[name].endpoint
        fits |= of_rates == (endpoint in known.rates)
        if further.hypotheses and of_rates != (endpoint in known.rates):
            yield Finding((*place, i), _mismatch(name, endpoint, further.test))
            fits = True
    if not fits:
        yield Finding(
            (*where, "test"),
            "no hypothesis has an endpoint that it compares: " + _compared(further.test),
            "Leave it out, or test a hypothesis on such an endpoint",
        )


def _mismatch(name: str, endpoint: str, test: TestName | TestBlock) -> str:
    what = "a time" if is_of_rates(test) else "a rate"
    return f"the endpoint of {name}, {endpoint}, is {what}: {_compared(test)}"


def _compared(test: TestName | TestBlock) -> str:
    return f"{name_of(test)} compares {'response rates' if is_of_rates(test) else 'times'}"


def _between_scans(
    test: TestName | TestBlock, endpoints: Sequence[str], known: _Known, place: Path
) -> Iterator[Finding]:
    """An interval-censored test has an endpoint whose progression lies between two scans."""
    if isinstance(test, IntervalCensored) and not set(endpoints) & set(known.at_scans):
        others = [name for name in known.at_scans if name not in endpoints]
        yield Finding(
            (*place, "kind"),
            f"progression is not known to lie between two scans in {', '.join(endpoints)}: the "
            "interval-censored test needs PFS that is seen at scans, without a grid, and by "
            "another reader than latent",
            f"Write endpoint: {others[0]}" if others else f"Write {known.scans}; or write log_rank",
        )


def _without_strata(test: TestName | TestBlock) -> str:
    if is_of_rates(test):
        return "method: miettinen_nurminen"
    return "log_rank" if isinstance(test, str) else "stratified: false"


def _of_the_endpoint(
    hypothesis: Hypothesis, index: int, times: Sequence[str], rates: Sequence[str]
) -> Iterator[Finding]:
    """A rate is compared by a test of rates, and a time by one of times."""
    place: Path = ("hypotheses", index)
    endpoint, is_rate = hypothesis.endpoint, hypothesis.endpoint in rates
    if is_rate and not is_of_rates(hypothesis.test):
        yield Finding(
            (*place, "test"),
            f"{endpoint} is a rate, and {name_of(hypothesis.test)} compares times",
            "Write test: {kind: response}",
        )
    if is_rate and hypothesis.design_hazard_ratio is not None:
        yield Finding(
            (*place, "design_hazard_ratio"),
            f"{endpoint} is a rate and has no hazard ratio",
            "Leave it out: theory takes the rates of the scenario",
        )
    if is_of_rates(hypothesis.test) and rates and endpoint in times:
        yield Finding(
            (*place, "endpoint"),
            f"{endpoint} is a time, and the test compares rates",
            f"Write endpoint: {rates[0]}",
        )


def _times(test: TestName | TestBlock, place: Path) -> Iterator[tuple[float, Path]]:
    """Times of a test, each with its place."""
    match test:
        case RestrictedMean(until=time):
            yield time, (*place, "until")
        case Milestone(time=time):
            yield time, (*place, "time")
        case ModestlyWeighted(delay=float() as time):
            yield time, (*place, "delay")
        case MaxCombo(weights=weights):
            for i, weight in enumerate(weights):
                yield from _delay(weight, (*place, "weights", i, "delay"))
        case _:
            pass


def _delay(weight: CombinedWeight, place: Path) -> Iterator[tuple[float, Path]]:
    if weight.delay is not None:
        yield weight.delay, place


def _with_bounds(hypothesis: Hypothesis, index: int) -> Iterator[Finding]:
    """Futility bounds follow from the mean of a log-rank statistic."""
    if hypothesis.futility is not None and not is_log_rank(hypothesis.test):
        yield Finding(
            ("hypotheses", index, "futility"),
            "futility by beta spending is that of a log-rank test: the mean of another statistic "
            "at design_hazard_ratio is not known",
            "Leave out futility, or test by log_rank and tell the other test by estimates.tests",
        )
