"""Rules that trials of both kinds share: who reads scans, and what therapy comes later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from simulate.scenario.findings import Finding
from simulate.scenario.randomisation import Arm
from simulate.scenario.readers import Reader, Switching
from simulate.scenario.rules_of_names import unique
from simulate.scenario.rules_of_randomisation import arm_exists
from simulate.scenario.survival_endpoints import LATENT_READER
from simulate.scenario.tree import Path


def readers_differ(
    readers: Sequence[Reader], arms: Sequence[Arm], where: Path
) -> Iterator[Finding]:
    """Readers have numbers and names of their own, and arms named exist."""
    yield from unique((each.id for each in readers), where, "id")
    yield from unique((each.name for each in readers), where, "name")
    for index, reader in enumerate(readers):
        if reader.name == LATENT_READER:
            yield Finding(
                (*where, index, "name"),
                f"every scenario has a reader {LATENT_READER}, who sees progression on its day",
                "Give this one another name, such as central",
            )
        for arm in reader.by_arm:
            yield from arm_exists(arms, arm, (*where, index, "by_arm", arm))


def therapy_of_arms(names: Iterable[str], arms: Sequence[Arm], where: Path) -> Iterator[Finding]:
    """Arms with new therapy of their own exist."""
    for name in names:
        yield from arm_exists(arms, name, (*where, "by_arm", name))


def changes_of_arms(
    switching: Sequence[Switching], arms: Sequence[Arm], where: Path
) -> Iterator[Finding]:
    """Arms whose patients change treatment exist, each once."""
    yield from unique((each.arm for each in switching), where, "arm")
    for index, each in enumerate(switching):
        yield from arm_exists(arms, each.arm, (*where, index, "arm"))
