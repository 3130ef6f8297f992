"""What is told of two engines that make other survival trials: trials and looks damaged on purpose.

Both engines are the SimPy one here, and one of them is spoiled; nothing has to be compiled.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from small_randomised import small_survival

from simulate import check_looks as module
from simulate.check_looks import check_looks, text
from simulate.choose_engine import BATCH, REFERENCE
from simulate.engines.survival_reference import ReferenceSurvivalEngine
from simulate.survival_ledger import COLUMNS, SurvivalLedger
from simulate.survival_runner import ChunkOfLooks, SurvivalRunner

SIZE = 48


class Spoiled:
    """What the second engine gets wrong: a value of a patient, a trial's size, a look's number."""

    def __init__(self) -> None:
        self.replicate = -1
        self.column = ""
        self.patient = 0
        self.looks: dict[tuple[int, str, int], float] = {}

    def ledger(self, found: SurvivalLedger, replicate: int) -> SurvivalLedger:
        if replicate != self.replicate:
            return found
        if self.column == "n":
            return found._replace(n=np.array(found.n) - 1)
        column = np.array(getattr(found, self.column))
        column[self.patient] += 1
        return found._replace(**{self.column: column})

    def rows(self, found: ChunkOfLooks, replicates: range) -> ChunkOfLooks:
        for (replicate, look, column), value in self.looks.items():
            if replicate in replicates:
                found[look][replicate - replicates.start, column] = value
        return found


@pytest.fixture
def spoiled(monkeypatch: pytest.MonkeyPatch) -> Spoiled:
    """The second engine is the first one, but for what a test spoils."""
    wrong = Spoiled()

    class Engine(ReferenceSurvivalEngine):
        def simulate(self, *, seed: int, replicate: int, **options: Any) -> SurvivalLedger:
            return wrong.ledger(super().simulate(seed=seed, replicate=replicate), replicate)

    class Runner(SurvivalRunner):
        def __init__(self, trial: Any, *, seed: int, engine: str) -> None:
            super().__init__(trial, seed=seed, engine=REFERENCE)
            self._is_second = engine == BATCH

        def run(self, replicates: range) -> ChunkOfLooks:
            found = super().run(replicates)
            return wrong.rows(found, replicates) if self._is_second else found

    monkeypatch.setattr(module, "BatchSurvivalEngine", Engine)
    monkeypatch.setattr(module, "SurvivalRunner", Runner)
    monkeypatch.setattr(module, "_BLOCK", 2)
    return wrong


@pytest.mark.usefixtures("spoiled")
def test_equal_trials_are_counted() -> None:
    told: list[int] = []

    found = check_looks(small_survival(), seed=3, replicates=5, progress=told.append)

    runner = SurvivalRunner(small_survival(), seed=3, engine=REFERENCE)
    assert found.are_equal
    assert (found.replicates, found.rows) == (5, 5 * SIZE)
    assert found.statistics == 5 * 2 * len(runner.names)
    assert (found.engines, found.seed) == ((REFERENCE, BATCH), 3)
    assert sum(told) == 5
    assert text(found) == (
        "generic_two_arm, seed 3: 5 replicates by reference and by batch: equal to the last bit\n"
        f"  240 patients in every column\n  {found.statistics:,} numbers of looks"
    )


@pytest.mark.parametrize("column", COLUMNS)
def test_a_patient_who_differs_is_told_with_his_column(spoiled: Spoiled, column: str) -> None:
    spoiled.replicate, spoiled.column, spoiled.patient = 3, column, 6

    found = check_looks(small_survival(), seed=3, replicates=5)

    assert not found.are_equal
    assert found.replicates == 4, "up to the one that differs"
    difference = str(found.difference)
    assert difference.startswith(f"replicate 3, patient 6: {column} is ")
    assert " by reference and " in difference
    assert "DIFFERENT\n  replicate 3, patient 6" in text(found)


def test_a_patient_too_few_is_told(spoiled: Spoiled) -> None:
    spoiled.replicate, spoiled.column = 1, "n"

    found = check_looks(small_survival(), seed=3, replicates=3)

    assert found.difference == "replicate 1: 48 patients by reference, 47 by batch"


def test_a_number_of_a_look_that_differs_by_one_bit_is_told_with_its_name(
    spoiled: Spoiled,
) -> None:
    runner = SurvivalRunner(small_survival(), seed=3, engine=REFERENCE)
    z = runner.names.index("pfs.z")
    value = float(runner.run(range(4))["interim"][3, z])
    other = spoiled.looks[3, "interim", z] = math.nextafter(value, 9.0)

    found = check_looks(small_survival(), seed=3, replicates=5)

    assert found.difference == (
        f"replicate 3, interim: pfs.z is {value!r} by reference and {other!r} by batch"
    )


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_what_is_nan_in_both_is_the_same_whatever_its_bits(spoiled: Spoiled, sign: float) -> None:
    runner = SurvivalRunner(small_survival(), seed=3, engine=REFERENCE)
    rows = runner.run(range(2))["interim"]
    replicate, column = np.argwhere(np.isnan(rows))[0].tolist()
    spoiled.looks[replicate, "interim", column] = math.copysign(math.nan, sign)
    assert check_looks(small_survival(), seed=3, replicates=2).are_equal

    spoiled.looks[replicate, "interim", column] = 0.0
    found = check_looks(small_survival(), seed=3, replicates=2)
    assert f"{runner.names[column]} is " in str(found.difference)
