"""Every rule gives the same in Python, over lists, and in a compiled kernel, over arrays.

A rule that is not in `CALLS` fails `test_every_rule_is_called_here`, so a new one is tested by
being written.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

import simulate
from simulate import bits, distributions, endpoints, guided, streams
from simulate.build_plan import build_plan
from simulate.build_survival_plan import build_survival_plan
from simulate.build_switching import switching_plan
from simulate.endpoints import endpoint_rules
from simulate.patient import (
    accrual,
    assessment,
    baseline,
    censoring,
    disease,
    dosing,
    enrolment,
    follow_up,
    grouping,
    randomisation,
    reading,
    resources,
    response,
    survival,
    switching,
    switching_at_calls,
    toxicity,
    treatment,
)
from simulate.patient.survival import SINGLE_OS, SINGLE_PFS, SurvivalModelPlan
from simulate.patient.switching import SwitchPlan
from simulate.plan import Plan, with_lists
from simulate.scenario.scenario import Scenario
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.survival_plan import SurvivalPlan

PACKAGE = Path(simulate.__file__).parent
TO_COPY = PACKAGE.parent / "scenarios" / "generic_two_arm.yaml"
MODULES = {
    module.__name__: module
    for module in (
        *(bits, streams, distributions, endpoints, guided),
        *(accrual, censoring, randomisation, reading, response, survival, switching_at_calls),
        *(assessment, baseline, disease, dosing, enrolment, follow_up),
        *(grouping, resources, switching, toxicity, treatment),
    )
}

ELSEWHERE = {
    "analysis": "test_one_trial.py",
    "analysis.counting": "test_counting.py",
    "known": "test_one_trial.py",
    "compiled.keep_apart": "test_looks_conduct.py",
    "looks": "test_looks_conduct.py",
    "survival_runner": "test_looks_conduct.py",
    "endpoints.derive_endpoints": "test_one_trial.py",
    "endpoints.known_response": "test_one_trial.py",
    "endpoints.days_before_dose": "test_one_trial.py",
    "event_cut": "test_event_cut.py",
    "look_samples": "test_event_cut.py",
    "patient.allotment": "test_allotment.py",
    "randomised_runner": "test_randomised_runner.py",
    "exposure": "test_one_trial.py",
    "observed_truth": "test_observed_truth.py",
    "packed": "test_one_trial.py",
    "readings": "test_central_review.py",
    "later_therapy": "test_rules_in_cycles.py",
    "counted_events": "test_rules_in_cycles.py",
    "grouped_times": "test_grouped_times_in_cycles.py",
    "told_readers": "test_central_review.py",
    "sequential": "test_sequential_integration.py",
}
"""Modules and rules that are compared in whole trials and samples, and in which file."""

WORDS = [0, 1, 2**20 + 7, 2**31 - 1, 2**31, 3_000_000_017, 2**32 - 1]
DAYS = np.array([39, 80, 130, 172, 215], np.int64)
SEEN = np.array([1, 1, 0, 1, 1], np.int64)
FINDINGS = np.array([3, 2, 0, 1, 4], np.int64)
OPENINGS = np.array([30, 0, 90], np.int64)
WEIGHTS = np.array([0.4, 1.7, 0.9])


def rules_in(path: Path) -> Iterator[str]:
    """Functions of a file with the decorator ``@rule``, or with a twin that ``@overload`` names."""
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)) if "@rule" in text or "@overload" in text else ():
        for mark in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
            match mark:
                case ast.Name(id="rule"):
                    yield node.name
                case ast.Call(func=ast.Name(id="overload"), args=[ast.Name(id=name)]):
                    yield name


def all_rules() -> dict[str, Callable[..., Any]]:
    """Every rule of the package, by ``module.name``; a module that is not known here fails."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        for name in rules_in(path):
            own = ".".join((*parts, name))
            if not ELSEWHERE.keys() & {own, own.rpartition(".")[0], parts[0]}:
                found[own] = getattr(MODULES[f"simulate.{'.'.join(parts)}"], name)
    return found


