"""The fits of a calibration: each stage's posterior, in order, and what they say together."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from simulate.calibration.inference import Effort, Inference, infer
from simulate.calibration.job import CalibrationJob
from simulate.calibration.links import natural, written
from simulate.calibration.simulated import TrialSimulator
from simulate.calibration.store import Store
from simulate.calibration.targets import Observed
from simulate.distributions import FloatArray
from simulate.errors import SimulateError
from simulate.scenario.calibration_design import Fit, Parameter, Stage
from simulate.scenario.scenario import Scenario
from simulate.steps import Progress, Step, silent

MOST_RHAT = 1.05
LEAST_EFFECTIVE_SIZE = 400
LEAST_EFFECTIVE_SHARE = 0.25
LEAST_INFORMATION = 0.05
"""Information below which nothing is said of a parameter: one twentieth of the prior's own."""


class NotConvergedError(SimulateError):
    """A calibration whose posterior may not be trusted; nothing is written."""

    exit_code = 1


@dataclass(frozen=True)
class StageFit:
    """The posterior of one stage."""

    stage: Stage
    observed: Observed
    inference: Inference
    seconds: float

    @property
    def free(self) -> tuple[Parameter, ...]:
        """Parameters that are estimated, in the order of the posterior."""
        return tuple(p for p in self.stage.parameters if p.prior is not None)

    def values(self, points: FloatArray) -> dict[str, FloatArray]:
        """Values of all parameters as they stand in their fields, by name."""
        return natural(self.stage.parameters, points)

    def overrides(self) -> dict[str, object]:
        """Fields of the scenario with the point values."""
        values = self.values(self.inference.point[None, :])
        return {p.field: written(values[p.name][0], p.unit) for p in self.stage.parameters}

    def failures(self) -> Iterator[str]:
        """Why the posterior may not be trusted."""
        found = self.inference.sample
        rhat, size = float(found.rhat.max()), float(found.effective_size.min())
        share = self.inference.check.effective_share
        if not rhat <= MOST_RHAT:
            name = self.free[int(found.rhat.argmax())].name
            yield f"R-hat of {name} is {rhat:.3f} (at most {MOST_RHAT})"
        if not size >= LEAST_EFFECTIVE_SIZE:
            name = self.free[int(found.effective_size.argmin())].name
            yield f"{name} has {size:.0f} effective draws (at least {LEAST_EFFECTIVE_SIZE})"
        if not share >= LEAST_EFFECTIVE_SHARE:
            yield (
                f"simulation at the draws agrees with the emulator for {share:.0%} of them "
                f"(at least {LEAST_EFFECTIVE_SHARE:.0%})"
            )

    def uninformed(self) -> list[Parameter]:
        """Parameters of which the targets say nothing."""
        information = self.inference.information
        return [p for p, i in zip(self.free, information, strict=True) if i < LEAST_INFORMATION]


@dataclass(frozen=True)
class FitResult:
    """One fit: the posteriors of its own stages, and those that it takes from the first fit."""

    fit: Fit
    stages: tuple[StageFit, ...]
    """All stages, in the order in which they are estimated."""

    @property
    def own(self) -> tuple[StageFit, ...]:
        """Stages that were estimated in this fit."""
        return tuple(s for s in self.stages if self.fit.stage in (None, s.stage.name))

    @property
    def log_evidence(self) -> float:
        """Log of the marginal likelihood of the stages estimated in this fit."""
        return sum(each.inference.log_evidence for each in self.own)


def calibrate(
    job: CalibrationJob,
    *,
    effort: Effort | None = None,
    seed: int,
    workers: int = 1,
    store: Path | None = None,
    step: Step = silent,
) -> Iterator[FitResult]:
    """Make the fits of a calibration, one after the other.

    Parameters
    ----------
    job : CalibrationJob
        What is calibrated.
    effort : Effort
        How much is simulated; by default what a calibration that ships takes.
    seed : int
        Of the trials, the designs and the sampler.
    workers : int
        Threads.
    store : Path
        Folder in which simulated trials are kept, from which an interrupted calibration goes on.
    step : callable
        Progress.

    Raises
    ------
    NotConvergedError
        If a posterior may not be trusted.
    """
    work = _Work(job, effort or Effort(), seed, workers, None if store is None else Store(store))
    first: FitResult | None = None
    for fit in job.fits:
        result = work.fit(fit, first, step)
        first = first or result
        yield result


@dataclass(frozen=True)
class _Work:
    """What all fits share."""

    job: CalibrationJob
    effort: Effort
    seed: int
    workers: int
    store: Store | None

    def fit(self, fit: Fit, first: FitResult | None, step: Step) -> FitResult:
        """Make one fit; stages that it does not estimate are taken from the first."""
        scenario = self.job.structured(fit)
        own = {stage.name: stage for stage in self.job.own_stages(fit)}
        taken = {} if first is None else {each.stage.name: each for each in first.stages}
        for name, each in taken.items():
            if name not in own:
                scenario = scenario.with_overrides(each.overrides())
        stages: list[StageFit] = []
        for name in [stage.name for stage in self.job.file.content.stages]:
            if name in own:
                made = self.stage(fit, own[name], scenario, step)
                scenario = scenario.with_overrides(made.overrides())
                stages.append(made)
            else:
                stages.append(taken[name])
        return FitResult(fit, tuple(stages))

    def stage(self, fit: Fit, stage: Stage, scenario: Scenario, step: Step) -> StageFit:
        """Estimate the parameters of one stage."""
        observed = self.job.observed(fit, stage)
        simulator = TrialSimulator(
            scenario, stage.parameters, observed.targets, self.seed, self.workers, self.store
        )
        started = time.perf_counter()

        def named(name: str, size: int) -> Progress:
            return step(f"{fit.name}, {stage.name}: {name}", size)

        found = infer(simulator, observed.values, self.effort, seed=self.seed, step=named)
        made = StageFit(stage, observed, found, time.perf_counter() - started)
        failures = list(made.failures())
        if failures:
            raise NotConvergedError(
                f"the calibration did not converge (fit {fit.name}, stage {stage.name}): "
                f"{'; '.join(failures)}. Nothing was written; narrower priors or fewer targets "
                "that say the same may help"
            )
        return made


def simulator_of(
    job: CalibrationJob, fit: Fit, stage: Stage, seed: int, workers: int, store: Store | None
) -> TrialSimulator:
    """Simulates a stage's targets, other stages being at the scenario's own values."""
    targets = job.observed(fit, stage).targets
    return TrialSimulator(job.structured(fit), stage.parameters, targets, seed, workers, store)
