"""Progress bars on the terminal, and nothing at all when the output goes elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from tqdm import tqdm

from simulate.steps import Step


@contextmanager
def progress_bars(unit: str = "replicates") -> Iterator[Step]:
    """A function that opens a bar for a step of the work: what, done, rate, and time left."""
    shown = sys.stderr.isatty()
    with ExitStack() as stack:

        def step(name: str, size: int) -> Callable[[int], None]:
            bar = stack.enter_context(
                tqdm(
                    total=size,
                    desc=name,
                    unit=f" {unit}",
                    bar_format=None if size > 1 else "{desc}: {elapsed}",
                    disable=not shown,
                    smoothing=0.05,
                    leave=True,
                    dynamic_ncols=True,
                )
            )

            def advance(done: int) -> None:
                bar.update(done)
                if bar.n >= size:
                    bar.close()

            return advance

        yield step
