"""Family-wise error of a graph with looks, for every set of hypotheses that may be true.

The others are taken to have effects so large that each is rejected as soon as it can be: then most
of alpha comes to the true ones, and as early as it can, which is the least favourable case. With
what is known of that, the error of each true hypothesis alone is exact, by integration; that of any
of them depends on how their statistics depend on each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simulate.multiplicity.graph import FloatArray
from simulate.multiplicity.looks import earliest_sets, rejection_looks, subsets
from simulate.sequential.crossing import crossing

N_SIMULATED = 100_000
"""Trials of which the error with correlated statistics is told."""

_SURELY = 1e6


class OwnLooks(NamedTuple):
    """The looks of one hypothesis."""

    looks: tuple[int, ...]
    """Looks of the trial (from 0) that test it."""
    information: FloatArray
    """At each of them, in any unit."""
    bounds: FloatArray
    """Efficacy bounds at each, by set of rejected hypotheses: shape (sets, looks)."""


class FamilyWiseError(NamedTuple):
    """The error where some hypotheses are true."""

    true: tuple[int, ...]
    """Positions of the true hypotheses."""
    each: tuple[float, ...]
    """Probability to reject each of them."""
    independent: float
    """Probability to reject any of them, were their statistics independent."""
    at_most: float
    """The same however their statistics depend: the sum of the single ones."""
    correlated: float
    """The same with a correlation of the statistics at each look, simulated."""
    mcse: float
    """Monte Carlo standard error of the last."""
    n: int
    """Simulated trials."""


def family_wise_errors(
    weights: FloatArray,
    tests: Sequence[OwnLooks],
    n_looks: int,
    *,
    correlation: float = 0.5,
    seed: int = 20130313,
    n: int = N_SIMULATED,
) -> list[FamilyWiseError]:
    """The family-wise error for each set of true hypotheses.

    Parameters
    ----------
    weights
        `weights_by_set` of the graph.
    tests
        Each hypothesis.
    n_looks
        Looks of the trial.
    correlation
        Of the statistics of two hypotheses with the same information, for the simulated error;
        with other informations it is less by the root of their ratio.
    seed, n
        Of the simulation, and its trials.
    """
    found = []
    z = null_statistics(tests, n_looks, correlation=correlation, seed=seed, n=n)
    bounds = bounds_by_look(tests, n_looks)
    for true in subsets(len(tests)):
        each = tuple(_error_of(weights, tests, h, true, n_looks) for h in true)
        surely = z.copy()
        for h in set(range(len(tests))) - set(true):
            surely[:, h, list(tests[h].looks)] = _SURELY
        rejected = rejection_looks(surely, bounds)[:, list(true)] < n_looks
        share = float(rejected.any(axis=1).mean())
        found.append(
            FamilyWiseError(
                true=true,
                each=each,
                independent=1.0 - math.prod(1.0 - error for error in each),
                at_most=sum(each),
                correlated=share,
                mcse=math.sqrt(share * (1.0 - share) / n),
                n=n,
            )
        )
    return found


def _error_of(
    weights: FloatArray,
    tests: Sequence[OwnLooks],
    hypothesis: int,
    true: Sequence[int],
    n_looks: int,
) -> float:
    """Probability to reject a true hypothesis, all false ones being rejected as soon as can be."""
    false = [h for h in range(len(tests)) if h not in true]
    sets = earliest_sets(weights, [each.looks for each in tests], false, n_looks)
    own = tests[hypothesis]
    upper = np.array([own.bounds[sets[look], k] for k, look in enumerate(own.looks)])
    # its last statistic is tested again when its part of alpha rises later
    upper[-1] = min(own.bounds[mask, -1] for mask in sets[own.looks[-1] :])
    nowhere = np.full(upper.shape, -np.inf)
    return float(crossing(own.information, np.zeros_like(upper), nowhere, upper).above.sum())


def bounds_by_look(tests: Sequence[OwnLooks], n_looks: int) -> FloatArray:
    """Bounds of all hypotheses at all looks, infinite where a look does not test."""
    n_sets = len(tests[0].bounds)
    table = np.full((len(tests), n_sets, n_looks), np.inf)
    for h, each in enumerate(tests):
        table[h][:, list(each.looks)] = each.bounds
    return table


def null_statistics(
    tests: Sequence[OwnLooks], n_looks: int, *, correlation: float, seed: int, n: int
) -> FloatArray:
    """Normal statistics without any effect, shape (trials, hypotheses, looks).

    Those of a hypothesis have the canonical joint distribution: independent increments of the
    score. Two hypotheses share a part of theirs, look by look, which gives the correlation.
    """
    rng = np.random.default_rng(seed)
    found = np.full((n, len(tests), n_looks), np.nan)
    shared = rng.standard_normal((n, n_looks))
    for h, each in enumerate(tests):
        gain = np.sqrt(np.diff(each.information, prepend=0.0))
        own = rng.standard_normal((n, len(gain)))
        common = shared[:, list(each.looks)]
        steps = math.sqrt(correlation) * common + math.sqrt(1.0 - correlation) * own
        score = np.cumsum(gain * steps, axis=1)
        found[:, h, list(each.looks)] = score / np.sqrt(each.information)
    return found
