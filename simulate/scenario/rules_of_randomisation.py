"""Rules of arms and randomisation, for trials of any kind that have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from simulate.scenario.baseline import Baseline, LevelsVariable
from simulate.scenario.findings import Finding
from simulate.scenario.problems import similar
from simulate.scenario.randomisation import Arm, Randomisation
from simulate.scenario.rules_of_names import unique
from simulate.scenario.tree import Path


def unique_arms(arms: Sequence[Arm]) -> Iterator[Finding]:
    """Arms have ids and names of their own."""
    yield from unique((arm.id for arm in arms), ("arms",), "id")
    yield from unique((arm.name for arm in arms), ("arms",), "name")


def arm_exists(arms: Sequence[Arm], name: str, place: Path) -> Iterator[Finding]:
    """There is an arm of a name."""
    names = [arm.name for arm in arms]
    if name not in names:
        message = f"there is no such arm (given: {name}; allowed: {', '.join(names)})"
        yield Finding(place, message, similar(name, names))


def blocks_fit(randomisation: Randomisation, arms: Sequence[Arm]) -> Iterator[Finding]:
    """A block holds a whole number of rounds of the allocation ratio."""
    if randomisation.method != "blocks":
        return
    ratio = sum(arm.allocation for arm in arms)
    for index, size in enumerate(randomisation.block_sizes):
        if size % ratio:
            parts = " + ".join(str(arm.allocation) for arm in arms)
            yield Finding(
                ("randomisation", "block_sizes", index),
                f"the allocation does not divide the block (given: {size}; allocation: {parts})",
                f"Use a multiple of {ratio}, such as {ratio * max(1, round(size / ratio))}",
            )


def strata_exist(randomisation: Randomisation, baseline: Baseline) -> Iterator[Finding]:
    """Strata and factors are baseline variables with levels, none of which is always empty."""
    levels = {v.name: v for v in baseline.variables}
    minimised = ("minimisation", "factors")
    for where, names in (
        (("strata",), randomisation.strata),
        (minimised, randomisation.minimisation.factors if randomisation.minimisation else ()),
    ):
        yield from unique(names, ("randomisation", *where), "")
        for index, name in enumerate(names):
            place: Path = ("randomisation", *where, index)
            yield from _has_levels(levels, name, place)
    if randomisation.method == "minimisation" and not randomisation.factors:
        yield Finding(
            ("randomisation", "method"),
            "minimisation needs factors to balance",
            "Give strata, or minimisation: {factors: [...]}",
        )


def _has_levels(variables: Mapping[str, object], name: str, place: Path) -> Iterator[Finding]:
    variable = variables.get(name)
    if variable is None:
        allowed = ", ".join(variables) or "none"
        message = f"there is no such baseline variable (given: {name}; allowed: {allowed})"
        yield Finding(place, message, similar(name, variables))
    elif not isinstance(variable, LevelsVariable):
        yield Finding(place, f"the baseline variable {name} is a number and has no levels")
    else:
        for level in variable.level_names:
            if not any(case.levels.get(level, 0) > 0 for case in variable.all_cases):
                yield Finding(
                    place,
                    f"the stratum {name} = {level} is empty: the level has no weight anywhere",
                    "Give the level a weight, or leave it out of the variable",
                )
