"""Safety: adverse events as in a safety table, interruptions, reductions, dose intensity.

An adverse event counts if it is treatment-emergent: begun by the cut, and not later after the last
dose than the scenario allows. Incidence counts patients, not events.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from simulate.analysis.stack import FloatArray, IntArray, Stack
from simulate.analysis.statistics import Statistic
from simulate.patient.dosing import DISCONTINUE
from simulate.scenario.trial import Trial

_EVENTS = {
    "teae_any": "Any adverse event",
    "teae_grade3": "Any adverse event of grade 3 or higher",
    "sae": "Serious adverse event",
    "sae_grade3": "Serious adverse event of grade 3 or higher",
    "aesi": "Adverse event of special interest",
}

_DOSING = {
    "interruption": "dose interrupted for an adverse event",
    "reduction": "dose reduced",
    "discontinuation": "stopped for an adverse event",
}


def drug_key(name: str) -> str:
    """A drug's name as it stands in names of statistics."""
    return "".join(c if c.isalnum() else "_" for c in name.lower())


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


def _count(name: str, label: str) -> Statistic:
    return Statistic(name, "SS", "safety", name, label, "patients")


def safety_values(trial: Trial, cuts: Stack) -> dict[str, FloatArray]:
    """Values of :func:`safety_statistics` in every replicate."""
    values: dict[str, IntArray | FloatArray] = {}
    emergent = _emergent(trial, cuts)
    for position, drug in enumerate(trial.treatment.drugs):
        values |= _drug_values(trial, cuts, position, drug_key(drug.name), emergent)
    if trial.resources is not None:
        values |= _waits(cuts)
    if trial.toxicity is not None:
        values |= _event_values(trial, cuts, emergent)
    return {name: np.asarray(array, float) for name, array in values.items()}


def _waits(cuts: Stack) -> dict[str, IntArray | FloatArray]:
    """Waits for shared resources; the first dose waits from enrolment on."""
    first = cuts.subjects["first_dose_trial_day"] - cuts.subjects["enrolment_trial_day"]
    row, wait = cuts.doses["row"], cuts.doses["wait"].astype(float)
    total = np.bincount(cuts.replicate[row], weights=wait, minlength=cuts.n_replicates)
    total += np.bincount(cuts.replicate, weights=first, minlength=cuts.n_replicates)
    n_doses = np.bincount(cuts.replicate[row], minlength=cuts.n_replicates)
    waited = first > 0
    waited[row[wait > 0]] = True
    mean = np.divide(total, n_doses, out=np.full(len(total), np.nan), where=n_doses > 0)
    return {"waited": cuts.counts(waited), "wait_mean": mean}


def _emergent(trial: Trial, cuts: Stack) -> npt.NDArray[np.bool_]:
    """Which adverse events are treatment-emergent."""
    given = cuts.doses["given"] == 1
    last_dose = np.zeros(len(cuts.replicate), np.int64)
    np.maximum.at(last_dose, cuts.doses["row"][given], cuts.doses["day"][given])
    window = trial.toxicity.emergent_until if trial.toxicity else 0
    events = cuts.adverse_events
    return np.asarray(events["onset_day"] <= last_dose[events["row"]] + window)


def _event_values(
    trial: Trial, cuts: Stack, emergent: npt.NDArray[np.bool_]
) -> dict[str, IntArray | FloatArray]:
    assert trial.toxicity is not None  # asked for only then
    rows = {name: column[emergent] for name, column in cuts.adverse_events.items()}
    row, severe, serious = rows["row"], rows["grade"] >= 3, rows["serious"] == 1
    special = [term.id for term in trial.toxicity.terms if term.special_interest]
    values: dict[str, IntArray | FloatArray] = {
        "teae_any": cuts.having(row),
        "teae_grade3": cuts.having(row[severe]),
        "sae": cuts.having(row[serious]),
        "sae_grade3": cuts.having(row[serious & severe]),
        "aesi": cuts.having(row[np.isin(rows["term"], special)]),
    }
    for term in trial.toxicity.terms:
        of_term = rows["term"] == term.id
        values[f"ae_any_{term.name}"] = cuts.having(row[of_term])
        values[f"ae_grade3_{term.name}"] = cuts.having(row[of_term & severe])
    return values


def _drug_values(
    trial: Trial, cuts: Stack, position: int, key: str, emergent: npt.NDArray[np.bool_]
) -> dict[str, IntArray | FloatArray]:
    drug = trial.treatment.drugs[position]
    mine = cuts.doses["drug"] == drug.id
    doses = {name: column[mine] for name, column in cuts.doses.items()}
    given = doses["given"] == 1
    n_given = np.bincount(doses["row"][given], minlength=len(cuts.replicate))
    values: dict[str, IntArray | FloatArray] = {
        f"{key}_doses_median": cuts.quantiles(n_given, 0.5),
        f"{key}_rdi_median": cuts.quantiles(dose_intensity(trial, cuts, position), 0.5),
    }
    if trial.toxicity is not None:
        stopped = (cuts.adverse_events["action"] >> (4 * position + DISCONTINUE)) & 1 == 1
        interrupted = (doses["held"] == 1) | (doses["interrupted"] == 1)
        values[f"{key}_interruption"] = cuts.having(doses["row"][interrupted])
        values[f"{key}_reduction"] = cuts.having(doses["row"][given & (doses["level"] > 0)])
        values[f"{key}_discontinuation"] = cuts.having(
            cuts.adverse_events["row"][stopped & emergent]
        )
    return values


def dose_intensity(trial: Trial, cuts: Stack, position: int) -> FloatArray:
    """Relative dose intensity of a drug, a value a patient; nan without a dose.

    The amount given over the amount planned for the time from the first dose to one cycle after
    the last: full doses at the planned interval are 1.
    """
    drug, cycle = trial.treatment.drugs[position], trial.treatment.cycle_length
    mine = (cuts.doses["drug"] == drug.id) & (cuts.doses["given"] == 1)
    row, day, level = (cuts.doses[name][mine] for name in ("row", "day", "level"))
    n = len(cuts.replicate)
    share = np.array([d.amount for d in (drug.dose, *drug.reduced_doses)]) / drug.dose.amount
    amount = np.bincount(row, weights=share[level], minlength=n)
    last = np.zeros(n, np.int64)
    np.maximum.at(last, row, day)
    planned = (last + cycle) / cycle
    return np.where(amount > 0, amount / planned, np.nan)
