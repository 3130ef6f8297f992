"""The section on assumptions and sources: where every number of the scenario comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from simulate.report.blocks import Block, Details, Heading, Points, Prose, Section, Table
from simulate.report.facts import inconsistencies
from simulate.report.numbers import listed
from simulate.report.view import View
from simulate.scenario.provenance import SOURCE_KINDS, RegisterRow

_MEANING = {
    "reported": "printed in the publication",
    "derived": "computed from what is printed",
    "assumed": "a choice, without data behind it",
    "elicited": "an expert's judgement",
    "not stated": "no source is given",
}


def sources_section(view: View) -> Section:
    """The register of sources, and how the publication is read where it is unclear."""
    return register_section(view.scenario.register(), inconsistencies(view.scenario))


def register_section(
    register: Sequence[RegisterRow], unclear: Sequence[tuple[str, str]] = ()
) -> Section:
    """The register of sources of any scenario.

    Parameters
    ----------
    register : sequence of RegisterRow
        Every number and date of the scenario.
    unclear : sequence of (str, str)
        Where the publication is unclear, and how it is read.
    """
    counts = Counter(row.source for row in register)
    kinds = [kind for kind in (*SOURCE_KINDS, "not stated") if counts[kind]]
    words = listed(f"{counts[kind]} {kind} ({_MEANING[kind]})" for kind in kinds)
    text = f"The scenario holds {len(register)} numbers and dates: {words}."
    soft = counts["assumed"] + counts["not stated"]
    if soft:
        text += f" The {soft} that are assumed or without a source are marked in the tables below."
    blocks: list[Block] = [Prose(text)]
    by_section: dict[str, list[RegisterRow]] = {}
    for row in register:
        by_section.setdefault(row.path.split(".")[0], []).append(row)
    blocks += [_details(section, rows) for section, rows in by_section.items()]
    if unclear:
        blocks += [
            Heading("Where the publication is unclear, and how it is read"),
            Points([(what, treatment) for what, treatment in unclear]),
        ]
    return Section("sources", "Assumptions and sources", blocks)


def _is_soft(row: RegisterRow) -> bool:
    return row.source in ("assumed", "not stated")


def _details(section: str, rows: list[RegisterRow]) -> Details:
    cells = [
        (row.path, row.value, row.source, ". ".join(part for part in (row.at, row.note) if part))
        for row in rows
    ]
    soft = frozenset(i for i, row in enumerate(rows) if _is_soft(row))
    words = f"{len(rows)} {'number' if len(rows) == 1 else 'numbers'}"
    if soft:
        words += f", {len(soft)} assumed" if len(soft) < len(rows) else ", all assumed"
    table = Table(
        f"Sources: {section}",
        ("Field", "Value", "Source", "Where, how or why"),
        cells,
        codes=(0,),
        marked=soft,
    )
    return Details(f"{section} ({words})", [table])
