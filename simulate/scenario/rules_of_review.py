"""Rules of those who read the scans of a randomised trial beside the investigator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulate.scenario.findings import Finding
from simulate.scenario.readers import INVESTIGATOR
from simulate.scenario.rules_of_names import unique
from simulate.scenario.rules_of_randomisation import arm_exists
from simulate.scenario.survival_endpoints import LATENT_READER
from simulate.scenario.tree import Path
from simulate.scenario.trial import Trial

_RESERVED = {
    INVESTIGATOR: "whose reading is documented, as PFS",
    LATENT_READER: "who sees progression on its day",
}


def readers_of_scans(trial: Trial) -> Iterator[Finding]:
    """Readers have numbers and names of their own, and arms named exist."""
    if not trial.arms:
        return  # told elsewhere
    where: Path = ("readers",)
    yield from unique((each.id for each in trial.readers), where, "id")
    yield from unique((each.name for each in trial.readers), where, "name")
    for index, reader in enumerate(trial.readers):
        if reader.name in _RESERVED:
            yield Finding(
                (*where, index, "name"),
                f"every scenario has a reader {reader.name}, {_RESERVED[reader.name]}",
                "Give this one another name, such as central",
            )
        for arm in reader.by_arm:
            yield from arm_exists(trial.arms, arm, (*where, index, "by_arm", arm))


def scans_are_read(trial: Trial, arms: Sequence[Trial]) -> Iterator[Finding]:
    """Readers need scans in all arms, whose own trials are given."""
    watched = [
        arm.name
        for arm, own in zip(trial.arms, arms, strict=True)
        if trial.readers and own.assessment.is_continuous
    ]
    if watched:
        yield Finding(
            ("readers",),
            "readers read scans, and there are none: patients are watched day by day "
            f"(given: schedule continuous in {', '.join(watched)})",
            "Write assessment.schedule: calendar, or leave out readers",
        )
