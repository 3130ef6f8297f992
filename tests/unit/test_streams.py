"""Words by address: Random123's known answers, and the unit exponential made of a word."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulate.streams import (
    WORD_RANGE,
    Purpose,
    philox4x32,
    unit_exponential,
    unit_exponentials,
    word,
    words,
)

# Random123, examples/kat_vectors, "philox4x32 10": counter, key, result
KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000",
     "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
     "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
     "d16cfe09 94fdcceb 5001e420 24126ea1"),
]  # fmt: skip

# For ever: a changed number changes every simulated patient, a reused one correlates two decisions.
PURPOSES = {
    "ARRIVAL_DAY": 1,
    "ARRIVAL_SITE": 2,
    "SITE_RATE": 8,
    "SITE_ACTIVATION": 9,
    "SITE_ARRIVAL": 10,
    "SITE_SCREENING": 11,
    "REGION_ARRIVALS": 12,
    "BLOCK": 16,
    "BASELINE": 32,
    "BASELINE_SCAN": 33,
    "RESPONSE": 34,
    "PROGRESSION": 35,
    "DEATH_WITHOUT_PROGRESSION": 36,
    "DEATH_AFTER_PROGRESSION": 37,
    "WITHDRAWAL": 38,
    "LAST_CONTACT": 39,
    "VISIT_DAY": 40,
    "VISIT_MISSED": 41,
    "CLINICAL_PROGRESSION": 42,
    "PLANNED_CYCLES": 43,
    "DELAY_MEAN": 44,
    "DELAY": 45,
    "FRAILTY": 46,
    "ADVERSE_EVENT": 47,
    "ADVERSE_EVENT_DETAIL": 48,
    "ADVERSE_EVENT_RELATED": 49,
    "DOSING_RULE": 50,
    "WITHDRAWAL_CAUSE": 51,
    "INFUSION": 52,
    "RANDOMISATION": 64,
    "SURVIVAL": 65,
    "READING": 66,
    "VISITS": 67,
    "NEW_THERAPY": 68,
    "SWITCH": 70,
    "OBJECTIVE_RESPONSE": 72,
}

EDGE_WORDS = sorted(
    {0, 1, 2, 3, WORD_RANGE - 1, WORD_RANGE - 2, WORD_RANGE - 3}
    | {2**k + step for k in range(1, 32) for step in (-1, 0, 1)}
    | {WORD_RANGE - 2**k + step for k in range(1, 32) for step in (-1, 0, 1)}
    # 1 - u passes 2^-1/2, where the series changes its argument
    | {round(WORD_RANGE * (1 - 2**-0.5)) + step for step in range(-3, 4)}
)

u32 = st.integers(0, 2**32 - 1)


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part, 16) for part in text.split())


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_philox_gives_the_known_answers_of_random123(counter: str, key: str, answer: str) -> None:
    assert philox4x32(*numbers(counter), *numbers(key)) == numbers(answer)


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_a_word_is_a_lane_of_the_block_at_its_address(counter: str, key: str, answer: str) -> None:
    entity, replicate, purpose, block = numbers(counter)
    low, high = numbers(key)
    seed = high << 32 | low

    lanes = [word(seed, entity, replicate, purpose, 4 * block + lane) for lane in range(4)]

    assert tuple(lanes) == numbers(answer)


def test_the_vectorised_words_give_the_known_answer() -> None:
    assert words(0, [0], 0, [(0, 1)])[0].tolist() == list(numbers(KNOWN_ANSWERS[0][2]))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**64 - 1),
    entities=st.lists(u32, min_size=1, max_size=3),
    replicate=u32,
    layout=st.lists(st.tuples(u32, st.integers(1, 4)), min_size=1, max_size=3),
)
def test_words_are_the_word_of_every_address(
    seed: int, entities: list[int], replicate: int, layout: list[tuple[int, int]]
) -> None:
    table = words(seed, entities, replicate, layout)

    addresses = [(purpose, index) for purpose, n in layout for index in range(4 * n)]
    assert table.dtype == np.uint32
    assert table.tolist() == [
        [word(seed, entity, replicate, purpose, index) for purpose, index in addresses]
        for entity in entities
    ]


def test_every_part_of_an_address_matters() -> None:
    address = [20250, 7, 3, int(Purpose.RESPONSE), 1]
    changed = [[*address[:i], address[i] + 1, *address[i + 1 :]] for i in range(5)]
    changed.append([address[0] + 2**32, *address[1:]])  # the upper half of the seed

    assert len({word(*one) for one in [address, *changed]}) == 7


def test_the_number_of_a_purpose_never_changes() -> None:
    assert {purpose.name: int(purpose) for purpose in Purpose} == PURPOSES


def test_no_two_purposes_share_a_number() -> None:
    assert len(Purpose.__members__) == len({int(purpose) for purpose in Purpose})


def random_words(n: int) -> np.ndarray:
    return words(99, range(n // 4), 0, [(77, 1)]).ravel()


def test_the_unit_exponential_is_minus_the_logarithm_of_1_minus_u() -> None:
    with localcontext() as context:
        context.prec = 40
        for w in [*EDGE_WORDS, *random_words(800).tolist()]:
            upper = 1 - (Decimal(w) + Decimal("0.5")) / WORD_RANGE
            exact = -upper.ln()
            assert abs(Decimal(unit_exponential(w)) - exact) <= Decimal("1e-15") * exact, w


def test_the_vectorised_unit_exponential_has_the_same_bits() -> None:
    some = np.concatenate([np.array(EDGE_WORDS, np.uint32), random_words(8_000)])

    assert unit_exponentials(some).tolist() == [unit_exponential(w) for w in some.tolist()]


def test_the_unit_exponential_never_falls_as_the_word_rises() -> None:
    some = np.unique(np.concatenate([np.array(EDGE_WORDS, np.uint32), random_words(20_000)]))

    assert np.all(np.diff(unit_exponentials(some)) >= 0)


def test_the_unit_exponential_is_finite_and_positive_at_both_ends() -> None:
    assert unit_exponential(0) == pytest.approx(2**-33, rel=1e-9)
    assert unit_exponential(WORD_RANGE - 1) == pytest.approx(33 * math.log(2), rel=1e-15)
