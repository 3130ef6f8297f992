"""A scenario that has been read and checked: the only way to configure a trial."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Annotated, Any, Self, TypeVar

from pydantic import PrivateAttr, TypeAdapter, ValidationError

from simulate.errors import Problem, ScenarioError
from simulate.scenario.compose import fasten_override, override, read_chain, read_overrides
from simulate.scenario.problems import problem_at, problems_of
from simulate.scenario.provenance import RegisterRow, register_rows
from simulate.scenario.rules import findings
from simulate.scenario.source import beside
from simulate.scenario.tree import Block, Items, Leaf, Mark, Node, SourceTag, grow, plain
from simulate.scenario.trial import Trial, Variant

_SAYS_NOTHING_OF_PATIENTS = (
    *("name", "title", "reference", "facts", "calibration"),
    *("replicates", "seed", "sweep"),
)

# What changes the look or the length of a run but none of its random patients.
_NOT_IN_DIGEST: dict[str, Any] = {
    **dict.fromkeys(_SAYS_NOTHING_OF_PATIENTS, True),
    "baseline": {"variables": {"__all__": {"label": True}}},
}

_FORBIDDEN_IN_SWEEP = ("name", "title", "replicates", "sweep", "extends")

_S = TypeVar("_S", bound="Scenario")


class Scenario(Trial):
    """One trial, described and checked; frozen.

    Its fields are the keys of the scenario file, with durations in days and rates per day.
    """

    _tree: Block = PrivateAttr(default_factory=Block)
    _path: FilePath = PrivateAttr(default_factory=FilePath)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], overrides: Iterable[str] = ()) -> Self:
        """Read and check a scenario file.

        Parameters
        ----------
        path
            The YAML file.
        overrides
            Fields to change, each as ``path.to.field=value`` with the value read as YAML.

        Raises
        ------
        ScenarioError
            With every problem of the file, of the files it extends, of the overrides and of the
            variants in its sweep.
        UsageError
            If an override has no ``=``.
        """
        name = os.fspath(path)
        tree = read_chain(name)
        problems: list[Problem] = []
        for field, value in read_overrides(overrides):
            try:
                tree = override(tree, field, value)
            except ScenarioError as error:
                problems.extend(error.problems)
        if problems:
            raise ScenarioError(problems)
        return cls._from_tree(tree, FilePath(name))

    @classmethod
    def _from_tree(cls, tree: Block, path: FilePath, *, sweep: bool = True) -> Self:
        scenario, problems = _validated(cls, tree)
        if scenario is None or problems:
            raise ScenarioError(problems)
        scenario._tree = tree
        scenario._path = path
        if sweep:
            scenario._check_variants()
        return scenario

    @property
    def path(self) -> FilePath:
        """The file that the scenario was read from."""
        return self._path

    @property
    def facts_path(self) -> FilePath | None:
        """File with published results to compare with, or None."""
        return self._named_file("facts")

    @property
    def calibration_path(self) -> FilePath | None:
        """File of how the parameters are estimated from the facts, or None."""
        return self._named_file("calibration")

    def _named_file(self, key: str) -> FilePath | None:
        node, name = self._tree.get(key), getattr(self, key)
        return None if name is None or node is None else _beside(node, name)

    def register(self) -> tuple[RegisterRow, ...]:
        """List every number and date with where it comes from, in the order of the file."""
        return tuple(register_rows(self._tree))

    def digest(self) -> str:
        """Fingerprint of what is simulated and analysed: SHA-256 over the checked content.

        Taken over JSON of all fields in days and rates per day, defaults included, in the order of
        the schema; so ``6 weeks`` and ``42 days`` are the same, and so are files whose keys are
        sorted differently. Only levels keep their order, as it decides which patient gets which.
        Left out are name, title, reference, labels, sources, the files of facts and calibration,
        replicates, seed and sweep.
        """
        content = self.model_dump(mode="json", by_alias=True, exclude=_NOT_IN_DIGEST)
        text = json.dumps(content, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    def with_overrides(self, overrides: Mapping[str, object]) -> Self:
        """Give the same scenario with some fields changed, checked anew.

        Parameters
        ----------
        overrides
            Path of each field, such as ``assessment.window`` or ``baseline.variables.age.mean``,
            and its new value as the file would have it, such as ``"3 days"``; a date is a
            ``datetime.date``. A block replaces the whole block.

        Raises
        ------
        ScenarioError
            If a path leads nowhere or the result is not a valid scenario.
        """
        source = SourceTag("assumed", "set by an override")
        tree = self._tree
        for path, value in overrides.items():
            mark = Mark(f"override {path}")
            try:
                node = grow(value, mark=mark)
            except TypeError as error:
                raise ScenarioError([Problem(mark.file, None, None, path, str(error))]) from None
            tree = override(tree, path, fasten_override(path, node, source))
        return type(self)._from_tree(tree, self._path)

    def variant(self, name: str) -> Self:
        """Give the scenario of one variant of the sweep, named ``<scenario>_<variant>``.

        Raises
        ------
        KeyError
            If the sweep has no variant of this name.
        """
        for index, variant in enumerate(self.sweep):
            if variant.name == name:
                return self._built(index, variant)
        raise KeyError(name)

    def _built(self, index: int, variant: Variant) -> Self:
        items = self._tree.get("sweep")
        assert isinstance(items, Items)  # the sweep is valid
        item = items.nodes[index]
        assert isinstance(item, Block)
        changes = item.get("set")
        assert isinstance(changes, Block)
        tree = self._tree.without("sweep")
        for path, entry in changes.entries.items():
            if path.split(".")[0] in _FORBIDDEN_IN_SWEEP:
                mark = entry.key_mark
                message = f"a variant cannot set {path}"
                raise ScenarioError([Problem(mark.file, mark.line, mark.column, path, message)])
            tree = override(tree, path, entry.node)
        named: dict[str, str | int] = {
            "name": f"{self.name}_{variant.name}"[:64],
            "title": variant.title or variant.name,
            "replicates": variant.replicates or self.replicates,
        }
        for key, value in named.items():
            tree = tree.replaced(key, Leaf(value, str(value), item.mark))
        return type(self)._from_tree(tree, self._path, sweep=False)

    def _check_variants(self) -> None:
        """Build every variant of the sweep, so that none fails after hours of the main run."""
        problems: list[Problem] = []
        for index, variant in enumerate(self.sweep):
            try:
                self._built(index, variant)
            except ScenarioError as error:
                for p in error.problems:
                    message = f"in the variant {variant.name}: {p.message}"
                    problems.append(Problem(p.file, p.line, p.column, p.key, message, p.hint))
        if problems:
            raise ScenarioError(problems)


def _validated(model: type[_S], tree: Block) -> tuple[_S | None, list[Problem]]:
    """Validate a tree and apply the rules to all blocks that are valid by themselves."""
    data = plain(tree)
    assert isinstance(data, dict)
    problems: list[Problem] = []
    scenario: _S | None = None
    try:
        scenario = model.model_validate(data)
        trial: Trial = scenario
        valid = set(model.model_fields)
    except ValidationError as error:
        problems.extend(problems_of(error, tree, model))
        trial, valid = _valid_part(model, data)
    for finding in findings(trial, valid=valid):
        problems.append(problem_at(tree, finding.path, finding.message, finding.hint))
    problems.extend(_missing_files(tree, trial, valid))
    return scenario, problems


def _valid_part(model: type[Trial], data: dict[str, Any]) -> tuple[Trial, set[str]]:
    """Read those top-level fields that are valid, so that rules can still be applied to them."""
    fields: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        if name not in data:
            if not info.is_required():
                fields[name] = info.get_default(call_default_factory=True)
            continue
        kind: Any = info.annotation
        for constraint in info.metadata:
            kind = Annotated[kind, constraint]
        adapter: TypeAdapter[Any] = TypeAdapter(kind)
        try:
            fields[name] = adapter.validate_python(data[name], strict=True)
        except ValidationError:
            continue
    return Trial.model_construct(**fields), set(fields)


def _missing_files(tree: Block, trial: Trial, valid: set[str]) -> Iterator[Problem]:
    for key, hint in _FILES.items():
        node = tree.get(key)
        name = getattr(trial, key) if key in valid else None
        if name is None or node is None:
            continue
        file = _beside(node, name)
        try:
            is_there = file.is_file()
        except (OSError, ValueError):
            is_there = False
        if not is_there:
            message = f"there is no such file (given: {name}; looked for {file})"
            yield problem_at(tree, (key,), message, hint)


_FILES = {
    "facts": "To compare with nothing, write facts: null",
    "calibration": "If nothing is to be calibrated, write calibration: null",
}
"""Keys that name a file, and what to do if it is not there."""


def _beside(node: Node, name: str) -> FilePath:
    """Path of a file named in a scenario, seen from the file that names it."""
    if node.mark.line is None:
        return FilePath(name)  # named on the command line: seen from where the user stands
    return FilePath(beside(node.mark.file, name))
