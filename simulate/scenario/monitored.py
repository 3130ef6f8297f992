"""What a trial with looks and hypotheses can be asked, whatever its patients are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulate.scenario.analyses import Analysis
from simulate.scenario.monitoring import Estimates, Hypothesis
from simulate.scenario.multiplicity import Multiplicity
from simulate.scenario.populations import EVERYBODY, Population, population_of
from simulate.scenario.randomisation import Arm
from simulate.scenario.testing import (
    FurtherTest,
    TestBlock,
    TestName,
    compares,
    is_asked_of,
)

if TYPE_CHECKING:
    from simulate.multiplicity.graph import Graph


class Monitored:
    """A trial with arms, analyses and hypotheses."""

    if TYPE_CHECKING:

        @property
        def arms(self) -> Sequence[Arm]:
            """The arms, in the order of tables."""

        @property
        def hypotheses(self) -> tuple[Hypothesis, ...]:
            """What is tested."""

        @property
        def estimates(self) -> Estimates:
            """What is estimated beside the tests."""

        @property
        def sample_size(self) -> int:
            """Patients to enrol."""

        @property
        def multiplicity(self) -> Multiplicity:
            """How the hypotheses share alpha."""

        @property
        def analyses(self) -> tuple[Analysis, ...]:
            """When the data are cut and analysed, in their order."""

    def arm(self, name: str) -> Arm:
        """The arm of a name.

        Raises
        ------
        KeyError
            If there is none.
        """
        for arm in self.arms:
            if arm.name == name:
                return arm
        raise KeyError(name)

    @property
    def graph(self) -> Graph | None:
        """The graph by which hypotheses share alpha; None if each has its own."""
        if self.multiplicity.method == "none":
            return None
        return graph_of(self.multiplicity, self.hypotheses)

    def levels(self, hypothesis: Hypothesis) -> tuple[float, ...]:
        """Levels at which a hypothesis may be tested, from the lowest on.

        Its own alpha; or, where alpha is shared, all parts of it that may come to it.
        """
        graph = self.graph
        if graph is None:
            return (hypothesis.alpha,)
        return levels_of(graph, self.multiplicity.alpha, self.hypotheses.index(hypothesis))

    def first_level(self, hypothesis: Hypothesis) -> float:
        """Level of a hypothesis before any is rejected; 0 if it has to wait for others."""
        graph = self.graph
        if graph is None:
            return hypothesis.alpha
        return self.multiplicity.alpha * float(graph.weights[self.hypotheses.index(hypothesis)])

    def alpha(self, hypothesis: Hypothesis) -> float:
        """The most one-sided alpha that a hypothesis can have: its own, or all that is shared."""
        return hypothesis.alpha if self.graph is None else self.multiplicity.alpha

    def analyses_of(self, hypothesis: Hypothesis) -> tuple[Analysis, ...]:
        """Analyses at which a hypothesis is tested."""
        if not hypothesis.analyses:
            return self.analyses
        return tuple(each for each in self.analyses if each.name in hypothesis.analyses)

    @property
    def is_read(self) -> bool:
        """Whether readers, missed visits or rules have a say in an endpoint."""
        return False

    @abstractmethod
    def is_read_endpoint(self, endpoint: str) -> bool:
        """Whether readers, missed scans, rules or later therapy decide when an endpoint occurs."""

    @property
    def pairs_of_readers(self) -> tuple[tuple[str, str], ...]:
        """Readers whose calls are compared."""
        return ()

    def event_of(self, endpoint: str) -> str:
        """What the event of an endpoint is: PFS, OS or ORR."""
        return endpoint

    @property
    def evaluable_after(self) -> int:
        """Days from randomisation from which on a patient counts in a response rate."""
        return 0

    def is_rate(self, endpoint: str) -> bool:
        """Whether the rate of an endpoint is compared, and not a time."""
        return self.event_of(endpoint) == "ORR"

    @abstractmethod
    def is_seen_at_scans(self, endpoint: str) -> bool:
        """Whether a test may take progression of an endpoint to lie between two scans."""

    def further_tests(self, hypothesis: Hypothesis) -> tuple[FurtherTest, ...]:
        """Tests that are told of a hypothesis beside its own."""
        kind = {
            "is_rate": self.is_rate(hypothesis.endpoint),
            "is_seen_at_scans": self.is_seen_at_scans(hypothesis.endpoint),
        }
        return tuple(
            each
            for each in self.estimates.tests
            if is_asked_of(each, hypothesis.name) and compares(each.test, **kind)
        )

    @property
    def populations(self) -> tuple[Population, ...]:
        """Subpopulations in which something is tested or counted, each once."""
        return populations_in(self.hypotheses, self.analyses)

    @property
    def population_variables(self) -> tuple[str, ...]:
        """Baseline variables by which these differ, in the order of their names."""
        return tuple(sorted({name for each in self.populations for name, _ in each}))

    @property
    def all_tests(self) -> tuple[TestName | TestBlock, ...]:
        """The test of each hypothesis, and those told beside them."""
        further = (each.test for each in self.estimates.tests)
        return (*(each.test for each in self.hypotheses), *further)

    def planned_events(
        self, analysis: Analysis, endpoint: str, population: Population = EVERYBODY
    ) -> int | None:
        """Events of an endpoint by which an analysis is triggered; None if by something else."""
        return planned_events(analysis, endpoint, population)

    def information(self, hypothesis: Hypothesis) -> int | None:
        """Information at which all error of a hypothesis is spent; None if the scenario tells none.

        Events; of a response rate evaluable patients, by default all of its arms.
        """
        if hypothesis.information is not None:
            return hypothesis.information
        if self.is_rate(hypothesis.endpoint):
            return None if hypothesis.population else patients_of(self, hypothesis)
        return self.planned_events(
            self.analyses_of(hypothesis)[-1],
            hypothesis.endpoint,
            population_of(hypothesis.population),
        )


def populations_in(
    hypotheses: Sequence[Hypothesis], analyses: Sequence[Analysis]
) -> tuple[Population, ...]:
    """Subpopulations in which something is tested or counted, each once."""
    tested = [each.population for each in hypotheses]
    counted = [t.events.population for a in analyses for t in a.cut.triggers if t.events]
    found = dict.fromkeys(population_of(levels) for levels in (*tested, *counted))
    return tuple(each for each in found if each != EVERYBODY)


def planned_events(analysis: Analysis, endpoint: str, population: Population) -> int | None:
    """Events of an endpoint by which an analysis is triggered; None if by something else."""
    counts = [
        each.events.count
        for each in analysis.cut.triggers
        if each.events is not None
        and each.events.endpoint == endpoint
        and population_of(each.events.population) == population
    ]
    return max(counts) if counts else None


def patients_of(trial: Monitored, hypothesis: Hypothesis) -> int:
    """Patients of the two arms of a hypothesis that are evaluable at its last look, rounded down.

    All, unless that look waits for so many patients to have been enrolled long enough.
    """
    arms = [trial.arm(name) for name in (hypothesis.experimental, hypothesis.control)]
    part = sum(arm.allocation for arm in arms)
    waits, n = trial.analyses_of(hypothesis)[-1].cut.enrolled, trial.sample_size
    if waits is not None and waits.after >= trial.evaluable_after:
        n = min(waits.count, n)
    return n * part // sum(arm.allocation for arm in trial.arms)


def graph_of(block: Multiplicity, hypotheses: Sequence[Hypothesis]) -> Graph:
    """The graph that a checked block describes."""
    # numerical libraries are loaded only where a graph is there
    import numpy as np

    from simulate.multiplicity.graph import Graph, fixed_sequence, holm

    names = [each.name for each in hypotheses]
    if block.method == "holm":
        return holm(len(names))
    if block.method == "fixed_sequence":
        return fixed_sequence([names.index(name) for name in block.order or names])
    weights = np.array([block.weights.get(name, 0.0) for name in names])
    ways = [[block.transitions.get(i, {}).get(j, 0.0) for j in names] for i in names]
    return Graph(weights, np.array(ways, np.float64))


def levels_of(graph: Graph, alpha: float, hypothesis: int) -> tuple[float, ...]:
    """Levels above 0 that a hypothesis of a graph may have, from the lowest on.

    Levels that differ by rounding alone count as one.
    """
    n = len(graph)
    parts = [graph.weights_by_set[m, hypothesis] for m in range(1 << n) if not m >> hypothesis & 1]
    return tuple(alpha * part for part in sorted({rounded(part) for part in parts}) if part > 0.0)


def rounded(part: float) -> float:
    """A part of alpha, so that what is the same but for rounding is equal."""
    return round(float(part), 12)
