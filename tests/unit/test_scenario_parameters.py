"""Parameters taken from a calibration: which value wins, and what is refused."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from calibrated_example import (
    DRAWS,
    N_DRAWS,
    POINT,
    POINT_YAML,
    TAKES_IT,
    calibrated,
    overrides_of_draw,
    write_calibrated,
    write_fit,
)
from scenario_example import GOOD, problems_of, write

from simulate.build_plan import build_plan, plan_digest
from simulate.describe import describe
from simulate.errors import ScenarioError
from simulate.scenario import Scenario
from simulate.scenario.distributions import LogNormal, Weibull
from simulate.scenario.drawn import trial_of

# ---- which value wins ---------------------------------------------------------------------------


def test_values_of_the_calibration_replace_those_of_the_file_that_names_it(tmp_path: Path) -> None:
    scenario = calibrated(tmp_path)

    assert scenario.disease.response.probability == 0.7
    responders = scenario.disease.progression.responders
    assert isinstance(responders, Weibull)
    assert responders.scale_days == 40.0 * 30.4375
    assert responders.shape == 1.1  # not calibrated


def test_values_of_the_calibration_replace_those_of_extended_files(tmp_path: Path) -> None:
    write_calibrated(tmp_path, GOOD)
    child = "extends: small.yaml\nname: child\nparameters: {from: fits}\n"

    scenario = Scenario.from_file(write(tmp_path, child, "child.yaml"))

    assert scenario.disease.response.probability == 0.7


def test_a_file_that_extends_the_one_with_parameters_wins(tmp_path: Path) -> None:
    write_calibrated(tmp_path)
    child = "extends: small.yaml\nname: child\ndisease: {response: {probability: 0.5}}\n"

    scenario = Scenario.from_file(write(tmp_path, child, "child.yaml"))

    assert scenario.disease.response.probability == 0.5
    assert scenario.follow_up.withdrawal is not None
    assert [p.name for p in scenario.changed_parameters] == ["response"]


@pytest.mark.parametrize("choice", ["{use: draws}", "{fit: other}"])
def test_an_extending_file_that_changes_the_choice_still_wins(tmp_path: Path, choice: str) -> None:
    write_calibrated(tmp_path)
    child = (
        "extends: small.yaml\nname: child\n"
        f"parameters: {choice}\ndisease: {{response: {{probability: 0.5}}}}\n"
    )

    scenario = Scenario.from_file(write(tmp_path, child, "child.yaml"))

    assert scenario.disease.response.probability == 0.5
    assert trial_of(scenario, 3).disease.response.probability == 0.5


def test_an_extending_file_that_names_another_calibration_takes_its_values(tmp_path: Path) -> None:
    write_calibrated(tmp_path)
    write_fit(tmp_path / "more", POINT_YAML.replace("0.7}", "0.65}"))
    child = (
        "extends: small.yaml\nname: child\n"
        "parameters: {from: more}\ndisease: {response: {probability: 0.5}}\n"
    )

    scenario = Scenario.from_file(write(tmp_path, child, "child.yaml"))

    assert scenario.disease.response.probability == 0.65


def test_overrides_win_before_and_after_another_choice(tmp_path: Path) -> None:
    file = write_calibrated(tmp_path)
    change, choice = "disease.response.probability=0.5", "parameters.fit=other"

    for overrides in ([change, choice], [choice, change]):
        scenario = Scenario.from_file(file, overrides)
        assert scenario.disease.response.probability == 0.5

    assert Scenario.from_file(file, [choice]).disease.response.probability == 0.6


def test_with_overrides_changes_the_choice_and_keeps_what_was_changed(tmp_path: Path) -> None:
    scenario = calibrated(tmp_path).with_overrides({"follow_up.withdrawal.rate": "0.1 per month"})

    other = scenario.with_overrides({"parameters.fit": "other"})

    assert other.disease.response.probability == 0.6
    assert other.follow_up.withdrawal == scenario.follow_up.withdrawal


def test_without_parameters_the_files_own_values_are_back(tmp_path: Path) -> None:
    own = Scenario.from_file(write(tmp_path, GOOD, "own.yaml"))

    scenario = calibrated(tmp_path, "parameters=null")

    assert scenario.disease == own.disease
    assert scenario.digest() == own.digest()
    assert scenario.calibration is None


def test_parameters_can_be_set_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_calibrated(tmp_path, GOOD)
    monkeypatch.chdir(tmp_path)  # a folder named there is seen from where the user stands

    scenario = Scenario.from_file(
        file, ["disease.response.probability=0.5", "parameters={from: fits, use: draws}"]
    )

    assert scenario.disease.response.probability == 0.5
    assert scenario.draws is not None


def test_variants_change_the_choice_and_win_over_it(tmp_path: Path) -> None:
    sweep = (
        "  - {name: other, set: {parameters.fit: other}}\n"
        "  - {name: own, set: {parameters: null}}\n"
        "  - {name: low, set: {parameters.use: draws, disease.response.probability: 0.1}}\n"
    )

    scenario = calibrated(tmp_path, text=TAKES_IT + sweep)

    assert scenario.variant("wide").disease.response.probability == 0.7
    assert scenario.variant("other").disease.response.probability == 0.6
    assert scenario.variant("own").disease.response.probability == 0.8
    low = scenario.variant("low")
    assert trial_of(low, 5).disease.response.probability == 0.1
    assert trial_of(low, 5).follow_up == scenario.with_overrides(overrides_of_draw(5)).follow_up


def test_the_structure_comes_before_the_parameters(tmp_path: Path) -> None:
    scenario = calibrated(tmp_path, "parameters.fit=lognormal")

    assert scenario.disease.progression.non_responders == LogNormal(
        kind="lognormal",
        median="8.5 months",  # type: ignore[arg-type]
        sigma=0.9,
    )
    assert scenario.disease.response.probability == 0.8  # the fit does not say


def test_a_field_that_only_the_structure_has_can_be_overridden(tmp_path: Path) -> None:
    fit, change = "parameters.fit=lognormal", "disease.progression.non_responders.sigma=0.5"

    scenario = calibrated(tmp_path, change, fit)

    found = scenario.disease.progression.non_responders
    assert isinstance(found, LogNormal)
    assert found.sigma == 0.5


# ---- where values are from, and what counts ------------------------------------------------------


def test_every_value_taken_carries_its_source(tmp_path: Path) -> None:
    scenario = calibrated(
        tmp_path, "parameters.fit=lognormal", "follow_up.withdrawal.rate=1 per day"
    )

    rows = {row.path: row for row in scenario.register()}

    for name in ("median", "sigma"):
        row = rows[f"disease.progression.non_responders.{name}"]
        assert (row.source, row.at) == (
            "derived",
            "calibrated to the paper: fits, fit lognormal",
        )
        assert row.file.endswith("point.yaml")
    assert rows["disease.progression.non_responders.median"].value == "8.5 months"
    assert rows["follow_up.withdrawal.rate"].at == "set on the command line"


def test_the_digest_counts_values_and_not_where_they_are_from(tmp_path: Path) -> None:
    scenario = calibrated(tmp_path)
    write_fit(tmp_path / "copy", POINT_YAML.replace("fit: full", "fit: same"))
    point = {f: f"{v} {u}" if u else v for f, u, v in POINT.values()}

    by_hand = scenario.with_overrides({"parameters": None, **point})
    copied = scenario.with_overrides(
        {"parameters": {"from": str(tmp_path / "copy"), "fit": "same"}}
    )

    assert by_hand.digest() == scenario.digest() == copied.digest()
    assert scenario.with_overrides({"parameters.fit": "other"}).digest() != scenario.digest()


def test_the_digest_of_draws_is_that_of_their_content(tmp_path: Path) -> None:
    scenario = calibrated(tmp_path, "parameters.use=draws")
    changed = {**DRAWS, "response": [*DRAWS["response"][:-1], 0.5]}
    write_fit(tmp_path / "copy")
    write_fit(tmp_path / "changed", POINT_YAML, changed)

    def of(folder: str) -> Scenario:
        choice = {"from": str(tmp_path / folder), "use": "draws"}
        return scenario.with_overrides({"parameters": choice})

    assert scenario.digest() != scenario.with_overrides({"parameters.use": "point"}).digest()
    assert of("copy").digest() == scenario.digest()
    assert of("changed").digest() != scenario.digest()
    # a draw of what was changed on purpose is simulated by nobody
    fixed = {"disease.response.probability": 0.4}
    assert of("changed").with_overrides(fixed).digest() == of("copy").with_overrides(fixed).digest()


# ---- draws --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(N_DRAWS))
def test_a_replicates_trial_is_the_one_with_its_draw_as_overrides(
    tmp_path: Path, number: int
) -> None:
    scenario = calibrated(tmp_path, "parameters.use=draws", "assessment.window=3 days")
    by_overrides = scenario.with_overrides({"parameters": None, **overrides_of_draw(number)})
    expected = plan_digest(build_plan(by_overrides))

    for replicate in (number, number + N_DRAWS, number + 7 * N_DRAWS):
        quick, whole = trial_of(scenario, replicate), scenario.of_replicate(replicate)
        assert plan_digest(build_plan(quick)) == expected
        assert plan_digest(build_plan(whole)) == expected
    assert whole.digest() == by_overrides.digest()
    assert plan_digest(build_plan(scenario)) != expected


def test_draws_leave_alone_what_was_changed_on_purpose(tmp_path: Path) -> None:
    block = "{kind: weibull, scale: 12 months, shape: 1.5}"
    scenario = calibrated(
        tmp_path,
        "parameters.use=draws",
        "disease.response.probability=0.33",
        f"disease.progression.responders={block}",
    )

    for replicate in (0, 6):
        drawn = trial_of(scenario, replicate)
        assert drawn.disease.response.probability == 0.33
        assert drawn.disease.progression == scenario.disease.progression
        assert drawn.enrolment != scenario.enrolment
    assert scenario.draws is not None
    assert scenario.draws.names == ("follow_up.withdrawal.rate", "enrolment.accrual.exponent")


def test_the_scenario_of_a_replicate_says_which_draw_it_is(tmp_path: Path) -> None:
    scenario = calibrated(tmp_path, "parameters.use=draws").of_replicate(N_DRAWS + 2)

    rows = {row.path: row for row in scenario.register()}

    assert rows["disease.response.probability"].value == repr(DRAWS["response"][2])
    assert rows["disease.response.probability"].at.endswith("fits, fit full, draw 2")
    assert scenario.of_replicate(5) is scenario


# ---- what is refused ----------------------------------------------------------------------------


def only_problem(tmp_path: Path, *overrides: str, text: str = TAKES_IT) -> str:
    (problem,) = problems_of(write(tmp_path, text), *overrides)
    return str(problem)


def test_a_missing_folder_is_named_with_its_place(tmp_path: Path) -> None:
    message = only_problem(tmp_path)

    assert f"small.yaml:{TAKES_IT[: TAKES_IT.index('parameters:')].count(chr(10)) + 1}:" in message
    assert "parameters.from: there is no such folder (given: fits; looked for" in message
    assert "simulate calibrate" in message


def test_a_missing_fit_is_told_with_those_that_exist(tmp_path: Path) -> None:
    write_calibrated(tmp_path)

    message = only_problem(tmp_path, "parameters.fit=ful")

    assert message == (
        "--set parameters.fit=ful: parameters.fit: there is no such fit in fits (given: ful; fits: "
        "full, lognormal, other). Did you mean full?"
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("{fit: full}", "parameters.from: this key is needed"),
        ("{from: fits, use: mean}", "must be one of 'point' or 'draws'"),
        ("{from: fits, colour: red}", "parameters.colour: unknown key"),
        ("fits", "a block of keys is needed"),
    ],
)
def test_a_malformed_key_is_told(tmp_path: Path, value: str, words: str) -> None:
    write_calibrated(tmp_path)

    assert words in only_problem(tmp_path, text=GOOD + f"parameters: {value}\n")


BAD_POINTS = {
    "no value": ("unit: null, value: 0.7}", "unit: null}", "parameters.response.value", "needed"),
    "no number": ("value: 0.7", "value: high", "parameters.response.value", "a number is needed"),
    "unknown key": ("value: 0.7", "value: 0.7, sd: 1", "parameters.response.sd", "unknown key"),
    "no such field": ("response.probability", "respons.probability", "disease.respons", "Did you"),
    "no such key": (
        "disease.response.probability",
        "disease.response.probabilty",
        "disease.response.probabilty",
        "Did you mean probability",
    ),
    "out of support": ("value: 0.7", "value: 1.7", "disease.response.probability", "0 and 1"),
    "unit missing": (
        "unit: months",
        "unit: null",
        "disease.progression.responders.scale",
        "length",
    ),
    "not a parameter": (
        "disease.response.probability",
        "seed",
        "parameters.response.field",
        "a calibration cannot set seed",
    ),
    "not of patients": (
        "disease.response.probability",
        "analyses.final.cut.date",
        "parameters.response.field",
        "a calibration cannot set analyses",
    ),
    "twice": ("name: accrual", "name: response", "parameters.response.name", "taken already"),
    "field twice": (
        "field: enrolment.accrual.exponent",
        "field: disease.response.probability",
        "parameters.accrual.field",
        "taken already",
    ),
    "other fit": ("fit: full", "fit: fool", "fit", "the name of its folder"),
    "both": ("held_out: [pfs_median]", "held_out: [responders]", "held_out", "held out and calibr"),
    "not yaml": ("fit: full", "fit: [full", "", "not YAML"),
    "structure": ("structure: {}", "structure: {colour: red}", "colour", "unknown key"),
    "structure of names": ("structure: {}", "structure: {name: x}", "name", "cannot set name"),
}


@pytest.mark.parametrize("name", BAD_POINTS)
def test_a_malformed_point_is_told_with_its_line(tmp_path: Path, name: str) -> None:
    old, new, key, words = BAD_POINTS[name]
    file = write_calibrated(tmp_path)
    bad = POINT_YAML.replace(old, new, 1)
    point = tmp_path / "fits" / "full" / "point.yaml"
    point.write_text(bad, encoding="utf-8")

    problem = problems_of(file)[0]

    assert problem.file == str(point)
    assert problem.line is not None
    assert problem.key.endswith(key)
    assert words in f"{problem.message}. {problem.hint}"


def test_problems_of_the_calibration_and_of_the_file_are_shown_together(tmp_path: Path) -> None:
    file = write_calibrated(tmp_path, TAKES_IT.replace("window: 7 days", "window: 7"))

    keys = {problem.key for problem in problems_of(file, "parameters.fit=none")}

    assert keys == {"parameters.fit", "assessment.window"}


def bad_draws(tmp_path: Path, table: pa.Table | bytes | None) -> str:
    file = write_calibrated(tmp_path)
    path = tmp_path / "fits" / "full" / "draws.parquet"
    path.unlink()
    if isinstance(table, bytes):
        path.write_bytes(table)
    elif table is not None:
        pq.write_table(table, path)
    with pytest.raises(ScenarioError) as caught:
        Scenario.from_file(file, ["parameters.use=draws"]).check_draws()
    (problem,) = caught.value.problems
    assert problem.file.startswith(str(path))
    return str(problem).removeprefix(str(path))


def test_draws_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    good = {name: list(values) for name, values in DRAWS.items()}
    nan, text = (
        {**good, "accrual": [2.0, float("nan")] + [2.0] * 10},
        {**good, "accrual": ["2"] * 12},
    )
    renamed = {("respons" if n == "response" else n): v for n, v in good.items()}

    assert "there is no such file. Run simulate calibrate again" in bad_draws(tmp_path, None)
    assert "cannot be read as Parquet" in bad_draws(tmp_path, b"not parquet")
    wrong = bad_draws(tmp_path, pa.table(renamed))
    assert "(missing: response; unknown: respons). Did you mean response?" in wrong
    assert ": accrual: a finite number is needed (given: nan; draw 1)" in bad_draws(
        tmp_path, pa.table(nan)
    )
    assert ": accrual: float64 numbers are needed (given: string)" in bad_draws(
        tmp_path, pa.table(text)
    )
    empty = {n: pa.array([], pa.float64()) for n in good}
    assert "holds no draws" in bad_draws(tmp_path, pa.table(empty))


def test_a_draw_out_of_support_is_told_with_its_number(tmp_path: Path) -> None:
    wild = {**DRAWS, "response": [*DRAWS["response"][:-1], 1.2]}

    message = bad_draws(tmp_path, pa.table(wild))

    assert message.startswith(": disease.response.probability: with draw 11: a probability must")


def test_draws_need_not_be_there_for_the_point(tmp_path: Path) -> None:
    file = write_calibrated(tmp_path)
    (tmp_path / "fits" / "full" / "draws.parquet").unlink()

    assert Scenario.from_file(file).disease.response.probability == 0.7


# ---- in words -----------------------------------------------------------------------------------


def test_describe_says_where_parameters_are_from(tmp_path: Path) -> None:
    text = " ".join(describe(calibrated(tmp_path)).split())
    drawn = calibrated(tmp_path, "parameters.use=draws", "disease.response.probability=0.5")
    of_draws = " ".join(describe(drawn).split())

    assert "4 parameters of the calibration fits of small, fit full (All the information)" in text
    assert "made with 2 statistics; 1 statistic held out" in text
    assert "All replicates take the point." in text
    assert "replicate r takes draw r mod 12, of 12" in of_draws
    assert "not taken from there: disease.response.probability (response)" in of_draws
