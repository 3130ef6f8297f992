"""The report: one self-contained page, for a published trial as for any other."""

import dataclasses
import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from html_pages import Page, text_of

from simulate.analysis.statistics import landmark_months
from simulate.columns import MemoryColumns
from simulate.describe.words import stated_percent
from simulate.distributions import NEVER
from simulate.endpoints import derive, endpoint_rules
from simulate.facts import read_facts
from simulate.job import make_job
from simulate.operating import operating_characteristics
from simulate.report.blocks import Details, Picture, Prose, Section, Table, numbered
from simulate.report.design import design_section
from simulate.report.disposition import disposition_table
from simulate.report.doses import FEWEST, cycle_delays, doses_section
from simulate.report.numbers import (
    FIGURE_SPACE,
    MINUS,
    PUNCTUATION_SPACE,
    capital,
    counts_with_percent,
    error,
    interval,
    listed,
    number,
    on_the_point,
    signed,
    with_unit,
)
from simulate.report.operating import operating_section
from simulate.report.regimen import dosing_rules, intensity_effect, site_limits
from simulate.report.report import render_report, write_report
from simulate.report.safety import incidence, listed_terms, safety_section
from simulate.report.scorecard import scorecard_section
from simulate.report.scorecard_picture import position
from simulate.report.survival import example_curve, survival_section
from simulate.report.swimmer import lanes_of
from simulate.report.topics import OTHER, TOPICS, topic_of
from simulate.report.view import View
from simulate.report.whatifs import whatifs_section
from simulate.run import RunResult, execute
from simulate.scenario.scenario import Scenario

KN026 = Path(__file__).parents[2] / "scenarios" / "kn026_phase2.yaml"


@pytest.fixture(scope="module")
def result() -> RunResult:
    """Three replicates of the published trial."""
    job = make_job(Scenario.from_file(KN026), replicates=3)
    return execute(dataclasses.replace(job, truth_patients=2000))


@pytest.fixture(scope="module")
def page(result: RunResult) -> str:
    return render_report(result)


@pytest.fixture(scope="module")
def other(result: RunResult) -> Callable[..., RunResult]:
    """Run the trial with some fields changed, its truth taken from few patients."""

    def run(*overrides: str, replicates: int = 2) -> RunResult:
        scenario = Scenario.from_file(KN026, ["sweep=[]", *overrides])
        job = make_job(scenario, replicates=replicates)
        return execute(dataclasses.replace(job, truth_patients=500))

    return run


def test_page_is_well_formed_and_its_links_lead_somewhere(page: str) -> None:
    parsed = Page(page)

    assert parsed.open == []
    assert len(parsed.ids) == len(set(parsed.ids))
    assert {link.removeprefix("#") for link in parsed.links} <= set(parsed.ids)
    assert len(parsed.headings) == 15


def test_page_needs_no_network_and_no_script(page: str) -> None:
    assert "<script" not in page
    assert not re.search(r"""(?:src|href)=["'](?!#)""", page)
    assert not re.search(r"url\((?!#)|@import", page)
    assert len(page.encode()) < 3_000_000


def test_page_is_the_same_for_the_same_result(result: RunResult, page: str, tmp_path: Path) -> None:
    slower = dataclasses.replace(result, timings={"replicates": 1e6})  # no part of the result

    write_report(slower, tmp_path / "report.html")

    assert (tmp_path / "report.html").read_bytes() == page.encode()


def test_every_figure_and_table_is_numbered_in_order(page: str) -> None:
    for kind in ("Figure", "Table"):
        found = [int(n) for n in re.findall(rf"<b>{kind} (\d+)\.</b>", page)]
        assert found == list(range(1, len(found) + 1))
    assert page.count("<svg ") == page.count("<b>Figure ")


def test_no_number_is_undefined_by_mistake(page: str) -> None:
    words = text_of(page)

    assert not re.search(r"\b(nan|inf|None|NaN)\b", words)
    assert "np.float" not in words


def test_simulated_rates_are_those_of_the_replicates(result: RunResult, page: str) -> None:
    table = result.replicates["final"].table
    median = np.sort(table["orr"].to_numpy())[1]  # of three

    assert f"The objective response rate of the median trial is {100 * median:.1f}%" in page


