"""Rule sets, endpoints and later therapy of patients in cycles that cannot be: refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenario_example import problems_of, write
from small_randomised import PHASE_II, PHASE_III

ENDPOINTS = """\
endpoints:
  named:
    - {id: 1, name: PFS, of: PFS, reader: central, rules: fda}
    - {id: 2, name: PFS_INV, of: PFS, rules: ema}
    - {id: 3, name: OS, of: OS}
"""
"""Endpoints of the phase III, so that its looks and hypotheses go on."""

# The file's text, words of the line that is named, the key, and words of the message.
BAD = {
    "unknown reader": (
        ENDPOINTS.replace("reader: central", "reader: centrl"),
        "centrl",
        "endpoints.named.PFS.reader",
        "no such reader|allowed: investigator, latent, central|Did you mean central",
    ),
    "no reader but the investigator": (
        ENDPOINTS.replace("reader: central", "reader: blinded") + "readers: []\n",
        "blinded",
        "endpoints.named.PFS.reader",
        "no such reader|Give readers: [{id: 1, name: blinded, missed: 0.08, early: 0.004}]",
    ),
    "unknown rule set": (
        ENDPOINTS.replace("rules: ema", "rules: emma"),
        "emma",
        "endpoints.named.PFS_INV.rules",
        "no such rule set|allowed: ema, fda|Did you mean ema",
    ),
    "reader of deaths": (
        ENDPOINTS.replace("of: OS}", "of: OS, reader: central}"),
        "of: OS",
        "endpoints.named.OS.reader",
        "death is known without scans|Leave out reader",
    ),
    "rules for deaths": (
        ENDPOINTS.replace("of: OS}", "of: OS, rules: fda}"),
        "of: OS",
        "endpoints.named.OS.rules",
        "death is known without scans|Leave out rules",
    ),
    "rules for what is latent": (
        ENDPOINTS.replace("rules: ema", "reader: latent, rules: ema"),
        "latent",
        "endpoints.named.PFS_INV.rules",
        "what is latent is known without scans|Leave out rules",
    ),
    "a name twice": (
        ENDPOINTS.replace("name: PFS_INV", "name: pfs"),
        "name: pfs,",
        "endpoints.named.pfs.name",
        "this name is taken already",
    ),
    "a rule set that contradicts a calendar without scans": (
        ENDPOINTS.replace("reader: central, ", "")
        + "assessment: {schedule: continuous}\nreaders: []\n",
        "rules: fda",
        "endpoints.named.PFS.rules",
        "contradicts the calendar: it needs scans|assessment.schedule: calendar",
    ),
    "a rule set that asks for more scans than are planned": (
        ENDPOINTS.replace("rules: ema", "rules: many")
        + "rule_sets: [{name: many, missed_visits: 40}]\n",
        "missed_visits: 40",
        "rule_sets.many.missed_visits",
        "contradicts the calendar: no patient has so many scans|the arm control has 34|of 1 to 34",
    ),
    "a death window shorter than the time between scans": (
        "rule_sets: [{name: window, death_window: 5 days}]\n",
        "death_window: 5 days",
        "rule_sets.window.death_window",
        "contradicts the calendar|given: 5 days|has up to 84 days between scans|at least 84 days",
    ),
    "censoring at new therapy that is not there": (
        "new_therapy: null\nswitching: []\nrule_sets: [{name: strict, new_therapy: censor}]\n",
        "new_therapy: censor",
        "rule_sets.strict.new_therapy",
        "no new therapy at which to censor|Give new_therapy, such as",
    ),
    "a built-in rule set": (
        "rule_sets: [{name: fda, missed_visits: 1}]\n",
        "name: fda",
        "rule_sets.fda.name",
        "every scenario has a rule set fda|another name",
    ),
    "a rule set that says nothing": (
        "rule_sets: [{name: policy}]\n",
        "name: policy",
        "rule_sets.policy",
        "censors nothing, which is the rule set ema|Give missed_visits",
    ),
    "new therapy of an arm that is not there": (
        "new_therapy: {by_arm: {kn062: {kind: exponential, rate: 0.1 per year}}}\n",
        "kn062",
        "new_therapy.by_arm.kn062",
        "no such arm (given: kn062",
    ),
    "new therapy that never begins": (
        "new_therapy: {time: null, after_progression: null}\n",
        "new_therapy",
        "new_therapy",
        "nothing is said of new therapy|Give time, by_arm or after_progression",
    ),
    "switching of an arm that is not there": (
        "switching: [{arm: kn062, probability: 0.4, hazard_ratio: 0.7}]\n",
        "kn062",
        "switching.0.arm",
        "no such arm (given: kn062",
    ),
    "an arm that switches twice": (
        "switching: [{arm: kn026, probability: 0.4, hazard_ratio: 0.7}, "
        "{arm: kn026, probability: 0.1, hazard_ratio: 0.9}]\n",
        "switching",
        "switching.1.arm",
        "this arm is taken already",
    ),
    "switching without any effect said": (
        "switching: [{arm: kn026, probability: 0.4}]\n",
        "switching",
        "switching.0.hazard_ratio",
        "this key is needed",
    ),
    "who adjudicates deaths": (
        "analyses: [{id: 1, name: final, cut: {events: {endpoint: OS, count: 200, "
        "adjudication_lag: 30 days}}}]\n",
        "analyses",
        "analyses.final.cut.events.adjudication_lag",
        "nobody adjudicates OS: it has no reader|leave out the lag",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_is_refused_at_its_line(tmp_path: Path, case: str) -> None:
    text, line, key, message = BAD[case]
    content = f"extends: {PHASE_III}\nname: refused\n{text}"
    path = write(tmp_path, content)

    problems = problems_of(path)

    found = [p for p in problems if p.key == key]
    assert found, problems
    said = f"{found[0].message} {found[0].hint}"
    assert all(words in said for words in message.split("|")), said
    assert line in content.splitlines()[(found[0].line or 0) - 1]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("rule_sets: [{name: strict, missed_visits: 1}]", "rule_sets"),
        ("new_therapy: {after_progression: {probability: 0.5}}", "new_therapy"),
        ("switching: [{arm: a, probability: 0.4, hazard_ratio: 0.7}]", "switching"),
        ("endpoints: {named: [{id: 1, name: PFS, of: PFS}]}", "endpoints.named"),
    ],
)
def test_a_trial_of_one_arm_has_none_of_it(tmp_path: Path, text: str, key: str) -> None:
    path = write(tmp_path, f"extends: {PHASE_II}\nname: refused\n{text}\n")

    found = [p for p in problems_of(path) if p.key == key]

    assert found, problems_of(path)
    assert "it says nothing without arms" in found[0].message
    assert "Give arms" in found[0].hint


def test_an_arm_cannot_have_rules_of_its_own(tmp_path: Path) -> None:
    arms = "arms: [{id: 2, name: kn026, set: {rule_sets: []}}, {id: 1, name: control}]"
    path = write(tmp_path, f"extends: {PHASE_III}\nname: refused\n{arms}\n")

    found = [p for p in problems_of(path) if p.key == "rule_sets"]

    assert "an arm cannot set this" in found[0].message
