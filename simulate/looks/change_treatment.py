"""Changes of treatment at the call of the treating reader, and the deaths that follow.

The ledger of an engine holds the course without a change; here it becomes that of the patients. To
do it again changes nothing: a change comes after the call and before death, so that the call stays
where it is, and all words are looked up anew.
"""

from __future__ import annotations

from simulate.compiled import keep_apart, rule
from simulate.distributions import NEVER
from simulate.looks.review_plan import ReviewPlan, ReviewRoom
from simulate.patient.response import day_without_event
from simulate.patient.survival import DEATH, DEATH_AFTER, EVENT
from simulate.patient.switching import day_of_switch
from simulate.patient.switching_at_calls import course_after_switch
from simulate.streams import Purpose, philox4x32
from simulate.survival_ledger import SurvivalLedger

SURVIVAL = int(Purpose.SURVIVAL)


@rule
def change_treatment(plan: ReviewPlan, room: ReviewRoom, ledger: SurvivalLedger) -> None:
    """Find who changes treatment, and let them die as they then do; a change is new therapy."""
    switching, first = plan.switching, room.first_of_switching
    for i in range(ledger.n[0]):
        arm = ledger.arm[i]
        day = day_of_switch(
            switching.switches[arm],
            switching.delay[arm],
            room.words[first + i],
            room.end[i],
            ledger.death_day[i],
        )
        ledger.switch_day[i] = day
        if day < NEVER:
            room.therapy[i] = min(room.therapy[i], day)
            follow_switch(plan, room, ledger, i)


@rule
def follow_switch(plan: ReviewPlan, room: ReviewRoom, ledger: SurvivalLedger, i: int) -> None:
    """Progression and death of a patient who changes treatment, by the patient's own words."""
    keep_apart()
    low, high, replicate = room.address[0], room.address[1], room.address[2]
    words = philox4x32(i, replicate, SURVIVAL, 0, low, high)
    progression, death = course_after_switch(
        plan.switching,
        ledger.arm[i],
        ledger.cell[i],
        ledger.switch_day[i],
        ledger.progression_day[i],
        words[EVENT],
        words[DEATH],
        words[DEATH_AFTER],
    )
    ledger.progression_day[i] = progression
    ledger.death_day[i] = death
    ledger.response_day[i] = day_without_event(ledger.response_day[i], progression, death)
