"""Tumour assessments of one patient in the batch engine."""

from __future__ import annotations

from simulate import clock
from simulate.compiled import part
from simulate.distributions import NEVER
from simulate.engines.batch import layout as words_of
from simulate.engines.batch.course import await_response
from simulate.engines.batch.layout import Layout
from simulate.engines.batch.life import (
    ASSESSMENT_STOP,
    COMPLETE,
    EARLY_SCAN,
    FIRST_ROW_OF_SCANS,
    IS_CALLED,
    LATE_SCANS,
    N_SCANS,
    N_SHOWING,
    NEVER_COMES,
    NEXT_CLINICAL,
    NEXT_VISIT,
    PROGRESSION_DAY,
    RESPONSE_DAY,
    SHIFT,
    VISIT,
    VISIT_DAY,
    VISIT_SHIFT,
    Life,
)
from simulate.engines.batch.stops import stop, stop_treatment
from simulate.engines.batch.switching import change_treatment
from simulate.engines.batch.words import word_at
from simulate.ledger import ASSESSMENTS, Ledger
from simulate.patient.assessment import (
    DONE,
    MISSED,
    NOT_EVALUABLE,
    PROGRESSIVE_DISEASE,
    UNSCHEDULED,
    WATCHED,
    scan_finding,
    visit_day,
    visit_missed,
)
from simulate.patient.reading import finding_as_read, is_call
from simulate.patient.treatment import PROGRESSION
from simulate.plan import Plan


@part
def plan_visit(plan: Plan, layout: Layout, life: Life, visit: int) -> None:
    """Plan the next visit of the calendar, if there is one."""
    now = life.now
    now[NEXT_VISIT] = NEVER_COMES
    if visit >= len(plan.assessment.nominal_days):
        await_response(plan, life, now[VISIT_DAY])
        return
    drawn = word_at(life.words, layout.patient.start[words_of.VISIT_DAY], visit)
    now[VISIT] = visit
    now[VISIT_DAY] = visit_day(plan.assessment, visit, drawn)
    move_visit(plan, life)


@part
def move_visit(plan: Plan, life: Life) -> None:
    """Put the next visit on its day, moved with the cycles where the scenario says so."""
    now = life.now
    now[VISIT_SHIFT] = now[SHIFT] * plan.assessment.moves_with_cycles
    day = now[VISIT_DAY] + now[VISIT_SHIFT]
    now[NEXT_VISIT] = day * clock.PHASES_PER_DAY + clock.ASSESSMENT


@part
def visit_moment(plan: Plan, layout: Layout, life: Life, ledger: Ledger, number: int) -> None:
    """The day of a visit has come: it has been moved on, or is missed, or the scan is done."""
    now = life.now
    if now[ASSESSMENT_STOP] < NEVER:
        now[NEXT_VISIT] = NEVER_COMES
        return
    if now[SHIFT] * plan.assessment.moves_with_cycles != now[VISIT_SHIFT]:
        move_visit(plan, life)
        return
    visit_today(plan, layout, life, ledger, number)


@part
def visit_today(plan: Plan, layout: Layout, life: Life, ledger: Ledger, number: int) -> None:
    """A visit is missed or its scan done, and the next one planned unless progression is found."""
    now = life.now
    visit, moment = now[VISIT], now[NEXT_VISIT]
    day = moment // clock.PHASES_PER_DAY
    following = visit + 1
    planned = plan.assessment.nominal_days[visit] + now[VISIT_SHIFT]
    if visit == UNSCHEDULED:  # patients are watched, and this one responds today
        following, planned = len(plan.assessment.nominal_days), day
    drawn = word_at(life.words, layout.patient.start[words_of.VISIT_MISSED], visit)
    performed, finding = MISSED, NOT_EVALUABLE
    if not visit_missed(plan.assessment, drawn):
        performed, finding = done(plan), finding_of(plan, life, day)
        count_scan(plan, life, day)
    record_assessment(ledger, number, visit, planned, day, performed, finding)
    plan_visit(plan, layout, life, following)
    if finding == PROGRESSIVE_DISEASE:
        call_progression(plan, layout, life, moment)


