"""What the scan schedule does: the table against its parts, the delay against counting by hand."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from simulate.build_plan import build_plan
from simulate.distributions import NEVER, TABLE_DAYS
from simulate.endpoints import endpoint_rules
from simulate.job import make_job
from simulate.latent_truth import latent_truth
from simulate.observed_truth import observed_truth
from simulate.plots.scan_bias import plot_not_seen_yet, plot_true_and_seen
from simulate.report.report import render_report
from simulate.report.scan_bias import scan_bias_section
from simulate.report.view import View
from simulate.run import RunResult, execute
from simulate.scan_bias import KAPLAN_MEIER, SCAN_BIAS_COLUMNS, scan_bias
from simulate.scenario.scenario import Scenario
from simulate.truth import DELAY, LATENT, OBSERVED, Segment, find_truth, segments
from simulate.units import DAYS_PER_MONTH as MONTH

KN026 = Path(__file__).parents[2] / "scenarios" / "kn026_phase2.yaml"
Other = Callable[..., RunResult]


@pytest.fixture(scope="module")
def run_of() -> Other:
    def run(*overrides: str, replicates: int = 4, truth_patients: int = 600) -> RunResult:
        scenario = Scenario.from_file(KN026, ["sweep=[]", *overrides])
        job = make_job(scenario, replicates=replicates)
        return execute(dataclasses.replace(job, truth_patients=truth_patients))

    return run


@pytest.fixture(scope="module")
def result(run_of: Other) -> RunResult:
    return run_of()


def row_of(table: pd.DataFrame, measure: str, kind: str) -> pd.Series:
    found = table[(table["measure"] == measure) & (table["kind"] == kind)]
    assert len(found) == 1, (measure, kind)
    return found.iloc[0]


def words_of(result: RunResult) -> str:
    texts = []
    for block in scan_bias_section(View(result)).blocks:
        for name in ("text", "caption", "title"):
            texts.append(str(getattr(block, name, "")))
        texts += [text for item in getattr(block, "items", ()) for text in item]
    return " ".join(texts)


# ---- the table ----------------------------------------------------------------------------------


def test_rates_are_those_of_formula_patients_and_replicates(result: RunResult) -> None:
    table, analysed = result.scan_bias, result.replicates["final"]
    assert tuple(table.columns) == SCAN_BIAS_COLUMNS
    scenario = result.job.scenario
    plan = build_plan(scenario, horizon=TABLE_DAYS)
    formula = latent_truth(plan)
    seen = observed_truth(plan, endpoint_rules(scenario), seed=result.job.seed, n_patients=600)
    for months in (6, 12, 24, 30):
        measure, kaplan_meier = f"rate_{months}", analysed.column(f"pfs_rate_{months}")
        latent = formula.rate("pfs", months * MONTH)
        by_scans = float(np.mean(seen.observed_pfs > months * MONTH))
        assert row_of(table, measure, LATENT)["estimate"] == pytest.approx(latent, abs=1e-12)
        row = row_of(table, measure, OBSERVED)
        error = math.sqrt(by_scans * (1 - by_scans) / 600)
        assert (row["estimate"], row["mcse"]) == pytest.approx((by_scans, error))
        assert row["difference"] == pytest.approx(by_scans - latent)
        row = row_of(table, measure, KAPLAN_MEIER)
        defined = kaplan_meier[~np.isnan(kaplan_meier)]
        error = float(np.std(defined, ddof=1)) / math.sqrt(len(defined))
        assert (row["estimate"], row["mcse"]) == pytest.approx((defined.mean(), error))
        assert row["difference"] == pytest.approx(defined.mean() - latent)
        assert row["difference_mcse"] == pytest.approx(error)
        assert row["difference_upper"] == pytest.approx(row["difference"] + 1.959964 * error)


def test_the_latent_truth_differs_from_nothing(result: RunResult) -> None:
    latent = result.scan_bias[result.scan_bias["kind"] == LATENT]
    assert latent["difference"].isna().all()
    assert (latent["mcse"] == 0).all()


def test_a_median_that_is_not_reached_is_later_than_all_others(
    result: RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    analysed = result.replicates["final"]
    values = {"pfs_median": np.array([20.0, math.inf, math.inf, math.nan])}
    monkeypatch.setattr(
        type(analysed),
        "column",
        lambda self, name: values.get(name, np.array([0.5, 0.6, 0.4, 0.5])),
    )
    table = scan_bias(result.job.scenario, {"final": analysed}, result.truth)
    row = row_of(table, "median", KAPLAN_MEIER)
    assert math.isinf(row["estimate"])
    assert math.isnan(row["difference"])
    assert (row["n_requested"], row["n_analysed"], row["n_failed"]) == (4, 3, 1)
    assert row_of(table, "median.q2.5", KAPLAN_MEIER)["estimate"] == 20.0
    assert math.isinf(row_of(table, "median.q97.5", KAPLAN_MEIER)["estimate"])
    share = row_of(table, "median.not_reached", KAPLAN_MEIER)["estimate"]
    assert share == pytest.approx(2 / 3)


# ---- the delay ----------------------------------------------------------------------------------


def test_the_delay_is_that_of_a_calendar_by_hand() -> None:
    """Everybody progresses on a known day and is scanned exactly on the calendar's days."""

    def delays(day: int) -> dict[str, float]:
        trial = Scenario.from_file(
            KN026,
            [
                "sweep=[]",
                f"disease.progression={{everyone: {{kind: discrete, values: [{day} days], "
                "weights: [1]}}",
                "disease.death_without_progression={kind: exponential, rate: 0 per day}",
                "disease.death_after_progression={kind: discrete, values: [50 days], weights: [1]}",
                "assessment.window=0 days",
                "assessment.jitter_sd=0 days",
                "assessment.missed=0",
                "assessment.clinical_progression=null",
                "assessment.calendar=[{every: 10 days, until: 30 days}, "
                "{every: 20 days, until: 70 days}, {every: 60 days}]",
            ],
        )
        truth = find_truth(trial, seed=1, n_patients=20)
        return {name: e.estimate for (name, _), e in truth.values.items() if name.startswith(DELAY)}

    names = (
        f"{DELAY}_to_day_30",
        f"{DELAY}_from_day_31_to_day_70",
        f"{DELAY}_from_day_71",
    )
    for day, delay, segment in (
        (1, 9, 0),
        (10, 0, 0),
        (30, 0, 0),
        (31, 19, 1),
        (70, 0, 1),
        (90, 40, 2),
        (71, math.nan, 2),  # the next scan is on day 130, and death on day 121 comes before it
    ):
        found = delays(day)
        assert found[DELAY] == pytest.approx(delay, nan_ok=True), day
        for i, name in enumerate(names):
            expected = delay if i == segment else math.nan
            assert found[name] == pytest.approx(expected, nan_ok=True), (day, name)


