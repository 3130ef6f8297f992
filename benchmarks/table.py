"""What was measured, as text and as the content of `results.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from benchmarks.measure import Times


class Target(NamedTuple):
    """A figure that is to be reached, and what was measured."""

    name: str
    bound: float
    measured: float | None = None
    """Of the quietest rounds; None if it was not measured this time."""
    median: float | None = None
    """Of all rounds; None if there was only one."""
    at_least: bool = False
    """Whether more is better."""
    unit: str = ""
    unless: str = ""
    """What is said if it was not measured."""

    @property
    def is_met(self) -> bool | None:
        """Whether what was measured reaches the bound; None if nothing was."""
        if self.measured is None:
            return None
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    @property
    def verdict(self) -> str:
        """The same in words."""
        return {None: self.unless or "not measured", True: "yes", False: "NO"}[self.is_met]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Text in columns, the first one aligned left and the others right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *rest = zip(cells, widths, strict=True)
        return "  ".join([first[0].ljust(first[1]), *(c.rjust(w) for c, w in rest)]).rstrip()

    return "\n".join([line(header), line(["-" * width for width in widths]), *map(line, rows)])


def times_table(
    title: str, times: Mapping[str, Times], *, scale: float = 1.0, over: str | None = None
) -> str:
    """Minimum and median of each piece, and their ratios to those of one of them."""
    header = [title, "minimum", "median", *([f"over {over}", "medians"] if over else [])]
    rows = []
    for name, found in times.items():
        cells = [found.minimum * scale, found.median * scale]
        if over is not None:
            base = times[over]
            cells += [found.minimum / base.minimum, found.median / base.median]
        rows.append([name, *map(number, cells)])
    return table(header, rows)


def targets_table(targets: Sequence[Target]) -> str:
    """What is to be reached, and whether it is."""
    rows = []
    for target in targets:
        measured = ["" if x is None else number(x) for x in (target.measured, target.median)]
        sign = ">=" if target.at_least else "<="
        reach = f"{sign} {target.bound:g} {target.unit}".strip()
        rows.append([target.name, *measured, reach, target.verdict])
    return table(["", "quietest", "median", "reach", "reached"], rows)


def number(value: float) -> str:
    """A number with three digits that count."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def times_content(times: Mapping[str, Times], *, scale: float = 1.0) -> dict[str, object]:
    """Minimum, median and all rounds of each piece, for `results.json`."""
    return {
        name: {
            "minimum": found.minimum * scale,
            "median": found.median * scale,
            "rounds": [seconds * scale for seconds in found.rounds],
        }
        for name, found in times.items()
    }


def target_content(target: Target) -> dict[str, object]:
    """A target, for `results.json`."""
    return {**target._asdict(), "met": target.is_met}
