"""Who arrives at which site on which day: the outside world, before anybody is enrolled."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np

from simulate.patient import enrolment
from simulate.patient.enrolment import EnrolmentPlan
from simulate.streams import Purpose, unit_exponential, word, words

_PREPARED_BLOCKS = 4


def arrivals_by_site(accrual: EnrolmentPlan, *, seed: int, replicate: int) -> list[Iterator[int]]:
    """Trial days on which patients arrive at each site, in order: an iterator a site.

    A Poisson-gamma site goes on until enrolment ends, so whoever asks stops when the trial is full.
    """
    site_ids = np.asarray(accrual.site_ids)
    layout = [(Purpose.SITE_ACTIVATION, 1), (Purpose.SITE_RATE, 1)]
    if accrual.kind == enrolment.POISSON_GAMMA:
        layout.append((Purpose.SITE_ARRIVAL, _PREPARED_BLOCKS))
    table = words(seed, site_ids, replicate, layout)
    openings = [
        int(enrolment.site_opening_day(accrual, position, row[0]))
        for position, row in enumerate(table[:, :4].tolist())
    ]
    factors = [float(enrolment.site_factor(accrual, row[0])) for row in table[:, 4:8].tolist()]
    if accrual.kind == enrolment.POWER:
        return _power_arrivals(accrual, openings, factors, seed, replicate)
    return [
        _poisson_arrivals(accrual, opening, factor, _site_words(seed, site, replicate, prepared))
        for site, opening, factor, prepared in zip(
            site_ids.tolist(), openings, factors, table[:, 8:].tolist(), strict=True
        )
    ]


def _power_arrivals(
    accrual: EnrolmentPlan, openings: list[int], factors: list[float], seed: int, replicate: int
) -> list[Iterator[int]]:
    """Arrivals of the whole trial, each sent to one of the sites open on its day."""
    n = accrual.n_patients
    blocks = (n + 3) // 4
    layout = [(Purpose.ARRIVAL_DAY, blocks), (Purpose.ARRIVAL_SITE, blocks)]
    row = words(seed, [0], replicate, layout)[0].tolist()
    days = sorted(enrolment.power_arrival_day(accrual, word) for word in row[:n])
    enrolment.pin_first_and_last(accrual, days)
    by_site: list[list[int]] = [[] for _ in openings]
    for day, site_word in zip(days, row[4 * blocks : 4 * blocks + n], strict=True):
        by_site[enrolment.choose_site(factors, openings, day, site_word)].append(day)
    return [iter(days_of_site) for days_of_site in by_site]


def _poisson_arrivals(
    accrual: EnrolmentPlan, opening: int, factor: float, site_words: Iterator[int]
) -> Iterator[int]:
    """Arrivals at one site: a Poisson process with the site's own rate, once it is open."""
    spent = 0.0
    for arrival_word in site_words:
        spent += unit_exponential(arrival_word)
        day = enrolment.poisson_arrival_day(accrual, opening, factor, spent)
        if day > accrual.last_day:
            return
        yield day


def _site_words(seed: int, site: int, replicate: int, prepared: list[int]) -> Iterator[int]:
    """Words of a site's arrivals, by sequence: those prepared, then one by one."""
    yield from prepared
    for sequence in count(len(prepared)):
        yield word(seed, site, replicate, Purpose.SITE_ARRIVAL, sequence)
