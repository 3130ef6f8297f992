"""Power over posterior draws of the parameters beside power at the point of a calibration."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simulate.monte_carlo import Estimate, mean, proportion
from simulate.randomised.outcomes import Outcomes
from simulate.report.blocks import Block, Heading, Prose, Table
from simulate.report.numbers import counted
from simulate.report.randomised.view import RandomisedView
from simulate.report.randomised.words import monte_carlo_interval, with_error
from simulate.units import DAYS_PER_MONTH

Compared = tuple[str, Estimate, float, int]
"""Label, estimate, factor and digits of one line."""


def posterior_blocks(view: RandomisedView) -> list[Block]:
    """What the uncertainty of the parameters does to the design; nothing without draws."""
    posterior = view.result.posterior
    if posterior is None:
        return []
    text = (
        "Power at the point takes the parameters of the calibration as known. Over the posterior "
        f"each of {counted(posterior.n, 'trial')} has the parameters of one draw, so that chance "
        "and the uncertainty of the parameters act together; the share that rejects is the power "
        "averaged over the draws, also called assurance."
    )
    rows = [
        (label, *_cells(at_point, scale, digits), *_cells(over, scale, digits))
        for (label, at_point, scale, digits), (_, over, _, _) in zip(
            _measures(view, view.outcomes), _measures(view, posterior), strict=True
        )
    ]
    table = Table(
        "At the point and over the posterior",
        ("", "At the point", "95% interval", "Over the posterior", "95% interval"),
        rows,
        numeric=(1, 2, 3, 4),
        caption=(
            "\N{PLUS-MINUS SIGN} Monte Carlo standard error and interval of the means; that the "
            "draws are finite in number is not in them."
        ),
    )
    return [Heading("Uncertain parameters"), Prose(text), table]


def _measures(view: RandomisedView, outcomes: Outcomes) -> Iterator[Compared]:
    for hypothesis in view.hypotheses:
        yield f"{hypothesis.name} rejected, %", proportion(outcomes.rejects(hypothesis)), 100.0, 2
        log_ratio = outcomes.log_hazard_ratio(hypothesis)
        finite = np.where(np.isfinite(log_ratio), log_ratio, np.nan)
        yield f"{hypothesis.name}: log hazard ratio at the decision", mean(finite), 1.0, 3
    early = outcomes.stopped_at < len(view.analyses) - 1
    yield "Stopped early, %", proportion(early), 100.0, 2
    yield "Patients when the trial ends", mean(outcomes.at_stop("n_enrolled_at_decision")), 1.0, 1
    yield "Months to the last decision", mean(outcomes.decision_day / DAYS_PER_MONTH), 1.0, 1


def _cells(found: Estimate, scale: float, digits: int) -> tuple[str, str]:
    return with_error(found, scale, digits), monte_carlo_interval(found, scale, digits)
