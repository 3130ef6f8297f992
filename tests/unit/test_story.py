"""One patient's history: dates and study days, what is seen and unseen, where it ends."""

import datetime as dt
import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest

from simulate.build_plan import build_plan, cut_day
from simulate.cutoff import cut
from simulate.describe.words import WIDTH
from simulate.distributions import NEVER
from simulate.endpoints import derive, endpoint_rules
from simulate.engines.reference import ReferenceEngine
from simulate.errors import UsageError
from simulate.records import TrialRecords
from simulate.scenario import Scenario
from simulate.story import story, study_day
from simulate.story.history import RESPONSES

SEED = 20250
_ROW = re.compile(r"(\d{4}-\d\d-\d\d) +(-?\d+) +(\d*) *(\S.*)")


@dataclass(frozen=True)
class Told:
    """One row of a story: date, study day, week (-1 before the first dose), text."""

    date: dt.date
    study_day: int
    week: int
    text: str


def rows(text: str) -> list[Told]:
    """The dated rows of a story, with the lines that go on below them."""
    found: list[Told] = []
    for line in text[text.index("\nDate ") :].splitlines()[3:]:
        match = _ROW.fullmatch(line)
        if match:
            week = int(match[3]) if match[3] else -1
            found.append(Told(dt.date.fromisoformat(match[1]), int(match[2]), week, match[4]))
        else:
            last = found.pop()
            text = f"{last.text} {line.strip()}"
            found.append(Told(last.date, last.study_day, last.week, text))
    return found


def simulated(trial: Scenario, replicate: int = 0) -> TrialRecords:
    return ReferenceEngine(build_plan(trial)).simulate(seed=SEED, replicate=replicate)


def first_where(condition: np.ndarray) -> int:
    """Number of the first patient for whom a condition holds."""
    assert condition.any()
    return int(np.argmax(condition))


@pytest.fixture(scope="module")
def records(scenario: Scenario) -> TrialRecords:
    return simulated(scenario)


@pytest.fixture(scope="module")
def stories(scenario: Scenario) -> list[list[Told]]:
    """Every patient's history in one trial."""
    return [
        rows(story(scenario, seed=SEED, replicate=0, patient=patient))
        for patient in range(scenario.sample_size)
    ]


@pytest.mark.parametrize(("day", "shown"), [(-21, -21), (-1, -1), (0, 1), (1, 2), (41, 42)])
def test_study_day_has_no_zero(day: int, shown: int) -> None:
    assert study_day(day) == shown


