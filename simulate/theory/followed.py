"""Whether patients may be expected to be followed as long as a test at a look looks back.

Restricted means and rates at a milestone are not defined where an arm has nobody who is followed
that long and whose curve has not come down to 0. Such a test rejects nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from simulate.distributions import FloatArray
from simulate.errors import Problem, ScenarioError, UsageError
from simulate.scenario.analyses import Analysis
from simulate.scenario.findings import Finding
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.parameters import DRAWS
from simulate.scenario.populations import Population, population_of
from simulate.scenario.reading import AnyScenario
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.scenario.testing import Milestone, RestrictedMean, TestBlock, TestName
from simulate.scenario.tree import Path
from simulate.theory.course import Expected, ExpectedTrial
from simulate.theory.look_days import look_days
from simulate.theory.patients import ExpectedPatients
from simulate.units import DAYS_PER_MONTH

FEW = 10.0
"""Patients of an arm: where fewer are expected to be followed so long, some trials have none."""


class _Asked(NamedTuple):
    """A time of a test of a hypothesis, and where it stands."""

    time: float
    path: Path
    hypothesis: Hypothesis
    looks: tuple[Analysis, ...]
    """Looks at which the test should say something."""


class _Followed(NamedTuple):
    """What a look may expect of the arm in which fewer patients are followed so long."""

    patients: float
    """Patients followed beyond the time."""
    longest: float
    """Follow-up of the first patient, in days."""
    open: float
    """Patients of the arm, were all followed as long as the first, whose event has not come."""


def check_times(scenario: AnyScenario) -> list[Problem]:
    """Refuse a test whose time nobody reaches by its last look, and warn where only a few do.

    The looks are those that theory expects. Where readers decide when events are seen, or survival
    has no formula, theory does not know the looks well enough to refuse: then this only warns, or
    says nothing.

    Returns
    -------
    list of Problem
        What to warn of.

    Raises
    ------
    ScenarioError
        With the line of every time that is out of reach.
    """
    asked = list(_asked(scenario))
    expected = _expected(scenario) if asked else None
    if expected is None:
        return []
    refused: dict[Path, Finding] = {}
    warned: dict[Path, Finding] = {}
    followed = _Looks(expected)
    for each in asked:
        for look in each.looks:
            found = followed.of(each, look)
            if found.patients >= FEW:
                continue
            is_last = look == each.looks[-1]
            nobody = each.time >= found.longest and found.open >= 1.0
            which = refused if nobody and is_last and not scenario.is_read else warned
            which.setdefault(
                each.path, _in_words(each, look, found, followed.suggested(each, look))
            )
    if refused:
        raise ScenarioError(scenario.problems_at(refused.values()))
    return scenario.problems_at(warned.values())


def _asked(scenario: AnyScenario) -> Iterator[_Asked]:
    """The times of the tests; those that are told beside others need only be known at the end."""
    for index, hypothesis in enumerate(scenario.hypotheses):
        looks = scenario.analyses_of(hypothesis)
        if hypothesis.efficacy is None:  # all alpha is that of the last look
            looks = looks[-1:]
        for time, key in _time_of(hypothesis.test):
            yield _Asked(time, ("hypotheses", index, "test", key), hypothesis, looks)
        for further in scenario.further_tests(hypothesis):
            i = scenario.estimates.tests.index(further)
            for time, key in _time_of(further.test):
                place: Path = ("estimates", "tests", i, "test", key)
                yield _Asked(time, place, hypothesis, looks[-1:])


def _time_of(test: TestName | TestBlock) -> Iterator[tuple[float, str]]:
    match test:
        case RestrictedMean(until=time):
            yield time, "until"
        case Milestone(time=time):
            yield time, "time"
        case _:
            pass


def _expected(scenario: AnyScenario) -> Expected | None:
    if isinstance(scenario, SurvivalScenario):
        return ExpectedTrial(scenario)
    if scenario.parameters and scenario.parameters.use == DRAWS:
        return None
    try:
        return ExpectedPatients(scenario)
    except UsageError:
        return None  # survival has no formula


class _Looks:
    """The looks that theory expects, and how long patients are followed by then."""

    def __init__(self, expected: Expected) -> None:
        self._expected = expected
        trial = expected.trial
        found = look_days(trial, expected.day_enrolled, self._events)
        names = [analysis.name for analysis in trial.analyses]
        self._days = dict(zip(names, (look.day for look in found), strict=True))
        self._first = expected.day_enrolled(1)

    def _events(self, endpoint: str, population: Population) -> FloatArray:
        """Expected events of an endpoint by the end of each trial day, in all arms together."""
        by_arm = self._expected.events(endpoint, population=population)
        return np.asarray(by_arm.sum(axis=0))

    def of(self, asked: _Asked, look: Analysis) -> _Followed:
        """What a look may expect."""
        day, hypothesis = self._days[look.name], asked.hypothesis
        arms = (hypothesis.experimental, hypothesis.control)
        return min(self._of_arm(asked.time, hypothesis, arm, day) for arm in arms)

    def suggested(self, asked: _Asked, look: Analysis) -> int:
        """Most whole months that enough patients are followed by a look; 0 without any."""
        months = math.floor(asked.time / DAYS_PER_MONTH)
        while months > 0:
            shorter = asked._replace(time=months * DAYS_PER_MONTH)
            if self.of(shorter, look).patients >= FEW:
                return months
            months -= 1
        return 0

    def _of_arm(self, time: float, hypothesis: Hypothesis, arm: str, day: float) -> _Followed:
        expected, longest = self._expected, day - self._first
        population = population_of(hypothesis.population)
        survival = expected.survival(hypothesis.endpoint, arm, seen=True, population=population)
        share = expected.share(arm) * expected.weight(population)
        entered = expected.entered
        by_end = share * float(entered[math.floor(day)])
        last = min(max(math.floor(longest), 0), len(survival) - 1)
        early, at = math.floor(day - time), math.ceil(time)
        patients = 0.0
        if early >= 0 and at < len(survival):
            stay = float(survival[at] * expected.in_study(arm)[at])
            patients = share * float(entered[early]) * stay
        return _Followed(patients, longest, by_end * float(survival[last]))


def _in_words(asked: _Asked, look: Analysis, found: _Followed, months: int) -> Finding:
    who = "nobody" if found.patients < 0.05 else f"only {found.patients:.1f} patients"
    if asked.time < found.longest:
        consequence = "where an arm has none, the test is not defined and does not reject"
    else:
        consequence = "there the test is not defined and does not reject"
    return Finding(
        asked.path,
        f"at the look {look.name}, {who} of an arm can be expected to be followed so long for "
        f"{asked.hypothesis.endpoint}: {consequence} "
        f"(given: {_months(asked.time)}; the longest follow-up expected: {_months(found.longest)})",
        f"Give at most {months} months, or look later" if months else "Look later",
    )


def _months(days: float) -> str:
    return f"{round(days / DAYS_PER_MONTH, 1):g} months"
