"""Replicates over posterior draws: each with its own, however they are run."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from calibrated_example import N_DRAWS, calibrated, write_kn026

from simulate import chunk
from simulate.batch_runner import room_of
from simulate.check_engines import check_engines
from simulate.choose_engine import BATCH, REFERENCE
from simulate.engines.batch.layout import layout_of
from simulate.errors import ScenarioError
from simulate.example import example_trial
from simulate.job import make_job
from simulate.patient_tables import patient_tables
from simulate.plans import KEPT, Plans
from simulate.publish import publish
from simulate.replicates import AnalysedReplicates, run_replicates
from simulate.scenario import Scenario
from simulate.story import story
from simulate.truth import find_truth

N = 26
"""Replicates: each draw has two, and two have three."""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """The published trial, fewer of its patients, over twelve draws."""
    file = write_kn026(tmp_path_factory.mktemp("drawn"))
    return Scenario.from_file(file, ["parameters.use=draws", "sample_size=12"])


@pytest.fixture(scope="module")
def batch(drawn: Scenario) -> AnalysedReplicates:
    return run_replicates(drawn, replicates=N, engine=BATCH)["final"]


def equal(one: AnalysedReplicates, other: AnalysedReplicates) -> bool:
    pd.testing.assert_frame_equal(one.table, other.table, check_exact=True)
    return bool((one.curves.counts == other.curves.counts).all())


@pytest.mark.parametrize("size", [7, 26])
@pytest.mark.parametrize("workers", [1, 2])
def test_replicates_are_the_same_for_any_chunk_and_any_workers(
    drawn: Scenario,
    batch: AnalysedReplicates,
    size: int,
    workers: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chunk, "REPLICATES_OF_A_DRAW", 1)
    monkeypatch.setitem(chunk.CHUNK_SIZES, BATCH, size)

    found = run_replicates(drawn, replicates=N, engine=BATCH, workers=workers)["final"]

    assert equal(found, batch)


def test_both_engines_give_the_same_replicates(drawn: Scenario, batch: AnalysedReplicates) -> None:
    reference = run_replicates(drawn, replicates=N, engine=REFERENCE)["final"]

    assert equal(reference, batch)
    found = check_engines(drawn, replicates=14)
    assert found.are_equal, found.difference


def test_processes_give_the_same_replicates(drawn: Scenario, batch: AnalysedReplicates) -> None:
    found = run_replicates(drawn, replicates=N, engine=REFERENCE, workers=2)["final"]

    assert equal(found, batch)


@pytest.mark.parametrize("replicate", [0, 5, 17])
def test_a_replicate_is_that_of_the_scenario_with_its_draw(
    drawn: Scenario, batch: AnalysedReplicates, replicate: int
) -> None:
    alone = drawn.of_replicate(replicate)
    assert alone.draws is None

    row = run_replicates(alone, replicates=replicate + 1, engine=BATCH)["final"]

    for name in batch.names:
        values = row.column(name)[replicate], batch.column(name)[replicate]
        np.testing.assert_equal(*values, err_msg=name)


def test_rows_say_which_draw_they_took(drawn: Scenario, batch: AnalysedReplicates) -> None:
    table = batch.table
    assert list(table.columns[:3]) == ["replicate", "analysis", "draw"]
    assert table["draw"].tolist() == [r % N_DRAWS for r in range(N)]

    point = drawn.with_overrides({"parameters.use": "point"})
    assert "draw" not in run_replicates(point, replicates=2, engine=REFERENCE)["final"].table


def test_a_term_that_only_draws_bring_has_its_room(drawn: Scenario, tmp_path: Path) -> None:
    # at the point the term has no rate, so the engine lays out fewer words than for the draws
    assert drawn.toxicity is not None
    others = {
        f"toxicity.terms.{term.name}.{key}": 0
        for term in drawn.toxicity.terms
        for key in ("rate", "rate_grade_3")
        if term.name not in ("wbc_decrease", "infusion_reaction", "alopecia")
    }
    file = write_kn026(tmp_path, point={"alopecia_rate": 0.0})
    choice = {"parameters.use": "draws", "sample_size": 12}
    few = Scenario.from_file(file).with_overrides({**choice, **others})
    plans = Plans(few)
    assert room_of(layout_of(plans.point)) != room_of(layout_of(plans.of(0)))

    found = check_engines(few, replicates=3)

    assert found.are_equal, found.difference


def test_plans_of_draws_are_kept_within_bounds(tmp_path: Path) -> None:
    file = write_kn026(tmp_path, n_draws=KEPT + 9)
    plans = Plans(Scenario.from_file(file, ["parameters.use=draws"]))

    first = plans.of(0)
    assert plans.of(KEPT + 9) is first  # the same draw
    for replicate in range(KEPT + 9):
        plans.of(replicate)

    assert plans.of(0) is not first
    assert plans.point.baseline is first.baseline  # what draws do not change is shared


def test_draws_are_dealt_out_in_order(drawn: Scenario) -> None:
    dealt = {draw: list(found) for draw, found in Plans(drawn).by_draw(range(7, 33))}

    assert list(dealt) == list(range(N_DRAWS))
    assert sorted(r for found in dealt.values() for r in found) == list(range(7, 33))
    assert all(r % N_DRAWS == draw for draw, found in dealt.items() for r in found)


def test_story_and_patient_tables_are_those_of_the_replicates_draw(drawn: Scenario) -> None:
    alone = drawn.of_replicate(14)

    told, alone_told = (story(s, seed=drawn.seed, replicate=14, patient=3) for s in (drawn, alone))
    assert "replicate 14, seed 20250, with the parameters of posterior draw 2" in told
    assert told.splitlines()[2:] == alone_told.splitlines()[2:]

    example, expected = (example_trial(s, seed=drawn.seed, replicate=14) for s in (drawn, alone))
    tables = patient_tables(drawn, example)
    for name, table in patient_tables(alone, expected).items():
        pd.testing.assert_frame_equal(tables[name], table, check_exact=True)


def test_there_is_no_truth_that_all_draws_share(drawn: Scenario) -> None:
    assert find_truth(drawn, seed=1, n_patients=10).values == {}


def test_an_interrupted_run_over_draws_goes_on(
    drawn: Scenario, batch: AnalysedReplicates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunk, "REPLICATES_OF_A_DRAW", 1)
    monkeypatch.setitem(chunk.CHUNK_SIZES, BATCH, 10)

    def interrupt(done: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_replicates(drawn, replicates=N, engine=BATCH, parts=tmp_path, progress=interrupt)
    done: list[int] = []
    found = run_replicates(drawn, replicates=N, engine=BATCH, parts=tmp_path, progress=done.append)[
        "final"
    ]

    assert done == [10, 10, 6]
    assert equal(found, batch)


def test_a_draw_out_of_support_stops_the_run_before_it_starts(tmp_path: Path) -> None:
    file = write_kn026(tmp_path)
    scenario = Scenario.from_file(file, ["toxicity.terms.wbc_decrease.rate_grade_3=0.34"])

    over_draws = scenario.with_overrides({"parameters.use": "draws"})
    place = r"rate_grade_3=0.34: toxicity.terms.wbc_decrease.rate_grade_3: with draw \d+: events"

    with pytest.raises(ScenarioError, match=place):
        make_job(over_draws)
    with pytest.raises(ScenarioError, match=place):
        make_job(scenario)  # whose scorecard is made over draws, too
    with pytest.raises(ScenarioError, match=r"draws.parquet: with draw \d+: "):
        run_replicates(over_draws, replicates=1)


# ---- the main job -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a run at the point, which makes the scorecard over draws as well."""
    path = tmp_path_factory.mktemp("calibrated")
    job = make_job(Scenario.from_file(write_kn026(path)), replicates=4)
    return publish(job, path / "results")


def test_the_manifest_says_where_parameters_are_from(folder: Path) -> None:
    record = json.loads((folder / "manifest.json").read_text())["parameters"]

    assert record["from"] == "fits"
    assert (record["fit"], record["use"], record["draws"]) == ("held_out", "point", 12)
    assert record["replicates_over_draws"] == 4
    assert len(record["draws_digest"]) == 64


def test_a_run_over_draws_writes_the_draw_of_each_replicate(tmp_path: Path) -> None:
    scenario = calibrated(tmp_path, "parameters.use=draws", "sweep=[]")

    folder = publish(make_job(scenario, replicates=N_DRAWS + 2), tmp_path / "results")

    table = pd.read_parquet(folder / "replicates.parquet")
    assert table["draw"].tolist() == [*range(N_DRAWS), 0, 1]
    record = json.loads((folder / "manifest.json").read_text())["parameters"]
    assert (record["use"], record["draws"]) == ("draws", N_DRAWS)
    assert "There is no one truth" in (folder / "report.html").read_text()
