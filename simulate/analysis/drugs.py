"""Doses of each drug: how many, how much of what was planned, interruptions and reductions."""

from __future__ import annotations

import math

from simulate.analysis.quantiles import median, median_of_counts
from simulate.compiled import rule
from simulate.distributions import FloatColumn, IntColumn, IntTable
from simulate.exposure import DrugRows, DrugRules, relative_dose_intensity
from simulate.known import KnownRows, hidden_action
from simulate.ledger import DoseRows, DrugStopRows
from simulate.patient.dosing import DISCONTINUE
from simulate.scenario.trial import Trial

DRUG_MEASURES = ("doses_median", "rdi_median", "interruption", "reduction", "discontinuation")
"""What `write_drugs` writes of each drug, in its order."""

N_MEASURES = len(DRUG_MEASURES)

WAIT_SLOTS = ("waited", "wait_mean")
"""What `write_waits` writes, in its order."""


def drug_key(name: str) -> str:
    """A drug's name as it stands in names of statistics."""
    return "".join(c if c.isalnum() else "_" for c in name.lower())


def drug_slots(trial: Trial) -> list[str]:
    """What `write_drugs` writes, in its order."""
    keys = [drug_key(drug.name) for drug in trial.treatment.drugs]
    return [f"{key}_{measure}" for key in keys for measure in DRUG_MEASURES]


@rule
def write_drugs(
    rules: DrugRules,
    rows: DrugRows,
    taken: IntTable,
    n: int,
    counts: IntColumn,
    intensity: FloatColumn,
    out: FloatColumn,
    at: int,
) -> None:
    """Write what was given of each drug, `drug_slots`.

    ``taken`` has the actions of each patient's treatment-emergent adverse events, as bits;
    ``counts`` an entry for every number of doses, all 0 before and after; ``intensity`` room for
    every patient.
    """
    for drug in range(rules.n_drugs):
        interrupted, reduced, ended, defined = 0, 0, 0, 0
        for row in range(n):
            i = drug * n + row
            given = rows.given[i]
            counts[given] += 1
            interrupted += rows.interrupted[i]
            reduced += rows.reduced[i]
            ended += (taken[row] >> (4 * drug + DISCONTINUE)) & 1
            if given > 0:
                intensity[defined] = relative_dose_intensity(rows, i, rules.cycle_length)
                defined += 1
        out[at] = median_of_counts(counts, n, 0)
        out[at + 1] = median(intensity, defined)
        out[at + 2] = float(interrupted)
        out[at + 3] = float(reduced)
        out[at + 4] = float(ended)
        at += N_MEASURES
        for row in range(n):
            counts[rows.given[drug * n + row]] = 0


@rule
def hide_later_stops(stops: DrugStopRows, known: KnownRows, n: int, taken: IntColumn) -> None:
    """Take the ends of drugs of which the last contact does not tell yet out of the actions."""
    for row in range(n):
        for stop in range(known.first_stop[row], known.end_stop[row]):
            hidden = hidden_action(
                stops.position[stop], stops.day[stop], known.last_contact_day[row]
            )
            taken[row] &= ~hidden


@rule
def write_waits(doses: DoseRows, known: KnownRows, n: int, out: FloatColumn, at: int) -> None:
    """Write patients with a dose that waited for a slot or a drug, and the mean wait of a dose.

    The first dose waits from enrolment on.
    """
    n_waited, total, n_doses = 0, 0, 0
    for row in range(n):
        waited = known.first_dose_trial_day[row] - known.enrolment_trial_day[row]
        for dose in range(known.first_dose[row], known.end_dose[row]):
            waited += doses.wait[dose]
            n_doses += 1
        total += waited
        n_waited += int(waited > 0)
    out[at] = float(n_waited)
    out[at + 1] = total / n_doses if n_doses > 0 else math.nan
