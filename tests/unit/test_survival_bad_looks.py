"""Every kind of bad look and hypothesis of a randomised trial, shown at its place in words."""

from pathlib import Path

import pytest
from scenario_example import problems_of, write
from survival_example import SURVIVAL_GOOD, shown_at_its_place
from survival_files import TWO_ARMS

from simulate.errors import ScenarioError
from simulate.scenario import read_scenario

# What is replaced, by what (» marks the place to be named), the key, and words of the message.
BAD = {
    # ---- looks
    "more events than patients": (
        "endpoint: PFS, count: 250",
        "endpoint: PFS, »count: 401",
        "analyses.final.cut.events.count",
        "can never occur|given: 401; sample_size: 400|enrol more patients",
    ),
    "more deaths than patients": (
        "endpoint: OS, count: 200",
        "endpoint: OS, »count: 500",
        "analyses.survival.cut.all.0.events.count",
        "can never occur|given: 500",
    ),
    "more enrolled than patients": (
        "enrolled: {count: 400",
        "enrolled: {»count: 401",
        "analyses.survival.cut.all.2.enrolled.count",
        "cannot be enrolled|sample_size: 400",
    ),
    "looks out of order": (
        "endpoint: PFS, count: 250",
        "endpoint: PFS, »count: 150",
        "analyses.final.cut.events.count",
        "out of order|after interim|150 events (given: 150)|in order of time",
    ),
    "unknown endpoint of a hypothesis": (
        "endpoint: PFS\n    experimental",
        "»endpoint: PSF\n    experimental",
        "hypotheses.pfs.endpoint",
        "no such endpoint|allowed: PFS, OS|Did you mean PFS",
    ),
    "unknown endpoint": (
        "endpoint: PFS, count: 150",
        "»endpoint: PSF, count: 150",
        "analyses.interim.cut.events.endpoint",
        "no such endpoint|allowed: PFS, OS|Did you mean PFS",
    ),
    "cut before the origin": (
        "date: 2029-01-01",
        "»date: 2025-12-31",
        "analyses.survival.cut.all.1.date",
        "after the origin 2026-01-01|given: 2025-12-31, day -1",
    ),
    "cut on the origin": (
        "date: 2029-01-01",
        "»date: 2026-01-01",
        "analyses.survival.cut.all.1.date",
        "after the origin|day 0",
    ),
    "cut after the end": (
        "date: 2029-01-01",
        "»date: 2032-06-01",
        "analyses.survival.cut.all.1.date",
        "by day 2191.5 (max_study_duration)",
    ),
    "follow-up beyond the end": (
        "follow_up: 52 weeks",
        "»follow_up: 320 weeks",
        "analyses.survival.cut.all.3.follow_up",
        "nobody is followed so long|given: 2240 days; max_study_duration: 72 months",
    ),
    "waiting beyond the end": (
        "after: 90 days",
        "»after: 2192 days",
        "analyses.survival.cut.all.2.enrolled.after",
        "nobody is followed so long",
    ),
    "landmark beyond the end": (
        "landmarks: [12 months, 24 months]",
        "landmarks: [12 months, »73 months]",
        "estimates.landmarks.1",
        "nobody is followed so long",
    ),
    "mean beyond the end": (
        "rmst: 24 months",
        "»rmst: 80 months",
        "estimates.rmst",
        "nobody is followed so long",
    ),
    # ---- hypotheses
    "unknown test": (
        "test: stratified_log_rank",
        "test: »stratified_logrank",
        "hypotheses.pfs.test",
        "'log_rank' or 'stratified_log_rank'|Did you mean stratified_log_rank",
    ),
    "unknown analysis": (
        "analyses: [interim, final]",
        "analyses: [»interm, final]",
        "hypotheses.pfs.analyses.0",
        "no such analysis|allowed: interim, final, survival|Did you mean interim",
    ),
    "analyses in another order": (
        "    analyses: [interim, final]",
        "    »analyses: [final, interim]",
        "hypotheses.pfs.analyses",
        "another order",
    ),
    "arm against itself": (
        "control: control\n    test",
        "»control: experimental\n    test",
        "hypotheses.pfs.control",
        "cannot be compared with itself",
    ),
    "unknown arm of a hypothesis": (
        "control: control\n    test",
        "»control: contrl\n    test",
        "hypotheses.pfs.control",
        "no such arm|Did you mean control",
    ),
    "spending does not sum to alpha": (
        "spent: [0.005, 0.02]",
        "»spent: [0.005, 0.025]",
        "hypotheses.pfs.efficacy.spent",
        "does not sum to alpha|must be 0.02 (given: 0.025)",
    ),
    "spending of the wrong length": (
        "spent: [0.005, 0.02]",
        "»spent: [0.001, 0.005, 0.02]",
        "hypotheses.pfs.efficacy.spent",
        "one value for each look|given: 3; looks: 2",
    ),
    "spending falls": (
        "spent: [0.005, 0.02]",
        "»spent: [0.02, 0.005]",
        "hypotheses.pfs.efficacy.spent",
        "cannot fall",
    ),
    "futility does not sum to beta": (
        "{kind: hwang_shih_decani, gamma: -4}",
        "{kind: cumulative, »spent: [0.05, 0.2]}",
        "hypotheses.pfs.futility.spending.spent",
        "does not sum to beta|must be 0.1 (given: 0.2)",
    ),
    "beta that leaves no power": (
        "gamma: -4}, beta: 0.1}",
        "gamma: -4}, »beta: 0.98}",
        "hypotheses.pfs.futility.beta",
        "leave no trial undecided (given: 0.98; alpha: 0.02)|Lower beta",
    ),
    "an interim look that waits for more than all": (
        "endpoint: PFS, count: 150",
        "endpoint: PFS, »count: 401",
        "analyses.interim.cut.events.count",
        "can never occur|given: 401; sample_size: 400",
    ),
    "design for harm": (
        "design_hazard_ratio: 0.7",
        "design_hazard_ratio: »1.2",
        "hypotheses.pfs.design_hazard_ratio",
        "less than 1 |given: 1.2",
    ),
    "alpha of one half": ("alpha: 0.02\n", "alpha: »0.5\n", "hypotheses.pfs.alpha", "less than"),
    "alpha of all hypotheses": (
        "hypotheses:\n  - id: 1\n    name: pfs\n    endpoint: PFS\n"
        "    experimental: experimental\n    control: control\n"
        "    test: stratified_log_rank\n    alpha: 0.02\n    analyses: [interim, final]\n"
        "    efficacy: {kind: cumulative, spent: [0.005, 0.02]}",
        "»hypotheses:\n  - id: 1\n    name: pfs\n    endpoint: PFS\n"
        "    experimental: experimental\n    control: control\n"
        "    test: stratified_log_rank\n    alpha: 0.495\n    analyses: [interim, final]\n"
        "    efficacy: {kind: cumulative, spent: [0.005, 0.495]}",
        "hypotheses",
        "together spend an alpha of 0.5 or more",
    ),
    "information that cannot occur": (
        "design_hazard_ratio: 0.7\n",
        "design_hazard_ratio: 0.7\n    »information: 401\n",
        "hypotheses.pfs.information",
        "can never occur|given: 401; sample_size: 400",
    ),
    "information that is there too early": (
        "design_hazard_ratio: 0.7\n",
        "design_hazard_ratio: 0.7\n    »information: 150\n",
        "hypotheses.pfs.information",
        "before the last analysis|150 events (given: 150)",
    ),
    "information that nothing tells": (
        "        - {events: {endpoint: OS, count: 200}}\n",
        "",
        "hypotheses.os",
        "not triggered by OS events|Give information",
    ),
}

