"""A randomised trial for planning: plain survival models by arm, without cycles."""

from __future__ import annotations

from itertools import combinations
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
from simulate.scenario.survival_endpoints import (
    BUILT_IN,
    LATENT_READER,
    ReportedMedian,
    RuleSet,
    SurvivalEndpoint,
)
from simulate.scenario.survival_model import ORR, SurvivalModel, endpoints_of

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
    """Endpoints by name, in the order of tables; by default PFS, OS and ORR as the model gives
    them."""
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
    reported_medians: tuple[ReportedMedian, ...] = Field(
        default=(), exclude_if=lambda medians: not medians
    )
    """Medians of other trials, beside which the report sets those of this one."""

    @property
    def seen_endpoints(self) -> tuple[SurvivalEndpoint, ...]:
        """The endpoints of the looks: those that are defined, or those that the model gives.

        Times come before the rate of response.
        """
        if self.endpoints:
            return tuple(sorted(self.endpoints, key=lambda each: each.of == ORR))
        return tuple(
            SurvivalEndpoint.model_construct(id=i + 1, name=name, of=name, reader=None, rules=None)
            for i, name in enumerate(endpoints_of(self.survival))
        )

    @property
    def endpoint_names(self) -> tuple[str, ...]:
        """Names of the endpoints of the looks."""
        return tuple(each.name for each in self.seen_endpoints)

    @property
    def unlisted_endpoints(self) -> tuple[str, ...]:
        """Endpoints that the model gives under their own names, and that are not defined."""
        return tuple(e for e in endpoints_of(self.survival) if e not in self.endpoint_names)

    @property
    def is_read(self) -> bool:
        """Whether readers, missed visits or rules have a say in an endpoint."""
        return any(map(self.is_reviewed, self.seen_endpoints))

    def is_reviewed(self, endpoint: SurvivalEndpoint) -> bool:
        """Whether an endpoint is seen otherwise than without error, or has rules of censoring."""
        model, rules = self.survival, self.rules_of(endpoint)
        if endpoint.of != "PFS" or endpoint.reader == LATENT_READER:
            return False
        if endpoint.reader is not None or model.treating_reader is not None or endpoint.grid:
            return True
        if model.visits is not None or model.calendar_by_arm:
            return True
        return rules.censors

    def is_read_endpoint(self, endpoint: str) -> bool:
        """Whether readers, missed scans, rules or later therapy decide when an endpoint occurs."""
        (found,) = (each for each in self.seen_endpoints if each.name == endpoint)
        return self.is_reviewed(found) or (found.of == "OS" and self.switches_at_call)

    @property
    def has_new_therapy(self) -> bool:
        """Whether there is new therapy at which rules may censor."""
        return self.survival.new_therapy is not None or self.switches_at_call

    @property
    def switches_at_call(self) -> bool:
        """Whether patients change treatment at the call of a reader, not at progression itself."""
        return bool(self.survival.switching) and self.survival.treating_reader is not None

    @property
    def pairs_of_readers(self) -> tuple[tuple[str, str], ...]:
        """Readers whose calls are compared, the treating one first; none if nobody reads."""
        names = [reader.name for reader in self.survival.readers]
        if not self.is_read:
            return ()
        treating = self.survival.treating_reader
        if treating is not None:
            return tuple((treating, name) for name in names if name != treating)
        return tuple(combinations(names, 2))

    def event_of(self, endpoint: str) -> str:
        """What the event of an endpoint is: PFS, OS or ORR."""
        return {each.name: each.of for each in self.seen_endpoints}[endpoint]

    def is_latent(self, endpoint: str) -> bool:
        """Whether progression of an endpoint is known on its very day, whatever the scans."""
        readers = {each.name: each.reader for each in self.seen_endpoints}
        return readers[endpoint] == LATENT_READER

    def is_seen_at_scans(self, endpoint: str) -> bool:
        """Whether progression of an endpoint is known to lie between two scans."""
        seen = {each.name: each for each in self.seen_endpoints}[endpoint]
        by_scans = seen.of == "PFS" and seen.reader != LATENT_READER and not seen.grid
        return by_scans and self.survival.observation != "exact"

    @property
    def evaluable_after(self) -> int:
        """Days from randomisation from which on a patient counts in a response rate."""
        return 0 if self.survival.response is None else self.survival.response.evaluable_after

    @property
    def kinds(self) -> dict[str, str]:
        """PFS and OS, as far as there are endpoints of them, each with the first such endpoint."""
        times = [each for each in self.seen_endpoints if each.of != ORR]
        return {each.of: each.name for each in reversed(times)}

    def rules_of(self, endpoint: SurvivalEndpoint) -> RuleSet:
        """The rule set of an endpoint; by default every event counts."""
        known = {each.name: each for each in (*BUILT_IN, *self.rule_sets)}
        return known[endpoint.rules or "ema"]
