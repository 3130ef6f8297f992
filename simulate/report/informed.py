"""How far data informed a calibrated parameter: the posterior seen from the prior."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from simulate.calibration.links import LINKS
from simulate.plots.calibration import LIMIT
from simulate.report.numbers import MINUS

INFORMED, PRIOR_ONLY = 0.6, 0.85
"""Posterior over prior standard deviation up to which a parameter counts as informed, and from
which its posterior counts as its prior."""

WORDS_EXPLAINED = (
    f"Informed: the posterior is at most {INFORMED:g} times as wide as the prior; prior only: at "
    f"least {PRIOR_ONLY:g} times; partly: between."
)

DIGITS = 3


def word_of(shrinkage: float) -> str:
    """How far a parameter was informed, in a word."""
    if shrinkage <= INFORMED:
        return "informed"
    return "prior only" if shrinkage >= PRIOR_ONLY else "partly"


def standardised(parameters: pd.DataFrame) -> pd.DataFrame:
    """Posteriors in standard deviations of the prior from its median, on the scale of the link.

    Parameters
    ----------
    parameters : DataFrame
        Rows of ``parameters.csv``.

    Returns
    -------
    DataFrame
        With ``label``, ``lower``, ``point``, ``upper``, ``shrinkage`` and ``word``, the best
        informed parameter first.
    """
    rows = [_standardised(row) for row in parameters.to_dict("records")]
    table = pd.DataFrame(rows, columns=["label", "lower", "point", "upper", "shrinkage"])
    table["word"] = [word_of(shrinkage) for shrinkage in table["shrinkage"]]
    return table.sort_values("shrinkage", kind="stable", ignore_index=True)


def _standardised(row: Mapping[Hashable, Any]) -> tuple[object, ...]:
    link = LINKS[str(row["link"])][0]

    def on_link(column: str) -> float:
        return float(link(np.asarray(float(row[column]))))

    middle = on_link("prior_median")
    sd = (on_link("prior_upper") - on_link("prior_lower")) / (2 * LIMIT)
    columns = ("posterior_lower", "point", "posterior_upper")
    places = [(on_link(column) - middle) / sd for column in columns]
    return (str(row["label"]), *places, float(row["shrinkage"]))


def significant(value: float, digits: int = DIGITS) -> str:
    """A number to some significant digits, as parameters of all sizes are printed."""
    value = float(value)
    if value == 0 or not math.isfinite(value):
        return f"{value:g}".replace("-", MINUS)
    decimals = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    return f"{value:,.{decimals}f}".replace("-", MINUS)


def between(lower: float, upper: float) -> str:
    """Two limits of a parameter."""
    return f"{significant(lower)} to {significant(upper)}"
