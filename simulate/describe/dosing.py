"""What is given: drugs, what adverse events do to their doses, and what sites can give."""

from __future__ import annotations

import numpy as np

from simulate.describe.distributions import count_in_words
from simulate.describe.words import count, duration, listing, paragraph, paragraphs, stated_percent
from simulate.distributions import gamma_quantile_table
from simulate.scenario.dosing import DosingRule, Holds
from simulate.scenario.treatment import Body, Drug, Treatment
from simulate.scenario.trial import Trial


def given(trial: Trial) -> list[str]:
    """The section on treatment."""
    treatment = trial.treatment
    lines = paragraphs(
        f"Cycles of {duration(treatment.cycle_length)}, counted from the last dose actually given, "
        f"until {listing(_ends(trial), last='or')}.",
        _body(trial, treatment.body),
    )
    for drug in treatment.drugs:
        lines += _drug(trial, drug)
    return lines + paragraphs(
        _delay(treatment),
        *_resources(trial),
    )


def _ends(trial: Trial) -> list[str]:
    """What ends treatment."""
    drugs = trial.treatment.drugs
    ends = ["progression is seen", "withdrawal", "death"]
    stops = trial.toxicity is not None and any(
        rule.action in ("hold", "discontinue") for rule in drugs[0].rules
    )
    early = trial.follow_up.early_stop
    is_caused = trial.toxicity is not None and early is not None and early.adverse_event is not None
    if stops or is_caused:
        ends.append(f"an adverse event that ends {drugs[0].name}")
    if all(drug.planned_cycles is not None for drug in drugs):
        ends.append("all planned cycles have been given")
    return ends


def _body(trial: Trial, body: Body | None) -> str:
    units = {drug.dose.unit for drug in trial.treatment.drugs}
    if body is None:
        return (
            "" if units == {"mg"} else "Weight and height are not simulated, so doses have no mg."
        )
    weight, height = (trial.baseline.variable(name).title for name in (body.weight, body.height))
    return (
        f"Amounts in mg follow from {weight} and {height} at baseline; body surface by Mosteller, "
        "sqrt(height * weight / 3600)."
    )


def _drug(trial: Trial, drug: Drug) -> list[str]:
    """One drug, and what adverse events do to its doses."""
    lines = paragraph(f"{drug.name}: {drug.dose} on day 1 of each cycle, {_cycles(drug)}.")
    texts: list[str] = []
    if trial.toxicity is not None:
        texts.append(
            f"An adverse event is judged related to {drug.name} with probability "
            f"{stated_percent(drug.relatedness)}, each event and drug by itself."
        )
        texts += [rule_in_words(trial, drug, rule) for rule in drug.rules]
        if sum(rule.action == "reduce" for rule in drug.rules) > 1:
            texts.append(f"One event reduces {drug.name} by one level at most.")
        if drug.holds is not None and any(rule.action == "hold" for rule in drug.rules):
            texts.append(_holds(trial, drug, drug.holds))
        if not drug.rules:
            texts.append(f"No adverse event changes its doses, except by ending {_all(trial)}.")
    elif drug.rules:
        texts.append("Its dosing rules have nothing to act on: no adverse events are simulated.")
    return lines + [line for text in texts for line in paragraph(f"- {text}", indent=4)]


def _all(trial: Trial) -> str:
    return "treatment" if len(trial.treatment.drugs) == 1 else "all treatment"


def _cycles(drug: Drug) -> str:
    if drug.planned_cycles is None:
        return "as long as treatment lasts"
    planned = count_in_words(drug.planned_cycles)
    return f"as long as treatment lasts, up to a planned number of cycles: {planned}"


def rule_in_words(trial: Trial, drug: Drug, rule: DosingRule) -> str:
    """A dosing rule in a sentence or two: which adverse events, and what then.

    Parameters
    ----------
    trial : Trial
        The scenario; it has adverse events.
    drug : Drug
        The drug whose rule it is.
    rule : DosingRule
        The rule.
    """
    text = f"{_events(trial, drug, rule)} {_action(trial, drug, rule)}{_often(rule)}."
    return f"{text}{_in_part(rule)}"


def _events(trial: Trial, drug: Drug, rule: DosingRule) -> str:
    """The adverse events that a rule is about."""
    labels = {term.name: term.label for term in trial.toxicity.terms} if trial.toxicity else {}
    named = listing((labels[name] for name in rule.terms), last="or")
    text = named or "An adverse event"
    if rule.special_interest:
        text += " of special interest"
    text += f", grade {rule.grade} or higher" if rule.grade > 1 else ", any grade"
    return f"{text}, related to {drug.name}," if rule.related else f"{text},"


