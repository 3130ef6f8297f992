"""Visits and findings: what a scan can show, and when it is done."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simulate.build_plan import build_plan
from simulate.distributions import NEVER
from simulate.patient import assessment as scans
from simulate.plan import Plan
from simulate.scenario.scenario import Scenario
from simulate.streams import words


def sample(n: int) -> list[int]:
    return words(20250, range(n // 4), 1, [(99, 1)]).ravel().tolist()


def test_findings_are_numbered_as_their_names() -> None:
    names = dict(enumerate(scans.RESPONSE_NAMES))

    assert names[scans.NOT_EVALUABLE] == "NE"
    assert names[scans.COMPLETE_RESPONSE] == "CR"
    assert names[scans.PARTIAL_RESPONSE] == "PR"
    assert names[scans.STABLE_DISEASE] == "SD"
    assert names[scans.PROGRESSIVE_DISEASE] == "PD"


def test_a_visit_is_done_within_its_window_as_a_rounded_normal(plan: Plan) -> None:
    deviation = np.array([scans.visit_day(plan.assessment, 9, w) for w in sample(20_000)]) - 420

    assert np.abs(deviation).max() == 7
    normal = stats.norm(0, 3)
    share = np.diff(normal.cdf(np.arange(-7, 9) - 0.5)) / (normal.cdf(7.5) - normal.cdf(-7.5))
    counts = np.bincount(deviation + 7, minlength=15)
    assert stats.chisquare(counts, share * len(deviation)).pvalue > 0.001


def test_the_baseline_scan_is_uniform_over_its_window(plan: Plan) -> None:
    days = np.array([scans.baseline_scan_day(plan.assessment, w) for w in sample(22_000)])

    assert set(days.tolist()) == set(range(-21, 1))
    assert stats.chisquare(np.bincount(-days)).pvalue > 0.001


def test_visits_are_missed_by_their_share_of_words(plan: Plan, scenario: Scenario) -> None:
    missed = np.mean([scans.visit_missed(plan.assessment, w) for w in sample(20_000)])
    never = build_plan(scenario.with_overrides({"assessment.missed": 0})).assessment

    assert stats.binomtest(round(missed * 20_000), 20_000, 0.03).pvalue > 0.001
    assert not scans.visit_missed(never, 0)


def test_clinical_progression_is_seen_1_to_14_days_after_it_occurs(plan: Plan) -> None:
    shows = round(0.10 * 2**32) - 1
    days = np.array(
        [scans.clinical_progression_day(plan.assessment, 300, shows, w) for w in sample(14_000)]
    )

    assert set(days.tolist()) == set(range(301, 315))
    assert stats.chisquare(np.bincount(days - 301)).pvalue > 0.001
    assert scans.clinical_progression_day(plan.assessment, 300, shows + 1, 0) == NEVER
    assert scans.clinical_progression_day(plan.assessment, NEVER, 0, 0) == NEVER


@settings(max_examples=300, deadline=None)
@given(
    day=st.integers(1, 60),
    response=st.one_of(st.integers(0, 60), st.just(NEVER)),
    wait=st.one_of(st.integers(1, 60), st.just(NEVER)),
    complete=st.booleans(),
)
def test_a_scan_shows_the_disease_of_its_day(
    day: int, response: int, wait: int, complete: bool
) -> None:
    progression = min(wait, NEVER) if response == NEVER else min(response + wait, NEVER)

    finding = scans.RESPONSE_NAMES[scans.scan_finding(day, response, 7, complete, progression)]

    if day in range(progression, 61):
        assert finding == "PD"
    elif day in range(response - 7, 61):  # a scan up to its window early shows the response
        assert finding == ("CR" if complete else "PR")
    else:
        assert finding == "SD"


@pytest.mark.parametrize(
    ("day", "finding"), [(76, "SD"), (77, "PR"), (84, "PR"), (199, "PR"), (200, "PD"), (201, "PD")]
)
def test_the_days_on_which_the_finding_turns(day: int, finding: str) -> None:
    assert scans.RESPONSE_NAMES[scans.scan_finding(day, 84, 7, False, 200)] == finding
