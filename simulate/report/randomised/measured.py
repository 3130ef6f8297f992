"""Operating characteristics of the variants of a sweep."""

from __future__ import annotations

from simulate.report.randomised.view import Characteristics, RandomisedView


def measured_of(view: RandomisedView, variant: str) -> Characteristics:
    """Operating characteristics of a variant, by its short name."""
    table = view.result.variants_operating
    full = view.scenario.variant(variant).name
    return Characteristics(table[table["scenario"] == full])
