"""Rules between the adverse events, the doses and the patients of a scenario."""

from __future__ import annotations

from collections.abc import Iterator

from simulate.scenario.baseline import NormalVariable
from simulate.scenario.findings import Finding
from simulate.scenario.problems import similar
from simulate.scenario.tree import Path
from simulate.scenario.trial import Trial

MOST_DRUG_IDS = 64
"""Numbers of drugs for which an adverse event has words."""

MOST_NAMED_TERMS = 62
"""Terms that a dosing rule can name: bits of a whole number of 64 bits."""


def impossible_actions(trial: Trial) -> Iterator[Finding]:
    """A rule can reduce only to a lower dose, and hold only as long as the drug allows."""
    for d, drug in enumerate(trial.treatment.drugs):
        for r, rule in enumerate(drug.rules):
            path: Path = ("treatment", "drugs", d, "rules", r)
            if rule.action == "reduce" and not drug.reduced_doses:
                message = f"to reduce {drug.name}, reduced_doses must say to what"
                yield Finding((*path, "action"), message)
            if rule.action == "hold" and drug.holds is None:
                message = f"to hold {drug.name}, holds must say for how long"
                yield Finding((*path, "action"), message, "Give holds: {at_most: 12 weeks}")
            if rule.lasting and drug.holds is not None and rule.lasting > drug.holds.at_most:
                yield Finding(
                    (*path, "lasting"),
                    f"a hold that lasts longer than the longest allowed can never end (given: "
                    f"{rule.lasting} days; holds of {drug.name} last {drug.holds.at_most} days at "
                    "most)",
                )


def unknown_terms(trial: Trial) -> Iterator[Finding]:
    """Every adverse event that a rule or a stop names must be one of the terms.

    Without adverse events the names stand for nothing, and rules and causes never apply: so that
    ``toxicity: null`` by itself asks what if there were none.
    """
    if trial.toxicity is None:
        return
    known = [term.name for term in trial.toxicity.terms]
    for path, name in _named_terms(trial):
        if name not in known:
            message = f"there is no adverse event {name}"
            yield Finding(path, message, similar(name, known))


def _named_terms(trial: Trial) -> Iterator[tuple[Path, str]]:
    for d, drug in enumerate(trial.treatment.drugs):
        for r, rule in enumerate(drug.rules):
            for t, name in enumerate(rule.terms):
                yield ("treatment", "drugs", d, "rules", r, "terms", t), name
    if trial.toxicity is not None and trial.toxicity.fatal is not None:
        yield ("toxicity", "fatal"), trial.toxicity.fatal
    early, withdrawn = trial.follow_up.early_stop, trial.follow_up.withdrawal_adverse_event
    if early is not None and early.adverse_event is not None:
        yield ("follow_up", "early_stop", "adverse_event"), early.adverse_event
    if withdrawn is not None:
        yield ("follow_up", "withdrawal_adverse_event", "term"), withdrawn.term


def numbers_too_high(trial: Trial) -> Iterator[Finding]:
    """Drugs of a trial with adverse events, and terms that rules name, have low numbers.

    The words of an event lie side by side by the number of the drug; a rule keeps its terms, by
    their place in the list, in the bits of one whole number.
    """
    if trial.toxicity is None:
        return
    for d, drug in enumerate(trial.treatment.drugs):
        if drug.id >= MOST_DRUG_IDS:
            message = f"with adverse events, the id of a drug is below {MOST_DRUG_IDS}"
            yield Finding(("treatment", "drugs", d, "id"), f"{message} (given: {drug.id})")
        for r, rule in enumerate(drug.rules):
            for t, name in enumerate(rule.terms):
                if name in [term.name for term in trial.toxicity.terms[MOST_NAMED_TERMS:]]:
                    path = ("treatment", "drugs", d, "rules", r, "terms", t)
                    message = f"a rule can name the first {MOST_NAMED_TERMS} terms only"
                    yield Finding(path, message, f"move {name} up in the list of terms")


def unknown_weights(trial: Trial) -> Iterator[Finding]:
    """Every term has one of the cycle weights, and every weight has a term."""
    if trial.toxicity is None:
        return
    known = [weight.name for weight in trial.toxicity.weights]
    used = {term.weight for term in trial.toxicity.terms}
    for t, term in enumerate(trial.toxicity.terms):
        if term.weight not in known:
            message = f"there is no weight {term.weight} (allowed: {', '.join(known)})"
            path: Path = ("toxicity", "terms", t, "weight")
            yield Finding(path, message, similar(term.weight, known))
    if used <= set(known):  # else the one that no term has may be the one that is meant
        for w, name in enumerate(known):
            if name not in used:
                yield Finding(("toxicity", "weights", w), f"no term has the weight {name}")


def unknown_drugs(trial: Trial) -> Iterator[Finding]:
    """A cycle weight that depends on a drug names one that is given."""
    drugs = [drug.name for drug in trial.treatment.drugs]
    for w, weight in enumerate(trial.toxicity.weights if trial.toxicity else ()):
        if weight.drug is not None and weight.drug not in drugs:
            yield _no_drug(("toxicity", "weights", w, "drug"), weight.drug, drugs)


def intensity_drug(trial: Trial) -> Iterator[Finding]:
    """The drug whose dose intensity acts on the disease is one that is given."""
    intensity = trial.disease.dose_intensity
    drugs = [drug.name for drug in trial.treatment.drugs]
    if intensity is not None and intensity.drug not in drugs:
        yield _no_drug(("disease", "dose_intensity", "drug"), intensity.drug, drugs)


def unsupplied_drugs(trial: Trial) -> Iterator[Finding]:
    """A drug with a limited stock is one that is given, and is named once."""
    drugs = [drug.name for drug in trial.treatment.drugs]
    seen: set[str] = set()
    for s, supply in enumerate(trial.resources.supply if trial.resources else ()):
        path: Path = ("resources", "supply", s, "drug")
        if supply.drug not in drugs:
            yield _no_drug(path, supply.drug, drugs)
        elif supply.drug in seen:
            yield Finding(path, f"the supply of {supply.drug} is given twice")
        seen.add(supply.drug)


def _no_drug(path: Path, name: str, drugs: list[str]) -> Finding:
    return Finding(path, f"there is no drug {name}", similar(name, drugs))


def body_variables(trial: Trial) -> Iterator[Finding]:
    """Weight and height are numbers at baseline."""
    body = trial.treatment.body
    if body is None:
        return
    numbers = [v.name for v in trial.baseline.variables if isinstance(v, NormalVariable)]
    for key, name in (("weight", body.weight), ("height", body.height)):
        if name not in numbers:
            yield Finding(
                ("treatment", "body", key),
                f"there is no baseline variable {name} of kind normal",
                similar(name, numbers),
            )
