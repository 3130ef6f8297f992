"""Randomised trials with plain survival models, read as they are written."""

import pickle
from pathlib import Path

import pytest
from scenario_example import GOOD, problems_of, write
from survival_example import SURVIVAL_GOOD

from simulate.scenario import Scenario, SurvivalScenario, read_scenario
from simulate.scenario.distributions import Exponential
from simulate.scenario.survival_model import CopulaModel, IllnessDeathModel, Proportional

ROOT = Path(__file__).parents[2]


def _read(folder: Path, text: str = SURVIVAL_GOOD, *overrides: str) -> SurvivalScenario:
    scenario = read_scenario(write(folder, text), overrides)
    assert isinstance(scenario, SurvivalScenario)
    return scenario


@pytest.mark.parametrize("file", ["scenarios/generic_two_arm.yaml", "benchmarks/three_looks.yaml"])
def test_shipped_trials_are_valid_and_say_where_their_numbers_are_from(file: str) -> None:
    scenario = read_scenario(ROOT / file)
    assert isinstance(scenario, SurvivalScenario)
    assert {row.source for row in scenario.register()} == {"assumed"}


def test_the_key_survival_tells_the_kind_of_trial(tmp_path: Path) -> None:
    assert isinstance(read_scenario(write(tmp_path)), Scenario)
    assert isinstance(_read(tmp_path), SurvivalScenario)
    child = write(tmp_path, "extends: small.yaml\nname: child\nsample_size: 450\n", "child.yaml")
    extended = read_scenario(child)  # the key stands in the file that it extends
    assert isinstance(extended, SurvivalScenario)
    assert (extended.name, extended.sample_size) == ("child", 450)


def test_units_are_gone_after_reading(tmp_path: Path) -> None:
    scenario = _read(tmp_path)
    model = scenario.survival
    assert isinstance(model, IllnessDeathModel)
    assert isinstance(model.progression, Exponential)
    assert model.progression.median == 12 * 30.4375
    assert scenario.max_study_duration == 72 * 30.4375
    assert scenario.estimates.landmarks == (365.25, 730.5)
    east, west = scenario.enrolment.all_regions
    assert [row.from_ for row in east.accrual] == [0, 182.625]
    assert west.accrual[0].rate == 8 / 30.4375
    assert [row.every for row in model.calendar] == [42, 84]


def test_what_a_trial_tells_of_its_hypotheses(tmp_path: Path) -> None:
    scenario = _read(tmp_path)
    pfs, death = scenario.hypotheses
    assert [each.name for each in scenario.analyses_of(pfs)] == ["interim", "final"]
    assert [each.name for each in scenario.analyses_of(death)] == ["interim", "final", "survival"]
    assert (scenario.information(pfs), scenario.information(death)) == (250, 200)
    clauses = scenario.analyses[2].cut.clauses
    assert len(clauses) == 1
    assert len(clauses[0]) == 4


def test_a_child_changes_only_what_it_names(tmp_path: Path) -> None:
    parent = _read(tmp_path)
    text = """\
extends: small.yaml
name: child
survival:
  progression: {median: 9 months}
  dropout_by_arm: {control: {kind: exponential, rate: 0.02 per year}}
  effects: [{kind: proportional, arm: experimental, on: progression, hazard_ratio: 0.8}]
randomisation: {block_sizes: [9]}
"""
    child = read_scenario(write(tmp_path, text, "child.yaml"))
    assert isinstance(child, SurvivalScenario)
    assert isinstance(child.survival, IllnessDeathModel)
    assert isinstance(child.survival.progression, Exponential)
    assert child.survival.progression.median == 9 * 30.4375
    assert set(child.survival.dropout_by_arm) == {"control", "experimental"}
    assert [type(effect) for effect in child.survival.effects] == [Proportional]
    assert (child.randomisation.block_sizes, child.randomisation.strata) == ((9,), ("visceral",))
    assert child.analyses == parent.analyses
    rows = {row.path: row for row in child.register()}
    assert rows["survival.progression.median"].source == "not stated"
    assert rows["survival.death_without_progression.scale"].source == "assumed"


def test_a_child_with_another_model_replaces_the_block(tmp_path: Path) -> None:
    _read(tmp_path)
    text = """\
extends: small.yaml
name: child
survival:
  kind: copula
  progression: {kind: exponential, median: 12 months}
  death: {kind: exponential, median: 30 months}
  correlation: 0.5
"""
    child = read_scenario(write(tmp_path, text, "child.yaml"))
    assert isinstance(child, SurvivalScenario)
    assert isinstance(child.survival, CopulaModel)
    assert child.survival.effects == ()


