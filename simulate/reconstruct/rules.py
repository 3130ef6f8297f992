"""What cannot be true of printed figures, whatever the patients were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulate.reconstruct.landmarks import MOST_PATIENTS
from simulate.reconstruct.printed import Printed
from simulate.reconstruct.publication import PublishedCurve, PublishedRate
from simulate.scenario.findings import Finding

_ONLY_LANDMARKS = ("first_censoring", "last_time")
_ONLY_POINTS = ("at_risk", "tolerance")
_LIMITS = "Check the print: were estimate and limits mixed up?"


def findings(curve: PublishedCurve) -> Iterator[Finding]:
    """Find what contradicts itself in one curve; paths start at the curve."""
    form, foreign = "landmarks", _ONLY_POINTS
    if curve.points is not None:
        form, foreign = "points", _ONLY_LANDMARKS
    for key in foreign:
        if key in curve.model_fields_set:
            hint = "Write at_risk beside a rate" if key == "at_risk" else ""
            yield Finding((key,), f"{key} does not go with {form}", hint)
    if curve.total_events is not None and curve.total_events > curve.n:
        message = f"more events than patients ({curve.total_events} of {curve.n})"
        yield Finding(("total_events",), message)
    if curve.median is not None:
        yield from _median(curve)
    if curve.landmarks is not None:
        yield from _landmarks(curve, curve.landmarks)
    else:
        yield from _points(curve)
        yield from _at_risk(curve)


def _median(curve: PublishedCurve) -> Iterator[Finding]:
    median = curve.median
    assert median is not None
    if median.lower is not None and median.lower.value > median.time.value:
        message = f"the lower limit {median.lower.text} is above the median {median.time.text}"
        yield Finding(("median", "lower"), message, _LIMITS)
    if median.upper is not None and median.upper.value < median.time.value:
        message = f"the upper limit {median.upper.text} is below the median {median.time.text}"
        yield Finding(("median", "upper"), message, _LIMITS)
    for mark in curve.landmarks or ():
        after = median.time.high < mark.time and mark.rate.low > 0.5
        if after or (median.time.low > mark.time and mark.rate.high < 0.5):
            message = (
                f"the median {median.time.text} contradicts the rate {mark.rate.text} "
                f"at {mark.time:g}"
            )
            yield Finding(("median", "time"), message)
            return


def _landmarks(curve: PublishedCurve, marks: Sequence[PublishedRate]) -> Iterator[Finding]:
    if curve.n > MOST_PATIENTS:
        message = f"rates alone are searched for up to {MOST_PATIENTS} patients (given: {curve.n})"
        yield Finding(("n",), message, "Digitise the figure and write points instead")
    for number, mark in enumerate(marks):
        path = ("landmarks", number)
        yield from (Finding((*path, *f.path), f.message, f.hint) for f in _one_rate(curve, mark))
        if number:
            pair = _two_rates(marks[number - 1], mark)
            yield from (Finding((*path, *f.path), f.message, f.hint) for f in pair)
    yield from _follow_up(curve, marks)


def _one_rate(curve: PublishedCurve, mark: PublishedRate) -> Iterator[Finding]:
    rate = mark.rate
    if mark.lower is not None and mark.lower.value > rate.value:
        message = f"the lower limit {mark.lower.text} is above its estimate {rate.text}"
        yield Finding(("lower",), message, _LIMITS)
    if mark.upper is not None and mark.upper.value < rate.value:
        message = f"the upper limit {mark.upper.text} is below its estimate {rate.text}"
        yield Finding(("upper",), message, _LIMITS)
    gone = (mark.events or 0) + (mark.at_risk or 0)
    key = "events" if mark.events is not None else "at_risk"
    if gone > curve.n:
        yield Finding((key,), f"more than the {curve.n} patients of the curve ({gone})")
    total = curve.total_events
    if mark.events is not None and total is not None and mark.events > total:
        yield Finding(("events",), f"more events than in all ({mark.events} of {total})")


def _two_rates(before: PublishedRate, mark: PublishedRate) -> Iterator[Finding]:
    if mark.time <= before.time:
        message = f"times have to rise ({mark.time:g} after {before.time:g})"
        yield Finding(("time",), message, "Put the rates in the order of time")
        return
    if mark.rate.value > before.rate.value:
        message = (
            f"survival cannot rise ({mark.rate.text} at {mark.time:g} after "
            f"{before.rate.text} at {before.time:g})"
        )
        yield Finding(("rate",), message)
    if mark.events is not None and before.events is not None and mark.events < before.events:
        message = f"events cannot fall ({mark.events} after {before.events})"
        yield Finding(("events",), message)
    if mark.at_risk is not None and before.at_risk is not None and mark.at_risk > before.at_risk:
        message = f"numbers at risk cannot rise ({mark.at_risk} after {before.at_risk})"
        yield Finding(("at_risk",), message)


def _follow_up(curve: PublishedCurve, marks: Sequence[PublishedRate]) -> Iterator[Finding]:
    times: list[float] = [mark.time for mark in marks]
    if curve.median is not None:
        limits: list[Printed | None] = [curve.median.time, curve.median.lower, curve.median.upper]
        times += [limit.value for limit in limits if limit is not None and limit.is_reached]
    if curve.last_time is None:
        return
    if curve.last_time < max(times):
        message = f"the longest observation ends before {max(times):g}, which is printed too"
        yield Finding(("last_time",), message)
    elif curve.first_censoring > curve.last_time:
        yield Finding(("first_censoring",), "nobody can be censored after last_time")


def _points(curve: PublishedCurve) -> Iterator[Finding]:
    lowest, lowest_time, time = 1.0, 0.0, 0.0
    for number, (now, survival) in enumerate(curve.points or ()):
        if now < time:
            message = f"times must not fall ({now:g} after {time:g})"
            yield Finding(("points", number), message, "Put the points in the order of time")
        if survival > lowest + curve.tolerance:
            message = (
                f"survival cannot rise ({survival:g} at {now:g} after {lowest:g} "
                f"at {lowest_time:g}; reading errors up to {curve.tolerance:g} are evened out)"
            )
            yield Finding(("points", number), message)
        if survival < lowest:
            lowest, lowest_time = survival, now
        time = max(time, now)


def _at_risk(curve: PublishedCurve) -> Iterator[Finding]:
    before, left = -1.0, curve.n
    for number, (time, at_risk) in enumerate(curve.at_risk):
        path = ("at_risk", number)
        if time <= before:
            yield Finding(path, f"times have to rise ({time:g} after {before:g})")
        if time == 0 and at_risk != curve.n:
            yield Finding(path, f"at time 0 all {curve.n} patients are at risk")
        elif at_risk > left:
            what = f"{at_risk} at {time:g} after {left}" if number else f"{at_risk} of {left}"
            yield Finding(path, f"numbers at risk cannot rise ({what})")
        before, left = max(before, time), min(left, at_risk)
