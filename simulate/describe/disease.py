"""The disease in words: each part of the model, and the survival that follows from all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from simulate.describe.distributions import Implied, time_in_words
from simulate.describe.dosing import mean_distance
from simulate.describe.words import (
    NO_VALUE,
    duration,
    in_months,
    listing,
    paragraph,
    paragraphs,
    percent,
    stated_percent,
    table,
)
from simulate.distributions import TABLE_DAYS
from simulate.latent_truth import Endpoint, LatentTruth
from simulate.scenario.disease import PrognosticFactor, Progression
from simulate.scenario.trial import Trial
from simulate.units import DAYS_PER_MONTH

USUAL_LANDMARKS = tuple(months * DAYS_PER_MONTH for months in (6, 12, 24))
"""Landmarks where the scenario gives none."""

_LANDMARKS_A_TABLE = 5

_FELT = 0.005
"""Share of dose intensity whose loss is told."""

_INDEPENDENT = (
    "Progression does not depend on response: one law holds for everyone. A response that would "
    "begin on or after the day of progression never begins, and its patient is a non-responder."
)

Row = tuple[str, str, Callable[[float], str]]
"""Name of a row, its median, and what it shows at a landmark."""


def disease(trial: Trial, truth: LatentTruth | None) -> list[str]:
    """The section on the disease.

    Parameters
    ----------
    trial : Trial
        The scenario.
    truth : LatentTruth or None
        Its latent truth, or None if patients' own hazards leave no formula.
    """
    return [
        *paragraph(
            "All of this is latent: the disease as it truly is, whoever looks. Scans see it later."
        ),
        *_response(trial),
        "",
        *_components(trial),
        "",
        *(_factors(trial) if truth is None else _survival(trial, truth)),
    ]


def landmarks(trial: Trial) -> tuple[float, ...]:
    """Landmarks in days: those of the scenario, or else the usual ones."""
    return trial.endpoints.landmarks or USUAL_LANDMARKS


def _response(trial: Trial) -> list[str]:
    response, is_scanned = trial.disease.response, not trial.assessment.is_continuous
    if response.probability == 0:
        return paragraph("Response: none.")
    early = response.visible_before
    median = Implied(response.time).median
    return paragraphs(
        f"Response: {stated_percent(response.probability)} of patients are latent responders; "
        f"{stated_percent(response.complete)} of responses are complete (CR), the others partial "
        "(PR)."
        + (
            f" A scan up to {duration(early)} before a response shows it already."
            if early and is_scanned
            else ""
        ),
        f"Time from first dose to response: {time_in_words(response.time)}. "
        f"Median {duration(round(median, 1))}.",
        *([_INDEPENDENT] if trial.disease.progression.everyone is not None else []),
    )


def _named_components(trial: Trial) -> list[tuple[str, str, Implied]]:
    """Name, clock and distribution of each part of the disease model."""
    model = trial.disease
    after, ratio = model.death_after_progression, model.non_responder_death_hazard_ratio
    return [
        *_progression(model.progression),
        (
            "Death without progression",
            "from first dose",
            Implied(model.death_without_progression),
        ),
        ("Death after progression, responders", "from progression", Implied(after)),
        ("Death after progression, non-responders", "from progression", Implied(after, ratio)),
    ]


def _progression(progression: Progression) -> list[tuple[str, str, Implied]]:
    """The parts of the disease model that say when it progresses."""
    if progression.everyone is not None:
        return [("Progression, everyone", "from first dose", Implied(progression.everyone))]
    of_responders = Implied(progression.of_responders)
    of_others = Implied(progression.of_non_responders)
    return [
        ("Progression, responders", "from response", of_responders),
        ("Progression, non-responders", "from first dose", of_others),
    ]


def _components(trial: Trial) -> list[str]:
    named = _named_components(trial)
    texts = []
    for name, start, implied in named:
        ratio = f", hazard ratio {implied.hazard_ratio:g}" if implied.hazard_ratio != 1 else ""
        texts.append(f"{name} ({start}): {time_in_words(implied.time)}{ratio}.")
    times = landmarks(trial)
    free: list[Row] = [
        (name, in_months(implied.median), _event_free(implied)) for name, _, implied in named
    ]
    hazards: list[Row] = [(name, "", _hazard(implied, times)) for name, _, implied in named]
    return [
        *paragraphs(*texts),
        "",
        *paragraph("Each part by itself: median, and event-free at landmarks of its own clock"),
        *landmark_tables(times, free),
        "",
        *paragraph("Mean hazard per month, from the landmark before (the first from 0)"),
        *landmark_tables(times, hazards, with_median=False),
    ]


def _event_free(implied: Implied) -> Callable[[float], str]:
    return lambda days: percent(implied.event_free(days))


def _hazard(implied: Implied, times: Sequence[float]) -> Callable[[float], str]:
    starts = {end: start for start, end in pairwise((0.0, *times))}

    def show(days: float) -> str:
        hazard = implied.mean_hazard(starts[days], days)
        return NO_VALUE if math.isnan(hazard) else f"{hazard * DAYS_PER_MONTH:.3g}"

    return show


def landmark_tables(
    times: Sequence[float], rows: Sequence[Row], *, with_median: bool = True
) -> list[str]:
    """A table with a column a landmark; of many landmarks, several tables below each other."""
    lines: list[str] = []
    for start in range(0, len(times), _LANDMARKS_A_TABLE):
        chosen = times[start : start + _LANDMARKS_A_TABLE]
        median = with_median and start == 0
        header = ["", *(["median"] if median else []), *(_short(duration(t)) for t in chosen)]
        cells = [
            [name, *([_short(middle)] if median else []), *(show(t) for t in chosen)]
            for name, middle, show in rows
        ]
        lines += table(header, cells)
    return lines


def _short(time: str) -> str:
    """Abbreviate the unit of a time, for tables."""
    for unit, short in (("months", "mo"), ("month", "mo"), ("weeks", "wk"), ("days", "d")):
        time = time.replace(unit, short)
    return time


def _survival(trial: Trial, truth: LatentTruth) -> list[str]:
    """Latent PFS, OS and DOR as they follow from the parts."""
    named: list[tuple[str, Endpoint]] = [
        ("Progression-free survival (PFS)", "pfs"),
        ("Overall survival (OS)", "os"),
        ("Duration of response (DOR)", "dor"),
    ]
    rows: list[Row] = [
        (name, in_months(truth.median(endpoint)), _rate(truth, endpoint))
        for name, endpoint in named
        if not math.isnan(truth.median(endpoint))
    ]
    begun = percent(truth.responders)
    return [
        *paragraph("Together, by formula: latent survival of all patients"),
        *landmark_tables(landmarks(trial), rows),
        *paragraph(
            f"A response begins before progression and death in {begun} of patients; DOR is "
            "latent too, from that day on."
            if truth.responders
            else "Nobody responds, so there is no DOR."
        ),
    ]


def _rate(truth: LatentTruth, endpoint: Endpoint) -> Callable[[float], str]:
    return lambda days: percent(truth.rate(endpoint, days)) if days <= TABLE_DAYS else NO_VALUE


def _factors(trial: Trial) -> list[str]:
    """Prognostic factors and the effect of dose intensity, and why no survival is given."""
    factors, intensity = trial.disease.prognostic_factors, trial.disease.dose_intensity
    texts = [_factor(trial, factor) for factor in factors]
    why = ["prognostic factors"] if factors else []
    if intensity is not None:
        why.append("an effect of dose intensity")
        texts.append(
            f"Dose intensity, a what-if: for each 10% of relative dose intensity of "
            f"{intensity.drug} lost so far, the hazard of progression is multiplied by "
            f"{intensity.hazard_ratio_per_10_percent:g}. {_lost_by_delays(trial)}"
        )
    return [
        *paragraphs(*texts),
        *paragraph(
            f"Latent PFS, OS and DOR are left out: with {listing(why)}, patients have hazards of "
            "their own, and the survival of all of them together has no formula. Simulated trials "
            "show it."
        ),
    ]


def _lost_by_delays(trial: Trial) -> str:
    """A warning: what the effect of dose intensity counts as lost besides toxicity."""
    share = 1.0 - trial.treatment.cycle_length / mean_distance(trial.treatment)
    text = "All that is given late counts as lost, whatever the reason"
    if share < _FELT:
        return f"{text}, not only what adverse events delay, omit or reduce."
    return (
        f"{text}: delays that no adverse event causes lose about {100 * share:.0f}% in the long "
        "run, so that patients without any adverse event have a higher hazard too."
    )


def _factor(trial: Trial, factor: PrognosticFactor) -> str:
    title = trial.baseline.variable(factor.variable).title
    return (
        f"Prognostic factor, {title} {factor.level} against all others: hazard ratio "
        f"{factor.progression:g} of progression, {factor.death:g} of death without progression, "
        f"{factor.death_after_progression:g} of death after progression."
    )
