"""One patient's history: dates and study days, what is seen and unseen, where it ends."""

import datetime as dt
import math
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

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
from simulate.story.history import RESPONSES, History
from simulate.story.toxicity import holding

SEED = 20250
KN026 = Path(__file__).parents[2] / "scenarios" / "kn026_phase2.yaml"
SHARED = KN026.with_name("kn026_phase2_shared_resources.yaml")
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


LABELS = {"KN026": "KN026", "docetaxel": "Docetaxel"}
"""How the drugs begin a sentence, in the order of the scenario."""


def body_of(records: TrialRecords, patient: int) -> tuple[float, float]:
    """Weight and body surface of a patient, from the scenario's variables 25 and 26."""
    weight = 40 + records.baseline["25"][patient]
    height = 142 + records.baseline["26"][patient]
    return float(weight), math.sqrt(height * weight / 3600)


def rows_of(table: dict[str, np.ndarray], patient: int) -> list[dict[str, int]]:
    """A patient's rows of a table."""
    mine = np.flatnonzero(table["patient"] == patient)
    return [{name: int(column[row]) for name, column in table.items()} for row in mine]


def lines_of(told: list[Told], start: str) -> list[Told]:
    return [row for row in told if re.match(start, row.text)]


def test_every_dose_on_record_is_told_with_its_amount_and_delay(
    records: TrialRecords, stories: list[list[Told]]
) -> None:
    n_reduced = n_omitted = 0
    for patient, told in enumerate(stories):
        weight, surface = body_of(records, patient)
        cycles: dict[int, list[dict[str, int]]] = {}
        for dose in rows_of(records.doses, patient):
            cycles.setdefault(dose["cycle"], []).append(dose)
        lines = lines_of(told, r"Dose \d+[:,] (?!waits|held)")
        assert len(lines) == len(cycles)
        for row, (cycle, doses) in zip(lines, cycles.items(), strict=True):
            amounts = [f"KN026 {30 * weight:,.0f} mg", f"docetaxel {75 * surface:.0f} mg"]
            reduced = f"docetaxel {55 * surface:.0f} mg (reduced to 55 mg/m2)"
            names = [
                reduced if dose["level"] else amounts[dose["drug"] - 1]
                for dose in doses
                if dose["given"]
            ]
            delay, hold = doses[0]["delay"], doses[0]["hold"]
            days = f"{delay + hold} day{'s' * (delay + hold > 1)} late"
            late = {
                (False, False): "",
                (True, False): f", {days} (not for toxicity)",
                (False, True): f", {days} (held for an adverse event)",
                (True, True): f", {days} ({delay} not for toxicity, {hold} held for an adverse "
                "event)",
            }[delay > 0, hold > 0]
            text, *omitted = row.text.split(" - ")
            assert text == f"Dose {cycle}{late}: {' and '.join(names)}"
            assert row.study_day == doses[0]["day"] + 1
            missing = [list(LABELS.values())[d["drug"] - 1] for d in doses if not d["given"]]
            assert [part.split(" omitted: ")[0] for part in omitted] == missing
            n_reduced += any(dose["level"] for dose in doses if dose["given"])
            n_omitted += len(omitted)
    assert n_reduced > 0
    assert n_omitted > 0


def test_every_adverse_event_on_record_is_told_with_its_term_grade_and_relatedness(
    scenario: Scenario, records: TrialRecords, stories: list[list[Told]]
) -> None:
    assert scenario.toxicity is not None
    terms = {term.id: term for term in scenario.toxicity.terms}
    related = ("not related to treatment", "related to KN026", "related to docetaxel")
    related = (*related, "related to KN026 and docetaxel")
    seen = set()
    for patient, told in enumerate(stories):
        expected = []
        for event in rows_of(records.adverse_events, patient):
            term = terms[event["term"]]
            marks = ["serious"] * event["serious"]
            marks += ["of special interest"] * term.special_interest
            text = f"{term.label}, grade {event['grade']}, {related[event['related']]}"
            text += f" ({', '.join(marks)})" if marks else ""
            expected.append((event["onset_day"] + 1, text))
            seen |= {event["grade"], *marks}
        lines = [row for row in told if re.search(r", grade \d, (not )?related to ", row.text)]
        assert sorted((r.study_day, r.text.split(" - ")[0]) for r in lines) == sorted(expected)
    assert {1, 2, 3, 4, "serious", "of special interest"} <= seen


