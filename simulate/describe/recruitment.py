"""When patients come to a randomised survival trial, and when all places are taken."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from itertools import zip_longest

from simulate.build_survival_plan import regions_in_order
from simulate.describe.words import count, duration, in_months, listing, paragraphs, per_month
from simulate.scenario.recruitment import AccrualRow, Region
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.theory.accrual import Accrual

_LIKELY = (0.1, 0.9)


def recruitment(trial: SurvivalTrial, accrual: Accrual) -> list[str]:
    """The section on accrual, by region, and on when the trial is full."""
    regions = regions_in_order(trial)
    return paragraphs(
        f"Trial day 0 is {trial.origin}. The number of arrivals on a day is Poisson distributed.",
        *_regions(trial, regions, accrual),
        _full(trial, accrual),
    )


def _regions(trial: SurvivalTrial, regions: Sequence[Region], accrual: Accrual) -> tuple[str, ...]:
    if trial.enrolment.regions is None:
        return (f"Accrual: {rates_in_words(regions[0].accrual)}, until all places are taken.",)
    expected = accrual.by_region()
    return (
        f"{count(len(regions), 'region')}, all competing until {trial.sample_size:,} patients are "
        "enrolled. Their numbers here are those at the expected rates.",
        *(
            f"Region {region.name}: {rates_in_words(region.accrual)}"
            + (f"; at most {count(region.cap, 'patient')}" if region.cap else "")
            + f". About {number:,.0f} patients."
            for region, number in zip(regions, expected, strict=True)
        ),
    )


def rates_in_words(rows: Sequence[AccrualRow]) -> str:
    """Accrual row by row: rates, and the times from which they hold."""
    ends = [row.from_ for row in rows[1:]]
    texts = []
    for row, end in zip_longest(rows, ends):
        text = per_month(row.rate)
        if row.to_rate is not None:
            way = "falling" if row.to_rate < row.rate else "rising"
            text += f" {way} to {per_month(row.to_rate)} by {duration(end)}"
        texts.append(f"from {duration(row.from_)} {text}" if row.from_ > 0 else text)
    return ", ".join(texts)


def _full(trial: SurvivalTrial, accrual: Accrual) -> str:
    """When the last place is taken."""
    day = accrual.day_reaching(trial.sample_size)
    if math.isinf(day):
        return (
            f"In more than half of the trials not all {trial.sample_size:,} places are taken by "
            f"the end of the trial; {accrual.entered()[-1]:,.1f} patients are expected."
        )
    low, high = (accrual.quantile(trial.sample_size, p) for p in _LIKELY)
    date = trial.origin + dt.timedelta(days=math.ceil(day))
    spread = listing(in_months(each) for each in (low, high))
    return (
        f"All {trial.sample_size:,} places are taken after {in_months(day)} on average ({date}), "
        f"in 80% of the trials between {spread}."
    )
