"""From the spending that a scenario chooses to its function."""

from __future__ import annotations

from simulate.scenario import monitoring
from simulate.sequential.spending import (
    GivenSpending,
    HwangShihDeCani,
    KimDeMets,
    NoSpending,
    OBrienFlemingType,
    PocockType,
    Spending,
)


def spending_of(
    chosen: monitoring.Spending | None, total: float, fractions: tuple[float, ...]
) -> Spending:
    """The spending function that a scenario chooses; without one all is spent at the end.

    Parameters
    ----------
    chosen
        What the scenario says.
    total
        The error spent in the end.
    fractions
        Planned information fractions of the looks, the last one 1, to which given values belong.
    """
    match chosen:
        case monitoring.OBrienFleming():
            return OBrienFlemingType(total)
        case monitoring.Pocock():
            return PocockType(total)
        case monitoring.HwangShihDeCani(gamma=gamma):
            return HwangShihDeCani(total, gamma)
        case monitoring.KimDeMets(rho=rho):
            return KimDeMets(total, rho)
        case monitoring.GivenSpending(spent=spent):
            # the scenario's last value may miss the total by rounding
            return GivenSpending(total, fractions, (*spent[:-1], total))
        case None:
            return NoSpending(total)
