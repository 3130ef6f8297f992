"""Dosing rules: each against a naive one by names, dates and fractions."""

from __future__ import annotations

import datetime as dt
from itertools import product
from typing import Any

import pytest
from naive_toxicity import naive_applies

from simulate.build_plan import build_plan
from simulate.patient import dosing
from simulate.patient.dosing import DosingPlan
from simulate.plan import Plan
from simulate.scenario.dosing import DosingRule
from simulate.scenario.scenario import Scenario

WORDS = [0, 2**26, 2**29, 2**31 - 1, 2**31, 3_500_000_017, 2**32 - 1]
DRUGS = ("KN026", "docetaxel")
DAY_0 = dt.date(2021, 3, 1)


def naive_rules(scenario: Scenario) -> list[tuple[str, DosingRule]]:
    return [(drug.name, rule) for drug in scenario.treatment.drugs for rule in drug.rules]


def with_rules(scenario: Scenario, *rules: dict[str, Any]) -> Scenario:
    """The published trial with other rules for KN026."""
    return scenario.with_overrides({"treatment.drugs.KN026.rules": list(rules), "sweep": []})


def test_actions_are_numbered_as_their_names() -> None:
    codes = (dosing.HOLD, dosing.REDUCE, dosing.DISCONTINUE, dosing.INTERRUPT_INFUSION)
    assert codes == (0, 1, 2, 3)
    assert dosing.ACTIONS == ("hold", "reduce", "discontinue", "interrupt_infusion")


OTHER_RULES = [
    {"id": 1, "action": "hold", "grade": 2, "terms": ["diarrhea", "sepsis"]},
    {"id": 2, "action": "hold", "terms": ["wbc_decrease"], "related": True, "lasting": "9 days"},
    {"id": 63, "action": "discontinue", "grade": 4, "special_interest": True, "probability": 0.5},
]


@pytest.mark.parametrize("rules", [None, OTHER_RULES], ids=["published", "others"])
def test_a_rule_applies_to_what_it_is_about(scenario: Scenario, rules: Any) -> None:
    trial = scenario if rules is None else with_rules(scenario, *rules)
    plan = build_plan(trial).dosing
    assert trial.toxicity is not None
    terms = [term.name for term in trial.toxicity.terms]

    seen = set()
    for row, (_, rule) in enumerate(naive_rules(trial)):
        for term, grade, related, special in product(
            terms, range(1, 6), (True, False), (True, False)
        ):
            for word in WORDS:
                expected = naive_applies(rule, term, grade, related, special, word)
                assert expected == dosing.rule_applies(
                    plan, row, terms.index(term), grade, related, special, word
                )
                seen.add((row, expected))
    assert len(seen) == 2 * len(naive_rules(trial)), "each rule applies sometimes, not always"


def test_rules_belong_to_their_drugs(scenario: Scenario, plan: Plan) -> None:
    tables = plan.dosing
    owner = [
        DRUGS[position]
        for position in range(2)
        for _ in range(tables.rule_start[position], tables.rule_start[position + 1])
    ]
    expected = naive_rules(scenario)
    assert owner == [drug for drug, _ in expected]
    assert tables.rule_ids.tolist() == [rule.id for _, rule in expected]
    assert [dosing.ACTIONS[a] for a in tables.action] == [rule.action for _, rule in expected]


def test_an_event_is_related_with_the_probability_of_the_drug(
    scenario: Scenario, plan: Plan
) -> None:
    for position, drug in enumerate(scenario.treatment.drugs):
        for word in WORDS:
            expected = (word + 0.5) / 2**32 < drug.relatedness
            assert dosing.is_related(plan.dosing, position, word) == expected


def test_a_hold_ends_with_the_event_or_after_its_days(scenario: Scenario, plan: Plan) -> None:
    onset, end = DAY_0 + dt.timedelta(50), DAY_0 + dt.timedelta(61)
    for row, (_, rule) in enumerate(naive_rules(scenario)):
        free = end if rule.lasting is None else onset + dt.timedelta(rule.lasting)
        assert dosing.hold_ends(plan.dosing, row, 50, 61) == (free - DAY_0).days


# A dose planned on day 42, looked at on some day, blocked until another; at least 7, at most 84.
HELD = [
    (42, 43, 49),  # one day is not enough: at least a week
    (42, 49, 49),
    (42, 50, 50),
    (42, 126, 126),
    (49, 45, 50),  # never today again
    (60, 61, 61),
]


