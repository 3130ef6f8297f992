"""The steps from published targets to the posterior of a stage's parameters.

1. Trials at points all over the prior; an emulator of their mean targets; its mode.
2. The covariance of the targets over trials at that mode; a first sample of the posterior.
3. Trials at points about that sample, denser where it matters; a second emulator, mode, covariance.
4. The sample that is kept.
5. Trials at draws of that sample, to see what the emulator's error does to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import norm, qmc

from simulate.calibration.emulator import Emulator, covariance, fit_emulator, moments
from simulate.calibration.links import prior_moments
from simulate.calibration.posterior import Posterior, Sample, sample
from simulate.calibration.simulated import TrialSimulator
from simulate.distributions import FloatArray
from simulate.steps import Progress, Step

WIDEST, LOCAL_WIDEST = 2.5, 3.5
"""Standard deviations of the prior within which trials are simulated: at first, and then."""

BROADER = 1.5
"""The second design is so many times as wide as the first sample of the posterior."""

NEAREST = 0.05
"""Share of the points of the first design, nearest to the data, that give a first covariance."""

# Where in the calibration's range of replicates the trials of each step begin.
_WIDE, _LOCAL, _MODE, _FINAL, _CHECK = 0, 2**26, 2**27, 2**27 + 2**20, 2**27 + 2**21


@dataclass(frozen=True)
class Effort:
    """How much is simulated and sampled."""

    designs: int = 2048
    """Points over the prior."""
    trials: int = 20
    """Trials at each of them."""
    local_designs: int = 2048
    """Points about the posterior."""
    local_trials: int = 40
    """Trials at each of them."""
    mode_trials: int = 1500
    """Trials at the first mode."""
    covariance_trials: int = 6000
    """Trials at the mode, for the covariance that is kept."""
    steps: int = 8000
    """Steps of every walker that are kept."""
    draws: int = 1000
    """Draws of the posterior that are kept."""
    check_draws: int = 200
    """Draws at which trials are simulated to check the emulator."""
    check_trials: int = 500
    """Trials at each of them."""

    @property
    def total(self) -> int:
        """Trials in all."""
        return (
            self.designs * self.trials
            + self.local_designs * self.local_trials
            + self.mode_trials
            + self.covariance_trials
            + self.check_draws * self.check_trials
        )


@dataclass(frozen=True)
class Check:
    """What simulation at draws of the posterior says of the emulator."""

    effective_share: float
    """Effective share of the draws when they are weighted by the simulated likelihood over the
    emulated one: 1 if the emulator is exact."""
    error: FloatArray
    """Root mean square error of the emulated means over the draws, Monte Carlo noise taken out, in
    standard deviations of a trial, by target."""


@dataclass(frozen=True)
class Inference:
    """The posterior of a stage's parameters."""

    posterior: Posterior
    mode: FloatArray
    """Shape (parameters,), on the scale of the links."""
    sample: Sample
    information: FloatArray
    """Information of the targets on each parameter, in units of the prior's own."""
    check: Check

    @property
    def point(self) -> FloatArray:
        """The point values: the posterior mean on the scale of the links."""
        return self.sample.mean

    @property
    def shrinkage(self) -> FloatArray:
        """Posterior over prior standard deviation: near 1 where the data say nothing."""
        return np.sqrt(np.diag(self.sample.covariance)) / self.posterior.prior_sd

    @property
    def log_evidence(self) -> float:
        """Log of the marginal likelihood, by Laplace's approximation about the mode."""
        at = self.mode[None, :]
        _, spread = np.linalg.slogdet(self.sample.covariance)
        _, scale = np.linalg.slogdet(self.posterior.covariance)
        prior = self.posterior.log_prior(at)[0] - np.log(self.posterior.prior_sd).sum()
        likelihood = -0.5 * (self.posterior.misfit(self.posterior.emulator(at))[0] + scale)
        return float(likelihood + prior + 0.5 * spread)


def wide_design(simulator: TrialSimulator, n: int, *, seed: int) -> FloatArray:
    """Points all over the prior, evenly in each parameter (a Latin hypercube)."""
    mean, sd = prior_moments(simulator.parameters)
    uniform = qmc.LatinHypercube(len(mean), rng=np.random.default_rng(seed)).random(n)
    z = np.clip(norm.ppf(uniform), -WIDEST, WIDEST)
    return np.asarray(mean + sd * z)


def local_design(posterior: Posterior, found: Sample, n: int, *, seed: int) -> FloatArray:
    """Points about a sample of the posterior, more widely spread than it."""
    d = len(posterior.prior_mean)
    z = norm.ppf(qmc.LatinHypercube(d, rng=np.random.default_rng(seed)).random(n))
    points = found.mean + BROADER * z @ np.linalg.cholesky(found.covariance).T
    apart = (points - posterior.prior_mean) / posterior.prior_sd
    apart = np.clip(apart, -LOCAL_WIDEST, LOCAL_WIDEST)
    return np.asarray(posterior.prior_mean + posterior.prior_sd * apart)


@dataclass(frozen=True)
class Wide:
    """The first step: trials all over the prior, whatever the data are."""

    simulator: TrialSimulator
    emulator: Emulator
    means: FloatArray
    variances: FloatArray
    residuals: FloatArray
    """Targets of all trials, apart from their point's mean, shape (points, trials, targets)."""

    def first_posterior(self, observed: FloatArray) -> Posterior:
        """The posterior with the covariance of trials that came nearest to the data."""
        scale = np.sqrt(np.nanmean(self.variances, axis=0))
        distance = (((self.means - observed) / scale) ** 2).sum(axis=1)
        near = np.argsort(distance)[: max(int(NEAREST * len(distance)), 20)]
        apart = self.residuals[near].reshape(-1, len(observed))
        n_trials = self.residuals.shape[1]
        spread = covariance(apart) * n_trials / (n_trials - 1)
        return self.posterior(observed, spread)

    def posterior(self, observed: FloatArray, spread: FloatArray) -> Posterior:
        """The posterior by this emulator, given a covariance of the targets."""
        mean, sd = prior_moments(self.simulator.parameters)
        return Posterior(mean, sd, observed, self.emulator, spread + self.emulator.error)


