"""The story of a patient of a plain survival model, against the tables of the same patient."""

from __future__ import annotations

import re

import pytest
from test_review import BASE, MODEL, THERAPY, TO_COPY

from simulate.cli import main
from simulate.describe.words import WIDTH
from simulate.distributions import NEVER
from simulate.errors import UsageError
from simulate.randomised.seen_trials import SeenTrial, TrialMaker
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.story import story
from simulate.survival_runner import SurvivalRunner

SEED = 7
CHANGES = {
    "survival": MODEL
    | {
        "treating_reader": "investigator",
        "visits": {"missed": 0.2},
        "new_therapy": THERAPY,
        "switching": [
            {"arm": "control", "probability": 0.6, "delay": "9 days", "hazard_ratio": 0.5}
        ],
    }
}
_ROW = re.compile(r"\d{4}-\d\d-\d\d +(-?\d+) +\d* +(\S.*)")


@pytest.fixture(scope="module")
def scenario() -> SurvivalScenario:
    return SurvivalScenario.from_file(TO_COPY).with_overrides(BASE | CHANGES)


@pytest.fixture(scope="module")
def made(scenario: SurvivalScenario) -> SeenTrial:
    return TrialMaker(scenario, SEED).make(0)


def told(scenario: SurvivalScenario, patient: int) -> list[tuple[int, str]]:
    """Study day and text of every row, with what stands below it."""
    text = story(scenario, seed=SEED, replicate=0, patient=patient)
    assert all(len(line) <= WIDTH for line in text.splitlines())
    rows: list[tuple[int, str]] = []
    for line in text[text.index("\nDate ") :].splitlines()[3:]:
        match = _ROW.fullmatch(line)
        if match:
            rows.append((int(match[1]), match[2]))
        else:
            rows[-1] = rows[-1][0], f"{rows[-1][1]} {line.strip()}"
    return rows


TURNS = {
    "progression_day": "Progression",
    "death_day": "Death",
    "switch_day": "Changes treatment",
    "dropout_day": "Lost to follow-up",
}


@pytest.mark.parametrize("patient", range(0, 40, 3))
def test_it_tells_what_the_tables_have(
    scenario: SurvivalScenario, made: SeenTrial, patient: int
) -> None:
    rows = told(scenario, patient)
    own = made.subjects.iloc[patient].fillna(NEVER).to_dict()
    death = own["death_day"]
    for name, text in TURNS.items():
        days = [day - 1 for day, what in rows if what.removeprefix("· ") == text]
        comes = own[name] < (death if name != "death_day" else NEVER)
        assert days == ([own[name]] if comes else []), text
    tables = made.tables(1217, range(patient, patient + 1))
    scans = tables["assessments"].query("not_done_because != 'scans ended' and visit > 0")
    lines = [(day - 1, what) for day, what in rows if what.startswith("Scan") and day > 1]
    assert [day for day, _ in lines] == scans["day"].tolist()
    for (_, what), scan in zip(lines, scans.to_dict("records"), strict=True):
        assert what.startswith("Scan missed") == (not scan["done"])
        for reader in ("investigator", "central"):
            assert (reader in what) == (reader in scan["called_by"])


def test_looks_are_where_the_trial_has_them_and_know_the_endpoints(
    scenario: SurvivalScenario, made: SeenTrial
) -> None:
    runner = SurvivalRunner(scenario, seed=SEED, engine="reference")
    values = runner.run(range(1))["only"][0]
    cut = int(dict(zip(runner.names, values, strict=True))["cut_day"])
    (look,) = [(day, what) for day, what in told(scenario, 3) if what.startswith("DATA CUT")]
    assert look[0] - 1 == cut - made.enrolled[3]
    for row in made.tables(cut, range(3, 4))["endpoints"].to_dict("records"):
        status = "event" if row["event"] else "censored"
        words = f"{status} on study day {row['day'] + 1}, {row['reason']}"
        assert re.search(rf"- {row['endpoint']}( \([^)]*\))?: {words}", look[1]), look[1]


def test_nothing_is_seen_of_who_is_lost(scenario: SurvivalScenario, made: SeenTrial) -> None:
    own = made.subjects
    later = own[(own["dropout_day"] < own["death_day"]).fillna(False)]
    patient = int(later["patient"].iloc[0])
    deaths = [what for _, what in told(scenario, patient) if what.endswith("Death")]
    assert deaths == ["· Death"]


def test_a_patient_who_is_not_there_is_refused(scenario: SurvivalScenario) -> None:
    with pytest.raises(UsageError, match=r"numbered from 0 to 79 \(given: 80\)"):
        story(scenario, seed=SEED, replicate=0, patient=80)
    with pytest.raises(UsageError, match="replicates are numbered"):
        story(scenario, seed=SEED, replicate=-1, patient=0)


def test_the_command_tells_the_first_patient_by_default(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["story", str(TO_COPY)]) == 0
    text = capsys.readouterr().out
    assert "Patient 0 of replicate 0" in text
    assert "Randomised to" in text
