"""The rules between fields, applied to a trial of any kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simulate.scenario.findings import Finding
from simulate.scenario.rules import RULES
from simulate.scenario.rules_of_survival import SURVIVAL_RULES
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.trial import Trial


def findings(
    trial: Trial | SurvivalTrial, *, valid: Iterable[str], about: Iterable[str] | None = None
) -> Iterator[Finding]:
    """Apply all rules whose blocks are valid.

    Parameters
    ----------
    trial
        The trial; blocks that are not in `valid` may be missing.
    valid
        Names of the top-level fields that are valid by themselves.
    about
        Names of top-level fields: only rules that read one of them are applied; by default all.
    """
    usable = frozenset(valid)
    chosen = usable if about is None else frozenset(about)
    if isinstance(trial, SurvivalTrial):
        for blocks, rule in SURVIVAL_RULES:
            if blocks <= usable and not blocks.isdisjoint(chosen):
                yield from rule(trial)
        return
    for blocks, rule_of_patients in RULES:
        if blocks <= usable and not blocks.isdisjoint(chosen):
            yield from rule_of_patients(trial)
