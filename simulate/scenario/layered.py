"""What all kinds of scenario do: they are read in layers, checked, changed and told apart."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any, ClassVar, Self

from pydantic import PrivateAttr

from simulate.errors import Problem, ScenarioError
from simulate.scenario.compose import fasten_override, read_chain, read_overrides
from simulate.scenario.fields import LONGEST_NAME
from simulate.scenario.findings import Finding
from simulate.scenario.grid_variants import GRID, SWEEP, with_grid
from simulate.scenario.head import Head, Variant
from simulate.scenario.layers import Composed, Layers, Override, compose
from simulate.scenario.problems import problem_at
from simulate.scenario.provenance import RegisterRow, register_rows
from simulate.scenario.source import named_at
from simulate.scenario.tree import Block, Items, Leaf, Mark, Node, SourceTag, grow, plain
from simulate.scenario.validation import validated

SAYS_NOTHING_OF_PATIENTS: dict[str, Any] = dict.fromkeys(
    ("name", "title", "reference", "replicates", "seed", "sweep", "grid"), True
)
"""What changes the look or the length of a run but none of its random patients."""

_FORBIDDEN_IN_SWEEP = ("name", "title", "replicates", "sweep", "grid", "extends")


class LayeredScenario(Head):
    """One trial of any kind, described and checked; frozen.

    Its fields are the keys of the scenario file, with durations in days and rates per day.
    """

    not_in_digest: ClassVar[dict[str, Any]] = SAYS_NOTHING_OF_PATIENTS
    """Fields that are left out of the fingerprint."""

    _layers: Layers = PrivateAttr()
    _tree: Block = PrivateAttr(default_factory=Block)
    _variants: Node | None = PrivateAttr(default=None)
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
        return cls.from_chain(read_chain(name), FilePath(name), overrides)

    @classmethod
    def from_chain(
        cls, files: tuple[Block, ...], path: FilePath, overrides: Iterable[str] = ()
    ) -> Self:
        """The same from files that were read already, the one at the bottom of the chain first."""
        return cls._from_layers(Layers(files, tuple(read_overrides(overrides))), path)

    @classmethod
    def _from_layers(cls, layers: Layers, path: FilePath, *, sweep: bool = True) -> Self:
        composed = compose(layers)
        whole = with_grid(composed.tree)
        scenario, problems = validated(cls, whole)
        problems.extend(composed.problems)
        if scenario is None or problems:
            raise ScenarioError(problems)
        scenario._layers = layers
        scenario._tree = composed.tree
        scenario._variants = whole.get(SWEEP)
        scenario._path = path
        scenario._take(composed)
        if sweep:
            scenario._check_variants()
        return scenario

    def _take(self, composed: Composed) -> None:
        """Keep what a kind of scenario needs of what it was composed from."""

    @property
    def path(self) -> FilePath:
        """The file that the scenario was read from."""
        return self._path

    def _named_file(self, key: str, name: str | None) -> FilePath | None:
        node = self._tree.get(key)
        return None if name is None or node is None else named_at(node.mark, name)

    def problems_at(self, findings: Iterable[Finding]) -> list[Problem]:
        """What is wrong with the scenario, each at its place in the file."""
        return [problem_at(self._tree, *finding) for finding in findings]

    def as_written(self, *path: str) -> Any:
        """A field as the files have it, without where it comes from; None if none gives it."""
        node: Node | None = self._tree
        for key in path:
            node = node.get(key) if isinstance(node, Block) else None
        return None if node is None else plain(node)

    def register(self) -> tuple[RegisterRow, ...]:
        """List every number and date with where it comes from, in the order of the file."""
        return tuple(register_rows(self._tree))

    def digest(self) -> str:
        """Fingerprint of what is simulated and analysed: SHA-256 over the checked content.

        Taken over JSON of all fields in days and rates per day, defaults included, in the order of
        the schema; so ``6 weeks`` and ``42 days`` are the same, and so are files whose keys are
        sorted differently. Only levels keep their order, as it decides which patient gets which.
        Left out are name, title, reference, labels, sources, the files of facts and calibration,
        replicates, seed, sweep, grid, and where the parameters are taken from; if replicates take
        posterior draws, the draws count.
        """
        content = self.model_dump(mode="json", by_alias=True, exclude=self.not_in_digest)
        content |= self._beside_the_content()
        text = json.dumps(content, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    def _beside_the_content(self) -> dict[str, Any]:
        """What else makes other patients; by default nothing."""
        return {}

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
        changes: list[Override] = []
        for path, value in overrides.items():
            mark = Mark(f"override {path}")
            try:
                node = grow(value, mark=mark)
            except TypeError as error:
                raise ScenarioError([Problem(mark.file, None, None, path, str(error))]) from None
            changes.append((path, fasten_override(path, node, source)))
        return type(self)._from_layers(self._layers.with_overrides(tuple(changes)), self._path)

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
        assert isinstance(self._variants, Items)  # the sweep is valid
        item = self._variants.nodes[index]
        assert isinstance(item, Block)
        changes = item.get("set")
        assert isinstance(changes, Block)
        overrides: list[Override] = [(SWEEP, Items((), item.mark))]
        if self.grid is not None:
            overrides.append((GRID, Leaf(None, "null", item.mark)))
        for path, entry in changes.entries.items():
            if path.split(".")[0].strip() in _FORBIDDEN_IN_SWEEP:
                mark = entry.key_mark
                message = f"a variant cannot set {path}"
                raise ScenarioError([Problem(mark.file, mark.line, mark.column, path, message)])
            overrides.append((path, entry.node))
        named: dict[str, str | int] = {
            "name": f"{self.name}_{variant.name}"[:LONGEST_NAME],
            "title": variant.title or variant.name,
            "replicates": variant.replicates or self.replicates,
        }
        overrides += [(key, Leaf(value, str(value), item.mark)) for key, value in named.items()]
        layers = self._layers.with_overrides(tuple(overrides))
        return type(self)._from_layers(layers, self._path, sweep=False)

    def _check_variants(self) -> None:
        """Build every variant of the sweep, so that none fails after hours of the main run."""
        found: dict[Problem, list[str]] = {}
        for index, variant in enumerate(self.sweep):
            try:
                self._built(index, variant)
            except ScenarioError as error:
                for problem in error.problems:
                    found.setdefault(problem, []).append(variant.name)
        if found:
            raise ScenarioError(
                replace(problem, message=f"in the variant {_named(names)}: {problem.message}")
                for problem, names in found.items()
            )


def _named(variants: Sequence[str]) -> str:
    """The first of some variants that share a problem, as those of a grid often do."""
    more = len(variants) - 1
    return variants[0] + (f" and {more} other{'s' if more > 1 else ''}" if more else "")
