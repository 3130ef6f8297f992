"""A single-arm design as numbers that rules read, room for it, and what is written of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulate.build_plan import cut_day
from simulate.distributions import NEVER, IntColumn, IntTable
from simulate.scenario.trial import Trial

OVERALL_SLOTS = (
    "go",
    "consider",
    "no_go",
    "look",
    "day",
    "patients",
    "responders",
    "pending",
    "later_responders",
    "enrolled",
    "treated",
    "target_not_reached",
)
"""What is written of the look that decides."""

FULL_SLOTS = ("full_go", "full_consider", "full_no_go", "full_look", "full_n", "full_responders")
"""What is written of the same patients if all responses were known at once."""

LOOK_SLOTS = ("day", "responders", "pending", "later_responders", "no_go", "go")
"""What is written of each look that is made."""

N_OVERALL, N_FULL, N_LOOK = len(OVERALL_SLOTS), len(FULL_SLOTS), len(LOOK_SLOTS)


class SingleArmRules(NamedTuple):
    """A single-arm design as numbers; tables have one value a look, and none without a design."""

    n_looks: int
    last_day: int
    """Trial day of the last data cut; a look that is not reached is made on it."""
    patients: IntTable
    no_go: IntTable
    go: IntTable
    from_dose: IntTable
    """1 if time runs from the first dose, 0 if from enrolment."""
    after: IntTable
    """Days from then to the cut."""
    evaluable_after: IntTable
    """Patient day from which everybody is evaluable; NEVER if nobody is waited for."""
    lag: IntTable
    """Days from the cut to the decision."""
    pauses: IntTable
    """1 if nobody is enrolled between the n-th patient and the decision."""


class SingleArmRoom(NamedTuple):
    """Room in which a design is applied, an entry a look."""

    pause: IntColumn
    """Days by which enrolment has paused at the look."""
    full: IntColumn
    """Responders among its patients if all responses were known at once."""


def single_arm_slots(trial: Trial) -> tuple[str, ...]:
    """What `write_single_arm` writes, in its order; nothing without a design."""
    if trial.single_arm is None:
        return ()
    n_looks = trial.single_arm.design.rule.n_looks
    by_look = (f"look_{k + 1}_{name}" for k in range(n_looks) for name in LOOK_SLOTS)
    return tuple(f"single_arm_{name}" for name in (*OVERALL_SLOTS, *FULL_SLOTS, *by_look))


def single_arm_rules(trial: Trial) -> SingleArmRules:
    """The single-arm design of a scenario as numbers."""
    block = trial.single_arm
    if block is None:
        none = np.empty(0, np.int64)
        return SingleArmRules(0, 0, *(none for _ in SingleArmRules._fields[2:]))
    rule_, looks = block.design.rule, block.looks
    pausing = block.interim is not None and block.interim.enrolment == "pauses"
    columns = (
        rule_.patients,
        rule_.no_go,
        rule_.go,
        [int(look.when == "treated") for look in looks],
        [look.after for look in looks],
        [NEVER if look.evaluable_after is None else look.evaluable_after for look in looks],
        [look.cleaning_lag for look in looks],
        [*(int(pausing) for _ in looks[1:]), 0],
    )
    last = max(cut_day(trial, analysis) for analysis in trial.analyses)
    return SingleArmRules(len(looks), last, *(np.array(each, np.int64) for each in columns))


def single_arm_room(n_looks: int) -> SingleArmRoom:
    """Room for a design of so many looks."""
    return SingleArmRoom(np.zeros(n_looks, np.int64), np.zeros(n_looks, np.int64))
