"""From the scenario of a randomised survival trial to how its events are seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from simulate.build_survival_plan import days_of_calendar, scan_days
from simulate.build_switching import switching_plan
from simulate.distributions import NEVER, FloatArray, IntArray, ShortArray, thresholds
from simulate.guided import GuidedTables, guided_tables
from simulate.looks.chosen import Chosen
from simulate.looks.review_plan import (
    MASK_BITS,
    Calendars,
    EndpointRules,
    Pairs,
    ReviewPlan,
    ReviewRoom,
    Therapy,
)
from simulate.looks.seen import LATENT, RESPONSE_RATE, Observation
from simulate.patient.censoring import NO_LIMIT
from simulate.patient.survival import SLICE_BITS_OF_DAYS
from simulate.scenario.survival_endpoints import LATENT_READER, SurvivalEndpoint
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.times import cumulative_hazard

SLICE_BITS_OF_VISITS = 8
_GROUP = 16
"""Words are looked up so many patients at a time; see :mod:`simulate.engines.batch.words`."""


def observation(trial: SurvivalTrial, last_day: int) -> Observation:
    """How events of a scenario become known without error, up to a patient's day."""
    is_death = np.array([_way(each) for each in trial.seen_endpoints], np.int64)
    response = trial.survival.response
    evaluable = 0 if response is None else response.evaluable_after
    if trial.survival.observation == "exact":
        nothing = np.zeros(1, np.int32)
        return Observation(is_death, 0, nothing, nothing, evaluable)
    days, scans = np.arange(last_day + 1), scan_days(trial, last_day)
    following = np.searchsorted(scans, days)
    next_scan = np.append(scans, NEVER)[following]
    last_scan = scans[np.searchsorted(scans, days, side="right") - 1]
    return Observation(
        is_death,
        1,
        np.append(next_scan, NEVER).astype(np.int32),
        last_scan.astype(np.int32),
        evaluable,
    )


def _way(endpoint: SurvivalEndpoint) -> int:
    if endpoint.of == "ORR":
        return RESPONSE_RATE
    if endpoint.reader == LATENT_READER:
        return LATENT
    return int(endpoint.of == "OS")


# ---- readers, visits and rules --------------------------------------------------------------


def review_plan(trial: SurvivalTrial, last_day: int) -> ReviewPlan:
    """How scans of a scenario are read, and which rules its endpoints have, as tables."""
    model, arms = trial.survival, [arm.name for arm in trial.arms]
    names = [reader.name for reader in model.readers]
    reviewed = [trial.is_reviewed(each) for each in trial.seen_endpoints]
    by_arm = [planned_scans(trial, last_day, arm) for arm in arms]
    is_needed = any(reviewed) or trial.switches_at_call
    if not is_needed:
        by_arm = [np.zeros(1, np.int64)] * len(arms)
    n_visits = max(map(len, by_arm))
    errors = [
        table
        for reader in model.readers
        for kind in (_late_visits, _early_visit)
        for table in (kind(*reader.of_arm(arm), n_visits) for arm in arms)
    ]
    treating = model.treating_reader
    return ReviewPlan(
        is_needed=int(is_needed),
        n_readers=len(names),
        needs_perfect=int(any(map(_reads_without_error, trial.seen_endpoints))),
        blocks=np.array(sorted({block for block, _ in words_of_readers(trial)}), np.int64),
        treating=-1 if treating is None else names.index(treating),
        errors=_tables(errors, SLICE_BITS_OF_VISITS),
        n_arms=len(arms),
        misses=int(model.visits is not None and model.visits.missed > 0),
        gaps=_tables(_gaps(trial, n_visits), SLICE_BITS_OF_VISITS),
        calendars=_calendars(by_arm, last_day if is_needed else 0, n_visits),
        therapy=_therapy(trial, last_day if is_needed else 0),
        switching=switching_plan(trial, last_day),
        rules=_rules(trial, names, reviewed, last_day),
        pairs=Pairs(
            first=np.array([names.index(one) for one, _ in trial.pairs_of_readers], np.int64),
            second=np.array([names.index(other) for _, other in trial.pairs_of_readers], np.int64),
            counts_switched=int(bool(model.switching)),
        ),
    )


def words_of_readers(trial: SurvivalTrial) -> list[tuple[int, int]]:
    """Block and lane of the first of each reader's two words; two readers share a block."""
    return [divmod(2 * (reader.id - 1), 4) for reader in trial.survival.readers]


def planned_scans(trial: SurvivalTrial, last_day: int, arm: str) -> IntArray:
    """Days of the visits of an arm; where observation is exact, every day is one."""
    if trial.survival.observation == "exact":
        return np.arange(last_day + 1, dtype=np.int64)
    return scan_days(trial, last_day, arm)


def _calendars(by_arm: Sequence[IntArray], last_day: int, n_visits: int) -> Calendars:
    n_days = last_day + 2
    same = all(np.array_equal(scans, by_arm[0]) for scans in by_arm)
    days = np.arange(n_days)

    def joined(table: Callable[[IntArray], IntArray]) -> ShortArray:
        return np.concatenate([table(scans) for scans in by_arm[: 1 if same else None]]).astype(
            np.int32
        )

    def following(scans: IntArray) -> IntArray:
        found = np.searchsorted(scans, days)
        return np.where((found < len(scans)) & (days <= last_day), found, n_visits)

    def last(scans: IntArray) -> IntArray:
        return np.asarray(np.searchsorted(scans, days, side="right") - 1)

    def filled(scans: IntArray) -> IntArray:
        return np.append(scans, np.full(n_visits + 1 - len(scans), NEVER))

    return Calendars(
        n_visits=n_visits,
        n_days=n_days,
        day_step=0 if same else n_days,
        visit_step=0 if same else n_visits + 1,
        next_visit=joined(following),
        last_visit=joined(last),
        last_scan=joined(lambda scans: scans[last(scans)]),
        visit_day=joined(filled),
    )


