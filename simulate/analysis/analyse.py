"""Analyse data cuts: from derived endpoints to the statistics of each replicate."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from simulate.analysis.kaplan_meier_many import ManyKaplanMeier, kaplan_meier_many
from simulate.analysis.proportions import clopper_pearson
from simulate.analysis.stack import FloatArray, Stack
from simulate.analysis.statistics import SURVIVAL_ENDPOINTS, landmark_months, stop_statistic
from simulate.patient.assessment import (
    COMPLETE_RESPONSE,
    NOT_EVALUABLE,
    PARTIAL_RESPONSE,
    PROGRESSIVE_DISEASE,
    STABLE_DISEASE,
)
from simulate.patient.treatment import STOP_NAMES
from simulate.scenario.trial import Trial
from simulate.units import DAYS_PER_MONTH

Values = dict[str, FloatArray]


def analyse(trial: Trial, cuts: Stack) -> Values:
    """All statistics of every replicate.

    Parameters
    ----------
    trial : Trial
        The scenario: landmarks and confidence.
    cuts : Stack
        Derived endpoints of many replicates at one analysis.

    Returns
    -------
    dict of str to array, each of shape (n_replicates,)
        By the names of :func:`simulate.analysis.statistics.statistics_of`; nan where a replicate
        has nobody to analyse, infinity for a median that is not reached.
    """
    values = _enrolment(cuts) | _responses(cuts, trial.endpoints.confidence)
    for name in SURVIVAL_ENDPOINTS:
        values |= survival_statistics(name, fit(trial, cuts, name), landmark_months(trial))
    return values | _deaths_and_follow_up(trial, cuts) | _treatment(cuts)


def fit(
    trial: Trial,
    cuts: Stack,
    endpoint: str,
    *,
    rows: npt.NDArray[np.bool_] | None = None,
    grid: npt.ArrayLike | None = None,
) -> ManyKaplanMeier:
    """Kaplan-Meier of one endpoint in every replicate, of all patients or of some rows."""
    chosen = in_population(cuts, endpoint)
    if rows is not None:
        chosen &= rows
    return kaplan_meier_many(
        cuts.endpoints[f"{endpoint}_time"][chosen],
        cuts.endpoints[f"{endpoint}_event"][chosen],
        cuts.replicate[chosen],
        n_replicates=cuts.n_replicates,
        landmarks=trial.endpoints.landmarks,
        grid=grid,
        confidence=trial.endpoints.confidence,
    )


def in_population(cuts: Stack, endpoint: str) -> npt.NDArray[np.bool_]:
    """Patients whom the analysis of an endpoint includes."""
    if endpoint == "dor":
        return np.asarray(cuts.endpoints["dor_time"] > 0)
    if endpoint == "ttr":
        return np.asarray(cuts.endpoints["assessed"] == 1)
    return np.ones(len(cuts.replicate), bool)


def survival_statistics(name: str, curve: ManyKaplanMeier, months: tuple[str, ...]) -> Values:
    """The statistics of one Kaplan-Meier curve of every replicate, by name."""
    values: dict[str, npt.NDArray[np.generic]] = {
        f"{name}_events": curve.events,
        f"{name}_median": curve.median / DAYS_PER_MONTH,
        f"{name}_median_lower": curve.median_lower / DAYS_PER_MONTH,
        f"{name}_median_upper": curve.median_upper / DAYS_PER_MONTH,
    }
    for i, m in enumerate(months):
        values[f"{name}_rate_{m}"] = curve.survival[:, i]
        values[f"{name}_rate_{m}_lower"] = curve.lower[:, i]
        values[f"{name}_rate_{m}_upper"] = curve.upper[:, i]
        values[f"{name}_events_by_{m}"] = curve.events_by[:, i]
        values[f"{name}_at_risk_{m}"] = curve.at_risk[:, i]
    return _floats(values)


def response_counts(
    cuts: Stack, rows: npt.NDArray[np.bool_]
) -> Mapping[str, npt.NDArray[np.int64]]:
    """Patients of each replicate by best overall response, among some rows of the EAS."""
    rows = rows & (cuts.endpoints["assessed"] == 1)
    best = cuts.endpoints["best_response"]
    benefit = cuts.endpoints["benefit"] == 1
    cr, pr = (
        cuts.counts(rows & (best == COMPLETE_RESPONSE)),
        cuts.counts(rows & (best == PARTIAL_RESPONSE)),
    )
    return {
        "n_eas": cuts.counts(rows),
        "responders": cr + pr,
        "cr": cr,
        "pr": pr,
        "sd": cuts.counts(rows & (best == STABLE_DISEASE)),
        "sd_24wk": cuts.counts(rows & (best == STABLE_DISEASE) & benefit),
        "pd": cuts.counts(rows & (best == PROGRESSIVE_DISEASE)),
        "ne": cuts.counts(rows & (best == NOT_EVALUABLE)),
        "clinical_benefit": cuts.counts(rows & benefit),
    }


def _enrolment(cuts: Stack) -> Values:
    day = cuts.subjects["enrolment_trial_day"]
    everybody = np.ones(len(day), bool)
    return _floats(
        {
            "n_screened": cuts.screened,
            "n_enrolled": cuts.counts(everybody),
            "n_ss": cuts.counts(cuts.endpoints["cycles"] > 0),
            "enrolment_duration": cuts.quantiles(day, 1.0) - cuts.quantiles(day, 0.0),
        }
    )


def _responses(cuts: Stack, confidence: float) -> Values:
    counts = response_counts(cuts, np.ones(len(cuts.replicate), bool))
    values: dict[str, npt.NDArray[np.generic]] = dict(counts)
    n = counts["n_eas"]
    for name, count in (("orr", counts["responders"]), ("cbr", counts["clinical_benefit"])):
        limits = clopper_pearson(count, n, confidence=confidence)
        values[name] = np.divide(count, n, out=np.full(len(n), np.nan), where=n > 0)
        values[f"{name}_lower"], values[f"{name}_upper"] = limits
    return _floats(values)


def _deaths_and_follow_up(trial: Trial, cuts: Stack) -> Values:
    """Deaths, and follow-up: reverse Kaplan-Meier, in which a death is a censoring."""
    died = cuts.endpoints["os_event"] == 1
    as_event = cuts.endpoints["pfs_is_death"] == 1
    time = cuts.endpoints["os_time"]
    reverse = kaplan_meier_many(
        time,
        ~died,
        cuts.replicate,
        n_replicates=cuts.n_replicates,
        landmarks=(),
        confidence=trial.endpoints.confidence,
    )
    progressed = (cuts.endpoints["pfs_event"] == 1) & ~as_event
    return _floats(
        {
            "deaths": cuts.counts(died),
            "deaths_after_progression": cuts.counts(died & progressed),
            "deaths_without_progression": cuts.counts(as_event),
            "followup_median": reverse.median / DAYS_PER_MONTH,
            "followup_median_naive": cuts.quantiles(time, 0.5) / DAYS_PER_MONTH,
            "followup_min": cuts.quantiles(time, 0.0) / DAYS_PER_MONTH,
            "followup_max": cuts.quantiles(time, 1.0) / DAYS_PER_MONTH,
        }
    )


def _treatment(cuts: Stack) -> Values:
    ongoing = cuts.endpoints["on_treatment"] == 1
    values: dict[str, npt.NDArray[np.generic]] = {
        "on_treatment": cuts.counts(ongoing),
        "discontinued": cuts.counts(~ongoing),
        "stopped_without_pfs_event": cuts.counts(~ongoing & (cuts.endpoints["pfs_event"] == 0)),
        "cycles_more_than_6": cuts.counts(cuts.endpoints["cycles"] > 6),
    }
    for code, reason in enumerate(STOP_NAMES[1:], start=1):
        values[stop_statistic(reason)] = cuts.counts(cuts.endpoints["stop_reason"] == code)
    for name in ("exposure", "cycles"):
        for measure, probability in (("median", 0.5), ("min", 0.0), ("max", 1.0)):
            values[f"{name}_{measure}"] = cuts.quantiles(cuts.endpoints[name], probability)
    return _floats(values)


def _floats(values: Mapping[str, npt.NDArray[np.generic]]) -> Values:
    return {name: np.asarray(array, float) for name, array in values.items()}
