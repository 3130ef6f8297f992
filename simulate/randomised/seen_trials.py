"""Single trials of a randomised scenario made again from their address, as its looks see them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from simulate import look_samples
from simulate.build_arms import build_trial_plan
from simulate.build_observation import observation, review_plan, review_room
from simulate.build_survival_plan import build_survival_plan
from simulate.distributions import NEVER, IntArray, ShortArray
from simulate.engines.choice import get_engine
from simulate.engines.survival_reference import ReferenceSurvivalEngine
from simulate.ledger import ledger_of
from simulate.look_replicates import RandomisedTrial, look_design
from simulate.looks import seen as survival_looks
from simulate.looks.review_plan import Review
from simulate.plans import Plans
from simulate.randomised.followed import Followed
from simulate.randomised.followed_patients import FollowedPatients
from simulate.reading_words import read_words
from simulate.readings import at_address
from simulate.scenario.readers import INVESTIGATOR
from simulate.scenario.survival_endpoints import SurvivalEndpoint
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.trial import Trial
from simulate.scenario.trial_endpoints import TrialEndpoint
from simulate.survival_ledger import ledger_columns

_DAYS = ("progression_day", "death_day", "dropout_day")
_DAYS_OF_PATIENTS = ("response_day", "progression_day", "death_day", "study_withdrawal_day")


@dataclass(frozen=True, eq=False)
class SeenTrial:
    """One trial, made again.

    Attributes
    ----------
    enrolled
        Trial day of enrolment of each patient.
    group
        Group of each, by which it belongs to subpopulations.
    subjects
        A row a patient, whole truth.
    event_day
        Days from enrolment until an event is known, NEVER if it is not: endpoint after endpoint.
    take
        The rule by which a look takes its sample: endpoint, cut, patients, and what is filled.
    followed
        How patients are followed through endpoints and scans.
    grouped
        Positions of endpoints whose times are grouped: an event is known at the end of its
        interval.
    """

    enrolled: IntArray
    group: IntArray
    subjects: pd.DataFrame
    event_day: ShortArray
    take: Callable[[int, int, int, ShortArray, ShortArray], None]
    followed: Followed | FollowedPatients
    grouped: frozenset[int] = frozenset()

    def event_days(self, endpoint: int) -> ShortArray:
        """Days from enrolment until an event of an endpoint is known, NEVER if it is not."""
        n = len(self.enrolled)
        return self.event_day[endpoint * n : (endpoint + 1) * n]

    def tables(self, cut_day: int, patients: range) -> dict[str, pd.DataFrame]:
        """Endpoints and scans of some patients at a cut, as tables by name."""
        scans = self.followed.assessments(cut_day, patients)
        endpoints = self.followed.endpoints(self.sample, cut_day, patients)
        return {"endpoints": endpoints} | ({"assessments": scans} if len(scans) else {})

    def sample(self, endpoint: int, cut_day: int, n: int) -> tuple[ShortArray, ShortArray]:
        """Day and event of the first n patients as known at the end of a day."""
        day, event = np.zeros(n, np.int32), np.zeros(n, np.int32)
        self.take(endpoint, cut_day, n, day, event)
        return day, event


class TrialMaker:
    """Makes trials of a scenario again, one by one, in plain Python.

    Parameters
    ----------
    trial : SurvivalTrial or Trial
        The scenario.
    seed : int
        Seed of the run.
    """

    def __init__(self, trial: RandomisedTrial, seed: int) -> None:
        self.endpoints = look_design(trial).endpoints
        self._trial, self._seed = trial, seed

    def make(self, replicate: int) -> SeenTrial:
        """One replicate."""
        if isinstance(self._trial, SurvivalTrial):
            return _seen_survival(self._trial, self._seed, replicate)
        return _seen_patients(self._trial, self._seed, replicate)


def _seen_survival(trial: SurvivalTrial, seed: int, replicate: int) -> SeenTrial:
    """A trial with plain survival models."""
    plan = build_survival_plan(trial)
    ledger = ReferenceSurvivalEngine(plan).simulate(seed=seed, replicate=replicate)
    n = int(ledger.n[0])
    n_endpoints = len(trial.endpoint_names)
    room = np.zeros(n_endpoints * n, np.int32)
    reading = review_plan(trial, plan.horizon)
    review = Review(reading, review_room(trial, reading, n))
    read_words(review, seed=seed, replicate=replicate)
    seen = survival_looks.Seen(observation(trial, plan.horizon), ledger, room, n, review)
    survival_looks.find_event_days(seen)
    columns = ledger_columns(ledger)  # with the changes of treatment at calls
    enrolled = columns["enrolment_trial_day"].astype(np.int64)
    regions = np.array([region.name for region in trial.enrolment.all_regions])
    subjects = {
        "patient": np.arange(n),
        "region": regions[columns["region"]],
        "stratum": columns["stratum"].astype(np.int64) + 1,
        "arm": _names(trial)[columns["arm"]],
        "enrolment_trial_day": enrolled,
        **{name: _missing(columns[name]) for name in _DAYS},
        **({"switch_day": _missing(columns["switch_day"])} if trial.survival.switching else {}),
        **({"response_day": _missing(columns["response_day"])} if trial.survival.response else {}),
        **_readings(trial, review, n),
    }
    take = partial(survival_looks.take_sample, seen)
    followed = Followed(trial, seen, plan.horizon)
    group = np.asarray(columns["cell"], np.int64)
    found = pd.DataFrame(subjects)
    return SeenTrial(enrolled, group, found, room, take, followed, _grouped(trial.seen_endpoints))


def _readings(trial: SurvivalTrial, review: Review, n: int) -> dict[str, object]:
    """What was read of the patients: a day of each reader's call, and that of new therapy."""
    plan, room = review.plan, review.room
    if plan.is_needed == 0:
        return {}
    calls = np.asarray(room.call_day).reshape(plan.n_readers + 1, n)
    found: dict[str, object] = {
        f"call_day.{reader.name}": _missing(calls[position])
        for position, reader in enumerate(trial.survival.readers)
    }
    if plan.therapy.exists == 1:
        found["new_therapy_day"] = _missing(np.asarray(room.therapy))
    return found


