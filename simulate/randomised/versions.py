"""Endpoints of one trial side by side: differences between them in pairs, and readers compared.

All endpoints are seen in the same patients, so the Monte Carlo error of a difference is that of the
differences within replicates.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from simulate.distributions import FloatArray
from simulate.looks.design import CONCORDANCE, SWITCHED
from simulate.monte_carlo import mean
from simulate.randomised.measure import Measure, distribution
from simulate.randomised.outcomes import Outcomes
from simulate.scenario.monitoring import Hypothesis

_ALL, _STOP, _EVERY_LOOK = "all", "stop", "all"


def paired_versions(outcomes: Outcomes) -> Iterator[Measure]:
    """Differences between endpoints of one kind, and between hypotheses on them, in pairs.

    Of power over all looks; of events, medians and log hazard ratios at the look with which the
    trial ends, in the replicates in which both are finite.
    """
    yield from _ratios(outcomes)
    for one, other in combinations(outcomes.told_endpoints, 2):
        if outcomes.events_of(one) == outcomes.events_of(other):
            yield from _of_endpoints(outcomes, one, other)
    for mine, theirs in pairs_of_hypotheses(outcomes):
        yield from _of_hypotheses(outcomes, mine, theirs)


def pairs_of_hypotheses(outcomes: Outcomes) -> Iterator[tuple[Hypothesis, Hypothesis]]:
    """Hypotheses that compare the same arms and patients in two endpoints of one kind."""
    for one, other in combinations(outcomes.hypotheses, 2):
        same_arms = (one.experimental, one.control) == (other.experimental, other.control)
        same_kind = outcomes.events_of(one.endpoint) == outcomes.events_of(other.endpoint)
        same_patients = one.population == other.population
        if same_arms and same_kind and same_patients and one.endpoint != other.endpoint:
            yield one, other


def compared_arms(outcomes: Outcomes) -> tuple[tuple[str, str], ...]:
    """Experimental and control arm of each comparison that some hypothesis makes."""
    return tuple(dict.fromkeys((each.experimental, each.control) for each in outcomes.hypotheses))


def arms_in_words(arms: tuple[str, str]) -> str:
    """What stands for the arm where a measure compares two."""
    return " - ".join(arms)


def tested(outcomes: Outcomes, endpoint: str, arms: tuple[str, str]) -> Hypothesis | None:
    """The first hypothesis that compares two arms in an endpoint, of all patients."""
    for each in outcomes.hypotheses:
        same = (each.endpoint, each.experimental, each.control) == (endpoint, *arms)
        if same and not each.population:
            return each
    return None


def log_ratios(outcomes: Outcomes, endpoint: str, arms: tuple[str, str]) -> FloatArray | None:
    """Log hazard ratio of two arms at the look with which each trial ends, tested or not."""
    hypothesis = tested(outcomes, endpoint, arms)
    if hypothesis is not None:
        return _log_ratio_of(outcomes, hypothesis)
    name = f"{endpoint.lower()}.log_hr.{'.'.join(arms)}"
    return outcomes.at_stop(name) if outcomes.has(name) else None


def _log_ratio_of(outcomes: Outcomes, hypothesis: Hypothesis) -> FloatArray | None:
    """Log hazard ratio of a hypothesis at the look with which each trial ends.

    Where estimates are told only of what a look decides, that of the decision stands in for it.
    """
    if not outcomes.has(f"{hypothesis.name}.log_hr"):
        return None
    at_stop = outcomes.at_stop(f"{hypothesis.name}.log_hr")
    at_decision = outcomes.log_hazard_ratio(hypothesis)
    return np.where(np.isnan(at_stop), at_decision, at_stop)


def untested(outcomes: Outcomes) -> Iterator[tuple[str, tuple[str, str], FloatArray]]:
    """Endpoints and arms of a hazard ratio that no hypothesis tests, and its log."""
    for endpoint in outcomes.told_endpoints:
        for arms in compared_arms(outcomes):
            values = log_ratios(outcomes, endpoint, arms)
            if values is not None and tested(outcomes, endpoint, arms) is None:
                yield endpoint, arms, values


def _ratios(outcomes: Outcomes) -> Iterator[Measure]:
    """Hazard ratios of endpoints that are not tested, at the look with which the trial ends."""
    for endpoint, arms, values in untested(outcomes):
        key = (_STOP, endpoint, arms_in_words(arms), "")
        finite = np.where(np.isfinite(values), values, np.nan)
        yield from distribution(*key, "hazard_ratio", np.exp(finite))
        yield Measure(*key, "log_hazard_ratio.mean", mean(finite))


def _of_ratios(outcomes: Outcomes, one: str, other: str) -> Iterator[Measure]:
    """Differences of log hazard ratios, unless both are of hypotheses, which tell them."""
    for arms in compared_arms(outcomes):
        both = [log_ratios(outcomes, name, arms) for name in (one, other)]
        told = all(tested(outcomes, name, arms) is not None for name in (one, other))
        if told or both[0] is None or both[1] is None:
            continue
        difference = mean(_difference(both[0], both[1]))
        key = (_STOP, f"{one} - {other}", arms_in_words(arms), "")
        yield Measure(*key, "log_hazard_ratio.difference", difference)


def _of_endpoints(outcomes: Outcomes, one: str, other: str) -> Iterator[Measure]:
    for column, measure, arm in _shared(outcomes, one, other):
        values = (outcomes.at_stop(f"{name.lower()}.{column}") for name in (one, other))
        yield Measure(_STOP, f"{one} - {other}", arm, "", measure, mean(_difference(*values)))
    yield from _of_ratios(outcomes, one, other)


def _shared(outcomes: Outcomes, one: str, other: str) -> Iterator[tuple[str, str, str]]:
    """Columns that both endpoints have, with the measure and the arm."""
    for name in outcomes.looks.names:
        key, _, rest = name.partition(".")
        statistic, _, arm = rest.partition(".")
        if key != one.lower() or not outcomes.has(f"{other.lower()}.{rest}"):
            continue
        if statistic in ("events", "median", "rmst") or statistic.startswith("rate_"):
            yield rest, f"{statistic}.difference", arm or _ALL


def _of_hypotheses(outcomes: Outcomes, one: Hypothesis, other: Hypothesis) -> Iterator[Measure]:
    key = (f"{one.endpoint} - {other.endpoint}", _ALL, f"{one.name} - {other.name}")
    rejects = (outcomes.rejects(each).astype(float) for each in (one, other))
    yield Measure(_EVERY_LOOK, *key, "reject.difference", mean(_difference(*rejects)))
    mine, theirs = (_log_ratio_of(outcomes, each) for each in (one, other))
    if mine is not None and theirs is not None:
        yield Measure(_STOP, *key, "log_hazard_ratio.difference", mean(_difference(mine, theirs)))


def _difference(one: FloatArray, other: FloatArray) -> FloatArray:
    """Differences where both are finite, else nan."""
    usable = np.isfinite(one) & np.isfinite(other)
    found = np.full(len(one), np.nan)
    found[usable] = one[usable] - other[usable]
    return found


# ---- readers --------------------------------------------------------------------------------


def agreement(outcomes: Outcomes, analysis: str) -> Iterator[Measure]:
    """How far readers agree at a look, and how many patients have changed treatment.

    Rates of early and late discrepancy are those of Amit et al. 2011, seen from the first reader.
    """
    for name in outcomes.looks.names:
        first, *rest = name.split(".")
        if first == CONCORDANCE and rest[2] == "both_same":
            one, other, _, arm = rest
            yield from _of_pair(outcomes, analysis, one, other, arm)
            yield from _between_arms(outcomes, analysis, one, other, arm)
        elif first == SWITCHED:
            values = outcomes.looks.column(analysis, name)
            if not np.isnan(values).all():
                yield from distribution(analysis, "", rest[0], "", "switched", values)


def _of_pair(
    outcomes: Outcomes, analysis: str, one: str, other: str, arm: str
) -> Iterator[Measure]:
    rates = discrepancy_rates(outcomes, analysis, one, other, arm)
    for name, values in rates.items():
        if not np.isnan(values).all():
            for measure in distribution(analysis, "PFS", arm, "", name, values):
                yield measure._replace(reader=f"{one}, {other}")


def _between_arms(
    outcomes: Outcomes, analysis: str, one: str, other: str, arm: str
) -> Iterator[Measure]:
    """Rates of an experimental arm less those of its controls."""
    controls = {each.control for each in outcomes.hypotheses if each.experimental == arm}
    for control in sorted(controls):
        key = (analysis, "PFS", arms_in_words((arm, control)), "")
        found = rates_between_arms(outcomes, analysis, one, other, (arm, control))
        for name, values in found.items():
            if not np.isnan(values).all():
                yield Measure(*key, f"{name}.difference", mean(values), f"{one}, {other}")


def rates_between_arms(
    outcomes: Outcomes, analysis: str, one: str, other: str, arms: tuple[str, str]
) -> dict[str, FloatArray]:
    """The rates of :func:`discrepancy_rates` in an experimental arm less those in its control.

    They differ also where no reader is biased: an arm with a lower hazard or longer follow-up has
    other numbers of scans before and after progression. Evaluation bias is what they differ by
    beyond the same trial without it.
    """
    mine, theirs = (discrepancy_rates(outcomes, analysis, one, other, arm) for arm in arms)
    return {name: _difference(mine[name], theirs[name]) for name in mine}


def discrepancy_rates(
    outcomes: Outcomes, analysis: str, one: str, other: str, arm: str
) -> dict[str, FloatArray]:
    """What two readers say of the patients of an arm at a look, in every replicate.

    Returns
    -------
    dict
        ``event_agreement``: patients of whom both call progression or neither does, of all;
        ``date_agreement``: called on one scan, of those that both call; ``early_discrepancy``: the
        first reader is earlier or alone, of those that the first calls; ``late_discrepancy``: the
        first is later or silent, of all discrepancies. nan where there is nothing to divide by.
    """
    same, later, earlier, only_first, only_second = (
        outcomes.looks.column(analysis, f"{CONCORDANCE}.{one}.{other}.{count}.{arm}")
        for count in ("both_same", "first_later", "first_earlier", "only_first", "only_second")
    )
    patients = outcomes.looks.column(analysis, f"n_enrolled.{arm}")
    both = same + later + earlier
    return {
        "event_agreement": _share(patients - only_first - only_second, patients),
        "date_agreement": _share(same, both),
        "early_discrepancy": _share(only_first + earlier, both + only_first),
        "late_discrepancy": _share(only_second + later, later + earlier + only_first + only_second),
    }


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    share = np.full(len(part), np.nan)
    np.divide(part, whole, out=share, where=whole > 0)
    return share
