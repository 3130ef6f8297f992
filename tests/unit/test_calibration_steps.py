"""The calibration's steps, on targets whose posterior has a closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from linear_trials import (
    COVARIANCE,
    MEAN,
    ROOT,
    SD,
    SLOPES,
    LinearTrials,
    exact_posterior,
    is_close_to_exact,
)
from scipy.stats import multivariate_normal

from simulate.calibration.emulator import Emulator, covariance, fit_emulator, moments
from simulate.calibration.fits import LEAST_INFORMATION
from simulate.calibration.inference import (
    Effort,
    Inference,
    check_emulator,
    infer,
)
from simulate.calibration.posterior import Posterior, sample, split_rhat
from simulate.steps import silent

SMALL = Effort(
    designs=200, trials=20, local_designs=200, local_trials=20, mode_trials=4000,
    covariance_trials=20000, steps=1500, draws=4000, check_draws=50, check_trials=400,
)  # fmt: skip
OBSERVED = np.array([2.0, -0.5, 1.0, 0.3])


@pytest.fixture(scope="module")
def found() -> Inference:
    return infer(LinearTrials(), OBSERVED, SMALL, seed=3, step=silent)


def test_the_sample_has_the_exact_posterior(found: Inference) -> None:
    effective = float(found.sample.effective_size.min())
    assert effective > 1000
    assert is_close_to_exact(found.posterior, found.sample.draws, effective=min(effective, 4000))


def test_the_check_can_fail(found: Inference) -> None:
    """A covariance of the targets that is four times too small is found out."""
    wrong = replace(found.posterior, covariance=COVARIANCE / 4)
    draws = sample(wrong, start=found.mode, steps=1500, n_draws=4000, seed=3).draws
    assert not is_close_to_exact(wrong, draws, effective=4000)


@pytest.mark.parametrize("dimensions", [15, 38])
def test_the_sample_of_many_parameters_is_as_wide_as_it_should_be(dimensions: int) -> None:
    """Targets that say nothing: the posterior is the prior, normal in as many dimensions as are
    estimated. A move that is wrong by a factor to the power of the dimension shows here only.
    """
    posterior = uninformed(dimensions)
    found = sample(posterior, start=posterior.prior_mean, steps=3000, n_draws=20000, seed=5)
    width = found.draws.std(axis=0) / posterior.prior_sd
    assert width.mean() == pytest.approx(1, abs=0.015)
    assert width == pytest.approx(1, abs=0.06)


def test_draws_that_are_kept_are_spread_over_walkers_and_steps() -> None:
    """As many draws as steps: their mean is known as by hundreds of independent draws."""
    posterior = uninformed(15)
    found = sample(posterior, start=posterior.prior_mean, steps=1000, n_draws=1000, seed=6)
    z = (found.draws.mean(axis=0) - posterior.prior_mean) / posterior.prior_sd
    assert (z**2).mean() < 1 / 250
    first = (found.draws[:200].mean(axis=0) - posterior.prior_mean) / posterior.prior_sd
    assert (first**2).mean() < 1 / 60


def test_any_seed_of_the_program_can_be_sampled_with() -> None:
    posterior = uninformed(2)
    found = sample(posterior, start=posterior.prior_mean, steps=20, n_draws=10, seed=2**63 - 1)
    assert found.draws.shape == (10, 2)


def uninformed(dimensions: int) -> Posterior:
    """A posterior whose one target does not depend on the parameters."""
    width = np.linspace(0.3, 1.0, dimensions)
    nothing = Emulator(
        centre=np.zeros(dimensions), width=np.ones(dimensions), pairs=np.zeros((2, 0), int),
        coefficients=np.zeros((1 + 3 * dimensions, 1)), error=np.zeros((1, 1)),
        explained=np.zeros(1),
    )  # fmt: skip
    return Posterior(np.arange(dimensions) / 10, width, np.zeros(1), nothing, np.eye(1))


def test_the_mode_is_the_exact_mean(found: Inference) -> None:
    mean, spread = exact_posterior(OBSERVED)
    assert np.abs(found.mode - mean) / np.sqrt(np.diag(spread)) == pytest.approx(0, abs=0.1)


def test_the_evidence_is_that_of_the_normal_formula(found: Inference) -> None:
    """Laplace's approximation is exact here: targets ~ N(slopes' mean, prior + noise)."""
    marginal = SLOPES.T @ np.diag(SD**2) @ SLOPES + COVARIANCE
    exact = multivariate_normal(MEAN @ SLOPES, marginal).logpdf(OBSERVED)
    constant = 0.5 * len(OBSERVED) * np.log(2 * np.pi)  # left out of the program's
    assert found.log_evidence - constant == pytest.approx(exact, abs=0.1)


def test_a_parameter_that_nothing_informs_keeps_its_prior(found: Inference) -> None:
    assert found.information[2] < LEAST_INFORMATION
    assert found.shrinkage[2] == pytest.approx(1, abs=0.06)
    assert (found.information[:2] > 0.5).all()
    exact = np.diag(SLOPES @ np.linalg.inv(COVARIANCE) @ SLOPES.T) * SD**2
    assert found.information == pytest.approx(exact, rel=0.1, abs=0.01)


def test_simulation_at_the_draws_agrees_with_a_good_emulator(found: Inference) -> None:
    assert found.check.effective_share > 0.9
    assert found.check.error == pytest.approx(0, abs=0.05)


def test_simulation_at_the_draws_finds_a_wrong_emulator(found: Inference) -> None:
    off = found.posterior.emulator.coefficients.copy()
    off[0] += 3 * np.sqrt(np.diag(COVARIANCE))
    wrong = replace(found.posterior, emulator=replace(found.posterior.emulator, coefficients=off))
    check = check_emulator(LinearTrials(), wrong, found.sample, SMALL, lambda _: None)
    assert check.error == pytest.approx(3, abs=0.2)
    assert check.effective_share < 0.5


def test_an_emulator_gives_back_a_cubic_and_drops_products_that_are_not_there() -> None:
    numbers = np.random.default_rng(1)
    points = numbers.uniform(-2, 2, (800, 4))
    truth = 1 + points[:, 0] - 0.5 * points[:, 1] ** 3 + 0.7 * points[:, 0] * points[:, 2]
    trials = truth[:, None, None] + 0.1 * numbers.standard_normal((800, 20, 1))
    emulator = fit_emulator(points, trials)
    assert [0, 2] in emulator.pairs.T.tolist()
    assert emulator.pairs.shape[1] <= 2  # at 4 standard errors chance rarely adds one
    assert emulator(points)[:, 0] == pytest.approx(truth, abs=0.05)
    assert emulator.explained[0] > 0.999


def test_an_emulator_knows_how_far_it_is_off() -> None:
    """A form that it cannot follow, sin(4x): the variance of the misfit is in its error."""
    numbers = np.random.default_rng(2)
    points = numbers.uniform(-2, 2, (2000, 1))
    truth = np.sin(4 * points[:, 0])
    trials = truth[:, None, None] + 0.3 * numbers.standard_normal((2000, 10, 1))
    emulator = fit_emulator(points, trials)
    off = np.mean((emulator(points)[:, 0] - truth) ** 2)
    assert emulator.error[0, 0] == pytest.approx(off, rel=0.1)


def test_moments_leave_out_what_is_not_defined() -> None:
    trials = np.array([[[1.0, 4.0], [3.0, np.nan], [np.nan, 6.0]]])
    mean, variance, count = moments(trials)
    assert mean.tolist() == [[2.0, 5.0]]
    assert variance.tolist() == [[2.0, 2.0]]
    assert count.tolist() == [[2, 2]]


def test_covariance_is_numpys_over_whole_trials() -> None:
    trials = np.random.default_rng(3).standard_normal((50, 3))
    broken = np.vstack([trials, [[np.nan, 1, 1]]])
    assert covariance(broken) == pytest.approx(np.cov(trials, rowvar=False))


def test_split_rhat_is_one_for_equal_walkers_and_large_for_strangers() -> None:
    chain = np.random.default_rng(4).standard_normal((2000, 16, 1))
    assert split_rhat(chain)[0] == pytest.approx(1, abs=0.005)
    apart = chain + np.arange(16)[None, :, None]
    # between walkers the variance of 0..15 is 22.67, within it is 1
    assert split_rhat(apart)[0] == pytest.approx(np.sqrt(1 + 22.67), rel=0.05)


def test_the_density_is_prior_times_normal_likelihood(found: Inference) -> None:
    posterior: Posterior = found.posterior
    points = np.array([[1.0, -1.0, 0.0], [2.0, 0.0, 0.4]])
    own = posterior.log_density(points)
    exact = [
        multivariate_normal(MEAN, np.diag(SD**2)).logpdf(p)
        + multivariate_normal(posterior.emulator(p[None, :])[0], posterior.covariance).logpdf(
            OBSERVED
        )
        for p in points
    ]
    assert own[1] - own[0] == pytest.approx(exact[1] - exact[0], abs=1e-9)
    assert np.allclose(ROOT @ ROOT.T, COVARIANCE)
