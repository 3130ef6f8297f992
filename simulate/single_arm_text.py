"""What trials of a single-arm design came to, in a few lines."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from simulate.analysis.single_arm_statistics import SINGLE_ARM

_WORDS = {"go": "go", "consider": "consider", "no_go": "no go"}


def decisions_in_words(folder: Path) -> str:
    """The decisions of a finished run and its mean size, each with its Monte Carlo standard error.

    Parameters
    ----------
    folder
        Folder of results of a scenario with a single-arm design.
    """
    table = pd.read_csv(folder / "operating_characteristics.csv")
    table = table[table["endpoint"] == SINGLE_ARM].drop_duplicates("measure")
    rows = table.set_index("measure")[["estimate", "mcse"]].to_dict("index")

    def number(measure: str, scale: float, digits: int, unit: str = "") -> str:
        row = rows[measure]
        error = f"{scale * row['mcse']:.2f}"
        return f"{scale * row['estimate']:.{digits}f}{unit} (MCSE {error})"

    decisions = ", ".join(
        f"{words} {number(f'{name}.probability', 100.0, 2, '%')}"
        for name, words in _WORDS.items()
        if name != "consider" or rows["consider.probability"]["estimate"] > 0.0
    )
    early = number("no_go.early", 100.0, 2, "%")
    return (
        f"{decisions}; no go before the last look {early}\n"
        f"patients counted {number('patients.mean', 1.0, 1)}, "
        f"enrolled {number('enrolled.mean', 1.0, 1)}"
    )
