"""The imports of the package point one way: from what comes later in a trial to what comes earlier.

`LAYERS` is the one declaration of that order. Every module directly under ``simulate/`` (a file or
a package) has a place in it and imports only from places before its own, or from within its own
package. All imports count, also those inside functions and those for type checkers only.
"""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[2] / "simulate"

LAYERS = [
    "__init__",  # names its public parts in words, and imports nothing before it is asked
    "errors",
    "steps",
    "given",
    "units",
    "clock",
    "compiled",
    "sequential",
    "single_arm",
    "multiplicity",
    "packing",
    "packed",
    "bits",
    "scenario",
    "spending",
    "distributions",
    "streams",
    "guided",
    "times",
    "patient",
    "plan",
    "survival_plan",
    "build_reading",
    "build_toxicity",
    "build_plan",
    "survival_tables",
    "build_arms",
    "survival_hazards",
    "bivariate_normal",
    "survival_responses",
    "build_survival_plan",
    "survival_truth",
    "plans",
    "records",
    "ledger",
    "survival_ledger",
    "differences",
    "engines",
    "choose_engine",
    "known",
    "cutoff",
    "exposure",
    "endpoints",
    "event_cut",
    "readings",
    "later_therapy",
    "counted_events",
    "grouped_times",
    "look_samples",
    "analysis",
    "looks",
    "build_switching",
    "build_observation",
    "reading_words",
    "look_days",
    "told_readers",
    "reconstruct",
    "latent_truth",
    "observed_truth",
    "theory",
    "design_theory",
    "single_arm_theory",
    "monte_carlo",
    "truth",
    "example",
    "exposure_table",
    "patients_of_arms",
    "patient_tables",
    "columns",
    "arm_desks",
    "batch_runner",
    "survival_runner",
    "randomised_runner",
    "chunk",
    "check_engines",
    "check_looks",
    "workers",
    "gathered",
    "replicates",
    "look_replicates",
    "warmup",
    "single_arm_operating",
    "operating",
    "scan_bias",
    "facts",
    "scorecard",
    "paired",
    "job",
    "summaries",
    "run",
    "results",
    "comparison",
    "write_tables",
    "randomised",
    "calibration",
    "compare",
    "describe",
    "story",
    "plots",
    "write_design",
    "write_reconstruction",
    "report",
    "publish",
    "publish_randomised",
    "single_arm_text",
    "progress",
    "cli",
    "__main__",
]


class Import(NamedTuple):
    """One module importing another: dotted names, and the line where it does."""

    importer: str
    imported: str
    line: int


def modules_of(package: Path) -> dict[str, Path]:
    """Map the dotted name of every module to its file; a package stands for its `__init__`."""
    names = {}
    for path in sorted(package.rglob("*.py")):
        parts = (package.name, *path.relative_to(package).with_suffix("").parts)
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def absolute_names(node: ast.AST, importer: str, *, is_package: bool) -> list[str]:
    """Return the dotted names that a statement or call may import, the most specific form."""
    match node:
        case ast.Import():
            return [alias.name for alias in node.names]
        case ast.ImportFrom():
            base = [node.module] if node.module else []
            if node.level:
                parents = importer.split(".")
                keep = len(parents) - node.level + is_package
                base = [*parents[:keep], *base]
            return [".".join([*base, alias.name]) for alias in node.names]
        case ast.Call(args=[ast.Constant(value=str(name)), *_]):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func
            called = called.id if isinstance(called, ast.Name) else called
            return [name] if called in {"import_module", "__import__"} else []
    return []


