"""The folder of results: written whole or not at all, and never over something else."""

from __future__ import annotations

import datetime as dt
import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from simulate.errors import OutputError
from simulate.steps import Step

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MANIFEST = "manifest.json"

SIMULATION = "simulation"
THEORY = "theory of a design"
COMPARISON = "comparison"
RECONSTRUCTION = "reconstruction"
"""Kinds of result, as the manifest says them."""

ROW_GROUP = 10_000
"""Rows of a row group of ``replicates.parquet``, whatever the chunks were."""


def check_folder(folder: Path, digest: str, kind: str, *, force: bool) -> None:
    """Refuse to write a result where another one or something else is.

    Parameters
    ----------
    folder : Path
        Where the result is to be.
    digest : str
        Digest of the scenario that is to be written.
    kind : str
        Kind of the result that is to be written.
    force : bool
        Whether a result of another scenario or of another kind may be overwritten.

    Raises
    ------
    OutputError
        If the folder cannot be written, holds the result of another scenario or of another kind, or
        is not a result.
    """
    _check_writable(folder.parent)
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file; choose another --out or --name")
    held = read_manifest(folder)
    if held is None:
        if any(folder.iterdir()):
            raise OutputError(
                f"{folder} holds something that is not a result of simulate and is left alone; "
                "choose another --out or --name"
            )
        return
    if force:
        return
    if held.get("kind") != kind:
        # the digest is of the scenario, which a simulation and its theory share
        raise OutputError(
            f"{folder} holds {_kind_in_words(held)}, and now the {kind} is to be written; "
            "choose another --out or --name, or --force to overwrite"
        )
    if held.get("digest") != digest:
        raise OutputError(
            f"{folder} holds the result of another version of this scenario "
            f"(digest {str(held.get('digest'))[:12]}, now {digest[:12]}); "
            "give this one a --name of its own, or --force to overwrite"
        )


def _kind_in_words(held: Mapping[str, Any]) -> str:
    """The kind of a result that is there already."""
    kind = held.get("kind")
    return f"a {kind}" if kind else "a result whose manifest states no kind"


def _check_writable(parent: Path) -> None:
    existing = parent
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise OutputError(f"{existing} is not a folder; choose another --out")
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=parent):
            pass
    except OSError as error:
        raise OutputError(
            f"{parent} cannot be written ({error.strerror}); choose another --out"
        ) from None


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a result, or None if the folder holds none."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder beside the target that takes its place, at once, when all went well."""
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.new-", dir=folder.parent))
    try:
        temporary.chmod(0o755)
        yield temporary
        _replace(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _replace(temporary: Path, folder: Path) -> None:
    """Put a folder in the place of another, keeping the old one until the new one is there."""
    if not folder.exists():
        temporary.rename(folder)
        return
    old = folder.parent / f".{folder.name}.old-{os.getpid()}"
    folder.rename(old)
    try:
        temporary.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


class Found(Protocol):
    """What a run found."""

    @property
    def manifest(self) -> dict[str, Any]:
        """Enough to make it again."""

    @property
    def timings(self) -> dict[str, float]:
        """Seconds of each step, to which more are added."""


Result = TypeVar("Result", bound=Found)


def publish_result(
    folder: Path,
    run: Callable[[Path], Result],
    *,
    digest: str,
    key: str,
    force: bool,
    write_tables: Callable[[Result, Path], None],
    write_report: Callable[[Result, Path], None],
    step: Step,
) -> Result:
    """Run and write a folder of results, which appears whole, or touch nothing.

    Parameters
    ----------
    folder : Path
        The folder.
    run : callable
        Runs all; told the folder in which finished chunks are kept until it is done.
    digest, key : str
        Of the scenario; and of all that must be equal for finished chunks to be used again.
    force : bool
        Overwrite the result of another scenario or of another kind.
    write_tables, write_report : callable
        Write the tables into a folder, and the report to a file.
    step : callable
        Progress.

    Raises
    ------
    OutputError
        If the folder may not or cannot be written.
    """
    check_folder(folder, digest, SIMULATION, force=force)
    parts = folder.parent / f".{folder.name}.parts-{key}"
    result = run(parts)
    with new_folder(folder) as temporary:
        write_tables(result, temporary)
        progress = step("report", 1)
        started = time.perf_counter()
        write_report(result, temporary / "report.html")
        result.timings["report"] = time.perf_counter() - started
        progress(1)
        timings = {name: round(seconds, 3) for name, seconds in result.timings.items()}
        written = {"kind": SIMULATION} | result.manifest | {"seconds": timings}
        write_json(written, temporary / MANIFEST)
    shutil.rmtree(parts, ignore_errors=True)
    return result


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """A table as CSV: the same values give the same bytes."""
    table.to_csv(path, index=False, lineterminator="\n", float_format="%.10g")


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """A table as Parquet, without pandas' own metadata: the same values give the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(arrow, path, compression="zstd")


def write_row_groups(groups: Iterable[pa.Table], path: Path) -> None:
    """Tables of the same columns as one Parquet file, one row group each, none kept in memory."""
    import pyarrow.parquet as pq

    with ExitStack() as stack:
        writer: pq.ParquetWriter | None = None
        for group in groups:
            if writer is None:
                new = pq.ParquetWriter(path, group.schema, compression="zstd")
                writer = stack.enter_context(new)
            writer.write_table(group, row_group_size=len(group))
            del group  # before the next one is made


def write_json(content: Mapping[str, Any], path: Path) -> None:
    """A mapping as JSON; what is not a finite number becomes null or "not reached"."""
    text = json.dumps(_plain(content), indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "not reached"
    return value