def test_every_judged_fact_is_in_the_scorecard(result: RunResult, page: str) -> None:
    words = text_of(page)
    for fact in result.scorecard["fact"]:
        assert fact in words
    outside = result.scorecard[~result.scorecard["inside"] & (result.scorecard["role"] != "input")]
    for fact in outside["fact"]:
        assert f"{fact}: the reported" in words or f"{fact}: reported" in words
    judged = View(result).judged
    assert f"Of {len(judged)} published numbers" in words
    assert "The printed median follow-up is read as reverse Kaplan-Meier" in words


def test_every_number_of_the_scenario_is_in_the_register(result: RunResult, page: str) -> None:
    for row in result.job.scenario.register():
        assert f">{row.path}<" in page.replace("<wbr>", "")


def test_report_without_facts_compares_with_nothing(other: Callable[..., RunResult]) -> None:
    page = render_report(
        other(
            "title='<b>bold</b> & {{ 1 + 1 }}'",
            "facts=null",
            "parameters=null",
            "endpoints.subgroups=[]",
            "endpoints.landmarks=[]",
            "design={}",
            "baseline={variables: []}",
            "treatment.body=null",
        )
    )
    words = text_of(page)

    words = re.sub(r"\d+ reported \(printed in the publication\)", "", words.split("Files")[0])
    for absent in ("Scorecard", "Published", "Reported", "eported:", "Subgroups", "What if"):
        assert absent not in words
    assert Page(page).open == []
    assert "<h1>&lt;b&gt;bold&lt;/b&gt; &amp; {{ 1 + 1 }}</h1>" in page


def test_one_replicate_is_enough(other: Callable[..., RunResult]) -> None:
    words = text_of(render_report(other(replicates=1)))

    assert "1 trial of 57 patients was simulated" in words
    assert not re.search(r"\b(nan|inf|None)\b", words)


def test_nobody_responds(other: Callable[..., RunResult]) -> None:
    words = text_of(render_report(other("disease.response.probability=0")))

    assert "Duration of response: no replicate has a patient to analyse." in words
    assert not re.search(r"\b(nan|inf|None)\b", words)


def test_nobody_is_enrolled(other: Callable[..., RunResult]) -> None:
    accrual = "{kind: poisson_gamma, rate: 0.000001 per month, window: 3 months}"
    words = text_of(render_report(other(f"enrolment.accrual={accrual}")))

    assert "0 analysed, 2 failed" in words
    assert "Nobody was assessed" in words
    assert not re.search(r"\b(nan|inf|None)\b", words)


def test_last_of_several_analyses_is_shown_and_all_are_listed(
    other: Callable[..., RunResult],
) -> None:
    cuts = ("2020-09-01", "2023-09-15")
    analyses = ", ".join(
        f"{{id: {i}, name: a{i}, cut: {{date: {d}}}}}" for i, d in enumerate(cuts, 1)
    )
    words = text_of(render_report(other(f"analyses=[{analyses}]")))

    assert "at 2 data cuts; the numbers here are of the last, a2, on 2023-09-15" in words
    assert "Every data cut" in words
    assert "a1, 2020-09-01" in words


def test_prognostic_factors_are_named(other: Callable[..., RunResult]) -> None:
    factor = "{variable: visceral, level: 'yes', progression: 1.5}"
    words = text_of(render_report(other(f"disease.prognostic_factors=[{factor}]")))

    assert "depends on visceral (yes: hazard ratio of progression 1.5)" in words
    assert "No effect" not in words


@pytest.mark.parametrize("time_zero", ["first_dose", "randomisation"])
def test_swimmer_shows_the_events_that_the_endpoints_count(
    other: Callable[..., RunResult], time_zero: str
) -> None:
    result = other(f"endpoints.time_zero={time_zero}")
    view = View(result)
    example = result.examples[0]
    snapshot, endpoints = example.snapshots["final"], example.endpoints["final"]

    lanes = lanes_of(snapshot, endpoints, time_zero == "randomisation", 1)

    counts = lanes.marks["kind"].value_counts()
    table = view.analysed.table.iloc[0]
    assert lanes.n == table["n_enrolled"]
    assert counts["first_response"] == table["responders"]
    assert counts["progression"] == table["pfs_events"] - table["deaths_without_progression"]
    assert counts["death"] == table["deaths"]
    assert counts["ongoing"] == table["on_treatment"]
    assert len(lanes.doses) == endpoints["cycles"].sum()
    treatment = lanes.periods[lanes.periods["kind"] == "treatment"]["end"].to_numpy()
    assert (np.diff(treatment) <= 0).all()
    scans = np.unique(snapshot.assessments["day"]) / 30.4375
    responses = lanes.periods[lanes.periods["kind"] == "response"]["start"]
    assert np.isin(responses.round(9), scans.round(9)).all()


