"""A randomised trial for planning: plain survival models by arm, without cycles."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simulate.scenario.analyses import Analysis
from simulate.scenario.baseline import Baseline
from simulate.scenario.fields import PositiveDays
from simulate.scenario.head import Head
from simulate.scenario.monitored import Monitored
from simulate.scenario.monitoring import Estimates, Hypothesis
from simulate.scenario.multiplicity import NO_MULTIPLICITY, Multiplicity, is_left_out
from simulate.scenario.randomisation import MOST_ARMS, Arm, Randomisation
from simulate.scenario.recruitment import Recruitment
from simulate.scenario.survival_endpoints import BUILT_IN, RuleSet, SurvivalEndpoint
from simulate.scenario.survival_model import SurvivalModel, endpoints_of

LONGEST_STUDY = 36525
"""Days that a trial may last: a hundred years."""


class SurvivalTrial(Monitored, Head):
    """All that the file of a randomised trial with plain survival models says."""

    enrolment: Recruitment
    """When patients come."""
    baseline: Baseline = Field(default_factory=Baseline)
    """Who they are; by default nothing is known about them."""
    arms: Annotated[tuple[Arm, ...], Field(min_length=1, max_length=MOST_ARMS)]
    """The arms, in the order of tables; one alone is a trial without randomisation."""
    randomisation: Randomisation = Field(default_factory=Randomisation)
    """How patients are given an arm; by default in blocks of four."""
    survival: SurvivalModel
    """How progression and death come, and how they are seen."""
    rule_sets: tuple[RuleSet, ...] = Field(default=(), exclude_if=lambda sets: not sets)
    """Rules of censoring beside fda and ema, which every scenario has."""
    endpoints: tuple[SurvivalEndpoint, ...] = Field(default=(), exclude_if=lambda some: not some)
    """Endpoints by name, in the order of tables; by default PFS and OS as the model gives them."""
    max_study_duration: Annotated[PositiveDays, Field(le=LONGEST_STUDY)]
    """Time from the origin at which the trial ends, whatever has been reached."""
    analyses: Annotated[tuple[Analysis, ...], Field(min_length=1, max_length=20)]
    """When the data are cut and analysed, in their order."""
    hypotheses: tuple[Hypothesis, ...] = ()
    """What is tested; without any, the trial runs to its last analysis."""
    multiplicity: Multiplicity = Field(default=NO_MULTIPLICITY, exclude_if=is_left_out)
    """How the hypotheses share alpha; by default each has its own."""
    estimates: Estimates = Field(default_factory=Estimates)
    """What is estimated at the looks beside the tests."""

    @property
    def seen_endpoints(self) -> tuple[SurvivalEndpoint, ...]:
        """The endpoints of the looks: those that are defined, or those that the model gives."""
        if self.endpoints:
            return self.endpoints
        return tuple(
            SurvivalEndpoint.model_construct(id=i + 1, name=name, of=name, reader=None, rules=None)
            for i, name in enumerate(endpoints_of(self.survival))
        )

    @property
    def endpoint_names(self) -> tuple[str, ...]:
        """Names of the endpoints of the looks."""
        return tuple(each.name for each in self.seen_endpoints)

    def event_of(self, endpoint: str) -> str:
        """What the event of an endpoint is: PFS or OS."""
        return {each.name: each.of for each in self.seen_endpoints}[endpoint]

    def rules_of(self, endpoint: SurvivalEndpoint) -> RuleSet:
        """The rule set of an endpoint; by default every event counts."""
        known = {each.name: each for each in (*BUILT_IN, *self.rule_sets)}
        return known[endpoint.rules or "ema"]
