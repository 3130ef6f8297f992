"""What a look finds of response rates, and who was counted, written into its row."""

from __future__ import annotations

import math

from simulate.compiled import keep_apart, rule
from simulate.distributions import FloatColumn, ShortColumn
from simulate.looks.further import RESPONSE
from simulate.looks.plan import (
    ARM_EVENTS,
    EVALUABLE,
    EVENTS_CONTROL,
    EVENTS_EXPERIMENTAL,
    FRACTION,
    HYPOTHESIS_EVENTS,
    N_CONTROL,
    N_EXPERIMENTAL,
    RATE,
    RATE_CONTROL,
    RATE_DIFFERENCE,
    RATE_DIFFERENCE_LOWER,
    RATE_DIFFERENCE_UPPER,
    RATE_EXPERIMENTAL,
    LookPlan,
)
from simulate.looks.rates import count_responses, response_z
from simulate.looks.responses import difference_of_rates, score_limits
from simulate.looks.risk_sets import PairRoom, first_count, second_count
from simulate.looks.statistics import (
    Counted,
    Tally,
    arm_at,
    is_further_made,
    is_looked_at,
    place_of_further,
)


@rule
def look_at_rates(
    plan: LookPlan,
    endpoint: int,
    counted: Counted,
    arm: ShortColumn,
    stratum: ShortColumn,
    n: int,
    tally: Tally,
    out: FloatColumn,
    at: int,
) -> None:
    """Find the statistics of the hypotheses on the response rates of a pair that was counted.

    Parameters
    ----------
    plan, endpoint
        The looks, and the endpoint of the pair.
    counted, tally
        The pair; the tally is given statistic and information of each hypothesis: the patients of
        both arms who are evaluable.
    arm, stratum, n
        Of all patients of the sample; who is not counted has no arm.
    out, at
        Where the row of the look begins.
    """
    keep_apart()
    pairs, tests, room = plan.pairs, plan.tests, tally.tests.rates
    _tell_arms(plan, endpoint, counted, tally.pair, out, at)
    patients = _patients(counted, tally.pair)
    first, second = pairs.first_arm[counted.pair], pairs.second_arm[counted.pair]
    for place in range(
        pairs.first_hypothesis[counted.pair], pairs.first_hypothesis[counted.pair + 1]
    ):
        hypothesis = pairs.hypotheses[place]
        if not is_looked_at(tally, hypothesis):
            continue
        column = at + plan.places.hypothesis[hypothesis]
        information = first_count(patients) + second_count(patients)
        out[column + HYPOTHESIS_EVENTS] = float(information)
        out[column + FRACTION] = information / plan.hypotheses.planned_events[hypothesis]
        tally.events[hypothesis] = information
        in_strata = tests.stratified[hypothesis]
        z = response_z(arm, stratum, n, first, second, room, in_strata)
        tally.z[hypothesis] = z
        for further in range(tests.n_further):
            test = plan.n_hypotheses + further
            if tests.kind[test] == RESPONSE and is_further_made(plan, hypothesis, further, tally):
                z = response_z(arm, stratum, n, first, second, room, tests.stratified[test])
                out[column + place_of_further(plan, hypothesis, further) - 1] = z


@rule
def _patients(counted: Counted, room: PairRoom) -> int:
    """Patients of a pair: both counts in one word."""
    return room.at_risk[0] if counted.last_day >= 0 else 0


@rule
def _tell_arms(
    plan: LookPlan, endpoint: int, counted: Counted, room: PairRoom, out: FloatColumn, at: int
) -> None:
    """Write responders, evaluable patients and rate of the arms that a pair reports."""
    patients = _patients(counted, room)
    events = room.pooled.events[0] if counted.n_rows > 0 else 0
    for place in range(2):
        if (plan.pairs.reports[counted.pair] >> place) & 1 == 1:
            n = first_count(patients) if place == 0 else second_count(patients)
            responders = first_count(events) if place == 0 else second_count(events)
            column = at + plan.places.endpoint[endpoint]
            out[column] += float(responders)
            column += 1 + arm_at(plan, counted.pair, place) * plan.places.arm_stride[endpoint]
            out[column + ARM_EVENTS] = float(responders)
            out[column + EVALUABLE] = float(n)
            out[column + RATE] = responders / n if n > 0 else math.nan


@rule
def tell_counts(plan: LookPlan, counted: Counted, tally: Tally, out: FloatColumn, at: int) -> None:
    """Write patients and events of the two arms of each hypothesis of a pair, as it was counted."""
    keep_apart()
    patients, events = _patients(counted, tally.pair), 0
    for row in range(counted.n_rows):
        events += tally.pair.pooled.events[row]
    pairs = plan.pairs
    for place in range(
        pairs.first_hypothesis[counted.pair], pairs.first_hypothesis[counted.pair + 1]
    ):
        hypothesis = pairs.hypotheses[place]
        if is_looked_at(tally, hypothesis):
            column = at + plan.places.hypothesis[hypothesis] + plan.places.counts
            out[column + N_EXPERIMENTAL] = float(first_count(patients))
            out[column + N_CONTROL] = float(second_count(patients))
            out[column + EVENTS_EXPERIMENTAL] = float(first_count(events))
            out[column + EVENTS_CONTROL] = float(second_count(events))


@rule
def estimate_rates(
    plan: LookPlan,
    counted: Counted,
    arm: ShortColumn,
    stratum: ShortColumn,
    n: int,
    tally: Tally,
    out: FloatColumn,
    at: int,
) -> None:
    """Write the rates of the hypotheses that are due, and their difference with its limits."""
    keep_apart()
    pairs, room = plan.pairs, tally.tests.rates
    first, second = pairs.first_arm[counted.pair], pairs.second_arm[counted.pair]
    for place in range(
        pairs.first_hypothesis[counted.pair], pairs.first_hypothesis[counted.pair + 1]
    ):
        hypothesis = pairs.hypotheses[place]
        if tally.is_due[hypothesis] == 1:
            in_strata = plan.tests.stratified[hypothesis]
            count_responses(arm, stratum, n, first, second, room, in_strata)
            column = at + plan.places.hypothesis[hypothesis] + plan.places.rates
            _tell_rates(counted, tally.pair, out, column)
            counts = room.by_stratum if in_strata == 1 else room.pooled
            limits = score_limits(counts, plan.estimates.z)
            out[column + RATE_DIFFERENCE] = difference_of_rates(counts)
            out[column + RATE_DIFFERENCE_LOWER] = limits.lower
            out[column + RATE_DIFFERENCE_UPPER] = limits.upper


@rule
def _tell_rates(counted: Counted, room: PairRoom, out: FloatColumn, column: int) -> None:
    """Write the rates of the two arms of a pair, all strata together."""
    patients = _patients(counted, room)
    events = room.pooled.events[0] if counted.n_rows > 0 else 0
    n1, n2 = first_count(patients), second_count(patients)
    out[column + RATE_EXPERIMENTAL] = first_count(events) / n1 if n1 > 0 else math.nan
    out[column + RATE_CONTROL] = second_count(events) / n2 if n2 > 0 else math.nan
