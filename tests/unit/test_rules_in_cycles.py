"""Patients in cycles under rule sets, with readers who err and therapy that follows."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from arms_example import randomised
from naive_rules import Rules, planned_days, rows_of, told
from test_central_review import (
    MANY_LEAVE,
    SEED,
    naive_call,
    naive_calls,
    records_of,
    scans_of,
    values_of,
)

from simulate.choose_engine import BATCH, REFERENCE
from simulate.cutoff import cut
from simulate.distributions import NEVER
from simulate.patient.assessment import PROGRESSIVE_DISEASE
from simulate.randomised.seen_trials import TrialMaker
from simulate.records import TrialRecords
from simulate.scenario.scenario import Scenario
from simulate.streams import Purpose, word

READERS: list[dict[str, Any]] = [
    {
        **{"id": 3, "name": "investigator", "missed": 0.4, "early": 0.03},
        "by_arm": {"control": {"missed": 0.1, "early": 0.1}},
    },
    {"id": 2, "name": "central", "missed": 0.4, "early": 0.03},
]
NEW_THERAPY: dict[str, Any] = {
    "time": {"kind": "uniform", "low": "0 days", "high": "100 days"},
    "by_arm": {"control": {"kind": "uniform", "low": "10 days", "high": "300 days"}},
    "after_progression": {"probability": 0.6, "delay": "9 days"},
}
SWITCHING: list[dict[str, Any]] = [
    {"arm": "control", "probability": 0.7, "delay": "90 days", "hazard_ratio": 0.3},
    {"arm": "kn026", "probability": 0.5, "hazard_ratio": 4},
]
RULE_SETS: list[dict[str, Any]] = [
    {"name": "one_missed", "missed_visits": 1},
    {"name": "therapy", "new_therapy": "censor"},
    {"name": "window", "death_window": "84 days"},
]
BY_RULES = {
    "fda": Rules(2, True),
    "ema": Rules(),
    "one_missed": Rules(1),
    "therapy": Rules(None, True),
    "window": Rules(None, False, 84),
}
NAMED = [
    *(
        {"name": f"{name}_{reader[:3]}", "of": "PFS", "reader": reader, "rules": name}
        for reader in ("investigator", "central")
        for name in BY_RULES
    ),
    {"name": "DOC", "of": "PFS"},
    {"name": "PFS", "of": "PFS", "reader": "central"},
    {"name": "LATENT", "of": "PFS", "reader": "latent"},
    {"name": "OS", "of": "OS"},
]
ENDPOINTS = [{"id": i, **each} for i, each in enumerate(NAMED, start=1)]
PLACE = {str(each["name"]): i for i, each in enumerate(NAMED)}
MANY_EVENTS: dict[str, Any] = {
    **MANY_LEAVE,
    "follow_up.withdrawal": {"kind": "exponential", "mean": "600 days"},
    "disease.response.probability": 0.5,
    "assessment.missed": 0.35,
    "assessment.window": "7 days",
    "assessment.jitter_sd": "3 days",
    "treatment.drugs.KN026.planned_cycles": {"kind": "fixed", "value": 4},
    "treatment.drugs.docetaxel.planned_cycles": {"kind": "fixed", "value": 5},
    "assessment.clinical_progression": {"probability": 0.8, "delay": ["1 day", "30 days"]},
}
MOVED: dict[str, Any] = {"assessment.anchor": "cycles"}


def read_trial(scenario: Scenario, *more: dict[str, Any], **changes: Any) -> Scenario:
    """A trial of many events of every kind."""
    base = scenario.with_overrides(
        {key: v for each in (MANY_EVENTS, *more) for key, v in each.items()}
    )
    return randomised(
        base,
        **{
            "readers": READERS,
            "new_therapy": NEW_THERAPY,
            "switching": SWITCHING,
            "rule_sets": RULE_SETS,
            "endpoints.named": ENDPOINTS,
            "sample_size": 130,
        }
        | changes,
    )


@pytest.fixture(scope="module", params=["scans from the first dose", "scans with the cycles"])
def trial(request: pytest.FixtureRequest, scenario: Scenario) -> Scenario:
    """With scans that move with the cycles, and new therapy on the day of the call; or without."""
    if "cycles" not in request.param:
        return read_trial(scenario)
    after = {"probability": 0.6, "delay": "0 days"}
    return read_trial(scenario, MOVED, new_therapy=NEW_THERAPY | {"after_progression": after})


def u(patient: int, replicate: int, purpose: Purpose, index: int) -> float:
    drawn = word(SEED, patient, replicate, purpose, index)
    return float(Fraction(2 * drawn + 1, 2**33))


def arm_names(trial: Scenario, records: TrialRecords) -> list[str]:
    names = {arm.id: arm.name for arm in trial.arms}
    return [names[int(number)] for number in records.subjects["arm"]]


# ---- the investigator ---------------------------------------------------------------------------


def test_treatment_and_scans_end_where_the_investigator_calls(trial: Scenario) -> None:
    records, kinds = records_of(trial, 1), Counter[str]()
    errors = trial.readers[0]
    for patient, arm in enumerate(arm_names(trial, records)):
        scans = scans_of(records, patient)
        words = [u(patient, 1, Purpose.READING, 2 * errors.id - i) for i in (2, 1)]
        call = naive_call(scans, *words, errors.of_arm(arm))
        mine = records.assessments["patient"] == patient
        shows = mine & (records.assessments["response"] == PROGRESSIVE_DISEASE)
        documented = records.assessments["day"][shows].tolist()
        assert documented == ([] if call == NEVER else [call])
        subject = {name: int(column[patient]) for name, column in records.subjects.items()}
        if call == NEVER:
            kinds["overlooked for good"] += bool(scans and scans[-1].shows)
            continue
        assert subject["assessment_stop_day"] == call
        assert subject["treatment_stop_day"] <= call
        assert scans[-1].day == call == records.assessments["day"][mine][-1]
        doses = records.doses["day"][records.doses["patient"] == patient]
        assert (doses < call).all()
        kinds["early"] += call < subject["progression_day"]
        kinds["late"] += sum(scan.shows for scan in scans) > 1
        kinds["in time"] += scans[-1].shows and sum(scan.shows for scan in scans) == 1
    assert min(kinds[kind] for kind in ("early", "late", "in time")) > 3, kinds


def test_who_never_errs_makes_the_trial_that_nobody_reads(scenario: Scenario) -> None:
    """A number's draws stay what they are when readers, rules and later therapy are added."""
    perfect = [{"id": 3, "name": "investigator", "missed": 0, "early": 0}, READERS[1]]
    read = read_trial(scenario, readers=perfect, switching=[])
    nobody = read_trial(
        scenario,
        readers=[],
        switching=[],
        new_therapy=None,
        rule_sets=[],
        **{"endpoints.named": []},
    )

    one, other = records_of(read, 0), records_of(nobody, 0)
    for name in ("subjects", "assessments", "doses", "adverse_events"):
        for column, values in getattr(one, name).items():
            np.testing.assert_array_equal(values, getattr(other, name)[column], f"{name}.{column}")


