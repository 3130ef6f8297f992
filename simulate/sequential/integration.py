"""How the statistic of a trial that goes on is distributed, carried from look to look.

The score ``S = Z * sqrt(information)`` grows by independent normal increments whose variance is the
information gained. Its density among the trials that went on past a look is a sum over the nodes of
that look, and the next look's density an integral over them (Armitage, McPherson and Rowe 1969;
Jennison and Turnbull 2000, chapter 19).

Jennison and Turnbull take Simpson's rule on a fixed grid. Here every look has panels of Gauss and
Legendre's rule with 16 nodes, between its bounds and as fine as the narrowest normal density that
the integral meets. That is exact to about 1e-11, also where two looks are a single event apart.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simulate.compiled import rule

FloatArray = npt.NDArray[np.float64]

NODES = 16
"""Nodes of a panel."""

PANEL = 5.0
"""Widest panel, in standard deviations of the narrowest density."""

REACH = 7.5
"""How far a normal density reaches, in standard deviations; beyond lies 3e-14."""

_POSITIONS, _WEIGHTS = np.polynomial.legendre.leggauss(NODES)
_SQRT_HALF = math.sqrt(0.5)
_DENSITY_AT_0 = 1.0 / math.sqrt(2.0 * math.pi)


class Path(NamedTuple):
    """The trials that went on past a look."""

    nodes: FloatArray
    """Scores, ascending."""
    mass: FloatArray
    """Probability that each node stands for."""
    n: int
    """Nodes in use."""


class Step(NamedTuple):
    """What the score gains from one look to the next."""

    mean: float
    sd: float


class Grid(NamedTuple):
    """Where the nodes of a look lie."""

    low: float
    high: float
    panels: int


@rule
def normal_cdf(x: float) -> float:
    """Distribution function of the standard normal, exact in both tails."""
    return 0.5 * math.erfc(-x * _SQRT_HALF)


@rule
def normal_density(x: float) -> float:
    """Density of the standard normal."""
    return _DENSITY_AT_0 * math.exp(-0.5 * x * x)


@rule
def start_of_trial(nodes: FloatArray, mass: FloatArray) -> Path:
    """Before the first look: every trial has the score 0."""
    nodes[0] = 0.0
    mass[0] = 1.0
    return Path(nodes, mass, 1)


@rule
def probability_beyond(path: Path, step: Step, bound: float, side: float) -> float:
    """Probability of going on until the next look and having a score beyond a bound there.

    Parameters
    ----------
    path
        The trials that went on.
    step
        The increment up to the next look.
    bound
        A score; it may be infinite.
    side
        1 for scores above the bound, -1 for scores below it.
    """
    total = 0.0
    for i in range(path.n):
        total += path.mass[i] * normal_cdf(side * (path.nodes[i] + step.mean - bound) / step.sd)
    return total


@rule
def density_at(path: Path, step: Step, score: float, first: int) -> tuple[float, int]:
    """Density of going on and having a score at the next look.

    Only nodes within reach count. Scores asked for in ascending order make use of the first node
    that the one before had in reach.

    Returns
    -------
    tuple
        The density, and the first node within reach.
    """
    reach = REACH * step.sd
    while first < path.n and score - step.mean - path.nodes[first] > reach:
        first += 1
    total = 0.0
    for i in range(first, path.n):
        distance = score - step.mean - path.nodes[i]
        if distance < -reach:
            break
        total += path.mass[i] * normal_density(distance / step.sd)
    return total / step.sd, first


@rule
def grid_between(mean: float, sd: float, lower: float, upper: float, narrowest: float) -> Grid:
    """Panels for the scores between two bounds, as far as trials reach.

    Parameters
    ----------
    mean, sd
        Of the score at this look, had no trial stopped before.
    lower, upper
        Bounds on the score.
    narrowest
        Standard deviation of the narrowest density that is integrated on this grid.
    """
    low, high = max(lower, mean - REACH * sd), min(upper, mean + REACH * sd)
    if not low < high:
        return Grid(low, low, 0)
    return Grid(low, high, math.ceil((high - low) / (PANEL * narrowest)))


@rule
def go_on(path: Path, step: Step, grid: Grid, nodes: FloatArray, mass: FloatArray) -> Path:
    """Carry the trials to the next look; those within the grid go on past it.

    Parameters
    ----------
    path, step
        The trials that went on so far, and the increment up to the next look.
    grid
        The scores with which a trial goes on.
    nodes, mass
        Room for the nodes of the next look.
    """
    half = 0.5 * (grid.high - grid.low) / max(grid.panels, 1)
    n, first = 0, 0
    for panel in range(grid.panels):
        centre = grid.low + (2 * panel + 1) * half
        for k in range(NODES):
            nodes[n] = centre + half * _POSITIONS[k]
            density, first = density_at(path, step, nodes[n], first)
            mass[n] = density * half * _WEIGHTS[k]
            n += 1
    return Path(nodes, mass, n)


def most_nodes(information: npt.ArrayLike) -> int:
    """Most nodes that a look needs, to make room for them.

    Parameters
    ----------
    information
        Of the looks along the last axis; looks that gain nothing count for nothing.
    """
    info = np.atleast_2d(np.asarray(information, np.float64))
    known = np.maximum.accumulate(info, axis=-1)
    gain = np.diff(known, axis=-1, prepend=0.0)
    narrowest = np.min(gain, axis=-1, where=gain > 0.0, initial=np.inf)
    widest = 2.0 * REACH * np.sqrt(known[..., -1])
    panels = np.ceil(widest / (PANEL * np.sqrt(narrowest)))
    return NODES * (1 + int(np.max(panels, initial=1.0)))
