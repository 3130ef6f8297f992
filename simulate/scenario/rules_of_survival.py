"""Rules that tie several fields of a trial with plain survival models together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from simulate.scenario.findings import Finding
from simulate.scenario.problems import similar
from simulate.scenario.rules import (
    baseline_cases,
    factors_of_levels,
    levels_exist,
    variables_of,
)
from simulate.scenario.rules_of_calendars import (
    calendar_in_order,
    grids_fit_the_scans,
    rule_sets_are_possible,
)
from simulate.scenario.rules_of_looks import (
    Looks,
    estimates_are_possible,
    hypotheses_are_testable,
    looks_are_possible,
    looks_in_order,
    spending_fits,
)
from simulate.scenario.rules_of_multiplicity import Family, alpha_is_shared
from simulate.scenario.rules_of_names import unique, unique_analyses, unique_baseline, unique_sweep
from simulate.scenario.rules_of_randomisation import (
    arm_exists,
    blocks_fit,
    few_cells,
    strata_exist,
    unique_arms,
)
from simulate.scenario.rules_of_readers import (
    lags_have_a_reader,
    later_therapy,
    named_endpoints,
    readers_are_possible,
    rule_sets_differ,
)
from simulate.scenario.rules_of_reported import reported_medians_have_their_like
from simulate.scenario.rules_of_responses import responses_are_possible
from simulate.scenario.rules_of_tests import tests_are_possible
from simulate.scenario.survival_model import TRANSITIONS, OwnLaw
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.tree import Path

Rule = Callable[[SurvivalTrial], Iterator[Finding]]


def _looks(trial: SurvivalTrial) -> Looks:
    return Looks(
        trial.analyses,
        trial.hypotheses,
        trial.arms,
        trial.randomisation,
        trial.endpoint_names,
        trial.sample_size,
        trial.origin,
        trial.max_study_duration,
        trial.baseline,
        tuple(filter(trial.is_rate, trial.endpoint_names)),
        trial.unlisted_endpoints,
    )


def _arms(trial: SurvivalTrial) -> Iterator[Finding]:
    yield from unique_arms(trial.arms)
    yield from blocks_fit(trial.randomisation, trial.arms)
    yield from strata_exist(trial.randomisation, trial.baseline)


def _regions(trial: SurvivalTrial) -> Iterator[Finding]:
    regions = trial.enrolment.regions
    if regions is None:
        return
    where: Path = ("enrolment", "regions")
    yield from unique((region.id for region in regions), where, "id")
    yield from unique((region.name for region in regions), where, "name")
    caps = [region.cap for region in regions if region.cap is not None]
    if len(caps) == len(regions) and sum(caps) < trial.sample_size:
        yield Finding(
            where,
            f"the caps leave room for fewer patients than the trial needs (given: {sum(caps)}; "
            f"sample_size: {trial.sample_size})",
        )


def _effects(trial: SurvivalTrial) -> Iterator[Finding]:
    keys, variables = TRANSITIONS[trial.survival.kind], variables_of(trial)
    for index, effect in enumerate(trial.survival.effects):
        where: Path = ("survival", "effects", index)
        yield from arm_exists(trial.arms, effect.arm, (*where, "arm"))
        yield from _time_exists(effect.on, keys, (*where, "on"), trial.survival.kind)
        for name, levels in effect.when.items():
            yield from levels_exist(variables, name, levels, (*where, "when", name))
    for name in trial.survival.dropout_by_arm:
        yield from arm_exists(trial.arms, name, ("survival", "dropout_by_arm", name))
    yield from calendar_in_order(trial.survival.calendar, ("survival", "calendar"))


def _own_laws(trial: SurvivalTrial) -> Iterator[Finding]:
    """Nobody has two distributions for one time."""
    laws: list[OwnLaw] = []
    for index, effect in enumerate(trial.survival.effects):
        if not isinstance(effect, OwnLaw):
            continue
        if any(_share_patients(effect, law) for law in laws):
            yield Finding(
                ("survival", "effects", index),
                f"patients of the arm {effect.arm} have a distribution for {effect.on} already",
                "Give the distributions a when that keeps their patients apart",
            )
        laws.append(effect)


def _share_patients(one: OwnLaw, other: OwnLaw) -> bool:
    """Whether two effects are on one time of the same arm, and some patients may have both."""
    both = one.when.keys() & other.when.keys()
    apart = any(set(one.when[name]).isdisjoint(other.when[name]) for name in both)
    return (one.arm, one.on) == (other.arm, other.on) and not apart


def _time_exists(key: str, keys: Iterable[str], place: Path, kind: str) -> Iterator[Finding]:
    if key not in keys:
        yield Finding(
            place,
            f"the model {kind} has no such time (given: {key}; allowed: {', '.join(keys)})",
            similar(key, keys),
        )


def _prognostic_factors(trial: SurvivalTrial) -> Iterator[Finding]:
    factors = trial.survival.prognostic_factors
    place: Path = ("survival", "prognostic_factors")
    yield from factors_of_levels(factors, variables_of(trial), place)
    keys = TRANSITIONS[trial.survival.kind]
    for index, factor in enumerate(factors):
        for key in factor.hazard_ratios:
            where: Path = (*place, index, "hazard_ratios", key)
            yield from _time_exists(key, keys, where, trial.survival.kind)


def variables_that_matter(trial: SurvivalTrial) -> tuple[str, ...]:
    """Baseline variables that decide strata, hazards, responses or subpopulations, in order."""
    named = {*trial.randomisation.strata, *trial.randomisation.factors}
    named |= {factor.variable for factor in trial.survival.prognostic_factors}
    named |= {name for effect in trial.survival.effects for name in effect.when}
    named |= set(trial.population_variables)
    if trial.survival.response is not None:
        named |= trial.survival.response.variables
    return tuple(v.name for v in trial.baseline.variables if v.name in named)


def _not_too_many_cells(trial: SurvivalTrial) -> Iterator[Finding]:
    yield from few_cells(trial.baseline, variables_that_matter(trial))


def _one_arm(trial: SurvivalTrial) -> Iterator[Finding]:
    if len(trial.arms) == 1 and trial.survival.effects:
        yield Finding(
            ("survival", "effects"),
            "a single arm follows the model as it stands and has no effects",
            "Change the model's own times",
        )


_FOR_LOOKS = (
    "analyses hypotheses arms randomisation survival endpoints sample_size origin "
    "max_study_duration baseline"
)

SURVIVAL_RULES: tuple[tuple[frozenset[str], Rule], ...] = tuple(
    (frozenset(blocks.split()), rule)
    for blocks, rule in (
        ("baseline", unique_baseline),
        ("baseline", baseline_cases),
        ("arms randomisation baseline", _arms),
        ("enrolment sample_size", _regions),
        ("arms survival baseline", _effects),
        ("arms survival", _one_arm),
        ("survival", _own_laws),
        ("survival baseline", _prognostic_factors),
        ("arms survival baseline max_study_duration", responses_are_possible),
        ("randomisation survival baseline hypotheses analyses", _not_too_many_cells),
        ("survival endpoints rule_sets", named_endpoints),
        ("survival rule_sets", rule_sets_differ),
        ("arms survival endpoints rule_sets max_study_duration", rule_sets_are_possible),
        ("arms survival endpoints max_study_duration", grids_fit_the_scans),
        ("reported_medians arms survival endpoints", reported_medians_have_their_like),
        ("arms survival", readers_are_possible),
        ("arms survival", later_therapy),
        ("analyses survival endpoints", lags_have_a_reader),
        ("analyses", unique_analyses),
        (
            _FOR_LOOKS,
            lambda trial: looks_are_possible(_looks(trial)),
        ),
        (
            "analyses sample_size",
            lambda trial: looks_in_order(trial.analyses, trial.sample_size),
        ),
        (
            _FOR_LOOKS,
            lambda trial: hypotheses_are_testable(_looks(trial)),
        ),
        (
            _FOR_LOOKS,
            lambda trial: spending_fits(_looks(trial)),
        ),
        (
            "hypotheses multiplicity",
            lambda trial: alpha_is_shared(Family(trial.multiplicity, trial.hypotheses)),
        ),
        (
            "estimates max_study_duration",
            lambda trial: estimates_are_possible(trial.estimates, trial.max_study_duration),
        ),
        (
            f"{_FOR_LOOKS} estimates",
            lambda trial: tests_are_possible(
                trial.hypotheses,
                trial.estimates,
                trial.randomisation,
                [each for each in trial.endpoint_names if not trial.is_rate(each)],
                trial.max_study_duration,
                trial.unlisted_endpoints,
                tuple(filter(trial.is_rate, trial.endpoint_names)),
                tuple(filter(trial.is_seen_at_scans, trial.endpoint_names)),
                "survival.observation: scans with a calendar, and an endpoint of: PFS",
            ),
        ),
        ("sweep name", unique_sweep),
    )
)
