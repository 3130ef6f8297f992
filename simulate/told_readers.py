"""What looks tell of the readers of patients in cycles and scans: how far they agree."""

from __future__ import annotations

from simulate.compiled import rule
from simulate.distributions import FloatColumn
from simulate.look_samples import SeenPatients
from simulate.looks.concordance import COUNTS, count_pair, is_told
from simulate.looks.plan import CUT_DAY, N_ENROLLED, LookPlan


@rule
def tell_readers(seen: SeenPatients, plan: LookPlan, out: FloatColumn, at: int) -> None:
    """Write how the investigator and each other reader agree, into the last columns of looks."""
    n_readers = len(seen.rules.readers.block)
    width = len(COUNTS) * plan.n_arms
    for look in range(plan.n_looks if n_readers > 0 else 0):
        row = at + look * plan.places.n_columns
        if is_told(plan, out, row):
            cut_day, n = int(out[row + CUT_DAY]), int(out[row + N_ENROLLED])
            first = row + plan.places.n_columns - n_readers * width
            for reader in range(n_readers):
                count_pair(
                    seen.readings.call,
                    0,
                    (reader + 1) * seen.readings.stride,
                    seen.arm,
                    seen.ledger.subjects.first_dose_trial_day,
                    cut_day,
                    n,
                    plan.n_arms,
                    out,
                    first + reader * width,
                )
