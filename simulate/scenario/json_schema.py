"""The JSON Schema of scenario files, for editors.

Made from the models, with what reading a file allows beside them: sources on any block, the form
``{value: …, source: …, at: …, note: …}`` for any single value or list, and files that extend
another and so may leave out anything.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from pydantic import BaseModel

from simulate.scenario.fields import (
    DOSE_SCHEMA,
    DURATION_SCHEMA,
    PROBABILITY_SCHEMA,
    RATE_SCHEMA,
)
from simulate.scenario.provenance import SOURCE_KINDS
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.trial import Trial

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string", "minLength": 1}
_SOURCE_DEFINITIONS: dict[str, Schema] = {
    "source": {
        "enum": list(SOURCE_KINDS),
        "description": "Where the numbers here come from.",
    },
    "at": {**_TEXT, "description": "Where in the source, or how, why, or whose."},
    "note": {**_TEXT, "description": "Anything else worth saying."},
}
_SOURCE_PROPERTIES: Schema = {key: {"$ref": f"#/$defs/{key}"} for key in _SOURCE_DEFINITIONS}
_NO_SOURCE_KEY = f"^(?!({'|'.join(_SOURCE_DEFINITIONS)})$)"
_EXTENDS: Schema = {
    **_TEXT,
    "description": "Scenario file whose content this one changes, seen from this file.",
}
_NULL: Schema = {"type": "null"}
_PARTIAL = "Partial"
_MODELS = (Trial, SurvivalTrial)
_SURVIVAL = "survival"
_QUANTITIES = {
    "duration": DURATION_SCHEMA,
    "rate": RATE_SCHEMA,
    "dose": DOSE_SCHEMA,
    "probability": PROBABILITY_SCHEMA,
}


def schema_text() -> str:
    """Give the schema of scenario files as JSON text."""
    return as_text(scenario_schema())


def as_text(schema: Schema) -> str:
    """Give a schema as JSON text with one definition a line, so that changes can be read."""
    schema = dict(schema)
    definitions = schema.pop("$defs")
    defined = ",\n".join(f"  {_json(name)}: {_json(item)}" for name, item in definitions.items())
    head = "".join(f" {_json(key)}: {_json(value)},\n" for key, value in schema.items())
    return f'{{\n{head} "$defs": {{\n{defined}\n }}\n}}\n'


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def scenario_schema() -> Schema:
    """Build the schema of a scenario file (JSON Schema, draft 2020-12)."""
    definitions: dict[str, Schema] = {}
    for model in _MODELS:
        made = model.model_json_schema(by_alias=True)
        definitions |= made.pop("$defs")
        definitions[model.__name__] = made
    # The point {at: 12 months, value: 0.76} keeps `at` for the time.
    time_of_point = _tidy(definitions["Survival"]["properties"]["at"])
    definitions = {name: _with_sources(_tidy(block)) for name, block in definitions.items()}
    definitions["Survival"]["properties"]["at"] = time_of_point
    for model in _MODELS:
        definitions[model.__name__]["properties"]["extends"] = _EXTENDS
    partial = {f"{_PARTIAL}{name}": _partial(block) for name, block in definitions.items()}
    shared = {
        name: _map(block, _refer) for name, block in {**definitions, **_used(partial)}.items()
    }
    names = [model.__name__ for model in _MODELS]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A scenario of simulate",
        "description": "One oncology trial: patients, treatment, scans, follow-up and analyses; "
        "or, with the key survival, a randomised trial with plain survival models.",
        "if": {"type": "object", "required": ["extends"]},
        "then": {"anyOf": [{"$ref": f"#/$defs/{_PARTIAL}{name}"} for name in names]},
        "else": {
            "if": {"type": "object", "required": [_SURVIVAL]},
            "then": {"$ref": f"#/$defs/{SurvivalTrial.__name__}"},
            "else": {"$ref": f"#/$defs/{Trial.__name__}"},
        },
        "$defs": dict(sorted({**_SOURCE_DEFINITIONS, **_QUANTITIES, **shared}.items())),
    }


def file_schema(model: type[BaseModel], *, title: str, description: str) -> Schema:
    """Build the schema of another kind of file whose numbers may state their sources.

    Parameters
    ----------
    model
        What the file says.
    title, description
        What to tell the reader of the schema.
    """
    made = model.model_json_schema(by_alias=True)
    definitions: dict[str, Schema] = made.pop("$defs")
    definitions[model.__name__] = made
    blocks = {name: _with_sources(_tidy(block)) for name, block in definitions.items()}
    shared = {name: _map(block, _refer) for name, block in blocks.items()}
    text = json.dumps(shared)
    quantities = {k: v for k, v in _QUANTITIES.items() if f'"#/$defs/{k}"' in text}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": description,
        "$ref": f"#/$defs/{model.__name__}",
        "$defs": dict(sorted({**_SOURCE_DEFINITIONS, **quantities, **shared}.items())),
    }


def _tidy(schema: Schema) -> Schema:
    """Drop what editors do not need: generated titles, and the discriminators of OpenAPI."""
    tidied: Schema = _map(schema, _tidy_one)
    return tidied


def _tidy_one(schema: Schema) -> Schema:
    kept = {k: v for k, v in schema.items() if k != "discriminator"}
    if kept.get("default", "") is None:
        del kept["default"]
    if isinstance(kept.get("title"), str):
        del kept["title"]
    if isinstance(kept.get("description"), str):
        kept["description"] = " ".join(kept["description"].split())
    return kept


def _refer(schema: Schema) -> Schema:
    """Write a quantity once, and refer to it everywhere else."""
    for name, quantity in _QUANTITIES.items():
        if all(schema.get(key) == value for key, value in quantity.items()):
            rest = {key: value for key, value in schema.items() if key not in quantity}
            return {**rest, "$ref": f"#/$defs/{name}"}
    return schema


def _map(node: Any, change: Any) -> Any:
    """Rebuild a schema with a function applied to every mapping that is itself a schema."""
    if isinstance(node, list):
        return [_map(item, change) for item in node]
    if not isinstance(node, dict):
        return node
    rebuilt: Schema = {}
    for key, value in change(node).items():
        if key in ("properties", "patternProperties"):
            rebuilt[key] = {name: _map(item, change) for name, item in value.items()}
        elif key in ("default", "const", "enum", "examples"):
            rebuilt[key] = value
        else:
            rebuilt[key] = _map(value, change)
    return rebuilt


def _with_sources(block: Schema) -> Schema:
    """Let a block hold source keys, and each of its single values and lists be wrapped."""
    properties = {name: _wrappable(item) for name, item in block["properties"].items()}
    return {**block, "properties": {**properties, **_SOURCE_PROPERTIES}}


def _wrappable(field: Schema) -> Schema:
    outer: Schema = {key: field[key] for key in ("description", "default") if key in field}
    inner = {key: value for key, value in field.items() if key not in outer}
    if _NULL in inner.get("anyOf", []):
        options = [option for option in inner["anyOf"] if option != _NULL]
        return {**outer, "anyOf": [*(_wrappable(option) for option in options), _NULL]}
    if "additionalProperties" in inner or "patternProperties" in inner:
        return {**outer, **_with_own_keys(inner)}
    if _is_block(inner) or "const" in inner:
        return field
    wrapper: Schema = {
        "type": "object",
        "properties": {"value": inner, **_SOURCE_PROPERTIES},
        "required": ["value"],
        "additionalProperties": False,
    }
    return {**outer, "anyOf": [inner, wrapper]}


def _with_own_keys(block: Schema) -> Schema:
    """Let a block with keys of the user's own (weights, conditions, groups) hold source keys."""
    changed = {**block, "properties": _SOURCE_PROPERTIES}
    if isinstance(block.get("additionalProperties"), dict):
        changed["additionalProperties"] = _wrappable(block["additionalProperties"])
    if "patternProperties" in block:
        # the keys of sources are names, too, but what they hold is no value of the block
        changed["patternProperties"] = {
            pattern.replace("^", _NO_SOURCE_KEY, 1): _wrappable(value)
            for pattern, value in block["patternProperties"].items()
        }
        changed["additionalProperties"] = False
    names = block.get("propertyNames", {})
    if "enum" in names:
        changed["propertyNames"] = {"enum": [*names["enum"], *_SOURCE_PROPERTIES]}
    return changed


