"""Who the patients are at baseline, in words with percentages."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from simulate.describe.words import listing, percent
from simulate.distributions import truncated_normal_table
from simulate.scenario.baseline import Baseline, Case, LevelsVariable, NormalVariable
from simulate.streams import WORD_RANGE

_MOST_COMBINATIONS = 50_000

Joint = dict[tuple[str, ...], float]
"""Probability of each combination of levels of some variables."""


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
    looks_at = _parents(variable)
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
        shares = ", ".join(f"{name} {percent(p)}" for name, p in _shares(case).items())
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
    needed = _ancestors(variable, baseline)
    joint: Joint = {(): 1.0}
    names: list[str] = []
    for earlier in needed:
        joint = _extended(joint, names, earlier)
        names.append(earlier.name)
        if len(joint) > _MOST_COMBINATIONS:
            return None
    total: dict[str, float] = dict.fromkeys(variable.level_names, 0.0)
    for levels, probability in _extended(joint, names, variable).items():
        total[levels[-1]] += probability
    return total


def _extended(joint: Joint, names: list[str], variable: LevelsVariable) -> Joint:
    """The joint distribution with one more variable, drawn given the others."""
    larger: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for levels, probability in joint.items():
        known = dict(zip(names, levels, strict=True))
        for level, share in _shares(_case_of(variable, known)).items():
            if share > 0:
                larger[(*levels, level)] += probability * share
    return larger


def _case_of(variable: LevelsVariable, known: Mapping[str, str]) -> Case:
    """The first case whose conditions all hold."""
    return next(
        case
        for case in variable.all_cases
        if all(known[name] in levels for name, levels in case.when.items())
    )


def _shares(case: Case) -> dict[str, float]:
    total = sum(case.levels.values())
    return {level: weight / total for level, weight in case.levels.items()}


def _parents(variable: LevelsVariable) -> tuple[str, ...]:
    """Names of the variables that the cases look at."""
    return tuple(dict.fromkeys(name for case in variable.all_cases for name in case.when))


def _ancestors(variable: LevelsVariable, baseline: Baseline) -> list[LevelsVariable]:
    """All variables that a variable depends on, directly or not, in the order of drawing."""
    wanted: set[str] = set()
    waiting = [variable]
    while waiting:
        for name in _parents(waiting.pop()):
            earlier = baseline.variable(name)
            if name not in wanted and isinstance(earlier, LevelsVariable):
                wanted.add(name)
                waiting.append(earlier)
    return [v for v in baseline.variables if v.name in wanted and isinstance(v, LevelsVariable)]
