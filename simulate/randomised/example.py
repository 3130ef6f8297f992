"""Example trials of a randomised scenario: one of each way in which trials went."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from simulate.build_survival_plan import build_survival_plan
from simulate.distributions import NEVER
from simulate.engines.survival_reference import ReferenceSurvivalEngine
from simulate.looks.seen import Seen, find_event_days, take_sample
from simulate.randomised.outcomes import FUTILE, NOT_REJECTED, REJECTED, Outcomes
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.survival_ledger import SurvivalLedger, ledger_columns
from simulate.survival_runner import observation
from simulate.units import DAYS_PER_MONTH

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
        A row a patient enrolled by then, whole truth: ``patient, region, stratum, arm,
        enrolment_trial_day, progression_day, death_day, dropout_day`` (days from randomisation;
        missing where it does not happen).
    samples : dict of str to DataFrame
        What was known at that cut, by endpoint: ``arm, day, event`` of every patient, in days from
        randomisation.
    looks : DataFrame
        A row a look that was made, with all its columns and ``analysis`` in front.
    months : DataFrame
        A row a month of the trial: ``month, enrolled``, and known events by endpoint, all
        cumulative.
    """

    kind: str
    replicate: int
    cut_day: int
    subjects: pd.DataFrame
    samples: dict[str, pd.DataFrame]
    looks: pd.DataFrame
    months: pd.DataFrame


def kinds_of(outcomes: Outcomes) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Which way each replicate went, by its first hypothesis."""
    kinds = np.full(outcomes.n, "", object)
    if not outcomes.hypotheses:
        return kinds
    first = outcomes.hypotheses[0]
    last = outcomes.looks_of(first)[-1]
    for decision, early, late in (
        (REJECTED, EARLY_SUCCESS, LATE_SUCCESS),
        (FUTILE, EARLY_FUTILITY, FAILURE),
        (NOT_REJECTED, FAILURE, FAILURE),
    ):
        decided = outcomes.decided(first, decision)
        kinds[decided[:last].any(axis=0)] = early
        kinds[decided[last]] = late
    return kinds


def first_of_each_kind(outcomes: Outcomes) -> dict[str, int]:
    """The first replicate that went each way, by the kind; ways that did not occur are left out."""
    kinds = kinds_of(outcomes)
    found = {kind: np.flatnonzero(kinds == kind) for kind in KINDS}
    return {kind: int(replicates[0]) for kind, replicates in found.items() if len(replicates)}


def example_trials(
    scenario: SurvivalTrial, outcomes: Outcomes, *, seed: int
) -> tuple[ExampleTrial, ...]:
    """One trial of each way in which replicates went, made again from its address."""
    maker = _Maker(scenario, seed)
    return tuple(
        maker.make(kind, replicate, outcomes)
        for kind, replicate in first_of_each_kind(outcomes).items()
    )


class _Maker:
    """Makes trials of a scenario again, one by one, in plain Python."""

    def __init__(self, scenario: SurvivalTrial, seed: int) -> None:
        plan = build_survival_plan(scenario)
        self._scenario, self._seed = scenario, seed
        self._engine = ReferenceSurvivalEngine(plan)
        self._observation = observation(scenario, plan.horizon)
        self._endpoints = [name.lower() for name in scenario.endpoints]

    def make(self, kind: str, replicate: int, outcomes: Outcomes) -> ExampleTrial:
        ledger = self._engine.simulate(seed=self._seed, replicate=replicate)
        n = int(ledger.n[0])
        room = np.zeros(len(self._endpoints) * n, np.int32)
        seen = Seen(self._observation, ledger, room, n)
        find_event_days(seen)
        cut_day = int(outcomes.at_stop("cut_day")[replicate])
        return ExampleTrial(
            kind=kind,
            replicate=replicate,
            cut_day=cut_day,
            subjects=self._subjects(ledger, cut_day),
            samples=self._samples(seen, cut_day),
            looks=self._looks(outcomes, replicate),
            months=self._months(seen, cut_day),
        )

    def _subjects(self, ledger: SurvivalLedger, cut_day: int) -> pd.DataFrame:
        """Patients enrolled by the cut, with names for positions and nothing for NEVER."""
        columns = ledger_columns(ledger)
        table = pd.DataFrame({"patient": np.arange(len(columns["arm"])) + 1})
        regions = np.array([region.name for region in self._scenario.enrolment.all_regions])
        table["region"] = regions[columns["region"]]
        table["stratum"] = columns["stratum"].astype(np.int64) + 1
        table["arm"] = self._arm_names[columns["arm"]]
        table["enrolment_trial_day"] = columns["enrolment_trial_day"].astype(np.int64)
        for name in ("progression_day", "death_day", "dropout_day"):
            days = pd.array(columns[name].astype(np.int64), dtype="Int64")
            days[columns[name] >= NEVER] = pd.NA
            table[name] = days
        return table[table["enrolment_trial_day"] <= cut_day].reset_index(drop=True)

    @property
    def _arm_names(self) -> npt.NDArray[np.str_]:
        return np.array([arm.name for arm in self._scenario.arms])

    def _samples(self, seen: Seen, cut_day: int) -> dict[str, pd.DataFrame]:
        """What was known of the patients at a cut, by endpoint."""
        enrolled = np.asarray(seen.ledger.enrolment_trial_day)[: int(seen.ledger.n[0])]
        n = int((enrolled <= cut_day).sum())
        arms = self._arm_names[np.asarray(seen.ledger.arm)[:n]]
        samples = {}
        for position, endpoint in enumerate(self._endpoints):
            day, event = np.zeros(n, np.int32), np.zeros(n, np.int32)
            take_sample(seen, position, cut_day, n, day, event)
            samples[endpoint] = pd.DataFrame(
                {"arm": arms, "day": day.astype(np.int64), "event": event.astype(np.int64)}
            )
        return samples

    def _looks(self, outcomes: Outcomes, replicate: int) -> pd.DataFrame:
        """The looks that were made, a row each."""
        names = outcomes.looks.names
        rows = [
            {"analysis": analysis.name}
            | {name: outcomes.looks.column(analysis.name, name)[replicate] for name in names}
            for analysis in outcomes.analyses
        ]
        table = pd.DataFrame(rows)
        return table[table["cut_day"].notna()].reset_index(drop=True)

    def _months(self, seen: Seen, cut_day: int) -> pd.DataFrame:
        """Patients enrolled and events known by the end of each month, and at the cut."""
        n = int(seen.ledger.n[0])
        enrolled = np.asarray(seen.ledger.enrolment_trial_day)[:n].astype(np.int64)
        last = math.ceil(cut_day / DAYS_PER_MONTH)
        ends = np.minimum(np.floor(np.arange(last + 1) * DAYS_PER_MONTH), cut_day)
        table = {"month": np.arange(last + 1), "enrolled": _by(enrolled, ends)}
        for position, endpoint in enumerate(self._endpoints):
            days = np.asarray(seen.event_day)[position * n : (position + 1) * n].astype(np.int64)
            table[f"{endpoint}.events"] = _by((enrolled + days)[days < NEVER], ends)
        return pd.DataFrame(table)


def _by(days: npt.NDArray[np.int64], ends: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """How many of some days lie on or before each end."""
    return np.searchsorted(np.sort(days), ends, side="right")
