"""Some patients of a trial, for what is long and needed by few of them.

A short loop that runs in SIMD marks who may need it; then they are listed, and only their rows are
gone through. That is quicker than to ask patient by patient, because a processor guesses the
answer, and often wrongly.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.compiled import rule
from simulate.distributions import ShortColumn


class Chosen(NamedTuple):
    """Room to choose patients, an entry a patient."""

    mark: ShortColumn
    """1 for those who are chosen, 0 for others."""
    number: ShortColumn
    """The numbers of those who are chosen, in their order."""


@rule
def list_chosen(chosen: Chosen, n: int) -> int:
    """List those of the first n patients who are marked, and give how many they are."""
    listed = 0
    for i in range(n):
        chosen.number[listed] = i
        listed += chosen.mark[i]
    return listed
