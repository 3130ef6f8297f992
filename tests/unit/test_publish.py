"""The main job from end to end, small: its files, their columns, and what leaves them untouched."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from simulate import write_tables
from simulate.errors import OutputError, UsageError
from simulate.job import Job, make_job
from simulate.operating import OPERATING_COLUMNS
from simulate.paired import COMPARE_COLUMNS
from simulate.publish import publish
from simulate.results import read_manifest
from simulate.run import execute
from simulate.scenario.scenario import Scenario
from simulate.scorecard import SCORECARD_COLUMNS

TABLES = (
    "operating_characteristics.csv",
    "scorecard.csv",
    "truth.csv",
    "scan_bias.csv",
    "curves.csv",
    "subgroups.csv",
    "sweep.csv",
    "replicates.parquet",
    "summary.json",
)
PATIENT_TABLES = (
    *("subjects", "doses", "adverse_events", "assessments"),
    *("exposure", "endpoints", "events"),
)


def small(scenario: Scenario, *, n: int = 30, workers: int = 1, engine: str = "reference") -> Job:
    job = make_job(scenario, replicates=n, workers=workers, engine=engine, patients_of=2)
    return dataclasses.replace(job, truth_patients=20_000)


@pytest.fixture(scope="module")
def folder(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(small(scenario), tmp_path_factory.mktemp("results"))


def test_every_file_is_there_and_nothing_else(folder: Path) -> None:
    expected = {*TABLES, "report.html", "manifest.json", "patients"}
    assert {path.name for path in folder.iterdir()} == expected
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_operating_characteristics_are_tidy_and_complete(folder: Path) -> None:
    table = pd.read_csv(folder / "operating_characteristics.csv", keep_default_na=False)
    assert tuple(table.columns) == OPERATING_COLUMNS
    keys = ["analysis", "population", "endpoint", "measure"]
    assert not table.duplicated(keys).any()
    simulated = table[~table["measure"].str.contains("expected_width")]
    assert (simulated["n_requested"].astype(int) == 30).all()
    total = simulated["n_analysed"].astype(int) + simulated["n_failed"].astype(int)
    assert (total == 30).all()


def test_the_scorecard_has_its_columns_and_forty_facts_that_are_not_inputs(folder: Path) -> None:
    table = pd.read_csv(folder / "scorecard.csv")
    assert tuple(table.columns) == SCORECARD_COLUMNS
    assert (table["role"] != "input").sum() >= 40
    assert set(table["role"]) <= {"calibrated", "held_out", "check", "derived", "input"}


def test_replicates_have_a_row_each(folder: Path) -> None:
    table = pd.read_parquet(folder / "replicates.parquet")
    assert table["replicate"].tolist() == list(range(30))
    assert set(table["analysis"]) == {"final"}


def test_rows_written_group_by_group_are_the_same_rows(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = {"id": 7, "name": "early", "cut": {"date": dt.date(2020, 1, 20)}}
    final = {"id": 1, "name": "final", "cut": {"date": dt.date(2023, 9, 15)}}
    changes = {"sample_size": 6, "sweep": [], "analyses": [early, final], "facts": None}
    job = small(scenario.with_overrides(changes), n=5)
    result = execute(job)
    monkeypatch.setattr(write_tables, "ROW_GROUP", 2)
    write_tables.write_tables(result, tmp_path)
    written = pd.read_parquet(tmp_path / "replicates.parquet")
    tables = [analysed.table for analysed in result.replicates.values()]
    expected = pd.concat(tables, ignore_index=True)
    pd.testing.assert_frame_equal(written, expected, check_exact=True)
    # nobody is assessed by the early cut, and what is not defined is missing, not nan
    early_rows = pq.read_table(tmp_path / "replicates.parquet").slice(0, 5)
    assert early_rows["analysis"].unique().to_pylist() == ["early"]
    assert early_rows["orr"].null_count == int(tables[0]["orr"].isna().sum()) > 0
    assert pq.ParquetFile(tmp_path / "replicates.parquet").metadata.num_row_groups == 6


def test_patient_data_are_keyed_by_replicate_and_patient(folder: Path) -> None:
    for name in PATIENT_TABLES:
        table = pd.read_parquet(folder / "patients" / f"{name}.parquet")
        assert list(table.columns[:2]) == ["replicate", "patient"]
        assert set(table["replicate"]) == {0, 1}
    subjects = pd.read_parquet(folder / "patients" / "subjects.parquet")
    assert subjects.groupby("replicate").size().tolist() == [57, 57]
    assert subjects["death_day"].dropna().lt(2**29).all()


def test_patient_data_agree_with_the_replicates(folder: Path) -> None:
    endpoints = pd.read_parquet(folder / "patients" / "endpoints.parquet")
    rows = pd.read_parquet(folder / "replicates.parquet").head(2)
    by_replicate = endpoints.groupby("replicate")
    assert by_replicate["os_event"].sum().tolist() == rows["deaths"].tolist()
    assert by_replicate["cycles"].median().tolist() == rows["cycles_median"].tolist()


def test_the_sweep_is_paired(folder: Path) -> None:
    table = pd.read_csv(folder / "sweep.csv")
    assert tuple(table.columns) == COMPARE_COLUMNS
    same = table[table["statistic"].isin(["followup_min"])]
    assert np.allclose(same["difference"], same["value"] - same["value_against"])


def test_the_manifest_can_rebuild_the_scenario(folder: Path, scenario: Scenario) -> None:
    manifest = read_manifest(folder)
    assert manifest is not None
    assert manifest["digest"] == scenario.digest()
    assert manifest["scenario"]["sample_size"] == scenario.sample_size
    assert {"seed", "replicates", "version", "packages", "tables_digest"} <= manifest.keys()
    assert (manifest["engine"], manifest["engine_reason"]) == ("reference", "it was asked for")
    (what_if,) = manifest["what_ifs"].values()
    assert what_if == {"replicates": 30, "engine": "reference"}


def test_the_summary_holds_the_tables(folder: Path) -> None:
    summary = json.loads((folder / "summary.json").read_text())
    assert len(summary["scorecard"]) == len(pd.read_csv(folder / "scorecard.csv"))


def test_the_report_needs_no_network(folder: Path) -> None:
    html = (folder / "report.html").read_text(encoding="utf-8")
    for outside in ('src="http', "url(http", "<link", "@import", "<script src"):
        assert outside not in html


def test_two_threads_of_the_other_engine_write_the_same_bytes(
    folder: Path, scenario: Scenario, tmp_path: Path
) -> None:
    again = publish(small(scenario, workers=2, engine="batch"), tmp_path)
    for name in TABLES:
        assert (again / name).read_bytes() == (folder / name).read_bytes(), name
    for name in PATIENT_TABLES:
        part = Path("patients") / f"{name}.parquet"
        assert (again / part).read_bytes() == (folder / part).read_bytes(), name


def test_an_override_does_not_overwrite_the_published_trial(
    folder: Path, scenario: Scenario
) -> None:
    before = (folder / "summary.json").read_bytes()
    changed = scenario.with_overrides({"sample_size": 20})
    with pytest.raises(OutputError, match="--name"):
        publish(small(changed, n=2), folder.parent)
    assert (folder / "summary.json").read_bytes() == before
    named = publish(small(changed, n=2), folder.parent, name="twenty")
    assert pd.read_parquet(named / "replicates.parquet")["n_enrolled"].tolist() == [20, 20]


@pytest.mark.parametrize(
    ("what", "match"),
    [
        ({"replicates": 0}, "replicates"),
        ({"replicates": 2**31}, "replicates"),
        ({"seed": -1}, "seed"),
        ({"workers": 0}, "worker"),
        ({"patients_of": 0}, "patient data"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(
    scenario: Scenario, what: dict[str, int], match: str
) -> None:
    with pytest.raises(UsageError, match=match):
        make_job(scenario, **what)


def test_ctrl_c_leaves_no_half_result_and_the_same_command_goes_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulate", "run", "scenarios/kn026_phase2.yaml"]
    command += ["-n", "60", "--workers", "2", "--engine", "reference"]
    command += ["--out", str(tmp_path), "--set", "sweep=[]"]
    root = Path(__file__).parents[2]
    # what is started in the background inherits that SIGINT is ignored
    ours = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, start_new_session=True)
    signal.signal(signal.SIGINT, ours)
    deadline = time.monotonic() + 60
    while not any(file.stat().st_size for file in tmp_path.glob(".*/*/*.values")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(0.1)  # what is interrupted while it is written down is run again
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert b"Traceback" not in errors, errors.decode()
    assert process.returncode == 130, errors.decode()
    assert b"interrupted" in errors
    assert not (tmp_path / "kn026_phase2").exists()
    (kept,) = tmp_path.glob(".*/*/gathered.npz")
    with np.load(kept) as file:
        chunks = file["chunks"]
    assert 0 < chunks.sum() < len(chunks)
    done = subprocess.run(command, cwd=root, capture_output=True, check=True)
    assert b"60 replicates" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["kn026_phase2"]


@pytest.mark.parametrize(
    "change",
    [
        {"assessment.anchor": "cycles"},
        {
            "disease.dose_intensity": {
                "drug": "KN026",
                "hazard_ratio_per_10_percent": 1.5,
                "source": "assumed",
                "at": "a test",
            }
        },
    ],
    ids=["visits move with the cycles", "dose intensity"],
)
def test_a_scenario_without_a_truth_runs_to_its_report(
    scenario: Scenario, change: dict[str, Any], tmp_path: Path
) -> None:
    trial = scenario.with_overrides({"sample_size": 8, "sweep": [], "facts": None} | change)
    folder = publish(make_job(trial, replicates=3), tmp_path)

    assert (folder / "report.html").stat().st_size > 0
    operating = pd.read_csv(folder / "operating_characteristics.csv")
    assert not operating["measure"].str.contains("width_n").any()
