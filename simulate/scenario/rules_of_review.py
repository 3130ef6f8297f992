"""Rules of readers, later therapy and named endpoints of a randomised trial in cycles and scans."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from simulate.scenario.assessment import planned_days
from simulate.scenario.findings import Finding
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.readers import INVESTIGATOR
from simulate.scenario.rules_of_calendars import calendar_in_order, grid_fits
from simulate.scenario.rules_of_endpoints import (
    exists,
    latent_has_no_rules,
    needs_no_reader,
    rule_set_exists,
    somebody_adjudicates,
    unique_endpoints,
    unique_rule_sets,
)
from simulate.scenario.rules_of_names import unique
from simulate.scenario.rules_of_randomisation import arm_exists
from simulate.scenario.survival_endpoints import LATENT_READER, RuleSet
from simulate.scenario.testing import FurtherTest, IntervalCensored
from simulate.scenario.tree import Path
from simulate.scenario.trial import Trial
from simulate.scenario.trial_endpoints import TrialEndpoint


def readers_of_scans(trial: Trial) -> Iterator[Finding]:
    """Readers have numbers and names of their own, and arms named exist."""
    if not trial.arms:
        return  # told elsewhere
    where: Path = ("readers",)
    yield from unique((each.id for each in trial.readers), where, "id")
    yield from unique((each.name for each in trial.readers), where, "name")
    for index, reader in enumerate(trial.readers):
        if reader.name == LATENT_READER:
            yield Finding(
                (*where, index, "name"),
                f"every scenario has a reader {LATENT_READER}, who sees progression on its day",
                "Give this one another name, such as central",
            )
        for arm in reader.by_arm:
            yield from arm_exists(trial.arms, arm, (*where, index, "by_arm", arm))


def therapy_after_treatment(trial: Trial) -> Iterator[Finding]:
    """New therapy and switching have arms that exist, each arm once."""
    if not trial.arms:
        return
    for arm in trial.new_therapy.by_arm if trial.new_therapy is not None else ():
        yield from arm_exists(trial.arms, arm, ("new_therapy", "by_arm", arm))
    yield from unique((each.arm for each in trial.switching), ("switching",), "arm")
    for index, switching in enumerate(trial.switching):
        yield from arm_exists(trial.arms, switching.arm, ("switching", index, "arm"))


def endpoints_by_name(trial: Trial) -> Iterator[Finding]:
    """Endpoints have names of their own, and a reader and a rule set that exist."""
    if not trial.arms:
        return
    where: Path = ("endpoints", "named")
    yield from unique_endpoints(trial.endpoints.named, where)
    yield from unique_rule_sets(trial.rule_sets)
    for index, endpoint in enumerate(trial.endpoints.named):
        place: Path = (*where, index)
        yield from calendar_in_order(endpoint.grid, (*place, "grid"))
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
        elif rules is not None:
            yield from _some_scans_can_be_missed(trial, arms, rules, place)
        if endpoint.grid:
            yield from _times_are_grouped(
                trial, arms, endpoint, ("endpoints", "named", index, "grid")
            )


def _times_are_grouped(
    trial: Trial, arms: Sequence[Trial], endpoint: TrialEndpoint, place: Path
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
    last_day = math.floor(trial.max_study_duration or 0)
    scans = {
        arm.name: planned_days(own.calendar, last_day)
        for arm, own in zip(trial.arms, schedules, strict=True)
    }
    edges = planned_days(endpoint.grid, last_day)
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


def _some_scans_can_be_missed(
    trial: Trial, arms: Sequence[Trial], rules: RuleSet, place: Path
) -> Iterator[Finding]:
    """A rule on missed scans asks for no more of them than the calendar of every arm has."""
    most, longest = rules.missed_visits, trial.max_study_duration
    if most is None or longest is None:
        return
    for arm, own in zip(trial.arms, arms, strict=True):
        planned = own.assessment.planned_scans(longest)
        if planned <= most:
            yield Finding(
                place,
                f"the rule set {rules.name} contradicts the calendar: it asks for {most} scans in "
                f"a row that were not done, and {arm.label} has {planned} at most (given: "
                f"max_study_duration {longest:g} days)",
                "Lower missed_visits of the rule set, or plan scans more often",
            )
