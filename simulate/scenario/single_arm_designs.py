"""Single-arm phase II designs: the numbers of responses by which a trial of one arm is decided."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from simulate.scenario.fields import (
    OpenProbability,
    Probability,
    Section,
    exactly_one,
    reject,
)
from simulate.sequential.refusals import DesignError

if TYPE_CHECKING:
    # numerical libraries are loaded only where a design is there
    from simulate.single_arm import bop2, predictive, simon
    from simulate.single_arm.rule import DecisionRule

MOST_LOOKS, MOST_PATIENTS = 100, 1000

PatientCount = Annotated[int, Field(ge=1, le=MOST_PATIENTS)]


def _increasing(looks: tuple[int, ...]) -> tuple[int, ...]:
    if any(later <= earlier for earlier, later in pairwise(looks)):
        reject(
            "the looks are out of order",
            hint="Give patients in increasing order, such as [10, 20, 30]",
        )
    return looks


LookSizes = Annotated[
    tuple[PatientCount, ...],
    Field(min_length=1, max_length=MOST_LOOKS),
    AfterValidator(_increasing),
]
"""Patients whose responses are counted at each look, the last one at the end."""

Prior = tuple[
    Annotated[float, Field(gt=0, le=MOST_PATIENTS)], Annotated[float, Field(gt=0, le=MOST_PATIENTS)]
]
"""Parameters of a beta prior of the response rate, such as [0.2, 0.8]."""

Alpha = Annotated[OpenProbability, Field(lt=0.5)]

Confidence = Annotated[OpenProbability, Field(ge=0.5)]
"""One-sided confidence; with less, a lower limit would lie above the estimate."""


class _Design(Section, ABC):
    """What designs of all kinds have."""

    kind: str

    @property
    @abstractmethod
    def null_rate(self) -> float:
        """Response rate that is not worth while."""

    @property
    @abstractmethod
    def alternative_rate(self) -> float:
        """Response rate that is hoped for."""

    @property
    @abstractmethod
    def rule(self) -> DecisionRule:
        """Its counts of responses by look; searched once for all."""

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        self._check()
        try:
            rule = self.rule
            asked = getattr(self, "power", None)
            if asked is not None:
                self._has_power(rule, asked)
        except DesignError as error:
            key = error.part if error.part in self._keys() else ""
            reject(f"the design cannot be met: {error.message}", key=key, hint=error.hint)
        return self

    def _check(self) -> None:
        low, high = self._rates()
        if getattr(self, high) <= getattr(self, low):
            reject(
                f"{high} must be more than {low} (given: {getattr(self, high):g}; "
                f"{low}: {getattr(self, low):g})",
                key=high,
            )

    def _rates(self) -> tuple[str, str]:
        """Names of the two response rates."""
        return "p0", "p1"

    def _keys(self) -> set[str]:
        return {info.alias or name for name, info in type(self).model_fields.items()}

    def _has_power(self, rule: DecisionRule, asked: float) -> None:
        from simulate.single_arm.performance import performance

        found = performance(rule, self.alternative_rate).go_in_all
        if found < asked:
            raise DesignError(
                "power",
                f"{rule.most_patients} patients give a power of {found:.4f} at most "
                f"(given: {asked:g})",
                "Enrol more patients, raise alpha, or ask for less power",
            )


class _TwoRates(_Design):
    p0: OpenProbability
    """Response rate that is not worth while."""
    p1: OpenProbability
    """Response rate that is hoped for."""

    @property
    def null_rate(self) -> float:
        """Response rate that is not worth while."""
        return self.p0

    @property
    def alternative_rate(self) -> float:
        """Response rate that is hoped for."""
        return self.p1


class SingleStage(_TwoRates):
    """One look, exact."""

    kind: Literal["single_stage"]
    alpha: Alpha
    """Probability of go at p0, at most."""
    power: OpenProbability | None = None
    """Probability of go at p1, at least; then the fewest patients are searched."""
    patients: PatientCount | None = None
    """Instead of power: the number of patients."""

    def _check(self) -> None:
        super()._check()
        exactly_one(self, "power", "patients")

    @property
    def rule(self) -> DecisionRule:
        """Its counts of responses by look."""
        from simulate.single_arm import single_stage

        if self.patients is not None:
            return single_stage.of_size(self.patients, self.p0, self.alpha)
        assert self.power is not None  # one of the two is given
        return single_stage.single_stage(self.p0, self.p1, self.alpha, self.power)


class Simon(_TwoRates):
    """Two stages (Simon 1989)."""

    kind: Literal["simon"]
    criterion: Literal["optimal", "minimax", "admissible"] = "optimal"
    """Fewest expected patients at p0, fewest patients in all, or a compromise by weight."""
    weight: Probability | None = None
    """Of an admissible design: weight of the patients in all; the rest is of those expected."""
    alpha: Alpha
    """Probability of go at p0, at most."""
    power: OpenProbability
    """Probability of go at p1, at least."""

    def _check(self) -> None:
        super()._check()
        if self.criterion == "admissible" and self.weight is None:
            reject(
                "the criterion admissible needs a weight",
                key="criterion",
                hint="Give weight, such as 0.5, or take the criterion optimal or minimax",
            )
        if self.criterion != "admissible" and self.weight is not None:
            reject(
                "weight belongs to the criterion admissible, and to no other",
                key="weight",
                hint="Write criterion: admissible, or leave out weight",
            )

    @property
    def admissible(self) -> tuple[simon.TwoStage, ...]:
        """All admissible designs, the minimax one first and the optimal one last."""
        from simulate.single_arm import simon

        return simon.two_stage_designs(self.p0, self.p1, self.alpha, self.power)

    @property
    def rule(self) -> DecisionRule:
        """Its counts of responses by look."""
        from simulate.single_arm import simon

        weights = {"minimax": 1.0, "optimal": 0.0}
        if self.weight is not None:
            return simon.weighted(self.admissible, self.weight).rule
        return self.admissible[0 if weights[self.criterion] else -1].rule


class PredictiveProbability(_TwoRates):
    """Monitoring by predictive probability (Lee and Liu 2008)."""

    kind: Literal["predictive_probability"]
    looks: LookSizes
    """Patients at each look."""
    prior: Prior | None = None
    """Beta prior of the response rate; by default [p0, 1 - p0], worth one patient."""
    stop_below: Annotated[Probability, Field(lt=1)]
    """No go at an interim look if the predictive probability lies below this."""
    stop_above: Annotated[Probability, Field(gt=0)] = 1.0
    """Go at an interim look if it lies above this; by default never."""
    cutoff: OpenProbability | None = None
    """Go at the end if the posterior probability that the rate is above p0 exceeds this."""
    alpha: Alpha | None = None
    """Instead of cutoff: type I error at p0, at most; the cutoff is searched."""
    power: OpenProbability | None = None
    """Probability of go at p1 that the design must have; by default none is asked for."""

    def _check(self) -> None:
        super()._check()
        exactly_one(self, "alpha", "cutoff")
        if self.stop_below >= self.stop_above:
            reject(
                f"stop_below must be less than stop_above (given: {self.stop_below:g}; "
                f"stop_above: {self.stop_above:g})",
                key="stop_below",
            )

    @property
    def found(self) -> predictive.PredictiveDesign:
        """The design with its cutoffs."""
        from simulate.single_arm import predictive

        asked = (self.looks, self.p0, self.used_prior, self.stop_below, self.stop_above)
        if self.cutoff is not None:
            return predictive.with_cutoff(*asked, cutoff=self.cutoff)
        assert self.alpha is not None  # one of the two is given
        return predictive.predictive_design(*asked, alpha=self.alpha)

    @property
    def used_prior(self) -> Prior:
        """The prior, given or by default."""
        from simulate.single_arm.bop2 import vague_prior

        return self.prior or vague_prior(self.p0)

    @property
    def rule(self) -> DecisionRule:
        """Its counts of responses by look."""
        return self.found.rule


class Bop2(_TwoRates):
    """Bayesian optimal phase II boundaries (Zhou, Lee and Yuan 2017)."""

    kind: Literal["bop2"]
    looks: LookSizes
    """Patients at each look."""
    prior: Prior | None = None
    """Beta prior of the response rate; by default [p0, 1 - p0], worth one patient."""
    alpha: Alpha | None = None
    """Type I error at p0, at most; lambda and gamma are searched."""
    lambda_: OpenProbability | None = Field(default=None, alias="lambda")
    """Instead of alpha, with gamma: posterior probability needed at the end."""
    gamma: Annotated[float, Field(ge=0, le=10)] | None = None
    """Power of the information fraction by which the cutoff rises."""
    power: OpenProbability | None = None
    """Probability of go at p1 that the design must have; by default none is asked for."""

    def _check(self) -> None:
        super()._check()
        has_alpha, has_lambda, has_gamma = (
            value is not None for value in (self.alpha, self.lambda_, self.gamma)
        )
        if has_lambda != has_gamma or has_alpha == has_lambda:
            reject(
                "the boundary is searched for an alpha, or given by lambda and gamma",
                key=next((k for k in ("lambda", "gamma") if k in self._given()), ""),
                hint="Give alpha alone, or lambda and gamma without alpha",
            )

    def _given(self) -> set[str]:
        """Keys of the boundary that are given."""
        values = {"lambda": self.lambda_, "gamma": self.gamma}
        return {key for key, value in values.items() if value is not None}

    @property
    def used_prior(self) -> Prior:
        """The prior, given or by default."""
        from simulate.single_arm.bop2 import vague_prior

        return self.prior or vague_prior(self.p0)

    @property
    def found(self) -> bop2.Bop2Design:
        """The design with its parameters."""
        from simulate.single_arm import bop2

        if self.lambda_ is not None and self.gamma is not None:
            return bop2.with_parameters(
                self.looks, self.p0, self.used_prior, self.lambda_, self.gamma
            )
        assert self.alpha is not None  # one of the two is given
        return bop2.bop2_design(self.looks, self.p0, self.p1, self.alpha, self.used_prior)

    @property
    def rule(self) -> DecisionRule:
        """Its counts of responses by look."""
        return self.found.rule


class GoConsiderNoGo(_Design):
    """Go, consider or no go by two reference values (Lalonde 2007)."""

    kind: Literal["go_consider_no_go"]
    lower_reference: OpenProbability
    """Response rate that is the least of interest."""
    target: OpenProbability
    """Response rate that is hoped for."""
    looks: LookSizes
    """Patients at each look."""
    go_confidence: Confidence = 0.8
    """Go needs a lower limit of this one-sided confidence above the lower reference."""
    no_go_confidence: Confidence = 0.9
    """No go if the upper limit of this one-sided confidence is below the target."""
    prior: Prior | None = None
    """Beta prior, for limits of the posterior; by default limits are exact (Clopper-Pearson)."""

    @property
    def null_rate(self) -> float:
        """Response rate that is not worth while."""
        return self.lower_reference

    @property
    def alternative_rate(self) -> float:
        """Response rate that is hoped for."""
        return self.target

    def _rates(self) -> tuple[str, str]:
        return "lower_reference", "target"

    @property
    def rule(self) -> DecisionRule:
        """Its counts of responses by look."""
        from simulate.single_arm import lalonde

        return lalonde.go_consider_no_go(
            self.looks,
            lower_reference=self.lower_reference,
            target=self.target,
            go_confidence=self.go_confidence,
            no_go_confidence=self.no_go_confidence,
            prior=self.prior,
        )


class GivenCounts(_TwoRates):
    """Counts of responses as given."""

    kind: Literal["given"]
    looks: LookSizes
    """Patients at each look."""
    no_go: tuple[Annotated[int, Field(ge=0)] | None, ...]
    """No go with so many responses or fewer, by look; null where a look cannot end so."""
    go: tuple[Annotated[int, Field(ge=1)] | None, ...]
    """Go with so many responses or more, by look; null where a look cannot end so."""

    def _check(self) -> None:
        super()._check()
        for key in ("no_go", "go"):
            given = len(getattr(self, key))
            if given != len(self.looks):
                reject(
                    f"one value for each look is needed (given: {given}; looks: {len(self.looks)})",
                    key=key,
                )

    @property
    def rule(self) -> DecisionRule:
        """Its counts of responses by look."""
        from simulate.single_arm.rule import DecisionRule

        no_go = tuple(-1 if count is None else count for count in self.no_go)
        go = zip(self.go, self.looks, strict=True)
        return DecisionRule(
            self.looks, no_go, tuple(n + 1 if count is None else count for count, n in go)
        )


AnyDesign = SingleStage | Simon | PredictiveProbability | Bop2 | GoConsiderNoGo | GivenCounts