def test_swimmer_places_events_by_the_first_dose_whenever_endpoints_begin(
    result: RunResult,
) -> None:
    snapshot = result.examples[0].snapshots["final"]
    earlier = {"enrolment_trial_day": snapshot.subjects["enrolment_trial_day"] - 5}
    snapshot = dataclasses.replace(snapshot, subjects=snapshot.subjects | earlier)
    rules = endpoint_rules(result.job.scenario)

    from_dose = lanes_of(snapshot, derive(rules, snapshot), False, 1)
    endpoints = derive(rules._replace(from_randomisation=1), snapshot)
    from_randomisation = lanes_of(snapshot, endpoints, True, 1)

    pd.testing.assert_frame_equal(from_dose.marks, from_randomisation.marks)
    pd.testing.assert_frame_equal(from_dose.periods, from_randomisation.periods)


def test_swimmer_shows_what_adverse_events_do_to_doses(result: RunResult) -> None:
    example = result.examples[0]
    snapshot, endpoints = example.snapshots["final"], example.endpoints["final"]
    doses = [dict(zip(snapshot.doses, row, strict=True)) for row in rows_of(snapshot.doses)]
    events = snapshot.adverse_events

    lanes = lanes_of(snapshot, endpoints, False, 1)

    def shown(frame: pd.DataFrame, kind: str, *columns: str) -> set[tuple[float, ...]]:
        rows = frame.loc[frame["kind"] == kind, list(columns)] * 30.4375
        return {tuple(row) for row in rows.round(6).to_numpy().tolist()}

    held = {(d["day"] - d["hold"], d["day"]) for d in doses if d["given"] and d["hold"]}
    omitted = {(d["day"],) for d in doses if not d["given"]}
    lower = [(d["patient"], d["day"]) for d in doses if d["given"] and d["level"]]
    reduced = {(min(day for p, day in lower if p == patient),) for patient, _ in lower}
    docetaxel_stops = events["onset_day"][events["action"] >> 6 & 1 == 1]
    assert len(held) > 2
    assert omitted
    assert reduced
    assert shown(lanes.periods, "hold", "start", "end") == held
    assert shown(lanes.marks, "omitted", "month") == omitted
    assert shown(lanes.marks, "reduced", "month") == reduced
    assert shown(lanes.marks, "drug_stop", "month") == {(day,) for day in docetaxel_stops}
    stops = snapshot.subjects["treatment_stop_day"]
    for_toxicity = stops[snapshot.subjects["treatment_stop_reason"] == 5]
    assert shown(lanes.marks, "toxicity_stop", "month") == {(day,) for day in for_toxicity}
    assert not (lanes.periods["kind"] == "wait").any()


def rows_of(columns: dict[str, np.ndarray]) -> list[tuple[int, ...]]:
    return list(zip(*(column.tolist() for column in columns.values()), strict=True))


def test_swimmer_draws_a_wait_after_the_hold_before_it(result: RunResult) -> None:
    example = result.examples[0]
    snapshot = example.snapshots["final"]
    doses = {name: column.copy() for name, column in snapshot.doses.items()}
    row = int(np.flatnonzero((doses["hold"] > 0) & (doses["given"] == 1))[0])
    day, hold = int(doses["day"][row]), int(doses["hold"][row])
    same = (doses["patient"] == doses["patient"][row]) & (doses["cycle"] == doses["cycle"][row])
    doses["wait"][same] = 2
    snapshot = dataclasses.replace(snapshot, doses=doses)

    periods = lanes_of(snapshot, example.endpoints["final"], False, 1).periods

    (waited,) = (periods[periods["kind"] == "wait"][["start", "end"]] * 30.4375).to_numpy()
    np.testing.assert_allclose(waited, (day - 2, day))
    holds = (periods[periods["kind"] == "hold"][["start", "end"]] * 30.4375).to_numpy()
    assert np.isclose(holds, (day - 2 - hold, day - 2)).all(axis=1).any()


