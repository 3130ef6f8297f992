"""Looks whose events cannot come are refused at their line; others, at most, are told of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from survival_files import TWO_ARMS, survival_scenario

from simulate import cli
from simulate.describe import describe
from simulate.errors import ScenarioError
from simulate.theory.course import ExpectedTrial
from simulate.theory.reach import HOPELESS, check_targets

FEW_COME = "enrolment.accrual=[{from: 0 months, rate: 1.25 per month}]"


def one_event(law: str) -> list[str]:
    """The trial with one time to event of a law, which nothing changes."""
    model = f"{{kind: single, endpoint: PFS, event: {law}, observation: exact}}"
    return [
        f"survival={model}",
        "baseline={variables: []}",
        "randomisation.strata=[]",
        "hypotheses.pfs.test=log_rank",
    ]


BAD = {
    "everybody is lost": (["survival.dropout.rate=1 per month"], ["interim", "final"]),
    "90 patients ever come": ([FEW_COME], ["interim", "final"]),
    "all conditions are needed": (
        [
            FEW_COME,
            "analyses.interim.cut="
            "{all: [{date: 2028-01-01}, {events: {endpoint: PFS, count: 231}}]}",
        ],
        ["interim", "final"],
    ),
    "a rate of 0": (one_event("{kind: exponential, rate: 0 per month}"), ["interim", "final"]),
    "everybody is cured": (
        one_event("{kind: cure, cured: 1, others: {kind: exponential, median: 1 months}}"),
        ["interim", "final"],
    ),
    "only the final is too far": (["max_study_duration=24 months"], ["final"]),
}


@pytest.mark.parametrize("case", BAD)
def test_a_target_out_of_reach_is_refused_at_its_line(case: str) -> None:
    overrides, looks = BAD[case]
    with pytest.raises(ScenarioError) as caught:
        check_targets(survival_scenario(TWO_ARMS, *overrides))

    places = [problem.key for problem in caught.value.problems]
    assert [place.split(".")[1] for place in places] == looks
    assert all(place.endswith("events.count") for place in places)
    last = caught.value.problems[-1]
    assert last.line == line_of("count: 330")
    assert "so many PFS events cannot be expected" in last.message
    assert "given: 330; expected by day" in last.message


def line_of(text: str) -> int:
    lines = TWO_ARMS.read_text().splitlines()
    return 1 + next(i for i, line in enumerate(lines) if text in line)


def test_the_expected_number_decides_by_the_tail_of_poisson() -> None:
    trial = survival_scenario(TWO_ARMS, "max_study_duration=36 months", "sample_size=450")
    mean = float(ExpectedTrial(trial).events("PFS")[:, -1].sum())
    most = int(stats.poisson.isf(HOPELESS, mean))
    near = ["max_study_duration=36 months"]

    check_targets(survival_scenario(TWO_ARMS, *near, f"analyses.final.cut.events.count={most}"))
    beyond = f"analyses.final.cut.events.count={most + 2}"
    with pytest.raises(ScenarioError, match=r"analyses\.final\.cut\.events\.count"):
        check_targets(survival_scenario(TWO_ARMS, *near, beyond))
    assert np.isclose(mean, 320, atol=40), "330 events may or may not come"


def test_the_first_of_several_conditions_need_not_be_the_events() -> None:
    any_of = "{any: [{date: 2028-01-01}, {events: {endpoint: PFS, count: %d}}]}"
    check_targets(
        survival_scenario(
            TWO_ARMS,
            FEW_COME,
            f"analyses.interim.cut={any_of % 231}",
            f"analyses.final.cut={any_of.replace('2028', '2029') % 330}",
            "hypotheses.pfs.information=330",
        )
    )


def test_commands_refuse_and_write_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results"
    for words in (["validate"], ["run", "--out", str(out)], ["design", "--out", str(out)]):
        command, *options = words
        assert cli.main([command, str(TWO_ARMS), *options, "--set", FEW_COME]) == 2
        shown = capsys.readouterr()
        assert f"{TWO_ARMS}:{line_of('count: 231')}:" in shown.err
        assert shown.out == ""
        assert not out.exists()
    # what would happen can still be told
    assert "Not expected by the end of the trial" in describe(survival_scenario(TWO_ARMS, FEW_COME))
