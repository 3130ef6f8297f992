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
from simulate.multiplicity.looks import earliest_sets, subsets
from simulate.sequential.crossing import crossing

N_SIMULATED = 100_000
"""Trials of which the error with correlated statistics is told."""


class OwnLooks(NamedTuple):
    """The looks of one hypothesis."""

    looks: tuple[int, ...]
    """Looks of the trial (from 0) that test it."""
    information: FloatArray
    """At each of them, in any unit."""
    bounds: FloatArray
    """Efficacy bounds at each, by set of rejected hypotheses: shape (sets, looks)."""
    counts: FloatArray | None = None
    """Events by each look of the trial, whether or not it tests: how information grows between its
    own looks; without them evenly."""

    def so_far(self, n_looks: int) -> FloatArray:
        """Information by each look of the trial; after its last one it stays."""
        counts = np.arange(1.0, n_looks + 1.0) if self.counts is None else self.counts
        own = list(self.looks)
        known = np.append(0.0, counts[own]), np.append(0.0, self.information)
        found = np.interp(counts, *known)
        found[own] = self.information
        return np.asarray(found)


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
    """The same with a correlation of the statistics: what is rejected twice is simulated."""
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
        Of the statistics of two hypotheses at a look, if both have gained their information alike,
        for the simulated error; of different looks it is less by the root of what they share.
    seed, n
        Of the simulation, and its trials.
    """
    found = []
    z = null_statistics(tests, n_looks, correlation=correlation, seed=seed, n=n)
    for true in subsets(len(tests)):
        bounds = {h: _bounds_of(weights, tests, h, true, n_looks) for h in true}
        each = tuple(_crossing(tests[h], bounds[h]) for h in true)
        # the single errors are exact: only how often several are rejected has to be simulated
        rejected = np.column_stack(
            [(z[:, h, list(tests[h].looks)] >= bounds[h]).any(axis=1) for h in true]
        )
        twice = rejected.sum(axis=1) - rejected.any(axis=1)
        found.append(
            FamilyWiseError(
                true=true,
                each=each,
                independent=1.0 - math.prod(1.0 - error for error in each),
                at_most=sum(each),
                correlated=sum(each) - float(twice.mean()),
                mcse=float(twice.std()) / math.sqrt(n),
                n=n,
            )
        )
    return found


def _bounds_of(
    weights: FloatArray,
    tests: Sequence[OwnLooks],
    hypothesis: int,
    true: Sequence[int],
    n_looks: int,
) -> FloatArray:
    """Bounds of a true hypothesis at its looks, all false ones being rejected as soon as can be.

    No other true one is: the first of them to be rejected makes the error.
    """
    false = [h for h in range(len(tests)) if h not in true]
    sets = earliest_sets(weights, [each.looks for each in tests], false, n_looks)
    own = tests[hypothesis]
    upper = np.array([own.bounds[sets[look], k] for k, look in enumerate(own.looks)])
    # its last statistic is tested again when its part of alpha rises later
    upper[-1] = min(own.bounds[mask, -1] for mask in sets[own.looks[-1] :])
    return upper


def _crossing(own: OwnLooks, upper: FloatArray) -> float:
    """Probability that a statistic without an effect reaches a bound at any look."""
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
    score. Two hypotheses share a part of theirs from look to look of the trial, whether or not a
    look tests them, which gives the correlation.
    """
    rng = np.random.default_rng(seed)
    found = np.full((n, len(tests), n_looks), np.nan)
    shared = rng.standard_normal((n, n_looks))
    for h, each in enumerate(tests):
        gain = np.sqrt(np.diff(each.so_far(n_looks), prepend=0.0))
        own = rng.standard_normal((n, n_looks))
        steps = math.sqrt(correlation) * shared + math.sqrt(1.0 - correlation) * own
        score = np.cumsum(gain * steps, axis=1)[:, list(each.looks)]
        found[:, h, list(each.looks)] = score / np.sqrt(each.information)
    return found
