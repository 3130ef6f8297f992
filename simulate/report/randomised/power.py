"""The section on power: theory beside simulation, and what is decided at each look."""

from __future__ import annotations

import math
from collections.abc import Collection

import pandas as pd
from matplotlib.figure import Figure

from simulate.looks.build_tests import weights_of
from simulate.monte_carlo import Estimate
from simulate.plots.decisions import decisions_legend, plot_decisions
from simulate.report.blocks import Block, Details, Heading, Picture, Prose, Section, Table
from simulate.report.numbers import NO_VALUE, capital, counted, number
from simulate.report.randomised.many import decisions_of_many
from simulate.report.randomised.multiplicity import theory_together
from simulate.report.randomised.posterior import posterior_blocks
from simulate.report.randomised.view import RandomisedView, hypothesis_label, look_label
from simulate.report.randomised.words import monte_carlo_interval, with_error
from simulate.report.svg import figure_svg
from simulate.scenario.analyses import Analysis
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.survival_scenario import SurvivalScenario

_ROUNDING = 1e-12
"""Relative error of a mean, or of a share, that is due to the sum of its numbers."""

Compared = tuple[str, Estimate, float]
"""Label, simulation and theory of one line of a table."""


def power_section(view: RandomisedView) -> Section:
    """What is decided and when, by theory and by simulation."""
    blocks: list[Block] = [Prose(_introduction(view))]
    if view.has_many:
        blocks += decisions_of_many(view)
        blocks.append(Details("Each hypothesis by look", _each(view)))
    else:
        blocks += _each(view)
    blocks += posterior_blocks(view)
    if view.hypotheses:
        blocks.append(Heading("Size, events and time"))
    blocks.append(_of_trial(view))
    title = "Decisions" if view.under_null else "Power"
    if view.theory and view.scenario.graph is None:
        title += ": theory beside simulation"
    return Section("power", title if view.hypotheses else "Size, events and time", blocks)


def _each(view: RandomisedView) -> list[Block]:
    """Decisions on each hypothesis by look."""
    blocks: list[Block] = []
    for hypothesis in view.hypotheses:
        if len(view.hypotheses) > 1:
            blocks.append(Heading(hypothesis_label(hypothesis, view)))
        blocks += [_picture(view, hypothesis), _decided(view, hypothesis)]
    return blocks


def _why_no_theory(view: RandomisedView) -> str:
    if view.scenario.is_read:
        return (
            "No theory is set beside them: it would take scans as read without error and count "
            "every event, which readers, missed scans and rules of censoring do not."
        )
    return "There is no theory to set beside them."


def _introduction(view: RandomisedView) -> str:
    runs = f"Simulated numbers are of {counted(view.n, 'trial')}"
    text = (
        f"{runs}, with their Monte Carlo standard error (\N{PLUS-MINUS SIGN}) and 95% Monte Carlo "
        "interval."
    )
    if not view.theory:
        return f"{text} {_why_no_theory(view)}"
    by = (
        "Theory gives events and calendar times by integrating the scenario's survival over its "
        "accrual"
    )
    if not isinstance(view.scenario, SurvivalScenario):
        by = (
            "Theory gives events and calendar times by integrating survival over the mean of some "
            "simulated enrolments (it takes every event on its day, where the trial sees "
            "progression at scans and loses some patients, so its looks come somewhat earlier)"
        )
    return (
        f"{text} {by}, and power from the joint normal distribution of Z at the looks. It is an "
        "approximation where hazards are not proportional or looks are not at their planned "
        "events, so a difference beyond the Monte Carlo error tells of the approximation as well."
        f"{_of_a_combination(view)}{_WHERE_THEORY_IS if theory_together(view) else ''}"
    )


def _of_a_combination(view: RandomisedView) -> str:
    if any(len(weights_of(each.test)) > 1 for each in view.hypotheses):
        return (
            " Of a combination that is found on fixed points in many dimensions, to about a tenth "
            "of a percent."
        )
    return ""


_WHERE_THEORY_IS = (
    " How often hypotheses that share alpha are rejected stands beside theory in the section on "
    "them."
)


