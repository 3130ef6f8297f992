"""What an adverse event does to the doses of a drug."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from simulate.scenario.fields import (
    FileSafeName,
    PositiveWholeDays,
    Probability,
    Section,
    WholeDays,
    reject,
)


class DosingRule(Section):
    """One rule: which adverse events, and what then.

    ``hold``: the next dose is not given before the event has resolved to grade 1 or better (or
    before ``lasting`` after its onset). ``reduce``: from the next dose on, the next lower dose
    level. ``discontinue``: no further dose. ``interrupt_infusion``: the infusion of that day is
    stopped, and completed later or (see ``resumed``) given in part only; it counts as an
    interruption and delays nothing.
    """

    id: Annotated[int, Field(ge=1, lt=64)]
    """Permanent number of the rule among all rules of the regimen."""
    action: Literal["hold", "reduce", "discontinue", "interrupt_infusion"]
    """What is done."""
    grade: Annotated[int, Field(ge=1, le=4)] = 1
    """Lowest grade of the events meant."""
    terms: tuple[FileSafeName, ...] = ()
    """Terms meant; by default all."""
    related: bool = False
    """Whether only events judged related to the drug are meant."""
    special_interest: bool = False
    """Whether only events of special interest are meant."""
    probability: Probability = 1.0
    """Probability that such an event is acted on."""
    lasting: PositiveWholeDays | None = None
    """Length of a hold, counted from the onset; by default until the event has resolved."""
    resumed: Probability = 1.0
    """Probability that an interrupted infusion is resumed and completed, not given in part only."""

    @model_validator(mode="after")
    def _of_one_action_only(self) -> Self:
        if self.lasting is not None and self.action != "hold":
            reject(f"only a hold lasts (given: {self.action})", key="lasting")
        if "resumed" in self.model_fields_set and self.action != "interrupt_infusion":
            reject(f"only an interrupted infusion is resumed (given: {self.action})", key="resumed")
        return self

    @model_validator(mode="after")
    def _hold_has_begun_before_it_ends(self) -> Self:
        if self.action == "hold" and self.grade == 1 and self.lasting is None:
            given = "1" if "grade" in self.model_fields_set else "none, which means 1"
            reject(
                "a hold ends when the event has resolved to grade 1 or better, so an event of "
                f"grade 1 cannot hold a dose (given: {given})",
                key="grade",
                hint="Give grade: 2 or higher, or a length of its own, such as lasting: 7 days",
            )
        return self


class Holds(Section):
    """How long doses of a drug are held."""

    at_least: WholeDays = Field(default=0)
    """Shortest delay of a held dose."""
    at_most: PositiveWholeDays
    """A hold that would be longer ends the drug for good."""
    delays_cycle: bool = True
    """Whether the whole cycle waits for this drug; otherwise the cycle goes on without it."""

    @model_validator(mode="after")
    def _can_end(self) -> Self:
        if self.at_least > self.at_most:
            reject(
                "a hold that lasts longer than the longest allowed can never end "
                f"(given: at least {self.at_least}, at most {self.at_most} days)",
                key="at_least",
            )
        if self.at_least > 0 and not self.delays_cycle:
            reject(
                "a drug that is omitted alone is not delayed, so its hold has no shortest length",
                key="at_least",
                hint="leave at_least out, or let the cycle wait (delays_cycle: true)",
            )
        return self