def test_errors_of_the_investigator_leave_the_disease_alone(scenario: Scenario) -> None:
    erring = records_of(read_trial(scenario, switching=[]), 0).subjects
    never = records_of(read_trial(scenario, switching=[], readers=READERS[1:]), 0).subjects

    for name in ("responder", "response_day", "progression_day", "death_day", "contact_lag"):
        np.testing.assert_array_equal(erring[name], never[name], name)
    assert (erring["assessment_stop_day"] != never["assessment_stop_day"]).sum() > 20


# ---- later therapy ------------------------------------------------------------------------------


def naive_therapy(trial: Scenario, records: TrialRecords, replicate: int) -> list[int]:
    """Day on which each patient begins new therapy."""
    low_high = {"kn026": (0, 100), "control": (10, 300)}
    assert trial.new_therapy is not None
    assert trial.new_therapy.after_progression is not None
    delay = int(trial.new_therapy.after_progression.delay)
    calls, found = naive_calls(trial, records, replicate)[0], []
    for patient, arm in enumerate(arm_names(trial, records)):
        death, stop = (
            int(records.subjects[name][patient]) for name in ("death_day", "treatment_stop_day")
        )
        low, high = low_high[arm]
        alone = stop + math.ceil(low + (high - low) * u(patient, replicate, Purpose.NEW_THERAPY, 0))
        call, day = calls[patient], NEVER
        if stop < NEVER and alone < call:
            day = alone
        elif call < NEVER and u(patient, replicate, Purpose.NEW_THERAPY, 1) < 0.6:
            day = call + delay
        found.append(day if day < death else NEVER)
    return found


