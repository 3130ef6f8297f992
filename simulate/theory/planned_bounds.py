"""From a hypothesis of a scenario to the bounds of its looks, as they are planned."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from simulate.errors import UsageError
from simulate.scenario import monitoring
from simulate.scenario.monitoring import Hypothesis
from simulate.sequential import spending as functions
from simulate.sequential.boundaries import Bounds, find_design_bounds
from simulate.sequential.design import BetaSpending, GroupSequential, NoFutility

_ROUNDING = 1e-9


def planned_bounds(
    hypothesis: Hypothesis, events: Sequence[float], information: float | None = None
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

    Raises
    ------
    UsageError
        If a look is not planned with more events than the one before it, or an interim look with
        all the information.
    """
    full = events[-1] if information is None else float(information)
    _check_order(hypothesis, events, full)
    fractions = (*(float(count / events[-1]) for count in events[:-1]), 1.0)
    efficacy = _at_looks(efficacy_spending(hypothesis, fractions), fractions, events, full)
    futility: BetaSpending | NoFutility = NoFutility()
    binding = False
    if hypothesis.futility is not None:
        spending = futility_spending(hypothesis.futility, fractions)
        futility = BetaSpending(_at_looks(spending, fractions, events, full))
        binding = hypothesis.futility.binding
    return find_design_bounds(GroupSequential(fractions, efficacy, futility, binding))


def efficacy_spending(hypothesis: Hypothesis, fractions: tuple[float, ...]) -> functions.Spending:
    """How a hypothesis spends alpha; given values belong to the planned fractions."""
    if hypothesis.efficacy is None:
        return functions.NoSpending(hypothesis.alpha)
    return _spending(hypothesis.efficacy, hypothesis.alpha, fractions)


def futility_spending(
    futility: monitoring.Futility, fractions: tuple[float, ...]
) -> functions.Spending:
    """How beta is spent; given values belong to the planned fractions."""
    return _spending(futility.spending, futility.beta, fractions)


def _spending(
    spending: monitoring.Spending, total: float, fractions: tuple[float, ...]
) -> functions.Spending:
    match spending:
        case monitoring.OBrienFleming():
            return functions.OBrienFlemingType(total)
        case monitoring.Pocock():
            return functions.PocockType(total)
        case monitoring.HwangShihDeCani(gamma=gamma):
            return functions.HwangShihDeCani(total, gamma)
        case monitoring.KimDeMets(rho=rho):
            return functions.KimDeMets(total, rho)
        case monitoring.GivenSpending(spent=spent):
            # the scenario's last value may miss the total by rounding
            return functions.GivenSpending(total, fractions, (*spent[:-1], total))


def _at_looks(
    spending: functions.Spending,
    fractions: tuple[float, ...],
    events: Sequence[float],
    information: float,
) -> functions.Spending:
    """The spending itself, or its values at the looks where the last has other information."""
    if isinstance(spending, functions.GivenSpending) or events[-1] == information:
        return spending
    spent = spending.spent(np.array(events[:-1]) / information).tolist()
    return functions.GivenSpending(spending.total, fractions, (*spent, spending.total))


def _check_order(hypothesis: Hypothesis, events: Sequence[float], information: float) -> None:
    """Refuse looks that add nothing, and interim looks that have everything."""
    for look, (before, after) in enumerate(pairwise((0.0, *events)), start=1):
        if after <= before + _ROUNDING:
            raise UsageError(
                f"hypothesis {hypothesis.name}: its look {look} is not expected to have more "
                f"{hypothesis.endpoint} events than the one before it (expected: {after:.4g} and "
                f"{before:.4g}). Move the look, or leave it out of the hypothesis's analyses"
            )
    for look, count in enumerate(events[:-1], start=1):
        if count >= information:
            raise UsageError(
                f"hypothesis {hypothesis.name}: its look {look} has all the information already "
                f"(expected: {count:.4g} events; information: {information:g}). Give more "
                "information, or move the look"
            )
