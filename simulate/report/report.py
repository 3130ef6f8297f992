"""The report of a run as one self-contained HTML file."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from simulate.report.blocks import numbered
from simulate.report.scorecard import scorecard_section
from simulate.report.survival import survival_section
from simulate.report.view import View
from simulate.run import RunResult

TEMPLATES = Path(__file__).parents[1] / "templates"

SECTIONS = (survival_section, scorecard_section)


def write_report(result: RunResult, path: Path) -> None:
    """Write the report of a run.

    Parameters
    ----------
    result : RunResult
        What the run found; the report shows nothing else.
    path : Path
        File to write. It needs no network and no script, and the same result gives the same bytes.
    """
    path.write_text(render_report(result), encoding="utf-8", newline="\n")


def render_report(result: RunResult) -> str:
    """The report of a run as HTML."""
    view = View(result)
    sections = numbered([build(view) for build in SECTIONS])
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    template = environment.get_template("report.html.j2")
    return template.render(scenario=view.scenario, sections=sections, css=css)
