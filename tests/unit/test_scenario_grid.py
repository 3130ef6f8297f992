"""A grid of what-ifs: every combination is a variant of the sweep, whatever the kind of trial."""

import re
from pathlib import Path

import pytest
from scenario_example import GOOD, problems_of, spoil, write
from survival_example import SURVIVAL_GOOD

from simulate import cli
from simulate.describe import describe
from simulate.scenario import Scenario, SurvivalScenario, read_scenario
from simulate.scenario.survival_model import Delayed

GRID = """
grid:
  replicates: 50
  fields:
    survival.effects.0.hazard_ratio: [0.6, 0.7, 0.8]
    sample_size: [420, 480]
"""


def _survival(folder: Path, grid: str = GRID, *overrides: str) -> SurvivalScenario:
    scenario = read_scenario(write(folder, SURVIVAL_GOOD + grid), overrides)
    assert isinstance(scenario, SurvivalScenario)
    return scenario


def test_every_combination_is_a_variant(tmp_path: Path) -> None:
    scenario = _survival(tmp_path)
    assert [variant.name for variant in scenario.sweep] == [
        "larger",  # what the sweep lists stands before the grid
        "hazard_ratio_0_6_sample_size_420",
        "hazard_ratio_0_6_sample_size_480",
        "hazard_ratio_0_7_sample_size_420",
        "hazard_ratio_0_7_sample_size_480",
        "hazard_ratio_0_8_sample_size_420",
        "hazard_ratio_0_8_sample_size_480",
    ]
    assert scenario.sweep[4].title == "hazard ratio 0.7, sample size 480"
    built = scenario.variant("hazard_ratio_0_7_sample_size_480")
    effect = built.survival.effects[0]
    assert isinstance(effect, Delayed)
    assert (effect.hazard_ratio, effect.delay) == (0.7, 3 * 30.4375)
    assert (built.sample_size, built.replicates) == (480, 50)
    assert built.name == "planned_hazard_ratio_0_7_sample_size_480"
    assert (built.sweep, built.grid, built.coordinates) == ((), None, {})


def test_coordinates_tell_the_value_of_each_field(tmp_path: Path) -> None:
    coordinates = _survival(tmp_path).coordinates
    assert len(coordinates) == 6
    assert "larger" not in coordinates
    assert coordinates["hazard_ratio_0_8_sample_size_420"] == {
        "survival.effects.0.hazard_ratio": 0.8,
        "sample_size": 420,
    }


def test_a_variant_of_a_grid_is_what_a_listed_one_would_be(tmp_path: Path) -> None:
    of_grid = _survival(tmp_path).variant("hazard_ratio_0_7_sample_size_480")
    listed = "  - {name: mine, set: {survival.effects.0.hazard_ratio: 0.7, sample_size: 480}}\n"
    assert _survival(tmp_path, listed).variant("mine").digest() == of_grid.digest()


def test_the_other_kind_of_trial_has_grids_too(tmp_path: Path) -> None:
    grid = "grid: {fields: {sample_size: [40, 50], assessment.window: [3 days, 7 days]}}\n"
    scenario = Scenario.from_file(write(tmp_path, GOOD + grid))
    names = [variant.name for variant in scenario.sweep]
    assert names == [
        "wide",
        "sample_size_40_window_3_days",
        "sample_size_40_window_7_days",
        "sample_size_50_window_3_days",
        "sample_size_50_window_7_days",
    ]
    built = scenario.variant(names[3])
    assert (built.sample_size, built.assessment.window, built.replicates) == (50, 3, 100)
    text = " ".join(describe(scenario).split())
    assert (
        "A grid of 4 variants (100 simulated trials each): every combination of "
        "sample_size = 40, 50 and assessment.window = 3 days, 7 days." in text
    )
    assert "sample_size_40_window_3_days" not in text


def test_without_a_grid_nothing_is_said_of_it(tmp_path: Path) -> None:
    plain = Scenario.from_file(write(tmp_path))
    assert "grid" not in plain.model_dump()
    assert plain.coordinates == {}


def test_a_grid_leaves_the_digest_alone_and_its_values_have_sources(tmp_path: Path) -> None:
    bare = _survival(tmp_path, "")
    scenario = _survival(tmp_path)
    assert scenario.digest() == bare.digest()
    rows = {row.path: row for row in scenario.register()}
    row = rows["grid.fields.survival.effects.0.hazard_ratio"]
    assert (row.value, row.source, row.at) == ("[0.6, 0.7, 0.8]", "assumed", "made up for a test")
    # the grid is told once, not variant by variant
    assert len(rows) == len(bare.register()) + 2
    number = SURVIVAL_GOOD.count("\n") + 5
    assert row.line == number


