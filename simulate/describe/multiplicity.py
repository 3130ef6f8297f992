"""Hypotheses that share alpha, in words: the graph, bounds at each level, errors, and power."""

from __future__ import annotations

from collections.abc import Iterator

from simulate.describe.words import NO_VALUE, listing, p_value, paragraphs, stated_percent, table
from simulate.scenario.monitored import Monitored
from simulate.sequential.boundaries import nominal_p
from simulate.theory.course import ASSUMED, DESIGN
from simulate.theory.shared_alpha import CORRELATION, AtLevel, SharedAlpha

_METHODS = {
    "graph": "by a graph (Bretz et al. 2009; with looks Maurer and Bretz 2013)",
    "holm": "as in Holm's procedure, in equal parts",
    "fixed_sequence": "in a fixed sequence, one after the other",
}


def sharing_in_words(trial: Monitored) -> list[str]:
    """How the hypotheses of a trial share alpha; nothing if each has its own."""
    if trial.graph is None:
        return []
    return paragraphs(*_sharing(trial))


def _sharing(trial: Monitored) -> Iterator[str]:
    graph, block = trial.graph, trial.multiplicity
    assert graph is not None  # else nothing is shared
    names = [each.name for each in trial.hypotheses]
    parts = listing(
        f"{stated_percent(block.alpha * part)} to {name}"
        for name, part in zip(names, graph.weights, strict=True)
        if part > 0
    )
    yield (
        f"The hypotheses share a one-sided alpha of {stated_percent(block.alpha)} "
        f"{_METHODS[block.method]}: at first {parts}."
    )
    for i, name in enumerate(names):
        ways = [
            f"{stated_percent(part)} to {names[j]}"
            for j, part in enumerate(graph.transitions[i])
            if part > 0
        ]
        if ways:
            yield f"When {name} is rejected, it passes of its alpha {listing(ways)}."
    yield (
        "Who is passed some is tested again at the same look, with the bounds of the new level; "
        "one that has had its last look, with the statistic that it had there. A hypothesis "
        "without alpha is not tested, and the trial goes on. It ends when each is rejected, given "
        "up, or can no longer be rejected."
    )


def level_in_words(trial: Monitored, position: int) -> str:
    """The level of a hypothesis: its own alpha, or what it has at first and may come to."""
    hypothesis = trial.hypotheses[position]
    levels = trial.levels(hypothesis)
    if trial.graph is None:
        return f"one-sided alpha {stated_percent(hypothesis.alpha)}"
    first, most = trial.first_level(hypothesis), levels[-1]
    if first == 0:
        return f"without alpha at first, at most {stated_percent(most)}"
    if len(levels) == 1:
        return f"one-sided alpha {stated_percent(first)}"
    return f"one-sided alpha {stated_percent(first)} at first, at most {stated_percent(most)}"


def shared_theory_in_words(shared: SharedAlpha, trial: Monitored) -> list[str]:
    """What theory says of hypotheses that share alpha."""
    n = shared.errors[0].n
    return [
        *sharing_in_words(trial),
        "",
        *paragraphs("Efficacy bounds at the planned events, by level:"),
        *_bounds(shared),
        "",
        *paragraphs(
            "Family-wise error: probability to reject a true hypothesis, by which are true; the "
            "others are rejected as soon as they can be. Exact, were their statistics independent; "
            "at most, however they depend on each other; and simulated with a correlation of "
            f"{CORRELATION:g} ({n:,} trials of normal statistics, with standard error):"
        ),
        *_errors(shared),
        "",
        *_power(shared, n),
    ]


def _bounds(shared: SharedAlpha) -> list[str]:
    rows = []
    for each in shared.levels:
        theory, bounds = each.theory, each.bounds
        ratios = bounds.efficacy_hazard_ratio(theory.events[-1], allocation=theory.allocation)
        for look, analysis in enumerate(theory.analyses):
            first = look == 0
            rows.append(
                [
                    f"{theory.hypothesis.name} at {stated_percent(each.level)}" if first else "",
                    after_in_words(each) if first else "",
                    analysis.name,
                    f"{bounds.efficacy_z[look]:.4f}",
                    p_value(float(nominal_p(bounds.efficacy_z[look]))),
                    f"{ratios[look]:.3f}" if theory.has_hazard_ratio else NO_VALUE,
                ]
            )
    return table(["", "after", "look", "Z", "nominal p", "HR"], rows)


def after_in_words(level: AtLevel) -> str:
    """What must be rejected for a level: ``pfs``, ``pfs and orr, or os``."""
    if () in level.after:
        return "at first"
    return ", or ".join(listing(names) for names in level.after)


def _errors(shared: SharedAlpha) -> list[str]:
    rows = [
        [
            listing(shared.names[h] for h in each.true),
            f"{100 * each.independent:.3f}%",
            f"{100 * each.at_most:.3f}%",
            f"{100 * each.correlated:.3f}% ({100 * each.mcse:.3f})",
        ]
        for each in shared.errors
    ]
    return table(["true", "independent", "at most", "correlated"], rows)


def _power(shared: SharedAlpha, n: int) -> list[str]:
    """Power by the correlation of two hypotheses, if the test of each is one normal statistic."""
    rows = []
    for truth, words in ((ASSUMED, "As the scenario"), (DESIGN, "As designed")):
        for correlation in (0.0, CORRELATION):
            found = shared.power(truth, correlation)
            if found is not None:
                powers = (*found.each, found.any, found.all)
                cells = [f"{100 * power:.1f}%" for power in powers]
                rows.append([f"{words}, {correlation:g}", *cells])
    if not rows:
        return paragraphs(
            "The power of the hypotheses together is found by simulation, as the test of one is no "
            "normal statistic of which theory knows the mean: simulate run."
        )
    return [
        *paragraphs(
            f"Power by {n:,} trials of normal statistics, futility not heeded, by the correlation "
            "of two hypotheses:"
        ),
        *table(["", *shared.names, "any", "all"], rows),
    ]