def test_every_resolution_on_record_is_told_before_death_and_the_horizon(
    scenario: Scenario, records: TrialRecords, stories: list[list[Told]]
) -> None:
    assert scenario.toxicity is not None
    labels = {term.id: term.label for term in scenario.toxicity.terms}
    subjects = records.subjects
    horizon = build_plan(scenario).horizon - subjects["first_dose_trial_day"]
    for patient, told in enumerate(stories):
        until = min(horizon[patient], subjects["death_day"][patient] - 1)
        expected = []
        for event in rows_of(records.adverse_events, patient):
            # deaths are on record for a single day
            if event["onset_day"] < event["end_day"] <= until:
                better = " to grade 1 or better" if event["grade"] > 1 else ""
                text = f"{labels[event['term']]} resolved{better}"
                if event["end_day"] > subjects["study_withdrawal_day"][patient]:
                    text = f"· {text}, of which the study does not learn"
                expected.append((event["end_day"] + 1, text))
        lines = [row for row in told if re.match(r"(· )?[^,]+ resolved", row.text)]
        assert sorted((row.study_day, row.text) for row in lines) == sorted(expected)


def holding_events(
    scenario: Scenario, records: TrialRecords, patient: int, position: int, day: int
) -> list[str]:
    """Term and grade of what holds a drug on a dose day, by the table of adverse events alone."""
    assert scenario.toxicity is not None
    terms = {term.id: term for term in scenario.toxicity.terms}
    found = []
    for event in rows_of(records.adverse_events, patient):
        term = terms[event["term"]]
        # the rule for events of special interest, all of grade 2, holds for 21 days
        end = event["onset_day"] + 21 if term.special_interest else event["end_day"]
        if event["action"] >> (4 * position) & 1 and event["onset_day"] < day < end:
            found.append(f"{term.label}, grade {event['grade']}")
    return found


def test_held_and_omitted_doses_name_the_events_that_hold_them(
    scenario: Scenario, records: TrialRecords, stories: list[list[Told]]
) -> None:
    n_omitted = n_held = 0
    for patient, told in enumerate(stories):
        doses = rows_of(records.doses, patient)
        for row in told:
            day = row.study_day - 1
            for name in re.findall(r" - Docetaxel omitted: held by (.*)$", row.text):
                events = holding_events(scenario, records, patient, 1, day)
                assert events
                assert sorted(re.split(r"(?<=grade \d), | and (?=[A-Z])", name)) == sorted(events)
                n_omitted += 1
            for cycle, name in re.findall(r"^Dose (\d+) held: KN026 is held by (.*)$", row.text):
                events = holding_events(scenario, records, patient, 0, day)
                assert events
                assert sorted(re.split(r"(?<=grade \d), | and (?=[A-Z])", name)) == sorted(events)
                late = [d for d in doses if d["cycle"] == int(cycle)]
                assert all(d["day"] - d["hold"] <= day < d["day"] for d in late)
                n_held += 1
        held = {d["cycle"] for d in doses if d["hold"] > 0}
        assert held <= {int(row.text.split()[1]) for row in lines_of(told, r"Dose \d+ held:")}
    assert n_omitted > 2
    assert n_held > 5


