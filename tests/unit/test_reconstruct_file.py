"""A file of printed figures: what is read, what is refused and how, what is written."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.datasets import load_leukemia

from simulate import cli
from simulate.reconstruct.publication import publication_schema
from simulate.reconstruct.read import FiguresError, read_figures
from simulate.reconstruct.reconstruction import reconstruct_file
from simulate.reconstruct.text import text
from simulate.scenario.json_schema import as_text
from simulate.scenario.source import read_text
from simulate.scenario.tree import plain

EXAMPLES = Path(__file__).parents[2] / "scenarios" / "reconstruct"
FREIREICH = EXAMPLES / "freireich_1963.yaml"

RATES = """\
name: small
title: A small trial
time_unit: months
source: reported
at: Table 2
curves:
  - endpoint: pfs
    n: 10
    landmarks:
      - {time: 6, rate: 90.0%}
      - {time: 12, rate: 70.0%, at: Figure 1}
    median: {time: NR}
    total_events: 3
    last_time: 20
"""
POINTS = """\
name: small
title: A small trial
time_unit: weeks
curves:
  - endpoint: pfs
    group: old
    n: 10
    points: [[1, 0.9], [2, 0.8], [9, 0.8]]
    at_risk: [[0, 10], [5, 8]]
"""


def write(folder, content):
    path = folder / "figures.yaml"
    path.write_text(content)
    return str(path)


def problems(folder, content):
    path = write(folder, content)
    with pytest.raises(FiguresError) as caught:
        reconstruct_file(path)
    assert str(caught.value).endswith("nothing was written")
    return [str(p).removeprefix(f"{path}:") for p in caught.value.problems]


def test_digits_count_as_they_are_written(tmp_path) -> None:
    content = RATES.replace("NR}", "18.0, lower: 12, upper: 19.50}")
    published = read_figures(write(tmp_path, content)).publication.curves[0]
    median = published.median
    assert (median.time.half, median.lower.half, median.upper.half) == (0.05, 0.5, 0.005)
    assert published.landmarks[0].rate.half == pytest.approx(0.0005)
    plain = read_figures(write(tmp_path, RATES.replace("90.0%", "0.900"))).publication
    assert plain.curves[0].landmarks[0].rate.half == pytest.approx(0.0005)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("rate: 70.0%", "rate: 91.0%", "11:20: curves.0.landmarks.1.rate: survival cannot rise"),
        ("rate: 70.0%,", "rate: 70.0%, lower: 71.0%,", "71.0% is above its estimate 70.0%"),
        ("rate: 70.0%,", "rate: 70.0%, upper: 69.0%,", "69.0% is below its estimate 70.0%"),
        ("rate: 70.0%,", "rate: 70.0%, uper: 89.0%,", "unknown key. Did you mean upper?"),
        ("rate: 70.0%", "rate: 70", "must lie between 0 and 100% (given: 70)"),
        ("rate: 70.0%", "rate: many", "a printed figure is needed (given: many)"),
        ("rate: 70.0%,", "rate: 70.0%, events: 11,", "more than the 10 patients"),
        ("rate: 70.0%,", "rate: 70.0%, events: 4,", "more events than in all (4 of 3)"),
        ("time: 12", "time: 6", "11:10: curves.0.landmarks.1.time: times have to rise"),
        ("total_events: 3", "total_events: 11", "more events than patients (11 of 10)"),
        (
            "total_events: 3",
            "total_events: 2",
            "13:5: curves.0.total_events: no Kaplan-Meier curve of 10 patients has 2",
        ),
        ("time: NR", "time: 7.0", "the median 7.0 contradicts the rate 70.0% at 12"),
        ("time: NR", "time: 20.0, lower: 21", "lower limit 21 is above the median"),
        ("time: NR", "time: 20.0, upper: 19", "upper limit 19 is below the median"),
        ("time: NR", "time: soon", "a printed figure is needed (given: soon)"),
        ("last_time: 20", "last_time: 11", "ends before 12, which is printed too"),
        ("last_time: 20", "at_risk: [[0, 10]]", "at_risk does not go with landmarks"),
        ("last_time: 20", "points: [[1, 1]]", "exactly one of these keys is needed"),
        ("time_unit: months", "time_unit: month", "Did you mean months?"),
        ("n: 10", "n: 2000", "rates alone are searched for up to 1000 patients"),
        ("n: 10", "n: 9", "no Kaplan-Meier curve of 9 patients gives 90.0% at 6"),
        ("90.0%}", "90.0%, events: 2}", "gives 90.0% with 2 events at 6"),
        ("source: reported", "source: guessed", "unknown kind of source"),
        ("    n: 10\n", "", "curves.0.n: this key is needed and is not there"),
    ],
)
def test_impossible_rates_are_told_with_their_place(tmp_path, old, new, expected) -> None:
    assert RATES.count(old) == 1
    found = problems(tmp_path, RATES.replace(old, new))
    assert any(expected in line for line in found), found
    assert all(re.match(r"\d+:\d+: ", line) for line in found)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("[2, 0.8]", "[2, 0.95]", "8:24: curves.0.points.1: survival cannot rise (0.95 at 2"),
        ("[2, 0.8]", "[0.5, 0.8]", "times must not fall (0.5 after 1)"),
        ("[2, 0.8]", "[2, 80]", "a probability must lie between 0 and 1 (given: 80)"),
        ("[5, 8]", "[5, 11]", "9:24: curves.0.at_risk.1: numbers at risk cannot rise (11 at 5"),
        ("[5, 8]", "[0, 8]", "times have to rise (0 after 0)"),
        ("[0, 10]", "[0, 9]", "at time 0 all 10 patients are at risk"),
        ("group: old", "last_time: 9", "last_time does not go with points"),
        ("group: old", "total_events: 11", "more events than patients (11 of 10)"),
        ("[5, 8]", "[5, 9]", "this cannot be met: point at 2 is 0.800 in print and 0.900"),
        ("at_risk: [[0, 10], [5, 8]]", "points: [[1, 0.9]]", "the key 'points' is given twice"),
    ],
)
def test_impossible_points_are_told_with_their_place(tmp_path, old, new, expected) -> None:
    assert POINTS.count(old) == 1
    found = problems(tmp_path, POINTS.replace(old, new))
    assert any(expected in line for line in found), found


def test_all_problems_are_told_at_once_and_a_curve_is_named_once(tmp_path) -> None:
    curve = POINTS.split("curves:\n")[1]
    bad = curve.replace("[2, 0.8]", "[2, 0.95]").replace("[5, 8]", "[5, 11]")
    found = problems(tmp_path, POINTS + curve + bad)
    assert [line.split(": ", 1)[1] for line in found] == [
        "curves.1: the curve PFS, old is given twice. Name the group of each",
        "curves.2: the curve PFS, old is given twice. Name the group of each",
        "curves.2.points.1: survival cannot rise (0.95 at 2 after 0.9 at 1; "
        "reading errors up to 0.02 are evened out)",
        "curves.2.at_risk.1: numbers at risk cannot rise (11 at 5 after 10)",
    ]


def test_how_near_it_came(tmp_path) -> None:
    """Of three patients 100%, 67%, 50% or less are left; nothing is near 90% but 100%."""
    (line,) = problems(tmp_path, RATES.replace("n: 10", "n: 3"))
    assert "of 3 patients gives 90.0% at 6 with the figures before; the nearest is 100.0%" in line


def test_the_table_of_figures_names_where_each_is_printed(tmp_path) -> None:
    made = reconstruct_file(write(tmp_path, RATES))
    check = made.check
    assert check["figure"].tolist() == ["rate", "rate", "median", "events"]
    assert check["at"].tolist() == ["Table 2", "Figure 1", "Table 2", "Table 2"]
    assert check["printed"].tolist() == check["reconstructed"].tolist()
    assert check["agrees"].all()
    assert "no other count is possible" in text(made)


def test_the_command_writes_data_check_and_picture(tmp_path, capsys) -> None:
    out = tmp_path / "out"
    words = ["reconstruct", str(FREIREICH), "--out", str(out)]
    assert cli.main(words) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    folder = out / "freireich_1963"
    assert {path.name for path in folder.iterdir()} == {
        "check.csv",
        "check.txt",
        "curves.svg",
        "manifest.json",
        "pseudo_ipd.csv",
    }
    assert shown.out.startswith((folder / "check.txt").read_text().rstrip())
    data = pd.read_csv(folder / "pseudo_ipd.csv")
    assert data.columns.tolist() == ["endpoint", "group", "time", "event"]
    assert len(data) == 42
    assert "<svg" in (folder / "curves.svg").read_text()
    assert json.loads((folder / "manifest.json").read_text())["name"] == "freireich_1963"
    before = [hashlib.sha256(p.read_bytes()).digest() for p in sorted(folder.iterdir())]
    assert cli.main(words) == 0  # the same again: the same bytes
    assert [hashlib.sha256(p.read_bytes()).digest() for p in sorted(folder.iterdir())] == before


def test_another_result_is_not_overwritten_without_force(tmp_path, capsys) -> None:
    out = ["--out", str(tmp_path / "out")]
    assert cli.main(["reconstruct", write(tmp_path, RATES), *out]) == 0
    other = write(tmp_path, RATES.replace("last_time: 20", "last_time: 21"))
    assert cli.main(["reconstruct", other, *out]) == 2
    assert "--force" in capsys.readouterr().err
    assert cli.main(["reconstruct", other, *out, "--force"]) == 0
    assert cli.main(["reconstruct", other, *out, "--name", "other"]) == 0
    assert (tmp_path / "out" / "other" / "pseudo_ipd.csv").is_file()


def test_a_refused_file_writes_nothing_and_ends_with_2(tmp_path, capsys) -> None:
    bad = write(tmp_path, RATES.replace("70.0%", "91.0%"))
    assert cli.main(["reconstruct", bad, "--out", str(tmp_path / "out")]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.endswith("1 problem; nothing was written\n")
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def freireich():
    return reconstruct_file(FREIREICH)


def test_a_textbook_example_comes_back(freireich) -> None:
    """Freireich et al. 1963: the patients are known, the points were read to 0.01."""
    known, made = load_leukemia(), freireich.data
    for arm, group in ((0, "mercaptopurine"), (1, "placebo")):
        true = known[known["Rx"] == arm]
        part = made[made["group"] == group]
        first = KaplanMeierFitter().fit(true["t"], true["status"])
        second = KaplanMeierFitter().fit(part["time"], part["event"])
        weeks = range(36)
        away = first.predict(weeks).to_numpy() - second.predict(weeks).to_numpy()
        assert max(abs(away)) <= 0.015
        assert first.median_survival_time_ == second.median_survival_time_
        assert int(part["event"].sum()) == int(true["status"].sum())
    made["arm"] = (made["group"] == "placebo").astype(int)
    wanted = CoxPHFitter().fit(known[["t", "status", "Rx"]], "t", "status").params_["Rx"]
    got = CoxPHFitter().fit(made[["time", "event", "arm"]], "time", "event").params_["arm"]
    assert got == pytest.approx(wanted, rel=0.02)


def test_points_are_summed_up_in_the_text(freireich) -> None:
    shown = text(freireich)
    assert "9 points, the worst at" in shown
    assert "8 numbers at risk" in shown
    assert "all as printed" in shown
    assert max(len(line) for line in shown.splitlines()) <= 120


def test_points_on_the_riser_of_a_step_are_on_the_curve(tmp_path) -> None:
    content = POINTS.replace("[2, 0.8]", "[2, 0.9], [2, 0.85], [2, 0.8]")
    made = reconstruct_file(write(tmp_path, content)).curves[0]
    assert [row.difference for row in made.compared[:5]] == pytest.approx([0.0] * 5)
    above = POINTS.replace("[2, 0.8]", "[2, 0.91], [2, 0.8]")
    made = reconstruct_file(write(tmp_path, above)).curves[0]
    assert made.compared[1].difference == pytest.approx(-0.01)


def test_a_curve_without_numbers_is_warned_of(tmp_path) -> None:
    content = POINTS.replace("    at_risk: [[0, 10], [5, 8]]\n", "")
    assert "not for hazard ratios" in text(reconstruct_file(write(tmp_path, content)))


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_says_where_its_figures_are_from(file) -> None:
    figures = read_figures(file)
    for number in range(len(figures.publication.curves)):
        assert figures.locator(("curves", number, "n"))


def as_json(value):
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, tuple) else value


def is_accepted(text_of_file):
    data = as_json(plain(read_text(text_of_file, file="f")))
    return jsonschema.Draft202012Validator(publication_schema()).is_valid(data)


def test_the_committed_schema_is_current() -> None:
    committed = (EXAMPLES / "figures.schema.json").read_text("utf-8")
    assert committed == as_text(publication_schema()), "run: make schema"
    jsonschema.Draft202012Validator.check_schema(publication_schema())


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_agrees_with_the_schema_and_names_it(file) -> None:
    content = file.read_text("utf-8")
    assert is_accepted(content)
    assert content.startswith("# yaml-language-server: $schema=figures.schema.json\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rate: 70.0%", "rate: 70"),
        ("rate: 70.0%", "rat: 70.0%"),
        ("time: NR", "time: soon"),
        ("time_unit: months", "time_unit: month"),
        ("n: 10", "n: 0"),
        ("source: reported", "source: guessed"),
    ],
)
def test_the_schema_refuses_what_reading_refuses(old, new) -> None:
    assert is_accepted(RATES)
    assert RATES.count(old) == 1
    assert not is_accepted(RATES.replace(old, new))
