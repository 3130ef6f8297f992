"""What tests estimate, as tables tell it: from columns of a look to operating characteristics."""

from __future__ import annotations

import dataclasses
import math
from types import SimpleNamespace

import numpy as np
import pytest
from small_randomised import small_survival
from survival_files import THREE_LOOKS, survival_scenario

from simulate.look_replicates import run_look_replicates
from simulate.looks.columns import column_names
from simulate.looks.design import survival_design
from simulate.monte_carlo import Estimate
from simulate.randomised.effects import effects
from simulate.randomised.execute import execute
from simulate.randomised.job import make_randomised_job
from simulate.randomised.outcomes import Outcomes
from simulate.report.blocks import Table
from simulate.report.randomised.tests import tests_section as section_of_tests
from simulate.report.randomised.view import RandomisedView
from simulate.report.randomised.whatifs import whatifs_section
from simulate.scenario.survival_scenario import SurvivalScenario

NAN = math.nan
TESTS = (
    "estimates.tests=["
    "{name: mean, test: {kind: rmst, until: 6 months}},"
    "{name: rate, test: {kind: milestone, time: 6 months, scale: log_log}},"
    "{name: wins, test: {kind: win_ratio, order: [PFS]}},"
    "{name: benefit, test: {kind: win_ratio, order: [PFS], measure: net_benefit}},"
    "{name: combo, test: {kind: max_combo, weights: [{rho: 0}, {gamma: 1}]}}]"
)


def test_columns_of_estimates_stand_behind_their_statistics() -> None:
    scenario = survival_scenario(
        THREE_LOOKS, TESTS, "hypotheses.pfs.test={kind: rmst, until: 24 months}"
    )
    names = [n for n in column_names(survival_design(scenario)) if n.startswith("pfs.mean")]
    assert names == ["pfs.mean.z", "pfs.mean.difference", "pfs.mean.difference_se"]
    assert "pfs.tested_difference_se" in column_names(survival_design(scenario))


def counted() -> dict[str, Estimate]:
    """Measures of four trials, of which one did not make the look."""
    scenario = survival_scenario(THREE_LOOKS, TESTS)
    columns = {
        "pfs.mean.difference": [1.0, 2.0, NAN, NAN],
        "pfs.mean.difference_se": [0.5, 0.7, NAN, NAN],
        "pfs.wins.log_win_ratio": [0.0, math.log(4.0), math.log(2.0), NAN],
        "pfs.wins.log_win_ratio_se": [0.1, 0.1, 0.4, NAN],
        "pfs.combo.largest_weight": [1, 2, 2, NAN],
    }
    looks = SimpleNamespace(
        n=4, names=tuple(columns), column=lambda _, name: np.array(columns[name], float)
    )
    outcomes = Outcomes(looks, scenario.analyses[:1], scenario.hypotheses)
    return {m.name: m.estimate for m in effects(outcomes, scenario.hypotheses[0])}


def test_estimates_are_averaged_where_they_are_defined() -> None:
    found = counted()
    assert found["mean.difference.mean"].estimate == 1.5
    assert found["mean.difference.mean"].n_failed == 2
    assert found["mean.difference_se.mean"].estimate == pytest.approx(0.6)
    assert found["wins.log_win_ratio.mean"].estimate == pytest.approx(math.log(2.0))
    assert found["wins.log_win_ratio_se.mean"].estimate == pytest.approx(0.2)
    assert found["wins.win_ratio.q50"].estimate == pytest.approx(2.0)
    assert found["combo.largest_weight.1"].estimate == pytest.approx(1 / 3)
    assert found["combo.largest_weight.2"].estimate == pytest.approx(2 / 3)


@pytest.fixture(scope="module")
def view() -> RandomisedView:
    scenario = small_survival(TESTS, "sweep=[{name: larger, set: {sample_size: 60}}]")
    return RandomisedView(
        execute(make_randomised_job(scenario, replicates=6, workers=1, engine="reference"))
    )


def table(blocks: list[object], title: str) -> Table:
    (found,) = [b for b in blocks if isinstance(b, Table) and b.title.startswith(title)]
    return found


def test_the_report_tells_estimates_with_their_interval(view: RandomisedView) -> None:
    rows = table(section_of_tests(view).blocks, "What the tests estimate").rows
    wins = next(row for row in rows if row[0].startswith("wins"))
    column = view.outcomes.looks.column
    logs, errors = (column("interim", f"pfs.wins.log_win_ratio{end}") for end in ("", "_se"))
    middle, error = np.nanmean(logs), np.nanmean(errors)
    low, high = (np.exp(middle + sign * 1.959964 * error) for sign in (-1, 1))
    assert wins[1].strip() == f"{np.exp(middle):.2f}"
    assert wins[3].strip() == f"{low:.2f} to {high:.2f}"


