"""What each patient got of each drug, as far as a data cut knows.

Relative dose intensity is the amount given over the amount planned for the time from the first dose
to one cycle after the last: full doses at the planned interval are 1.
"""

from __future__ import annotations

import math
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

    ids: IntTable
    """Permanent number of each drug."""
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
        ids=np.array([drug.id for drug in drugs], np.int64),
        level_start=np.array(dosing.level_start, np.int64),
        share=np.array([dose_share(dosing, d, level) for d, level in levels]),
        n_drugs=len(drugs),
        cycle_length=trial.treatment.cycle_length,
    )


@rule
def derive_doses(
    rules: DrugRules, doses: DoseRows, known: KnownRows, n: int, out: DrugRows
) -> None:
    """Sum up the doses of the ``n`` patients whom a cut knows, drug by drug."""
    for drug in range(rules.n_drugs):
        drug_id, first_level = rules.ids[drug], rules.level_start[drug]
        for row in range(n):
            given, last, infused, interrupted, reduced, lowered = 0, 0, 0, 0, 0, 0.0
            for dose in range(known.first_dose[row], known.end_dose[row]):
                if doses.drug[dose] != drug_id:
                    continue
                interrupted |= doses.held[dose] | doses.interrupted[dose]
                if doses.given[dose] == 1:
                    given += 1
                    last = doses.day[dose]
                    level = doses.level[dose]
                    if level == 0:
                        infused += doses.infused[dose]
                    else:
                        reduced = 1
                        lowered += rules.share[first_level + level] * doses.infused[dose]
            i = drug * n + row
            out.given[i] = given
            out.last_dose[i] = last
            out.infused[i] = infused
            out.lowered[i] = lowered
            out.interrupted[i] = interrupted
            out.reduced[i] = reduced


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
    rows = room_for_drugs(n)
    derive_doses(DrugRules([drug_id], [0], shares, 1, cycle_length), doses, known, n, rows)
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
