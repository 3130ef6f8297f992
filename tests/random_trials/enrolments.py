"""Enrolment by chance: sites, when they open, and both models of accrual."""

from __future__ import annotations

import datetime as dt

from hypothesis import strategies as st

from random_trials.times import Changes, days, everybodys_times, mostly

ORIGIN = dt.date(2020, 1, 13)
"""Trial day 0, as in the published trial."""


def date(day: int) -> dt.date:
    """Date of a trial day."""
    return ORIGIN + dt.timedelta(days=day)


@st.composite
def enrolments(draw: st.DrawFn, last_cut: int) -> Changes:
    """Either model of accrual, at one to six sites that open early, late or after the end."""
    n_sites = draw(st.integers(1, 6))
    opening_days = st.lists(
        st.sampled_from([-9, 0, 3, 60, 500]), min_size=n_sites, max_size=n_sites
    )
    dates = opening_days.map(lambda all_: {"kind": "dates", "dates": [date(d) for d in all_]})
    accrual = draw(power_accruals(last_cut) | poisson_accruals())
    fails = st.sampled_from([0, 0, 0.3, 0.9] if accrual["kind"] == "poisson_gamma" else [0])
    return {
        "sites": {
            "count": n_sites,
            "activation": draw(mostly(st.none(), dates | everybodys_times)),
            "rate_shape": draw(st.sampled_from([None, 1.2, 1.2, 0.05])),
        },
        "accrual": accrual,
        "screening_failure": draw(fails),
    }


@st.composite
def power_accruals(draw: st.DrawFn, last_cut: int) -> Changes:
    """Known first and last dates, possibly the same; the last may come after the last cut."""
    first = draw(st.integers(0, min(last_cut - 1, 5)))
    last = first + draw(st.sampled_from([0, 1, 30, 30, 200]))
    return {
        "kind": "power",
        "exponent": draw(st.sampled_from([0.3, 1, 2.53, 20])),
        "first": date(first),
        "last": date(last),
    }


@st.composite
def poisson_accruals(draw: st.DrawFn) -> Changes:
    """Rates from none in a year to five a day, with pauses and changes of pace."""
    extreme = st.sampled_from(["0.1 per month", "2 per month", "5 per day"])
    changes = []
    for start, end in ((0, 5), (5, 10.5), (40, 41)):
        factor = draw(st.sampled_from([1, 1, 1, 0, 0.5, 20]))
        if factor != 1:
            changes.append({"from": f"{start} days", "to": f"{end} days", "factor": factor})
    return {
        "kind": "poisson_gamma",
        "rate": draw(mostly(st.sampled_from(["0.1 per day", "1 per day"]), extreme)),
        "window": draw(mostly(days(30, 300.2), days(0.5, 1))),
        "changes": changes,
    }
