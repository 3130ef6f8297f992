"""Who was screened, enrolled and treated, for how long, and why treatment stopped."""

from __future__ import annotations

import math

from simulate.analysis.quantiles import count_where, spread
from simulate.analysis.statistics import stop_statistic
from simulate.compiled import rule
from simulate.distributions import FloatColumn, IntColumn, IntTable
from simulate.endpoints import EndpointRows
from simulate.patient.treatment import STOP_NAMES

ENROLMENT_SLOTS = ("n_screened", "n_enrolled", "n_ss", "enrolment_duration")
"""What `write_enrolment` writes, in its order."""

N_STOPS = len(STOP_NAMES)

TREATMENT_SLOTS = (
    "on_treatment",
    *(stop_statistic(reason) for reason in STOP_NAMES[1:]),
    "discontinued",
    "stopped_without_pfs_event",
    "cycles_more_than_6",
    "exposure_median",
    "exposure_min",
    "exposure_max",
    "cycles_median",
    "cycles_min",
    "cycles_max",
)
"""What `write_treatment` writes, in its order."""


@rule
def write_enrolment(
    n_screened: int,
    enrolled: IntTable,
    derived: EndpointRows,
    n: int,
    out: FloatColumn,
    at: int,
) -> None:
    """Write the numbers of patients and the days from the first to the last enrolment."""
    treated = 0
    first, last = 0, 0
    for row in range(n):
        treated += int(derived.cycles[row] > 0)
        first = min(first, enrolled[row]) if row > 0 else enrolled[row]
        last = max(last, enrolled[row]) if row > 0 else enrolled[row]
    out[at] = float(n_screened)
    out[at + 1] = float(n)
    out[at + 2] = float(treated)
    out[at + 3] = float(last - first) if n > 0 else math.nan


@rule
def write_treatment(
    derived: EndpointRows, n: int, counts: IntColumn, out: FloatColumn, at: int
) -> None:
    """Write why treatment stopped, exposure and cycles, :data:`TREATMENT_SLOTS`."""
    for reason in range(N_STOPS):
        out[at + reason] = float(count_where(derived.stop_reason, n, reason))
    without_event, many_cycles = 0, 0
    for row in range(n):
        many_cycles += int(derived.cycles[row] > 6)
        if derived.on_treatment[row] == 0 and derived.pfs_event[row] == 0:
            without_event += 1
    at += N_STOPS
    out[at] = float(count_where(derived.on_treatment, n, 0))
    out[at + 1] = float(without_event)
    out[at + 2] = float(many_cycles)
    spread(derived.exposure, n, counts, out, at + 3)
    spread(derived.cycles, n, counts, out, at + 6)
