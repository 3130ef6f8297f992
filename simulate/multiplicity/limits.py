"""How many hypotheses can share alpha."""

from __future__ import annotations

MOST_HYPOTHESES = 10
"""Hypotheses of a graph: the weights of all sets of rejected ones are tabulated."""
