"""What looks tell of patients in cycles and scans: how far readers agree, and who switches."""

from __future__ import annotations

from simulate.compiled import rule
from simulate.distributions import FloatColumn
from simulate.look_samples import SeenPatients
from simulate.looks.concordance import COUNTS, count_pair, is_told
from simulate.looks.plan import CUT_DAY, N_ENROLLED, LookPlan


@rule
def tell_readers(seen: SeenPatients, plan: LookPlan, out: FloatColumn, at: int) -> None:
    """Write how the investigator and each other reader agree, into the last columns of looks.

    Then how many patients have changed treatment, where some do.
    """
    n_readers, width = len(seen.rules.readers.block), len(COUNTS) * plan.n_arms
    n_more = n_readers * width + seen.rules.therapy.counts_switched * plan.n_arms
    for look in range(plan.n_looks if n_more > 0 else 0):
        row = at + look * plan.places.n_columns
        if is_told(plan, out, row):
            cut_day, n = int(out[row + CUT_DAY]), int(out[row + N_ENROLLED])
            first = row + plan.places.n_columns - n_more
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
            if seen.rules.therapy.counts_switched == 1:
                count_switched(seen, cut_day, n, plan.n_arms, out, first + n_readers * width)


@rule
def count_switched(
    seen: SeenPatients, cut_day: int, n: int, n_arms: int, out: FloatColumn, column: int
) -> None:
    """Count the patients of whom a change of treatment is known at the end of a day, by arm."""
    subjects = seen.ledger.subjects
    for arm in range(n_arms):
        out[column + arm] = 0.0
    for i in range(n):
        day = subjects.first_dose_trial_day[i]
        known = min(cut_day - day, subjects.study_withdrawal_day[i])
        if seen.later_therapy.switch[i] <= known:
            place = column + seen.arm[i]
            out[place] = out[place] + 1.0
