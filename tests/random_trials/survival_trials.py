"""Randomised survival trials by chance: every model, method and kind of effect, in small trials."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import note, reject
from hypothesis import strategies as st

from random_trials.times import Changes, Strategy, days, everybodys_times, mostly, times
from simulate.build_survival_plan import build_survival_plan
from simulate.errors import ScenarioError, UsageError
from simulate.scenario.survival_scenario import SurvivalScenario

TO_COPY = Path(__file__).parents[2] / "scenarios" / "generic_two_arm.yaml"

VARIABLES = [
    {"id": 3, "name": "sex", "levels": {"f": 2, "m": 1}},
    {
        "id": 9,
        "name": "stage",
        "cases": [
            {"when": {"sex": ["f"]}, "levels": {"II": 1, "III": 3, "IV": 2}},
            {"levels": {"II": 1, "III": 1, "IV": 1}},
        ],
    },
    {"id": 8, "name": "height", "kind": "normal", "mean": 170, "sd": 9, "low": 140, "high": 200},
]
LEVELS = {"sex": ["f", "m"], "stage": ["II", "III", "IV"]}

KEYS = {
    "single": ["event"],
    "illness_death": ["progression", "death_without_progression", "death_after_progression"],
    "copula": ["progression", "death"],
}

rates = st.sampled_from(["0 per day", "0.02 per day", "0.3 per day", "4 per day", "30 per day"])
ratios = st.sampled_from([0.2, 0.8, 1, 3])
slow_times: Strategy = mostly(
    st.fixed_dictionaries({"kind": st.just("exponential"), "mean": days(20, 100, 400)}), times
)


def random_survival_trials() -> st.SearchStrategy[SurvivalScenario]:
    """Valid scenarios by chance."""
    published = SurvivalScenario.from_file(TO_COPY)
    return survival_changes().map(partial(_valid, published))


def _valid(published: SurvivalScenario, changes: Changes) -> SurvivalScenario:
    note(f"{TO_COPY.name} with {changes!r}")
    try:
        trial = published.with_overrides(changes)
        build_survival_plan(trial)
    except (ScenarioError, UsageError):
        reject()  # such as a response rate of more patients than are left
    return trial


@st.composite
def survival_changes(draw: st.DrawFn) -> Changes:
    """Every block that patients depend on, drawn anew."""
    arms = draw(st.integers(1, 4))
    allocation = [draw(st.integers(1, 3)) for _ in range(arms)]
    names = [f"arm_{i}" for i in range(arms)]
    n = draw(st.integers(1, 60) | st.integers(1, 700))
    return {
        "sample_size": n,
        "enrolment": draw(enrolments(n)),
        "baseline": {"variables": VARIABLES},
        "arms": [
            {"id": i + 1, "name": name, "allocation": allocation[i]} for i, name in enumerate(names)
        ],
        "randomisation": draw(randomisations(sum(allocation))),
        "survival": draw(models(names)),
        "max_study_duration": draw(days(1, 50, 300, 1500, 4000)),
        "analyses": [{"id": 1, "name": "only", "cut": {"enrolled": {"count": 1}}}],
        "hypotheses": [],
        "estimates": {},
    }


@st.composite
def enrolments(draw: st.DrawFn, n: int) -> dict[str, Any]:
    """One stream of patients, or regions with and without caps."""
    if draw(st.booleans()):
        return {"accrual": draw(accruals())}
    ids = draw(st.lists(st.integers(1, 40), min_size=1, max_size=4, unique=True))
    caps = st.none() | st.integers(1, n)
    regions = [
        {"id": i, "name": f"r{i}", "accrual": draw(accruals()), "cap": draw(caps)} for i in ids
    ]
    return {"regions": [{k: v for k, v in r.items() if v is not None} for r in regions]}


@st.composite
def accruals(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Up to three rates, one after the other, some of them ramps."""
    starts = [0, *draw(st.sampled_from([[], [1], [20.5, 21], [100, 250]]))]
    rows = [{"from": f"{start:g} days", "rate": draw(rates)} for start in starts]
    for row in rows[:-1]:
        if draw(st.booleans()):
            row["to_rate"] = draw(rates)
    rows[-1]["rate"] = draw(st.sampled_from(["0.3 per day", "4 per day"]))
    return rows