def _action(trial: Trial, drug: Drug, rule: DosingRule) -> str:
    if rule.action == "hold":
        until = "until it has resolved to grade 1 or better"
        if rule.lasting is not None:
            until = f"for {duration(rule.lasting)} from its onset"
        return f"holds {drug.name} {until}"
    if rule.action == "reduce":
        levels = listing(map(str, (drug.dose, *drug.reduced_doses)), last="and then to")
        if len(drug.reduced_doses) == 1:
            levels = f"{drug.dose} to {drug.reduced_doses[0]}"
        return f"reduces {drug.name} by one level from the next dose on ({levels})"
    if rule.action == "discontinue":
        return f"discontinues {drug.name}{_with_treatment(trial, drug)}"
    completed = ", which is completed and delays nothing" if rule.resumed == 1 else ""
    return f"interrupts the infusion of {drug.name}{completed}"


def _in_part(rule: DosingRule) -> str:
    """What becomes of an interrupted infusion that is not always completed."""
    if rule.action != "interrupt_infusion" or rule.resumed == 1:
        return ""
    resumed = "It is not resumed"
    if rule.resumed > 0:
        resumed = (
            f"It is resumed and completed with probability {stated_percent(rule.resumed)}, and "
            "delays nothing; otherwise it is not resumed"
        )
    return f" {resumed}, and only a part of the dose is given, uniform from none of it to all."


def _often(rule: DosingRule) -> str:
    return "" if rule.probability == 1 else f", with probability {stated_percent(rule.probability)}"


def _with_treatment(trial: Trial, drug: Drug) -> str:
    """The first drug leads: with it all treatment ends."""
    return " and all treatment" if drug == trial.treatment.drugs[0] else ""


def _holds(trial: Trial, drug: Drug, holds: Holds) -> str:
    """How long a dose is held, and who waits for it."""
    longest = (
        f"one that would last more than {duration(holds.at_most)} ends "
        f"{drug.name}{_with_treatment(trial, drug)}"
    )
    if holds.delays_cycle:
        return (
            f"The whole cycle waits for {drug.name}. A hold delays it by at least "
            f"{duration(holds.at_least)}; {longest}."
        )
    shortest = ""
    if holds.at_least > 0:
        shortest = f", so that the shortest hold, {duration(holds.at_least)}, delays nothing"
    return f"The cycle does not wait for {drug.name}: a dose held is omitted{shortest}; {longest}."


# ---- delays -------------------------------------------------------------------------------------


def mean_distance(treatment: Treatment) -> float:
    """Mean distance of dose days in days, holds and waits apart.

    An exponential delay with mean m, rounded to whole days, has the mean 1 / (2 sinh(1 / 2m)).
    """
    delay = treatment.delay
    if delay is None or delay.mean == 0:
        return float(treatment.cycle_length)
    means = gamma_quantile_table(mean=delay.mean, shape=delay.shape)
    with np.errstate(over="ignore"):
        return treatment.cycle_length + float(np.mean(0.5 / np.sinh(0.5 / means)))


def _delay(treatment: Treatment) -> str:
    delay = treatment.delay
    if delay is None or delay.mean == 0:
        return "Delays for other reasons: none; without a hold, a cycle starts on its planned day."
    means = gamma_quantile_table(mean=delay.mean, shape=delay.shape)
    low, high = np.quantile(means, [0.1, 0.9])
    return (
        f"Delays for other reasons: exponential with a mean of {delay.mean:.4g} days, rounded to "
        f"whole days; so dose days are {mean_distance(treatment):.1f} days apart on average, holds "
        f"apart. A patient's own mean delay is gamma distributed (shape {delay.shape:g}: below "
        f"{low:.1f} days in 10% of patients, above {high:.1f} days in 10%)."
    )


# ---- what sites can give ------------------------------------------------------------------------


def _resources(trial: Trial) -> list[str]:
    """Infusion chairs and stocks of the sites; nothing if they are not limited."""
    resources = trial.resources
    if resources is None:
        return []
    texts = []
    if resources.chairs is not None:
        texts.append(
            f"Each site can treat {count(resources.chairs.slots, 'patient')} a day; who finds no "
            "slot comes again the next day, and the longest wait is served first."
        )
    texts += [
        f"Each site has {count(supply.initial, 'dose')} of {supply.drug} when it opens, and orders "
        f"{supply.order:,} more when {supply.reorder_at:,} or fewer are left; a delivery takes "
        f"{duration(supply.lead_time)}."
        for supply in resources.supply
    ]
    if texts:
        texts.append(
            "A dose waits until all that it needs is there, also the first; the numbers expected "
            "in this description take no account of that."
        )
    return texts
