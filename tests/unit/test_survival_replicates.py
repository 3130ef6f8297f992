"""Replicates of randomised survival trials: the same numbers however they are run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulate import survival_replicates
from simulate.choose_engine import BATCH, REFERENCE
from simulate.chunk import CHUNK_SIZES
from simulate.errors import UsageError
from simulate.scenario.reading import read_scenario
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.survival_replicates import LookedReplicates, run_survival_replicates

FILE = Path(__file__).parents[2] / "scenarios" / "generic_two_arm.yaml"

SMALL = (
    "sample_size=60",
    "enrolment.accrual=[{from: 0 months, rate: 10 per month}]",
    "analyses.interim.cut.events.count=15",
    "analyses.final.cut.events.count=30",
)
N = 12


@pytest.fixture(scope="module")
def small() -> SurvivalTrial:
    """The scenario to copy, with few patients: strata, scans, futility, PFS and OS."""
    trial = read_scenario(FILE, SMALL)
    assert isinstance(trial, SurvivalTrial)
    return trial


@pytest.fixture(scope="module")
def alone(small: SurvivalTrial) -> dict[str, LookedReplicates]:
    return run_survival_replicates(small, replicates=N, engine=REFERENCE)


def assert_same(one: dict[str, LookedReplicates], other: dict[str, LookedReplicates]) -> None:
    assert one.keys() == other.keys()
    for name, looked in one.items():
        assert looked.columns.rows(0, N).tobytes() == other[name].columns.rows(0, N).tobytes()


def test_the_engines_give_the_same_rows(
    small: SurvivalTrial, alone: dict[str, LookedReplicates]
) -> None:
    assert_same(run_survival_replicates(small, replicates=N, engine=BATCH), alone)


@pytest.mark.parametrize(("size", "workers"), [(1, 2), (5, 1), (5, 3)])
def test_chunks_and_threads_change_nothing(
    small: SurvivalTrial,
    alone: dict[str, LookedReplicates],
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    workers: int,
) -> None:
    monkeypatch.setitem(CHUNK_SIZES, BATCH, size)
    assert_same(run_survival_replicates(small, replicates=N, engine=BATCH, workers=workers), alone)


def test_processes_change_nothing(
    small: SurvivalTrial,
    alone: dict[str, LookedReplicates],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(CHUNK_SIZES, REFERENCE, 6)
    found = run_survival_replicates(small, replicates=N, engine=REFERENCE, workers=2)
    assert_same(found, alone)


def test_an_interrupted_run_goes_on(
    small: SurvivalTrial,
    alone: dict[str, LookedReplicates],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setitem(CHUNK_SIZES, REFERENCE, 5)

    class StoppedError(Exception):
        pass

    def stop(done: int) -> None:
        if done:
            raise StoppedError

    with pytest.raises(StoppedError):
        run_survival_replicates(
            small, replicates=N, engine=REFERENCE, parts=tmp_path, progress=stop
        )
    told: list[int] = []
    found = run_survival_replicates(
        small, replicates=N, engine=REFERENCE, parts=tmp_path, progress=told.append
    )
    assert told == [5, 5, 2]
    assert_same(found, alone)
    monkeypatch.setattr(survival_replicates, "run_chunks", None)
    assert_same(
        run_survival_replicates(small, replicates=N, engine=REFERENCE, parts=tmp_path), alone
    )


def test_more_patients_than_looks_can_count_are_refused(small: SurvivalTrial) -> None:
    large = small.model_copy(update={"sample_size": 70_000})
    with pytest.raises(UsageError, match="at most 65535"):
        run_survival_replicates(large, replicates=1)


def test_columns_by_name(alone: dict[str, LookedReplicates]) -> None:
    interim, final = alone["interim"], alone["final"]
    assert interim.n == N
    assert np.all(interim.column("pfs.events") >= 15)
    goes_on = interim.column("stopped") == 0
    assert np.array_equal(np.isnan(final.column("cut_day")), ~goes_on)
    assert np.all(final.column("cut_day")[goes_on] > interim.column("cut_day")[goes_on])
    frame = interim.frame(2, 5)
    assert list(frame["replicate"]) == [2, 3, 4]
    assert list(frame["pfs.z"]) == list(interim.column("pfs.z")[2:5])
    with pytest.raises(KeyError):
        interim.column("pfs.median")
