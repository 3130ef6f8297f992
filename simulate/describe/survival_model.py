"""A plain survival model in words: its times, what the arms do to them, and what that implies."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from simulate.build_survival_plan import scan_days
from simulate.describe.conduct import calendar_in_words
from simulate.describe.distributions import Implied, time_in_words
from simulate.describe.readers import reading_in_words, switching_in_words
from simulate.describe.responses import (
    evaluable_in_words,
    implied_rates,
    levels_in_words,
    response_in_words,
)
from simulate.describe.words import (
    duration,
    in_months,
    listing,
    paragraph,
    paragraphs,
    percent,
    table,
)
from simulate.distributions import FloatArray
from simulate.scenario.distributions import Time
from simulate.scenario.survival_model import (
    TRANSITIONS,
    CopulaModel,
    Delayed,
    Diminishing,
    Effect,
    IllnessDeathModel,
    OwnLaw,
    PiecewiseEffect,
    Proportional,
    SingleModel,
)
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.theory.course import ExpectedTrial
from simulate.units import DAYS_PER_MONTH

_TIMES = {
    "event": "the event",
    "progression": "progression",
    "death_without_progression": "death without progression",
    "death_after_progression": "death after progression",
    "death": "death",
}
_USUAL_LANDMARKS = tuple(months * DAYS_PER_MONTH for months in (12, 24, 36))


def survival_model(expected: ExpectedTrial) -> list[str]:
    """The section on the disease: model, effects, prognostic factors, and survival by arm."""
    trial = expected.trial
    return [
        *paragraphs(
            model_in_words(trial),
            *laws_in_words(trial),
            *(effect_in_words(trial, effect) for effect in trial.survival.effects),
            "" if trial.survival.effects or len(trial.arms) == 1 else "No arm has an effect.",
            *factors_in_words(trial),
            *switching_in_words(trial),
            *response_in_words(trial),
        ),
        *_implied(expected),
        *implied_rates(expected),
    ]


def model_in_words(trial: SurvivalTrial) -> str:
    """Which times the model has, and how they hang together."""
    match trial.survival:
        case SingleModel(endpoint="PFS"):
            return "One time: to the PFS event, which is progression or death."
        case SingleModel():
            return "One time: to death (OS)."
        case IllnessDeathModel():
            return (
                "Illness-death model: progression and death without progression compete; after "
                "progression, the time to death begins anew."
            )
        case CopulaModel(correlation=correlation):
            return (
                "Times to progression and to death with a Gaussian copula; their normal scores "
                f"have the correlation {correlation:g}. PFS ends with the first of the two."
            )


def laws_in_words(trial: SurvivalTrial) -> Iterator[str]:
    """The distribution of each time of the model."""
    for key in TRANSITIONS[trial.survival.kind]:
        law = getattr(trial.survival, key)
        median = Implied(law).median
        alone = "" if math.isinf(median) else f"; median {in_months(median)}"
        yield f"Time to {_TIMES[key]}: {time_in_words(law)}{alone}."


def effect_in_words(trial: SurvivalTrial, effect: Effect) -> str:
    """What an arm does to a time of the model, and in whom."""
    condition = levels_in_words(trial.baseline, effect.when)
    whom = f" if {condition}" if condition else ""
    return f"{trial.arm(effect.arm).label}, on {_TIMES[effect.on]}{whom}: {_what(effect)}."


def _what(effect: Effect) -> str:
    match effect:
        case Proportional(hazard_ratio=ratio):
            return f"hazard ratio {ratio:g} all the time"
        case Delayed(hazard_ratio=ratio, delay=delay):
            return f"no effect for {duration(delay)}, then hazard ratio {ratio:g}"
        case Diminishing(hazard_ratio=ratio, from_=start, until=end):
            return (
                f"hazard ratio {ratio:g}, from {duration(start)} on fading on the log scale, and "
                f"none from {duration(end)} on"
            )
        case PiecewiseEffect(from_=starts, hazard_ratios=ratios):
            pieces = (
                f"{ratio:g} from {duration(start)}"
                for start, ratio in zip(starts, ratios, strict=True)
            )
            return f"hazard ratio {listing(pieces)}"
        case OwnLaw(time=time):
            return f"a time of its own, {time_in_words(time)}"


def factors_in_words(trial: SurvivalTrial) -> Iterator[str]:
    """The levels of baseline variables that change hazards in all arms."""
    for factor in trial.survival.prognostic_factors:
        title = trial.baseline.variable(factor.variable).title
        ratios = listing(
            f"{ratio:g} on {_TIMES[key]}" for key, ratio in factor.hazard_ratios.items()
        )
        yield f"Prognostic in all arms: {title} {factor.level}, hazard ratio {ratios}."


# ---- what that implies ------------------------------------------------------------------------


def _implied(expected: ExpectedTrial) -> list[str]:
    """Medians and event-free rates of each arm, all patients together."""
    trial = expected.trial
    landmarks = [
        days
        for days in trial.estimates.landmarks or _USUAL_LANDMARKS
        if math.floor(days) <= expected.horizon
    ]
    header = ["", "median", *(duration(days) for days in landmarks)]
    rows = [
        [label, *_numbers(curve, landmarks, expected.horizon)] for label, curve in _curves(expected)
    ]
    return [
        *paragraph("Implied by this, all patients of an arm together, nobody lost:"),
        *table(header, rows, indent=4),
    ]


def _curves(expected: ExpectedTrial) -> Iterator[tuple[str, FloatArray]]:
    trial = expected.trial
    for kind, endpoint in sorted(trial.kinds.items(), reverse=True):
        ways = [False, True] if _is_scanned(trial) and kind == "PFS" else [False]
        for seen in ways:
            for arm in trial.arms:
                label = f"{kind}{' seen at scans' if seen else ''}, {arm.label}"
                yield label, expected.survival(endpoint, arm.name, seen=seen)


def _numbers(curve: FloatArray, landmarks: Sequence[float], horizon: int) -> Iterator[str]:
    median = int(np.argmax(curve <= 0.5))
    yield in_months(median) if curve[-1] <= 0.5 else f"over {in_months(horizon)}"
    for days in landmarks:
        # days from randomisation, as the looks count them
        yield percent(float(curve[math.floor(days)]))


def _is_scanned(trial: SurvivalTrial) -> bool:
    return trial.survival.observation == "scans"


def observed(expected: ExpectedTrial) -> list[str]:
    """The section on what is seen."""
    trial = expected.trial
    if trial.survival.observation == "exact":
        return [
            *paragraphs("Every event is known on its day.", *reading_in_words(trial)),
            *evaluable_in_words(trial),
        ]
    days = scan_days(trial, expected.horizon)[1:]
    return evaluable_in_words(trial) + paragraphs(
        f"Scans, counted from randomisation: {calendar_in_words(trial.survival.calendar)}; the "
        f"last one that the trial has room for on day {days[-1] if len(days) else 0:,}.",
        "Progression is known at the first scan on or after it, if the patient is then alive and "
        "in the study. Death is known on its day. Without an event, PFS is censored at the last "
        "scan.",
        *reading_in_words(trial),
        "What is expected is told as if scans were read without error and every event counted."
        if trial.is_read
        else "",
    )


def dropout(trial: SurvivalTrial) -> list[str]:
    """The section on who is lost."""
    by_arm = trial.survival.dropout_by_arm
    texts = [
        f"{trial.arm(name).label}: {time_in_words(law)}{_lost_in_a_year(law)}."
        for name, law in by_arm.items()
    ]
    law = trial.survival.dropout
    whom = "The other arms" if by_arm else "All arms"
    if len(by_arm) < len(trial.arms):
        text = "nobody" if law is None else f"{time_in_words(law)}{_lost_in_a_year(law)}"
        texts.append(f"{whom}: {text}.")
    return paragraphs(
        *(f"Lost to follow-up, {text[:1].lower() + text[1:]}" for text in texts),
        "An event on the day of loss counts." if law is not None or by_arm else "",
    )


def _lost_in_a_year(law: Time) -> str:
    lost = 1.0 - Implied(law).event_free(12 * DAYS_PER_MONTH)
    return f" ({percent(lost)} in a year)"
