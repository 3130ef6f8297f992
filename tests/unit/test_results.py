"""The folder of results: whole or not at all, and never over something else."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simulate.errors import OutputError
from simulate.results import (
    SIMULATION,
    THEORY,
    check_folder,
    new_folder,
    read_manifest,
    write_csv,
    write_json,
    write_parquet,
    write_row_groups,
)


def make_result(folder: Path, digest: str) -> Path:
    with new_folder(folder) as temporary:
        write_json({"kind": SIMULATION, "digest": digest}, temporary / "manifest.json")
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_result_appears_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    make_result(tmp_path / "trial", "a")
    assert names(tmp_path) == ["trial"]
    assert read_manifest(tmp_path / "trial") == {"kind": SIMULATION, "digest": "a"}


def test_a_new_result_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    folder = make_result(tmp_path / "trial", "a")
    (folder / "old.csv").touch()
    make_result(folder, "b")
    assert names(folder) == ["manifest.json"]
    assert names(tmp_path) == ["trial"]


def test_what_fails_half_way_leaves_the_earlier_result(tmp_path: Path) -> None:
    folder = make_result(tmp_path / "trial", "a")

    def fail_half_way() -> None:
        with new_folder(folder) as temporary:
            (temporary / "manifest.json").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert read_manifest(folder) == {"kind": SIMULATION, "digest": "a"}
    assert names(tmp_path) == ["trial"]


def test_the_same_scenario_may_be_run_again(tmp_path: Path) -> None:
    check_folder(make_result(tmp_path / "trial", "a"), "a", SIMULATION, force=False)


def test_another_scenario_needs_force_or_a_name(tmp_path: Path) -> None:
    folder = make_result(tmp_path / "trial", "a")
    with pytest.raises(OutputError, match=r"--name .*--force"):
        check_folder(folder, "b", SIMULATION, force=False)
    check_folder(folder, "b", SIMULATION, force=True)


def test_another_kind_of_result_of_the_same_scenario_needs_force_or_a_name(tmp_path: Path) -> None:
    folder = make_result(tmp_path / "trial", "a")
    words = "holds a simulation, and now the theory of a design is to be written; .*--force"
    with pytest.raises(OutputError, match=words):
        check_folder(folder, "a", THEORY, force=False)
    check_folder(folder, "a", THEORY, force=True)
    write_json({"digest": "a"}, folder / "manifest.json")
    with pytest.raises(OutputError, match="whose manifest states no kind"):
        check_folder(folder, "a", SIMULATION, force=False)


def test_a_folder_of_something_else_is_left_alone_even_with_force(tmp_path: Path) -> None:
    (tmp_path / "trial").mkdir()
    (tmp_path / "trial" / "thesis.docx").touch()
    with pytest.raises(OutputError, match="not a result"):
        check_folder(tmp_path / "trial", "a", SIMULATION, force=True)
    (tmp_path / "empty").mkdir()
    check_folder(tmp_path / "empty", "a", SIMULATION, force=False)


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is a file"):
        check_folder(tmp_path / "file", "a", SIMULATION, force=True)
    with pytest.raises(OutputError, match="is not a folder"):
        check_folder(tmp_path / "file" / "trial", "a", SIMULATION, force=True)


def test_json_tells_what_is_not_a_number(tmp_path: Path) -> None:
    write_json({"a": math.inf, "b": [math.nan, 1.5]}, tmp_path / "x.json")
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": "not reached", "b": [None, 1.5]}


def test_equal_tables_give_equal_bytes(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [1, 2], "b": [0.1, math.nan], "c": ["x", "y"]})
    for name in ("one", "two"):
        write_csv(table.copy(), tmp_path / f"{name}.csv")
        write_parquet(table.copy(), tmp_path / f"{name}.parquet")
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "one.parquet"), table)


def test_a_table_written_in_pieces_is_one_table(tmp_path: Path) -> None:
    whole = pa.table({"a": range(10), "b": [0.5, None] * 5, "c": ["x"] * 10})
    write_row_groups((whole.slice(start, 4) for start in (0, 4, 8)), tmp_path / "x.parquet")
    assert pq.read_table(tmp_path / "x.parquet").equals(whole)
    assert pq.ParquetFile(tmp_path / "x.parquet").metadata.num_row_groups == 3
