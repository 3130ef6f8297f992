"""Runs of trials whose hypotheses share alpha: tables, errors, and the report's section."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest
from arms_example import LOOKS, randomised
from html_pages import text_of
from made_up_trials import generic, made_up_result
from small_randomised import HYPOTHESIS, PHASE_II
from survival_files import ROOT, survival_scenario

from simulate.choose_engine import REFERENCE
from simulate.design_theory import design_theory
from simulate.look_replicates import run_look_replicates
from simulate.randomised.execute import execute
from simulate.randomised.job import make_randomised_job
from simulate.randomised.operating import detectable_hazard_ratio, operating_characteristics
from simulate.randomised.outcomes import NOT_REJECTED, REJECTED, Looks, Outcomes
from simulate.randomised.result import RandomisedResult
from simulate.report.blocks import Picture, Points, Prose, Table
from simulate.report.randomised.boundaries import boundaries_section
from simulate.report.randomised.bounds import bounds_by_level
from simulate.report.randomised.head import tiles
from simulate.report.randomised.multiplicity import multiplicity_section
from simulate.report.randomised.null import null_section
from simulate.report.randomised.report import render_randomised_report
from simulate.report.randomised.schema import schema_of
from simulate.report.randomised.view import RandomisedView
from simulate.scenario.scenario import Scenario
from simulate.theory.course import ASSUMED

GRAPH = ROOT / "scenarios" / "two_endpoints_graph.yaml"
SMALL = (
    "sample_size=60",
    "sweep=[]",
    "analyses.interim.cut.events.count=16",
    "analyses.progression.cut.events.count=30",
    "analyses.survival.cut.events.count=36",
    "hypotheses.pfs.efficacy={kind: pocock}",
    "hypotheses.os.information=36",
    "multiplicity.alpha=0.3",
)
N = 24


@cache
def run(*, null: bool) -> RandomisedResult:
    scenario = survival_scenario(GRAPH, *SMALL)
    return execute(make_randomised_job(scenario, replicates=N, engine=REFERENCE, null=null))


def measure(result: RandomisedResult, hypothesis: str, name: str) -> float:
    table = result.operating
    chosen = table[(table["measure"] == name) & (table["hypothesis"] == hypothesis)]
    return float(chosen[chosen["analysis"] == "all"]["estimate"].iloc[0])


def test_every_hypothesis_of_every_trial_is_decided_once() -> None:
    outcomes = run(null=False).outcomes
    for hypothesis in outcomes.hypotheses:
        decided = (outcomes.decisions(hypothesis) > 0).sum(axis=0)
        np.testing.assert_array_equal(decided, 1)


def test_power_of_each_any_and_all_is_counted() -> None:
    result = run(null=False)
    rejects = np.stack([result.outcomes.rejects(h) for h in result.outcomes.hypotheses])
    assert 0 < rejects.sum() < rejects.size
    for name, row in zip(("pfs", "os"), rejects, strict=True):
        assert measure(result, name, "reject") == row.mean()
        assert measure(result, name, "stop_end") == pytest.approx(1 - row.mean())
    assert measure(result, "any", "reject") == rejects.any(axis=0).mean()
    assert measure(result, "all", "reject") == rejects.all(axis=0).mean()
    assert "familywise_error" not in set(result.operating["measure"])


def test_levels_rise_with_what_others_pass_on() -> None:
    outcomes = run(null=False).outcomes
    pfs, os = (outcomes.at_looks(f"{h.name}.level") for h in outcomes.hypotheses)
    decided = outcomes.decisions(outcomes.hypotheses[0])
    assert set(np.unique(pfs[~np.isnan(pfs)]).round(6)) <= {0.225, 0.3}
    early = decided[0] == REJECTED
    assert early.any()
    np.testing.assert_allclose(os[0][early], 0.3)
    late = (decided[2] == NOT_REJECTED) & ~outcomes.rejects(outcomes.hypotheses[1])
    assert late.any()
    np.testing.assert_allclose(os[2][late], 0.075)


def test_family_wise_error_counts_true_hypotheses_only() -> None:
    result = run(null=True)
    rejects = np.stack([result.outcomes.rejects(h) for h in result.outcomes.hypotheses])
    assert 0 < rejects.any(axis=0).mean() < 1
    assert measure(result, "", "familywise_error") == rejects.any(axis=0).mean()
    outcomes = result.outcomes
    one = operating_characteristics("s", outcomes, {}, true_nulls=["os"])
    found = one[one["measure"] == "familywise_error"]["estimate"].tolist()
    assert found == [rejects[1].mean()]


def test_the_report_shows_graph_power_bounds_and_errors() -> None:
    view = RandomisedView(run(null=False))
    blocks = multiplicity_section(view).blocks
    (picture,) = [block for block in blocks if isinstance(block, Picture)]
    assert "22.5%" in str(picture.svg) or "<svg" in str(picture.svg)
    power, errors = [block for block in blocks if isinstance(block, Table)]
    assert [row[0] for row in power.rows] == ["pfs", "os", "Any", "All"]
    assert list(power.header[-2:]) == ["Theory, correlation 0", "Theory, correlation 0.5"]
    shared = design_theory(view.scenario).shared
    assert shared is not None
    for column, correlation in ((3, 0.0), (4, 0.5)):
        theory = shared.power(ASSUMED, correlation)
        assert theory is not None
        told = [float(row[column]) for row in power.rows]
        found = [100 * each for each in (*theory.each, theory.any, theory.all)]
        assert told == pytest.approx(found, abs=0.051)
    assert [row[0] for row in errors.rows] == ["pfs", "os", "pfs and os"]
    assert not any(isinstance(block, Points) for block in blocks)
    assert view.theory.rejected(view.hypotheses[0]) != view.theory.rejected(view.hypotheses[0])
    page = text_of(render_randomised_report(view.result))
    assert "Hypotheses that share alpha" in page


def test_bounds_are_told_by_level() -> None:
    view = RandomisedView(run(null=False))
    section = boundaries_section(view)
    tables = {b.title: b for b in section.blocks if isinstance(b, Table)}
    words = " ".join(b.text for b in section.blocks if isinstance(b, Prose))
    assert "The trial goes on until all hypotheses are decided." in words
    assert "A trial stops for efficacy" not in words
    found = tables["Boundaries of os"]
    assert [title for title in found.groups.values() if title.startswith("Planned")] == [
        "Planned at 7.5%, at first",
        "Planned at 30%, after pfs",
    ]
    (hypothesis,) = (each for each in view.hypotheses if each.name == "os")
    last = view.looks_of(hypothesis)[-1].name
    column = view.outcomes.looks.column
    levels, bound = (column(last, f"os.{name}") for name in ("level", "efficacy_bound"))
    by_level = bounds_by_level(view, hypothesis, last)
    assert (
        {round(level, 6) for level in by_level} == set(levels[levels > 0].round(6)) == {0.075, 0.3}
    )
    ratio = detectable_hazard_ratio(view.outcomes, hypothesis, last)
    for level, (row, n) in by_level.items():
        at = np.isclose(levels, level)
        assert n == at.sum()
        assert row["efficacy_bound"] == pytest.approx(bound[at].mean())
        assert row["hazard_ratio_at_bound"] == pytest.approx(ratio[at].mean())
    low, high = sorted(row["hazard_ratio_at_bound"] for row, _ in by_level.values())
    tile = {label: value for label, value, _ in tiles(view).items}["Hazard ratio at the bound, os"]
    assert tile == f"{low:.3f} to {high:.3f}"
    box = schema_of(view).looks[-1]
    assert any(
        f"os: HR \N{LESS-THAN OR EQUAL TO} {low:.2f} to {high:.2f}" in line for line in box.lines
    )
    page = text_of(render_randomised_report(view.result))
    assert "the trial stops." not in page
    assert "Power: theory beside simulation" not in page


def test_a_p_value_that_rounds_to_nothing_is_told_as_small() -> None:
    view = RandomisedView(made_up_result(generic("hypotheses.pfs.efficacy=null"), n=50))
    columns = view.outcomes.looks.columns
    columns["interim", "pfs.efficacy_bound"] = np.full(50, 5.5)
    table = operating_characteristics("made_up", view.outcomes, {})
    view = RandomisedView(dataclasses.replace(view.result, operating=table))
    (found,) = [b for b in boundaries_section(view).blocks if isinstance(b, Table)]
    (row,) = (row for row in found.rows if row[0] == "interim")
    assert "<0.00001" in " ".join(row)


def test_the_report_of_no_effect_tells_the_family_wise_error() -> None:
    view = RandomisedView(run(null=True))
    (points,) = [b for b in multiplicity_section(view).blocks if isinstance(b, Points)]
    ((name, text),) = points.items
    error = 100 * measure(view.result, "", "familywise_error")
    assert name == "Family-wise error:"
    assert f"rejected in {error:.3f}% of trials" in text
    assert "no effect on pfs and os" in text
    assert "one-sided alpha of 30%" in text
    (verdicts,) = [b for b in null_section(view).blocks if isinstance(b, Points)]
    assert "nominal" not in verdicts.items[0][1]
    assert "they share a one-sided alpha of 30%" in verdicts.items[-1][1]


def test_hypotheses_with_their_own_alpha_have_no_such_section() -> None:
    assert multiplicity_section(RandomisedView(made_up_result())).blocks == []


def test_patients_in_cycles_and_scans_share_alpha_too() -> None:
    published = Scenario.from_file(PHASE_II, ["parameters=null"])
    both = [
        HYPOTHESIS,
        HYPOTHESIS | {"id": 2, "name": "os_test", "endpoint": "OS", "information": 8},
    ]
    shared = {"method": "fixed_sequence", "alpha": 0.4}
    trial = randomised(published, hypotheses=both, analyses=LOOKS, multiplicity=shared)
    looks = Looks(run_look_replicates(trial, replicates=8, engine=REFERENCE))
    outcomes = Outcomes(looks, trial.analyses, trial.hypotheses)
    first, second = (outcomes.rejects(each) for each in trial.hypotheses)
    assert first.any()
    assert not (second & ~first).any()
    levels = outcomes.at_looks("os_test.level")
    assert set(np.unique(levels[~np.isnan(levels)]).round(6)) == {0.0, 0.4}


def test_alpha_is_not_shared_without_arms() -> None:
    with pytest.raises(Exception, match="multiplicity: it says nothing without arms"):
        Scenario.from_file(PHASE_II, ["parameters=null", "multiplicity={method: holm}"])
