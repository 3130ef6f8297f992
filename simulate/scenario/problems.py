"""What validation found wrong, in the user's words and at the place in the file."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable, Mapping
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from simulate.errors import Problem
from simulate.scenario.baseline import FORMS
from simulate.scenario.fields import SOURCE_KEYS
from simulate.scenario.testing import AS_BLOCKS, NAMED
from simulate.scenario.tree import Block, Items, Leaf, Node, Path, Place, dotted, locate, written
from simulate.units import QuantityError

# The requirement of each kind of error, filled in from the error's own context.
_NEEDED = {
    "int_type": "a whole number is needed",
    "int_from_float": "a whole number is needed",
    "float_type": "a number is needed",
    "finite_number": "a finite number is needed",
    "string_type": "a text is needed",
    "date_type": "a date is needed",
    "tuple_type": "a list is needed",
    "dict_type": "a block of keys is needed",
    "mapping_type": "a block of keys is needed",
    "model_type": "a block of keys is needed",
    "model_attributes_type": "a block of keys is needed",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "needs at least {min_length} item(s)",
    "too_long": "may have at most {max_length} item(s)",
    "literal_error": "must be one of {expected}",
}
_HINTS = {
    "date_type": "Write it as 2020-01-13, without quotes",
    "string_type": "Put it in quotes",
    "string_pattern_mismatch": "Use lower-case letters, digits and _ only",
}


def problems_of(error: ValidationError, tree: Block, model: type[BaseModel]) -> list[Problem]:
    """Turn a validation error into problems at their places in the tree."""
    details = error.errors(include_url=False)
    meant = {meant for detail in details if (meant := _meant(detail, tree, model))}
    # A misspelt key is one mistake, so the key that was meant is not reported as missing too.
    return [
        _problem(detail, tree, model) for detail in details if not _is_echo(detail, tree, meant)
    ]


def _is_echo(detail: ErrorDetails, tree: Block, meant: set[Path]) -> bool:
    """Tell whether an error only repeats another one."""
    if detail["type"] == "missing":
        return tuple(detail["loc"]) in meant
    if detail["type"] == "too_short":
        # Items that are wrong by themselves are not counted, but they are there.
        node = locate(tree, _path(detail, tree)).node
        return isinstance(node, Items) and len(node.nodes) >= detail["ctx"]["min_length"]
    return False


def _path(detail: ErrorDetails, tree: Block) -> Path:
    location = detail["loc"]
    if detail["type"] in ("extra_forbidden", "missing"):  # these always end with a key
        return (*_real(tree, location[:-1]), location[-1])
    return _real(tree, location)


def _real(tree: Block, location: Iterable[str | int]) -> Path:
    """Path of a field in the file from a validator's, which also names the variants of unions."""
    path: list[str | int] = []
    node: Node | None = tree
    entered = True
    for step in location:
        is_form = step in FORMS and bool(path) and isinstance(path[-1], int)
        if entered and (is_form or (isinstance(node, Block) and node.text("kind") == step)):
            entered = False
            continue
        if step in ("[key]", NAMED):  # the error is on the key itself, or on a test's name
            continue
        path.append(step)
        node = locate(tree, tuple(path)).node
        entered = True
    return tuple(path)


def _meant(detail: ErrorDetails, tree: Block, model: type[BaseModel]) -> Path | None:
    """Path of the unused key that an unknown one is close to."""
    if detail["type"] != "extra_forbidden":
        return None
    path: Path = tuple(detail["loc"])
    used = _given(tree, _real(tree, path[:-1]))
    known = set(_keys(_owner(model, path[:-1]))).difference(used)
    close = difflib.get_close_matches(str(path[-1]), sorted(known), n=1)
    return (*path[:-1], close[0]) if close else None


def problem_at(tree: Block, path: Path, message: str, hint: str = "") -> Problem:
    """Make a problem at the place of a field, or of the block that should hold it."""
    place = locate(tree, path)
    mark = place.key_mark
    key = dotted(tree, place.path)
    return Problem(mark.file, mark.line, mark.column, key, message, hint)


def similar(word: object, known: Iterable[str]) -> str:
    """Give the hint "Did you mean …?" if one of the known words is close, else nothing."""
    close = difflib.get_close_matches(str(word), list(known), n=1)
    return f"Did you mean {close[0]}?" if close else ""


def _problem(detail: ErrorDetails, tree: Block, model: type[BaseModel]) -> Problem:
    context: dict[str, Any] = detail.get("ctx", {})
    path = _path(detail, tree)
    kind = detail["type"]
    if kind == "scenario":
        return _own(path, context, tree)
    if kind == "extra_forbidden":
        owner = _owner(model, detail["loc"][:-1])
        return _unknown_key(path, owner, tree)
    if kind == "missing":
        return _missing(path, tree)
    if kind == "union_tag_invalid":
        return _unknown_kind(path, context, tree)
    if kind == "union_tag_not_found":
        kinds = ", ".join(_kinds(_blocks(model, detail["loc"])))
        return _at_value(locate(tree, path), tree, f"a kind is needed (allowed: {kinds})", "")
    return _wrong_value(detail, locate(tree, path), tree)


def _missing(path: Path, tree: Block) -> Problem:
    last = path[-1]
    if isinstance(last, int):
        return problem_at(tree, path[:-1], f"at least {last + 1} values are needed")
    return problem_at(tree, path, "this key is needed and is not there")


