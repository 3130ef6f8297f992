"""Rules of named endpoints, readers, rule sets of censoring, and what therapy follows."""

from __future__ import annotations

from collections.abc import Iterator

from simulate.scenario.findings import Finding
from simulate.scenario.rules_of_calendars import calendar_in_order
from simulate.scenario.rules_of_endpoints import (
    exists,
    latent_has_no_rules,
    needs_no_reader,
    rule_set_exists,
    somebody_adjudicates,
    unique_endpoints,
    unique_rule_sets,
)
from simulate.scenario.rules_of_randomisation import arm_exists
from simulate.scenario.rules_of_reading import (
    changes_of_arms,
    readers_differ,
    therapy_of_arms,
)
from simulate.scenario.survival_endpoints import BUILT_IN, LATENT_READER, RuleSet, SurvivalEndpoint
from simulate.scenario.survival_model import IllnessDeathModel, SingleModel, endpoints_of
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.tree import Path


def named_endpoints(trial: SurvivalTrial) -> Iterator[Finding]:
    """Endpoints have names of their own, and the model, a reader and a rule set that exist."""
    where: Path = ("endpoints",)
    yield from unique_endpoints(trial.endpoints, where)
    given = endpoints_of(trial.survival)
    yield from _one_rate_and_a_time(trial)
    for index, endpoint in enumerate(trial.endpoints):
        place: Path = (*where, index)
        if endpoint.of not in given:
            yield Finding(
                (*place, "of"),
                f"the model {trial.survival.kind} gives no {endpoint.of} "
                f"(allowed: {', '.join(given)})",
            )
        yield from calendar_in_order(endpoint.grid or (), (*place, "grid"))
        if endpoint.of != "PFS":
            yield from needs_no_reader(endpoint, place, ("reader", "rules", "grid"))
            continue
        if endpoint.reader not in (None, LATENT_READER):
            assert endpoint.reader is not None  # for the type checker
            yield from _reader_exists(trial, endpoint.reader, (*place, "reader"))
        yield from latent_has_no_rules(endpoint, place, ("rules", "grid"))
        yield from rule_set_exists(endpoint, trial.rule_sets, place)
        yield from _rules_fit(trial, endpoint, (*place, "rules"))


def _one_rate_and_a_time(trial: SurvivalTrial) -> Iterator[Finding]:
    """A response rate is an endpoint once, and beside a time."""
    rates = [i for i, each in enumerate(trial.endpoints) if each.of == "ORR"]
    for index in rates[1:]:
        yield Finding(
            ("endpoints", index), "there is an endpoint that is of: ORR already", "Leave it out"
        )
    if rates and len(rates) == len(trial.endpoints):
        yield Finding(
            ("endpoints",),
            "a trial with plain survival models has an endpoint of a time, too",
            "Add PFS or OS, such as {id: 2, name: PFS, of: PFS}",
        )


def _reader_exists(trial: SurvivalTrial, name: str, place: Path) -> Iterator[Finding]:
    readers = [each.name for each in trial.survival.readers]
    if not readers:
        yield Finding(
            place,
            f"there are no readers (given: {name})",
            f"Give survival.readers, such as {{id: 1, name: {name}, missed: 0.08, early: 0.004}}",
        )
        return
    yield from exists("reader", name, readers, place)


def _rules_fit(trial: SurvivalTrial, endpoint: SurvivalEndpoint, place: Path) -> Iterator[Finding]:
    """A rule set asks only for what the model has."""
    found = [each for each in (*BUILT_IN, *trial.rule_sets) if each.name == endpoint.rules]
    if not found:
        return
    rules = found[0]
    if trial.survival.observation == "exact" and (rules.missed_visits or rules.death_window):
        key = "missed_visits" if rules.missed_visits else "death_window"
        yield Finding(
            place,
            f"the rule set {rules.name} contradicts the calendar: {key} needs scans, and "
            "observation is exact",
            "Write observation: scans, and give a calendar; or take ema",
        )
    if rules.death_window is not None and isinstance(trial.survival, SingleModel):
        yield Finding(
            place,
            "the model single does not tell death from progression, so a death window says nothing",
            "Take the model illness_death or copula",
        )


def rule_sets_differ(trial: SurvivalTrial) -> Iterator[Finding]:
    """Rule sets have names of their own, and are possible with the calendar."""
    yield from unique_rule_sets(trial.rule_sets)
    for index, rules in enumerate(trial.rule_sets):
        yield from _fits_the_calendar(trial, rules, ("rule_sets", index))


def _fits_the_calendar(trial: SurvivalTrial, rules: RuleSet, place: Path) -> Iterator[Finding]:
    if trial.survival.observation == "exact":
        for key in ("missed_visits", "death_window"):
            if getattr(rules, key) is not None:
                yield Finding(
                    (*place, key),
                    f"{key} contradicts the calendar: there are no scans, as observation is exact",
                    "Write observation: scans, and give a calendar",
                )


def readers_are_possible(trial: SurvivalTrial) -> Iterator[Finding]:
    """Readers have numbers and names of their own, and arms and readers named exist."""
    model, where = trial.survival, ("survival", "readers")
    yield from readers_differ(model.readers, trial.arms, where)
    if model.treating_reader is not None:
        yield from _reader_exists(trial, model.treating_reader, ("survival", "treating_reader"))
    for arm, calendar in model.calendar_by_arm.items():
        place: Path = ("survival", "calendar_by_arm", arm)
        yield from arm_exists(trial.arms, arm, place)
        yield from calendar_in_order(calendar, place)


def later_therapy(trial: SurvivalTrial) -> Iterator[Finding]:
    """New therapy and switching have arms that exist, and a model in which they mean something."""
    model = trial.survival
    therapy = model.new_therapy
    if therapy is not None:
        place: Path = ("survival", "new_therapy")
        yield from therapy_of_arms(therapy.by_arm, trial.arms, place)
        if therapy.after_progression is not None and model.treating_reader is None:
            yield Finding(
                (*place, "after_progression"),
                "nobody calls the progression after which new therapy begins",
                "Give survival.treating_reader",
            )
    where: Path = ("survival", "switching")
    if model.switching and not isinstance(model, IllnessDeathModel):
        yield Finding(
            where,
            f"the model {model.kind} has no time from progression to death to change",
            "Take the model illness_death",
        )
        return
    yield from changes_of_arms(model.switching, trial.arms, where)


def lags_have_a_reader(trial: SurvivalTrial) -> Iterator[Finding]:
    """Only what somebody reads takes time to be adjudicated."""
    readers = {each.name: each.reader for each in trial.seen_endpoints}
    yield from somebody_adjudicates(trial.analyses, readers)