NAMES = {
    "fields of one key": (
        "survival.dropout.rate: [0.1 per year]\n"
        "    survival.dropout_by_arm.experimental.rate: [0.2 per year]",
        "dropout_rate_0_1_per_year_experimental_rate_0_2_per_year",
        "dropout rate 0.1 per year, experimental rate 0.2 per year",
    ),
    "items of lists": (
        "survival.effects.0.hazard_ratio: [0.6]\n    survival.effects.2.hazard_ratio: [0.9]",
        "effects_0_hazard_ratio_0_6_effects_2_hazard_ratio_0_9",
        "effects 0 hazard ratio 0.6, effects 2 hazard ratio 0.9",
    ),
    "a negative number": (
        "hypotheses.pfs.futility.spending.gamma: [-4.5]",
        "gamma_minus_4_5",
        "gamma -4.5",
    ),
    "a date": ("origin: [2026-03-01]", "origin_2026_03_01", "origin 2026-03-01"),
    "a yes": ("randomisation.by_site: [true]", "by_site_true", "by site true"),
    "a block": (
        "survival.dropout: [{kind: exponential, rate: 0 per year}]",
        "dropout_kind_exponential_rate_0_per_year",
        "dropout {kind: exponential, rate: 0 per year}",
    ),
    "a list": ("randomisation.block_sizes: [[3, 9]]", "block_sizes_3_9", "block sizes [3, 9]"),
    "nothing": ("estimates.rmst: [null]", "rmst_null", "rmst null"),
}


@pytest.mark.parametrize("case", NAMES)
def test_names_are_safe_and_titles_readable(case: str, tmp_path: Path) -> None:
    fields, name, title = NAMES[case]
    scenario = _survival(tmp_path, f"grid:\n  fields:\n    {fields}\n")
    assert (scenario.sweep[-1].name, scenario.sweep[-1].title) == (name, title)
    assert scenario.variant(name).name == f"planned_{name}"


def test_coordinates_that_are_blocks_are_given_as_text(tmp_path: Path) -> None:
    grid = "grid: {fields: {survival.dropout: [null, {kind: exponential, rate: 0 per year}]}}\n"
    cells = list(_survival(tmp_path, grid).coordinates.values())
    assert cells == [
        {"survival.dropout": None},
        {"survival.dropout": "{kind: exponential, rate: 0 per year}"},
    ]


def test_names_that_would_be_too_long_or_alike_are_numbers(tmp_path: Path) -> None:
    long = (
        "grid: {fields: {survival.progression: [{kind: exponential, median: 12 months}, "
        "{kind: weibull, median: 12 months, shape: 1.2}], sample_size: [410, 420, 430, 440, 450]}}"
    )
    scenario = _survival(tmp_path, long)
    assert [v.name for v in scenario.sweep[1:]] == [f"grid_{i:02d}" for i in range(1, 11)]
    assert scenario.variant("grid_10").sample_size == 450
    alike = "grid: {fields: {survival.dropout.rate: [0.1 per year, 0.1  per year]}}"
    assert [v.name for v in _survival(tmp_path, alike).sweep[1:]] == ["grid_1", "grid_2"]
    taken = "  - {name: sample_size_410, set: {seed: 1}}\ngrid: {fields: {sample_size: [410]}}\n"
    assert [v.name for v in _survival(tmp_path, taken).sweep[1:]] == ["sample_size_410", "grid_1"]


def test_a_name_that_is_cut_to_another_is_refused(tmp_path: Path) -> None:
    text, line, column = spoil("{name: larger", "{»name: larger", SURVIVAL_GOOD)
    long = "p" * 60
    path = write(
        tmp_path,
        text.replace("name: planned", f"name: {long}") + "  - {name: largest, set: {seed: 1}}\n",
    )
    (problem,) = problems_of(path)
    assert (problem.line, problem.column) == (line + 1, column)
    assert "too long to be told from others" in problem.message
    assert f"given: {long}_largest; allowed: 64 characters" in problem.message


