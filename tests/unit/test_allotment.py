"""Patients are allotted arms one after the other: against another randomiser, and compiled."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import pytest
from arms_example import RANDOMISED, randomised

from simulate.build_arms import build_trial_plan
from simulate.compiled import kernel
from simulate.distributions import IntArray, IntColumn, IntTable
from simulate.engines.reference import ReferenceEngine
from simulate.engines.survival_randomiser import Randomiser
from simulate.packed import pack, unpacked
from simulate.patient.allotment import (
    AllotmentPlan,
    Lists,
    allot,
    begin_lists,
    cell_of,
    new_lists,
    without_allotment,
)
from simulate.plan import TrialPlan, with_lists
from simulate.scenario.scenario import Scenario
from simulate.streams import Purpose, word

SEED, REPLICATE, N = 5, 9, 400
METHODS: dict[str, dict[str, Any]] = {
    "blocks": {"block_sizes": [3, 9, 6], "strata": ["visceral"]},
    "blocks by site": {"block_sizes": [3], "strata": ["visceral", "bone"], "by_site": True},
    "simple": {"method": "simple", "strata": ["visceral"]},
    "minimisation": {"method": "minimisation", "strata": ["bone", "visceral"]},
    "minimisation by site": {
        "method": "minimisation",
        "strata": ["visceral"],
        "minimisation": {"probability": 0.9, "factors": ["visceral", "ihc"]},
        "by_site": True,
    },
}


@pytest.fixture(params=METHODS)
def plan(request: pytest.FixtureRequest, scenario: Scenario) -> AllotmentPlan:
    """How two arms are allotted, two to one."""
    built = build_trial_plan(randomised(scenario, randomisation=METHODS[request.param]))
    assert isinstance(built, TrialPlan)
    return built.allotment


def some_patients(plan: AllotmentPlan) -> tuple[IntArray, IntArray]:
    """Cells and sites of many patients."""
    chance = np.random.default_rng(1)
    n_cells = len(plan.randomisation.stratum_of)
    return chance.integers(0, n_cells, N), chance.integers(0, plan.randomisation.n_regions, N)


def allotted(plan: AllotmentPlan, cells: IntArray, sites: IntArray) -> list[int]:
    """Arms by the rules, in plain Python."""
    listed, lists = with_lists(plan), with_lists(new_lists(plan.randomisation))
    begin_lists(lists)
    patients = enumerate(zip(cells.tolist(), sites.tolist(), strict=True))
    return [
        allot(listed.randomisation, lists, SEED, REPLICATE, number, cell, site)
        for number, (cell, site) in patients
    ]


def test_the_randomiser_of_survival_trials_gives_the_same_arms(plan: AllotmentPlan) -> None:
    """It keeps whole blocks; here what is left of each is counted."""
    cells, sites = some_patients(plan)
    randomiser = Randomiser(with_lists(plan.randomisation), seed=SEED, replicate=REPLICATE)
    expected = []
    for number, (cell, site) in enumerate(zip(cells.tolist(), sites.tolist(), strict=True)):
        words = [word(SEED, number, REPLICATE, Purpose.RANDOMISATION, i) for i in range(4)]
        stratum = int(plan.randomisation.stratum_of[cell])
        expected.append(randomiser.arm_of(words, stratum=stratum, cell=cell, region=site))

    assert allotted(plan, cells, sites) == expected
    assert min(Counter(expected).values()) > N / 4


class Room(NamedTuple):
    """All that the kernel reads and writes."""

    plan: AllotmentPlan
    lists: Lists
    cells: IntTable
    sites: IntTable
    arms: IntColumn


@kernel
def allot_compiled(block: IntArray, seed: int, replicate: int) -> None:
    """Allot all patients in compiled code."""
    room = unpacked(block, Room)
    begin_lists(room.lists)
    for number in range(len(room.cells)):
        room.arms[number] = allot(
            room.plan.randomisation,
            room.lists,
            seed,
            replicate,
            number,
            room.cells[number],
            room.sites[number],
        )


def test_compiled_code_gives_the_same_arms_trial_after_trial(plan: AllotmentPlan) -> None:
    cells, sites = some_patients(plan)
    room = Room(plan, new_lists(plan.randomisation), cells, sites, np.zeros(N, np.int64))
    packed = pack(room)

    for _ in range(2):
        allot_compiled(packed.block, SEED, REPLICATE)

        assert np.asarray(room.arms).tolist() == allotted(plan, cells, sites)


class Patient(NamedTuple):
    """A plan and the levels of one patient."""

    plan: AllotmentPlan
    levels: IntColumn


@kernel
def cell_compiled(block: IntArray) -> int:
    """A patient's cell in compiled code."""
    patient = unpacked(block, Patient)
    return cell_of(patient.plan, patient.levels)


def test_a_cell_is_a_combination_of_the_levels_that_matter(scenario: Scenario) -> None:
    how = {"block_sizes": [3], "strata": ["visceral", "ihc"]}
    trial = randomised(scenario, randomisation=how)
    plan = build_trial_plan(trial)
    assert isinstance(plan, TrialPlan)
    records = ReferenceEngine(plan).simulate(seed=1, replicate=0)
    level = {
        name: records.baseline[str(trial.baseline.variable(name).id)]
        for name in ("visceral", "ihc")
    }

    assert records.subjects["stratum"].tolist() == (3 * level["visceral"] + level["ihc"]).tolist()
    listed = with_lists(plan.allotment)
    for patient in range(records.n_patients):
        levels = np.array([column[patient] for column in records.baseline.values()])
        cell = cell_of(listed, levels.tolist())
        assert cell_compiled(pack(Patient(plan.allotment, levels)).block) == cell
        assert cell == 2 * level["ihc"][patient] + level["visceral"][patient]
        stratum = plan.allotment.randomisation.stratum_of[cell]
        assert stratum == records.subjects["stratum"][patient]


def test_blocks_are_balanced_within_strata_and_sites(scenario: Scenario) -> None:
    how = {"block_sizes": [3], "strata": ["visceral"], "by_site": True}
    trial = randomised(scenario, randomisation=how, sample_size=300)
    records = ReferenceEngine(build_trial_plan(trial)).simulate(seed=1, replicate=0)
    subjects = records.subjects
    lists: dict[tuple[int, int], list[int]] = {}
    for row in zip(*(subjects[n].tolist() for n in ("stratum", "site", "arm")), strict=True):
        lists.setdefault(row[:2], []).append(row[2])

    assert max(map(len, lists.values())) > 10
    for arms in lists.values():
        for start in range(0, len(arms) - len(arms) % 3, 3):
            assert sorted(arms[start : start + 3]) == [3, 3, 8]


def test_a_trial_of_one_arm_is_not_randomised(scenario: Scenario) -> None:
    records = ReferenceEngine(build_trial_plan(scenario)).simulate(seed=1, replicate=0)

    assert len(without_allotment().randomisation.allocation) == 1
    assert set(records.subjects["arm"]) == {1}
    assert set(records.subjects["stratum"]) == {0}
    assert RANDOMISED["arms"][0]["id"] != 1, "the number of an arm is its own"
