"""Each printed figure beside the same figure of the reconstructed data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from simulate.analysis.kaplan_meier import KaplanMeier
from simulate.analysis.product_limit import FloatArray
from simulate.reconstruct.printed import Printed
from simulate.reconstruct.publication import PublishedCurve
from simulate.scenario.tree import Path


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure, printed and reconstructed.

    Attributes
    ----------
    figure
        What it is: ``rate``, ``lower limit``, ``upper limit``, ``median`` and its limits,
        ``events``, ``at risk`` or ``point``.
    time
        For which time; nan for none.
    printed, reconstructed
        Both as printed.
    difference
        Reconstructed less printed, in its own unit: fractions, times, or patients. nan if only
        one of them is not reached.
    agrees
        Whether the reconstruction is as printed (a point: within the curve's tolerance).
    is_demanded
        Whether it has to agree; else it is shown only.
    path
        The figure's place below the curve, in the file.
    """

    figure: str
    time: float
    printed: str
    reconstructed: str
    difference: float
    agrees: bool
    is_demanded: bool
    path: Path

    @property
    def is_survival(self) -> bool:
        """Whether its unit is survival."""
        return self.figure in ("rate", "lower limit", "upper limit", "point")


COLUMNS = ("figure", "time", "printed", "reconstructed", "difference", "agrees")


def compare(curve: PublishedCurve, made: KaplanMeier) -> tuple[Compared, ...]:
    """Compare all printed figures of a curve, in the order of the file."""
    rows = [*_rates(curve, made), *_points(curve, made), *_at_risk(curve, made)]
    return (*rows, *_medians(curve, made), *_total(curve, made))


def _figure(what: str, time: float, printed: Printed, value: float, path: Path) -> Compared:
    both = printed.is_reached and math.isfinite(value)
    difference = value - printed.value if both else 0.0 if value == printed.value else math.nan
    agrees = printed.holds(value)
    return Compared(what, time, printed.text, printed.like(value), difference, agrees, True, path)


def _number(what: str, time: float, printed: int, value: int, path: Path) -> Compared:
    same = printed == value
    return Compared(what, time, str(printed), str(value), float(value - printed), same, True, path)


def _rates(curve: PublishedCurve, made: KaplanMeier) -> Iterator[Compared]:
    for number, mark in enumerate(curve.landmarks or ()):
        path: Path = ("landmarks", number)
        lower, upper = (float(limit) for limit in made.interval_at(mark.time))
        rate = float(made.survival_at(mark.time))
        for what, key, printed, value in (
            ("rate", "rate", mark.rate, rate),
            ("lower limit", "lower", mark.lower, lower),
            ("upper limit", "upper", mark.upper, upper),
        ):
            if printed is not None:
                yield _figure(what, mark.time, printed, value, (*path, key))
        if mark.events is not None:
            events = int(made.events[made.time <= mark.time].sum())
            yield _number("events", mark.time, mark.events, events, (*path, "events"))
        if mark.at_risk is not None:
            left = int(made.at_risk_at(mark.time))
            yield _number("at risk", mark.time, mark.at_risk, left, (*path, "at_risk"))


def _points(curve: PublishedCurve, made: KaplanMeier) -> Iterator[Compared]:
    if curve.points is None:
        return
    time = np.array([when for when, _ in curve.points])
    shown = np.array([level for _, level in curve.points])
    for number, value in enumerate(_at_points(time, shown, made)):
        difference = float(value - shown[number])
        yield Compared(
            "point",
            float(time[number]),
            f"{shown[number]:.3f}",
            f"{value:.3f}",
            difference,
            abs(difference) <= curve.tolerance + 1e-9,
            True,
            ("points", number),
        )


def _at_points(time: FloatArray, shown: FloatArray, made: KaplanMeier) -> FloatArray:
    """Survival at each point; of several points at one time, those above are on the step.

    The riser of a step holds every survival between its top and its bottom.
    """
    bottom = made.survival_at(time)
    top = made.survival_at(np.nextafter(time, -np.inf))
    is_last = np.append(np.diff(time) > 0, True)
    return np.where(is_last, bottom, np.clip(shown, bottom, top))


def _at_risk(curve: PublishedCurve, made: KaplanMeier) -> Iterator[Compared]:
    for number, (time, printed) in enumerate(curve.at_risk):
        left = int(made.at_risk_at(time))
        yield _number("at risk", time, printed, left, ("at_risk", number))


def _medians(curve: PublishedCurve, made: KaplanMeier) -> Iterator[Compared]:
    if curve.median is None:
        return
    lower, upper = made.median_interval()
    for what, key, printed, value in (
        ("median", "time", curve.median.time, made.median()),
        ("median, lower limit", "lower", curve.median.lower, lower),
        ("median, upper limit", "upper", curve.median.upper, upper),
    ):
        if printed is not None:
            row = _figure(what, math.nan, printed, value, ("median", key))
            yield replace(row, is_demanded=curve.points is None)


def _total(curve: PublishedCurve, made: KaplanMeier) -> Iterator[Compared]:
    if curve.total_events is not None:
        events = int(made.events.sum())
        yield _number("events", math.nan, curve.total_events, events, ("total_events",))


def as_table(rows: tuple[Compared, ...]) -> pd.DataFrame:
    """The comparison as a table, one figure a row."""
    return pd.DataFrame(
        [[getattr(row, name) for name in COLUMNS] for row in rows], columns=list(COLUMNS)
    )
