"""How likely each combination of levels of baseline variables is, by summation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from simulate.scenario.baseline import Baseline, Case, LevelsVariable

Joint = dict[tuple[str, ...], float]
"""Probability of each combination of levels of some variables."""

MOST_COMBINATIONS = 50_000


def joint_levels(baseline: Baseline, names: Iterable[str]) -> Joint | None:
    """Probability of each combination of levels of the named variables, in the order of the names.

    Combinations of probability 0 are left out. Variables that the named ones depend on are summed
    over.

    Returns
    -------
    mapping of levels to probability, or None
        None if there are more combinations than can be summed.
    """
    wanted = tuple(names)
    needed = _ancestors(baseline, wanted)
    joint: Joint = {(): 1.0}
    carried: tuple[str, ...] = ()
    for index, variable in enumerate(needed):
        joint = _extended(joint, carried, variable)
        carried = (*carried, variable.name)
        still = {*wanted, *(name for later in needed[index + 1 :] for name in parents(later))}
        kept = tuple(name for name in carried if name in still)
        joint, carried = _summed(joint, carried, kept), kept
        if len(joint) > MOST_COMBINATIONS:
            return None
    return _summed(joint, carried, wanted)


def _summed(joint: Joint, names: tuple[str, ...], kept: tuple[str, ...]) -> Joint:
    """The joint distribution of some of the variables."""
    places = [names.index(name) for name in kept]
    total: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for levels, probability in joint.items():
        total[tuple(levels[place] for place in places)] += probability
    return total


def _extended(joint: Joint, names: tuple[str, ...], variable: LevelsVariable) -> Joint:
    """The joint distribution with one more variable, drawn given the others."""
    larger: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for levels, probability in joint.items():
        known = dict(zip(names, levels, strict=True))
        for level, share in level_shares(_case_of(variable, known)).items():
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


def level_shares(case: Case) -> dict[str, float]:
    """Probability of each level in one case."""
    total = sum(case.levels.values())
    return {level: weight / total for level, weight in case.levels.items()}


def parents(variable: LevelsVariable) -> tuple[str, ...]:
    """Names of the variables that the cases look at."""
    return tuple(dict.fromkeys(name for case in variable.all_cases for name in case.when))


def _ancestors(baseline: Baseline, names: Iterable[str]) -> list[LevelsVariable]:
    """The named variables and all they depend on, directly or not, in the order of drawing."""
    wanted: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        variable = baseline.variable(name)
        if name not in wanted and isinstance(variable, LevelsVariable):
            wanted.add(name)
            waiting.extend(parents(variable))
    return [v for v in baseline.variables if v.name in wanted and isinstance(v, LevelsVariable)]
