"""Response rates of two arms at a look: who is counted, and the statistics of their difference.

A sample of a response rate gives everybody day 0, and the event is 1 with a response, 0 without,
and `NOT_COUNTED` for who has not been followed long enough. So the count of a pair holds the
evaluable patients as those at risk on day 0, and the responders as its events.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.compiled import keep_apart, rule
from simulate.distributions import ShortColumn
from simulate.endpoints import NOT_COUNTED
from simulate.looks.responses import Responses, cochran_mantel_haenszel_z, score_z


class RateRoom(NamedTuple):
    """Room in which responses are counted."""

    event: ShortColumn
    """By patient: 1 with a response, 0 without, NOT_COUNTED."""
    pooled: Responses
    by_stratum: Responses


def rate_room(n_patients: int, n_strata: int) -> RateRoom:
    """Room for a trial of at most so many patients."""
    return RateRoom(np.zeros(n_patients, np.int32), _responses(1), _responses(n_strata))


def _responses(n_strata: int) -> Responses:
    return Responses(n_strata, *(np.zeros(n_strata) for _ in Responses._fields[1:]))


@rule
def count_responses(
    arm: ShortColumn,
    stratum: ShortColumn,
    n: int,
    first: int,
    second: int,
    room: RateRoom,
    in_strata: int,
) -> None:
    """Count patients and responders of two arms, in the strata or together.

    Parameters
    ----------
    arm, stratum, n
        Of each patient, and how many there are.
    first, second
        The experimental and the control arm.
    room
        Holds the events, and is filled.
    in_strata
        1 if they are counted in the strata.
    """
    counts = room.by_stratum if in_strata == 1 else room.pooled
    for s in range(counts.n_strata):
        counts.experimental[s] = 0.0
        counts.n_experimental[s] = 0.0
        counts.control[s] = 0.0
        counts.n_control[s] = 0.0
    for i in range(n):
        if room.event[i] != NOT_COUNTED:
            s = stratum[i] if in_strata == 1 else 0
            if arm[i] == first:
                counts.n_experimental[s] += 1.0
                counts.experimental[s] += float(room.event[i])
            elif arm[i] == second:
                counts.n_control[s] += 1.0
                counts.control[s] += float(room.event[i])


@rule
def response_z(
    arm: ShortColumn,
    stratum: ShortColumn,
    n: int,
    first: int,
    second: int,
    room: RateRoom,
    in_strata: int,
) -> float:
    """The statistic of a test of responses, positive for more in the first arm."""
    keep_apart()
    count_responses(arm, stratum, n, first, second, room, in_strata)
    if in_strata == 1:
        return cochran_mantel_haenszel_z(room.by_stratum)
    return score_z(room.pooled, 0.0)
