"""What theory says of a design, found by name; nan for what it does not say."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from simulate.randomised.operating import ALL_LOOKS
from simulate.scenario.monitoring import Hypothesis

_KEYS = ("measure", "analysis", "hypothesis", "endpoint", "arm")


class Theory:
    """The tidy table of theory, found by name.

    Parameters
    ----------
    table : DataFrame
        A row a number: what it is in ``measure``, ``analysis``, ``hypothesis``, ``endpoint`` and
        ``arm``, and its ``value``. It may be empty, and lack columns that it has no use for.
    """

    def __init__(self, table: pd.DataFrame) -> None:
        self._rows = list(_rows(table))

    def __bool__(self) -> bool:
        return bool(self._rows)

    def rejected(self, hypothesis: Hypothesis) -> float:
        """Probability that a hypothesis is rejected, at whatever look."""
        return self.value("reject", hypothesis=hypothesis.name, analysis=ALL_LOOKS)

    def value(self, measure: str, **where: str) -> float:
        """A number of theory; nan if there is none.

        Parameters
        ----------
        measure : str
            What it is.
        **where : str
            The look, hypothesis, endpoint or arm that it is of, where it is of one.
        """
        for row, value in self._rows:
            if row["measure"] == measure and all(row[k] == v for k, v in where.items()):
                return value
        return math.nan


def _rows(table: pd.DataFrame) -> Iterator[tuple[dict[str, str], float]]:
    if table.empty:
        return
    for row in table.to_dict("records"):
        yield {key: str(row.get(key, "")) for key in _KEYS}, float(row["value"])
