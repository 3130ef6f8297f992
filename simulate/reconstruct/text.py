"""The outcome of a reconstruction in plain words and columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from simulate.reconstruct.compared import Compared
from simulate.reconstruct.counts import Count, Counts
from simulate.reconstruct.demands import CensoringStart, Crossing, Line
from simulate.reconstruct.reconstruction import ReconstructedCurve, Reconstruction

_LINES = {
    Line.SURVIVAL: "median",
    Line.LOWER: "median's lower limit",
    Line.UPPER: "median's upper limit",
}
_MOST_ALTERNATIVES = 4
_ALL_SHOWN = 3  # points or numbers at risk: more than that are summed up in a line


def text(made: Reconstruction) -> str:
    """Say what was reconstructed, how close it is, and what the print leaves open."""
    publication = made.file.publication
    head = [publication.title, publication.reference]
    lines = [line for line in head if line]
    lines.append(
        "Pseudo individual data: nobody's own, but they give the figures below. "
        f"Times in {publication.time_unit}."
    )
    for number, curve in enumerate(made.curves):
        lines += ["", *_curve(made, number, curve)]
    return "\n".join([*lines, "", verdict(made)])


def verdict(made: Reconstruction) -> str:
    """Sum up the comparison in a line or two."""
    rows = [row for curve in made.curves for row in curve.compared]
    exact = [row for row in rows if row.figure != "point"]
    same = sum(row.agrees for row in exact)
    parts = [f"{same} of {len(exact)} printed figures are given back to the printed digit"]
    points = [abs(row.difference) for row in rows if row.figure == "point"]
    if points:
        parts.append(
            f"{len(points)} points to {100 * max(points):.1f} percentage points "
            f"({100 * float(np.mean(points)):.1f} on average)"
        )
    largest = max(curve.largest_difference for curve in made.curves)
    if not points:
        parts.append(f"the largest difference is {100 * largest:.2f} percentage points")
    return "; ".join(parts if exact else parts[1:])


def _curve(made: Reconstruction, number: int, curve: ReconstructedCurve) -> Iterator[str]:
    published = curve.published
    form = "rates" if published.landmarks is not None else f"{len(published.points or ())} points"
    events = int(curve.event.sum())
    yield (
        f"{published.name}: {published.n} patients from {form}, "
        f"{events} with the event and {published.n - events} censored"
    )
    places = [made.file.locator(("curves", number, *row.path)) for row in curve.compared]
    yield from _columns(
        [["", "printed", "reconstructed", "difference", ""], *_rows(curve.compared, places)]
    )
    if curve.counts:
        yield from _left_open(curve)
    elif not published.at_risk and published.total_events is None:
        yield (
            "  Without numbers at risk or total events nobody is taken to be censored before the "
            "end: not for hazard ratios"
        )


def _rows(compared: Sequence[Compared], places: Sequence[str]) -> Iterator[list[str]]:
    """A row for each figure with its limits; many points or numbers at risk share one."""
    for figure in ("point", "at risk"):
        group = [row for row in compared if row.figure == figure]
        if len(group) > _ALL_SHOWN:
            yield _summed_up(figure, group)
    before = ""
    for index, row in enumerate(compared):
        many = sum(other.figure == row.figure for other in compared) > _ALL_SHOWN
        if "limit" in row.figure or (many and row.figure in ("point", "at risk")):
            continue
        limits = _limits_after(compared, index)
        at = f"[{places[index]}]" if places[index] and places[index] != before else ""
        before = places[index]
        yield [
            _label(row),
            _interval(row.printed, [limit.printed for limit in limits]),
            _interval(row.reconstructed, [limit.reconstructed for limit in limits]),
            _difference(row, limits),
            at if row.is_demanded else f"{at} compared only".strip(),
        ]


def _limits_after(compared: Sequence[Compared], index: int) -> list[Compared]:
    """The limits that follow an estimate."""
    limits = []
    for row in compared[index + 1 :]:
        if "limit" not in row.figure:
            break
        limits.append(row)
    return limits


def _summed_up(figure: str, group: Sequence[Compared]) -> list[str]:
    """One row for many points, or for many numbers at risk."""
    if figure == "at risk":
        same = all(row.agrees for row in group)
        told = "all as printed" if same else "not as printed"
        return [f"{len(group)} numbers at risk", "", told, "", ""]
    worst = max(group, key=lambda row: abs(row.difference))
    label = f"{len(group)} points, the worst at {worst.time:g}"
    return [label, worst.printed, worst.reconstructed, _difference(worst, []), ""]


def _label(row: Compared) -> str:
    return row.figure if np.isnan(row.time) else f"{row.figure} at {row.time:g}"


def _interval(estimate: str, limits: Sequence[str]) -> str:
    return f"{estimate} ({' to '.join(limits)})" if limits else estimate


def _difference(row: Compared, limits: Sequence[Compared]) -> str:
    """Largest difference of an estimate and its limits, with its sign."""
    known = [r.difference for r in (row, *limits) if not np.isnan(r.difference)]
    if not known:
        return "?"
    worst = max(known, key=abs)
    if row.is_survival:
        return f"{100 * worst:+.2f} pp"
    return f"{worst:+.2g}" if worst else "0"


def _columns(rows: list[list[str]]) -> Iterator[str]:
    """Rows as aligned columns: words to the left, numbers to the right."""
    widths = [max(len(row[k]) for row in rows) for k in range(5)]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [row[k].rjust(widths[k]) for k in (1, 2, 3) if widths[k]]
        yield ("  " + "   ".join([*cells, row[4]])).rstrip()


def _left_open(curve: ReconstructedCurve) -> Iterator[str]:
    """Which event counts the print allows, and which of them was taken."""
    yield "  Events so far (patients censored so far), of all curves that give these figures:"
    rows = []
    for counts in curve.counts:
        checkpoint = counts.checkpoint
        if isinstance(checkpoint, CensoringStart):
            continue
        what = f"by {checkpoint.time:g}"
        if isinstance(checkpoint, Crossing):
            what = f"at the {_LINES[checkpoint.line]}, {checkpoint.time:g}"
        taken = int(curve.event[curve.time <= checkpoint.time].sum())
        rows.append([f"  {what}", *_allowed(counts, taken)])
    yield from _columns([[row[0], row[1], "", "", row[2]] for row in rows])
    if curve.resolution > 0.25 * min(mark.rate.half for mark in curve.published.landmarks or ()):
        yield (
            f"  Curves that differ by less than {curve.resolution:.1g} were counted as one: "
            "more counts may be possible"
        )


def _allowed(counts: Counts, taken: int) -> tuple[str, str]:
    """The count that was taken, and the others that the print allows."""
    ordered = sorted(counts.possible, key=lambda c: (c.events != taken, c.fewest_censored))
    texts = [f"{count.events} ({_censored(count)})" for count in ordered]
    if len(texts) == 1:
        return texts[0], "no other count is possible"
    more = len(texts) - 1 - _MOST_ALTERNATIVES
    tail = f" and {more} more" if more > 0 else ""
    return texts[0], f"or {', '.join(texts[1 : 1 + _MOST_ALTERNATIVES])}{tail}"


def _censored(count: Count) -> str:
    low, high = count.fewest_censored, count.most_censored
    return str(low) if low == high else f"{low}-{high}"