def imports_of(importer: str, path: Path, known: set[str]) -> Iterator[Import]:
    """Yield every import that a file makes of its own package."""
    root = importer.split(".", maxsplit=1)[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
        for name in absolute_names(node, importer, is_package=path.name == "__init__.py"):
            if name.split(".", maxsplit=1)[0] != root:
                continue
            # `from a.b import c`: c is a module of its own or a name inside a.b
            if isinstance(node, ast.ImportFrom) and name not in known:
                name = name.rpartition(".")[0]
            yield Import(importer, name, getattr(node, "lineno", 0))


def layer_of(module: str) -> str:
    """Return the place of a module in `LAYERS`: its name directly under the package."""
    return [*module.split("."), "__init__"][1]


def wrong_direction(found: Import, layers: list[str]) -> str | None:
    """Say what is wrong with one import between placed layers, if anything is."""
    source, target = layer_of(found.importer), layer_of(found.imported)
    if target not in layers:
        return f"{found.importer}:{found.line} imports {found.imported}, which is not in LAYERS"
    if source != target and layers.index(target) > layers.index(source):
        return (
            f"{found.importer}:{found.line} imports {found.imported}: "
            f"'{target}' comes after '{source}', so the import points the wrong way"
        )
    return None


def cycle_among(imports: list[Import]) -> list[str]:
    """Return the modules of an import cycle as one problem, or nothing."""
    graph: dict[str, set[str]] = {}
    for found in imports:
        graph.setdefault(found.importer, set()).add(found.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return ["import cycle: " + " <- ".join(error.args[1])]
    return []


def problems_of(package: Path, layers: list[str]) -> list[str]:
    """Return everything that breaks the one-way rule in a package, in words."""
    modules = modules_of(package)
    placed = {name: path for name, path in modules.items() if layer_of(name) in layers}
    unplaced = {layer_of(name) for name in modules.keys() - placed.keys()}
    imports = [
        found for name, path in placed.items() for found in imports_of(name, path, set(modules))
    ]
    return [
        *(
            f"'{name}' has no place yet: add it to LAYERS in {__file__}"
            for name in sorted(unplaced)
        ),
        *(problem for found in imports if (problem := wrong_direction(found, layers))),
        *cycle_among(imports),
    ]


def test_no_module_imports_from_a_later_layer() -> None:
    problems = problems_of(PACKAGE, LAYERS)

    assert not problems, "\n".join(problems)


def test_every_layer_is_named_once() -> None:
    assert len(set(LAYERS)) == len(LAYERS)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Make a small package that keeps the rule, for the negative controls to break."""
    root = tmp_path / "trial"
    files = {
        "__init__.py": "__version__ = '1'\n",
        "early.py": "import json\nfrom trial import __version__\n",
        "middle/__init__.py": "from trial.middle.inner import x\nfrom .other import y\n",
        "middle/inner.py": "from trial.early import __version__ as x\n",
        "middle/other.py": "from . import inner\nfrom .inner import x as y\n",
        "late.py": "from trial import early, middle\nimport trial.middle.inner as inner\n",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


ORDER = ["__init__", "early", "middle", "late"]


def test_the_checker_accepts_imports_that_point_one_way(package: Path) -> None:
    assert problems_of(package, ORDER) == []


@pytest.mark.parametrize(
    "statement",
    [
        "import trial.late",
        "from trial.late import thing",
        "from trial import late",
        "from .. import late",
        "from ..late import thing",
        "def lazily():\n    from trial.late import thing",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from trial.late import Thing",
        "import importlib\nimportlib.import_module('trial.late')",
        "from importlib import import_module\nimport_module('trial.late')",
    ],
)
def test_the_checker_finds_an_import_in_the_wrong_direction(package: Path, statement: str) -> None:
    (package / "middle" / "inner.py").write_text(statement + "\n")

    problems = problems_of(package, ORDER)

    line = 1 + statement[: statement.rindex("late")].count("\n")
    assert any(
        problem.startswith(f"trial.middle.inner:{line} imports trial.late: 'late' comes after")
        for problem in problems
    ), problems


def test_the_checker_asks_for_a_place_for_a_new_module(package: Path) -> None:
    (package / "newcomer.py").write_text("")

    (problem,) = problems_of(package, ORDER)

    assert problem.startswith("'newcomer' has no place yet: add it to LAYERS")


def test_the_checker_finds_an_import_of_a_module_without_a_place(package: Path) -> None:
    (package / "late.py").write_text("import trial.gone\n")

    assert problems_of(package, ORDER) == [
        "trial.late:1 imports trial.gone, which is not in LAYERS"
    ]


def test_the_checker_finds_a_cycle_inside_a_package(package: Path) -> None:
    (package / "middle" / "inner.py").write_text("def lazily():\n    from .other import y\n")

    (problem,) = problems_of(package, ORDER)

    assert problem.startswith("import cycle: ")
    assert "trial.middle.inner" in problem
    assert "trial.middle.other" in problem


def test_the_checker_keeps_the_package_root_free_of_imports(package: Path) -> None:
    (package / "__init__.py").write_text("from trial.early import x\n")

    problems = problems_of(package, ORDER)

    assert problems[0].startswith("trial:1 imports trial.early: 'early' comes after '__init__'")