def _wrong_value(detail: ErrorDetails, place: Place, tree: Block) -> Problem:
    kind = detail["type"]
    context: dict[str, Any] = detail.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, QuantityError):
        needed, hint = cause.message, cause.hint
    elif kind == "string_pattern_mismatch":
        needed, hint = "this name cannot be used", _HINTS[kind]
    else:
        needed = _NEEDED.get(kind, "{message}").format(message=detail["msg"], **_numbers(context))
        hint = _HINTS.get(kind, "")
        if kind == "literal_error" and isinstance(place.node, Leaf):
            words = context["expected"].replace("'", "").replace(" or ", ", ").split(", ")
            hint = similar(place.node.value, words)
            if detail["loc"][-1] == NAMED:
                needed, hint = _as_block(needed, place.node.value, words)
    if detail["loc"][-1] == "[key]":
        return problem_at(tree, place.path, needed, hint)
    return _at_value(place, tree, f"{needed} (given: {written(place.node)})", hint)


def _as_block(needed: str, name: object, words: Iterable[str]) -> tuple[str, str]:
    """What is needed in the place of a test's name that is none by itself, and what to do."""
    meant = difflib.get_close_matches(str(name), [*words, *AS_BLOCKS], n=1)
    if meant and meant[0] in AS_BLOCKS:
        return f"{meant[0]} is a block of keys", f"Write {AS_BLOCKS[meant[0]]}"
    blocks = ", ".join(AS_BLOCKS)
    return f"{needed}, or a block with one of the kinds {blocks}", similar(name, words)


def _at_value(place: Place, tree: Block, message: str, hint: str) -> Problem:
    mark = place.node.mark if place.node is not None else place.key_mark
    return Problem(mark.file, mark.line, mark.column, dotted(tree, place.path), message, hint)


def _numbers(context: dict[str, Any]) -> dict[str, Any]:
    """Write 0 and not 0.0 where a limit is a float."""
    return {k: f"{v:g}" if isinstance(v, float) else v for k, v in context.items()}


def _own(path: Path, context: dict[str, Any], tree: Block) -> Problem:
    """Problem that one of our own validators raised, perhaps on a key of the block."""
    key = context["key"]
    place = locate(tree, path)
    message = context["problem"]
    if key:
        return problem_at(tree, (*place.path, key), message, context["hint"])
    if not isinstance(place.node, Block) and "given:" not in message:
        message += f" (given: {written(place.node)})"
    if isinstance(place.node, Leaf):
        return _at_value(place, tree, message, context["hint"])
    return problem_at(tree, place.path, message, context["hint"])


def _unknown_kind(path: Path, context: dict[str, Any], tree: Block) -> Problem:
    tags = [tag.strip("'<>") for tag in context["expected_tags"].split(", ")]
    allowed = [tag for tag in tags if tag != NAMED]
    place = locate(tree, path)
    kind = place.node.get("kind") if isinstance(place.node, Block) else None
    if kind is None:
        return problem_at(
            tree, place.path, f"a block of keys is needed (given: {written(place.node)})"
        )
    given = written(kind)
    mark = kind.mark
    message = f"unknown kind (given: {given}; allowed: {', '.join(allowed)})"
    name = dotted(tree, (*place.path, "kind"))
    return Problem(mark.file, mark.line, mark.column, name, message, similar(given, allowed))


def _unknown_key(path: Path, owner: type[BaseModel] | None, tree: Block) -> Problem:
    known = _keys(owner)
    unused = [name for name in known if name not in _given(tree, path[:-1])]
    hint = similar(path[-1], unused) or similar(path[-1], known)
    message = "unknown key" if hint else f"unknown key (allowed: {', '.join(known)})"
    return problem_at(tree, path, message, hint)


def _given(tree: Block, path: Path) -> Iterable[str]:
    node = locate(tree, path).node
    return node.entries if isinstance(node, Block) else ()


def _keys(model: type[BaseModel] | None) -> list[str]:
    if model is None:
        return list(SOURCE_KEYS)
    return [info.alias or name for name, info in model.model_fields.items()]


def _owner(model: type[BaseModel], path: Iterable[str | int]) -> type[BaseModel] | None:
    """Find the model of the block at a validator's path, in which unions add their tag."""
    here = _blocks(model, path)
    return here[0] if len(here) == 1 and not _is_mapping(here[0]) else None


def _blocks(model: type[BaseModel], path: Iterable[str | int]) -> list[Any]:
    """Models that the block at a validator's path may have; a block of own keys as a mapping."""
    here: list[Any] = [model]
    for step in path:
        if isinstance(step, int):
            continue
        if len(here) == 1 and _is_mapping(here[0]):
            here = list(_models(get_args(here[0])[1]))
            continue
        tagged = [m for m in here if len(here) > 1 and step.strip("<>") in _kinds([m])]
        if tagged:
            here = tagged
            continue
        fields = (_field(candidate, step) for candidate in here if not _is_mapping(candidate))
        here = [found for annotation in fields for found in _models(annotation)]
    return here


def _is_mapping(annotation: Any) -> bool:
    return get_origin(annotation) is Mapping


def _kinds(models: Iterable[Any]) -> list[str]:
    """Kinds by which some models are told apart."""
    fields = (m.model_fields.get("kind") for m in models if not _is_mapping(m))
    return [kind for info in fields if info is not None for kind in get_args(info.annotation)]


def _field(model: type[BaseModel], key: str) -> Any:
    for name, info in model.model_fields.items():
        if key == (info.alias or name):
            return info.annotation
    return None


def _models(annotation: Any) -> Iterable[Any]:
    if _is_mapping(annotation) or (
        isinstance(annotation, type) and issubclass(annotation, BaseModel)
    ):
        return [annotation]
    if get_origin(annotation) in (Union, types.UnionType) or get_args(annotation):
        return [found for part in get_args(annotation) for found in _models(part)]
    return []