# A problem that is shown at another place than the one that is changed.
ELSEWHERE = {
    "information that nothing tells": ("- id: 2\n    name: os", "- »id: 2\n    name: os"),
}


@pytest.mark.parametrize("case", BAD)
def test_each_mistake_is_shown_at_its_place(case: str, tmp_path: Path) -> None:
    shown_at_its_place(BAD[case], ELSEWHERE.get(case), tmp_path)


def test_with_three_arms_the_information_of_two_must_be_told(tmp_path: Path) -> None:
    text = SURVIVAL_GOOD.replace(
        "allocation: 2}\n", "allocation: 2}\n  - {id: 3, name: low, allocation: 3}\n"
    ).replace("block_sizes: [3, 6]", "block_sizes: [6]")
    problems = problems_of(write(tmp_path, text))
    assert [problem.key for problem in problems] == ["hypotheses.pfs", "hypotheses.os"]
    assert all("events of all arms, not only of its two" in p.message for p in problems)
    # fewer events than an earlier look waits for, as that counts the third arm's, too
    told = text.replace("alpha: 0.02\n", "alpha: 0.02\n    information: 125\n")
    told = told.replace("alpha: 0.005\n", "alpha: 0.005\n    information: 100\n")
    assert read_scenario(write(tmp_path, told)).name == "planned"


