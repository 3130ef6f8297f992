"""A scenario's tree validated: blocks by themselves, and the rules between those that are valid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from simulate.errors import Problem
from simulate.scenario.apply_rules import findings
from simulate.scenario.head import Head
from simulate.scenario.problems import problem_at, problems_of
from simulate.scenario.source import named_at
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.tree import Block, plain
from simulate.scenario.trial import Trial

_S = TypeVar("_S", bound=Head)

AnyTrial = Trial | SurvivalTrial


def validated(model: type[_S], tree: Block) -> tuple[_S | None, list[Problem]]:
    """Validate a tree and apply the rules to all blocks that are valid by themselves."""
    data = plain(tree)
    assert isinstance(data, dict)
    problems: list[Problem] = []
    scenario: _S | None = None
    try:
        scenario = model.model_validate(data)
        assert isinstance(scenario, AnyTrial)
        trial: AnyTrial = scenario
        valid = set(model.model_fields)
    except ValidationError as error:
        problems.extend(problems_of(error, tree, model))
        trial, valid = _valid_part(model, data)
    for finding in findings(trial, valid=valid):
        problems.append(problem_at(tree, finding.path, finding.message, finding.hint))
    problems.extend(_missing_files(tree, trial, valid))
    return scenario, problems


def _valid_part(model: type[Head], data: dict[str, Any]) -> tuple[AnyTrial, set[str]]:
    """Read those top-level fields that are valid, so that rules can still be applied to them."""
    fields: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        key = info.alias or name
        if key not in data:
            if not info.is_required():
                fields[name] = info.get_default(call_default_factory=True)
            continue
        kind: Any = info.annotation
        for constraint in info.metadata:
            kind = Annotated[kind, constraint]
        adapter: TypeAdapter[Any] = TypeAdapter(kind)
        try:
            fields[name] = adapter.validate_python(data[key], strict=True)
        except ValidationError:
            continue
    kind = SurvivalTrial if issubclass(model, SurvivalTrial) else Trial
    return kind.model_construct(**fields), set(fields)


_FILES = {
    "facts": ("facts", "To compare with nothing, write facts: null"),
    "calibration": (
        "calibration_file",
        "If nothing is to be calibrated, write calibration: null",
    ),
}
"""Keys that name a file, each with its field and what to do if the file is not there."""


def _missing_files(tree: Block, trial: AnyTrial, valid: set[str]) -> Iterator[Problem]:
    for key, (field, hint) in _FILES.items():
        node = tree.get(key)
        name = getattr(trial, field) if field in valid else None
        if name is None or node is None:
            continue
        file = named_at(node.mark, name)
        try:
            is_there = file.is_file()
        except (OSError, ValueError):
            is_there = False
        if not is_there:
            message = f"there is no such file (given: {name}; looked for {file})"
            yield problem_at(tree, (key,), message, hint)
