"""The section on how to make the result again."""

from __future__ import annotations

from collections.abc import Mapping
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
    manifest, job = view.result.manifest, view.result.job
    packages = ", ".join(f"{name} {v}" for name, v in manifest["packages"].items())
    items = [
        ("Seed", str(job.seed)),
        ("Replicates", f"{job.replicates:,}"),
        ("Engine", f"{manifest['engine']}: {manifest['engine_reason']}"),
        ("Scenario digest", str(manifest["digest"])),
        ("Tables digest", str(manifest["tables_digest"])),
        ("Version", f"simulate {manifest['version']}, Python {manifest['python']}"),
        ("Packages", packages),
        ("Platform", str(manifest["platform"])),
    ]
    if "parameters" in manifest:
        items.insert(4, ("Parameters", _parameters(manifest["parameters"])))
    text = (
        "The same scenario, seed and version give the same tables to the last byte, whatever the "
        "number of workers."
    )
    path = view.scenario.path.as_posix()
    options = f"--replicates {job.replicates} --seed {job.seed}"
    again = manifest["command"] or f"simulate run {path} {options}"
    commands = f"simulate describe {path}\n{again}"
    return Section(
        "reproduce",
        "How to reproduce",
        [
            Prose(text),
            Code(commands),
            Listing(items),
            Heading("Files of this folder"),
            Table("Files", ("File", "What it holds"), _FILES, codes=(0,)),
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
