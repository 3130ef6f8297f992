"""Who the patients are at baseline, in words with percentages."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from simulate.describe.words import listing, percent
from simulate.distributions import truncated_normal_table
from simulate.scenario.baseline import Baseline, LevelsVariable, NormalVariable
from simulate.streams import WORD_RANGE
from simulate.theory.levels import joint_levels, level_shares, parents


def baseline_in_words(baseline: Baseline) -> list[str]:
    """A text for each variable: its distribution over all patients, and what it depends on."""
    texts = (
        _number(variable) if isinstance(variable, NormalVariable) else _levels(variable, baseline)
        for variable in baseline.variables
    )
    return [text[:1].upper() + text[1:] for text in texts]


def _number(variable: NormalVariable) -> str:
    low, high = round(variable.low), round(variable.high)
    table = truncated_normal_table(mean=variable.mean, sd=variable.sd, low=low, high=high)
    share = np.diff(np.asarray(table) / WORD_RANGE, prepend=0.0)
    values = np.arange(low, high + 1)
    mean = float(share @ values)
    sd = math.sqrt(float(share @ (values - mean) ** 2))
    median = int(values[np.searchsorted(np.cumsum(share), 0.5)])
    return (
        f"{variable.title}: whole number from {low} to {high}, "
        f"median {median}, mean {mean:.1f}, SD {sd:.1f}"
    )


def _levels(variable: LevelsVariable, baseline: Baseline) -> str:
    looks_at = parents(variable)
    titles = listing(baseline.variable(name).title for name in looks_at)
    marginal = marginal_probabilities(variable, baseline)
    if marginal is None:
        return f"{variable.title}: {_case_by_case(variable, baseline)}"
    shares = ", ".join(f"{level} {percent(share)}" for level, share in marginal.items())
    return f"{variable.title}: {shares}" + (f" (depends on: {titles})" if looks_at else "")


def _case_by_case(variable: LevelsVariable, baseline: Baseline) -> str:
    """The cases one by one, for a variable that depends on too many others for one number."""
    texts = []
    for case in variable.all_cases:
        shares = ", ".join(f"{name} {percent(p)}" for name, p in level_shares(case).items())
        conditions = listing(
            f"{baseline.variable(name).title} is {listing(levels, last='or')}"
            for name, levels in case.when.items()
        )
        texts.append(f"{shares} if {conditions}" if case.when else f"otherwise {shares}")
    return "; ".join(texts)


def marginal_probabilities(
    variable: LevelsVariable, baseline: Baseline
) -> Mapping[str, float] | None:
    """Probability of each level over all patients, by summing over the variables it depends on.

    Returns
    -------
    mapping of level to probability, or None
        None if there are more combinations of levels than can be summed.
    """
    joint = joint_levels(baseline, [variable.name])
    if joint is None:
        return None
    return {level: joint.get((level,), 0.0) for level in variable.level_names}
