"""The report of a randomised trial: one self-contained page whose numbers are the result's."""

import dataclasses
import datetime as dt
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from arms_example import randomised
from html_pages import Page, text_of
from made_up_trials import GENERIC, generic, made_up_outcomes, made_up_result

from simulate.describe.design import design_in_words
from simulate.design_theory import DesignTheory, design_theory
from simulate.monte_carlo import Estimate, proportion
from simulate.randomised.execute import execute, theory_of
from simulate.randomised.job import make_randomised_job
from simulate.randomised.operating import operating_characteristics
from simulate.randomised.outcomes import FUTILE, NOT_REJECTED, REJECTED
from simulate.randomised.result import RandomisedResult
from simulate.randomised.truth import average_log_hazard_ratios
from simulate.report.blocks import Details, Listing, Picture, Points, Prose, Section, Table
from simulate.report.numbers import FIGURE_SPACE, MINUS, NO_VALUE, PUNCTUATION_SPACE, number
from simulate.report.randomised.arms import arms_table, true_value
from simulate.report.randomised.boundaries import boundaries_section, bounds_table
from simulate.report.randomised.calendar import calendar_section
from simulate.report.randomised.curves import curves_of, curves_picture
from simulate.report.randomised.design import design_section
from simulate.report.randomised.estimates import (
    estimates_section,
    ratios_by_decision,
    true_log_ratio,
)
from simulate.report.randomised.grid import (
    DURATION,
    field_label,
    grid_cells,
    grid_pictures,
    power_shown,
)
from simulate.report.randomised.head import early_stop, summary, tiles
from simulate.report.randomised.months import month_table, story_of
from simulate.report.randomised.null import null_section, where
from simulate.report.randomised.power import decisions_table, power_section, theory_table
from simulate.report.randomised.report import (
    render_randomised_report,
    reproduce_section,
    write_randomised_report,
)
from simulate.report.randomised.schema import schema_of, schema_picture
from simulate.report.randomised.view import Key, RandomisedView
from simulate.report.randomised.whatifs import whatifs_section
from simulate.report.randomised.words import cut_in_brief, small, with_error
from simulate.scenario.analyses import Cut
from simulate.scenario.scenario import Scenario
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.units import DAYS_PER_MONTH

KN026 = GENERIC.parent / "kn026_phase2.yaml"
THREE_LOOKS = GENERIC.parents[1] / "benchmarks" / "three_looks.yaml"

SWEEP = (
    "sweep=[{name: delayed, title: The effect comes late, set: {survival.effects: [{kind: delayed, "
    "arm: experimental, on: progression, hazard_ratio: 0.7, delay: 3 months}]}}, "
    "{name: slow, set: {enrolment.accrual: [{from: 0 months, rate: 15 per month}]}}]"
)

OVERALL = (
    "{id: 2, name: os, endpoint: OS, experimental: experimental, control: control, "
    "analyses: [final], alpha: 0.01, information: 200}"
)

FIRST = (
    "{id: 1, name: pfs, endpoint: PFS, experimental: experimental, control: control, alpha: 0.015}"
)


@pytest.fixture(scope="module")
def theory() -> DesignTheory:
    return design_theory(generic())


@pytest.fixture(scope="module")
def result(theory: DesignTheory) -> RandomisedResult:
    """500 trials that are what their numbers say, with two what-ifs."""
    return made_up_result(generic(SWEEP), theory=theory.table)


@pytest.fixture(scope="module")
def view(result: RandomisedResult) -> RandomisedView:
    return RandomisedView(result)


@pytest.fixture(scope="module")
def page(result: RandomisedResult) -> str:
    return render_randomised_report(result)


def plain(text: str) -> str:
    """A cell without what lines it up in its column."""
    for space in (FIGURE_SPACE, PUNCTUATION_SPACE):
        text = text.replace(space, "")
    return text.strip()


def table(section: Section, title: str) -> Table:
    """A table of a section by how its title begins, wherever it stands."""
    found = list(section.blocks)
    for block in found:
        if isinstance(block, Details):
            found += block.blocks
    (one,) = [b for b in found if isinstance(b, Table) and b.title.startswith(title)]
    return one


def rows_of(found: Table) -> dict[str, list[str]]:
    """Rows of a table by their first cell."""
    return {row[0]: [plain(cell) for cell in row[1:]] for row in found.rows}


def of_decision(result: RandomisedResult, decision: int) -> np.ndarray:
    """Shape (looks, replicates), from the raw columns."""
    return np.stack(
        [result.outcomes.looks.column(look, "pfs.decision") == decision for look in LOOKS]
    )


LOOKS = ("interim", "final")


# ---- the page -------------------------------------------------------------------------------


