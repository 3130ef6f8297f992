"""The section on a single-arm design: bounds, theory beside simulation, and what delay does."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.figure import Figure

from simulate.describe.single_arm import (
    bounds_as_text,
    design_in_words,
    looks_in_words,
)
from simulate.monte_carlo import Estimate
from simulate.plots.single_arm import AT_ONCE, CONDUCTED, plot_single_arm, single_arm_legend
from simulate.report.blocks import Block, Note, Picture, Prose, Section, Table
from simulate.report.numbers import NO_VALUE, counted, listed, number, signed
from simulate.report.svg import figure_svg
from simulate.report.view import View
from simulate.single_arm.performance import Performance
from simulate.single_arm.rule import DECISIONS
from simulate.single_arm_operating import SingleArmOutcomes, of_decision, single_arm_outcomes
from simulate.single_arm_theory import SingleArmTheory, single_arm_theory
from simulate.units import DAYS_PER_MONTH

_WORDS = {"go": "Go", "consider": "Consider", "no_go": "No go"}
_LARGE = 2.0  # Monte Carlo errors from which a difference is told as one


def single_arm_section(view: View) -> Section:
    """Bounds, decisions by theory and by simulation, and a picture; nothing without a design."""
    title = "The single-arm design: theory beside simulation"
    found = single_arm_outcomes(view.scenario, view.analysed)
    if found is None:
        return Section("single_arm", title, [])
    theory = single_arm_theory(view.scenario)
    blocks: list[Block] = [
        Prose(" ".join([design_in_words(theory.block.design), *looks_in_words(theory.block)])),
        Prose(_result(found)),
        _looks(theory, found),
        _decisions(theory, found),
        _picture(theory, found),
        *_missed(found),
    ]
    return Section("single_arm", title, blocks)


def decided_in_brief(view: View) -> str:
    """What is decided how often, and on how many patients; nothing without a design."""
    found = single_arm_outcomes(view.scenario, view.analysed)
    if found is None:
        return ""
    theory = single_arm_theory(view.scenario)
    shares = listed(
        f"{_percent(found.probability(decision))} of trials {_ARE[decision]}"
        if i == 0
        else f"{_percent(found.probability(decision))} {_ARE[decision]}"
        for i, decision in enumerate(_possible(theory, found))
    )
    early = listed(
        f"{_percent(found.early(decision))} {_WORDS[decision].lower()}"
        for decision in _possible_early(theory)
    )
    before = f" ({early} before the last look)" if early else ""
    enrolled, patients = found.expected("enrolled"), found.expected("patients")
    return (
        f"By the single-arm design {shares}{before}. When it is decided, a trial has enrolled "
        f"{number(enrolled.estimate, 1)} patients on average, and counts "
        f"{number(patients.estimate, 1)} of them."
    )


_ARE = {"go": "are go", "consider": "are to be considered", "no_go": "are no go"}


def not_stopped(view: View) -> str:
    """Of which trials all is that does not speak of the design; nothing without one."""
    if view.scenario.single_arm is None:
        return ""
    patients = counted(view.scenario.sample_size, "patient")
    return (
        f"as if no trial stopped by its single-arm design: all {patients}, as known on "
        f"{view.analysis.cut.date}, whatever was decided before"
    )


def expected_size(view: View) -> list[tuple[str, str, str]]:
    """A tile of the patients enrolled by the decision; none without a design."""
    found = single_arm_outcomes(view.scenario, view.analysed)
    if found is None:
        return []
    counts = f"counted: {number(found.expected('patients').estimate, 1)}"
    most = f"of {view.scenario.sample_size}; {counts}"
    return [("Expected sample size", number(found.expected("enrolled").estimate, 1), most)]


def _result(found: SingleArmOutcomes) -> str:
    """What delay does, in words."""
    rate, go = found.response_rate, found.probability("go")
    full, change = found.probability("go", full=True), found.by_delay("go")
    seen = (
        f"Of all patients of the design, {_percent(rate)} have a confirmed response by the last "
        f"data cut. Were every response known at once, {_percent(full)} of trials would be go "
        f"({_theory(found)} by theory at this rate); as responses come to be known, "
        f"{_percent(go)} are."
    )
    if math.isnan(change.estimate) or abs(change.estimate) < _LARGE * change.mcse:
        effect = "Delayed ascertainment makes no difference to this beyond Monte Carlo error."
    elif change.estimate == 0:
        effect = "Delayed ascertainment changes no decision between them."
    else:
        effect = (
            f"So delayed ascertainment changes the probability of go by {_points(change)} "
            "percentage points, in the same patients."
        )
    late, pending = found.expected("later_responders"), found.expected("pending")
    return (
        f"{seen} {effect} At the decision {number(late.estimate, 2)} responders are not known as "
        f"such yet, and the response of {number(pending.estimate, 2)} patients may still come. "
        f"{number(found.overrun.estimate, 2)} patients more than are counted have been enrolled."
    )


def _theory(found: SingleArmOutcomes) -> str:
    return NO_VALUE if found.theory is None else f"{100 * found.theory.go_in_all:.1f}%"


def _percent(estimate: Estimate) -> str:
    return f"{number(100 * estimate.estimate, 1)}%"


def _points(estimate: Estimate) -> str:
    error = number(100 * estimate.mcse, 2)
    return f"{signed(100 * estimate.estimate, 2)} \N{PLUS-MINUS SIGN} {error}"


def _looks(theory: SingleArmTheory, found: SingleArmOutcomes) -> Table:
    rule = theory.block.design.rule
    no_go, go = bounds_as_text(rule, NO_VALUE)
    rows = []
    for look, n in enumerate(rule.patients):
        exact = found.theory
        rows.append(
            [
                str(look + 1),
                str(n),
                no_go[look],
                go[look],
                NO_VALUE if exact is None else number(100 * exact.no_go[look], 1),
                _share(found.at_look(look, "no_go")),
                NO_VALUE if exact is None else number(100 * exact.go[look], 1),
                _share(found.at_look(look, "go")),
                *(
                    number(found.of_look(look, name).estimate, 2)
                    for name in ("responders", "later_responders", "pending")
                ),
                number(found.of_look(look, "day").estimate / DAYS_PER_MONTH, 1),
            ]
        )
    header = ["Look", "Patients", "No go at or below", "Go at or above"]
    header += ["No go, theory, %", "simulated, %", "Go, theory, %", "simulated, %"]
    header += ["Responders known", "known later", "pending", "Month"]
    return Table(
        "Bounds, and what happens at each look",
        header,
        rows,
        numeric=tuple(range(1, len(header))),
        caption=(
            "Theory: exact, all responses known at once, at the response rate of these trials. "
            "Simulated: as share of all trials, with Monte Carlo standard error. Responders known "
            "at the look, responders known only later, and patients whose response may still "
            "come: means over the trials that make the look; month of its data cut, from the "
            "origin."
        ),
    )


def _share(estimate: Estimate) -> str:
    error = number(100 * estimate.mcse, 2)
    return f"{number(100 * estimate.estimate, 2)} \N{PLUS-MINUS SIGN} {error}"


def _decisions(theory: SingleArmTheory, found: SingleArmOutcomes) -> Table:
    """Decisions and expected numbers: by theory, all responses at once, and as conducted."""
    exact = [at for _, at in theory.truths[:2]] + [found.theory]
    rows = []
    for decision in _possible(theory, found):
        simulated = [
            _share(found.probability(decision, full=True)),
            _share(found.probability(decision)),
            _points(found.by_delay(decision)),
        ]
        rows.append([f"{_WORDS[decision]}, %", *_theories(exact, decision), *simulated])
    for decision in _possible_early(theory):
        simulated = [
            _share(found.early(decision, full=True)),
            _share(found.early(decision)),
            _points(found.early_by_delay(decision)),
        ]
        label = f"{_WORDS[decision]} before the last look, %"
        rows.append([label, *(_early(each, decision) for each in exact), *simulated])
    rows += _expected(exact, found)
    rates = [number(100 * at.p, 1) if at is not None else NO_VALUE for at in exact]
    header = [""]
    header += [f"Theory at {rate}%" for rate in rates]
    header += ["All responses at once", "As conducted", "By delay"]
    return Table(
        "Decisions and expected numbers",
        header,
        rows,
        numeric=tuple(range(1, len(header))),
        caption=(
            f"Theory at the rates of the design, and at that of these trials ({rates[2]}%); it "
            "knows nothing of scans and delays. All responses at once: the same simulated "
            "patients, judged by the responses known at the last data cut. By delay: as conducted "
            "less that, paired. After \N{PLUS-MINUS SIGN}: Monte Carlo standard error."
        ),
    )


def _possible(theory: SingleArmTheory, found: SingleArmOutcomes) -> list[str]:
    """Decisions that the design can make: consider only if its last bounds leave room."""
    rule = theory.block.design.rule
    has_room = rule.go[-1] - rule.no_go[-1] > 1 or found.probability("consider").estimate > 0
    return [name for name in reversed(DECISIONS) if name != "consider" or has_room]


def _possible_early(theory: SingleArmTheory) -> list[str]:
    """Decisions that its interim looks can make."""
    rule = theory.block.design.rule
    before = list(zip(rule.patients, rule.no_go, rule.go, strict=True))[:-1]
    made = {"no_go": any(low >= 0 for _, low, _ in before)}
    made["go"] = any(high <= n for n, _, high in before)
    return [name for name, is_made in made.items() if is_made]


def _theories(exact: list[Performance | None], decision: str) -> list[str]:
    return [
        NO_VALUE if each is None else number(100 * of_decision(each, decision), 2) for each in exact
    ]


def _early(exact: Performance | None, decision: str) -> str:
    if exact is None:
        return NO_VALUE
    return number(100 * (exact.early_go if decision == "go" else exact.early_no_go), 2)


def _expected(exact: list[Performance | None], found: SingleArmOutcomes) -> list[list[str]]:
    """Rows of patients counted, enrolled and treated, and of the time to the decision."""

    def shown(estimate: Estimate, scale: float = 1.0) -> str:
        error = number(scale * estimate.mcse, 2)
        return f"{number(scale * estimate.estimate, 2)} \N{PLUS-MINUS SIGN} {error}"

    sizes = [NO_VALUE if each is None else number(each.expected_patients, 2) for each in exact]
    none = [NO_VALUE] * len(exact)
    full = found.full_at_once
    return [
        ["Patients counted", *sizes, shown(full), shown(found.expected("patients")), NO_VALUE],
        ["Patients enrolled", *none, NO_VALUE, shown(found.expected("enrolled")), NO_VALUE],
        ["Patients treated", *none, NO_VALUE, shown(found.expected("treated")), NO_VALUE],
        [
            "Months to the decision",
            *none,
            NO_VALUE,
            shown(found.expected("day"), 1 / DAYS_PER_MONTH),
            NO_VALUE,
        ],
    ]


def _picture(theory: SingleArmTheory, found: SingleArmOutcomes) -> Picture:
    rate, rows = found.response_rate.estimate, []
    for kind, full in ((AT_ONCE, True), (CONDUCTED, False)):
        for decision in DECISIONS:
            e = found.probability(decision, full=full)
            rows.append((kind, decision, rate, e.estimate, e.lower, e.upper))
    columns = ["kind", "decision", "response_rate", "estimate", "lower", "upper"]
    points = pd.DataFrame(rows, columns=columns)
    design = theory.block.design

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        marks = design.null_rate, design.alternative_rate
        plot_single_arm(theory.curve, points, marks=marks, ax=ax)
        single_arm_legend(theory.curve, points, ax)

    svg = figure_svg(
        "single-arm",
        draw,
        width=8.6,
        height=3.6,
        description="Probability of each decision by the true response rate",
    )
    caption = (
        "Lines: exact theory, all responses known at once. Points: simulated trials at their "
        "response rate, with 95% Monte Carlo intervals; hollow with all responses at once, which "
        "lie on the lines, filled as responses come to be known."
    )
    return Picture(svg, "Decisions by the true response rate", caption)


def _missed(found: SingleArmOutcomes) -> list[Block]:
    """A note if looks were not due by the last data cut."""
    missed = found.values("target_not_reached")
    n = int((missed == 1).sum())
    if n == 0:
        return []
    return [
        Note(
            f"In {counted(n, 'trial')} of {len(missed):,} the deciding look was not due by the "
            "last data cut, and was made on it with what was known (target_not_reached). Cut the "
            "data of the last analysis later."
        )
    ]
