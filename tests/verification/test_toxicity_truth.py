"""Adverse events against their truth: closed forms integrated over the frailties, and the paper.

Patients are treated for ever, with no rule that changes a dose, so that the probability of an
event in a cycle is E[1 - exp(-rate weight frailty)], integrated here by Gauss-Hermite quadrature.
Counts of n patients must lie within 4 binomial standard errors.
"""

from __future__ import annotations

import datetime as dt
import math
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.polynomial.hermite_e import hermegauss
from scipy import stats

from simulate.build_plan import build_plan
from simulate.engines.reference import ReferenceEngine
from simulate.engines.toxicity_draws import ToxicitySource
from simulate.facts import read_facts
from simulate.replicates import run_replicates
from simulate.scenario.scenario import Scenario
from simulate.scenario.toxicity import Term, Toxicity
from simulate.scorecard import scorecard
from simulate.streams import RESERVED_REPLICATES

pytestmark = pytest.mark.verify

NEVER_TIME = {"kind": "exponential", "rate": "0 per month"}
FOR_EVER: dict[str, Any] = {
    "sample_size": 500,
    "treatment.delay": None,
    "treatment.drugs.KN026.rules": [],
    "treatment.drugs.docetaxel.rules": [],
    "treatment.drugs.docetaxel.planned_cycles": {"kind": "fixed", "value": 8},
    "disease.progression.responders": NEVER_TIME,
    "disease.progression.non_responders": NEVER_TIME,
    "disease.death_without_progression": NEVER_TIME,
    "follow_up.withdrawal": None,
    "follow_up.early_stop": None,
    "follow_up.withdrawal_adverse_event": None,
    "analyses.final.cut.date": dt.date(2021, 11, 1),
    "sweep": [],
}
"""Every patient has at least seven cycles by the cut, and docetaxel in the first eight."""

CYCLES = 7
REPLICATES = 16
DOCETAXEL_CYCLES = 8

Z, W = hermegauss(120)
NODES = W / W.sum()


@pytest.fixture(scope="module")
def block(scenario: Scenario) -> Toxicity:
    assert scenario.toxicity is not None
    return scenario.toxicity


@pytest.fixture(scope="module")
def events(scenario: Scenario) -> pd.DataFrame:
    """Adverse events of 8000 patients treated for ever; `patient` counts through."""
    trial = scenario.with_overrides(FOR_EVER)
    engine = ReferenceEngine(build_plan(trial))
    tables = []
    for i in range(REPLICATES):
        records = engine.simulate(seed=scenario.seed, replicate=RESERVED_REPLICATES + i)
        table = pd.DataFrame(records.adverse_events)
        dose = pd.DataFrame(records.doses).query("drug == 1").set_index(["patient", "cycle"])
        table = table.join(dose["day"], on=["patient", "cycle"])
        tables.append(table.assign(patient=table["patient"] + 500 * i))
        assert dose.groupby("patient").size().min() >= CYCLES
    return pd.concat(tables, ignore_index=True)


N = 500 * REPLICATES


def assert_count(found: int, probability: float, n: int, what: object) -> None:
    error = 4 * math.sqrt(n * probability * (1 - probability)) + 1e-9
    assert abs(found - n * probability) <= error, (what, found, n * probability, error / 4)


def weight(block: Toxicity, term: Term, cycle: int, *, docetaxel: bool) -> float:
    own = next(w for w in block.weights if w.name == term.weight)
    fades = float(cycle == 1) if own.first_cycle_only else math.exp(-(cycle - 1) / own.fades_over)
    factor = 1.0 if docetaxel or own.drug is None else own.without
    return (own.later + own.early * fades) * factor


def log_normal(sigma: float, z: np.ndarray) -> np.ndarray:
    return np.exp(sigma * z - sigma**2 / 2)


def frailty(block: Toxicity, term: Term) -> np.ndarray:
    """The term's frailty on the nodes of (haematological, other) deviates, shape (120, 120)."""
    rho = block.frailties.correlation
    first, second = np.meshgrid(Z, Z, indexing="ij")
    if term.frailty == "none":
        return np.ones_like(first)
    if term.frailty == "haematological":
        return log_normal(block.frailties.haematological, first)
    return log_normal(block.frailties.other, rho * first + math.sqrt(1 - rho**2) * second)


def mean(values: np.ndarray) -> float:
    """Expectation over the two deviates."""
    return float(NODES @ values @ NODES)


