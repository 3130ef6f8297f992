"""The section on hypotheses that share alpha: the graph, power, and the family-wise error."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.figure import Figure

from simulate.describe.multiplicity import sharing_in_words
from simulate.describe.words import stated_percent
from simulate.monte_carlo import Estimate
from simulate.multiplicity.graph import Graph
from simulate.plots.hypothesis_graph import graph_height, plot_hypothesis_graph
from simulate.randomised.nulls import true_nulls
from simulate.report.blocks import Block, Picture, Points, Prose, Section, Table
from simulate.report.numbers import listed, number
from simulate.report.randomised.null import where
from simulate.report.randomised.view import RandomisedView
from simulate.report.randomised.words import PLUS_MINUS, monte_carlo_interval, with_error
from simulate.report.svg import figure_svg
from simulate.theory.course import ASSUMED
from simulate.theory.shared_alpha import CORRELATION, SharedAlpha, SharedPower


def multiplicity_section(view: RandomisedView) -> Section:
    """How hypotheses share alpha, and what comes of it; empty if each has its own."""
    graph = view.scenario.graph
    if graph is None:
        return Section("multiplicity", "Hypotheses that share alpha", [])
    words = " ".join(line.strip() for line in sharing_in_words(view.scenario))
    blocks: list[Block] = [Prose(words), _picture(view, graph), _power(view)]
    error = _error(view)
    if error:
        blocks.append(Points(error))
    if view.shared is not None:
        blocks.append(_errors(view.shared))
    return Section("multiplicity", "Hypotheses that share alpha", blocks)


def _picture(view: RandomisedView, graph: Graph) -> Picture:
    names = [each.name for each in view.hypotheses]
    levels = [stated_percent(view.scenario.first_level(each)) for each in view.hypotheses]

    def draw(figure: Figure) -> None:
        plot_hypothesis_graph(names, levels, graph.transitions, ax=figure.subplots())

    svg = figure_svg(
        "hypothesis-graph",
        draw,
        width=6.0,
        height=graph_height(len(names)),
        description="The graph of the hypotheses",
    )
    caption = (
        "Circles: hypotheses with their one-sided alpha at first. Arrows: the part of it that "
        "another one is given when the hypothesis is rejected."
    )
    return Picture(svg, "How the hypotheses share alpha", caption)


def _power(view: RandomisedView) -> Table:
    theory = theory_together(view)
    rows = [
        (
            label,
            with_error(found, 100, 2),
            monte_carlo_interval(found, 100, 2),
            *(number(100 * (*each.each, each.any, each.all)[i], 1) for each in theory),
        )
        for i, (label, found) in enumerate(_rejected(view))
    ]
    header = ["", "Simulated", "95% interval"]
    header += [f"Theory, correlation {each.correlation:g}" for each in theory]
    caption = "A trial that stops has no later look: what it rejects, it rejects by then."
    if theory:
        caption += (
            " Theory does not know how statistics of two hypotheses depend on each other: it is of "
            f"{theory[0].n:,} trials of normal statistics, independent or correlated alike, with "
            "the means that the scenario lets expect at the planned events."
        )
        if any(each.futility is not None for each in view.hypotheses):
            caption += " It does not heed futility bounds."
    return Table(
        "Hypotheses rejected, % of all trials",
        header,
        rows,
        numeric=tuple(range(1, len(header))),
        caption=caption,
    )


def _rejected(view: RandomisedView) -> Iterator[tuple[str, Estimate]]:
    for hypothesis in view.hypotheses:
        yield hypothesis.name, view.measured.of_hypothesis(hypothesis, "reject")
    if len(view.hypotheses) > 1:
        yield "Any", view.measured.of_several("any")
        yield "All", view.measured.of_several("all")


def _error(view: RandomisedView) -> list[tuple[str, str]]:
    """How often a true hypothesis is rejected, if any is true."""
    true = true_nulls(view.scenario)
    if not true or len(view.hypotheses) < 2:
        return []
    alpha = view.scenario.multiplicity.alpha
    found = view.measured.familywise_error
    text = (
        f"there is no effect on {listed(true)}. "
        f"{'It' if len(true) == 1 else 'At least one of them'} is rejected in "
        f"{number(100 * found.estimate, 3)}% of trials (95% Monte Carlo interval "
        f"{monte_carlo_interval(found, 100, 3)}%); the one-sided alpha of "
        f"{stated_percent(alpha)} {where(alpha, found)}."
    )
    return [("Family-wise error:", text)]


# ---- theory ---------------------------------------------------------------------------------


def theory_together(view: RandomisedView) -> list[SharedPower]:
    """Power by theory, of independent and of correlated statistics; nothing where it has none.

    It knows no readers and no rules of censoring.
    """
    shared = view.shared
    if shared is None or view.scenario.is_read or not all(h.has_power for h in shared.hypotheses):
        return []
    found = (shared.power(ASSUMED, correlation) for correlation in (0.0, CORRELATION))
    return [each for each in found if each is not None]


def _errors(shared: SharedAlpha) -> Table:
    """The family-wise error by theory, for each set of true hypotheses."""
    rows = [
        (
            listed(shared.names[h] for h in each.true),
            number(100 * each.independent, 3),
            number(100 * each.at_most, 3),
            f"{number(100 * each.correlated, 3)} {PLUS_MINUS} {number(100 * each.mcse, 3)}",
        )
        for each in shared.errors
    ]
    return Table(
        "Family-wise error by theory, %",
        ["No effect on", "Independent", "At most", f"Correlation {CORRELATION:g}"],
        rows,
        numeric=(1, 2, 3),
        caption=(
            "Probability to reject a hypothesis of no effect that is true, at the planned events. "
            "The others are taken to be rejected as soon as they can be. Exact, were statistics "
            "independent; at most, however they depend on each other; and of "
            f"{shared.errors[0].n:,} simulated trials of correlated normal statistics."
        ),
    )