def test_page_is_well_formed_and_its_links_lead_somewhere(page: str) -> None:
    read = Page(page)

    assert read.open == []
    assert len(set(read.ids)) == len(read.ids)
    assert {link.removeprefix("#") for link in read.links} <= set(read.ids)
    assert "Boundaries" in read.headings


def test_page_needs_no_network_and_no_script(page: str) -> None:
    assert "<script" not in page
    assert "http-equiv" not in page
    assert not re.search(r"(src|href)=[\"'](?!#)", page)
    assert not re.search(r"url\((?!#)", page)


def test_page_is_the_same_for_the_same_result(
    result: RandomisedResult, page: str, tmp_path: Path
) -> None:
    slower = dataclasses.replace(result, timings={"replicates": 1e9})

    write_randomised_report(slower, tmp_path / "report.html")

    assert (tmp_path / "report.html").read_bytes() == page.encode()


def test_every_figure_and_table_is_numbered_in_order(page: str) -> None:
    for kind in ("Figure", "Table"):
        found = [int(n) for n in re.findall(rf"<b>{kind} (\d+)\.</b>", page)]
        assert found == list(range(1, len(found) + 1))
    assert page.count("<svg ") == page.count("<b>Figure ")


def test_every_number_of_the_scenario_is_in_the_register(view: RandomisedView, page: str) -> None:
    for row in view.scenario.register():
        assert f">{row.path}<" in page.replace("<wbr>", "")


def test_the_reproduction_names_command_seed_and_the_files_that_are_there(
    view: RandomisedView,
) -> None:
    text = render_randomised_report(view.result)
    bare = made_up_result(n=5)

    assert "simulate run scenario.yaml --replicates 500" in text
    files = {row[0] for row in table(reproduce_section(view), "Files").rows}
    assert {"design.csv", "sweep_operating_characteristics.csv", "sweep.csv"} <= files
    files = {row[0] for row in table(reproduce_section(RandomisedView(bare)), "Files").rows}
    assert not {"design.csv", "sweep_operating_characteristics.csv"} & files


@pytest.mark.parametrize(
    "overrides",
    [
        pytest.param(["hypotheses=[]"], id="no-hypotheses"),
        pytest.param(
            ["hypotheses=[]", "arms=[{id: 1, name: only}]", "survival.effects=[]"], id="one-arm"
        ),
        pytest.param(
            [
                "arms=[{id: 1, name: control}, {id: 2, name: experimental}, {id: 3, name: third}]",
                "randomisation.block_sizes=[6]",
                "hypotheses.pfs.information=250",
            ],
            id="three-arms",
        ),
        pytest.param([f"hypotheses=[{FIRST}, {OVERALL}]"], id="two-hypotheses"),
        pytest.param(
            ["estimates={when: stop}", "randomisation={method: minimisation, strata: [visceral]}"],
            id="minimisation",
        ),
        pytest.param(
            [
                "enrolment={regions: [{id: 1, name: a, cap: 300, accrual: [{from: 0 months, rate: "
                "20 per month}]}, "
                "{id: 2, name: b, accrual: [{from: 0 months, rate: 9 per month}]}]}"
            ],
            id="regions",
        ),
    ],
)
def test_any_trial_has_a_report_without_an_undefined_number(overrides: list[str]) -> None:
    scenario = generic(*overrides)
    found = made_up_result(
        scenario, theory=design_theory(scenario).table if scenario.hypotheses else None
    )

    page = render_randomised_report(found)

    assert Page(page).open == []
    assert not re.search(r"\b(nan|inf|None|NaN)\b", text_of(page))
    tested = "Boundaries" in Page(page).headings
    assert tested == bool(scenario.hypotheses)


@pytest.mark.parametrize("n", [1, 2])
def test_few_replicates_without_examples_and_theory_have_a_report(n: int) -> None:
    page = render_randomised_report(made_up_result(n=n, examples=False))

    assert "Example trials" not in Page(page).headings
    assert not re.search(r"\b(nan|inf|None)\b", text_of(page))
    assert "There is no theory to set beside them." in text_of(page)


def test_theory_that_knows_no_readers_is_not_set_beside_them() -> None:
    overrides = (
        "survival.readers=[{id: 1, name: central, missed: 0.1, early: 0}]",
        "endpoints=[{id: 1, name: PFS, of: PFS, reader: central}]",
    )
    assert theory_of(generic(*overrides)).empty
    assert not theory_of(generic()).empty

    page = render_randomised_report(made_up_result(generic(*overrides), n=5, examples=False))

    assert "No theory is set beside them" in text_of(page)
    assert "theory beside simulation" not in text_of(page)
    assert "Readers, missed scans and rules" in design_in_words(design_theory(generic(*overrides)))


