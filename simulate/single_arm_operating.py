"""What a single-arm design comes to over many trials, beside its theory.

The same patients are judged twice: as responses come to be known, and as if all were known at once.
The second must agree with theory at the response rate that these trials have; the difference
between the two is what delayed ascertainment does, told within pairs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simulate.analysis.row import all_statistics
from simulate.analysis.single_arm_statistics import SINGLE_ARM
from simulate.analysis.statistics import Statistic
from simulate.distributions import FloatArray
from simulate.monte_carlo import Estimate, Z, mean, proportion
from simulate.replicates import AnalysedReplicates
from simulate.scenario.trial import Trial
from simulate.single_arm.performance import Performance, performance
from simulate.single_arm.rule import DECISIONS, DecisionRule

COUNTS = ("patients", "enrolled", "treated", "responders", "pending", "later_responders", "day")
"""What is told of the decision in expectation."""

_STEP = 1e-4  # of the response rate, for how theory changes with it

Row = tuple[Statistic, str, Estimate]


@dataclass(frozen=True)
class SingleArmOutcomes:
    """Outcomes of a single-arm design over replicates.

    Attributes
    ----------
    rule
        The design.
    analysed
        Replicates, at whichever analysis: all hold the same outcomes.
    """

    rule: DecisionRule
    analysed: AnalysedReplicates

    def values(self, name: str) -> FloatArray:
        """One statistic of the design in every replicate."""
        return self.analysed.column(f"{SINGLE_ARM}_{name}")

    def probability(self, decision: str, *, full: bool = False) -> Estimate:
        """Probability of a decision; if all responses were known at once, with `full`."""
        return proportion(self.values(f"full_{decision}" if full else decision))

    def by_delay(self, decision: str) -> Estimate:
        """What delay adds to the probability of a decision, by paired differences."""
        return mean(self.values(decision) - self.values(f"full_{decision}"))

    def early(self, decision: str, *, full: bool = False) -> Estimate:
        """Probability of a decision before the last look."""
        return proportion(self._early(decision, full=full))

    def early_by_delay(self, decision: str) -> Estimate:
        """What delay adds to that probability."""
        pair = (self._early(decision, full=full) for full in (False, True))
        return mean(np.subtract(*pair))

    def _early(self, decision: str, *, full: bool) -> FloatArray:
        first = "full_" if full else ""
        before_last = self.values(f"{first}look") < self.rule.n_looks
        return np.asarray(self.values(f"{first}{decision}") * before_last)

    def expected(self, name: str) -> Estimate:
        """Expected number at the decision."""
        return mean(self.values(name))

    @cached_property
    def full_patients(self) -> FloatArray:
        """Patients counted if all responses were known at once, in every replicate."""
        sizes = np.array(self.rule.patients, float)
        return np.asarray(sizes[self.values("full_look").astype(int) - 1])

    @property
    def full_at_once(self) -> Estimate:
        """Patients counted if all responses were known at once."""
        return mean(self.full_patients)

    @property
    def overrun(self) -> Estimate:
        """Patients enrolled by the decision who are not counted in it."""
        return mean(self.values("enrolled") - self.values("patients"))

    def at_look(self, look: int, decision: str) -> Estimate:
        """Probability that a look (from 0) makes a decision, among all trials."""
        return proportion(np.nan_to_num(self.values(f"look_{look + 1}_{decision}"), nan=0.0))

    def made(self, look: int) -> Estimate:
        """Probability that a look is made."""
        return proportion(~np.isnan(self.values(f"look_{look + 1}_day")))

    def of_look(self, look: int, name: str) -> Estimate:
        """Expected number at a look, among the trials that make it."""
        return mean(self.values(f"look_{look + 1}_{name}"))

    @property
    def response_rate(self) -> Estimate:
        """Patients whose confirmed response is known at the last data cut, among all."""
        n = self.values("full_n")
        responders = self.values("full_responders")
        return mean(np.divide(responders, n, out=np.full(len(n), np.nan), where=n > 0))

    @cached_property
    def theory(self) -> Performance | None:
        """What theory says at that rate; None if there is none."""
        rate = self.response_rate.estimate
        return None if math.isnan(rate) else performance(self.rule, rate)

    def by_theory(self, decision: str) -> Estimate:
        """Probability of a decision by theory, with the error of the response rate in it."""
        rate = self.response_rate
        if self.theory is None:
            return Estimate(math.nan, math.nan, math.nan, math.nan, self.analysed.n, 0)
        low, high = max(0.0, rate.estimate - _STEP), min(1.0, rate.estimate + _STEP)
        ends = [of_decision(performance(self.rule, p), decision) for p in (low, high)]
        value = of_decision(self.theory, decision)
        mcse = abs(ends[1] - ends[0]) / (high - low) * rate.mcse
        limits = value - Z * mcse, value + Z * mcse
        return Estimate(value, mcse, *limits, rate.n_requested, rate.n_analysed)


def of_decision(found: Performance, decision: str) -> float:
    """Probability of a decision by theory, by its name."""
    values = {"go": found.go_in_all, "consider": found.consider, "no_go": found.no_go_in_all}
    return values[decision]


def single_arm_outcomes(trial: Trial, analysed: AnalysedReplicates) -> SingleArmOutcomes | None:
    """Outcomes of a scenario's single-arm design; None without one."""
    if trial.single_arm is None:
        return None
    return SingleArmOutcomes(trial.single_arm.design.rule, analysed)


def single_arm_measures(trial: Trial, analysed: AnalysedReplicates) -> Iterator[Row]:
    """Operating characteristics of a single-arm design; none without one."""
    found = single_arm_outcomes(trial, analysed)
    if found is None:
        return
    statistics = all_statistics(trial)

    def of(name: str) -> Statistic:
        return statistics[f"{SINGLE_ARM}_{name}"]

    for decision in DECISIONS:
        yield of(decision), "probability", found.probability(decision)
        yield of(decision), "without_delay", found.probability(decision, full=True)
        yield of(decision), "by_delay", found.by_delay(decision)
        yield of(decision), "theory", found.by_theory(decision)
    for decision in ("no_go", "go"):
        yield of(decision), "early", found.early(decision)
        yield of(decision), "early_without_delay", found.early(decision, full=True)
        yield of(decision), "early_by_delay", found.early_by_delay(decision)
    for name in COUNTS:
        yield of(name), "mean", found.expected(name)
    yield of("patients"), "without_delay", found.full_at_once
    yield of("enrolled"), "overrun", found.overrun
    yield of("full_responders"), "rate", found.response_rate
    yield of("target_not_reached"), "probability", proportion(found.values("target_not_reached"))
    for look in range(found.rule.n_looks):
        yield of(f"look_{look + 1}_day"), "made", found.made(look)
        for decision in ("no_go", "go"):
            yield of(f"look_{look + 1}_{decision}"), "probability", found.at_look(look, decision)
        for name in ("day", "responders", "pending", "later_responders"):
            yield of(f"look_{look + 1}_{name}"), "mean", found.of_look(look, name)