def test_problems_name_the_file_that_they_are_in(tmp_path: Path) -> None:
    parent = write(tmp_path, SURVIVAL_GOOD.replace("count: 250", "count: 500"))
    text = "extends: small.yaml\nname: child\nsurvival: {progression: {medain: 9 months}}\n"
    child = write(tmp_path, text, "child.yaml")
    (problem,) = problems_of(child)
    assert (problem.file, problem.line, problem.key) == (child, 3, "survival.progression.medain")
    grown = write(tmp_path, "extends: small.yaml\nname: child\nreplicates: 5\n", "child.yaml")
    (problem,) = problems_of(grown)
    assert (problem.file, problem.key) == (parent, "analyses.final.cut.events.count")


def test_overrides_reach_any_field(tmp_path: Path) -> None:
    changed = _read(
        tmp_path,
        SURVIVAL_GOOD,
        "sample_size=500",
        "arms.experimental.allocation=1",
        "randomisation.block_sizes=[4, 6]",
        "survival.effects.0.hazard_ratio=0.8",  # by place, where items have no id
        "survival.effects.1.when.stage=[III, IV]",
        "survival.dropout_by_arm.experimental.rate=0.02 per year",
        "survival.prognostic_factors.0.hazard_ratios.progression=1.5",
        "enrolment.regions.west.cap=250",
        "analyses.final.cut.events.count=260",
        "analyses.survival.cut.all.1.date=2029-06-01",
        "hypotheses.pfs.efficacy.kind=pocock",  # clears the old kind's keys
    )
    assert (changed.sample_size, changed.arm("experimental").allocation) == (500, 1)
    assert changed.survival.prognostic_factors[0].hazard_ratios == {"progression": 1.5}
    assert changed.survival.effects[1].when == {"stage": ("III", "IV")}
    assert changed.analyses[1].cut.events is not None
    assert changed.analyses[1].cut.events.count == 260
    assert changed.information(changed.hypotheses[0]) == 260
    efficacy = changed.hypotheses[0].efficacy
    assert efficacy is not None
    assert efficacy.kind == "pocock"


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("survival.effects.3.delay=1 month", "allowed: 0 to 2"),
        ("survival.effects.0.dealy=1 month", "Did you mean delay"),
        ("arms.contrl.allocation=2", "Did you mean control"),
        ("arms.control.allocation=2", "does not divide the block"),
        ("analyses.final.cut.events.count=500", "can never occur"),
        ("analyses.final.cut.events.count=100", "out of order"),
        ("hypotheses.pfs.alpha=0.01", "does not sum to alpha"),
        ("survival.kind=single", "event: this key is needed"),
        ("disease={}", "unknown key"),
    ],
)
def test_wrong_overrides_are_refused(override: str, words: str, tmp_path: Path) -> None:
    problems = problems_of(write(tmp_path, SURVIVAL_GOOD), override)
    assert any(words in str(problem) for problem in problems)


def test_a_variant_is_a_scenario(tmp_path: Path) -> None:
    larger = _read(tmp_path).variant("larger")
    assert (larger.name, larger.sample_size, larger.sweep) == ("planned_larger", 500, ())
    assert larger.survival == _read(tmp_path).survival


def test_the_digest_changes_with_the_trial_and_with_nothing_else(tmp_path: Path) -> None:
    digest = _read(tmp_path).digest()

    def after(old: str, new: str) -> str:
        assert SURVIVAL_GOOD.count(old) == 1
        return _read(tmp_path, SURVIVAL_GOOD.replace(old, new)).digest()

    for old, new in (
        ("title: A planned trial", "title: Another title"),
        ("replicates: 100", "replicates: 7\nseed: 3"),
        ("name: control, allocation", "name: control, title: Usual care, allocation"),
        ("allocation: 1", "allocation: {value: 1, source: derived}"),
        ("follow_up: 52 weeks", "follow_up: 364 days"),
        ("cleaning_lag: 30 days", "cleaning_lag: 30 day"),
    ):
        assert after(old, new) == digest, new
    for old, new in (
        ("count: 250", "count: 251"),
        ("cleaning_lag: 30 days", "cleaning_lag: 31 days"),
        ("delay: 3 months", "delay: 4 months"),
        ("block_sizes: [3, 6]", "block_sizes: [3]"),
        ("gamma: -4", "gamma: -5"),
        ("{III: 3, IV: 7}", "{IV: 7, III: 3}"),  # the order decides which patient gets which
    ):
        assert after(old, new) != digest, new


def test_a_scenario_survives_the_way_to_a_worker(tmp_path: Path) -> None:
    good = _read(tmp_path, SURVIVAL_GOOD + "grid: {fields: {sample_size: [410, 420]}}\n")
    copy = pickle.loads(pickle.dumps(good))
    assert copy == good
    assert copy.digest() == good.digest()
    assert copy.variant("sample_size_420").sample_size == 420


def test_both_kinds_have_what_every_scenario_begins_with(tmp_path: Path) -> None:
    text = GOOD.replace("name: small", "name: planned").replace("A small trial", "A planned trial")
    of_patients = read_scenario(write(tmp_path, text))
    planned = _read(tmp_path)
    assert (of_patients.name, of_patients.title) == (planned.name, planned.title)
    assert of_patients.digest() != planned.digest()
