"""The scenario of each arm: that of the trial with the fields that the arm sets."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from simulate.errors import Problem, ScenarioError
from simulate.scenario.arms import SETTABLE, TrialArm
from simulate.scenario.layers import Layers, Override
from simulate.scenario.problems import problem_at, similar
from simulate.scenario.rules_of_arms import arms_agree
from simulate.scenario.tree import Block, Leaf, Mark, Node, grow, locate
from simulate.scenario.trial import Trial

_Arm = TypeVar("_Arm", bound=Trial)

_OF_THE_WHOLE_TRIAL = (
    *("arms", "randomisation", "max_study_duration", "hypotheses", "multiplicity"),
    *("estimates", "analyses", "readers", "new_therapy", "switching", "rule_sets"),
    *("sweep", "grid"),
)
"""What an arm by itself does not have; it is analysed once, at the end of the trial."""


def arm_scenarios(
    trial: Trial, tree: Block, layers: Layers, read: Callable[[Layers], _Arm]
) -> tuple[_Arm, ...]:
    """Build the scenario of every arm.

    Parameters
    ----------
    trial
        The trial, valid but for what its arms set.
    tree
        Its content.
    layers
        What it is made of.
    read
        Reads a scenario from layers.

    Raises
    ------
    ScenarioError
        With what is wrong with the arms.
    """
    arms: list[_Arm] = []
    problems: list[Problem] = []
    for index, arm in enumerate(trial.arms):
        try:
            arms.append(read(_layers_of(trial, index, arm, tree, layers)))
        except ScenarioError as error:
            for p in error.problems:
                message = f"in the arm {arm.name}: {p.message}"
                problems.append(Problem(p.file, p.line, p.column, p.key, message, p.hint))
    if not problems:
        found = arms_agree(trial, arms)
        problems += [problem_at(tree, f.path, f.message, f.hint) for f in found]
    if problems:
        raise ScenarioError(problems)
    return tuple(arms)


def _layers_of(trial: Trial, index: int, arm: TrialArm, tree: Block, layers: Layers) -> Layers:
    """What the scenario of an arm is made of.

    Raises
    ------
    ScenarioError
        If the arm sets what is the same for all.
    """
    item = locate(tree, ("arms", index)).node
    changes = locate(tree, ("arms", index, "set")).node if arm.set else None
    overrides: list[Override] = []
    wrong: list[Problem] = []
    for path, entry in changes.entries.items() if isinstance(changes, Block) else ():
        top = path.split(".")[0].strip()
        if top not in SETTABLE:
            mark = entry.key_mark
            message = f"an arm cannot set this (given: {path}; allowed: {', '.join(SETTABLE)})"
            hint = similar(top, SETTABLE) or "It is the same for all arms"
            wrong.append(Problem(mark.file, mark.line, mark.column, path, message, hint))
        overrides.append((path, entry.node))
    if wrong:
        raise ScenarioError(wrong)
    assert item is not None  # the arm is there
    named = {"name": f"{trial.name}_{arm.name}"[:64], "title": arm.label}
    overrides += [(key, Leaf(text, text, item.mark)) for key, text in named.items()]
    overrides.append(("analyses", _at_the_end(trial, item.mark)))
    if trial.endpoints.named:  # an arm by itself has no looks that see them
        overrides.append(("endpoints.named", grow([], mark=item.mark)))
    kept = [o for o in layers.overrides if o[0].split(".")[0].strip() not in _OF_THE_WHOLE_TRIAL]
    files = tuple(file.without(*_OF_THE_WHOLE_TRIAL) for file in layers.files)
    return replace(layers, files=files, overrides=(*kept, *overrides))


def _at_the_end(trial: Trial, mark: Mark) -> Node:
    """An analysis on the last day that the trial can have."""
    assert trial.max_study_duration is not None  # the trial is valid
    date = trial.origin + dt.timedelta(days=math.floor(trial.max_study_duration))
    return grow([{"id": 1, "name": "end", "cut": {"date": date}}], mark=mark)
