"""What looks tell beside endpoints: how far readers agree, and how many change treatment.

A progression is called by both readers of a pair, on one scan or on two, by one of them, or by
none; the counts are those of Amit et al. 2011 (European Journal of Cancer 47, 1772-1778).
"""

from __future__ import annotations

from simulate.compiled import rule
from simulate.distributions import FloatColumn, ShortColumn
from simulate.looks.plan import CUT_DAY, N_ENROLLED, STOPPED, LookPlan
from simulate.looks.review_plan import Review
from simulate.survival_ledger import SurvivalLedger

BOTH_SAME, FIRST_LATER, FIRST_EARLIER, ONLY_FIRST, ONLY_SECOND = range(5)
"""What two readers say of a patient; those of whom neither calls progression are the rest."""

COUNTS = ("both_same", "first_later", "first_earlier", "only_first", "only_second")
"""Their names in columns, which count patients of an arm."""


@rule
def tell_agreement(
    review: Review, ledger: SurvivalLedger, plan: LookPlan, out: FloatColumn, at: int, stride: int
) -> None:
    """Write the counts into the last columns of the looks that were made."""
    pairs = review.plan.pairs
    n_more = (len(pairs.first) * len(COUNTS) + pairs.counts_switched) * plan.n_arms
    for look in range(plan.n_looks if n_more > 0 else 0):
        row = at + look * plan.places.n_columns
        if is_told(plan, out, row):
            first = row + plan.places.n_columns - n_more
            for column in range(first, first + n_more):
                out[column] = 0.0
            cut_day, n = int(out[row + CUT_DAY]), int(out[row + N_ENROLLED])
            for pair in range(len(pairs.first)):
                column = first + pair * len(COUNTS) * plan.n_arms
                count_calls(review, ledger, pair, cut_day, n, out, column, stride)
            if pairs.counts_switched == 1:
                column = first + len(pairs.first) * len(COUNTS) * plan.n_arms
                count_switched(ledger, cut_day, n, out, column)


@rule
def is_told(plan: LookPlan, out: FloatColumn, row: int) -> bool:
    """Whether the look in a row was made, and estimates are told at it."""
    stops = plan.estimates.every_look == 1 or out[row + STOPPED] == 1.0
    return out[row + CUT_DAY] >= 0.0 and stops


@rule
def count_calls(
    review: Review,
    ledger: SurvivalLedger,
    pair: int,
    cut_day: int,
    n: int,
    out: FloatColumn,
    column: int,
    stride: int,
) -> None:
    """Count what two readers have said of the first n patients by the end of a day."""
    one = review.plan.pairs.first[pair] * stride
    other = review.plan.pairs.second[pair] * stride
    count_pair(
        review.room.call_day,
        one,
        other,
        ledger.arm,
        ledger.enrolment_trial_day,
        cut_day,
        n,
        review.plan.n_arms,
        out,
        column,
    )


@rule
def count_pair(
    call: ShortColumn,
    one: int,
    other: int,
    arms: ShortColumn,
    origin: ShortColumn,
    cut_day: int,
    n: int,
    n_arms: int,
    out: FloatColumn,
    column: int,
) -> None:
    """Count what two readers have said of the first n patients by the end of a day, arm by arm.

    Parameters
    ----------
    call
        Days of calls, NEVER without one; those of the two readers begin at `one` and at `other`.
    arms, origin
        By patient: position of the arm, and the trial day from which days of calls count.
    cut_day
        The trial day.
    out, column
        What is filled, and where the counts of the first arm begin.
    """
    for arm in range(n_arms):
        same, later, earlier, mine, theirs = 0, 0, 0, 0, 0
        for i in range(n):  # all sums in one go, in SIMD
            known = cut_day - origin[i]
            is_ours = 1 if arms[i] == arm else 0
            first = 1 if call[one + i] <= known else 0
            second = 1 if call[other + i] <= known else 0
            both = is_ours & first & second
            same = same + (both if call[one + i] == call[other + i] else 0)
            later = later + (both if call[one + i] > call[other + i] else 0)
            earlier = earlier + (both if call[one + i] < call[other + i] else 0)
            mine = mine + (is_ours & first & (1 - second))
            theirs = theirs + (is_ours & second & (1 - first))
        place = column + arm * len(COUNTS)
        out[place + BOTH_SAME] = float(same)
        out[place + FIRST_LATER] = float(later)
        out[place + FIRST_EARLIER] = float(earlier)
        out[place + ONLY_FIRST] = float(mine)
        out[place + ONLY_SECOND] = float(theirs)


@rule
def count_switched(
    ledger: SurvivalLedger, cut_day: int, n: int, out: FloatColumn, column: int
) -> None:
    """Count the patients of whom a change of treatment is known at the end of a day."""
    for i in range(n):
        known = min(cut_day - ledger.enrolment_trial_day[i], ledger.dropout_day[i])
        if ledger.switch_day[i] <= known:
            place = column + ledger.arm[i]
            out[place] = out[place] + 1.0
