"""The report: one self-contained page, for a published trial as for any other."""

import dataclasses
import math
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simulate.analysis.statistics import landmark_months
from simulate.endpoints import derive, endpoint_rules
from simulate.job import make_job
from simulate.report.blocks import Details, Picture, Prose, Section, Table, numbered
from simulate.report.numbers import (
    FIGURE_SPACE,
    MINUS,
    PUNCTUATION_SPACE,
    interval,
    listed,
    number,
    on_the_point,
    signed,
    with_unit,
)
from simulate.report.report import render_report, write_report
from simulate.report.scorecard import TOPICS, position, topic_of
from simulate.report.survival import example_curve
from simulate.report.swimmer import lanes_of
from simulate.report.view import View
from simulate.run import RunResult, execute
from simulate.scenario.scenario import Scenario
from simulate.scorecard import read_facts

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


class Page(HTMLParser):
    """What matters of a page: its tags in balance, ids, links and headings."""

    VOID = ("meta", "br", "wbr", "link", "img", "path", "use", "rect", "circle")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.headings: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        values = dict(attrs)
        if values.get("id"):
            self.ids.append(str(values["id"]))
        if tag == "a":
            self.links.append(str(values["href"]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "h2":
            self.headings.append(data.strip())


def text_of(page: str) -> str:
    """Words of a page, without its drawings and style."""
    page = re.sub(r"<(style|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_page_is_well_formed_and_its_links_lead_somewhere(page: str) -> None:
    parsed = Page(page)

    assert parsed.open == []
    assert len(parsed.ids) == len(set(parsed.ids))
    assert {link.removeprefix("#") for link in parsed.links} <= set(parsed.ids)
    assert len(parsed.headings) == 11


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
            "endpoints.subgroups=[]",
            "endpoints.landmarks=[]",
            "design={}",
            "baseline={variables: []}",
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
    table = view.table.iloc[0]
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
