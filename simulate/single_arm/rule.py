"""The form that all single-arm designs come to: counts of responses that decide at each look."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from simulate.sequential.refusals import DesignError

NO_GO, CONSIDER, GO = range(3)
"""What is decided of the treatment at the end."""

DECISIONS = ("no_go", "consider", "go")
"""Their names, in this order."""


@dataclass(frozen=True, slots=True)
class DecisionRule:
    """Counts of responses by which a single-arm trial is decided; one value for each look.

    A trial that is not decided at its last look is one to be considered.

    Attributes
    ----------
    patients
        Patients whose responses are counted at each look.
    no_go
        With so many responses or fewer it is no go; -1 where a look cannot end so.
    go
        With so many responses or more it is go; more than the patients where a look cannot.

    Raises
    ------
    DesignError
        If looks are out of order, or a count makes both decisions.
    """

    patients: tuple[int, ...]
    no_go: tuple[int, ...]
    go: tuple[int, ...]

    def __post_init__(self) -> None:
        if not len(self.patients) == len(self.no_go) == len(self.go) > 0:
            raise DesignError("looks", "each look needs a count for no go and one for go")
        if self.patients[0] < 1 or any(b <= a for a, b in pairwise(self.patients)):
            raise DesignError(
                "looks", f"the looks are out of order ({self.patients})", "Let patients increase"
            )
        for n, low, high in zip(self.patients, self.no_go, self.go, strict=True):
            if not -1 <= low < high <= n + 1:
                raise DesignError(
                    "go" if high > n + 1 else "no_go",
                    f"after {n} patients, no go at {low} or fewer and go at {high} or more "
                    "do not go together",
                    "Let no go lie below go, and both between none and all of the patients",
                )

    @property
    def n_looks(self) -> int:
        """Number of looks."""
        return len(self.patients)

    @property
    def most_patients(self) -> int:
        """Patients at the last look."""
        return self.patients[-1]
