"""Survival by arm on whole days, as it is and as it is seen: by formula, of all patients alike.

A patient's **cell** is the combination of levels of all baseline variables that matter. Within a
cell and arm all patients have one law; an arm, or a stratum of it, is a mixture of cells.

The engines turn a time T into the day ceil(T). So ``P(day > d)`` is the survival function at d, and
what is said here is exact for simulated trials. A death on the day of progression leaves no
progression. Where observation is by scans, progression counts on the day of the scan that shows it,
unless death comes before that scan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.signal import fftconvolve

from simulate.distributions import FloatArray, IntArray
from simulate.scenario.rules_of_survival import variables_that_matter
from simulate.scenario.survival_model import (
    CopulaModel,
    IllnessDeathModel,
    SingleModel,
    Transition,
)
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.theory.copula import both_later
from simulate.theory.hazards import Levels, cumulative_hazard_by_day
from simulate.theory.levels import joint_levels


class Cell(NamedTuple):
    """Patients with the same levels of all baseline variables that matter."""

    levels: Levels
    """Level by variable."""
    share: float
    """Of all patients."""


def cells_of(trial: SurvivalTrial) -> tuple[Cell, ...]:
    """The cells of a trial that occur, with their shares."""
    names = variables_that_matter(trial)
    joint = joint_levels(trial.baseline, names)
    if joint is None:
        raise AssertionError("a checked scenario has few cells")
    return tuple(Cell(dict(zip(names, levels, strict=True)), p) for levels, p in joint.items())


def strata_of(trial: SurvivalTrial) -> tuple[tuple[Cell, ...], ...]:
    """The cells of each stratum of the randomisation."""
    found: defaultdict[tuple[str, ...], list[Cell]] = defaultdict(list)
    for cell in cells_of(trial):
        found[tuple(cell.levels[name] for name in trial.randomisation.strata)].append(cell)
    return tuple(tuple(cells) for cells in found.values())


class Curves:
    """Survival functions of a trial on days 0 to ``days``, made when first asked for.

    Parameters
    ----------
    trial : SurvivalTrial
        A checked trial.
    days : int
        Last day of the curves.
    """

    def __init__(self, trial: SurvivalTrial, days: int) -> None:
        self.trial = trial
        self.days = days
        self.cells = cells_of(trial)
        self._of_cell = lru_cache(maxsize=None)(self._new)

    def arm(self, endpoint: str, arm: str, *, seen: bool) -> FloatArray:
        """Survival of all patients of an arm; ``seen`` as by the observation of the model."""
        return self.mixture(endpoint, arm, self.cells, seen=seen)

    def mixture(
        self, endpoint: str, arm: str, cells: tuple[Cell, ...], *, seen: bool
    ) -> FloatArray:
        """Survival of the patients of an arm who are in some of the cells."""
        total = sum(cell.share for cell in cells)
        curves = (
            cell.share / total * self._of_cell(endpoint, arm, tuple(cell.levels.items()), seen)
            for cell in cells
        )
        return np.asarray(sum(curves), np.float64)

    def _new(
        self, endpoint: str, arm: str, levels: tuple[tuple[str, str], ...], seen: bool
    ) -> FloatArray:
        model = self.trial.survival
        by_scans = seen and model.observation == "scans" and endpoint == "PFS"
        looked = last_scan(self.trial, self.days) if by_scans else np.arange(self.days + 1)

        def survival(transition: Transition) -> FloatArray:
            hazard = cumulative_hazard_by_day(self.trial, transition, arm, dict(levels), self.days)
            return np.asarray(np.exp(-hazard))

        match model:
            case SingleModel():
                return np.asarray(survival("event")[looked])
            case CopulaModel():
                death = survival("death")
                if endpoint == "OS":
                    return death
                return both_later(survival("progression")[looked], death, model.correlation)
            case IllnessDeathModel():
                alone = survival("death_without_progression")
                progression = survival("progression")
                after = survival("death_after_progression")
                if endpoint == "OS":
                    return _overall(progression, alone, after)
                return progression * alone + _unseen(progression, alone, after, looked)


def _overall(progression: FloatArray, alone: FloatArray, after: FloatArray) -> FloatArray:
    """Overall survival: without progression, or after one that came before death without it."""
    progresses = _on_day(progression) * alone
    alive_after = np.clip(fftconvolve(progresses, after)[: len(after)], 0.0, 1.0)
    return np.asarray(np.minimum(progression * alone + alive_after, 1.0))


def _unseen(
    progression: FloatArray, alone: FloatArray, after: FloatArray, looked: IntArray
) -> FloatArray:
    """Probability of a progression since the last scan, the patient being alive."""
    progresses = _on_day(progression) * alone
    total = np.zeros_like(progression)
    for start, end in _intervals(looked):
        inside = progresses[start + 1 : end]
        if len(inside):
            # on day start + 1 + k: who progressed on days start + 1, ... and lives 0, ..., k since
            total[start + 1 : end] = np.convolve(inside, after[: end - start - 1])[: len(inside)]
    return total


def _intervals(looked: IntArray) -> Iterator[tuple[int, int]]:
    """Days of scans, and the days of the scans after them (or the end)."""
    scans = np.unique(looked)
    yield from zip(scans.tolist(), [*scans[1:].tolist(), len(looked)], strict=True)


def _on_day(survival: FloatArray) -> FloatArray:
    """Probability of the event on each day 0, 1, ..."""
    return np.asarray(-np.diff(survival, prepend=1.0))


def last_scan(trial: SurvivalTrial, days: int) -> IntArray:
    """Day of the last scan on or before each day 0 to ``days``; 0 before the first one."""
    scans, start = [0], 0
    for row in trial.survival.calendar:
        end = days if row.until is None else min(row.until, days)
        scans.extend(range(start + row.every, end + 1, row.every))
        start = end if row.until is None else row.until
    at = np.arange(days + 1)
    listed = np.array(scans)
    return np.asarray(listed[np.searchsorted(listed, at, side="right") - 1], np.int64)