def test_a_run_gives_what_the_report_shows() -> None:
    scenario = generic(
        "sample_size=60",
        "analyses.interim.cut.events.count=20",
        "analyses.final.cut.events.count=34",
        "sweep=[{name: larger, set: {sample_size: 66}}]",
    )
    found = execute(make_randomised_job(scenario, replicates=8, engine="reference"))
    view = RandomisedView(found)

    page = render_randomised_report(found)

    assert not re.search(r"\b(nan|inf|None)\b", text_of(page))
    assert set(made_up_result(scenario, n=5).outcomes.looks.names) <= set(
        found.outcomes.looks.names
    )
    first = found.examples[0]
    last = month_table(view, first).rows[-1]
    known = first.looks.iloc[-1]
    assert plain(last[1]) == f"{known['n_enrolled']:.0f}"
    assert plain(last[3]) == f"{known['pfs.events']:.0f}"
    assert curves_of(view, first, "PFS")["control"].n == known["n_enrolled.control"]


def test_a_trial_of_patients_in_cycles_has_a_report_too() -> None:
    hypothesis = {
        "id": 1,
        "name": "pfs",
        "endpoint": "PFS",
        "experimental": "kn026",
        "control": "control",
        "efficacy": {"kind": "obrien_fleming"},
    }
    scenario = randomised(Scenario.from_file(KN026), hypotheses=[hypothesis])
    found = execute(make_randomised_job(scenario, replicates=4, engine="reference"))

    page = render_randomised_report(found)

    words = text_of(page)
    assert not re.search(r"\b(nan|inf|None)\b", words)
    assert "disease.response.probability = 0.3" in words
    assert "for a limited number of cycles, every 4 weeks; scans every 21 days; within" in words
    assert {"Boundaries", "Example trials"} <= set(Page(page).headings)


# ---- head and design ------------------------------------------------------------------------


def test_power_of_the_head_is_the_share_of_trials_that_reject(
    result: RandomisedResult, view: RandomisedView, theory: DesignTheory
) -> None:
    rejected = of_decision(result, REJECTED).any(axis=0)
    expected = float(theory.overall.set_index("truth").loc["assumed", "power"])

    (power, *_) = tiles(view).items
    words = summary(view).text

    assert power[:2] == ("Power", f"{100 * rejected.mean():.1f}%")
    mcse = 100 * math.sqrt(rejected.mean() * (1 - rejected.mean()) / 500)
    assert f"MCSE {mcse:.2f}" in power[2]
    assert power[2].endswith(f"theory: {100 * expected:.1f}%")
    assert f"Power is {100 * rejected.mean():.1f}%" in words
    assert f"by theory {100 * expected:.1f}%" in words


def test_the_head_says_which_of_several_hypotheses_is_rejected_early(view: RandomisedView) -> None:
    two = made_up_result(generic(f"hypotheses=[{FIRST}, {OVERALL}]"), examples=False)
    early = of_decision(two, REJECTED)[0].mean()

    assert (
        f"{100 * early:.1f}% of trials reject pfs at the interim"
        in summary(RandomisedView(two)).text
    )
    assert "% of trials reject at the interim" in summary(view).text


def test_early_stops_size_and_duration_are_those_of_the_replicates(
    result: RandomisedResult, view: RandomisedView
) -> None:
    column = result.outcomes.looks.column
    early = column("interim", "stopped") == 1
    size = np.where(early, *(column(look, "n_enrolled_at_decision") for look in LOOKS))
    cut = np.where(early, column("interim", "cut_day"), column("final", "cut_day"))
    missed = (column("interim", "target_reached") == 0) | (column("final", "target_reached") == 0)

    shown = {label: value for label, value, _ in tiles(view).items}

    assert early_stop(view).estimate == early.mean()
    assert shown["Stopped early"] == f"{100 * early.mean():.1f}%"
    assert shown["Expected sample size"] == f"{size.mean():.1f}"
    assert shown["Expected duration"] == f"{(cut + 30).mean() / 30.4375:.1f} mo"  # cleaning lag
    assert shown["Target not reached"] == f"{100 * missed.mean():.1f}%"


def test_schema_shows_arms_randomisation_and_looks(view: RandomisedView) -> None:
    schema = schema_of(view)

    assert schema.population.title == "450 patients"
    assert schema.randomisation == (
        "1 : 1",
        "blocks of 4 or 6",
        "within strata of",
        "Visceral metastasis",
    )
    assert [(box.title, *box.lines) for box in schema.arms] == [
        ("control", "225 patients"),
        ("experimental", "225 patients"),
    ]
    assert schema.controls == frozenset({0})
    month = np.median(view.outcomes.looks.column("interim", "cut_day")) / 30.4375
    assert schema.looks[0].lines[:3] == (
        "at 231 PFS events",
        "decision 30 days later",
        f"month {month:.1f}",
    )


