"""How scans are read, which are missed, and what therapy follows: keys of a survival model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, model_validator

from simulate.scenario.distributions import Time
from simulate.scenario.fields import (
    Days,
    FileSafeName,
    HazardRatio,
    Probability,
    Section,
    reject,
)

INVESTIGATOR = "investigator"
"""Whose reading is documented in a trial of patients in cycles and scans: it ends scans and
treatment."""


class Reading(Section):
    """How a reader errs."""

    missed: Annotated[Probability, Field(lt=1)]
    """Probability that the reader overlooks progression, anew at each scan on or after it."""
    early: Annotated[Probability, Field(lt=1)]
    """Probability that the reader calls progression at a scan before it, anew at each."""


class Reader(Section):
    """Somebody who reads the scans for progression."""

    id: Annotated[int, Field(ge=1, le=1000)]
    """Permanent number of the reader: where the reader's random numbers are."""
    name: FileSafeName
    """Name in tables."""
    missed: Annotated[Probability, Field(lt=1)] | None = None
    """Probability that the reader overlooks progression, anew at each scan on or after it."""
    early: Annotated[Probability, Field(lt=1)] | None = None
    """Probability that the reader calls progression at a scan before it, anew at each."""
    by_arm: Mapping[FileSafeName, Reading] = Field(default_factory=dict)
    """The same for single arms: evaluation bias, where the reader knows the arm."""

    def of_arm(self, arm: str) -> tuple[float, float]:
        """How the reader errs in an arm: missed and early."""
        own = self.by_arm.get(arm)
        if own is not None:
            return own.missed, own.early
        return self.missed or 0.0, self.early or 0.0

    @model_validator(mode="after")
    def _errs_in_some_way(self) -> Reader:
        absent = [key for key in ("missed", "early") if getattr(self, key) is None]
        if absent:
            reject(
                "a reader needs a discordance model, and "
                f"{' and '.join(absent)} {'is' if len(absent) == 1 else 'are'} not given",
                hint=f"Give {' and '.join(absent)}, "
                f"{'a probability' if len(absent) == 1 else 'probabilities'} at each scan; 0 is a "
                "reader who never errs so",
            )
        return self


class Visits(Section):
    """Scans that are planned and not done."""

    missed: Annotated[Probability, Field(le=0.9)]
    """Probability that a scan is missed, each by itself; with 0 none is."""


class AfterProgression(Section):
    """New therapy once the treating reader has called progression."""

    probability: Probability
    """Probability that there is one."""
    delay: Days = 0.0
    """Time from the call to its start, rounded up to whole days; by default none."""


class NewTherapy(Section):
    """When new anticancer therapy begins; switching at a call is one, too."""

    time: Time | None = None
    """Time from randomisation to new therapy without progression; by default there is none."""
    by_arm: Mapping[FileSafeName, Time] = Field(default_factory=dict)
    """The same for single arms, in the place of time."""
    after_progression: AfterProgression | None = None
    """What follows progression as the treating reader sees it; by default nothing."""

    @model_validator(mode="after")
    def _says_something(self) -> NewTherapy:
        if self.time is None and not self.by_arm and self.after_progression is None:
            reject("nothing is said of new therapy", hint="Give time, by_arm or after_progression")
        return self


class Switching(Section):
    """Patients of an arm who change to another treatment after progression, one way.

    Where there is a treating reader the change follows that reader's call, and rules that censor at
    new therapy censor at it. Without one it follows progression itself, and is not new therapy.
    """

    arm: FileSafeName
    """The arm that they leave."""
    probability: Annotated[Probability, Field(gt=0)]
    """Probability that a patient whose progression is called, or who progresses, does so, if still
    alive then."""
    delay: Days = 0.0
    """Time from the call, or from progression, to the change, rounded up to whole days; by default
    none."""
    hazard_ratio: HazardRatio
    """What it does to the hazard of death from then on."""


class Observed(Section):
    """What a model says of scans, readers and later therapy."""

    visits: Visits | None = Field(default=None, exclude_if=lambda visits: visits is None)
    """Scans that are missed; by default none is."""
    readers: tuple[Reader, ...] = Field(default=(), exclude_if=lambda readers: not readers)
    """Who reads the scans; by default progression is seen without error."""
    treating_reader: FileSafeName | None = Field(default=None, exclude_if=lambda name: name is None)
    """The reader at whose call scans end and treatment changes; by default scans go on."""
    new_therapy: NewTherapy | None = Field(default=None, exclude_if=lambda block: block is None)
    """New anticancer therapy; by default there is none."""
    switching: tuple[Switching, ...] = Field(default=(), exclude_if=lambda block: not block)
    """Who changes treatment after progression, at the treating reader's call if there is one, and
    what that does; by default nobody."""


# ---- the same for patients in cycles and scans ----------------------------------------------


class TherapyAfterTreatment(NewTherapy):
    """When new anticancer therapy begins, of patients in cycles and scans."""

    time: Time | None = None
    """Time from the end of treatment, if it ends before progression is called, to new therapy; by
    default there is none."""
    after_progression: AfterProgression | None = None
    """What follows progression as the investigator calls it; by default nothing."""


class SwitchAfterCall(Switching):
    """Patients in cycles who change to another treatment after progression, one way."""

    probability: Annotated[Probability, Field(gt=0)]
    """Probability that a patient whose progression the investigator calls does so, if still alive
    then."""
    delay: Days = 0.0
    """Time from the call to the change, rounded up to whole days; by default none."""
    hazard_ratio: HazardRatio
    """What it does to the hazard of death after progression from then on."""
