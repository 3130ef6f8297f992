"""What to run of a randomised trial, and the record from which it can be run again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simulate.choose_engine import AUTO, EngineChoice
from simulate.errors import UsageError
from simulate.job import AnyJob, check_size, record_of
from simulate.look_replicates import engine_of_looks
from simulate.randomised.nulls import without_effect
from simulate.scenario.reading import AnyScenario
from simulate.scenario.scenario import Scenario
from simulate.scenario.survival_scenario import SurvivalScenario

NULL_SUFFIX = "_null"
"""What the name of a scenario ends with when all effects are taken away."""


@dataclass(frozen=True, kw_only=True)
class RandomisedJob(AnyJob):
    """What to run of a randomised trial."""

    null: bool = False
    """Whether the scenario is one whose effects were taken away."""
    null_of: tuple[str, ...] = ()
    """Hypotheses whose effects were taken away, where others kept theirs."""

    @property
    def engine_choice(self) -> EngineChoice:
        """The engine that runs the scenario's replicates, and why.

        Raises
        ------
        UsageError
            If there is no engine as asked for, or it cannot run the scenario.
        """
        return engine_of_looks(self.scenario, self.engine, self.replicates)


def make_randomised_job(
    scenario: AnyScenario,
    *,
    replicates: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    engine: str = "auto",
    command: str = "",
    null: bool = False,
    null_of: Sequence[str] = (),
) -> RandomisedJob:
    """A job from a scenario and what the user asks for.

    Parameters
    ----------
    scenario, replicates, seed, workers, engine, command
        The scenario, and how it is run.
    null
        Whether all effects are taken away.
    null_of
        Or names of hypotheses whose effects are.

    Raises
    ------
    UsageError
        If a number makes no sense, there is no such engine, or there is no effect to take away.
    """
    if null:
        scenario = under_null(scenario)
    elif null_of:
        scenario = under_null_of(scenario, null_of)
    n = scenario.replicates if replicates is None else replicates
    chosen_seed = scenario.seed if seed is None else seed
    check_size(n, chosen_seed, workers)
    engine_of_looks(scenario, engine, n)
    over_draws = scenario.over_draws() if isinstance(scenario, Scenario) and not null else None
    variants = [scenario.variant(each.name) for each in scenario.sweep]
    for each in (scenario, over_draws, *variants):
        if isinstance(each, Scenario):
            each.check_draws(n)
    if engine != AUTO:  # which would take the one that can
        for variant in variants:
            engine_of_looks(variant, engine, n)
    return RandomisedJob(
        scenario=scenario,
        replicates=n,
        seed=chosen_seed,
        workers=workers,
        engine=engine,
        command=command,
        null=null,
        null_of=tuple(null_of) if not null else (),
        over_draws=over_draws,
    )


def under_null(scenario: AnyScenario) -> AnyScenario:
    """The scenario without any effect of an arm, named ``<scenario>_null``.

    Of a trial with plain survival models all effects are taken away; of one with patients in cycles
    and scans every experimental arm is treated as its control.

    Raises
    ------
    UsageError
        If it has no effect to take away.
    """
    changes = (
        _without_effects(scenario)
        if isinstance(scenario, SurvivalScenario)
        else _all_as_control(scenario)
    )
    if not changes:
        raise UsageError(f"{scenario.name} has no effects, so it is a null scenario already")
    named: dict[str, object] = {
        "name": f"{scenario.name[: 64 - len(NULL_SUFFIX)]}{NULL_SUFFIX}",
        "title": f"{scenario.title[:180]} (no effect)",
        "sweep": [],
    }
    if scenario.grid is not None:
        named["grid"] = None
    return scenario.with_overrides({**changes, **named})


def under_null_of(scenario: AnyScenario, names: Sequence[str]) -> AnyScenario:
    """The scenario without the effects on some hypotheses, named ``<scenario>_null_<names>``.

    See :mod:`simulate.randomised.nulls` for what is taken away.

    Raises
    ------
    UsageError
        If there is no such hypothesis, or patients have cycles and scans.
    """
    if not isinstance(scenario, SurvivalScenario):
        raise UsageError(
            "--null-of is of plain survival models: how arms of patients in cycles differ cannot "
            "be taken apart by endpoint. Use --null, or set the fields of an arm"
        )
    suffix = "_".join((NULL_SUFFIX, *names))
    title = f"{scenario.title[:140]} (no effect on {', '.join(names)})"
    named: dict[str, object] = {
        "name": f"{scenario.name[: max(64 - len(suffix), 1)]}{suffix}"[:64],
        "title": title[:200],
        "sweep": [],
    }
    if scenario.grid is not None:
        named["grid"] = None
    return scenario.with_overrides({**without_effect(scenario, names), **named})


def _without_effects(scenario: SurvivalScenario) -> dict[str, object]:
    changes: dict[str, object] = {"survival.effects": []} if scenario.survival.effects else {}
    response = scenario.survival.response
    if response is not None and response.effects:
        changes["survival.response.effects"] = []
    return changes


def _all_as_control(scenario: Scenario) -> dict[str, object]:
    """What every arm must set to be treated as the control of the first hypothesis."""
    if not scenario.hypotheses:
        return {}
    settings = {arm.name: dict(arm.set) for arm in scenario.arms}
    control = settings[scenario.hypotheses[0].control]
    return {f"arms.{name}.set": control for name, own in settings.items() if own != control}


def manifest(job: RandomisedJob) -> dict[str, Any]:
    """Enough to make the result again: scenario, seed, versions, and hashes to check by."""
    more = {"null_of": list(job.null_of)} if job.null_of else {}
    return record_of(job, job.engine_choice) | {"null": job.null} | more
