"""The patients of a randomised survival trial as bare columns: engines write, looks read.

Row p is patient number p, so rows are in the order of enrolment. The whole truth is here, until
everybody is enrolled or the trial has lasted as long as it may; what is known on a day is for the
looks to decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from simulate.distributions import NEVER, IntArray, IntColumn, ShortArray, ShortColumn

SPARE = 64
"""Entries of a column beyond the patients: the last block is written to its end."""

COLUMNS = (
    "region",
    "cell",
    "stratum",
    "arm",
    "enrolment_trial_day",
    "progression_day",
    "death_day",
    "dropout_day",
    "switch_day",
    "response_day",
)
"""Names of the columns that hold a number a patient."""


class SurvivalLedger(NamedTuple):
    """The patients of one trial. Regions, strata and arms are positions, not permanent numbers."""

    n: IntColumn
    """One entry: patients enrolled."""
    region: ShortColumn
    cell: ShortColumn
    """Number of the combination of baseline levels; see :mod:`simulate.survival_plan`."""
    stratum: ShortColumn
    arm: ShortColumn
    enrolment_trial_day: ShortColumn
    """Day of enrolment and randomisation; entries never decrease."""
    progression_day: ShortColumn
    """Days from randomisation to progression, or to the event of a single PFS; NEVER if none."""
    death_day: ShortColumn
    """Days from randomisation to death, NEVER if none."""
    dropout_day: ShortColumn
    """Days from randomisation to dropout, NEVER if none; what happens on that day still counts."""
    switch_day: ShortColumn
    """Days from randomisation to a change of treatment after progression, NEVER if none."""
    response_day: ShortColumn
    """Days from randomisation until a response is known, NEVER if there is none."""


def empty_survival_ledger(n_patients: int) -> SurvivalLedger:
    """A ledger of arrays with room for so many patients.

    Each column begins a cache line further from the start of its page than the last, because a
    patient is written to all of them at once.
    """
    size = n_patients + SPARE
    width = len(COLUMNS)
    columns = [np.zeros(size + 16 * width, np.int32)[16 * i : 16 * i + size] for i in range(width)]
    for column in columns[-2:]:
        column[:] = NEVER  # written only where somebody changes treatment, or responds
    return SurvivalLedger(np.zeros(1, np.int64), *columns)


def ledger_columns(ledger: SurvivalLedger) -> dict[str, ShortArray]:
    """The columns of a ledger, as arrays of their own with an entry a patient."""
    n = int(ledger.n[0])
    return {name: np.array(getattr(ledger, name), np.int32)[:n].copy() for name in COLUMNS}


def survival_ledger(columns: Mapping[str, Any]) -> SurvivalLedger:
    """A ledger of arrays that holds the given columns, each a number a patient.

    Without a column ``switch_day`` nobody changes treatment, and without ``response_day`` nobody
    responds.
    """
    n = len(columns["arm"])
    ledger = empty_survival_ledger(n)
    ledger.n[0] = n
    for name in columns:
        column: IntArray = getattr(ledger, name)
        column[:n] = columns[name]
    return ledger
