"""Regimens by chance: drugs, dose levels, dosing rules of every kind, and adverse events."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from random_trials.times import counts, days, mostly, probability

DRUGS = ("alpha", "beta", "gamma")
ACTIONS = ("hold", "reduce", "discontinue", "interrupt_infusion")

MOST_EVENTS = 4000
"""Patients times cycles times terms: keeps the slowest scenario quick."""


class Size(NamedTuple):
    """What decides how long a scenario takes to simulate."""

    patients: int
    last_cut: int
    """Trial day of the last data cut."""
    cycle_length: int

    @property
    def patient_cycles(self) -> int:
        """Cycles that can begin, of all patients together."""
        return self.patients * (self.last_cut // self.cycle_length + 3)


@st.composite
def sizes(draw: st.DrawFn) -> Size:
    """Most trials are small and short; a cycle of a few days only in a short one."""
    patients = draw(mostly(st.integers(1, 8), st.integers(1, 40)))
    last_cut = draw(mostly(st.sampled_from([250, 400, 900]), st.sampled_from([1, 2, 40, 150])))
    lengths = [n for n in (1, 3, 7, 14, 21, 28, 100) if last_cut <= 140 * n]
    return Size(patients, last_cut, draw(st.sampled_from(lengths)))


def unique(numbers: st.SearchStrategy[int], count: int) -> st.SearchStrategy[list[int]]:
    """Permanent numbers, in any order and with gaps."""
    return st.lists(numbers, min_size=count, max_size=count, unique=True)


# ---- what is given ------------------------------------------------------------------------------


@st.composite
def treatments(draw: st.DrawFn, size: Size, terms: list[str], body: bool) -> dict[str, Any]:
    """One to three drugs; the rules of each name some of the terms."""
    n_drugs = draw(st.integers(1, 3))
    ids = draw(unique(st.integers(1, 63), n_drugs))
    n_rules = [draw(mostly(st.integers(2, 5), st.integers(0, 1))) for _ in ids]
    rule_ids = iter(draw(unique(st.integers(1, 63), sum(n_rules))))
    ends = draw(mostly(st.just(False), st.just(True)))  # or else it goes on until it is stopped
    drugs = [
        draw(
            drug(name, (number, [next(rule_ids) for _ in range(n)]), size.cycle_length, ends, terms)
        )
        for name, number, n in zip(DRUGS, ids, n_rules, strict=False)
    ]
    delay = st.fixed_dictionaries(
        {"mean": days(0.5, 3, 30), "shape": st.sampled_from([0.2, 2, 50])}
    )
    return {
        "cycle_length": f"{size.cycle_length} days",
        "drugs": drugs,
        "delay": draw(st.none() | delay),
        "body": {"weight": "weight", "height": "height"} if body else None,
    }


@st.composite
def drug(
    draw: st.DrawFn,
    name: str,
    numbers: tuple[int, list[int]],
    cycle_length: int,
    ends: bool,
    terms: list[str],
) -> dict[str, Any]:
    """One drug; its number, and those of its rules."""
    drug_id, rule_ids = numbers
    unit = draw(st.sampled_from(["mg", "mg/kg", "mg/m2", "AUC"]))
    # a drug that is omitted for whole cycles may end on the very day of a dose
    at_most = draw(st.sampled_from([1, 7, cycle_length, 2 * cycle_length, 84]))
    waits = draw(st.booleans())
    rules = [draw(dosing_rule(number, at_most, terms)) for number in rule_ids]
    reduces = any(rule["action"] == "reduce" for rule in rules)
    return {
        "id": drug_id,
        "name": name,
        "dose": f"30 {unit}",
        "reduced_doses": [f"20 {unit}", f"0.5 {unit}"][: draw(st.integers(int(reduces), 2))],
        "planned_cycles": draw(counts if ends else mostly(st.none(), counts)),
        "relatedness": draw(st.sampled_from([0, 0.5, 0.9, 1])),
        "rules": rules,
        "holds": {
            "at_least": f"{draw(st.integers(0, min(at_most, 9))) if waits else 0} days",
            "at_most": f"{at_most} days",
            "delays_cycle": waits,
        },
    }


@st.composite
def dosing_rule(draw: st.DrawFn, number: int, at_most: int, terms: list[str]) -> dict[str, Any]:
    """One rule; a hold of grade 1 events has a length of its own, for they are never worse."""
    action = draw(st.sampled_from(("hold", "hold", *ACTIONS)))
    grade = draw(st.sampled_from([1, 2, 3, 3, 4]))
    rule: dict[str, Any] = {
        "id": number,
        "action": action,
        "grade": grade,
        "terms": draw(mostly(st.just([]), st.lists(st.sampled_from(terms), unique=True))),
        "related": draw(mostly(st.just(False), st.just(True))),
        "special_interest": draw(mostly(st.just(False), st.booleans())),
        "probability": draw(mostly(st.sampled_from([0.5, 1]), st.sampled_from([0, 0.1]))),
    }
    if action == "interrupt_infusion":
        rule["resumed"] = draw(probability)
    if action == "hold" and (grade == 1 or draw(st.booleans())):
        rule["lasting"] = f"{draw(st.integers(1, at_most))} days"
    return rule


# ---- what it does to patients -------------------------------------------------------------------


@st.composite
def toxicities(draw: st.DrawFn, size: Size) -> dict[str, Any] | None:
    """Up to 30 kinds of adverse event, rare to certain; None for a trial without any."""
    most = min(30, MOST_EVENTS // size.patient_cycles)
    n_terms = draw(mostly(st.integers(1, 6), st.integers(0, 30)).map(lambda n: min(n, most)))
    if n_terms == 0:
        return None
    n_weights = draw(st.integers(1, min(n_terms, 3)))
    ids = draw(unique(st.integers(1, 60) | st.integers(1, 255), n_terms))
    terms = [
        draw(term(f"term_{i}", number, f"weight_{i % n_weights}", size.cycle_length))
        for i, number in enumerate(ids)
    ]
    return {
        "frailties": draw(frailties),
        "weights": [draw(cycle_weight(f"weight_{i}")) for i in range(n_weights)],
        "onset": draw(onsets(size.cycle_length)),
        "duration": {
            "median": draw(days(0.5, 10, 25, 60, 200)),
            "sigma": draw(st.sampled_from([0.01, 0.6, 2])),
        },
        "grade_2_share": draw(probability),
        "grade_4_share": draw(probability),
        "serious_grade_3": draw(probability),
        "serious_mild": draw(probability),
        "emergent_until": draw(days(0, 30, 400)),
        "fatal": draw(st.none() | st.sampled_from([each["name"] for each in terms])),
        "terms": terms,
    }


frailties = st.fixed_dictionaries(
    {
        "haematological": st.sampled_from([1e-6, 0.5, 2]),
        "other": st.sampled_from([1e-6, 0.8, 2]),
        "correlation": st.sampled_from([-1, 0, 0.3, 1]),
    }
)


def onsets(cycle_length: int) -> st.SearchStrategy[list[str]]:
    """Days of onset after the dose: its own day, the day of the next one, or any in between."""
    ranges = [(0, 0), (0, 1), (3, 14), (1, 50), (cycle_length, cycle_length), (0, 3 * cycle_length)]
    return st.sampled_from([[f"{first} days", f"{last} days"] for first, last in ranges])


@st.composite
def term(draw: st.DrawFn, name: str, number: int, weight: str, cycle_length: int) -> dict[str, Any]:
    """One kind of adverse event."""
    rate = draw(st.sampled_from([0, 0.02, 0.3, 0.3, 1, 5]))
    return {
        "id": number,
        "name": name,
        "label": name.replace("_", " "),
        "organ_class": draw(st.sampled_from(["Investigations", "Cardiac disorders"])),
        "rate": rate,
        "rate_grade_3": rate * draw(st.sampled_from([0, 0.3, 1])),
        "weight": weight,
        "frailty": draw(st.sampled_from(["haematological", "other", "none"])),
        "grade": draw(st.sampled_from([None, None, 1, 2])),
        "onset": draw(st.none() | onsets(cycle_length)),
        "serious": draw(st.none() | probability),
        "special_interest": draw(st.booleans()),
        "listed": draw(st.booleans()),
    }


@st.composite
def cycle_weight(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """How rates change with the cycle, and with whether the first drug is given."""
    weight: dict[str, Any] = {
        "name": name,
        "later": draw(st.sampled_from([0, 0.3, 1])),
        "early": draw(st.sampled_from([0, 1, 4])),
        "fades_over": draw(st.sampled_from([0.1, 2, 50])),
        "first_cycle_only": draw(st.booleans()),
    }
    if draw(st.booleans()):
        share = st.sampled_from([0, 0.5, 1])
        weight |= {"drug": DRUGS[0], "without": draw(share), "reduced": draw(share)}
    return weight
