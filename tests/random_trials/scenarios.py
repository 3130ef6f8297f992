"""Whole scenarios by chance: the published trial changed in a few fields, and small new ones.

Both hold corners on purpose: everything on one day, five arrivals or events a day, holds of a day,
events of 200 days, onsets on days of doses, withdrawals on days of scans, scans every day, cuts
before anybody has come. What a scenario may not say is not drawn, or hardly ever.
"""

from __future__ import annotations

from functools import partial

from hypothesis import note, reject
from hypothesis import strategies as st

from random_trials.arms import randomised_trials
from random_trials.changes import changes_of_the_published_trial
from random_trials.enrolments import ORIGIN, date, enrolments
from random_trials.regimens import Size, sizes, toxicities, treatments, unique
from random_trials.times import (
    Changes,
    days,
    everybodys_times,
    mostly,
    probability,
    slow_times,
)
from simulate.errors import ScenarioError
from simulate.scenario.scenario import Scenario

MOST_SCANS = 4000
"""Patients times scans: keeps the slowest scenario quick."""


def random_changes() -> st.SearchStrategy[Changes]:
    """Fields of the published trial and what they become: a new trial, or the same one changed."""
    return mostly(new_trials(), changes_of_the_published_trial())


def random_scenarios(published: Scenario) -> st.SearchStrategy[Scenario]:
    """Valid scenarios by chance.

    Parameters
    ----------
    published : Scenario
        The scenario of ``scenarios/kn026_phase2.yaml``, read once: new ones replace its blocks.
    """
    return random_changes().map(partial(_valid, published))


def random_randomised_scenarios(published: Scenario) -> st.SearchStrategy[Scenario]:
    """The same with arms."""
    return randomised_trials().map(partial(_valid, published))


def _valid(published: Scenario, changes: Changes) -> Scenario:
    note(f"the published trial with {changes!r}")
    try:
        return changed(published, changes)
    except ScenarioError:
        reject()


def changed(published: Scenario, changes: Changes) -> Scenario:
    """The published trial with some fields changed, by itself: no facts, no what-ifs."""
    return published.with_overrides(changes | {"facts": None, "sweep": []})


# ---- a new trial --------------------------------------------------------------------------------


def new_trials() -> st.SearchStrategy[Changes]:
    """Every block drawn anew."""
    return sizes().flatmap(new_trial)


@st.composite
def new_trial(draw: st.DrawFn, size: Size) -> Changes:
    """The same for a trial of a size."""
    variables = draw(baselines())
    names = [variable["name"] for variable in variables]
    toxicity = draw(toxicities(size))
    # rules and causes may name the events of a trial that is then run without any
    terms = [term["name"] for term in toxicity["terms"]] if toxicity else ["none_is_simulated"]
    treatment = draw(treatments(size, terms, "height" in names))
    return {
        "origin": ORIGIN,
        "sample_size": size.patients,
        "enrolment": draw(enrolments(size.last_cut)),
        "baseline": {"variables": variables},
        "disease": draw(diseases(names, [drug["name"] for drug in treatment["drugs"]])),
        "treatment": treatment,
        "toxicity": toxicity,
        "assessment": draw(assessments(size)),
        "follow_up": draw(follow_ups(terms)),
        "analyses": draw(analyses(size.last_cut)),
        "endpoints": draw(endpoints(names)),
        "design": {},
    }


@st.composite
def baselines(draw: st.DrawFn) -> list[Changes]:
    """None to five variables, in this order: the second looks at the first."""
    weight = st.sampled_from([0, 1, 3])
    number = {"kind": "normal", "sd": draw(st.sampled_from([0.5, 9]))}
    variables: list[Changes] = [
        {"name": "stage", "levels": {"II": 1, "III": draw(weight), "IV": draw(weight)}},
        {
            "name": "visceral",
            "cases": [
                {"when": {"stage": ["II", "III"]}, "levels": {"no": 1}},
                {"levels": {"yes": 1, "no": draw(weight)}},
            ],
        },
        {"name": "age", "mean": 52, "low": 30, "high": 67, **number},
        {"name": "weight", "mean": 60, "low": 59.5, "high": 62, **number},
        {"name": "height", "mean": 160, "low": 140, "high": 180, **number},
    ]
    chosen = variables[: draw(st.integers(0, 5))]
    ids = draw(unique(st.integers(1, 30), len(chosen)))
    return [{"id": i, **variable} for i, variable in zip(ids, chosen, strict=True)]


