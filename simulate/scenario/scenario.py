"""A scenario that has been read and checked: the only way to configure a trial."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any, Self

from pydantic import PrivateAttr

from simulate.errors import Problem, ScenarioError
from simulate.scenario.calibration import CalibratedParameter, Calibration
from simulate.scenario.compose import fasten_override, path_of, read_chain, read_overrides
from simulate.scenario.drawn import check_draws
from simulate.scenario.draws import DrawnField, Draws, Rows, draws_from, read_draws
from simulate.scenario.layers import Composed, Layers, Override, compose
from simulate.scenario.parameters import DRAWS
from simulate.scenario.provenance import RegisterRow, register_rows
from simulate.scenario.source import named_at
from simulate.scenario.tree import Block, Items, Leaf, Mark, SourceTag, grow
from simulate.scenario.trial import Trial, Variant
from simulate.scenario.validation import validated

_SAYS_NOTHING_OF_PATIENTS = (
    *("name", "title", "reference", "facts", "calibration_file"),
    *("replicates", "seed", "sweep", "parameters"),
)

# What changes the look or the length of a run but none of its random patients.
_NOT_IN_DIGEST: dict[str, Any] = {
    **dict.fromkeys(_SAYS_NOTHING_OF_PATIENTS, True),
    "baseline": {"variables": {"__all__": {"label": True}}},
}

_FORBIDDEN_IN_SWEEP = ("name", "title", "replicates", "sweep", "extends")


class Scenario(Trial):
    """One trial, described and checked; frozen.

    Its fields are the keys of the scenario file, with durations in days and rates per day.
    """

    _layers: Layers = PrivateAttr()
    _tree: Block = PrivateAttr(default_factory=Block)
    _calibration: Calibration | None = PrivateAttr(default=None)
    _taken: frozenset[int] = PrivateAttr(default=frozenset())
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
        files = read_chain(name)
        return cls._from_layers(Layers(files, tuple(read_overrides(overrides))), FilePath(name))

    @classmethod
    def _from_layers(cls, layers: Layers, path: FilePath, *, sweep: bool = True) -> Self:
        composed = compose(layers)
        scenario, problems = validated(cls, composed.tree)
        problems.extend(composed.problems)
        if scenario is None or problems:
            raise ScenarioError(problems)
        scenario._layers = layers
        scenario._tree = composed.tree
        scenario._path = path
        scenario._calibration = composed.calibration
        scenario._taken = frozenset(composed.kept)
        chosen = scenario.parameters
        if chosen is not None and chosen.use == DRAWS and layers.draw is None:
            scenario._draws = _draws_of(composed)
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
        return self._named_file("facts", self.facts)

    @property
    def calibration_path(self) -> FilePath | None:
        """File of how the parameters are estimated from the facts, or None."""
        return self._named_file("calibration", self.calibration_file)

    def _named_file(self, key: str, name: str | None) -> FilePath | None:
        node = self._tree.get(key)
        return None if name is None or node is None else named_at(node.mark, name)

    @property
    def calibration(self) -> Calibration | None:
        """The fit of a calibration that the parameters are taken from, or None."""
        return self._calibration

    @property
    def changed_parameters(self) -> tuple[CalibratedParameter, ...]:
        """Parameters of the calibration whose fields were changed on purpose."""
        if self._calibration is None:
            return ()
        known = enumerate(self._calibration.content.parameters)
        return tuple(parameter for i, parameter in known if i not in self._taken)

    def of_replicate(self, replicate: int) -> Self:
        """The scenario with the parameters of a replicate: itself, unless replicates take draws."""
        number = self.draw_of(replicate)
        if number is None or self._draws is None:
            return self
        layers = replace(self._layers, draw=(number, self._draws.rows[number]))
        return type(self)._from_layers(layers, self._path, sweep=False)

    def draws_of(self, parameters: Sequence[CalibratedParameter], rows: Rows) -> Draws:
        """Values for some fields, row by row, in the form that posterior draws have.

        Parameters
        ----------
        parameters
            The fields, which the scenario holds.
        rows
            A number a parameter, by row.

        Raises
        ------
        ScenarioError
            If the scenario does not hold a field.
        """
        fields = []
        for column, parameter in enumerate(parameters):
            path = path_of(self._tree, parameter.field)
            if path is None:
                message = "the scenario does not hold this field"
                raise ScenarioError([Problem("", None, None, parameter.field, message)])
            fields.append(DrawnField(parameter, path, column))
        return draws_from("values", rows, tuple(fields), self._tree)

    def over_draws(self) -> Self | None:
        """The scenario with posterior draws in the place of the point.

        None if it has no calibration or takes draws already, or if nothing is taken from them
        because all parameters were changed on purpose.
        """
        if self._calibration is None or self._draws is not None:
            return None
        use = Leaf(DRAWS, DRAWS, Mark("the scorecard over the posterior"))
        layers = self._layers.with_overrides((("parameters.use", use),))
        drawn = type(self)._from_layers(layers, self._path, sweep=False)
        return None if drawn.draws is None else drawn

    def check_draws(self) -> None:
        """Make sure that every posterior draw gives a valid scenario, before anything runs.

        Raises
        ------
        ScenarioError
            With what is wrong with the first draw that does not.
        """
        try:
            check_draws(self)
        except ScenarioError:
            for number in range(self._draws.n if self._draws else 0):
                self._check_draw(number)
            raise

    def _check_draw(self, number: int) -> None:
        """Read the scenario of a draw as a whole, which tells the field of what is wrong."""
        try:
            self.of_replicate(number)
        except ScenarioError as error:
            raise ScenarioError(
                Problem(p.file, p.line, p.column, p.key, f"with draw {number}: {p.message}", p.hint)
                for p in error.problems
            ) from None

    def register(self) -> tuple[RegisterRow, ...]:
        """List every number and date with where it comes from, in the order of the file."""
        return tuple(register_rows(self._tree))

    def digest(self) -> str:
        """Fingerprint of what is simulated and analysed: SHA-256 over the checked content.

        Taken over JSON of all fields in days and rates per day, defaults included, in the order of
        the schema; so ``6 weeks`` and ``42 days`` are the same, and so are files whose keys are
        sorted differently. Only levels keep their order, as it decides which patient gets which.
        Left out are name, title, reference, labels, sources, the files of facts and calibration,
        replicates, seed, sweep, and where the parameters are taken from; if replicates take
        posterior draws, the draws count.
        """
        content = self.model_dump(mode="json", by_alias=True, exclude=_NOT_IN_DIGEST)
        if self._draws is not None:
            content["draws"] = self._draws.digest
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
        items = self._tree.get("sweep")
        assert isinstance(items, Items)  # the sweep is valid
        item = items.nodes[index]
        assert isinstance(item, Block)
        changes = item.get("set")
        assert isinstance(changes, Block)
        overrides: list[Override] = [("sweep", Items((), item.mark))]
        for path, entry in changes.entries.items():
            if path.split(".")[0] in _FORBIDDEN_IN_SWEEP:
                mark = entry.key_mark
                message = f"a variant cannot set {path}"
                raise ScenarioError([Problem(mark.file, mark.line, mark.column, path, message)])
            overrides.append((path, entry.node))
        named: dict[str, str | int] = {
            "name": f"{self.name}_{variant.name}"[:64],
            "title": variant.title or variant.name,
            "replicates": variant.replicates or self.replicates,
        }
        overrides += [(key, Leaf(value, str(value), item.mark)) for key, value in named.items()]
        layers = self._layers.with_overrides(tuple(overrides))
        return type(self)._from_layers(layers, self._path, sweep=False)

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


def _draws_of(composed: Composed) -> Draws | None:
    """Posterior draws of all parameters that no later layer has changed; None if none is left."""
    calibration, kept = composed.calibration, composed.kept
    assert calibration is not None  # parameters are valid
    parameters = calibration.content.parameters
    fields = {parameters[i].name: DrawnField(parameters[i], path, i) for i, path in kept.items()}
    return read_draws(calibration, composed.tree, tuple(fields.values())) if fields else None
