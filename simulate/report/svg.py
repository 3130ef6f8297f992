"""Figures as SVG inside the page: small, and the same bytes for the same data."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from simulate.plots.style import STYLE

_DECLARATIONS = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<metadata>.*?</metadata>", re.DOTALL)
_REFERENCE = re.compile(r"""(?:url\(#|href=["']#)([^)"']+)""")
_ID = re.compile(r' id="([^"]*)"')
_FONT = re.compile(r"'DejaVu Sans'(?:, *[^;\"]*)?")
_LONG_NUMBER = re.compile(r"(?<=[\s\"(,ML])-?\d+\.\d{3,}")


def figure_svg(
    key: str,
    draw: Callable[[Figure], object],
    *,
    width: float,
    height: float,
    description: str,
) -> Markup:
    """Draw a figure and give it as SVG for use inside HTML.

    Parameters
    ----------
    key : str
        Name of the figure, unique in the page: its clip paths and markers are named after it.
    draw : callable
        Draws on a new figure.
    width, height : float
        Size in inches; the page scales it.
    description : str
        What it shows, for those who cannot see it.
    """
    settings = STYLE | {"svg.fonttype": "none", "svg.hashsalt": f"simulate {key}"}
    buffer = io.StringIO()
    with mpl.rc_context(settings):
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure)
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return Markup(_tidied(buffer.getvalue(), key, description))  # the drawing is our own


def _tidied(svg: str, key: str, description: str) -> str:
    """Without declarations and idle names; fonts those of the page; numbers to a hundredth."""
    svg = _DECLARATIONS.sub("", svg)
    used = set(_REFERENCE.findall(svg))
    svg = _ID.sub(lambda m: f' id="{key}-{m[1]}"' if m[1] in used else "", svg)
    svg = re.sub(r"url\(#", f"url(#{key}-", svg)
    svg = re.sub(r'href="#', f'href="#{key}-', svg)
    svg = _FONT.sub("var(--sans)", svg)
    svg = _LONG_NUMBER.sub(lambda m: f"{float(m[0]):.2f}".rstrip("0").rstrip("."), svg)
    svg = re.sub(r">\s+<", "><", svg)
    label = escape(description)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1).strip()
