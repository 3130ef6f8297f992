"""Everything that a run of a randomised trial found; the report shows nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from simulate.randomised.example import ExampleTrial
from simulate.randomised.job import RandomisedJob
from simulate.randomised.outcomes import Outcomes


@dataclass(frozen=True)
class RandomisedResult:
    """Everything that a run found."""

    job: RandomisedJob
    outcomes: Outcomes
    """The replicates, look by look."""
    operating: pd.DataFrame
    """With :data:`simulate.operating.OPERATING_COLUMNS`."""
    theory: pd.DataFrame
    """What theory says, tidy: see :mod:`simulate.design_theory`; empty without hypotheses."""
    sweep: pd.DataFrame
    """Paired contrasts of every variant against the scenario."""
    variants: dict[str, Outcomes]
    """Replicates of each variant, by its name."""
    variants_operating: pd.DataFrame
    """Operating characteristics of all variants, with the same columns."""
    posterior: Outcomes | None
    """Replicates over posterior draws beside those at the point of a calibration."""
    examples: tuple[ExampleTrial, ...]
    """One trial of each kind that occurred: stopped early, went to the end and won, or failed."""
    manifest: dict[str, Any]
    timings: dict[str, float] = field(default_factory=dict)
    """Seconds of each step."""
