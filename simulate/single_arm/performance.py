"""Exact operating characteristics of a single-arm design: every path of responses is counted.

The number of responses at a look, among trials that have come so far, has a distribution that is
carried from look to look: cut off at the bounds, and convolved with the binomial distribution of
the patients who come next. That is the sum over all paths, without any approximation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate.single_arm.binomial import FloatArray, binomial
from simulate.single_arm.rule import DecisionRule


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """What a design does where the response rate is p.

    Attributes
    ----------
    rule
        The design.
    p
        True response rate.
    no_go, go
        Probability of each decision at each look.
    consider
        Probability that the last look decides nothing.
    """

    rule: DecisionRule
    p: float
    no_go: FloatArray
    go: FloatArray
    consider: float

    @property
    def go_in_all(self) -> float:
        """Probability of go: the type I error where p is what is not worth while, else power."""
        return float(self.go.sum())

    @property
    def no_go_in_all(self) -> float:
        """Probability of no go, at whatever look."""
        return float(self.no_go.sum())

    @property
    def ends(self) -> FloatArray:
        """Probability that each look is the last one made."""
        ends = self.no_go + self.go
        ends[-1] += self.consider
        return ends

    @property
    def early_no_go(self) -> float:
        """Probability of no go before the last look."""
        return float(self.no_go[:-1].sum())

    @property
    def early_go(self) -> float:
        """Probability of go before the last look."""
        return float(self.go[:-1].sum())

    @property
    def expected_patients(self) -> float:
        """Patients counted at the look that decides, on average."""
        return float(self.ends @ np.array(self.rule.patients, float))


def performance(rule: DecisionRule, p: float) -> Performance:
    """Exact operating characteristics of a design where the response rate is p."""
    state, before = np.ones(1), 0
    no_go, go = np.zeros(rule.n_looks), np.zeros(rule.n_looks)
    for look, n in enumerate(rule.patients):
        state = np.convolve(state, binomial(n - before, p))
        low, high, before = rule.no_go[look] + 1, rule.go[look], n
        no_go[look], go[look] = state[:low].sum(), state[high:].sum()
        state = state.copy()
        state[:low] = 0.0
        state[high:] = 0.0
    return Performance(rule, float(p), no_go, go, float(state.sum()))
