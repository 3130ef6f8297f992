"""Replicates over posterior draws: each with its own, however they are run."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from calibrated_example import CALIBRATED, HELD_OUT, KN026_POINT, N_DRAWS, calibrated, write_kn026

from simulate import chunk
from simulate.analysis.plan import analysis_plan
from simulate.arm_desks import room_of
from simulate.build_plan import build_plan, plan_digest, rebuilt_plan
from simulate.check_engines import check_engines
from simulate.choose_engine import BATCH, REFERENCE
from simulate.engines.batch.layout import layout_of
from simulate.errors import ScenarioError
from simulate.example import example_trial
from simulate.job import make_job
from simulate.patient_tables import patient_tables
from simulate.plan import with_lists
from simulate.plans import KEPT, Plans
from simulate.publish import publish
from simulate.replicates import AnalysedReplicates, run_replicates
from simulate.report.blocks import Points, Prose
from simulate.report.surprises import is_surprising, remarks
from simulate.scenario import Scenario
from simulate.scenario.drawn import trial_of
from simulate.scorecard import Fact, role_of
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


@pytest.mark.parametrize("draw", range(0, N_DRAWS, 3))
def test_tables_of_a_draw_are_those_of_its_values_as_overrides(drawn: Scenario, draw: int) -> None:
    assert drawn.calibration is not None
    assert drawn.draws is not None
    values = zip(drawn.calibration.content.parameters, drawn.draws.rows[draw], strict=True)
    overrides = {p.field: p.as_written(value) for p, value in values}
    whole = drawn.with_overrides({"parameters": None, **overrides})

    plans = Plans(drawn)

    assert plan_digest(plans.of_draw(draw)) == plan_digest(build_plan(whole))
    assert plan_digest(plans.of_draw(draw)) == plan_digest(build_plan(drawn.of_replicate(draw)))


OTHER_VALUES = {
    **{
        field: f"{1.1 * x} {unit}" if unit else 1.1 * x
        for field, unit, x, _ in KN026_POINT.values()
    },
    "follow_up.withdrawal_adverse_event.probability": 0.25,
    "assessment.missed": 0.07,
    "disease.prognostic_factors": [{"variable": "visceral", "level": "yes", "progression": 1.3}],
    "enrolment.sites.rate_shape": 2.0,
}


@pytest.mark.parametrize("field", OTHER_VALUES)
def test_a_plan_built_from_another_one_is_the_same_plan(drawn: Scenario, field: str) -> None:
    known = drawn.with_overrides({"parameters": None})
    changed = known.with_overrides({field: OTHER_VALUES[field]})

    plan = rebuilt_plan(build_plan(known), known, changed)

    assert plan_digest(plan) == plan_digest(build_plan(changed)) != plan_digest(build_plan(known))


def test_draws_do_not_change_how_a_trial_is_analysed(drawn: Scenario) -> None:
    for analysis in drawn.analyses:
        point, other = analysis_plan(drawn, analysis), analysis_plan(trial_of(drawn, 3), analysis)
        np.testing.assert_equal(with_lists(other), with_lists(point))


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
    scenario = Scenario.from_file(write_kn026(path), ["sample_size=24"])
    job = dataclasses.replace(make_job(scenario, replicates=4), truth_patients=200)
    return publish(job, path / "results")


def test_the_manifest_says_where_parameters_are_from(folder: Path) -> None:
    record = json.loads((folder / "manifest.json").read_text())["parameters"]

    assert record["from"] == "fits"
    assert (record["fit"], record["use"], record["draws"]) == ("held_out", "point", 12)
    assert record["replicates_over_draws"] == 4
    assert len(record["draws_digest"]) == 64


def test_a_run_over_draws_writes_the_draw_of_each_replicate(tmp_path: Path) -> None:
    scenario = calibrated(tmp_path, "parameters.use=draws", "sweep=[]")

    job = dataclasses.replace(make_job(scenario, replicates=N_DRAWS + 2), truth_patients=200)
    folder = publish(job, tmp_path / "results")

    table = pd.read_parquet(folder / "replicates.parquet")
    assert table["draw"].tolist() == [*range(N_DRAWS), 0, 1]
    record = json.loads((folder / "manifest.json").read_text())["parameters"]
    assert (record["use"], record["draws"]) == ("draws", N_DRAWS)
    assert "There is no one truth" in (folder / "report.html").read_text()


def test_the_scorecard_has_a_row_a_fact_and_predictive_check(folder: Path) -> None:
    card = pd.read_csv(folder / "scorecard.csv", keep_default_na=False)
    point, draws = (card[card["parameters"] == each].reset_index() for each in ("point", "draws"))

    assert len(point) + len(draws) == len(card)
    assert point["fact"].tolist() == draws["fact"].tolist()
    assert point["reported"].tolist() == draws["reported"].tolist()
    assert set(card["n_replicates"].astype(int)) >= {4}
    assert point["median"].tolist() != draws["median"].tolist()


def test_roles_are_those_of_the_fit(folder: Path) -> None:
    summary = json.loads((folder / "summary.json").read_text())
    roles = {row["statistic"]: row["role"] for row in summary["scorecard"]}

    assert {name for name, role in roles.items() if role == "held_out"} == set(HELD_OUT)
    assert {name for name, role in roles.items() if role == "calibrated"} == set(CALIBRATED)
    assert roles["cr"] == "check"  # calibrated to by another fit, says the file of facts
    assert roles["pfs_events"] == "derived"
    assert roles["n_ss"] == "input"


def test_the_report_shows_both_checks(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    words = " ".join(re.sub(r"<[^>]+>", " ", page).split())

    assert "the point of the calibration fits, fit held_out" in words
    assert "each replicate takes one of 12 draws" in words
    assert "Held-out facts 5 facts were kept from the calibration." in words
    assert "What the published numbers do not identify" in words
    assert "Held at one value, so that no interval here has that uncertainty: progression" in words
    assert "over the posterior:" in words


def fact_row(**changes: object) -> dict[str, object]:
    row = {"fact": "A", "statistic": "a", "unit": "months", "reported": 5.0}
    for check in ("", "_draws"):
        row |= {f"lower{check}": 4.0, f"upper{check}": 6.0, f"percentile{check}": 50.0}
        row |= {f"inside{check}": True}
    return {**row, **changes}


def test_surprises_are_told_by_how_far_they_go() -> None:
    out = {"inside": False, "upper": 4.5, "percentile": 99.0}
    tail = {"percentile_draws": 2.4}
    facts = pd.DataFrame(
        [
            fact_row(fact="plain"),
            fact_row(fact="point only", **out),
            fact_row(fact="both", **out, **tail),
            fact_row(fact="posterior only", **tail),
            fact_row(fact="known", statistic="followup_median_naive"),
        ]
    )

    blocks = remarks(facts)

    texts = [block.text for block in blocks if isinstance(block, Prose)]
    names = [[name for name, _ in block.items] for block in blocks if isinstance(block, Points)]
    assert names == [["both:"], ["point only:"], ["posterior only:"], ["known:"]]
    assert texts[0].startswith("Surprising under both")
    assert texts[1].startswith("Surprising at the point alone")
    points = [block for block in blocks if isinstance(block, Points)]
    assert points[1].items[0][1] == (
        "the reported 5.0 months lies above the simulated 4.0 to 4.5 (percentile 99.0) at the "
        "point, and within 4.0 to 6.0 (percentile 50.0) over the posterior."
    )


@pytest.mark.parametrize(
    ("percentile", "inside", "expected"),
    [(2.4, True, True), (2.5, True, False), (97.6, True, True), (50, False, True)],
)
def test_what_surprises(percentile: float, inside: bool, expected: bool) -> None:
    assert is_surprising({"inside": inside, "percentile": percentile}) is expected


def test_a_fact_keeps_its_role_where_no_fit_speaks_of_it() -> None:
    fact = Fact("a", "A", 1.0, "months", None, "calibrated", "Table 1")

    assert role_of(fact, None) == "calibrated"
    assert role_of(fact, {"a": "held_out"}) == "held_out"
    assert role_of(fact, {"b": "held_out"}) == "check"
    derived = dataclasses.replace(fact, role="derived")
    assert role_of(derived, {}) == "derived"
    assert role_of(derived, {"a": "calibrated"}) == "calibrated"
    assert role_of(dataclasses.replace(fact, role="input"), {"a": "calibrated"}) == "input"
