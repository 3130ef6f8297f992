"""What a trial with looks and hypotheses can be asked, whatever its patients are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulate.scenario.analyses import Analysis
from simulate.scenario.monitoring import Hypothesis
from simulate.scenario.randomisation import Arm


class Monitored:
    """A trial with arms, analyses and hypotheses."""

    if TYPE_CHECKING:

        @property
        def arms(self) -> Sequence[Arm]:
            """The arms, in the order of tables."""

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

    def analyses_of(self, hypothesis: Hypothesis) -> tuple[Analysis, ...]:
        """Analyses at which a hypothesis is tested."""
        if not hypothesis.analyses:
            return self.analyses
        return tuple(each for each in self.analyses if each.name in hypothesis.analyses)

    def event_of(self, endpoint: str) -> str:
        """What the event of an endpoint is: PFS or OS."""
        return endpoint

    def planned_events(self, analysis: Analysis, endpoint: str) -> int | None:
        """Events of an endpoint by which an analysis is triggered; None if by something else."""
        counts = [
            each.events.count
            for each in analysis.cut.triggers
            if each.events is not None and each.events.endpoint == endpoint
        ]
        return max(counts) if counts else None

    def information(self, hypothesis: Hypothesis) -> int | None:
        """Events at which all error of a hypothesis is spent; None if the scenario tells none."""
        if hypothesis.information is not None:
            return hypothesis.information
        return self.planned_events(self.analyses_of(hypothesis)[-1], hypothesis.endpoint)
