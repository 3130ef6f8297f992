"""Words by which scans are read: looked up in compiled code, or in plain Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from simulate.compiled import part
from simulate.engines.batch.survival_work import Words, look_up_entities
from simulate.engines.batch.words import KEY
from simulate.looks.review_plan import Review
from simulate.streams import Purpose, word_blocks

_READING = int(Purpose.READING)
_VISITS = int(Purpose.VISITS)
_NEW_THERAPY = int(Purpose.NEW_THERAPY)
_SWITCH = int(Purpose.SWITCH)


@part
def look_up_reading(review: Review, seed: int, replicate: int, n: int) -> None:
    """Look up the words of n patients: of each reader, of visits, and of later treatment."""
    plan, room = review.plan, review.room
    room.address[0], room.address[1] = seed & KEY, (seed >> 32) & KEY
    room.address[2] = replicate
    words = Words(room.words, room.lane)
    for position in range(len(plan.blocks)):
        block, at = plan.blocks[position], position * room.slot
        look_up_entities(words, at, seed, replicate, _READING, block, 0, n)
    if plan.misses == 1:
        look_up_entities(words, room.first_of_visits, seed, replicate, _VISITS, 0, 0, n)
    if plan.therapy.exists == 1:
        look_up_entities(words, room.first_of_therapy, seed, replicate, _NEW_THERAPY, 0, 0, n)
    if plan.switching.exists == 1:
        look_up_entities(words, room.first_of_switching, seed, replicate, _SWITCH, 0, 0, n)


def read_words(review: Review, *, seed: int, replicate: int) -> None:
    """Fill the words of one trial into the room of a review, whether of arrays or of lists.

    Parameters
    ----------
    review : Review
        With room for all patients.
    seed, replicate : int
        The address of the trial.
    """
    plan, room = review.plan, review.room
    n = len(room.end)
    if plan.is_needed == 0 or n == 0:
        return
    room.address[0], room.address[1] = seed & KEY, (seed >> 32) & KEY
    room.address[2] = replicate
    words: Any = room.words
    patients = np.arange(n)
    for at, purpose, block in _addresses(review):
        drawn = word_blocks(seed, patients, replicate, purpose, np.full(n, block))
        for lane in range(4):
            first = lane * room.lane + at
            values = drawn[:, lane]
            words[first : first + n] = values if isinstance(words, np.ndarray) else values.tolist()


def _addresses(review: Review) -> Iterator[tuple[int, int, int]]:
    """Where the words of a patient go, their purpose, and their block."""
    for position, block in enumerate(review.plan.blocks):
        yield position * review.room.slot, Purpose.READING, block
    yield review.room.first_of_visits, Purpose.VISITS, 0
    yield review.room.first_of_therapy, Purpose.NEW_THERAPY, 0
    if review.plan.switching.exists == 1:
        yield review.room.first_of_switching, Purpose.SWITCH, 0
