"""Trials of which everything is known: targets that are linear in the parameters, plus noise.

Stands where the calibration simulates trials. With normal priors the posterior of such targets has
a closed form, against which the calibration's own can be held.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate.calibration.posterior import Posterior
from simulate.calibration.scales import Target
from simulate.calibration.simulated import Progress
from simulate.calibration.store import Store
from simulate.distributions import FloatArray
from simulate.scenario.calibration_design import Parameter, Prior

SLOPES = np.array([[1.0, 0.5, 0.0, 0.2], [0.0, 1.0, -0.7, 0.1], [0.0, 0.0, 0.0, 0.0]])
"""Of targets (columns) on parameters (rows); nothing informs the third parameter."""

ROOT = np.array([[0.8, 0, 0, 0], [0.5, 0.6, 0, 0], [0.3, 0.2, 0.9, 0], [0, 0.1, 0.3, 0.7]])
COVARIANCE = ROOT @ ROOT.T
"""Of the targets of a trial."""

PARAMETERS = tuple(
    Parameter(
        name=name, label=name, field=f"field.{name}", link="identity",
        prior=Prior(median=median, sd=sd),
    )
    for name, median, sd in (("a", 1.0, 1.0), ("b", -1.0, 2.0), ("c", 0.0, 0.5))
)  # fmt: skip
MEAN, SD = np.array([1.0, -1.0, 0.0]), np.array([1.0, 2.0, 0.5])


@dataclass(frozen=True)
class LinearTrials:
    """Simulates targets; `wrong` multiplies the noise that trials have for the calibration."""

    parameters: tuple[Parameter, ...] = PARAMETERS
    targets: tuple[Target, ...] = tuple(Target("log", f"t{i}", False) for i in range(4))
    workers: int = 1
    store: Store | None = None
    wrong: float = 1.0

    def identity(self) -> str:
        """What the trials depend on."""
        return f"linear {self.wrong}"

    def run(self, points: FloatArray, *, trials: int, first: int, progress: Progress) -> FloatArray:
        """Targets of trials at each point; a single trial at a point is a data set."""
        numbers = np.random.default_rng([first, len(points), trials])
        noise = numbers.standard_normal((len(points), trials, 4)) @ ROOT.T
        noise *= self.wrong if trials > 1 else 1.0
        progress(trials * len(points))
        return (points @ SLOPES)[:, None, :] + noise


def exact_posterior(observed: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and covariance of the parameters given the targets, by the normal formula."""
    prior = np.diag(SD**-2)
    weight = SLOPES @ np.linalg.inv(COVARIANCE)
    spread = np.linalg.inv(prior + weight @ SLOPES.T)
    return spread @ (prior @ MEAN + weight @ observed), spread


def is_close_to_exact(posterior: Posterior, draws: FloatArray, *, effective: float) -> bool:
    """Whether draws have the exact mean within 4 standard errors, and sds within 10%."""
    mean, spread = exact_posterior(posterior.observed)
    sd = np.sqrt(np.diag(spread))
    near = np.abs(draws.mean(axis=0) - mean) < 4 * sd / np.sqrt(effective)
    return bool(near.all() and (np.abs(draws.std(axis=0) / sd - 1) < 0.1).all())
