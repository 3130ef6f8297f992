"""Rules of calendars, and of what must fit them: rule sets of censoring, grids of grouped times."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from simulate.scenario.assessment import CalendarRow, planned_days
from simulate.scenario.findings import Finding
from simulate.scenario.survival_endpoints import BUILT_IN, RuleSet, SurvivalEndpoint
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.tree import Path
from simulate.scenario.trial_endpoints import TrialEndpoint
from simulate.units import time_as_written

Scans = Mapping[str, list[int]]
"""By arm: the days of its planned scans, the first on day 0."""

_FEW = 4
"""Days that a message names."""


def calendar_in_order(rows: Sequence[CalendarRow], calendar: Path) -> Iterator[Finding]:
    """Rows of a calendar follow one another, each a whole number of intervals long."""
    start = 0
    for index, row in enumerate(rows):
        where: Path = (*calendar, index)
        last = index == len(rows) - 1
        if last and row.until is not None:
            yield Finding((*where, "until"), "the last row goes on for good and has no until")
        elif not last and row.until is None:
            yield Finding((*where, "until"), "every row but the last needs an until")
            return
        if last or row.until is None:
            return
        if row.until <= start:
            yield Finding((*where, "until"), f"until must increase (given: day {row.until})")
        elif (row.until - start) % row.every:
            yield Finding(
                (*where, "until"),
                f"until must be a whole number of intervals from day {start} "
                f"(given: day {row.until}; every {row.every} days)",
            )
        start = row.until


def scans_by_arm(trial: SurvivalTrial) -> Scans:
    """Planned scans of each arm until the trial ends, for a patient enrolled on its first day."""
    model, last_day = trial.survival, math.floor(trial.max_study_duration)
    return {
        arm.name: planned_days(model.calendar_by_arm.get(arm.name, model.calendar), last_day)
        for arm in trial.arms
    }


def rule_sets_are_possible(trial: SurvivalTrial) -> Iterator[Finding]:
    """Rule sets contradict neither the calendar nor the rest of the model."""
    yield from rule_sets_fit(
        rule_sets_in_use(trial.endpoints, trial.rule_sets, ("endpoints",)),
        scans_by_arm(trial) if trial.survival.observation == "scans" else {},
        new_therapy="" if trial.has_new_therapy else "survival.new_therapy",
    )


def rule_sets_in_use(
    endpoints: Sequence[SurvivalEndpoint | TrialEndpoint], own: Sequence[RuleSet], where: Path
) -> Iterator[tuple[RuleSet, Path]]:
    """The rule sets of a scenario, and the built-in ones of its endpoints, with their places."""
    for index, rules in enumerate(own):
        yield rules, ("rule_sets", index)
    for rules in BUILT_IN:
        for index, endpoint in enumerate(endpoints):
            if endpoint.rules == rules.name:
                yield rules, (*where, index, "rules")
                break


def rule_sets_fit(
    given: Iterable[tuple[RuleSet, Path]], scans: Scans, *, new_therapy: str
) -> Iterator[Finding]:
    """Rule sets contradict neither the planned scans nor what is said of new therapy.

    Parameters
    ----------
    given
        Rule sets and their places.
    scans
        Planned scans by arm; none where no arm has any.
    new_therapy
        The field that would give new therapy; nothing if there is some.
    """
    for rules, place in given:
        is_own = place[0] == "rule_sets"
        yield from _can_be_missed(rules, scans, (*place, "missed_visits") if is_own else place)
        yield from _window_holds_a_gap(rules, scans, place)
        if is_own and rules.new_therapy == "censor" and new_therapy:
            yield Finding(
                (*place, "new_therapy"),
                "the model has no new therapy at which to censor",
                f"Give {new_therapy}, such as "
                "{time: {kind: exponential, rate: 0.05 per year}}, or leave out this key",
            )


def _can_be_missed(rules: RuleSet, scans: Scans, place: Path) -> Iterator[Finding]:
    if rules.missed_visits is None or not scans:
        return
    arm = min(scans, key=lambda name: len(scans[name]))
    most = len(scans[arm]) - 1
    if rules.missed_visits > most:
        yield Finding(
            place,
            f"the rule set {rules.name} contradicts the calendar: no patient has so many scans "
            f"(given: missed_visits {rules.missed_visits}; the arm {arm} has {most} until "
            "max_study_duration)",
            f"Give missed_visits of 1 to {most}"
            if most
            else "Give a calendar with a scan in this time",
        )


def _window_holds_a_gap(rules: RuleSet, scans: Scans, place: Path) -> Iterator[Finding]:
    gaps = {
        arm: max((later - earlier for earlier, later in pairwise(days)), default=0)
        for arm, days in scans.items()
    }
    if rules.death_window is None or not gaps:
        return
    arm = max(gaps, key=lambda name: gaps[name])
    if rules.death_window < gaps[arm]:
        yield Finding(
            (*place, "death_window"),
            "death_window contradicts the calendar: a death before the next planned scan would be "
            f"censored although no scan is missed (given: {rules.death_window} days; the arm {arm} "
            f"has up to {gaps[arm]} days between scans)",
            f"Give at least {gaps[arm]} days",
        )


# ---- grids ------------------------------------------------------------------------------------


def grids_fit_the_scans(trial: SurvivalTrial) -> Iterator[Finding]:
    """Grids begin within the trial, with scans in every interval, and at its end where they differ.

    Where patients are seen without scans, a grid only has to begin within the trial.
    """
    scans = scans_by_arm(trial) if trial.survival.observation == "scans" else {}
    are_unequal = len(set(map(tuple, scans.values()))) > 1
    for index, endpoint in enumerate(trial.endpoints):
        if endpoint.grid:
            place: Path = ("endpoints", index, "grid")
            yield from grid_ends_an_interval(endpoint.grid, trial.max_study_duration, place)
            edges = planned_days(endpoint.grid, math.floor(trial.max_study_duration))
            yield from grid_fits(edges, scans, place, ends_are_scans=are_unequal)


def grid_ends_an_interval(
    grid: Sequence[CalendarRow], longest: float, place: Path
) -> Iterator[Finding]:
    """The first interval of a grid ends within the trial; no event would count otherwise."""
    if grid[0].every > longest:
        yield Finding(
            (*place, 0, "every"),
            "no event would ever count: the trial ends before the first interval of the grid does "
            f"(given: {time_as_written(grid[0].every)}; "
            f"max_study_duration: {time_as_written(longest)})",
            f"Give at most {time_as_written(math.floor(longest))}, or leave out the grid",
        )


def grid_fits(
    edges: list[int], scans: Scans, place: Path, *, ends_are_scans: bool
) -> Iterator[Finding]:
    """In every interval of a grid there is a scan, and one at its end where that is demanded."""
    common = sorted(set.intersection(*map(set, scans.values())) - {0}) if scans else []
    named = ", ".join(map(str, common[:_FEW])) + (", …" if len(common) > _FEW else "")
    hint = f"All arms are scanned on days {named}" if common else "No day has scans of all arms"
    for arm, days in scans.items():
        for start, end in pairwise(edges):
            if not any(start < day <= end for day in days):
                yield Finding(
                    place,
                    "the grid is finer than the calendar: the arm "
                    f"{arm} has no scan after day {start} and up to day {end}",
                    hint,
                )
                return
            if ends_are_scans and end not in days:
                yield Finding(
                    place,
                    "the grid ends an interval on a day on which not all arms are scanned "
                    f"(the arm {arm} has no scan on day {end})",
                    hint,
                )
                return
