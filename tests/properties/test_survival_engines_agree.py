"""Two engines, one truth: survival trials by SimPy and by the batch engine, in every bit.

Also what holds for every such trial: the order of enrolment, caps, whole blocks, and the promise of
the addresses, that a patient's draws do not depend on what else is in the trial.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from random_trials.survival_trials import TO_COPY, random_looks, random_survival_trials
from scenario_files import OF_SURVIVAL

from simulate.build_survival_plan import build_survival_plan
from simulate.choose_engine import BATCH, REFERENCE
from simulate.distributions import NEVER, ShortArray
from simulate.engines.batch.survival import BatchSurvivalEngine, new_survival_desk
from simulate.engines.batch.survival import run_survival_trials as run_batch
from simulate.engines.survival_reference import ReferenceSurvivalEngine
from simulate.packed import pack
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.scenario.testing import name_of
from simulate.survival_ledger import COLUMNS, ledger_columns
from simulate.survival_plan import SurvivalPlan
from simulate.survival_runner import SurvivalRunner

Columns = dict[str, ShortArray]
BENCHMARK = TO_COPY.parents[1] / "benchmarks" / "three_looks.yaml"


def by_both(plan: SurvivalPlan, *, seed: int, replicate: int) -> tuple[Columns, Columns]:
    """The columns of one trial by SimPy and by the batch engine."""
    engines = ReferenceSurvivalEngine(plan), BatchSurvivalEngine(plan)
    one, other = (
        ledger_columns(engine.simulate(seed=seed, replicate=replicate)) for engine in engines
    )
    return one, other


def assert_equal(one: Columns, other: Columns) -> None:
    for name in COLUMNS:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@pytest.mark.parametrize("file", [*OF_SURVIVAL, BENCHMARK], ids=lambda file: file.stem)
def test_scenario_files(file: object) -> None:
    scenario = SurvivalScenario.from_file(str(file))
    plan = build_survival_plan(scenario)
    for replicate in (0, 1, 2**32 - 1):
        one, other = by_both(plan, seed=scenario.seed, replicate=replicate)

        assert_equal(one, other)
        assert len(one["arm"]) == scenario.sample_size


def try_random_trials(
    check: Callable[[SurvivalScenario, int], None],
    *,
    runs: int,
    examples: int = 12,
    trials: st.SearchStrategy[SurvivalScenario] | None = None,
) -> None:
    """Call a check with random trials: the same ones whenever the tests run."""
    chosen = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    for run in range(runs):

        def check_one(scenario: SurvivalScenario, replicate: int) -> None:
            check(scenario, replicate)

        strategy = random_survival_trials() if trials is None else trials
        chances = {"scenario": strategy, "replicate": st.integers(0, 2**32 - 1)}
        seed(run)(chosen(given(**chances)(check_one)))()


WANTED = {
    *("full", "not full", "nobody", "capped", "many regions", "strata", "four arms", "one arm"),
    *("blocks", "simple", "minimisation", "single", "illness_death", "copula", "several sizes"),
    *("progression", "death", "dropout", "switching", "response", "coupled response"),
}


def test_random_trials() -> None:
    seen: Counter[str] = Counter()

    def check(scenario: SurvivalScenario, replicate: int) -> None:
        plan = build_survival_plan(scenario)
        one, other = by_both(plan, seed=scenario.seed, replicate=replicate)
        assert_equal(one, other)
        holds_in_every_trial(scenario, one)
        seen.update(what_happens(scenario, one))

    try_random_trials(check, runs=8)

    assert not WANTED - set(seen), "trials in which this happens are wanted"


LOOKS_WANTED = {
    *("PFS", "OS", "ORR", "PFS of a part", "OS of a part", "ORR of a part"),
    *("stratified rates", "shared alpha", "events of a part", "no hypothesis"),
}


def looks_agree(*, runs: int, examples: int) -> Counter[str]:
    """Compare every number of random looks by both engines; give what they test and count."""
    seen: Counter[str] = Counter()

    def check(scenario: SurvivalScenario, replicate: int) -> None:
        first = replicate % 2**31
        runners = [
            SurvivalRunner(scenario, seed=scenario.seed, engine=engine)
            for engine in (REFERENCE, BATCH)
        ]
        one, other = (runner.run(range(first, first + 1)) for runner in runners)
        for name, values in one.items():
            np.testing.assert_array_equal(values, other[name], err_msg=name)
        seen.update(what_is_looked_at(scenario))

    try_random_trials(check, runs=runs, examples=examples, trials=random_looks())
    return seen


def test_random_looks() -> None:
    """Of rates and of subpopulations."""
    assert {"ORR of a part", "events of a part"} <= set(looks_agree(runs=1, examples=16))


@pytest.mark.verify
def test_many_random_looks() -> None:
    seen = looks_agree(runs=8, examples=10)
    assert not LOOKS_WANTED - set(seen), "looks of which there are none"


def what_is_looked_at(scenario: SurvivalScenario) -> set[str]:
    """What looks test and count."""
    tested = {
        f"{each.endpoint}{' of a part' if each.population else ''}" for each in scenario.hypotheses
    }
    happens = {
        "stratified rates": any(
            name_of(each.test) == "stratified_response" for each in scenario.hypotheses
        ),
        "shared alpha": scenario.graph is not None,
        "no hypothesis": not scenario.hypotheses,
        "events of a part": any(
            t.events is not None and len(t.events.population) > 0
            for analysis in scenario.analyses
            for t in analysis.cut.triggers
        ),
    }
    return tested | {name for name, is_so in happens.items() if is_so}


def what_happens(scenario: SurvivalScenario, columns: Columns) -> set[str]:
    """What a trial has, of all that engines must agree on."""
    n = len(columns["arm"])
    caps = [region.cap for region in scenario.enrolment.all_regions]
    happens = {
        "full": n == scenario.sample_size,
        "not full": 0 < n < scenario.sample_size,
        "nobody": n == 0,
        "capped": any(cap is not None for cap in caps),
        "many regions": len(np.unique(columns["region"])) > 1,
        "strata": len(np.unique(columns["stratum"])) > 1,
        "four arms": len(np.unique(columns["arm"])) == 4,
        "one arm": len(scenario.arms) == 1,
        "several sizes": len(scenario.randomisation.block_sizes) > 1,
        "progression": bool((columns["progression_day"] < NEVER).any()),
        "death": bool((columns["death_day"] < NEVER).any()),
        "dropout": bool((columns["dropout_day"] < NEVER).any()),
        "switching": bool((columns["switch_day"] < NEVER).any()),
        "response": bool((columns["response_day"] < NEVER).any()),
        "coupled response": scenario.survival.response is not None
        and scenario.survival.response.correlation != 0.0,
        scenario.randomisation.method: True,
        scenario.survival.kind: True,
    }
    return {name for name, is_so in happens.items() if is_so}


def holds_in_every_trial(scenario: SurvivalScenario, columns: Columns) -> None:
    """Order of enrolment, caps, whole blocks, and no progression at or after death."""
    day, region = columns["enrolment_trial_day"].tolist(), columns["region"].tolist()
    assert list(zip(day, region, strict=True)) == sorted(zip(day, region, strict=True))
    regions = sorted(scenario.enrolment.all_regions, key=lambda each: each.id)
    for position, each in enumerate(regions):
        assert each.cap is None or region.count(position) <= each.cap
    assert not np.any(
        (columns["progression_day"] >= columns["death_day"]) & (columns["progression_day"] < NEVER)
    )
    responds = columns["response_day"] < NEVER
    for name in ("progression_day", "death_day"):
        assert np.all(columns["response_day"][responds] < columns[name][responds])
    assert np.all(columns["response_day"][responds] <= columns["dropout_day"][responds])
    sizes = scenario.randomisation.block_sizes
    if scenario.randomisation.method == "blocks" and len(sizes) == 1:
        whole_blocks(scenario, columns, sizes[0])


def whole_blocks(scenario: SurvivalScenario, columns: Columns, size: int) -> None:
    """Every full block of a list has exactly the allocation."""
    allocation = np.array([arm.allocation for arm in scenario.arms])
    share = size // allocation.sum()
    lists = columns["stratum"] * 1000
    if scenario.randomisation.by_site:
        lists = lists + columns["region"]
    for number in np.unique(lists):
        arms = columns["arm"][lists == number]
        for start in range(0, len(arms) - size + 1, size):
            counts = np.bincount(arms[start : start + size], minlength=len(allocation))
            np.testing.assert_array_equal(counts, allocation * share)


def test_replicates_do_not_depend_on_those_before_them() -> None:
    """In any chunks and any order, over whatever was left in the room of a desk."""

    def check(scenario: SurvivalScenario, replicate: int) -> None:
        plan = build_survival_plan(scenario)
        desk = new_survival_desk(plan)
        packed = pack(desk)
        first = min(replicate, 2**32 - 4)
        alone = {}
        for each in (first + 2, first, first + 1):
            run_batch(packed.block, scenario.seed, each, 1)
            alone[each] = ledger_columns(desk.ledger)
        for last in range(first, first + 3):
            run_batch(packed.block, scenario.seed, first, last - first + 1)
            assert_equal(ledger_columns(desk.ledger), alone[last])

    try_random_trials(check, runs=1)


# ---- the promise of the addresses -----------------------------------------------------------

DRAWS = ("cell", "progression_day", "death_day", "dropout_day")


@pytest.fixture(scope="module")
def scenario() -> SurvivalScenario:
    """A trial without effects, so that what is drawn shows in every arm."""
    return SurvivalScenario.from_file(TO_COPY).with_overrides({"survival.effects": []})


def columns_of(scenario: SurvivalScenario) -> Columns:
    engine = BatchSurvivalEngine(build_survival_plan(scenario))
    return ledger_columns(engine.simulate(seed=scenario.seed, replicate=7))


@pytest.mark.parametrize(
    "changes",
    [
        {
            "arms": [{"id": i, "name": name} for i, name in enumerate("abcd", 1)],
            "randomisation.block_sizes": [4, 8],
            "hypotheses": [],
        },
        {
            "enrolment": {
                "regions": [
                    {"id": 2, "name": "b", "accrual": [{"from": "0 days", "rate": "1 per day"}]},
                    {"id": 1, "name": "a", "accrual": [{"from": "0 days", "rate": "2 per day"}]},
                ]
            }
        },
        {"randomisation.strata": []},
        {"randomisation": {"method": "minimisation", "strata": ["visceral"]}},
    ],
    ids=["arms", "regions", "strata", "minimisation"],
)
def test_a_patient_s_draws_do_not_depend_on_the_rest_of_the_trial(
    scenario: SurvivalScenario, changes: dict[str, object]
) -> None:
    other = scenario.with_overrides({**changes, "hypotheses": []})

    one, two = columns_of(scenario), columns_of(other)

    assert not np.array_equal(one["arm"], two["arm"]) or not np.array_equal(
        one["enrolment_trial_day"], two["enrolment_trial_day"]
    )
    for name in DRAWS:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)


def test_a_new_variable_and_a_new_stratum_leave_other_draws_alone(
    scenario: SurvivalScenario,
) -> None:
    variables = [
        {"id": 5, "name": "sex", "levels": {"f": 1, "m": 1}},
        {"id": 1, "name": "visceral", "levels": {"yes": 60, "no": 40}},
    ]
    other = scenario.with_overrides(
        {"baseline": {"variables": variables}, "randomisation.strata": ["visceral", "sex"]}
    )

    one, two = columns_of(scenario), columns_of(other)

    np.testing.assert_array_equal(one["cell"], two["cell"] % 2)
    np.testing.assert_array_equal(one["enrolment_trial_day"], two["enrolment_trial_day"])
    for name in DRAWS[1:]:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)
