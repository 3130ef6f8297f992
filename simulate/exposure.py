"""What each patient got of each drug, as far as a data cut knows.

Relative dose intensity is the amount given over the amount planned for the time from the first dose
to one cycle after the last: full doses at the planned interval are 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simulate.build_toxicity import dosing_plan
from simulate.compiled import rule
from simulate.cutoff import Snapshot, rows_of
from simulate.distributions import FloatArray, FloatColumn, FloatTable, IntColumn, IntTable
from simulate.known import KnownRows
from simulate.ledger import DoseRows
from simulate.patient.dosing import WHOLE_DOSE, dose_share
from simulate.scenario.trial import Trial


class DrugRules(NamedTuple):
    """The drugs that are looked at, by position."""

    position: IntTable
    """Position of each drug by its permanent number; -1 for none that is looked at."""
    level_start: IntTable
    share: FloatTable
    """Share of the full dose at drug d's level l: ``share[level_start[d] + l]``."""
    n_drugs: int
    cycle_length: int


class DrugRows(NamedTuple):
    """What each patient got of each drug: drug d of the patient in row r of n at ``d * n + r``."""

    given: IntColumn
    """Doses given."""
    last_dose: IntColumn
    """Day of the last dose given; 0 without one."""
    infused: IntColumn
    """Thousandths infused of its full doses."""
    lowered: FloatColumn
    """Thousandths infused of its reduced doses, as thousandths of a full one."""
    interrupted: IntColumn
    """1 with a dose held, omitted or interrupted for an adverse event."""
    reduced: IntColumn
    """1 with a reduced dose given."""


def drug_rules(trial: Trial) -> DrugRules:
    """All drugs of a scenario, as tables."""
    drugs, dosing = trial.treatment.drugs, dosing_plan(trial)
    levels = [(d, level) for d in range(len(drugs)) for level in range(dosing.n_levels[d])]
    return DrugRules(
        position=np.array(positions_of([drug.id for drug in drugs]), np.int64),
        level_start=np.array(dosing.level_start, np.int64),
        share=np.array([dose_share(dosing, d, level) for d, level in levels]),
        n_drugs=len(drugs),
        cycle_length=trial.treatment.cycle_length,
    )


def positions_of(drug_ids: Sequence[int], largest: int = 0) -> list[int]:
    """Position by permanent number, of numbers up to a largest one at least; -1 for none."""
    found = [-1] * (max(*drug_ids, largest) + 1)
    for position, drug_id in enumerate(drug_ids):
        found[drug_id] = position
    return found


@rule
def derive_doses(
    rules: DrugRules, doses: DoseRows, known: KnownRows, n: int, out: DrugRows
) -> None:
    """Sum up the doses of the ``n`` patients whom a cut knows, drug by drug."""
    for i in range(rules.n_drugs * n):
        out.given[i], out.last_dose[i], out.infused[i] = 0, 0, 0
        out.lowered[i], out.interrupted[i], out.reduced[i] = 0.0, 0, 0
    for row in range(n):
        for dose in range(known.first_dose[row], known.end_dose[row]):
            drug = rules.position[doses.drug[dose]]
            if drug >= 0:
                count_dose(rules, doses, dose, drug, drug * n + row, out)


@rule
def count_dose(
    rules: DrugRules, doses: DoseRows, dose: int, drug: int, i: int, out: DrugRows
) -> None:
    """Add a dose of a drug to entry ``i`` of the rows."""
    out.interrupted[i] |= doses.held[dose] | doses.interrupted[dose]
    if doses.given[dose] == 0:
        return
    out.given[i] += 1
    out.last_dose[i] = doses.day[dose]
    level = doses.level[dose]
    if level == 0:
        out.infused[i] += doses.infused[dose]
    else:
        out.reduced[i] = 1
        out.lowered[i] += rules.share[rules.level_start[drug] + level] * doses.infused[dose]


@rule
def relative_dose_intensity(rows: DrugRows, i: int, cycle: int) -> float:
    """Relative dose intensity of entry ``i`` of the rows; nan without a dose."""
    if rows.given[i] == 0:
        return math.nan
    amount = (rows.infused[i] + rows.lowered[i]) / WHOLE_DOSE
    return amount / ((rows.last_dose[i] + cycle) / cycle)


# ---- tables for people --------------------------------------------------------------------------


def room_for_drugs(n: int) -> DrugRows:
    """Columns of zeros for so many patients times drugs."""
    given, last_dose, infused, interrupted, reduced = ([0] * n for _ in range(5))
    return DrugRows(given, last_dose, infused, [0.0] * n, interrupted, reduced)


def leading_doses(
    doses: DoseRows, known: KnownRows, n: int, *, drug_id: int, cycle_length: int
) -> DrugRows:
    """The doses of one drug alone, by its permanent number; amounts are not told."""
    shares = [1.0] * (max(doses.level, default=0) + 1)
    position = positions_of([drug_id], max(doses.drug, default=0))
    rows = room_for_drugs(n)
    derive_doses(DrugRules(position, [0], shares, 1, cycle_length), doses, known, n, rows)
    return rows


def dose_intensities(trial: Trial, snapshot: Snapshot) -> FloatArray:
    """Relative dose intensity by drug and patient of a cut; nan without a dose."""
    rules, n = drug_rules(trial), snapshot.n_patients
    known, _, doses = rows_of(snapshot)
    rows = room_for_drugs(rules.n_drugs * n)
    derive_doses(rules, doses, known, n, rows)
    every = range(rules.n_drugs * n)
    values = [relative_dose_intensity(rows, i, rules.cycle_length) for i in every]
    return np.array(values, float).reshape(rules.n_drugs, n)
