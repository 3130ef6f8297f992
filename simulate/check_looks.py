"""Do two engines make the same randomised survival trials? To the last bit, or what differs first.

Of every replicate, the ledger is compared column by column, and then every number of its looks,
each engine's trials having been looked at in the way in which a run looks at them.
"""

from __future__ import annotations

import numpy as np

from simulate.build_survival_plan import build_survival_plan
from simulate.check_engines import EngineCheck
from simulate.choose_engine import BATCH, REFERENCE
from simulate.engines.batch.survival import BatchSurvivalEngine
from simulate.engines.survival_reference import ReferenceSurvivalEngine
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.steps import Progress
from simulate.survival_ledger import SurvivalLedger, ledger_columns
from simulate.survival_runner import ChunkOfLooks, SurvivalRunner

_BLOCK = 25
"""Replicates whose looks are compared at once."""


def check_looks(
    scenario: SurvivalScenario,
    *,
    seed: int,
    replicates: int,
    progress: Progress | None = None,
) -> EngineCheck:
    """Run a scenario by both engines and compare all that they make, up to the first difference.

    Parameters
    ----------
    scenario : SurvivalScenario
        The trial.
    seed : int
        Seed.
    replicates : int
        How many are compared, from the first on.
    progress : callable
        Told the number of replicates just compared.
    """
    plan = build_survival_plan(scenario)
    engines = ReferenceSurvivalEngine(plan), BatchSurvivalEngine(plan)
    runners = [SurvivalRunner(scenario, seed=seed, engine=name) for name in (REFERENCE, BATCH)]
    rows, numbers, done = 0, 0, 0
    difference: str | None = None
    for start in range(0, replicates, _BLOCK):
        block = range(start, min(start + _BLOCK, replicates))
        for replicate in block:
            ledgers = [each.simulate(seed=seed, replicate=replicate) for each in engines]
            rows += int(ledgers[0].n[0])
            difference = _in_ledgers(replicate, *ledgers)
            done += 1
            if difference is not None:
                break
        if difference is None:
            looks = [runner.run(block) for runner in runners]
            numbers += sum(values.size for values in looks[0].values())
            difference = _in_looks(block, runners[0].names, *looks)
        if progress is not None:
            progress(len(block))
        if difference is not None:
            break
    return EngineCheck(scenario.name, (REFERENCE, BATCH), seed, done, rows, numbers, difference)


def _in_ledgers(replicate: int, first: SurvivalLedger, second: SurvivalLedger) -> str | None:
    """The first difference between the patients of one trial, in words."""
    ours, theirs = ledger_columns(first), ledger_columns(second)
    if len(ours["arm"]) != len(theirs["arm"]):
        return (
            f"replicate {replicate}: {len(ours['arm'])} patients by {REFERENCE}, "
            f"{len(theirs['arm'])} by {BATCH}"
        )
    for name, column in ours.items():
        unequal = np.flatnonzero(column != theirs[name])
        if len(unequal):
            i = int(unequal[0])
            return (
                f"replicate {replicate}, patient {i}: {name} is {column[i]} by {REFERENCE} and "
                f"{theirs[name][i]} by {BATCH}"
            )
    return None


def _in_looks(
    block: range, names: tuple[str, ...], first: ChunkOfLooks, second: ChunkOfLooks
) -> str | None:
    """The first difference between the looks at some trials, in words."""
    for analysis, ours in first.items():
        theirs = second[analysis]
        unequal = np.argwhere(ours.view(np.int64) != theirs.view(np.int64))
        for row, column in unequal:
            if np.isnan(ours[row, column]) and np.isnan(theirs[row, column]):
                continue
            mine, other = float(ours[row, column]), float(theirs[row, column])
            return (
                f"replicate {block[row]}, {analysis}: {names[column]} is {mine!r} by {REFERENCE} "
                f"and {other!r} by {BATCH}"
            )
    return None


def text(check: EngineCheck) -> str:
    """Tell the result of a comparison to whoever asked for it."""
    one, other = check.engines
    n = f"{check.replicates} replicate" + ("" if check.replicates == 1 else "s")
    head = f"{check.scenario}, seed {check.seed}: {n} by {one} and by {other}"
    if check.difference is not None:
        return f"{head}: DIFFERENT\n  {check.difference}"
    return (
        f"{head}: equal to the last bit\n"
        f"  {check.rows:,} patients in every column\n"
        f"  {check.statistics:,} numbers of looks"
    )