def explore_prior(simulator: TrialSimulator, effort: Effort, *, seed: int, step: Step) -> Wide:
    """The first step: trials all over the prior, and the emulator of their means."""
    points = wide_design(simulator, effort.designs, seed=seed)
    progress = step("trials over the prior", effort.designs * effort.trials)
    trials = simulator.run(points, trials=effort.trials, first=_WIDE, progress=progress)
    mean, variance, _ = moments(trials)
    return Wide(simulator, fit_emulator(points, trials), mean, variance, trials - mean[:, None, :])


def infer(
    simulator: TrialSimulator, observed: FloatArray, effort: Effort, *, seed: int, step: Step
) -> Inference:
    """All steps, from the prior to a checked sample of the posterior.

    Parameters
    ----------
    simulator : TrialSimulator
        Simulates the stage's targets.
    observed : (targets,) array
        Published targets on their scales.
    effort : Effort
        How much is simulated.
    seed : int
        Of the designs and of the sampler.
    step : callable
        Progress.
    """
    wide = explore_prior(simulator, effort, seed=seed, step=step)
    first, found = first_sample(wide, observed, effort, seed=seed, step=step)
    posterior, mode = refine(simulator, first, found, effort, seed=seed, step=step)
    progress = step("sampling the posterior", effort.steps + effort.steps // 2)
    kept = sample(
        posterior,
        start=mode,
        steps=effort.steps,
        n_draws=effort.draws,
        seed=seed,
        progress=progress,
    )
    progress = step("trials at draws", effort.check_draws * effort.check_trials)
    check = check_emulator(simulator, posterior, kept, effort, progress)
    return Inference(posterior, mode, kept, information(posterior, mode), check)


def refine(
    simulator: TrialSimulator,
    first: Posterior,
    found: Sample,
    effort: Effort,
    *,
    seed: int,
    step: Step,
) -> tuple[Posterior, FloatArray]:
    """The third step: an emulator for where the posterior is, the covariance there, the mode."""
    points = local_design(first, found, effort.local_designs, seed=seed + 1)
    progress = step("trials about the posterior", len(points) * effort.local_trials)
    trials = simulator.run(points, trials=effort.local_trials, first=_LOCAL, progress=progress)
    local = replace(first, emulator=fit_emulator(points, trials))
    mode = local.mode(found.mean)
    progress = step("trials at the mode", effort.covariance_trials)
    spread = trial_covariance(
        simulator, mode, trials=effort.covariance_trials, first=_FINAL, progress=progress
    )
    posterior = replace(local, covariance=spread + local.emulator.error)
    return posterior, posterior.mode(mode)


def first_sample(
    wide: Wide, observed: FloatArray, effort: Effort, *, seed: int, step: Step
) -> tuple[Posterior, Sample]:
    """The second step: the covariance at the mode, and a first sample of the posterior."""
    mode = wide.first_posterior(observed).mode()
    progress = step("trials at the first mode", effort.mode_trials)
    spread = trial_covariance(
        wide.simulator, mode, trials=effort.mode_trials, first=_MODE, progress=progress
    )
    posterior = wide.posterior(observed, spread)
    mode = posterior.mode(mode)
    steps = max(effort.steps // 4, 100)
    found = sample(posterior, start=mode, steps=steps, n_draws=effort.draws, seed=seed)
    return posterior, found


def trial_covariance(
    simulator: TrialSimulator, point: FloatArray, *, trials: int, first: int, progress: Progress
) -> FloatArray:
    """Covariance of the targets over trials at one point."""
    found = simulator.run(point[None, :], trials=trials, first=first, progress=progress)
    return covariance(found[0])


def information(posterior: Posterior, point: FloatArray) -> FloatArray:
    """Fisher information of the targets on each parameter, in units of the prior's.

    1 means that the targets say as much as the prior does; near 0, that they say nothing.
    """
    up = point + np.diag(0.1 * posterior.prior_sd)
    down = point - np.diag(0.1 * posterior.prior_sd)
    slopes = (posterior.emulator(up) - posterior.emulator(down)) / 0.2
    solved = np.linalg.solve(posterior.covariance, slopes.T).T
    return np.asarray((slopes * solved).sum(axis=1))


def check_emulator(
    simulator: TrialSimulator,
    posterior: Posterior,
    found: Sample,
    effort: Effort,
    progress: Progress,
) -> Check:
    """The last step: how far the emulator is from trials at draws of the posterior."""
    rows = np.linspace(0, len(found.draws) - 1, effort.check_draws).round().astype(int)
    points = found.draws[rows]
    trials = simulator.run(points, trials=effort.check_trials, first=_CHECK, progress=progress)
    mean, variance, count = moments(trials)
    emulated = posterior.emulator(points)
    weight = posterior.log_likelihood(mean) - posterior.log_likelihood(emulated)
    weight = np.exp(weight - weight.max())
    share = float(weight.sum() ** 2 / (weight**2).sum() / len(weight))
    noise = (variance / count).mean(axis=0)
    squares = np.maximum(((mean - emulated) ** 2).mean(axis=0) - noise, 0.0)
    return Check(share, np.sqrt(squares / np.diag(posterior.covariance)))
