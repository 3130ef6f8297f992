"""The trial of one replicate, where replicates take posterior draws.

Only the blocks that a draw changes are validated anew: the same trial as if each value had been set
by an override, in a fraction of the time. What rules between blocks say of every draw is asked
once, before anything runs.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any
from weakref import WeakKeyDictionary

from pydantic import TypeAdapter, ValidationError

from simulate.errors import Problem, ScenarioError
from simulate.scenario.apply_rules import findings
from simulate.scenario.draws import Draws
from simulate.scenario.trial import Trial

_checked: WeakKeyDictionary[Draws, set[int]] = WeakKeyDictionary()
"""Draws that are known to give valid trials, by number."""


def trial_of(trial: Trial, replicate: int) -> Trial:
    """The trial with the parameters of a replicate: itself, unless replicates take draws.

    Raises
    ------
    ScenarioError
        If a draw has a value that the scenario cannot have.
    """
    draws = trial.draws
    return trial if draws is None else trial_of_draw(trial, draws, replicate % draws.n)


def trial_of_draw(trial: Trial, draws: Draws, number: int) -> Trial:
    """The trial with the parameters of a draw; blocks that it leaves alone are the same objects."""
    changed: dict[str, Any] = {}
    for top, data in draws.data(number).items():
        try:
            changed[top] = _form(top).validate_python(data, strict=True)
        except ValidationError as error:
            raise _refused(draws, number, str(error.errors()[0]["msg"])) from None
    drawn = Trial.model_construct(**{**dict(trial), **changed})
    if trial.arms:
        drawn._arm_trials = tuple(_of_draw(arm, number) for arm in trial.arm_trials)
    return drawn


def _of_draw(trial: Trial, number: int) -> Trial:
    """The same, where a trial may take nothing from the draws."""
    return trial if trial.draws is None else trial_of_draw(trial, trial.draws, number)


def check_draws(trial: Trial, replicates: int | None = None) -> None:
    """Make sure, once, that every draw gives a valid trial.

    Parameters
    ----------
    trial : Trial
        The trial; its arms may have draws, too.
    replicates : int, optional
        Replicates that will run: draws that none of them takes are not looked at.

    Raises
    ------
    ScenarioError
        If one does not. :meth:`simulate.scenario.scenario.Scenario.check_draws` tells the field.
    """
    if trial.arms:
        for arm in trial.arm_trials:
            check_draws(arm, replicates)
    draws = trial.draws
    if draws is None:
        return
    known = _checked.setdefault(draws, set())
    for number in range(draws.n if replicates is None else min(replicates, draws.n)):
        if number not in known:
            checked_trial_of_draw(trial, draws, number)


def checked_trial_of_draw(trial: Trial, draws: Draws, number: int) -> Trial:
    """The trial with the parameters of a draw, which is checked the first time.

    Raises
    ------
    ScenarioError
        If the draw has a value that the scenario cannot have.
    """
    drawn = trial_of_draw(trial, draws, number)
    known = _checked.setdefault(draws, set())
    if number not in known:
        for finding in findings(drawn, valid=Trial.model_fields, about=draws.blocks):
            raise _refused(draws, number, finding.message)
        known.add(number)
    return drawn


def _refused(draws: Draws, number: int, message: str) -> ScenarioError:
    return ScenarioError([Problem(draws.file, None, None, "", f"with draw {number}: {message}")])


@cache
def _form(top: str) -> TypeAdapter[Any]:
    """What validates a top-level key."""
    info = Trial.model_fields[top]
    kind: Any = info.annotation
    for constraint in info.metadata:
        kind = Annotated[kind, constraint]
    return TypeAdapter(kind)
