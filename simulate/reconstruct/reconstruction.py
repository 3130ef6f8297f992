"""A file of printed figures turned into pseudo individual data."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from simulate.analysis.kaplan_meier import KaplanMeier, kaplan_meier
from simulate.analysis.product_limit import FloatArray
from simulate.errors import Problem
from simulate.reconstruct.compared import Compared, as_table, compare
from simulate.reconstruct.counts import Counts
from simulate.reconstruct.digitised import reconstruct_points
from simulate.reconstruct.failure import explain
from simulate.reconstruct.landmarks import CannotBeMetError, reconstruct_landmarks
from simulate.reconstruct.paths import Bools
from simulate.reconstruct.publication import PublishedCurve
from simulate.reconstruct.read import FiguresError, FiguresFile, read_figures


@dataclass(frozen=True, eq=False)
class ReconstructedCurve:
    """Pseudo individual data of one curve.

    Attributes
    ----------
    published
        What is printed about it.
    time
        Observed time of each pseudo patient, increasing, in the unit of the publication.
    event
        Whether it ended with the event.
    curve
        The Kaplan-Meier curve of these data.
    compared
        Each printed figure beside the figure of this curve.
    counts
        Numbers of events at each landmark that the printed figures allow; empty for a digitised
        curve, for which nothing of the kind is known.
    resolution
        Difference of survival below which two curves were taken for one in counting.
    """

    published: PublishedCurve
    time: FloatArray
    event: Bools
    curve: KaplanMeier
    compared: tuple[Compared, ...]
    counts: tuple[Counts, ...] = ()
    resolution: float = 0.0

    @property
    def largest_difference(self) -> float:
        """Largest distance in survival between a printed figure and the reconstructed one."""
        return max((abs(row.difference) for row in self.compared if row.is_survival), default=0.0)


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """Pseudo individual data of all curves of a file.

    Attributes
    ----------
    file
        The file with the printed figures.
    curves
        In the order of the file.
    """

    file: FiguresFile
    curves: tuple[ReconstructedCurve, ...]

    @property
    def data(self) -> pd.DataFrame:
        """Pseudo individual data: a row a patient of a curve."""
        parts = [
            pd.DataFrame(
                {
                    "endpoint": made.published.endpoint,
                    "group": made.published.group,
                    "time": made.time,
                    "event": made.event.astype(np.int64),
                }
            )
            for made in self.curves
        ]
        return pd.concat(parts, ignore_index=True)

    @property
    def check(self) -> pd.DataFrame:
        """Every printed figure beside the reconstructed one, with its place in the print."""
        parts = []
        for number, made in enumerate(self.curves):
            table = as_table(made.compared)
            table.insert(0, "endpoint", made.published.endpoint)
            table.insert(1, "group", made.published.group)
            places = [("curves", number, *row.path) for row in made.compared]
            table["at"] = [self.file.locator(place) for place in places]
            parts.append(table)
        return pd.concat(parts, ignore_index=True)


def reconstruct_file(path: str | os.PathLike[str]) -> Reconstruction:
    """Make pseudo individual data that give the figures printed in a file.

    Parameters
    ----------
    path
        YAML file with the printed figures, as `simulate.reconstruct.publication` describes it.

    Raises
    ------
    FiguresError
        If the file is wrong, or its figures contradict each other or cannot be met.
    """
    file = read_figures(path)
    curves: list[ReconstructedCurve] = []
    problems: list[Problem] = []
    for number, published in enumerate(file.publication.curves):
        try:
            made = reconstruct_curve(published)
        except CannotBeMetError as error:
            failed = explain(published, error.found)
            place = ("curves", number, *failed.path)
            problems.append(file.problem(place, failed.message, failed.hint))
            continue
        problems += _not_met(file, number, made)
        curves.append(made)
    if problems:
        raise FiguresError(problems)
    return Reconstruction(file, tuple(curves))


def reconstruct_curve(published: PublishedCurve) -> ReconstructedCurve:
    """Make pseudo individual data for one curve.

    Raises
    ------
    CannotBeMetError
        If it is described by rates, and no curve gives them.
    """
    if published.landmarks is not None:
        return _from_landmarks(published)
    time, survival = np.array(published.points).T
    made = reconstruct_points(
        time,
        survival,
        published.n,
        at_risk=published.at_risk,
        total_events=published.total_events,
    )
    return _made(published, made.time, made.event)


def _from_landmarks(published: PublishedCurve) -> ReconstructedCurve:
    median = published.median
    assert published.landmarks is not None
    made = reconstruct_landmarks(
        published.n,
        [mark.as_landmark() for mark in published.landmarks],
        median=median.time if median else None,
        median_lower=median.lower if median else None,
        median_upper=median.upper if median else None,
        total_events=published.total_events,
        first_censoring=published.first_censoring,
        last_time=published.last_time,
        confidence=published.confidence,
    )
    curve = _made(published, made.time, made.event)
    return replace(curve, counts=made.counts, resolution=made.resolution)


def _made(published: PublishedCurve, time: FloatArray, event: Bools) -> ReconstructedCurve:
    curve = kaplan_meier(time, event, confidence=published.confidence)
    return ReconstructedCurve(published, time, event, curve, compare(published, curve))


def _not_met(file: FiguresFile, number: int, made: ReconstructedCurve) -> list[Problem]:
    """Figures that the reconstruction had to give and does not give."""
    problems = []
    for row in made.compared:
        if row.agrees or not row.is_demanded:
            continue
        at = "" if np.isnan(row.time) else f" at {row.time:g}"
        message = (
            f"this cannot be met: {row.figure}{at} is {row.printed} in print and "
            f"{row.reconstructed} in the closest reconstruction"
        )
        hint = "Check the points, n and the numbers at risk"
        if row.figure == "point":
            hint += f", or raise tolerance (given: {made.published.tolerance:g})"
        place = ("curves", number, *row.path)
        problems.append(file.problem(place, message, hint))
    return problems
