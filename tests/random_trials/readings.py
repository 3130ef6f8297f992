"""Who reads the scans of a randomised trial, what therapy follows, and endpoints, by chance."""

from __future__ import annotations

from hypothesis import strategies as st

from random_trials.regimens import Size, unique
from random_trials.times import Changes, days, mostly, probability, slow_times

ERRORS = st.sampled_from([0, 0.2, 0.7])


@st.composite
def readings(draw: st.DrawFn, size: Size, n_arms: int, longest: int) -> Changes:
    """Readers, new therapy, switching, rule sets and endpoints by name: any of them, or none.

    `longest` are the days of the longest interval between planned scans.
    """
    arms = [f"arm_{i}" for i in range(n_arms)]
    chosen: Changes = {
        "readers": draw(readers(arms)),
        "new_therapy": draw(st.none() | new_therapies(arms)),
        "switching": [draw(switching(arm)) for arm in arms if draw(st.booleans())],
    }
    if draw(st.booleans()):
        names = [reader["name"] for reader in chosen["readers"]]
        therapy: Changes = {}
        if chosen["new_therapy"] is not None or chosen["switching"]:
            therapy = {"new_therapy": "censor"}
        chosen["rule_sets"] = [
            {"name": "window", "death_window": draw(days(longest, longest + 40))},
            *([{"name": "therapy", **therapy}] if therapy else []),
        ]
        # these need scans which can be missed
        if size.last_cut > 3 * longest:
            chosen["rule_sets"].append({"name": "one_missed", "missed_visits": 1, **therapy})
        rules = [each["name"] for each in chosen["rule_sets"]]
        rules += ["ema", *(["fda"] if size.last_cut > 3 * longest else [])]
        chosen["endpoints.named"] = draw(endpoints(names, rules))
    return chosen


@st.composite
def readers(draw: st.DrawFn, arms: list[str]) -> list[Changes]:
    """Up to three, the investigator mostly among them."""
    names = [*(["investigator"] if draw(mostly(st.just(True), st.just(False))) else [])]
    names += draw(st.sampled_from([[], ["central"], ["central", "other"]]))
    ids = draw(unique(st.integers(1, 6), len(names)))
    return [
        {"id": number, "name": name, "missed": draw(ERRORS), "early": draw(ERRORS)}
        | draw(st.just({}) | errors_by_arm(arms))
        for number, name in zip(ids, names, strict=True)
    ]


@st.composite
def errors_by_arm(draw: st.DrawFn, arms: list[str]) -> Changes:
    """Evaluation bias in one arm."""
    return {
        "by_arm": {draw(st.sampled_from(arms)): {"missed": draw(ERRORS), "early": draw(ERRORS)}}
    }


@st.composite
def new_therapies(draw: st.DrawFn, arms: list[str]) -> Changes:
    """Without progression, by arm, and after it."""
    after = {"probability": draw(probability), "delay": draw(days(0, 5, 60))}
    return {
        "time": draw(st.none() | slow_times),
        "by_arm": {arm: draw(slow_times) for arm in arms if draw(st.booleans())},
        "after_progression": after,
    }


@st.composite
def switching(draw: st.DrawFn, arm: str) -> Changes:
    """Sooner or later, for better or worse."""
    return {
        "arm": arm,
        "probability": draw(st.sampled_from([0.3, 1])),
        "delay": draw(days(0, 1, 40)),
        "hazard_ratio": draw(st.sampled_from([0.01, 0.5, 1, 3, 1000])),
    }


@st.composite
def endpoints(draw: st.DrawFn, readers: list[str], rules: list[str]) -> list[Changes]:
    """PFS and OS under their usual names, and up to three more."""
    who = st.sampled_from([None, "latent", *readers])
    by_rules = st.sampled_from([None, *rules, *rules])
    found: list[Changes] = [{"name": "PFS", "of": "PFS"}, {"name": "OS", "of": "OS"}]
    for i in range(draw(st.integers(1, 3))):
        reader = draw(who)
        chosen = None if reader == "latent" else draw(by_rules)
        found.append({"name": f"PFS_{i}", "of": "PFS", "reader": reader, "rules": chosen})
    found = draw(st.permutations(found))
    return [{"id": i, **each} for i, each in enumerate(found, start=1)]


def names_of(chosen: Changes) -> list[str]:
    """Names of the endpoints of a trial with such readings."""
    if "endpoints.named" in chosen:
        return [each["name"] for each in chosen["endpoints.named"]]
    others = [reader["name"] for reader in chosen.get("readers", [])]
    return ["PFS", "OS", *(f"PFS_{name}" for name in others if name != "investigator")]


def seen_at_scans(chosen: Changes) -> list[str]:
    """Those of them whose progression lies between two scans."""
    named = {each["name"]: each for each in chosen.get("endpoints.named", [])}
    others = [
        name for name, each in named.items() if each.get("reader") == "latent" or "grid" in each
    ]
    return [name for name in names_of(chosen) if name not in ("OS", *others)]


@st.composite
def grouped(draw: st.DrawFn, named: list[Changes], calendar: list[Changes]) -> list[Changes]:
    """Endpoints of which some are grouped on the days of a calendar."""
    return [
        {**each, "grid": calendar}
        if each["of"] == "PFS" and each.get("reader") != "latent" and draw(st.booleans())
        else each
        for each in named
    ]
