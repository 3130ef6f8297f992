"""Tests of two arms by their definition: sums day by day, all pairs of patients, other programs."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from lifelines import KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time
from naive_looks import MONTH, NaiveTrial
from scipy import stats
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.proportion import test_proportions_2indep

from simulate.scenario import testing
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.testing import CombinedWeight, TestBlock, TestName, is_stratified

Row = tuple[int, bool]
"""Time, and whether it is of an event."""

NOTHING = 1e-12

test_proportions_2indep.__test__ = False  # of statsmodels: no test of ours


def naive_statistic(
    trial: NaiveTrial, hypothesis: Hypothesis, test: TestName | TestBlock, day: int
) -> float:
    """The statistic of a test of a hypothesis at a trial day."""
    match test:
        case testing.ResponseTest():
            return _of_responses(trial, hypothesis, day, stratified=is_stratified(test))
        case _ if hypothesis.endpoint == "ORR":
            return math.nan  # a test of times says nothing of a rate
        case testing.WinRatio(order=order, measure=measure):
            return over_error(*_of_pairs(trial, hypothesis, order, measure, day))
        case testing.RestrictedMean(until=until):
            return over_error(*_of_means(trial, hypothesis, until, day))
        case testing.Milestone(time=time, scale=scale):
            return over_error(*_of_milestones(trial, hypothesis, time, scale, day))
        case testing.MaxCombo(weights=weights):
            return _largest(trial, hypothesis, weights, day, stratified=is_stratified(test))
        case testing.FlemingHarrington(rho=rho, gamma=gamma):
            weights = (CombinedWeight.model_construct(rho=rho, gamma=gamma),)
        case testing.ModestlyWeighted(delay=delay, survival=survival):
            weights = (CombinedWeight.model_construct(delay=delay, survival=survival),)
        case _:
            weights = (CombinedWeight.model_construct(rho=0.0, gamma=0.0),)
    return _largest(trial, hypothesis, weights, day, stratified=is_stratified(test))


def over_error(effect: float, variance: float) -> float:
    """A difference over its standard error; nan if it has none."""
    return effect / math.sqrt(variance) if variance > NOTHING else math.nan


def naive_estimates(
    trial: NaiveTrial, hypothesis: Hypothesis, test: TestName | TestBlock, day: int
) -> dict[str, float]:
    """What a test estimates, by the end of its column."""
    if hypothesis.endpoint == "ORR":
        return {}  # a test of times says nothing of a rate
    match test:
        case testing.WinRatio(order=order, measure=measure):
            name = "log_win_ratio" if measure == "win_ratio" else measure
            effect, variance = _of_pairs(trial, hypothesis, order, measure, day)
        case testing.RestrictedMean(until=until):
            name, (effect, variance) = "difference", _of_means(trial, hypothesis, until, day)
            effect, variance = effect / MONTH, variance / MONTH**2
        case testing.Milestone(time=time):
            name = "difference"
            effect, variance = _of_milestones(trial, hypothesis, time, "linear", day)
        case testing.MaxCombo(weights=weights):
            stratified = is_stratified(test)
            z = [
                _largest(trial, hypothesis, (each,), day, stratified=stratified) for each in weights
            ]
            known = [each for each in z if not math.isnan(each)]
            return {"largest_weight": 1 + z.index(max(known)) if known else math.nan}
        case _:
            return {}
    error = math.sqrt(variance) if variance > NOTHING / MONTH**2 else math.nan
    return {name: effect, f"{name}_se": error}


# ---- rates ----------------------------------------------------------------------------------


def response_tables(
    trial: NaiveTrial, hypothesis: Hypothesis, day: int, *, stratified: bool
) -> list[npt.NDArray[np.int64]]:
    """A table a stratum: arms by responders and others; strata with one arm only are left out."""
    sample = trial.sample("ORR", day, hypothesis.population)
    found = []
    for stratum in sorted({p.stratum for p, _, _ in sample}) if stratified else [None]:
        rows = [
            [sum(p.arm == arm and e == is_event for p, e in some) for is_event in (True, False)]
            for some in [[(p, e) for p, _, e in sample if stratum in (None, p.stratum)]]
            for arm in (hypothesis.experimental, hypothesis.control)
        ]
        found.append(np.array(rows))
    return [table for table in found if table.sum(axis=1).min() > 0]


def _of_responses(
    trial: NaiveTrial, hypothesis: Hypothesis, day: int, *, stratified: bool
) -> float:
    tables = response_tables(trial, hypothesis, day, stratified=stratified)
    difference = variance = 0.0
    for table in tables:
        n1, n2, n, d = *table.sum(axis=1), table.sum(), table[:, 0].sum()
        difference += table[0, 0] - d * n1 / n
        variance += n1 * n2 * d * (n - d) / (n * n * (n - 1))
    if not variance > NOTHING:
        return math.nan
    if stratified:
        with np.errstate(all="ignore"):
            theirs = StratifiedTable(tables).test_null_odds(correction=False).statistic
        assert math.isclose(difference**2 / variance, theirs, rel_tol=1e-9, abs_tol=1e-12)
    else:
        (one, _), (two, _) = tables[0].tolist()
        n1, n2 = tables[0].sum(axis=1).tolist()
        with np.errstate(all="ignore"):  # it divides by rates of 0, too
            theirs = test_proportions_2indep(one, n1, two, n2, value=0.0, method="score").statistic
        assert math.isclose(difference / math.sqrt(variance), theirs, abs_tol=1e-7)
    return float(difference / math.sqrt(variance))


# ---- weighted -------------------------------------------------------------------------------


def _strata(
    trial: NaiveTrial, hypothesis: Hypothesis, day: int, *, stratified: bool
) -> Iterator[tuple[list[Row], list[Row]]]:
    sample = trial.of(hypothesis, day)
    for stratum in sorted({p.stratum for p, _, _ in sample}) if stratified else [None]:
        rows = [(p, t, e) for p, t, e in sample if stratum is None or p.stratum == stratum]
        yield (
            [(t, e) for p, t, e in rows if p.arm == hypothesis.experimental],
            [(t, e) for p, t, e in rows if p.arm == hypothesis.control],
        )


def _largest(
    trial: NaiveTrial,
    hypothesis: Hypothesis,
    weights: tuple[CombinedWeight, ...],
    day: int,
    *,
    stratified: bool,
) -> float:
    total, covariance = np.zeros(len(weights)), np.zeros((len(weights), len(weights)))
    for one, two in _strata(trial, hypothesis, day, stratified=stratified):
        everybody = [*one, *two]
        if not everybody:
            continue
        fit = KaplanMeierFitter().fit([t for t, _ in everybody], [e for _, e in everybody])
        for time in sorted({t for t, e in everybody if e}):
            n1, n2 = (sum(t >= time for t, _ in arm) for arm in (one, two))
            d1, d2 = (sum(t == time and e for t, e in arm) for arm in (one, two))
            n, d = n1 + n2, d1 + d2
            before = float(fit.predict(time - 0.5)) if time > 0 else 1.0
            w = np.array([_weight(each, before, fit) for each in weights])
            total += w * (d * n1 / n - d1)
            if n > 1:
                covariance += np.outer(w, w) * (d * n1 / n * n2 / n * (n - d) / (n - 1))
    known = [k for k in range(len(weights)) if covariance[k, k] > NOTHING]
    if not known:
        return math.nan
    sd = np.sqrt(np.diag(covariance)[known])
    z = float(np.max(total[known] / sd))
    if len(known) == 1:
        return z
    correlation = covariance[np.ix_(known, known)] / np.outer(sd, sd)
    below = stats.multivariate_normal.cdf(
        np.full(len(known), z), cov=np.minimum(correlation, 1.0), allow_singular=True
    )
    return float(stats.norm.isf(1 - below))


def _weight(weight: CombinedWeight, before: float, fit: KaplanMeierFitter) -> float:
    if weight.delay is not None:
        return 1 / max(before, float(fit.predict(weight.delay)))
    if weight.survival is not None:
        return 1 / max(before, weight.survival)
    return float(before ** (weight.rho or 0) * (1 - before) ** (weight.gamma or 0))


# ---- curves ---------------------------------------------------------------------------------


def _arms(trial: NaiveTrial, hypothesis: Hypothesis, day: int) -> list[list[Row]]:
    (arms,) = _strata(trial, hypothesis, day, stratified=False)
    return list(arms)


def _fitted(rows: list[Row], limit: float) -> KaplanMeierFitter | None:
    """The curve of an arm that was followed to a limit, or until nobody was left."""
    if not rows:
        return None
    times, events = zip(*rows, strict=True)
    fit = KaplanMeierFitter().fit(times, events)
    return fit if max(times) >= limit or fit.survival_function_.iloc[-1, 0] == 0 else None


def _greenwood(rows: list[Row]) -> Iterator[tuple[int, float]]:
    """Event days, and the terms of Greenwood's sum; none where nobody is left."""
    for time in sorted({t for t, e in rows if e}):
        m, d = sum(t >= time for t, _ in rows), sum(t == time and e for t, e in rows)
        yield time, d / (m * (m - d)) if m > d else 0.0