@pytest.fixture(scope="module")
def prognostic(scenario: Scenario) -> Plan:
    """The published trial with prognostic factors and Poisson-gamma accrual: all rules at work."""
    return build_plan(
        scenario.with_overrides(
            {
                "disease.prognostic_factors": [
                    {"variable": "visceral", "level": "yes", "progression": 1.7, "death": 1.1},
                    {"variable": "stage", "level": "IV", "death_after_progression": 0.6},
                ],
                "enrolment.accrual": {
                    "kind": "poisson_gamma",
                    "rate": "0.4 per month",
                    "window": "20 months",
                    "changes": [{"from": "3 months", "to": "5 months", "factor": 0}],
                },
                "enrolment.screening_failure": 0.2,
                "disease.dose_intensity": {"drug": "docetaxel", "hazard_ratio_per_10_percent": 1.3},
                "resources": {
                    "chairs": {"slots": 2},
                    "supply": [
                        {
                            "drug": "docetaxel",
                            "initial": 9,
                            "reorder_at": 3,
                            "order": 5,
                            "lead_time": "6 days",
                        }
                    ],
                },
            }
        )
    )


TERMS = (0, 1, 6, 8, 16, 18, 22)
"""Positions of terms of every frailty, weight and kind of onset."""


def toxicity_calls(plan: Plan) -> dict[str, list[tuple[Any, ...]]]:
    """Arguments for the rules of adverse events."""
    events = plan.toxicity
    return {
        "patient.toxicity.frailty": [
            (events, kind, a, b) for kind in range(3) for a in WORDS for b in WORDS
        ],
        "patient.toxicity.cycle_weight": [
            (events, term, cycle, state)
            for term in TERMS
            for cycle in (1, 2, 64, 900)
            for state in range(3)
        ],
        "patient.toxicity.occurrence": [
            (events, term, factor, e)
            for term in TERMS
            for factor in (0.0, 0.3, 2.0)
            for e in (1e-9, 0.02, 0.2, 9.0)
        ],
        "patient.toxicity.event_grade": [
            (events, term, severity, w)
            for term in TERMS
            for severity in (toxicity.MILD, toxicity.SEVERE)
            for w in WORDS
        ],
        "patient.toxicity.onset_day": [(events, t, 42, w) for t in TERMS for w in WORDS],
        "patient.toxicity.end_day": [(events, 50, w) for w in WORDS],
        "patient.toxicity.goes_on": [(50, 49), (50, 50), (50, 51)],
        "patient.toxicity.is_serious": [
            (events, term, severity, w)
            for term in TERMS
            for severity in (toxicity.MILD, toxicity.SEVERE)
            for w in WORDS
        ],
    }


def dosing_calls(plan: Plan) -> dict[str, list[tuple[Any, ...]]]:
    """Arguments for the dosing rules."""
    rules = plan.dosing
    rows = range(len(rules.rule_ids))
    return {
        "patient.dosing.is_related": [(rules, drug, w) for drug in (0, 1) for w in WORDS],
        "patient.dosing.rule_applies": [
            (rules, row, term, grade, related, special, w)
            for row in rows
            for term in (0, 8)
            for grade in (2, 3)
            for related in (True, False)
            for special in (True, False)
            for w in WORDS[::3]
        ],
        "patient.dosing.hold_ends": [(rules, row, 50, 61) for row in rows],
        "patient.dosing.held_until": [
            (rules, drug, 42, today, blocked)
            for drug in (0, 1)
            for today in (42, 60)
            for blocked in (43, 55, 90)
        ],
        "patient.dosing.latest_hold_day": [
            (plan.dosing, k, day) for k in (0, 1) for day in (0, 42)
        ],
        "patient.dosing.is_hold_too_long": [
            (rules, drug, 42, until) for drug in (0, 1) for until in (43, 126, 127)
        ],
        "patient.dosing.part_infused": [
            (resumed, w) for resumed in (0, 2**30 + 1, 2**32 - 1, 2**32) for w in WORDS
        ],
        "patient.dosing.infused_share": [(rules, row, w) for row in rows for w in WORDS],
        "patient.dosing.dose_share": [
            (rules, drug, level) for drug, level in ((0, 0), (1, 0), (1, 1))
        ],
        "patient.dosing.share_lost": [
            (rules, drug, level, before, after)
            for drug, level in ((0, 0), (1, 0), (1, 1))
            for before, after in ((1000, 1000), (1000, 0), (1000, 377), (377, 94))
        ],
        "patient.dosing.dose_amount": [
            (rules, drug, level, 61.5, 1.64) for drug, level in ((0, 0), (1, 0), (1, 1))
        ],
    }


