"""Subpopulations: patients with some levels of baseline variables, in whom something is tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simulate.scenario.baseline import Baseline, LevelsVariable

Population = tuple[tuple[str, tuple[str, ...]], ...]
"""A subpopulation in one form: variables in the order of their names, each with its levels."""

EVERYBODY: Population = ()
"""All patients."""


def population_of(levels: Mapping[str, Sequence[str]]) -> Population:
    """A subpopulation in the form by which equal ones are equal."""
    return tuple((name, tuple(sorted(set(levels[name])))) for name in sorted(levels))


def belongs(population: Population, levels: Mapping[str, str]) -> bool:
    """Whether patients with some levels belong to a subpopulation."""
    return all(levels[name] in some for name, some in population)


def population_in_words(population: Population) -> str:
    """A subpopulation as tables name it: ``visceral = yes``, ``stage = II or III``."""
    return ", ".join(f"{name} = {' or '.join(levels)}" for name, levels in population)


def share_of(baseline: Baseline, population: Population) -> float:
    """Part of all patients who belong to a subpopulation, whose variables and levels exist."""
    wanted = dict(population)
    needed = set(wanted)
    chosen: list[LevelsVariable] = []
    for variable in reversed(baseline.variables):  # they depend on earlier ones only
        if variable.name in needed and isinstance(variable, LevelsVariable):
            needed |= {name for case in variable.all_cases for name in case.when}
            chosen.insert(0, variable)
    return _share(chosen, wanted, {})


def _share(
    variables: Sequence[LevelsVariable],
    wanted: Mapping[str, tuple[str, ...]],
    levels: Mapping[str, str],
) -> float:
    """The same of those who have some levels of the variables before these."""
    if not variables:
        return 1.0
    variable, *others = variables
    case = next(
        each
        for each in variable.all_cases
        if all(levels[name] in some for name, some in each.when.items())
    )
    total = sum(case.levels.values())
    return sum(
        weight / total * _share(others, wanted, {**levels, variable.name: level})
        for level, weight in case.levels.items()
        if weight > 0.0 and level in wanted.get(variable.name, (level,))
    )
