"""Example trials of a randomised scenario: one of each way in which trials went."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from simulate.randomised.outcomes import FUTILE, NOT_REJECTED, Outcomes

EARLY_SUCCESS = "stopped early for efficacy"
EARLY_FUTILITY = "stopped early for futility"
LATE_SUCCESS = "went on to the end and succeeded"
FAILURE = "went on to the end and failed"

KINDS = (EARLY_SUCCESS, LATE_SUCCESS, FAILURE, EARLY_FUTILITY)
"""Ways in which a trial can go, in the order of the report."""


@dataclass(frozen=True, eq=False)
class ExampleTrial:
    """One simulated trial, to look at.

    Attributes
    ----------
    kind : str
        Which way it went: one of :data:`KINDS`.
    replicate : int
        Its number.
    cut_day : int
        Trial day of the data cut with which it ended.
    subjects : DataFrame
        A row a patient enrolled by then, whole truth: ``patient`` (from 0), ``region`` or ``site``,
        ``stratum, arm, enrolment_trial_day``, and the days on which things happen (missing where
        they do not): from randomisation, or from the first dose of patients in cycles and scans.
    samples : dict of str to DataFrame
        What was known at that cut, by endpoint: ``arm, day, event`` of every patient, in days from
        randomisation.
    looks : DataFrame
        A row a look that was made, with all its columns and ``analysis`` in front.
    months : DataFrame
        A row a month of the trial: ``month, enrolled``, and known events by endpoint, all
        cumulative.
    tables : dict of str to DataFrame
        Of plain survival models what became of the patients at that cut: ``endpoints``, a row a
        patient and endpoint, with the reason of event or censoring, and ``assessments``, a row a
        planned scan.
    """

    kind: str
    replicate: int
    cut_day: int
    subjects: pd.DataFrame
    samples: dict[str, pd.DataFrame]
    looks: pd.DataFrame
    months: pd.DataFrame
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)


def kinds_of(outcomes: Outcomes) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Which way each replicate went: what became of its first hypothesis, and when it ended.

    A trial that has rejected its first hypothesis may go on for another one.
    """
    kinds = np.full(outcomes.n, "", object)
    if not outcomes.hypotheses:
        return kinds
    first = outcomes.hypotheses[0]
    last = max(outcomes.looks_of(each)[-1] for each in outcomes.hypotheses)
    is_early = outcomes.stopped_at < last
    succeeds = outcomes.rejects(first)
    is_futile = outcomes.decided(first, FUTILE).any(axis=0)
    fails = is_futile | outcomes.decided(first, NOT_REJECTED).any(axis=0)
    kinds[succeeds] = LATE_SUCCESS
    kinds[succeeds & is_early] = EARLY_SUCCESS
    kinds[fails] = FAILURE
    kinds[is_futile & is_early] = EARLY_FUTILITY
    return kinds


def first_of_each_kind(outcomes: Outcomes) -> dict[str, int]:
    """The first replicate that went each way, by the kind; ways that did not occur are left out."""
    kinds = kinds_of(outcomes)
    found = {kind: np.flatnonzero(kinds == kind) for kind in KINDS}
    return {kind: int(replicates[0]) for kind, replicates in found.items() if len(replicates)}
