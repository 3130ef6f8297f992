"""The truth that estimates are held against: latent, and as scans can see it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from simulate.analysis.statistics import landmark_months
from simulate.build_plan import build_plan
from simulate.distributions import NEVER, TABLE_DAYS, FloatArray, ShortArray
from simulate.endpoints import endpoint_rules
from simulate.latent_truth import Endpoint, LatentTruth, has_formula, latent_truth
from simulate.monte_carlo import Estimate, exact, mean, proportion, quantile
from simulate.observed_truth import TRUTH_PATIENTS, ObservedTruth, observed_truth
from simulate.scenario.trial import Trial
from simulate.units import DAYS_PER_MONTH

LATENT, OBSERVED = "latent", "observed"

DELAY = "detection_delay"
"""Statistic: mean days from true to documented progression, of all progressions documented."""

TRUTH_COLUMNS = ("endpoint", "measure", "kind", "estimate", "mcse", "n_patients")


@dataclass(frozen=True)
class Truth:
    """True values by (statistic name, kind); rates as fractions, medians in months."""

    values: dict[tuple[str, str], Estimate]
    pfs: dict[str, FloatArray] = field(default_factory=dict)
    """Progression-free survival by kind: P(AVAL > d) at index d, in days up to twenty years."""

    def value(self, statistic: str, kind: str) -> float:
        """True value of a statistic, nan if it has none of this kind."""
        estimate = self.values.get((statistic, kind))
        return math.nan if estimate is None else estimate.estimate

    def table(self) -> pd.DataFrame:
        """All true values with their Monte Carlo errors; 0 patients stands for a formula."""
        rows = [
            (statistic, kind, e.estimate, e.mcse, e.n_analysed)
            for (statistic, kind), e in self.values.items()
        ]
        return pd.DataFrame(rows, columns=["statistic", "kind", "estimate", "mcse", "n_patients"])


def find_truth(
    trial: Trial, *, seed: int, n_patients: int = TRUTH_PATIENTS, workers: int = 1
) -> Truth:
    """Find the truth of a scenario.

    Replicates that take posterior draws have no truth in common, and none is given. Where doses
    decide what is true (an effect of dose intensity) or what scans see (visits that move with the
    cycles), there is no truth without a trial, and none of that kind is given.

    Latent survival comes by formula where there is one, else from the same patients as the
    scan-observed truth: one uncensored simulation on a reserved range of replicates.

    Parameters
    ----------
    trial : Trial
        The scenario.
    seed : int
        Seed of the run.
    n_patients : int
        Patients of the uncensored simulation.
    workers : int
        Threads.
    """
    values: dict[tuple[str, str], Estimate] = {}
    if trial.draws is not None:
        return Truth(values)
    if trial.disease.dose_intensity is not None:
        return Truth(values)  # progression then depends on the doses of each patient
    plan = build_plan(trial, horizon=TABLE_DAYS)
    observed = observed_truth(
        plan, endpoint_rules(trial), seed=seed, n_patients=n_patients, workers=workers
    )
    formula = latent_truth(plan) if has_formula(plan) else None
    values |= _latent(trial, formula, observed)
    pfs = {LATENT: _curve(observed.latent_pfs)}
    if formula is not None:
        # an event on day d of the clock has the analysis value d + 1
        pfs[LATENT] = np.concatenate([[1.0], formula.pfs[:-1]])
    if trial.assessment.moves_with_cycles:
        return Truth(values, pfs)  # what scans see then depends on the doses of each patient
    pfs[OBSERVED] = _curve(observed.observed_pfs)
    values |= _survival(trial, "pfs", OBSERVED, observed.observed_pfs)
    values |= _survival(trial, "os", OBSERVED, observed.os)
    values |= _survival(trial, "dor", OBSERVED, observed.observed_dor)
    in_eas = observed.assessed == 1
    values["orr", OBSERVED] = proportion(observed.responder[in_eas])
    values["cbr", OBSERVED] = proportion(observed.benefit[in_eas])
    values |= _delays(trial, observed)
    return Truth(values, pfs)


class Segment(NamedTuple):
    """A stretch of the scan calendar with scans at one distance."""

    statistic: str
    """Name of the detection delay of progressions in it."""
    first: int
    """First day."""
    last: int | None
    """Last day, that of a scan; None for the last segment."""
    every: int
    """Days between scans."""


def segments(trial: Trial) -> list[Segment]:
    """Segments of the scan calendar; none where it has one row, or where there is no calendar."""
    rows = trial.assessment.calendar
    if trial.assessment.is_continuous or len(rows) == 1:
        return []
    found, first = [], 1
    for row in rows:
        start = f"_from_day_{first}" if first > 1 else ""
        end = f"_to_day_{row.until}" if row.until is not None else ""
        found.append(Segment(f"{DELAY}{start}{end}", first, row.until, row.every))
        first = (row.until or 0) + 1
    return found


def _delays(trial: Trial, observed: ObservedTruth) -> dict[tuple[str, str], Estimate]:
    """Mean delay from true to documented progression: of all, and by segment of the calendar.

    Requested are the true progressions, failed those that nobody documents before death.
    """
    truly, seen = observed.progression, observed.documented
    delay = np.where(seen < NEVER, seen - truly, np.nan)
    values = {(DELAY, OBSERVED): mean(delay[truly < NEVER])}
    for segment in segments(trial):
        last = NEVER - 1 if segment.last is None else segment.last
        within = (truly >= segment.first) & (truly <= last)
        values[segment.statistic, OBSERVED] = mean(delay[within])
    return values


def _curve(times: ShortArray) -> FloatArray:
    """Survival function of uncensored times in days, by day."""
    counts = np.bincount(np.minimum(times, TABLE_DAYS + 1), minlength=TABLE_DAYS + 2)
    return np.asarray(1.0 - np.cumsum(counts)[: TABLE_DAYS + 1] / len(times))


def _latent(
    trial: Trial, truth: LatentTruth | None, observed: ObservedTruth
) -> dict[tuple[str, str], Estimate]:
    """Latent survival: by formula if there is one, else of simulated patients."""
    if truth is None:
        return (
            _survival(trial, "pfs", LATENT, observed.latent_pfs)
            | _survival(trial, "os", LATENT, observed.os)
            | _survival(trial, "dor", LATENT, observed.latent_dor)
        )
    values: dict[tuple[str, str], Estimate] = {}
    endpoints: tuple[Endpoint, ...] = ("pfs", "os", "dor")
    for name in endpoints:
        median = truth.median(name) / DAYS_PER_MONTH
        values[f"{name}_median", LATENT] = exact(median)
        for months, days in zip(landmark_months(trial), trial.endpoints.landmarks, strict=True):
            values[f"{name}_rate_{months}", LATENT] = exact(truth.rate(name, days))
    return values


def _survival(
    trial: Trial, name: str, kind: str, times: ShortArray
) -> dict[tuple[str, str], Estimate]:
    """Rates and median of uncensored times in days; those below 0 have none."""
    times = times[times >= 0]
    finite = np.where(times > NEVER // 2, np.inf, times.astype(float))
    values = {(f"{name}_median", kind): quantile(finite / DAYS_PER_MONTH, 0.5)}
    for months, days in zip(landmark_months(trial), trial.endpoints.landmarks, strict=True):
        values[f"{name}_rate_{months}", kind] = proportion(times > days)
    return values
