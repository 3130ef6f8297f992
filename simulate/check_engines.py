"""Do two engines make the same trials of a scenario? To the last bit, or what differs first.

Of every replicate, all tables of the records are compared, then the derived endpoints at every data
cut, and then every statistic that is kept of a replicate, each engine's trials having been analysed
in the way in which a run analyses them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulate.analysis.row import statistic_names
from simulate.build_arms import build_trial_plan
from simulate.build_plan import cut_day
from simulate.chunk import AnalysedChunk, ChunkRunner
from simulate.cutoff import cut
from simulate.differences import (
    TABLES,
    first_difference,
    first_row,
    layout_difference,
    n_rows,
)
from simulate.endpoints import ENDPOINT_COLUMNS, derive_trial
from simulate.engines.choice import Engine, get_engine
from simulate.errors import UsageError
from simulate.given import checked_seed
from simulate.plan import AnyPlan
from simulate.plans import Plans
from simulate.randomised_runner import RandomisedRunner
from simulate.records import Columns, TrialRecords
from simulate.scenario.scenario import Scenario
from simulate.scenario.trial import Trial
from simulate.steps import Progress

Numbers: TypeAlias = NDArray[Any]

KeptNumbers: TypeAlias = dict[str, Numbers]
"""Numbers that are kept of some replicates, by name; a statistic has an entry a replicate."""

_BLOCK = 25
"""Replicates whose statistics are compared at once."""


@dataclass(frozen=True)
class EngineCheck:
    """What was compared, and the first difference."""

    scenario: str
    """Name of the scenario."""
    engines: tuple[str, str]
    seed: int
    replicates: int
    """Replicates compared, the one that differs among them."""
    rows: int
    """Rows compared, of all tables of all replicates."""
    statistics: int
    """Statistics compared, of all replicates and analyses."""
    difference: str | None
    """The first difference, in words; None if the engines are equal."""

    @property
    def are_equal(self) -> bool:
        """Whether nothing differs."""
        return self.difference is None


def check_engines(
    scenario: Scenario,
    *,
    seed: int | None = None,
    replicates: int = 20,
    first: int = 0,
    engines: tuple[str, str] = ("reference", "batch"),
    progress: Progress | None = None,
) -> EngineCheck:
    """Run a scenario by two engines and compare all that they make, up to the first difference.

    Parameters
    ----------
    scenario : Scenario
        The trial.
    seed : int
        Seed; by default the scenario's.
    replicates : int
        How many are compared.
    first : int
        Number of the first of them.
    engines : (str, str)
        Their names.
    progress : callable
        Told the number of replicates just compared.

    Raises
    ------
    UsageError
        If patients share resources, so that only the SimPy engine can run the scenario; or if a
        number makes no sense.
    """
    if build_trial_plan(scenario).has_shared_resources:
        raise UsageError(
            f"{scenario.name} has shared resources: only the SimPy engine (reference) runs it, so "
            "there is nothing to compare"
        )
    if replicates < 1:
        raise UsageError(f"at least one replicate is needed (given: {replicates})")
    chosen = checked_seed(scenario.seed if seed is None else seed)
    comparison = _Comparison(scenario, chosen, engines)
    difference = None
    for start in range(first, first + replicates, _BLOCK):
        block = range(start, min(start + _BLOCK, first + replicates))
        difference = comparison.of_records(block, progress) or comparison.of_statistics(block)
        if difference is not None:
            break
    return EngineCheck(
        scenario=scenario.name,
        engines=engines,
        seed=comparison.seed,
        replicates=comparison.n_replicates,
        rows=comparison.n_rows,
        statistics=comparison.n_statistics,
        difference=difference,
    )


class _Comparison:
    """Two engines on one scenario, and how much of what they make has been compared.

    Parameters
    ----------
    trial : Trial
        The scenario.
    seed : int
        Seed of both.
    names : (str, str)
        Names of the engines.
    """

    def __init__(self, trial: Trial, seed: int, names: tuple[str, str]) -> None:
        self.seed = seed
        self.n_replicates = 0
        self.n_rows = 0
        self.n_statistics = 0
        self._trial = trial
        self._names = names
        self._plans = Plans(trial)
        self._engines: dict[str, tuple[AnyPlan, Engine]] = {}
        self._runners = [_runner(trial, seed, name) for name in names]

    def of_records(self, block: range, progress: Progress | None) -> str | None:
        """Compare the records of some replicates, and the endpoints derived from them."""
        for replicate in block:
            a, b = (
                self._engine(name, replicate).simulate(seed=self.seed, replicate=replicate)
                for name in self._names
            )
            self.n_replicates += 1
            self.n_rows += sum(n_rows(getattr(a, name)) for name in TABLES)
            if progress is not None:
                progress(1)
            if text := difference_of_trials(a, b, self._trial, engines=self._names):
                return f"replicate {replicate}, {text}"
        return None

    def _engine(self, name: str, replicate: int) -> Engine:
        """The engine of a name for a replicate; that of the last one if the plan is the same."""
        plan = self._plans.of(replicate)
        if name not in self._engines or self._engines[name][0] is not plan:
            self._engines[name] = plan, get_engine(name, plan)
        return self._engines[name][1]

    def of_statistics(self, block: range) -> str | None:
        """Compare what is kept of some replicates after each engine's own analysis."""
        results = [run(block) for run in self._runners]
        for analysis in self._trial.analyses:
            one, other = (result[analysis.name] for result in results)
            self.n_statistics += sum(column.size for column in one.values())
            if text := _number_difference(one, other, block, self._names):
                return f"analysis {analysis.name}, {text}"
        return None


