"""Estimates, cuts and decisions of a randomised trial in words and numbers."""

from __future__ import annotations

import math

from simulate.describe.words import duration
from simulate.monte_carlo import Estimate
from simulate.report.numbers import NO_VALUE, listed, number, signed
from simulate.scenario.analyses import Cut, Trigger
from simulate.scenario.populations import population_in_words, population_of

PLUS_MINUS = "\N{PLUS-MINUS SIGN}"


def with_error(
    estimate: Estimate, scale: float = 1.0, decimals: int = 1, *, sign: bool = False
) -> str:
    """An estimate with its Monte Carlo standard error, such as ``89.9 ± 0.3``."""
    if math.isnan(estimate.estimate):
        return NO_VALUE
    text = (signed if sign else number)(scale * estimate.estimate, decimals)
    if math.isnan(estimate.mcse) or not math.isfinite(estimate.estimate):
        return text
    return f"{text} {PLUS_MINUS} {small(scale * estimate.mcse, decimals)}"


def small(value: float, decimals: int) -> str:
    """A standard error; one that rounds to nothing is told to be below the last digit."""
    limit = 10.0**-decimals
    if 0 < value < limit / 2:
        return f"<{limit:.{decimals}f}"
    return number(value, decimals)


def monte_carlo_interval(estimate: Estimate, scale: float = 1.0, decimals: int = 1) -> str:
    """The 95% Monte Carlo interval of an estimate, such as ``89.3 to 90.5``."""
    if math.isnan(estimate.lower) and math.isnan(estimate.upper):
        return NO_VALUE
    lower, upper = scale * estimate.lower, scale * estimate.upper
    return f"{number(lower, decimals)} to {number(upper, decimals)}"


def percent(estimate: Estimate, decimals: int = 1) -> str:
    """A probability as a percentage, such as ``89.9%``."""
    text = number(100 * estimate.estimate, decimals)
    return text if text == NO_VALUE else f"{text}%"


def cut_in_brief(cut: Cut) -> str:
    """What triggers a data cut: ``231 PFS events``, ``2028-01-01 or 40 OS events``."""
    clauses = [listed(map(trigger_in_brief, clause)) for clause in cut.clauses]
    return listed(clauses, last="or")


def trigger_in_brief(trigger: Trigger) -> str:
    """One condition for a data cut."""
    if trigger.events is not None:
        events = f"{trigger.events.count:,} {trigger.events.endpoint} events"
        if trigger.events.population:
            events += f" ({population_in_words(population_of(trigger.events.population))})"
        return events
    if trigger.enrolled is not None:
        text = f"{trigger.enrolled.count:,} patients enrolled"
        after = trigger.enrolled.after
        return f"{duration(after)} after {text}" if after else text
    if trigger.follow_up is not None:
        return f"{duration(trigger.follow_up)} of follow-up for all"
    return str(trigger.date)
