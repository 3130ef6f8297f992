"""One trial from its ledger to the row of a replicate: cut, derived and analysed by rules.

The rules run in plain Python over lists and compiled over arrays, with the same bits in both.
"""

from __future__ import annotations

from simulate.analysis.baseline_counts import write_baseline
from simulate.analysis.disposition import write_enrolment, write_treatment
from simulate.analysis.drugs import hide_later_stops, write_drugs, write_waits
from simulate.analysis.incidence import write_incidence
from simulate.analysis.plan import AnalysisPlan, Sections
from simulate.analysis.response import write_responses
from simulate.analysis.single_arm import write_single_arm
from simulate.analysis.subgroups import line_up, write_subgroups
from simulate.analysis.survival import count_enrolled, write_outcomes, write_survival
from simulate.analysis.workspace import Workspace
from simulate.compiled import rule
from simulate.distributions import FloatColumn, FloatTable, IntColumn
from simulate.endpoints import derive_endpoints
from simulate.exposure import derive_doses
from simulate.known import cut_trial, screened_by
from simulate.ledger import Ledger
from simulate.units import DAYS_PER_MONTH


@rule
def analyse_trial(
    plan: AnalysisPlan,
    ledger: Ledger,
    work: Workspace,
    out: FloatColumn,
    at: int,
    curve_counts: IntColumn,
) -> None:
    """Cut a trial, derive its endpoints, and write all statistics.

    Parameters
    ----------
    plan
        The analysis.
    ledger
        The whole truth of one trial.
    work
        Room for it; see :func:`simulate.analysis.workspace.workspace`.
    out
        Where the row of the replicate is written, from ``at``: ``plan.n_columns`` numbers in the
        order of :func:`simulate.analysis.plan.statistic_names`. nan where a replicate has nobody to
        analyse, infinity for a median that is not reached.
    curve_counts
        Counts of the curves of all replicates, to which this one's are added: those of
        :class:`simulate.analysis.curves.CurveCounts`, flat.
    """
    n = cut_trial(ledger, plan.cut_day, work.known)
    derive_doses(plan.drugs, ledger.doses, work.known, n, work.drugs)
    derive_endpoints(plan.endpoints, ledger.assessments, work.drugs, work.known, n, work.derived)
    write_efficacy(plan, ledger, work, n, curve_counts)
    write_safety(plan, ledger, work, n)
    # last, because it cuts the data of single patients in the room of all
    write_single_arm(
        plan.single_arm,
        plan.endpoints,
        ledger,
        work.known,
        work.single_arm,
        work.slots,
        plan.sections.single_arm,
    )
    write_row(plan.sections, work.slots, out, at)


@rule
def write_row(sections: Sections, slots: FloatTable, out: FloatColumn, at: int) -> None:
    """Write the slots into the row of a replicate, each in its place and unit."""
    for slot in range(len(sections.column)):
        if sections.column[slot] >= 0:
            out[at + sections.column[slot]] = slots[slot]
    for i in range(len(sections.months)):
        out[at + sections.months[i]] /= DAYS_PER_MONTH


@rule
def write_efficacy(
    plan: AnalysisPlan, ledger: Ledger, work: Workspace, n: int, curve_counts: IntColumn
) -> None:
    """Write who was enrolled, response, survival and subgroups; count the curves."""
    known, derived, slots, at = work.known, work.derived, work.slots, plan.sections
    screened = screened_by(ledger, plan.cut_day)
    write_enrolment(screened, known.enrolment_trial_day, derived, n, slots, at.enrolment)
    write_responses(plan.limits, derived, n, slots, at.response)
    write_survival(
        plan.survival,
        plan.curves,
        derived,
        n,
        work.days,
        work.sample,
        work.order,
        slots,
        at.survival,
        curve_counts,
    )
    count_enrolled(plan.curves, known.enrolment_trial_day, n, curve_counts)
    write_outcomes(derived, known, n, work.days, work.sample, slots, at.outcome)
    line_up(plan.groups, derived, n, work.order, work.line)
    write_subgroups(plan.groups, ledger.levels, work.line, n, work.members, slots, at.subgroups)
    write_baseline(plan.baseline, ledger.levels, known.patient, n, work.counted, slots, at.baseline)


@rule
def write_safety(plan: AnalysisPlan, ledger: Ledger, work: Workspace, n: int) -> None:
    """Write treatment, adverse events and doses."""
    known, slots, at = work.known, work.slots, plan.sections
    write_treatment(work.derived, n, work.days.events, slots, at.treatment)
    write_incidence(
        plan.incidence,
        ledger.adverse_events,
        known,
        n,
        work.drugs,
        work.tally,
        work.taken,
        slots,
        at.incidence,
    )
    hide_later_stops(ledger.drug_stops, known, n, work.taken)
    write_drugs(
        plan.drugs,
        work.drugs,
        work.taken,
        n,
        work.days.events,
        work.intensity,
        slots,
        at.drugs,
    )
    if plan.has_resources == 1:
        write_waits(ledger.doses, known, n, slots, at.waits)
