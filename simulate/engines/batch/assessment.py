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
from simulate.engines.batch.toxicity import stop
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
    if now[VISIT] == UNSCHEDULED:  # patients are watched, and this one responds
        scan(plan, life, ledger, number, UNSCHEDULED, now[RESPONSE_DAY], now[RESPONSE_DAY])
        now[NEXT_VISIT] = NEVER_COMES
        return
    visit, day = now[VISIT], now[VISIT_DAY] + now[VISIT_SHIFT]
    planned = plan.assessment.nominal_days[visit] + now[VISIT_SHIFT]
    missed = word_at(life.words, layout.patient.start[words_of.VISIT_MISSED], visit)
    if visit_missed(plan.assessment, missed):
        record_assessment(ledger, number, visit, planned, day, MISSED, NOT_EVALUABLE)
    else:
        scan(plan, life, ledger, number, visit, planned, day)
    plan_visit(plan, layout, life, visit + 1)


@part
def clinical_moment(plan: Plan, life: Life, ledger: Ledger, number: int, day: int) -> None:
    """Progression shows itself between visits, and an unscheduled scan documents it."""
    now = life.now
    now[NEXT_CLINICAL] = NEVER_COMES
    if now[ASSESSMENT_STOP] == NEVER:
        scan(plan, life, ledger, number, UNSCHEDULED, day, day)


@part
def scan(
    plan: Plan, life: Life, ledger: Ledger, number: int, visit: int, planned: int, day: int
) -> None:
    """Read a scan, and act on progression."""
    now = life.now
    finding = scan_finding(
        day,
        now[RESPONSE_DAY],
        plan.disease.visible_before,
        now[COMPLETE] == 1,
        now[PROGRESSION_DAY],
    )
    done = WATCHED if plan.assessment.continuous == 1 else DONE
    record_assessment(ledger, number, visit, planned, day, done, finding)
    if finding == PROGRESSIVE_DISEASE:
        stop(life, day, PROGRESSION)


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