def _runner(trial: Trial, seed: int, engine: str) -> Callable[[range], dict[str, KeptNumbers]]:
    """What gives the numbers that are kept of some replicates, by analysis."""
    if trial.arms:
        looks = RandomisedRunner(trial, seed=seed, engine=engine)
        return lambda block: {
            name: dict(zip(looks.names, values.T, strict=True))
            for name, values in looks.run(block).items()
        }
    chunks = ChunkRunner(trial, seed=seed, engine=engine)
    return lambda block: {
        name: kept_numbers(trial, analysed) for name, analysed in chunks.run(block).items()
    }


def days_of_cuts(trial: Trial) -> dict[str, int]:
    """Trial days on which endpoints are compared, by what they are the days of."""
    days = {a.name: cut_day(trial, a) for a in trial.analyses if a.cut.date is not None}
    if trial.max_study_duration is not None:
        days["the end of the trial"] = math.floor(trial.max_study_duration)
    return days


def difference_of_trials(
    a: TrialRecords,
    b: TrialRecords,
    trial: Trial,
    *,
    engines: tuple[str, str] = ("reference", "batch"),
) -> str | None:
    """Tell the first difference between two records of one trial and what is derived from them.

    Endpoints are derived at every data cut whose date is known, and at the end of a randomised
    trial. None means that all are equal.
    """
    if text := first_difference(a, b, trial, engines=engines):
        return text
    for name, day in days_of_cuts(trial).items():
        one, other = (derive_trial(trial, cut(records, day)) for records in (a, b))
        if text := endpoint_difference(one, other, engines):
            return f"analysis {name}, {text}"
    return None


def endpoint_difference(one: Columns, other: Columns, engines: tuple[str, str]) -> str | None:
    """Tell the first derived endpoint that differs."""
    if text := layout_difference(one, other, engines):
        return text
    row = first_row(one, other)
    if row is None:
        return None
    if row == min(n_rows(one), n_rows(other)):
        return (
            f"{n_rows(one)} patients are known by {engines[0]} and {n_rows(other)} by {engines[1]}"
        )
    name = next(name for name in one if one[name][row] != other[name][row])
    values = f"{one[name][row]} by {engines[0]} and {other[name][row]} by {engines[1]}"
    return f"patient {one['patient'][row]}, {name} is {values}"


def kept_numbers(trial: Trial, analysed: AnalysedChunk) -> KeptNumbers:
    """All numbers that are kept of a chunk, by name; a statistic has an entry a replicate."""
    statistics = zip(statistic_names(trial), analysed.values.T, strict=True)
    return dict(statistics) | {"curve_counts": analysed.curve_counts}


def _number_difference(
    one: KeptNumbers, other: KeptNumbers, block: range, names: tuple[str, str]
) -> str | None:
    """First number that differs in any bit; what is not defined (nan) equals itself."""
    if list(one) != list(other):
        return f"the statistics have other names by {names[1]}"
    for name, x in one.items():
        y = other[name]
        if x.dtype != y.dtype or x.shape != y.shape:
            return f"{name} is {x.dtype} {x.shape} by {names[0]}, {y.dtype} {y.shape} by {names[1]}"
        differing = np.argwhere(~same_bits(x, y))
        if len(differing) == 0:
            continue
        first, *rest = where = tuple(differing[0].tolist())
        place = f"replicate {block[first]}, {name}" if len(x) == len(block) else f"{name} {first}"
        place += f" {rest}" if rest else ""
        return f"{place} is {x[where]} by {names[0]} and {y[where]} by {names[1]}"
    return None


def same_bits(x: Numbers, y: Numbers) -> NDArray[np.bool_]:
    """Where two arrays hold the same numbers, of the same sign even if they are 0, or both nan."""
    same = (x == y) & (np.signbit(x) == np.signbit(y))
    return np.asarray(same | (np.isnan(x) & np.isnan(y)))


def text(check: EngineCheck) -> str:
    """Tell the result of a comparison to whoever asked for it."""
    one, other = check.engines
    n = f"{check.replicates} replicate" + ("" if check.replicates == 1 else "s")
    head = f"{check.scenario}, seed {check.seed}: {n} by {one} and by {other}"
    if check.difference is None:
        return (
            f"{head}: equal to the last bit\n"
            f"  {len(TABLES)} tables, {check.rows:,} rows\n"
            f"  {len(ENDPOINT_COLUMNS) - 1} derived endpoints at every data cut\n"
            f"  {check.statistics:,} statistics and points of curves"
        )
    return f"{head}: DIFFERENT\n  {check.difference}"
