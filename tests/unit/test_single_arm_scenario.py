"""The block `single_arm` of a scenario: refusals at their line, words, and the command design."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from scenario_example import GOOD, problems_of, spoil, write

from simulate import cli
from simulate.describe import describe
from simulate.scenario import Scenario
from simulate.single_arm.simon import two_stage_designs

BLOCK = """\
single_arm:
  design: {kind: simon, p0: 0.2, p1: 0.4, alpha: 0.1, power: 0.9}
  interim: {when: treated, after: 8 weeks}
  final: {ascertainment: evaluable, evaluable_after: 24 weeks}
"""
TEXT = f"{GOOD}\n{BLOCK}"
SIMON = "{kind: simon, p0: 0.2, p1: 0.4, alpha: 0.1, power: 0.9}"
PREDICTIVE = "kind: predictive_probability, p0: 0.2, p1: 0.4, looks: [10, 20, 30]"
BOP2 = "kind: bop2, p0: 0.2, p1: 0.4, looks: [10, 20, 30]"
GIVEN = "kind: given, p0: 0.2, p1: 0.4, looks: [10, 20]"
LALONDE = "kind: go_consider_no_go, looks: [20, 40]"

BAD = {
    "p1 below p0": (SIMON, SIMON.replace("p1: 0.4", "»p1: 0.1"), "design.p1", "more than p0"),
    "p1 is p0": (SIMON, SIMON.replace("p1: 0.4", "»p1: 0.2"), "design.p1", "given: 0.2; p0: 0.2"),
    "a cutoff outside": (
        SIMON,
        f"{{{PREDICTIVE}, stop_below: 0.05, cutoff: »1.2}}",
        "design.cutoff",
        "between 0 and 1",
    ),
    "stopping both ways at once": (
        SIMON,
        f"{{{PREDICTIVE}, »stop_below: 0.9, stop_above: 0.5, alpha: 0.1}}",
        "design.stop_below",
        "less than stop_above",
    ),
    "a cutoff and an alpha": (
        SIMON,
        f"{{{PREDICTIVE}, stop_below: 0.05, alpha: 0.1, »cutoff: 0.9}}",
        "design.cutoff",
        "exactly one of these keys",
    ),
    "looks out of order": (
        SIMON,
        "{kind: bop2, p0: 0.2, p1: 0.4, »looks: [10, 30, 20], alpha: 0.1}",
        "design.looks",
        "out of order",
    ),
    "more looks than patients": (
        f"design: {SIMON}",
        f"»design: {{{BOP2.replace('30', '60')}, alpha: 0.1}}",
        "design",
        "needs 60 patients, more than are enrolled .sample_size: 40",
    ),
    "lambda alone": (SIMON, f"{{{BOP2}, »lambda: 0.9}}", "design.lambda", "lambda and gamma"),
    "no boundary": (
        f"design: {SIMON}",
        f"»design: {{{BOP2}}}",
        "design",
        "alpha, or given by lambda and gamma",
    ),
    "alpha and lambda": (
        SIMON,
        f"{{{BOP2}, alpha: 0.1, »lambda: 0.9, gamma: 1}}",
        "design.lambda",
        "without alpha",
    ),
    "a power that cannot be met": (
        SIMON,
        f"{{{BOP2}, alpha: 0.05, »power: 0.95}}",
        "design.power",
        r"cannot be met: 30 patients give a power of 0\.\d+ at most",
    ),
    "a difference that cannot be found": (
        SIMON,
        "{kind: simon, p0: 0.2, »p1: 0.21, alpha: 0.1, power: 0.9}",
        "design.p1",
        "no design of at most 300 patients",
    ),
    "an alpha that cannot be met": (
        SIMON,
        "{kind: predictive_probability, p0: 0.9, p1: 0.95, looks: [5, 10], stop_below: 0.01, "
        "»alpha: 0.05}",
        "design.alpha",
        "even if all 10 patients must respond",
    ),
    "a confidence of less than a half": (
        SIMON,
        f"{{{LALONDE}, lower_reference: 0.2, target: 0.4, no_go_confidence: »0.1}}",
        "design.no_go_confidence",
        "must be at least 0.5 .given: 0.1",
    ),
    "a confidence of go of less than a half": (
        SIMON,
        f"{{{LALONDE}, lower_reference: 0.2, target: 0.4, go_confidence: »0.2}}",
        "design.go_confidence",
        "must be at least 0.5",
    ),
    "counts that contradict each other": (
        SIMON,
        f"{{{GIVEN}, »no_go: [1, 9], go: [null, 9]}}",
        "design.no_go",
        "after 20 patients, no go at 9 or fewer and go at 9 or more do not go together",
    ),
    "more responses than patients": (
        SIMON,
        f"{{{GIVEN}, no_go: [1, 7], »go: [12, 8]}}",
        "design.go",
        "after 10 patients, no go at 1 or fewer and go at 12 or more",
    ),
    "evaluable before a scan": (
        "evaluable_after: 24 weeks",
        "»evaluable_after: 2 weeks",
        "final.evaluable_after",
        r"before the first scan, \d+ days from the first dose at the earliest, no response can be "
        r"seen \(given: 14 days\)",
    ),
    "a weight without admissible": (
        SIMON,
        SIMON.replace("power", "»weight: 0.5, power"),
        "design.weight",
        "belongs to the criterion admissible",
    ),
    "admissible without a weight": (
        SIMON,
        SIMON.replace("alpha", "»criterion: admissible, alpha"),
        "design.criterion",
        "^the criterion admissible needs a weight Give weight, such as 0.5",
    ),
    "patients and power": (
        SIMON,
        "{kind: single_stage, p0: 0.2, p1: 0.4, alpha: 0.1, power: 0.9, »patients: 30}",
        "design.patients",
        "exactly one of these keys",
    ),
    "too few counts": (
        SIMON,
        f"{{{GIVEN}, »no_go: [2], go: [6, 9]}}",
        "design.no_go",
        "one value for each look",
    ),
    "a target below the reference": (
        SIMON,
        f"{{{LALONDE}, lower_reference: 0.4, »target: 0.2}}",
        "design.target",
        "more than lower_reference",
    ),
    "no interim look described": (
        "  interim: {when: treated, after: 8 weeks}\n  final",
        "  »interim: null\n  final",
        "interim",
        "looks before its last one",
    ),
    "an interim look of a single stage": (
        f"  design: {SIMON}\n  interim",
        "  design: {kind: single_stage, p0: 0.2, p1: 0.4, alpha: 0.1, patients: 30}\n  »interim",
        "interim",
        "one look only",
    ),
    "nobody is ever evaluable": (
        "{ascertainment: evaluable, evaluable_after: 24 weeks}",
        "{»ascertainment: evaluable}",
        "final.ascertainment",
        "^the ascertainment evaluable needs evaluable_after Give evaluable_after, such as",
    ),
    "evaluable, but nobody waits": (
        "{ascertainment: evaluable, evaluable_after: 24 weeks}",
        "{»evaluable_after: 24 weeks}",
        "final.evaluable_after",
        "to no other",
    ),
    "a look after the last data cut": (
        "after: 8 weeks",
        "»after: 500 weeks",
        "interim.after",
        "after the last data cut, 1341 days",
    ),
    "enrolment of a last look": (
        "{ascertainment: evaluable, evaluable_after: 24 weeks}",
        "{»enrolment: pauses}",
        "final.enrolment",
        "unknown key",
    ),
    "an unknown kind": ("kind: simon", "kind: »simmon", "design.kind", "Did you mean simon"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_designs_are_refused_at_their_place(case: str, tmp_path: Path) -> None:
    old, new, key, words = BAD[case]
    text, line, column = spoil(old, new, TEXT)

    (problem,) = problems_of(write(tmp_path, text))

    assert problem.key == f"single_arm.{key}"
    assert (problem.line, problem.column) == (line, column)
    told = f"{problem.message} {problem.hint}"
    assert pd.Series([told]).str.contains(words).all(), told


def test_times_of_looks_are_rounded_up_to_whole_days(tmp_path: Path) -> None:
    text = TEXT.replace("after: 8 weeks", "after: 12 months").replace("24 weeks", "6 months")
    block = Scenario.from_file(write(tmp_path, text)).single_arm
    assert block is not None
    assert block.interim is not None
    assert (block.interim.after, block.final.evaluable_after) == (366, 183)


def test_a_look_before_any_scan_of_the_last_patients_is_told(tmp_path: Path) -> None:
    early = TEXT.replace("after: 8 weeks", "after: 1 days")
    words = "At the interim look the n-th patient has had no scan yet"
    told, others = (
        " ".join(describe(Scenario.from_file(write(tmp_path, text))).split())
        for text in (early, TEXT)
    )
    assert words in told
    assert words not in others


def test_a_design_belongs_to_a_trial_of_one_arm(tmp_path: Path) -> None:
    arms = """
