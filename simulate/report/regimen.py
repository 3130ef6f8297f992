"""Dosing rules, adverse events and limits of the sites in brief, for the table of the trial."""

from __future__ import annotations

from simulate.describe.words import count, duration, stated_percent
from simulate.report.numbers import counted, listed
from simulate.scenario.dosing import DosingRule, Holds
from simulate.scenario.treatment import Drug
from simulate.scenario.trial import Trial

Item = tuple[str, str]


def dosing_rules(trial: Trial) -> list[Item]:
    """What adverse events do to each drug; nothing if none are simulated."""
    if trial.toxicity is None:
        return []
    return [(f"Dosing rules, {drug.name}", _rules(trial, drug)) for drug in trial.treatment.drugs]


def _rules(trial: Trial, drug: Drug) -> str:
    parts = [_rule(trial, drug, rule) for rule in drug.rules]
    if not drug.reduced_doses:
        parts.append("never reduced")
    if drug.holds is not None and any(rule.action == "hold" for rule in drug.rules):
        parts.append(_holds(drug.holds))
    return "; ".join(parts)


def _rule(trial: Trial, drug: Drug, rule: DosingRule) -> str:
    share = "" if rule.probability == 1 else f" ({stated_percent(rule.probability)} of them)"
    return f"{_action(drug, rule)} {_events(trial, rule)}{share}{_in_part(rule)}"


def _in_part(rule: DosingRule) -> str:
    """What becomes of an interrupted infusion that is not always completed."""
    if rule.action != "interrupt_infusion" or rule.resumed == 1:
        return ""
    if rule.resumed == 0:
        return ", given in part only"
    return f", in {stated_percent(1 - rule.resumed)} given in part only"


def _action(drug: Drug, rule: DosingRule) -> str:
    if rule.action == "hold":
        lasting = f" {duration(rule.lasting)}" if rule.lasting is not None else ""
        return f"held{lasting} for"
    if rule.action == "reduce":
        return f"reduced to {listed(map(str, drug.reduced_doses), last='then')} after"
    return {"discontinue": "stopped for good after", "interrupt_infusion": "infusion halted at"}[
        rule.action
    ]


def _events(trial: Trial, rule: DosingRule) -> str:
    """The adverse events that a rule is about."""
    labels = {term.name: term.label for term in trial.toxicity.terms} if trial.toxicity else {}
    named = listed((_in_sentence(labels[name]) for name in rule.terms), last="or")
    words = [
        "related" if rule.related else "",
        named or "events",
        "of special interest" if rule.special_interest else "",
        f"of grade {rule.grade} or higher" if rule.grade > 1 else "",
    ]
    return " ".join(word for word in words if word)


def _in_sentence(label: str) -> str:
    """A label as it stands within a sentence; abbreviations keep their capitals."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _holds(holds: Holds) -> str:
    who = "the cycle waits for it" if holds.delays_cycle else "the cycle goes on without it"
    least = f" and at least {duration(holds.at_least)}" if holds.at_least else ""
    return (
        f"if held, until grade 1 or better{least}, {who}; ended by"
        f" a hold of more than {duration(holds.at_most)}"
    )


def adverse_events(trial: Trial) -> list[Item]:
    """How adverse events arise; nothing if none are simulated."""
    toxicity = trial.toxicity
    if toxicity is None:
        return []
    special = [_in_sentence(term.label) for term in toxicity.terms if term.special_interest]
    text = (
        f"{counted(len(toxicity.terms), 'term')} of CTCAE 5.0, each at most once a cycle and not "
        "anew while it goes on; more in frail patients, in early cycles and in cycles of the drug "
        f"that causes them; lasting {duration(toxicity.duration.median)} in the median; "
        f"treatment-emergent until {duration(toxicity.emergent_until)} after the last dose"
    )
    if special:
        text += f"; of special interest: {listed(special)}"
    return [("Adverse events", text)]


def site_limits(trial: Trial) -> list[Item]:
    """What patients share at a site; nothing if nothing is limited."""
    resources = trial.resources
    if resources is None:
        return []
    parts = []
    if resources.chairs is not None:
        parts.append(f"{count(resources.chairs.slots, 'patient')} treated a day at each site")
    parts += [
        f"{count(supply.initial, 'dose')} of {supply.drug} in stock at each site, {supply.order} "
        f"more ordered when {supply.reorder_at} are left, delivered after "
        f"{duration(supply.lead_time)}"
        for supply in resources.supply
    ]
    return [("Site capacity", "; ".join(parts))] if parts else []


def intensity_effect(trial: Trial) -> list[Item]:
    """What lost dose intensity does to the disease; nothing if there is no effect."""
    effect = trial.disease.dose_intensity
    if effect is None:
        return []
    text = (
        f"hazard of progression times {effect.hazard_ratio_per_10_percent:g} for every 10% of "
        f"{effect.drug}'s intensity that is lost (a what-if); all that is given late counts as "
        "lost, whatever delayed it, an adverse event or anything else"
    )
    return [("Dose intensity", text)]
