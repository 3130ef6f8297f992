"""What stands at the end of every description: the what-ifs, and where the numbers come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from simulate.describe.words import count, listing, paragraph, paragraphs
from simulate.scenario.fields import SOURCE_KEYS
from simulate.scenario.head import Variant
from simulate.scenario.layered import LayeredScenario
from simulate.scenario.provenance import SOURCE_KINDS

_MOST_UNSTATED = 10


def what_ifs(scenario: LayeredScenario) -> list[str]:
    """The variants of the sweep, and what each of them changes."""
    if not scenario.sweep:
        return paragraph("None.")
    return paragraphs(*(_variant(variant, scenario.replicates) for variant in scenario.sweep))


def _variant(variant: Variant, replicates: int) -> str:
    title = f"{variant.name}: {variant.title}" if variant.title else variant.name
    trials = count(variant.replicates or replicates, "simulated trial")
    changes = listing(f"{path} = {value_in_words(value)}" for path, value in variant.set.items())
    return f"{title} ({trials}). Sets {changes}."


def value_in_words(value: Any) -> str:
    """A value of a what-if or an override as the file has it, without its sources."""
    if isinstance(value, Mapping):
        if "value" in value and "kind" not in value:
            return value_in_words(value["value"])
        pairs = (f"{k}: {value_in_words(v)}" for k, v in value.items() if k not in SOURCE_KEYS)
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(value_in_words, value))}]"
    return "null" if value is None else str(value)


def sources(scenario: LayeredScenario) -> list[str]:
    """Where the numbers of the scenario come from."""
    register = scenario.register()
    counts = Counter(row.source for row in register)
    kinds = [*SOURCE_KINDS, "not stated"]
    numbers = listing(f"{counts[kind]} {kind}" for kind in kinds)
    unstated = [row.path for row in register if row.source == "not stated"]
    shown = [*unstated[:_MOST_UNSTATED], *(["..."] if len(unstated) > _MOST_UNSTATED else [])]
    return paragraphs(
        f"{count(len(register), 'number or date', 'numbers and dates')}: {numbers}.",
        f"Without a source: {', '.join(shown)}." if unstated else "",
    )
