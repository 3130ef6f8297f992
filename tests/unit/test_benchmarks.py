"""The benchmarks work and count right, on sizes so small that no time says anything."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest
from conftest import KN026

from benchmarks.commands import FIRST_CHUNK, peak_of
from benchmarks.first_chunk import DONE, NOT_COMPILED, ending_bars
from benchmarks.measure import Piece, Times, in_turn, ratio
from benchmarks.randomised import (
    BOTH,
    COMBINED,
    EXACT,
    READ,
    SCANNED,
    RandomisedSizes,
    sweep,
    workloads,
)
from benchmarks.randomised import over_patients as trials_of
from benchmarks.scaling import over_patients, over_replicates
from benchmarks.stages import Sizes, stages
from benchmarks.table import Target, number, table, targets_table, times_table
from benchmarks.targets import memory_target, randomised_targets, stage_targets, start_target
from benchmarks.word_count import WordCount, word_count
from benchmarks.words_alone import WordsAlone
from simulate.engines.batch.layout import layout_of
from simulate.engines.batch.words import GROUP, whole_groups
from simulate.plan import Plan
from simulate.records import TrialRecords
from simulate.scenario.scenario import Scenario
from simulate.streams import Purpose, word

SMALL_RANDOMISED = RandomisedSizes(batch=2, simpy=1)
SMALL = Sizes(batch=4, chunk=2, simpy=1)


def test_pieces_are_timed_in_turn() -> None:
    done: list[str] = []
    pieces = {
        "a": Piece(lambda: done.append("a"), 10),
        "b": Piece(lambda: done.append("b"), most_rounds=1),
    }
    times = in_turn(pieces, rounds=3)
    assert done == ["a", "b", "a", "a"]
    assert [len(times[name].rounds) for name in "ab"] == [3, 1]


def test_ratio_of_the_quietest_rounds_and_within_rounds() -> None:
    found = ratio(Times((6.0, 8.0, 30.0)), Times((2.0, 4.0, 10.0)))
    assert found.of_minima == 3
    assert found.median == 3
    assert Times((4.0, 1.0, 2.0)).minimum == 1
    assert Times((4.0, 1.0, 2.0)).median == 2


def test_table_is_aligned() -> None:
    assert table(["what", "us"], [["a", "1.00"], ["longer", "12.0"]]).splitlines() == [
        "what      us",
        "------  ----",
        "a       1.00",
        "longer  12.0",
    ]


def test_times_are_shown_with_their_ratios() -> None:
    times = {"a": Times((1e-6, 3e-6)), "b": Times((2e-6, 8e-6))}
    *_, last = times_table("", times, scale=1e6, over="a").splitlines()
    assert last.split() == ["b", "2.00", "5.00", "2.00", "2.50"]


def test_numbers_have_three_digits() -> None:
    assert [number(x) for x in (0.123, 12.345, 1234.5)] == ["0.12", "12.3", "1,234"]


@pytest.mark.parametrize(
    ("target", "verdict"),
    [
        (Target("a", 8, 8.0), "yes"),
        (Target("a", 8, 8.1), "NO"),
        (Target("a", 300, 301, at_least=True), "yes"),
        (Target("a", 300, 299, at_least=True), "NO"),
        (Target("a", 300), "not measured"),
        (memory_target(None), "only with BENCH_LONG=1"),
    ],
)
def test_a_target_is_said_to_be_reached_only_if_it_is(target: Target, verdict: str) -> None:
    assert target.verdict == verdict
    assert targets_table([target]).endswith(verdict)


def test_every_stage_and_target_is_there(scenario: Scenario) -> None:
    count = WordCount(16.0, 2.0, 8.0, 1.0)
    times = in_turn(stages(scenario, count, SMALL), rounds=1)
    targets = stage_targets(times)
    assert len(times) == len(targets) == 6
    assert all(target.measured is not None and target.measured > 0 for target in targets)
    assert start_target({FIRST_CHUNK: Times((2.0, 3.0))}).is_met


def test_scaling_runs_what_it_says(scenario: Scenario) -> None:
    replicates = over_replicates(scenario, (3, 5))
    patients = over_patients(scenario, (4, 8), in_all=16)
    assert [piece.size for piece in replicates.values()] == [3, 5]
    assert [piece.work() for piece in patients.values()] == [4, 2]
    assert [piece.size for piece in patients.values()] == [16, 16]
    in_turn(replicates, rounds=1)


def test_random_numbers_are_counted_as_the_trial_needs_them(
    plan: Plan, trials: tuple[TrialRecords, ...]
) -> None:
    count, layout = word_count(KN026, replicates=1), layout_of(plan)
    doses, n = trials[0].doses, plan.enrolment.n_patients
    given = np.asarray(doses["given"]) == 1
    patients, cycles = np.asarray(doses["patient"])[given], np.asarray(doses["cycle"])[given]
    n_cycles = len(set(zip(patients, cycles, strict=True)))
    arrivals = 2 * whole_groups((n + 3) // 4)
    patient = layout.patient.n_fixed + GROUP  # a group of delays at least
    fewest = arrivals + n * patient + n_cycles * layout.events.n_blocks
    assert fewest < count.blocks_in_loops < 1.3 * fewest
    assert count.blocks_in_loops % GROUP == 0
    assert count.single_blocks >= 2 * len(plan.enrolment.site_ids)
    assert count.exponentials_in_loops % (4 * GROUP) == 0
    assert count.exponentials_in_loops >= 4 * GROUP * n


def test_the_words_made_are_those_of_the_streams() -> None:
    seed, replicates = 7, range(3, 5)
    found = WordsAlone(WordCount(70.0, 3.0, 0.0, 0.0), seed=seed).run(replicates)
    # 70 are filled up to 72: a loop of 64 blocks and one of 8, the last word of each is added
    looped = [
        word(seed, entity, r, Purpose.ADVERSE_EVENT, 4 * block + 3)
        for r in replicates
        for entity, block in ((0, 63), (1, 7))
    ]
    single = [word(seed, 0, r, Purpose.DOSING_RULE, i) for r in replicates for i in range(3)]
    assert found == sum(looped) + sum(single)


def test_peak_memory_is_that_of_the_command_alone() -> None:
    ballast = np.ones(300 * 2**17)  # 300 MiB here are no part of it
    found = peak_of([sys.executable, "-c", "x = b'x' * (200 * 2**20)"])
    assert 200 < found.mib < 260
    assert found.seconds > 0
    assert ballast.all()


def test_the_command_ends_at_the_first_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    with ending_bars() as step:
        advance = step("kn026_phase2", 100)
        advance(0)
        assert ended == []
        advance(100)
        step("compiling (once)", 1)
    assert ended == [DONE, NOT_COMPILED]


def test_randomised_workloads_run_and_are_counted() -> None:
    pieces = workloads(SMALL_RANDOMISED)
    assert [piece.work() for piece in pieces.values()] == [piece.size for piece in pieces.values()]
    sizes = trials_of((880, 1_760), in_all=1_760)
    assert [piece.size for piece in sizes.values()] == [1_760, 1_760]
    assert [piece.work() for piece in sizes.values()] == [2, 1]


def test_the_sweep_is_a_grid_of_variants() -> None:
    result = sweep(cells=2, replicates=3, workers=1).work()
    assert len(result.variants) == 2


def test_targets_of_randomised_trials() -> None:
    times = {
        EXACT: Times((19e-6,)),
        SCANNED: Times((41e-6,)),
        COMBINED: Times((61e-6,)),
        BOTH: Times((40e-6,)),
        READ: Times((42e-6,)),
    }
    patients = {"880": Times((2.0,)), "60,000": Times((2.5,))}
    found = randomised_targets(times, patients, Times((61.0,)))
    assert [target.is_met for target in found] == [True, False, False, True, False, True, False]
