"""What theory says of a design, found by name; nan for what it does not say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from simulate.scenario.monitoring import Hypothesis
from simulate.theory.course import ASSUMED
from simulate.units import DAYS_PER_MONTH

_OF_DECISIONS = (
    *("efficacy", "futility", "cumulative_efficacy", "cumulative_futility", "stops"),
    *("efficacy_z", "efficacy_p", "efficacy_hazard_ratio"),
    *("futility_z", "futility_p", "futility_hazard_ratio"),
)
"""Columns that follow from the level of a hypothesis."""


class Theory:
    """The table of theory, with what the scenario assumes taken to be true.

    Parameters
    ----------
    table : DataFrame
        `simulate.design_theory.DesignTheory.table`: a row for each hypothesis, look and truth. It
        may be empty.
    shares_alpha : bool
        Whether hypotheses share alpha: then theory of one by itself does not tell how often it is
        rejected.
    """

    def __init__(self, table: pd.DataFrame, *, shares_alpha: bool = False) -> None:
        self._rows: dict[str, dict[str, Mapping[str, Any]]] = {}
        if table.empty:
            return
        if shares_alpha:
            table = table.assign(**dict.fromkeys(_OF_DECISIONS, math.nan))
        for row in table[table["truth"] == ASSUMED].to_dict("records"):
            of_hypothesis = self._rows.setdefault(str(row["hypothesis"]), {})
            of_hypothesis[str(row["analysis"])] = {str(key): row[key] for key in row}

    def __bool__(self) -> bool:
        return bool(self._rows)

    def at_look(self, hypothesis: Hypothesis, column: str, analysis: str) -> float:
        """A column of the table at a look of a hypothesis."""
        rows = self._rows.get(hypothesis.name, {})
        return float(rows[analysis][column]) if analysis in rows else math.nan

    def rejected(self, hypothesis: Hypothesis) -> float:
        """Probability that a hypothesis is rejected, at whatever look."""
        return self._over_looks(hypothesis, "efficacy", [])

    def not_rejected(self, hypothesis: Hypothesis) -> float:
        """Probability that a hypothesis is not rejected at its last look, having come so far."""
        rows = self._rows.get(hypothesis.name, {})
        return float(list(rows.values())[-1]["futility"]) if rows else math.nan

    def at_stop(self, hypothesis: Hypothesis, column: str) -> float:
        """A column of the table in expectation, at the look that decides a hypothesis."""
        return self._over_looks(hypothesis, column, ["stops"])

    def decision_month(self, hypothesis: Hypothesis) -> float:
        """Expected month of the decision on a hypothesis."""
        return self.at_stop(hypothesis, "decision_day") / DAYS_PER_MONTH

    def _over_looks(self, hypothesis: Hypothesis, column: str, weights: list[str]) -> float:
        rows = self._rows.get(hypothesis.name, {})
        if not rows:
            return math.nan
        return sum(
            float(row[column]) * math.prod(float(row[weight]) for weight in weights)
            for row in rows.values()
        )

    def anywhere(self, column: str, analysis: str, endpoint: str = "") -> float:
        """A column of a look from whichever hypothesis is tested there, of an endpoint or any.

        Of an endpoint only one that is tested in all patients.
        """
        for rows in self._rows.values():
            row = rows.get(analysis)
            if row is None or (endpoint and row.get("population")):
                continue
            if endpoint in ("", row["endpoint"]):
                return float(row[column])
        return math.nan