def test_arms_of_uneven_size_are_told_to_be_about_so_large() -> None:
    scenario = generic(
        "arms=[{id: 1, name: control, title: Standard}, "
        "{id: 2, name: experimental, allocation: 2}]",
        "randomisation.block_sizes=[6]",
        "sample_size=451",
    )

    arms = schema_of(RandomisedView(made_up_result(scenario, n=3))).arms

    assert [(box.title, *box.lines) for box in arms] == [
        ("Standard", "about 150 patients"),
        ("experimental", "about 301 patients"),
    ]


def test_design_is_told_in_the_words_of_describe(view: RandomisedView) -> None:
    (listing,) = [b for b in design_section(view).blocks if isinstance(b, Listing)]
    words = dict(listing.items)

    assert words["Effects"] == "experimental, on progression: hazard ratio 0.7 all the time."
    assert "231 PFS events" in words["Look: interim"]
    assert "O'Brien-Fleming" in words["Hypothesis: pfs"]


NINE_EVENTS = {"events": {"endpoint": "PFS", "count": 9}}
NEW_YEAR = dt.date(2028, 1, 1)


@pytest.mark.parametrize(
    ("cut", "words"),
    [
        ({"events": {"endpoint": "OS", "count": 1200}}, "1,200 OS events"),
        ({"enrolled": {"count": 880}}, "880 patients enrolled"),
        (
            {"enrolled": {"count": 880, "after": "12 weeks"}},
            "12 weeks after 880 patients enrolled",
        ),
        ({"follow_up": "12 weeks"}, "12 weeks of follow-up for all"),
        (
            {"all": (NINE_EVENTS, {"date": NEW_YEAR})},
            "9 PFS events and 2028-01-01",
        ),
        (
            {"any": (NINE_EVENTS, {"date": NEW_YEAR})},
            "9 PFS events or 2028-01-01",
        ),
    ],
)
def test_cuts_in_brief(cut: dict[str, object], words: str) -> None:
    assert cut_in_brief(Cut.model_validate(cut)) == words


# ---- power and boundaries -------------------------------------------------------------------


def test_decisions_by_look_are_counted_from_the_replicates(
    result: RandomisedResult, view: RandomisedView
) -> None:
    found = decisions_table(view, view.hypotheses[0])

    rejected, futile = of_decision(result, REJECTED), of_decision(result, FUTILE)
    failed = of_decision(result, NOT_REJECTED)
    assert found["rejected"].tolist() == pytest.approx(np.cumsum(rejected.mean(axis=1)))
    assert found["futility"].tolist() == pytest.approx(np.cumsum(futile.mean(axis=1)))
    assert found["not_rejected"].tolist() == pytest.approx(failed.mean(axis=1))
    shares = ["rejected", "goes_on", "not_rejected", "futility"]
    assert found[shares].sum(axis=1).tolist() == pytest.approx([1, 1])
    assert found["goes_on"].iloc[1] == pytest.approx(0, abs=1e-12)


def test_theory_stands_beside_simulation(view: RandomisedView, theory: DesignTheory) -> None:
    assumed = theory.overall.set_index("truth").loc["assumed"]
    section = power_section(view)

    decided = rows_of(table(section, "Decisions"))
    means = rows_of(table(section, "Means"))

    assert decided["Rejected, in all"][2] == f"{100 * assumed['power']:.2f}"
    assert decided["Stopped for futility at the interim"][2] == (
        f"{100 * assumed['stops_for_futility']:.2f}"
    )
    rest = 1 - assumed["power"] - assumed["stops_for_futility"]
    assert decided["Not rejected at the last look"][2] == f"{100 * rest:.2f}"
    assert means["Patients when the trial ends"][2] == f"{assumed['expected_sample_size']:.1f}"
    assert means["PFS events when the trial ends"][2] == f"{assumed['expected_events']:.1f}"
    assert means["Months to the last decision"][2] == f"{assumed['expected_months']:.1f}"
    marks = theory_table(view, view.hypotheses[0])
    assert marks["rejected"].iloc[-1] == pytest.approx(assumed["power"])
    assert marks["futility"].tolist() == pytest.approx([assumed["stops_for_futility"]] * 2)


def test_difference_is_counted_in_monte_carlo_errors(
    result: RandomisedResult, view: RandomisedView, theory: DesignTheory
) -> None:
    rate = of_decision(result, REJECTED).any(axis=0).mean()
    expected = theory.overall.set_index("truth").loc["assumed", "power"]
    errors = (rate - expected) / math.sqrt(rate * (1 - rate) / 500)

    shown = rows_of(table(power_section(view), "Decisions"))["Rejected, in all"][3]

    assert shown == f"{'+' if errors > 0 else MINUS}{abs(errors):.1f}"


