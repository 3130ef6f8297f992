"""Times of restricted means and milestones that nobody reaches: refused, or warned of, by line."""

from __future__ import annotations

import re

import pytest
from scenario_files import SCENARIOS
from survival_files import survival_scenario

from simulate import cli
from simulate.errors import ScenarioError
from simulate.theory.followed import FEW, check_times

DELAYED = SCENARIOS / "delayed_effect_tests.yaml"
"""Its final look is expected in month 40.6, its interim look in month 26.3."""

OWN = "hypotheses.os.test={{kind: rmst, until: {} months}}"
MILESTONE = "hypotheses.os.test={{kind: milestone, time: {} months}}"


def told(*overrides: str) -> list[str]:
    return [str(each) for each in check_times(survival_scenario(DELAYED, *overrides))]


@pytest.mark.parametrize("test", [OWN, MILESTONE])
def test_a_time_beyond_the_follow_up_of_the_last_look_is_refused_at_its_line(test: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        told(test.format(60))
    (problem,) = caught.value.problems
    assert problem.key.startswith("hypotheses.os.test.")
    assert "at the look final, nobody of an arm" in problem.message
    assert "given: 60 months; the longest follow-up expected: 40.5 months" in problem.message
    assert "Give at most 35 months" in problem.hint


def test_one_that_few_reach_is_warned_of_and_a_shorter_one_is_not() -> None:
    (warning,) = told(OWN.format(38))
    assert "where an arm has none, the test is not defined and does not reject" in warning
    assert told(OWN.format(35)) == []


def test_how_many_are_followed_so_long_is_what_accrual_and_survival_give() -> None:
    # 12.5 patients of the control arm a month, a median of 15 months, 3% lost a year
    look, months = 40.55, 38.0
    entered = 12.5 * (look - months)
    stay = 0.5 ** (months / 15) * 2.718281828 ** (-0.03 * months / 12)
    assert 0.5 < entered * stay < FEW
    (warning,) = told(OWN.format(38))
    assert f"only {entered * stay:.1f} patients" in warning


def test_an_interim_look_counts_if_it_spends_alpha() -> None:
    spending = "hypotheses.os.efficacy={kind: obrien_fleming}"
    (warning,) = told(OWN.format(30), spending)
    assert "at the look interim, nobody" in warning
    assert "the longest follow-up expected: 26.3 months" in warning
    (months,) = re.findall(r"Give at most (\d+) months, or look later", warning)
    assert int(months) < 26
    assert told(OWN.format(months), spending) == []
    assert told(OWN.format(int(months) + 1), spending) != []
    assert told(OWN.format(30), spending, "hypotheses.os.analyses=[final]") == []


def test_further_tests_must_be_known_at_the_end() -> None:
    with pytest.raises(ScenarioError, match=r"estimates\.tests\.rmst_24\.test\.until"):
        told("estimates.tests.rmst_24.test.until=60 months")
    assert told("estimates.tests.rmst_24.test.until=30 months") == []


def test_a_curve_that_comes_down_is_known_though_nobody_is_left() -> None:
    short = "survival.event.median=2 months", "survival.effects=[]"
    (warning,) = told(OWN.format(60), "estimates.tests=[]", *short)
    assert "nobody" in warning


def test_the_command_line_warns_and_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["validate", str(DELAYED), "--set", OWN.format(38)]) == 0
    assert "warning: --set" in capsys.readouterr().err
    assert cli.main(["validate", str(DELAYED), "--set", OWN.format(60)]) == 2
    assert "nothing was run" in capsys.readouterr().err
