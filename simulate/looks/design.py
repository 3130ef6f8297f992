"""What the looks need to know of a scenario, whatever kind of trial it describes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from simulate.build_survival_plan import all_cells
from simulate.looks.concordance import COUNTS
from simulate.multiplicity.graph import Graph
from simulate.scenario.analyses import Analysis
from simulate.scenario.monitored import Monitored, patients_of, planned_events, populations_in
from simulate.scenario.monitoring import Estimates, Hypothesis
from simulate.scenario.populations import EVERYBODY, Population, population_of
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.testing import FurtherTest, compares, is_asked_of, is_stratified

CONCORDANCE, SWITCHED = "concordance", "switched"
"""First parts of the names of columns on readers, and on changes of treatment."""


@dataclass(frozen=True)
class LookDesign:
    """The looks of a scenario, with its hypotheses and estimates."""

    analyses: tuple[Analysis, ...]
    hypotheses: tuple[Hypothesis, ...]
    estimates: Estimates
    endpoints: tuple[str, ...]
    """Names of the endpoints, such as PFS and OS, in the order of the samples; rates last."""
    arms: tuple[str, ...]
    """Names of the arms, in the order of their positions."""
    sample_size: int
    origin: date
    """Calendar date of trial day 0."""
    last_day: int
    """Trial day at whose end the trial ends, whatever has been reached."""
    graph: Graph | None = None
    """How the hypotheses share alpha; None if each has its own."""
    alpha: float = 0.025
    """What they share."""
    compares_all: bool = False
    """Whether hazard ratios are told of endpoints that are not tested, beside those that are."""
    more: tuple[str, ...] = ()
    """Names of columns that are filled by others, the last of a look."""
    rates: tuple[str, ...] = ()
    """Endpoints of which a rate is compared, and not a time."""
    seen_at_scans: tuple[str, ...] = ()
    """Endpoints whose progression is known to lie between two scans."""
    patients: Mapping[str, int] = field(default_factory=dict)
    """By the name of a hypothesis: patients whom its two arms are planned with."""
    groups: tuple[Mapping[str, str], ...] = ()
    """Levels by which subpopulations differ, of each group of patients that the samples tell."""

    def looks_of(self, hypothesis: Hypothesis) -> tuple[int, ...]:
        """Looks (from 0) that test a hypothesis."""
        names = hypothesis.analyses
        return tuple(
            i for i, analysis in enumerate(self.analyses) if not names or analysis.name in names
        )

    def further_tests(self, hypothesis: Hypothesis) -> tuple[FurtherTest, ...]:
        """Tests that are told of a hypothesis beside its own."""
        kind = {
            "is_rate": hypothesis.endpoint in self.rates,
            "is_seen_at_scans": hypothesis.endpoint in self.seen_at_scans,
        }
        return tuple(
            each
            for each in self.estimates.tests
            if is_asked_of(each, hypothesis.name) and compares(each.test, **kind)
        )

    @property
    def compared(self) -> dict[tuple[str, str], bool]:
        """Arms that some hypothesis compares, and whether the first of these does so in strata."""
        found: dict[tuple[str, str], bool] = {}
        for each in self.hypotheses:
            found.setdefault((each.experimental, each.control), is_stratified(each.test))
        return found

    @property
    def untested(self) -> tuple[tuple[str, tuple[str, str]], ...]:
        """Endpoints and arms whose hazard ratio no hypothesis tells, where all are to be told."""
        if not self.compares_all:
            return ()
        tested = {
            (each.endpoint, each.experimental, each.control)
            for each in self.hypotheses
            if not each.population
        }
        return tuple(
            (endpoint, arms)
            for endpoint in self.endpoints
            for arms in self.compared
            if endpoint not in self.rates and (endpoint, *arms) not in tested
        )

    def planned_events(self, hypothesis: Hypothesis) -> tuple[int | None, ...]:
        """At each look that tests a hypothesis: its events if they trigger the look, else None."""
        endpoint, population = hypothesis.endpoint, population_of(hypothesis.population)
        return tuple(
            planned_events(self.analyses[look], endpoint, population)
            for look in self.looks_of(hypothesis)
        )

    def information(self, hypothesis: Hypothesis) -> float:
        """Events at which all error of a hypothesis is spent; nan if the scenario tells none.

        Of a response rate: patients, by default all whom its two arms are planned with.
        """
        if hypothesis.information is not None:
            return float(hypothesis.information)
        if hypothesis.endpoint in self.rates and not hypothesis.population:
            return float(self.patients.get(hypothesis.name, math.nan))
        planned = self.planned_events(hypothesis)[-1]
        return math.nan if planned is None else float(planned)

    @property
    def populations(self) -> tuple[Population, ...]:
        """Subpopulations in which something is tested or counted, each once."""
        return populations_in(self.hypotheses, self.analyses)

    def place_of(self, population: Population) -> int:
        """Position of a subpopulation; -1 for all patients."""
        return -1 if population == EVERYBODY else self.populations.index(population)


def survival_design(trial: SurvivalTrial) -> LookDesign:
    """The looks of a randomised survival trial."""
    return LookDesign(
        analyses=trial.analyses,
        hypotheses=trial.hypotheses,
        estimates=trial.estimates,
        endpoints=trial.endpoint_names,
        arms=tuple(arm.name for arm in trial.arms),
        sample_size=trial.sample_size,
        origin=trial.origin,
        last_day=math.floor(trial.max_study_duration),
        graph=trial.graph,
        alpha=trial.multiplicity.alpha,
        compares_all=len(trial.endpoints) > 1,
        more=tuple(more_columns(trial, switches=bool(trial.survival.switching))),
        rates=tuple(filter(trial.is_rate, trial.endpoint_names)),
        seen_at_scans=tuple(filter(trial.is_seen_at_scans, trial.endpoint_names)),
        patients={each.name: patients_of(trial, each) for each in trial.hypotheses},
        groups=tuple(all_cells(trial)) if trial.populations else (),
    )


def more_columns(trial: Monitored, *, switches: bool) -> Iterator[str]:
    """Columns on readers and on changes of treatment: see :mod:`simulate.looks.concordance`."""
    for one, other in trial.pairs_of_readers:
        for arm in trial.arms:
            yield from (concordance_column(one, other, count, arm.name) for count in COUNTS)
    if switches:
        yield from (f"{SWITCHED}.{arm.name}" for arm in trial.arms)


def concordance_column(one: str, other: str, count: str, arm: str) -> str:
    """Name of a column that counts patients of an arm by what two readers say."""
    return f"{CONCORDANCE}.{one}.{other}.{count}.{arm}"
