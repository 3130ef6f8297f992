"""From the scenario to changes of treatment at the call of a reader, as tables."""

from __future__ import annotations

import numpy as np

from simulate.build_survival_plan import all_cells, switching_of
from simulate.distributions import FloatArray, thresholds
from simulate.patient.survival import DEATH, DEATH_AFTER, EVENT
from simulate.patient.switching_at_calls import SwitchingPlan
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.survival_hazards import Hazards


def switching_plan(trial: SurvivalTrial, last_day: int) -> SwitchingPlan:
    """Who changes treatment at the call of the treating reader, and the hazards until a day."""
    exists = trial.switches_at_call
    arms = [arm.name for arm in trial.arms] if exists else []
    own = [switching_of(trial, arm) for arm in arms]
    ratios = {each.arm: each.hazard_ratio for each in trial.survival.switching}
    starts: list[int] = []
    tables: dict[bytes, FloatArray] = {}
    hazards, cells = Hazards(trial, last_day), all_cells(trial) if exists else []
    for arm in arms:
        for cell in cells:
            for transition in (EVENT, DEATH, DEATH_AFTER):
                table = hazards.of(transition, arm, cell)
                assert table is not None  # the rules demand an illness-death model
                tables.setdefault(table.tobytes(), table)
                starts.append(list(tables).index(table.tobytes()) * len(table))
    return SwitchingPlan(
        exists=int(exists),
        switches=thresholds([probability for probability, _ in own]),
        delay=np.array([delay for _, delay in own], np.int64),
        ratio=np.array([ratios.get(arm, 1.0) for arm in arms], np.float64),
        n_cells=len(cells),
        n_days=last_day + 1,
        table=np.array(starts, np.int64),
        hazard=np.concatenate([np.zeros(0), *tables.values()]),
    )
