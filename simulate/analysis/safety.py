"""The statistics of safety and exposure: what they are called, and what they are."""

from __future__ import annotations

from collections.abc import Iterator

from simulate.analysis.drugs import drug_key
from simulate.analysis.incidence import organ_class_keys
from simulate.analysis.statistics import Statistic
from simulate.scenario.trial import Trial

_EVENTS = {
    "teae_any": "Any adverse event",
    "teae_grade3": "Any adverse event of grade 3 or higher",
    "sae": "Serious adverse event",
    "sae_grade3": "Serious adverse event of grade 3 or higher",
    "aesi": "Adverse event of special interest",
    "deaths_related": "Fatal adverse event judged related to a drug",
}

_DOSING = {
    "interruption": "dose interrupted for an adverse event",
    "reduction": "dose reduced",
    "discontinuation": "stopped for an adverse event",
}


def safety_statistics(trial: Trial) -> Iterator[Statistic]:
    """Every safety statistic of a scenario, by name; none if it has no adverse events."""
    for drug in trial.treatment.drugs:
        key = drug_key(drug.name)
        label = f"{drug.name}: median relative dose intensity"
        yield Statistic(f"{key}_rdi_median", "SS", "exposure", f"{key}.rdi", label, "%")
        label = f"{drug.name}: median number of doses"
        yield Statistic(f"{key}_doses_median", "SS", "exposure", f"{key}.doses", label, "doses")
        if trial.toxicity is not None:
            for name, words in _DOSING.items():
                yield _count(f"{key}_{name}", f"{drug.name}: {words}")
    if trial.resources is not None:
        yield _count("waited", "Patients with a dose that waited for a slot or a drug")
        label = "Mean wait of a dose for a slot or a drug"
        yield Statistic("wait_mean", "SS", "resources", "wait_mean", label, "days")
    if trial.toxicity is None:
        return
    for name, label in _EVENTS.items():
        yield _count(name, label)
    for term in trial.toxicity.terms:
        yield _count(f"ae_any_{term.name}", f"{term.label}, any grade")
        yield _count(f"ae_grade3_{term.name}", f"{term.label}, grade 3 or higher")
    for key, organ_class in organ_class_keys(trial).items():
        yield _count(f"soc_any_{key}", f"{organ_class}, any grade")
        yield _count(f"soc_grade3_{key}", f"{organ_class}, grade 3 or higher")


def _count(name: str, label: str) -> Statistic:
    return Statistic(name, "SS", "safety", name, label, "patients")
