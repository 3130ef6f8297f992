"""How far two readers agree: against a formula on the grid of scans, and by hand."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from test_review import BASE, MODEL, TO_COPY

from simulate.build_observation import review_plan, review_room
from simulate.build_survival_plan import scan_days
from simulate.distributions import NEVER, FloatArray
from simulate.looks.concordance import (
    BOTH_SAME,
    COUNTS,
    FIRST_EARLIER,
    FIRST_LATER,
    ONLY_FIRST,
    ONLY_SECOND,
    count_calls,
)
from simulate.looks.review import review_trial
from simulate.looks.review_plan import Review
from simulate.plan import with_lists
from simulate.reading_words import read_words
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.survival_ledger import survival_ledger

LAST_DAY = 700
ONE, OTHER = (0.3, 0.03), (0.15, 0.06)
"""Missed and early of two readers."""


@pytest.mark.parametrize("treating", [None, "one"])
def test_agreement_has_the_probabilities_of_the_scan_grid(treating: str | None) -> None:
    n = 6000
    scenario = _two_readers(treating)
    rng = np.random.default_rng(5)
    progression = np.ceil(rng.exponential(400.0, n)).astype(np.int64)
    counts = _counted(scenario, progression)
    expected = _expected(scan_days(scenario, LAST_DAY)[1:], ends=treating is not None)
    for count, probability in zip(counts, expected, strict=True):
        error = math.sqrt(n * probability * (1 - probability))
        assert abs(count - n * probability) <= 4 * error, (counts, n * expected)


def _two_readers(treating: str | None) -> SurvivalScenario:
    readers = [
        {"id": i + 1, "name": name, "missed": missed, "early": early}
        for i, (name, (missed, early)) in enumerate((("one", ONE), ("other", OTHER)))
    ]
    changes: dict[str, Any] = {"readers": readers}
    if treating is not None:
        changes["treating_reader"] = treating
    return SurvivalScenario.from_file(TO_COPY).with_overrides(
        BASE
        | {
            "survival": MODEL | changes,
            "rule_sets": [],
            "endpoints": [{"id": 1, "name": "LOCAL", "of": "PFS", "reader": "one"}],
        }
    )


def _counted(scenario: SurvivalScenario, progression: np.ndarray[Any, Any]) -> list[float]:
    """Patients by what the readers say of them at the end of day LAST_DAY."""
    n = len(progression)
    zeros, never = [0] * n, [NEVER] * n
    ledger = with_lists(
        survival_ledger(
            {
                **dict.fromkeys(("region", "cell", "stratum", "arm", "enrolment_trial_day"), zeros),
                "progression_day": progression,
                **dict.fromkeys(("death_day", "dropout_day"), never),
            }
        )
    )
    plan = review_plan(scenario, LAST_DAY)
    review = with_lists(Review(plan, review_room(scenario, plan, n)))
    read_words(review, seed=11, replicate=0)
    review_trial(review, ledger, n)
    out: Any = [0.0] * (2 * len(COUNTS))
    count_calls(review, ledger, 0, LAST_DAY, n, out, 0, n)
    return list(out[: len(COUNTS)])


def _expected(scans: np.ndarray[Any, Any], *, ends: bool) -> FloatArray:
    """Probabilities by summing over the scan that follows progression and both readers' calls."""
    n, found = len(scans), np.zeros(len(COUNTS))
    edges = np.concatenate([[0.0], scans])
    chance = np.append(
        np.exp(-edges[:-1] / 400) - np.exp(-edges[1:] / 400), math.exp(-edges[-1] / 400)
    )
    none = n + 1  # scans count from 1; no call by the last one

    def call(errors: tuple[float, float], first: int) -> list[float]:
        missed, early = errors
        before = [(1 - early) ** (k - 1) * early for k in range(1, min(first, none))]
        left = (1 - early) ** (min(first, none) - 1)
        after = [left * (1 - missed) * missed ** (k - first) for k in range(first, none)]
        return [*before, *after, 1 - sum(before) - sum(after)]

    for first, weight in enumerate(chance, start=1):
        one, other = call(ONE, first), call(OTHER, first)
        for mine, theirs in product(range(1, none + 1), repeat=2):
            probability = weight * one[mine - 1] * other[theirs - 1]
            if ends and theirs > mine:
                theirs = none  # scans end with the call of the first
            if mine < none and theirs < none:
                place = (
                    BOTH_SAME if mine == theirs else FIRST_EARLIER if mine < theirs else FIRST_LATER
                )
            elif mine < none or theirs < none:
                place = ONLY_FIRST if mine < none else ONLY_SECOND
            else:
                continue
            found[place] += probability
    return found