def test_progressions_that_death_hides_are_counted_as_failed(scenario: Scenario) -> None:
    trial = scenario.with_overrides(
        {"disease.death_after_progression": {"kind": "exponential", "mean": "60 days"}}
    )
    plan = build_plan(trial, horizon=TABLE_DAYS)
    found = observed_truth(plan, endpoint_rules(trial), seed=1, n_patients=1000)
    estimate = find_truth(trial, seed=1, n_patients=1000).values[DELAY, OBSERVED]
    hidden = (found.progression < NEVER) & (found.documented == NEVER)
    assert estimate.n_failed == hidden.sum() > 100
    assert np.all(found.documented[found.documented < NEVER] >= 1)
    assert np.all(found.documented >= np.minimum(found.progression, NEVER))


def test_segments_are_the_rows_of_the_calendar(scenario: Scenario) -> None:
    assert segments(scenario) == [
        Segment("detection_delay_to_day_336", 1, 336, 42),
        Segment("detection_delay_from_day_337", 337, None, 84),
    ]
    one = scenario.with_overrides({"assessment.calendar": [{"every": "12 weeks"}]})
    assert segments(one) == []
    assert segments(scenario.with_overrides({"assessment.schedule": "continuous"})) == []


def test_curves_are_the_rates_at_every_day(result: RunResult) -> None:
    truth = result.truth
    for kind in (LATENT, OBSERVED):
        curve = truth.pfs[kind]
        assert curve[0] == pytest.approx(1.0)
        assert np.all(np.diff(curve) <= 1e-12)
        for months in (6, 12, 24, 30):
            assert curve[math.floor(months * MONTH)] == pytest.approx(
                truth.value(f"pfs_rate_{months}", kind), abs=1e-12
            )
    assert np.all(truth.pfs[OBSERVED][:1300] >= truth.pfs[LATENT][:1300] - 0.08)


