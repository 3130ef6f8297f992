"""The randomisation service of a survival trial, asked for one patient after the other."""

from __future__ import annotations

from simulate.engines.draws import WordList
from simulate.patient.randomisation import (
    BLOCKS,
    MOST_PLACES,
    PLACE,
    POSITIONS,
    SIMPLE,
    TIE,
    RandomisationPlan,
    arm_by_places,
    count_in,
    list_of,
    minimising_arm,
    size_of_block,
)
from simulate.streams import Purpose, word


class Block:
    """A block of places, some of them taken."""

    def __init__(self, plan: RandomisationPlan, size: int) -> None:
        self.size = size
        self.taken = 0
        self.left = [share * (size // plan.ratio_total) for share in plan.allocation]


class Randomiser:
    """Gives every patient an arm, and remembers what it gave.

    Parameters
    ----------
    plan : RandomisationPlan
        Method and allocation; tables are lists.
    seed, replicate : int
        Of the trial.
    """

    def __init__(self, plan: RandomisationPlan, *, seed: int, replicate: int) -> None:
        self.plan = plan
        self._address = (seed, replicate)
        self._blocks: dict[int, list[Block]] = {}
        """Blocks of each list so far; the last is the open one."""
        n_rows = plan.n_rows + plan.n_regions
        self._totals = [0] * (n_rows * len(plan.allocation))
        self._scores = [0] * len(plan.allocation)

    def arm_of(self, words: WordList, *, stratum: int, cell: int, region: int) -> int:
        """Arm of the next patient, whose words of randomisation are given."""
        plan = self.plan
        if plan.method == BLOCKS:
            return self._from_block(list_of(plan, stratum, region))
        if plan.method == SIMPLE:
            return arm_by_places(plan.allocation, plan.ratio_total, words[PLACE])
        arm = minimising_arm(
            plan, self._totals, self._scores, cell, region, words[PLACE], words[TIE]
        )
        count_in(plan, self._totals, cell, region, arm)
        return arm

    def _from_block(self, number: int) -> int:
        """Take the next place of a list of blocks."""
        blocks = self._blocks.setdefault(number, [])
        if not blocks or blocks[-1].taken == blocks[-1].size:
            drawn = self._word(number, len(blocks), MOST_PLACES)
            blocks.append(Block(self.plan, size_of_block(self.plan, drawn)))
        block = blocks[-1]
        drawn = self._word(number, len(blocks) - 1, block.taken)
        arm = arm_by_places(block.left, block.size - block.taken, drawn)
        block.left[arm] -= 1
        block.taken += 1
        return arm

    def _word(self, number: int, block: int, position: int) -> int:
        seed, replicate = self._address
        return word(seed, number, replicate, Purpose.BLOCK, block * POSITIONS + position)