def test_power_over_the_posterior_stands_beside_that_at_the_point(view: RandomisedView) -> None:
    found = made_up_result(posterior_hazard_ratio=0.85)
    uncertain = RandomisedView(found)
    assert found.posterior is not None
    share = 100 * found.posterior.rejects(uncertain.hypotheses[0]).mean()

    rows = rows_of(table(power_section(uncertain), "At the point and over"))

    assert (
        rows["pfs rejected, %"][0]
        == rows_of(table(power_section(uncertain), "Decisions"))["Rejected, in all"][0]
    )
    assert rows["pfs rejected, %"][2].startswith(f"{share:.2f} ")
    assert tiles(uncertain).items[0][2].endswith(f"over the posterior: {share:.1f}%")
    assert f"{share:.1f}% averaged over posterior draws" in summary(uncertain).text
    assert "posterior" not in summary(view).text


def test_planned_boundaries_are_the_published_ones() -> None:
    # Lan-DeMets, O'Brien-Fleming type, one-sided 0.025 at 1/2, 3/4 and 1
    scenario = SurvivalScenario.from_file(THREE_LOOKS)
    found = made_up_result(scenario, n=50, theory=design_theory(scenario).table)

    boundaries = table(boundaries_section(RandomisedView(found)), "Boundaries")

    z = boundaries.header.index("Efficacy, Z")
    assert boundaries.groups[0] == "Planned"
    assert [plain(row[z]) for row in boundaries.rows[:3]] == ["2.963", "2.359", "2.014"]
    assert "Futility, Z" not in boundaries.header


def test_a_look_without_a_bound_is_planned_with_none() -> None:
    scenario = generic("hypotheses.pfs.efficacy={kind: cumulative, spent: [0.025, 0.025]}")
    found = made_up_result(scenario, theory=design_theory(scenario).table, examples=False)
    boundaries = table(boundaries_section(RandomisedView(found)), "Boundaries")
    planned = dict(zip(boundaries.header, boundaries.rows[1], strict=True))

    assert planned["Look"] == "final"
    assert planned["Efficacy, Z"] == planned["Nominal p"] == planned["Hazard ratio"] == NO_VALUE


def test_a_hazard_ratio_at_a_bound_is_not_called_detectable(view: RandomisedView) -> None:
    found = table(estimates_section(view), "Hazard ratio of pfs")
    labels = [row[0] for row in found.rows]

    assert labels[-2:] == [
        "Hazard ratio at the bound of the interim",
        "Hazard ratio at the bound of the final",
    ]
    assert "largest observed one that rejects at a look" in found.caption


def test_a_mean_without_error_differs_by_no_errors(theory: DesignTheory) -> None:
    result = made_up_result(generic(), theory=theory.table, examples=False)
    view = RandomisedView(result)
    constant = Estimate(23.0, 3e-15, 23.0, 23.0, 500, 500)
    key = ("cut_time.mean", "final", "", "all", "")
    view.measured._found[Key(*key)] = constant

    means = rows_of(table(power_section(view), "Means"))
    assert means["Final: month of the data cut"][0].startswith("23.0")
    assert means["Final: month of the data cut"][3] == NO_VALUE


def test_simulated_boundaries_are_means_over_the_trials_at_the_look(
    result: RandomisedResult, view: RandomisedView
) -> None:
    found = bounds_table(view, view.hypotheses[0])

    column = result.outcomes.looks.column
    for look, row in zip(LOOKS, found.to_dict("records"), strict=True):
        z = column(look, "pfs.z")
        assert row["fraction"] == pytest.approx(np.nanmean(column(look, "pfs.fraction")))
        assert row["z_efficacy"] == pytest.approx(np.nanmean(column(look, "pfs.efficacy_bound")))
        assert row["z_median"] == pytest.approx(np.nanmedian(z), abs=0.02)
        # Schoenfeld: half the events in each arm
        events = np.nanmean(column(look, "pfs.tested_events"))
        ratio = math.exp(-row["z_efficacy"] * 2 / math.sqrt(events))
        assert row["hr_efficacy"] == pytest.approx(ratio, abs=0.002)
    assert found["z_futility"].isna().tolist() == [False, True]
    ratio = math.exp(-found["z_futility"][0] * 2 / math.sqrt(231.4))
    assert found["hr_futility"][0] == pytest.approx(ratio, abs=0.002)


@pytest.mark.parametrize(
    "test",
    ["{kind: rmst, until: 24 months}", "{kind: max_combo, weights: [{rho: 0}, {gamma: 1}]}"],
)
def test_no_hazard_ratio_is_told_at_the_bounds_of_a_test_that_has_none(
    test: str, view: RandomisedView
) -> None:
    scenario = generic(f"hypotheses.pfs.test={test}", "hypotheses.pfs.futility=null")
    other = RandomisedView(made_up_result(scenario, n=50, examples=False))

    def said(one: RandomisedView) -> tuple[str, Picture]:
        pictures = [b for b in boundaries_section(one).blocks if isinstance(b, Picture)]
        return schema_picture(one).caption, pictures[0]

    schema, bounds = said(other)
    assert "medians over the trials that made the look." in schema
    assert bounds.caption.startswith("Mean bounds at the looks, on Z; ")
    assert "Observed hazard ratios have no bound" in bounds.caption
    assert "Boundaries on Z by information fraction, and observed" in bounds.svg
    schema, bounds = said(view)
    assert "hazard ratios are the largest observed ones that reject there." in schema
    assert bounds.caption.startswith("Mean bounds at the looks, on Z and as hazard ratios; ")
    assert "no bound" not in bounds.caption