def occurs(block: Toxicity, term: Term, rate: float, cycles: range) -> np.ndarray:
    """Probability of at least one event in some cycles, given the deviates."""
    total = sum(weight(block, term, c, docetaxel=c <= DOCETAXEL_CYCLES) for c in cycles)
    return np.asarray(-np.expm1(-rate * total * frailty(block, term)))


def real_terms(block: Toxicity) -> list[Term]:
    return [term for term in block.terms if term.rate > 0]


# ---- incidence ----------------------------------------------------------------------------------


@pytest.mark.parametrize("cycle", [1, 2, 3, 7])
def test_incidence_of_a_cycle(events: pd.DataFrame, block: Toxicity, cycle: int) -> None:
    of_cycle = events[events["cycle"] == cycle]
    for term in real_terms(block):
        own = of_cycle[of_cycle["term"] == term.id]
        for rate, found in (
            (term.rate, len(own)),
            (term.rate_grade_3, int((own["grade"] >= 3).sum())),
        ):
            expected = mean(occurs(block, term, rate, range(cycle, cycle + 1)))
            assert_count(found, expected, N, (term.name, rate))


def test_incidence_over_all_cycles_of_the_same_patients(
    events: pd.DataFrame, block: Toxicity
) -> None:
    early = events[events["cycle"] <= CYCLES]
    for term in real_terms(block):
        own = early[early["term"] == term.id]
        severe = own[own["grade"] >= 3]
        for rate, rows in ((term.rate, own), (term.rate_grade_3, severe)):
            expected = mean(occurs(block, term, rate, range(1, CYCLES + 1)))
            assert_count(rows["patient"].nunique(), expected, N, (term.name, rate))


PAIRED = ("wbc_decrease", "neutrophil_decrease", "anemia", "diarrhea", "alt_increase", "alopecia")


def test_events_of_a_patient_go_together_by_the_frailties(
    events: pd.DataFrame, block: Toxicity
) -> None:
    early = events[events["cycle"] <= CYCLES]
    for first, second in combinations(PAIRED, 2):
        terms = [next(t for t in block.terms if t.name == name) for name in (first, second)]
        had = [set(early.loc[early["term"] == t.id, "patient"]) for t in terms]
        both = np.prod([occurs(block, t, t.rate, range(1, CYCLES + 1)) for t in terms], axis=0)
        assert_count(len(had[0] & had[1]), mean(both), N, (first, second))


def test_independent_frailties_would_be_noticed(events: pd.DataFrame, block: Toxicity) -> None:
    """Negative control: two haematological terms go together more than by chance."""
    early = events[events["cycle"] <= CYCLES]
    terms = [next(t for t in block.terms if t.name == name) for name in PAIRED[:2]]
    had = [set(early.loc[early["term"] == t.id, "patient"]) for t in terms]
    single = [mean(occurs(block, t, t.rate, range(1, CYCLES + 1))) for t in terms]
    with pytest.raises(AssertionError):
        assert_count(len(had[0] & had[1]), single[0] * single[1], N, "independent")


# ---- when, how long, how bad --------------------------------------------------------------------


def test_onsets_are_uniform(events: pd.DataFrame, block: Toxicity) -> None:
    after = events["onset_day"] - events["day"]
    own_window = {term.id for term in block.terms if term.onset is not None}
    days = after[~events["term"].isin(own_window)]
    first, last = block.onset
    counts = days.value_counts().reindex(range(first, last + 1), fill_value=0)
    assert counts.sum() == len(days)
    assert stats.chisquare(counts).pvalue > 1e-4


def test_durations_are_log_normal(events: pd.DataFrame, block: Toxicity) -> None:
    days = (events["end_day"] - events["onset_day"]).to_numpy()
    length = stats.lognorm(block.duration.sigma, scale=block.duration.median)
    for day in (3, 5, 8, 10, 12, 16, 21, 30, 50):
        assert_count(int((days <= day).sum()), float(length.cdf(day)), len(days), day)


def test_shares_of_grades_and_of_serious_events(events: pd.DataFrame, block: Toxicity) -> None:
    terms = {term.id: term for term in block.terms}
    fixed = {i for i, term in terms.items() if term.grade is not None}
    own = {i for i, term in terms.items() if term.serious is not None}
    mild = events[(events["grade"] < 3) & ~events["term"].isin(fixed)]
    severe = events[events["grade"] >= 3]
    assert_count(int((mild["grade"] == 2).sum()), block.grade_2_share, len(mild), "grade 2")
    assert_count(int((severe["grade"] == 4).sum()), block.grade_4_share, len(severe), "grade 4")
    assert set(events.loc[events["term"].isin(fixed), "grade"]) == {2}
    mild = events[events["grade"] < 3]
    assert_count(int(mild["serious"].sum()), block.serious_mild, len(mild), "serious, mild")
    usual = severe[~severe["term"].isin(own)]
    assert_count(int(usual["serious"].sum()), block.serious_grade_3, len(usual), "serious")
    for term_id in own:
        rows, expected = severe[severe["term"] == term_id], terms[term_id].serious
        assert expected is not None
        assert_count(int(rows["serious"].sum()), expected, len(rows), terms[term_id].name)


