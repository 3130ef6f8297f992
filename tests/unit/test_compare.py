"""Two scenarios side by side: what is shown of their differences, under which heading."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from simulate.compare import SHOWN, compare_scenarios
from simulate.job import make_job
from simulate.scenario.scenario import Scenario

REPLICATES = 3
TWO_ANALYSES = [
    {"id": 2, "name": "interim", "cut": {"date": dt.date(2022, 3, 1)}},
    {"id": 1, "name": "final", "cut": {"date": dt.date(2023, 9, 15)}},
]


def compared(
    scenario: Scenario, folder: Path, changes: dict[str, Any], **common: Any
) -> tuple[str, pd.DataFrame]:
    """The text and the table of a small trial against another in which a few fields differ."""
    both = scenario.with_overrides({"sweep": [], "sample_size": 12} | common)
    other = both.with_overrides({"name": "other", "title": "Another"} | changes)
    jobs = [make_job(each, replicates=REPLICATES, workers=1) for each in (both, other)]
    text = compare_scenarios(jobs[0], jobs[1], folder)
    return text, pd.read_csv(folder / f"{both.name}_vs_other" / "compare.csv")


@pytest.fixture(scope="module")
def fewer_doses(
    scenario: Scenario, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, pd.DataFrame]:
    """Against a trial in which every event of grade 3 stops docetaxel."""
    folder = tmp_path_factory.mktemp("results")
    return compared(scenario, folder, {"treatment.drugs.docetaxel.rules.6.probability": 1})


def rows(text: str) -> dict[str, list[str]]:
    """Numbers by the name of their row."""
    found = re.findall(r"^  (\S.*?)((?: +(?:-?[\d.]+|NR|-)){4})$", text, flags=re.MULTILINE)
    assert len(found) == len({name for name, _ in found}), "a row is shown twice"
    return {name: numbers.split() for name, numbers in found}


def test_safety_and_dose_intensity_are_shown(fewer_doses: tuple[str, pd.DataFrame]) -> None:
    text, table = fewer_doses
    means = table[table["measure"] == "mean"].set_index("statistic")
    shown = rows(text)

    for name, label, scale in (
        ("kn026_rdi_median", "KN026: median relative dose intensity, %", 100),
        ("docetaxel_rdi_median", "docetaxel: median relative dose intensity, %", 100),
        ("teae_grade3", "Any adverse event of grade 3 or higher, patients", 1),
        ("sae", "Serious adverse event, patients", 1),
        ("kn026_discontinuation", "KN026: stopped for an adverse event, patients", 1),
        ("docetaxel_discontinuation", "docetaxel: stopped for an adverse event, patients", 1),
        ("orr", "Objective response rate, %", 100),
    ):
        row = means.loc[name]
        expected = [row["value"], row["value_against"], row["difference"], row["mcse"]]
        assert [float(cell) for cell in shown[label]] == pytest.approx(
            [scale * number for number in expected], abs=0.00501
        ), name
    assert float(shown["docetaxel: stopped for an adverse event, patients"][2]) < -1


def test_rows_stand_under_their_headings_without_limits(
    fewer_doses: tuple[str, pd.DataFrame],
) -> None:
    text, _ = fewer_doses
    lines = text.splitlines()
    headings = [line for line in lines if line in SHOWN]

    expected = [heading for heading in SHOWN if heading != "Single-arm design"]
    assert headings == expected, "all of them that these trials have, in their order"
    for place, line in enumerate(lines):
        if line in SHOWN:
            assert lines[place + 1].startswith("  "), f"nothing under {line}"
    assert "limit" not in text
    assert max(len(line) for line in lines[3:-1]) <= 100
    assert "Median number of cycles  " in text, "the unit is not said twice"


def test_one_sided_adverse_events_are_not_compared(scenario: Scenario, tmp_path: Path) -> None:
    text, table = compared(scenario, tmp_path, {"toxicity": None})

    assert "Adverse events are simulated in A only" in text
    assert "Safety" not in text.splitlines()
    assert "docetaxel: median relative dose intensity, %" in rows(text)
    assert "sae" not in set(table["statistic"])


def test_every_analysis_is_named_where_there_are_several(
    scenario: Scenario, tmp_path: Path
) -> None:
    text, table = compared(scenario, tmp_path, {"toxicity": None}, analyses=TWO_ANALYSES)
    _, interim, final = re.split(r"^Analysis: \w+", text, flags=re.MULTILINE)

    for name, part in (("interim", interim), ("final", final)):
        chosen = (table["analysis"] == name) & (table["statistic"] == "deaths")
        (row,) = table[chosen].itertuples()
        assert float(rows(part)["Deaths, patients"][0]) == pytest.approx(row.value, abs=0.00501)
    assert rows(interim)["Deaths, patients"] != rows(final)["Deaths, patients"]
