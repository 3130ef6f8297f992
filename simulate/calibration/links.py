"""Links: the scales on which parameters have a normal prior and are estimated."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import expit, logit

from simulate.distributions import FloatArray
from simulate.scenario.calibration_design import Parameter

LARGEST_SHARE = 1.0 - 1e-9
"""A probability on the logit scale comes no nearer to 0 or 1 than this."""

Function = Callable[[FloatArray], FloatArray]


def _share(x: FloatArray) -> FloatArray:
    return np.asarray(np.clip(expit(x), 1.0 - LARGEST_SHARE, LARGEST_SHARE))


LINKS: dict[str, tuple[Function, Function]] = {
    "identity": (np.asarray, np.asarray),
    "log": (np.log, np.exp),
    "logit": (logit, _share),
}
"""Each link and its inverse."""


def prior_moments(parameters: Sequence[Parameter]) -> tuple[FloatArray, FloatArray]:
    """Means and standard deviations of the priors of free parameters, on the scale of the links."""
    priors = [(p.link, p.prior) for p in parameters if p.prior is not None]
    means = [float(LINKS[link][0](np.asarray(prior.median))) for link, prior in priors]
    return np.array(means), np.array([prior.sd for _, prior in priors])


def natural(parameters: Sequence[Parameter], points: FloatArray) -> dict[str, FloatArray]:
    """Values of all parameters in their own units, those that follow from others included.

    Parameters
    ----------
    parameters : sequence of Parameter
        Of a stage.
    points : (n, free) array
        Free parameters on the scale of their links.

    Returns
    -------
    dict of str to (n,) array
        By name, in the order of the parameters; a share of another parameter is multiplied by it.
    """
    free = [p for p in parameters if p.prior is not None]
    own = {p.name: LINKS[p.link][1](points[:, i]) for i, p in enumerate(free)}
    found: dict[str, FloatArray] = {}
    for parameter in parameters:
        value = own[parameter.name if parameter.equals is None else parameter.equals]
        if parameter.times is not None:
            value = value * own[parameter.times]
        found[parameter.name] = value
    return found


def written(value: float, unit: str | None) -> float | str:
    """A parameter's value as a scenario file has it."""
    return float(value) if unit is None else f"{float(value)!r} {unit}"