# ---- what is decided ------------------------------------------------------------------------


def decisions_table(view: RandomisedView, hypothesis: Hypothesis) -> pd.DataFrame:
    """Shares of all trials by the end of each look, as `plot_decisions` takes them."""
    rows, futility, failed = [], 0.0, 0.0
    get = view.measured.of_hypothesis
    for look in view.decided_looks(hypothesis):
        if hypothesis.futility is not None:
            futility += get(hypothesis, "stop_futility", look.name).estimate
        rejected = get(hypothesis, "reject_by_then", look.name).estimate
        failed += get(hypothesis, "stop_end", look.name).estimate
        goes_on = 1.0 - rejected - failed - futility
        rows.append(
            {
                "name": look_label(look),
                "rejected": rejected,
                "goes_on": goes_on if goes_on > _ROUNDING else 0.0,
                "not_rejected": failed,
                "futility": futility,
            }
        )
    return pd.DataFrame(rows)


def theory_table(view: RandomisedView, hypothesis: Hypothesis) -> pd.DataFrame:
    """The same by theory: shares rejected and stopped for futility by each look."""
    looks = view.decided_looks(hypothesis)
    at_look = view.theory.at_look
    futility = [at_look(hypothesis, "cumulative_futility", look.name) for look in looks]
    # at the last look theory counts all that do not reject as futility
    futility[-1] = futility[-2] if len(looks) > 1 else math.nan
    rejected = [at_look(hypothesis, "cumulative_efficacy", look.name) for look in looks]
    return pd.DataFrame({"rejected": rejected, "futility": futility})


def _picture(view: RandomisedView, hypothesis: Hypothesis) -> Picture:
    decisions, theory = decisions_table(view, hypothesis), theory_table(view, hypothesis)
    has_theory = bool(theory["rejected"].notna().any())

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        plot_decisions(decisions, theory=theory, ax=ax)
        decisions_legend(decisions, ax, theory=has_theory)

    svg = figure_svg(
        f"decisions-{hypothesis.name}",
        draw,
        width=8.6,
        height=0.95 + 0.42 * len(decisions),
        description="What is decided at each look",
    )
    caption = "All trials by what has been decided by the end of each look."
    if has_theory:
        caption += " Lines in ink are where theory has the ends of the coloured bars."
    return Picture(svg, f"Decisions on {hypothesis.name} by look", caption)


def _decided(view: RandomisedView, hypothesis: Hypothesis) -> Table:
    """Probability of each decision at each look and in all."""
    looks, get = view.decided_looks(hypothesis), view.measured.of_hypothesis
    theory, at_look = view.theory, view.theory.at_look
    rows: list[Compared] = [
        ("Rejected, in all", get(hypothesis, "reject"), theory.rejected(hypothesis))
    ]
    for measure, column, words in _AT_LOOKS:
        chosen = looks if column == "efficacy" and len(looks) > 1 else looks[:-1]
        for look in chosen:
            found = get(hypothesis, measure, look.name)
            expected = at_look(hypothesis, column, look.name)
            rows.append((f"{words} the {look_label(look)}", found, expected))
    failed = get(hypothesis, "stop_end")
    rows.append(("Not rejected at the last look", failed, theory.not_rejected(hypothesis)))
    rows += [
        (words, get(hypothesis, measure), math.nan)
        for measure, words in (
            ("undefined", "Not rejected, because the test is not defined"),
            ("reject_if_defined", "Rejected, of the trials whose test is defined"),
        )
    ]
    shown = [rows[0], *(row for row in rows[1:] if row[1].estimate > 0 or row[2] > 0)]
    return _beside_theory(f"Decisions on {hypothesis.name}, % of all trials", shown, 100.0, 2)


_AT_LOOKS = (
    ("stop_efficacy", "efficacy", "Rejected at"),
    ("stop_futility", "futility", "Stopped for futility at"),
)
"""Measure, column of theory, and words of what is decided at a look."""


