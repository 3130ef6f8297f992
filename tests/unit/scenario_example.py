"""A small complete scenario, and a way to spoil it at a marked place."""

from pathlib import Path

import pytest

from simulate.errors import Problem, ScenarioError
from simulate.scenario import read_scenario

GOOD = """\
name: small
title: A small trial
source: assumed
at: made up for a test

origin: 2020-01-13
sample_size: {value: 40, source: reported, at: Methods}
replicates: 100

enrolment:
  sites:
    count: 3
    activation: {kind: uniform, low: 0 days, high: 8 months}
  accrual:
    kind: power
    exponent: 2
    first: 2020-01-13
    last: 2021-05-27

baseline:
  variables:
    - {id: 1, name: age, kind: normal, mean: 51.5, sd: 8, low: 30, high: 67}
    - {id: 2, name: stage, levels: {III: 5, IV: 52}}
    - id: 3
      name: visceral
      cases:
        - {when: {stage: III}, levels: {no: 1}}
        - {levels: {yes: 34, no: 18}}

disease:
  response:
    probability: 80%
    time: {kind: geometric, probability: 0.68, every: 42 days, at_most: 7}
  progression:
    responders: {kind: weibull, scale: 42.6 months, shape: 1.1}
    non_responders: {kind: weibull, median: 9.2 months, shape: 1.05}
  death_without_progression: {kind: exponential, rate: 0.0008 per month}
  death_after_progression: {kind: exponential, median: 30 months}
  prognostic_factors:
    - {variable: stage, level: IV, progression: 1.2}

treatment:
  cycle_length: 21 days
  drugs:
    - {id: 1, name: A, dose: 30 mg/kg}
    - {id: 2, name: B, dose: 75 mg/m2, planned_cycles: {kind: fixed, value: 6}}

assessment:
  baseline_window: 21 days
  calendar:
    - {every: 6 weeks, until: 48 weeks}
    - {every: 12 weeks}
  window: 7 days
  missed: 0.03
  clinical_progression: {probability: 0.1, delay: [1 day, 14 days]}
  confirmation: 28 days
  stable_disease: 35 days
  clinical_benefit: 161 days

follow_up:
  withdrawal: {kind: exponential, rate: 0.0046 per month}
  early_stop: {probability: 0.03, days: [1 day, 20 days]}
  death_window: 30 days

analyses:
  - {id: 1, name: final, cut: {date: 2023-09-15}}

endpoints:
  landmarks: [6 months, 12 months]
  subgroups:
    - {name: Stage, variable: stage, groups: {early: [III], late: [IV]}}

sweep:
  - {name: wide, set: {assessment.window: 10 days}}
"""


def write(folder: Path, text: str = GOOD, name: str = "small.yaml") -> str:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return str(file)


def spoil(old: str, new: str, text: str = GOOD) -> tuple[str, int, int]:
    """Replace `old` by `new`, in which » marks where the problem must be shown (line, column)."""
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
    assert new.count("»") == 1
    marked = text.replace(old, new)
    before = marked[: marked.index("»")]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return marked.replace("»", ""), line, column


def problems_of(path: str, *overrides: str) -> tuple[Problem, ...]:
    with pytest.raises(ScenarioError) as caught:
        read_scenario(path, overrides)
    return caught.value.problems