def _of_means(
    trial: NaiveTrial, hypothesis: Hypothesis, until: float, day: int
) -> tuple[float, float]:
    """Difference and variance, in days."""
    means, variance = [], 0.0
    for rows in _arms(trial, hypothesis, day):
        fit = _fitted(rows, until)
        if fit is None:
            return math.nan, math.nan
        means.append(restricted_mean_survival_time(fit, until))
        for time, term in _greenwood(rows):
            if time <= until:
                before = restricted_mean_survival_time(fit, time) if time > 0 else 0.0
                variance += (means[-1] - before) ** 2 * term
    return float(means[0] - means[1]), float(variance)


def _of_milestones(
    trial: NaiveTrial, hypothesis: Hypothesis, time: float, scale: str, day: int
) -> tuple[float, float]:
    """Difference and variance on a scale."""
    found = []
    for rows in _arms(trial, hypothesis, day):
        fit = _fitted(rows, time)
        if fit is None:
            return math.nan, math.nan
        found.append((float(fit.predict(time)), sum(g for t, g in _greenwood(rows) if t <= time)))
    (s1, g1), (s2, g2) = found
    if scale == "linear":
        variance, difference = s1 * s1 * g1 + s2 * s2 * g2, s1 - s2
    elif min(s1, s2) <= 0 or max(s1, s2) >= 1:
        return math.nan, math.nan
    else:
        variance = g1 / math.log(s1) ** 2 + g2 / math.log(s2) ** 2
        difference = math.log(-math.log(s2)) - math.log(-math.log(s1))
    return difference, variance