def test_relatedness_is_independent_by_drug(events: pd.DataFrame, scenario: Scenario) -> None:
    with_both = events[events["cycle"] <= CYCLES]
    shares = [drug.relatedness for drug in scenario.treatment.drugs]
    for bits, expected in (
        (0, (1 - shares[0]) * (1 - shares[1])),
        (1, shares[0] * (1 - shares[1])),
        (2, (1 - shares[0]) * shares[1]),
        (3, shares[0] * shares[1]),
    ):
        found = int((with_both["related"] == bits).sum())
        assert_count(found, expected, len(with_both), bits)


# ---- frailties ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def frailties(scenario: Scenario) -> np.ndarray:
    """Haematological and other factors of 40,000 patients."""
    source = ToxicitySource(
        build_plan(scenario.with_overrides({"sample_size": 2000, "sweep": []})), 1
    )
    return np.array(
        [
            patient.frailties[1:]
            for i in range(20)
            for patient in source.draw(seed=scenario.seed, replicate=RESERVED_REPLICATES + i)
        ]
    )


def test_frailties_have_mean_one(frailties: np.ndarray, block: Toxicity) -> None:
    for position, sigma in enumerate((block.frailties.haematological, block.frailties.other)):
        own = frailties[:, position]
        assert abs(own.mean() - 1) < 4 * math.sqrt(math.expm1(sigma**2) / len(own))


def test_logarithms_of_frailties_are_normal_and_correlated(
    frailties: np.ndarray, block: Toxicity
) -> None:
    logs, n = np.log(frailties), len(frailties)
    for position, sigma in enumerate((block.frailties.haematological, block.frailties.other)):
        own = logs[:, position]
        assert abs(own.mean() + sigma**2 / 2) < 4 * sigma / math.sqrt(n)
        assert abs(own.std() / sigma - 1) < 4 / math.sqrt(2 * n) + 2e-4
        assert stats.kstest(own, stats.norm(-(sigma**2) / 2, sigma).cdf).pvalue > 1e-4
    rho = block.frailties.correlation
    found = np.corrcoef(logs.T)[0, 1]
    assert abs(found - rho) < 4 * (1 - rho**2) / math.sqrt(n)


# ---- the paper ----------------------------------------------------------------------------------

SAFETY = (
    "ae_any_",
    "ae_grade3_",
    "teae_",
    "sae",
    "aesi",
    "kn026_",
    "docetaxel_",
    "exposure_",
    "cycles_",
    "on_treatment",
)


@pytest.fixture(scope="module")
def published(scenario: Scenario) -> pd.DataFrame:
    """The scorecard of 400 trials."""
    assert scenario.facts_path is not None
    facts = read_facts(scenario.facts_path)
    return scorecard(scenario, run_replicates(scenario, replicates=400), facts)


def test_the_published_safety_lies_inside_what_is_simulated(published: pd.DataFrame) -> None:
    rows = published[published["statistic"].str.startswith(SAFETY)]
    assert len(rows) > 45
    outside = rows[~rows["inside"]]
    assert outside.empty, outside[["fact", "reported", "lower", "upper"]].to_string()


@pytest.mark.parametrize(
    ("statistic", "value"),
    [
        ("exposure_median", 674),
        ("exposure_min", 21),
        ("exposure_max", 1171),
        ("cycles_median", 28),
        ("cycles_min", 1),
        ("cycles_max", 52),
        ("cycles_more_than_6", 49),
        ("on_treatment", 22),
        ("teae_grade3", 36),
        ("sae", 12),
        ("aesi", 5),
        ("kn026_interruption", 15),
        ("docetaxel_interruption", 9),
        ("docetaxel_reduction", 6),
        ("kn026_discontinuation", 3),
        ("docetaxel_discontinuation", 2),
    ],
)
def test_key_values_of_the_paper(published: pd.DataFrame, statistic: str, value: float) -> None:
    row = published.set_index("statistic").loc[statistic]
    assert row["reported"] == value
    assert row["lower"] <= value <= row["upper"]