def test_futility_bound_that_meets_the_efficacy_bound_is_not_shown_twice(
    view: RandomisedView,
) -> None:
    last = rows_of(table(boundaries_section(view), "Boundaries"))["final"]

    assert last[-2:] == ["\N{EN DASH}", "\N{EN DASH}"]


# ---- time and estimates ---------------------------------------------------------------------


def test_calendar_table_holds_quantiles_of_the_looks(
    result: RandomisedResult, view: RandomisedView
) -> None:
    found = table(calendar_section(view), "Size")
    final = next(i for i, words in found.groups.items() if words.startswith("Final"))
    months = result.outcomes.looks.column("final", "cut_day") / 30.4375

    row = [plain(cell) for cell in found.rows[final + 1]]

    assert row[0] == "Months to the data cut"
    assert row[1].startswith(f"{np.nanmean(months):.1f} ")
    assert float(row[4]) == pytest.approx(np.nanmedian(months), abs=0.11)
    made = np.isfinite(months).mean()
    assert found.groups[final] == f"Final, made in {100 * made:.1f}% of trials"


def test_what_is_the_same_in_all_trials_is_not_drawn() -> None:
    same = made_up_result(generic("hypotheses=[]"), n=40)
    pictures = [
        b.title for b in calendar_section(RandomisedView(same)).blocks if isinstance(b, Picture)
    ]

    # without a hypothesis all trials go on until all patients are there
    assert "Events when the trial ends" in pictures
    assert not any(title.startswith("Patients") for title in pictures)


def test_hazard_ratios_are_parted_by_decision(
    result: RandomisedResult, view: RandomisedView
) -> None:
    found = ratios_by_decision(view, view.hypotheses[0])

    assert sum(map(len, found.values())) == 500
    assert len(found["Rejected"]) == of_decision(result, REJECTED).sum()
    assert len(found["Stopped for futility"]) == of_decision(result, FUTILE).sum()
    assert found["Rejected"].max() < found["Stopped for futility"].min()


def first_words(section: Section) -> str:
    """The paragraph that a section begins with."""
    first = section.blocks[0]
    assert isinstance(first, Prose)
    return first.text


def test_bias_is_told_where_there_is_a_truth(view: RandomisedView) -> None:
    section = estimates_section(view)
    rows = rows_of(table(section, "Hazard ratio"))

    assert math.exp(true_log_ratio(view, view.hypotheses[0])) == pytest.approx(0.70)
    values = view.outcomes.at_decision(view.hypotheses[0], "log_hr")
    bias = values.mean() - math.log(0.70)
    assert rows["Bias of the log hazard ratio"][0] == f"{MINUS}{abs(bias):.4f}"
    assert bias < 0
    rejected = values[view.outcomes.rejects(view.hypotheses[0])].mean() - math.log(0.70)
    factor = 100 * (1 - math.exp(rejected))
    assert f"its geometric mean lies {factor:.1f}% below the truth" in first_words(section)


def test_no_bias_is_told_where_there_is_no_one_truth(result: RandomisedResult) -> None:
    operating = result.operating[~result.operating["measure"].str.contains("bias|coverage")]
    section = estimates_section(
        RandomisedView(dataclasses.replace(result, operating=pd.DataFrame(operating)))
    )

    rows = rows_of(table(section, "Hazard ratio"))

    assert not any("ias" in label or "overage" in label for label in rows)
    assert "There is no single true one" in first_words(section)


def test_bias_is_told_against_the_average_that_theory_expects(
    result: RandomisedResult, theory: DesignTheory
) -> None:
    averages = average_log_hazard_ratios(theory.table)
    assumed = theory.table[theory.table["truth"] == "assumed"]
    operating = operating_characteristics("generic", result.outcomes, {}, average_log_hr=averages)
    view = RandomisedView(dataclasses.replace(result, operating=operating))
    section = estimates_section(view)
    rows = rows_of(table(section, "Hazard ratio"))

    assert {k: math.exp(v) for k, v in averages["pfs"].items()} == pytest.approx(
        dict(zip(assumed["analysis"], assumed["hazard_ratio"], strict=True))
    )
    values = view.outcomes.at_decision(view.hypotheses[0], "log_hr")
    expected = np.log(assumed["hazard_ratio"].to_numpy())[
        view.outcomes.decided_at(view.hypotheses[0])
    ]
    bias = float((values - expected).mean())
    assert rows["Bias against the expected average"][0].lstrip("+" + MINUS) == f"{abs(bias):.4f}"
    assert "Coverage of the expected average, %" in rows
    assert "Bias of the log hazard ratio" not in rows
    told = f"{assumed['hazard_ratio'].iloc[0]:.3f} at the interim"
    assert f"average hazard ratio that theory expects at the look that decides: {told}" in (
        first_words(section)
    )


