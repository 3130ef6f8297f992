"""The clock of an engine: whole days, and the order of things within a day.

Engine time is ``day * 32 + phase``. What happens on the same day happens in the order of these
phases, in every engine, whatever was scheduled first; the gaps are reserved.
"""

from __future__ import annotations

PHASES_PER_DAY = 32

SUPPLY = 0
ENROLMENT = 1
DISEASE = 2
"""Death, and the unseen turns of the disease before it."""
ASSESSMENT = 3
RESOLUTION = 4
"""A toxicity resolves."""
DOSE = 5
ONSET = 6
"""A toxicity begins."""
LEAVING = 7
"""Withdrawal, loss to follow-up, new therapy."""
DATA_CUT = 31


def moment(trial_day: int, phase: int) -> int:
    """Engine time of a phase of a trial day."""
    return trial_day * PHASES_PER_DAY + phase


def trial_day(time: int) -> int:
    """Trial day of an engine time."""
    return time // PHASES_PER_DAY
