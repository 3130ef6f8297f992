"""Every order in which a few patients can leave observation, tried one by one.

Written apart from the search: plain lists, fractions, and the textbook formulas of Kaplan-Meier,
Greenwood and the log-log limits.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations_with_replacement, product

Z = 1.959963984540054


def lines(order):
    """Survival with its limits after each departure (1 for an event, 0 for censoring)."""
    survival, variance, left = Fraction(1), 0.0, len(order)
    found = [(1.0, 1.0, 1.0)]
    for event in order:
        if event:
            survival *= Fraction(left - 1, left)
            variance += 1.0 / (left * (left - 1)) if left > 1 else 0.0
        left -= 1
        s = float(survival)
        if s == 1.0:
            found.append((1.0, 1.0, 1.0))
        elif s == 0.0:
            found.append((0.0, 0.0, 1.0))
        else:
            spread = Z * math.sqrt(variance) / -math.log(s)
            middle = math.log(-math.log(s))
            found.append((s, *(math.exp(-math.exp(middle + sign * spread)) for sign in (1, -1))))
    return found


def printed(value):
    """A rate as printed to a tenth of a per cent."""
    return f"{100 * value:.1f}%"


def all_counts(n, rates, *, total_events=None, not_reached=()):
    """Event counts by landmark, and the patients censored before, of every curve that fits.

    Parameters
    ----------
    n
        Patients.
    rates
        For each landmark the printed rate, or rate, lower and upper limit.
    total_events
        Events in all; without it none follow the last landmark.
    not_reached
        Lines (0 survival, 1 lower, 2 upper) that stay above one half.
    """
    counts = [set() for _ in rates]
    for order in product((0, 1), repeat=n):
        if total_events is not None and sum(order) != total_events:
            continue
        shown = lines(order)
        if any(min(line[k] for line in shown) <= 0.5 for k in not_reached):
            continue
        texts = [tuple(map(printed, line)) for line in shown]
        for places in combinations_with_replacement(range(n + 1), len(rates)):
            if total_events is None and any(order[places[-1] :]):
                continue
            if all(texts[p][: len(r)] == r for p, r in zip(places, rates, strict=True)):
                for k, place in enumerate(places):
                    events = sum(order[:place])
                    counts[k].add((events, place - events))
    return [_ranges(found) for found in counts]


def _ranges(found):
    """Events with the fewest and most censored before."""
    return {
        events: (
            min(c for e, c in found if e == events),
            max(c for e, c in found if e == events),
        )
        for events in {e for e, _ in found}
    }
