"""Response rates and subpopulations of patients in cycles and scans, against whole data cuts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from arms_example import randomised
from statsmodels.stats.proportion import test_proportions_2indep

from simulate.build_arms import build_trial_plan
from simulate.choose_engine import BATCH, REFERENCE
from simulate.cutoff import cut
from simulate.design_theory import design_theory
from simulate.distributions import FloatArray
from simulate.endpoints import derive_trial
from simulate.engines.reference import ReferenceEngine
from simulate.errors import ScenarioError
from simulate.randomised_runner import RandomisedRunner
from simulate.scenario.baseline import LevelsVariable
from simulate.scenario.scenario import Scenario

test_proportions_2indep.__test__ = False  # of statsmodels: no test of ours

SEED, N = 11, 4
AFTER = 84
ARMS = {"experimental": "kn026", "control": "control"}
RESPONSE, PARTIAL = 1, 2
TESTED = [
    {
        **{"id": 1, "name": "orr", "endpoint": "ORR", **ARMS, "information": 60, "alpha": 0.01},
        **{"test": {"kind": "response"}, "efficacy": {"kind": "pocock"}},
    },
    {
        **{"id": 2, "name": "orr_visceral", "endpoint": "ORR", **ARMS, "alpha": 0.01},
        **{"population": {"visceral": "yes"}, "information": 30},
        "test": {"kind": "response"},
    },
    {
        **{"id": 3, "name": "pfs_visceral", "endpoint": "PFS", **ARMS, "alpha": 0.01},
        **{"population": {"visceral": "yes"}, "information": 15},
    },
]
LOOKS = [
    {"id": 1, "name": "interim", "cut": {"enrolled": {"count": 40, "after": "12 weeks"}}},
    {
        **{"id": 2, "name": "final"},
        "cut": {"events": {"endpoint": "PFS", "count": 9, "population": {"visceral": "yes"}}},
    },
]


def levels_of(trial: Scenario, name: str) -> LevelsVariable:
    """A baseline variable that has levels."""
    variable = trial.baseline.variable(name)
    assert isinstance(variable, LevelsVariable)
    return variable


@pytest.fixture(scope="module")
def trial(scenario: Scenario) -> Scenario:
    changed = randomised(scenario, hypotheses=TESTED, sample_size=60, analyses=LOOKS)
    return changed.with_overrides({"endpoints.evaluable_after": f"{AFTER} days"})


@pytest.fixture(scope="module")
def rows(trial: Scenario) -> dict[str, dict[str, FloatArray]]:
    runner = RandomisedRunner(trial, seed=SEED, engine=REFERENCE)
    return {
        name: dict(zip(runner.names, values.T, strict=True))
        for name, values in runner.run(range(N)).items()
    }


def test_responders_are_those_of_the_data_cut(
    trial: Scenario, rows: dict[str, dict[str, FloatArray]]
) -> None:
    """Best overall response, confirmed, as the phase II counts it; enrolled long enough."""
    engine = ReferenceEngine(build_trial_plan(trial))
    visceral = levels_of(trial, "visceral")
    variable, yes = str(visceral.id), visceral.level_names.index("yes")
    n_looks = n_early = 0
    for replicate in range(N):
        records = engine.simulate(seed=SEED, replicate=replicate)
        entered = records.subjects["enrolment_trial_day"]
        for look in ("interim", "final"):
            row = {name: values[replicate] for name, values in rows[look].items()}
            if math.isnan(row["cut_day"]):
                continue
            n_looks += 1
            day = int(row["cut_day"])
            snapshot = cut(records, day)
            best = dict(
                zip(
                    snapshot.subjects["patient"].tolist(),
                    derive_trial(trial, snapshot)["best_response"].tolist(),
                    strict=True,
                )
            )
            n_early += int(((entered <= day) & (entered > day - AFTER)).sum())
            for name, levels in (("orr", (0, 1)), ("orr_visceral", (yes,))):
                counts = {}
                for place, arm in (("experimental", 3), ("control", 8)):
                    mine = [
                        patient
                        for patient in range(records.n_patients)
                        if entered[patient] + AFTER <= day
                        and records.subjects["arm"][patient] == arm
                        and records.baseline[variable][patient] in levels
                    ]
                    responders = sum(best.get(p) in (RESPONSE, PARTIAL) for p in mine)
                    counts[place] = responders, len(mine)
                    if math.isnan(row[f"{name}.n_{place}"]):
                        continue  # decided at the look before
                    assert row[f"{name}.n_{place}"] == len(mine)
                    assert row[f"{name}.events_{place}"] == responders
                (x1, n1), (x2, n2) = counts["experimental"], counts["control"]
                if math.isfinite(row[f"{name}.z"]) and 0 < x1 + x2 < n1 + n2:
                    with np.errstate(all="ignore"):  # it divides by rates of 0, too
                        theirs = test_proportions_2indep(x1, n1, x2, n2, value=0.0, method="score")
                    assert row[f"{name}.z"] == pytest.approx(theirs.statistic, abs=1e-8)
                    assert row[f"{name}.tested_events"] == n1 + n2
    assert n_looks > N
    assert n_early > 0, "patients who are not evaluable yet are wanted"


def test_events_of_a_subpopulation_trigger_a_look(rows: dict[str, dict[str, FloatArray]]) -> None:
    final = rows["final"]
    reached = final["target_reached"] == 1
    assert reached.any()
    assert (final["overshoot"][reached] >= 0).all()
    assert (final["overshoot"][reached] <= 2).all()
    events = final["pfs_visceral.events_experimental"] + final["pfs_visceral.events_control"]
    told = reached & ~np.isnan(events)
    np.testing.assert_array_equal(events[told], 9 + final["overshoot"][told])
    assert (final["pfs.events"][told] >= events[told]).all()


def test_both_engines_make_the_same_looks(trial: Scenario) -> None:
    one, other = (
        RandomisedRunner(trial, seed=SEED, engine=engine).run(range(N))
        for engine in (REFERENCE, BATCH)
    )
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)


def test_theory_takes_latent_rates_and_shares_of_patients(scenario: Scenario) -> None:
    changes = {
        "disease.response.probability": 0.8,
        "endpoints.evaluable_after": "12 weeks",
        "assessment.calendar": [{"every": "6 weeks"}],
    }
    plain = randomised(scenario, hypotheses=TESTED, sample_size=60, analyses=LOOKS[:1])
    trial = plain.with_overrides(changes | {"arms.control.set": {}})
    trial = trial.with_overrides({"arms.control.set": {"disease.response.probability": 0.5}})
    table = design_theory(trial).table
    rows = {
        (row["hypothesis"], row["truth"]): row
        for row in table.to_dict("records")
        if row["truth"] == "assumed"
    }
    whole, part = (rows[name, "assumed"] for name in ("orr", "orr_visceral"))
    assert (whole["experimental_rate"], whole["control_rate"]) == (0.8, 0.5)
    stages = levels_of(trial, "stage").all_cases[0].levels
    late = sum(n for stage, n in stages.items() if not stage.startswith("III"))
    share = late / sum(stages.values()) * 34 / 52  # nobody in stage III has them
    assert part["planned_events"] / whole["planned_events"] == pytest.approx(share, abs=1e-9)


def test_a_rate_needs_its_test_and_no_events(scenario: Scenario) -> None:
    with pytest.raises(ScenarioError, match="ORR is a rate, and log_rank compares times"):
        randomised(scenario, hypotheses=[{**TESTED[0], "test": "log_rank"}])
    orr = {"id": 1, "name": "only", "cut": {"events": {"endpoint": "ORR", "count": 5}}}
    with pytest.raises(ScenarioError, match="ORR has no events that could be waited for"):
        randomised(scenario, hypotheses=TESTED, analyses=[orr])
    with pytest.raises(ScenarioError, match="visceral has no such level"):
        randomised(scenario, hypotheses=[{**TESTED[2], "population": {"visceral": "maybe"}}])


def test_without_a_test_of_rates_nothing_is_told_of_them(scenario: Scenario) -> None:
    assert "ORR" not in randomised(scenario, hypotheses=TESTED[2:]).endpoint_names
