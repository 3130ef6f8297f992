"""What the file of facts says beyond numbers: dates, and where the publication is unclear."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

from simulate.scenario.scenario import Scenario
from simulate.scenario.source import read_file
from simulate.scenario.tree import plain


def _content(scenario: Scenario) -> dict[str, Any]:
    path = scenario.facts_path
    return {} if path is None else _read(str(path), path.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _read(path: str, _changed: int) -> dict[str, Any]:
    """What a file holds, read once as long as it does not change."""
    content = plain(read_file(path))
    return content if isinstance(content, dict) else {}


def fact_dates(scenario: Scenario) -> dict[str, dt.date]:
    """Published dates by the name of their fact."""
    found = {}
    for row in _content(scenario).get("facts") or ():
        if row.get("unit") == "date":
            value = row["value"]
            found[str(row["statistic"])] = (
                value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
            )
    return found


def inconsistencies(scenario: Scenario) -> list[tuple[str, str]]:
    """Where the publication contradicts itself or is silent, and how it is read."""
    rows = _content(scenario).get("inconsistencies") or ()
    return [(str(row["what"]), str(row["treatment"])) for row in rows]
