"""Adverse events in words: who has them, when, how bad, how long, and how often in the end."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from simulate.describe.incidence import FIRST_CYCLE, Course, Frailties, incidences
from simulate.describe.words import (
    NO_VALUE,
    count,
    duration,
    listing,
    paragraph,
    paragraphs,
    percent,
    stated_percent,
    table,
)
from simulate.distributions import FloatArray, FloatTable
from simulate.patient.toxicity import FULL_DOSE, ToxicityPlan
from simulate.plan import Plan
from simulate.scenario.fields import DayRange
from simulate.scenario.toxicity import CycleWeight, Term, Toxicity
from simulate.scenario.trial import Trial
from simulate.streams import WORD_RANGE

_SHOWN_CYCLES = 3


def adverse_events(trial: Trial, plan: Plan, course: Course) -> list[str]:
    """The section on adverse events.

    Parameters
    ----------
    trial : Trial
        The scenario.
    plan : Plan
        Its tables.
    course : Course
        The cycles over which incidence is told.
    """
    toxicity = trial.toxicity
    if toxicity is None:
        return paragraph("No adverse events are simulated.")
    return [
        *paragraphs(
            *_frailties(toxicity, plan.toxicity),
            "Rates change from cycle to cycle by a weight:",
        ),
        *(
            line
            for position, weight in enumerate(toxicity.weights)
            for line in paragraph(f"- {_weight(toxicity, plan, position, weight)}", indent=4)
        ),
        "",
        *_incidence(trial, toxicity, plan.toxicity, course),
        "",
        *paragraphs(
            _onsets(toxicity),
            _duration(trial, toxicity, plan.toxicity),
            _grades(toxicity),
            _serious(toxicity),
            _special_interest(toxicity),
            f"Treatment-emergent: an event that begins up to {duration(toxicity.emergent_until)} "
            "after the last dose.",
            *_recorded(trial, toxicity),
        ),
    ]


def term_label(trial: Trial, name: str) -> str:
    """The label of a term, by its name."""
    terms = trial.toxicity.terms if trial.toxicity else ()
    return next((term.label for term in terms if term.name == name), name)


# ---- rates --------------------------------------------------------------------------------------


def _frailties(toxicity: Toxicity, plan: ToxicityPlan) -> list[str]:
    """How patients differ, by the tables that the patients' factors come from."""
    frailties = toxicity.frailties
    factors = Frailties(plan)
    return [
        "Each term can occur once in a cycle, but does not begin anew while it goes on. Its rate "
        "is that of the term times the weight of the cycle times the patient's own factor; "
        "factors are log-normal with mean 1.",
        f"Factor on haematological events: sigma {frailties.haematological:g} "
        f"({_spread(factors.haematological)}). On all others: sigma {frailties.other:g} "
        f"({_spread(factors.other)}). Correlation of their logarithms {frailties.correlation:g}.",
    ]


def _spread(factors: FloatArray) -> str:
    low, high = np.quantile(factors, [0.1, 0.9])
    return f"below {low:.2g} in 10% of patients, above {high:.2g} in 10%"


def _weight(toxicity: Toxicity, plan: Plan, position: int, weight: CycleWeight) -> str:
    """A cycle weight: its first cycles, its late ones, and how it depends on a drug."""
    n_terms = sum(term.weight == weight.name for term in toxicity.terms)
    text = f"{weight.name} ({count(n_terms, 'term')}): {_cycles(plan.toxicity, position, weight)}"
    if weight.drug is None:
        return f"{text}."
    without = (
        f"none in cycles without {weight.drug}"
        if weight.without == 0
        else f"times {weight.without:.3g} in cycles without {weight.drug}"
    )
    reduced = ""
    if weight.reduced != 1:
        reduced = f", times {weight.reduced:.3g} in those with a reduced dose of it"
    return f"{text}; {without}{reduced}."


def _cycles(plan: ToxicityPlan, position: int, weight: CycleWeight) -> str:
    full = (position * 3 + FULL_DOSE) * plan.n_weight_cycles
    values = [f"{plan.weights[full + cycle]:.3g}" for cycle in range(_SHOWN_CYCLES)]
    if weight.early == 0:
        return f"{weight.later:g} in every cycle"
    if weight.first_cycle_only:
        return f"{values[0]} in cycle 1, {weight.later:g} in all later ones"
    return f"{', '.join(values)} in cycles 1 to {_SHOWN_CYCLES}, falling towards {weight.later:g}"


# ---- incidence ----------------------------------------------------------------------------------


def _incidence(trial: Trial, toxicity: Toxicity, plan: ToxicityPlan, course: Course) -> list[str]:
    """The terms as a table."""
    frailties = Frailties(plan)
    first = Course(FIRST_CYCLE, (FIRST_CYCLE,) * len(trial.treatment.drugs))
    columns = [
        incidences(plan, rates, cycles, frailties)
        for cycles in (first, course)
        for rates in (plan.rate, plan.rate_severe)
    ]
    shown = [position for position, term in enumerate(toxicity.terms) if term.rate > 0]
    rows = [
        [_row_name(toxicity.terms[p]), toxicity.terms[p].weight, *_cells(plan, p, columns)]
        for p in shown
    ]
    union = [percent(any_of_them) for _, any_of_them in columns]
    header = ["term", "weight", "cycle 1", "gr. 3+", "course", "gr. 3+"]
    return [
        *paragraph(
            "Patients who have each, of any grade and of grade 3 or higher: in cycle 1 with full "
            f"doses of all drugs, and over a course of {_course(trial, course)}, at full doses and "
            "without holds. By formula, the mean over the patients' factors"
        ),
        *(table(header, [*rows, ["Any adverse event", "", *union]]) if rows else []),
        *paragraphs(
            "The course has the cycles begun by the day on which half of the patients are treated "
            "no more (true progression or death, withdrawal, early stop, or the last data cut), "
            "and each drug for its median planned number of cycles.",
            "" if all(term.listed for term in toxicity.terms) else "* Not in the report's table.",
        ),
    ]


