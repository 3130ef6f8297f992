"""What stands at the end of every description: the what-ifs, and where the numbers come from."""

from __future__ import annotations

from collections import Counter

from simulate.describe.words import count, listing, paragraph, paragraphs
from simulate.scenario.grid import as_written
from simulate.scenario.head import Variant
from simulate.scenario.layered import LayeredScenario
from simulate.scenario.provenance import SOURCE_KINDS

_MOST_UNSTATED = 10


def what_ifs(scenario: LayeredScenario) -> list[str]:
    """The variants of the sweep, and what each of them changes; a grid in one sentence."""
    if not scenario.sweep:
        return paragraph("None.")
    of_grid = scenario.coordinates
    listed = (
        _variant(variant, scenario.replicates)
        for variant in scenario.sweep
        if variant.name not in of_grid
    )
    return paragraphs(*listed, _grid(scenario))


def _grid(scenario: LayeredScenario) -> str:
    """All combinations of a grid in one sentence; empty without a grid."""
    grid = scenario.grid
    if grid is None:
        return ""
    axes = listing(
        f"{path} = {', '.join(as_written(value) for value in values)}"
        for path, values in grid.fields.items()
    )
    trials = count(grid.replicates or scenario.replicates, "simulated trial")
    return f"A grid of {count(grid.size, 'variant')} ({trials} each): every combination of {axes}."


def _variant(variant: Variant, replicates: int) -> str:
    title = f"{variant.name}: {variant.title}" if variant.title else variant.name
    trials = count(variant.replicates or replicates, "simulated trial")
    changes = listing(f"{path} = {as_written(value)}" for path, value in variant.set.items())
    return f"{title} ({trials}). Sets {changes}."


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