# ---- pairs ----------------------------------------------------------------------------------


def _result(one: list[Row], other: list[Row]) -> int:
    """1 if the first patient wins, -1 if the second does; endpoints in order."""
    for (day, event), (other_day, other_event) in zip(one, other, strict=True):
        if other_event and (other_day < day or (other_day == day and not event)):
            return 1
        if event and (day < other_day or (day == other_day and not other_event)):
            return -1
    return 0


def _of_pairs(
    trial: NaiveTrial, hypothesis: Hypothesis, order: tuple[str, ...], measure: str, day: int
) -> tuple[float, float]:
    """Effect and variance."""
    samples = [trial.sample(endpoint, day, hypothesis.population) for endpoint in order]
    patients = [p for p, _, _ in samples[0]]
    ends = [[(s[i][1], s[i][2]) for s in samples] for i in range(len(patients))]
    first, second = (
        [e for p, e in zip(patients, ends, strict=True) if p.arm == arm]
        for arm in (hypothesis.experimental, hypothesis.control)
    )
    if min(len(first), len(second)) == 0:
        return math.nan, math.nan
    table = np.array([[_result(a, b) for b in second] for a in first])
    parts = [(table == 1).astype(float), (table == -1).astype(float)]
    covariance: npt.NDArray[np.float64] = np.zeros((2, 2))
    for axis in (0, 1):
        means = np.array([part.mean(axis=axis) for part in parts])
        lone = means.shape[1] < 2
        covariance += np.full((2, 2), math.nan) if lone else np.cov(means) / means.shape[1]
    won, lost = (float(part.mean()) for part in parts)
    if measure == "net_benefit":
        slope, effect = np.array([1.0, -1.0]), won - lost
    elif min(won, lost) == 0:
        return math.nan, math.nan
    else:
        slope, effect = np.array([1 / won, -1 / lost]), math.log(won / lost)
    return effect, float(slope @ covariance @ slope)
