"""Adverse events and dosing rules that contradict each other: refused, with their place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scenario_example import GOOD, problems_of, spoil, write

from simulate.build_plan import build_plan
from simulate.engines.reference import ReferenceEngine
from simulate.errors import ScenarioError
from simulate.patient.dosing import rule_applies
from simulate.scenario import Scenario

TREATMENT = """\
treatment:
  cycle_length: 21 days
  body: {weight: weight, height: height}
  drugs:
    - id: 1
      name: A
      dose: 30 mg/kg
      relatedness: 0.4
      holds: {at_least: 7 days, at_most: 84 days}
      rules:
        - {id: 1, action: hold, grade: 3, related: true}
        - {id: 2, action: hold, special_interest: true, lasting: 21 days}
        - {id: 3, action: interrupt_infusion, terms: [reaction], probability: 0.25}
    - id: 2
      name: B
      dose: 75 mg/m2
      reduced_doses: [55 mg/m2, 40 mg/m2]
      relatedness: 0.5
      planned_cycles: {kind: fixed, value: 6}
      holds: {at_most: 42 days, delays_cycle: false}
      rules:
        - {id: 4, action: reduce, grade: 3, probability: 0.1}
        - {id: 5, action: discontinue, grade: 4, terms: [rash, nausea]}

toxicity:
  frailties: {haematological: 1, other: 0.5, correlation: 0.3}
  weights:
    - {name: with_b, early: 1, fades_over: 2, drug: B, without: 0.2, reduced: 0.6}
    - {name: constant}
  onset: [3 days, 14 days]
  duration: {median: 10 days, sigma: 0.6}
  grade_2_share: 0.5
  grade_4_share: 0.25
  serious_grade_3: 0.07
  serious_mild: 0.01
  fatal: rash
  terms:
    - {id: 1, name: rash, label: Rash, organ_class: Skin, rate: 0.3, rate_grade_3: 0.1,
       weight: with_b}
    - {id: 2, name: nausea, label: Nausea, organ_class: Gut, rate: 0.2, weight: constant, grade: 2}
    - {id: 3, name: reaction, label: Reaction, organ_class: Injury, rate: 0.1, weight: constant,
       frailty: none}