@st.composite
def diseases(draw: st.DrawFn, variables: list[str], drugs: list[str]) -> Changes:
    """Times of every family; hazard ratios of patients, non-responders and lost doses."""
    ratio = st.sampled_from([0.01, 0.7, 1, 3, 1000])
    levels = {"stage": ["II", "III", "IV"], "visceral": ["no", "yes"]}
    known = [(name, level) for name in variables for level in levels.get(name, [])]
    carriers = draw(st.lists(st.sampled_from(known), unique=True, max_size=3)) if known else []
    effects = ("progression", "death", "death_after_progression")
    intensity = st.fixed_dictionaries(
        {
            "drug": st.sampled_from(drugs),
            "hazard_ratio_per_10_percent": st.sampled_from([0.5, 1, 1.3, 50]),
        }
    )
    by_response = st.fixed_dictionaries({"responders": slow_times, "non_responders": slow_times})
    return {
        "response": {
            "probability": draw(probability),
            "time": draw(everybodys_times),
            "visible_before": draw(days(0, 7, 100)),
            "complete": draw(probability),
        },
        "progression": draw(mostly(by_response, st.fixed_dictionaries({"everyone": slow_times}))),
        "death_without_progression": draw(slow_times),
        "death_after_progression": draw(slow_times),
        "non_responder_death_hazard_ratio": draw(ratio),
        "dose_intensity": draw(mostly(st.none(), intensity)),
        "prognostic_factors": [
            {"variable": name, "level": level} | {effect: draw(ratio) for effect in effects}
            for name, level in carriers
        ],
    }


@st.composite
def assessments(draw: st.DrawFn, size: Size) -> Changes:
    """Calendars of one to three rows; scans every day only in a small or short trial."""
    intervals = [
        every
        for every in (1, 2, 7, 21, 42, 84)
        if size.patients * (size.last_cut + 40) <= MOST_SCANS * every
    ]
    calendar, shortest, until = [], 84, 0
    for _ in range(draw(st.integers(1, 3))):
        every = draw(st.sampled_from(intervals))
        until += every * draw(st.integers(1, 4))
        calendar.append({"every": f"{every} days", "until": f"{until} days"})
        shortest = min(shortest, every)
    del calendar[-1]["until"]
    widest = (shortest - 1) // 2
    window = draw(st.sampled_from([0, min(1, widest), widest]))
    clinical = st.fixed_dictionaries(
        {
            "probability": st.sampled_from([0, 0.5, 1]),
            "delay": st.sampled_from([["0 days", "0 days"], ["1 day", "14 days"]]),
        }
    )
    return {
        "schedule": draw(mostly(st.just("calendar"), st.just("continuous"))),
        "baseline_window": draw(days(0, 21)),
        "calendar": calendar,
        "anchor": draw(st.sampled_from(["first_dose", "cycles"])),
        "window": f"{window} days",
        "jitter_sd": draw(days(0, 0.4, 3, 100)) if window else "0 days",
        "missed": draw(st.sampled_from([0, 0.1, 0.97])),
        "end_at_call": draw(mostly(st.just(True), st.just(False))),
        "clinical_progression": draw(mostly(clinical, st.none())),
        "confirmation": draw(days(0, 28)),
        "stable_disease": draw(days(0, 35)),
        "clinical_benefit": draw(days(0, 161)),
    }


@st.composite
def follow_ups(draw: st.DrawFn, terms: list[str]) -> Changes:
    """Withdrawals at any time, early stops, and the adverse events that cause them."""
    named = st.sampled_from(terms)
    early = st.fixed_dictionaries(
        {
            "probability": probability,
            "days": st.sampled_from([["0 days", "0 days"], ["1 day", "20 days"]]),
            "adverse_event": st.none() | named,
        }
    )
    cause = st.fixed_dictionaries({"term": named, "probability": probability})
    return {
        "withdrawal": draw(mostly(st.none(), slow_times)),
        "early_stop": draw(st.none() | early),
        "withdrawal_adverse_event": draw(st.none() | cause),
        "lost_at_withdrawal": draw(probability),
        "death_window": draw(days(0, 30, 400)),
        "last_contact_lag": draw(st.none() | everybodys_times),
    }


@st.composite
def analyses(draw: st.DrawFn, last_cut: int) -> list[Changes]:
    """The last cut, and up to two earlier ones, in any order."""
    earlier = st.sampled_from([day for day in (6, 40, 90, 250) if day < last_cut] or [last_cut])
    cuts = [last_cut, *draw(st.lists(earlier, unique=True, max_size=2))]
    return [
        {"id": i, "name": f"look_{i}", "cut": {"date": date(day)}}
        for i, day in enumerate(draw(st.permutations(cuts)), start=1)
    ]


@st.composite
def endpoints(draw: st.DrawFn, variables: list[str]) -> Changes:
    """Landmarks, the start of the clock, subgroups."""
    subgroups = [
        {"name": "Stage", "variable": "stage"},
        {"name": "Late", "variable": "stage", "groups": {"late": ["III", "IV"]}},
        {"name": "Visceral", "variable": "visceral"},
    ]
    return {
        "confidence": draw(st.sampled_from([0.5, 0.95])),
        "landmarks": draw(st.sampled_from([[], ["1 day"], ["6 months", "12 months"]])),
        "time_zero": draw(st.sampled_from(["first_dose", "randomisation"])),
        "subgroups": [s for s in subgroups if s["variable"] in variables and draw(st.booleans())],
    }
