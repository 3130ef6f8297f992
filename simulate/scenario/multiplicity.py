"""How several hypotheses share one alpha."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from simulate.scenario.fields import FileSafeName, OpenProbability, Probability, Section, reject

_OF_METHOD = {
    "graph": ("alpha", "weights", "transitions"),
    "holm": ("alpha",),
    "fixed_sequence": ("alpha", "order"),
    "none": (),
}
"""Keys that each method takes."""


class Multiplicity(Section):
    """One alpha for all hypotheses, and what becomes of a part of it when one is rejected."""

    method: Literal["graph", "holm", "fixed_sequence", "none"]
    """A graph (Bretz et al. 2009, with looks Maurer and Bretz 2013), or one of two common ones:
    Holm's, or a fixed sequence. With none each hypothesis has its own alpha."""
    alpha: Annotated[OpenProbability, Field(lt=0.5)] = 0.025
    """One-sided family-wise error: probability to reject any hypothesis that is true."""
    weights: Mapping[FileSafeName, Probability] = Field(default_factory=dict)
    """Part of alpha of each hypothesis at first, by its name; by default 0. Together 1."""
    transitions: Mapping[FileSafeName, Mapping[FileSafeName, Probability]] = Field(
        default_factory=dict
    )
    """By the name of a hypothesis: the part of its alpha that each other one is given when it is
    rejected. Together 1 at most; by default nothing is passed on."""
    order: tuple[FileSafeName, ...] = ()
    """Names of all hypotheses in their fixed sequence; by default that of the list."""

    @model_validator(mode="before")
    @classmethod
    def _is_a_block(cls, value: object) -> object:
        if value is None:
            reject("a block of keys is needed", hint="To share nothing, write {method: none}")
        return value

    @model_validator(mode="after")
    def _keys_of_the_method(self) -> Self:
        allowed = _OF_METHOD[self.method]
        for key in sorted(self.model_fields_set - {"method", *allowed}):
            reject(
                f"the method {self.method} takes no such key "
                f"(allowed: {', '.join(('method', *allowed))})",
                key=key,
                hint="Write method: graph" if key in ("weights", "transitions") else "",
            )
        if self.method == "graph" and not self.weights:
            reject(
                "a graph needs the weights of its hypotheses",
                key="weights",
                hint="Give the part of alpha of each, such as {pfs: 1}",
            )
        return self


NO_MULTIPLICITY = Multiplicity(method="none")
"""Each hypothesis has its own alpha."""


def is_left_out(block: Multiplicity) -> bool:
    """Whether the block says nothing, so that fingerprints stay what they were."""
    return block.method == "none"
