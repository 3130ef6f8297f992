"""Which pairs of arms are counted together, in each endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

import numpy as np

from simulate.distributions import IntArray
from simulate.looks.columns import RATIO_COLUMNS, column_names
from simulate.looks.design import LookDesign
from simulate.looks.further import POOLED, SPLIT
from simulate.looks.plan import Pairs
from simulate.looks.risk_sets import count_units
from simulate.scenario.monitoring import Hypothesis

_ALONE = -1


def look_pairs(design: LookDesign) -> Pairs:
    """The pairs of arms that are counted together, as tables."""
    by_endpoint = [_pairs_of(design, endpoint) for endpoint in design.endpoints]
    pairs = [(e, pair) for e, of_endpoint in enumerate(by_endpoint) for pair in of_endpoint]
    tested = [(design.endpoints.index(h.endpoint), _arms_of(design, h)) for h in design.hypotheses]
    hypotheses = [[h for h, which in enumerate(tested) if which == pair] for pair in pairs]
    return Pairs(
        endpoint=_table(endpoint for endpoint, _ in pairs),
        first_arm=_table(first for _, (first, _) in pairs),
        second_arm=_table(second for _, (_, second) in pairs),
        reports=_table(bits for of_endpoint in by_endpoint for bits in _reports(of_endpoint)),
        units=np.concatenate([_units(design, pair) for _, pair in pairs]),
        first_hypothesis=_starts(map(len, hypotheses)),
        hypotheses=_table(h for which in hypotheses for h in which),
        ratio=_table(_ratio_column(design, e, pair) for e, pair in pairs),
        ratio_needs=_table(
            SPLIT if _ratio_column(design, e, pair) and _is_split(design, pair) else POOLED
            for e, pair in pairs
        ),
    )


def _units(design: LookDesign, pair: tuple[int, int]) -> IntArray:
    """What a patient of each arm adds to the counts of a pair."""
    return count_units(
        [pair.index(arm) if arm in pair else None for arm in range(len(design.arms))]
    )


def _ratio_column(design: LookDesign, endpoint: int, pair: tuple[int, int]) -> int:
    """Column of the hazard ratio of a pair that is not tested; 0 if none is told."""
    names = _names_of(design, pair)
    if (design.endpoints[endpoint], names) not in design.untested:
        return 0
    name = f"{design.endpoints[endpoint].lower()}.{RATIO_COLUMNS[0]}.{'.'.join(names)}"
    return column_names(design).index(name)


def _is_split(design: LookDesign, pair: tuple[int, int]) -> bool:
    return design.compared[_names_of(design, pair)]


def _names_of(design: LookDesign, pair: tuple[int, int]) -> tuple[str, str]:
    first, second = pair
    return design.arms[first], design.arms[second] if second != _ALONE else ""


def _arms_of(design: LookDesign, hypothesis: Hypothesis) -> tuple[int, int]:
    return design.arms.index(hypothesis.experimental), design.arms.index(hypothesis.control)


def _pairs_of(design: LookDesign, endpoint: str) -> list[tuple[int, int]]:
    """Pairs of arms that are counted for an endpoint: every arm is in one at least."""
    compared = [_arms_of(design, h) for h in design.hypotheses if h.endpoint == endpoint]
    compared += [
        (design.arms.index(first), design.arms.index(second))
        for name, (first, second) in design.untested
        if name == endpoint
    ]
    pairs = list(dict.fromkeys(compared))
    others = [arm for arm in range(len(design.arms)) if all(arm not in pair for pair in pairs)]
    others += [_ALONE] * (len(others) % 2)
    return pairs + list(zip(others[::2], others[1::2], strict=True))


def _reports(pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Bits for the arms that no pair before has told of."""
    told = {_ALONE}
    found = []
    for pair in pairs:
        found.append(sum((arm not in told) << place for place, arm in enumerate(pair)))
        told |= set(pair)
    return found


def _table(values: Iterable[int]) -> IntArray:
    return np.array(list(values), np.int64)


def _starts(sizes: Iterable[int]) -> IntArray:
    """Where each of several parts begins, and the end of the last."""
    return _table(accumulate(sizes, initial=0))
