"""Operating characteristics of response rates, and of who is counted for each hypothesis."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from simulate.look_replicates import RandomisedTrial
from simulate.looks.columns import COUNT_COLUMNS
from simulate.monte_carlo import mean, proportion
from simulate.randomised.measure import Measure, distribution
from simulate.randomised.outcomes import Outcomes
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.theory.course import AS_ASSUMED, ExpectedTrial
from simulate.theory.rates import expected_rates

_STOP, _ALL = "stop", "all"


def true_rate_differences(trial: RandomisedTrial) -> dict[str, float]:
    """True differences of response rates by the name of the hypothesis, strata by their patients.

    Of patients in cycles and scans no formula tells them: what scans confirm by a look.
    """
    if not isinstance(trial, SurvivalTrial):
        return {}
    hypotheses = [each for each in trial.hypotheses if trial.is_rate(each.endpoint)]
    if not hypotheses:
        return {}
    expected, found = ExpectedTrial(trial), {}
    for each in hypotheses:
        ratio = trial.arm(each.experimental).allocation / trial.arm(each.control).allocation
        found[each.name] = expected_rates(expected, each, AS_ASSUMED, ratio).difference
    return found


def counts_of_hypothesis(outcomes: Outcomes, hypothesis: Hypothesis) -> Iterator[Measure]:
    """Patients and events of the two arms at each look, where that is told."""
    name = hypothesis.name
    if not outcomes.has(f"{name}.{COUNT_COLUMNS[0]}"):
        return
    for look in outcomes.looks_of(hypothesis):
        analysis = outcomes.analyses[look].name
        for column in COUNT_COLUMNS:
            values = outcomes.looks.column(analysis, f"{name}.{column}")
            if not np.isnan(values).all():
                yield from distribution(analysis, hypothesis.endpoint, _ALL, name, column, values)


def rates_of_hypothesis(
    outcomes: Outcomes, hypothesis: Hypothesis, truth: float
) -> Iterator[Measure]:
    """The rates at the decision: their distribution, bias and coverage of the difference.

    Parameters
    ----------
    outcomes, hypothesis
        Replicates of a trial, and one of its hypotheses on a response rate.
    truth
        True difference; nan if it is not known.
    """
    name, key = hypothesis.name, (_STOP, hypothesis.endpoint, _ALL, hypothesis.name)
    for column in ("rate_experimental", "rate_control", "rate_difference"):
        values = outcomes.at_decision(hypothesis, column)
        yield from distribution(_STOP, hypothesis.endpoint, _ALL, name, column, values)
    if math.isnan(truth):
        return
    away = outcomes.at_decision(hypothesis, "rate_difference") - truth
    lower, upper = (
        outcomes.at_decision(hypothesis, f"rate_difference_{end}") for end in ("lower", "upper")
    )
    covers = np.where(np.isnan(lower), np.nan, (lower <= truth) & (truth <= upper))
    given = np.where(outcomes.rejects(hypothesis), away, np.nan)
    yield Measure(*key, "rate_difference.bias", mean(away))
    yield Measure(*key, "rate_difference.coverage", proportion(covers))
    yield Measure(*key, "rate_difference.bias_if_rejected", mean(given))
