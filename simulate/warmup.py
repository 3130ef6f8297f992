"""Compile what is compiled before it is needed, and know whether it still has to be.

Machine code is kept on disk, in a folder named after the sources (:mod:`simulate.compiled`). The
first run after an installation or a change compiles, for some seconds; `simulate warmup` does it
beforehand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from simulate import choose_engine
from simulate.build_plan import build_plan
from simulate.distributions import TABLE_DAYS
from simulate.endpoints import endpoint_rules
from simulate.engines.choice import get_engine
from simulate.observed_truth import PYTHON_PATIENTS, observe_kernel, observed_truth
from simulate.plans import Plans
from simulate.scenario.scenario import Scenario
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.scenario.trial import Trial

SMALLEST = Path(__file__).parent / "templates" / "smallest_trial.yaml"
"""A trial to compile for when none is given; the machine code is the same for all trials."""

SMALLEST_RANDOMISED = SMALLEST.with_name("smallest_survival_trial.yaml")
"""A trial with plain survival models to compile for; the machine code is the same for all."""

SMALLEST_WITH_ARMS = SMALLEST.with_name("smallest_trial_with_arms.yaml")
"""A trial with arms of patients in cycles and scans to compile for; see the others."""


class Work(NamedTuple):
    """A step of a run that is compiled."""

    kernels: Callable[[], tuple[Any, ...]]
    """Gives its kernels; loaded only when asked for."""
    call: Callable[[Trial], object]
    """Calls each of them once, with the types that a run of the trial has."""


def _truth(trial: Trial) -> object:
    plan = build_plan(trial, horizon=TABLE_DAYS)
    return observed_truth(plan, endpoint_rules(trial), seed=0, n_patients=PYTHON_PATIENTS + 1)


def _batch_kernels() -> tuple[Any, ...]:
    from simulate.batch_runner import run_replicates

    return (run_replicates,)


def _batch(trial: Trial) -> object:
    from simulate.batch_runner import BatchRunner

    return BatchRunner(trial, Plans(trial), seed=0).run(range(1))


def _single_kernels() -> tuple[Any, ...]:
    from simulate.engines.batch.trial import run_trial

    return (run_trial,)


def _single(trial: Trial) -> object:
    return get_engine(choose_engine.BATCH, build_plan(trial)).simulate(seed=0, replicate=0)


def _looks_kernels() -> tuple[Any, ...]:
    from simulate.survival_runner import run_looks

    return (run_looks,)


def _looks(_trial: Trial) -> object:
    from simulate.survival_runner import SurvivalRunner

    trial = SurvivalScenario.from_file(SMALLEST_RANDOMISED)
    return SurvivalRunner(trial, seed=0, engine=choose_engine.BATCH).run(range(1))


def _survival_kernels() -> tuple[Any, ...]:
    from simulate.engines.batch.survival import run_survival_trials

    return (run_survival_trials,)


def _survival(_trial: Trial) -> object:
    from simulate.build_survival_plan import build_survival_plan
    from simulate.engines.batch.survival import BatchSurvivalEngine

    plan = build_survival_plan(SurvivalScenario.from_file(SMALLEST_RANDOMISED))
    return BatchSurvivalEngine(plan).simulate(seed=0, replicate=0)


def _patients_kernels() -> tuple[Any, ...]:
    from simulate.engines.batch.trial import run_trial
    from simulate.randomised_runner import look_compiled

    return run_trial, look_compiled


def _patients(_trial: Trial) -> object:
    from simulate.randomised_runner import RandomisedRunner

    trial = Scenario.from_file(SMALLEST_WITH_ARMS)
    return RandomisedRunner(trial, seed=0, engine=choose_engine.BATCH).run(range(1))


TRUTH, BATCH, SINGLE = "truth", "batch engine", "batch engine for single trials"
LOOKS, LOOKS_AT_PATIENTS = "batch engine for survival trials", "batch engine for trials with arms"
SURVIVAL = "batch engine for single survival trials"

COMPILED = {
    TRUTH: Work(lambda: (observe_kernel,), _truth),
    BATCH: Work(_batch_kernels, _batch),
    SINGLE: Work(_single_kernels, _single),
    LOOKS: Work(_looks_kernels, _looks),
    LOOKS_AT_PATIENTS: Work(_patients_kernels, _patients),
    SURVIVAL: Work(_survival_kernels, _survival),
}
"""Everything that is compiled, by the name of the step."""


def is_compiled(name: str) -> bool:
    """Whether the machine code of a step is at hand, in this process or on disk."""
    return all(map(_has_code, COMPILED[name].kernels()))


def compile_steps(
    trial: Trial, names: Iterable[str] = (), *, tell: Callable[[str], object] = lambda _name: None
) -> dict[str, float]:
    """Compile steps whose machine code is not at hand.

    Parameters
    ----------
    trial : Trial
        The trial to compile for.
    names : iterable of str
        Names of steps; by default all.
    tell : callable
        Told the name of each step before it is compiled.

    Returns
    -------
    dict of str to float
        Seconds by step, only of those that had to be compiled.
    """
    seconds = {}
    for name in names or COMPILED:
        if is_compiled(name):
            continue
        tell(name)
        started = time.perf_counter()
        COMPILED[name].call(trial)
        seconds[name] = time.perf_counter() - started
    return seconds


def smallest_trial() -> Scenario:
    """The trial to compile for when none is given."""
    return Scenario.from_file(SMALLEST)


def _has_code(kernel: Any) -> bool:
    """Whether a kernel was compiled in this process, or on disk since its file last changed."""
    if getattr(kernel, "signatures", True):  # a plain function, with Numba's compiler turned off
        return True
    source = Path(kernel.py_func.__code__.co_filename)
    changed = source.stat().st_mtime if source.is_file() else 0.0
    indices = Path(kernel.stats.cache_path).glob(f"*.{kernel.__name__}-*.nbi")
    return any(index.stat().st_mtime >= changed for index in indices)
