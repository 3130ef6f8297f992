"""The section on how to make the result again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simulate.report.blocks import Code, Heading, Listing, Prose, Section, Table
from simulate.report.view import View

_FILES = (
    ("report.html", "this report"),
    ("summary.json", "every number of the report"),
    ("operating_characteristics.csv", "every operating characteristic with its Monte Carlo error"),
    (
        "scorecard.csv",
        "published facts beside simulated trials: a row a fact, or two if it was made at the point "
        "of a calibration and over its posterior draws",
    ),
    ("truth.csv", "the true values that estimates are held against"),
    ("scan_bias.csv", "what the scan schedule does to progression-free survival"),
    ("curves.csv", "Kaplan-Meier and enrolment curves over replicates"),
    ("subgroups.csv", "subgroup estimates over replicates"),
    ("sweep.csv", "paired differences of every variant"),
    ("replicates.parquet", "a row a replicate and analysis, a column a statistic"),
    (
        "patients/",
        "patients, doses, adverse events, assessments, endpoints and exposure of chosen "
        "replicates. Endpoints and exposure are as known at each data cut; the others hold the "
        "whole truth, up to 30 days beyond the last cut and the days of death and progression "
        "yet to come. What the last cut knew of doses, adverse events and assessments: "
        "known_at_cut = 1 (an adverse event may still have gone on then)",
    ),
    ("manifest.json", "scenario, seed, versions and digests"),
)


def reproduce_section(view: View) -> Section:
    """Commands, versions, digests and files."""
    manifest = view.result.manifest
    beside = [("Tables digest", str(manifest["tables_digest"]))]
    if "parameters" in manifest:
        beside.insert(0, ("Parameters", _parameters(manifest["parameters"])))
    job = view.result.job
    path = view.scenario.path.as_posix()
    commands = (
        f"simulate describe {path}",
        f"simulate run {path} --replicates {job.replicates} --seed {job.seed}",
    )
    return how_to_reproduce(
        manifest,
        seed=job.seed,
        replicates=job.replicates,
        commands=commands,
        files=_FILES,
        beside=beside,
    )


def how_to_reproduce(
    manifest: Mapping[str, Any],
    *,
    seed: int,
    replicates: int,
    commands: Sequence[str],
    files: Sequence[tuple[str, str]],
    beside: Sequence[tuple[str, str]] = (),
) -> Section:
    """How to make any result again.

    Parameters
    ----------
    manifest : mapping
        The record of the run.
    seed, replicates : int
        Of the run.
    commands : sequence of str
        What to type; the manifest's own command takes the place of the last.
    files : sequence of (str, str)
        Files of the folder of results, and what they hold.
    beside : sequence of (str, str)
        What else identifies the run.
    """
    packages = ", ".join(f"{name} {v}" for name, v in manifest["packages"].items())
    items = [
        ("Seed", str(seed)),
        ("Replicates", f"{replicates:,}"),
        ("Engine", f"{manifest['engine']}: {manifest['engine_reason']}"),
        ("Scenario digest", str(manifest["digest"])),
        *beside,
        ("Version", f"simulate {manifest['version']}, Python {manifest['python']}"),
        ("Packages", packages),
        ("Platform", str(manifest["platform"])),
    ]
    text = (
        "The same scenario, seed and version give the same tables to the last byte, whatever the "
        "number of workers."
    )
    *before, last = commands
    return Section(
        "reproduce",
        "How to reproduce",
        [
            Prose(text),
            Code("\n".join([*before, manifest["command"] or last])),
            Listing(items),
            Heading("Files of this folder"),
            Table("Files", ("File", "What it holds"), files, codes=(0,)),
        ],
    )


def _parameters(record: Mapping[str, Any]) -> str:
    """Where the parameters are from, as the manifest has it."""
    text = f"calibration {record['from']}, fit {record['fit']}, use: {record['use']}"
    if "draws" in record:
        text += f"; {record['draws']:,} draws, digest {record['draws_digest'][:12]}"
    if "replicates_over_draws" in record:
        text += f", taken by {record['replicates_over_draws']:,} replicates for the scorecard"
    return text
