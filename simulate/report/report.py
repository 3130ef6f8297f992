"""The report of a run as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from simulate.report.blocks import Note, Prose, Section, Tiles, numbered
from simulate.report.calibration import calibration_section
from simulate.report.design import design_section
from simulate.report.doses import doses_section
from simulate.report.enrolment import enrolment_section
from simulate.report.head import summary, tiles
from simulate.report.operating import operating_section
from simulate.report.reproduce import reproduce_section
from simulate.report.response import response_section
from simulate.report.safety import safety_section
from simulate.report.scan_bias import scan_bias_section
from simulate.report.scorecard import scorecard_section
from simulate.report.single_arm import not_stopped, single_arm_section
from simulate.report.sources import sources_section
from simulate.report.subgroups import subgroups_section
from simulate.report.survival import survival_section
from simulate.report.swimmer import swimmer_section
from simulate.report.view import View
from simulate.report.whatifs import whatifs_section
from simulate.run import RunResult
from simulate.scenario.head import Head

TEMPLATES = Path(__file__).parents[1] / "templates"

SECTIONS = (
    design_section,
    single_arm_section,
    survival_section,
    response_section,
    enrolment_section,
    safety_section,
    doses_section,
    swimmer_section,
    scorecard_section,
    calibration_section,
    scan_bias_section,
    operating_section,
    subgroups_section,
    whatifs_section,
    sources_section,
    reproduce_section,
)
"""The sections in their order; one without content is left out."""


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
    return render_page(
        view.scenario,
        summary=summary(view),
        tiles=tiles(view),
        sections=list(_sections(view)),
        version=result.manifest["version"],
    )


def _sections(view: View) -> Iterator[Section]:
    """All sections; the first one after a single-arm design says of which trials the others are."""
    as_if = not_stopped(view)
    after_design = False
    for build in SECTIONS:
        section = build(view)
        if after_design and section.blocks:
            section.blocks.insert(0, Note(f"From here on all is {as_if}."))
            after_design = False
        after_design |= build is single_arm_section and bool(as_if)
        yield section


def render_page(
    scenario: Head, *, summary: Prose, tiles: Tiles, sections: Sequence[Section], version: str
) -> str:
    """Any report as HTML: its head, and its sections numbered in their order.

    Parameters
    ----------
    scenario : Head
        What was simulated.
    summary, tiles : Prose, Tiles
        The head of the report.
    sections : sequence of Section
        The sections; one without content is left out.
    version : str
        Version of the program that ran.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    return environment.get_template("report.html.j2").render(
        scenario=scenario,
        summary=summary,
        tiles=tiles,
        sections=numbered(sections),
        css=css,
        version=version,
    )