def test_an_event_holds_from_the_day_after_its_onset_until_the_day_it_resolves(
    scenario: Scenario, records: TrialRecords
) -> None:
    events = records.adverse_events
    chosen = (events["action"] >> 4 & 1 == 1) & (events["end_day"] > events["onset_day"] + 1)
    (index, *_) = np.flatnonzero(chosen)
    patient, onset, end = (int(events[name][index]) for name in ("patient", "onset_day", "end_day"))
    history = History(scenario, records, patient, build_plan(scenario))

    def holds(day: int) -> bool:
        found = holding(history, 1, day)
        return any(e["onset_day"] == onset and e["end_day"] == end for e in found)

    assert [holds(day) for day in (onset, onset + 1, end - 1, end)] == [False, True, True, False]


def test_actions_on_record_stand_below_their_adverse_event(
    records: TrialRecords, stories: list[list[Told]]
) -> None:
    texts = {
        0: " held ",
        1: " reduced to 55 mg/m2 from the next dose",
        3: "Infusion of ",
    }
    for patient, told in enumerate(stories):
        for action, text in texts.items():
            for position, (name, label) in enumerate(LABELS.items()):
                start = f"- {text}{name}" if action == 3 else f"- {label}{text}"
                shown = Counter(
                    row.study_day
                    for row in told
                    for _ in range(row.text.count(start))
                    if ", grade" in row.text and not row.text.startswith("Dose")
                )
                expected = Counter(
                    event["onset_day"] + 1
                    for event in rows_of(records.adverse_events, patient)
                    if event["action"] >> (4 * position + action) & 1
                )
                assert shown == expected, (patient, start)


def test_reduced_and_discontinued_drugs_are_so_from_the_line_that_says_it(
    records: TrialRecords, stories: list[list[Told]]
) -> None:
    n_stopped = 0
    for patient, told in enumerate(stories):
        reduced, stopped = False, set[str]()
        for row in told:
            if re.match(r"Dose \d+[:,]", row.text):
                given = row.text.split(": ", 1)[1]
                assert not any(name in given for name in stopped)
                assert not re.search(r"docetaxel \d+ mg$", given) or not reduced
                assert "(reduced" not in given or reduced
            reduced |= "- Docetaxel reduced to 55 mg/m2" in row.text
            for name, label in LABELS.items():
                if row.text.startswith(f"{label} is discontinued"):
                    stopped |= {name, label}
                    n_stopped += 1
        discontinued = [
            event["action"] >> bit & 1
            for event in rows_of(records.adverse_events, patient)
            for bit in (2, 6)
        ]
        assert len(stopped & set(LABELS)) == sum(discontinued)
    assert n_stopped > 0


def test_a_hold_that_would_last_too_long_ends_the_drug(scenario: Scenario) -> None:
    trial = scenario.with_overrides(
        {
            "treatment.drugs.KN026.holds.at_most": "21 days",
            "toxicity.duration.median": "60 days",
        }
    )
    records = ReferenceEngine(build_plan(trial)).simulate(seed=SEED, replicate=0, log=True)
    (patient, day, *_), *_ = [
        (row[2], row[0]) for row in records.log if row[5] == "drug 1, hold too long"
    ]

    told = rows(story(trial, seed=SEED, replicate=0, patient=patient))

    first_dose = int(records.subjects["first_dose_trial_day"][patient])
    (index,) = [i for i, row in enumerate(told) if row.text.startswith("KN026 is discontinued")]
    ended = told[index]
    assert ended.study_day == day - first_dose + 1
    found = re.fullmatch(
        r"KN026 is discontinued: it would be held by (.*), grade \d for more than 21 days",
        ended.text,
    )
    assert found is not None
    assert any(row.text.startswith(found[1].split(",")[0]) for row in told[:index])
    assert told[index + 1].text == "Treatment and tumour assessments stop: adverse event"
    assert not lines_of(told[index:], r"Dose \d+[:,]")


