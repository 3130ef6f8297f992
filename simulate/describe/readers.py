"""Readers, missed scans, later therapy and rules of censoring in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulate.describe.conduct import calendar_in_words
from simulate.describe.distributions import time_in_words
from simulate.describe.words import count, duration, listing, stated_percent
from simulate.scenario.monitored import Monitored
from simulate.scenario.readers import INVESTIGATOR, NewTherapy, Reader, Reading, Switching
from simulate.scenario.survival_endpoints import LATENT_READER, RuleSet, SurvivalEndpoint
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.trial import Trial
from simulate.scenario.trial_endpoints import TrialEndpoint


def reading_in_words(trial: SurvivalTrial) -> Iterator[str]:
    """What becomes of scans before they are endpoints."""
    model = trial.survival
    for arm, calendar in model.calendar_by_arm.items():
        yield f"{trial.arm(arm).label} has scans of its own: {calendar_in_words(calendar)}."
    if model.visits is not None:
        yield (
            f"A planned scan is missed with probability {stated_percent(model.visits.missed)}, "
            "each by itself."
        )
    for reader in model.readers:
        yield _reader(trial, reader)
    if model.treating_reader is not None:
        yield (
            f"Scans end at the call of {model.treating_reader}, whose reading decides on "
            "treatment: what others have not called by then they never call."
        )
    if model.new_therapy is not None:
        yield from _therapy(trial, model.new_therapy, "", model.treating_reader or "")
    yield from endpoints_in_words(trial)


def review_in_words(trial: Trial) -> Iterator[str]:
    """Who reads the scans of patients in cycles, what therapy follows, and what comes of it."""
    if trial.readers:
        yield from _ends(trial)
    for reader in trial.readers:
        yield _reader(trial, reader)
    if trial.other_readers and trial.investigator is None:
        yield "The investigator does not err."
    if trial.new_therapy is not None:
        yield from _therapy(trial, trial.new_therapy, "after treatment ", "the investigator")
    yield from _switching(
        trial,
        trial.switching,
        "whose progression the investigator calls",
        "the call",
        "death after progression",
    )
    if trial.switching:
        yield "Deaths that are expected above are those without a change of treatment."
    if trial.readers or trial.endpoints.named:
        yield from _endpoints(trial)


def _ends(trial: Trial) -> Iterator[str]:
    """What ends at the investigator's call, and what that means for others."""
    if all(own.assessment.end_at_call for own in trial.arm_trials):
        yield (
            "Scans and treatment end at the call of the investigator. Others read the scans that "
            "were done, and have calls of their own; what they have not called by the last scan "
            "they never call, and PFS by them is censored there."
        )
        return
    on = [own.title for own in trial.arm_trials if not own.assessment.end_at_call]
    yield (
        "Treatment ends at the call of the investigator, and scans do, too, except in "
        f"{listing(on)}. Others read the scans that were done, and have calls of their own."
    )


def _endpoints(trial: Trial) -> Iterator[str]:
    for endpoint in trial.seen_endpoints:
        yield f"Endpoint {endpoint.name}: {_seen(trial, endpoint)}{_grouped(endpoint)}."
    yield from _grids(trial.seen_endpoints)


def _seen(trial: Trial, endpoint: TrialEndpoint) -> str:
    if endpoint.of == "OS":
        return "overall survival"
    if endpoint.reader == LATENT_READER:
        return "progression-free survival as it is, progression known on its very day"
    text = f"progression-free survival read by the {endpoint.who}"
    if endpoint.who != INVESTIGATOR:
        text = f"progression-free survival read by {endpoint.who}"
    rules = trial.rules_of(endpoint)
    if rules is not None:
        return f"{text}; {rules_in_words(rules)} ({rules.name})"
    return f"{text}; {_late_deaths(trial)}"


def _late_deaths(trial: Trial) -> str:
    """Which deaths count where there is no rule set."""
    windows = {own.title: own.follow_up.death_window for own in trial.arm_trials}
    texts = [
        f"up to {duration(days)} after scans have ended" if days else "as long as scans go on"
        for days in windows.values()
    ]
    if len(set(texts)) > 1:
        texts = [f"{text} ({arm})" for text, arm in zip(texts, windows, strict=True)]
    return f"deaths count {listing(list(dict.fromkeys(texts)))}"


def versions_in_words(trial: SurvivalTrial | Trial) -> Iterator[str]:
    """By whom and by which rules the endpoints of a trial are seen."""
    if isinstance(trial, SurvivalTrial):
        yield from endpoints_in_words(trial)
    else:
        yield from review_in_words(trial)