def test_swimmer_has_no_tick_where_a_dose_was_omitted(result: RunResult) -> None:
    example = result.examples[0]
    snapshot, endpoints = example.snapshots["final"], example.endpoints["final"]
    given = snapshot.doses["given"].copy()
    given[np.flatnonzero(snapshot.doses["drug"] == 1)[5]] = 0
    without = dataclasses.replace(snapshot, doses=snapshot.doses | {"given": given})

    before, after = (lanes_of(s, endpoints, False, 1) for s in (snapshot, without))

    assert len(after.doses) == len(before.doses) - 1
    omitted = [(lanes.marks["kind"] == "omitted").sum() for lanes in (before, after)]
    assert omitted[1] == omitted[0] + 1


def test_incidence_is_the_share_of_the_safety_set(result: RunResult) -> None:
    view = View(result)
    counts = np.sort(result.replicates["final"].table["teae_grade3"].to_numpy())

    found = incidence(view, "teae_grade3")

    assert (found.count.lower, found.count.median, found.count.upper) == tuple(counts)
    assert found.percent.median == pytest.approx(100 * counts[1] / 57)
    assert found.reported.value == 36
    assert found.reported_percent == pytest.approx(63.2, abs=0.05)
    assert not dataclasses.replace(found, count=found.count._replace(lower=36)).is_outside
    assert dataclasses.replace(found, count=found.count._replace(lower=37)).is_outside


def test_safety_lists_its_terms_by_frequency(result: RunResult) -> None:
    view = View(result)
    toxicity = result.job.scenario.toxicity
    assert toxicity is not None
    terms = listed_terms(view, toxicity)

    means = [view.values(f"ae_any_{term.name}").mean() for term in terms]
    assert means == sorted(means, reverse=True)
    assert {term.name for term in toxicity.terms} - {term.name for term in terms} == {"other_mild"}
    _, by_term = [b for b in safety_section(view).blocks if isinstance(b, Table)]
    assert [row[0] for row in by_term.rows] == [term.label for term in terms]
    diarrhea = by_term.rows[[term.name for term in terms].index("diarrhea")]
    assert diarrhea[1] == "21 (36.8)"
    assert diarrhea[2].startswith(f"{np.median(view.values('ae_any_diarrhea')):.0f} ")


def test_safety_marks_what_lies_outside(result: RunResult) -> None:
    analysed = result.replicates["final"]
    values = analysed.columns.rows(0, analysed.n).T
    values[:, analysed.names.index("sae")] = 50.0
    columns = MemoryColumns(*values.shape)
    columns.write(0, values)
    replicates = {"final": dataclasses.replace(analysed, columns=columns)}
    operating = operating_characteristics(result.job.scenario, replicates, result.truth)
    changed = dataclasses.replace(result, replicates=replicates, operating=operating)

    summary, _ = [b for b in safety_section(View(changed)).blocks if isinstance(b, Table)]

    outside = {summary.rows[i][0] for i in summary.marked}
    assert "Serious" in outside
    assert "Any" not in outside


def dose_rows(*rows: tuple[int, int, int, int, int, int]) -> dict[str, np.ndarray]:
    names = ("patient", "cycle", "drug", "delay", "hold", "given")
    return dict(zip(names, np.array(rows).T, strict=True))


def test_delays_of_a_cycle_are_counted_once_a_patient_and_not_for_omitted_doses() -> None:
    rows = [(patient, 1, 1, 0, 0, 1) for patient in range(FEWEST)]
    rows += [(patient, 2, drug, patient, 7 * (patient == 1), 1)
             for patient in range(FEWEST) for drug in (1, 2)]  # fmt: skip
    rows += [(patient, 3, 1, 9, 0, 1) for patient in range(FEWEST - 1)]
    rows += [(FEWEST - 1, 3, 2, 9, 0, 0)]  # omitted: the cycle has too few patients

    delays = cycle_delays(dose_rows(*rows))

    assert delays.to_dict("records") == [{"cycle": 2, "delay": 2.0, "hold": 1.4, "n": FEWEST}]


def test_reasons_for_stopping_add_up(result: RunResult) -> None:
    view = View(result)
    first = result.replicates["final"].table.iloc[0]

    disposition = disposition_table(view)

    shown = {row[0].strip(): row[-1].split()[0] for row in disposition.rows}
    assert shown["On treatment at the cut"] == f"{first['on_treatment']:.0f}"
    reasons = [int(row[-1].split()[0]) for row in disposition.rows if row[0].startswith("\u2003")]
    assert len(reasons) >= 3
    assert sum(reasons) == first["discontinued"]
    assert int(shown["Progression"]) == first["stopped_progression"]


