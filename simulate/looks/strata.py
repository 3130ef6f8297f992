"""Rows of strata with their days, and where each stratum ends: what weights need beside the sums.

A sum over rows needs neither, and so :func:`simulate.looks.risk_sets.split_by_stratum` gives
neither. Weights follow the survival of a stratum from its first day to its last.
"""

from __future__ import annotations

from simulate.compiled import rule
from simulate.distributions import IntColumn, IntTable
from simulate.looks.risk_sets import FIELD, PairRoom, Sample, count_by_stratum

_BOTH = (1 << 2 * FIELD) - 1
_EVENTS = 2 * FIELD


@rule
def split_with_days(
    sample: Sample,
    n: int,
    units: IntTable,
    first_unit: int,
    n_rows: int,
    room: PairRoom,
    ends: IntColumn,
) -> int:
    """Fill the rows by stratum with their days, after `count_pair` gave that many pooled rows.

    Parameters
    ----------
    sample, n, units, first_unit
        As `count_pair` had them.
    n_rows
        Pooled rows.
    room
        Its rows by stratum are filled.
    ends
        By stratum: is filled with the row that would come after its last.

    Returns
    -------
    int
        Rows of all strata.
    """
    counts, rows = room.stratum_counts, room.by_stratum
    count_by_stratum(sample, n, units, first_unit, n_rows, room)
    m, slot = 0, 0
    for stratum in range(room.n_strata):
        at_risk = 0
        for row in range(n_rows):
            word = counts[slot]
            counts[slot] = 0
            at_risk += word & _BOTH
            rows.day[m] = room.pooled.day[row]
            rows.at_risk[m] = at_risk
            rows.events[m] = (word >> _EVENTS) & _BOTH
            m += (word >> _EVENTS) != 0
            slot += 1
        counts[slot] = 0
        slot += 1
        ends[stratum] = m
    return m
