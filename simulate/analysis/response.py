"""Best overall response among the patients who were assessed: counts, rates, exact limits."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simulate.analysis.binomial_limits import log_factorials, lower_limit
from simulate.analysis.proportions import clopper_pearson_at, clopper_pearson_table
from simulate.compiled import rule
from simulate.distributions import FloatColumn, FloatTable
from simulate.endpoints import EndpointRows
from simulate.patient.assessment import (
    COMPLETE_RESPONSE,
    NOT_EVALUABLE,
    PARTIAL_RESPONSE,
    PROGRESSIVE_DISEASE,
    STABLE_DISEASE,
)
from simulate.records import Columns

RESPONSE_SLOTS = (
    "n_eas",
    "responders",
    "cr",
    "pr",
    "sd",
    "sd_24wk",
    "pd",
    "ne",
    "clinical_benefit",
    "orr",
    "orr_lower",
    "orr_upper",
    "cbr",
    "cbr_lower",
    "cbr_upper",
)
"""What `write_responses` writes, in its order."""

LARGEST_TABLE = 1000
"""Most patients for whom the limits of all counts are laid out beforehand."""


class ExactLimits(NamedTuple):
    """Clopper-Pearson limits: from a table of all counts, or worked out where that is too large."""

    lower: FloatTable
    upper: FloatTable
    log_factorial: FloatTable
    """Logarithms of the factorials from 0 on; empty if there is a table."""
    tail: float
    """Probability left outside the interval at each end."""


class Responses(NamedTuple):
    """Patients by best overall response, confirmed, among those who were assessed."""

    assessed: int
    complete: int
    partial: int
    stable: int
    long_stable: int
    """Stable disease that counts as clinical benefit."""
    progressive: int
    not_evaluable: int
    benefit: int


def exact_limits(n: int, confidence: float) -> ExactLimits:
    """Limits of every count among at most ``n`` patients."""
    tail, none = 0.5 * (1.0 - confidence), np.empty(0)
    if n <= LARGEST_TABLE:
        lower, upper = clopper_pearson_table(n, confidence)
        return ExactLimits(lower, upper, none, tail)
    return ExactLimits(none, none, log_factorials(n), tail)


@rule
def count_responses(derived: EndpointRows, n: int) -> Responses:
    """Count the best overall responses of ``n`` patients."""
    assessed, cr, pr, sd, long_sd, pd, ne, benefits = 0, 0, 0, 0, 0, 0, 0, 0
    for row in range(n):
        if derived.assessed[row] == 0:
            continue
        best, benefit = derived.best_response[row], derived.benefit[row]
        assessed += 1
        benefits += benefit
        cr += int(best == COMPLETE_RESPONSE)
        pr += int(best == PARTIAL_RESPONSE)
        sd += int(best == STABLE_DISEASE)
        long_sd += int(best == STABLE_DISEASE) & benefit
        pd += int(best == PROGRESSIVE_DISEASE)
        ne += int(best == NOT_EVALUABLE)
    return Responses(assessed, cr, pr, sd, long_sd, pd, ne, benefits)


@rule
def write_responses(
    limits: ExactLimits, derived: EndpointRows, n: int, out: FloatColumn, at: int
) -> None:
    """Write the statistics of best overall response, :data:`RESPONSE_SLOTS`."""
    found = count_responses(derived, n)
    responders = found.complete + found.partial
    out[at] = float(found.assessed)
    out[at + 1] = float(responders)
    out[at + 2] = float(found.complete)
    out[at + 3] = float(found.partial)
    out[at + 4] = float(found.stable)
    out[at + 5] = float(found.long_stable)
    out[at + 6] = float(found.progressive)
    out[at + 7] = float(found.not_evaluable)
    out[at + 8] = float(found.benefit)
    write_rate(limits, responders, found.assessed, out, at + 9)
    write_rate(limits, found.benefit, found.assessed, out, at + 12)


@rule
def write_rate(limits: ExactLimits, x: int, m: int, out: FloatColumn, at: int) -> None:
    """Write the share of x among m patients and its exact limits; nan without patients."""
    out[at] = x / m if m > 0 else math.nan
    if len(limits.log_factorial) == 0:
        out[at + 1] = clopper_pearson_at(limits.lower, x, m)
        out[at + 2] = clopper_pearson_at(limits.upper, x, m)
    else:
        out[at + 1] = lower_limit(limits.log_factorial, x, m, limits.tail)
        out[at + 2] = 1.0 - lower_limit(limits.log_factorial, m - x, m, limits.tail)


# ---- one trial, for people ----------------------------------------------------------------------


def responses_of(endpoints: Columns) -> Responses:
    """Best overall responses, from the derived endpoints of a cut or of some of its patients."""
    derived = EndpointRows(**{name: column.tolist() for name, column in endpoints.items()})
    return count_responses(derived, len(endpoints["patient"]))
