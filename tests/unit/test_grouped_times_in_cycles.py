"""Grouped times of patients in cycles and scans: by hand, against a naive version, without bias."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from naive_rules import planned_days, rows_of
from scenario_example import problems_of, write
from small_randomised import PHASE_III
from test_central_review import SEED, records_of, values_of
from test_event_cut import SCARCE
from test_rules_in_cycles import HYPOTHESES, NAMED, read_trial

from simulate.choose_engine import BATCH, REFERENCE
from simulate.describe.readers import review_in_words
from simulate.patient.grouping import group_time
from simulate.randomised.seen_trials import TrialMaker
from simulate.scenario.scenario import Scenario
from simulate.story import story
from simulate.units import DAYS_PER_MONTH

GRID: list[dict[str, Any]] = [{"every": "6 weeks", "until": "48 weeks"}, {"every": "12 weeks"}]
WINDOW = 7
BY_SCANS = [each for each in NAMED if each["of"] == "PFS" and each.get("reader") != "latent"]
GROUPED = [{**each, "name": f"{each['name']}_grouped", "grid": GRID} for each in BY_SCANS]
ENDPOINTS = [{"id": i, **each} for i, each in enumerate([*NAMED, *GROUPED], start=1)]


def grouped_trial(scenario: Scenario, *more: dict[str, Any], **changes: Any) -> Scenario:
    """Every endpoint that is seen at scans, once as it is and once grouped."""
    return read_trial(scenario, *more, **{"endpoints.named": ENDPOINTS, **changes})


@pytest.fixture(scope="module", params=["once", "scans go on"])
def trial(request: pytest.FixtureRequest, scenario: Scenario) -> Scenario:
    """Scans within windows; control every 3 weeks, and the other arm every 6, later every 12."""
    more = {"assessment.end_at_call": False} if request.param == "scans go on" else {}
    trial = grouped_trial(scenario, more)
    assert {own.assessment.window for own in trial.arm_trials} == {WINDOW}
    return trial


# ---- against a naive version ------------------------------------------------------------------


def naively(edges: list[int], day: int, event: bool, today: int) -> tuple[int, int]:
    """Time and event, walking from interval to interval."""
    seen = 0
    for end in edges[1:]:
        if end + WINDOW > today:
            break
        if event and day <= end + WINDOW:
            return end, 1
        if not event and day < end - WINDOW:
            break
        seen = end
    return seen, 0


def test_times_are_those_of_a_walk_through_the_intervals(trial: Scenario) -> None:
    made, records = TrialMaker(trial, SEED).make(1), records_of(trial, 1)
    edges = planned_days(trial.arm_trials[0].assessment, 2000)
    assert edges[:3] == [0, 42, 84]
    first_dose, n_waiting, n_kept = records.subjects["first_dose_trial_day"], 0, 0
    for today in (200, 420, 700, 1100):
        n = int((made.enrolled <= today).sum())
        for each in BY_SCANS:
            name = str(each["name"])
            plain, grouped = (
                made.sample(trial.endpoint_names.index(which), today, n)
                for which in (name, f"{name}_grouped")
            )
            for i in range(n):
                day, event = int(plain[0][i]), bool(plain[1][i])
                wanted = naively(edges, day, event, today - int(first_dose[i]))
                assert (grouped[0][i], grouped[1][i]) == wanted, (name, today, i)
                n_waiting += event and not wanted[1]
                n_kept += wanted[1]
    assert n_waiting > 20
    assert n_kept > 500


def test_what_is_seen_at_the_scan_of_an_edge_belongs_to_it_whenever_that_was(
    trial: Scenario,
) -> None:
    """Told from the planned day on record, not from the window."""
    made, records = TrialMaker(trial, SEED).make(1), records_of(trial, 1)
    today, calls = 1300, made.subjects["call_day.central"].fillna(10**6).astype(int).tolist()
    edges = planned_days(trial.arm_trials[0].assessment, 2000)
    n = len(made.enrolled)
    days, events = made.sample(trial.endpoint_names.index("ema_cen_grouped"), today, n)
    n_early = n_late = 0
    for i in range(n):
        for row in rows_of(records.assessments, i):
            if row.day == calls[i] and row.visit and events[i]:
                planned = next(edge for edge in edges if edge >= row.planned)
                assert days[i] == planned, i
                n_early += row.planned in edges and row.day < row.planned
                n_late += row.planned in edges and row.day > row.planned
    assert min(n_early, n_late) > 5


@pytest.mark.parametrize(
    ("day", "event", "today", "wanted"),
    [
        (80, 1, 400, (84, 1)),
        (91, 1, 400, (84, 1)),  # the last day on which the scan of day 84 may be done
        (91, 1, 91, (84, 1)),
        (84, 1, 90, (42, 0)),  # an interval that is not over says nothing
        (77, 0, 400, (84, 0)),  # the first day on which the scan may be done
        (76, 0, 400, (42, 0)),
        (84, 0, 90, (42, 0)),
    ],
)
def test_an_interval_is_over_with_the_window_of_its_scan(
    day: int, event: int, today: int, wanted: tuple[int, int]
) -> None:
    assert group_time(day, event, 42, 84, WINDOW, today) == wanted


# ---- at looks ---------------------------------------------------------------------------------

LOOKS = [
    {"id": 1, "name": "interim", "cut": {"events": {"endpoint": "fda_cen_grouped", "count": 20}}},
    {"id": 2, "name": "final", "cut": {"events": {"endpoint": "ema_inv", "count": 60}}},
]


def test_compiled_looks_tell_the_same(scenario: Scenario) -> None:
    hypotheses = [
        {**HYPOTHESES[0], "endpoint": "fda_cen_grouped"},
        {**HYPOTHESES[1], "endpoint": "DOC_grouped", "test": "stratified_log_rank"},
    ]
    looked = grouped_trial(scenario, analyses=LOOKS, hypotheses=hypotheses)
    ours, theirs = (values_of(looked, engine, 4) for engine in (REFERENCE, BATCH))
    for look, found in ours.items():
        for name, column in found.items():
            np.testing.assert_array_equal(column, theirs[look][name], f"{look}: {name}")
    months = np.concatenate(
        [ours["final"][f"ema_cen_grouped.median.{arm.name}"] for arm in looked.arms]
    )
    edges = planned_days(looked.arm_trials[0].assessment, 2000)
    days = np.round(months[np.isfinite(months)] * DAYS_PER_MONTH).astype(int)
    assert set(days.tolist()) <= set(edges)
    assert len(days) > 4
    assert np.isfinite(ours["interim"]["fda_cen.z"]).all()


def test_unequal_calendars_bias_the_usual_test_and_not_the_grouped_one(scenario: Scenario) -> None:
    """Mean Z of 40 trials of arms that differ in their scans alone, in standard errors."""
    flat: dict[str, Any] = {
        "assessment.calendar": [{"every": "3 weeks"}],
        "assessment.clinical_progression": None,
        "assessment.missed": 0,
        "disease.progression.responders": {"kind": "exponential", "median": "6 months"},
        "disease.progression.non_responders": {"kind": "exponential", "median": "6 months"},
        "disease.death_without_progression": {"kind": "exponential", "mean": "20000 days"},
        "disease.death_after_progression": {"kind": "exponential", "mean": "20000 days"},
        "follow_up.withdrawal": None,
        "follow_up.early_stop": None,
    }
    rare = {"assessment.calendar": [{"every": "24 weeks"}]}
    named = [
        {"id": 1, "name": "USUAL", "of": "PFS"},
        {"id": 2, "name": "GROUPED", "of": "PFS", "grid": [{"every": "24 weeks"}]},
    ]
    looked = read_trial(
        scenario,
        flat,
        arms=[{"id": 1, "name": "kn026", "set": rare}, {"id": 2, "name": "control"}],
        randomisation={"block_sizes": [4], "strata": ["visceral"]},
        readers=[],
        new_therapy=None,
        switching=[],
        rule_sets=[],
        analyses=[{"id": 1, "name": "end", "cut": {"date": dt.date(2023, 3, 1)}}],
        hypotheses=[
            {**HYPOTHESES[0], "id": i, "name": name.lower(), "endpoint": name}
            for i, name in enumerate(("USUAL", "GROUPED"), start=1)
        ],
        **{"endpoints.named": named},
    )
    n = 40
    found = values_of(looked, BATCH, n)["end"]
    usual, grouped = (found[f"{name}.z"].mean() for name in ("usual", "grouped"))
    assert usual > 6 / math.sqrt(n)
    assert abs(grouped) < 3 / math.sqrt(n)


# ---- what is told -----------------------------------------------------------------------------


def test_it_is_said_in_words(trial: Scenario) -> None:
    told = " ".join(review_in_words(trial))
    assert "the investigator; deaths count" in told
    assert "(DOC_grouped)" not in told
    assert "Endpoint fda_cen_grouped: progression-free survival read by central; " in told
    assert "(fda); times grouped every 6 weeks until 48 weeks, then every 12 weeks." in told
    assert "grouped times take the bias out of a test only if readers do not err" in told


def test_a_story_tells_that_an_interval_is_not_over(trial: Scenario) -> None:
    today = 550
    date = trial.origin + dt.timedelta(days=today)
    looked = trial.with_overrides({"analyses": [{"id": 1, "name": "now", "cut": {"date": date}}]})
    made, n_waiting = TrialMaker(looked, SEED).make(1), 0
    n, names = int((made.enrolled <= today).sum()), looked.endpoint_names
    plain, grouped = (
        made.sample(names.index(name), today, n)[1] for name in ("ema_cen", "ema_cen_grouped")
    )
    for patient in (0, *np.flatnonzero(plain > grouped).tolist()):
        text = " ".join(story(looked, seed=SEED, replicate=1, patient=patient).split())
        own = text.split("endpoint ema_cen_grouped (central, ema)")[1].split(" - ")[0]
        is_waiting = "censored: the interval of its event is not over" in own
        assert is_waiting == (plain[patient] > grouped[patient])
        assert text.count("event is not over") <= len(GROUPED)
        n_waiting += is_waiting
    assert n_waiting > 2


# ---- refused ----------------------------------------------------------------------------------

NAMED_GRID = """\
endpoints:
  named:
    - {id: 1, name: PFS, of: PFS, reader: central, grid: [{every: 12 weeks}]}
    - {id: 2, name: PFS_INV, of: PFS, reader: investigator}
    - {id: 3, name: OS, of: OS}