def test_dates_study_days_and_weeks_agree(
    scenario: Scenario, records: TrialRecords, stories: list[list[Told]]
) -> None:
    for told, first in zip(stories, records.subjects["first_dose_trial_day"], strict=True):
        first_dose = scenario.origin + dt.timedelta(days=int(first))
        for row in told:
            days = (row.date - first_dose).days
            assert row.study_day == (days + 1 if days >= 0 else days)
            assert row.week == (days // 7 if days >= 0 else -1)


def test_rows_are_in_order_of_time(stories: list[list[Told]]) -> None:
    for told in stories:
        assert all(earlier.date <= later.date for earlier, later in pairwise(told))


def test_every_scan_on_record_is_told_with_its_date_and_finding(
    records: TrialRecords, stories: list[list[Told]]
) -> None:
    scans = records.assessments
    findings = list(RESPONSES.values())
    for patient, told in enumerate(stories):
        mine = scans["patient"] == patient
        expected = [
            (day + 1, findings[response] if performed else "is missed")
            for day, response, performed in zip(
                scans["day"][mine], scans["response"][mine], scans["performed"][mine], strict=True
            )
        ]
        lines = [row for row in told if re.match(r"(Scan|Unscheduled scan) ", row.text)]
        assert [row.study_day for row in lines] == [day for day, _ in expected]
        for row, (_, finding) in zip(lines, expected, strict=True):
            assert row.text.endswith(finding)


def test_scans_name_their_week_and_how_late_they_are(
    records: TrialRecords, stories: list[list[Told]]
) -> None:
    scans = records.assessments
    done = (scans["performed"] == 1) & (scans["visit"] > 0)
    for index in np.flatnonzero(done)[:200]:
        off = int(scans["day"][index] - scans["planned_day"][index])
        late = "" if off == 0 else f", {abs(off)} day{'s' * (abs(off) > 1)} "
        late += "" if off == 0 else "late" if off > 0 else "early"
        start = f"Scan at week {scans['planned_day'][index] // 7}{late}: "
        told = stories[scans["patient"][index]]
        assert any(row.text.startswith(start) for row in told), start


def test_unscheduled_scans_say_why(records: TrialRecords, stories: list[list[Told]]) -> None:
    scans = records.assessments
    (patient, *_) = scans["patient"][scans["visit"] == 0]

    lines = [row.text for row in stories[patient] if row.text.startswith("Unscheduled")]
    assert lines == ["Unscheduled scan after a clinical finding: progressive disease (PD)"]


def test_every_dose_on_record_is_told_with_its_drugs_and_delay(
    records: TrialRecords, stories: list[list[Told]]
) -> None:
    names = {1: "KN026", 2: "docetaxel"}
    doses = records.doses
    for patient, told in enumerate(stories):
        mine = np.flatnonzero(doses["patient"] == patient)
        cycles: dict[int, list[int]] = {}
        for index in mine:
            cycles.setdefault(int(doses["cycle"][index]), []).append(int(index))
        lines = [row for row in told if row.text.startswith("Dose ")]
        assert len(lines) == len(cycles)
        for row, (cycle, given) in zip(lines, cycles.items(), strict=True):
            drugs = " and ".join(names[int(doses["drug"][index])] for index in given)
            delay = int(doses["delay"][given[0]])
            late = f", {delay} day{'s' * (delay > 1)} late" if delay else ""
            assert row.text == f"Dose {cycle}: {drugs}{late}"
            assert row.study_day == doses["day"][given[0]] + 1


def test_unseen_turns_are_marked_and_seen_ones_are_not(
    records: TrialRecords, stories: list[list[Told]]
) -> None:
    subjects = records.subjects
    for patient, told in enumerate(stories):
        left = subjects["study_withdrawal_day"][patient] < NEVER
        for row in told:
            latent = re.match(r"(· )?(Response begins|Progression)", row.text) is not None
            unheard = row.text.startswith(("Death", "· Death")) and left
            assert row.text.startswith("· ") == (latent or unheard), row.text
        for name, column in (
            ("Response begins", "response_day"),
            ("Progression", "progression_day"),
        ):
            lines = [row.study_day for row in told if row.text.startswith(f"· {name}")]
            assert lines in ([], [subjects[column][patient] + 1])


def test_response_that_an_early_scan_has_shown_is_not_called_unseen(
    stories: list[list[Told]],
) -> None:
    seen = unseen = 0
    for told in stories:
        for index, row in enumerate(told):
            if row.text.startswith("· Response begins"):
                before = any("response (" in earlier.text for earlier in told[:index])
                assert row.text.endswith("shown it already") == before
                seen, unseen = seen + before, unseen + (not before)
    assert seen > 0
    assert unseen > 0


def test_story_of_a_patient_who_dies_ends_with_the_death(
    scenario: Scenario, records: TrialRecords, stories: list[list[Told]]
) -> None:
    horizon = build_plan(scenario).horizon - records.subjects["first_dose_trial_day"]
    dead = np.flatnonzero(records.subjects["death_day"] <= horizon)
    assert len(dead) > 3
    for patient in dead:
        told = [row for row in stories[patient] if not row.text.startswith("DATA CUT")]
        assert re.fullmatch(r"(· )?Death.*", told[-1].text)
        assert told[-1].study_day == records.subjects["death_day"][patient] + 1
    alive = set(range(records.n_patients)) - set(dead.tolist())
    assert not any("Death" in row.text for patient in alive for row in stories[patient])


def test_story_begins_with_baseline_scan_and_enrolment(
    records: TrialRecords, stories: list[list[Told]]
) -> None:
    for patient, told in enumerate(stories):
        scan, enrolled, dose = told[:3]
        assert scan.text == "Baseline scan"
        assert scan.study_day == study_day(int(records.subjects["baseline_scan_day"][patient]))
        assert enrolled.text == f"Enrolled at site {records.subjects['site'][patient]}"
        assert dose.text == "Dose 1: KN026 and docetaxel"


def test_data_cut_says_what_the_derived_endpoints_say(
    scenario: Scenario, records: TrialRecords, stories: list[list[Told]]
) -> None:
    snapshot = cut(records, cut_day(scenario, scenario.analyses[0]))
    values = derive(endpoint_rules(scenario), snapshot)
    names = list(RESPONSES.values())
    for patient, told in enumerate(stories):
        (row,) = [row for row in told if row.text.startswith("DATA CUT")]
        assert row.date == dt.date(2023, 9, 15)
        if values["assessed"][patient]:
            assert f"best overall response: {names[values['best_response'][patient]]}" in row.text
        else:
            assert "not in the efficacy analysis set (EAS)" in row.text
        for name in ("pfs", "os", "dor"):
            days = values[f"{name}_time"][patient]
            found = re.search(
                rf"{name.upper()} ([\d,]+) days? \(([\d.]+) months\), (\w+)", row.text
            )
            assert (found is None) == (days < 0)
            if found is not None:
                assert int(found[1].replace(",", "")) == days
                assert found[2] == f"{days / 30.4375:.1f}"
                assert found[3] == ("event" if values[f"{name}_event"][patient] else "censored")
        contact = snapshot.subjects["last_contact_day"][patient] + 1
        assert f"(study day {contact})" in row.text
        assert f"{values['cycles'][patient]} cycle" in row.text


def test_data_cut_names_the_truth_that_it_lacks(
    scenario: Scenario, records: TrialRecords, stories: list[list[Told]]
) -> None:
    subjects = records.subjects
    end = build_plan(scenario).horizon - subjects["first_dose_trial_day"]
    cut_at = cut_day(scenario, scenario.analyses[0]) - subjects["first_dose_trial_day"]
    for patient, told in enumerate(stories):
        (row,) = [row for row in told if row.text.startswith("DATA CUT")]
        _, _, unknown = row.text.partition("What the data cut does not know, up to 2023-10-15:")
        progression = subjects["progression_day"][patient]
        assert ("progression truly occurs" in unknown) == (progression <= end[patient])
        if cut_at[patient] < progression <= end[patient]:
            assert "not documented by then" in unknown
        if progression <= end[patient]:
            assert f"(study day {progression + 1})" in unknown
        known = f"OS {subjects['death_day'][patient] + 1:,} day" in row.text
        died = subjects["death_day"][patient] <= end[patient]
        assert ("death on" in unknown) == (died and not known)


def test_death_after_last_contact_is_not_known(scenario: Scenario) -> None:
    # nobody is contacted within a year of the cut, and treatment ends in the first days
    trial = scenario.with_overrides(
        {
            "follow_up.last_contact_lag": {
                "kind": "discrete",
                "values": ["400 days"],
                "weights": [1],
            },
            "follow_up.early_stop": {"probability": 1, "days": ["1 day", "2 days"]},
            "follow_up.lost_at_withdrawal": 0,
            "disease.death_without_progression": {"kind": "exponential", "mean": "20 months"},
        }
    )
    subjects = simulated(trial).subjects
    late = (
        cut_day(trial, trial.analyses[0]) - subjects["first_dose_trial_day"] - subjects["death_day"]
    )
    patient = first_where((late > 0) & (late < 390))

    told = rows(story(trial, seed=SEED, replicate=0, patient=patient))

    assert "censored" in told[-1].text
    assert re.search(
        rf"· death on \S+ \(study day {subjects['death_day'][patient] + 1}\)", told[-1].text
    )
    assert told[-2].text == "Death"


def test_patient_who_leaves_the_study_dies_unheard_of(scenario: Scenario) -> None:
    trial = scenario.with_overrides(
        {
            "follow_up.early_stop": {"probability": 1, "days": ["1 day", "2 days"]},
            "follow_up.lost_at_withdrawal": 1,
            "disease.death_without_progression": {"kind": "exponential", "mean": "12 months"},
        }
    )
    subjects = simulated(trial).subjects
    patient = first_where((subjects["death_day"] < 300) & (subjects["death_day"] > 2))

    told = rows(story(trial, seed=SEED, replicate=0, patient=patient))
    texts = [row.text for row in told]

    assert "Treatment and tumour assessments stop: early stop" in texts
    assert "Leaves the study: nothing is known from here on" in texts
    assert "· Death, of which the study does not learn" in texts
    assert all("nobody looks any more" in text for text in texts if "Progression:" in text)
    assert "not in the efficacy analysis set" in texts[-1]


def test_cut_before_enrolment_says_so(scenario: Scenario) -> None:
    trial = scenario.with_overrides(
        {
            "analyses": [
                {"id": 1, "name": "early", "cut": {"date": dt.date(2020, 6, 1)}},
                {"id": 2, "name": "final", "cut": {"date": dt.date(2023, 9, 15)}},
            ]
        }
    )

    told = rows(story(trial, seed=SEED, replicate=0, patient=56))

    assert told[0].text == "DATA CUT 2020-06-01 (early): the patient is not enrolled yet"
    assert told[0].study_day < 0
    assert any(row.text.startswith("DATA CUT 2023-09-15 (final). Known now:") for row in told)


def test_events_after_the_cut_are_told_up_to_the_horizon(
    stories: list[list[Told]],
) -> None:
    after = [row.date for told in stories for row in told if row.date > dt.date(2023, 9, 15)]

    assert after
    assert max(after) <= dt.date(2023, 10, 15)


def test_who_the_patient_is(scenario: Scenario, records: TrialRecords) -> None:
    text = story(scenario, seed=SEED, replicate=0, patient=12)

    head = re.sub(r"\s+", " ", text[: text.index("Study day 1 is")])
    assert f"Patient 12 of replicate 0, seed {SEED}" in head
    assert f"Age: {30 + records.baseline['1'][12]};" in head
    stage = ("IIIA", "IIIB", "IIIC", "IV")[records.baseline["4"][12]]
    assert f"Clinical stage: {stage};" in head
    assert max(map(len, text.splitlines())) <= WIDTH


def test_scenario_without_baseline_or_weeks(scenario: Scenario) -> None:
    trial = scenario.with_overrides(
        {
            "baseline": {"variables": []},
            "endpoints.subgroups": [],
            "enrolment.sites": {"count": 1, "names": ["Shanghai"]},
            "assessment.calendar": [{"every": "50 days"}],
            "treatment.drugs": [
                {
                    "id": 3,
                    "name": "A",
                    "dose": "1 mg",
                    "planned_cycles": {"kind": "fixed", "value": 2},
                }
            ],
        }
    )
    text = story(trial, seed=SEED, replicate=0, patient=0)

    assert "Nothing is known of the patient at baseline." in text
    assert "Enrolled at Shanghai" in text
    assert "Scan planned on day 51" in text
    assert re.search(r"Dose 2: A\b", text)
    assert "Dose 3" not in text
    assert text.count("No dose from here on: all planned cycles are over") == 1


@pytest.mark.parametrize("replicate", [-1, 2**31])
def test_replicate_out_of_range_is_refused(scenario: Scenario, replicate: int) -> None:
    with pytest.raises(UsageError, match=rf"numbered from 0 to 2147483647 \(given: {replicate}\)"):
        story(scenario, seed=SEED, replicate=replicate, patient=0)


@pytest.mark.parametrize("patient", [-1, 57])
def test_patient_who_is_not_enrolled_is_refused(scenario: Scenario, patient: int) -> None:
    message = rf"replicate 3 enrols 57 patients, numbered from 0 to 56 \(given: {patient}\)"
    with pytest.raises(UsageError, match=message):
        story(scenario, seed=SEED, replicate=3, patient=patient)


def test_trial_without_patients_has_no_story(scenario: Scenario) -> None:
    trial = scenario.with_overrides(
        {
            "enrolment.accrual": {
                "kind": "poisson_gamma",
                "rate": "1e-9 per year",
                "window": "1 day",
            }
        }
    )

    with pytest.raises(UsageError, match=r"replicate 0 enrols 0 patients \(given: 0\)"):
        story(trial, seed=SEED, replicate=0, patient=0)
