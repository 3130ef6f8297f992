"""Rules of subpopulations, for trials of any kind that test them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from simulate.scenario.baseline import Baseline, LevelsVariable
from simulate.scenario.findings import Finding
from simulate.scenario.populations import population_in_words, population_of, share_of
from simulate.scenario.problems import similar
from simulate.scenario.tree import Path


def population_exists(
    baseline: Baseline, levels: Mapping[str, Sequence[str]], place: Path
) -> Iterator[Finding]:
    """The variables of a subpopulation have such levels, and some patients have them."""
    found = [
        finding
        for name, wanted in levels.items()
        for finding in _levels_exist(baseline, name, wanted, (*place, name))
    ]
    yield from found
    if levels and not found and share_of(baseline, population_of(levels)) <= 0.0:
        yield Finding(
            place,
            f"the subpopulation {population_in_words(population_of(levels))} is empty: no patient "
            "has these levels",
            "Give the levels a weight in baseline, or test other patients",
        )


def _levels_exist(
    baseline: Baseline, name: str, wanted: Sequence[str], place: Path
) -> Iterator[Finding]:
    variables = {each.name: each for each in baseline.variables}
    variable = variables.get(name)
    if variable is None:
        allowed = ", ".join(variables) or "none"
        message = f"there is no such baseline variable (given: {name}; allowed: {allowed})"
        yield Finding(place, message, similar(name, variables))
    elif not isinstance(variable, LevelsVariable):
        message = f"the baseline variable {name} is a number and has no levels"
        yield Finding(place, message, "Test patients with levels of another variable")
    else:
        for level in wanted:
            if level not in variable.level_names:
                allowed = ", ".join(variable.level_names)
                message = f"{name} has no such level (given: {level}; allowed: {allowed})"
                yield Finding(place, message, similar(level, variable.level_names))