"""
ARMS = "arms:\n  - {id: 1, name: control, set: {SET}}\n  - {id: 2, name: kn026}\n"
SUPPLY = str({"supply": [{**SCARCE, "drug": "docetaxel"}]}).replace("'", "")
BAD = {
    "of a death": (
        NAMED_GRID.replace("of: OS}", "of: OS, grid: [{every: 12 weeks}]}"),
        "OS.grid",
        "death is known without scans|Leave out grid",
    ),
    "of what is latent": (
        NAMED_GRID.replace("reader: central", "reader: latent"),
        "PFS.grid",
        "what is latent is known without scans",
    ),
    "an end without a scan": (
        NAMED_GRID.replace("12 weeks", "10 weeks"),
        "PFS.grid",
        "has no scan on day 70|All arms are scanned on days 42, 84",
    ),
    "finer than the calendar": (
        NAMED_GRID.replace("12 weeks", "6 weeks"),
        "PFS.grid",
        "no scan after day 336 and up to day 378",
    ),
    "a beginning after the trial": (
        NAMED_GRID.replace("12 weeks", "2000 weeks"),
        "PFS.grid.0.every",
        "no event would ever count|given: 14000 days; max_study_duration: |leave out the grid",
    ),
    "no row": (
        NAMED_GRID.replace("{every: 12 weeks}", ""),
        "PFS.grid",
        "needs at least 1 item",
    ),
    "rows out of order": (
        NAMED_GRID.replace("every: 12 weeks", "every: 12 weeks, until: 48 weeks"),
        "PFS.grid.0.until",
        "the last row goes on for good",
    ),
    "an arm with scans of its own": (
        NAMED_GRID + ARMS.replace("SET", "assessment.calendar: [{every: 9 weeks}]"),
        "PFS.grid",
        "the arm control has no scan on day 84|scanned on days 126, 252",
    ),
    "scans that move": (
        NAMED_GRID + ARMS.replace("SET", "assessment.anchor: cycles"),
        "PFS.grid",
        "anchor: cycles|Write schedule: calendar and anchor: first_dose",
    ),
    "no scans": (
        NAMED_GRID.replace("reader: central, ", "") + "assessment: {schedule: continuous}\n"
        "readers: []\n",
        "PFS.grid",
        "schedule: continuous",
    ),
    "other windows": (
        NAMED_GRID + ARMS.replace("SET", "assessment.window: 3 days"),
        "PFS.grid",
        "windows differ by arm (given: assessment.window 3 and 7 days)|the same window",
    ),
    "patients who wait": (
        NAMED_GRID.replace("named:", "time_zero: randomisation\n  named:")
        + f"resources: {SUPPLY}\n",
        "PFS.grid",
        "counts from the first dose|time_zero: first_dose",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_is_refused_at_its_line(case: str, tmp_path: Path) -> None:
    text, key, words = BAD[case]
    content = f"extends: {PHASE_III}\nname: refused\n{text}"
    problems = problems_of(write(tmp_path, content))
    found = [p for p in problems if p.key == f"endpoints.named.{key}"]
    assert found, problems
    said = f"{found[0].message} {found[0].hint}"
    assert all(each in said for each in words.split("|")), said
    assert "grid" in content.splitlines()[(found[0].line or 0) - 1]
