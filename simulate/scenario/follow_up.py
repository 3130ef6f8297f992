"""Who leaves, and what is still known of them."""

from __future__ import annotations

from pydantic import Field

from simulate.scenario.distributions import EverybodysTime, Time
from simulate.scenario.fields import DayRange, FileSafeName, Probability, Section, WholeDays


class EarlyStop(Section):
    """Treatment that ends in the first days for a reason other than the disease."""

    probability: Probability
    """Probability of such a stop."""
    days: DayRange
    """First and last day, from first dose, on which it can happen, such as [1 day, 20 days]."""
    adverse_event: FileSafeName | None = None
    """Term of grade 3 that makes treatment stop; by default the stop has no recorded cause."""


class WithdrawalEvent(Section):
    """Withdrawals that an adverse event of grade 3 causes."""

    term: FileSafeName
    """The adverse event."""
    probability: Probability
    """Share of withdrawals that it causes."""


class FollowUp(Section):
    """Withdrawal, loss and last contact."""

    withdrawal: Time | None = None
    """Time from first dose to withdrawal from treatment and scans; by default nobody withdraws."""
    early_stop: EarlyStop | None = None
    """Stops in the first days; by default none."""
    withdrawal_adverse_event: WithdrawalEvent | None = None
    """Withdrawals that an adverse event causes; by default none is known to be."""
    lost_at_withdrawal: Probability = 0.0
    """Probability that a patient who withdraws is also lost to survival follow-up."""
    death_window: WholeDays = Field(default=0)
    """Death within this time of withdrawal is still an event of progression-free survival."""
    last_contact_lag: EverybodysTime | None = None
    """Time from last contact to the data cut; by default all are contacted on that day."""
