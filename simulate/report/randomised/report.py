"""The report of a randomised trial as one self-contained HTML file."""

from __future__ import annotations

from pathlib import Path

from simulate.randomised.result import RandomisedResult
from simulate.report.blocks import Section
from simulate.report.randomised.boundaries import boundaries_section
from simulate.report.randomised.calendar import calendar_section
from simulate.report.randomised.design import design_section
from simulate.report.randomised.estimates import estimates_section
from simulate.report.randomised.examples import examples_section
from simulate.report.randomised.head import summary, tiles
from simulate.report.randomised.multiplicity import multiplicity_section
from simulate.report.randomised.null import null_section
from simulate.report.randomised.power import power_section
from simulate.report.randomised.rates import rates_section
from simulate.report.randomised.readers import readers_section
from simulate.report.randomised.tests import tests_section
from simulate.report.randomised.view import RandomisedView
from simulate.report.randomised.whatifs import whatifs_section
from simulate.report.report import render_page
from simulate.report.reproduce import how_to_reproduce
from simulate.report.sources import register_section


def write_randomised_report(result: RandomisedResult, path: Path) -> None:
    """Write the report of a run of a randomised trial.

    Parameters
    ----------
    result : RandomisedResult
        What the run found; the report shows nothing else.
    path : Path
        File to write. It needs no network and no script, and the same result gives the same bytes.
    """
    path.write_text(render_randomised_report(result), encoding="utf-8", newline="\n")


def render_randomised_report(result: RandomisedResult) -> str:
    """The report of a run of a randomised trial as HTML."""
    view = RandomisedView(result)
    return render_page(
        view.scenario,
        summary=summary(view),
        tiles=tiles(view),
        sections=[build(view) for build in SECTIONS],
        version=result.manifest["version"],
    )


def sources_section(view: RandomisedView) -> Section:
    """Where every number of the scenario comes from."""
    return register_section(view.scenario.register())


_FILES = (
    ("report.html", "this report"),
    ("summary.json", "every number of the report"),
    ("operating_characteristics.csv", "every operating characteristic with its Monte Carlo error"),
    ("design.csv", "bounds, power and expected numbers by theory"),
    ("sweep.csv", "paired differences of every variant"),
    ("sweep_operating_characteristics.csv", "operating characteristics of every variant"),
    ("replicates.parquet", "a row a replicate and look that was made, a column a number"),
    (
        "patients/",
        "subjects of the example trials: the whole truth of every patient enrolled by the data cut "
        "with which the trial ended, in days from randomisation, numbered from 0; of survival "
        "models also endpoints (day, event and reason by endpoint, as known at that cut) and "
        "assessments (planned scans, done or not, and who calls progression at them)",
    ),
    ("manifest.json", "scenario, seed, versions and digests"),
)

_ONLY_WITH = {
    "design.csv": "theory",
    "sweep_operating_characteristics.csv": "variants_operating",
}
"""Files that are written only if a table of the result has rows."""


def reproduce_section(view: RandomisedView) -> Section:
    """Commands, versions, digests and files."""
    result, job = view.result, view.result.job
    path = view.scenario.path.as_posix()
    null = " --null" if job.null else ""
    if job.null_of:
        null = f" --null-of {','.join(job.null_of)}"
    files = [
        (name, what)
        for name, what in _FILES
        if name not in _ONLY_WITH or len(getattr(result, _ONLY_WITH[name]))
    ]
    commands = (
        f"simulate describe {path}",
        f"simulate run {path} --replicates {job.replicates} --seed {job.seed}{null}",
    )
    return how_to_reproduce(
        result.manifest, seed=job.seed, replicates=job.replicates, commands=commands, files=files
    )


SECTIONS = (
    design_section,
    null_section,
    power_section,
    tests_section,
    multiplicity_section,
    boundaries_section,
    calendar_section,
    estimates_section,
    rates_section,
    readers_section,
    examples_section,
    whatifs_section,
    sources_section,
    reproduce_section,
)
"""The sections in their order; one without content is left out."""
