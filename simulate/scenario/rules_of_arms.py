"""Rules of a randomised trial with patients in cycles and scans."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from simulate.scenario.enrolment import PowerAccrual
from simulate.scenario.findings import Finding
from simulate.scenario.rules_of_looks import (
    Looks,
    hypotheses_are_testable,
    looks_are_possible,
    looks_in_order,
    spending_fits,
)
from simulate.scenario.rules_of_multiplicity import Family, alpha_is_shared
from simulate.scenario.rules_of_randomisation import (
    blocks_fit,
    few_cells,
    strata_exist,
    unique_arms,
)
from simulate.scenario.rules_of_review import scans_are_read
from simulate.scenario.rules_of_tests import tests_are_possible
from simulate.scenario.tree import Path
from simulate.scenario.trial import NO_ESTIMATES, NO_RANDOMISATION, Trial

_NEEDS_ARMS = "Give arms, two or more, or leave it out"


def arms_belong_together(trial: Trial) -> Iterator[Finding]:
    """A randomised trial has two arms or more, and only it is randomised and tested."""
    if len(trial.arms) == 1:
        yield Finding(
            ("arms",),
            "a randomised trial has two arms or more (given: 1)",
            "For a trial of one arm leave arms out",
        )
    if trial.arms:
        return
    given = {
        "randomisation": trial.randomisation != NO_RANDOMISATION,
        "max_study_duration": trial.max_study_duration is not None,
        "hypotheses": bool(trial.hypotheses),
        "multiplicity": trial.multiplicity.method != "none",
        "estimates": trial.estimates != NO_ESTIMATES,
        "readers": bool(trial.readers),
        "new_therapy": trial.new_therapy is not None,
        "switching": bool(trial.switching),
        "rule_sets": bool(trial.rule_sets),
        "endpoints.named": bool(trial.endpoints.named),
    }
    for key, is_given in given.items():
        if is_given:
            yield Finding(tuple(key.split(".")), "it says nothing without arms", _NEEDS_ARMS)
    for index, analysis in enumerate(trial.analyses):
        where: Path = ("analyses", index)
        if analysis.cut.date is None:
            message = "the data of a trial without arms are cut on a date"
            yield Finding((*where, "cut"), message, "Give date, or give arms")
        if analysis.cleaning_lag > 0:
            yield Finding((*where, "cleaning_lag"), "it says nothing without arms", _NEEDS_ARMS)


def arms_are_randomised(trial: Trial) -> Iterator[Finding]:
    """Arms have their own names, and strata, blocks and allocation fit."""
    if not trial.arms:
        return
    yield from unique_arms(trial.arms)
    yield from blocks_fit(trial.randomisation, trial.arms)
    yield from strata_exist(trial.randomisation, trial.baseline)
    randomisation = trial.randomisation
    yield from few_cells(trial.baseline, {*randomisation.strata, *randomisation.factors})
    yield from few_cells(trial.baseline, trial.population_variables)


def looks_fit(trial: Trial) -> Iterator[Finding]:
    """Looks, hypotheses and spending of a randomised trial fit together."""
    if not trial.arms:
        return
    if trial.max_study_duration is None:
        yield Finding(
            ("max_study_duration",),
            "a randomised trial needs the time at which it ends, whatever has been reached",
            "Give max_study_duration, such as 60 months",
        )
    elif math.floor(trial.max_study_duration) <= _first_patient(trial):
        yield Finding(
            ("max_study_duration",),
            "the trial must end after the first patient comes "
            f"(given: day {trial.max_study_duration:g}; first: day {_first_patient(trial)})",
        )
    rates = tuple(each for each in trial.possible_endpoints if trial.is_rate(each))
    looks = Looks(
        trial.analyses,
        trial.hypotheses,
        trial.arms,
        trial.randomisation,
        trial.possible_endpoints,
        trial.sample_size,
        trial.origin,
        trial.max_study_duration,
        trial.baseline,
        rates,
    )
    yield from looks_are_possible(looks)
    yield from looks_in_order(trial.analyses, trial.sample_size)
    yield from hypotheses_are_testable(looks)
    yield from spending_fits(looks)
    yield from tests_are_possible(
        trial.hypotheses,
        trial.estimates,
        trial.randomisation,
        [each for each in looks.endpoints if each not in rates],
        trial.max_study_duration,
        (),
        rates,
        tuple(filter(trial.is_seen_at_scans, trial.endpoint_names)),
        "with endpoints.named one of: PFS, without a grid and not read by latent",
    )
    yield from alpha_is_shared(Family(trial.multiplicity, trial.hypotheses))


def _first_patient(trial: Trial) -> int:
    """Trial day before which nobody comes."""
    accrual = trial.enrolment.accrual
    return (accrual.first - trial.origin).days if isinstance(accrual, PowerAccrual) else 0


def arms_agree(trial: Trial, arms: Sequence[Trial]) -> Iterator[Finding]:
    """What has a permanent number is the same in all arms, whose own trials are given."""
    names: tuple[tuple[str, Callable[[Trial], Iterable[tuple[int, str]]]], ...] = (
        ("drug", lambda arm: ((drug.id, drug.name) for drug in arm.treatment.drugs)),
        ("adverse event", _terms),
    )
    for what, numbers_of in names:
        name_of: dict[int, str] = {}
        for index, arm in enumerate(arms):
            for number, name in numbers_of(arm):
                if name_of.setdefault(number, name) != name:
                    yield Finding(
                        ("arms", index, "set"),
                        f"the {what} {name} has the id of {name_of[number]} in another arm "
                        f"(given: {number})",
                        "Give what differs between arms an id of its own",
                    )
    yield from _same_supply(trial, arms)
    yield from scans_are_read(trial, arms)


def _terms(arm: Trial) -> Iterable[tuple[int, str]]:
    return ((term.id, term.name) for term in (arm.toxicity.terms if arm.toxicity else ()))


def _same_supply(trial: Trial, arms: Sequence[Trial]) -> Iterator[Finding]:
    if trial.resources is None:
        return
    drugs = [[drug.id for drug in arm.treatment.drugs] for arm in arms]
    for index, of_arm in enumerate(drugs):
        if of_arm != drugs[0]:
            yield Finding(
                ("arms", index, "set"),
                "arms that share the resources of a site need the same drugs in the same order",
                "Leave out resources, or give all arms the same drugs (some of 0 planned cycles)",
            )