def test_new_therapy_begins_as_naively(trial: Scenario) -> None:
    found = TrialMaker(trial, SEED).make(1).subjects["new_therapy_day"]
    expected = naive_therapy(trial, records_of(trial, 1), 1)

    assert found.fillna(NEVER).tolist() == expected
    assert 10 < sum(day < NEVER for day in expected) < 120


def test_a_change_of_treatment_moves_death_as_its_hazard_says(scenario: Scenario) -> None:
    """With constant hazards after progression the day of death has a closed form."""
    mean = 300.0
    flat: dict[str, Any] = {
        "disease.death_after_progression": {"kind": "exponential", "mean": f"{mean:g} days"},
        "disease.non_responder_death_hazard_ratio": 1,
        "disease.death_without_progression": {"kind": "exponential", "mean": "3000 days"},
        "disease.prognostic_factors": [],
        "assessment.missed": 0,
        "follow_up.withdrawal": None,
    }
    changes = {"disease.response.probability": 0.5, "assessment.calendar": [{"every": "3 weeks"}]}
    arms = [
        {"id": 3, "name": "kn026", "allocation": 2},
        {"id": 8, "name": "control", "set": changes},
    ]
    with_, without = (
        read_trial(scenario, flat, arms=arms, switching=s, sample_size=150) for s in (SWITCHING, [])
    )
    records, before = records_of(with_, 0), records_of(without, 0).subjects
    shown = TrialMaker(with_, SEED).make(0).subjects["switch_day"].fillna(NEVER).tolist()
    calls = naive_calls(with_, records, 0)[0]
    ways = {"control": (0.7, 90, 0.3), "kn026": (0.5, 0, 4.0)}
    kinds = Counter[str]()
    for patient, arm in enumerate(arm_names(with_, records)):
        probability, delay, ratio = ways[arm]
        old, progression = (int(before[name][patient]) for name in ("death_day", "progression_day"))
        switch = calls[patient] + delay
        switches = (
            calls[patient] < NEVER
            and u(patient, 0, Purpose.SWITCH, 0) < probability
            and switch < old
        )
        assert shown[patient] == (switch if switches else NEVER)
        new = int(records.subjects["death_day"][patient])
        if not switches or progression == NEVER:
            assert new == old
            continue
        exponential = -math.log1p(-u(patient, 0, Purpose.DEATH_AFTER_PROGRESSION, 0))
        since = max(switch - progression, 0)
        after = since + (mean * exponential - since) / ratio
        alone = -3000 * math.log1p(-u(patient, 0, Purpose.DEATH_WITHOUT_PROGRESSION, 0))
        expected = min(progression + math.ceil(after), math.ceil(alone))
        assert new == (expected if expected < progression + 7305 else new)
        kinds["later" if new > old else "sooner"] += new != old
        kinds["early call"] += switch < progression
    assert min(kinds[kind] for kind in ("later", "sooner", "early call")) > 2, kinds


# ---- rule sets ----------------------------------------------------------------------------------


def test_looks_see_what_rules_say_of_the_tables_of_patients(trial: Scenario) -> None:
    assert_told_as_naively(trial)


