"""Bounds that spend given errors: found look by look, for many trials at once.

At each look the efficacy bound is the value that a trial under the null hypothesis reaches, having
gone on so far, with the probability that alpha spending allows. A futility bound that spends beta
is found in the same way from below, under the alternative. This is the kernel; designs and trials
call it through :mod:`simulate.sequential.boundaries` and :mod:`simulate.sequential.actual`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simulate.compiled import kernel, rule
from simulate.sequential.integration import (
    REACH,
    FloatArray,
    Path,
    Step,
    go_on,
    grid_between,
    most_nodes,
    normal_density,
    probability_beyond,
    start_of_trial,
)

NEGLIGIBLE = 1e-13
"""An error this small buys no bound; it is left to the next look."""

_MOST_STEPS = 60
_CLOSE_ENOUGH = 1e-11
"""Last step of a search, in standard deviations of the increment."""


class Task(NamedTuple):
    """What bounds are asked for: a row for each trial, a column for each look."""

    information: FloatArray
    """At each look. A look that gains nothing on those before it is not held."""
    means: FloatArray
    """Mean of Z under the alternative; read only where beta is spent."""
    alpha: FloatArray
    """Cumulative alpha to spend by each look."""
    beta: FloatArray
    """Cumulative beta to spend by each look; read only where it is spent."""
    spends_beta: bool
    """Whether futility bounds spend beta; otherwise they are given."""
    binding: bool
    """Whether a trial beyond its futility bound has stopped, as far as alpha is concerned."""


class Found(NamedTuple):
    """Bounds on Z and what they spend, as the tables of a task."""

    efficacy: FloatArray
    """Infinite where no trial can stop for efficacy."""
    futility: FloatArray
    """Minus infinity where no trial can stop for futility; never above the efficacy bound."""
    alpha: FloatArray
    """Cumulative probability, under the null, of stopping for efficacy: what was truly spent."""
    beta: FloatArray
    """The same of stopping for futility under the alternative; 0 where beta is not spent."""


def find_bounds(task: Task, given_futility: FloatArray) -> Found:
    """Find the bounds of every trial.

    Parameters
    ----------
    task
        Tables of float64, trials by looks.
    given_futility
        Futility bounds on Z, minus infinity where there is none; passed over if beta is spent.
    """
    shape = task.information.shape
    found = Found(np.empty(shape), given_futility.copy(), np.empty(shape), np.empty(shape))
    room = np.empty((8, most_nodes(task.information)))
    _find_all(task, found, room)
    return found


@kernel
def _find_all(task: Task, found: Found, room: FloatArray) -> None:
    """Find the bounds of one trial after the other; `room` has eight rows."""
    for trial in range(len(task.information)):
        _find(task, found, trial, room)


@rule
def _find(task: Task, found: Found, trial: int, room: FloatArray) -> None:
    """Find the bounds of one trial.

    Under the null the score has mean 0. `null` are the trials that went on as alpha sees them,
    `other` those that truly went on under the alternative.
    """
    null, other = start_of_trial(room[0], room[1]), start_of_trial(room[2], room[3])
    known, mean, alpha, beta, turn = 0.0, 0.0, 0.0, 0.0, 4
    for look in range(task.information.shape[1]):
        information = task.information[trial, look]
        if information > known:
            root, gain = math.sqrt(information), math.sqrt(information - known)
            step = Step(0.0, gain)
            upper = score_bound(null, step, task.alpha[trial, look] - alpha, 1.0)
            alpha += probability_beyond(null, step, upper, 1.0)
            lower = min(found.futility[trial, look] * root, upper)
            shift = 0.0
            if task.spends_beta:
                shift = task.means[trial, look] * root - mean
                drifted = Step(shift, gain)
                lower = score_bound(other, drifted, task.beta[trial, look] - beta, -1.0)
                lower = min(lower, upper)
                beta += probability_beyond(other, drifted, lower, -1.0)
            next_gain = gain_after(task.information, trial, look)
            if next_gain > 0.0:
                narrowest = min(gain, next_gain)
                least = lower if task.binding else -math.inf
                grid = grid_between(0.0, root, least, upper, narrowest)
                null = go_on(null, step, grid, room[turn], room[turn + 1])
                if task.spends_beta:
                    grid = grid_between(mean + shift, root, lower, upper, narrowest)
                    other = go_on(other, Step(shift, gain), grid, room[turn + 2], room[turn + 3])
                turn = 4 - turn
            known, mean = information, mean + shift
            found.efficacy[trial, look] = upper / root
            found.futility[trial, look] = lower / root
        else:
            found.efficacy[trial, look] = math.inf
            found.futility[trial, look] = -math.inf
        found.alpha[trial, look] = alpha
        found.beta[trial, look] = beta


@rule
def gain_after(information: FloatArray, trial: int, look: int) -> float:
    """Root of the information that the next held look gains; 0 after the last one."""
    known = information[trial, look]
    for later in range(look + 1, information.shape[1]):
        if information[trial, later] > known:
            return math.sqrt(information[trial, later] - known)
    return 0.0


@rule
def score_bound(path: Path, step: Step, probability: float, side: float) -> float:
    """Score at the next look beyond which lies a given probability.

    Newton's method on the logarithm of the probability. That is a concave function of the bound,
    so from the second value on the search comes nearer from outside and cannot miss.

    Parameters
    ----------
    path, step
        The trials that went on, and the increment up to the next look.
    probability
        To lie beyond the bound. A negligible one has no bound: it is infinite, on its side. More
        than went on puts all of them beyond it.
    side
        1 for an upper bound, -1 for a lower one.
    """
    went_on, middle = 0.0, 0.0
    for i in range(path.n):
        went_on += path.mass[i]
        middle += path.mass[i] * path.nodes[i]
    if probability < NEGLIGIBLE or went_on <= 0.0:
        return side * math.inf
    if probability >= went_on:
        return -side * math.inf
    inside = middle / went_on + step.mean
    farthest = farthest_score(path, step, side)
    bound = inside + side * step.sd
    for _ in range(_MOST_STEPS):
        beyond = probability_beyond(path, step, bound, side)
        density = 0.0  # every node counts, however far: the ratio of both must be right out there
        for i in range(path.n):
            distance = bound - step.mean - path.nodes[i]
            density += path.mass[i] * normal_density(distance / step.sd) / step.sd
        if beyond <= 0.0 or density <= 0.0:
            bound = 0.5 * (inside + bound)  # far outside, where nothing is left
            continue
        if beyond > probability:
            inside = bound
        change = side * (math.log(beyond) - math.log(probability)) * beyond / density
        if side * (bound + change - farthest) > 0.0:
            change = farthest - bound
        bound += change
        if abs(change) < _CLOSE_ENOUGH * step.sd:
            break
    return bound


@rule
def farthest_score(path: Path, step: Step, side: float) -> float:
    """Score at the next look that no trial passes, on one side."""
    last: float = path.nodes[path.n - 1] if side > 0.0 else path.nodes[0]
    return last + step.mean + side * REACH * step.sd
