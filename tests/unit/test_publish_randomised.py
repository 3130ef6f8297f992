"""The folder of results of a randomised trial: whole or not at all, and the same bytes always."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from small_randomised import small_job, small_survival, survival_result

import simulate.report.randomised.report as report
from simulate import publish_randomised
from simulate.choose_engine import BATCH, REFERENCE
from simulate.chunk import CHUNK_SIZES
from simulate.errors import OutputError
from simulate.operating import OPERATING_COLUMNS
from simulate.paired import COMPARE_COLUMNS
from simulate.publish_randomised import publish
from simulate.randomised.job import RandomisedJob, make_randomised_job
from simulate.randomised.outcomes import Outcomes
from simulate.randomised.result import RandomisedResult

TABLES = (
    *("operating_characteristics.csv", "sweep.csv", "sweep_operating_characteristics.csv"),
    *("design.csv", "replicates.parquet", "summary.json", "patients/subjects.parquet"),
    *("patients/endpoints.parquet", "patients/assessments.parquet"),
)


@pytest.fixture(autouse=True)
def quick_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """The report has tests of its own, and takes its time."""
    monkeypatch.setattr(
        report, "write_randomised_report", lambda _result, path: path.write_text("a report")
    )


Published = tuple[Path, RandomisedResult]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A run of the small trial and its two what-ifs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "write_randomised_report", lambda _, path: path.write_text("r"))
        return publish(small_job(), tmp_path_factory.mktemp("results"))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in TABLES}


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# ---- what is written ------------------------------------------------------------------------


def test_every_file_is_there_and_nothing_else(published: Published) -> None:
    folder, _ = published
    expected = {name.split("/")[0] for name in TABLES} | {"report.html", "manifest.json"}

    assert names_in(folder) == expected
    assert names_in(folder.parent) == {"generic_two_arm"}, "no part of the work is left"
    assert folder.name == "generic_two_arm"


def test_replicates_have_a_row_for_every_look_that_was_made(published: Published) -> None:
    folder, result = published
    table = pd.read_parquet(folder / "replicates.parquet")
    outcomes = result.outcomes

    assert table.columns.tolist() == ["replicate", "analysis", *outcomes.looks.names]
    for analysis in outcomes.analyses:
        own = table[table["analysis"] == analysis.name]
        made = np.isfinite(outcomes.looks.column(analysis.name, "cut_day"))
        assert own["replicate"].tolist() == np.flatnonzero(made).tolist()
        for name in outcomes.looks.names:
            expected = outcomes.looks.column(analysis.name, name)[made]
            np.testing.assert_array_equal(own[name].to_numpy(float), expected)
    assert len(table) == outcomes.n + (outcomes.stopped_at == 1).sum()
    last = table.groupby("replicate").last()
    assert (last["stopped"] == 1).all()
    assert 0 < (outcomes.stopped_at == 0).sum() < outcomes.n
    # what is not defined, such as a rate beyond the follow-up, is missing and not nan
    missing = pq.read_table(folder / "replicates.parquet")["pfs.rate_24.control"].null_count
    assert missing == table["pfs.rate_24.control"].isna().sum() > 0


def test_rows_written_group_by_group_are_the_same_rows(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, result = published
    monkeypatch.setattr(publish_randomised, "ROW_GROUP", 5)

    publish_randomised.write_tables(result, tmp_path)

    keys = ["replicate", "analysis"]
    one, other = (
        pd.read_parquet(each / "replicates.parquet").sort_values(keys, ignore_index=True)
        for each in (folder, tmp_path)
    )
    pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert pq.ParquetFile(tmp_path / "replicates.parquet").metadata.num_row_groups == 6


@pytest.mark.parametrize(
    "never_final",
    [
        "hypotheses.pfs.analyses=[interim]",
        "hypotheses.pfs.efficacy={kind: cumulative, spent: [0.0249, 0.025]}",
    ],
)
def test_a_look_that_no_trial_made_has_no_rows(never_final: str, tmp_path: Path) -> None:
    scenario = small_survival("survival.effects.0.hazard_ratio=0.01", never_final)
    job = make_randomised_job(scenario, replicates=2, engine=REFERENCE)

    folder, _ = publish(job, tmp_path)

    table = pd.read_parquet(folder / "replicates.parquet")
    assert table[["replicate", "analysis"]].to_numpy().tolist() == [[0, "interim"], [1, "interim"]]
    assert names_in(tmp_path) == {"generic_two_arm"}, "no part of the work is left"


def test_tables_are_tidy_and_the_summary_holds_their_numbers(published: Published) -> None:
    folder, result = published
    operating = pd.read_csv(folder / "operating_characteristics.csv", keep_default_na=False)
    sweep = pd.read_csv(folder / "sweep.csv")
    of_variants = pd.read_csv(folder / "sweep_operating_characteristics.csv")
    summary = json.loads((folder / "summary.json").read_text())

    assert tuple(operating.columns) == tuple(of_variants.columns) == OPERATING_COLUMNS
    assert tuple(sweep.columns) == COMPARE_COLUMNS
    # what-ifs have chunks of their own: the same without any folder for them
    in_memory = survival_result().sweep
    assert sweep["difference"].tolist() == [
        pytest.approx(number, rel=1e-9, nan_ok=True) for number in in_memory["difference"]
    ]
    assert set(of_variants["scenario"]) == {"generic_two_arm_namesake", "generic_two_arm_larger"}
    assert (summary["replicates"], summary["seed"], summary["null"]) == (12, 20250, False)
    rows = summary["operating_characteristics"]
    assert len(rows) == len(operating)
    power = next(row for row in rows if row["measure"] == "reject")
    (hypothesis,) = result.outcomes.hypotheses
    assert power["estimate"] == result.outcomes.rejects(hypothesis).mean()
    assert len(summary["sweep"]) == len(sweep)
    assert {row["truth"] for row in summary["theory"]} >= {"null", "assumed"}


def test_patients_are_those_of_the_examples(published: Published) -> None:
    folder, result = published
    table = pd.read_parquet(folder / "patients" / "subjects.parquet")

    assert table.columns[:3].tolist() == ["replicate", "kind", "patient"]
    assert table["kind"].unique().tolist() == [each.kind for each in result.examples]
    for example in result.examples:
        own = table[table["kind"] == example.kind]
        assert set(own["replicate"]) == {example.replicate}
        assert own["arm"].tolist() == example.subjects["arm"].tolist()
        assert (
            own["progression_day"].isna().sum() == example.subjects["progression_day"].isna().sum()
        )


def test_patients_of_the_examples_are_followed_through_every_endpoint(published: Published) -> None:
    folder, result = published
    table = pd.read_parquet(folder / "patients" / "endpoints.parquet")
    assert table.columns[:3].tolist() == ["replicate", "kind", "patient"]
    for example in result.examples:
        own = table[table["kind"] == example.kind]
        assert own["patient"].unique().tolist() == example.subjects["patient"].tolist()
        for name, sample in example.samples.items():
            rows = own[own["endpoint"].str.lower() == name]
            assert rows["day"].tolist() == sample["day"].tolist()
            assert rows["event"].tolist() == sample["event"].tolist()


def test_the_manifest_tells_the_engine_and_the_time_of_each_step(published: Published) -> None:
    folder, result = published
    manifest = json.loads((folder / "manifest.json").read_text())

    assert manifest["digest"] == result.job.scenario.digest()
    assert (manifest["engine"], manifest["engine_reason"]) == (REFERENCE, "it was asked for")
    assert set(manifest["seconds"]) == {
        *("replicates", "posterior", "what-ifs", "theory", "tables", "report")
    }


# ---- the same bytes -------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_engine_threads_and_chunks_change_no_byte(
    published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    """Processes of the SimPy engine: tests/unit/test_look_replicates.py."""
    monkeypatch.setitem(CHUNK_SIZES, BATCH, 5)

    folder, _ = publish(small_job(engine=BATCH, workers=workers), tmp_path)

    assert bytes_of(folder) == bytes_of(published[0])


def test_more_what_ifs_change_no_row_of_the_scenario(published: Published, tmp_path: Path) -> None:
    scenario = small_survival("sweep=[]")

    folder, _ = publish(make_randomised_job(scenario, replicates=12, engine=REFERENCE), tmp_path)

    for name in ("replicates.parquet", "operating_characteristics.csv", "design.csv"):
        assert (folder / name).read_bytes() == (published[0] / name).read_bytes()
    assert not (folder / "sweep_operating_characteristics.csv").exists()


# ---- whole or not at all --------------------------------------------------------------------


class StoppedError(Exception):
    """Somebody interrupts the run."""


def stopping(after: dict[str, int], told: list[tuple[str, int]]) -> Callable[..., object]:
    """Progress that notes all that it is told, and stops a step after some replicates."""

    def step(name: str, _total: int) -> Callable[[int], None]:
        seen = 0

        def progress(done: int) -> None:
            nonlocal seen
            told.append((name, done))
            seen += done
            if seen >= after.get(name, 10**9):
                raise StoppedError

        return progress

    return step


def run_interrupted(job: RandomisedJob, out: Path, after: dict[str, int]) -> None:
    with pytest.raises(StoppedError):
        publish(job, out, step=stopping(after, []))


@pytest.mark.parametrize(
    ("after", "left"),
    [
        ({"generic_two_arm": 5}, [5, 5, 2]),
        ({"generic_two_arm_larger": 5}, [12]),
        ({"report": 1}, [12]),
    ],
    ids=["in the replicates", "in a what-if", "at the end"],
)
def test_an_interrupted_run_goes_on_where_it_stopped(
    published: Published,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    after: dict[str, int],
    left: list[int],
) -> None:
    monkeypatch.setitem(CHUNK_SIZES, REFERENCE, 5)
    run_interrupted(small_job(), tmp_path, after)
    (parts,) = tmp_path.iterdir()
    assert parts.name.startswith(".generic_two_arm.parts-"), "no result, but what is done of it"

    told: list[tuple[str, int]] = []
    folder, _ = publish(small_job(), tmp_path, step=stopping({}, told))

    # what is done already is told first
    assert [done for name, done in told if name == "generic_two_arm"] == left
    assert bytes_of(folder) == bytes_of(published[0])
    assert names_in(tmp_path) == {"generic_two_arm"}


def test_another_number_of_replicates_takes_nothing_from_an_interrupted_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CHUNK_SIZES, REFERENCE, 5)
    run_interrupted(small_job(), tmp_path, {"generic_two_arm": 10})

    told: list[tuple[str, int]] = []
    _, result = publish(small_job(7, seed=20250), tmp_path, step=stopping({}, told))

    assert [done for name, done in told if name == "generic_two_arm"] == [0, 5, 2]
    assert result.outcomes.n == 7


def test_a_report_that_fails_leaves_the_earlier_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_randomised_job(small_survival(), replicates=2, engine=REFERENCE)
    folder, _ = publish(job, tmp_path)
    before = (folder / "replicates.parquet").read_bytes()

    def fail(_result: object, _path: Path) -> None:
        raise StoppedError

    monkeypatch.setattr(report, "write_randomised_report", fail)
    more = make_randomised_job(small_survival(), replicates=3, engine=REFERENCE)
    with pytest.raises(StoppedError):
        publish(more, tmp_path)

    assert (folder / "replicates.parquet").read_bytes() == before
    assert (folder / "report.html").exists()
    assert {name for name in names_in(tmp_path) if ".new-" in name} == set()


def test_the_result_of_another_scenario_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [
        make_randomised_job(small_survival(size), replicates=2, engine=REFERENCE)
        for size in ("sample_size=48", "sample_size=50")
    ]
    folder, _ = publish(jobs[0], tmp_path)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    ran: list[Outcomes] = []
    monkeypatch.setattr(publish_randomised, "execute", ran.append)

    with pytest.raises(OutputError, match="--name of its own, or --force"):
        publish(jobs[1], tmp_path)

    assert ran == [], "it is refused before anything runs"
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert names_in(tmp_path) == {"generic_two_arm"}
    monkeypatch.undo()
    monkeypatch.setattr(report, "write_randomised_report", lambda _, path: path.write_text("r"))
    named, _ = publish(jobs[1], tmp_path, name="other")
    assert named == tmp_path / "other"
    publish(jobs[1], tmp_path, force=True)
    assert (folder / "replicates.parquet").read_bytes() == (
        named / "replicates.parquet"
    ).read_bytes()
