"""The scenario of a trial with patients in cycles and scans, read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any, ClassVar, Self

from pydantic import PrivateAttr

from simulate.errors import Problem, ScenarioError
from simulate.scenario.arm_scenarios import arm_scenarios
from simulate.scenario.calibration import CalibratedParameter, Calibration
from simulate.scenario.compose import path_of
from simulate.scenario.drawn import check_draws
from simulate.scenario.draws import DrawnField, Draws, Rows, draws_from, read_draws
from simulate.scenario.layered import SAYS_NOTHING_OF_PATIENTS, LayeredScenario
from simulate.scenario.layers import Composed, Layers
from simulate.scenario.parameters import DRAWS
from simulate.scenario.tree import Leaf, Mark
from simulate.scenario.trial import Trial


class Scenario(LayeredScenario, Trial):
    """One trial with patients in cycles and scans, described and checked; frozen.

    Its fields are the keys of the scenario file, with durations in days and rates per day.
    """

    not_in_digest: ClassVar[dict[str, Any]] = {
        **SAYS_NOTHING_OF_PATIENTS,
        **dict.fromkeys(("facts", "calibration_file", "parameters"), True),
        "baseline": {"variables": {"__all__": {"label": True}}},
        # what arms set is told by their own fingerprints
        "arms": {"__all__": {"title": True, "set": True}},
    }

    _calibration: Calibration | None = PrivateAttr(default=None)
    _taken: frozenset[int] = PrivateAttr(default=frozenset())
    _arm_scenarios: tuple[Scenario, ...] = PrivateAttr(default=())

    def _take(self, composed: Composed) -> None:
        self._calibration = composed.calibration
        self._taken = frozenset(composed.kept)
        chosen = self.parameters
        if chosen is not None and chosen.use == DRAWS and self._layers.draw is None:
            self._draws = _draws_of(composed)
        if self.arms:
            self._arm_scenarios = arm_scenarios(self, composed.tree, self._layers, self._of_layers)
            self._arm_trials = self._arm_scenarios

    def _of_layers(self, layers: Layers) -> Self:
        return type(self)._from_layers(layers, self._path, sweep=False)

    @property
    def arm_scenarios(self) -> tuple[Scenario, ...]:
        """The scenario of each arm, as if all patients were treated so; without arms itself."""
        return self._arm_scenarios or (self,)

    @property
    def facts_path(self) -> FilePath | None:
        """File with published results to compare with, or None."""
        return self._named_file("facts", self.facts)

    @property
    def calibration_path(self) -> FilePath | None:
        """File of how the parameters are estimated from the facts, or None."""
        return self._named_file("calibration", self.calibration_file)

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

    def check_draws(self, replicates: int | None = None) -> None:
        """Make sure that every posterior draw gives a valid scenario, before anything runs.

        Parameters
        ----------
        replicates : int, optional
            Replicates that will run: only the draws that they take are looked at.

        Raises
        ------
        ScenarioError
            With what is wrong with the first draw that does not.
        """
        try:
            check_draws(self, replicates)
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

    def _beside_the_content(self) -> dict[str, Any]:
        beside: dict[str, Any] = {}
        if self._draws is not None:
            beside["draws"] = self._draws.digest
        if self.arms:
            beside["arm_digests"] = [arm.digest() for arm in self.arm_scenarios]
        return beside


def _draws_of(composed: Composed) -> Draws | None:
    """Posterior draws of all parameters that no later layer has changed; None if none is left."""
    calibration, kept = composed.calibration, composed.kept
    assert calibration is not None  # parameters are valid
    parameters = calibration.content.parameters
    fields = {parameters[i].name: DrawnField(parameters[i], path, i) for i, path in kept.items()}
    return read_draws(calibration, composed.tree, tuple(fields.values())) if fields else None