def _reader(trial: Monitored, reader: Reader) -> str:
    own = Reading.model_construct(missed=reader.missed or 0.0, early=reader.early or 0.0)
    text = f"Reader {reader.id} ({reader.name}) {_errors(own)}"
    for arm, errors in reader.by_arm.items():
        text += f"; in {trial.arm(arm).label}, {_errors(errors)}"
    return f"{text}."


def _errors(errors: Reading) -> str:
    return (
        f"overlooks progression at {stated_percent(errors.missed)} of the scans on or after it and "
        f"calls it at {stated_percent(errors.early)} of the scans before it"
    )


def _therapy(trial: Monitored, therapy: NewTherapy, since: str, caller: str) -> Iterator[str]:
    if therapy.time is not None:
        yield f"New anticancer therapy {since}without progression: {time_in_words(therapy.time)}."
    for arm, time in therapy.by_arm.items():
        yield (
            f"New anticancer therapy {since}without progression, {trial.arm(arm).label}: "
            f"{time_in_words(time)}."
        )
    after = therapy.after_progression
    if after is not None:
        begins = f"{duration(after.delay)} after" if after.delay else "on the day of"
        yield (
            f"New anticancer therapy follows in {stated_percent(after.probability)} of those whose "
            f"progression {caller} calls, {begins} the call."
        )


def switching_in_words(trial: SurvivalTrial) -> Iterator[str]:
    """Who changes treatment after progression, and what it does."""
    who, since = "who progress", "progression"
    if trial.switches_at_call:
        who, since = f"whose progression {trial.survival.treating_reader} calls", "the call"
    yield from _switching(trial, trial.survival.switching, who, since, "death")
    if trial.switches_at_call:
        yield (
            "A change of treatment is new anticancer therapy for rules that censor at it. A call "
            "that comes before progression changes treatment, too."
        )


def _switching(
    trial: Monitored, switching: Sequence[Switching], who: str, since: str, hazard: str
) -> Iterator[str]:
    for each in switching:
        when = f"{duration(each.delay)} after" if each.delay else "on the day of"
        yield (
            f"{stated_percent(each.probability)} of those {who} in "
            f"{trial.arm(each.arm).label} change treatment, if alive, {when} {since}; from "
            f"then on the hazard of {hazard} is multiplied by {each.hazard_ratio:g}."
        )


def endpoints_in_words(trial: SurvivalTrial) -> Iterator[str]:
    """The endpoints that the scenario defines, with their readers and rules."""
    for endpoint in trial.endpoints:
        yield f"Endpoint {endpoint.id} ({endpoint.name}): {_endpoint(trial, endpoint)}."
    yield from _grids(trial.endpoints)


def _grids(endpoints: Sequence[SurvivalEndpoint | TrialEndpoint]) -> Iterator[str]:
    """What grouped times are good for, where there are any."""
    if any(endpoint.grid for endpoint in endpoints):
        yield (
            "Where arms are scanned on other days, grouped times take the bias out of a test only "
            "if readers do not err, no scan is missed and nobody leaves: an arm that is scanned "
            "more often has more chances of a false call, of a scan that is done, and of one "
            "before a patient leaves."
        )


def _grouped(endpoint: SurvivalEndpoint | TrialEndpoint) -> str:
    """On which days times are grouped, if they are."""
    return f"; times grouped {calendar_in_words(endpoint.grid)}" if endpoint.grid else ""


def _endpoint(trial: SurvivalTrial, endpoint: SurvivalEndpoint) -> str:
    if endpoint.of == "OS":
        return "overall survival"
    if endpoint.reader == LATENT_READER:
        return "progression-free survival as it is, progression known on its very day"
    who = "read without error" if endpoint.reader is None else f"read by {endpoint.reader}"
    when = _grouped(endpoint)
    name = "" if endpoint.rules is None else f" ({endpoint.rules})"
    rules = trial.rules_of(endpoint)
    if rules.new_therapy == "censor" and not trial.has_new_therapy:
        when += "; the model has no new therapy"
    return f"progression-free survival {who}; {rules_in_words(rules)}{name}{when}"


def rules_in_words(rules: RuleSet) -> str:
    """What a rule set censors."""
    texts = []
    if rules.missed_visits is not None:
        scans = count(rules.missed_visits, "planned scan")
        texts.append(f"at the last scan done if {scans} or more directly before the event were not")
    if rules.new_therapy == "censor":
        texts.append("at the last scan before new therapy")
    if rules.death_window is not None:
        texts.append(f"at the last scan if death comes over {duration(rules.death_window)} later")
    if not texts:
        return "every event counts, whatever comes between"
    return f"censored {listing(texts)}"
