"""The command line, ended as soon as the first chunk of replicates is finished.

It is the real command up to there: only the progress bars are others, which end the process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from simulate import progress
from simulate.cli import main
from simulate.steps import Step

COMPILING = "compiling (once)"
DONE, NOT_REACHED, NOT_COMPILED = 0, 1, 3


@contextmanager
def ending_bars() -> Iterator[Step]:
    """Progress bars that end the process at the first progress."""

    def step(name: str, size: int) -> Callable[[int], None]:
        del size
        if name == COMPILING:
            os._exit(NOT_COMPILED)
        return _end_if_done

    yield step


def _end_if_done(done: int) -> None:
    if done > 0:
        os._exit(DONE)


if __name__ == "__main__":
    progress.progress_bars = ending_bars
    sys.exit(main(sys.argv[1:]) or NOT_REACHED)