def test_exposure_table_shows_the_median_dose_intensity(result: RunResult) -> None:
    view = View(result)
    exposure, _ = [b for b in doses_section(view).blocks if isinstance(b, Table)]
    rows = {row[0]: row for row in exposure.rows}

    median = np.sort(view.values("docetaxel_rdi_median"))[1]
    assert rows["Docetaxel: median relative dose intensity, %"][2].strip() == f"{median:.1f}"
    assert rows["Median exposure, days"][1].strip() == "674"


def test_dosing_rules_in_brief(result: RunResult, page: str) -> None:
    rules = dict(dosing_rules(result.job.scenario))

    assert rules["Dosing rules, KN026"] == (
        "held for related events of grade 3 or higher; held 21 days for events of special interest "
        "(80% of them); infusion halted at infusion related reaction (25% of them), in 10% given "
        "in part only; never reduced; if held, until grade 1 or better and at least 7 days, the "
        "cycle waits for it; ended by a hold of more than 12 weeks"
    )
    (share,) = (r.probability for r in result.job.scenario.treatment.drugs[1].rules if r.id == 5)
    words = (
        f"reduced to 55 mg/m2 after events of grade 3 or higher ({stated_percent(share)} of them)"
    )
    assert words in text_of(page)
    assert site_limits(result.job.scenario) == intensity_effect(result.job.scenario) == []


def test_no_adverse_events_no_safety(other: Callable[..., RunResult]) -> None:
    result = other("toxicity=null", "parameters=null")
    page = render_report(result)
    words = text_of(page.split("Assumptions and sources</h2>")[0])

    assert "Doses" in Page(page).headings
    assert "Safety" not in Page(page).headings
    for absent in ("Dosing rules", "adverse event", "Adverse event"):
        assert absent not in words
    assert "Held for an adverse event" not in page
    assert (result.examples[0].records.doses["day"] < NEVER).all()


def test_waits_for_what_sites_lack_are_shown(other: Callable[..., RunResult]) -> None:
    supply = "{drug: KN026, initial: 3, reorder_at: 2, order: 2, lead_time: 5 weeks}"
    result = other(f"resources={{chairs: {{slots: 1}}, supply: [{supply}]}}", replicates=1)
    page = render_report(result)
    words = text_of(page)

    assert "Waiting for a slot or a drug" in page
    assert "Patients with a dose that waited for a slot or a drug" in words
    assert "1 patient treated a day at each site; 3 doses of KN026 in stock at each site" in words


def test_effect_of_dose_intensity_is_told() -> None:
    effect = "{drug: docetaxel, hazard_ratio_per_10_percent: 1.2}"
    scenario = Scenario.from_file(KN026, [f"disease.dose_intensity={effect}"])

    told = intensity_effect(scenario)[0][1]
    assert "times 1.2 for every 10% of docetaxel's intensity" in told
    assert "all that is given late counts as lost, whatever delayed it" in told


SLOTS = "resources={chairs: {slots: 1}}"
WAITS = (
    "Patients with a dose that waited for a slot or a drug, patients",
    "Mean wait of a dose for a slot or a drug, days",
)
CYCLES = "Median number of cycles, cycles"
INTENSITY = "KN026: median relative dose intensity, %"


def sweep_of(field: str, value: str) -> str:
    """A sweep of one variant."""
    return f"sweep=[{{name: other, set: {{{field}: {value}}}}}]"


def whatif(result: RunResult) -> tuple[str, dict[str, tuple[str, ...]]]:
    """Words of the first what-if, and the rows of its table by statistic."""
    blocks = whatifs_section(View(result)).blocks
    prose = [block.text for block in blocks if isinstance(block, Prose)]
    table = next(block for block in blocks if isinstance(block, Table))
    return prose[1], {row[0]: tuple(row) for row in table.rows}


