"""A trial is analysed alike in Python and in compiled code, whatever was analysed before it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from observed import Observed, plan_of_day

from simulate.analysis import response
from simulate.analysis.curves import BINS, CURVES, CurveCounts, curve_grid
from simulate.analysis.kaplan_meier import kaplan_meier
from simulate.analysis.one_trial import analyse_trial
from simulate.analysis.plan import AnalysisPlan, analysis_plan
from simulate.analysis.row import statistic_names
from simulate.analysis.workspace import Workspace, workspace
from simulate.compiled import kernel
from simulate.distributions import FloatArray, FloatColumn, IntArray, IntColumn
from simulate.ledger import Ledger, ledger_of
from simulate.packed import pack, unpacked
from simulate.plan import with_lists
from simulate.records import TrialRecords
from simulate.scenario.scenario import Scenario

Run = Callable[..., TrialRecords]
Observe = Callable[..., Observed]


class Sheet(NamedTuple):
    """All that the kernel reads and writes."""

    plan: AnalysisPlan
    ledger: Ledger
    work: Workspace
    out: FloatColumn
    curve_counts: IntColumn


@kernel
def analyse_compiled(block: IntArray) -> None:
    """Analyse one trial in compiled code."""
    sheet = unpacked(block, Sheet)
    analyse_trial(sheet.plan, sheet.ledger, sheet.work, sheet.out, 0, sheet.curve_counts)


def n_counts(plan: AnalysisPlan) -> int:
    return len(CURVES) * plan.curves.n_points * (BINS + 1)


def as_arrays(rows: Any) -> Any:
    if isinstance(rows, tuple):
        return type(rows)(*map(as_arrays, rows))
    return np.array(rows, np.int32)


def ledger_of_arrays(ledger: Ledger) -> Ledger:
    days = np.array(ledger.screening_days, np.int64)
    arrays: Ledger = as_arrays(ledger)
    return arrays._replace(size=np.array(ledger.size, np.int64), screening_days=days)


class InPython:
    """Analyses one trial after the other over lists, in one workspace."""

    def __init__(self, plan: AnalysisPlan, n_patients: int) -> None:
        self.plan: AnalysisPlan = with_lists(plan)
        self.work = with_lists(workspace(plan, n_patients))
        self.curves = [0] * n_counts(plan)

    def analyse(self, records: TrialRecords) -> FloatArray:
        out = [np.nan] * self.plan.n_columns
        analyse_trial(self.plan, ledger_of(records), self.work, out, 0, self.curves)
        return np.array(out)


class Compiled:
    """The same over arrays, in compiled code."""

    def __init__(self, plan: AnalysisPlan, n_patients: int) -> None:
        self.plan, self.work = plan, workspace(plan, n_patients)
        self.curves = np.zeros(n_counts(plan), np.int64)

    def analyse(self, records: TrialRecords) -> FloatArray:
        out = np.full(self.plan.n_columns, np.nan)
        ledger = ledger_of_arrays(ledger_of(records))
        sheet = pack(Sheet(self.plan, ledger, self.work, out, self.curves))
        analyse_compiled(sheet.block)
        return out


def assert_alike(plan: AnalysisPlan, n_patients: int, records: Sequence[TrialRecords]) -> None:
    """Python and compiled code give the same bits, and leave nothing behind for the next trial."""
    python, compiled = InPython(plan, n_patients), Compiled(plan, n_patients)
    for one in records:
        row = python.analyse(one)
        assert row.tobytes() == compiled.analyse(one).tobytes()
        assert row.tobytes() == InPython(plan, n_patients).analyse(one).tobytes()
    assert python.curves == compiled.curves.tolist()


LAG = {"kind": "uniform", "low": "0 days", "high": "100 days"}
PAUSING = {
    "design": {"kind": "bop2", "looks": [10, 20, 40], "p0": 0.5, "p1": 0.7, "alpha": 0.1},
    "interim": {
        "ascertainment": "evaluable",
        "evaluable_after": "14 weeks",
        "enrolment": "pauses",
        "cleaning_lag": "2 weeks",
    },
    "final": {"when": "enrolled", "after": "20 weeks"},
}
NEVER_HAPPENS = {"kind": "exponential", "rate": "0 per month"}
NO_TOXICITY = {
    "toxicity": None,
    "treatment.drugs.KN026.rules": [],
    "treatment.drugs.docetaxel.rules": [],
    "follow_up.early_stop.adverse_event": None,
    "follow_up.withdrawal_adverse_event": None,
}
SCARCE = {"drug": "KN026", "initial": 3, "reorder_at": 1, "order": 1, "lead_time": "20 days"}
VARIANTS: dict[str, dict[str, Any]] = {
    "nobody responds": {"disease.response.probability": 0},
    "a single-arm design": {"single_arm": PAUSING, "follow_up.last_contact_lag": LAG},
    "no adverse events": NO_TOXICITY,
    "many adverse events": {
        "toxicity.terms.other_grade_3.rate": 0.5,
        "toxicity.terms.other_grade_3.rate_grade_3": 0.4,
        "treatment.drugs.docetaxel.rules.5.probability": 0.5,
    },
    "shared resources": {"resources": {"supply": [SCARCE]}},
    "from randomisation": {
        "endpoints.time_zero": "randomisation",
        "resources": {"supply": [SCARCE]},
    },
    "one patient": {"sample_size": 1},
    "nothing happens": {
        "disease.progression.responders": NEVER_HAPPENS,
        "disease.progression.non_responders": NEVER_HAPPENS,
        "disease.death_without_progression": NEVER_HAPPENS,
    },
    "no landmarks": {"endpoints.landmarks": [], "facts": None},
    "no baseline": {
        "baseline.variables": [],
        "endpoints.subgroups": [],
        "treatment.body": None,
    },
}


@pytest.mark.parametrize("day", [-1000, -1, 0, 1, 150, 800, 1341])
def test_python_and_compiled_code_agree_at_any_cut(
    scenario: Scenario, trials: tuple[TrialRecords, ...], day: int
) -> None:
    assert_alike(plan_of_day(scenario, day), scenario.sample_size, trials[:3])


@pytest.mark.parametrize("name", VARIANTS)
def test_python_and_compiled_code_agree_on_odd_trials(
    scenario: Scenario, run: Run, name: str
) -> None:
    trial = scenario.with_overrides(VARIANTS[name] | {"sweep": []})
    records = [run(trial, replicate=i) for i in range(2)]

    assert_alike(analysis_plan(trial, trial.analyses[0]), trial.sample_size, records)


def test_a_trial_without_patients(scenario: Scenario, trials: tuple[TrialRecords, ...]) -> None:
    nobody = TrialRecords(
        **{
            part: {name: column[:0] for name, column in getattr(trials[0], part).items()}
            for part in ("subjects", "baseline", "assessments", "doses", "adverse_events")
        }
    )
    assert_alike(plan_of_day(scenario, None), 57, [trials[0], nobody, trials[1]])


def test_two_analyses_have_plans_of_one_type_and_the_same_columns(
    scenario: Scenario, trials: tuple[TrialRecords, ...]
) -> None:
    early = {"id": 2, "name": "early", "cut": {"date": dt.date(2021, 3, 1)}}
    final = {"id": 1, "name": "final", "cut": {"date": dt.date(2023, 9, 15)}}
    trial = scenario.with_overrides({"analyses": [early, final], "facts": None, "sweep": []})

    plans = [analysis_plan(trial, analysis) for analysis in trial.analyses]

    assert types_of(plans[0]) == types_of(plans[1])
    rows = [InPython(plan, 57).analyse(trials[0]) for plan in plans]
    names = statistic_names(trial)
    assert [len(row) for row in rows] == [len(names)] * 2
    at = names.index("pfs_events")
    assert rows[0][at] < rows[1][at]
    for plan in plans:
        assert_alike(plan, 57, trials[:2])


def types_of(value: Any) -> Any:
    if isinstance(value, tuple):
        return (type(value), *map(types_of, value))
    return (type(value), value.dtype, value.ndim) if isinstance(value, np.ndarray) else type(value)


def test_the_row_is_written_where_it_belongs(
    scenario: Scenario, trials: tuple[TrialRecords, ...]
) -> None:
    plan = plan_of_day(scenario, None)
    alone, python = InPython(plan, 57), InPython(plan, 57)
    out = [-7.0] * (plan.n_columns + 9)

    analyse_trial(python.plan, ledger_of(trials[0]), python.work, out, 4, python.curves)

    assert out[:4] == [-7.0] * 4
    assert out[-5:] == [-7.0] * 5
    assert np.array(out[4:-5]).tobytes() == alone.analyse(trials[0]).tobytes()


def test_limits_of_large_trials_are_those_of_the_table(
    scenario: Scenario, trials: tuple[TrialRecords, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = statistic_names(scenario)
    with_table = InPython(plan_of_day(scenario, None), 57).analyse(trials[0])
    monkeypatch.setattr(response, "LARGEST_TABLE", 56)
    plan = plan_of_day(scenario, None)
    assert len(plan.limits.lower) == 0
    assert_alike(plan, 57, trials[:2])
    without = InPython(plan, 57).analyse(trials[0])

    differ = [
        names[i] for i in np.flatnonzero(with_table != without) if with_table[i] == with_table[i]
    ]
    assert set(differ) <= {
        f"{rate}_{limit}" for rate in ("orr", "cbr") for limit in ("lower", "upper")
    }
    np.testing.assert_allclose(without, with_table, rtol=1e-12)


def test_curves_are_those_of_one_trial_after_the_other(
    scenario: Scenario, trials: tuple[TrialRecords, ...], observe: Observe
) -> None:
    plan, seen = plan_of_day(scenario, None), observe(scenario, trials)
    python = InPython(plan, 57)
    for records in trials:
        python.analyse(records)
    grid = curve_grid(plan.cut_day)

    expected = CurveCounts.empty(grid).counts
    for snapshot, derived in zip(seen.snapshots, seen.endpoints, strict=True):
        chosen = {"pfs": slice(None), "os": slice(None), "dor": derived["dor_time"] > 0}
        for i, name in enumerate(CURVES[:-1]):
            time, event = (derived[f"{name}_{what}"][chosen[name]] for what in ("time", "event"))
            curve = kaplan_meier(time, event)
            for point, day in enumerate(grid[grid <= time.max()]):
                expected[i, point, int(np.rint(1000 * curve.survival_at(day)))] += 1
        for point, day in enumerate(grid):
            share = np.mean(snapshot.subjects["enrolment_trial_day"] <= day)
            expected[3, point, int(np.rint(1000 * share))] += 1

    assert np.array_equal(np.array(python.curves).reshape(expected.shape), expected)
