"""Randomised trials by chance: new trials with arms that differ in any block that arms may set."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from random_trials.enrolments import date
from random_trials.readings import grouped, names_of, readings, seen_at_scans
from random_trials.regimens import Size, sizes, toxicities, treatments, unique
from random_trials.times import Changes, mostly

MOST_NUMBER = 63
"""Highest permanent number of a drug or an adverse event of an arm."""


@st.composite
def randomised_trials(draw: st.DrawFn) -> Changes:
    """Two or three arms, by every method, in strata and by site or not."""
    from random_trials.scenarios import new_trial

    size = draw(sizes())
    trial = draw(new_trial(size))
    variables = [variable["name"] for variable in trial["baseline"]["variables"]]
    n_arms = draw(st.integers(2, 3))
    allocation = [draw(mostly(st.just(1), st.integers(1, 3))) for _ in range(n_arms)]
    ids = draw(unique(st.integers(1, 255), n_arms))
    settings_of = [draw(mostly(settings_of_arm(trial, size), st.just({}))) for _ in ids]
    arms = [
        {"id": number, "name": f"arm_{i}", "allocation": part, "set": settings}
        for i, (number, part, settings) in enumerate(zip(ids, allocation, settings_of, strict=True))
    ]
    watched = [trial["assessment"], *(each.get("assessment", {}) for each in settings_of)]
    is_scanned = all(each.get("schedule") != "continuous" for each in watched)
    longest = max(
        int(row["every"].split()[0]) for each in watched for row in each.get("calendar", [])
    )
    read = readings(size, n_arms, longest)
    chosen = draw(mostly(read, st.just({}))) if is_scanned else {}
    names = names_of(chosen)
    tested = draw(hypotheses(n_arms, names, variables))
    waits = draw(mostly(st.just("0 days"), st.sampled_from(["30 days", "100 days"])))
    chosen = {**chosen, "endpoints.evaluable_after": waits}
    shared: Changes = {}
    if tested and draw(st.booleans()):
        shared = {"multiplicity": {"method": draw(st.sampled_from(["holm", "fixed_sequence"]))}}
        shared["multiplicity"]["alpha"] = 0.2
        tested = [{k: v for k, v in each.items() if k != "alpha"} for each in tested]
    more: Changes = {
        "arms": arms,
        "randomisation": draw(randomisations(variables, sum(allocation))),
        "max_study_duration": f"{size.last_cut} days",
        "analyses": draw(looks(size, names)),
    }
    is_common = is_scanned and not any("assessment" in each for each in settings_of)
    if is_common and trial["assessment"]["anchor"] == "first_dose" and "endpoints.named" in chosen:
        grids = grouped(chosen["endpoints.named"], trial["assessment"]["calendar"])
        chosen = {**chosen, "endpoints.named": draw(grids)}
    by_scans = seen_at_scans(chosen) if is_scanned else []
    more |= draw(tests_of_intervals(tested, by_scans, more["randomisation"]["strata"]))
    return trial | shared | chosen | more


@st.composite
def tests_of_intervals(
    draw: st.DrawFn, tested: list[Changes], by_scans: list[str], strata: list[str]
) -> Changes:
    """Hypotheses by the interval-censored test or as they are, and that test beside them."""
    kind: Changes = {"kind": "interval_censored"}
    tests = [kind, *([{**kind, "stratified": True}] if strata else [])]
    again = mostly(st.sampled_from(tests).map(lambda test: {"test": test}), st.just({}))
    tested = [each | draw(again) if each["endpoint"] in by_scans else each for each in tested]
    if not {each["endpoint"] for each in tested} & {*by_scans}:
        return {"hypotheses": tested}
    beside = [{"name": f"beside_{i}", "test": test} for i, test in enumerate(tests)]
    estimates = draw(mostly(st.just({"tests": beside}), st.just({})))
    return {"hypotheses": tested, "estimates": estimates}


@st.composite
def randomisations(draw: st.DrawFn, variables: list[str], ratio: int) -> Changes:
    """Any method that the baseline allows."""
    strata = [name for name in ("visceral",) if name in variables and draw(st.booleans())]
    methods = ["blocks", "blocks", "simple", *(["minimisation"] * 3 if strata else [])]
    method = draw(st.sampled_from(methods))
    rounds = draw(st.sampled_from([[1], [2], [1, 2], [3, 1, 2]]))
    chosen: Changes = {"method": method, "strata": strata, "by_site": draw(st.booleans())}
    if method == "minimisation":
        chosen["minimisation"] = {"probability": draw(st.sampled_from([0.5, 0.8, 1]))}
    return chosen | {"block_sizes": [ratio * n for n in rounds]}


@st.composite
def settings_of_arm(draw: st.DrawFn, trial: Changes, size: Size) -> Changes:
    """Whole blocks, or single fields of those of the trial."""
    from random_trials.scenarios import assessments, diseases, follow_ups

    names = [variable["name"] for variable in trial["baseline"]["variables"]]
    terms = [each["name"] for each in (trial["toxicity"] or {"terms": []})["terms"]] or ["none"]
    drugs = [drug["name"] for drug in trial["treatment"]["drugs"]]
    chosen: Changes = {}
    if draw(st.booleans()):
        size = size._replace(cycle_length=size.cycle_length * draw(st.integers(1, 2)))
        toxicity = numbered_alike(draw(toxicities(size)), trial["toxicity"], "terms")
        terms = [each["name"] for each in toxicity["terms"]] if toxicity else ["none"]
        treatment = draw(treatments(size, terms, "height" in names))
        treatment = numbered_alike(treatment, trial["treatment"], "drugs")
        drugs = [drug["name"] for drug in treatment["drugs"]]
        chosen |= {"toxicity": toxicity, "treatment": treatment}
        chosen |= {"follow_up": draw(follow_ups(terms)), "disease": draw(diseases(names, drugs))}
    if draw(st.booleans()):
        chosen["disease"] = draw(diseases(names, drugs))
    if draw(st.booleans()):
        chosen["assessment"] = draw(assessments(size))
    if draw(st.booleans()):
        chosen["disease.response.probability"] = draw(st.sampled_from([0, 0.4, 1]))
    return chosen


def numbered_alike(block: Any, known: Any, key: str) -> Any:
    """A block whose items have the numbers that those of the same names have elsewhere."""
    if block is None or known is None:
        return block
    numbers = {item["name"]: item["id"] for item in known[key]}
    free = (n for n in range(1, MOST_NUMBER + 1) if n not in numbers.values())
    items = [
        item | {"id": numbers[item["name"]] if item["name"] in numbers else next(free)}
        for item in block[key]
    ]
    return block | {key: items}


@st.composite
def looks(draw: st.DrawFn, size: Size, names: list[str]) -> list[Changes]:
    """One to three looks on events of endpoints, enrolment, dates and combinations."""
    n = size.patients
    endpoint = st.sampled_from(names)
    events = st.fixed_dictionaries({"endpoint": endpoint, "count": st.integers(1, n)})
    single = st.one_of(
        st.fixed_dictionaries({"events": events}),
        st.fixed_dictionaries(
            {
                "enrolled": st.fixed_dictionaries(
                    {"count": st.integers(1, n), "after": st.sampled_from(["0 days", "40 days"])}
                )
            }
        ),
        st.integers(1, size.last_cut).map(lambda day: {"date": date(day)}),
    )
    several = st.lists(single, min_size=1, max_size=3)
    combined = st.fixed_dictionaries({"all": several}) | st.fixed_dictionaries({"any": several})
    cuts = draw(st.lists(mostly(single, combined), min_size=1, max_size=3))
    return [
        {"id": i, "name": f"look_{i}", "cut": cut, "cleaning_lag": "3 days"}
        for i, cut in enumerate(cuts, start=1)
    ]


@st.composite
def hypotheses(
    draw: st.DrawFn, n_arms: int, names: list[str], variables: list[str]
) -> list[Changes]:
    """None to three comparisons, of times and of response, some of them in a subpopulation."""
    count = draw(st.integers(0, 3))
    endpoints = draw(st.permutations([*names, "ORR"]))
    parts: list[Changes] = [{}, {}]
    if "visceral" in variables:
        parts += [{"population": {"visceral": "yes"}}, {"population": {"visceral": ["no"]}}]
    return [
        {
            "id": i,
            "name": f"test_{i}",
            "endpoint": endpoint,
            "experimental": f"arm_{draw(st.integers(1, n_arms - 1))}",
            "control": "arm_0",
            "alpha": 0.1,
            "information": draw(st.integers(1, 10)),
            "efficacy": {"kind": draw(st.sampled_from(["obrien_fleming", "pocock"]))},
            **({"test": {"kind": "response"}} if endpoint == "ORR" else {}),
            **draw(st.sampled_from(parts)),
        }
        for i, endpoint in enumerate(endpoints[:count], start=1)
    ]
