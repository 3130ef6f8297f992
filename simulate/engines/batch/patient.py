"""One patient's life in the batch engine: moment after moment, the earliest first.

The rules are those of `simulate.patient`, the order of things within a day that of
`simulate.clock`: exactly what the SimPy engine does, without its processes.
"""

from __future__ import annotations

from simulate import clock
from simulate.compiled import part
from simulate.distributions import NEVER
from simulate.engines.batch import layout as words_of
from simulate.engines.batch.assessment import (
    clinical_moment,
    drop_later_scans,
    visit_moment,
)
from simulate.engines.batch.beginning import begin
from simulate.engines.batch.course import progress
from simulate.engines.batch.dosing import dose_moment
from simulate.engines.batch.event_acts import begin_next
from simulate.engines.batch.event_records import (
    put_in_order,
    record_fatal_event,
    record_stop_event,
)
from simulate.engines.batch.layout import Layout
from simulate.engines.batch.life import (
    ASSESSMENT_STOP,
    COMPLETE,
    DEATH_DAY,
    IS_EARLY,
    IS_PROGRESSED,
    LAST_MOMENT,
    NEVER_COMES,
    NEXT_CLINICAL,
    NEXT_DOSE,
    NEXT_EVENT,
    NEXT_LEAVING,
    NEXT_TURN,
    NEXT_VISIT,
    PROGRESSION_DAY,
    RESPONDER,
    RESPONSE_DAY,
    STOP_MOMENT,
    STOP_REASON,
    STUDY_WITHDRAWAL,
    TREATMENT_STOP,
    Life,
)
from simulate.engines.batch.stops import stop
from simulate.engines.batch.words import word_at
from simulate.ledger import (
    ADVERSE_EVENTS,
    ASSESSMENTS,
    DOSES,
    DRUG_STOPS,
    Ledger,
)
from simulate.patient import treatment
from simulate.patient.assessment import baseline_scan_day
from simulate.patient.follow_up import (
    contact_lag,
    is_caused_by_event,
    leaves_study,
)
from simulate.plan import Plan

# ---- a life -------------------------------------------------------------------------------------


