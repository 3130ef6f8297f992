"""The section on the type I error, where no arm does anything."""

from __future__ import annotations

from simulate.monte_carlo import Estimate
from simulate.report.blocks import Block, Points, Prose, Section
from simulate.report.numbers import number
from simulate.report.randomised.view import RandomisedView
from simulate.report.randomised.words import monte_carlo_interval
from simulate.scenario.monitoring import Hypothesis


def null_section(view: RandomisedView) -> Section:
    """Whether the error is kept; empty if some arm does something."""
    if not view.under_null:
        return Section("type_one_error", "Type I error", [])
    text = (
        "All effects were taken away, so whatever is rejected is rejected by mistake. A design "
        "keeps its level if that happens no more often than alpha says."
    )
    points = [_verdict(view, hypothesis) for hypothesis in view.hypotheses]
    blocks: list[Block] = [Prose(text), Points([*points, *_any(view)])]
    return Section("type_one_error", "Type I error", blocks)


def _verdict(view: RandomisedView, hypothesis: Hypothesis) -> tuple[str, str]:
    found = view.measured.of_hypothesis(hypothesis, "reject")
    text = (
        f"rejected in {number(100 * found.estimate, 3)}% of {found.n_requested:,} trials (95% "
        f"Monte Carlo interval {monte_carlo_interval(found, 100, 3)}%)"
    )
    if view.scenario.graph is not None:
        return f"{hypothesis.name}:", f"{text}."
    text += (
        f"; the nominal one-sided level is {100 * hypothesis.alpha:g}%, which "
        f"{where(hypothesis.alpha, found)}."
    )
    if hypothesis.futility is not None and not hypothesis.futility.binding:
        text += (
            " Trials here stop at a futility bound that the level does not count on, so a little "
            "less than the nominal level is expected."
        )
    return f"{hypothesis.name}:", text


def where(nominal: float, found: Estimate) -> str:
    """Where a nominal value lies against a Monte Carlo interval, in words."""
    if nominal < found.lower:
        return (
            "lies below that interval: more is rejected than the level allows, by more than chance "
            "of the simulation explains"
        )
    if nominal > found.upper:
        return (
            "lies above that interval: less is rejected than the level allows, so the design is "
            "conservative"
        )
    return "lies in that interval: the simulation is in keeping with it"


def _any(view: RandomisedView) -> list[tuple[str, str]]:
    """The error over several hypotheses together."""
    if len(view.hypotheses) < 2:
        return []
    found = view.measured.of_several("any")
    text = (
        f"at least one of {len(view.hypotheses)} is rejected in {number(100 * found.estimate, 3)}% "
        f"of trials (95% Monte Carlo interval {monte_carlo_interval(found, 100, 3)}%)"
    )
    if view.scenario.graph is not None:
        alpha = view.scenario.multiplicity.alpha
        text += f"; they share a one-sided alpha of {100 * alpha:g}%, which {where(alpha, found)}"
    text += "."
    return [("Any hypothesis:", text)]
