"""A formula for the mean of every target over the parameter space, fitted to simulated trials.

A polynomial in the standardised parameters: each by itself to the third degree, and products of two
where some target shows them. It is fitted by least squares to the mean targets at many points of a
design, so its error is that of the form and not of any one point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulate.distributions import FloatArray, IntArray

SHOWN = 4.0
"""A product is a term if its coefficient is so many standard errors from 0, for some target."""


@dataclass(frozen=True)
class Emulator:
    """Means of the targets as polynomials of the standardised parameters."""

    centre: FloatArray
    """Middle of the region for which it is made, shape (parameters,)."""
    width: FloatArray
    """Half width of that region, shape (parameters,)."""
    pairs: IntArray
    """Parameters whose products are terms, shape (2, products)."""
    coefficients: FloatArray
    """Shape (terms, targets)."""
    error: FloatArray
    """Covariance of the error of the predicted means, shape (targets, targets)."""
    explained: FloatArray
    """Share of the variance between points, Monte Carlo noise taken out, that it explains."""

    def __call__(self, points: FloatArray) -> FloatArray:
        """Means of the targets at some points, shape (points, targets)."""
        return terms((points - self.centre) / self.width, self.pairs) @ self.coefficients


def terms(z: FloatArray, pairs: IntArray) -> FloatArray:
    """Terms of the polynomial at standardised points: 1, z, z^2, z^3, z_i z_j."""
    ones = np.ones((len(z), 1))
    return np.concatenate([ones, z, z**2, z**3, z[:, pairs[0]] * z[:, pairs[1]]], axis=1)


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
    pairs = _shown_pairs((points - centre) / width, mean)
    design = terms((points - centre) / width, pairs)
    coefficients, residual = _least_squares(design, mean)
    misfit = _nearest_covariance(residual - _mean_noise(trials[used]))
    signal = np.maximum(mean.var(axis=0) - (variance[used] / count[used]).mean(axis=0), 1e-12)
    return Emulator(
        centre=centre,
        width=width,
        pairs=pairs,
        coefficients=coefficients,
        error=misfit + residual * design.shape[1] / len(points),
        explained=1.0 - np.diag(misfit) / signal,
    )


def _least_squares(design: FloatArray, means: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Coefficients, and the covariance of what they leave over."""
    coefficients, *_ = np.linalg.lstsq(design, means, rcond=None)
    apart = means - design @ coefficients
    freedom = max(len(design) - design.shape[1], 1)
    return np.asarray(coefficients, np.float64), apart.T @ apart / freedom


def _shown_pairs(z: FloatArray, means: FloatArray) -> IntArray:
    """Products of two parameters that some target shows, by the t value of their coefficient."""
    everything = np.array(np.triu_indices(z.shape[1], 1))
    if len(z) < 2 * (1 + 3 * z.shape[1] + everything.shape[1]):
        return everything[:, :0]
    design = terms(z, everything)
    coefficients, residual = _least_squares(design, means)
    inverse = np.linalg.inv(design.T @ design)
    error = np.sqrt(np.outer(np.diag(inverse), np.diag(residual)))
    products = slice(1 + 3 * z.shape[1], None)
    largest = np.abs(coefficients[products] / error[products]).max(axis=1)
    return everything[:, largest > SHOWN]


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
