"""Names of the columns in the row of a look, in their order."""

from __future__ import annotations

from collections.abc import Sequence

from simulate.looks.design import LookDesign
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

RMST_COLUMNS = ("rmst_difference", "rmst_difference_se")

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
        names += [f"{hypothesis.name}.{measure}" for measure in hypothesis_measures(design)]
    return (*names, *design.more)


def arm_measures(design: LookDesign, endpoint: str) -> Sequence[str]:
    """What is told of an endpoint in an arm."""
    if endpoint in design.rates:
        return RATE_MEASURES
    rates = [f"rate_{days / DAYS_PER_MONTH:g}" for days in design.estimates.landmarks]
    return ["events", "median", *rates, *(["rmst"] if design.estimates.rmst else [])]


def hypothesis_measures(design: LookDesign) -> Sequence[str]:
    """What is told of a hypothesis."""
    rmst = RMST_COLUMNS if design.estimates.rmst else ()
    tests = (test_column(test.name) for test in design.estimates.tests)
    shared = () if design.graph is None else (LEVEL_COLUMN,)
    counts = COUNT_COLUMNS if tells_counts(design) else ()
    rates = RATE_COLUMNS if tells_rates(design) else ()
    return [*HYPOTHESIS_COLUMNS, *rmst, *tests, *counts, *rates, *shared]


def tells_rates(design: LookDesign) -> bool:
    """Whether a hypothesis is on a response rate."""
    return any(each.endpoint in design.rates for each in design.hypotheses)


def tells_counts(design: LookDesign) -> bool:
    """Whether it is told who was counted for a hypothesis: not always all patients are."""
    return tells_rates(design) or any(each.population for each in design.hypotheses)


def test_column(name: str) -> str:
    """What is told of a hypothesis by a further test: its statistic."""
    return f"{name}.z"