@part
def call_progression(plan: Plan, layout: Layout, life: Life, moment: int) -> None:
    """The investigator calls progression: treatment ends, and scans unless they go on."""
    now = life.now
    if now[IS_CALLED] == 1:
        return
    now[IS_CALLED] = 1
    if plan.assessment.goes_on == 1:
        stop_treatment(life, moment, PROGRESSION)
    else:
        stop(life, moment, PROGRESSION)
    change_treatment(plan, layout, life, moment // clock.PHASES_PER_DAY)


@part
def foresee_scans(
    plan: Plan, layout: Layout, life: Life, ledger: Ledger, number: int, until: int
) -> None:
    """Put on record the scans up to a moment or the first at which progression will be called."""
    now = life.now
    foresee_visits(plan, layout, life, ledger, number, min(until, now[NEXT_CLINICAL]))
    if plan.investigator.errs == 1 and now[NEXT_CLINICAL] <= min(until, now[NEXT_VISIT] - 1):
        day = now[NEXT_CLINICAL] // clock.PHASES_PER_DAY
        if finding_of(plan, life, day) != PROGRESSIVE_DISEASE:
            clinical_moment(plan, layout, life, ledger, number, day)
            foresee_visits(plan, layout, life, ledger, number, until)


@part
def foresee_visits(
    plan: Plan, layout: Layout, life: Life, ledger: Ledger, number: int, until: int
) -> None:
    """Put on record the visits up to a moment or the first that will find progression.

    That one becomes the next visit. What is on record of visits that will not come, because
    assessments stop before, is dropped when they stop.
    """
    now = life.now
    while now[NEXT_VISIT] <= until and not finds_progression(plan, layout, life):
        visit_today(plan, layout, life, ledger, number)


@part
def finds_progression(plan: Plan, layout: Layout, life: Life) -> bool:
    """Whether the next visit finds progression, if it is not too late."""
    now = life.now
    drawn = word_at(life.words, layout.patient.start[words_of.VISIT_MISSED], now[VISIT])
    if visit_missed(plan.assessment, drawn):
        return False
    day = now[NEXT_VISIT] // clock.PHASES_PER_DAY
    return finding_of(plan, life, day) == PROGRESSIVE_DISEASE


@part
def clinical_moment(
    plan: Plan, layout: Layout, life: Life, ledger: Ledger, number: int, day: int
) -> None:
    """Progression shows itself between visits, and an unscheduled scan documents it."""
    now = life.now
    moment = now[NEXT_CLINICAL]
    now[NEXT_CLINICAL] = NEVER_COMES
    if now[ASSESSMENT_STOP] < NEVER:
        return
    drop_later_scans(life, ledger, moment)
    finding = finding_of(plan, life, day)
    count_scan(plan, life, day)
    record_assessment(ledger, number, UNSCHEDULED, day, day, done(plan), finding)
    if finding == PROGRESSIVE_DISEASE:
        call_progression(plan, layout, life, moment)


@part
def drop_later_scans(life: Life, ledger: Ledger, moment: int) -> None:
    """Take the patient's visits after a moment off the record."""
    end, days = ledger.size[ASSESSMENTS], ledger.assessments.day
    while (
        end > life.now[FIRST_ROW_OF_SCANS]
        and days[end - 1] * clock.PHASES_PER_DAY + clock.ASSESSMENT > moment
    ):
        end = end - 1
    ledger.size[ASSESSMENTS] = end


@part
def done(plan: Plan) -> int:
    """How an assessment that is done is put on record."""
    return WATCHED if plan.assessment.continuous == 1 else DONE


@part
def finding_of(plan: Plan, life: Life, day: int) -> int:
    """What the investigator documents of the next scan, if it is done on a day."""
    now = life.now
    if now[IS_CALLED] == 1:
        return PROGRESSIVE_DISEASE
    if plan.investigator.errs == 1:
        showing = now[N_SHOWING] + 1 if now[PROGRESSION_DAY] <= day else 0
        return finding_as_read(
            is_call(now[N_SCANS] + 1, showing, now[LATE_SCANS], now[EARLY_SCAN]),
            day,
            now[RESPONSE_DAY],
            plan.disease.visible_before,
            now[COMPLETE] == 1,
        )
    return scan_finding(
        day,
        now[RESPONSE_DAY],
        plan.disease.visible_before,
        now[COMPLETE] == 1,
        now[PROGRESSION_DAY],
    )


@part
def count_scan(plan: Plan, life: Life, day: int) -> None:
    """Count a scan that is done, for an investigator who errs by scan."""
    now = life.now
    if plan.investigator.errs == 1:
        now[N_SCANS] = now[N_SCANS] + 1
        now[N_SHOWING] = now[N_SHOWING] + int(now[PROGRESSION_DAY] <= day)


@part
def record_assessment(
    ledger: Ledger, number: int, visit: int, planned: int, day: int, performed: int, finding: int
) -> None:
    """Put an assessment on record."""
    row, rows = ledger.size[ASSESSMENTS], ledger.assessments
    rows.patient[row] = number
    rows.visit[row] = visit
    rows.planned_day[row] = planned
    rows.day[row] = day
    rows.performed[row] = performed
    rows.response[row] = finding
    ledger.size[ASSESSMENTS] = row + 1
