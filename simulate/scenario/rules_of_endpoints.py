"""Rules of named endpoints and of rule sets of censoring, for trials of any kind that have them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from simulate.scenario.analyses import Analysis
from simulate.scenario.findings import Finding
from simulate.scenario.problems import similar
from simulate.scenario.rules_of_looks import triggers_of
from simulate.scenario.rules_of_names import unique
from simulate.scenario.survival_endpoints import BUILT_IN, LATENT_READER, RuleSet
from simulate.scenario.tree import Path

_OWN = frozenset(each.name for each in BUILT_IN)


class Named(Protocol):
    """An endpoint by name."""

    @property
    def id(self) -> int:
        """Permanent number."""

    @property
    def name(self) -> str:
        """Name in tables."""

    @property
    def of(self) -> str:
        """What the event is: PFS, OS, or ORR of a rate."""

    @property
    def reader(self) -> str | None:
        """Who reads the scans."""

    @property
    def rules(self) -> str | None:
        """Rule set of its censoring."""


def unique_endpoints(endpoints: Sequence[Named], where: Path) -> Iterator[Finding]:
    """Endpoints have numbers and names of their own."""
    yield from unique((each.id for each in endpoints), where, "id")
    taken: dict[str, str] = {}
    for index, each in enumerate(endpoints):
        # columns of tables have the name in lower case
        other = taken.get(each.name.lower())
        if other is None:
            taken[each.name.lower()] = each.name
        else:
            as_other = "" if other == each.name else f"; in tables it is the same as {other}"
            yield Finding(
                (*where, index, "name"),
                f"this name is taken already (given: {each.name}{as_other})",
            )


def exists(what: str, name: str, names: Iterable[str], place: Path) -> Iterator[Finding]:
    """What is named is there."""
    names = list(names)
    if name not in names:
        message = f"there is no such {what} (given: {name}; allowed: {', '.join(names)})"
        yield Finding(place, message, similar(name, names))


def rule_set_exists(
    endpoint: Named, rule_sets: Sequence[RuleSet], place: Path
) -> Iterator[Finding]:
    """The rule set of an endpoint is there."""
    if endpoint.rules is not None:
        known = sorted({*_OWN, *(each.name for each in rule_sets)})
        yield from exists("rule set", endpoint.rules, known, (*place, "rules"))


def needs_no_reader(
    endpoint: Named, place: Path, keys: Sequence[str] = ("reader", "rules")
) -> Iterator[Finding]:
    """What is no progression-free survival has nothing that is said of scans."""
    why = "death is known without scans" if endpoint.of == "OS" else "it is a rate, and not a time"
    for key in keys:
        if getattr(endpoint, key):
            yield Finding(
                (*place, key), f"{why}: {key} says nothing of {endpoint.of}", f"Leave out {key}"
            )


def latent_has_no_rules(
    endpoint: Named, place: Path, keys: Sequence[str] = ("rules",)
) -> Iterator[Finding]:
    """What is known on its very day has nothing that is said of scans."""
    for key in keys:
        if endpoint.reader == LATENT_READER and getattr(endpoint, key):
            yield Finding(
                (*place, key),
                f"what is {LATENT_READER} is known without scans, and {key} says nothing of it",
                f"Leave out {key}",
            )


def unique_rule_sets(rule_sets: Sequence[RuleSet]) -> Iterator[Finding]:
    """Rule sets have names of their own, and say something."""
    where: Path = ("rule_sets",)
    yield from unique((each.name for each in rule_sets), where, "name")
    for index, rules in enumerate(rule_sets):
        if rules.name in _OWN:
            yield Finding(
                (*where, index, "name"),
                f"every scenario has a rule set {rules.name}",
                "Give this one another name",
            )
        elif not rules.censors:
            yield Finding(
                (*where, index),
                "the rule set censors nothing, which is the rule set ema",
                "Give missed_visits, new_therapy: censor or death_window; or take ema",
            )


def somebody_adjudicates(
    analyses: Sequence[Analysis], reader_of: dict[str, str | None]
) -> Iterator[Finding]:
    """Only what somebody reads takes time to be adjudicated; readers by the name of endpoints."""
    for index, analysis in enumerate(analyses):
        for place, trigger in triggers_of(analysis, index):
            events = trigger.events
            if events is None or events.adjudication_lag == 0:
                continue
            reader = reader_of.get(events.endpoint, "")
            if reader is None or reader == LATENT_READER:
                why = "it has no reader" if reader is None else f"what is {LATENT_READER} is known"
                yield Finding(
                    (*place, "events", "adjudication_lag"),
                    f"nobody adjudicates {events.endpoint}: {why}",
                    "Count the events of an endpoint with a reader, or leave out the lag",
                )