arms:
  - {id: 1, name: a}
  - {id: 2, name: b, set: {treatment.cycle_length: 28 days}}
max_study_duration: 40 months
"""
    (problem,) = (
        each
        for each in problems_of(write(tmp_path, TEXT + arms))
        if each.key.startswith("single_arm")
    )

    assert problem.key == "single_arm"
    assert "decided by hypotheses" in problem.message


def test_patients_who_wait_for_one_another_cannot_be_moved(tmp_path: Path) -> None:
    text = TEXT.replace("after: 8 weeks", "after: 8 weeks, enrolment: pauses")
    supply = (
        "resources: {supply: [{drug: A, initial: 9, reorder_at: 3, order: 9, lead_time: 6 days}]}"
    )

    (problem,) = problems_of(write(tmp_path, f"{text}\n{supply}\n"))

    assert problem.key == "single_arm.interim.enrolment"
    assert "enrolment: continues" in problem.hint


def test_a_scenario_without_a_design_keeps_its_digest(scenario: Scenario, tmp_path: Path) -> None:
    assert "single_arm" not in scenario.model_dump(by_alias=True)
    with_design, without = (
        Scenario.from_file(write(tmp_path, text, name))
        for text, name in ((TEXT, "with.yaml"), (GOOD, "without.yaml"))
    )
    assert with_design.digest() != without.digest()


def test_the_design_is_told_in_words(tmp_path: Path) -> None:
    text = describe(Scenario.from_file(write(tmp_path, TEXT)))
    words = " ".join(text.split())

    assert "Simon's two-stage design, optimal: a response rate of 20% is not worth while" in words
    assert "(r1/n1 r/n): 3/19 10/36, 3/17 10/37." in words
    assert "1 17 3 - 2 37 10 11" in words
    assert "8 weeks after the n-th patient has had the first dose, and the responses" in words
    assert "not before all n are evaluable: responded, progressed, no more assessed" in words
    assert "Enrolment goes on meanwhile" in words
    assert "Single-arm design" not in describe(Scenario.from_file(write(tmp_path, GOOD)))


@pytest.mark.parametrize(
    ("design", "words"),
    [
        (f"{{{BOP2}, alpha: 0.1}}", "(n/N)^"),
        (f"{{{PREDICTIVE}, stop_below: 0.05, alpha: 0.1}}", "predictive probability of that is"),
        (f"{{{LALONDE}, lower_reference: 0.2, target: 0.4}}", "exact upper limit (one-sided 90%)"),
        (f"{{{GIVEN}, no_go: [1, null], go: [null, 8]}}", "1 10 1 - 2 20 - 8"),
        (
            "{kind: simon, criterion: admissible, weight: 0.5, p0: 0.1, p1: 0.3, alpha: 0.05, "
            "power: 0.8}",
            "1 12 1 - 2 26 5 6",
        ),
    ],
)
def test_designs_of_every_kind_are_told(design: str, words: str, tmp_path: Path) -> None:
    text = describe(Scenario.from_file(write(tmp_path, TEXT.replace(SIMON, design))))

    assert words in " ".join(text.split())


def test_command_writes_bounds_and_theory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, TEXT)

    assert cli.main(["design", file, "--out", str(tmp_path)]) == 0

    folder = tmp_path / "small"
    shown = capsys.readouterr().out
    assert shown.startswith((folder / "design.txt").read_text())
    looks, overall, curve = (
        pd.read_csv(folder / f"design{part}.csv", keep_default_na=False, na_values="")
        for part in ("", "_overall", "_curve")
    )
    assert looks["patients"].tolist() == [17, 17, 17, 37, 37, 37]
    assert looks["no_go_at_most"].tolist() == [3] * 3 + [10] * 3
    assert looks["go_at_least"].dropna().tolist() == [11] * 3
    assert overall["truth"].tolist() == ["null", "design", "assumed"]
    assert overall["response_rate"].tolist() == [0.2, 0.4, 0.8]
    null = overall.iloc[0]
    assert (round(null["expected_patients"], 1), round(null["early_no_go"], 2)) == (26.0, 0.55)
    assert null["go"] <= 0.1 < 0.9 <= overall["go"][1]
    by_look = looks[looks["truth"] == "null"]
    assert by_look["cumulative_go"].iloc[-1] == pytest.approx(null["go"], abs=1e-9)
    assert len(curve) == 101
    at_null = curve[curve["response_rate"] == 0.2].iloc[0]
    assert at_null["go"] == null["go"]
    (optimal,) = two_stage_designs(0.2, 0.4, 0.1, 0.9)[-1:]
    assert f"{optimal.expected:.2f}" in shown
