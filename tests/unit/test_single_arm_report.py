"""What a run tells of a single-arm design: operating characteristics and the report's section."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from html_pages import text_of
from matplotlib.figure import Figure

from simulate.job import make_job
from simulate.plots.single_arm import AT_ONCE, CONDUCTED, plot_single_arm, single_arm_legend
from simulate.report.head import summary, tiles
from simulate.report.report import render_report
from simulate.report.single_arm import single_arm_section
from simulate.report.view import View
from simulate.report.whatifs import whatifs_section
from simulate.run import RunResult, execute
from simulate.scenario.scenario import Scenario
from simulate.single_arm.performance import performance
from simulate.single_arm_operating import single_arm_outcomes
from simulate.single_arm_text import decisions_in_words
from simulate.single_arm_theory import single_arm_theory

N = 12


@pytest.fixture(scope="module")
def result(scenario: Scenario) -> RunResult:
    """A dozen small trials with a go, consider or no go at two looks, and a variant of it."""
    trial = scenario.with_overrides(
        {
            "facts": None,
            "calibration": None,
            "sample_size": 24,
            "toxicity": None,
            "treatment.drugs.KN026.rules": [],
            "treatment.drugs.docetaxel.rules": [],
            "follow_up.early_stop.adverse_event": None,
            "follow_up.withdrawal_adverse_event": None,
            "disease.response.probability": 0.6,
            "single_arm": {
                "design": {
                    "kind": "go_consider_no_go",
                    "looks": [10, 24],
                    "lower_reference": 0.3,
                    "target": 0.6,
                    "go_confidence": 0.99,
                },
                "interim": {"after": "14 weeks"},
                "final": {"after": "24 weeks"},
            },
            "sweep": [
                {
                    "name": "later",
                    "title": "BOP2 whose looks come later",
                    "set": {"single_arm.interim": {"after": "30 weeks"}},
                }
            ],
        }
    )
    return execute(make_job(trial, replicates=N, engine="reference"))


def measured(result: RunResult) -> dict[str, pd.Series]:
    rows = result.operating[result.operating["endpoint"] == "single_arm"]
    assert rows["measure"].is_unique
    return {str(row["measure"]): row for _, row in rows.iterrows()}


def test_operating_characteristics_are_those_of_the_replicates(result: RunResult) -> None:
    found, table = measured(result), result.replicates["final"].table
    own = table[[name for name in table if name.startswith("single_arm_")]]
    own = own.rename(columns=lambda name: name.removeprefix("single_arm_"))

    for decision in ("go", "consider", "no_go"):
        share = own[decision].mean()
        row = found[f"{decision}.probability"]
        assert row["estimate"] == share
        assert row["mcse"] == pytest.approx(np.sqrt(share * (1 - share) / N))
        assert found[f"{decision}.without_delay"]["estimate"] == own[f"full_{decision}"].mean()
        by_delay = own[decision] - own[f"full_{decision}"]
        assert found[f"{decision}.by_delay"]["estimate"] == pytest.approx(by_delay.mean())
        assert found[f"{decision}.by_delay"]["mcse"] == pytest.approx(by_delay.std() / N**0.5)
    for decision in ("go", "no_go"):
        early = own[decision] * (own["look"] == 1)
        assert found[f"{decision}.early"]["estimate"] == early.mean()
        at_once = own[f"full_{decision}"] * (own["full_look"] == 1)
        assert found[f"{decision}.early_without_delay"]["estimate"] == at_once.mean()
        assert found[f"look_1_{decision}.probability"]["estimate"] == early.mean()
    for name in ("patients", "enrolled", "treated", "responders", "pending", "day"):
        assert found[f"{name}.mean"]["estimate"] == pytest.approx(own[name].mean())
    overrun = (own["enrolled"] - own["patients"]).mean()
    assert found["enrolled.overrun"]["estimate"] == pytest.approx(overrun)
    assert found["look_2_day.made"]["estimate"] == (own["look"] == 2).mean()
    assert found["look_2_responders.mean"]["n_analysed"] == (own["look"] == 2).sum()
    sizes = own["full_look"].map({1: 10, 2: 24}).mean()
    assert found["patients.without_delay"]["estimate"] == pytest.approx(sizes)
    assert found["target_not_reached.probability"]["estimate"] == 0


def test_theory_stands_at_the_rate_of_the_trials(result: RunResult) -> None:
    found, table = measured(result), result.replicates["final"].table
    rates = table["single_arm_full_responders"] / table["single_arm_full_n"]
    rate = found["full_responders.rate"]
    assert rate["estimate"] == pytest.approx(rates.mean())
    assert rate["mcse"] == pytest.approx(rates.std() / N**0.5)

    block = result.job.scenario.single_arm
    assert block is not None
    rule, shift = block.design.rule, 1e-5
    for decision, name in (
        ("go", "go_in_all"),
        ("no_go", "no_go_in_all"),
        ("consider", "consider"),
    ):
        low, at, high = (
            getattr(performance(rule, rates.mean() + d), name) for d in (-shift, 0, shift)
        )
        row = found[f"{decision}.theory"]
        assert row["estimate"] == pytest.approx(at)
        slope = abs(high - low) / (2 * shift)
        assert row["mcse"] == pytest.approx(slope * rate["mcse"], rel=1e-3)


def test_statistics_of_the_design_stand_in_no_other_row(result: RunResult) -> None:
    names = result.operating["measure"]
    assert not names.str.contains(r"^look_1_day\.q50").any()


def test_the_section_tells_what_was_found(result: RunResult) -> None:
    view, found = View(result), measured(result)
    section = single_arm_section(view)
    text = " ".join(block.text for block in section.blocks if block.kind == "prose")

    go = 100 * found["go.probability"]["estimate"]
    at_once = 100 * found["go.without_delay"]["estimate"]
    assert f"{at_once:.1f}% of trials would be go" in text
    assert f"{go:.1f}% are." in text
    kinds = [block.kind for block in section.blocks]
    assert kinds == ["prose", "prose", "table", "table", "picture"]
    looks, decisions = (block for block in section.blocks if block.kind == "table")
    assert [row[1].strip() for row in looks.rows] == ["10", "24"]
    labels = [row[0] for row in decisions.rows]
    assert labels[:3] == ["Go, %", "Consider, %", "No go, %"]
    theory = single_arm_theory(result.job.scenario)
    shown = [float(re.sub(r"[^\d.]", "", cell)) for cell in decisions.rows[0][1:3]]
    expected = [100 * at.go_in_all for _, at in theory.truths[:2]]
    assert shown == pytest.approx(expected, abs=0.005)
    assert ("Go", f"{go:.1f}%") in [item[:2] for item in tiles(view).items]


def test_the_head_tells_the_decision_and_the_size(result: RunResult) -> None:
    view, found = View(result), measured(result)
    words = summary(view).text
    go, no_go = (100 * found[f"{each}.probability"]["estimate"] for each in ("go", "no_go"))
    assert f"By the single-arm design {go:.1f}% of trials are go" in words
    assert f"{no_go:.1f}% are no go ({100 * found['no_go.early']['estimate']:.1f}% no go" in words
    enrolled = found["enrolled.mean"]["estimate"]
    assert f"has enrolled {enrolled:.1f} patients on average" in words
    assert enrolled < 24, "some trials stop before"
    assert words.index("By the single-arm design") < words.index("The objective response rate")
    tile = {label: value for label, value, _ in tiles(view).items}["Expected sample size"]
    assert tile == f"{enrolled:.1f}"


def test_the_other_sections_say_that_they_are_of_trials_that_did_not_stop(
    result: RunResult,
) -> None:
    text = text_of(render_report(result))
    as_if = "as if no trial stopped by its single-arm design: all 24 patients, as known on"
    assert text.count(as_if) == 2, "in the head, and where the other sections begin"
    assert f"The numbers that follow are {as_if}" in text
    note = text.index(f"From here on all is {as_if}")
    assert text.index("By delay: as conducted") < note
    assert note < text.index("Survival", note)


def test_what_if_looks_came_later(result: RunResult) -> None:
    rows = result.sweep[result.sweep["statistic"] == "single_arm_later_responders"]
    assert rows.iloc[0]["difference"] < 0, "fewer responders are missed"
    (table,) = (b for b in whatifs_section(View(result)).blocks if b.kind == "table")
    assert table.rows[0][0] == "Decision: go, %"
    assert table.title == "Paired differences: BOP2 whose looks come later"


def test_a_trial_without_a_design_has_no_section(scenario: Scenario, result: RunResult) -> None:
    plain = scenario.with_overrides({"facts": None, "sweep": []})
    assert single_arm_outcomes(plain, result.replicates["final"]) is None


def test_the_plot_has_its_lines_and_points(result: RunResult) -> None:
    theory = single_arm_theory(result.job.scenario)
    rows = [(AT_ONCE, "go", 0.5, 0.4, 0.3, 0.5), (CONDUCTED, "go", 0.5, 0.2, 0.1, 0.3)]
    columns = ["kind", "decision", "response_rate", "estimate", "lower", "upper"]
    points = pd.DataFrame(rows, columns=columns)
    ax = Figure().subplots()

    plot_single_arm(theory.curve, points, marks=(0.3, 0.6), ax=ax)
    single_arm_legend(theory.curve, points, ax)

    lines = [np.asarray(line.get_xydata()) for line in ax.lines]
    curves = [line for line in lines if len(line) == len(theory.curve)]
    assert len(curves) == 3, "go, consider and no go"
    np.testing.assert_allclose(curves[0][:, 1], 100 * theory.curve["go"])
    assert [50.0, 20.0] in [line[0].tolist() for line in lines if len(line) == 1]
    legend = ax.get_legend()
    assert legend is not None
    assert len(legend.get_texts()) == 5


def test_the_command_line_tells_decisions_and_size(result: RunResult, tmp_path: Path) -> None:
    result.operating.to_csv(tmp_path / "operating_characteristics.csv", index=False)
    told = decisions_in_words(tmp_path)
    found = single_arm_outcomes(result.job.scenario, next(iter(result.replicates.values())))
    assert found is not None
    for decision, words in (("go", "go"), ("consider", "consider"), ("no_go", "no go")):
        chance = found.probability(decision)
        assert f"{words} {100 * chance.estimate:.2f}% (MCSE {100 * chance.mcse:.2f})" in told
    size = found.expected("enrolled")
    assert f"enrolled {size.estimate:.1f} (MCSE {size.mcse:.2f})" in told
