"""Who responds, in a plain survival model, and from which day that is known.

Whether a patient has an objective response is known on one day after randomisation. Who has
progressed, died or dropped out by then has none; what the tables hold is the probability that makes
up for these, so that the rate is that of all patients. Response and progression may depend on each
other by a Gaussian copula.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import NEVER, IntTable
from simulate.patient.survival import Copula, coupled_word


class ResponsePlan(NamedTuple):
    """Objective response, as numbers."""

    exists: int
    """1 if the model has it."""
    evaluable_day: int
    """Days from randomisation until it is known who has responded."""
    n_cells: int
    """Cells of baseline variables."""
    responds_from: IntTable
    """By arm and cell: words of those who respond, if nothing comes before; those from here on."""
    is_coupled: int
    """1 if response and progression depend on each other."""
    copula: Copula


@rule
def response_word(plan: ResponsePlan, event: int, own: int) -> int:
    """The word that decides on a response, by the word of progression and one of its own."""
    if plan.is_coupled == 1:
        return coupled_word(plan.copula, event, own)
    return own


@rule
def day_of_response(
    plan: ResponsePlan, arm: int, cell: int, drawn: int, progression: int, death: int, dropout: int
) -> int:
    """Day on which a response is known, or NEVER if there is none.

    Parameters
    ----------
    plan, arm, cell
        The model, and who the patient is.
    drawn
        The word of :func:`response_word`: a large one belongs to a late progression, too.
    progression, death, dropout
        Days from randomisation; a dropout on the day on which it is known still tells.
    """
    if drawn < plan.responds_from[arm * plan.n_cells + cell] or dropout < plan.evaluable_day:
        return NEVER
    return day_without_event(plan.evaluable_day, progression, death)


@rule
def day_without_event(day: int, progression: int, death: int) -> int:
    """The day on which a response is known, or NEVER for who has progressed or died by then."""
    return day if min(progression, death) > day else NEVER
