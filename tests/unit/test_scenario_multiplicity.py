"""Hypotheses that share alpha in a scenario file: what is read, and every mistake at its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scenario_example import problems_of, spoil, write
from survival_files import ROOT, survival_scenario

from simulate.multiplicity.limits import MOST_HYPOTHESES
from simulate.scenario.survival_scenario import SurvivalScenario

GRAPH = ROOT / "scenarios" / "two_endpoints_graph.yaml"
TEXT = GRAPH.read_text(encoding="utf-8").split("\nsweep:")[0] + "\n"

WEIGHTS = "weights: {pfs: 0.75, os: 0.25}"
WAYS = "transitions: {pfs: {os: 1}, os: {pfs: 1}}"
BLOCK = f"  method: graph\n  alpha: 0.025\n  {WEIGHTS}\n  {WAYS}\n"
FIRST = "    analyses: [interim, progression]\n"

# What is replaced, by what (» marks the place to be named), the key, and words of the message.
BAD = {
    "weights that exceed one": (
        WEIGHTS,
        "»weights: {pfs: 0.75, os: 0.35}",
        "multiplicity.weights",
        "sum to more than 1|given: 1.1|1 at most",
    ),
    "weights that leave some of alpha": (
        WEIGHTS,
        "»weights: {pfs: 0.4, os: 0.2}",
        "multiplicity.weights",
        "sum to less than 1: the rest of alpha is never spent|given: 0.6|lower multiplicity.alpha",
    ),
    "a way to itself": (
        "pfs: {os: 1},",
        "pfs: {os: 0.6, »pfs: 0.3},",
        "multiplicity.transitions.pfs.pfs",
        "to itself|another hypothesis",
    ),
    "weight of nobody": (
        "{pfs: 0.75, os: 0.25}",
        "{pfs: 0.75, »oss: 0.25}",
        "multiplicity.weights.oss",
        "no such hypothesis|allowed: pfs, os|Did you mean os?",
    ),
    "transitions of nobody": (
        "os: {pfs: 1}}",
        "»so: {pfs: 1}}",
        "multiplicity.transitions.so",
        "no such hypothesis|given: so",
    ),
    "transition to nobody": (
        "pfs: {os: 1},",
        "pfs: {os: 0.5, »orr: 0.5},",
        "multiplicity.transitions.pfs.orr",
        "no such hypothesis|given: orr",
    ),
    "a negative weight": (
        "{pfs: 0.75, os: 0.25}",
        "{pfs: 0.75, os: »-0.25}",
        "multiplicity.weights.os",
        "given: -0.25",
    ),
    "an alpha of its own": (
        FIRST,
        f"{FIRST}    »alpha: 0.02\n",
        "hypotheses.pfs.alpha",
        "shares one alpha|Leave it out",
    ),
    "spending as given": (
        f"{FIRST}    efficacy: {{kind: obrien_fleming}}",
        f"{FIRST}    »efficacy: {{kind: cumulative, spent: [0.01, 0.025]}}",
        "hypotheses.pfs.efficacy",
        "needs a spending function|obrien_fleming",
    ),
    "binding futility": (
        FIRST,
        FIRST + "    futility: {spending: {kind: pocock}, »binding: true}\n",
        "hypotheses.pfs.futility.binding",
        "cannot count on|binding: false",
    ),
    "a hypothesis out of reach": (
        BLOCK,
        "  method: graph\n  weights: {pfs: 1}\n",
        "hypotheses.os",
        "can never be rejected|a transition to os",
    ),
    "unknown method": ("method: graph", "method: »grahp", "multiplicity.method", "Did you mean"),
    "an alpha of one half": (
        "alpha: 0.025",
        "alpha: »0.5",
        "multiplicity.alpha",
        "less than 0.5",
    ),
    "a graph without weights": (
        BLOCK,
        "  method: graph\n",
        "multiplicity.weights",
        "needs the weights|{pfs: 1}",
    ),
    "Holm with weights": (
        BLOCK,
        f"  method: holm\n  »{WEIGHTS}\n",
        "multiplicity.weights",
        "holm takes no such key|allowed: method, alpha|method: graph",
    ),
    "none with alpha": (
        BLOCK,
        "  method: none\n  »alpha: 0.025\n",
        "multiplicity.alpha",
        "none takes no such key",
    ),
    "a sequence that leaves one out": (
        BLOCK,
        "  method: fixed_sequence\n  »order: [pfs]\n",
        "multiplicity.order",
        "missing: os|leave out order",
    ),
    "a sequence with nobody": (
        BLOCK,
        "  method: fixed_sequence\n  order: [pfs, os, »orr]\n",
        "multiplicity.order.2",
        "no such hypothesis|given: orr",
    ),
}
ELSEWHERE = {
    "a hypothesis out of reach": ("- id: 2\n    name: os", "- »id: 2\n    name: os"),
    "a graph without weights": ("multiplicity:\n", "»multiplicity:\n"),
}


@pytest.mark.parametrize("case", BAD)
def test_each_mistake_is_shown_at_its_place(case: str, tmp_path: Path) -> None:
    old, new, key, words = BAD[case]
    text = TEXT
    if case in ELSEWHERE:
        text = text.replace(old, new)
        old, new = ELSEWHERE[case]
    text, line, column = spoil(old, new, text)
    problems = problems_of(write(tmp_path, text))
    (problem,) = problems
    assert (problem.line, problem.column, problem.key) == (line, column, key)
    assert all(word in str(problem) for word in words.split("|"))


def test_rounded_thirds_are_all_of_alpha() -> None:
    thirds = ["multiplicity.weights={pfs: 0.66, os: 0.33}"]
    assert SurvivalScenario.from_file(GRAPH, thirds).multiplicity.weights["pfs"] == 0.66


def test_no_block_of_multiplicity_is_said_with_a_method(tmp_path: Path) -> None:
    (problem,) = problems_of(
        write(tmp_path, TEXT.replace(BLOCK, "").replace("multiplicity:", "multiplicity: null"))
    )
    assert problem.key == "multiplicity"
    assert str(problem).endswith("(given: null). To share nothing, write {method: none}")


def test_transitions_of_a_hypothesis_sum_to_one_at_most(tmp_path: Path) -> None:
    text = TEXT.replace("pfs: {os: 1},", "pfs: {os: 0.6, orr: 0.5},")
    problems = problems_of(write(tmp_path, text))
    assert [problem.key for problem in problems] == [
        "multiplicity.transitions.pfs",
        "multiplicity.transitions.pfs.orr",
    ]
    assert "sum to more than 1" in problems[0].message


def test_too_many_hypotheses_cannot_share(tmp_path: Path) -> None:
    start, end = TEXT.index("hypotheses:"), TEXT.index("# Three quarters")
    many = "".join(
        f"  - {{id: {i}, name: h{i}, endpoint: OS, experimental: experimental, control: control,"
        " information: 330}\n"
        for i in range(1, MOST_HYPOTHESES + 2)
    )
    text = TEXT[:start] + "hypotheses:\n" + many + TEXT[end:]
    (problem,) = problems_of(write(tmp_path, text.replace(BLOCK, "  method: holm\n")))
    assert problem.key == "multiplicity"
    assert f"at most {MOST_HYPOTHESES}" in problem.message


def test_levels_are_those_of_the_graph() -> None:
    scenario = survival_scenario(GRAPH)
    pfs, os = scenario.hypotheses
    assert scenario.levels(pfs) == pytest.approx((0.01875, 0.025))
    assert scenario.levels(os) == pytest.approx((0.00625, 0.025))
    assert scenario.first_level(os) == pytest.approx(0.00625)
    sequence = survival_scenario(GRAPH, "multiplicity={method: fixed_sequence, order: [os, pfs]}")
    assert [sequence.first_level(each) for each in sequence.hypotheses] == [0.0, 0.025]
    assert [sequence.levels(each) for each in sequence.hypotheses] == [(0.025,)] * 2
    holm = survival_scenario(GRAPH, "multiplicity={method: holm, alpha: 0.05}")
    assert holm.graph is not None
    np.testing.assert_allclose(holm.graph.weights_by_set, [[0.5, 0.5], [0, 1], [1, 0], [0, 0]])


def test_who_says_nothing_of_it_keeps_its_fingerprint() -> None:
    three_looks = ROOT / "benchmarks" / "three_looks.yaml"
    plain = survival_scenario(three_looks)
    none = survival_scenario(three_looks, "multiplicity={method: none}")
    assert "multiplicity" not in plain.model_dump()
    assert none.digest() == plain.digest()
    assert plain.graph is None
    assert plain.levels(plain.hypotheses[0]) == (plain.hypotheses[0].alpha,)
    assert (
        survival_scenario(GRAPH).digest()
        != survival_scenario(GRAPH, "multiplicity.alpha=0.02").digest()
    )


def test_a_new_method_replaces_the_block_that_is_extended(tmp_path: Path) -> None:
    write(tmp_path, TEXT, "parent.yaml")
    write(tmp_path, GRAPH.with_name("generic_two_arm.yaml").read_text(), "generic_two_arm.yaml")
    child = "extends: parent.yaml\nname: child\nmultiplicity: {method: holm, alpha: 0.05}\n"
    block = SurvivalScenario.from_file(write(tmp_path, child, "child.yaml")).multiplicity
    assert (block.method, block.alpha, block.weights) == ("holm", 0.05, {})
    same = "extends: parent.yaml\nname: child\nmultiplicity: {method: graph, alpha: 0.05}\n"
    block = SurvivalScenario.from_file(write(tmp_path, same, "same.yaml")).multiplicity
    assert (block.alpha, block.weights["pfs"]) == (0.05, 0.75), "the same method: keys are added"
