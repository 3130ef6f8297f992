"""Rules of named endpoints, readers, rule sets of censoring, and what therapy follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simulate.scenario.findings import Finding
from simulate.scenario.problems import similar
from simulate.scenario.rules import calendar_in_order
from simulate.scenario.rules_of_names import unique
from simulate.scenario.rules_of_randomisation import arm_exists
from simulate.scenario.survival_endpoints import BUILT_IN, LATENT_READER, RuleSet, SurvivalEndpoint
from simulate.scenario.survival_model import IllnessDeathModel, SingleModel, endpoints_of
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.tree import Path

_OWN = frozenset(each.name for each in BUILT_IN)


def named_endpoints(trial: SurvivalTrial) -> Iterator[Finding]:
    """Endpoints have names of their own, and the model, a reader and a rule set that exist."""
    where: Path = ("endpoints",)
    yield from unique((each.id for each in trial.endpoints), where, "id")
    yield from unique((each.name.lower() for each in trial.endpoints), where, "name")
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
        yield from calendar_in_order(endpoint.grid, (*place, "grid"))
        if endpoint.of != "PFS":
            yield from _needs_no_reader(endpoint, place)
            continue
        if endpoint.reader not in (None, LATENT_READER):
            assert endpoint.reader is not None  # for the type checker
            yield from _reader_exists(trial, endpoint.reader, (*place, "reader"))
        yield from _latent_has_no_rules(endpoint, place)
        if endpoint.rules is not None:
            known = [*_OWN, *(each.name for each in trial.rule_sets)]
            yield from _exists("rule set", endpoint.rules, sorted(known), (*place, "rules"))
            yield from _rules_fit(trial, endpoint, (*place, "rules"))


def _needs_no_reader(endpoint: SurvivalEndpoint, place: Path) -> Iterator[Finding]:
    why = "death is known without scans" if endpoint.of == "OS" else "it is a rate, and not a time"
    for key in ("reader", "rules", "grid"):
        if getattr(endpoint, key):
            yield Finding(
                (*place, key), f"{why}: {key} says nothing of {endpoint.of}", f"Leave out {key}"
            )


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
    yield from _exists("reader", name, readers, place)


def _exists(what: str, name: str, names: Iterable[str], place: Path) -> Iterator[Finding]:
    names = list(names)
    if name not in names:
        message = f"there is no such {what} (given: {name}; allowed: {', '.join(names)})"
        yield Finding(place, message, similar(name, names))


def _latent_has_no_rules(endpoint: SurvivalEndpoint, place: Path) -> Iterator[Finding]:
    for key in ("rules", "grid"):
        if endpoint.reader == LATENT_READER and getattr(endpoint, key):
            yield Finding(
                (*place, key),
                f"what is {LATENT_READER} is known without scans, and {key} says nothing of it",
                f"Leave out {key}",
            )


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
    where: Path = ("rule_sets",)
    yield from unique((each.name for each in trial.rule_sets), where, "name")
    for index, rules in enumerate(trial.rule_sets):
        if rules.name in _OWN:
            yield Finding(
                (*where, index, "name"),
                f"every scenario has a rule set {rules.name}",
                "Give this one another name",
            )
        yield from _fits_the_calendar(trial, rules, (*where, index))


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
    yield from unique((each.id for each in model.readers), where, "id")
    yield from unique((each.name for each in model.readers), where, "name")
    for index, reader in enumerate(model.readers):
        if reader.name == LATENT_READER:
            yield Finding(
                (*where, index, "name"),
                f"every scenario has a reader {LATENT_READER}, who sees progression on its day",
                "Give this one another name",
            )
    for index, reader in enumerate(model.readers):
        for arm in reader.by_arm:
            yield from arm_exists(trial.arms, arm, (*where, index, "by_arm", arm))
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
        for arm in therapy.by_arm:
            yield from arm_exists(trial.arms, arm, (*place, "by_arm", arm))
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
    yield from unique((each.arm for each in model.switching), where, "arm")
    for index, switching in enumerate(model.switching):
        yield from arm_exists(trial.arms, switching.arm, (*where, index, "arm"))


def lags_have_a_reader(trial: SurvivalTrial) -> Iterator[Finding]:
    """Only what somebody reads takes time to be adjudicated."""
    readers = {each.name: each.reader for each in trial.seen_endpoints}
    for index, analysis in enumerate(trial.analyses):
        for key in ("all", "any", ""):
            some = getattr(analysis.cut, key) if key else (analysis.cut,)
            for i, trigger in enumerate(some or ()):
                events = trigger.events
                if events is None or events.adjudication_lag == 0:
                    continue
                if events.endpoint in readers and readers[events.endpoint] is None:
                    at: Path = (key, i) if key else ()
                    yield Finding(
                        ("analyses", index, "cut", *at, "events", "adjudication_lag"),
                        f"nobody adjudicates {events.endpoint}: it has no reader",
                        "Count the events of an endpoint with a reader, or leave out the lag",
                    )