def test_whatif_of_capacity_shows_waits_cycles_and_intensity(
    other: Callable[..., RunResult],
) -> None:
    sites = "enrolment.sites.count=4"
    result = other(sites, SLOTS, sweep_of("resources.chairs.slots", "2"))

    words, rows = whatif(result)

    assert {*WAITS, CYCLES, INTENSITY} <= rows.keys()
    assert "Waits are counted" not in words
    table = result.sweep[result.sweep["measure"] == "mean"].set_index("statistic")
    for label, name, scale in (
        (WAITS[0], "waited", 1),
        (WAITS[1], "wait_mean", 1),
        (CYCLES, "cycles_median", 1),
        (INTENSITY, "kn026_rdi_median", 100),
    ):
        own = scale * float(result.replicates["final"].column(name).mean())
        theirs = scale * float(table["value"][name])
        assert rows[label][1].strip() == number(own, 1)
        assert rows[label][2].strip() == number(theirs, 1)
        assert rows[label][3].strip() == signed(theirs - own, 2)


def test_whatif_that_alone_limits_sites_says_why_it_has_no_waits(
    other: Callable[..., RunResult],
) -> None:
    result = other(sweep_of("resources", "{chairs: {slots: 1}}"), "toxicity=null")

    words, rows = whatif(result)

    assert "in the variant only, so that they have no paired difference" in words
    assert {CYCLES, INTENSITY} <= rows.keys()
    assert not rows.keys() & set(WAITS)


def test_whatif_shows_intensity_only_where_something_takes_it(
    other: Callable[..., RunResult],
) -> None:
    change = sweep_of("assessment.missed", "0.2")

    assert INTENSITY in whatif(other(change))[1]
    assert CYCLES not in whatif(other(change))[1]
    assert INTENSITY not in whatif(other(change, "toxicity=null"))[1]


def words_about_truth(result: RunResult) -> tuple[str, Table]:
    """All words of the sections that tell of truths, and the table of intervals."""
    view = View(result)
    sections = (design_section(view), survival_section(view), operating_section(view))
    words = []
    for section in sections:
        for block in section.blocks:
            words.append(str(getattr(block, "text", getattr(block, "items", ""))))
    tables = [block for block in sections[2].blocks if isinstance(block, Table)]
    return " ".join(words), tables[0]


def test_both_truths_are_told_where_there_are_both(result: RunResult) -> None:
    words, table = words_about_truth(result)

    assert words.count("two truths") == 2
    assert "There is no truth" not in words
    assert {"Latent truth", "Truth by scans"} <= set(table.header)


def test_no_truth_is_claimed_where_doses_decide(other: Callable[..., RunResult]) -> None:
    effect = "{drug: docetaxel, hazard_ratio_per_10_percent: 1.2}"
    result = other(f"disease.dose_intensity={effect}")

    words, table = words_about_truth(result)

    assert "two truths" not in words
    assert words.count("There is no truth apart from the trial: the doses of docetaxel") == 3
    assert "bias, coverage" not in words
    assert table.title == "Width of intervals"
    assert list(table.header) == ["Estimate", "Interval width", "Analysed", "Failed"]
    rate = next(row for row in table.rows if row[0] == "ORR")
    assert list(rate[2:]) == ["2", "0"]
    assert float(rate[1]) > 0


def test_truth_by_scans_is_not_claimed_where_scans_move_with_cycles(
    other: Callable[..., RunResult],
) -> None:
    result = other("assessment.anchor=cycles")

    words, table = words_about_truth(result)

    assert "two truths" not in words
    assert words.count("There is no truth by scans") == 3
    assert "Latent truth" in table.header
    assert "Truth by scans" not in table.header
    rate = next(row for row in table.rows if row[0] == "PFS at 6 months")
    assert float(rate[1]) == pytest.approx(View(result).truth("pfs_rate_6", "latent"), abs=0.05)


def test_example_curve_is_that_of_the_first_replicate(result: RunResult) -> None:
    view = View(result)
    table = result.replicates["final"].table
    for endpoint in ("pfs", "os", "dor"):
        curve = example_curve(view, endpoint)
        assert curve is not None
        for m in landmark_months(result.job.scenario):
            at = float(curve.survival_at(float(m)))
            assert at == pytest.approx(table[f"{endpoint}_rate_{m}"][0], abs=1e-12)


