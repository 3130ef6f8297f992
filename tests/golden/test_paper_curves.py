"""The analysis gives every Kaplan-Meier figure printed in the paper, to its last digit.

The data are not the patients': they were reconstructed so as to agree with what Ma et al. 2025
(Cancer Commun., doi:10.1002/cac2.12662) print. Three analyses must reproduce it: our curve of one
sample in months, our replicate kernel on whole days, and lifelines as the oracle.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lifelines import KaplanMeierFitter
from lifelines.utils import median_survival_times

from simulate.analysis.counting import (
    FIRST_LANDMARK,
    LANDMARK_SIZE,
    MEDIAN,
    MEDIAN_LOWER,
    MEDIAN_UPPER,
    SurvivalRules,
    count_days,
    summarise_survival,
    table_length,
)
from simulate.analysis.kaplan_meier import kaplan_meier
from simulate.analysis.product_limit import normal_quantile

DATA = pd.read_csv(Path(__file__).with_name("kn026_pseudo_ipd.csv"), comment="#")
MONTH = 30.4375
MONTHS = [6, 12, 24, 30]

# Results 3.2 and 3.3: rates (lower limit-upper limit) in per cent, medians in months.
RATES = {
    "pfs": ["87.4 (75.4-93.8)", "76.3 (62.6-85.5)", "54.2 (39.7-66.6)", "45.2 (30.9-58.4)"],
    "os": ["98.2 (88.2-99.8)", "93.0 (82.4-97.3)", "84.1 (71.7-91.4)", "78.5 (65.2-87.2)"],
    "dor": [None, "85.2", "59.3", "51.6"],
}
MEDIANS = {"pfs": "27.7 (18.0-NR)", "os": "NR", "dor": "NR (20.7-NR)"}
# Patients, events in all, and the only event counts by landmark that the printed figures allow
# (24 months of response duration would also allow 15).
COUNTS = {
    "pfs": (57, 28, [7, 13, 24, 28]),
    "os": (57, 12, [1, 4, 9, 12]),
    "dor": (42, 18, [0, 6, 16, 18]),
}


def by_months(sample):
    curve = kaplan_meier(sample.time_months, sample.event)
    lower, upper = curve.interval_at(MONTHS)
    return curve.survival_at(MONTHS), lower, upper, (curve.median(), *curve.median_interval())


def by_days(sample):
    time = np.round(sample.time_months * MONTH).astype(int).tolist()
    exits, events = [0] * table_length(max(time)), [0] * (max(time) + 1)
    rules = SurvivalRules(normal_quantile(0.95), [month * MONTH for month in MONTHS])
    out = [0.0] * (FIRST_LANDMARK + LANDMARK_SIZE * len(MONTHS))
    last = count_days(time, sample.event.tolist(), len(time), exits, events)
    summarise_survival(rules, exits, events, len(time), last, out, 0)
    medians = np.array([out[i] for i in (MEDIAN, MEDIAN_LOWER, MEDIAN_UPPER)])
    survival, lower, upper = (out[FIRST_LANDMARK + i :: LANDMARK_SIZE] for i in range(3))
    return survival, lower, upper, medians / MONTH


def by_lifelines(sample):
    fitted = KaplanMeierFitter().fit(sample.time_months, sample.event)
    limits = fitted.confidence_interval_
    at = limits.index.searchsorted(MONTHS, side="right") - 1
    bounds = [median_survival_times(limits.iloc[:, [side]]) for side in (0, 1)]
    return (
        fitted.predict(MONTHS).to_numpy(),
        limits.iloc[at, 0].to_numpy(),
        limits.iloc[at, 1].to_numpy(),
        (fitted.median_survival_time_, *bounds),
    )


def printed(value):
    return "NR" if math.isinf(value) else f"{value:.1f}"


@pytest.mark.parametrize("analysis", [by_months, by_days, by_lifelines])
@pytest.mark.parametrize("endpoint", ["pfs", "os", "dor"])
def test_every_printed_figure(analysis, endpoint):
    survival, lower, upper, medians = analysis(DATA[DATA.endpoint == endpoint])
    for k, expected in enumerate(RATES[endpoint]):
        rate, low, high = (printed(100 * values[k]) for values in (survival, lower, upper))
        assert expected in (None, rate, f"{rate} ({low}-{high})"), MONTHS[k]
    median, low, high = (printed(value) for value in medians)
    assert MEDIANS[endpoint] in (median, f"{median} ({low}-{high})")


@pytest.mark.parametrize("endpoint", ["pfs", "os", "dor"])
def test_event_counts(endpoint):
    sample = DATA[DATA.endpoint == endpoint]
    by_landmark = [int(sample.event[sample.time_months <= month].sum()) for month in MONTHS]
    assert (len(sample), int(sample.event.sum()), by_landmark) == COUNTS[endpoint]


def test_another_transform_would_not_give_the_printed_limits():
    """The check can bite: plain limits miss, so the agreement above says something."""
    sample = DATA[DATA.endpoint == "pfs"]
    curve = kaplan_meier(sample.time_months, sample.event)
    steps = (curve.events > 0) & (curve.time <= 12)
    greenwood = np.sum(
        curve.events[steps] / (curve.at_risk[steps] * (curve.at_risk[steps] - curve.events[steps]))
    )
    survival = float(curve.survival_at(12))
    half = 1.96 * survival * math.sqrt(greenwood)
    assert abs(100 * (survival - half) - 62.6) > 2
    assert abs(100 * (survival + half) - 85.5) > 2
