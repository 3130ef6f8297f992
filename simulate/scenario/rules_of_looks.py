"""Rules of looks and hypotheses, for trials of any kind that have them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from simulate.scenario.analyses import Analysis, Cut, Trigger
from simulate.scenario.baseline import Baseline
from simulate.scenario.findings import Finding
from simulate.scenario.monitoring import Estimates, GivenSpending, Hypothesis, Spending
from simulate.scenario.populations import Population, population_of
from simulate.scenario.problems import similar
from simulate.scenario.randomisation import Arm, Randomisation
from simulate.scenario.rules_of_names import endpoint_exists, unique
from simulate.scenario.rules_of_populations import population_exists
from simulate.scenario.rules_of_randomisation import arm_exists
from simulate.scenario.tree import Path
from simulate.units import time_as_written

_TOLERANCE = 1e-9

MOST_PATIENTS = 65_535
"""Patients that looks can count: their tables of days hold numbers of 16 bits."""


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
    baseline: Baseline
    rates: tuple[str, ...]
    """Endpoints of which a rate is compared, and not a time."""
    unlisted: tuple[str, ...] = ()
    """Endpoints that the model gives and the scenario does not name."""


def looks_are_possible(looks: Looks) -> Iterator[Finding]:
    """Every trigger can be met: its endpoint exists, and its count is not above what can occur."""
    if looks.sample_size > MOST_PATIENTS:
        yield Finding(
            ("sample_size",),
            f"looks can count at most {MOST_PATIENTS} patients (given: {looks.sample_size})",
        )
    for index, analysis in enumerate(looks.analyses):
        for path, trigger in triggers_of(analysis, index):
            yield from _possible(looks, path, trigger)


def triggers_of(analysis: Analysis, index: int) -> Iterator[tuple[Path, Trigger]]:
    """Every condition of a look, and where it stands."""
    where: Path = ("analyses", index, "cut")
    for key in ("all", "any"):
        for i, trigger in enumerate(getattr(analysis.cut, key) or ()):
            yield (*where, key, i), trigger
    if analysis.cut.all is None and analysis.cut.any is None:
        yield where, analysis.cut


def _possible(looks: Looks, path: Path, trigger: Trigger) -> Iterator[Finding]:
    size = looks.sample_size
    if trigger.events is not None:
        where = (*path, "events")
        yield from _endpoint_exists(looks, trigger.events.endpoint, (*where, "endpoint"))
        yield from _is_a_time(looks, trigger.events.endpoint, (*where, "endpoint"))
        yield from population_exists(
            looks.baseline, trigger.events.population, (*where, "population")
        )
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
    yield from _within_the_study(looks, path, trigger)


def _within_the_study(looks: Looks, path: Path, trigger: Trigger) -> Iterator[Finding]:
    """Dates and times of a trigger lie between the origin and the end of the study."""
    longest = looks.max_study_duration
    if trigger.follow_up is not None:
        yield from _not_beyond(longest, trigger.follow_up, (*path, "follow_up"))
    if trigger.enrolled is not None:
        yield from _not_beyond(longest, trigger.enrolled.after, (*path, "enrolled", "after"))
    if trigger.date is not None:
        day = (trigger.date - looks.origin).days
        if day <= 0 or (longest is not None and day > longest):
            last = "" if longest is None else f" and by day {longest:g} (max_study_duration)"
            yield Finding(
                (*path, "date"),
                f"the data cut must come after the origin {looks.origin}{last} "
                f"(given: {trigger.date}, day {day})",
            )


def _not_beyond(longest: float | None, time: float, place: Path) -> Iterator[Finding]:
    if longest is not None and time > longest:
        yield Finding(
            place,
            "nobody is followed so long: the trial ends before "
            f"(given: {time_as_written(time)}; "
            f"max_study_duration: {time_as_written(longest)})",
        )


def estimates_are_possible(estimates: Estimates, longest: float | None) -> Iterator[Finding]:
    """Times of estimates can be reached before the trial ends."""
    for index, time in enumerate(estimates.landmarks):
        yield from _not_beyond(longest, time, ("estimates", "landmarks", index))
    if estimates.rmst is not None:
        yield from _not_beyond(longest, estimates.rmst, ("estimates", "rmst"))


def _endpoint_exists(looks: Looks, endpoint: str, place: Path) -> Iterator[Finding]:
    yield from endpoint_exists(endpoint, looks.endpoints, looks.unlisted, place)


def _is_a_time(looks: Looks, endpoint: str, place: Path) -> Iterator[Finding]:
    if endpoint in looks.rates:
        yield Finding(
            place,
            f"{endpoint} has no events that could be waited for: it is a rate among patients who "
            "have been followed long enough",
            "Write enrolled: {count: ..., after: ...}, with the time in which a response is found",
        )


def looks_in_order(analyses: Sequence[Analysis], sample_size: int) -> Iterator[Finding]:
    """A look comes after those above it, as far as their triggers tell.

    A look that waits for more than all patients is told of elsewhere, and not held against others.
    """
    possible: list[Analysis] = []
    for index, analysis in enumerate(analyses):
        if _waits_for_more(analysis.cut, sample_size):
            continue
        for above in reversed(possible):
            if _never_after(analysis.cut, above.cut):
                yield _out_of_order(analysis.cut, above, ("analyses", index, "cut"))
                break
        possible.append(analysis)


def _waits_for_more(cut: Cut, sample_size: int) -> bool:
    counts = [t.events or t.enrolled for t in cut.triggers]
    return any(each is not None and each.count > sample_size for each in counts)


def _never_after(cut: Cut, above: Cut) -> bool:
    """Whether a cut has come whenever another one has, whatever happens in the trial."""
    return all(
        any(
            all(any(_as_soon(each, other) for other in theirs) for each in ours)
            for ours in cut.clauses
        )
        for theirs in above.clauses
    )


def _as_soon(one: Trigger, other: Trigger) -> bool:
    """Whether one condition is met whenever another one of its sort is."""
    if one.events is not None and other.events is not None:
        same = _counted(one) == _counted(other)
        return same and one.events.count <= other.events.count
    if one.enrolled is not None and other.enrolled is not None:
        fewer = one.enrolled.count <= other.enrolled.count
        return fewer and one.enrolled.after <= other.enrolled.after
    if one.date is not None and other.date is not None:
        return one.date <= other.date
    if one.follow_up is not None and other.follow_up is not None:
        return one.follow_up <= other.follow_up
    return False


def _counted(trigger: Trigger) -> tuple[str, Population] | None:
    """Whose events a condition counts."""
    events = trigger.events
    return None if events is None else (events.endpoint, population_of(events.population))


def _out_of_order(cut: Cut, above: Analysis, where: Path) -> Finding:
    given, theirs = "", above.cut
    if cut.events is not None and theirs.events is not None:
        where = (*where, "events", "count")
        given = f": {theirs.events.count} events (given: {cut.events.count})"
    elif cut.date is not None and theirs.date is not None:
        where = (*where, "date")
        given = f": {theirs.date} (given: {cut.date})"
    return Finding(
        where,
        f"the looks are out of order: this one cannot come after {above.name} above it{given}",
        "List the analyses in order of time",
    )


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
        yield from population_exists(looks.baseline, hypothesis.population, (*place, "population"))
        yield from _analyses_exist(looks, hypothesis, place)


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
        if not chosen or len(chosen) < len(hypothesis.analyses):
            continue  # there is no such analysis, which is told elsewhere
        counts = [_planned(analysis, hypothesis) for analysis in chosen]
        if _endpoints_are_known(looks, hypothesis, chosen):
            yield from _information(looks, hypothesis, counts, place)
        if hypothesis.efficacy is not None:
            yield from _given_fits(
                hypothesis.efficacy, len(chosen), hypothesis.alpha, "alpha", (*place, "efficacy")
            )
        if hypothesis.futility is not None:
            futility = hypothesis.futility
            where: Path = (*place, "futility", "spending")
            yield from _given_fits(futility.spending, len(chosen), futility.beta, "beta", where)
            if hypothesis.alpha + futility.beta >= 1.0:
                yield Finding(
                    (*place, "futility", "beta"),
                    "alpha and beta together leave no trial undecided "
                    f"(given: {futility.beta:g}; alpha: {hypothesis.alpha:g})",
                    "Lower beta: 1 - beta is the power for which futility bounds are found",
                )
    if sum(h.alpha for h in looks.hypotheses) >= 0.5:
        yield Finding(("hypotheses",), "the hypotheses together spend an alpha of 0.5 or more")


def _endpoints_are_known(
    looks: Looks, hypothesis: Hypothesis, analyses: Sequence[Analysis]
) -> bool:
    """Whether what is tested and waited for is there; a name that is wrong is told elsewhere."""
    events = [trigger.events for each in analyses for trigger in each.cut.triggers]
    counted = [each.endpoint for each in events if each is not None]
    return {hypothesis.endpoint, *counted} <= set(looks.endpoints)


def _information(
    looks: Looks, hypothesis: Hypothesis, counts: Sequence[int | None], place: Path
) -> Iterator[Finding]:
    """The events at which all error is spent are known, can occur, and are not there too early.

    `counts` are the planned events of all arms at the hypothesis's looks.
    """
    given, several = hypothesis.information, len(looks.arms) > 2
    is_rate = hypothesis.endpoint in looks.rates
    if given is None and is_rate:
        yield from _information_of_part(hypothesis, len(counts), place)
    elif given is None:
        why = f"its last analysis is not triggered by {hypothesis.endpoint} events"
        if counts[-1] is not None:
            why = "its analyses are triggered by the events of all arms, not only of its two"
        if len(counts) > 1 and (several or counts[-1] is None):
            yield Finding(
                place,
                f"the events at which all error is spent are not known: {why}",
                "Give information: the planned number of events at its last analysis",
            )
    if given is None:
        return
    if given > looks.sample_size:
        what = "more patients than all" if is_rate else "more events than patients"
        yield Finding(
            (*place, "information"),
            f"{what} can never occur (given: {given}; sample_size: {looks.sample_size})",
        )
    earlier = max((count for count in counts[:-1] if count is not None), default=0)
    if earlier >= given and not several:
        yield Finding(
            (*place, "information"),
            "all error would be spent before the last analysis: an earlier one waits for "
            f"{earlier} events (given: {given})",
        )


def _information_of_part(hypothesis: Hypothesis, n_looks: int, place: Path) -> Iterator[Finding]:
    """Of a response rate the information is patients, and how many a subpopulation has is open."""
    if n_looks > 1 and hypothesis.population:
        yield Finding(
            place,
            "the patients at whom all error is spent are not known: it is tested in a part of all",
            "Give information: the planned number of evaluable patients of this population",
        )


def _looks_of(looks: Looks, hypothesis: Hypothesis) -> Sequence[Analysis]:
    if not hypothesis.analyses:
        return looks.analyses
    return [each for each in looks.analyses if each.name in hypothesis.analyses]


def _planned(analysis: Analysis, hypothesis: Hypothesis) -> int | None:
    own = hypothesis.endpoint, population_of(hypothesis.population)
    counts = [
        each.events.count
        for each in analysis.cut.triggers
        if each.events is not None and _counted(each) == own
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
