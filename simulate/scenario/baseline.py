"""Who the patients are: variables at baseline, each of which may depend on the ones above it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from simulate.scenario.fields import (
    RESERVED,
    FileSafeName,
    Identifier,
    Label,
    LevelList,
    LevelWeights,
    Section,
    reject,
)

MOST_LEVELS = 62
"""Levels of a variable: conditions hold them as the bits of a whole number."""

WIDEST_RANGE = 10_000
"""Whole numbers that a variable of kind normal may take."""

Finite = Annotated[float, Field(ge=-1e9, le=1e9)]


class BaselineVariable(Section):
    """What every variable at baseline has."""

    id: Identifier
    """Permanent number of the variable."""
    name: FileSafeName
    """Name in tables."""
    label: Label | None = None
    """Name as people read it; by default the name."""

    @model_validator(mode="after")
    def _not_reserved(self) -> Self:
        if self.name in RESERVED:
            reject(f"{self.name!r} is kept for sources and cannot name a variable", key="name")
        return self

    @property
    def title(self) -> str:
        """Name as people read it."""
        return self.label or self.name


class NormalVariable(BaselineVariable):
    """A number from a normal distribution cut off at two limits, such as age in whole years."""

    kind: Literal["normal"]
    mean: Finite
    """Mean before the limits are applied."""
    sd: Annotated[float, Field(gt=0, le=1e9)]
    """Standard deviation before the limits are applied."""
    low: Finite
    """Smallest possible value."""
    high: Finite
    """Largest possible value."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low >= self.high:
            reject("high must be more than low", key="high")
        if self.high - self.low > WIDEST_RANGE:
            reject(f"high and low may lie at most {WIDEST_RANGE} apart", key="high")
        if not any(
            abs(limit - self.mean) <= 6 * self.sd for limit in (self.low, self.high)
        ) and not (self.low <= self.mean <= self.high):
            reject("the limits lie more than six standard deviations from the mean", key="mean")
        return self


class Case(Section):
    """Frequencies of the levels among the patients who meet a condition."""

    when: Mapping[FileSafeName, LevelList] = Field(default_factory=dict)
    """Levels of earlier variables, all of which must match; without it all who are left do."""
    levels: LevelWeights
    """Relative frequency of each level."""


class LevelsVariable(BaselineVariable):
    """A variable with named levels: the same frequencies for all patients, or case by case."""

    kind: Literal["levels"] = "levels"
    levels: LevelWeights | None = None
    """Relative frequency of each level, the same for all patients."""
    cases: Annotated[tuple[Case, ...], Field(min_length=1)] | None = None
    """Frequencies by earlier variables; the first case that matches holds, the last has no when."""

    @model_validator(mode="after")
    def _levels_or_cases(self) -> Self:
        if (self.levels is None) == (self.cases is None):
            reject(
                "exactly one of these keys is needed: levels, cases",
                key="" if self.levels is None else "cases",
            )
        if len(self.level_names) > MOST_LEVELS:
            reject(f"at most {MOST_LEVELS} levels are possible (given: {len(self.level_names)})")
        return self

    @property
    def all_cases(self) -> tuple[Case, ...]:
        """Frequencies in one form: the cases, or one case that takes everybody."""
        if self.cases is not None:
            return self.cases
        assert self.levels is not None  # one of the two is given
        return (Case.model_construct(when={}, levels=self.levels),)

    @property
    def level_names(self) -> tuple[str, ...]:
        """All levels, in the order in which the cases name them first."""
        return tuple(dict.fromkeys(level for case in self.all_cases for level in case.levels))


def _form(value: Any) -> str:
    kind = value.get("kind", "levels") if isinstance(value, dict) else getattr(value, "kind", "")
    return f"<{kind}>"


# The brackets keep a form apart from a key of the same name in a validator's path to a field.
FORMS = ("<levels>", "<normal>")

Variable = Annotated[
    Annotated[LevelsVariable, Tag(FORMS[0])] | Annotated[NormalVariable, Tag(FORMS[1])],
    Discriminator(_form),
]
"""One variable at baseline."""


class Baseline(Section):
    """Characteristics of the patients when they enter."""

    variables: tuple[Variable, ...] = ()
    """The variables, drawn in this order; by default none."""

    def variable(self, name: str) -> LevelsVariable | NormalVariable:
        """Variable of a given name.

        Raises
        ------
        KeyError
            If there is none.
        """
        for variable in self.variables:
            if variable.name == name:
                return variable
        raise KeyError(name)
