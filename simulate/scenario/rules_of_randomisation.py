"""Rules of arms and randomisation, for trials of any kind that have them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from simulate.scenario.baseline import Baseline, LevelsVariable
from simulate.scenario.findings import Finding
from simulate.scenario.problems import similar
from simulate.scenario.randomisation import MOST_IN_A_BLOCK, Arm, Randomisation
from simulate.scenario.rules_of_names import unique
from simulate.scenario.tree import Path

MOST_CELLS = 256
"""Combinations of levels of all baseline variables that matter."""


def unique_arms(arms: Sequence[Arm]) -> Iterator[Finding]:
    """Arms have ids and names of their own."""
    yield from unique((arm.id for arm in arms), ("arms",), "id")
    yield from unique((arm.name for arm in arms), ("arms",), "name")


def arm_exists(arms: Sequence[Arm], name: str, place: Path) -> Iterator[Finding]:
    """There is an arm of a name; nothing is said where two arms have one name."""
    names = [arm.name for arm in arms]
    if name not in names and len(set(names)) == len(names):
        message = f"there is no such arm (given: {name}; allowed: {', '.join(names)})"
        yield Finding(place, message, similar(name, names))


def blocks_fit(randomisation: Randomisation, arms: Sequence[Arm]) -> Iterator[Finding]:
    """A block holds a whole number of rounds of the allocation ratio."""
    if randomisation.method != "blocks":
        return
    ratio = sum(arm.allocation for arm in arms)
    parts = " + ".join(str(arm.allocation) for arm in arms)
    if ratio > MOST_IN_A_BLOCK:
        yield Finding(
            ("arms",),
            "one round of the allocation is longer than a block can be "
            f"(given: {parts} = {ratio}; allowed: {MOST_IN_A_BLOCK})",
            "Give smaller numbers in about the same ratio, or another method",
        )
        return
    for index, size in enumerate(randomisation.block_sizes):
        if size % ratio:
            yield Finding(
                ("randomisation", "block_sizes", index),
                f"the allocation does not divide the block (given: {size}; allocation: {parts})",
                f"Use a multiple of {ratio}, such as {_nearest(size, ratio)}",
            )


def _nearest(size: int, ratio: int) -> int:
    """Multiple of the ratio next to a size, within what a block can hold."""
    return ratio * max(1, min(round(size / ratio), MOST_IN_A_BLOCK // ratio))


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


def few_cells(baseline: Baseline, names: Collection[str]) -> Iterator[Finding]:
    """The levels of some baseline variables do not make too many combinations."""
    cells = math.prod(
        len(variable.level_names)
        for variable in baseline.variables
        if variable.name in names and isinstance(variable, LevelsVariable)
    )
    if cells > MOST_CELLS:
        yield Finding(
            ("randomisation", "strata"),
            "strata, factors and effects together make too many combinations of levels "
            f"(given: {cells}; allowed: {MOST_CELLS})",
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
