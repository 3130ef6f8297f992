"""Rule sets, errors of the investigator and later therapy: what people read of them."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from small_randomised import arms_result
from test_central_review import SEED
from test_central_review_told import table
from test_rules_in_cycles import HYPOTHESES, LOOKS, NAMED, naive_calls, read_trial, records_of

from simulate.choose_engine import REFERENCE
from simulate.describe import describe
from simulate.distributions import NEVER
from simulate.randomised.execute import execute
from simulate.randomised.job import make_randomised_job
from simulate.randomised.nulls import is_true_null
from simulate.randomised.seen_trials import TrialMaker
from simulate.report.blocks import Points, Table
from simulate.report.randomised.arms import arms_table
from simulate.report.randomised.readers import readers_section
from simulate.report.randomised.view import RandomisedView
from simulate.scenario.scenario import Scenario
from simulate.story import story


@pytest.fixture(scope="module")
def read(scenario: Scenario) -> Scenario:
    return read_trial(scenario, analyses=LOOKS, hypotheses=HYPOTHESES, sample_size=60)


def test_a_description_tells_rules_and_what_follows(read: Scenario) -> None:
    text = " ".join(describe(read).split())

    for said in (
        "Reader 3 (investigator) overlooks progression at 40% of the scans on or after it",
        "New anticancer therapy after treatment without progression: uniform from 0 days to 100",
        "New anticancer therapy follows in 60% of those whose progression the investigator calls, "
        "9 days after the call.",
        "70% of those whose progression the investigator calls in control change treatment, if "
        "alive, 90 days after the call; from then on the hazard of death after progression is "
        "multiplied by 0.3.",
        "Endpoint fda_cen: progression-free survival read by central; censored at the last scan "
        "done if 2 planned scans or more directly before the event were not and at the last scan "
        "before new therapy (fda).",
        "Endpoint ema_inv: progression-free survival read by the investigator; every event counts",
        "Endpoint LATENT: progression-free survival as it is",
    ):
        assert said in text, said
    on = " ".join(describe(read.with_overrides({"assessment.end_at_call": False})).split())
    assert "Scans go on when progression has been called." in on
    assert "Treatment ends at the call of the investigator, and scans do, too, except in" in on


def test_a_story_tells_calls_errors_therapy_and_reasons(read: Scenario) -> None:
    records, subjects = records_of(read, 0), TrialMaker(read, SEED).make(0).subjects
    mine, theirs = naive_calls(read, records, 0)
    lines = Counter[str]()
    for patient in range(24):
        text = " ".join(story(read, seed=SEED, replicate=0, patient=patient).split())
        progression = int(records.subjects["progression_day"][patient])
        expected = {
            "errs: there is no progression yet": mine[patient] < progression,
            "Reader central calls progression": theirs[patient] < NEVER,
            "New anticancer therapy begins": subjects["new_therapy_day"].notna()[patient],
            "Changes treatment": subjects["switch_day"].notna()[patient],
        }
        for said, is_so in expected.items():
            assert (said in text) == is_so, (patient, said)
            lines[said] += is_so
        lines.update(re.findall(r"censored: ([a-z ]+?)(?= - )", text))
        assert "endpoint fda_cen (central, fda)" in text or "not enrolled yet" in text
    assert min(lines.values()) > 0, lines
    assert {
        "new therapy came first",
        "too many planned scans before the event were not done",
    } <= set(lines)


@pytest.fixture(scope="module")
def view(read: Scenario) -> RandomisedView:
    return RandomisedView(execute(make_randomised_job(read, replicates=3, engine=REFERENCE)))


def test_what_stands_beside_estimates_of_readers_and_rules_is_called_latent(
    view: RandomisedView,
) -> None:
    _, arms = arms_table(view)
    assert isinstance(arms, Table)

    assert arms.header[2::2] == ["latent", "latent"]
    for said in (
        "Latent values are by formula, all patients of an arm together and nobody lost; "
        "progression on its very day, whatever readers call and rules censor, where scans find "
        "it later",
        "; death as if nobody changed treatment.",
    ):
        assert said in arms.caption


def test_where_nobody_reads_and_nothing_censors_it_is_called_true() -> None:
    _, arms = arms_table(RandomisedView(arms_result()))
    assert isinstance(arms, Table)

    assert arms.header[2::2] == ["true", "true"]
    assert "nobody lost; progression on its very day, where scans find it later." in arms.caption
    assert "True values are by formula" in arms.caption


def test_a_report_sets_rules_side_by_side(view: RandomisedView) -> None:
    section = readers_section(view)

    rows = {row[0]: row[1:] for row in table(section, "Endpoints side by side").rows}
    assert list(rows) == [each["name"] for each in NAMED]
    events = {name: view.outcomes.at_stop(f"{name.lower()}.events") for name in rows}
    for name, row in rows.items():
        assert row[0].startswith(f"{events[name].mean():.1f}")
    differences = table(section, "Differences from fda_inv, in pairs")
    (ema,) = (row for row in differences.rows if row[0] == "ema_inv")
    assert ema[1].startswith(f"+{(events['ema_inv'] - events['fda_inv']).mean():.1f}")
    (points,) = (b for b in section.blocks if isinstance(b, Points))
    assert any(text.startswith("Endpoint fda_cen:") for _, text in points.items)
    found = view.result.operating
    readers = found.groupby("endpoint")["reader"].agg(set)
    assert readers["fda_cen"] == {"central"}
    assert readers["DOC"] == {"investigator"}
    assert readers["LATENT"] == {"latent"}
    assert {"fda_inv - ema_inv", "DOC - PFS"} <= set(readers.index)
    switched = found[found["measure"] == "switched.mean"]
    assert set(switched["arm"]) == {"kn026", "control"}
    assert view.result.theory.empty, "theory knows nothing of rules"


def test_deaths_have_another_law_where_arms_switch_otherwise(read: Scenario) -> None:
    alike = [{"id": 3, "name": "kn026"}, {"id": 8, "name": "control", "set": {}}]
    arms = {"arms": [each | {"allocation": 3 - i - 1} for i, each in enumerate(alike)]}
    tested = [
        HYPOTHESES[0] | {"endpoint": name, "id": i} for i, name in enumerate(("OS", "DOC"), 1)
    ]
    trial = read.with_overrides(
        arms | {"hypotheses": [each | {"name": f"h{i}"} for i, each in enumerate(tested)]}
    )
    assert [is_true_null(trial, each) for each in trial.hypotheses] == [False, True]
    same = trial.with_overrides({"switching": []})
    assert [is_true_null(same, each) for each in same.hypotheses] == [True, True]
