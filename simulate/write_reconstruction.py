"""The folder of a reconstruction: data, comparison, picture, and what they were made from."""

from __future__ import annotations

import math
from importlib.metadata import version
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from simulate.plots.reconstruction import plot_reconstruction
from simulate.plots.style import SOFT, STYLE
from simulate.plots.survival import Landmark
from simulate.reconstruct.printed import Printed
from simulate.reconstruct.reconstruction import ReconstructedCurve, Reconstruction
from simulate.reconstruct.text import text
from simulate.results import (
    MANIFEST,
    RECONSTRUCTION,
    check_folder,
    new_folder,
    write_csv,
    write_json,
)

_PANELS_A_ROW = 3


def write_reconstruction(
    made: Reconstruction, folder: Path, *, command: str, force: bool = False
) -> None:
    """Write a reconstruction, whole or not at all.

    Parameters
    ----------
    made : Reconstruction
        Pseudo individual data with their comparison.
    folder : Path
        Where to: ``pseudo_ipd.csv``, ``check.csv``, ``check.txt``, ``curves.svg`` and
        ``manifest.json``.
    command : str
        The command that asked for it, for the manifest.
    force : bool
        Whether a reconstruction of other figures may be overwritten.

    Raises
    ------
    OutputError
        If the folder cannot be written or holds something else.
    """
    check_folder(folder, made.file.digest, RECONSTRUCTION, force=force)
    with new_folder(folder) as new:
        write_csv(made.data, new / "pseudo_ipd.csv")
        write_csv(made.check, new / "check.csv")
        (new / "check.txt").write_text(text(made) + "\n", encoding="utf-8")
        draw(made, new / "curves.svg")
        content = {
            "kind": RECONSTRUCTION,
            "name": made.file.publication.name,
            "digest": made.file.digest,
            "version": version("simulate"),
            "command": command,
        }
        write_json(content, new / MANIFEST)


def draw(made: Reconstruction, path: Path) -> None:
    """Draw all curves on their printed figures; the ending of the name says in which format."""
    columns = min(len(made.curves), _PANELS_A_ROW)
    rows = math.ceil(len(made.curves) / columns)
    with mpl.rc_context(STYLE | {"svg.hashsalt": made.file.publication.name}):
        figure = Figure(figsize=(4.2 * columns, 3.3 * rows + 0.3), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for curve, ax in zip(made.curves, axes, strict=False):
            _panel(made, curve, ax)
        for ax in axes[len(made.curves) :]:
            ax.remove()
        figure.supxlabel(
            "Line: Kaplan-Meier curve of the pseudo data, dotted its 95% limits, ticks censored. "
            "Vermilion: as printed.".replace("95%", _confidences(made)),
            fontsize=8,
            color=SOFT,
        )
        metadata = {"Date": None, "Creator": None} if path.suffix == ".svg" else None
        figure.savefig(path, metadata=metadata, dpi=150)


def _confidences(made: Reconstruction) -> str:
    """Confidence of the limits, of all curves."""
    levels = sorted({curve.published.confidence for curve in made.curves})
    return " or ".join(f"{100 * level:g}%" for level in levels)


def _panel(made: Reconstruction, curve: ReconstructedCurve, ax: mpl.axes.Axes) -> None:
    published = curve.published
    nothing = float("nan")

    def value(figure: Printed | None) -> float:
        return nothing if figure is None else figure.value

    median = published.median
    plot_reconstruction(
        curve.curve,
        landmarks=[
            Landmark(mark.time, mark.rate.value, value(mark.lower), value(mark.upper))
            for mark in published.landmarks or ()
        ],
        points=published.points or (),
        median=(value(median.time), value(median.lower), value(median.upper)) if median else None,
        time_unit=made.file.publication.time_unit,
        title=f"{published.name} (n = {published.n})",
        ax=ax,
    )
