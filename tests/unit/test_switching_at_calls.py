"""Patients who change treatment at the call of the treating reader, against a naive version."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from naive_review import Patient, Reading, Rules
from test_review import BASE, ERRORS, READERS, TO_COPY

from simulate.build_survival_plan import scan_days
from simulate.randomised.nulls import true_nulls
from simulate.randomised.seen_trials import TrialMaker
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.streams import Purpose, word
from simulate.survival_truth import survival_truth

SEED, REPLICATE = 11, 3
PROGRESSION, ALONE, AFTER = 0.004, 0.001, 0.003
PROBABILITY, DELAY, RATIOS = 0.7, 30, {"control": 0.25, "experimental": 4.0}
CALENDAR = [{"every": "6 weeks", "until": "48 weeks"}, {"every": "12 weeks"}]
MODEL: dict[str, Any] = {
    "kind": "illness_death",
    "progression": {"kind": "exponential", "rate": f"{PROGRESSION} per day"},
    "death_without_progression": {"kind": "exponential", "rate": f"{ALONE} per day"},
    "death_after_progression": {"kind": "exponential", "rate": f"{AFTER} per day"},
    "dropout": {"kind": "exponential", "rate": "0.15 per year"},
    "observation": "scans",
    "calendar": CALENDAR,
    "readers": READERS,
    "treating_reader": "investigator",
    "visits": {"missed": 0.1},
    "switching": [
        {"arm": arm, "probability": PROBABILITY, "delay": f"{DELAY} days", "hazard_ratio": ratio}
        for arm, ratio in RATIOS.items()
    ],
}
ENDPOINTS = [
    {"id": 1, "name": "CENTRAL_FDA", "of": "PFS", "reader": "central", "rules": "fda"},
    {"id": 2, "name": "LOCAL", "of": "PFS", "reader": "investigator", "rules": "ema"},
    {"id": 3, "name": "CENTRAL_EMA", "of": "PFS", "reader": "central", "rules": "ema"},
    {"id": 4, "name": "OS", "of": "OS"},
]
SEEN = [(5, Rules(2, censors_therapy=True)), (3, Rules()), (5, Rules())]


def scenario_of(**changes: Any) -> SurvivalScenario:
    own = BASE | {"survival": MODEL, "endpoints": ENDPOINTS, "rule_sets": [], "sample_size": 300}
    return SurvivalScenario.from_file(TO_COPY).with_overrides(own | changes)


@dataclass
class Switching(Reading):
    """A reading in which the change of treatment is new therapy."""

    ratio: float = 1.0

    def exponential(self, patient: int, index: int) -> float:
        return -math.log1p(-self.u(patient, Purpose.SURVIVAL, index))

    def course(self, number: int, scans: list[int], dropout: int | None) -> Patient:
        """The patient without a change of treatment, and then with one."""
        times = [self.exponential(number, i) for i in range(3)]
        progression, alone = math.ceil(times[0] / PROGRESSION), math.ceil(times[1] / ALONE)
        after = math.ceil(times[2] / AFTER)
        comes = progression < alone
        as_is = Patient(number, progression if comes else None,
                        progression + after if comes else alone, dropout, scans)  # fmt: skip
        self.switched = self.switch(as_is)
        if self.switched is None:
            return as_is
        if progression > self.switched:
            alone = self.switched + self.stretched(times[1] / ALONE - self.switched)
        since = max(self.switched - progression, 0)
        after = since + self.stretched(times[2] / AFTER - since)
        comes = progression < alone
        return Patient(number, progression if comes else None,
                       progression + after if comes else alone, dropout, scans)  # fmt: skip

    def stretched(self, days: float) -> int:
        return math.ceil(days / self.ratio)

    def switch(self, patient: Patient) -> int | None:
        call = self.end(patient)
        if call is None or self.u(patient.number, Purpose.SWITCH, 0) >= PROBABILITY:
            return None
        assert patient.death is not None
        return call + DELAY if call + DELAY < patient.death else None

    def therapy(self, patient: Patient) -> int | None:
        return self.switched


def test_patients_change_treatment_at_the_call_and_die_as_they_then_do() -> None:
    scenario = scenario_of()
    made, last = TrialMaker(scenario, SEED).make(REPLICATE), 1217
    n_switched = n_false = n_fda = 0
    cut = 1100
    samples = [made.sample(endpoint, cut, len(made.enrolled)) for endpoint in range(4)]
    for i, row in enumerate(made.subjects.to_dict("records")):
        arm = row["arm"]
        reading = Switching(SEED, REPLICATE, ERRORS[arm], treating=3, missed_visit=0.1,
                            ratio=RATIOS[arm])  # fmt: skip
        scans = scan_days(scenario, last, arm).tolist()
        patient = reading.course(i, scans, known(row["dropout_day"]))
        assert known(row["switch_day"]) == reading.switched, i
        assert known(row["new_therapy_day"]) == reading.switched, i
        for name in ("progression", "death"):
            day, found = getattr(patient, name), known(row[f"{name}_day"])
            if day is not None and day <= last:
                assert found == day, (i, name)
            else:  # what comes after the trial need not be known
                assert found is None or found == day, (i, name)
        until = cut - row["enrolment_trial_day"]
        for (reader, rules), (days, events) in zip(SEEN, samples, strict=False):
            assert (days[i], events[i]) == reading.told(patient, reader, rules, until), i
        n_fda += samples[0][1][i] < samples[2][1][i]
        if reading.switched is not None:
            n_switched += 1
            n_false += patient.progression is None or patient.progression > reading.switched
    assert n_switched > 80
    assert n_false > 10, "calls before progression are wanted, too"
    assert n_fda > 5, "changes of treatment that censor are wanted"


def known(day: Any) -> int | None:
    return None if day is None or day != day else int(day)


def test_who_dies_sooner_by_a_change_of_treatment_has_no_response_after_death() -> None:
    """After a call that came too early, before it is known who has responded."""
    harmful = [{**each, "hazard_ratio": 50} for each in MODEL["switching"]]
    response = {"rate": 0.3, "evaluable_after": "200 days"}
    errors = [{**READERS[0], "early": 0.2, "by_arm": {}}, READERS[1]]
    model = MODEL | {"switching": harmful, "response": response, "readers": errors}
    ends = [{"id": 5, "name": "ORR", "of": "ORR"}]
    made = TrialMaker(
        scenario_of(survival=model, endpoints=[*ENDPOINTS, *ends], sample_size=2000), SEED
    ).make(REPLICATE)

    table = made.subjects
    soonest = table[["progression_day", "death_day"]].min(axis=1)
    responds = table["response_day"].notna()
    assert responds.sum() > 100
    assert not (soonest <= table["response_day"])[responds].any()


def test_a_change_of_treatment_needs_nobody_to_look_at_progression() -> None:
    """Where only deaths are counted, they are those of the same patients."""
    only = [{"id": 4, "name": "OS", "of": "OS"}]
    looks = [{"id": 1, "name": "only", "cut": {"events": {"endpoint": "OS", "count": 40}}}]
    some = TrialMaker(scenario_of(endpoints=only, analyses=looks), SEED).make(REPLICATE)
    every = TrialMaker(scenario_of(), SEED).make(REPLICATE)
    for name in ("switch_day", "death_day"):
        assert some.subjects[name].equals(every.subjects[name])


def test_without_a_treating_reader_it_follows_progression_and_is_no_new_therapy() -> None:
    model = {key: value for key, value in MODEL.items() if key != "treating_reader"}
    rules = [{"name": "missed", "missed_visits": 2}]
    made = TrialMaker(scenario_of(survival=model, rule_sets=rules), SEED).make(REPLICATE)
    changed = made.subjects[made.subjects["switch_day"].notna()]
    assert len(changed) > 80
    assert (changed["switch_day"] - changed["progression_day"] == DELAY).all()
    assert "new_therapy_day" not in made.subjects


@pytest.mark.parametrize("arm", [0, 1])
def test_true_survival_is_that_of_patients_who_change_at_the_next_scan(arm: int) -> None:
    """As if the reader never erred: that is what theory takes for granted."""
    truth = survival_truth(scenario_of())[arm].os
    assert truth is not None
    rng, n, ratio = np.random.default_rng(5), 400_000, list(RATIOS.values())[arm]
    progression = np.ceil(rng.exponential(1 / PROGRESSION, n))
    alone = np.ceil(rng.exponential(1 / ALONE, n))
    after = rng.exponential(1 / AFTER, n)
    scans = np.array([*range(42, 337, 42), *range(420, 20_000, 84)])
    gap = scans[np.searchsorted(scans, progression)] - progression + DELAY
    changes = (rng.random(n) < PROBABILITY) & (after > gap)
    after = np.where(changes, gap + (after - gap) / ratio, after)
    death = np.where(progression < alone, progression + np.ceil(after), alone)
    for day in (100, 300, 600, 1000):
        share = float((death > day).mean())
        assert abs(share - truth[day]) < 4 * math.sqrt(share * (1 - share) / n)


def test_arms_whose_calls_differ_have_no_survival_in_common() -> None:
    same = [{**each, "hazard_ratio": 0.5} for each in MODEL["switching"]]
    tested = [{"id": 1, "name": "os", "endpoint": "OS", "experimental": "experimental",
               "control": "control", "test": "log_rank", "alpha": 0.025}]  # fmt: skip
    plain = [{"id": 3, "name": "investigator", "missed": 0.1, "early": 0.03}, READERS[1]]
    for readers, nulls in ((READERS, ()), (plain, ("os",))):
        model = MODEL | {"switching": same, "readers": readers}
        assert true_nulls(scenario_of(survival=model, hypotheses=tested)) == nulls


def test_the_words_of_a_change_are_those_of_the_trial() -> None:
    """Who changes treatment is decided by the word at its address, whatever the reader."""
    made = TrialMaker(scenario_of(), SEED).make(REPLICATE).subjects
    for i in np.flatnonzero(made["switch_day"].notna()):
        assert word(SEED, int(i), REPLICATE, Purpose.SWITCH, 0) < PROBABILITY * 2**32
