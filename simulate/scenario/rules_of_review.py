"""Rules of readers, later therapy and named endpoints of a randomised trial in cycles and scans."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from simulate.scenario.assessment import CalendarRow, planned_days
from simulate.scenario.findings import Finding
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.readers import INVESTIGATOR
from simulate.scenario.rules_of_calendars import (
    Scans,
    calendar_in_order,
    grid_ends_an_interval,
    grid_fits,
    rule_sets_fit,
    rule_sets_in_use,
)
from simulate.scenario.rules_of_endpoints import (
    exists,
    latent_has_no_rules,
    needs_no_reader,
    rule_set_exists,
    somebody_adjudicates,
    unique_endpoints,
    unique_rule_sets,
)
from simulate.scenario.rules_of_reading import (
    changes_of_arms,
    readers_differ,
    therapy_of_arms,
)
from simulate.scenario.survival_endpoints import LATENT_READER
from simulate.scenario.testing import FurtherTest, IntervalCensored
from simulate.scenario.tree import Path
from simulate.scenario.trial import Trial
from simulate.scenario.trial_endpoints import TrialEndpoint


def readers_of_scans(trial: Trial) -> Iterator[Finding]:
    """Readers have numbers and names of their own, and arms named exist."""
    if not trial.arms:
        return  # told elsewhere
    yield from readers_differ(trial.readers, trial.arms, ("readers",))


def therapy_after_treatment(trial: Trial) -> Iterator[Finding]:
    """New therapy and switching have arms that exist, each arm once."""
    if not trial.arms:
        return
    if trial.new_therapy is not None:
        yield from therapy_of_arms(trial.new_therapy.by_arm, trial.arms, ("new_therapy",))
    yield from changes_of_arms(trial.switching, trial.arms, ("switching",))


def endpoints_by_name(trial: Trial) -> Iterator[Finding]:
    """Endpoints have names of their own, and a reader and a rule set that exist."""
    if not trial.arms:
        return
    where: Path = ("endpoints", "named")
    yield from unique_endpoints(trial.endpoints.named, where)
    yield from unique_rule_sets(trial.rule_sets)
    for index, endpoint in enumerate(trial.endpoints.named):
        place: Path = (*where, index)
        yield from calendar_in_order(endpoint.grid or (), (*place, "grid"))
        if endpoint.of == "OS":
            yield from needs_no_reader(endpoint, place, ("reader", "rules", "grid"))
            continue
        yield from _reader_exists(trial, endpoint, (*place, "reader"))
        yield from latent_has_no_rules(endpoint, place, ("rules", "grid"))
        yield from rule_set_exists(endpoint, trial.rule_sets, place)
    yield from somebody_adjudicates(
        trial.analyses, {each.name: each.who for each in trial.seen_endpoints}
    )


def _reader_exists(trial: Trial, endpoint: TrialEndpoint, place: Path) -> Iterator[Finding]:
    if endpoint.reader in (None, INVESTIGATOR, LATENT_READER):
        return  # whom every scenario has
    assert endpoint.reader is not None  # for the type checker
    names = [INVESTIGATOR, LATENT_READER, *(each.name for each in trial.other_readers)]
    found = list(exists("reader", endpoint.reader, names, place))
    if found and not trial.other_readers:
        yield found[0]._replace(
            hint=f"Give readers: [{{id: 1, name: {endpoint.reader}, missed: 0.08, early: 0.004}}]"
        )
        return
    yield from found


def scans_are_read(trial: Trial, arms: Sequence[Trial]) -> Iterator[Finding]:
    """Readers, rules of censoring and tests of intervals need scans in all arms.

    Their own trials are given.
    """
    watched = [
        arm.name for arm, own in zip(trial.arms, arms, strict=True) if own.assessment.is_continuous
    ]
    if watched and trial.readers:
        yield Finding(
            ("readers",),
            "readers read scans, and there are none: patients are watched day by day "
            f"(given: schedule continuous in {', '.join(watched)})",
            "Write assessment.schedule: calendar, or leave out readers",
        )
    if watched:
        yield from _no_interval_censored_test(trial, watched)
    if not watched:
        yield from rule_sets_fit(
            rule_sets_in_use(trial.endpoints.named, trial.rule_sets, ("endpoints", "named")),
            _scans_by_arm(trial, arms),
            new_therapy="" if trial.has_new_therapy else "new_therapy",
        )
    for index, endpoint in enumerate(trial.endpoints.named):
        place: Path = ("endpoints", "named", index, "rules")
        rules = trial.rules_of(endpoint)
        if rules is not None and watched:
            yield Finding(
                place,
                f"the rule set {rules.name} contradicts the calendar: it needs scans, and there "
                f"are none (given: schedule continuous in {', '.join(watched)})",
                "Write assessment.schedule: calendar, or leave out rules",
            )
        if endpoint.grid and trial.max_study_duration is not None:
            place = ("endpoints", "named", index, "grid")
            yield from grid_ends_an_interval(endpoint.grid, trial.max_study_duration, place)
            yield from _times_are_grouped(trial, arms, endpoint.grid, place)


def _times_are_grouped(
    trial: Trial, arms: Sequence[Trial], grid: Sequence[CalendarRow], place: Path
) -> Iterator[Finding]:
    """A grid is of days on which scans of all arms are planned, whose own trials are given."""
    schedules = [own.assessment for own in arms]
    if any(each.is_continuous or each.moves_with_cycles for each in schedules):
        yield Finding(
            place,
            "a grid needs scans that all arms plan on the same days from the first dose, and an "
            "arm has none (assessment.schedule: continuous, or anchor: cycles)",
            "Write schedule: calendar and anchor: first_dose; or leave out the grid",
        )
        return
    windows = [each.window for each in schedules]
    if len(set(windows)) > 1:
        yield Finding(
            place,
            "arms are compared by the end of the window of a scan, and windows differ by arm "
            f"(given: assessment.window {' and '.join(map(str, windows))} days)",
            "Give all arms the same window; or leave out the grid",
        )
        return
    if trial.resources is not None and trial.endpoints.time_zero == "randomisation":
        yield Finding(
            place,
            "a grid counts from the first dose, for which patients wait where resources are "
            "shared, and times from randomisation",
            "Write endpoints.time_zero: first_dose; or leave out the grid",
        )
        return
    scans = _scans_by_arm(trial, arms)
    edges = planned_days(grid, math.floor(trial.max_study_duration or 0))
    yield from grid_fits(edges, scans, place, ends_are_scans=True)


def _no_interval_censored_test(trial: Trial, watched: Sequence[str]) -> Iterator[Finding]:
    """Where patients are watched day by day, progression does not lie between two scans."""
    given: dict[Path, Sequence[Hypothesis | FurtherTest]] = {
        ("hypotheses",): trial.hypotheses,
        ("estimates", "tests"): trial.estimates.tests,
    }
    for where, some in given.items():
        for index, each in enumerate(some):
            if isinstance(each.test, IntervalCensored):
                yield Finding(
                    (*where, index, "test", "kind"),
                    "the interval-censored test needs scans between which progression lies, and "
                    "patients are watched day by day "
                    f"(given: schedule continuous in {', '.join(watched)})",
                    "Write assessment.schedule: calendar; or write log_rank",
                )


def _scans_by_arm(trial: Trial, arms: Sequence[Trial]) -> Scans:
    """Planned scans of each arm until the trial ends, from the first dose on its first day."""
    last_day = math.floor(trial.max_study_duration or 0)
    return {
        arm.name: planned_days(own.assessment.calendar, last_day)
        for arm, own in zip(trial.arms, arms, strict=True)
    }
