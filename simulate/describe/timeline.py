"""When: sites, accrual, what to expect month by month, and the data cuts."""

from __future__ import annotations

import calendar
import datetime as dt
import math

from simulate.build_plan import cut_day, trial_day
from simulate.describe.distributions import time_in_words
from simulate.describe.forecast import Forecast
from simulate.describe.words import (
    count,
    duration,
    in_months,
    listing,
    paragraph,
    paragraphs,
    per_month,
    percent,
    side_by_side,
    stated_percent,
)
from simulate.latent_truth import LatentTruth
from simulate.scenario.analyses import Analysis
from simulate.scenario.enrolment import ActivationDates, PoissonGammaAccrual, PowerAccrual
from simulate.scenario.trial import Trial

_MONTHLY_UP_TO, _QUARTERLY_UP_TO = 60, 180  # months


def when(trial: Trial, expected: Forecast, truth: LatentTruth | None) -> list[str]:
    """The section on sites, accrual and what to expect by calendar month."""
    return [
        *paragraphs(
            f"Trial day 0 is {trial.origin}.",
            _sites(trial),
            _accrual(trial),
            _screening(trial),
            _pace(trial, expected),
        ),
        "",
        *_expectations(trial, expected, truth),
    ]


def _sites(trial: Trial) -> str:
    sites = trial.enrolment.sites
    match sites.activation:
        case None:
            opening = "All are open from day 0"
        case ActivationDates():
            dates = sites.activation.dates
            opening = f"They open on given dates from {min(dates)} to {max(dates)}"
        case time:
            opening = f"Time from day 0 to opening: {time_in_words(time)}"
    rates = "All enrol at the same rate"
    if sites.rate_shape is not None:
        spread = percent(1 / math.sqrt(sites.rate_shape))
        rates = (
            f"Their enrolment rates are gamma distributed (shape {sites.rate_shape:g}: coefficient "
            f"of variation {spread})"
        )
    return f"Sites: {sites.count:,}. {opening}. {rates}."


def _accrual(trial: Trial) -> str:
    accrual = trial.enrolment.accrual
    if isinstance(accrual, PowerAccrual):
        span = (accrual.last - accrual.first).days
        pace = "an even pace"
        if accrual.exponent != 1:
            pace = "accelerating" if accrual.exponent > 1 else "slowing down"
        return (
            f"Accrual: first patient {accrual.first}, last patient {accrual.last} "
            f"({in_months(span)}), the number enrolled growing as a power of time with exponent "
            f"{accrual.exponent:g} ({pace})."
        )
    return _poisson_gamma(trial, accrual)


def _poisson_gamma(trial: Trial, accrual: PoissonGammaAccrual) -> str:
    changes = listing(
        f"times {change.factor:g} from {duration(change.from_)} to {duration(change.to)}"
        for change in accrual.changes
    )
    rate = accrual.rate * trial.enrolment.sites.count
    return (
        f"Accrual: Poisson arrivals, {per_month(accrual.rate)} at the mean open site "
        f"({per_month(rate)} when all are open), all sites competing until the trial is full or "
        f"{duration(accrual.window)} have passed." + (f" Pace: {changes}." if changes else "")
    )


def _screening(trial: Trial) -> str:
    failure = trial.enrolment.screening_failure
    if failure == 0:
        return "Screening failures: none."
    return f"Screening failures: {stated_percent(failure)} of those screened; they take no place."


def _pace(trial: Trial, expected: Forecast) -> str:
    """Half-way and last enrolment on average, and whether trials fill."""
    if expected.per_day.sum() == 0:
        return "Nobody is expected to be enrolled."
    half = trial.origin + dt.timedelta(days=expected.day_reached(0.5))
    text = f"Half of the patients are enrolled by {half}, on average."
    if expected.filled < 1:
        text += (
            f" {percent(expected.filled)} of {count(len(expected.days), 'simulated enrolment')} "
            f"reach {trial.sample_size:,} patients; {expected.per_day.sum():.1f} on average."
        )
    return text


