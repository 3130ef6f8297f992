"""One operating characteristic of a randomised trial, and those of any number of each replicate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from simulate.distributions import FloatArray
from simulate.monte_carlo import Estimate, mean, proportion, quantiles, standard_deviation
from simulate.operating import SPREAD


class Measure(NamedTuple):
    """One measure, before the name of the scenario is put in front."""

    analysis: str
    endpoint: str
    arm: str
    hypothesis: str
    name: str
    estimate: Estimate
    reader: str = ""
    """Who reads, where that is not the reader of the endpoint."""


def distribution(
    analysis: str, endpoint: str, arm: str, hypothesis: str, name: str, values: FloatArray
) -> Iterator[Measure]:
    """Mean, spread and quantiles; of what may not be reached, how often it is not."""
    key = (analysis, endpoint, arm, hypothesis)
    if np.isinf(values).any():
        not_reached = np.where(np.isnan(values), np.nan, np.isinf(values))
        yield Measure(*key, f"{name}.not_reached", proportion(not_reached))
    else:
        yield Measure(*key, f"{name}.mean", mean(values))
        yield Measure(*key, f"{name}.sd", standard_deviation(values))
    for what, estimate in zip(SPREAD, quantiles(values, tuple(SPREAD.values())), strict=True):
        yield Measure(*key, f"{name}.{what}", estimate)
