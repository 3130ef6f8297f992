"""Example trials of a run, made again to be looked at."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from simulate.distributions import NEVER
from simulate.look_replicates import RandomisedTrial
from simulate.randomised.example import ExampleTrial, first_of_each_kind
from simulate.randomised.outcomes import Outcomes
from simulate.randomised.seen_trials import SeenTrial, TrialMaker
from simulate.units import DAYS_PER_MONTH


def example_trials(
    trial: RandomisedTrial, outcomes: Outcomes, *, seed: int
) -> tuple[ExampleTrial, ...]:
    """One trial of each way in which replicates went, made again from its address.

    Parameters
    ----------
    trial : SurvivalTrial or Trial
        The scenario.
    outcomes : Outcomes
        Its replicates.
    seed : int
        Seed of the run.
    """
    maker = TrialMaker(trial, seed)
    return tuple(
        _example(kind, replicate, maker, outcomes)
        for kind, replicate in first_of_each_kind(outcomes).items()
    )


def _example(kind: str, replicate: int, maker: TrialMaker, outcomes: Outcomes) -> ExampleTrial:
    seen = maker.make(replicate)
    cut_day = int(outcomes.at_stop("cut_day")[replicate])
    endpoints = [name.lower() for name in maker.endpoints]
    n = int((seen.enrolled <= cut_day).sum())
    return ExampleTrial(
        kind=kind,
        replicate=replicate,
        cut_day=cut_day,
        subjects=seen.subjects[:n].reset_index(drop=True),
        samples={name: _sample(seen, i, cut_day, n) for i, name in enumerate(endpoints)},
        looks=_looks(outcomes, replicate),
        months=_months(seen, endpoints, cut_day),
        tables=seen.tables(cut_day, range(n)),
    )


def _sample(seen: SeenTrial, endpoint: int, cut_day: int, n: int) -> pd.DataFrame:
    """What was known of the patients at a cut."""
    day, event = seen.sample(endpoint, cut_day, n)
    arms = seen.subjects["arm"].to_numpy()[:n]
    return pd.DataFrame({"arm": arms, "day": day.astype(np.int64), "event": event.astype(np.int64)})


def _looks(outcomes: Outcomes, replicate: int) -> pd.DataFrame:
    """The looks that were made, a row each."""
    names = outcomes.looks.names
    rows = [
        {"analysis": analysis.name}
        | {name: outcomes.looks.column(analysis.name, name)[replicate] for name in names}
        for analysis in outcomes.analyses
    ]
    table = pd.DataFrame(rows)
    return table[table["cut_day"].notna()].reset_index(drop=True)


def _months(seen: SeenTrial, endpoints: list[str], cut_day: int) -> pd.DataFrame:
    """Patients enrolled and events by the end of each month, and at the cut, as a look counts."""
    last = math.ceil(cut_day / DAYS_PER_MONTH)
    ends = np.minimum(np.floor(np.arange(last + 1) * DAYS_PER_MONTH), cut_day)
    enrolled = _by(seen.enrolled, ends)
    table = {"month": np.arange(last + 1), "enrolled": enrolled}
    looks = list(zip(ends.astype(int).tolist(), enrolled.tolist(), strict=True))
    for position, endpoint in enumerate(endpoints):
        if position in seen.grouped:  # which are not known on the day of the event
            events = [int((seen.sample(position, day, n)[1] == 1).sum()) for day, n in looks]
            table[f"{endpoint}.events"] = np.array(events, np.int64)
            continue
        days = seen.event_days(position).astype(np.int64)
        table[f"{endpoint}.events"] = _by((seen.enrolled + days)[days < NEVER], ends)
    return pd.DataFrame(table)


def _by(days: npt.NDArray[np.int64], ends: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """How many of some days lie on or before each end."""
    return np.asarray(np.searchsorted(np.sort(days), ends, side="right"), np.int64)
