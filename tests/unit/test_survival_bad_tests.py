"""Every kind of test that a scenario cannot have, shown at its place in words."""

from pathlib import Path
from typing import get_args

import pytest
import yaml
from pydantic import TypeAdapter
from survival_example import shown_at_its_place

from simulate.scenario.testing import AS_BLOCKS, Test, TestBlock, name_of

OS = "    control: control\n    alpha: 0.005"
"""In the second hypothesis, which has no futility bounds."""

RMST = "  rmst: 24 months\n"


def of_os(test: str) -> tuple[str, str]:
    marked, key = (test[1:], "»test") if test.startswith("»{kind") else (test, "test")
    return OS, OS.replace("\n", f"\n    {key}: {marked}\n")


def further(test: str) -> tuple[str, str]:
    return RMST, f"{RMST}  tests:\n    - {{name: other, test: {test}}}\n"


BAD = {
    "unknown kind": (
        *of_os("{kind: »maxcombo}"),
        "hypotheses.os.test.kind",
        "unknown kind|allowed: log_rank, fleming_harrington|Did you mean max_combo",
    ),
    "no kind": (*of_os("»{rho: 1}"), "hypotheses.os.test", "a kind is needed|allowed: log_rank"),
    "a block by its name": (
        *of_os("»max_combo"),
        "hypotheses.os.test",
        "max_combo is a block of keys|{kind: max_combo, weights: [{rho: 0}, {gamma: 1}]}",
    ),
    "a mean by its name": (
        *of_os("»rmst"),
        "hypotheses.os.test",
        "rmst is a block of keys (given: rmst)|Write {kind: rmst, until: 36 months}",
    ),
    "no test by its name": (
        *of_os("»wilcoxon"),
        "hypotheses.os.test",
        "'log_rank' or 'stratified_log_rank', or a block with one of the kinds fleming_harrington",
    ),
    "a name that is misspelt": (
        *of_os("»log_rnk"),
        "hypotheses.os.test",
        "'log_rank' or 'stratified_log_rank', or a block|Did you mean log_rank",
    ),
    "unknown setting": (
        *of_os("{kind: fleming_harrington, »gama: 1}"),
        "hypotheses.os.test.gama",
        "Did you mean gamma",
    ),
    "milestone beyond the end": (
        *of_os("{kind: milestone, »time: 73 months}"),
        "hypotheses.os.test.time",
        "nobody is followed so long|max_study_duration: 72 months",
    ),
    "mean beyond the end": (
        *further("{kind: rmst, »until: 80 months}"),
        "estimates.tests.other.test.until",
        "nobody is followed so long",
    ),
    "delay beyond the end": (
        *of_os("{kind: max_combo, weights: [{rho: 0}, {»delay: 80 months}]}"),
        "hypotheses.os.test.weights.1.delay",
        "nobody is followed so long",
    ),
    "endpoint that the model does not give": (
        *of_os("{kind: win_ratio, order: [OS, »DOR]}"),
        "hypotheses.os.test.order.1",
        "the model gives no such endpoint|allowed: PFS, OS",
    ),
    "endpoint twice": (
        *of_os("{kind: win_ratio, »order: [OS, OS]}"),
        "hypotheses.os.test.order",
        "given twice",
    ),
    "own endpoint not in the order": (
        *of_os("{kind: win_ratio, »order: [PFS]}"),
        "hypotheses.os.test.order",
        "the endpoint of the hypothesis, OS, is not in the order",
    ),
    "responses": (
        *of_os("»{kind: response, method: cmh}"),
        "hypotheses.os.test",
        "there are no responses at a look that could be compared|survival.response",
    ),
    "intervals of deaths": (
        *of_os("{»kind: interval_censored}"),
        "hypotheses.os.test.kind",
        "not known to lie between two scans in OS|PFS that is seen at scans|Write endpoint: PFS",
    ),
    "further test of no hypothesis": (
        RMST,
        f"{RMST}  tests:\n    - {{name: other, test: log_rank, hypotheses: »[]}}\n",
        "estimates.tests.other.hypotheses",
        "needs at least 1 item",
    ),
    "one weight": (
        *of_os("{kind: max_combo, weights: »[{rho: 0}]}"),
        "hypotheses.os.test.weights",
        "at least 2",
    ),
    "five weights": (
        *of_os(
            "{kind: max_combo, weights: »[{rho: 0}, {rho: 1}, {gamma: 1}, {gamma: 2}, {rho: 2}]}"
        ),
        "hypotheses.os.test.weights",
        "at most 4",
    ),
    "a weight twice": (
        *of_os("{kind: max_combo, »weights: [{rho: 0}, {gamma: 0}]}"),
        "hypotheses.os.test.weights",
        "given twice",
    ),
    "a weight of two kinds": (
        *of_os("{kind: max_combo, weights: [»{rho: 0, delay: 3 months}, {gamma: 1}]}"),
        "hypotheses.os.test.weights.0",
        "rho with gamma, delay, survival",
    ),
    "neither delay nor survival": (
        *of_os("»{kind: modestly_weighted}"),
        "hypotheses.os.test",
        "exactly one of these keys is needed: delay, survival",
    ),
    "a negative power": (
        *of_os("{kind: fleming_harrington, rho: »-1}"),
        "hypotheses.os.test.rho",
        "at least 0",
    ),
    "futility of another test": (
        "test: stratified_log_rank",
        "test: {kind: rmst, until: 24 months}",
        "hypotheses.pfs.futility",
        "futility by beta spending is that of a log-rank test|estimates.tests",
    ),
    "two further tests of one name": (
        RMST,
        f"{RMST}  tests:\n    - {{name: other, test: log_rank}}\n"
        "    - {»name: other, test: {kind: milestone, time: 1 year}}\n",
        "estimates.tests.other.name",
        "other",
    ),
}

ELSEWHERE = {
    "futility of another test": (
        "    futility: {spending: {kind: hwang",
        "    »futility: {spending: {kind: hwang",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_test_is_shown_at_its_place(case: str, tmp_path: Path) -> None:
    old, new, key, words = BAD[case]
    shown_at_its_place((old, new, key, words), ELSEWHERE.get(case), tmp_path)


@pytest.mark.parametrize("kind", AS_BLOCKS)
def test_what_is_shown_in_the_place_of_a_name_is_a_test(kind: str) -> None:
    test = TypeAdapter(Test).validate_python(yaml.safe_load(AS_BLOCKS[kind]), strict=False)
    assert name_of(test) == kind


def test_every_kind_that_is_more_than_a_name_has_an_example() -> None:
    kinds = {get_args(block.model_fields["kind"].annotation)[0] for block in get_args(TestBlock)}
    assert set(AS_BLOCKS) == kinds - {"log_rank"}