def _seen_patients(trial: Trial, seed: int, replicate: int) -> SeenTrial:
    """A trial with arms of patients in cycles and scans."""
    plan = build_trial_plan(trial) if trial.draws is None else Plans(trial).of(replicate)
    records = get_engine("reference", plan).simulate(seed=seed, replicate=replicate)
    ledger, n = ledger_of(records), records.n_patients
    seen = look_samples.seen_patients(look_samples.arm_rules(trial), ledger, n)
    at_address(seen.readings, seed=seed, replicate=replicate)
    look_samples.find_event_days(seen)
    columns = records.subjects
    enrolled = np.asarray(columns["enrolment_trial_day"], np.int64)
    subjects = {
        "patient": np.arange(n),
        "site": columns["site"],
        "stratum": np.asarray(columns["stratum"]) + 1,
        "arm": _names(trial)[np.asarray(seen.arm)[:n]],
        "enrolment_trial_day": enrolled,
        **{name: _missing(columns[name]) for name in _DAYS_OF_PATIENTS},
        **_calls(trial, seen),
    }
    take = partial(look_samples.take_sample, seen)
    group = np.asarray(seen.group, np.int64)[:n]
    return SeenTrial(
        enrolled,
        group,
        pd.DataFrame(subjects),
        np.asarray(seen.event_day),
        take,
        FollowedPatients(trial, seen, records),
        _grouped(trial.seen_endpoints),
    )


def _calls(trial: Trial, seen: look_samples.SeenPatients) -> dict[str, object]:
    """A patient day of each reader's call, of new therapy and of changes of treatment."""
    readings, later = seen.readings, seen.later_therapy
    calls = np.asarray(readings.call)
    names = [INVESTIGATOR, *(each.name for each in trial.other_readers)] if trial.readers else []
    found: dict[str, object] = {
        f"call_day.{name}": _missing(calls[i * readings.stride : (i + 1) * readings.stride])
        for i, name in enumerate(names)
    }
    if trial.new_therapy is not None:
        found["new_therapy_day"] = _missing(np.asarray(later.therapy))
    if trial.switching:
        found["switch_day"] = _missing(np.asarray(later.switch))
    return found


def _grouped(endpoints: Sequence[SurvivalEndpoint | TrialEndpoint]) -> frozenset[int]:
    """Positions of endpoints whose times are grouped on a grid."""
    return frozenset(i for i, each in enumerate(endpoints) if each.grid)


def _names(trial: RandomisedTrial) -> npt.NDArray[np.str_]:
    return np.array([arm.name for arm in trial.arms])


def _missing(days: npt.NDArray[np.integer]) -> pd.arrays.IntegerArray:
    """Days with nothing in the place of NEVER."""
    never = np.asarray(days) >= NEVER
    return pd.arrays.IntegerArray(np.asarray(days, np.int64), never)
