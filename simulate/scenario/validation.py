"""A scenario's tree validated: blocks by themselves, and the rules between those that are valid."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from simulate.errors import Problem
from simulate.scenario.problems import problem_at, problems_of
from simulate.scenario.rules import findings
from simulate.scenario.source import named_at
from simulate.scenario.tree import Block, plain
from simulate.scenario.trial import Trial

_S = TypeVar("_S", bound=Trial)


def validated(model: type[_S], tree: Block) -> tuple[_S | None, list[Problem]]:
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
    problems.extend(_missing_facts(tree, trial if "facts" in valid else None))
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


def _missing_facts(tree: Block, trial: Trial | None) -> list[Problem]:
    node = tree.get("facts")
    if trial is None or trial.facts is None or node is None:
        return []
    file = named_at(node.mark, trial.facts)
    try:
        if file.is_file():
            return []
    except (OSError, ValueError):
        pass
    message = f"there is no such file (given: {trial.facts}; looked for {file})"
    return [problem_at(tree, ("facts",), message, "To compare with nothing, write facts: null")]
