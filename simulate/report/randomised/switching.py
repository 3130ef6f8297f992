"""How many patients change treatment, and what that does to overall survival."""

from __future__ import annotations

import math
from typing import NamedTuple

from simulate.looks.design import SWITCHED
from simulate.monte_carlo import mean
from simulate.randomised.outcomes import Outcomes
from simulate.randomised.versions import compared_arms, log_ratios
from simulate.randomised.what_ifs import contrast
from simulate.report.blocks import Block, Table
from simulate.report.numbers import NO_VALUE, number
from simulate.report.randomised.view import RandomisedView
from simulate.report.randomised.words import PLUS_MINUS, with_error
from simulate.scenario.survival_scenario import SurvivalScenario


class _Compared(NamedTuple):
    """What is told of survival."""

    endpoint: str
    arms: tuple[str, str]


def switching_blocks(view: RandomisedView) -> list[Block]:
    """Who switches, and OS beside what-ifs of other switching; nothing where nobody may."""
    if not any(name.startswith(f"{SWITCHED}.") for name in view.outcomes.looks.names):
        return []
    compared = _compared(view)
    shown = [("Scenario as it stands", view.outcomes)]
    for variant in view.scenario.sweep:
        if any(path.startswith(_field(view)) for path in variant.set):
            title = variant.title or variant.name.replace("_", " ")
            shown.append((title, view.result.variants[variant.name]))
    rows = [_row(view, title, found, compared) for title, found in shown]
    header = ["", *(f"Switched, {arm.label}" for arm in view.arms)]
    if compared is not None:
        header += [f"Hazard ratio, {compared.endpoint}", "Log hazard ratio, difference"]
    keep = len(header) - (1 if compared is not None and len(rows) == 1 else 0)
    return [
        Table(
            "Switching of treatment",
            header[:keep],
            [row[:keep] for row in rows],
            numeric=tuple(range(1, keep)),
            caption=_caption(compared, _field(view), alone=len(rows) == 1),
        )
    ]


def _compared(view: RandomisedView) -> _Compared | None:
    """The first endpoint of overall survival whose hazard ratio is told, and its arms."""
    for endpoint in view.endpoints:
        for arms in compared_arms(view.outcomes)[:1]:
            is_told = log_ratios(view.outcomes, endpoint, arms) is not None
            if is_told and view.scenario.event_of(endpoint) == "OS":
                return _Compared(endpoint, arms)
    return None


def _field(view: RandomisedView) -> str:
    """The field by which a scenario lets patients switch."""
    is_plain = isinstance(view.scenario, SurvivalScenario)
    return "survival.switching" if is_plain else "switching"


def _caption(compared: _Compared | None, field: str, *, alone: bool) -> str:
    text = (
        "Patients of whom a change of treatment is known at the last look: mean "
        f"{PLUS_MINUS} Monte Carlo standard error, and their part of the arm."
    )
    if compared is not None:
        text += (
            " The hazard ratio (geometric mean) compares the arms as randomised, whatever patients "
            "switch to."
        )
    if alone:
        return f"{text} A what-if with {field}: [] tells what that does to survival."
    return f"{text} Difference: less the scenario, in pairs."


def _row(
    view: RandomisedView, title: str, outcomes: Outcomes, compared: _Compared | None
) -> list[str]:
    cells = [title, *(_switched(outcomes, arm.name) for arm in view.arms)]
    if compared is None:
        return cells
    mine, base = (log_ratios(each, *compared) for each in (outcomes, view.outcomes))
    if mine is None or base is None:
        return [*cells, NO_VALUE, NO_VALUE]
    cells.append(number(math.exp(mean(mine).estimate), 3))
    if outcomes is view.outcomes:
        return [*cells, NO_VALUE]
    n = min(len(mine), len(base))
    return [*cells, with_error(contrast(mine[:n], base[:n])[2], 1.0, 4, sign=True)]


def _switched(outcomes: Outcomes, arm: str) -> str:
    """Patients of an arm who have switched; 0 where the what-if lets nobody."""
    name = f"{SWITCHED}.{arm}"
    if not outcomes.has(name):
        return "0"
    values = outcomes.at_stop(name)
    share = mean(values / outcomes.at_stop(f"n_enrolled.{arm}"))
    return f"{with_error(mean(values))} ({number(100 * share.estimate)}%)"