def test_the_same_where_scans_go_on_after_the_call(scenario: Scenario) -> None:
    """Others may then call progression later than the investigator, and their PFS goes on."""
    trial = read_trial(scenario, {"assessment.end_at_call": False})
    records = records_of(trial, 1)
    mine, theirs = (np.array(calls) for calls in naive_calls(trial, records, 1))
    subjects = records.subjects
    treated = subjects["treatment_stop_day"]

    assert ((mine < theirs) & (theirs < NEVER)).sum() > 5
    assert (treated <= mine).all()
    called = mine < np.minimum(subjects["study_withdrawal_day"], subjects["assessment_stop_day"])
    assert (subjects["assessment_stop_day"][called] > mine[called]).sum() > 10
    doses = records.doses
    assert (doses["day"] < mine[doses["patient"]]).all()
    after = records.assessments["day"] >= mine[records.assessments["patient"]]
    done = records.assessments["performed"] == 1
    assert (records.assessments["response"][after & done] == PROGRESSIVE_DISEASE).all()
    assert_told_as_naively(trial)


def assert_told_as_naively(trial: Scenario) -> None:
    seen, records = TrialMaker(trial, SEED).make(1), records_of(trial, 1)
    calls = dict(zip(("investigator", "central"), naive_calls(trial, records, 1), strict=True))
    therapy, names = naive_therapy(trial, records, 1), arm_names(trial, records)
    own = {arm.name: t for arm, t in zip(trial.arms, trial.arm_trials, strict=True)}
    planned = {arm: planned_days(t.assessment, 2000) for arm, t in own.items()}
    first_dose, enrolled = records.subjects["first_dose_trial_day"], seen.enrolled
    censored = Counter[str]()
    for today in (200, 420, 700, 1100):
        deaths = cut(records, today).subjects
        known = dict(zip(deaths["patient"].tolist(), deaths["death_day"].tolist(), strict=True))
        n = int((enrolled <= today).sum())
        samples = {name: seen.sample(i, today, n) for name, i in PLACE.items()}
        for patient in range(n):
            arm = names[patient]
            for reader, by_patient in calls.items():
                shared: dict[str, Any] = {
                    "rows": rows_of(records.assessments, patient),
                    "planned": planned[arm],
                    "window": own[arm].assessment.window,
                    "call": by_patient[patient],
                    "death": known[patient],
                    "therapy": therapy[patient],
                    "today": today - int(first_dose[patient]),
                }
                ema = told(BY_RULES["ema"], **shared)
                for name, rules in BY_RULES.items():
                    days, events = samples[f"{name}_{reader[:3]}"]
                    expected = told(rules, **shared)
                    assert (days[patient], events[patient]) == expected, (name, reader, patient)
                    censored[name] += expected != ema
        for name, i in PLACE.items():
            is_known = seen.event_days(i)[:n] <= today - enrolled[:n]
            np.testing.assert_array_equal(is_known, samples[name][1] == 1, name)
    assert min(censored[name] for name in BY_RULES if name != "ema") > 5, censored


def test_what_is_latent_is_known_on_its_day(trial: Scenario) -> None:
    seen, records = TrialMaker(trial, SEED).make(1), records_of(trial, 1)
    today, n_early = 700, 0
    n = int((seen.enrolled <= today).sum())
    days, events = seen.sample(PLACE["LATENT"], today, n)
    os_days, os_events = seen.sample(PLACE["OS"], today, n)
    for patient in range(n):
        progression, left, first = (
            int(records.subjects[name][patient])
            for name in ("progression_day", "study_withdrawal_day", "first_dose_trial_day")
        )
        if progression <= min(today - first, left):
            assert (days[patient], events[patient]) == (progression, 1)
            n_early += progression < os_days[patient]
        else:
            assert (days[patient], events[patient]) == (os_days[patient], os_events[patient])
    assert n_early > 10


def test_endpoints_without_rules_are_the_usual_ones(scenario: Scenario) -> None:
    named, usual = read_trial(scenario), read_trial(scenario, **{"endpoints.named": []})
    assert usual.endpoint_names == ("PFS", "OS", "PFS_central")
    one, other = (TrialMaker(t, SEED).make(0) for t in (named, usual))

    for name, place in (("DOC", 0), ("OS", 1), ("PFS", 2)):
        for today in (300, 800):
            n = int((one.enrolled <= today).sum())
            for mine, theirs in zip(
                one.sample(PLACE[name], today, n), other.sample(place, today, n), strict=True
            ):
                np.testing.assert_array_equal(mine, theirs)


