"""With how many events a scenario plans the looks that something else than these triggers."""

from __future__ import annotations

from simulate.errors import UsageError
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.scenario import Scenario
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.trial import Trial
from simulate.theory.course import Expected, ExpectedTrial
from simulate.theory.patients import ExpectedPatients
from simulate.theory.performance import counts_for, planned_events


def expected_events(trial: SurvivalTrial | Trial) -> dict[str, tuple[float, ...]]:
    """Planned events of each look, by the name of the hypothesis, as `simulate design` has them.

    Only of hypotheses with a look before the last that its own events do not trigger: of all others
    they are the counts of the looks. And only where theory has a formula and replicates have their
    parameters in common.
    """
    unplanned = [each for each in trial.hypotheses if not _is_planned(trial, each)]
    expected = _expected(trial) if unplanned else None
    if expected is None:
        return {}
    return {each.name: planned_events(expected, each) for each in unplanned}


def _is_planned(trial: SurvivalTrial | Trial, hypothesis: Hypothesis) -> bool:
    """Whether all looks before the last wait for events of the hypothesis's two arms."""
    earlier = [each.cut.events for each in trial.analyses_of(hypothesis)[:-1]]
    own = [each is not None and counts_for(each, hypothesis) for each in earlier]
    return not earlier or (all(own) and len(trial.arms) == 2)


def _expected(trial: SurvivalTrial | Trial) -> Expected | None:
    if isinstance(trial, SurvivalTrial):
        return ExpectedTrial(trial)
    if not isinstance(trial, Scenario) or trial.draws is not None:
        return None
    try:
        return ExpectedPatients(trial)
    except UsageError:
        return None  # survival has no formula