def survival_plan(**changes: Any) -> SurvivalPlan:
    """The randomised trial to copy, with a few fields changed."""
    return build_survival_plan(SurvivalScenario.from_file(TO_COPY).with_overrides(changes))


def survival_calls() -> dict[str, list[tuple[Any, ...]]]:
    """Arguments for the rules of randomised trials with plain survival models."""
    normal = {"kind": "exponential", "median": "12 months"}
    coupled = {"kind": "copula", "progression": normal, "death": normal, "correlation": 0.6}
    of_regions = {
        "randomisation": {"method": "minimisation", "strata": ["visceral"], "by_site": True}
    }
    plan, minimised = survival_plan(), survival_plan(**of_regions)
    models = [
        plan.survival,
        survival_plan(survival=coupled).survival,
        *(plan.survival._replace(model=model) for model in (SINGLE_PFS, SINGLE_OS)),
    ]
    chance, totals = minimised.randomisation, np.array([3, 1, 0, 2, 3, 3], np.int64)
    known = [(chance, totals, cell, 0) for cell in (0, 1)]
    links = models[1].copula
    switches = {
        "arm": "experimental",
        "probability": 0.5,
        "delay": "9 days",
        "hazard_ratio": 0.3,
    }
    changing = survival_plan(**{"survival.switching": [switches]}).survival
    models.append(changing)
    responses = [
        survival_plan(
            **{"survival.response": {"rate": 0.4, "evaluable_after": "112 days", **more}}
        ).response
        for more in ({"correlation": 0.6}, {})
    ]
    never = distributions.NEVER
    limits = [(2, never), (never, never), (never, 90)]
    return {
        "guided.guided_number": [
            (tables, table, w)
            for tables in (plan.accrual.arrivals, plan.survival.days)
            for table in (0, 2)
            for w in WORDS
        ],
        "patient.accrual.table_of_day": [(plan.accrual, 0, day) for day in (0, 9, 400)],
        "patient.accrual.arrivals_on": [
            (plan.accrual, 0, day, w) for day in (0, 90, 400) for w in WORDS
        ],
        "patient.accrual.admitted": [(3, 9, 9), (3, 2, 9), (3, 9, 1), (0, 1, 1)],
        "patient.randomisation.list_of": [
            (drawn, 1, 0) for drawn in (plan.randomisation, minimised.randomisation)
        ],
        "patient.randomisation.size_of_block": [(plan.randomisation, w) for w in WORDS],
        "patient.randomisation.is_beyond": [(2, total, w) for total in (2, 3, 60) for w in WORDS],
        "patient.randomisation.arm_by_places": [
            (np.array(places), sum(places), w) for places in ([1, 1], [0, 2, 1], [3]) for w in WORDS
        ],
        "patient.randomisation.imbalance": [
            (chance, totals, row, arm) for row in (0, 1, 2) for arm in (0, 1)
        ],
        "patient.randomisation.imbalance_with": [(*each, arm) for each in known for arm in (0, 1)],
        "patient.randomisation.minimising_arm": [
            (chance, totals, np.zeros(2, np.int64), cell, 0, w, v)
            for cell in (0, 1)
            for w in WORDS
            for v in WORDS
        ],
        "patient.randomisation.count_in": [(*each, arm) for each in known for arm in (0, 1)],
        "patient.survival.table_of": [
            (models[0], transition, arm, cell)
            for transition in range(4)
            for arm in (0, 1)
            for cell in (0, 1)
        ],
        "patient.survival.transition_day": [
            (models[0], transition, 1, 1, w) for transition in range(4) for w in WORDS
        ],
        "patient.survival.before_death": [(3, 4), (4, 4), (5, 4)],
        "patient.survival.death_of_either_kind": [
            (progression, 5, after)
            for progression in (4, 5, 6, distributions.NEVER)
            for after in (0, 9, distributions.NEVER)
        ],
        "patient.survival.course_of": [
            (model, 1, 0, a, b, c, switch)
            for model in models
            for a in WORDS
            for b in WORDS
            for c in WORDS
            for switch in (0, 2**32 - 1)
        ],
        "patient.survival.transition_after": [(changing, arm, w) for arm in (0, 1) for w in WORDS],
        **switching_calls(changing),
        "patient.censoring.counts_despite": [(5, 5), (6, 5), (5, never)],
        "patient.censoring.censored_after": [
            (168, is_death, last, not_done, *limit)
            for is_death in (True, False)
            for last, not_done in ((42, 2), (126, 0))
            for limit in limits
        ],
        "patient.censoring.free_until": [
            (event, is_death, last)
            for event in (0, 42)
            for is_death in (True, False)
            for last in (0, 41)
        ],
        "patient.grouping.group_time": [
            (day, event, 42, end, window, today)
            for day in (70, 80, 90)
            for event in (0, 1)
            for end in (84, never)
            for window in (0, 7)
            for today in (83, 84, 91)
        ],
        "patient.reading.visit_of_call": [
            (first, late, early)
            for first in (0, 5, never)
            for late in (0, 2, never)
            for early in (1, 4, 5, never)
        ],
        "patient.reading.is_called": [
            (10, death, dropout) for death in (10, 11) for dropout in (9, 10, never)
        ],
        "patient.reading.day_of_new_therapy": [
            (alone, ends, follows, 7)
            for alone in (20, 30, never)
            for ends in (30, never)
            for follows in (0, 1)
        ],
        "patient.reading.is_call": [
            (scan, showing, late, early)
            for scan, showing in ((1, 0), (3, 0), (3, 1), (6, 4))
            for late in (0, 3, never)
            for early in (1, 3, never)
        ],
        "patient.reading.finding_as_read": [
            (calls, day, response, 7, complete)
            for calls in (True, False)
            for day in (42, 90)
            for response in (84, never)
            for complete in (True, False)
        ],
        "patient.response.response_word": [
            (plan, a, b) for plan in responses for a in WORDS for b in WORDS
        ],
        "patient.response.day_without_event": [
            (112, *days) for days in ((113, never), (112, never), (never, 112), (never, never))
        ],
        "patient.response.day_of_response": [
            (responses[0], arm, cell, w, *days)
            for arm in (0, 1)
            for cell in (0, 1)
            for w in WORDS
            for days in ((113, never, 112), (112, never, 112), (never, 112, never), (113, 113, 111))
        ],
        "patient.survival.normal_score": [(links, w) for w in WORDS],
        "patient.survival.coupled_word": [(links, a, b) for a in WORDS for b in WORDS],
    }