# ---- looks --------------------------------------------------------------------------------------

LOOKS: list[dict[str, Any]] = [
    {"id": 1, "name": "interim", "cut": {"events": {"endpoint": "fda_cen", "count": 10}}},
    {
        **{"id": 2, "name": "final"},
        "cut": {"events": {"endpoint": "ema_inv", "count": 40, "adjudication_lag": "9 days"}},
    },
]
HYPOTHESES = [
    {
        **{"id": i, "name": endpoint.lower(), "endpoint": endpoint, "information": 60},
        **{"experimental": "kn026", "control": "control"},
    }
    for i, endpoint in enumerate(("fda_cen", "ema_cen"), start=1)
]


def test_compiled_looks_tell_the_same(trial: Scenario) -> None:
    looked = trial.with_overrides({"analyses": LOOKS, "hypotheses": HYPOTHESES})
    ours, theirs = (values_of(looked, engine, 3) for engine in (REFERENCE, BATCH))

    n_switched = 0.0
    for look, found in ours.items():
        for name, column in found.items():
            np.testing.assert_array_equal(column, theirs[look][name], f"{look}: {name}")
        n_switched += np.nansum(found["switched.control"])
    assert n_switched > 0
    assert np.isfinite(ours["interim"]["fda_cen.z"]).any()


def test_who_has_changed_treatment_is_counted(trial: Scenario) -> None:
    looked = trial.with_overrides({"analyses": LOOKS})
    found = values_of(looked, REFERENCE, 1)["final"]
    subjects = TrialMaker(looked, SEED).make(0).subjects
    first_dose = records_of(looked, 0).subjects["first_dose_trial_day"]
    known = np.minimum(
        found["cut_day"][0] - first_dose, subjects["study_withdrawal_day"].fillna(NEVER)
    )
    has = subjects["switch_day"].fillna(NEVER) <= known
    for arm in ("kn026", "control"):
        assert found[f"switched.{arm}"][0] == (has & (subjects["arm"] == arm)).sum() > 0


def test_agreement_with_an_erring_investigator_has_its_formula(scenario: Scenario) -> None:
    """Given the scans done, whether and where central review has called before the investigator."""
    missed, early, n = 0.4, 0.03, 3
    trial = read_trial(scenario, sample_size=90, analyses=LOOKS[1:], switching=[])
    found = values_of(trial, REFERENCE, n)["final"]
    counted, mean, variance = np.zeros(4), np.zeros(4), np.zeros(4)
    counts = ("both_same", "first_later", "only_first", "only_second")
    for row in range(n):
        counted += [
            sum(
                found[f"concordance.investigator.central.{c}.{arm.name}"][row] for arm in trial.arms
            )
            for c in counts
        ]
        assert all(
            found[f"concordance.investigator.central.first_earlier.{a.name}"][row] == 0
            for a in trial.arms
        ), "there are no scans after his call"
        records, cut_day = records_of(trial, row), int(found["cut_day"][row])
        for patient in range(records.n_patients):
            today = cut_day - int(records.subjects["first_dose_trial_day"][patient])
            scans = [scan for scan in scans_of(records, patient) if scan.day <= today]
            has_call = records.subjects["assessment_stop_day"][patient] in [s.day for s in scans]
            called = has_call and any(
                (records.assessments["patient"] == patient)
                & (records.assessments["response"] == PROGRESSIVE_DISEASE)
            )
            silent = [missed if scan.shows else 1 - early for scan in scans]
            before = math.prod(silent[:-1]) if called else math.prod(silent)
            p = np.array(
                [before * (1 - silent[-1]), 1 - before, before * silent[-1], 0]
                if called
                else [0, 0, 0, 1 - before]
            )
            mean += p
            variance += p * (1 - p)
    assert (np.abs(counted - mean) <= 4 * np.sqrt(variance)).all(), (counted, mean)
    assert mean.min() > 3, mean