@pytest.mark.verify
def test_the_bias_is_that_of_the_preparatory_study(scenario: Scenario) -> None:
    """Of the study in continuous time: to a fifth of a point, and half a day of delay."""
    own = scenario.with_overrides({"parameters": None})  # the values of that study
    truth = find_truth(own, seed=7, n_patients=400_000, workers=2)
    for months, latent, seen in (
        (6, 86.7, 88.0),
        (12, 72.7, 74.5),
        (24, 51.4, 53.9),
        (30, 43.4, 46.0),
    ):
        name = f"pfs_rate_{months}"
        assert 100 * truth.value(name, LATENT) == pytest.approx(latent, abs=0.25)
        assert 100 * truth.value(name, OBSERVED) == pytest.approx(seen, abs=0.25)
    assert truth.value("pfs_median", LATENT) == pytest.approx(25.0, abs=0.05)
    assert truth.value("pfs_median", OBSERVED) == pytest.approx(26.35, abs=0.5)
    assert truth.value("detection_delay_to_day_336", OBSERVED) == pytest.approx(21, abs=0.6)
    assert truth.value("detection_delay_from_day_337", OBSERVED) == pytest.approx(41, abs=1)


# ---- the section --------------------------------------------------------------------------------


def test_the_section_tells_the_numbers_of_the_table(result: RunResult) -> None:
    text = words_of(result)
    table = result.scan_bias
    worst = max(
        (row_of(table, f"rate_{m}", KAPLAN_MEIER) for m in (6, 12, 24, 30)),
        key=lambda row: abs(row["difference"]),
    )
    assert f"{100 * worst['estimate']:.1f}% free of progression" in text
    delay = row_of(table, DELAY, OBSERVED)["estimate"]
    assert f"{delay:.1f} days later on average" in text
    assert "scans go from every 6 weeks to every 12 weeks" in text
    (rows,) = (
        block.rows
        for block in scan_bias_section(View(result)).blocks
        if getattr(block, "title", "").startswith("Progression-free survival: true")
    )
    assert [row[0] for row in rows] == [
        *(f"PFS at {m} months, %" for m in (6, 12, 24, 30)),
        "Median PFS, months",
    ]
    latent = 100 * row_of(table, "rate_24", LATENT)["estimate"]
    assert rows[2][1].strip() == f"{latent:.1f}"


def test_without_a_schedule_nothing_is_lost_to_it(run_of: Other) -> None:
    result = run_of("assessment.schedule=continuous")
    assert row_of(result.scan_bias, DELAY, OBSERVED)["estimate"] == 0.0
    difference = result.truth.pfs[OBSERVED] - result.truth.pfs[LATENT]
    assert np.abs(difference).max() < 4 * math.sqrt(0.25 / 600)  # of 600 patients
    text = words_of(result)
    assert "no scan schedule" in text
    assert "What a reader who ignores" not in text
    assert "Scanned again" not in text
    page = render_report(result)
    assert "what scanning at intervals does" not in page
    assert "by the scan that finds it" not in page
    assert "watched day by day" in page


@pytest.mark.parametrize(
    "change",
    [
        "assessment.anchor=cycles",
        "disease.dose_intensity={drug: KN026, hazard_ratio_per_10_percent: 1.2}",
    ],
)
def test_without_both_truths_there_is_no_section(run_of: Other, change: str) -> None:
    result = run_of(change, replicates=2)
    assert not scan_bias_section(View(result)).blocks
    assert set(result.scan_bias["kind"]) <= {LATENT, KAPLAN_MEIER}
    assert len(result.scan_bias) >= 8


@pytest.mark.parametrize(
    "overrides",
    [
        ("endpoints.landmarks=[]",),
        ("disease.response.probability=0", "assessment.calendar=[{every: 12 weeks}]"),
        ("analyses=[{id: 1, name: early, cut: {date: 2020-01-20}}]",),
        ("disease.progression={everyone: {kind: exponential, rate: 0 per day}}",),
    ],
    ids=["no landmarks", "one row", "nobody yet", "nobody progresses"],
)
def test_unusual_trials_have_a_section(run_of: Other, overrides: tuple[str, ...]) -> None:
    text = words_of(run_of(*overrides, replicates=2))
    assert "nan" not in text
    assert "None" not in text


# ---- the figure ---------------------------------------------------------------------------------


def test_the_figure_writes_the_difference_at_the_landmarks() -> None:
    month = np.linspace(0, 30, 301)
    latent = 100 * np.exp(-month / 30)
    upper, lower = Figure().subplots(2, 1)
    plot_true_and_seen(month, latent, latent + month / 10, ax=upper)
    plot_not_seen_yet(month, month / 10, landmarks=[12, 24], ax=lower)
    assert [text.get_text() for text in lower.texts] == ["+1.2", "+2.4"]
    assert [line.get_label() for line in upper.lines if not line.get_label().startswith("_")] == [
        "As scans show it",
        "Latent truth",
    ]