def switching_calls(model: SurvivalModelPlan) -> dict[str, list[tuple[Any, ...]]]:
    """Arguments for the rules of patients who change treatment."""
    never = distributions.NEVER
    scenario = SurvivalScenario.from_file(TO_COPY.with_name("kn026_phase3_readers.yaml"))
    plan = switching_plan(scenario, 900)
    tables = [switching_at_calls.hazard_table(plan, arm, 1, k) for arm in (0, 1) for k in (0, 1, 2)]
    return {
        "patient.switching_at_calls.hazard_table": [
            (plan, arm, 1, k) for arm in (0, 1) for k in (0, 1, 2)
        ],
        "patient.switching_at_calls.day_of_hazard": [
            (plan, table, since, needed)
            for table in tables
            for since in (0, 200, 899, 900)
            for needed in (0.0, 0.2, 0.7, 1e9)
        ],
        "patient.switching_at_calls.day_of_changed_hazard": [
            (plan, table, w, since, ratio)
            for table in tables
            for w in WORDS
            for since in (0, 200, 900)
            for ratio in (0.5, 1.7)
        ],
        "patient.switching_at_calls.course_after_switch": [
            (plan, arm, 0, 200, progression, a, b, c)
            for arm in (0, 1)
            for progression in (100, 200, 300, never)
            for a in WORDS
            for b in WORDS
            for c in WORDS
        ],
    }