def _is_block(field: Schema) -> bool:
    options = [o for key in ("anyOf", "oneOf") for o in field.get(key, [])]
    if options:
        return any(_is_block(option) for option in options)
    return "$ref" in field


def _partial(block: Schema) -> Schema:
    """Give the same block with nothing required, as in a file that extends another.

    Lists are replaced whole, so what stands inside a list stays complete.
    """
    changed = copy.deepcopy(block)
    changed.pop("required", None)
    if "extends" in changed["properties"]:
        changed["required"] = ["extends", "name"]
    changed["properties"] = {k: _loosened(v) for k, v in changed["properties"].items()}
    return changed


def _loosened(field: Any) -> Any:
    if isinstance(field, list):
        return [_loosened(item) for item in field]
    if not isinstance(field, dict) or field.get("type") == "array":
        return field
    loose: Schema = {}
    for key, value in field.items():
        if key == "$ref":
            name = value.removeprefix("#/$defs/")
            known = name in _SOURCE_DEFINITIONS
            loose[key] = value if known else f"#/$defs/{_PARTIAL}{name}"
        elif key == "oneOf":
            loose["anyOf"] = _loosened(value)
        elif key in ("anyOf", "additionalProperties"):
            loose[key] = _loosened(value)
        elif key in ("properties", "patternProperties"):
            loose[key] = {name: _loosened(item) for name, item in value.items()}
        else:
            loose[key] = value
    return loose


def _used(definitions: dict[str, Schema]) -> dict[str, Schema]:
    """Keep the definitions that the top level leads to."""
    kept: dict[str, Schema] = {}
    waiting = [f"{_PARTIAL}{model.__name__}" for model in _MODELS]
    while waiting:
        name = waiting.pop()
        if name in kept or name not in definitions:
            continue
        kept[name] = definitions[name]
        text = json.dumps(definitions[name])
        waiting.extend(part.split('"')[0] for part in text.split('"#/$defs/')[1:])
    return kept