def test_cause_of_an_early_stop_comes_before_the_stop(scenario: Scenario) -> None:
    trial = scenario.with_overrides({"follow_up.early_stop.probability": 1})

    told = rows(story(trial, seed=SEED, replicate=0, patient=0))

    texts = [row.text for row in told if not row.text.startswith(("DATA", "·"))]
    cause = texts.index("Allergic reaction, grade 3, related to KN026 (serious)")
    assert texts[cause + 1 : cause + 3] == [
        "KN026 is discontinued",
        "Treatment and tumour assessments stop: adverse event",
    ]


def naive_intensity(doses: list[dict[str, int]], drug: int) -> float:
    """Relative dose intensity: given over planned, one cycle of 21 days after the last dose."""
    mine = [dose for dose in doses if dose["drug"] == drug and dose["given"]]
    given = sum(55 / 75 if dose["level"] else 1.0 for dose in mine)
    return given / ((mine[-1]["day"] + 21) / 21)


def test_data_cut_counts_adverse_events_and_doses(
    scenario: Scenario, records: TrialRecords, stories: list[list[Told]]
) -> None:
    assert scenario.toxicity is not None
    labels = {term.id: term.label for term in scenario.toxicity.terms}
    subjects = records.subjects
    cut_at = cut_day(scenario, scenario.analyses[0]) - subjects["first_dose_trial_day"]
    known = cut(records, cut_day(scenario, scenario.analyses[0])).subjects
    n_told = 0
    for patient, told in enumerate(stories):
        (row,) = lines_of(told, "DATA CUT")
        last = cut_at[patient]
        contact = known["last_contact_day"][patient]
        events = [
            event
            for event in rows_of(records.adverse_events, patient)
            if event["onset_day"] <= contact
        ]
        severe = sum(event["grade"] >= 3 for event in events)
        serious = sum(event["serious"] for event in events)
        n = f"{len(events)} adverse event{'s' * (len(events) != 1)} so far"
        if events:
            assert f"- {n}, {severe} of grade 3 or higher, {serious} serious " in row.text
        else:
            assert "- adverse events: none so far" in row.text
        going = [
            f"{labels[e['term']]}, grade {e['grade']}" for e in events if e["end_day"] > contact
        ]
        found = re.search(r"- ongoing: (.*?) What the data cut", row.text)
        if found is not None:
            assert all(name in found[1] for name in going)
            assert (found[1] == "none") == (not going)
            n_told += 1
        doses = [dose for dose in rows_of(records.doses, patient) if dose["day"] <= last]
        for drug, name in enumerate(LABELS, start=1):
            mine = [dose for dose in doses if dose["drug"] == drug]
            given = sum(dose["given"] for dose in mine)
            text = f"- {name}: {given} dose{'s' * (given != 1)}"
            text += f" and {len(mine) - given} omitted" if given < len(mine) else ""
            intensity = f"{naive_intensity(doses, drug):.1%}"
            assert f"{text}, relative dose intensity {intensity}" in row.text
    assert n_told > 20


def test_patient_who_never_gets_a_first_dose_waits() -> None:
    trial = Scenario.from_file(SHARED, ["resources.supply.0.lead_time=200 weeks"])
    records = simulated(trial)
    never = first_where(records.subjects["first_dose_trial_day"] == NEVER)

    told = story(trial, seed=SEED, replicate=0, patient=never)

    lines = [line for line in told.splitlines() if re.match(r"\d{4}-", line)]
    assert re.fullmatch(r"\S+ +Enrolled at site \d", lines[0])
    assert re.fullmatch(r"\S+ +Dose 1 waits: no slot or no drug at the site", lines[1])
    assert re.match(r"2023-09-15 +DATA CUT 2023-09-15 \(final\): the patient waits", lines[2])
    assert len(lines) == 3