def calls(plan: Plan, twin: Plan, scenario: Scenario) -> dict[str, list[tuple[Any, ...]]]:
    """Arguments for every rule; arrays as the plan has them."""
    levels = np.array([20, 0, 1, 3, 2, 1, 0, 0, 2, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 1])
    others = np.array([3, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0])
    rules = endpoint_rules(scenario)
    table = plan.disease.progression_other
    same_for_all = plan.disease._replace(by_response=0)
    factors = (1.7, 1.1, 0.6)
    response = endpoints.Response(4, 2, 80, 1, 172, 215)
    free = endpoints.Response(2, 0, distributions.NEVER, 0, 80, distributions.NEVER)
    never = distributions.NEVER
    rows_of_scans = [
        (rules, DAYS, seen, FINDINGS, start, end, until)
        for seen in (SEEN, 2 * SEEN)
        for start in range(5)
        for end in range(start, 6)
        for until in (DAYS[end - 1], 500)
    ]
    return {
        "streams._multiply": [(0xD2511F53, w) for w in WORDS],
        "bits.lowest_bit": [(mask,) for mask in (1, 2, 12, 2**40 + 2**33, 2**62, 2**63 - 1)],
        "bits.lifted": [(w,) for w in (*WORDS, 2**33, 2**52 - 1)],
        "bits.as_float": [(w,) for w in (*WORDS, 2**33, 2**52 - 1)],
        "bits.whole": [(x,) for x in (0.0, 0.5, 0.999999, 1.0, 17.25, 2.0**31 - 0.5)],
        "streams._binary": [(number,) for number in (1, 2, 3, 2**31 + 1, 2**33 - 1, 2**33)],
        "streams.philox4x32": [(1, 2, 3, 4, 5, 6), (*[2**32 - 1] * 6,)],
        "streams.word": [(20250, 5, 6, 34, i) for i in range(5)] + [(2**62 + 3, 1, 0, 45, 9)],
        "streams._word": [(7, 3, 2, 40, i) for i in range(4)],
        "streams._minus_log": [(1.0, 0), (1.3, -4), (1.9, -33)],
        "streams.unit_exponential": [(w,) for w in WORDS],
        "distributions.first_above": [(table.thresholds, w) for w in WORDS],
        "distributions.first_above_within": [
            (table.thresholds, w, start, start + 90) for w in WORDS for start in (0, 400)
        ],
        "distributions.day_of": [(table.thresholds, w) for w in WORDS],
        "distributions.first_reaching": [
            (table.cumulative_hazard, factor, target)
            for factor in (0.5, 1.7)
            for target in (0.0, 0.3, 2.5, 1e9)
        ],
        "distributions.later": [(3, 4), (never, 4), (3, never)],
        "patient.baseline.case_applies": [
            (plan.baseline, case, chosen)
            for case in (0, 5, 6, 9, 14)
            for chosen in (levels, others)
        ],
        "patient.baseline.baseline_level": [
            (plan.baseline, variable, chosen, w)
            for variable in (0, 3, 5, 7, 13)
            for chosen in (levels, others)
            for w in WORDS
        ],
        "patient.baseline.hazard_factor": [
            (plan.baseline, chosen, k) for chosen in (levels, others) for k in range(3)
        ],
        "patient.baseline.hazard_factors": [(plan.baseline, levels), (plan.baseline, others)],
        "patient.disease.event_day": [(table, f, w) for f in (1.0, 1.7) for w in WORDS],
        "patient.disease.progression_day": [
            (plan.disease, responder, day, 1.0, w)
            for responder, day in ((True, 84), (False, never))
            for w in WORDS
        ],
        "patient.disease.death_after_progression": [
            (plan.disease, responder, day, 0.6, w)
            for responder, day in ((True, 84), (False, 300), (False, never))
            for w in WORDS
        ],
        "patient.disease.disease_course": [
            (plan.disease, f, (a, b, a), b, (a, b))
            for f in (factors, (1.0, 1.0, 1.0))
            for a in WORDS
            for b in WORDS
        ],
        "patient.disease.intensity_factor": [
            (plan.disease, given, planned)
            for given in (0.0, 0.9, 3.0, 4.5)
            for planned in (1.0, 4.0)
        ],
        "patient.disease.hazard_between": [
            (table, start, end) for start in (-30, 0, 40) for end in (-3, 41, 10**6)
        ],
        "patient.disease.day_of_target": [
            (table, since, factor, target)
            for since in (-30, 0, 40)
            for factor in (1.0, 1.7)
            for target in (0.0, 0.3, 1e9)
        ],
        "patient.disease.progression_origin": [
            (disease_plan, responder, day)
            for disease_plan in (plan.disease, same_for_all)
            for responder, day in ((True, 84), (False, never))
        ],
        "patient.disease.latent_response": [
            (plan.disease, (a, b, a)) for a in WORDS for b in WORDS
        ],
        "patient.disease._course": [
            (disease_plan, disease.Response(responder, False, start), pd, factors, (a, b))
            for disease_plan in (plan.disease, same_for_all)
            for responder, start in ((True, 84), (False, never))
            for pd in (40, 200, never)
            for a in WORDS[:3]
            for b in WORDS
        ],
        "patient.disease.later_course": [
            (plan.disease, day, factors, (a, b, a), (a, b))
            for day in (90, 300, never)
            for a in WORDS
            for b in WORDS
        ],
        "patient.switching.day_of_switch": [
            (2**31, 20, w, call, death)
            for w in (0, 2**31, 2**32 - 1)
            for call in (90, never)
            for death in (100, 200, never)
        ],
        "patient.switching.death_after_switch": [
            (SwitchPlan(2**31, 20, ratio), plan.disease, course, factors, (a, b), day)
            for ratio in (0.3, 1.0, 4.0)
            for course in (
                disease.Course(True, False, 84, 300, 900),
                disease.Course(False, False, never, 40, 900),
                disease.Course(False, False, never, never, 900),
            )
            for a in WORDS
            for b in WORDS
            for day in (20, 320, never)
        ],
        "patient.enrolment.site_opening_day": [(plan.enrolment, 3, w) for w in WORDS],
        "patient.enrolment.site_factor": [(plan.enrolment, w) for w in WORDS],
        "patient.enrolment.power_arrival_day": [(twin.enrolment, w) for w in WORDS],
        "patient.enrolment.pin_first_and_last": [
            (twin.enrolment, DAYS),
            (twin.enrolment, DAYS[:1]),
        ],
        "patient.enrolment.choose_site": [
            (WEIGHTS, OPENINGS, day, w) for day in (0, 40, 90) for w in WORDS
        ]
        + [(WEIGHTS, OPENINGS + 100, 5, 2**31)],
        "patient.enrolment.poisson_arrival_day": [
            (plan.enrolment, opening, factor, spent)
            for opening in (0, 100, 10_000)
            for factor in (0.1, 2.5)
            for spent in (0.01, 1.5, 99.0)
        ],
        "patient.enrolment.fails_screening": [(plan.enrolment, w) for w in WORDS],
        "patient.assessment.baseline_scan_day": [(plan.assessment, w) for w in WORDS],
        "patient.assessment.visit_day": [
            (plan.assessment, k, w) for k in (1, 8, 9, 12) for w in WORDS
        ],
        "patient.assessment.visit_missed": [(plan.assessment, w) for w in WORDS],
        "patient.assessment.clinical_progression_day": [
            (plan.assessment, 200, a, b) for a in WORDS for b in WORDS
        ],
        "patient.assessment.response_seen_day": [
            (schedule, response, pd, death)
            for schedule in (plan.assessment, plan.assessment._replace(continuous=1))
            for response, pd, death in ((42, 90, 100), (1, 90, 100), (42, 42, 99), (42, never, 42))
        ],
        "patient.assessment.watched_until": [(90, 80, 85), (90, never, 85), (70, 80, never)],
        "patient.assessment.scan_finding": [
            (day, 84, 7, complete, 300)
            for day in (42, 77, 90, 299, 300)
            for complete in (True, False)
        ],
        "patient.follow_up.stops_early": [(plan.follow_up, w) for w in WORDS],
        "patient.follow_up.withdrawal_day": [
            (plan.follow_up, early, a, b) for early in (True, False) for a in WORDS for b in WORDS
        ],
        "patient.follow_up.leaves_study": [(plan.follow_up, w) for w in WORDS],
        "patient.follow_up.is_caused_by_event": [(2**31, w) for w in WORDS],
        "patient.follow_up.contact_lag": [(plan.follow_up, w) for w in WORDS],
        "patient.follow_up.last_contact": [
            (900, 20, 890, never),
            (900, 20, 5, 300),
            (9, 20, 0, never),
        ],
        "patient.follow_up.is_event_known": [(5, 5), (6, 5), (never, never)],
        "patient.treatment.mean_delay": [(plan.treatment, w) for w in WORDS],
        "patient.treatment.cycle_delay": [(2.71, e) for e in (0.0, 0.18, 0.2, 3.3, 22.0)],
        "patient.treatment.next_dose_day": [(plan.treatment, 42, 3)],
        "patient.treatment.planned_cycles": [(plan.treatment, k, w) for k in (0, 1) for w in WORDS],
        **toxicity_calls(plan),
        **dosing_calls(plan),
        **survival_calls(),
        "patient.resources.has_slot": [(plan.resources, used) for used in (0, 1, 2, 3)]
        + [(twin.resources, 99)],
        "patient.resources.has_stock": [
            (plan.resources, drug, stock) for drug in (0, 1) for stock in (0, 1)
        ],
        "patient.resources.must_reorder": [
            (plan.resources, drug, stock, is_ordered)
            for drug in (0, 1)
            for stock in (2, 3, 4)
            for is_ordered in (True, False)
        ],
        "endpoints.best_response": rows_of_scans,
        "endpoints.without_response": [
            (rules, last_free, progression)
            for last_free in (0, 34, 35, 160, 161)
            for progression in (never, 84)
        ],
        "endpoints.progression_free_survival": [
            (rules, summary, death, stop)
            for summary in (response, free)
            for death in (never, 100, 215, 230)
            for stop in (never, 90)
        ],
    }


