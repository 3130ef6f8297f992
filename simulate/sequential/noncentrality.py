"""What the log-rank test may expect of arms whose hazards need not be proportional.

Two views of one trial, at a calendar day:

- The mean of Z follows from the expected numbers at risk and of events on each day since entry
  (Schoenfeld 1981): observed less expected events of the experimental arm over the root of their
  variance. It holds for any hazards.
- The average hazard ratio is the mean of the log hazard ratio over the expected events, as in
  gsDesign2 (Mukhopadhyay et al. 2020); put into Schoenfeld's formula it gives nearly the same Z,
  and exactly his under proportional hazards.

Z is taken to have variance 1. Under strong effects it is a little less, and power a little off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulate.sequential.expected import Group, by_day
from simulate.sequential.log_rank import expected_z
from simulate.sequential.spending import FloatArray


@dataclass(frozen=True, slots=True)
class Stratum:
    """The two arms that are compared within a stratum, or in the whole trial."""

    experimental: Group
    control: Group


@dataclass(frozen=True, slots=True)
class LogRankTheory:
    """Expected ingredients of the (stratified) log-rank test at a calendar day.

    Attributes
    ----------
    experimental_events, control_events
        Expected events of each arm.
    difference
        Observed less expected events of the experimental arm: below 0 favours it.
    variance
        Of the difference, under the null hypothesis.
    average_hazard_ratio
        Geometric mean of the hazard ratio over the expected events of both arms; nan without any.
    """

    experimental_events: float
    control_events: float
    difference: float
    variance: float
    average_hazard_ratio: float

    @property
    def events(self) -> float:
        """Expected events of both arms."""
        return self.experimental_events + self.control_events

    @property
    def mean_z(self) -> float:
        """Mean of Z, positive where the experimental arm is better; 0 without events."""
        return -self.difference / self.variance**0.5 if self.variance > 0.0 else 0.0

    def schoenfeld_z(self, *, allocation: float = 1.0) -> float:
        """Mean of Z by Schoenfeld's formula at the average hazard ratio; 0 without events."""
        if self.events <= 0.0:
            return 0.0
        return float(expected_z(self.average_hazard_ratio, self.events, allocation=allocation))


def log_rank_at(strata: Sequence[Stratum], entered: FloatArray, day: int) -> LogRankTheory:
    """What the log-rank test may expect at the end of a calendar day.

    Parameters
    ----------
    strata
        One for the unstratified test. Shares are of all patients of the trial.
    entered
        Mean number of patients entered by the end of each calendar day, from day 0.
    day
        Calendar day of the data cut, within `entered`.
    """
    found = [_sums(compared_days(stratum, followed_at(entered, day))) for stratum in strata]
    experimental, control, difference, variance, logs = np.sum(found, axis=0).tolist()
    events = experimental + control
    average = float(np.exp(logs / events)) if events > 0.0 else float("nan")
    return LogRankTheory(experimental, control, difference, variance, average)


def followed_at(entered: FloatArray, day: int) -> FloatArray:
    """Patients who by the end of a calendar day could have had day 1, 2, ... since entry."""
    return entered[:day][::-1]


@dataclass(frozen=True, slots=True, eq=False)
class ComparedDays:
    """The two arms of a stratum by day since entry, as a log-rank test compares them.

    Attributes
    ----------
    events
        Expected events of the experimental and of the control arm.
    difference
        Observed less expected events of the experimental arm.
    variance
        Of the difference, under the null hypothesis.
    happening
        Probability of the event on the day for who is at risk, both arms together.
    log_hazard_ratio
        0 where the arms cannot be compared.
    """

    events: tuple[FloatArray, FloatArray]
    difference: FloatArray
    variance: FloatArray
    happening: FloatArray
    log_hazard_ratio: FloatArray


def compared_days(stratum: Stratum, followed: FloatArray) -> ComparedDays:
    """The arms of a stratum on days 1, 2, ... since entry, which so many patients may have."""
    tables = [by_day(group, len(followed)) for group in (stratum.experimental, stratum.control)]
    shares = (stratum.experimental.share, stratum.control.share)
    at_risk = [
        share * followed * table.still_in for share, table in zip(shares, tables, strict=True)
    ]
    events = [number * table.hazard for number, table in zip(at_risk, tables, strict=True)]
    both, all_events = at_risk[0] + at_risk[1], events[0] + events[1]
    known = (at_risk[0] > 0.0) & (at_risk[1] > 0.0)
    part = np.divide(at_risk[0], both, out=np.zeros_like(both), where=both > 0.0)
    happening = np.divide(all_events, both, out=np.zeros_like(both), where=both > 0.0)
    variance = all_events * (1.0 - happening) * part * (1.0 - part)
    gains = tables[0].hazard_gain, tables[1].hazard_gain
    comparable = known & (gains[0] > 0.0) & (gains[1] > 0.0)
    logs = np.log(gains[0], out=np.zeros_like(both), where=comparable)
    logs -= np.log(gains[1], out=np.zeros_like(both), where=comparable)
    difference = events[0] - all_events * part
    return ComparedDays((events[0], events[1]), difference, variance, happening, logs)


def _sums(days: ComparedDays) -> tuple[float, ...]:
    """Sums over the days since entry of one stratum, in the order of `log_rank_at`."""
    return (
        float(days.events[0].sum()),
        float(days.events[1].sum()),
        float(days.difference.sum()),
        float(days.variance.sum()),
        float(((days.events[0] + days.events[1]) * days.log_hazard_ratio).sum()),
    )
