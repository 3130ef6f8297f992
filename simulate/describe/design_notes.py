"""How to read the theory of a design: what is exact, what approximate, what it leaves out."""

from __future__ import annotations

from collections.abc import Iterator

from simulate.describe.words import paragraphs
from simulate.design_theory import DesignTheory
from simulate.looks.build_tests import weights_of
from simulate.scenario.survival_model import Proportional
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.theory.course import DESIGN
from simulate.theory.hypothesis import HypothesisTheory


def notes_of_design(theory: DesignTheory) -> list[str]:
    """What is exact, what approximate, and what theory leaves out of this trial."""
    return paragraphs(
        "No effect: the experimental arm is like the control arm. As the scenario: survival as it "
        "assumes."
        + (
            " As designed: the control arm's hazard times design_hazard_ratio."
            if any(one.under(DESIGN) for one in theory.hypotheses)
            else ""
        ),
        "Exact: bounds and probabilities for a normal Z with independent increments, and expected "
        "numbers by integration over accrual, survival and dropout.",
        "Approximate: a look is expected when the expected number of events reaches its target. As "
        "designed, the mean of Z is Schoenfeld's; as the scenario, it follows from the expected "
        "numbers at risk, and HR is the average hazard ratio over the expected events.",
        "Weighted tests and combinations: weights at the expected survival of both arms together; "
        "bounds and power by the joint normal distribution of all weights at all looks, a "
        "combination's by simulating it."
        if any(weights_of(one.hypothesis.test) for one in theory.hypotheses)
        else "",
        "Restricted means and milestone rates: the mean of Z is the true difference, as it is "
        "seen, over its standard error by Greenwood's formula for the numbers expected to be at "
        "risk; looks are correlated by their information, which is not in proportion to events."
        if any(one.compares_curves for one in theory.hypotheses)
        else "",
        "Response rates: no effect is the control arm's rate in both. The mean of Z is that of the "
        "difference of the rates over its standard error without an effect, and its standard "
        "deviation is that of the rates as they are: the usual normal approximation. "
        "Subpopulations take their own patients, events and rates."
        if any(one.is_of_rates or one.hypothesis.population for one in theory.hypotheses)
        else "",
        *_notes_of_kind(theory),
        "With several hypotheses each is taken by itself: the trial ends when all are decided."
        if len(theory.hypotheses) > 1
        else "",
    )


def _notes_of_kind(theory: DesignTheory) -> Iterator[str]:
    """What holds for this kind of trial only."""
    scenario = theory.scenario
    if not isinstance(scenario, SurvivalScenario):
        yield (
            "Patients have cycles and scans: expected numbers are of latent events, each counted "
            "on its day and nobody lost, and enrolment is the mean of simulated ones. Trials see "
            "events later, so that their looks come later."
        )
        if scenario.is_read:
            yield (
                "Readers are taken to call progression on its very day, every event to count, and "
                "nobody to change treatment: simulate run tells what errors, rules and switching "
                "do to days, events and power."
            )
        if any(one.is_of_rates for one in theory.hypotheses):
            yield (
                "Response rates are those of latent responses, all known at once; scans confirm "
                "somewhat less, and later."
            )
        return
    if scenario.is_read:
        yield (
            "Scans are taken as read without error, none as missed, and every event as counted. "
            "Readers, missed scans and rules of censoring change days, events and power: simulate "
            "run tells by how much."
        )
    if any(_changes(scenario, one) for one in theory.hypotheses):
        yield (
            "Effects change with time: the hazard ratio of a look is the average one by then, "
            "changes with follow-up, and power is approximate."
        )
    if scenario.survival.observation == "scans":
        yield (
            "PFS is seen at scans: events are counted when they are seen. The theory of the "
            "log-rank test is that of exact times; many events share the days of scans, and those "
            "who die between scans are compared with patients scanned by then."
        )


def _changes(trial: SurvivalScenario, one: HypothesisTheory) -> bool:
    """Whether an effect on one of the arms changes with time or is a law of its own."""
    arms = (one.hypothesis.experimental, one.hypothesis.control)
    return any(
        effect.arm in arms and not isinstance(effect, Proportional)
        for effect in trial.survival.effects
    )