def test_doses_that_wait_for_a_slot_or_drug_say_so() -> None:
    trial = Scenario.from_file(SHARED)
    doses = simulated(trial).doses
    (index, *_) = np.flatnonzero((doses["wait"] > 1) & (doses["hold"] == 0))
    patient, cycle, wait = (int(doses[name][index]) for name in ("patient", "cycle", "wait"))

    told = rows(story(trial, seed=SEED, replicate=0, patient=patient))

    (waits,) = lines_of(told, f"Dose {cycle} waits: no slot or no drug at the site")
    (given,) = lines_of(told, rf"Dose {cycle}[:,] (?!waits)")
    assert given.study_day - waits.study_day == wait
    assert "no slot or no drug)" in given.text


def test_unseen_turns_are_marked_and_seen_ones_are_not(
    records: TrialRecords, stories: list[list[Told]]
) -> None:
    subjects = records.subjects
    for patient, told in enumerate(stories):
        left = subjects["study_withdrawal_day"][patient] < NEVER
        for row in told:
            if " resolved" in row.text:
                continue  # tested with the adverse events
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
        # an adverse event outlives nobody, unless nobody learns of the death
        assert re.fullmatch(r"(· )?Death.*", told[-1].text)
        assert told[-1].study_day == records.subjects["death_day"][patient] + 1
    alive = set(range(records.n_patients)) - set(dead.tolist())
    assert not any(
        re.match("(· )?Death", row.text) for patient in alive for row in stories[patient]
    )


def test_story_begins_with_baseline_scan_and_enrolment(
    records: TrialRecords, stories: list[list[Told]]
) -> None:
    for patient, told in enumerate(stories):
        scan, enrolled, dose = told[:3]
        assert scan.text == "Baseline scan"
        assert scan.study_day == study_day(int(records.subjects["baseline_scan_day"][patient]))
        assert enrolled.text == f"Enrolled at site {records.subjects['site'][patient]}"
        assert re.fullmatch(r"Dose 1: KN026 [\d,]+ mg and docetaxel \d+ mg", dose.text)


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


def test_adverse_event_that_resolves_after_the_patient_left_is_marked_unseen(
    scenario: Scenario,
) -> None:
    trial = scenario.with_overrides(
        {
            "follow_up.early_stop": {"probability": 1, "days": ["12 days", "12 days"]},
            "follow_up.lost_at_withdrawal": 1,
        }
    )
    before = after = 0
    for patient in range(4):
        texts = [row.text for row in rows(story(trial, seed=SEED, replicate=0, patient=patient))]
        left = texts.index("Leaves the study: nothing is known from here on")
        for index, text in enumerate(texts):
            if " resolved" in text:
                assert text.startswith("· ") == (index > left)
                assert text.endswith("of which the study does not learn") == (index > left)
                before, after = before + (index < left), after + (index > left)
    assert before > 0
    assert after > 0


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
            "treatment.body": None,
            "toxicity": None,
            "follow_up": {},
        }
    )
    text = story(trial, seed=SEED, replicate=0, patient=0)

    assert "Nothing is known of the patient at baseline." in text
    assert "Enrolled at Shanghai" in text
    assert "Scan planned on day 51" in text
    assert re.search(r"Dose 2(, .*)?: A 1 mg", text)
    assert "Dose 3" not in text
    assert text.count("Treatment is completed: this was the last planned dose;") == 1
    assert "Treatment and tumour assessments stop" not in text
    assert "adverse events" not in text


@pytest.mark.parametrize("replicate", [-1, 2**31])
def test_replicate_out_of_range_is_refused(scenario: Scenario, replicate: int) -> None:
    with pytest.raises(UsageError, match=rf"numbered from 0 to 2147483647 \(given: {replicate}\)"):
        story(scenario, seed=SEED, replicate=replicate, patient=0)


@pytest.mark.parametrize("seed", [-5, 2**63])
def test_seed_out_of_range_is_refused(scenario: Scenario, seed: int) -> None:
    with pytest.raises(UsageError, match=rf"seed must lie between 0 and .* \(given: {seed}\)"):
        story(scenario, seed=seed, replicate=0, patient=0)


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
