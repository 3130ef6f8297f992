"""The report's section on the calibration, from tables that are made up."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from calibrated_example import POINT_YAML, TAKES_IT, write_calibrated
from calibrated_tables import PARAMETERS, STAGE, TARGETS, truths_at, write_tables
from scenario_example import GOOD, write
from scipy.special import logit

from simulate.calibration.scales import Target, in_own_unit, on_scale
from simulate.calibration.tables import COVERAGE_COLUMNS, PARAMETER_COLUMNS, read_fit_folder
from simulate.job import make_job
from simulate.plots.calibration import plot_informed
from simulate.report.blocks import Block, Details, Heading, Picture, Points, Prose, Section, Table
from simulate.report.calibration import calibration_section
from simulate.report.calibration_structures import bayes_factor, evidence
from simulate.report.identifiable import not_identifiable
from simulate.report.informed import significant, standardised, word_of
from simulate.report.numbers import MINUS, NO_VALUE
from simulate.report.report import render_report
from simulate.report.view import View
from simulate.run import RunResult, execute
from simulate.scenario.scenario import Scenario
from simulate.scorecard import SCORECARD_COLUMNS

LOGNORMAL_STAGE = {**STAGE, "misfit": 3.0, "log_posterior": -2.5, "log_evidence": 8.0}
LOGNORMAL_STAGE |= {"n_parameters": 4}
HELD_OUT_STAGE = {
    **STAGE,
    "misfit": 1.0,
    "log_posterior": -1.0,
    "log_evidence": 6.0,
    "n_targets": 2,
}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """Two replicates of the small scenario at the point of a calibration with little in it."""
    return run(tmp_path_factory.mktemp("plain"))


def run(folder: Path, text: str = TAKES_IT) -> RunResult:
    path = write_calibrated(folder, text)
    job = make_job(Scenario.from_file(path), replicates=2)
    return execute(dataclasses.replace(job, truth_patients=200))


@pytest.fixture
def view(tmp_path: Path, result: RunResult) -> View:
    """The same run, looked at with the folder of its calibration somewhere else, to be filled."""
    return seen(result, tmp_path)


def seen(result: RunResult, folder: Path, text: str = TAKES_IT) -> View:
    scenario = Scenario.from_file(write_calibrated(folder, text))
    return View(dataclasses.replace(result, job=dataclasses.replace(result.job, scenario=scenario)))


def flat(blocks: list[Block]) -> list[Block]:
    found: list[Block] = []
    for block in blocks:
        found += [block, *(flat(list(block.blocks)) if isinstance(block, Details) else [])]
    return found


def tables(section: Section) -> dict[str, Table]:
    return {block.title: block for block in flat(section.blocks) if isinstance(block, Table)}


def prose(blocks: list[Block]) -> str:
    texts = [block.text for block in flat(blocks) if isinstance(block, Prose | Heading)]
    texts += [
        f"{a} {b}" for each in flat(blocks) if isinstance(each, Points) for a, b in each.items
    ]
    return "\n".join(texts)


# ---- numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shrinkage", "word"),
    [
        (0.2, "informed"),
        (0.6, "informed"),
        (0.61, "partly"),
        (0.84, "partly"),
        (0.85, "prior only"),
    ],
)
def test_a_word_says_how_far_a_parameter_was_informed(shrinkage: float, word: str) -> None:
    assert word_of(shrinkage) == word


@pytest.mark.parametrize(
    ("value", "text"),
    [(45.008, "45.0"), (0.00067456, "0.000675"), (1234.5, "1,234"), (0.0, "0"),
     (-2.5, f"{MINUS}2.50"), (9.999, "10.00"), (math.inf, "inf")],
)  # fmt: skip
def test_parameters_of_all_sizes_have_the_same_digits(value: float, text: str) -> None:
    assert significant(value) == text


def test_posteriors_are_standardised_by_their_priors_on_the_link() -> None:
    table = standardised(pd.DataFrame(PARAMETERS, columns=list(PARAMETER_COLUMNS)))

    assert table["label"].tolist() == ["Scale", "Withdrawal", "Response"]
    assert table["shrinkage"].is_monotonic_increasing
    scale, response = table.iloc[0], table.iloc[2]
    sd = math.log(2) / 1.959964
    assert scale["point"] == pytest.approx(0, abs=1e-9)
    assert scale["upper"] == pytest.approx(math.log(46 / 40) / sd)
    # the prior of a probability has its limits at equal distance on the logit scale
    sd = (logit(0.890909090909) - logit(0.4)) / (2 * 1.959964)
    assert response["lower"] == pytest.approx((logit(0.45) - logit(0.7)) / sd)


@pytest.mark.parametrize(
    ("scale", "name", "is_rate", "value"),
    [("arcsine", "orr", True, 76.4), ("arcsine", "n_eas", False, 28.0),
     ("arcsine", "pd", False, 0.0), ("root", "pd", False, 3.0),
     ("log", "exposure_median", False, 674.0)],
)  # fmt: skip
def test_a_fitted_value_comes_back_into_its_own_unit(
    scale: str, name: str, is_rate: bool, value: float
) -> None:
    def transformed(x: float) -> float:
        target = Target(scale, name, is_rate)
        return float(on_scale(target, lambda _: np.array([x / 100 if is_rate else x]), 57)[0])

    for other in (value, value + 2.5):
        found = in_own_unit(scale, transformed(other), value, transformed(value))
        assert found == pytest.approx(other, abs=1e-6)


@pytest.mark.parametrize(
    ("log_factor", "factor", "words"),
    [(0.0, "1.00", "do not tell the two apart"), (math.log(5), "5.00", "positive evidence for it"),
     (-4.0, "0.02", "strong evidence against it"), (-8.0, "<0.001", "very strong evidence against"),
     (9.0, ">1,000", "very strong evidence for it")],
)  # fmt: skip
def test_bayes_factors_are_told_in_words(log_factor: float, factor: str, words: str) -> None:
    assert bayes_factor(log_factor) == factor
    assert words in evidence(log_factor)
    assert factor in evidence(log_factor)


# ---- the section --------------------------------------------------------------------------------


def test_without_a_calibration_there_is_no_section(result: RunResult, tmp_path: Path) -> None:
    scenario = Scenario.from_file(write(tmp_path, GOOD))
    job = dataclasses.replace(result.job, scenario=scenario)
    assert calibration_section(View(dataclasses.replace(result, job=job))).blocks == []


def test_a_folder_with_a_point_alone_gets_a_sentence(view: View) -> None:
    (only,) = calibration_section(view).blocks
    assert isinstance(only, Prose)
    assert only.text == (
        "The scenario takes 4 parameters from the calibration fits, fit full (All the information)."
        " Its folder does not say how they were estimated."
    )


def test_one_stage_and_one_fit_have_no_words_on_others(view: View, tmp_path: Path) -> None:
    write_tables(tmp_path / "fits" / "full")
    section = calibration_section(view)

    text, found = prose(section.blocks), tables(section)
    assert "3 parameters from 3 statistics (stage efficacy), and 12 draws" in text
    assert "later stage" not in text
    for absent in ("Other structures", "held out", "hold the truth"):
        assert absent not in text
    assert len([b for b in flat(section.blocks) if isinstance(b, Picture)]) == 1
    table = found["Parameters of the stage efficacy"]
    assert [row[0] for row in table.rows] == ["Scale, months", "Withdrawal per month", "Response"]
    assert table.marked == {2}
    assert table.rows[0][1:5] == ["40.0", "35.0 to 46.0", "0.40", "40.0 (20.0 to 80.0)"]
    assert table.rows[1][6] == ""  # no source is given
    assert "next to nothing on response (0.90)" in text


def test_targets_stand_in_the_units_of_the_paper(view: View, tmp_path: Path) -> None:
    write_tables(tmp_path / "fits" / "full")
    rows = tables(calibration_section(view))["Targets of the stage efficacy"].rows

    assert rows[0][0].startswith("Responders")
    assert rows[0][1].strip() == "28"
    assert float(rows[0][2]) == pytest.approx(math.sin(0.95) ** 2 * 40.75 - 0.375, abs=0.1)
    assert rows[1][2].strip() == f"{100 * math.sin(1.2) ** 2:.1f}"
    assert rows[1][4] == f"{MINUS}1.33"
    assert rows[2][0] == "PFS at 6 months: log-log width"
    assert rows[2][1:3] == [f"{math.exp(0.18):.2f}", f"{math.exp(0.1):.2f}"]


def test_a_second_stage_is_folded_away(view: View, tmp_path: Path) -> None:
    later = {**STAGE, "stage": "toxicity", "n_parameters": 1}
    row = ("accrual", "Accrual", "toxicity", *PARAMETERS[0][3:])
    write_tables(tmp_path / "fits" / "full", stages=(STAGE, later), parameters=(*PARAMETERS, row))
    section = calibration_section(view)

    open_, all_ = section.blocks, flat(section.blocks)
    assert [isinstance(b, Picture) for b in open_].count(True) == 1
    assert [isinstance(b, Picture) for b in all_].count(True) == 2
    assert "with the earlier ones at their point" in prose(section.blocks)
    assert len(tables(section)["Whether the posterior may be trusted"].rows) == 2


def test_structures_are_weighed_against_the_first_fit(view: View, tmp_path: Path) -> None:
    write_tables(tmp_path / "fits" / "full")
    write_tables(tmp_path / "fits" / "lognormal", stages=(LOGNORMAL_STAGE,), truths=truths_at(27.5))
    section = calibration_section(view)

    found, text = tables(section), prose(section.blocks)
    fitted = found["How other structures fit"].rows
    assert [row[0] for row in fitted] == ["full (the first fit)", "Log-normal for non-responders"]
    assert fitted[1][1:] == ["4", "3", "3.0", f"{MINUS}2.5", "8.0", f"{math.exp(-2):.2f}"]
    predicted = found["What other structures predict"]
    assert list(predicted.header[1:]) == ["True median PFS, months", "True PFS at 6 months, %"]
    assert predicted.rows[1] == ["full", "25.0 (20.0 to 34.0)", "78.0 (70.0 to 86.0)"]
    assert predicted.rows[2][1] == "27.5 (22.5 to 36.5)"
    assert "1 parameter more than full, misfit 3.0 against 4.0; positive evidence against" in text
    assert "The true median PFS moves by +2.5 months." in text


def test_rates_of_response_stand_beside_the_reported_ones(view: View, tmp_path: Path) -> None:
    def rows(fitted: float) -> tuple[tuple[object, ...], ...]:
        observed = math.asin(math.sqrt(0.6))
        row = ("dor_rate_24", "DOR", "efficacy", "arcsine", 60.0, observed, fitted)
        return (*TARGETS, (*row, 0.08, -1.9, 0.01, "Figure"))

    write_tables(tmp_path / "fits" / "full", targets=rows(math.asin(math.sqrt(0.58))))
    other = rows(math.asin(math.sqrt(0.44)))
    write_tables(tmp_path / "fits" / "lognormal", stages=(LOGNORMAL_STAGE,), targets=other)
    section = calibration_section(view)

    table = tables(section)["What other structures predict"]
    assert table.header[-1] == "DOR at 24 months, %"
    assert [row[-1] for row in table.rows] == ["60.0", "58.0", "44.0"]
    assert f"It misses DOR ({MINUS}1.9 sd)." in prose(section.blocks)


def test_structures_with_other_targets_are_not_weighed(view: View, tmp_path: Path) -> None:
    write_tables(tmp_path / "fits" / "full")
    stage = {**LOGNORMAL_STAGE, "n_targets": 2}
    write_tables(tmp_path / "fits" / "lognormal", stages=(stage,), targets=TARGETS[:2])
    section = calibration_section(view)

    assert tables(section)["How other structures fit"].rows[1][-1].strip() == NO_VALUE
    assert "cannot be weighed against each other" in prose(section.blocks)


def test_parameters_changed_on_purpose_are_told(result: RunResult, tmp_path: Path) -> None:
    view = seen(result, tmp_path)
    changed = view.scenario.with_overrides({"disease.response.probability": 0.5})
    job = dataclasses.replace(view.result.job, scenario=changed)

    text = prose(calibration_section(View(dataclasses.replace(view.result, job=job))).blocks)

    assert "Of these, 1 is changed on purpose: response." in text


def test_the_first_fit_is_that_of_the_name_whichever_is_in_use(
    result: RunResult, tmp_path: Path
) -> None:
    text = TAKES_IT.replace("{from: fits}", "{from: fits, fit: lognormal}")
    view = seen(result, tmp_path, text)
    write_tables(tmp_path / "fits" / "full")
    write_tables(tmp_path / "fits" / "lognormal", stages=(LOGNORMAL_STAGE,))

    rows = tables(calibration_section(view))["How other structures fit"].rows
    assert [row[0] for row in rows] == ["full (the first fit)", "Log-normal for non-responders"]


def test_a_fit_with_facts_held_out_stands_beside_the_first(view: View, tmp_path: Path) -> None:
    folder = tmp_path / "fits"
    point = POINT_YAML.replace("calibrated: [responders, pfs_rate_6]", "calibrated: [responders]")
    (folder / "full" / "point.yaml").write_text(point.replace("[pfs_median]", "[]"))
    moved = (PARAMETERS[0], (*PARAMETERS[1][:5], 0.72, *PARAMETERS[1][6:]), PARAMETERS[2])
    write_tables(folder / "full")
    write_tables(folder / "other", stages=(HELD_OUT_STAGE,), parameters=moved, targets=TARGETS[:2])
    check = [
        ("pfs_median", "PFS median", "Text", "months", 40, 27.7, 25.0, 17.0, math.inf, 62.0, True,
         "held_out", 2000, "draws"),
        ("pfs_rate_6_lower", "Lower limit", "Text", "%", 40, 75.0, 60.0, 50.0, 70.0, 99.0, False,
         "held_out", 2000, "draws"),
    ]  # fmt: skip
    table = pd.DataFrame(check, columns=["statistic", *SCORECARD_COLUMNS])
    table.to_csv(folder / "other" / "held_out_check.csv", index=False)
    section = calibration_section(view)

    text, found = prose(section.blocks), tables(section)
    assert "The fit other: facts held out" in text
    assert "leaves out 1: PFS at 6 months (its limits)." in text
    assert "1 of 2 lie within the limits of 95% of 2,000 trials" in text
    assert "Lower limit (percentile 99.0)" in text
    facts = found["Facts that the fit has not seen, and trials over its draws"]
    assert facts.marked == {1}
    assert facts.rows[0][3] == "17.0 to NR"
    sd = 0.9 * (logit(0.890909090909) - logit(0.4)) / (2 * 1.959964)
    move = (logit(0.72) - logit(0.7)) / sd
    assert found["Parameters of full and other"].rows[1][5] == f"+{move:.2f}"
    assert f"the one that moves most is response, by {move:.2f} posterior" in text


def test_coverage_is_shown_where_it_was_checked(view: View, tmp_path: Path) -> None:
    write_tables(tmp_path / "fits" / "full")
    rows = [
        ("prior", "response", "Response", 0.5, 95, 200, 0.475, 0.40, 0.55, True),
        ("prior", "response", "Response", 0.95, 190, 200, 0.95, 0.91, 0.98, True),
        ("prior", "responder_scale", "Scale", 0.5, 70, 200, 0.35, 0.28, 0.42, False),
        ("prior", "responder_scale", "Scale", 0.95, 188, 200, 0.94, 0.90, 0.97, True),
    ]
    made_up = pd.DataFrame(rows, columns=list(COVERAGE_COLUMNS))
    made_up.to_csv(tmp_path / "fits" / "coverage.csv", index=False)
    section = calibration_section(view)

    assert "41% of the time at a level of 50%, 94% of the time at a level of 95%" in prose(
        section.blocks
    )
    assert "Of 4 counts" in prose(section.blocks)
    table = tables(section)["Simulated trials whose interval holds the true parameter"]
    assert table.rows[1] == ["Scale", "70 of 200 (35%)", "188 of 200 (94%)"]
    assert table.marked == {1}


@pytest.mark.parametrize(
    "name", ["parameters.csv", "targets.csv", "diagnostics.json", "truths.csv"]
)
@pytest.mark.parametrize("content", ["", "not,a\nthing,like that\n", "{"])
def test_a_damaged_file_is_as_good_as_none(
    view: View, tmp_path: Path, name: str, content: str
) -> None:
    for fit in ("full", "lognormal"):
        write_tables(tmp_path / "fits" / fit)
    (tmp_path / "fits" / "full" / name).write_text(content)

    section = calibration_section(view)

    assert section.blocks
    fit = read_fit_folder(tmp_path / "fits" / "full")
    missing = [t is None for t in (fit.parameters, fit.targets, fit.diagnostics, fit.truths)]
    assert missing.count(True) == 1


def test_the_page_holds_the_section(tmp_path: Path) -> None:
    found = run(tmp_path)
    write_tables(tmp_path / "fits" / "full")
    write_tables(tmp_path / "fits" / "lognormal", stages=(LOGNORMAL_STAGE,), truths=truths_at(27.5))

    page = render_report(found)

    assert '<section id="calibration">' in page
    assert "Other structures" in page
    assert page == render_report(found)


# ---- what is not identified ---------------------------------------------------------------------

SHAPE = ("shape", "Shape", "efficacy", "", "log", 1.1, 0.8, 1.1, 1.5, 0.5, 1.0, 2.0, 0.7)
SHAPED = POINT_YAML.replace(
    "name: response, label: Response, field: disease.response.probability",
    "name: shape, label: Shape, field: disease.progression.responders.shape",
)


def shaped(view: View, folder: Path, lower: float) -> str:
    """What is said of a fit that estimates a shape, with some lower limit."""
    fit = folder / "fits" / "full"
    (fit / "point.yaml").write_text(SHAPED, encoding="utf-8")
    draws = pd.read_parquet(fit / "draws.parquet").rename(columns={"response": "shape"})
    draws.to_parquet(fit / "draws.parquet")
    row = (*SHAPE[:6], lower, *SHAPE[7:], 1.0, 1.0, 5000.0, None)
    write_tables(fit, parameters=(row, *PARAMETERS))
    scenario = Scenario.from_file(folder / "small.yaml")
    job = dataclasses.replace(view.result.job, scenario=scenario)
    return prose(not_identifiable(View(dataclasses.replace(view.result, job=job))))


def test_shapes_are_named_with_what_the_posterior_says(view: View, tmp_path: Path) -> None:
    text = shaped(view, tmp_path, 0.8)
    assert "The posterior is 0.70 times as wide as the prior." in text
    assert "Its 95% interval holds 1" in text
    assert "Held at one value" in text  # the other shapes
    assert "progression of non-responders" in text

    assert "holds 1" not in shaped(view, tmp_path, 1.05)


def test_parameters_whose_posterior_is_the_prior_are_named(view: View, tmp_path: Path) -> None:
    assert "Also little more than the prior" not in prose(not_identifiable(view))
    write_tables(tmp_path / "fits" / "full")
    text = prose(not_identifiable(view))
    assert (
        "Also little more than the prior: at least 0.85 times as wide as the prior: Response"
        in (text)
    )
    assert "Withdrawal" not in text


# ---- the picture --------------------------------------------------------------------------------


def test_the_picture_has_a_bar_and_a_word_for_every_parameter() -> None:
    table = standardised(pd.DataFrame(PARAMETERS, columns=list(PARAMETER_COLUMNS)))
    ax = plot_informed(table)

    assert [label.get_text() for label in ax.get_yticklabels()] == table["label"].tolist()
    words = [text.get_text() for text in ax.texts]
    assert words == ["0.40  informed", "0.70  partly", "0.90  prior only"]
    bars = [line for line in ax.lines if line.get_linewidth() == 3.6]
    assert [list(bar.get_xdata()) for bar in bars] == table[["lower", "upper"]].to_numpy().tolist()
    assert ax.get_xlim()[1] > max(table["upper"].max(), 1.96)