def test_overrides_and_children_change_a_grid(tmp_path: Path) -> None:
    fields = "grid.fields={sample_size: [410, 420], survival.effects.0.delay: [1 month]}"
    scenario = _survival(tmp_path, GRID, fields, "grid.replicates=7")
    assert [v.name for v in scenario.sweep[1:]] == [
        "sample_size_410_delay_1_month",
        "sample_size_420_delay_1_month",
    ]
    assert scenario.sweep[-1].replicates == 7
    assert len(_survival(tmp_path, GRID, "grid=null").sweep) == 1
    assert len(scenario.with_overrides({"grid": {"fields": {"sample_size": [450]}}}).sweep) == 2
    child = "extends: small.yaml\nname: child\ngrid: {fields: {sample_size: [450, 460, 470]}}\n"
    extended = read_scenario(write(tmp_path, child, "child.yaml"))
    assert len(extended.coordinates) == 9  # the child's sizes, the parent's hazard ratios
    assert extended.variant("hazard_ratio_0_8_sample_size_470").name.startswith("child_")


BAD = {
    "misspelt key": ("fields:", "»feilds:", "grid.feilds", "Did you mean fields"),
    "no fields": (
        GRID[GRID.index("  fields") :],
        "  fields: »{}\n",
        "grid.fields",
        "at least 1 item",
    ),
    "one value": ("[420, 480]", "»420", "grid.fields.sample_size", "list is needed|given: 420"),
    "no values": ("[420, 480]", "»[]", "grid.fields.sample_size", "at least 1 item"),
    "value twice": (
        "  fields:",
        "  »fields:",
        "grid.fields",
        "sample_size has the value 420 twice",
    ),
    "wrong value": (
        "[0.6, 0.7, 0.8]",
        "[0.6, »-0.7, 0.8]",
        "survival.effects.0.hazard_ratio",
        "in the variant hazard_ratio_minus_0_7_sample_size_420 and 1 other: must be more than 0 |"
        "given: -0.7",
    ),
    "misspelt field": (
        "sample_size: [420, 480]",
        "sampel_size: [»420]",
        "sampel_size",
        "in the variant hazard_ratio_0_6_sampel_size_420 and 2 others: unknown key|"
        "Did you mean sample_size",
    ),
    "field in no item": (
        "effects.0.hazard_ratio: [0.6, 0.7, 0.8]",
        "effects.3.hazard_ratio: [»0.6]",
        "survival.effects.3",
        "no item '3' in this list|allowed: 0 to 2",
    ),
    "field that a variant cannot have": (
        "    sample_size: [420, 480]",
        "    »replicates: [420, 480]",
        "replicates",
        "and 5 others: a variant cannot set replicates",
    ),
    "grid in a grid": (
        "    sample_size: [420, 480]",
        "    »grid: [420, 480]",
        "grid",
        "a variant cannot set grid",
    ),
    "too many": (
        "  fields:\n",
        "  »fields:\n    seed: [" + ", ".join(str(i) for i in range(84)) + "]\n",
        "grid.fields",
        "at most 500 variants (given: 84 x 3 x 2 = 504)|Give fewer values",
    ),
    "no number of replicates": (
        "replicates: 50",
        "replicates: »0",
        "grid.replicates",
        "at least 1",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_each_mistake_is_shown_where_it_stands(case: str, tmp_path: Path) -> None:
    old, new, key, words = BAD[case]
    text, line, column = spoil(old, new, SURVIVAL_GOOD + GRID)
    if case == "value twice":
        text = text.replace("[420, 480]", "[420, 420]")
    problems = problems_of(write(tmp_path, text))
    assert len(problems) == 1, problems
    assert (problems[0].line, problems[0].column, problems[0].key) == (line, column, key)
    for word in words.split("|"):
        assert word in str(problems[0])


def test_a_rule_broken_in_some_combinations_names_them(tmp_path: Path) -> None:
    grid = GRID.replace("[420, 480]", "[240, 480]")
    problems = problems_of(write(tmp_path, SURVIVAL_GOOD + grid))
    assert {problem.key for problem in problems} == {
        "analyses.final.cut.events.count",
        "analyses.survival.cut.all.2.enrolled.count",
    }
    for problem in problems:
        assert "in the variant hazard_ratio_0_6_sample_size_240 and 2 others: " in problem.message


def test_validate_counts_the_variants(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, SURVIVAL_GOOD + GRID)
    assert cli.main(["validate", path]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert re.search(
        r"is valid: A planned trial\n"
        r"400 patients, 2 arms, 3 looks, 2 hypotheses, 100 replicates, 7 variants; digest \w{12}\n",
        shown.out,
    )


def test_a_survival_trial_without_sources_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = SURVIVAL_GOOD.replace("source: assumed\nat: made up for a test\n", "")
    path = write(tmp_path, bare + GRID)
    assert cli.main(["validate", path]) == 0
    warnings = capsys.readouterr().err.splitlines()
    assert warnings[0] == f"{path}:4: origin: warning: no source is stated (given: 2026-01-01)"
    assert len(warnings) == 11
