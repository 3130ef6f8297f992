"""Example trials are the trials of the run: made again, they give the rows of its looks."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from lifelines.statistics import logrank_test
from small_randomised import arms_result, small_survival, survival_result

from simulate.randomised.example import KINDS, ExampleTrial, kinds_of
from simulate.randomised.execute import execute
from simulate.randomised.job import make_randomised_job
from simulate.randomised.make_examples import example_trials
from simulate.randomised.result import RandomisedResult
from simulate.randomised.seen_trials import TrialMaker
from simulate.units import DAYS_PER_MONTH

Made = Callable[[], RandomisedResult]

BOTH = pytest.mark.parametrize("made", [survival_result, arms_result])


def signed_z(day: np.ndarray, event: np.ndarray, is_experimental: np.ndarray) -> float:
    """Z of the log-rank test by lifelines, positive if the experimental arm has fewer events."""
    rest = ~is_experimental
    test = logrank_test(day[is_experimental], day[rest], event[is_experimental], event[rest])
    events_expected = 0.0
    for time in np.unique(day[event == 1]):
        at_risk = day >= time
        deaths = ((day == time) & (event == 1)).sum()
        events_expected += deaths * (at_risk & is_experimental).sum() / at_risk.sum()
    fewer = events_expected - event[is_experimental].sum()
    return math.copysign(math.sqrt(test.test_statistic), fewer)


@BOTH
def test_a_trial_made_again_gives_the_rows_of_its_looks(made: Made) -> None:
    """Every replicate at every look that was made: patients, events, and Z against lifelines."""
    result = made()
    outcomes, scenario = result.outcomes, result.job.scenario
    maker, n_looks = TrialMaker(scenario, result.job.seed), 0
    (hypothesis,) = outcomes.hypotheses
    for replicate in range(outcomes.n):
        seen = maker.make(replicate)
        for analysis in outcomes.analyses:
            row = {
                name: outcomes.looks.column(analysis.name, name)[replicate]
                for name in outcomes.looks.names
            }
            if math.isnan(row["cut_day"]):
                continue
            n_looks += 1
            n = int((seen.enrolled <= row["cut_day"]).sum())
            assert n == row["n_enrolled"]
            arm = seen.subjects["arm"].to_numpy()[:n]
            for place, endpoint in enumerate(maker.endpoints):
                day, event = seen.sample(place, int(row["cut_day"]), n)
                assert event.sum() == row[f"{endpoint.lower()}.events"]
                for name in ("experimental", "kn026", "control"):
                    if f"n_enrolled.{name}" in row:
                        assert (arm == name).sum() == row[f"n_enrolled.{name}"]
                        assert event[arm == name].sum() == row[f"{endpoint.lower()}.events.{name}"]
                if endpoint == hypothesis.endpoint:
                    z = signed_z(day, event, arm == hypothesis.experimental)
                    assert row[f"{hypothesis.name}.z"] == pytest.approx(z, abs=1e-9)
    assert n_looks > outcomes.n, "some go on to the second look"


@BOTH
def test_an_example_is_a_trial_of_its_kind_with_its_own_looks(made: Made) -> None:
    result = made()
    outcomes = result.outcomes
    kinds = kinds_of(outcomes)

    assert [each.kind for each in result.examples] == [k for k in KINDS if k in set(kinds)]
    assert len(result.examples) >= 2
    for example in result.examples:
        assert kinds[example.replicate] == example.kind
        assert example.kind not in set(kinds[: example.replicate]), "the first of its kind"
        last = example.looks.iloc[-1]
        assert example.cut_day == last["cut_day"]
        assert last["stopped"] == 1
        for row in example.looks.to_dict("records"):
            for name in outcomes.looks.names:
                column = outcomes.looks.column(str(row["analysis"]), name)
                np.testing.assert_equal(row[name], column[example.replicate])


@BOTH
def test_patients_and_samples_of_an_example_are_those_of_its_last_look(made: Made) -> None:
    for example in made().examples:
        last = example.looks.iloc[-1]
        assert len(example.subjects) == last["n_enrolled"]
        assert example.subjects["patient"].tolist() == list(range(len(example.subjects)))
        assert example.subjects["enrolment_trial_day"].is_monotonic_increasing
        assert (example.subjects["enrolment_trial_day"] <= example.cut_day).all()
        for endpoint, sample in example.samples.items():
            assert sample["arm"].tolist() == example.subjects["arm"].tolist()
            assert sample["event"].sum() == last[f"{endpoint}.events"]
            for arm, own in sample.groupby("arm"):
                assert own["event"].sum() == last[f"{endpoint}.events.{arm}"]
                assert len(own) == last[f"n_enrolled.{arm}"]


def known_of(subjects: pd.DataFrame, cut_day: int) -> pd.DataFrame:
    """Day and event of PFS and OS seen exactly, patient by patient, from the whole truth."""
    rows = []
    for patient in subjects.itertuples():
        until = cut_day - patient.enrolment_trial_day
        if patient.dropout_day is not pd.NA:
            until = min(until, patient.dropout_day)
        row = {}
        for name, days in {
            "pfs": (patient.progression_day, patient.death_day),
            "os": (patient.death_day,),
        }.items():
            first = min((day for day in days if day is not pd.NA), default=math.inf)
            row[f"{name}_day"] = int(min(first, until))
            row[f"{name}_event"] = int(first <= until)
        rows.append(row)
    return pd.DataFrame(rows)


def test_what_is_known_of_a_patient_follows_from_the_whole_truth() -> None:
    """Exact times, so that nothing but cut and dropout hides an event."""
    exact = {
        "survival.observation": "exact",
        "survival.calendar": [],
        "survival.dropout": {"kind": "exponential", "rate": "0.5 per year"},
    }
    scenario = small_survival().with_overrides(exact)
    maker, cut_day, lost = TrialMaker(scenario, 5), 300, 0
    for replicate in range(3):
        seen = maker.make(replicate)
        n = int((seen.enrolled <= cut_day).sum())
        expected = known_of(seen.subjects[:n], cut_day)
        lost += int((seen.subjects["dropout_day"][:n] < cut_day).sum())
        for place, name in enumerate(("pfs", "os")):
            day, event = seen.sample(place, cut_day, n)
            assert day.tolist() == expected[f"{name}_day"].tolist()
            assert event.tolist() == expected[f"{name}_event"].tolist()
    assert lost > 5


def counted_by(example: ExampleTrial, name: str, day: float) -> int:
    """Patients enrolled, or events of a sample that happened, by the end of a day."""
    entry = example.subjects["enrolment_trial_day"].to_numpy()
    if name == "enrolled":
        return int((entry <= day).sum())
    sample = example.samples[name.removesuffix(".events")]
    return int(((entry + sample["day"] <= day) & (sample["event"] == 1)).sum())


@BOTH
def test_months_of_an_example_add_up_to_its_last_look(made: Made) -> None:
    for example in made().examples:
        months, last = example.months, example.looks.iloc[-1]
        assert months["month"].tolist() == list(range(len(months)))
        assert (len(months) - 2) * DAYS_PER_MONTH < example.cut_day
        assert (len(months) - 1) * DAYS_PER_MONTH >= example.cut_day
        assert months["enrolled"].iloc[-1] == last["n_enrolled"]
        names = ["enrolled", *(f"{endpoint}.events" for endpoint in example.samples)]
        for name in names:
            assert months[name].is_monotonic_increasing
        for endpoint in example.samples:
            assert months[f"{endpoint}.events"].iloc[-1] == last[f"{endpoint}.events"]
        for month, enrolled in zip(months["month"], months["enrolled"], strict=True):
            assert enrolled == counted_by(example, "enrolled", month * DAYS_PER_MONTH)


def test_events_by_month_are_counted_on_their_days() -> None:
    """Of plain survival models an event is known on its day, so the samples tell all months."""
    for example in survival_result().examples:
        for row in example.months.to_dict("records"):
            for name in ("pfs.events", "os.events"):
                day = min(row["month"] * DAYS_PER_MONTH, example.cut_day)
                assert row[name] == counted_by(example, name, day)


def test_grouped_events_are_counted_when_their_interval_is_over() -> None:
    scenario = small_survival(
        "endpoints=[{id: 1, name: PFS, of: PFS}, "
        "{id: 2, name: GROUPED, of: PFS, grid: [{every: 48 weeks}]}]",
        "sweep=[]",
    )
    result = execute(make_randomised_job(scenario, replicates=6, engine="reference"))
    waiting = 0
    for example in result.examples:
        for row in example.looks.to_dict("records"):
            at_end = example.months["grouped.events"].iloc[-1]
            waiting += int(row["pfs.events"] - row["grouped.events"])
        assert at_end == row["grouped.events"]
        assert (example.months["grouped.events"] <= example.months["pfs.events"]).all()
        assert example.months["grouped.events"].is_monotonic_increasing
    assert waiting > 0, "some events wait for the end of their interval"


def test_examples_depend_on_seed_and_replicate_alone() -> None:
    result = survival_result()

    again = example_trials(result.job.scenario, result.outcomes, seed=result.job.seed)
    other = example_trials(result.job.scenario, result.outcomes, seed=result.job.seed + 1)

    for one, two, three in zip(result.examples, again, other, strict=True):
        pd.testing.assert_frame_equal(one.subjects, two.subjects)
        assert not one.subjects.equals(three.subjects)