def test_tests_are_told_by_variant(view: RandomisedView) -> None:
    found = table(whatifs_section(view).blocks, "Tests by variant")
    assert list(found.header) == ["Test", "Scenario as it stands", "larger"]
    assert [row[0] for row in found.rows] == [
        "decides",
        *["mean", "rate", "wins", "benefit", "combo"],
    ]
    larger = view.result.variants["larger"]
    final, z = view.analyses[-1].name, "pfs.combo.z"
    made = ~np.isnan(larger.looks.column(final, "cut_day"))
    share = 100 * np.mean(larger.looks.column(final, z)[made] >= 1.959964)
    assert found.rows[-1][2].startswith(f"{share:.2f}")


@pytest.fixture(scope="module")
def stops_early() -> RandomisedView:
    """Trials of which some stop at the interim, and others if another test decides."""
    scenario = small_survival(
        "hypotheses.pfs.futility=null",
        "estimates.tests=[{name: plain, test: log_rank}]",
        "survival.effects=[{kind: proportional, arm: experimental, on: progression, "
        "hazard_ratio: 0.4}]",
        "sweep=[{name: mean, set: {hypotheses.pfs.test: {kind: rmst, until: 6 months}}}]",
    )
    return RandomisedView(
        execute(make_randomised_job(scenario, replicates=24, workers=1, engine="reference"))
    )


def test_tests_by_variant_are_told_of_a_look_that_all_trials_make(
    stops_early: RandomisedView,
) -> None:
    made = [
        each.at_looks("cut_day")[1]
        for each in (stops_early.outcomes, stops_early.result.variants["mean"])
    ]
    assert (np.isnan(made[0]) != np.isnan(made[1])).any(), "others stop in the variant"

    found = table(whatifs_section(stops_early).blocks, "Tests by variant")

    assert found.title == "Tests by variant: significant at the interim, %"
    _, as_it_stands, variant = found.rows[1]
    assert as_it_stands == variant, "the same test of the same trials"
    assert "2.5%, of all trials" in found.caption
    assert "To later looks only some trials come" in found.caption


def test_tests_by_variant_say_so_where_no_look_is_made_by_all(stops_early: RandomisedView) -> None:
    some = stops_early.result.variants_operating.copy()
    some.loc[some["measure"] == "made", "estimate"] = 0.5
    view = RandomisedView(dataclasses.replace(stops_early.result, variants_operating=some))

    found = table(whatifs_section(view).blocks, "Tests by variant")

    assert found.title == "Tests by variant: significant at the interim, %"
    assert "of the trials that came to the look" in found.caption
    assert "columns are not of the same trials" in found.caption


def test_tests_side_by_side_say_which_trials_came_to_a_look(stops_early: RandomisedView) -> None:
    came = 100 * np.isfinite(stops_early.outcomes.at_looks("cut_day")[1]).mean()
    assert 0 < came < 100

    found = table(section_of_tests(stops_early).blocks, "Significant at")

    assert f"of the trials that came to the look ({came:.1f}% to the final), not of all" in (
        found.caption
    )


# ---- hazard ratios that are not tested --------------------------------------------------------


def of_two_endpoints(*hypotheses: str) -> SurvivalScenario:
    """A trial with one look that sees PFS and OS, and tests some of them in strata."""
    tested = ", ".join(
        f"{{id: {i}, name: {name.lower()}, endpoint: {name}, experimental: experimental, "
        "control: control, test: stratified_log_rank, information: 30}"
        for i, name in enumerate(hypotheses, 1)
    )
    return small_survival(
        "endpoints=[{id: 1, name: PFS, of: PFS}, {id: 2, name: OS, of: OS}]",
        "analyses=[{id: 1, name: final, cut: {events: {endpoint: PFS, count: 26}}}]",
        f"hypotheses=[{tested}]",
    )


@pytest.mark.parametrize("engine", ["reference", "batch"])
def test_a_ratio_is_the_same_whether_it_is_tested_or_not(engine: str) -> None:
    both, one = (
        run_look_replicates(of_two_endpoints(*names), replicates=5, engine=engine)["final"]
        for names in (("PFS", "OS"), ("PFS",))
    )
    for end in ("log_hr", "log_hr_se"):
        told = one.column(f"os.{end}.experimental.control")
        assert told.tolist() == both.column(f"os.{end}").tolist()
        assert np.isfinite(told).any()
