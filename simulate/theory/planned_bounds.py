"""From a hypothesis of a scenario to the bounds of its looks, as they are planned."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.testing import is_of_rates
from simulate.sequential.boundaries import Bounds, find_design_bounds
from simulate.sequential.design import BetaSpending, GroupSequential, NoFutility
from simulate.sequential.refusals import LEAST_GAIN, DesignError
from simulate.sequential.spending import GivenSpending, Spending
from simulate.spending import spending_of

_ROUNDING = 1e-9


def planned_bounds(
    hypothesis: Hypothesis,
    events: Sequence[float],
    information: float | None = None,
    *,
    alpha: float | None = None,
    heeds_futility: bool = True,
) -> Bounds:
    """Bounds of a hypothesis at its planned looks.

    Where the last look is planned with other events than the information, it spends what is left,
    and the looks before it what the spending function says at their share of the information.

    Parameters
    ----------
    hypothesis
        A hypothesis of a checked scenario.
    events
        Of its two arms, planned for each of its looks; not necessarily whole numbers.
    information
        Events at which all error is spent; by default those of the last look.
    alpha
        One-sided level; by default the hypothesis's own.
    heeds_futility
        Whether futility bounds are found, too; efficacy bounds do not count on those that are not
        binding.

    Raises
    ------
    DesignError
        If a look is not planned with more events than the one before it, or an interim look with
        all the information.
    """
    full = events[-1] if information is None else float(information)
    _check_order(hypothesis, events, full)
    fractions = (*(float(count / events[-1]) for count in events[:-1]), 1.0)
    total = hypothesis.alpha if alpha is None else alpha
    efficacy = _at_looks(
        spending_of(hypothesis.efficacy, total, fractions), fractions, events, full
    )
    futility: BetaSpending | NoFutility = NoFutility()
    binding = False
    if hypothesis.futility is not None and heeds_futility:
        chosen = hypothesis.futility
        spending = spending_of(chosen.spending, chosen.beta, fractions)
        futility = BetaSpending(_at_looks(spending, fractions, events, full))
        binding = chosen.binding
    return find_design_bounds(GroupSequential(fractions, efficacy, futility, binding))


def _at_looks(
    spending: Spending,
    fractions: tuple[float, ...],
    events: Sequence[float],
    information: float,
) -> Spending:
    """The spending itself, or its values at the looks where the last has other information."""
    if isinstance(spending, GivenSpending) or events[-1] == information:
        return spending
    spent = spending.spent(np.array(events[:-1]) / information).tolist()
    return GivenSpending(spending.total, fractions, (*spent, spending.total))


def _information(hypothesis: Hypothesis) -> str:
    """What the information of a hypothesis is counted in."""
    if is_of_rates(hypothesis.test):
        return "evaluable patients"
    return f"{hypothesis.endpoint} events"


def _check_order(hypothesis: Hypothesis, events: Sequence[float], information: float) -> None:
    """Refuse looks that add nothing, and interim looks that have everything."""
    part = f"hypothesis {hypothesis.name}"
    least = max(_ROUNDING, LEAST_GAIN * events[-1])
    for look, (before, after) in enumerate(pairwise((0.0, *events)), start=1):
        if after <= before + least:
            raise DesignError(
                part,
                f"its look {look} is not expected to have more {_information(hypothesis)} than "
                f"the one before it (expected: {after:.4g} and {before:.4g})",
                "Move the look, or leave it out of the hypothesis's analyses",
            )
    for look, count in enumerate(events[:-1], start=1):
        if count >= information:
            raise DesignError(
                part,
                f"its look {look} has all the information already (expected: {count:.4g} "
                f"{_information(hypothesis)}; "
                f"information: {information:g})",
                "Give more information, or move the look",
            )
