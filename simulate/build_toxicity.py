"""From a scenario's adverse events and dosing rules to their tables."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy.special import ndtr, ndtri

from simulate.distributions import (
    QUANTILE_LEVELS,
    FloatArray,
    IntArray,
    event_table,
    lognormal_hazard,
    threshold,
)
from simulate.patient.dosing import ACTIONS, DosingPlan
from simulate.patient.resources import ResourcePlan
from simulate.patient.toxicity import HAEMATOLOGICAL, NO_FRAILTY, OTHER, ToxicityPlan
from simulate.scenario.toxicity import CycleWeight, Toxicity
from simulate.scenario.treatment import Drug
from simulate.scenario.trial import Trial

WEIGHT_CYCLES = 64
"""Cycles in the table of weights."""

LONGEST_EVENT = 3653
"""Length of the table of durations, in days: ten years."""

_FRAILTY = {"none": NO_FRAILTY, "haematological": HAEMATOLOGICAL, "other": OTHER}
MILLIGRAM_UNITS = ("mg", "mg/kg", "mg/m2")
"""Units of doses whose amount in mg can be told; the basis of a dose is its place here."""


def toxicity_plan(trial: Trial) -> ToxicityPlan:
    """Tables of all adverse events; without terms if the scenario has none."""
    toxicity = trial.toxicity
    if toxicity is None:
        return _nothing()
    terms = toxicity.terms
    names = [weight.name for weight in toxicity.weights]
    drugs = [drug.name for drug in trial.treatment.drugs]
    shared, own_shared, own = _frailties(toxicity)
    onsets = [term.onset or toxicity.onset for term in terms]
    serious = [toxicity.serious_grade_3 if t.serious is None else t.serious for t in terms]
    early, cause = trial.follow_up.early_stop, trial.follow_up.withdrawal_adverse_event
    return ToxicityPlan(
        term_ids=_ints([term.id for term in terms]),
        rate=np.array([term.rate for term in terms]),
        rate_severe=np.array([term.rate_grade_3 for term in terms]),
        weight_class=_ints([names.index(term.weight) for term in terms]),
        frailty=_ints([_FRAILTY[term.frailty] for term in terms]),
        mild_grade=_ints([term.grade or 0 for term in terms]),
        onset_first=_ints([first for first, _ in onsets]),
        onset_last=_ints([last for _, last in onsets]),
        serious=_ints([threshold(probability) for probability in serious]),
        special_interest=_ints([term.special_interest for term in terms]),
        n_weight_cycles=WEIGHT_CYCLES,
        weights=np.concatenate([_weights(weight) for weight in toxicity.weights]),
        weight_drug=_ints([drugs.index(w.drug) if w.drug else -1 for w in toxicity.weights]),
        haematological=shared,
        other_shared=own_shared,
        other_own=own,
        duration=_durations(toxicity.duration.median, toxicity.duration.sigma),
        grade_2=_ints([threshold(toxicity.grade_2_share)]),
        grade_4=_ints([threshold(toxicity.grade_4_share)]),
        serious_mild=_ints([threshold(toxicity.serious_mild)]),
        fatal_term=_position(toxicity, toxicity.fatal),
        early_stop_term=_position(toxicity, early.adverse_event if early else None),
        withdrawal_term=_position(toxicity, cause.term if cause else None),
        withdrawal_share=threshold(cause.probability) if cause else 0,
    )


def _ints(values: Sequence[int]) -> IntArray:
    return np.array(values, np.int64)


def _nothing() -> ToxicityPlan:
    """Tables of a scenario without adverse events."""
    none = _ints([])
    return ToxicityPlan(
        term_ids=none,
        rate=np.empty(0),
        rate_severe=np.empty(0),
        weight_class=none,
        frailty=none,
        mild_grade=none,
        onset_first=none,
        onset_last=none,
        serious=none,
        special_interest=none,
        n_weight_cycles=WEIGHT_CYCLES,
        weights=np.empty(0),
        weight_drug=none,
        haematological=np.ones(QUANTILE_LEVELS),
        other_shared=np.ones(QUANTILE_LEVELS),
        other_own=np.ones(QUANTILE_LEVELS),
        duration=_ints([2**32]),
        grade_2=_ints([0]),
        grade_4=_ints([0]),
        serious_mild=_ints([0]),
        fatal_term=-1,
        early_stop_term=-1,
        withdrawal_term=-1,
        withdrawal_share=0,
    )


def _position(toxicity: Toxicity, name: str | None) -> int:
    return -1 if name is None else toxicity.position(name)


def _weights(weight: CycleWeight) -> FloatArray:
    """Weights of the cycles when the drug is not given, given in full, and given reduced."""
    later = np.arange(WEIGHT_CYCLES, dtype=float)
    excess = (later == 0) if weight.first_cycle_only else np.exp(-later / weight.fades_over)
    full = weight.later + weight.early * excess
    return np.concatenate([weight.without * full, full, weight.reduced * full])


def _frailties(toxicity: Toxicity) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Log-normal factors of mean 1, the logarithms of the two kinds correlated."""
    frailties = toxicity.frailties
    shared = frailties.other * frailties.correlation
    own = frailties.other * np.sqrt(1.0 - frailties.correlation**2)
    return (
        _lognormal_factor(frailties.haematological),
        _lognormal_factor(shared),
        _lognormal_factor(own),
    )


