"""The files around the package agree with each other: lock, pyproject, Makefile, set-up, README."""

import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
"""What people read first, and the pages that it links to."""


def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


def locked() -> dict[str, list[str]]:
    """Map each package of the lock to its versions (several when they depend on the Python)."""
    versions: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", LOCK, flags=re.MULTILINE):
        versions.setdefault(canonicalize_name(name), []).append(version)
    return versions


def rules() -> dict[str, str]:
    """Map each target of the Makefile to the rest of its line."""
    found = re.findall(r"^([a-z][a-z%/-]*):(?!=)(.*)$", MAKEFILE, flags=re.MULTILINE)
    return dict(found)


def make(*arguments: str, **environment: str) -> str:
    """Return what make would do, without doing it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "--dry-run", *arguments],
        cwd=ROOT,
        env={**clean, "MAKEFLAGS": "", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def simulate_words(*arguments: str, **environment: str) -> list[str]:
    """Return the words that `python -m simulate` would be given, the shell's work done."""
    recipe = make(*arguments, **environment).splitlines()[-1]
    shown = recipe.replace(".venv/bin/python -m simulate", "printf '%s\\n'")
    done = subprocess.run(["sh", "-c", shown], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_lock_names_no_place_to_download_from() -> None:
    assert not re.search(r"://|--(extra-)?index|--find-links|@ file|\.(org|com|io)\b", LOCK)


def test_every_locked_package_has_a_hash() -> None:
    entries = re.split(r"\n(?=\S)", LOCK.strip())

    assert len(entries) > 50
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_every_dependency_is_locked_at_a_version_that_fits() -> None:
    wanted = [*project()["dependencies"], *project()["optional-dependencies"]["dev"]]
    versions = locked()

    for requirement in map(Requirement, wanted):
        found = versions.get(canonicalize_name(requirement.name))
        assert found, f"{requirement.name} is not in requirements.lock"
        misfits = [version for version in found if version not in requirement.specifier]
        assert not misfits, f"{requirement} against {misfits}"


def test_build_tool_is_locked() -> None:
    (required,) = map(
        Requirement,
        tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"],
    )

    assert all(version in required.specifier for version in locked()[required.name])


def test_setup_asks_for_the_python_that_the_project_requires() -> None:
    (stated,) = re.findall(r"^min_python=(\S+)$", (ROOT / ".ci/setup").read_text(), re.MULTILINE)

    assert SpecifierSet(project()["requires-python"]) == SpecifierSet(f">={stated}")


@pytest.mark.parametrize("name", [".ci/setup", ".ci/run"])
def test_scripts_can_be_executed(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)


def test_every_target_has_a_help_text() -> None:
    silent = [name for name, rest in rules().items() if not re.search(r" ## \S", rest)]

    assert not silent


def test_every_target_but_the_pattern_is_phony() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, flags=re.MULTILINE)

    assert set(phony.split()) == {name for name in rules() if "%" not in name}


def test_every_target_that_uses_the_environment_sets_it_up() -> None:
    bodies = re.findall(r"^([a-z][a-z%/-]*):(?!=)(.*)\n((?:\t.*\n)*)", MAKEFILE, flags=re.MULTILINE)
    users = {name: rest for name, rest, body in bodies if "$(PY)" in body or "$(SIMULATE)" in body}

    assert {"run", "test", "results/%"} <= users.keys()
    assert [name for name, rest in users.items() if "setup" not in rest.split("##")[0]] == []


def test_help_is_the_default_and_lists_every_target() -> None:
    text = subprocess.run(
        ["make", "--no-print-directory"],
        cwd=ROOT,
        env={**os.environ, "MAKEFLAGS": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert [name for name in rules() if f"  make {name} " not in text] == []


def test_run_passes_its_options_on() -> None:
    options = ["SCENARIO=scenarios/x.yaml", "N=5", "SEED=7", "WORKERS=1", "OUT=/tmp/o", "NAME=y"]

    assert simulate_words("run", *options, "FORCE=1", "SET=a=1 b.c='27 months' d=[1,2]") == [
        *("run", "scenarios/x.yaml", "--replicates", "5", "--seed", "7", "--workers", "1"),
        *("--out", "/tmp/o", "--name", "y", "--force"),
        *("--set", "a=1", "--set", "b.c=27 months", "--set", "d=[1,2]"),
    ]


def test_run_without_options_takes_none_from_the_environment() -> None:
    default = ["run", "scenarios/kn026_phase2.yaml"]

    assert simulate_words("run", NAME="host", N="9", SET="a=1", FORCE="1") == default


def test_reconstruct_passes_its_options_on() -> None:
    file = "scenarios/reconstruct/kn026_phase2.yaml"

    assert simulate_words("reconstruct", FILE="x") == ["reconstruct", file]
    assert simulate_words("reconstruct", "FILE=a b.yaml", "OUT=o", "NAME=n", "FORCE=1") == [
        *("reconstruct", "a b.yaml", "--out", "o", "--name", "n", "--force"),
    ]


def test_make_results_runs_the_scenario_of_that_name() -> None:
    for target in ("results/kn026_phase2", "results/kn026_phase2/"):
        assert simulate_words(target, "N=5") == [
            *("run", "scenarios/kn026_phase2.yaml", "--replicates", "5"),
        ]


def readme_targets(readme: str) -> list[str]:
    """Return the targets of every `make` command in the shell blocks of a README."""
    targets = []
    for block in re.findall(r"^```sh\n(.*?)^```", readme, flags=re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if "make" in words:
                arguments = words[words.index("make") + 1 :]
                targets += [word for word in arguments if "=" not in word and word[0] != "-"]
    return targets


def has_rule(target: str) -> bool:
    """Tell whether the Makefile can make a target."""
    return any(re.fullmatch(name.replace("%", ".+"), target) for name in rules())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_a_page_exist(page: Path) -> None:
    targets = readme_targets(page.read_text())

    assert [target for target in targets if not has_rule(target)] == []
    assert page.name != "README.md" or {"run", "test"} <= set(targets)


def anchors(page: Path) -> set[str]:
    """Anchors of the headings of a page, as a forge makes them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", text):
        other = page.parent / target if target else page
        assert other.exists(), target
        assert not anchor or anchor in anchors(other), f"{target}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_a_page_names_exist(page: Path) -> None:
    for name in re.findall(r"`((?:scenarios|notebooks|docs)/[\w/]+\.\w+)`", page.read_text()):
        assert (ROOT / name).exists(), name


def test_readme_check_finds_a_command_that_does_not_exist() -> None:
    readme = "Text `make x`\n```sh\ncd x && make run N=5\n$ make results/y # z\nmake fly\n```\n"

    assert [(name, has_rule(name)) for name in readme_targets(readme)] == [
        ("run", True),
        ("results/y", True),
        ("fly", False),
    ]
