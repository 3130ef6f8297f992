"""What is told of two engines that differ: records, endpoints and statistics damaged on purpose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from simulate import check_engines as module
from simulate.build_plan import build_plan
from simulate.check_engines import check_engines, difference_of_trials, same_bits, text
from simulate.chunk import ChunkRunner
from simulate.differences import TABLES, first_difference
from simulate.distributions import NEVER
from simulate.engines.reference import ReferenceEngine
from simulate.errors import UsageError
from simulate.plan import Plan
from simulate.records import Columns, TrialRecords
from simulate.scenario.scenario import Scenario


@pytest.fixture
def one(trials: tuple[TrialRecords, ...]) -> TrialRecords:
    return trials[0]


def rows(table: Columns, **wanted: int) -> list[int]:
    """Rows of a table in which some columns have some values."""
    chosen = np.logical_and.reduce([table[name] == value for name, value in wanted.items()])
    found: list[int] = np.flatnonzero(chosen).tolist()
    return found


def well_treated(records: TrialRecords) -> int:
    """Number of a patient with six cycles or more, not the first in the tables."""
    return int(records.doses["patient"][rows(records.doses, cycle=6, drug=1)[3]])


def damaged(records: TrialRecords, table: str, column: str, row: int, value: int) -> TrialRecords:
    """The same records with another value in one place."""
    columns = getattr(records, table)
    changed = columns[column].copy()
    changed[row] = value
    return replace(records, **{table: columns | {column: changed}})


def without(records: TrialRecords, table: str, row: int) -> TrialRecords:
    """The same records without one row."""
    columns = {name: np.delete(column, row) for name, column in getattr(records, table).items()}
    return replace(records, **{table: columns})


# ---- records ------------------------------------------------------------------------------------


def test_equal_records_have_no_difference(
    scenario: Scenario, plan: Plan, one: TrialRecords
) -> None:
    again = ReferenceEngine(plan).simulate(seed=scenario.seed, replicate=0, log=True)

    assert again.log
    assert first_difference(one, again, scenario) is None
    assert difference_of_trials(one, again, scenario) is None


@pytest.mark.parametrize("table", TABLES)
def test_one_changed_number_is_found_wherever_it_is(
    scenario: Scenario, one: TrialRecords, table: str
) -> None:
    columns = getattr(one, table)
    for column in columns:
        values = columns[column]
        if len(values) == 0:
            assert table == "drug_stops"
            continue
        row = len(values) // 2
        changed = damaged(one, table, column, row, int(values[row]) + 1)
        found = first_difference(one, changed, scenario)

        assert found is not None
        assert found.startswith("patient "), found
        assert table in found


def test_a_dose_on_another_day_is_told_with_its_drug_and_cycle(
    scenario: Scenario, one: TrialRecords
) -> None:
    number = well_treated(one)
    (row,) = rows(one.doses, patient=number, drug=1, cycle=3)
    first = rows(one.doses, patient=number)[0]
    day = int(one.doses["day"][row])
    site = one.subjects["site"][number]

    found = first_difference(one, damaged(one, "doses", "day", row, day + 1), scenario)

    assert found is not None
    assert found.startswith(f"patient {number} (site {site}, first dose 202")
    assert f"doses, row {row - first} (KN026, cycle 3): " in found
    assert found.endswith(f"day is {day} by reference and {day + 1} by batch")


def test_all_columns_of_a_row_that_differ_are_named(scenario: Scenario, one: TrialRecords) -> None:
    changed = damaged(damaged(one, "doses", "day", 0, 9), "doses", "infused", 0, 400)

    found = first_difference(one, changed, scenario)

    assert found is not None
    assert found.endswith("day is 0 by reference and 9 by batch; also different: infused")


@pytest.mark.parametrize(
    ("table", "column", "value", "words"),
    [
        ("assessments", "response", 4, "by reference and PD by batch"),
        ("subjects", "treatment_stop_reason", 6, "by reference and completed by batch"),
        ("subjects", "death_day", NEVER, "by reference and never by batch"),
        ("adverse_events", "term", 8, "by reference and hypokalemia by batch"),
        ("doses", "drug", 2, "drug is KN026 by reference and docetaxel by batch"),
        ("baseline", "2", 1, "sex is female by reference and male by batch"),
        ("baseline", "1", 99, "by reference and 129 by batch"),
        ("doses", "drug", 63, "drug is KN026 by reference and 63 by batch"),
        ("baseline", "2", 7, "sex is female by reference and 7 by batch"),
    ],
)
def test_numbers_that_stand_for_something_are_told_by_name(
    scenario: Scenario, one: TrialRecords, table: str, column: str, value: int, words: str
) -> None:
    found = first_difference(one, damaged(one, table, column, 0, value), scenario)

    assert found is not None
    assert found.endswith(words)


def test_the_lowest_patient_and_the_earliest_day_come_first(
    scenario: Scenario, one: TrialRecords
) -> None:
    """A dose that is late moves what follows; the dose is what has to be looked at."""
    number = well_treated(one)
    dose = rows(one.doses, patient=number, cycle=4)[0]
    later_dose = rows(one.doses, patient=number, cycle=5)[0]
    changed = damaged(one, "subjects", "death_day", number + 1, 1)
    changed = damaged(changed, "subjects", "treatment_stop_day", number, 500)
    changed = damaged(changed, "doses", "level", later_dose, 1)
    changed = damaged(changed, "doses", "delay", dose, 77)
    scan = rows(one.assessments, patient=number)[-1]
    changed = damaged(changed, "assessments", "performed", scan, 0)

    found = first_difference(one, changed, scenario)

    assert found is not None
    assert found.startswith(f"patient {number} ")
    assert "cycle 4): delay is " in found


def test_what_a_patient_brings_comes_before_all_days(scenario: Scenario, one: TrialRecords) -> None:
    changed = damaged(damaged(one, "doses", "day", 0, -3), "subjects", "responder", 0, 7)

    found = first_difference(one, changed, scenario)

    assert found is not None
    assert "subjects: responder is 1 by reference and 7 by batch" in found


def test_rows_that_only_one_engine_has_are_told(scenario: Scenario, one: TrialRecords) -> None:
    *_, last = rows(one.doses, patient=well_treated(one))
    fewer = without(one, "doses", last)
    fewest = without(fewer, "doses", last - 1)
    drug = {1: "KN026", 2: "docetaxel"}[int(one.doses["drug"][last])]
    cycle, day = one.doses["cycle"][last], one.doses["day"][last]

    found = first_difference(one, fewer, scenario)
    other = first_difference(fewest, one, scenario)

    assert found is not None
    assert found.endswith(f"doses: reference has 1 row more: {drug}, cycle {cycle}, day {day}")
    assert other is not None
    assert "doses: batch has 2 rows more, the first: " in other


def test_a_row_that_is_missing_in_the_middle_is_told_with_the_counts(
    scenario: Scenario, one: TrialRecords
) -> None:
    mine = rows(one.doses, patient=well_treated(one))

    found = first_difference(one, without(one, "doses", mine[2]), scenario)

    assert found is not None
    assert "doses, row 2 " in found
    assert found.endswith(f"({len(mine)} rows by reference, {len(mine) - 1} by batch)")


def test_a_drug_that_only_one_engine_stops_is_told(scenario: Scenario, one: TrialRecords) -> None:
    stops = {"patient": [3], "position": [1], "day": [84]}
    changed = replace(one, drug_stops={name: np.array(v) for name, v in stops.items()})
    original = replace(one, drug_stops={name: np.empty(0, np.int64) for name in stops})

    found = first_difference(original, changed, scenario)

    assert found is not None
    assert found.startswith("patient 3 ")
    assert found.endswith("drug_stops: batch has 1 row more: docetaxel, day 84")


def first_patients(records: TrialRecords, n: int) -> TrialRecords:
    """The records without the patients from number n on."""
    tables = ("assessments", "doses", "adverse_events", "drug_stops")
    kept: dict[str, Any] = {
        name: {
            column: values[getattr(records, name)["patient"] < n]
            for column, values in getattr(records, name).items()
        }
        for name in tables
    }
    return replace(
        records,
        subjects={name: values[:n] for name, values in records.subjects.items()},
        baseline={name: values[:n] for name, values in records.baseline.items()},
        **kept,
    )


def test_a_patient_whom_only_one_engine_enrols_is_told(
    scenario: Scenario, one: TrialRecords
) -> None:
    found = first_difference(one, first_patients(one, 56), scenario)

    assert found is not None
    assert found.startswith(
        "57 patients by reference and 56 by batch: only reference has patient 56 (site "
    )


def test_a_difference_among_the_patients_of_both_comes_before_one_in_their_number(
    scenario: Scenario, one: TrialRecords
) -> None:
    fewer = damaged(first_patients(one, 56), "doses", "day", 0, 9)

    found = first_difference(fewer, one, scenario)

    assert found is not None
    assert found.startswith("patient 0 ")
    assert found.endswith("(56 patients by reference and 57 by batch)")


def test_nobody_against_somebody(scenario: Scenario, one: TrialRecords) -> None:
    found = first_difference(first_patients(one, 0), one, scenario)

    assert found is not None
    assert found.startswith("0 patients by reference and 57 by batch: only batch has patient 0")


def test_rows_of_nobody_and_rows_out_of_order_are_told(
    scenario: Scenario, one: TrialRecords
) -> None:
    last = len(one.doses["patient"]) - 1
    order = np.argsort(-one.doses["patient"], kind="stable")
    mixed = replace(one, doses={name: column[order] for name, column in one.doses.items()})
    alien = damaged(damaged(one, "doses", "patient", last, 99), "doses", "day", last, 0)
    strange = damaged(alien, "doses", "day", last, 1)

    assert "in another order" in str(first_difference(one, mixed, scenario))
    assert "whom nobody has enrolled" in str(first_difference(alien, strange, scenario))


def test_other_columns_and_types_are_told(scenario: Scenario, one: TrialRecords) -> None:
    doses = one.doses
    fewer = {name: column for name, column in doses.items() if name != "wait"}
    short = doses | {"wait": doses["wait"].astype(np.int32)}
    backwards = dict(reversed(doses.items()))

    def found(changed: Columns) -> str:
        return str(first_difference(one, replace(one, doses=changed), scenario))

    assert found(fewer) == "doses: batch has no column wait"
    assert found(doses | {"new": doses["wait"]}) == "doses: reference has no column new"
    assert found(short) == "doses: the column wait is int64 by reference and int32 by batch"
    assert found(backwards) == "doses: the columns are in another order by batch"


def test_another_screening_is_told(scenario: Scenario, one: TrialRecords) -> None:
    days = one.screening_days
    later = replace(one, screening_days=(*days[:4], days[4] + 1, *days[5:]))

    assert first_difference(one, replace(one, screening_days=days[1:]), scenario) == (
        "57 patients are screened by reference and 56 by batch"
    )
    assert first_difference(one, later, scenario, engines=("one", "other")) == (
        f"screening 4 is on trial day {days[4]} by one and {days[4] + 1} by other"
    )


# ---- endpoints and statistics -------------------------------------------------------------------


def test_the_first_endpoint_that_differs_is_told() -> None:
    columns = {"patient": np.array([0, 2]), "pfs_time": np.array([5, 6])}
    later = columns | {"pfs_time": np.array([5, 7])}
    fewer = {name: column[:1] for name, column in columns.items()}
    pair = ("reference", "batch")

    assert module.endpoint_difference(columns, columns, pair) is None
    assert module.endpoint_difference(columns, later, pair) == (
        "patient 2, pfs_time is 6 by reference and 7 by batch"
    )
    assert module.endpoint_difference(columns, fewer, pair) == (
        "2 patients are known by reference and 1 by batch"
    )


def test_same_bits_tells_zeros_apart_and_takes_undefined_for_undefined() -> None:
    x = np.array([0.0, 1.0, np.nan, np.inf, 1.0, 3.0])
    y = np.array([-0.0, 1.0, np.nan, np.inf, np.nextafter(1.0, 2.0), np.nan])

    assert same_bits(x, y).tolist() == [False, True, True, True, False, False]


# ---- a whole check ------------------------------------------------------------------------------


@pytest.fixture
def small(scenario: Scenario) -> Scenario:
    return scenario.with_overrides({"sample_size": 6, "facts": None, "sweep": []})


def test_equal_engines_are_told_with_what_was_compared(small: Scenario) -> None:
    told: list[int] = []

    check = check_engines(
        small, seed=3, replicates=27, engines=("reference", "reference"), progress=told.append
    )

    assert check.are_equal
    assert (check.replicates, check.seed, told) == (27, 3, [1] * 27)
    assert text(check).splitlines() == [
        "kn026_phase2, seed 3: 27 replicates by reference and by reference: equal to the last bit",
        f"  6 tables, {check.rows:,} rows",
        "  16 derived endpoints at every data cut",
        f"  {check.statistics:,} statistics and points of curves",
    ]
    expected = sum(
        len(next(iter(getattr(records, name).values())))
        for i in range(27)
        for records in [ReferenceEngine(build_plan(small)).simulate(seed=3, replicate=i)]
        for name in TABLES
    )
    assert check.rows == expected
    assert check.statistics > 27 * 200


class LateEngine:
    """The SimPy engine, but for one dose of replicate 2."""

    name = "batch"

    def __init__(self, plan: Plan) -> None:
        self._engine = ReferenceEngine(plan)

    def simulate(self, *, seed: int, replicate: int, log: bool = False) -> TrialRecords:
        records = self._engine.simulate(seed=seed, replicate=replicate, log=log)
        return damaged(records, "doses", "level", 1, 1) if replicate == 2 else records


def test_the_first_replicate_that_differs_ends_the_check(
    small: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines = {"reference": ReferenceEngine, "batch": LateEngine}
    monkeypatch.setattr(module, "get_engine", lambda name, plan: engines[name](plan))
    monkeypatch.setattr(module, "ChunkRunner", NoRunner)

    check = check_engines(small, replicates=5)

    assert not check.are_equal
    assert check.replicates == 3
    assert check.difference is not None
    assert check.difference.startswith("replicate 2, patient 0 (site ")
    assert check.difference.endswith("level is 0 by reference and 1 by batch")
    assert text(check).splitlines() == [
        "kn026_phase2, seed 20250: 3 replicates by reference and by batch: DIFFERENT",
        f"  {check.difference}",
    ]


class NoRunner:
    def __init__(self, *arguments: object, **options: object) -> None:
        pass


class RoughRunner(ChunkRunner):
    """Analyses as others do, but for one statistic of replicate 26 in the last bit."""

    def __init__(self, trial: Scenario, *, seed: int, engine: str) -> None:
        super().__init__(trial, seed=seed, engine="reference")
        self._trial = trial
        self._is_rough = engine == "batch"

    def run(self, replicates: range) -> Any:
        result = super().run(replicates)
        if self._is_rough and 26 in replicates:
            values = module.kept_numbers(self._trial, result["final"])["followup_median"]
            values[replicates.index(26)] = np.nextafter(values[replicates.index(26)], 0.0)
        return result


def test_a_statistic_that_differs_in_its_last_bit_is_told(
    small: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "get_engine", lambda name, plan: ReferenceEngine(plan))
    monkeypatch.setattr(module, "ChunkRunner", RoughRunner)

    check = check_engines(small, replicates=28)

    assert check.difference is not None
    assert check.difference.startswith("analysis final, replicate 26, followup_median is ")
    assert check.difference.endswith(" by batch")


def test_a_scenario_with_shared_resources_has_nothing_to_compare(scenario: Scenario) -> None:
    shared = scenario.with_overrides({"resources": {"chairs": {"slots": 1}}})

    with pytest.raises(UsageError, match="shared resources: only the SimPy engine"):
        check_engines(shared)


def test_numbers_that_make_no_sense_are_refused(scenario: Scenario) -> None:
    with pytest.raises(UsageError, match="at least one replicate"):
        check_engines(scenario, replicates=0)
    for seed in (-1, 2**63):
        with pytest.raises(UsageError, match="the seed must lie between"):
            check_engines(scenario, seed=seed)
