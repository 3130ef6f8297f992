"""Numbers as people read them, and plain text in lines, lists and tables."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence

from simulate.units import DAYS_PER_MONTH, DAYS_PER_WEEK

WIDTH = 90
"""Longest line of the text, in characters."""

NO_VALUE = "-"
"""What a table shows where there is no value."""

_FEWEST_WEEKS = 4  # shorter times are said in days, as protocols do: a cycle of 21 days
_FEWEST_MONTHS = 30.0  # days
_MOST_DAYS = 61.0
_SMALLEST_P = 1e-5


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: ``1 site``, ``19 sites``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def percent(probability: float) -> str:
    """A computed probability, to a tenth of a percent."""
    return NO_VALUE if math.isnan(probability) else f"{100 * probability:.1f}%"


def p_value(p: float) -> str:
    """A nominal p-value to five digits; below what they tell, that it is."""
    return f"{p:.5f}" if p >= _SMALLEST_P else f"<{_SMALLEST_P:.5f}"


def stated_percent(probability: float) -> str:
    """A probability of the scenario, with as many digits as it was given, four at most."""
    return f"{100 * probability:.4g}%"


def duration(days: float) -> str:
    """A length of time in the unit in which one would say it: days, weeks or months."""
    weeks, months = days / DAYS_PER_WEEK, days / DAYS_PER_MONTH
    if weeks >= _FEWEST_WEEKS and weeks == round(weeks):
        return count(round(weeks), "week")
    tenths = 10 * months
    if days >= _FEWEST_MONTHS and abs(tenths - round(tenths)) < 1e-6:
        return f"{round(tenths) / 10:,.10g} month{'' if round(tenths) == 10 else 's'}"
    if days < _MOST_DAYS or days == round(days):
        return f"{round(days, 1):,.10g} day{'' if days == 1 else 's'}"
    return f"{months:,.1f} months"


def in_months(days: float) -> str:
    """A computed time in months, to a tenth."""
    if math.isnan(days):
        return NO_VALUE
    return "not reached" if math.isinf(days) else f"{days / DAYS_PER_MONTH:,.1f} months"


def per_month(rate: float) -> str:
    """A rate per day as a rate per month, three digits."""
    return f"{rate * DAYS_PER_MONTH:.3g} per month"


def listing(items: Iterable[str], *, last: str = "and") -> str:
    """Several things in a row: ``a, b and c``."""
    words = list(items)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def paragraph(text: str, *, indent: int = 2, hanging: int = 2) -> list[str]:
    """Break a text into lines of at most WIDTH; later lines hang further in."""
    return textwrap.wrap(
        " ".join(text.split()),
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hanging),
        break_on_hyphens=False,
    )


def paragraphs(*texts: str) -> list[str]:
    """Several paragraphs, without those that say nothing."""
    return [line for text in texts if text for line in paragraph(text)]


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, indent: int = 2) -> list[str]:
    """Columns in plain text, the first one to the left and the others to the right."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return [
        " " * indent
        + "  ".join(
            text.ljust(width) if column == 0 else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def side_by_side(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A long table in blocks beside each other, read down and then across."""
    lines = table(header, rows, indent=0)
    width = max(map(len, lines))
    n_blocks = max(1, min((WIDTH + 1) // (width + 3), len(rows)))
    height = math.ceil(len(rows) / n_blocks)
    blocks = [lines[1:][i * height : (i + 1) * height] for i in range(n_blocks)]
    columns = [[lines[0], *block] for block in blocks if block]
    joined = [
        "   ".join((column[i] if i < len(column) else "").ljust(width) for column in columns)
        for i in range(height + 1)
    ]
    return [f"  {line}".rstrip() for line in joined]


def section(title: str, lines: Sequence[str]) -> str:
    """A heading with what stands under it."""
    return "\n".join([title, "-" * len(title), *lines])
