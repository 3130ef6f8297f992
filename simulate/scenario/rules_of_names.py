"""Rules of names and numbers: what a name or an id stands for, it stands for alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from simulate.scenario.fields import LONGEST_NAME
from simulate.scenario.findings import Finding
from simulate.scenario.head import Head
from simulate.scenario.problems import similar
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.tree import Path
from simulate.scenario.trial import Trial


def unique_baseline(trial: Trial | SurvivalTrial) -> Iterator[Finding]:
    """Baseline variables have ids and names of their own."""
    where: Path = ("baseline", "variables")
    yield from unique((v.id for v in trial.baseline.variables), where, "id")
    yield from unique((v.name for v in trial.baseline.variables), where, "name")


def unique_drugs(trial: Trial) -> Iterator[Finding]:
    """Drugs have ids and names of their own."""
    where: Path = ("treatment", "drugs")
    yield from unique((drug.id for drug in trial.treatment.drugs), where, "id")
    yield from unique((drug.name for drug in trial.treatment.drugs), where, "name")


def unique_dosing_rules(trial: Trial) -> Iterator[Finding]:
    """A dosing rule has an id of its own among the rules of all drugs."""
    taken: dict[int, str] = {}
    for d, drug in enumerate(trial.treatment.drugs):
        for r, rule in enumerate(drug.rules):
            if rule.id in taken:
                yield Finding(
                    ("treatment", "drugs", d, "rules", r, "id"),
                    f"this id is taken already by a dosing rule of {taken[rule.id]} "
                    f"(given: {rule.id})",
                )
            taken.setdefault(rule.id, drug.name)


def unique_toxicity(trial: Trial) -> Iterator[Finding]:
    """Terms have ids and names of their own, and weights have names of their own."""
    if trial.toxicity is None:
        return
    weights, terms = trial.toxicity.weights, trial.toxicity.terms
    yield from unique((weight.name for weight in weights), ("toxicity", "weights"), "name")
    yield from unique((term.id for term in terms), ("toxicity", "terms"), "id")
    yield from unique((term.name for term in terms), ("toxicity", "terms"), "name")


def unique_analyses(trial: Trial | SurvivalTrial) -> Iterator[Finding]:
    """Analyses have ids and names of their own."""
    yield from unique((analysis.id for analysis in trial.analyses), ("analyses",), "id")
    yield from unique((analysis.name for analysis in trial.analyses), ("analyses",), "name")


def unique_subgroups(trial: Trial) -> Iterator[Finding]:
    """Subgroup analyses have names of their own."""
    names = (subgroup.name for subgroup in trial.endpoints.subgroups)
    yield from unique(names, ("endpoints", "subgroups"), "name")


def unique_sweep(trial: Head) -> Iterator[Finding]:
    """What-ifs have names of their own, also where the scenario's name stands before them."""
    own = [variant.name for variant in trial.sweep]
    yield from unique(own, ("sweep",), "name")
    taken = {trial.name: ""}
    for index, name in enumerate(own):
        whole = f"{trial.name}_{name}"
        if taken.setdefault(whole[:LONGEST_NAME], name) != name:
            yield Finding(
                ("sweep", index, "name"),
                f"with the scenario's name before it, it is too long to be told from others "
                f"(given: {whole}; allowed: {LONGEST_NAME} characters)",
                "Give the scenario or the variant a shorter name",
            )


def endpoint_exists(
    name: str, names: Sequence[str], unlisted: Sequence[str], place: Path
) -> Iterator[Finding]:
    """An endpoint is there by its name; `unlisted` are those that the model gives beside them."""
    if name in unlisted:
        yield Finding(
            place,
            f"the model gives {name}, but endpoints does not name it "
            f"(given: {name}; allowed: {', '.join(names)})",
            f"Add it to endpoints, with an id of its own: {{id: …, name: {name}, of: {name}}}",
        )
    elif name not in names:
        yield Finding(
            place,
            f"the model gives no such endpoint (given: {name}; allowed: {', '.join(names)})",
            similar(name, names),
        )


def unique(values: Iterable[object], where: Path, key: str) -> Iterator[Finding]:
    """No two items of a list have the same value of a key; without a key, no two are the same."""
    seen: set[object] = set()
    for index, value in enumerate(values):
        if value in seen and key:
            yield Finding((*where, index, key), f"this {key} is taken already (given: {value})")
        elif value in seen:
            yield Finding((*where, index), f"it stands in this list already (given: {value})")
        seen.add(value)
