"""Rules of looks and hypotheses, for trials of any kind that have them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from simulate.scenario.analyses import Analysis, Trigger
from simulate.scenario.findings import Finding
from simulate.scenario.monitoring import GivenSpending, Hypothesis, Spending
from simulate.scenario.problems import similar
from simulate.scenario.randomisation import Arm, Randomisation
from simulate.scenario.rules_of_names import unique
from simulate.scenario.rules_of_randomisation import arm_exists
from simulate.scenario.tree import Path

_TOLERANCE = 1e-9


class Looks(NamedTuple):
    """What the rules look at."""

    analyses: tuple[Analysis, ...]
    hypotheses: tuple[Hypothesis, ...]
    arms: tuple[Arm, ...]
    randomisation: Randomisation
    endpoints: tuple[str, ...]
    sample_size: int
    origin: dt.date
    max_study_duration: float | None


def looks_are_possible(looks: Looks) -> Iterator[Finding]:
    """Every trigger can be met: its endpoint exists, and its count is not above what can occur."""
    for index, analysis in enumerate(looks.analyses):
        for path, trigger in _triggers(analysis, index):
            yield from _possible(looks, path, trigger)


def _triggers(analysis: Analysis, index: int) -> Iterator[tuple[Path, Trigger]]:
    where: Path = ("analyses", index, "cut")
    for key in ("all", "any"):
        for i, trigger in enumerate(getattr(analysis.cut, key) or ()):
            yield (*where, key, i), trigger
    if analysis.cut.all is None and analysis.cut.any is None:
        yield where, analysis.cut


def _possible(looks: Looks, path: Path, trigger: Trigger) -> Iterator[Finding]:
    size = looks.sample_size
    if trigger.events is not None:
        yield from _endpoint_exists(looks, trigger.events.endpoint, (*path, "events", "endpoint"))
        if trigger.events.count > size:
            yield Finding(
                (*path, "events", "count"),
                f"more events than patients can never occur (given: {trigger.events.count}; "
                f"sample_size: {size})",
                "Lower the count, or enrol more patients",
            )
    if trigger.enrolled is not None and trigger.enrolled.count > size:
        yield Finding(
            (*path, "enrolled", "count"),
            f"more than all patients cannot be enrolled (given: {trigger.enrolled.count}; "
            f"sample_size: {size})",
        )
    if trigger.date is not None:
        day, longest = (trigger.date - looks.origin).days, looks.max_study_duration
        if day <= 0 or (longest is not None and day > longest):
            last = "" if longest is None else f" and by day {longest:g} (max_study_duration)"
            yield Finding(
                (*path, "date"),
                f"the data cut must come after the origin {looks.origin}{last} "
                f"(given: {trigger.date}, day {day})",
            )


def _endpoint_exists(looks: Looks, endpoint: str, place: Path) -> Iterator[Finding]:
    if endpoint not in looks.endpoints:
        yield Finding(
            place,
            f"the model gives no such endpoint (given: {endpoint}; "
            f"allowed: {', '.join(looks.endpoints)})",
        )


def looks_in_order(analyses: Sequence[Analysis]) -> Iterator[Finding]:
    """A look comes after the one above it, as far as counts and dates tell."""
    reached: dict[str, int] = {}
    date: dt.date | None = None
    for index, analysis in enumerate(analyses):
        where: Path = ("analyses", index, "cut")
        events, here = analysis.cut.events, analysis.cut.date
        if events is not None:
            before = reached.get(events.endpoint, 0)
            if events.count <= before:
                yield Finding(
                    (*where, "events", "count"),
                    f"the looks are out of order: the one above waits for {before} events "
                    f"(given: {events.count})",
                    "List the analyses in order of time, with increasing counts",
                )
            reached[events.endpoint] = max(before, events.count)
        if here is not None:
            if date is not None and here <= date:
                yield Finding(
                    (*where, "date"),
                    f"the looks are out of order: the one above is on {date} (given: {here})",
                )
            date = here


def hypotheses_are_testable(looks: Looks) -> Iterator[Finding]:
    """Arms, endpoint, analyses and information of every hypothesis exist."""
    where: Path = ("hypotheses",)
    yield from unique((h.id for h in looks.hypotheses), where, "id")
    yield from unique((h.name for h in looks.hypotheses), where, "name")
    for index, hypothesis in enumerate(looks.hypotheses):
        place: Path = (*where, index)
        yield from arm_exists(looks.arms, hypothesis.experimental, (*place, "experimental"))
        yield from arm_exists(looks.arms, hypothesis.control, (*place, "control"))
        yield from _endpoint_exists(looks, hypothesis.endpoint, (*place, "endpoint"))
        yield from _analyses_exist(looks, hypothesis, place)
        if hypothesis.test == "stratified_log_rank" and not looks.randomisation.strata:
            yield Finding(
                (*place, "test"),
                "a stratified test needs strata, and there are none",
                "Give randomisation.strata, or use log_rank",
            )


def _analyses_exist(looks: Looks, hypothesis: Hypothesis, place: Path) -> Iterator[Finding]:
    names = [analysis.name for analysis in looks.analyses]
    yield from unique(hypothesis.analyses, (*place, "analyses"), "")
    for i, name in enumerate(hypothesis.analyses):
        if name not in names:
            message = f"there is no such analysis (given: {name}; allowed: {', '.join(names)})"
            yield Finding((*place, "analyses", i), message, similar(name, names))
    known = [names.index(name) for name in hypothesis.analyses if name in names]
    if known != sorted(known):
        yield Finding((*place, "analyses"), "the analyses stand in another order than their list")


def spending_fits(looks: Looks) -> Iterator[Finding]:
    """Spending functions have their information, and given ones their number and their sum."""
    for index, hypothesis in enumerate(looks.hypotheses):
        place: Path = ("hypotheses", index)
        chosen = _looks_of(looks, hypothesis)
        if not chosen:
            continue
        counts = [_planned(analysis, hypothesis.endpoint) for analysis in chosen]
        if hypothesis.information is None and counts[-1] is None and len(chosen) > 1:
            yield Finding(
                place,
                "the events at which all error is spent are not known: its last analysis is not "
                f"triggered by {hypothesis.endpoint} events",
                "Give information: the planned number of events at its last analysis",
            )
        if hypothesis.efficacy is not None:
            yield from _given_fits(
                hypothesis.efficacy, len(chosen), hypothesis.alpha, "alpha", (*place, "efficacy")
            )
        if hypothesis.futility is not None:
            futility = hypothesis.futility
            where: Path = (*place, "futility", "spending")
            yield from _given_fits(futility.spending, len(chosen), futility.beta, "beta", where)
    if sum(h.alpha for h in looks.hypotheses) >= 0.5:
        yield Finding(("hypotheses",), "the hypotheses together spend an alpha of 0.5 or more")


def _looks_of(looks: Looks, hypothesis: Hypothesis) -> Sequence[Analysis]:
    if not hypothesis.analyses:
        return looks.analyses
    return [each for each in looks.analyses if each.name in hypothesis.analyses]


def _planned(analysis: Analysis, endpoint: str) -> int | None:
    counts = [
        each.events.count
        for each in analysis.cut.triggers
        if each.events is not None and each.events.endpoint == endpoint
    ]
    return max(counts) if counts else None


def _given_fits(
    spending: Spending, n_looks: int, total: float, error: str, place: Path
) -> Iterator[Finding]:
    if not isinstance(spending, GivenSpending):
        return
    if len(spending.spent) != n_looks:
        yield Finding(
            (*place, "spent"),
            f"one value for each look is needed (given: {len(spending.spent)}; looks: {n_looks})",
        )
    elif abs(spending.spent[-1] - total) > _TOLERANCE:
        yield Finding(
            (*place, "spent"),
            f"the spending does not sum to {error}: the last value must be {total:g} "
            f"(given: {spending.spent[-1]:g})",
        )