def _late_visits(missed: float, early: float, n_visits: int) -> FloatArray:
    """Probability that a reader overlooks progression at 0, 1, ... scans at most."""
    del early
    return np.asarray(1.0 - missed ** np.arange(1, n_visits + 1))


def _early_visit(missed: float, early: float, n_visits: int) -> FloatArray:
    """Probability that a reader would call progression at visit 0, 1, ... at the latest."""
    del missed
    return np.asarray(1.0 - (1.0 - early) ** np.arange(n_visits))


def _gaps(trial: SurvivalTrial, n_visits: int) -> list[FloatArray]:
    """Probability that the next visit missed is the 0th, 1st, ... from here at the latest."""
    visits = trial.survival.visits
    if visits is None:
        return []
    return [np.asarray(1.0 - (1.0 - visits.missed) ** np.arange(n_visits + 1))]


def _tables(probabilities: Sequence[FloatArray], slice_bits: int) -> GuidedTables:
    """Tables of distributions given by their probabilities up to 0, 1, 2, ..."""
    some = list(probabilities) or [np.zeros(1)]
    return guided_tables([thresholds(each) for each in some], slice_bits=slice_bits)


def _therapy(trial: SurvivalTrial, last_day: int) -> Therapy:
    therapy = trial.survival.new_therapy
    if therapy is None:
        exists = int(trial.has_new_therapy)
        return Therapy(exists, 0, _tables([], SLICE_BITS_OF_VISITS), 0, 0)
    days = np.arange(last_day + 1.0)
    laws = [therapy.by_arm.get(arm.name, therapy.time) for arm in trial.arms]
    tables = [
        np.zeros(1) if law is None else -np.expm1(-cumulative_hazard(law, days)) for law in laws
    ]
    after = therapy.after_progression
    return Therapy(
        exists=1,
        has_alone=int(any(law is not None for law in laws)),
        alone=_tables(tables, SLICE_BITS_OF_DAYS),
        follows=0 if after is None else int(thresholds([after.probability])[0]),
        delay=0 if after is None else math.ceil(after.delay),
    )


def _reads_without_error(endpoint: SurvivalEndpoint) -> bool:
    return endpoint.of == "PFS" and endpoint.reader is None


def _rules(
    trial: SurvivalTrial, readers: list[str], reviewed: list[bool], last_day: int
) -> EndpointRules:
    endpoints = trial.seen_endpoints
    own = [trial.rules_of(each) for each in endpoints]
    return EndpointRules(
        is_reviewed=np.array(reviewed, np.int64),
        reader=np.array(
            [readers.index(e.reader) if e.reader in readers else len(readers) for e in endpoints],
            np.int64,
        ),
        most_not_done=np.array([r.missed_visits or NO_LIMIT for r in own], np.int64),
        censors_therapy=np.array([r.new_therapy == "censor" for r in own], np.int64),
        death_window=np.array([r.death_window or NO_LIMIT for r in own], np.int64),
        **_grids(trial, last_day),
    )


def _grids(trial: SurvivalTrial, last_day: int) -> dict[str, Any]:
    """Where the grid of each endpoint is, and the edges before and after each day."""
    begins: list[int] = []
    following: list[IntArray] = [np.zeros(0, np.int64)]
    last: list[IntArray] = [np.zeros(0, np.int64)]
    days = np.arange(last_day + 2)
    for endpoint in trial.seen_endpoints:
        begins.append(len(days) * (len(last) - 1) if endpoint.grid else -1)
        if endpoint.grid:
            edges = days_of_calendar(endpoint.grid, last_day)
            following.append(np.append(edges, NEVER)[np.searchsorted(edges, days)])
            last.append(edges[np.searchsorted(edges, days, side="right") - 1])
    return {
        "grid": np.array(begins, np.int64),
        "next_edge": np.concatenate(following).astype(np.int32),
        "last_edge": np.concatenate(last).astype(np.int32),
    }


def review_room(trial: SurvivalTrial, plan: ReviewPlan, n_patients: int) -> ReviewRoom:
    """Room in which the scans of a trial of at most so many patients are read."""
    n = n_patients if plan.is_needed else 0
    slot = (n + _GROUP - 1) // _GROUP * _GROUP + _GROUP
    blocks = list(plan.blocks)
    lane = slot * (len(blocks) + 2 + plan.switching.exists)
    words = [lane * of + slot * blocks.index(block) for block, of in words_of_readers(trial)]
    parts = (plan.calendars.n_visits + MASK_BITS - 1) // MASK_BITS

    def days(times: int) -> ShortArray:
        return np.full(n * times, NEVER, np.int32)

    return ReviewRoom(
        words=np.zeros(4 * lane, np.uint32),
        lane=lane,
        slot=slot,
        first_word=np.array(words, np.int64),
        first_of_visits=slot * len(blocks),
        first_of_therapy=slot * (len(blocks) + 1),
        first_of_switching=slot * (len(blocks) + 2),
        address=np.zeros(3, np.int64),
        missed=np.zeros(n * parts, np.uint32),
        showing=days(1),
        call=days(plan.n_readers + 1),
        call_day=days(plan.n_readers + 1),
        end=days(1),
        therapy=days(1),
        until=days(len(trial.seen_endpoints)),
        chosen=Chosen(days(1), days(1)),
    )
