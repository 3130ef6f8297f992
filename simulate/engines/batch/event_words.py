"""The words of adverse events in the batch engine: few of them bring one, and those are found.

A patient has a word for every term in every cycle, thousands in all, and about one in sixty brings
an event. So the words of all cycles to come are made in one loop, compared there with a bound that
is a little too high on purpose, and only those below it are *prospects*, about which is decided
when their cycle comes.
"""

from __future__ import annotations

from simulate.bits import lifted, lowest_bit
from simulate.compiled import part, routine, stay_apart
from simulate.engines.batch.layout import BLOCKS_OF_CYCLE, EventLayout
from simulate.engines.batch.life import END_PROSPECTS, NEXT_PROSPECT, Life
from simulate.engines.batch.words import GROUP, KEY, look_up
from simulate.patient.toxicity import HAEMATOLOGICAL, OTHER
from simulate.streams import Purpose, philox4x32

CYCLE_STRIDE = 256
WORDS_OF_EVENT = 64
"""An event's further words begin at its index times this."""

_EVENT = int(Purpose.ADVERSE_EVENT)
_BITS = 64  # marks of one word


@part
def find_prospects(
    layout: EventLayout,
    life: Life,
    seed: int,
    replicate: int,
    number: int,
    cycle: int,
    n_cycles: int,
    variant: int,
) -> None:
    """Make the words of some cycles from one on, and list what they may bring.

    ``variant`` says which bound on the rates holds in these cycles.
    """
    n = n_cycles * layout.n_blocks
    row = (variant * layout.n_cycles + cycle) * layout.n_blocks
    mark_blocks(layout, life, seed, replicate, number, cycle, row, n)
    for group in range((n + _BITS - 1) // _BITS):
        list_prospects(layout, life, group, row, cycle)


@routine
def mark_blocks(
    layout: EventLayout,
    life: Life,
    seed: int,
    replicate: int,
    number: int,
    cycle: int,
    row: int,
    n: int,
) -> None:
    """Make ``n`` blocks of words from a cycle on, and mark those that may bring an event.

    A block is compared in the loop that makes it, while it is still in the processor. ``row`` is
    that of the bounds of the first block. The marks are bits, those of 64 blocks in one number.
    """
    stay_apart()
    low, high, shift = seed & KEY, (seed >> 32) & KEY, cycle * BLOCKS_OF_CYCLE
    words, blocks, highest = life.event_words, layout.blocks, layout.highest
    blood, other = life.frailties[HAEMATOLOGICAL], life.frailties[OTHER]
    of_blood = row + 2 * layout.n_cycles * layout.n_blocks
    of_other = of_blood + 2 * layout.n_cycles * layout.n_blocks
    second, third, fourth = layout.n_looked_up, 2 * layout.n_looked_up, 3 * layout.n_looked_up
    for group in range((n + _BITS - 1) // _BITS):
        first, marked = group * _BITS, 0
        size = min(n - first, _BITS)
        for j in range((size + GROUP - 1) // GROUP * GROUP):
            i = first + j
            a, b, c, d = philox4x32(number, replicate, _EVENT, blocks[i] + shift, low, high)
            words[i] = a
            words[second + i] = b
            words[third + i] = c
            words[fourth + i] = d
            bound = highest[row + i] + blood * highest[of_blood + i] + other * highest[of_other + i]
            marked = marked | (int(lifted(min(min(a, b), min(c, d))) < bound) << j)
        life.marks[group] = marked & ((2 << (size - 1)) - 1)


@part
def list_prospects(layout: EventLayout, life: Life, group: int, row: int, cycle: int) -> None:
    """List the words of a group's marked blocks that may bring an event, cycle by cycle.

    ``row`` is that of the bounds of the first block of all.
    """
    found, words, spots = life.prospects, life.event_words, life.spots
    size, n = layout.n_looked_up, 0
    marked = life.marks[group]
    while marked != 0:
        i = group * _BITS + lowest_bit(marked)
        marked = marked & (marked - 1)
        slot, at = 4 * layout.block_of[i], 4 * (row + i)
        # written before it is known whether it counts: a branch would be foreseen wrongly
        spots[n] = 4 * i
        n = n + may_happen(layout, life, words[i], slot, at)
        spots[n] = 4 * i + 1
        n = n + may_happen(layout, life, words[size + i], slot + 1, at + 1)
        spots[n] = 4 * i + 2
        n = n + may_happen(layout, life, words[2 * size + i], slot + 2, at + 2)
        spots[n] = 4 * i + 3
        n = n + may_happen(layout, life, words[3 * size + i], slot + 3, at + 3)
    first = life.now[END_PROSPECTS]
    for j in range(n):
        i, lane, prospect = spots[j] >> 2, spots[j] & 3, first + j
        slot = 4 * layout.block_of[i] + lane
        address = (cycle + layout.cycle_of[i]) * CYCLE_STRIDE + layout.id_of[slot]
        found.cycle[prospect] = cycle + layout.cycle_of[i]
        found.term[prospect] = layout.term_of[slot]
        found.word[prospect] = words[lane * size + i]
        found.address[prospect] = address
        life.further_blocks[detail_row(prospect)] = address
        life.further_blocks[related_row(prospect)] = address * (WORDS_OF_EVENT >> 2)
    life.now[END_PROSPECTS] = first + n


@part
def may_happen(layout: EventLayout, life: Life, drawn: int, slot: int, at: int) -> int:
    """1 if a word may bring the event of its slot, ``at`` being the place of its bound."""
    return int(drawn < layout.bound[at] * life.frailties[layout.kind_of[slot]])


@part
def look_up_further(life: Life, seed: int, replicate: int, number: int) -> None:
    """Look up the further words of the prospects that are still to come."""
    first = 2 * life.now[NEXT_PROSPECT]
    n = 2 * ((life.now[END_PROSPECTS] + GROUP - 1) // GROUP * GROUP) - first
    look_up(
        life.further, first, seed, number, replicate, life.further_purposes, life.further_blocks, n
    )


@part
def detail_row(prospect: int) -> int:
    """Row of a prospect's words of grade, onset, duration and seriousness."""
    return 2 * prospect - (prospect & (GROUP - 1))


@part
def related_row(prospect: int) -> int:
    """Row of a prospect's words of relatedness."""
    return detail_row(prospect) + GROUP
