"""What patients share at a site: daily infusion slots, and stocks that are ordered again."""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import IntTable


class ResourcePlan(NamedTuple):
    """Limits of each site; a site has its own chairs and stocks."""

    slots: int
    """Patients treated on one day, 0 for no limit."""
    is_limited: IntTable
    """1 for a drug with a limited stock, by position."""
    initial: IntTable
    reorder_at: IntTable
    order: IntTable
    lead_time: IntTable


@rule
def has_slot(plan: ResourcePlan, used: int) -> bool:
    """Whether a site can treat one more patient on a day."""
    return plan.slots == 0 or used < plan.slots


@rule
def has_stock(plan: ResourcePlan, drug: int, stock: int) -> bool:
    """Whether a dose of a drug is in stock."""
    return plan.is_limited[drug] == 0 or stock > 0


@rule
def must_reorder(plan: ResourcePlan, drug: int, stock: int, is_ordered: bool) -> bool:
    """Whether a delivery is ordered after a dose was taken."""
    return plan.is_limited[drug] == 1 and stock <= plan.reorder_at[drug] and not is_ordered
