"""Survival of one trial: every endpoint's Kaplan-Meier summary, deaths and follow-up, curves."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simulate.analysis.counting import (
    FIRST_LANDMARK,
    LANDMARK_SIZE,
    SurvivalRules,
    clear_days,
    count_curve,
    count_days,
    median_survival,
    next_exit,
    summarise_survival,
)
from simulate.analysis.curves import CURVES
from simulate.analysis.quantiles import median_of_counts
from simulate.analysis.statistics import SURVIVAL_ENDPOINTS, landmark_months
from simulate.compiled import rule
from simulate.distributions import FloatColumn, IntArray, IntColumn, IntTable
from simulate.endpoints import EndpointRows
from simulate.known import KnownRows
from simulate.records import Columns
from simulate.scenario.trial import Trial

PFS, OS, DOR, TTR = range(4)
"""The endpoints, in the order of ``SURVIVAL_ENDPOINTS``."""

N_ENDPOINTS = len(SURVIVAL_ENDPOINTS)

ENROLLED = CURVES.index("enrolled")
"""The curve after those of the first endpoints."""

OUTCOME_SLOTS = (
    "deaths",
    "deaths_after_progression",
    "deaths_without_progression",
    "first_death_day",
    "followup_median",
    "followup_median_naive",
    "followup_min",
    "followup_max",
)
"""What `write_outcomes` writes, in its order; follow-up in days."""


def survival_slots(trial: Trial) -> list[str]:
    """What `write_survival` writes, in its order; medians in days."""
    names = []
    for endpoint in SURVIVAL_ENDPOINTS:
        names += [f"{endpoint}_{what}" for what in ("events", "median")]
        names += [f"{endpoint}_median_{limit}" for limit in ("lower", "upper")]
        for m in landmark_months(trial):
            rate = f"{endpoint}_rate_{m}"
            names += [rate, f"{rate}_lower", f"{rate}_upper"]
            names += [f"{endpoint}_events_by_{m}", f"{endpoint}_at_risk_{m}"]
    return names


class CurveRules(NamedTuple):
    """Where curves are read off, and how they are counted; see :mod:`simulate.analysis.curves`."""

    step: int
    n_points: int
    bins: int
    enrolled_level: IntTable
    """Level of the share of the planned sample size that so many enrolled patients are."""


class Days(NamedTuple):
    """Room for counting patients by day; all zeros between uses."""

    exits: IntColumn
    events: IntColumn


class Sample(NamedTuple):
    """Room for times and events of some of the patients."""

    time: IntColumn
    event: IntColumn


# ---- one endpoint after the other ---------------------------------------------------------------


@rule
def take_sample(endpoint: int, derived: EndpointRows, n: int, out: Sample) -> int:
    """Copy times and events of an endpoint's population; give the number of its patients.

    Progression-free and overall survival are those of all patients, duration of response of those
    with a confirmed response, time to response of those who were assessed.
    """
    m = 0
    for row in range(n):
        is_in = 1
        if endpoint == PFS:
            time, event = derived.pfs_time[row], derived.pfs_event[row]
        elif endpoint == OS:
            time, event = derived.os_time[row], derived.os_event[row]
        elif endpoint == DOR:
            time, event = derived.dor_time[row], derived.dor_event[row]
            is_in = derived.ttr_event[row]
        else:
            time, event = derived.ttr_time[row], derived.ttr_event[row]
            is_in = derived.assessed[row]
        out.time[m], out.event[m] = time, event
        m += is_in
    return m


@rule
def write_survival(
    rules: SurvivalRules,
    curves: CurveRules,
    derived: EndpointRows,
    n: int,
    days: Days,
    sample: Sample,
    order: IntColumn,
    out: FloatColumn,
    at: int,
    curve_counts: IntColumn,
) -> None:
    """Write the Kaplan-Meier summaries of all endpoints, `survival_slots`, and count the curves.

    ``order`` is filled with the patients' rows in the order of progression-free survival.
    """
    exits, events = days.exits, days.events
    for endpoint in range(N_ENDPOINTS):
        m = take_sample(endpoint, derived, n, sample)
        last = count_days(sample.time, sample.event, m, exits, events)
        summarise_survival(rules, exits, events, m, last, out, at)
        if endpoint < ENROLLED:
            first = endpoint * curves.n_points * (curves.bins + 1)
            count_curve(
                exits,
                events,
                m,
                last,
                curves.step,
                curves.n_points,
                curves.bins,
                curve_counts,
                first,
            )
        if endpoint == PFS:
            sort_by_day(sample.time, m, exits, last, order)
        clear_days(exits, events, last)
        at += FIRST_LANDMARK + LANDMARK_SIZE * len(rules.landmarks)


@rule
def sort_by_day(time: IntTable, n: int, exits: IntColumn, last: int, order: IntColumn) -> None:
    """Fill ``order`` with rows in order of their days; ``exits`` counts the rows of each day."""
    place = 0
    day = next_exit(exits, 0, last)
    while day <= last:
        place += exits[day]
        exits[day] = place
        day = next_exit(exits, day + 1, last)
    for row in range(n - 1, -1, -1):
        exits[time[row]] -= 1
        order[exits[time[row]]] = row


@rule
def count_enrolled(curves: CurveRules, enrolled: IntTable, n: int, counts: IntColumn) -> None:
    """Count the replicate's share of patients enrolled by each day, given in order of the days."""
    at = ENROLLED * curves.n_points * (curves.bins + 1)
    by_now, most = 0, len(curves.enrolled_level) - 1
    for point in range(curves.n_points):
        while by_now < n and enrolled[by_now] <= point * curves.step:
            by_now += 1
        level = curves.enrolled_level[min(by_now, most)]
        counts[at + point * (curves.bins + 1) + level] += 1


