"""Every notebook runs, gives the results stored in it, and defines no model of its own.

``python tests/notebooks/test_notebooks.py`` runs all notebooks and stores what they give.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
STORE = "python tests/notebooks/test_notebooks.py"

LARGEST = 1_000_000
"""Bytes of a notebook with its outputs."""

LONGEST_DEFINITION = 3
"""Lines of a function or class in a notebook; anything longer belongs into the package."""

ALLOWED = {"IPython", "math", "matplotlib", "pandas", "pathlib", "simulate"}
"""What a notebook may import: it calls the package, lays out tables and draws."""

SECONDS = 600

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path: Path) -> NotebookNode:
    notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return notebook


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def execute(notebook: NotebookNode, folder: Path) -> None:
    """Run a notebook in a fresh kernel that works in a folder; its outputs are replaced."""
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
    )
    client.execute()


def words(cell: NotebookNode) -> list[str]:
    """What a code cell shows, but for pictures, whose bytes differ between platforms."""
    shown: list[str] = []
    streamed = False  # a slow machine hands one text over in several pieces
    for output in cell.outputs:
        before, streamed = streamed, output.output_type == "stream"
        if streamed:
            shown.append(shown.pop() + output.text if before else output.text)
            continue
        data = output.get("data", {})
        pictures = [kind for kind in data if kind.startswith("image/")]
        kinds = ["text/plain", "text/html", "text/markdown"]
        shown += pictures + [data[kind] for kind in kinds if kind in data]
    return shown


def definitions(source: str) -> list[tuple[str, int]]:
    """Name and lines of every function and class of a cell."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [
        (node.name, (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, kinds)
    ]


def imports(source: str) -> set[str]:
    """Packages that a cell imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or ".").split(".")[0])
    return found


def states_a_result(text: str) -> bool:
    """Whether a text holds what looks like a computed number: a decimal or a percentage."""
    without_references = re.sub(r"doi:\S+", "", text)
    return re.search(r"\d\.\d|\d ?%", without_references) is not None


@pytest.fixture(autouse=True)
def own_jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's settings of Jupyter out of the tests, and the tests out of them."""
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@each_notebook
def test_running_it_in_its_folder_gives_the_stored_results(path: Path) -> None:
    stored, fresh = read(path), read(path)

    execute(fresh, path.parent)

    for before, after in zip(code_cells(stored), code_cells(fresh), strict=True):
        assert words(after) == words(before), f"cell {after.id} gives other results: {STORE}"


@each_notebook
def test_it_finds_the_scenarios_from_the_root_too(path: Path) -> None:
    notebook = read(path)
    codes = code_cells(notebook)
    reads = [i for i, cell in enumerate(codes) if "Scenario.from_file" in cell.source]
    assert reads, "no cell reads a scenario"
    notebook.cells = codes[: reads[0] + 1]

    execute(notebook, ROOT)


@each_notebook
def test_outputs_are_stored_in_order_and_small(path: Path) -> None:
    cells = code_cells(read(path))

    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    kinds = {output.output_type for cell in cells for output in cell.outputs}
    assert kinds <= {"stream", "display_data", "execute_result"}
    assert any("image/png" in words(cell) for cell in cells)
    assert path.stat().st_size < LARGEST


@each_notebook
def test_outputs_hold_nothing_that_changes_from_run_to_run(path: Path) -> None:
    for cell in code_cells(read(path)):
        assert not any(re.search(r"0x[0-9a-f]{6,}|\bT_[0-9a-f]{5}_", text) for text in words(cell))
        assert not any(str(ROOT) in text for text in words(cell)), "a folder of this machine"
        assert not [o for o in cell.outputs if o.get("name") == "stderr"], "a warning"
        assert "execution" not in cell.metadata, "time stamps"


@each_notebook
def test_cells_have_names_and_the_kernel_is_anybodys(path: Path) -> None:
    notebook = read(path)

    names = [cell.id for cell in notebook.cells]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z]+(-[a-z]+)*", name)] == []
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.kernelspec.display_name == "Python 3"


@each_notebook
def test_it_holds_no_model_code(path: Path) -> None:
    for cell in code_cells(read(path)):
        long = [name for name, n in definitions(cell.source) if n > LONGEST_DEFINITION]
        assert not long, f"cell {cell.id} defines {long}: it belongs into the package"
        assert imports(cell.source) <= ALLOWED, f"cell {cell.id} computes by itself"


@each_notebook
def test_numbers_are_printed_by_cells_and_not_typed(path: Path) -> None:
    texts = [cell for cell in read(path).cells if cell.cell_type == "markdown"]

    assert [cell.id for cell in texts if states_a_result(cell.source)] == []


def test_the_checks_find_model_code() -> None:
    source = "import numpy.linalg\nfrom scipy import stats\ndef f():\n    a = 1\n\n    return a\n"

    assert definitions(source) == [("f", 4)]
    assert imports(source) == {"numpy", "scipy"}


@pytest.mark.parametrize("text", ["the median is 27.7 months", "76% respond", "of 76 %"])
def test_the_checks_find_a_typed_result(text: str) -> None:
    assert states_a_result(text)


@pytest.mark.parametrize("text", ["## 2 One patient", "doi:10.1002/cac2.12662", "every 12 weeks"])
def test_headings_and_references_are_no_results(text: str) -> None:
    assert not states_a_result(text)


def store() -> None:
    """Run every notebook and store its outputs."""
    for path in NOTEBOOKS:
        notebook = read(path)
        execute(notebook, path.parent)
        nbformat.write(notebook, path)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    store()
