"""What tests estimate beside their statistic: differences and ratios with their errors.

At each look, in the trials that made it and in which the estimate is defined. A combination of
weights estimates nothing; of it is told how often each weight has the largest statistic.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simulate.distributions import FloatArray
from simulate.looks.columns import OWN_TEST
from simulate.monte_carlo import mean, proportion
from simulate.randomised.measure import Measure, distribution
from simulate.randomised.outcomes import Outcomes
from simulate.scenario.monitoring import Hypothesis

_ALL = "all"

DIFFERENCE, LOG_WIN_RATIO, NET_BENEFIT = "difference", "log_win_ratio", "net_benefit"
WIN_RATIO, LARGEST_WEIGHT = "win_ratio", "largest_weight"
ONE_STEP_LOG_HR, ONE_STEP_HR = "one_step_log_hr", "one_step_hr"

RATIOS = {LOG_WIN_RATIO: WIN_RATIO, ONE_STEP_LOG_HR: ONE_STEP_HR}
"""Estimates that are logs, and what they are the logs of."""


def effects(outcomes: Outcomes, hypothesis: Hypothesis) -> Iterator[Measure]:
    """What the tests of a hypothesis estimate, its own and further ones."""
    start = f"{hypothesis.name}."
    for column in outcomes.looks.names:
        name = column.removeprefix(start)
        if name == column:
            continue
        kind = name.removeprefix(OWN_TEST) if name.startswith(OWN_TEST) else name.split(".")[-1]
        if kind not in (DIFFERENCE, NET_BENEFIT, LARGEST_WEIGHT, *RATIOS):
            continue
        for analysis in outcomes.analyses:
            key = (analysis.name, hypothesis.endpoint, _ALL, hypothesis.name)
            values = outcomes.looks.column(analysis.name, column)
            if np.isnan(values).all():
                continue
            if kind == LARGEST_WEIGHT:
                yield from _largest(key, name, values)
                continue
            yield from distribution(*key, name, values)
            errors = outcomes.looks.column(analysis.name, f"{column}_se")
            yield Measure(*key, f"{name}_se.mean", mean(errors))
            if kind in RATIOS:
                ratio = name.removesuffix(kind) + RATIOS[kind]
                yield from distribution(*key, ratio, np.exp(values))


def _largest(key: tuple[str, str, str, str], name: str, values: FloatArray) -> Iterator[Measure]:
    """How often each weight is the largest; one that never is stands as 0 before others."""
    known = np.isfinite(values)
    for number in range(1, int(values[known].max()) + 1):
        share = proportion(np.where(known, values == number, np.nan))
        yield Measure(*key, f"{name}.{number}", share)
