"""One trial as a scenario file describes it, from the first block to the last."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PrivateAttr

from simulate.scenario.analyses import Analysis, Design
from simulate.scenario.arms import TrialArm
from simulate.scenario.assessment import Assessment
from simulate.scenario.baseline import Baseline
from simulate.scenario.disease import Disease
from simulate.scenario.draws import Draws
from simulate.scenario.enrolment import Enrolment
from simulate.scenario.fields import Label, PositiveDays
from simulate.scenario.follow_up import FollowUp
from simulate.scenario.head import Head
from simulate.scenario.monitored import Monitored
from simulate.scenario.monitoring import Estimates, Hypothesis
from simulate.scenario.multiplicity import NO_MULTIPLICITY, Multiplicity, is_left_out
from simulate.scenario.parameters import Parameters
from simulate.scenario.randomisation import MOST_ARMS, Randomisation
from simulate.scenario.readers import (
    INVESTIGATOR,
    Reader,
    SwitchAfterCall,
    TherapyAfterTreatment,
)
from simulate.scenario.resources import Resources
from simulate.scenario.single_arm import SingleArm
from simulate.scenario.survival_endpoints import BUILT_IN, LATENT_READER, RuleSet
from simulate.scenario.testing import ResponseTest
from simulate.scenario.toxicity import Toxicity
from simulate.scenario.treatment import Treatment
from simulate.scenario.trial_endpoints import TrialEndpoint, TrialEndpoints

NO_RANDOMISATION, NO_ESTIMATES = Randomisation(), Estimates()


class Trial(Monitored, Head):
    """All that the file of a trial with patients in cycles and scans says."""

    facts: Label | None = None
    """File with published results to compare with, seen from this file; by default none."""
    calibration_file: Label | None = Field(default=None, alias="calibration")
    """File of how its parameters are estimated from the facts, seen from this file; or none."""
    parameters: Parameters | None = None
    """Calibration whose values stand in the place of this file's; by default there is none."""
    enrolment: Enrolment
    """Who comes, where and when."""
    baseline: Baseline = Field(default_factory=Baseline)
    """Who they are; by default nothing is known about them."""
    arms: Annotated[tuple[TrialArm, ...], Field(max_length=MOST_ARMS)] = Field(
        default=(), exclude_if=lambda arms: not arms
    )
    """Arms of a randomised trial, in the order of tables; by default all are treated alike.

    The blocks below are those of every arm that does not set other ones.
    """
    randomisation: Randomisation = Field(
        default=NO_RANDOMISATION, exclude_if=lambda block: block == NO_RANDOMISATION
    )
    """How patients are given an arm; by default in blocks of four."""
    disease: Disease
    """The disease as it truly is."""
    treatment: Treatment
    """What is given."""
    toxicity: Toxicity | None = None
    """Adverse events; by default none are simulated."""
    assessment: Assessment
    """Who looks, and when."""
    readers: tuple[Reader, ...] = Field(default=(), exclude_if=lambda readers: not readers)
    """Who reads the scans of a randomised trial, and errs how.

    The investigator, at whose call scans and treatment end, errs only if listed. Any other reader,
    such as central, gives the endpoint PFS_central. By default there is nobody else.
    """
    new_therapy: TherapyAfterTreatment | None = Field(
        default=None, exclude_if=lambda block: block is None
    )
    """New anticancer therapy in a randomised trial; by default there is none."""
    switching: tuple[SwitchAfterCall, ...] = Field(default=(), exclude_if=lambda some: not some)
    """Who changes treatment after progression, and what that does; by default nobody."""
    rule_sets: tuple[RuleSet, ...] = Field(default=(), exclude_if=lambda sets: not sets)
    """Rules of censoring beside fda and ema, which every scenario has."""
    follow_up: FollowUp
    """Who leaves."""
    resources: Resources | None = None
    """What patients share at a site; by default nothing is limited."""
    max_study_duration: PositiveDays | None = Field(
        default=None, exclude_if=lambda days: days is None
    )
    """Time from the origin at which a randomised trial ends, whatever has been reached."""
    analyses: Annotated[tuple[Analysis, ...], Field(min_length=1)]
    """When the data are cut and analysed."""
    hypotheses: tuple[Hypothesis, ...] = Field(default=(), exclude_if=lambda blocks: not blocks)
    """What a randomised trial tests; without any, it runs to its last analysis."""
    multiplicity: Multiplicity = Field(default=NO_MULTIPLICITY, exclude_if=is_left_out)
    """How the hypotheses share alpha; by default each has its own."""
    estimates: Estimates = Field(
        default=NO_ESTIMATES, exclude_if=lambda block: block == NO_ESTIMATES
    )
    """What is estimated at the looks of a randomised trial beside the tests."""
    single_arm: SingleArm | None = Field(default=None, exclude_if=lambda block: block is None)
    """By which responses a trial of one arm is decided; by default it runs to its last analysis."""
    endpoints: TrialEndpoints = Field(default_factory=TrialEndpoints)
    """Which rates and subgroups are estimated, and how; and endpoints by name."""
    design: Design = Field(default_factory=Design)
    """Questions about the design; by default none."""

    _draws: Draws | None = PrivateAttr(default=None)
    _arm_trials: tuple[Trial, ...] = PrivateAttr(default=())

    @property
    def arm_trials(self) -> tuple[Trial, ...]:
        """The trial of each arm, as if all its patients were treated so; without arms itself."""
        return self._arm_trials or (self,)

    @property
    def investigator(self) -> Reader | None:
        """How the investigator errs; None if never."""
        return next((each for each in self.readers if each.name == INVESTIGATOR), None)

    @property
    def other_readers(self) -> tuple[Reader, ...]:
        """Who reads the scans beside the investigator, and changes nothing."""
        return tuple(each for each in self.readers if each.name != INVESTIGATOR)

    @property
    def seen_endpoints(self) -> tuple[TrialEndpoint, ...]:
        """The endpoints of the looks: those that are defined, or what every trial has."""
        if self.endpoints.named:
            return self.endpoints.named
        names = {"PFS": None, "OS": None} | {f"PFS_{r.name}": r.name for r in self.other_readers}
        return tuple(
            TrialEndpoint.model_construct(
                id=i, name=name, of="OS" if name == "OS" else "PFS", reader=reader, rules=None
            )
            for i, (name, reader) in enumerate(names.items(), start=1)
        )

    @property
    def endpoint_names(self) -> tuple[str, ...]:
        """Names of the endpoints of the looks, those of times first.

        The response rate is among them if a test compares it.
        """
        rate = ("ORR",) if any(isinstance(test, ResponseTest) for test in self.all_tests) else ()
        return (*(each.name for each in self.seen_endpoints), *rate)

    @property
    def evaluable_after(self) -> int:
        """Days from enrolment from which on a patient counts in the response rates of arms."""
        return self.endpoints.evaluable_after

    @property
    def possible_endpoints(self) -> tuple[str, ...]:
        """Names of the endpoints that may be tested, whether or not they are."""
        return tuple(dict.fromkeys((*self.endpoint_names, "ORR")))

    @property
    def has_new_therapy(self) -> bool:
        """Whether there is new therapy at which rules may censor."""
        return self.new_therapy is not None or bool(self.switching)

    @property
    def is_read(self) -> bool:
        """Whether readers, rules of censoring or changes of treatment have a say in an endpoint."""
        return bool(self.readers or self.switching) or any(
            each.rules is not None for each in self.seen_endpoints
        )

    def is_read_endpoint(self, endpoint: str) -> bool:
        """Whether readers, rules or later therapy decide when an endpoint occurs."""
        for each in self.seen_endpoints:
            if each.name == endpoint and each.of == "OS":
                return bool(self.switching)  # which moves death
            if each.name == endpoint and each.reader != LATENT_READER:
                errs = self.investigator is not None or each.who != INVESTIGATOR
                return errs or each.rules is not None or bool(each.grid)
        return False

    @property
    def pairs_of_readers(self) -> tuple[tuple[str, str], ...]:
        """Readers whose calls are compared: the investigator with each other one."""
        return tuple((INVESTIGATOR, reader.name) for reader in self.other_readers)

    def event_of(self, endpoint: str) -> str:
        """What the event of an endpoint is: PFS, OS or ORR."""
        return {each.name: each.of for each in self.seen_endpoints}.get(endpoint, "ORR")

    def is_seen_at_scans(self, endpoint: str) -> bool:
        """Whether progression of an endpoint is known to lie between two scans.

        That all arms are scanned is asked of their own trials.
        """
        seen = {each.name: each.who for each in self.seen_endpoints if not each.grid}
        return seen.get(endpoint) not in (None, LATENT_READER)

    def rules_of(self, endpoint: TrialEndpoint) -> RuleSet | None:
        """The rule set of an endpoint; None if it has that of the scenario's follow-up."""
        known = {each.name: each for each in (*BUILT_IN, *self.rule_sets)}
        return None if endpoint.rules is None else known[endpoint.rules]

    @property
    def draws(self) -> Draws | None:
        """Posterior draws by which replicates differ; None if all have the same parameters."""
        return self._draws

    def draw_of(self, replicate: int) -> int | None:
        """Number of the draw that a replicate is simulated with; None without draws."""
        return None if self._draws is None else replicate % self._draws.n
