"""How long work is shown and timed, step by step, by whoever waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int], None]
"""Told how much of a step was just finished."""

Step = Callable[[str, int], Progress]
"""Told the name and size of a step of the work, gives the function that takes its progress."""


def silent(_name: str, _size: int) -> Progress:
    """No progress shown."""
    return lambda _done: None


class Stopwatch:
    """Seconds of each step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        """Take the time of a step."""
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started