# ---- deaths and follow-up -----------------------------------------------------------------------


@rule
def write_outcomes(
    derived: EndpointRows,
    known: KnownRows,
    n: int,
    days: Days,
    sample: Sample,
    out: FloatColumn,
    at: int,
) -> None:
    """Write deaths and follow-up, :data:`OUTCOME_SLOTS`.

    Follow-up is by reverse Kaplan-Meier (Schemper and Smith 1996), in which a death is a censoring.
    """
    deaths, after_progression, as_events = 0, 0, 0
    first = math.inf if n > 0 else math.nan
    for row in range(n):
        as_events += derived.pfs_is_death[row]
        sample.event[row] = 1 - derived.os_event[row]
        if derived.os_event[row] == 1:
            deaths += 1
            if derived.pfs_event[row] == 1 and derived.pfs_is_death[row] == 0:
                after_progression += 1
            else:
                first = min(first, float(known.death_day[row] + 1))  # study day 1 is patient day 0
    out[at] = float(deaths)
    out[at + 1] = float(after_progression)
    out[at + 2] = float(as_events)
    out[at + 3] = first
    last = count_days(derived.os_time, sample.event, n, days.exits, days.events)
    out[at + 4] = median_survival(days.exits, days.events, n, last)
    out[at + 5] = median_of_counts(days.exits, n, 0)
    out[at + 6] = float(next_exit(days.exits, 0, last)) if n > 0 else math.nan
    out[at + 7] = float(last) if n > 0 else math.nan
    clear_days(days.exits, days.events, last)


# ---- one trial, for people ----------------------------------------------------------------------


def sample_of(endpoints: Columns, endpoint: str) -> tuple[IntArray, IntArray]:
    """Times and events of an endpoint's population, from the derived endpoints of a cut."""
    derived = EndpointRows(**{name: column.tolist() for name, column in endpoints.items()})
    n = len(endpoints["patient"])
    sample = Sample([0] * n, [0] * n)
    m = take_sample(list(SURVIVAL_ENDPOINTS).index(endpoint), derived, n, sample)
    return np.array(sample.time, np.int64)[:m], np.array(sample.event, np.int64)[:m]