@part
def live(
    plan: Plan,
    layout: Layout,
    life: Life,
    ledger: Ledger,
    seed: int,
    replicate: int,
    number: int,
    site_id: int,
    enrolled: int,
) -> None:
    """Run one patient's life from enrolment to death or the horizon, and put it on record."""
    begin(plan, layout, life, ledger, seed, replicate, number, enrolled)
    now = life.now
    while True:
        moment = min(
            min(now[NEXT_TURN], now[NEXT_LEAVING]), min(now[NEXT_VISIT], now[NEXT_CLINICAL])
        )
        until = min(moment, now[LAST_MOMENT])
        if treat(plan, layout, life, ledger, seed, replicate, number, until):
            continue  # a dose may have moved what comes next
        if moment > until:
            break
        if moment == now[NEXT_VISIT]:
            visit_moment(plan, layout, life, ledger, number)
        elif moment == now[NEXT_CLINICAL]:
            clinical_moment(plan, layout, life, ledger, number, moment // clock.PHASES_PER_DAY)
        elif moment == now[NEXT_LEAVING]:
            leave(plan, layout, life, ledger, seed, replicate, number)
        elif now[PROGRESSION_DAY] == moment // clock.PHASES_PER_DAY and now[IS_PROGRESSED] == 0:
            progress(plan, layout, life)
        else:
            record_fatal_event(plan.toxicity, life, ledger, number)
            stop(life, moment, treatment.DEATH)
            break
    put_on_record(plan, layout, life, ledger, number, site_id, enrolled)


@part
def treat(
    plan: Plan,
    layout: Layout,
    life: Life,
    ledger: Ledger,
    seed: int,
    replicate: int,
    number: int,
    until: int,
) -> bool:
    """Doses and adverse events, the earliest first, up to a moment.

    True if it stops before, after a dose that may have changed what else is to come.
    """
    now = life.now
    while True:
        if now[NEXT_EVENT] < now[NEXT_DOSE]:
            if now[NEXT_EVENT] > until:
                return False
            begin_next(plan, layout.events, life, ledger, seed, replicate, number)
        else:
            if now[NEXT_DOSE] > until:
                return False
            dose_moment(plan, layout, life, ledger, seed, replicate, number)
            if layout.is_foreseen == 0:
                return True


@part
def leave(
    plan: Plan, layout: Layout, life: Life, ledger: Ledger, seed: int, replicate: int, number: int
) -> None:
    """A patient stops treatment before progression, and may leave the study."""
    now, moment = life.now, life.now[NEXT_LEAVING]
    day = moment // clock.PHASES_PER_DAY
    now[NEXT_LEAVING] = NEVER_COMES
    if now[ASSESSMENT_STOP] < NEVER:
        return
    early = now[IS_EARLY] == 1
    term = stop_term(plan, layout, life, early)
    if now[TREATMENT_STOP] < NEVER:
        stop(life, moment, treatment.WITHDRAWAL)
    elif term >= 0:
        record_stop_event(plan, life, ledger, seed, replicate, number, term, day, early)
        stop(life, moment, treatment.ADVERSE_EVENT)
    else:
        stop(life, moment, treatment.EARLY_STOP if early else treatment.WITHDRAWAL)
    lost = word_at(life.words, layout.patient.start[words_of.WITHDRAWAL], 3)
    if leaves_study(plan.follow_up, lost):
        now[STUDY_WITHDRAWAL] = day


@part
def stop_term(plan: Plan, layout: Layout, life: Life, early: bool) -> int:
    """Position of the adverse event that makes a patient withdraw, or -1."""
    if early:
        return plan.toxicity.early_stop_term
    cause = word_at(life.words, layout.patient.start[words_of.WITHDRAWAL_CAUSE], 0)
    if is_caused_by_event(plan.toxicity.withdrawal_share, cause):
        return plan.toxicity.withdrawal_term
    return -1


# ---- what is put on record ----------------------------------------------------------------------


@part
def put_on_record(
    plan: Plan,
    layout: Layout,
    life: Life,
    ledger: Ledger,
    number: int,
    site_id: int,
    enrolled: int,
) -> None:
    """The patient's row, and the adverse events in order."""
    now, subjects, start = life.now, ledger.subjects, layout.patient.start
    subjects.site[number] = site_id
    subjects.enrolment_trial_day[number] = enrolled
    subjects.first_dose_trial_day[number] = enrolled
    subjects.baseline_scan_day[number] = baseline_scan_day(
        plan.assessment, word_at(life.words, start[words_of.BASELINE_SCAN], 0)
    )
    subjects.responder[number] = now[RESPONDER]
    subjects.complete[number] = now[COMPLETE]
    subjects.response_day[number] = now[RESPONSE_DAY]
    subjects.progression_day[number] = now[PROGRESSION_DAY]
    subjects.death_day[number] = now[DEATH_DAY]
    subjects.treatment_stop_day[number] = now[TREATMENT_STOP]
    subjects.treatment_stop_reason[number] = now[STOP_REASON]
    subjects.assessment_stop_day[number] = now[ASSESSMENT_STOP]
    subjects.study_withdrawal_day[number] = now[STUDY_WITHDRAWAL]
    subjects.contact_lag[number] = contact_lag(
        plan.follow_up, word_at(life.words, start[words_of.LAST_CONTACT], 0)
    )
    n_variables = len(life.levels)
    for variable in range(n_variables):
        ledger.levels[number * n_variables + variable] = life.levels[variable]
    drop_later_scans(life, ledger, now[STOP_MOMENT])
    put_in_order(life, ledger)
    ledger.ends.assessments[number] = ledger.size[ASSESSMENTS]
    ledger.ends.doses[number] = ledger.size[DOSES]
    ledger.ends.adverse_events[number] = ledger.size[ADVERSE_EVENTS]
    ledger.ends.drug_stops[number] = ledger.size[DRUG_STOPS]