# ---- month by month -----------------------------------------------------------------------------


def _expectations(trial: Trial, expected: Forecast, truth: LatentTruth | None) -> list[str]:
    ends = month_ends(trial, expected)
    if not ends:
        return paragraph("No calendar month ends between the first enrolment and the last cut.")
    header = ["month", "N", *([] if truth is None else ["PFS", "deaths"])]
    rows = [
        [end.strftime("%Y-%m"), *_numbers(expected, truth, trial_day(trial, end))] for end in ends
    ]
    what = "patients enrolled (N)"
    if truth is not None:
        what += (
            ", latent PFS events (true progression or death, seen or not) and deaths, were nobody "
            "lost"
        )
    return [
        *paragraph(
            f"Expected by the end of each month, as the mean of "
            f"{count(len(expected.days), 'simulated enrolment')}: {what}"
        ),
        *side_by_side(header, rows),
    ]


def _numbers(expected: Forecast, truth: LatentTruth | None, day: int) -> list[str]:
    numbers = [expected.enrolled(day)]
    if truth is not None:
        numbers += [expected.events(truth.pfs, day), expected.events(truth.os, day)]
    return [f"{number:,.1f}" for number in numbers]


def month_ends(trial: Trial, expected: Forecast) -> list[dt.date]:
    """Last days of the calendar months from the first enrolment to the last data cut.

    Of long trials only quarters, of very long ones only years.
    """
    entered = expected.per_day.nonzero()[0]
    if len(entered) == 0:
        return []
    last_cut = trial.origin + dt.timedelta(
        days=max(cut_day(trial, analysis) for analysis in trial.analyses)
    )
    return month_ends_between(trial.origin + dt.timedelta(days=int(entered[0])), last_cut)


def month_ends_between(first: dt.date, last: dt.date) -> list[dt.date]:
    """Last days of the calendar months between two days; of long times quarters or years."""
    ends, year, month = [], first.year, first.month
    while (end := dt.date(year, month, calendar.monthrange(year, month)[1])) <= last:
        ends.append(end)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    step = 1 if len(ends) <= _MONTHLY_UP_TO else 3 if len(ends) <= _QUARTERLY_UP_TO else 12
    return [end for end in ends if end.month % step == 0]


# ---- data cuts ----------------------------------------------------------------------------------


def analyses(trial: Trial, expected: Forecast, truth: LatentTruth | None) -> list[str]:
    """The section on the data cuts."""
    return [
        line
        for analysis in trial.analyses
        for line in paragraphs(*_analysis(trial, analysis, expected, truth))
    ]


def _analysis(
    trial: Trial, analysis: Analysis, expected: Forecast, truth: LatentTruth | None
) -> tuple[str, ...]:
    day = cut_day(trial, analysis)
    longest, shortest, varies = expected.potential_follow_up(day)
    cut = f"Analysis {analysis.id} ({analysis.name}): data cut at the end of {analysis.cut.date}."
    if math.isnan(longest):
        return (cut, "Nobody is expected to be enrolled by then.")
    average = " (both on average)" if varies else ""
    follow_up = (
        f"Potential follow-up of the first patient, the maximal, {in_months(longest)}; of the "
        f"last one enrolled, the minimal, {in_months(shortest)}{average}."
    )
    numbers = _numbers(expected, truth, day)
    known = f"Expected by then: {numbers[0]} patients enrolled"
    if truth is not None:
        known += f", {numbers[1]} latent PFS events, {numbers[2]} deaths"
    beyond = [duration(days) for days in trial.endpoints.landmarks if days > shortest]
    warning = ""
    if beyond:
        warning = (
            f"Not every patient can be followed to {listing(beyond)}: at such a landmark the "
            "estimate leans on those enrolled earlier."
        )
    return cut, follow_up, f"{known}.", warning
