"""The scenario flattened: dates become days, distributions tables, names positions."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from simulate.build_plan import HORIZON_MARGIN, build_plan, cut_day, plan_digest, trial_day
from simulate.distributions import NEVER, day_of, first_above
from simulate.errors import ScenarioError
from simulate.patient.baseline import baseline_level
from simulate.patient.treatment import planned_cycles
from simulate.plan import Plan, with_lists
from simulate.scenario.baseline import MOST_LEVELS, LevelsVariable
from simulate.scenario.scenario import Scenario

RESOLUTION = 2.0**-32


def changed(scenario: Scenario, **overrides: Any) -> Plan:
    return build_plan(
        scenario.with_overrides({k.replace("__", "."): v for k, v in overrides.items()})
    )


# ---- the clock ----------------------------------------------------------------------------------


def test_the_published_dates_as_trial_days(scenario: Scenario, plan: Plan) -> None:
    assert trial_day(scenario, dt.date(2020, 1, 13)) == 0
    assert plan.enrolment.first_day == 0
    assert plan.enrolment.last_day == 500  # 27 May 2021
    assert cut_day(scenario, scenario.analyses[0]) == 1341  # 15 September 2023
    assert plan.horizon == 1341 + HORIZON_MARGIN


def test_the_horizon_lies_after_the_latest_cut(scenario: Scenario) -> None:
    cuts = [
        {"id": 1, "name": "late", "cut": {"date": dt.date(2023, 9, 15)}},
        {"id": 2, "name": "early", "cut": {"date": dt.date(2021, 9, 15)}},
    ]

    assert changed(scenario, analyses=cuts).horizon == 1341 + HORIZON_MARGIN


# ---- enrolment ----------------------------------------------------------------------------------


def test_power_accrual_is_floor_of_500_u_to_the_1_over_exponent(plan: Plan) -> None:
    days = np.arange(500)

    cumulative = plan.enrolment.arrival_day / 2**32

    # floor(500 U^(1/a)) <= d  <=>  U < ((d + 1) / 500)^a
    assert np.max(np.abs(cumulative - ((days + 1) / 500) ** 2.53)) <= RESOLUTION
    rng = np.random.default_rng(1)
    for word in rng.integers(0, 2**32, 3000).tolist():
        u = (word + 0.5) / 2**32
        assert first_above(plan.enrolment.arrival_day, word) == math.floor(500 * u ** (1 / 2.53))


def test_power_accrual_on_one_single_day(scenario: Scenario) -> None:
    accrual = changed(scenario, enrolment__accrual__last=dt.date(2020, 1, 13)).enrolment

    assert accrual.first_day == accrual.last_day == 0
    assert first_above(accrual.arrival_day, 2**32 - 1) == 0


def test_the_clock_of_poisson_accrual_stands_still_in_a_pause(scenario: Scenario) -> None:
    accrual = changed(
        scenario,
        enrolment__accrual={
            "kind": "poisson_gamma",
            "rate": "0.01 per day",
            "window": "100 days",
            "changes": [
                {"from": "10 days", "to": "20 days", "factor": 0},
                {"from": "50 days", "to": "60 days", "factor": 2.5},
            ],
        },
    ).enrolment

    pace = np.ones(100)
    pace[10:20] = 0.0
    pace[50:60] = 2.5
    assert accrual.rate == 0.01
    assert accrual.last_day == 100
    np.testing.assert_allclose(accrual.clock, np.concatenate([[0], np.cumsum(pace)]), atol=1e-12)


def test_sites_open_on_given_dates_but_not_before_the_origin(scenario: Scenario) -> None:
    dates = (dt.date(2019, 12, 1), dt.date(2020, 1, 13), dt.date(2020, 3, 1))

    accrual = changed(
        scenario,
        enrolment__sites={"count": 3, "activation": {"kind": "dates", "dates": list(dates)}},
    ).enrolment

    assert accrual.activation_days.tolist() == [0, 0, 48]
    assert accrual.site_ids.tolist() == [1, 2, 3]
    assert set(accrual.site_factor.tolist()) == {1.0}, "no rate_shape: all sites alike"


def test_sites_without_activation_are_open_from_the_origin(scenario: Scenario) -> None:
    accrual = changed(scenario, enrolment__sites={"count": 2}).enrolment

    assert len(accrual.activation_days) == 0
    assert first_above(accrual.activation, 2**32 - 1) == 0


def test_the_rates_of_sites_are_gamma_with_mean_1(plan: Plan) -> None:
    levels = (np.arange(4096) + 0.5) / 4096

    np.testing.assert_allclose(
        plan.enrolment.site_factor, stats.gamma(1.2, scale=1 / 1.2).ppf(levels), rtol=1e-10
    )


# ---- the patient --------------------------------------------------------------------------------


def test_the_baseline_variables_are_laid_out_as_the_scenario_has_them(
    scenario: Scenario, plan: Plan
) -> None:
    flat = with_lists(plan.baseline)
    names = [v.name for v in scenario.baseline.variables]
    levels = {v.name: getattr(v, "level_names", ()) for v in scenario.baseline.variables}

    assert flat.variable_ids == [v.id for v in scenario.baseline.variables]
    for position, variable in enumerate(scenario.baseline.variables):
        if not isinstance(variable, LevelsVariable):
            continue
        cases = range(flat.case_start[position], flat.case_start[position + 1])
        for case, described in zip(cases, variable.all_cases, strict=True):
            rows = range(flat.condition_start[case], flat.condition_start[case + 1])
            conditions = {
                names[flat.condition_variable[row]]: {
                    level
                    for i, level in enumerate(levels[names[flat.condition_variable[row]]])
                    if flat.condition_levels[row] >> i & 1
                }
                for row in rows
            }
            assert conditions == {name: set(wanted) for name, wanted in described.when.items()}
            table = flat.thresholds[flat.level_start[case] : flat.level_start[case + 1]]
            shares = np.diff([0, *table]) / 2**32
            total = sum(described.levels.values())
            expected = [described.levels.get(level, 0) / total for level in variable.level_names]
            np.testing.assert_allclose(shares, expected, atol=2 * RESOLUTION)


def test_age_starts_at_its_lower_limit(scenario: Scenario, plan: Plan) -> None:
    assert plan.baseline.first_value[0] == 30
    assert plan.baseline.level_start[1] == 38  # 30 to 67 years
    names = [variable.name for variable in scenario.baseline.variables]
    first = dict(zip(names, plan.baseline.first_value.tolist(), strict=True))
    assert {name: value for name, value in first.items() if value} == {
        "age": 30,
        "weight": 40,
        "height": 142,
    }


def test_prognostic_factors_are_sorted_by_variable(scenario: Scenario) -> None:
    baseline = changed(
        scenario,
        disease__prognostic_factors=[
            {"variable": "visceral", "level": "yes", "progression": 1.7},
            {"variable": "stage", "level": "IV", "death": 0.5, "death_after_progression": 2.0},
        ],
    ).baseline

    names = [v.name for v in scenario.baseline.variables]
    stage, visceral = names.index("stage"), names.index("visceral")
    starts = baseline.hazard_ratio_start
    assert [v for v in range(len(names)) if starts[v + 1] > starts[v]] == [stage, visceral]
    assert baseline.hazard_ratio_level.tolist() == [3, 1]  # IV is the fourth; no, yes by first case
    assert baseline.hazard_ratios.tolist() == [1.0, 0.5, 2.0, 1.7, 1.0, 1.0]


def test_non_responders_die_sooner_after_progression(plan: Plan) -> None:
    responders = plan.disease.death_after_responder.cumulative_hazard
    others = plan.disease.death_after_other.cumulative_hazard

    np.testing.assert_allclose(others, 1.4918 * responders, rtol=1e-14)


def test_planned_cycles_of_each_drug(plan: Plan) -> None:
    treatment = plan.treatment
    rng = np.random.default_rng(3)
    for word in rng.integers(0, 2**32, 2000).tolist():
        drawn = 9.2 * math.exp(0.22 * stats.norm.ppf((word + 0.5) / 2**32))
        assert planned_cycles(treatment, 1, word) == min(max(round(drawn), 4), 18)
        assert planned_cycles(treatment, 0, word) == NEVER, "KN026 until treatment stops"


def test_nothing_is_late_without_delays(scenario: Scenario) -> None:
    assert not changed(scenario, treatment__delay=None).treatment.delay_mean.any()


def test_a_condition_may_look_at_the_last_of_very_many_levels(scenario: Scenario) -> None:
    many = {f"level_{i}": 1 for i in range(MOST_LEVELS)}
    last = f"level_{MOST_LEVELS - 1}"
    second = [{"when": {"first": [last]}, "levels": {"x": 1}}, {"levels": {"y": 1}}]
    variables: list[dict[str, Any]] = [
        {"id": 1, "name": "first", "levels": many},
        {"id": 2, "name": "second", "cases": second},
    ]

    alone = {"endpoints__subgroups": [], "treatment__body": None}

    plan = changed(scenario, baseline__variables=variables, **alone)

    levels = [baseline_level(plan.baseline, 1, [first], 0) for first in (0, 60, MOST_LEVELS - 1)]
    assert levels == [1, 1, 0]
    variables[0]["levels"] = many | {"one_more": 1}
    with pytest.raises(ScenarioError, match="at most 62 levels"):
        changed(scenario, baseline__variables=variables, **alone)


def test_a_normal_variable_far_from_its_limits_is_refused_or_works(scenario: Scenario) -> None:
    try:
        with np.errstate(all="raise"):
            plan = changed(scenario, baseline__variables__age__mean=900)
    except ScenarioError:
        return
    ages = plan.baseline.thresholds[: plan.baseline.level_start[1]]
    assert np.all(np.diff(ages) >= 0)


# ---- visits -------------------------------------------------------------------------------------


def test_scans_are_six_weekly_to_week_48_and_twelve_weekly_after(plan: Plan) -> None:
    weeks = [6, 12, 18, 24, 30, 36, 42, 48, *range(60, 400, 12)]
    until = plan.horizon + plan.assessment.window

    expected = [0] + [7 * week for week in weeks if 7 * week <= until]

    assert plan.assessment.nominal_days.tolist() == expected


def test_three_paces_of_scans(scenario: Scenario) -> None:
    calendar = [
        {"every": "3 weeks", "until": "6 weeks"},
        {"every": "6 weeks", "until": "18 weeks"},
        {"every": "26 weeks"},
    ]

    days = changed(scenario, assessment__calendar=calendar).assessment.nominal_days

    assert days[:7].tolist() == [0, 21, 42, 84, 126, 126 + 182, 126 + 364]


def test_a_calendar_that_changes_after_the_horizon(scenario: Scenario) -> None:
    calendar = [{"every": "6 weeks", "until": "240 weeks"}, {"every": "2 weeks"}]

    assessment = changed(
        scenario, assessment__calendar=calendar, assessment__window="3 days"
    ).assessment

    assert set(np.diff(assessment.nominal_days)) == {42}
    assert assessment.nominal_days[-1] == 1344  # of 1371 days to the horizon and 3 of window


def test_visits_vary_by_a_normal_deviation_within_the_window(plan: Plan) -> None:
    normal = stats.norm(0, 3)
    edges = np.arange(-7, 8) + 0.5
    inside = normal.cdf(7.5) - normal.cdf(-7.5)

    truth = (normal.cdf(edges) - normal.cdf(-7.5)) / inside

    assert np.max(np.abs(plan.assessment.jitter / 2**32 - truth)) <= RESOLUTION


@pytest.mark.parametrize("window", [0, 5])
def test_without_deviation_every_visit_is_on_its_day(scenario: Scenario, window: int) -> None:
    assessment = changed(
        scenario, assessment__jitter_sd="0 days", assessment__window=f"{window} days"
    ).assessment

    assert {first_above(assessment.jitter, word) for word in (0, 2**31, 2**32 - 1)} == {window}


def test_clinical_progression_shows_itself_evenly_over_its_days(
    scenario: Scenario, plan: Plan
) -> None:
    shares = np.diff([0, *plan.assessment.clinical_delay]) / 2**32

    np.testing.assert_allclose(shares, np.full(14, 1 / 14), atol=2 * RESOLUTION)
    assert plan.assessment.clinical_first == 1
    assert changed(scenario, assessment__clinical_progression=None).assessment.clinical == 0


def test_nobody_leaves_where_the_scenario_says_nothing(scenario: Scenario) -> None:
    follow_up = changed(
        scenario,
        follow_up__withdrawal=None,
        follow_up__early_stop=None,
        follow_up__last_contact_lag=None,
    ).follow_up

    assert day_of(follow_up.withdrawal, 0) == NEVER
    assert follow_up.early_stop == 0
    assert first_above(follow_up.last_contact_lag, 2**32 - 1) == 0


# ---- the whole ----------------------------------------------------------------------------------


def test_the_digest_knows_every_table(scenario: Scenario, plan: Plan) -> None:
    overrides: list[dict[str, Any]] = [
        {"sample_size": 58},
        {"disease.response.probability": 0.81},
        {"assessment.window": "6 days"},
        {"treatment.delay.mean": "2.72 days"},
        {"follow_up.lost_at_withdrawal": 0.21},
        {"baseline.variables.age.mean": 51.6},
        {"enrolment.accrual.exponent": 2.54},
        {"analyses.final.cut.date": dt.date(2023, 9, 16)},
    ]

    digests = {plan_digest(build_plan(scenario.with_overrides(one))) for one in overrides}

    assert plan_digest(build_plan(scenario)) == plan_digest(plan)
    assert len(digests | {plan_digest(plan)}) == len(overrides) + 1


def test_lists_hold_the_same_numbers_as_the_arrays(plan: Plan) -> None:
    def compare(arrays: Any, lists: Any) -> None:
        assert type(lists) is (list if isinstance(arrays, np.ndarray) else type(arrays))
        if isinstance(arrays, tuple):
            for a, b in zip(arrays, lists, strict=True):
                compare(a, b)
        else:
            assert np.array_equal(arrays, lists)

    compare(plan, with_lists(plan))
