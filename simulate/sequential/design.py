"""What a group-sequential design says: its looks, and how efficacy and futility are judged."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from simulate.sequential.refusals import DesignError, gaining
from simulate.sequential.spending import NoSpending, OBrienFlemingType, Spending


@dataclass(frozen=True, slots=True)
class NoFutility:
    """No look stops the trial for futility; the last one decides."""


@dataclass(frozen=True, slots=True)
class BetaSpending:
    """Futility bounds that spend beta under the alternative.

    The alternative is the drift at which the bounds of both sides meet at the last look, so that
    power is 1 - beta (as in gsDesign and rpact). It follows from the design, not from events.

    Attributes
    ----------
    spending
        Its total is beta. At a look where it spends nothing there is no bound.
    """

    spending: Spending


@dataclass(frozen=True, slots=True)
class GivenZ:
    """Futility bounds given on Z, the same whatever the events.

    Attributes
    ----------
    bounds
        One for each interim look; minus infinity where a look has none. A trial at or below its
        bound stops.
    """

    bounds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class GivenHazardRatios:
    """Futility bounds given as observed hazard ratios; Z follows from the events of the look.

    Attributes
    ----------
    bounds
        One for each interim look; infinity where a look has none. A trial at or above its bound
        stops.
    """

    bounds: tuple[float, ...]


Futility = NoFutility | BetaSpending | GivenZ | GivenHazardRatios


@dataclass(frozen=True, slots=True)
class GroupSequential:
    """A design with one or more looks.

    Attributes
    ----------
    fractions
        Planned information fractions of the looks, increasing, the last one 1. One look is a fixed
        design.
    efficacy
        How alpha is spent; its total is the one-sided level.
    futility
        How futility is judged at the interim looks.
    binding
        Whether alpha may count on trials being stopped for futility. The usual False keeps the
        level whether or not they are.
    """

    fractions: tuple[float, ...] = (1.0,)
    efficacy: Spending = field(default_factory=lambda: OBrienFlemingType(0.025))
    futility: Futility = field(default_factory=NoFutility)
    binding: bool = False

    def __post_init__(self) -> None:
        """Refuse looks and bounds that cannot be."""
        gaining("fractions", self.fractions)
        if not math.isclose(self.fractions[-1], 1.0, rel_tol=1e-12):
            raise DesignError(
                "fractions",
                f"the last look has {self.fractions[-1]:g} of the information",
                "The last look has all of it: fraction 1",
            )
        if isinstance(self.futility, GivenZ | GivenHazardRatios):
            _check_given(self.futility, len(self.fractions) - 1)
        if isinstance(self.futility, BetaSpending) and self.alpha + self.beta >= 1.0:
            raise DesignError(
                "futility",
                f"alpha {self.alpha:g} and beta {self.beta:g} leave no trial undecided",
                "Together they are below 1",
            )

    @property
    def looks(self) -> int:
        """Number of looks."""
        return len(self.fractions)

    @property
    def alpha(self) -> float:
        """One-sided level."""
        return self.efficacy.total

    @property
    def beta(self) -> float:
        """Beta that futility bounds spend; nan where they spend none."""
        match self.futility:
            case BetaSpending(spending):
                return spending.total
        return math.nan


def fixed_design(alpha: float = 0.025) -> GroupSequential:
    """A design with one look."""
    return GroupSequential((1.0,), NoSpending(alpha))


def _check_given(futility: GivenZ | GivenHazardRatios, interims: int) -> None:
    """Refuse given futility bounds that do not fit the looks."""
    if len(futility.bounds) != interims:
        raise DesignError(
            "futility",
            f"{len(futility.bounds)} bounds are given for {interims} interim looks",
            "Give one for each interim look; the last look needs none",
        )
    ratios = isinstance(futility, GivenHazardRatios)
    for bound in futility.bounds:
        if math.isnan(bound) or (ratios and bound <= 0.0) or (not ratios and bound == math.inf):
            raise DesignError("futility", f"{bound:g} is not a futility bound")
