"""Six trials of three looks written down by hand, of which every count is known."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from made_up_trials import MadeUpLooks

from simulate.randomised.outcomes import Outcomes
from simulate.scenario.analyses import Analysis
from simulate.scenario.monitoring import Hypothesis

NAN, INF = math.nan, math.inf
LOOKS = ("first", "second", "final")

PFS = {
    **{"id": 1, "name": "pfs_test", "endpoint": "PFS"},
    **{"experimental": "experimental", "control": "control"},
    "efficacy": {"kind": "obrien_fleming"},
    "futility": {"spending": {"kind": "pocock"}, "beta": 0.1},
    "design_hazard_ratio": 0.75,
}
"""Tested at every look."""

OS = {
    **{"id": 2, "name": "os_test", "endpoint": "OS"},
    **{"experimental": "experimental", "control": "control"},
    "analyses": ("second", "final"),
}
"""Tested at the last two, without futility."""

# what became of the six trials: a row a look, nan where the look was not made or nothing was open
COLUMNS: dict[str, Sequence[Sequence[float]]] = {
    "cut_day": [
        [100, 110, 120, 130, 140, 150],
        [200, 210, 220, 230, 240, 250],
        [NAN, 310, NAN, 330, 340, 350],
    ],
    "stopped": [[0] * 6, [1, 0, 1, 0, 0, 0], [NAN, 1, NAN, 1, 1, 1]],
    "pfs_test.decision": [
        [1, 0, 2, 0, 0, 2],
        [NAN, 1, NAN, 0, 0, NAN],
        [NAN, NAN, NAN, 3, 1, NAN],
    ],
    "os_test.decision": [[0] * 6, [1, 0, 1, 0, 0, 0], [NAN, 3, NAN, 1, 3, 3]],
    "n_enrolled": [[50, 52, 54, 56, 58, 60], [90] * 6, [NAN, 100, NAN, 100, 98, 100]],
    "n_enrolled_at_decision": [
        [60, 62, 64, 66, 68, 70],
        [95, 96, 97, 98, 99, 100],
        [NAN, 100, NAN, 100, 99, 100],
    ],
    "target_reached": [[1] * 6, [1, 1, 1, 0, 1, 1], [NAN, 1, NAN, 0, 0, 1]],
    "overshoot": [[0, 1, 0, 2, 0, 0], [0, 0, 1, -4, 0, 0], [NAN] * 6],
    "pfs.events": [[20, 21, 20, 22, 20, 20], [40, 40, 41, 36, 40, 40], [NAN, 60, NAN, 50, 52, 61]],
    "os.events": [[9] * 6, [19] * 6, [NAN, 30, NAN, 31, 32, 33]],
    # the estimates are told when a hypothesis is decided
    "pfs_test.log_hr": [
        [-0.50, NAN, 0.10, NAN, NAN, 0.20],
        [NAN, -0.40, NAN, NAN, NAN, NAN],
        [NAN, NAN, NAN, -0.20, -0.30, NAN],
    ],
    "pfs_test.log_hr_se": [
        [0.10, NAN, 0.20, NAN, NAN, 0.20],
        [NAN, 0.10, NAN, NAN, NAN, NAN],
        [NAN, NAN, NAN, 0.10, 0.10, NAN],
    ],
    "pfs.median.control": [[NAN] * 6, [12, NAN, 13, NAN, NAN, NAN], [NAN, 10, NAN, INF, 14, INF]],
    "n_enrolled.control": [[25] * 6, [30] * 6, [NAN, 40, NAN, 30, 50, 30]],
    "n_enrolled.experimental": [[25] * 6, [60] * 6, [NAN, 40, NAN, 60, 50, 60]],
    "pfs_test.tested_events": [[16] * 6, [36] * 6, [NAN, 64, NAN, 72, 100, 72]],
    "pfs_test.fraction": [[0.25] * 6, [0.5] * 6, [NAN, 1, NAN, 1, 1, 1]],
    "pfs_test.efficacy_bound": [
        [INF] * 6,
        [NAN, 3, NAN, INF, 2.5, NAN],
        [NAN, NAN, NAN, 2, 2, NAN],
    ],
    "pfs_test.futility_bound": [[-INF] * 6, [NAN, 0, NAN, -INF, 0.5, NAN], [NAN] * 6],
    "pfs_test.z": [[1.5] * 6, [NAN, 3, NAN, 1, 1, NAN], [NAN, NAN, NAN, 1, 2, NAN]],
}

CLEANING = 30.0
"""Days from a cut to its decision."""


def values(name: str) -> npt.NDArray[np.float64]:
    """A column, shape (looks, trials)."""
    return np.array(COLUMNS[name], float)


def analyses() -> tuple[Analysis, ...]:
    return tuple(
        Analysis(
            id=i + 1,
            name=name,
            cut={"events": {"endpoint": "PFS", "count": 20 * (i + 1)}},
            cleaning_lag="30 days",
        )
        for i, name in enumerate(LOOKS)
    )


def counted(*, changes: dict[str, Sequence[Sequence[float]]] | None = None) -> Outcomes:
    """The six trials, with some columns changed."""
    columns = {
        (look, name): np.array(rows[place], float)
        for name, rows in (COLUMNS | (changes or {})).items()
        for place, look in enumerate(LOOKS)
    }
    for look in LOOKS:
        columns[look, "decision_day"] = columns[look, "cut_day"] + CLEANING
    hypotheses = (Hypothesis.model_validate(PFS), Hypothesis.model_validate(OS))
    return Outcomes(MadeUpLooks(columns, 6), analyses(), hypotheses)
