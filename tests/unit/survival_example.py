"""A small randomised trial with plain survival models, and a way to spoil it at a place."""

from pathlib import Path

from scenario_example import problems_of, spoil, write

SURVIVAL_GOOD = """\
name: planned
title: A planned trial
source: assumed
at: made up for a test

origin: 2026-01-01
sample_size: 400
replicates: 100

enrolment:
  regions:
    - id: 1
      name: east
      cap: 300
      accrual:
        - {from: 0 months, rate: 9 per month, to_rate: 20 per month}
        - {from: 6 months, rate: 20 per month}
    - {id: 2, name: west, cap: 200, accrual: [{from: 0 months, rate: 8 per month}]}

baseline:
  variables:
    - {id: 1, name: age, kind: normal, mean: 55, sd: 9, low: 20, high: 85}
    - {id: 2, name: stage, levels: {III: 3, IV: 7}}
    - {id: 3, name: visceral, levels: {yes: 60, no: 40}}

arms:
  - {id: 1, name: control, allocation: 1}
  - {id: 2, name: experimental, allocation: 2}

randomisation:
  block_sizes: [3, 6]
  strata: [visceral]

survival:
  kind: illness_death
  progression: {kind: exponential, median: 12 months}
  death_without_progression: {kind: weibull, scale: 90 months, shape: 1.1}
  death_after_progression: {kind: cure, cured: 0.1, others: {kind: exponential, median: 18 months}}
  effects:
    - {kind: delayed, arm: experimental, on: progression, hazard_ratio: 0.7, delay: 3 months}
    - kind: piecewise
      arm: experimental
      on: death_after_progression
      from: [0 days, 6 months]
      hazard_ratios: [0.9, 1.1]
      when: {stage: IV}
    - kind: diminishing
      arm: experimental
      on: death_without_progression
      hazard_ratio: 0.8
      from: 6 months
      until: 24 months
  prognostic_factors:
    - {variable: visceral, level: yes, hazard_ratios: {progression: 1.3}}
  dropout: {kind: exponential, rate: 0.05 per year}
  dropout_by_arm:
    experimental: {kind: exponential, rate: 0.08 per year}
  observation: scans
  calendar: [{every: 6 weeks, until: 48 weeks}, {every: 12 weeks}]

max_study_duration: 72 months

analyses:
  - {id: 1, name: interim, cut: {events: {endpoint: PFS, count: 150}}, cleaning_lag: 30 days}
  - {id: 2, name: final, cut: {events: {endpoint: PFS, count: 250}}}
  - id: 3
    name: survival
    cut:
      all:
        - {events: {endpoint: OS, count: 200}}
        - {date: 2029-01-01}
        - {enrolled: {count: 400, after: 90 days}}
        - {follow_up: 52 weeks}

hypotheses:
  - id: 1
    name: pfs
    endpoint: PFS
    experimental: experimental
    control: control
    test: stratified_log_rank
    alpha: 0.02
    analyses: [interim, final]
    efficacy: {kind: cumulative, spent: [0.005, 0.02]}
    futility: {spending: {kind: hwang_shih_decani, gamma: -4}, beta: 0.1}
    design_hazard_ratio: 0.7
  - id: 2
    name: os
    endpoint: OS
    experimental: experimental
    control: control
    alpha: 0.005
    efficacy: {kind: kim_demets, rho: 3}

estimates:
  landmarks: [12 months, 24 months]
  rmst: 24 months

sweep:
  - {name: larger, set: {sample_size: 500}}
"""


def shown_at_its_place(
    case: tuple[str, str, str, str], elsewhere: tuple[str, str] | None, folder: Path
) -> None:
    """Spoil the example, and require one problem at the place marked », with its key and words.

    `elsewhere` is text of the spoiled example with the mark, if it is not in what was changed.
    """
    old, new, key, words = case
    text = SURVIVAL_GOOD
    if elsewhere is not None:
        assert text.count(old) == 1
        text = text.replace(old, new)
        old, new = elsewhere
    text, line, column = spoil(old, new, text)
    path = write(folder, text)
    problems = problems_of(path)
    assert len(problems) == 1, problems
    problem = problems[0]
    assert (problem.file, problem.line, problem.column) == (path, line, column)
    assert problem.key == key
    for word in words.split("|"):
        assert word in str(problem)
    assert str(problem).startswith(f"{path}:{line}:{column}: ")