def test_truth_by_arm_is_that_of_the_closed_form() -> None:
    scenario = SurvivalScenario.from_file(
        THREE_LOOKS, ["survival.dropout=null", "estimates.landmarks=[24 months]"]
    )
    found = RandomisedView(made_up_result(scenario, n=20))
    hazard = math.log(2) / 18.5

    for arm, ratio in (("control", 1.0), ("experimental", 0.75)):
        # days are whole: half a day at most, and a day for a median
        assert true_value(found, "PFS", "median", arm) == pytest.approx(18.5 / ratio, abs=0.04)
        rate = math.exp(-24 * hazard * ratio)
        assert true_value(found, "PFS", "rate_24", arm) == pytest.approx(rate, abs=0.001)
        area = (1 - math.exp(-36 * hazard * ratio)) / (hazard * ratio)
        assert true_value(found, "PFS", "rmst", arm) == pytest.approx(area, abs=0.02)


def test_arms_stand_beside_their_truth(view: RandomisedView) -> None:
    _, found = arms_table(view)
    assert isinstance(found, Table)
    column = view.outcomes.looks.column

    row = next(row for row in found.rows if row[0] == "Rate at 12 months, %")

    mean = 100 * np.nanmean(column("final", "pfs.rate_12.control"))
    assert plain(row[1]).startswith(f"{mean:.1f} ")
    assert plain(row[2]) == f"{100 * true_value(view, 'PFS', 'rate_12', 'control'):.1f}"
    assert found.groups == {0: "PFS", 3: "OS"}
    assert "NR" in found.rows[3][1]  # most made-up medians of survival are not reached


# ---- examples -------------------------------------------------------------------------------


def test_curves_of_an_example_hold_its_patients_by_arm(view: RandomisedView) -> None:
    example = view.result.examples[0]
    sample = example.samples["pfs"]

    curves = curves_of(view, example, "PFS")

    assert list(curves) == ["control", "experimental"]
    for arm, curve in curves.items():
        rows = sample[sample["arm"] == arm]
        assert curve.n == len(rows)
        assert curve.events.sum() == rows["event"].sum()
        assert curve.last_time == pytest.approx(rows["day"].max() / 30.4375)


def test_every_kind_of_trial_is_drawn(view: RandomisedView) -> None:
    picture = curves_picture(view, "PFS")

    assert len(view.result.examples) == 4
    for example in view.result.examples:
        assert f"{example.kind[0].upper()}{example.kind[1:]}<" in picture.svg
        row = example.looks.iloc[-1]
        assert f"HR {math.exp(row['pfs.log_hr']):.2f}, Z {number(row['pfs.z'], 2)}" in picture.svg


def test_months_of_an_example_add_up_and_its_looks_stand_out(view: RandomisedView) -> None:
    example = view.result.examples[1]  # went on to the end
    found = month_table(view, example)

    enrolled, new = (found.header.index(name) for name in ("Enrolled", "new"))
    assert [plain(row[0]) for row in found.rows[:2]] == ["1", "2"]
    last = found.rows[-1]
    assert int(plain(last[enrolled])) == example.months["enrolled"].iloc[-1]
    assert sum(int(plain(row[new])) for row in found.rows) == example.months["enrolled"].iloc[-1]
    looks = [found.rows[i][-1] for i in sorted(found.marked)]
    assert looks == ["interim", "final"]


def test_story_of_an_example_tells_what_was_decided(view: RandomisedView) -> None:
    by_kind = {example.kind: example for example in view.result.examples}
    row = by_kind["stopped early for futility"].looks.iloc[-1]

    text = " ".join(story_of(view, by_kind["stopped early for futility"]))

    assert f"cut in month {row['cut_day'] / 30.4375:.1f} with" in text
    assert f"Z of pfs is {number(row['pfs.z'], 2)}" in text
    assert text.endswith("and the trial stops for futility.")
    late = " ".join(story_of(view, by_kind["went on to the end and failed"]))
    assert "and the trial goes on. The final" in late
    assert late.endswith("and the null hypothesis is not rejected.")


# ---- what-ifs -------------------------------------------------------------------------------