# ---- looks in order, by what triggers them ----------------------------------------------------


def _looks(first: str, second: str) -> str:
    start, end = SURVIVAL_GOOD.index("analyses:\n"), SURVIVAL_GOOD.index("sweep:")
    looks = (
        f"analyses:\n  - {{id: 1, name: one, cut: {first}}}\n"
        f"  - {{id: 2, name: two, cut: {second}}}\n"
    )
    return SURVIVAL_GOOD[:start] + looks + SURVIVAL_GOOD[end:]


PFS_100, PFS_200 = "{events: {endpoint: PFS, count: 100}}", "{events: {endpoint: PFS, count: 200}}"
OS_100, LATE, LATER = (
    "{events: {endpoint: OS, count: 100}}",
    "{date: 2028-01-01}",
    "{date: 2029-01-01}",
)


@pytest.mark.parametrize(
    ("first", "second", "good"),
    [
        (PFS_100, PFS_200, True),
        (PFS_200, PFS_100, False),
        (PFS_200, OS_100, True),
        (LATE, LATER, True),
        (LATER, LATE, False),
        (LATE, PFS_100, True),
        ("{follow_up: 52 weeks}", "{follow_up: 52 weeks}", False),
        ("{follow_up: 52 weeks}", "{follow_up: 53 weeks}", True),
        ("{enrolled: {count: 300}}", "{enrolled: {count: 300, after: 1 day}}", True),
        ("{enrolled: {count: 300}}", "{enrolled: {count: 200, after: 1 day}}", True),
        ("{enrolled: {count: 300, after: 1 day}}", "{enrolled: {count: 200}}", False),
        # the last of several: not after one of which each has come
        (PFS_200, f"{{all: [{PFS_100}, {LATE}]}}", True),
        (f"{{all: [{PFS_200}, {LATER}]}}", f"{{all: [{PFS_100}, {LATE}]}}", False),
        (f"{{all: [{PFS_200}, {LATER}]}}", LATE, False),
        (f"{{all: [{PFS_100}, {LATE}]}}", PFS_200, True),
        # the first of several
        (PFS_100, f"{{any: [{PFS_200}, {LATE}]}}", True),
        (PFS_200, f"{{any: [{PFS_100}, {LATE}]}}", False),
        (f"{{any: [{PFS_100}, {LATE}]}}", f"{{any: [{PFS_100}, {LATER}]}}", True),
        (f"{{any: [{PFS_200}, {LATER}]}}", f"{{any: [{PFS_100}, {LATE}]}}", False),
    ],
)
def test_looks_stand_in_order_of_time(first: str, second: str, good: bool, tmp_path: Path) -> None:
    path = write(tmp_path, _looks(first, second))
    if good:
        assert len(read_scenario(path).analyses) == 2
        return
    (problem,) = problems_of(path)
    place = {PFS_100: ".events.count", LATE: ".date"} if first in (PFS_200, LATER) else {}
    assert problem.key == "analyses.two.cut" + place.get(second, "")
    assert "the looks are out of order: this one cannot come after one" in problem.message


def test_more_patients_than_looks_can_count() -> None:
    with pytest.raises(ScenarioError, match=r"sample_size: looks can count at most 65535 patients"):
        read_scenario(TWO_ARMS, ["sample_size=70000"])
