"""What to expect, month by month: patients enrolled, and events as the disease makes them."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from simulate.distributions import FloatArray, IntArray
from simulate.engines.arrivals import arrivals_by_site
from simulate.patient import enrolment
from simulate.patient.enrolment import EnrolmentPlan
from simulate.plan import with_lists
from simulate.streams import RESERVED_REPLICATES, Purpose, word

FIRST_REPLICATE = RESERVED_REPLICATES + 2**29
"""First replicate number of this range; no run and no other reserved range uses it."""

MOST_REPLICATES = 200
_ARRIVALS = 20_000  # about as many as can be drawn in a fraction of a second


@dataclass(frozen=True, eq=False)
class Forecast:
    """Enrolment of some simulated trials.

    Parameters
    ----------
    days : tuple of arrays
        Trial days of enrolment of each simulated trial, in order.
    n_patients : int
        Places in the trial.
    """

    days: tuple[IntArray, ...]
    n_patients: int

    @property
    def per_day(self) -> FloatArray:
        """Expected number of patients enrolled on each trial day, up to the last one."""
        return np.bincount(np.concatenate(self.days)) / len(self.days)

    @property
    def filled(self) -> float:
        """Fraction of the simulated trials that find all their patients."""
        return float(np.mean([len(days) == self.n_patients for days in self.days]))

    def day_reached(self, fraction: float) -> float:
        """Trial day by which a fraction of all enrolled patients have entered, on average."""
        share = np.cumsum(self.per_day) / np.sum(self.per_day)
        return float(np.argmax(share >= fraction))

    def enrolled(self, trial_day: int) -> float:
        """Expected number of patients enrolled by the end of a trial day."""
        return float(np.sum(self.per_day[: trial_day + 1]))

    def events(self, survival: FloatArray, trial_day: int) -> float:
        """Expected number of enrolled patients who have had an event by the end of a trial day.

        Parameters
        ----------
        survival : array
            P(event after patient day d) at index d; nothing happens beyond its end.
        trial_day : int
            The trial day.
        """
        entered = self.per_day[: trial_day + 1]
        patient_day = np.minimum(trial_day - np.arange(len(entered)), len(survival) - 1)
        return float(entered @ (1.0 - survival[patient_day]))

    def potential_follow_up(self, trial_day: int) -> tuple[float, float, bool]:
        """Longest and shortest potential follow-up at a cut, and whether trials differ in them.

        In days as people read them, the day of the first dose being 1; averages over the simulated
        trials. Both are nan if nobody is enrolled by then.
        """
        entered = [days[days <= trial_day] for days in self.days]
        ends = np.array([(d[0], d[-1]) for d in entered if len(d)], float).reshape(-1, 2)
        if len(ends) == 0:
            return np.nan, np.nan, False
        first, last = trial_day - ends.mean(axis=0) + 1
        return float(first), float(last), bool(np.any(np.ptp(ends, axis=0) > 0))


def forecast(plan: EnrolmentPlan, *, seed: int) -> Forecast:
    """Enrol some trials by the rules of the engines: 200, fewer if they are large."""
    replicates = max(1, min(MOST_REPLICATES, _ARRIVALS // plan.n_patients))
    listed = with_lists(plan)
    days = tuple(
        np.fromiter(_enrolment_days(listed, seed, FIRST_REPLICATE + i), np.int64)
        for i in range(replicates)
    )
    return Forecast(days, plan.n_patients)


def _enrolment_days(plan: EnrolmentPlan, seed: int, replicate: int) -> Iterator[int]:
    """Days on which a trial's patients take their places: in order of day, then of site."""
    arrivals = arrivals_by_site(plan, seed=seed, replicate=replicate)
    by_site = [
        _eligible(plan, days, position, seed, replicate) for position, days in enumerate(arrivals)
    ]
    merged = heapq.merge(*by_site)
    return (day for day, _ in islice(merged, plan.n_patients))


def _eligible(
    plan: EnrolmentPlan, days: Iterator[int], position: int, seed: int, replicate: int
) -> Iterator[tuple[int, int]]:
    """Day and site of the arrivals at one site that pass screening."""
    site_id = plan.site_ids[position]
    for sequence, day in enumerate(days):
        if plan.screening_failure > 0:
            address = (seed, site_id, replicate, Purpose.SITE_SCREENING, sequence)
            if enrolment.fails_screening(plan, word(*address)):
                continue
        yield day, position
