"""Names of the columns in the row of a look, in their order."""

from __future__ import annotations

from collections.abc import Sequence

from simulate.looks.design import LookDesign
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.testing import (
    IntervalCensored,
    MaxCombo,
    Milestone,
    RestrictedMean,
    TestBlock,
    TestName,
    WinRatio,
)
from simulate.units import DAYS_PER_MONTH

LOOK_COLUMNS = (
    "cut_day",
    "decision_day",
    "n_enrolled",
    "n_enrolled_at_decision",
    "target_reached",
    "overshoot",
    "stopped",
)
"""In the order of the places in :mod:`simulate.looks.plan`; then `n_enrolled` by arm."""

HYPOTHESIS_COLUMNS = (
    "tested_events",
    "fraction",
    "efficacy_bound",
    "futility_bound",
    "z",
    "log_hr",
    "log_hr_se",
    "decision",
)

OWN_TEST = "tested_"
"""How columns of the estimates of a hypothesis's own test begin."""

RMST_COLUMNS = ("rmst_difference", "rmst_difference_se")

RATIO_COLUMNS = ("log_hr", "log_hr_se")
"""What is told of two arms in an endpoint that is not tested."""
RATE_MEASURES = ("events", "evaluable", "rate")
"""What is told of a response rate in an arm: its events are responders."""

COUNT_COLUMNS = ("n_experimental", "n_control", "events_experimental", "events_control")
"""Who was counted for a hypothesis; only where one is on a rate, or in a part of all patients."""

RATE_COLUMNS = (
    "rate_experimental",
    "rate_control",
    "rate_difference",
    "rate_difference_lower",
    "rate_difference_upper",
)
"""Response rates of a hypothesis; only where one is on a rate."""

LEVEL_COLUMN = "level"
"""One-sided alpha at which a hypothesis is tested; only where hypotheses share alpha."""


def column_names(design: LookDesign) -> tuple[str, ...]:
    """Names of the columns: of the look, of each endpoint and arm, of each hypothesis.

    Endpoints and arms, and hypotheses, are set off by dots: ``pfs.median.control``, ``pfs_test.z``.
    Times are in months, ``cut_day`` and ``decision_day`` are trial days.
    """
    names = [*LOOK_COLUMNS, *(f"n_enrolled.{arm}" for arm in design.arms)]
    for endpoint in design.endpoints:
        name = endpoint.lower()
        names.append(f"{name}.events")
        for arm in design.arms:
            names += [f"{name}.{measure}.{arm}" for measure in arm_measures(design, endpoint)]
    for hypothesis in design.hypotheses:
        measures = (
            *hypothesis_measures(design),
            *own_measures(hypothesis),
            *further_measures(design, hypothesis),
        )
        names += [f"{hypothesis.name}.{measure}" for measure in measures]
    for endpoint, (experimental, control) in design.untested:
        names += [
            f"{endpoint.lower()}.{measure}.{experimental}.{control}" for measure in RATIO_COLUMNS
        ]
    return (*names, *design.more)


def arm_measures(design: LookDesign, endpoint: str) -> Sequence[str]:
    """What is told of an endpoint in an arm."""
    if endpoint in design.rates:
        return RATE_MEASURES
    rates = [f"rate_{days / DAYS_PER_MONTH:g}" for days in design.estimates.landmarks]
    return ["events", "median", *rates, *(["rmst"] if design.estimates.rmst else [])]


def hypothesis_measures(design: LookDesign) -> Sequence[str]:
    """What is told of every hypothesis."""
    rmst = RMST_COLUMNS if design.estimates.rmst else ()
    shared = () if design.graph is None else (LEVEL_COLUMN,)
    counts = COUNT_COLUMNS if tells_counts(design) else ()
    rates = RATE_COLUMNS if tells_rates(design) else ()
    return [*HYPOTHESIS_COLUMNS, *rmst, *counts, *rates, *shared]


def tells_rates(design: LookDesign) -> bool:
    """Whether a hypothesis is on a response rate."""
    return any(each.endpoint in design.rates for each in design.hypotheses)


def tells_counts(design: LookDesign) -> bool:
    """Whether it is told who was counted for a hypothesis: not always all patients are."""
    return tells_rates(design) or any(each.population for each in design.hypotheses)


def own_measures(hypothesis: Hypothesis) -> Sequence[str]:
    """What is told of a hypothesis by its own test beside the statistic."""
    return [f"{OWN_TEST}{column}" for column in estimate_columns(hypothesis.test)]


def further_measures(design: LookDesign, hypothesis: Hypothesis) -> Sequence[str]:
    """What is told of a hypothesis by further tests: the last of its columns."""
    return [
        f"{each.name}.{column}"
        for each in design.further_tests(hypothesis)
        for column in ("z", *estimate_columns(each.test))
    ]


def estimate_columns(test: TestName | TestBlock) -> Sequence[str]:
    """What a test estimates, and the standard error of that; nothing of log-rank tests."""
    match test:
        case RestrictedMean() | Milestone():
            return ("difference", "difference_se")
        case WinRatio(measure=measure):
            name = "log_win_ratio" if measure == "win_ratio" else measure
            return (name, f"{name}_se")
        case IntervalCensored():
            return ("one_step_log_hr", "one_step_log_hr_se")
        case MaxCombo():
            return ("largest_weight",)
        case _:
            return ()