def test_differences_are_taken_within_pairs(result: RandomisedResult, view: RandomisedView) -> None:
    hypothesis = view.hypotheses[0]
    base = result.outcomes.rejects(hypothesis).astype(float)
    variant = result.variants["delayed"].rejects(hypothesis).astype(float)

    cells = rows_of(table(whatifs_section(view), "Paired differences of pfs"))[
        "The effect comes late"
    ]

    difference = 100 * (variant - base)
    error = difference.std(ddof=1) / math.sqrt(500)
    assert cells[0] == f"{100 * variant.mean():.2f}"
    assert cells[1] == f"{MINUS}{abs(difference.mean()):.2f} \N{PLUS-MINUS SIGN} {error:.2f}"


def test_variants_say_what_they_set(view: RandomisedView) -> None:
    rows = rows_of(table(whatifs_section(view), "Variants"))

    assert rows["slow"] == ["enrolment.accrual = [{from: 0 months, rate: 15 per month}]"]


def test_no_sweep_no_section() -> None:
    assert whatifs_section(RandomisedView(made_up_result(n=5))).blocks == []


def test_grid_is_drawn_cell_by_cell() -> None:
    fields = "{survival.effects.0.hazard_ratio: [0.6, 0.7, 0.8], survival.dropout.rate: "
    fields += "[0.02 per year, 0.1 per year]}"
    found = made_up_result(generic(f"grid={{fields: {fields}}}"), n=60)
    view = RandomisedView(found)
    hypothesis = view.hypotheses[0]

    cells = grid_cells(view, power_shown(view, hypothesis))
    (picture,) = grid_pictures(view, power_shown(view, hypothesis))
    months = grid_cells(view, DURATION)
    section = whatifs_section(view)

    assert len(cells) == 6
    for name, estimate in zip(view.scenario.coordinates, cells["estimate"], strict=True):
        rejected = found.variants[name].rejects(hypothesis)
        assert estimate == pytest.approx(100 * rejected.mean())
    assert ">Hazard ratio<" in picture.svg
    assert ">Dropout rate<" in picture.svg  # the title of the legend
    assert ">0.02 per year<" in picture.svg
    for name, estimate in zip(view.scenario.coordinates, months["estimate"], strict=True):
        days = found.variants[name].decision_day
        assert estimate == pytest.approx(days.mean() / DAYS_PER_MONTH)
    assert [b.title for b in section.blocks if isinstance(b, Picture)] == [
        picture.title,
        DURATION.title,
    ]


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("survival.effects.0.hazard_ratio", "Hazard ratio"),
        ("survival.dropout.rate", "Dropout rate"),
        ("survival.event.median", "Event median"),
        ("sample_size", "Sample size"),
        ("survival.readers.central.missed", "Central missed"),
        ("survival.visits.missed", "Visits missed"),
    ],
)
def test_labels_of_fields(path: str, label: str) -> None:
    assert field_label(path) == label


# ---- null -----------------------------------------------------------------------------------


def test_type_one_error_is_told_of_a_null_scenario_only(view: RandomisedView) -> None:
    null = RandomisedView(made_up_result(null=True))

    (points,) = [b for b in null_section(null).blocks if isinstance(b, Points)]

    rate = 100 * null.outcomes.rejects(null.hypotheses[0]).mean()
    ((name, text),) = points.items
    assert name == "pfs:"
    assert f"rejected in {rate:.3f}% of 500 trials" in text
    assert "the nominal one-sided level is 2.5%" in text
    assert tiles(null).items[0][0] == "Type I error"
    assert null_section(view).blocks == []


@pytest.mark.parametrize(
    ("errors", "words"),
    [(250, "lies in that interval"), (350, "lies below"), (150, "lies above")],
)
def test_nominal_level_against_the_interval(errors: int, words: str) -> None:
    found = proportion(np.arange(10_000) < errors)

    assert where(0.025, found).startswith(words)


# ---- numbers --------------------------------------------------------------------------------


def test_errors_are_never_printed_as_none() -> None:
    assert small(0.0004, 2) == "<0.01"
    assert small(0.0, 2) == "0.00"
    assert small(0.126, 2) == "0.13"
    undefined = Estimate(math.nan, math.nan, math.nan, math.nan, 5, 0)
    assert with_error(undefined) == "\N{EN DASH}"
    assert (
        with_error(Estimate(0.899, 0.003, 0.89, 0.91, 5, 5), 100) == "89.9 \N{PLUS-MINUS SIGN} 0.3"
    )


def test_the_made_up_trials_have_the_power_of_their_drift() -> None:
    # the fixture itself: at one look Z is normal with mean sqrt(d)/2 * log(1/hr)
    scenario = generic("hypotheses.pfs.analyses=[final]", "hypotheses.pfs.futility=null")
    outcomes = made_up_outcomes(scenario, 4000, 0.8)

    z = outcomes.looks.column("final", "pfs.z")

    mean = math.sqrt(330) / 2 * math.log(1 / 0.8)
    assert z.mean() == pytest.approx(mean, abs=4 / math.sqrt(4000))
    assert z.std() == pytest.approx(1, abs=4 / math.sqrt(8000))