@st.composite
def randomisations(draw: st.DrawFn, ratio: int) -> dict[str, Any]:
    """Every method, with and without strata."""
    strata = draw(st.sampled_from([[], ["sex"], ["stage"], ["stage", "sex"]]))
    method = draw(st.sampled_from(["blocks", "blocks", "simple", "minimisation"]))
    own: dict[str, Any] = {"method": method, "strata": strata, "by_site": draw(st.booleans())}
    if method == "blocks":
        rounds = draw(st.lists(st.integers(1, 60 // ratio), min_size=1, max_size=3))
        own["block_sizes"] = [ratio * number for number in rounds]
    if method == "minimisation":
        factors = draw(st.sampled_from([["sex"], ["stage", "sex"]]))
        own["minimisation"] = {
            "probability": draw(st.sampled_from([0.5, 0.8, 1])),
            "factors": factors,
        }
    return own


@st.composite
def models(draw: st.DrawFn, arms: list[str]) -> dict[str, Any]:
    """Every model, with effects, prognostic factors and dropout."""
    kind = draw(st.sampled_from(sorted(KEYS)))
    keys = KEYS[kind]
    model: dict[str, Any] = {"kind": kind} | {key: draw(slow_times) for key in keys}
    if kind == "single":
        model["endpoint"] = draw(st.sampled_from(["PFS", "OS"]))
    if kind == "copula":
        model["correlation"] = draw(st.sampled_from([-0.9, 0, 0.5, 0.99]))
    if len(arms) > 1:
        model["effects"] = draw(st.lists(effects(arms, keys), max_size=4))
    model["prognostic_factors"] = draw(
        st.lists(factors(keys), max_size=2, unique_by=lambda f: (f["variable"], f["level"]))
    )
    if kind == "illness_death" and draw(st.booleans()):
        model["switching"] = [
            {"arm": arm, "probability": draw(st.sampled_from([0.3, 1])), "delay": draw(days(0, 40)),
             "hazard_ratio": draw(ratios)}
            for arm in draw(st.sampled_from([arms, arms[-1:]]))
        ]  # fmt: skip
    if draw(st.booleans()):
        model["dropout"] = draw(slow_times)
    if draw(st.booleans()):
        model["dropout_by_arm"] = {arms[-1]: draw(slow_times)}
    if draw(st.booleans()):
        model["response"] = draw(responses(arms))
    return model


@st.composite
def responses(draw: st.DrawFn, arms: list[str]) -> dict[str, Any]:
    """Objective response that most patients live to see, of any dependence on progression."""
    rate, ratio = st.sampled_from([0.02, 0.1, 0.3]), st.sampled_from([0.3, 1, 2.5])
    model: dict[str, Any] = {
        "rate": draw(rate),
        "evaluable_after": draw(days(1, 3, 40)),
        "correlation": draw(st.sampled_from([-0.9, 0, 0, 0.4])),
    }
    if len(arms) > 1:
        arm = st.sampled_from(arms)
        found = []
        for stage in draw(st.sampled_from([[None], ["II"], ["II", "III"]])):
            own = {"rate": draw(rate)} if draw(st.booleans()) else {"odds_ratio": draw(ratio)}
            when = {} if stage is None else {"when": {"stage": stage}}
            found.append({"arm": draw(arm), **own, **when})
        model["effects"] = found
    if draw(st.booleans()):
        factor = {"variable": "sex", "level": "f", "odds_ratio": draw(ratio)}
        model["prognostic_factors"] = [factor]
    return model


POPULATIONS: list[dict[str, Any]] = [
    {},
    {"sex": "f"},
    {"stage": ["II", "IV"]},
    {"sex": "m", "stage": ["III"]},
]


@st.composite
def looks(draw: st.DrawFn, changes: Changes) -> Changes:
    """Looks and hypotheses on times, response and subpopulations, for a trial of two arms or more.

    The hypotheses share alpha as often as not.
    """
    n, model = min(changes["sample_size"], 80), changes["survival"]
    names = [arm["name"] for arm in changes["arms"]]
    endpoints = [model["endpoint"]] if model["kind"] == "single" else ["PFS", "OS"]
    population = st.sampled_from(POPULATIONS)
    cuts = [
        {"events": {"endpoint": draw(st.sampled_from(endpoints)), "count": draw(st.integers(1, n)),
                    "population": draw(population)}},
        {"enrolled": {"count": draw(st.integers(1, n)), "after": draw(days(1, 40, 200))}},
    ]  # fmt: skip
    cuts = draw(st.permutations(cuts))
    if "response" in model:
        endpoints += ["ORR", "ORR"]
    tested = []
    for i in range(draw(st.integers(1, 4)) if len(names) > 1 else 0):
        endpoint = draw(st.sampled_from(endpoints))
        strata = changes["randomisation"]["strata"]
        method = draw(st.sampled_from(["miettinen_nurminen", *(["cmh"] if strata else [])]))
        test: Any = {"kind": "response", "method": method}
        if endpoint != "ORR":
            test = draw(st.sampled_from(["log_rank", *(["stratified_log_rank"] if strata else [])]))
        tested.append(
            {
                "id": i + 1,
                "name": f"h_{i}",
                "endpoint": endpoint,
                "experimental": names[-1],
                "control": names[0],
                "population": draw(population),
                "test": test,
                "information": draw(st.integers(1, n)),
                "efficacy": {"kind": draw(st.sampled_from(["obrien_fleming", "pocock"]))},
            }
        )
    shared = tested and draw(st.booleans())
    further = [{"name": "mn", "test": {"kind": "response"}}] if "response" in model else []
    return changes | {
        "sample_size": n,
        "max_study_duration": draw(days(60, 300)),
        "analyses": [{"id": i, "name": f"l_{i}", "cut": c} for i, c in enumerate(cuts, 1)],
        "hypotheses": tested,
        "estimates": {
            "when": draw(st.sampled_from(["every_look", "stop"])),
            "tests": further,
        },
        **({"multiplicity": {"method": "holm", "alpha": 0.2}} if shared else {}),
    }


def random_looks() -> st.SearchStrategy[SurvivalScenario]:
    """Valid scenarios with looks and hypotheses by chance."""
    published = SurvivalScenario.from_file(TO_COPY)
    with_response = survival_changes().filter(lambda changes: "response" in changes["survival"])
    changes = st.one_of(with_response, with_response, survival_changes())
    return changes.flatmap(looks).map(partial(_valid, published))


@st.composite
def factors(draw: st.DrawFn, keys: list[str]) -> dict[str, Any]:
    """A prognostic level."""
    variable = draw(st.sampled_from(sorted(LEVELS)))
    level = draw(st.sampled_from(LEVELS[variable]))
    chosen = draw(st.sampled_from(keys))
    return {"variable": variable, "level": level, "hazard_ratios": {chosen: draw(ratios)}}


@st.composite
def effects(draw: st.DrawFn, arms: list[str], keys: list[str]) -> dict[str, Any]:
    """An effect of any kind."""
    kinds = {
        "proportional": {"hazard_ratio": draw(ratios)},
        "delayed": {"hazard_ratio": draw(ratios), "delay": "2 months"},
        "diminishing": {"hazard_ratio": draw(ratios), "from": "20 days", "until": "90.5 days"},
        "piecewise": {"from": ["0 days", "1.5 months"], "hazard_ratios": [draw(ratios), 1.4]},
        "distribution": {"time": draw(everybodys_times)},
    }
    kind = draw(st.sampled_from(sorted(kinds)))
    effect = {"kind": kind, "arm": draw(st.sampled_from(arms)), "on": draw(st.sampled_from(keys))}
    if draw(st.booleans()):
        effect["when"] = {"stage": draw(st.sampled_from([["II"], ["III", "IV"]]))}
    return effect | kinds[kind]
