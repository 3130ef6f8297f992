"""From the looks of a scenario to their plan, and the room in which they are made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from simulate.distributions import IntArray
from simulate.errors import UsageError
from simulate.looks.build_tests import look_tests, test_room
from simulate.looks.columns import (
    COUNT_COLUMNS,
    HYPOTHESIS_COLUMNS,
    RMST_COLUMNS,
    arm_measures,
    column_names,
    hypothesis_measures,
    tells_counts,
    tells_rates,
)
from simulate.looks.comparison import reciprocals, terms_room
from simulate.looks.curve import Curve
from simulate.looks.design import LookDesign
from simulate.looks.levels import look_levels
from simulate.looks.plan import (
    ARMS_BEYOND,
    DATE,
    ENROLLED,
    EVENTS,
    FIRST_ARM,
    Estimates,
    Hypotheses,
    LookPlan,
    Pairs,
    Places,
    Populations,
    Triggers,
)
from simulate.looks.risk_sets import MOST_PATIENTS, count_units, pair_room
from simulate.looks.samples import LookRoom
from simulate.looks.statistics import Paths, Tally
from simulate.looks.triggers import Cuts
from simulate.scenario.analyses import Trigger
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.populations import belongs, population_of
from simulate.scenario.testing import is_stratified

_ALONE = -1

_ALL = -1
"""In the place of a subpopulation."""

_Pair = tuple[int, int, int]
"""A subpopulation, and the two arms that are counted in it."""


def look_plan(design: LookDesign) -> LookPlan:
    """The looks of a scenario as tables, in arrays.

    Raises
    ------
    UsageError
        If there are more patients than looks can count.
    """
    if design.sample_size > MOST_PATIENTS:
        raise UsageError(
            f"sample_size must be at most {MOST_PATIENTS} for a randomised trial "
            f"(given: {design.sample_size})"
        )
    return LookPlan(
        n_looks=len(design.analyses),
        n_arms=len(design.arms),
        n_endpoints=len(design.endpoints),
        n_hypotheses=len(design.hypotheses),
        is_rate=_table(endpoint in design.rates for endpoint in design.endpoints),
        triggers=_triggers(design),
        populations=_populations(design),
        pairs=_pairs(design),
        hypotheses=_hypotheses(design),
        tests=look_tests(design),
        levels=look_levels(design),
        estimates=Estimates(
            every_look=int(design.estimates.when == "every_look"),
            landmarks=np.array(design.estimates.landmarks, np.float64),
            has_rmst=int(design.estimates.rmst is not None),
            tau=design.estimates.rmst or 0.0,
            z=float(ndtri(0.5 + 0.5 * design.estimates.confidence)),
        ),
        places=_places(design),
        reciprocal=reciprocals(design.sample_size),
    )


# ---- triggers -------------------------------------------------------------------------------


class _Condition(NamedTuple):
    kind: int
    endpoint: int
    number: int
    day: int
    population: int = _ALL


def _triggers(design: LookDesign) -> Triggers:
    clauses = [analysis.cut.clauses for analysis in design.analyses]
    conditions = [
        [[_condition(design, trigger) for trigger in clause] for clause in look] for look in clauses
    ]
    flat = [each for look in conditions for clause in look for each in clause]
    counts = sorted({(c.endpoint, c.population) for c in flat if c.kind == EVENTS})
    on_events = [
        [i for i, c in enumerate(flat) if c.kind == EVENTS and (c.endpoint, c.population) == count]
        for count in counts
    ]
    return Triggers(
        first_clause=_starts(len(look) for look in conditions),
        first_condition=_starts(len(clause) for look in conditions for clause in look),
        **{
            name: _table(getattr(each, name) for each in flat)
            for name in ("kind", "endpoint", "population", "number", "day")
        },
        counted_endpoint=_table(endpoint for endpoint, _ in counts),
        counted_population=_table(population for _, population in counts),
        first_on_events=_starts(map(len, on_events)),
        on_events=_table(
            i for which in on_events for i in sorted(which, key=lambda i: (flat[i].number, i))
        ),
        overshooting=_overshooting(conditions),
        cleaning_lag=_table(analysis.cleaning_lag for analysis in design.analyses),
        last_day=design.last_day,
    )


def _condition(design: LookDesign, trigger: Trigger) -> _Condition:
    if trigger.events is not None:
        events = trigger.events
        endpoint = design.endpoints.index(events.endpoint)
        population = design.place_of(population_of(events.population))
        return _Condition(EVENTS, endpoint, events.count, events.adjudication_lag, population)
    if trigger.enrolled is not None:
        return _Condition(ENROLLED, 0, trigger.enrolled.count, trigger.enrolled.after)
    if trigger.follow_up is not None:
        return _Condition(ENROLLED, 0, design.sample_size, trigger.follow_up)
    assert trigger.date is not None  # the scenario lets no other trigger pass
    return _Condition(DATE, 0, 0, (trigger.date - design.origin).days)


def _overshooting(conditions: list[list[list[_Condition]]]) -> IntArray:
    """By look, its first condition on events; -1 without any."""
    found, at = [], 0
    for look in conditions:
        flat = [each for clause in look for each in clause]
        counted = [at + i for i, each in enumerate(flat) if each.kind == EVENTS]
        found.append(counted[0] if counted else -1)
        at += len(flat)
    return _table(found)


# ---- what is compared -----------------------------------------------------------------------


def _populations(design: LookDesign) -> Populations:
    return Populations(
        n_groups=len(design.groups),
        member=_table(
            belongs(population, levels)
            for population in design.populations
            for levels in design.groups
        ),
    )


def _pairs(design: LookDesign) -> Pairs:
    by_endpoint = [_pairs_of(design, endpoint) for endpoint in design.endpoints]
    pairs = [(e, pair) for e, of_endpoint in enumerate(by_endpoint) for pair in of_endpoint]
    tested = [(design.endpoints.index(h.endpoint), _pair_of(design, h)) for h in design.hypotheses]
    hypotheses = [[h for h, which in enumerate(tested) if which == pair] for pair in pairs]
    rates = [design.endpoints.index(each) for each in design.rates]
    return Pairs(
        endpoint=_table(endpoint for endpoint, _ in pairs),
        population=_table(population for _, (population, _, _) in pairs),
        is_masked=_table(pair[0] != _ALL or endpoint in rates for endpoint, pair in pairs),
        first_arm=_table(first for _, (_, first, _) in pairs),
        second_arm=_table(second for _, (_, _, second) in pairs),
        reports=_table(bits for of_endpoint in by_endpoint for bits in _reports(of_endpoint)),
        units=np.concatenate([_units(design, pair) for _, (_, *pair) in pairs]),
        first_hypothesis=_starts(map(len, hypotheses)),
        hypotheses=_table(h for which in hypotheses for h in which),
    )


def _units(design: LookDesign, pair: list[int]) -> IntArray:
    """What a patient of each arm adds to the counts of a pair; nothing who is not counted."""
    arms = range(len(design.arms) + ARMS_BEYOND)
    return count_units([pair.index(arm) if arm in pair else None for arm in arms])


def _pair_of(design: LookDesign, hypothesis: Hypothesis) -> _Pair:
    population = design.place_of(population_of(hypothesis.population))
    arms = hypothesis.experimental, hypothesis.control
    return (population, *map(design.arms.index, arms))  # type: ignore[return-value]


def _pairs_of(design: LookDesign, endpoint: str) -> list[_Pair]:
    """Pairs of arms that are counted for an endpoint: of all patients every arm is in one."""
    compared = [_pair_of(design, h) for h in design.hypotheses if h.endpoint == endpoint]
    pairs = list(dict.fromkeys(compared))
    told = {arm for population, *arms in pairs if population == _ALL for arm in arms}
    others = [arm for arm in range(len(design.arms)) if arm not in told]
    others += [_ALONE] * (len(others) % 2)
    return pairs + [(_ALL, *two) for two in zip(others[::2], others[1::2], strict=True)]


def _reports(pairs: Sequence[_Pair]) -> list[int]:
    """Bits for the arms that no pair of all patients before has told of."""
    told = {_ALONE}
    found = []
    for population, *arms in pairs:
        bits = sum((arm not in told) << place for place, arm in enumerate(arms))
        found.append(bits if population == _ALL else 0)
        told |= set(arms) if population == _ALL else set()
    return found


def _hypotheses(design: LookDesign) -> Hypotheses:
    looks = [design.looks_of(hypothesis) for hypothesis in design.hypotheses]
    return Hypotheses(
        stratified=_table(is_stratified(h.test) for h in design.hypotheses),
        is_tested=_table(
            look in tested for tested in looks for look in range(len(design.analyses))
        ),
        planned_events=np.array([design.information(h) for h in design.hypotheses], np.float64),
    )


def _places(design: LookDesign) -> Places:
    n_arms, measures = len(design.arms), hypothesis_measures(design)
    strides = [len(arm_measures(design, endpoint)) for endpoint in design.endpoints]
    *endpoints, first_hypothesis = accumulate(
        (1 + n_arms * stride for stride in strides), initial=FIRST_ARM + n_arms
    )
    first_test = len(HYPOTHESIS_COLUMNS) + (len(RMST_COLUMNS) if design.estimates.rmst else 0)
    after_tests = first_test + len(design.estimates.tests)
    return Places(
        n_columns=len(column_names(design)),
        endpoint=_table(endpoints),
        arm_stride=_table(strides),
        hypothesis=_table(
            first_hypothesis + h * len(measures) for h in range(len(design.hypotheses))
        ),
        first_test=first_test,
        counts=after_tests if tells_counts(design) else 0,
        rates=after_tests + len(COUNT_COLUMNS) if tells_rates(design) else 0,
        level=0 if design.graph is None else len(measures) - 1,
    )


def _table(values: Iterable[int]) -> IntArray:
    return np.array(list(values), np.int64)


def _starts(sizes: Iterable[int]) -> IntArray:
    """Where each of several parts begins, and the end of the last."""
    return _table(accumulate(sizes, initial=0))


# ---- room -----------------------------------------------------------------------------------


def look_room(plan: LookPlan, n_patients: int, n_strata: int) -> LookRoom:
    """Room of arrays for the looks of a trial of at most so many patients."""
    last_day, n_hypotheses = plan.triggers.last_day, plan.n_hypotheses
    return LookRoom(
        cuts=Cuts(
            calendar=np.zeros(last_day + 2, np.int32),
            due=np.zeros(len(plan.triggers.kind), np.int64),
            day=np.zeros(plan.n_looks, np.int64),
            is_reached=np.zeros(plan.n_looks, np.int64),
        ),
        day=np.zeros(n_patients, np.int32),
        event=np.zeros(n_patients, np.int32),
        arm=np.zeros(n_patients, np.int32),
        tally=Tally(
            pair=pair_room(n_patients, n_strata, last_day),
            terms=terms_room(n_patients),
            curve=Curve(
                np.zeros(n_patients + 2, np.int32),
                np.zeros(n_patients + 2),
                np.zeros(n_patients + 2),
            ),
            tests=test_room(plan.tests, n_patients, n_strata, plan.n_endpoints),
            events=np.zeros(n_hypotheses, np.int64),
            difference=np.zeros(n_hypotheses),
            variance=np.zeros(n_hypotheses),
            z=np.zeros(n_hypotheses),
            decision=np.zeros(n_hypotheses, np.int64),
            is_due=np.zeros(n_hypotheses, np.int64),
            path=Paths(
                root=np.zeros(n_hypotheses, np.int64),
                node=np.zeros(n_hypotheses, np.int64),
                walked=np.zeros(n_hypotheses, np.int64),
                n_tested=np.zeros(n_hypotheses, np.int64),
                events=np.zeros(n_hypotheses * plan.n_looks, np.int64),
                z=np.zeros(n_hypotheses),
                is_tested=np.zeros(n_hypotheses, np.int64),
                is_over=np.zeros(n_hypotheses, np.int64),
                can_be=np.zeros(n_hypotheses, np.int64),
                rejected=np.zeros(1, np.int64),
            ),
        ),
    )