@lru_cache(maxsize=16)
def _lognormal_factor(sigma: float) -> FloatArray:
    """Log-normal factor of mean 1 on equal slices of probability: its mean within each slice.

    Between the normal deviates a and b, the integral of ``exp(sigma * z - sigma**2 / 2)`` is
    ``Phi(b - sigma) - Phi(a - sigma)``. The means of the slices average to 1, as the factor does;
    quantiles at the midpoints of the slices leave out the outermost tail, which at sigma 1.5 takes
    0.4% of the mean with it. A negative sigma is the same factor, read from its upper end.
    """
    if sigma == 0.0:
        return np.ones(QUANTILE_LEVELS)
    edges = ndtri(np.arange(QUANTILE_LEVELS + 1) / QUANTILE_LEVELS)
    means = np.diff(ndtr(edges - abs(sigma))) * QUANTILE_LEVELS
    return np.asarray(means if sigma > 0 else means[::-1].copy())


@lru_cache(maxsize=8)
def _durations(median: float, sigma: float) -> IntArray:
    hazard = lognormal_hazard(np.arange(LONGEST_EVENT + 1.0), median=median, sigma=sigma)
    return np.asarray(event_table(hazard).thresholds, np.int64)


def dosing_plan(trial: Trial) -> DosingPlan:
    """Tables of the dosing rules of all drugs."""
    drugs = trial.treatment.drugs
    rules = [rule for drug in drugs for rule in drug.rules]
    levels = [[drug.dose.amount, *(d.amount for d in drug.reduced_doses)] for drug in drugs]
    return DosingPlan(
        rule_start=_starts([len(drug.rules) for drug in drugs]),
        rule_ids=_ints([rule.id for rule in rules]),
        action=_ints([ACTIONS.index(rule.action) for rule in rules]),
        grade=_ints([rule.grade for rule in rules]),
        terms=_ints([_mask(trial, rule.terms) for rule in rules]),
        related=_ints([rule.related for rule in rules]),
        special_interest=_ints([rule.special_interest for rule in rules]),
        probability=_ints([threshold(rule.probability) for rule in rules]),
        lasting=_ints([rule.lasting or 0 for rule in rules]),
        resumed=_ints([threshold(rule.resumed) for rule in rules]),
        relatedness=_ints([threshold(drug.relatedness) for drug in drugs]),
        hold_at_least=_ints([drug.holds.at_least if drug.holds else 0 for drug in drugs]),
        hold_at_most=_ints([drug.holds.at_most if drug.holds else 0 for drug in drugs]),
        delays_cycle=_ints([drug.holds is None or drug.holds.delays_cycle for drug in drugs]),
        n_levels=_ints([len(amounts) for amounts in levels]),
        level_start=_starts([len(amounts) for amounts in levels]),
        levels=np.array([amount for amounts in levels for amount in amounts]),
        basis=_ints([_basis(drug) for drug in drugs]),
    )


def resource_plan(trial: Trial) -> ResourcePlan:
    """Limits of the sites, none if the scenario has none."""
    resources = trial.resources
    chairs = resources.chairs if resources else None
    supply = {s.drug: s for s in resources.supply} if resources else {}
    stocks = [supply.get(drug.name) for drug in trial.treatment.drugs]
    return ResourcePlan(
        slots=chairs.slots if chairs else 0,
        is_limited=_ints([stock is not None for stock in stocks]),
        initial=_ints([stock.initial if stock else 0 for stock in stocks]),
        reorder_at=_ints([stock.reorder_at if stock else 0 for stock in stocks]),
        order=_ints([stock.order if stock else 0 for stock in stocks]),
        lead_time=_ints([stock.lead_time if stock else 0 for stock in stocks]),
    )


def _starts(sizes: list[int]) -> IntArray:
    return np.concatenate([[0], np.cumsum(np.array(sizes, np.int64))])


def _mask(trial: Trial, names: tuple[str, ...]) -> int:
    toxicity = trial.toxicity
    return sum(1 << toxicity.position(name) for name in set(names)) if toxicity else 0


def _basis(drug: Drug) -> int:
    unit = drug.dose.unit
    return MILLIGRAM_UNITS.index(unit) if unit in MILLIGRAM_UNITS else 0
