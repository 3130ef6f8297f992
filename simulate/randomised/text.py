"""What a randomised trial came to, in a few lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulate.monte_carlo import Estimate, mean, proportion
from simulate.randomised.nulls import true_nulls
from simulate.randomised.outcomes import Outcomes
from simulate.randomised.result import RandomisedResult
from simulate.scenario.monitoring import Hypothesis
from simulate.units import DAYS_PER_MONTH


def results_in_words(result: RandomisedResult) -> str:
    """The main operating characteristics, each with its Monte Carlo standard error."""
    outcomes = result.outcomes
    true = true_nulls(result.job.scenario)
    lines = [
        f"{each.name}: {'type I error' if result.job.null or each.name in true else 'power'} "
        f"{_percent(proportion(outcomes.rejects(each)))}" + _undefined(outcomes, each)
        for each in outcomes.hypotheses
    ]
    lines += _familywise_error(result, true)
    if result.posterior is not None:
        lines += [
            f"{each.name}: power over posterior draws "
            f"{_percent(proportion(result.posterior.rejects(each)))}"
            for each in outcomes.hypotheses
        ]
    lines.append(
        f"patients {_number(mean(outcomes.at_stop('n_enrolled_at_decision')))}, "
        f"duration {_number(mean(outcomes.decision_day / DAYS_PER_MONTH))} months, "
        f"stopped before the last look {_percent(proportion(_early(outcomes)))}"
    )
    return "\n".join(lines)


def _familywise_error(result: RandomisedResult, true: Sequence[str]) -> list[str]:
    """How often a true hypothesis of no effect is rejected, where there are several hypotheses."""
    outcomes = result.outcomes
    if len(outcomes.hypotheses) < 2 or not true:
        return []
    rejected = [outcomes.rejects(each) for each in outcomes.hypotheses if each.name in true]
    error = _percent(proportion(np.any(rejected, axis=0)))
    lines = [f"family-wise error (no effect on {', '.join(true)}): {error}"]
    asked = result.job.null_of
    others = [name for name in true if name not in asked]
    if asked and others:
        # such as progression-free survival, which cannot differ where overall survival may not
        lines.append(f"--null-of {','.join(asked)} leaves no effect on {', '.join(others)} either")
    return lines


def _undefined(outcomes: Outcomes, hypothesis: Hypothesis) -> str:
    """How often the test was not defined, and what is rejected elsewhere; mostly nothing."""
    undefined = outcomes.undefined(hypothesis)
    if not undefined.any():
        return ""
    text = (
        f"; its test is not defined in {_percent(proportion(undefined))} of trials, which count as "
        "not rejected"
    )
    if undefined.all():
        return text
    given = proportion(outcomes.rejects(hypothesis)[~undefined])
    return f"{text}: {_percent(given)} in the others"


def _early(outcomes: Outcomes) -> list[bool]:
    last = len(outcomes.analyses) - 1
    return [bool(look < last) for look in outcomes.stopped_at]


def _percent(e: Estimate) -> str:
    return f"{100 * e.estimate:.2f}% (MCSE {100 * e.mcse:.2f})"


def _number(e: Estimate) -> str:
    return f"{e.estimate:.1f} (MCSE {e.mcse:.2f})"
