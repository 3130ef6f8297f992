"""A formula for the mean of every target over the parameter space, fitted to simulated trials.

A polynomial in the standardised parameters: all terms up to the second degree, and the cubes. It is
fitted by least squares to the mean targets at many points of a design, so its error is that of the
form and not of any one point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate.distributions import FloatArray


@dataclass(frozen=True)
class Emulator:
    """Means of the targets as polynomials of the standardised parameters."""

    centre: FloatArray
    """Middle of the region for which it is made, shape (parameters,)."""
    width: FloatArray
    """Half width of that region, shape (parameters,)."""
    coefficients: FloatArray
    """Shape (terms, targets)."""
    error: FloatArray
    """Covariance of the error of the predicted means, shape (targets, targets)."""
    explained: FloatArray
    """Share of the variance between points, Monte Carlo noise taken out, that it explains."""

    def __call__(self, points: FloatArray) -> FloatArray:
        """Means of the targets at some points, shape (points, targets)."""
        return terms((points - self.centre) / self.width) @ self.coefficients


def terms(z: FloatArray) -> FloatArray:
    """Terms of the polynomial at standardised points: 1, z, z_i z_j, z^3."""
    n, d = z.shape
    left, right = np.triu_indices(d)
    return np.concatenate([np.ones((n, 1)), z, z[:, left] * z[:, right], z**3], axis=1)


def n_terms(d: int) -> int:
    """Terms of the polynomial in d parameters."""
    return 1 + 2 * d + d * (d + 1) // 2


def fit_emulator(points: FloatArray, trials: FloatArray) -> Emulator:
    """Fit the polynomials to simulated trials.

    Parameters
    ----------
    points : (n, parameters) array
        Where trials were simulated.
    trials : (n, trials, targets) array
        Targets of the trials at each point; nan where not defined.
    """
    mean, variance, count = moments(trials)
    used = (count > 1).all(axis=1)
    points, mean = points[used], mean[used]
    centre = points.mean(axis=0)
    width = np.abs(points - centre).max(axis=0)
    design = terms((points - centre) / width)
    coefficients, *_ = np.linalg.lstsq(design, mean, rcond=None)
    left_over = mean - design @ coefficients
    freedom = max(len(points) - design.shape[1], 1)
    residual = left_over.T @ left_over / freedom
    misfit = _nearest_covariance(residual - _mean_noise(trials[used]))
    signal = np.maximum(mean.var(axis=0) - (variance[used] / count[used]).mean(axis=0), 1e-12)
    return Emulator(
        centre=centre,
        width=width,
        coefficients=np.asarray(coefficients, np.float64),
        error=misfit + residual * design.shape[1] / len(points),
        explained=1.0 - np.diag(misfit) / signal,
    )


def _mean_noise(trials: FloatArray) -> FloatArray:
    """Covariance of the Monte Carlo error of a point's mean, over all points."""
    n_trials = trials.shape[1]
    apart = trials - np.nanmean(trials, axis=1, keepdims=True)
    within = covariance(apart.reshape(-1, trials.shape[2])) * n_trials / (n_trials - 1)
    return np.asarray(within / n_trials)


def _nearest_covariance(matrix: FloatArray) -> FloatArray:
    """The nearest matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T)


def moments(trials: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean, variance and number of the defined targets at each point, shape (points, targets)."""
    defined = np.isfinite(trials)
    count = defined.sum(axis=1)
    filled = np.where(defined, trials, 0.0)
    mean = filled.sum(axis=1) / np.maximum(count, 1)
    squares = np.where(defined, (trials - mean[:, None, :]) ** 2, 0.0).sum(axis=1)
    return mean, squares / np.maximum(count - 1, 1), count


def covariance(trials: FloatArray) -> FloatArray:
    """Covariance of the targets over trials at one point, those with all targets defined.

    Parameters
    ----------
    trials : (trials, targets) array
        Of one point.
    """
    whole = trials[np.isfinite(trials).all(axis=1)]
    return np.atleast_2d(np.cov(whole, rowvar=False))
