"""Shared resources of a site in SimPy: infusion slots by day, and drug stocks with deliveries.

A patient who finds no slot or no drug comes again the next day, before those who are due later.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from simulate import clock
from simulate.patient import resources
from simulate.patient.resources import ResourcePlan


class Calendar(Protocol):
    """The running trial, as far as a site needs it: what day it is, and a place for deliveries."""

    @property
    def today(self) -> int:
        """Trial day."""

    def on(self, trial_day: int, phase: int, action: Callable[[], None], *, order: int) -> None:
        """Do something at a phase of a trial day."""


class SiteResources:
    """Slots and stocks of one site."""

    def __init__(self, plan: ResourcePlan, site_id: int) -> None:
        self.plan = plan
        self.site_id = site_id
        self.stock = list(plan.initial)
        self._ordered = [False] * len(self.stock)
        self._day = -1
        self._used = 0

    def can_serve(self, today: int, drugs: list[int]) -> bool:
        """Whether a slot and all drugs (by position) are there today."""
        if today != self._day:
            self._day, self._used = today, 0
        return resources.has_slot(self.plan, self._used) and all(
            resources.has_stock(self.plan, drug, self.stock[drug]) for drug in drugs
        )

    def serve(self, calendar: Calendar, drugs: list[int]) -> None:
        """Take a slot and the drugs, and order what runs low."""
        self._used += 1
        for drug in drugs:
            self.stock[drug] -= self.plan.is_limited[drug]
            if resources.must_reorder(self.plan, drug, self.stock[drug], self._ordered[drug]):
                self._ordered[drug] = True
                day = calendar.today + max(self.plan.lead_time[drug], 1)
                calendar.on(day, clock.SUPPLY, partial(self._receive, drug), order=self.site_id)

    def _receive(self, drug: int) -> None:
        """A delivery arrives at the start of a day."""
        self.stock[drug] += self.plan.order[drug]
        self._ordered[drug] = False