def _row_name(term: Term) -> str:
    return term.label if term.listed else f"{term.label} *"


def _cells(
    plan: ToxicityPlan, position: int, columns: Iterable[tuple[FloatArray, float]]
) -> list[str]:
    """Probabilities of a term; none where the rate is 0."""
    rates: tuple[FloatTable, ...] = (plan.rate, plan.rate_severe) * 2
    return [
        percent(float(each[position])) if rate[position] > 0 else NO_VALUE
        for rate, (each, _) in zip(rates, columns, strict=True)
    ]


def _course(trial: Trial, course: Course) -> str:
    doses = listing(
        f"{doses:,} of {drug.name}"
        for drug, doses in zip(trial.treatment.drugs, course.doses, strict=True)
    )
    return f"{count(course.n_cycles, 'cycle')} ({doses})"


# ---- onset, duration, grade, seriousness --------------------------------------------------------


def _onsets(toxicity: Toxicity) -> str:
    others = [
        f"{term.label} {_days(term.onset)}" for term in toxicity.terms if term.onset is not None
    ]
    text = f"Onset: uniform, {_days(toxicity.onset)} after the dose of the cycle"
    return f"{text}; {', '.join(others)}." if others else f"{text}."


def _days(days: DayRange) -> str:
    if days == (0, 0):
        return "on the day of the dose"
    return f"{days[0]} to {count(days[1], 'day')}"


def _duration(trial: Trial, toxicity: Toxicity, plan: ToxicityPlan) -> str:
    """How long events last, and what of them lasts until the next dose is due."""
    lasting = toxicity.duration
    cycle = trial.treatment.cycle_length
    first, last = toxicity.onset
    resolved = np.asarray(plan.duration, float) / WORD_RANGE
    left = [
        1.0 - resolved[min(cycle - day, len(resolved) - 1)] if day < cycle else 0.0
        for day in range(first, last + 1)
    ]
    return (
        f"From onset to grade 1 or better: log-normal, median {duration(lasting.median)}, sigma "
        f"{lasting.sigma:g}, in whole days. {percent(float(np.mean(left)))} of events with the "
        f"usual onset are unresolved when the next dose is due, {duration(cycle)} after the last."
    )


def _grades(toxicity: Toxicity) -> str:
    fixed = [
        f"{term.label} {term.grade}"
        for term in toxicity.terms
        if term.grade is not None and term.rate > term.rate_grade_3
    ]
    always = f" (always: {', '.join(fixed)})" if fixed else ""
    return (
        f"Grades: of events below grade 3, {stated_percent(toxicity.grade_2_share)} are of grade 2"
        f"{always}, the others of grade 1; of those of grade 3 or higher, "
        f"{stated_percent(toxicity.grade_4_share)} are of grade 4, the others of grade 3."
    )


def _serious(toxicity: Toxicity) -> str:
    others = [
        f"{term.label} {stated_percent(term.serious)}"
        for term in toxicity.terms
        if term.serious is not None and term.rate_grade_3 > 0
    ]
    text = (
        f"Serious: {stated_percent(toxicity.serious_mild)} of events below grade 3, "
        f"{stated_percent(toxicity.serious_grade_3)} of those of grade 3 or higher"
    )
    return f"{text} ({', '.join(others)})." if others else f"{text}."


def _special_interest(toxicity: Toxicity) -> str:
    labels = [term.label for term in toxicity.terms if term.special_interest]
    return (
        f"Of special interest (AESI): {listing(labels)}."
        if labels
        else "Of special interest: none."
    )


def _recorded(trial: Trial, toxicity: Toxicity) -> list[str]:
    """Events that other parts of the model bring."""
    early, withdrawn = trial.follow_up.early_stop, trial.follow_up.withdrawal_adverse_event
    fatal = "Grade 5: never recorded."
    if toxicity.fatal is not None:
        fatal = (
            f"Grade 5: a known death without progression is recorded as "
            f"{term_label(trial, toxicity.fatal)}; no event makes a patient die."
        )
    causes = []
    if early is not None and early.adverse_event is not None:
        causes.append(f"each early stop ({term_label(trial, early.adverse_event)})")
    if withdrawn is not None:
        causes.append(
            f"{stated_percent(withdrawn.probability)} of withdrawals "
            f"({term_label(trial, withdrawn.term)})"
        )
    if not causes:
        return [fatal]
    return [
        fatal,
        f"Recorded as the cause, of grade 3 and serious: of {listing(causes)}. With it, "
        f"{trial.treatment.drugs[0].name} is discontinued.",
    ]
