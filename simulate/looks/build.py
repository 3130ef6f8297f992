"""From the looks of a scenario to their plan, and the room in which they are made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from simulate.distributions import IntArray
from simulate.errors import UsageError
from simulate.looks.build_pairs import look_pairs
from simulate.looks.build_tests import look_tests, test_room
from simulate.looks.columns import (
    COUNT_COLUMNS,
    HYPOTHESIS_COLUMNS,
    RMST_COLUMNS,
    arm_measures,
    column_names,
    estimate_columns,
    further_measures,
    hypothesis_measures,
    own_measures,
    tells_counts,
    tells_rates,
)
from simulate.looks.comparison import reciprocals, terms_room
from simulate.looks.curve import Curve
from simulate.looks.design import LookDesign
from simulate.looks.levels import look_levels
from simulate.looks.plan import (
    DATE,
    ENROLLED,
    EVENTS,
    FIRST_ARM,
    Estimates,
    Hypotheses,
    LookPlan,
    Places,
    Populations,
    Triggers,
)
from simulate.looks.risk_sets import MOST_PATIENTS, pair_room
from simulate.looks.samples import LookRoom
from simulate.looks.statistics import Paths, Tally
from simulate.looks.triggers import Cuts
from simulate.scenario.analyses import Trigger
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.populations import belongs, population_of
from simulate.scenario.testing import is_stratified

_ALL = -1
"""In the place of a subpopulation."""


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
        pairs=look_pairs(design),
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


def _hypotheses(design: LookDesign) -> Hypotheses:
    looks = [design.looks_of(hypothesis) for hypothesis in design.hypotheses]
    return Hypotheses(
        stratified=_table(is_stratified(h.test) for h in design.hypotheses),
        is_tested=_table(
            look in tested for tested in looks for look in range(len(design.analyses))
        ),
        is_kept=_table(
            look in tested and _is_kept(design, hypothesis)
            for hypothesis, tested in zip(design.hypotheses, looks, strict=True)
            for look in range(len(design.analyses))
        ),
        planned_events=np.array([design.information(h) for h in design.hypotheses], np.float64),
    )


def _is_kept(design: LookDesign, hypothesis: Hypothesis) -> bool:
    """Whether something is told of a hypothesis that has to be of all trials that make a look."""
    return bool(design.further_tests(hypothesis) or estimate_columns(hypothesis.test))


def _places(design: LookDesign) -> Places:
    n_arms, width = len(design.arms), len(hypothesis_measures(design))
    strides = [len(arm_measures(design, endpoint)) for endpoint in design.endpoints]
    *endpoints, first_hypothesis = accumulate(
        (1 + n_arms * stride for stride in strides), initial=FIRST_ARM + n_arms
    )
    counts = len(HYPOTHESIS_COLUMNS) + (len(RMST_COLUMNS) if design.estimates.rmst else 0)
    widths = [
        width + len(own_measures(h)) + len(further_measures(design, h)) for h in design.hypotheses
    ]
    return Places(
        n_columns=len(column_names(design)),
        endpoint=_table(endpoints),
        arm_stride=_table(strides),
        hypothesis=_table(accumulate(widths[:-1], initial=first_hypothesis)),
        further_tests=_table(
            place for h in design.hypotheses for place in _further_places(design, h, width)
        ),
        counts=counts if tells_counts(design) else 0,
        rates=counts + len(COUNT_COLUMNS) if tells_rates(design) else 0,
        level=0 if design.graph is None else width - 1,
        own_test=width,
    )


def _further_places(design: LookDesign, hypothesis: Hypothesis, width: int) -> Iterator[int]:
    """By further test: column of a hypothesis after that of its statistic; 0 if it is not made."""
    made, column = design.further_tests(hypothesis), width + len(own_measures(hypothesis))
    for each in design.estimates.tests:
        yield column + 1 if each in made else 0
        column += 1 + len(estimate_columns(each.test)) if each in made else 0


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
            tests=test_room(plan.tests, n_patients, n_strata, plan.n_endpoints, last_day),
            events=np.zeros(n_hypotheses, np.int64),
            difference=np.zeros(n_hypotheses),
            variance=np.zeros(n_hypotheses),
            z=np.zeros(n_hypotheses),
            decision=np.zeros(n_hypotheses, np.int64),
            is_due=np.zeros(n_hypotheses, np.int64),
            is_kept=np.zeros(n_hypotheses, np.int64),
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
