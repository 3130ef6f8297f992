"""The graphical procedure over the looks of a trial, on tables of statistics.

Maurer and Bretz (2013): every hypothesis has its own bounds, those of its current part of alpha.
What a hypothesis that is rejected passes on raises the others' parts, and those are tested again at
the same look, with the bounds that they would have had from the start. No look is gone back to. A
hypothesis that has had its last look keeps its statistic, and is tested again when its part rises.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from simulate.multiplicity.graph import FloatArray, members

IntArray = npt.NDArray[np.int64]


def rejection_looks(z: FloatArray, bounds: FloatArray) -> IntArray:
    """Look at which each hypothesis is rejected, in many trials at once.

    Parameters
    ----------
    z
        Statistics, shape (trials, hypotheses, looks); nan where a look does not test a hypothesis.
    bounds
        Efficacy bounds, shape (hypotheses, sets of rejected ones, looks) as `weights_by_set` has
        them; infinite where a look does not test or the hypothesis has no part of alpha.

    Returns
    -------
    array
        Shape (trials, hypotheses); the number of looks for what is not rejected.
    """
    n, n_hypotheses, n_looks = z.shape
    last = last_looks(z)
    found = np.full((n, n_hypotheses), n_looks, np.int64)
    rejected = np.zeros(n, np.int64)
    for look in range(n_looks):
        before = None
        while before is None or np.any(before != rejected):
            before = rejected.copy()
            for h in range(n_hypotheses):
                at = min(look, int(last[h]))
                bound = bounds[h, rejected, at]
                new = (found[:, h] == n_looks) & (z[:, h, at] >= bound)
                found[new, h] = look
                rejected[new] |= 1 << h
    return found


def last_looks(z: FloatArray) -> IntArray:
    """Last look that tests each hypothesis."""
    tested = np.asarray(~np.isnan(z).all(axis=0))
    return np.asarray(tested.shape[1] - 1 - np.argmax(tested[:, ::-1], axis=1), np.int64)


def earliest_sets(
    weights: FloatArray, tested: Sequence[Iterable[int]], surely: Iterable[int], n_looks: int
) -> list[int]:
    """By look: the hypotheses rejected by then, where some are rejected as soon as they can be.

    Parameters
    ----------
    weights
        `weights_by_set` of the graph.
    tested
        By hypothesis, the looks that test it.
    surely
        Hypotheses with an effect so large that every test rejects.
    n_looks
        Looks of the trial.
    """
    found, mask = [], 0
    sure = tuple(surely)
    first = {h: min(tested[h]) for h in sure}
    last = {h: max(tested[h]) for h in sure}
    for look in range(n_looks):
        before = -1
        while before != mask:
            before = mask
            for h in sure:
                now = look in tested[h] or look >= last[h]
                if now and look >= first[h] and weights[mask, h] > 0:
                    mask |= 1 << h
        found.append(mask)
    return found


def subsets(n: int) -> list[tuple[int, ...]]:
    """All sets of n hypotheses with one at least."""
    return [members(mask) for mask in range(1, 1 << n)]
