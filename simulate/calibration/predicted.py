"""What a fit that is there predicts: facts that it did not use, and survival as it truly is.

Both are made from the files of the fit alone, so a fit need not be made again for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from simulate import warmup
from simulate.analysis.statistics import landmark_months
from simulate.build_plan import build_plan, rebuilt_plan
from simulate.calibration.tables import HELD_OUT_CHECK, TRUTH_COLUMNS, TRUTHS
from simulate.choose_engine import BATCH, choose_engine
from simulate.facts import read_facts
from simulate.latent_truth import Endpoint, LatentTruth, has_formula, latent_truth
from simulate.monte_carlo import quantiles
from simulate.plan import Plan
from simulate.plans import Plans
from simulate.replicates import run_replicates
from simulate.results import write_csv
from simulate.scenario.calibration import POINT_FILE
from simulate.scenario.drawn import trial_of_draw
from simulate.scenario.parameters import DRAWS
from simulate.scenario.scenario import Scenario
from simulate.scorecard import scorecard
from simulate.steps import Step, silent
from simulate.units import DAYS_PER_MONTH

ENDPOINTS: tuple[Endpoint, ...] = ("pfs", "dor", "os")


@dataclass(frozen=True)
class Checked:
    """How much is simulated and computed for a fit."""

    replicates: int = 2000
    """Trials, each with the parameters of a draw, that held-out facts are held against."""
    draws: int = 400
    """Draws for which survival is computed by formula, evenly from all."""


def fits_in(folder: Path) -> list[str]:
    """Names of the fits that a folder holds."""
    return sorted(path.parent.name for path in folder.glob(f"*/{POINT_FILE}"))


def scenario_of_fit(scenario: Scenario, folder: Path) -> Scenario:
    """The scenario over the draws of a fit, without what-ifs and subgroups."""
    chosen = {"from": str(folder.parent), "fit": folder.name, "use": DRAWS}
    return scenario.with_overrides({"parameters": chosen, "sweep": [], "endpoints.subgroups": []})


def check_fit(
    scenario: Scenario,
    folder: Path,
    *,
    seed: int,
    workers: int = 1,
    checked: Checked | None = None,
    step: Step = silent,
) -> list[Path]:
    """Write ``truths.csv`` and ``held_out_check.csv`` into the folder of a fit.

    Parameters
    ----------
    scenario : Scenario
        That was calibrated.
    folder : Path
        Of the fit.
    seed, workers : int
        Seed of the trials; threads.
    checked : Checked
        How much is made.
    step : callable
        Progress.

    Returns
    -------
    list of Path
        The files: no truths where there is no formula, no check where nothing is held out.
    """
    drawn, checked = scenario_of_fit(scenario, folder), checked or Checked()
    tables = {
        TRUTHS: truth_table(drawn, checked.draws, step=step),
        HELD_OUT_CHECK: held_out_table(
            drawn, checked.replicates, seed=seed, workers=workers, step=step
        ),
    }
    written = []
    for name, table in tables.items():
        if table is not None and len(table):
            unfinished = folder / f".{name}.unfinished"
            write_csv(table, unfinished)
            written.append(unfinished.replace(folder / name))
    return written


# ---- facts that the fit did not use -------------------------------------------------------------


def held_out_table(
    drawn: Scenario, replicates: int, *, seed: int, workers: int, step: Step
) -> pd.DataFrame | None:
    """The scorecard of the facts that a fit holds out, over its draws; None if it holds out none.

    Parameters
    ----------
    drawn : Scenario
        Over the draws of the fit.
    """
    assert drawn.calibration is not None  # it takes draws
    names = drawn.calibration.content.held_out
    if not names or drawn.facts_path is None:
        return None
    facts = [fact for fact in read_facts(drawn.facts_path) if fact.statistic in names]
    name = f"{drawn.calibration.content.fit}: held-out facts"
    if choose_engine("auto", Plans(drawn).point, replicates).name == BATCH:
        _compile(drawn, step)
    found = run_replicates(
        drawn, replicates=replicates, seed=seed, workers=workers, progress=step(name, replicates)
    )
    card = scorecard(drawn, found, facts)
    return card[card["role"] == "held_out"]


def _compile(scenario: Scenario, step: Step) -> None:
    if not warmup.is_compiled(warmup.BATCH):
        progress = step("compiling (once)", 1)
        warmup.compile_steps(scenario, [warmup.BATCH])
        progress(1)


# ---- survival as it truly is --------------------------------------------------------------------


class Measure(NamedTuple):
    """A number that latent survival gives."""

    endpoint: Endpoint
    measure: str
    days: float
    """Landmark of a rate; nan of a median."""

    def of(self, truth: LatentTruth) -> float:
        """Its value: rates in percent, medians in months."""
        if self.measure == "median":
            return truth.median(self.endpoint) / DAYS_PER_MONTH
        return 100 * truth.rate(self.endpoint, self.days)


def truth_table(drawn: Scenario, n_draws: int, *, step: Step) -> pd.DataFrame | None:
    """Latent survival at the point and over draws, with :data:`TRUTH_COLUMNS`.

    None where it does not follow by formula.
    """
    draws = drawn.draws
    assert draws is not None
    assert drawn.calibration is not None
    point = build_plan(drawn)
    if not has_formula(point):
        return None
    numbers = np.unique(np.linspace(0, draws.n - 1, min(n_draws, draws.n)).round().astype(int))
    progress = step(f"{drawn.calibration.content.fit}: survival by formula", len(numbers))
    measures = _measures(drawn)
    at_point = [measure.of(latent_truth(point)) for measure in measures]
    over = np.empty((len(numbers), len(measures)))
    for row, plan in enumerate(_plans(drawn, point, numbers.tolist())):
        truth = latent_truth(plan)
        over[row] = [measure.of(truth) for measure in measures]
        progress(1)
    rows = [_row(measure, at_point[i], over[:, i].tolist()) for i, measure in enumerate(measures)]
    return pd.DataFrame(rows, columns=list(TRUTH_COLUMNS))


def _plans(drawn: Scenario, point: Plan, numbers: list[int]) -> Iterator[Plan]:
    draws = drawn.draws
    assert draws is not None
    for number in numbers:
        yield rebuilt_plan(point, drawn, trial_of_draw(drawn, draws, number))


def _measures(scenario: Scenario) -> list[Measure]:
    days = scenario.endpoints.landmarks
    return [
        measure
        for endpoint in ENDPOINTS
        for measure in (
            Measure(endpoint, "median", float("nan")),
            *(Measure(endpoint, f"rate_{m}", d) for m, d in _named(scenario, days)),
        )
    ]


def _named(scenario: Scenario, days: tuple[float, ...]) -> Iterator[tuple[str, float]]:
    return zip(landmark_months(scenario), days, strict=True)


def _row(measure: Measure, point: float, over: list[float]) -> tuple[object, ...]:
    lower, median, upper = (q.estimate for q in quantiles(over, (0.025, 0.5, 0.975)))
    is_median = measure.measure == "median"
    return (
        f"{measure.endpoint}_{measure.measure}",
        measure.endpoint,
        measure.measure,
        measure.days / DAYS_PER_MONTH,
        "months" if is_median else "%",
        point,
        lower,
        median,
        upper,
        len(over),
    )
