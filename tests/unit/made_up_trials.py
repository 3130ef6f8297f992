"""Results of randomised trials made up for tests of the report, without any engine.

Z at the looks is a Brownian motion in the events with the drift of a true hazard ratio, so that
decisions, hazard ratios and their errors belong together; dates and sizes are drawn around round
numbers. Every replicate is what its own numbers say it is: a test may count decisions anew.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from simulate.randomised.example import KINDS, ExampleTrial, first_of_each_kind
from simulate.randomised.job import make_randomised_job
from simulate.randomised.operating import operating_characteristics
from simulate.randomised.outcomes import FUTILE, GOES_ON, NOT_REJECTED, REJECTED, Outcomes
from simulate.randomised.result import RandomisedResult
from simulate.randomised.what_ifs import sweep_table
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.survival_scenario import SurvivalScenario

GENERIC = Path(__file__).parents[2] / "scenarios" / "generic_two_arm.yaml"

Floats = npt.NDArray[np.float64]

_FIRST_LOOK, _BETWEEN = 24.0, 10.0  # months
_LANDMARKS = (12, 24)
_MONTH = 30.4375


class MadeUpLooks:
    """Columns of every look, held in memory."""

    def __init__(self, columns: Mapping[tuple[str, str], Floats], n: int) -> None:
        self.columns = dict(columns)
        self.n = n
        self.names = tuple(dict.fromkeys(name for _, name in self.columns))

    def column(self, analysis: str, name: str) -> Floats:
        """A column of a look; nan where the look has none of the name."""
        return self.columns.get((analysis, name), np.full(self.n, np.nan))


def generic(*overrides: str) -> SurvivalScenario:
    """The scenario to copy, with some fields changed."""
    return SurvivalScenario.from_file(GENERIC, overrides)


def made_up_result(
    scenario: SurvivalScenario | None = None,
    *,
    n: int = 500,
    hazard_ratio: float = 0.70,
    null: bool = False,
    examples: bool = True,
    theory: pd.DataFrame | None = None,
    posterior_hazard_ratio: float | None = None,
) -> RandomisedResult:
    """A result as a run would give it.

    Parameters
    ----------
    scenario : SurvivalScenario
        By default the one to copy.
    n : int
        Replicates.
    hazard_ratio : float
        True hazard ratio of every hypothesis; 1 with null.
    null : bool
        Whether the effect is taken away.
    examples : bool
        Whether there are examples.
    theory : DataFrame
        What theory says; by default nothing.
    posterior_hazard_ratio : float
        That of the replicates over posterior draws; by default there are none.
    """
    chosen = generic() if scenario is None else scenario
    job = make_randomised_job(chosen, replicates=n, null=null)
    true = 1.0 if null else hazard_ratio
    outcomes = made_up_outcomes(job.scenario, n, true)
    variants = {
        each.name: made_up_outcomes(
            job.scenario.variant(each.name), n, min(true + 0.05 * (i + 1), 1.0)
        )
        for i, each in enumerate(job.scenario.sweep)
    }
    named = {name: (job.scenario.variant(name).name, found) for name, found in variants.items()}
    truth = {h.name: math.log(true) for h in job.scenario.hypotheses}
    tables = [operating_characteristics(full, found, truth) for full, found in named.values()]
    posterior = None
    if posterior_hazard_ratio is not None:
        posterior = made_up_outcomes(job.scenario, n // 2, posterior_hazard_ratio)
    operating = operating_characteristics(job.scenario.name, outcomes, truth, posterior)
    return RandomisedResult(
        job=job,
        outcomes=outcomes,
        operating=operating,
        theory=pd.DataFrame() if theory is None else theory,
        sweep=sweep_table(job.scenario.name, outcomes, named),
        variants=variants,
        posterior=posterior,
        variants_operating=pd.concat(tables) if tables else operating.iloc[:0],
        examples=made_up_examples(job.scenario, outcomes, true) if examples else (),
        manifest=_manifest(job.scenario, n),
    )


def _manifest(scenario: SurvivalScenario, n: int) -> dict[str, object]:
    return {
        "digest": scenario.digest(),
        "engine": "batch",
        "engine_reason": "made up",
        "version": "0",
        "python": "3",
        "packages": {"numpy": "2"},
        "platform": "made up",
        "command": f"simulate run scenario.yaml --replicates {n}",
    }


# ---- looks ----------------------------------------------------------------------------------


def made_up_outcomes(scenario: SurvivalScenario, n: int, hazard_ratio: float) -> Outcomes:
    """Replicates of a scenario, all hypotheses with one true hazard ratio."""
    rng = np.random.default_rng(sum(scenario.name.encode()))
    looks = _times_and_sizes(scenario, n, rng)
    for hypothesis in scenario.hypotheses:
        _tested(scenario, hypothesis, n, hazard_ratio, rng, looks)
    _stop(scenario, n, looks)
    return Outcomes(MadeUpLooks(looks, n), scenario.analyses, scenario.hypotheses)


Columns = dict[tuple[str, str], Floats]


def _times_and_sizes(scenario: SurvivalScenario, n: int, rng: np.random.Generator) -> Columns:
    columns: Columns = {}
    shares = np.array([arm.allocation for arm in scenario.arms], float)
    shares /= shares.sum()
    pace = rng.normal(1.0, 0.05, n)
    for k, analysis in enumerate(scenario.analyses):
        month = (_FIRST_LOOK + _BETWEEN * k) * pace + rng.exponential(0.3, n)
        enrolled = np.minimum(scenario.sample_size, np.round(scenario.sample_size * month / 27))
        columns[analysis.name, "cut_day"] = np.round(_MONTH * month)
        columns[analysis.name, "n_enrolled"] = enrolled
        decision = columns[analysis.name, "cut_day"] + analysis.cleaning_lag
        columns[analysis.name, "decision_day"] = decision
        later = np.round(scenario.sample_size * decision / _MONTH / 27)
        columns[analysis.name, "n_enrolled_at_decision"] = np.minimum(scenario.sample_size, later)
        columns[analysis.name, "target_reached"] = (rng.random(n) > 0.01).astype(float)
        for share, arm in zip(shares, scenario.arms, strict=True):
            columns[analysis.name, f"n_enrolled.{arm.name}"] = np.round(enrolled * share)
        for endpoint in scenario.endpoint_names:
            _endpoint(scenario, analysis.name, endpoint.lower(), k, shares, enrolled, rng, columns)
    return columns


def _endpoint(
    scenario: SurvivalScenario,
    analysis: str,
    endpoint: str,
    look: int,
    shares: Floats,
    enrolled: Floats,
    rng: np.random.Generator,
    columns: Columns,
) -> None:
    """Events and estimates of one endpoint at a look; the first arm is the worse by 4 months."""
    planned = scenario.planned_events(scenario.analyses[look], endpoint.upper())
    overshoot = rng.poisson(0.4, len(enrolled)).astype(float)
    base = float(planned) if planned is not None else 60.0 * (look + 1)
    events = np.minimum(base + overshoot, enrolled)
    columns[analysis, f"{endpoint}.events"] = events
    if planned is not None:
        columns[analysis, "overshoot"] = overshoot
    for place, (share, arm) in enumerate(zip(shares, scenario.arms, strict=True)):
        columns[analysis, f"{endpoint}.events.{arm.name}"] = np.round(events * share)
        median = rng.normal(12 + 4 * place, 1.0, len(enrolled))
        if endpoint == "os":
            median = np.where(rng.random(len(enrolled)) < 0.6, np.inf, 2 * median)
        columns[analysis, f"{endpoint}.median.{arm.name}"] = median
        for m in _LANDMARKS:
            rate = np.exp(-math.log(2) * m / np.where(np.isinf(median), 40.0, median))
            columns[analysis, f"{endpoint}.rate_{m}.{arm.name}"] = rate


def _tested(
    scenario: SurvivalScenario,
    hypothesis: Hypothesis,
    n: int,
    hazard_ratio: float,
    rng: np.random.Generator,
    columns: Columns,
) -> None:
    """Z, its bounds and the decisions of a hypothesis at its looks."""
    name, looks = hypothesis.name, scenario.analyses_of(hypothesis)
    planned = scenario.information(hypothesis) or 60 * len(scenario.analyses)
    before, score = np.zeros(n), np.zeros(n)
    open_still = np.ones(n, bool)
    for look in looks:
        events = columns[look.name, f"{hypothesis.endpoint.lower()}.events"]
        step = np.maximum(events - before, 0) / 4
        score = score - math.log(hazard_ratio) * step + np.sqrt(step) * rng.standard_normal(n)
        before = events
        fraction = events / planned
        last = look is looks[-1]
        upper = 2.0 / np.sqrt(np.minimum(fraction, 1.0))
        lower = np.full(n, -np.inf)
        if hypothesis.futility is not None and not last:
            lower = 2.2 * fraction - 1.1
        z = score / np.sqrt(events / 4)
        decision = np.where(z >= upper, REJECTED, np.where(z <= lower, FUTILE, GOES_ON))
        if last:
            decision = np.where(decision == GOES_ON, NOT_REJECTED, decision)
        values = {
            "tested_events": events,
            "fraction": fraction,
            "efficacy_bound": upper,
            "futility_bound": lower,
            "z": z,
            "log_hr": -z * 2 / np.sqrt(events),
            "log_hr_se": 2 / np.sqrt(events),
            "decision": np.where(open_still, decision, np.nan),
        }
        for key, value in values.items():
            columns[look.name, f"{name}.{key}"] = value.astype(float)
        open_still &= decision == GOES_ON


def _stop(scenario: SurvivalScenario, n: int, columns: Columns) -> None:
    """Which look is the last of each replicate; nothing is known of looks after it."""
    undecided = np.ones((max(len(scenario.hypotheses), 1), n), bool)
    running = np.ones(n, bool)
    for analysis in scenario.analyses:
        for place, hypothesis in enumerate(scenario.hypotheses):
            decision = columns.get((analysis.name, f"{hypothesis.name}.decision"), np.zeros(n))
            undecided[place] &= ~(decision > GOES_ON)
        last = analysis is scenario.analyses[-1]
        stopped = running & (~undecided.any(axis=0) | last)
        for key, values in columns.items():
            if key[0] == analysis.name:
                columns[key] = np.where(running, values, np.nan)
        columns[analysis.name, "stopped"] = np.where(running, stopped.astype(float), np.nan)
        running &= ~stopped


# ---- examples -------------------------------------------------------------------------------


def made_up_examples(
    scenario: SurvivalScenario, outcomes: Outcomes, hazard_ratio: float
) -> tuple[ExampleTrial, ...]:
    """One trial of each kind that occurred; its patients are drawn anew."""
    chosen = first_of_each_kind(outcomes)
    return tuple(
        _example(scenario, outcomes, kind, chosen[kind], hazard_ratio)
        for kind in KINDS
        if kind in chosen
    )


def _example(
    scenario: SurvivalScenario, outcomes: Outcomes, kind: str, replicate: int, hazard_ratio: float
) -> ExampleTrial:
    rng = np.random.default_rng(replicate)
    cut_day = int(outcomes.at_stop("cut_day")[replicate])
    n = int(outcomes.at_stop("n_enrolled")[replicate])
    arms = [arm.name for arm in scenario.arms]
    arm = np.arange(n) % len(arms)
    entry = np.sort(rng.integers(0, min(cut_day, 25 * 30), n))
    worse = 12 * _MONTH / math.log(2)
    progression = np.ceil(rng.exponential(worse * hazard_ratio ** -(arm > 0).astype(float)))
    death = progression + np.ceil(rng.exponential(400, n))
    subjects = pd.DataFrame(
        {
            "patient": np.arange(1, n + 1),
            "region": "all",
            "stratum": 0,
            "arm": [arms[i] for i in arm],
            "enrolment_trial_day": entry,
            "progression_day": progression,
            "death_day": death,
            "dropout_day": np.nan,
        }
    )
    days = {"pfs": progression, "os": death}
    names = [e.lower() for e in scenario.endpoint_names]
    samples = {
        name: pd.DataFrame(
            {
                "arm": subjects["arm"],
                "day": np.minimum(days[name], cut_day - entry),
                "event": days[name] <= cut_day - entry,
            }
        )
        for name in names
    }
    return ExampleTrial(
        kind=kind,
        replicate=replicate,
        cut_day=cut_day,
        subjects=subjects,
        samples=samples,
        looks=_looks_of(scenario, outcomes, replicate),
        months=_months(entry, {name: days[name] for name in names}, cut_day),
    )


def _looks_of(scenario: SurvivalScenario, outcomes: Outcomes, replicate: int) -> pd.DataFrame:
    rows = []
    for analysis in scenario.analyses:
        values = {
            name: outcomes.looks.column(analysis.name, name)[replicate]
            for name in outcomes.looks.names
        }
        if not np.isnan(values["cut_day"]):
            rows.append({"analysis": analysis.name, **values})
    return pd.DataFrame(rows)


def _months(entry: Floats, days: Mapping[str, Floats], cut_day: int) -> pd.DataFrame:
    rows: list[dict[str, Sequence[int] | int]] = []
    for month in range(math.ceil(cut_day / _MONTH) + 1):
        end = min(month * _MONTH, cut_day)
        row: dict[str, Sequence[int] | int] = {
            "month": month,
            "enrolled": int((entry <= end).sum()),
        }
        for name, times in days.items():
            row[f"{name}.events"] = int((entry + times <= end).sum())
        rows.append(row)
    return pd.DataFrame(rows)