def test_every_fact_has_a_topic(result: RunResult) -> None:
    path = result.job.scenario.facts_path
    assert path is not None
    shown = set(result.scorecard["statistic"])
    names = [fact.statistic for fact in read_facts(path) if fact.statistic in shown]

    assert {topic_of(name) for name in names} <= {topic for topic, _ in TOPICS}
    assert topic_of("pd") == topic_of("sd_24wk") == "Response"
    assert topic_of("pfs_events_by_6") == "Progression-free survival"
    assert topic_of("deaths_after_progression") == "Overall survival and deaths"
    assert topic_of("docetaxel_reduction") == "Safety"
    assert topic_of("ae_any_anemia") == "Adverse events by term"
    assert topic_of("kn026_rdi_median") == "Treatment"


def test_fact_without_a_topic_stands_last(result: RunResult) -> None:
    card = result.scorecard.assign(statistic="unheard_of")

    section = scorecard_section(View(dataclasses.replace(result, scorecard=card)))

    tables = [block for block in section.blocks if isinstance(block, Table)]
    assert tables[0].groups == {0: OTHER}


@pytest.mark.parametrize(
    ("reported", "median", "lower", "upper", "percentile", "expected"),
    [
        (50, 50, 40, 70, 50, 0),
        (60, 50, 40, 70, 80, 0.5),
        (35, 50, 40, 70, 1, -1.5),
        (70, 50, 40, 70, 97, 1),
        (51, 50, 50, 50, 100, math.inf),
        (math.inf, math.inf, 30, math.inf, 60, 0),
        (math.inf, 30, 20, math.inf, 90, 1),
        (40, 30, 20, math.inf, 69, 0.4),
    ],
)
def test_position_of_a_fact(
    reported: float, median: float, lower: float, upper: float, percentile: float, expected: float
) -> None:
    assert position(reported, median, lower, upper, percentile) == expected


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (76.36, 1, "76.4"),
        (-0.04, 1, "0.0"),
        (-2.5, 1, f"{MINUS}2.5"),
        (1171, 0, "1,171"),
        (27.5, 0, "27.5"),
        (math.inf, 1, "NR"),
        (math.nan, 1, "\N{EN DASH}"),
    ],
)
def test_numbers(value: float, decimals: int, text: str) -> None:
    assert number(value, decimals) == text


def test_numbers_in_words() -> None:
    assert [signed(v) for v in (1.23, -1.23, 0.01)] == ["+1.2", f"{MINUS}1.2", "0.0"]
    assert interval(18, math.inf, "months") == "18.0 to NR"
    assert with_unit(76.36, "%") == "76.4%"
    assert with_unit(math.inf, "months") == "not reached"
    assert listed(["a", "b", "c"]) == "a, b and c"


def test_small_errors_are_not_printed_as_none() -> None:
    assert [error(v) for v in (0.0, 0.0049, 0.26, math.nan)] == [
        "<0.01",
        "<0.01",
        "0.26",
        "\N{EN DASH}",
    ]


def test_counts_with_their_percentages_line_up() -> None:
    cells = counts_with_percent([(57, 100), (3, 5.26), (4, math.nan), (math.nan, math.nan)])

    assert cells == ["57 (100.0)", f"3 {2 * FIGURE_SPACE}(5.3)", "4", "\N{EN DASH}"]
    assert capital("docetaxel") == "Docetaxel"


def test_points_line_up() -> None:
    padded = on_the_point(["27.7", "55", "NR", "0.25"])

    assert padded == [
        "27.7" + FIGURE_SPACE,
        "55" + PUNCTUATION_SPACE + 2 * FIGURE_SPACE,
        "NR",
        "0.25",
    ]


def test_sections_without_content_are_left_out_and_the_rest_numbered() -> None:
    table = Table("t", ("a",), [("1",)])
    inner = Table("u", ("a",), [("1",)])
    sections = [
        Section("a", "A", [table, Details("more", [inner])]),
        Section("b", "B", []),
        Section("c", "C", [Prose("x")]),
    ]

    kept = numbered(sections)

    assert [(s.anchor, s.number) for s in kept] == [("a", 1), ("c", 2)]
    assert (table.number, inner.number) == (1, 2)
    assert not [b for s in kept for b in s.blocks if isinstance(b, Picture)]


@pytest.mark.parametrize(
    ("label", "columns", "look"),
    [
        ("short", 7, "short"),
        ("a label of many words in a row", 9, "dense"),
        ("short", 9, "short dense"),
    ],
)
def test_tables_of_many_columns_are_set_closer(label: str, columns: int, look: str) -> None:
    table = Table("t", ["a"] * columns, [(label, *["1"] * (columns - 1))])
    assert table.look == look