"""


def with_events(text: str) -> str:
    """The small scenario with adverse events, dosing rules, weight and height."""
    start, end = text.index("treatment:"), text.index("assessment:")
    text = text[:start] + TREATMENT + "\n" + text[end:]
    variables = (
        "  variables:\n"
        "    - {id: 8, name: weight, kind: normal, mean: 60, sd: 9, low: 40, high: 95}\n"
        "    - {id: 9, name: height, kind: normal, mean: 159, sd: 6, low: 142, high: 178}\n"
    )
    text = text.replace("  variables:\n", variables)
    return text.replace(
        "days: [1 day, 20 days]}",
        "days: [1 day, 20 days], adverse_event: rash}\n"
        "  withdrawal_adverse_event: {term: nausea, probability: 0.2}",
    )


TOXIC = with_events(GOOD)

REDUCTION = TOXIC[TOXIC.index("      reduced_doses:") : TOXIC.index("reduce,")]

# What is replaced, by what (» marks the place to be named), the key, and words of the message.
BAD = {
    "reduction to a higher dose": (
        "reduced_doses: [55 mg/m2, 40 mg/m2]",
        "»reduced_doses: [80 mg/m2]",
        "treatment.drugs.B.reduced_doses",
        "lower than the one before|80 mg/m2 after 75 mg/m2",
    ),
    "second reduction goes up": (
        "reduced_doses: [55 mg/m2, 40 mg/m2]",
        "»reduced_doses: [40 mg/m2, 55 mg/m2]",
        "treatment.drugs.B.reduced_doses",
        "lower than the one before|55 mg/m2 after 40 mg/m2",
    ),
    "reduction in another unit": (
        "reduced_doses: [55 mg/m2, 40 mg/m2]",
        "»reduced_doses: [55 mg]",
        "treatment.drugs.B.reduced_doses",
        "same unit",
    ),
    "reduction to nothing": (
        "reduced_doses: [55 mg/m2, 40 mg/m2]",
        "reduced_doses: [»0 mg/m2]",
        "treatment.drugs.B.reduced_doses.0",
        "more than 0|mg/m2",
    ),
    "reduction without a lower dose": (
        REDUCTION,
        REDUCTION.partition("\n")[2].replace("action", "»action"),
        "treatment.drugs.B.rules.4.action",
        "to reduce B, reduced_doses must say to what",
    ),
    "hold that can never end": (
        "{at_least: 7 days, at_most: 84 days}",
        "{»at_least: 90 days, at_most: 84 days}",
        "treatment.drugs.A.holds.at_least",
        "can never end|at least 90, at most 84",
    ),
    "hold that lasts longer than any may": (
        "special_interest: true, lasting: 21 days",
        "special_interest: true, »lasting: 85 days",
        "treatment.drugs.A.rules.2.lasting",
        "can never end|given: 85 days; holds of A last 84 days at most",
    ),
    "hold by an event of grade 1": (
        "action: hold, grade: 3, related: true",
        "action: hold, »grade: 1, related: true",
        "treatment.drugs.A.rules.1.grade",
        "resolved to grade 1|given: 1|Give grade: 2 or higher|lasting",
    ),
    "hold by an event of any grade": (
        "{id: 1, action: hold, grade: 3, related: true}",
        "»{id: 1, action: hold, related: true}",
        "treatment.drugs.A.rules.1.grade",
        "cannot hold a dose (given: none, which means 1)",
    ),
    "hold of unknown length by special interest": (
        "special_interest: true, lasting: 21 days}",
        "special_interest: true, »grade: 1}",
        "treatment.drugs.A.rules.2.grade",
        "an event of grade 1 cannot hold a dose",
    ),
    "no longest hold": (
        "holds: {at_least: 7 days, at_most: 84 days}",
        "»holds: {at_least: 7 days}",
        "treatment.drugs.A.holds.at_most",
        "needed",
    ),
    "shortest delay of what is not delayed": (
        "{at_most: 42 days, delays_cycle: false}",
        "{»at_least: 7 days, at_most: 42 days, delays_cycle: false}",
        "treatment.drugs.B.holds.at_least",
        "no shortest length|leave at_least out",
    ),
    "reduction that lasts": (
        "{id: 4, action: reduce, grade: 3, probability: 0.1}",
        "{id: 4, action: reduce, grade: 3, »lasting: 21 days}",
        "treatment.drugs.B.rules.4.lasting",
        "only a hold lasts|reduce",
    ),
    "hold that is resumed": (
        "special_interest: true, lasting: 21 days",
        "special_interest: true, lasting: 21 days, »resumed: 0.5",
        "treatment.drugs.A.rules.2.resumed",
        "only an interrupted infusion is resumed|hold",
    ),
    "unknown action": (
        "action: discontinue",
        "action: »discontinu",
        "treatment.drugs.B.rules.5.action",
        "'hold', 'reduce'|Did you mean discontinue",
    ),
    "rule for fatal events": (
        "action: discontinue, grade: 4",
        "action: discontinue, grade: »5",
        "treatment.drugs.B.rules.5.grade",
        "at most 4|given: 5",
    ),
    "rule naming an unknown term": (
        "terms: [rash, nausea]",
        "terms: [rash, »nausee]",
        "treatment.drugs.B.rules.5.terms.1",
        "no adverse event nausee|Did you mean nausea",
    ),
    "duplicate rule ids": (
        "{id: 4, action: reduce",
        "{»id: 3, action: reduce",
        "treatment.drugs.B.rules.3.id",
        "this id is taken already by a dosing rule of A (given: 3)",
    ),
    "rule id too high": (
        "{id: 4, action: reduce",
        "{id: »64, action: reduce",
        "treatment.drugs.B.rules.64.id",
        "less than 64|given: 64",
    ),
    "probability of a rule": (
        "terms: [reaction], probability: 0.25",
        "terms: [reaction], probability: »1.25",
        "treatment.drugs.A.rules.3.probability",
        "between 0 and 1|given: 1.25",
    ),
    "relatedness over 1": (
        "relatedness: 0.5",
        "relatedness: »1.5",
        "treatment.drugs.B.relatedness",
        "between 0 and 1|given: 1.5",
    ),
    "incidence of serious events over 1": (
        "serious_grade_3: 0.07",
        "serious_grade_3: »1.07",
        "toxicity.serious_grade_3",
        "between 0 and 1|given: 1.07",
    ),
    "incidence of a term's serious events over 1": (
        "weight: constant, grade: 2}",
        "weight: constant, grade: 2, serious: »2}",
        "toxicity.terms.nausea.serious",
        "between 0 and 1|given: 2",
    ),
    "more severe events than events": (
        "rate: 0.3, rate_grade_3: 0.1",
        "rate: 0.3, »rate_grade_3: 0.4",
        "toxicity.terms.rash.rate_grade_3",
        "among those of any grade|0.4 of 0.3",
    ),
    "negative rate": ("rate: 0.2,", "rate: »-0.2,", "toxicity.terms.nausea.rate", "at least 0"),
    "weight for an unknown term": (
        "    - {name: constant}\n",
        "    - {name: constant}\n    - »{name: nobody, later: 2}\n",
        "toxicity.weights.nobody",
        "no term has the weight nobody",
    ),
    "term with an unknown weight": (
        "weight: with_b}",
        "»weight: with_c}",
        "toxicity.terms.rash.weight",
        "no weight with_c (allowed: with_b, constant)|Did you mean with_b",
    ),
    "weights of one name": (
        "    - {name: constant}\n",
        "    - {name: constant}\n    - {»name: constant, later: 2}\n",
        "toxicity.weights.constant.name",
        "this name is taken already (given: constant)",
    ),
    "weight of an unknown drug": (
        "drug: B, without",
        "»drug: C, without",
        "toxicity.weights.with_b.drug",
        "no drug C",
    ),
    "weight without a drug": (
        "fades_over: 2, drug: B, without: 0.2, reduced: 0.6",
        "fades_over: 2, »without: 0.2",
        "toxicity.weights.with_b.without",
        "depends on no drug",
    ),
    "reduced weight without a drug": (
        "fades_over: 2, drug: B, without: 0.2, reduced: 0.6",
        "fades_over: 2, »reduced: 0.6",
        "toxicity.weights.with_b.reduced",
        "depends on no drug",
    ),
    "more without the drug": (
        "without: 0.2",
        "without: »1.2",
        "toxicity.weights.with_b.without",
        "at most 1|given: 1.2",
    ),
    "terms of one id": (
        "{id: 2, name: nausea",
        "{»id: 1, name: nausea",
        "toxicity.terms.nausea.id",
        "this id is taken already (given: 1)",
    ),
    "terms of one name": (
        "       frailty: none}\n",
        "       frailty: none}\n"
        "    - {id: 4, »name: rash, label: R, organ_class: Skin, rate: 0.1, weight: constant}\n",
        "toxicity.terms.rash.name",
        "this name is taken already (given: rash)",
    ),
    "term id too high": (
        "{id: 2, name: nausea",
        "{»id: 256, name: nausea",
        "toxicity.terms.nausea.id",
        "between 1 and 255|given: 256",
    ),
    "mild grade of 3": (
        "weight: constant, grade: 2}",
        "weight: constant, grade: »3}",
        "toxicity.terms.nausea.grade",
        "at most 2|given: 3",
    ),
    "unknown frailty": (
        "frailty: none",
        "frailty: »nobody",
        "toxicity.terms.reaction.frailty",
        "'haematological', 'other' or 'none'|given: nobody",
    ),
    "correlation over 1": (
        "correlation: 0.3",
        "correlation: »1.3",
        "toxicity.frailties.correlation",
        "at most 1|given: 1.3",
    ),
    "no spread": (
        "haematological: 1,",
        "haematological: »0,",
        "toxicity.frailties.haematological",
        "more than 0",
    ),
    "onset backwards": (
        "onset: [3 days, 14 days]",
        "»onset: [14 days, 3 days]",
        "toxicity.onset",
        "first day must not be after the last",
    ),
    "unknown fatal term": (
        "fatal: rash",
        "»fatal: rush",
        "toxicity.fatal",
        "no adverse event rush|Did you mean rash",
    ),
    "unknown term of early stops": (
        "adverse_event: rash}",
        "»adverse_event: hives}",
        "follow_up.early_stop.adverse_event",
        "no adverse event hives",
    ),
    "unknown term of withdrawals": (
        "{term: nausea, probability: 0.2}",
        "{»term: nause, probability: 0.2}",
        "follow_up.withdrawal_adverse_event.term",
        "no adverse event nause|Did you mean nausea",
    ),
    "no such body variable": (
        "body: {weight: weight,",
        "body: {»weight: wieght,",
        "treatment.body.weight",
        "no baseline variable wieght of kind normal|Did you mean weight",
    ),
    "body variable in words": (
        "height: height}",
        "»height: stage}",
        "treatment.body.height",
        "no baseline variable stage of kind normal",
    ),
    "drug id too high": (
        "    - id: 2\n      name: B",
        "    - »id: 64\n      name: B",
        "treatment.drugs.B.id",
        "below 64|given: 64",
    ),
}


def test_the_good_scenario_is_good_and_runs(tmp_path: Path) -> None:
    trial = Scenario.from_file(write(tmp_path, TOXIC))

    records = ReferenceEngine(build_plan(trial)).simulate(seed=1, replicate=0)

    assert len(records.adverse_events["term"]) > 100


@pytest.mark.parametrize("case", BAD)
def test_a_contradiction_is_refused_in_one_message_with_its_line(tmp_path: Path, case: str) -> None:
    old, new, key, words = BAD[case]
    text, line, column = spoil(old, new, TOXIC)

    (problem,) = problems_of(write(tmp_path, text))

    shown = str(problem)
    assert problem.key == key, shown
    for word in words.split("|"):
        assert word in shown
    assert (problem.line, problem.column) == (line, column), shown


def test_mistakes_of_several_blocks_are_shown_at_once(tmp_path: Path) -> None:
    text = TOXIC.replace("relatedness: 0.5", "relatedness: 1.5")
    text = text.replace("terms: [reaction]", "terms: [reactoin]")
    text = text.replace("grade_4_share: 0.25", "grade_4_share: 25")

    keys = [problem.key for problem in problems_of(write(tmp_path, text))]

    assert keys == ["treatment.drugs.B.relatedness", "toxicity.grade_4_share"], (
        "what lies between blocks is told once each of them is good"
    )


def test_every_hold_without_its_lengths_is_told(tmp_path: Path) -> None:
    text = TOXIC.replace("      holds: {at_least: 7 days, at_most: 84 days}\n", "")

    problems = problems_of(write(tmp_path, text))

    lines = text.splitlines()
    assert [problem.key[-14:] for problem in problems] == ["rules.1.action", "rules.2.action"]
    for problem in problems:
        assert "to hold A, holds must say for how long" in problem.message
        assert problem.line is not None
        assert problem.column is not None
        assert lines[problem.line - 1][problem.column - 1 :].startswith("action: hold")


def test_a_misspelt_weight_is_one_mistake(tmp_path: Path) -> None:
    """The weight that is left without a term is the one that was meant."""
    path = write(tmp_path, TOXIC.replace("weight: with_b}", "weight: with_v}"))

    (problem,) = problems_of(path)

    assert problem.hint == "Did you mean with_b?"


@pytest.mark.parametrize("way", ["left out", "null in the file", "null by an override"])
def test_without_adverse_events_rules_and_causes_never_apply(tmp_path: Path, way: str) -> None:
    """One step asks what if there were none; it is as if nothing had named any."""
    start, end = TOXIC.index("toxicity:"), TOXIC.index("assessment:")
    block = {"left out": "", "null in the file": "toxicity: null\n"}.get(way, TOXIC[start:end])
    path = write(tmp_path, TOXIC[:start] + block + TOXIC[end:])
    trial = Scenario.from_file(path, ["toxicity=null"] if way.endswith("override") else [])
    bare = trial.with_overrides(
        {
            "treatment.drugs.A.rules": [],
            "treatment.drugs.B.rules": [],
            "follow_up.early_stop.adverse_event": None,
            "follow_up.withdrawal_adverse_event": None,
        }
    )

    of_both = [ReferenceEngine(build_plan(t)).simulate(seed=1, replicate=0) for t in (trial, bare)]

    assert len(of_both[0].adverse_events["term"]) == 0
    for table in ("subjects", "doses", "assessments", "adverse_events"):
        columns, expected = (getattr(records, table) for records in of_both)
        for name, values in columns.items():
            assert values.tolist() == expected[name].tolist(), name


def test_a_rule_that_names_a_term_twice_means_it_once(tmp_path: Path) -> None:
    once = Scenario.from_file(write(tmp_path, TOXIC))
    twice = Scenario.from_file(
        write(tmp_path, TOXIC.replace("terms: [reaction]", "terms: [reaction, reaction]"))
    )

    assert build_plan(once).dosing.terms.tolist() == build_plan(twice).dosing.terms.tolist()


def test_a_rule_is_changed_by_its_id(tmp_path: Path) -> None:
    trial = Scenario.from_file(write(tmp_path, TOXIC))

    changed = trial.with_overrides({"treatment.drugs.B.rules.4.probability": 0.7})

    assert [rule.probability for rule in changed.treatment.drugs[1].rules] == [0.7, 1.0]
    with pytest.raises(ScenarioError, match=r"no item '1' in this list \(allowed: 4, 5\)"):
        trial.with_overrides({"treatment.drugs.B.rules.1.probability": 0.7})


# ---- many terms ---------------------------------------------------------------------------------


def many_terms(n: int) -> list[dict[str, Any]]:
    kind = {"organ_class": "Other", "rate": 0.01, "weight": "constant"}
    return [{"id": i + 1, "name": f"t{i}", "label": f"T{i}"} | kind for i in range(n)]


def with_terms(trial: Scenario, n: int, named: int) -> Scenario:
    """The scenario with many terms, one of which a rule names."""
    return trial.with_overrides(
        {
            "toxicity.terms": many_terms(n),
            "toxicity.weights": [{"name": "constant"}],
            "toxicity.fatal": None,
            "follow_up.early_stop.adverse_event": None,
            "follow_up.withdrawal_adverse_event": None,
            "treatment.drugs.B.rules": [],
            "treatment.drugs.A.rules": [{"id": 1, "action": "discontinue", "terms": [f"t{named}"]}],
        }
    )


def test_a_rule_can_name_any_of_the_first_62_terms(tmp_path: Path) -> None:
    trial = Scenario.from_file(write(tmp_path, TOXIC))
    plan = build_plan(with_terms(trial, 255, 61)).dosing

    assert [term for term in range(255) if rule_applies(plan, 0, term, 1, False, False, 0)] == [61]
    with pytest.raises(ScenarioError, match="first 62 terms only"):
        with_terms(trial, 255, 62)


def test_there_are_ids_for_255_terms(tmp_path: Path) -> None:
    trial = Scenario.from_file(write(tmp_path, TOXIC))

    with pytest.raises(ScenarioError, match="between 1 and 255"):
        with_terms(trial, 256, 0)


def test_the_id_of_a_drug_is_free_without_adverse_events(tmp_path: Path) -> None:
    text = GOOD.replace("{id: 2, name: B", "{id: 640, name: B")
    trial = Scenario.from_file(write(tmp_path, text))

    records = ReferenceEngine(build_plan(trial)).simulate(seed=1, replicate=0)

    assert set(records.doses["drug"].tolist()) == {1, 640}
