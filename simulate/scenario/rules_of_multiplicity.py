"""Rules of the hypotheses that share one alpha."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from simulate.multiplicity.limits import MOST_HYPOTHESES
from simulate.scenario.findings import Finding
from simulate.scenario.monitored import graph_of
from simulate.scenario.monitoring import GivenSpending, Hypothesis
from simulate.scenario.multiplicity import Multiplicity
from simulate.scenario.problems import similar
from simulate.scenario.rules_of_names import unique
from simulate.scenario.tree import Path

_TOLERANCE = 1e-9
_ROUNDED = 0.02
"""What thirds, sixths and sevenths with two digits may lack of 1."""
_WHERE: Path = ("multiplicity",)


class Family(NamedTuple):
    """What the rules look at."""

    multiplicity: Multiplicity
    hypotheses: tuple[Hypothesis, ...]

    @property
    def names(self) -> list[str]:
        """Names of the hypotheses."""
        return [each.name for each in self.hypotheses]


def alpha_is_shared(family: Family) -> Iterator[Finding]:
    """No more than one alpha is shared, among hypotheses that exist and that can get some."""
    if family.multiplicity.method == "none":
        return
    if not family.hypotheses:
        yield Finding(_WHERE, "there are no hypotheses that could share alpha", "Give hypotheses")
        return
    if len(family.hypotheses) > MOST_HYPOTHESES:
        yield Finding(
            _WHERE,
            f"at most {MOST_HYPOTHESES} hypotheses can share alpha "
            f"(given: {len(family.hypotheses)})",
        )
        return
    found = [*_names(family), *_sums(family)]
    yield from found
    yield from _hypotheses(family)
    if not found:
        yield from _some_get_none(family)


def _names(family: Family) -> Iterator[Finding]:
    block, names = family.multiplicity, family.names
    yield from _exist(block.weights, (*_WHERE, "weights"), names)
    yield from _exist(block.transitions, (*_WHERE, "transitions"), names)
    for name, row in block.transitions.items():
        yield from _exist(row, (*_WHERE, "transitions", name), names)
    if block.order:
        place: Path = (*_WHERE, "order")
        yield from unique(block.order, place, "")
        for i, name in enumerate(block.order):
            yield from _exists(name, (*place, i), names)
        missing = [name for name in names if name not in block.order]
        if missing:
            message = f"a fixed sequence names all hypotheses (missing: {', '.join(missing)})"
            yield Finding(place, message, "Add it, or leave out order for that of the list")


def _exist(named: Iterable[str], place: Path, names: Sequence[str]) -> Iterator[Finding]:
    for name in named:
        yield from _exists(name, (*place, name), names)


def _exists(name: str, place: Path, names: Sequence[str]) -> Iterator[Finding]:
    if name not in names:
        message = f"there is no such hypothesis (given: {name}; allowed: {', '.join(names)})"
        yield Finding(place, message, similar(name, names))


def _sums(family: Family) -> Iterator[Finding]:
    block = family.multiplicity
    place: Path = (*_WHERE, "weights")
    yield from _at_most_one(block.weights, place, "the weights", "all of alpha is shared out")
    total = sum(block.weights.values())
    if block.method == "graph" and total < 1.0 - _ROUNDED:
        yield Finding(
            place,
            f"the weights sum to less than 1: the rest of alpha is never spent (given: {total:g})",
            "Give parts that sum to 1; to spend less in all, lower multiplicity.alpha",
        )
    for name, row in block.transitions.items():
        where: Path = (*_WHERE, "transitions", name)
        what = f"the transitions of {name}"
        yield from _at_most_one(row, where, what, "no more than it has can be passed on")
        if row.get(name, 0.0) > 0.0:
            yield Finding(
                (*where, name),
                "a hypothesis cannot pass alpha to itself",
                "Leave it out, or name another hypothesis",
            )


def _at_most_one(parts: Mapping[str, float], place: Path, what: str, why: str) -> Iterator[Finding]:
    total = sum(parts.values())
    if total > 1.0 + _TOLERANCE:
        yield Finding(
            place,
            f"{what} sum to more than 1: {why} already at 1 (given: {total:g})",
            "Give parts that sum to 1 at most",
        )


def _hypotheses(family: Family) -> Iterator[Finding]:
    """What a hypothesis says itself does not contradict a level that others decide."""
    for index, each in enumerate(family.hypotheses):
        place: Path = ("hypotheses", index)
        if "alpha" in each.model_fields_set:
            yield Finding(
                (*place, "alpha"),
                "its alpha follows from multiplicity, which shares one alpha among all hypotheses",
                "Leave it out, or leave out multiplicity",
            )
        if isinstance(each.efficacy, GivenSpending):
            yield Finding(
                (*place, "efficacy"),
                "its alpha changes when others are rejected, so it needs a spending function",
                "Give another kind, such as obrien_fleming",
            )
        if each.futility is not None and each.futility.binding:
            yield Finding(
                (*place, "futility", "binding"),
                "efficacy bounds cannot count on futility bounds that change with the alpha "
                "that others pass on",
                "Write binding: false",
            )


def _some_get_none(family: Family) -> Iterator[Finding]:
    """Every hypothesis has a part of alpha, or some way on which it comes."""
    graph = graph_of(family.multiplicity, family.hypotheses)
    most = graph.weights_by_set.max(axis=0)
    for index, each in enumerate(family.hypotheses):
        if most[index] <= 0.0:
            yield Finding(
                ("hypotheses", index),
                f"it can never be rejected: {each.name} has no weight, and no transition leads "
                "to it from one that has",
                f"Give multiplicity.weights.{each.name}, or a transition to {each.name}",
            )
