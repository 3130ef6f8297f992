"""A single-arm phase II design in a trial: its bounds on responses, and how its looks are made."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from simulate.scenario.fields import DaysUp, PositiveDaysUp, Section, reject
from simulate.scenario.single_arm_designs import AnyDesign


class FinalLook(Section):
    """When the last look is made, and what counts."""

    when: Literal["enrolled", "treated"] = "treated"
    """Event of the n-th patient from which time runs: enrolment, or the first dose."""
    after: DaysUp = 0
    """Time from then to the data cut, rounded up to whole days; by default it is that very day."""
    ascertainment: Literal["confirmed", "evaluable"] = "confirmed"
    """Cut then, and count responses confirmed by then; or wait until all n are evaluable."""
    evaluable_after: PositiveDaysUp | None = None
    """A patient followed so long after the first dose is evaluable, also without a response."""
    cleaning_lag: DaysUp = 0
    """Time from the data cut to the decision; by default it is made on the day of the cut."""

    @model_validator(mode="after")
    def _evaluable(self) -> Self:
        if self.ascertainment == "evaluable" and self.evaluable_after is None:
            reject(
                "the ascertainment evaluable needs evaluable_after",
                key="ascertainment",
                hint="Give evaluable_after, such as 24 weeks, or take the ascertainment confirmed",
            )
        if self.ascertainment != "evaluable" and self.evaluable_after is not None:
            reject(
                "evaluable_after belongs to the ascertainment evaluable, and to no other",
                key="evaluable_after",
                hint="Write ascertainment: evaluable, or leave out evaluable_after",
            )
        return self


class InterimLook(FinalLook):
    """When the looks before the last one are made, and what counts."""

    enrolment: Literal["continues", "pauses"] = "continues"
    """Whether patients come on until the decision; if not, all later ones come so much later."""


class SingleArm(Section):
    """A single-arm phase II design: the confirmed response by which the treatment is decided."""

    design: Annotated[AnyDesign, Field(discriminator="kind")]
    """The bounds on the number of responses."""
    interim: InterimLook | None = None
    """How all looks but the last one are made; needed if there are any."""
    final: FinalLook
    """How the last look is made."""

    @model_validator(mode="after")
    def _has_interim(self) -> Self:
        several = self.design.rule.n_looks > 1
        if several and self.interim is None:
            reject(
                "the design has looks before its last one, so this key is needed",
                key="interim",
                hint="Give interim, such as {when: treated, after: 8 weeks}",
            )
        if not several and self.interim is not None:
            reject("the design has one look only, so it says nothing", key="interim")
        return self

    @property
    def looks(self) -> tuple[FinalLook, ...]:
        """How each look is made, in their order."""
        before: tuple[Any, ...] = (self.interim,) * (self.design.rule.n_looks - 1)
        return (*before, self.final)
