"""Numbers that a user gives beside a scenario, refused before anything is run on them."""

from __future__ import annotations

from simulate.errors import UsageError


def checked_seed(seed: int) -> int:
    """The seed, or a UsageError if random numbers cannot be made from it."""
    if not 0 <= seed < 2**63:
        raise UsageError(f"the seed must lie between 0 and 2^63 - 1 (given: {seed})")
    return seed


def checked_workers(workers: int) -> int:
    """The number of workers, or a UsageError if nobody would do the work."""
    if workers < 1:
        raise UsageError(f"at least one worker is needed (given: {workers})")
    return workers
