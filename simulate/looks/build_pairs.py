"""Which pairs of arms are counted together, in each endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

import numpy as np

from simulate.distributions import IntArray
from simulate.looks.columns import RATIO_COLUMNS, column_names
from simulate.looks.design import LookDesign
from simulate.looks.further import POOLED, SPLIT
from simulate.looks.plan import ARMS_BEYOND, Pairs
from simulate.looks.risk_sets import count_units
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.populations import population_of

_ALONE = -1

_ALL = -1
"""In the place of a subpopulation."""

_Pair = tuple[int, int, int]
"""A subpopulation, and the two arms that are counted in it."""


def look_pairs(design: LookDesign) -> Pairs:
    """The pairs of arms that are counted together, as tables."""
    by_endpoint = [_pairs_of(design, endpoint) for endpoint in design.endpoints]
    pairs = [(e, pair) for e, of_endpoint in enumerate(by_endpoint) for pair in of_endpoint]
    tested = [(design.endpoints.index(h.endpoint), _pair_of(design, h)) for h in design.hypotheses]
    hypotheses = [[h for h, which in enumerate(tested) if which == pair] for pair in pairs]
    rates = [design.endpoints.index(each) for each in design.rates]
    return Pairs(
        endpoint=_table(endpoint for endpoint, _ in pairs),
        population=_table(population for _, (population, _, _) in pairs),
        is_masked=_table(pair[0] != _ALL or endpoint in rates for endpoint, pair in pairs),
        first_arm=_table(first for _, (_, first, _) in pairs),
        second_arm=_table(second for _, (_, _, second) in pairs),
        reports=_table(bits for of_endpoint in by_endpoint for bits in _reports(of_endpoint)),
        units=np.concatenate([_units(design, pair) for _, (_, *pair) in pairs]),
        first_hypothesis=_starts(map(len, hypotheses)),
        hypotheses=_table(h for which in hypotheses for h in which),
        ratio=_table(_ratio_column(design, e, pair) for e, pair in pairs),
        ratio_needs=_table(
            SPLIT if _ratio_column(design, e, pair) and _is_split(design, pair) else POOLED
            for e, pair in pairs
        ),
    )


def _units(design: LookDesign, pair: Sequence[int]) -> IntArray:
    """What a patient of each arm adds to the counts of a pair; nothing who is not counted."""
    arms = range(len(design.arms) + ARMS_BEYOND)
    return count_units([pair.index(arm) if arm in pair else None for arm in arms])


def _ratio_column(design: LookDesign, endpoint: int, pair: _Pair) -> int:
    """Column of the hazard ratio of a pair that is not tested; 0 if none is told."""
    names = _names_of(design, pair)
    if pair[0] != _ALL or (design.endpoints[endpoint], names) not in design.untested:
        return 0
    name = f"{design.endpoints[endpoint].lower()}.{RATIO_COLUMNS[0]}.{'.'.join(names)}"
    return column_names(design).index(name)


def _is_split(design: LookDesign, pair: _Pair) -> bool:
    return design.compared[_names_of(design, pair)]


def _names_of(design: LookDesign, pair: _Pair) -> tuple[str, str]:
    _, first, second = pair
    return design.arms[first], design.arms[second] if second != _ALONE else ""


def _pair_of(design: LookDesign, hypothesis: Hypothesis) -> _Pair:
    population = design.place_of(population_of(hypothesis.population))
    first, second = (design.arms.index(a) for a in (hypothesis.experimental, hypothesis.control))
    return population, first, second


def _pairs_of(design: LookDesign, endpoint: str) -> list[_Pair]:
    """Pairs of arms that are counted for an endpoint: of all patients every arm is in one."""
    compared = [_pair_of(design, h) for h in design.hypotheses if h.endpoint == endpoint]
    compared += [
        (_ALL, design.arms.index(first), design.arms.index(second))
        for name, (first, second) in design.untested
        if name == endpoint
    ]
    pairs = list(dict.fromkeys(compared))
    told = {arm for population, *arms in pairs if population == _ALL for arm in arms}
    others = [arm for arm in range(len(design.arms)) if arm not in told]
    others += [_ALONE] * (len(others) % 2)
    return pairs + [(_ALL, *two) for two in zip(others[::2], others[1::2], strict=True)]


def _reports(pairs: Sequence[_Pair]) -> list[int]:
    """Bits for the arms that no pair of all patients before has told of."""
    told = {_ALONE}
    found = []
    for population, *arms in pairs:
        bits = sum((arm not in told) << place for place, arm in enumerate(arms))
        found.append(bits if population == _ALL else 0)
        told |= set(arms) if population == _ALL else set()
    return found


def _table(values: Iterable[int]) -> IntArray:
    return np.array(list(values), np.int64)


def _starts(sizes: Iterable[int]) -> IntArray:
    """Where each of several parts begins, and the end of the last."""
    return _table(accumulate(sizes, initial=0))
