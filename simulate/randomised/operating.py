"""Operating characteristics of a randomised trial, each with its Monte Carlo error.

Power (or type I error), where and why trials stop, their size, events and time, and what the
estimates are worth after stopping. Tidy, with the columns of all operating characteristics.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from types import MappingProxyType

import numpy as np
import pandas as pd

from simulate.distributions import FloatArray
from simulate.monte_carlo import Estimate, Z, mean, proportion
from simulate.operating import OPERATING_COLUMNS
from simulate.randomised.effects import effects
from simulate.randomised.measure import Measure, distribution
from simulate.randomised.outcomes import FUTILE, NOT_REJECTED, REJECTED, Outcomes
from simulate.randomised.rates import counts_of_hypothesis, rates_of_hypothesis
from simulate.randomised.side_by_side import OWN, side_by_side
from simulate.randomised.versions import agreement, paired_versions
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.populations import population_in_words, population_of
from simulate.scenario.testing import is_log_rank
from simulate.units import DAYS_PER_MONTH

POPULATION = "ITT"
"""All randomised patients."""

ALL_LOOKS, AT_STOP = "all", "stop"
"""What stands for the analysis where a measure is of all looks, or of the last one made."""

_ALL = "all"

_OF_ENDPOINTS = ("median", "events", "rmst", "evaluable", "rate")
"""What is told of an endpoint at a look; beside rates at landmarks."""

_NO_RATES: Mapping[str, float] = MappingProxyType({})

_NONE: Mapping[str, Mapping[str, float]] = MappingProxyType({})

_REASONS = {REJECTED: "efficacy", FUTILE: "futility", NOT_REJECTED: "end"}


def operating_characteristics(
    scenario: str,
    outcomes: Outcomes,
    true_log_hr: Mapping[str, float],
    posterior: Outcomes | None = None,
    true_nulls: Collection[str] = (),
    average_log_hr: Mapping[str, Mapping[str, float]] = _NONE,
    true_difference: Mapping[str, float] = _NO_RATES,
) -> pd.DataFrame:
    """Operating characteristics of a randomised trial.

    Parameters
    ----------
    scenario : str
        Its name.
    outcomes : Outcomes
        Its replicates.
    true_log_hr : mapping of str to float
        True log hazard ratio by the name of the hypothesis, for bias and coverage.
    posterior : Outcomes
        Replicates over posterior draws, if there are any: the measure ``reject_over_draws`` is the
        power averaged over them, known as assurance.
    true_nulls : collection of str
        Names of the hypotheses of no effect that are true; of several hypotheses, how often any of
        these is rejected is the measure ``familywise_error``.
    average_log_hr : mapping of str to mapping of str to float
        For hypotheses without a true one: by name and analysis, log of the average hazard ratio
        that theory expects at the look. Bias and coverage against that of the look that decides
        are the measures ``bias_of_average``, ``coverage_of_average`` and
        ``bias_of_average_if_rejected``.
    true_difference : mapping of str to float
        True difference of response rates by the name of the hypothesis, for bias and coverage.

    Returns
    -------
    DataFrame
        With :data:`simulate.operating.OPERATING_COLUMNS`.
    """
    populations = {
        each.name: population_in_words(population_of(each.population))
        for each in outcomes.hypotheses
        if each.population
    }
    rows = [
        (
            scenario,
            m.analysis,
            populations.get(m.hypothesis, POPULATION),
            m.endpoint,
            m.reader or outcomes.readers.get(m.endpoint, ""),
            m.arm,
            m.hypothesis,
            m.name,
            *m.estimate.row,
        )
        for m in chain(
            measures(outcomes, true_log_hr, true_nulls, average_log_hr, true_difference),
            _over_draws(outcomes, posterior),
        )
    ]
    return pd.DataFrame(rows, columns=list(OPERATING_COLUMNS))


def measures(
    outcomes: Outcomes,
    true_log_hr: Mapping[str, float],
    true_nulls: Collection[str] = (),
    average_log_hr: Mapping[str, Mapping[str, float]] = _NONE,
    true_difference: Mapping[str, float] = _NO_RATES,
) -> Iterator[Measure]:
    """Every measure of a trial."""
    yield from _of_the_trial(outcomes)
    yield from _several(outcomes, true_nulls)
    for hypothesis in outcomes.hypotheses:
        yield from _of_hypothesis(outcomes, hypothesis)
        yield from counts_of_hypothesis(outcomes, hypothesis)
        if outcomes.events_of(hypothesis.endpoint) == "ORR":
            truth = true_difference.get(hypothesis.name, math.nan)
            yield from rates_of_hypothesis(outcomes, hypothesis, truth)
            continue
        yield from _estimates(
            outcomes,
            hypothesis,
            true_log_hr.get(hypothesis.name, math.nan),
            average_log_hr.get(hypothesis.name, {}),
        )
    yield from paired_versions(outcomes)
    for analysis in outcomes.analyses:
        yield from _of_look(outcomes, analysis.name)
        yield from agreement(outcomes, analysis.name)


def _over_draws(outcomes: Outcomes, posterior: Outcomes | None) -> Iterator[Measure]:
    """Power averaged over posterior draws of the parameters."""
    for hypothesis in outcomes.hypotheses if posterior is not None else ():
        assert posterior is not None
        share = proportion(posterior.rejects(hypothesis))
        yield Measure(
            ALL_LOOKS, hypothesis.endpoint, _ALL, hypothesis.name, "reject_over_draws", share
        )


# ---- the trial ------------------------------------------------------------------------------


def _of_the_trial(outcomes: Outcomes) -> Iterator[Measure]:
    """How long trials are, how large, and how many end at each look."""
    sizes = {
        "sample_size": outcomes.at_stop("n_enrolled_at_decision"),
        "duration": outcomes.decision_day / DAYS_PER_MONTH,
        "cut_time": outcomes.at_stop("cut_day") / DAYS_PER_MONTH,
    }
    for name, values in sizes.items():
        yield from distribution(AT_STOP, "", _ALL, "", name, values)
    for endpoint in outcomes.told_endpoints:
        values = outcomes.at_stop(f"{endpoint.lower()}.events")
        yield from distribution(AT_STOP, endpoint, _ALL, "", "events", values)
    for look, analysis in enumerate(outcomes.analyses):
        ended = outcomes.stopped_at == look
        yield Measure(analysis.name, "", _ALL, "", "stop", proportion(ended))


def _several(outcomes: Outcomes, true_nulls: Collection[str]) -> Iterator[Measure]:
    """Power of any and of all hypotheses, and the error with true ones, where there are several."""
    if len(outcomes.hypotheses) < 2:
        return
    rejected = np.stack([outcomes.rejects(each) for each in outcomes.hypotheses])
    yield Measure(ALL_LOOKS, "", _ALL, "any", "reject", proportion(rejected.any(axis=0)))
    yield Measure(ALL_LOOKS, "", _ALL, "all", "reject", proportion(rejected.all(axis=0)))
    is_true = [each.name in true_nulls for each in outcomes.hypotheses]
    if any(is_true):
        error = proportion(rejected[is_true].any(axis=0))
        yield Measure(ALL_LOOKS, "", _ALL, "", "familywise_error", error)


def _of_look(outcomes: Outcomes, analysis: str) -> Iterator[Measure]:
    """What is found at a look, given that it is made."""
    column = outcomes.looks.column
    made = ~np.isnan(column(analysis, "cut_day"))
    yield Measure(analysis, "", _ALL, "", "made", proportion(made))
    reached = column(analysis, "target_reached")
    yield Measure(
        analysis,
        "",
        _ALL,
        "",
        "target_not_reached",
        proportion(np.where(made, 1 - reached, np.nan)),
    )
    time = column(analysis, "cut_day") / DAYS_PER_MONTH
    yield from distribution(analysis, "", _ALL, "", "cut_time", time)
    for name in ("n_enrolled", "overshoot"):
        values = column(analysis, name)
        if not np.isnan(values).all():
            yield from distribution(analysis, "", _ALL, "", name, values)
    for name in outcomes.looks.names:
        yield from _by_endpoint(outcomes, analysis, name)


def _by_endpoint(outcomes: Outcomes, analysis: str, name: str) -> Iterator[Measure]:
    """A statistic of an endpoint, of all arms or of one: ``pfs.median.control``."""
    key, _, rest = name.partition(".")
    endpoint = {each.lower(): each for each in outcomes.endpoints}.get(key)
    values = outcomes.looks.column(analysis, name)
    if endpoint is None or np.isnan(values).all():
        return
    statistic, _, arm = rest.partition(".")
    if statistic in _OF_ENDPOINTS or statistic.startswith("rate_"):
        yield from distribution(analysis, endpoint, arm or _ALL, "", statistic, values)


# ---- hypotheses -----------------------------------------------------------------------------


def _of_hypothesis(outcomes: Outcomes, hypothesis: Hypothesis) -> Iterator[Measure]:
    """Power, and where and why a hypothesis is decided."""
    endpoint, name = hypothesis.endpoint, hypothesis.name
    yield Measure(ALL_LOOKS, endpoint, _ALL, name, "reject", power_of(outcomes, hypothesis))
    yield from _undefined(outcomes, hypothesis)
    for decision, reason in _REASONS.items():
        if decision == FUTILE and hypothesis.futility is None:
            continue
        decided = outcomes.decided(hypothesis, decision)
        if decision != REJECTED:
            estimate = proportion(decided.any(axis=0))
            yield Measure(ALL_LOOKS, endpoint, _ALL, name, f"stop_{reason}", estimate)
        for look in outcomes.decided_looks(hypothesis):
            analysis = outcomes.analyses[look].name
            yield Measure(
                analysis, endpoint, _ALL, name, f"stop_{reason}", proportion(decided[look])
            )
            if decision == REJECTED:
                by_then = decided[: look + 1].any(axis=0)
                yield Measure(analysis, endpoint, _ALL, name, "reject_by_then", proportion(by_then))
    for look in outcomes.decided_looks(hypothesis):
        yield from _bounds(outcomes, hypothesis, outcomes.analyses[look].name)
    yield from _of_tests(outcomes, hypothesis)
    yield from effects(outcomes, hypothesis)


def _of_tests(outcomes: Outcomes, hypothesis: Hypothesis) -> Iterator[Measure]:
    """How often the tests of a hypothesis are significant at its looks."""
    for share in side_by_side(outcomes, hypothesis):
        key = (share.analysis, hypothesis.endpoint, _ALL, hypothesis.name)
        if share.undefined.estimate > 0:
            yield Measure(*key, f"{share.column}.undefined", share.undefined)
        yield Measure(*key, f"{share.column}.significant", share.significant)
        if share.column != OWN:
            yield Measure(*key, f"{share.column}.significant.difference", share.difference)
        if share.beyond_bound.n_analysed:
            yield Measure(*key, f"{share.column}.beyond_bound", share.beyond_bound)


def power_of(outcomes: Outcomes, hypothesis: Hypothesis) -> Estimate:
    """How often a hypothesis is rejected, of all trials.

    Trials whose statistic was not defined when they decided do not reject: they are part of the
    share as such, and are counted as failed.
    """
    found = proportion(outcomes.rejects(hypothesis))
    return replace(found, n_analysed=outcomes.n - int(outcomes.undefined(hypothesis).sum()))


def _undefined(outcomes: Outcomes, hypothesis: Hypothesis) -> Iterator[Measure]:
    """How often the statistic is not defined, and what is rejected where it is."""
    key = (hypothesis.endpoint, _ALL, hypothesis.name)
    for look in outcomes.decided_looks(hypothesis):
        analysis = outcomes.analyses[look].name
        undefined = outcomes.undefined_at(hypothesis, analysis)
        if undefined.any():
            made = ~np.isnan(outcomes.looks.column(analysis, "cut_day"))
            share = proportion(np.where(made, undefined, np.nan))
            yield Measure(analysis, *key, "undefined", share)
    undefined = outcomes.undefined(hypothesis)
    if undefined.any():
        yield Measure(ALL_LOOKS, *key, "undefined", proportion(undefined))
        given = np.where(undefined, np.nan, outcomes.rejects(hypothesis))
        yield Measure(ALL_LOOKS, *key, "reject_if_defined", proportion(given))


def _bounds(outcomes: Outcomes, hypothesis: Hypothesis, analysis: str) -> Iterator[Measure]:
    """Information and bounds of a look as they were at the events that there actually were."""
    for name in ("tested_events", "fraction", "efficacy_bound", "futility_bound", "z", "level"):
        if not outcomes.has(f"{hypothesis.name}.{name}"):
            continue
        values = outcomes.looks.column(analysis, f"{hypothesis.name}.{name}")
        known = np.isfinite(values) & outcomes.is_open(hypothesis, analysis)
        if known.any():
            finite = np.where(known, values, np.nan)
            yield from distribution(
                analysis, hypothesis.endpoint, _ALL, hypothesis.name, name, finite
            )
    bound = detectable_hazard_ratio(outcomes, hypothesis, analysis)
    if is_log_rank(hypothesis.test) and np.isfinite(bound).any():
        yield from distribution(
            analysis, hypothesis.endpoint, _ALL, hypothesis.name, "hazard_ratio_at_bound", bound
        )


def detectable_hazard_ratio(
    outcomes: Outcomes, hypothesis: Hypothesis, analysis: str
) -> FloatArray:
    """Largest observed hazard ratio that rejects at a look, in every replicate.

    The efficacy bound on Z times the standard error of the log hazard ratio that events and
    allocation give: ``exp(-z * sqrt((1 + r)^2 / (r d)))`` (Schoenfeld 1981), r being the ratio of
    the patients in the two arms.
    """
    column = outcomes.looks.column
    z = column(analysis, f"{hypothesis.name}.efficacy_bound")
    events = column(analysis, f"{hypothesis.name}.tested_events")
    experimental = column(analysis, f"n_enrolled.{hypothesis.experimental}")
    control = column(analysis, f"n_enrolled.{hypothesis.control}")
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = experimental / control
        found = np.exp(-z * np.sqrt((1 + ratio) ** 2 / (ratio * events)))
    return np.where(np.isfinite(z), found, np.nan)


def _estimates(
    outcomes: Outcomes, hypothesis: Hypothesis, truth: float, averages: Mapping[str, float]
) -> Iterator[Measure]:
    """The hazard ratio at the decision: its distribution, bias and coverage."""
    endpoint, name = hypothesis.endpoint, hypothesis.name
    if not outcomes.has(f"{name}.log_hr"):
        return
    log_hr = outcomes.log_hazard_ratio(hypothesis)
    error = outcomes.log_hazard_ratio(hypothesis, error=True)
    finite = np.isfinite(log_hr) & np.isfinite(error)
    log_hr = np.where(finite, log_hr, np.nan)
    yield from distribution(AT_STOP, endpoint, _ALL, name, "hazard_ratio", np.exp(log_hr))
    yield Measure(AT_STOP, endpoint, _ALL, name, "log_hazard_ratio.mean", mean(log_hr))
    of, right = "", np.full(outcomes.n, truth)
    if math.isnan(truth):
        by_look = np.array([averages.get(a.name, math.nan) for a in outcomes.analyses])
        of, right = "_of_average", by_look[outcomes.estimated_at(hypothesis)]
    if np.isnan(right[finite]).any() or np.isnan(right).all():
        return  # trials of which it is not known may not be left out: they are not like the others
    away = log_hr - right
    covers = np.where(np.isfinite(away), np.abs(away) <= Z * error, np.nan)
    given = np.where(outcomes.rejects(hypothesis), away, np.nan)
    for measure, estimate in (
        (f"bias{of}", mean(away)),
        (f"coverage{of}", proportion(covers)),
        (f"bias{of}_if_rejected", mean(given)),
    ):
        yield Measure(AT_STOP, endpoint, _ALL, name, f"log_hazard_ratio.{measure}", estimate)