def _beside_theory(
    title: str,
    rows: list[Compared],
    scale: float = 1.0,
    digits: int = 1,
    caption: str = "",
    targets: Collection[str] = (),
) -> Table:
    """Simulation beside theory; of lines on a target, which trials overshoot, no difference."""
    cells = [
        (
            label,
            with_error(found, scale, digits),
            monte_carlo_interval(found, scale, digits),
            number(scale * expected, digits),
            NO_VALUE if label in targets else _difference(found, expected),
        )
        for label, found, expected in rows
    ]
    header = ["", "Simulated", "95% interval", "Theory", "Difference, MCSE"]
    keep = 5 if any(row[3] != NO_VALUE for row in cells) else 3
    if keep == 5:
        caption = (
            "Difference: simulated less theory, in Monte Carlo standard errors of the simulation. "
            f"{caption}"
        ).strip()
    return Table(
        title,
        header[:keep],
        [row[:keep] for row in cells],
        numeric=tuple(range(1, keep)),
        caption=caption,
    )


def _difference(found: Estimate, expected: float) -> str:
    """In Monte Carlo standard errors; none where the error is nothing but rounding."""
    if math.isnan(expected) or not found.mcse > _ROUNDING * abs(found.estimate):
        return NO_VALUE
    value = (found.estimate - expected) / found.mcse
    text = number(value, 1)
    return f"+{text}" if value > 0 and text.strip("0.") else text


# ---- the trial ------------------------------------------------------------------------------


def _of_trial(view: RandomisedView) -> Table:
    """Sizes, events and calendar times, of the looks and of the trial as it ends."""
    rows = [*_at_stop(view)]
    for look in view.analyses:
        rows += _of_look(view, look)
    caption = (
        "Of a look, simulated: over the trials that made it; by theory: of a trial that is not "
        "stopped before. Theory counts the target of a look; the day on which a trial reaches it "
        "may bring more events, which is no difference."
        if view.theory
        else ""
    )
    shown = [row for row in rows if row[1].n_analysed]
    return _beside_theory("Means over trials", shown, caption=caption, targets=_targets(view))


def _targets(view: RandomisedView) -> set[str]:
    """Lines of events that trigger their look by themselves."""
    return {
        _line_of_events(look, trigger.events.endpoint)
        for look in view.analyses
        for trigger in look.cut.triggers
        if trigger.events is not None and not trigger.events.population
    }


def _line_of_events(look: Analysis, endpoint: str) -> str:
    return f"{capital(look_label(look))}: {endpoint} events"


def _at_stop(view: RandomisedView) -> list[Compared]:
    """What is expected when the trial ends; theory has it if one hypothesis decides that."""
    theory = view.theory
    only = view.hypotheses[0] if len(view.hypotheses) == 1 else None
    size = month = math.nan
    if only is not None:
        size, month = theory.at_stop(only, "enrolled_at_decision"), theory.decision_month(only)
    of_trial = view.measured.of_trial
    rows: list[Compared] = [
        ("Patients when the trial ends", of_trial("sample_size.mean"), size),
        ("Months to the last decision", of_trial("duration.mean"), month),
    ]
    for endpoint in view.endpoints:
        expected = math.nan
        is_of_all = only is not None and only.endpoint == endpoint and not only.population
        if only is not None and is_of_all and len(view.arms) == 2:
            expected = theory.at_stop(only, "events")
        found = view.measured.of_endpoint(endpoint, "events.mean")
        rows.append((f"{endpoint} events when the trial ends", found, expected))
    return rows


def _of_look(view: RandomisedView, look: Analysis) -> list[Compared]:
    label, anywhere = capital(look_label(look)), view.theory.anywhere
    of_trial = view.measured.of_trial
    rows: list[Compared] = [
        (
            f"{label}: month of the data cut",
            of_trial("cut_time.mean", look.name),
            anywhere("expected_months", look.name),
        ),
        (
            f"{label}: patients",
            of_trial("n_enrolled.mean", look.name),
            anywhere("enrolled", look.name),
        ),
    ]
    for endpoint in view.endpoints:
        found = view.measured.of_endpoint(endpoint, "events.mean", look.name)
        expected = math.nan
        if len(view.arms) == 2:
            expected = anywhere("events", look.name, endpoint)
        rows.append((_line_of_events(look, endpoint), found, expected))
    return rows
