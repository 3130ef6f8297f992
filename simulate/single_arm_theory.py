"""What theory expects of a single-arm design, before any simulation.

Exact, by enumeration of all paths of responses; every response is taken to be known at once, so
theory knows nothing of scans, delays and patients who come meanwhile. What may be true: the
response rate that is not worth while (`null`), the one hoped for (`design`), and the scenario's
probability of a latent response (`assumed`), of which scans confirm somewhat less.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from simulate.scenario.scenario import Scenario
from simulate.scenario.single_arm import SingleArm
from simulate.single_arm.performance import Performance, performance
from simulate.theory.course import ASSUMED, DESIGN, NULL

CURVE_STEP = 0.01
"""Distance of the response rates for which the curve is told."""


@dataclass(frozen=True, eq=False)
class SingleArmTheory:
    """Theory of a scenario with a single-arm design."""

    scenario: Scenario
    block: SingleArm

    @cached_property
    def truths(self) -> tuple[tuple[str, Performance], ...]:
        """What may be true, and what the design then does."""
        rates = {
            NULL: self.block.design.null_rate,
            DESIGN: self.block.design.alternative_rate,
            ASSUMED: self.scenario.disease.response.probability,
        }
        return tuple((truth, self.at(rate)) for truth, rate in rates.items())

    def at(self, rate: float) -> Performance:
        """What the design does at a response rate."""
        return performance(self.block.design.rule, rate)

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row for each look and truth: bounds, and the probability of each decision."""
        return pd.DataFrame(list(self._look_rows()))

    @cached_property
    def overall(self) -> pd.DataFrame:
        """A row for each truth: the probability of each decision, and expected patients."""
        rows = [{**self._key, "truth": truth, **overall(each)} for truth, each in self.truths]
        return pd.DataFrame(rows)

    @cached_property
    def curve(self) -> pd.DataFrame:
        """The same by response rate, from 0 to 1."""
        rates = np.arange(round(1 / CURVE_STEP) + 1) * CURVE_STEP
        rows = [{**self._key, **overall(self.at(float(rate)))} for rate in rates.round(10)]
        return pd.DataFrame(rows)

    @property
    def _key(self) -> dict[str, str]:
        return {"scenario": self.scenario.name, "design": self.block.design.kind}

    def _look_rows(self) -> Iterator[dict[str, Any]]:
        rule = self.block.design.rule
        for look in range(rule.n_looks):
            for truth, found in self.truths:
                yield {
                    **self._key,
                    "look": look + 1,
                    "patients": rule.patients[look],
                    "no_go_at_most": rule.no_go[look] if rule.no_go[look] >= 0 else None,
                    "go_at_least": rule.go[look] if rule.go[look] <= rule.patients[look] else None,
                    "truth": truth,
                    "response_rate": found.p,
                    "no_go": found.no_go[look],
                    "go": found.go[look],
                    "consider": found.consider if look == rule.n_looks - 1 else 0.0,
                    "cumulative_no_go": found.no_go[: look + 1].sum(),
                    "cumulative_go": found.go[: look + 1].sum(),
                }


def overall(found: Performance) -> dict[str, float]:
    """What a design does at a response rate, looks taken together."""
    return {
        "response_rate": found.p,
        "go": found.go_in_all,
        "consider": found.consider,
        "no_go": found.no_go_in_all,
        "early_no_go": found.early_no_go,
        "early_go": found.early_go,
        "expected_patients": found.expected_patients,
    }


def single_arm_theory(scenario: Scenario) -> SingleArmTheory:
    """Theory of a scenario that has a single-arm design."""
    assert scenario.single_arm is not None
    return SingleArmTheory(scenario, scenario.single_arm)
