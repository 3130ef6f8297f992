"""The folder of a design's theory: two tables, the text, and what they were made from."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pandas as pd

from simulate.describe.design import design_in_words
from simulate.describe.single_arm import theory_in_words
from simulate.design_theory import DesignTheory
from simulate.results import MANIFEST, THEORY, check_folder, new_folder, write_csv, write_json
from simulate.single_arm_theory import SingleArmTheory
from simulate.theory.shared_alpha import error_rows, level_rows


def write_design(
    theory: DesignTheory | SingleArmTheory, folder: Path, *, command: str, force: bool = False
) -> str:
    """Write the theory of a design, whole or not at all.

    Parameters
    ----------
    theory : DesignTheory or SingleArmTheory
        The theory.
    folder : Path
        Where to: ``design.csv`` (a row for each hypothesis, look and truth),
        ``design_overall.csv`` (one for each hypothesis and truth), ``design.txt`` and
        ``manifest.json``; of a single-arm design also ``design_curve.csv`` (by response rate);
        where hypotheses share alpha also ``design_levels.csv`` (a row for each hypothesis, level
        and look) and ``design_familywise_error.csv`` (one for each set of true hypotheses). The
        folder of the scenario's simulation is left alone.
    command : str
        The command that asked for it, for the manifest.
    force : bool
        Whether another result may be overwritten, such as the theory of another version of the
        scenario, or a simulation.

    Returns
    -------
    str
        The text.

    Raises
    ------
    OutputError
        If the folder cannot be written or holds something else.
    """
    digest = theory.scenario.digest()
    check_folder(folder, digest, THEORY, force=force)
    text, further = _told(theory)
    with new_folder(folder) as new:
        write_csv(theory.table, new / "design.csv")
        write_csv(theory.overall, new / "design_overall.csv")
        for name, table in further.items():
            write_csv(table, new / f"{name}.csv")
        (new / "design.txt").write_text(text, encoding="utf-8")
        content = {
            "kind": THEORY,
            "name": theory.scenario.name,
            "digest": digest,
            "version": version("simulate"),
            "command": command,
        }
        write_json(content, new / MANIFEST)
    return text


def _told(theory: DesignTheory | SingleArmTheory) -> tuple[str, dict[str, pd.DataFrame]]:
    """The theory in words, and its further tables by name."""
    if isinstance(theory, SingleArmTheory):
        return theory_in_words(theory), {"design_curve": theory.curve}
    if theory.shared is None:
        return design_in_words(theory), {}
    name = theory.scenario.name
    return design_in_words(theory), {
        "design_levels": pd.DataFrame(level_rows(name, theory.shared)),
        "design_familywise_error": pd.DataFrame(error_rows(name, theory.shared)),
    }