@pytest.mark.parametrize(("today", "blocked", "until"), HELD)
def test_a_held_dose_waits_for_the_event_and_at_least_so_long(
    plan: Plan, today: int, blocked: int, until: int
) -> None:
    assert dosing.held_until(plan.dosing, 0, 42, today, blocked) == until


def test_a_hold_of_exactly_the_longest_length_is_still_allowed(plan: Plan) -> None:
    for position in range(2):
        too_long = [
            dosing.is_hold_too_long(plan.dosing, position, 42, day) for day in (125, 126, 127)
        ]
        assert too_long == [False, False, True]


def test_limits_of_holds_are_those_of_the_drug(scenario: Scenario) -> None:
    holds = {"at_least": "3 days", "at_most": "21 days", "delays_cycle": True}
    plan = build_plan(
        scenario.with_overrides({"treatment.drugs.docetaxel.holds": holds, "sweep": []})
    ).dosing

    assert list(plan.delays_cycle) == [1, 1]
    assert [dosing.held_until(plan, d, 42, 42, 43) for d in (0, 1)] == [49, 45]
    assert [dosing.is_hold_too_long(plan, d, 42, 64) for d in (0, 1)] == [False, True]


@pytest.mark.parametrize("resumed", [0.0, 0.25, 0.9, 1.0])
def test_an_interrupted_infusion_is_resumed_or_ends_at_a_uniform_moment(
    scenario: Scenario, resumed: float
) -> None:
    interrupt = {"id": 1, "action": "interrupt_infusion", "resumed": resumed}
    plan = build_plan(with_rules(scenario, interrupt)).dosing
    words = [2**32 * i // 40_000 for i in range(40_000)]  # all quantiles, evenly
    infused = [dosing.infused_share(plan, 0, word) for word in words]

    completed = sum(share == dosing.WHOLE_DOSE for share in infused)
    assert completed == pytest.approx(40_000 * resumed, abs=1)
    assert infused[:completed] == [1000] * completed, "the smallest words are the resumed ones"
    rest = infused[completed:]
    assert rest == sorted(rest), "nested in the same word"
    for tenth in range(10 if rest else 0):
        among = sum(100 * tenth <= share < 100 * (tenth + 1) for share in rest)
        assert among == pytest.approx(len(rest) / 10, abs=2)


def test_the_last_word_infuses_all_but_a_thousandth(plan: Plan) -> None:
    last = 2**32 - 1
    shares = [dosing.part_infused(resumed, last) for resumed in (0, 2**31, last, 2**32)]
    assert shares == [999, 999, 0, 1000], "with one word left, that word is the first moment"


def test_what_is_lost_of_a_dose_is_a_share_of_the_full_dose(plan: Plan) -> None:
    assert [dosing.dose_share(plan.dosing, 1, level) for level in (0, 1)] == [1.0, 55 / 75]
    assert dosing.share_lost(plan.dosing, 0, 0, 1000, 87) == pytest.approx(0.913)
    assert dosing.share_lost(plan.dosing, 1, 1, 400, 100) == pytest.approx(0.3 * 55 / 75)


@pytest.mark.parametrize(
    ("drug", "level", "milligrams"),
    [(0, 0, 30 * 62.0), (1, 0, 75 * 1.64), (1, 1, 55 * 1.64)],
)
def test_amounts_go_by_weight_or_body_surface(
    plan: Plan, drug: int, level: int, milligrams: float
) -> None:
    assert dosing.dose_amount(plan.dosing, drug, level, 62.0, 1.64) == pytest.approx(milligrams)


def test_the_published_dose_of_a_patient_of_62_kg_is_1860_mg(plan: Plan) -> None:
    assert dosing.dose_amount(plan.dosing, 0, 0, 62.0, 1.7) == 1860.0


def test_a_flat_dose_is_given_as_it_is(scenario: Scenario) -> None:
    flat = {"treatment.drugs.docetaxel.dose": "120 mg"}
    lower = {"treatment.drugs.docetaxel.reduced_doses": ["100 mg", "80 mg"], "sweep": []}
    plan: DosingPlan = build_plan(scenario.with_overrides(flat | lower)).dosing

    assert list(plan.n_levels) == [1, 3]
    amounts = [dosing.dose_amount(plan, 1, level, 62.0, 1.7) for level in range(3)]
    assert amounts == [120.0, 100.0, 80.0]