def as_lists(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return with_lists(value) if hasattr(value, "_fields") else value


def compiled(function: Callable[..., Any], n_arguments: int) -> Callable[..., Any]:
    """A kernel that does nothing but call a rule."""
    names = ", ".join(f"a{i}" for i in range(n_arguments))
    scope = {"function": function}
    exec(f"def call({names}): return function({names})", scope)
    return numba.njit(error_model="numpy")(scope["call"])


def same(a: Any, b: Any) -> bool:
    """Equal in every bit; Numba's own tuples and integers count as Python's."""
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b) and all(map(same, a, b))
    return float(a).hex() == float(b).hex()


def test_rules_that_are_not_called_here_are_compared_elsewhere() -> None:
    for file in set(ELSEWHERE.values()):
        text = Path(__file__).with_name(file).read_text(encoding="utf-8")
        assert "compiled" in text, file


def test_every_rule_is_called_here(prognostic: Plan, plan: Plan, scenario: Scenario) -> None:
    assert set(calls(prognostic, plan, scenario)) == set(all_rules())


@pytest.mark.parametrize("name", sorted(all_rules()))
def test_a_rule_is_the_same_in_a_kernel_and_in_python(
    name: str, prognostic: Plan, plan: Plan, scenario: Scenario
) -> None:
    function = all_rules()[name]
    arguments = calls(prognostic, plan, scenario)[name]
    in_kernel = compiled(function, len(arguments[0]))

    for call in arguments:
        lists = [as_lists(value) for value in call]
        arrays = [value.copy() if isinstance(value, np.ndarray) else value for value in call]
        from_python, from_kernel = function(*lists), in_kernel(*arrays)
        if from_python is None:  # a rule that changes an array in place
            changed = [value.tolist() for value in arrays if isinstance(value, np.ndarray)]
            assert from_kernel is None
            assert changed == [v for v in lists if isinstance(v, list)]
        else:
            assert same(from_python, from_kernel), (name, call, from_python, from_kernel)
