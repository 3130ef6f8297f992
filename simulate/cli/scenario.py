"""Commands that read a scenario and tell of it: validate, describe, design, story, schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from simulate.cli.by_theory import check_by_theory
from simulate.cli.options import checked_name, command_line, count, with_set
from simulate.errors import OutputError

if TYPE_CHECKING:
    from simulate.scenario.reading import AnyScenario

_MOST_WARNINGS = 10


@click.command()
@click.argument("file")
@with_set
def validate(file: str, overrides: tuple[str, ...]) -> None:
    """Check the scenario FILE and say what is wrong with it, all at once."""
    from simulate.scenario.reading import read_scenario

    scenario = read_scenario(file, overrides)
    if scenario.arms:  # others need no theory, which takes its time to import
        check_by_theory(scenario)
    click.echo(f"{file} is valid: {scenario.title}")
    click.echo(_size(scenario))
    _warn_of_unstated(scenario)


def _size(scenario: AnyScenario) -> str:
    parts = [
        count(scenario.sample_size, "patient"),
        *_of_kind(scenario),
        count(scenario.replicates, "replicate"),
        count(len(scenario.sweep), "variant"),
    ]
    return f"{', '.join(parts)}; digest {scenario.digest()[:12]}"


def _of_kind(scenario: AnyScenario) -> list[str]:
    """What only scenarios of its kind have, in numbers."""
    from simulate.scenario import Scenario

    sites = (
        [count(scenario.enrolment.sites.count, "site")] if isinstance(scenario, Scenario) else []
    )
    if not scenario.arms:
        return [*sites, count(len(scenario.analyses), "analysis", "analyses")]
    return [
        *sites,
        count(len(scenario.arms), "arm"),
        count(len(scenario.analyses), "look"),
        count(len(scenario.hypotheses), "hypothesis", "hypotheses"),
    ]


def _warn_of_unstated(scenario: AnyScenario) -> None:
    unstated = [row for row in scenario.register() if row.source == "not stated"]
    for row in unstated[:_MOST_WARNINGS]:
        place = row.file if row.line is None else f"{row.file}:{row.line}"
        text = f"{place}: {row.path}: warning: no source is stated (given: {row.value})"
        click.echo(text, err=True)
    if len(unstated) > _MOST_WARNINGS:
        rest = len(unstated) - _MOST_WARNINGS
        click.echo(f"and {count(rest, 'more number')} without a source", err=True)


@click.command()
@click.argument("file")
@with_set
def describe(file: str, overrides: tuple[str, ...]) -> None:
    """Say in words what the scenario FILE will do, before anything runs."""
    from simulate.describe import describe as describe_scenario
    from simulate.scenario.reading import read_scenario

    click.echo(describe_scenario(read_scenario(file, overrides)))


@click.command()
@click.argument("file")
@with_set
@click.option("--out", default="results/design", show_default=True, help="Folder of the tables.")
@click.option("--name", help="Name of this result; default: the scenario's name.")
@click.option("--force", is_flag=True, help="Overwrite another result.")
def design(file: str, overrides: tuple[str, ...], out: str, name: str | None, force: bool) -> None:
    """Say what theory expects of the trial FILE: bounds, looks, power, sample size.

    Of a randomised trial with hypotheses, or of one with a single-arm design.
    """
    from pathlib import Path

    from simulate.design_theory import design_theory
    from simulate.scenario import Scenario, read_scenario
    from simulate.single_arm_theory import single_arm_theory
    from simulate.write_design import write_design

    chosen = checked_name(name)
    scenario = read_scenario(file, overrides)
    check_by_theory(scenario)
    theory = (
        single_arm_theory(scenario)
        if isinstance(scenario, Scenario) and scenario.single_arm is not None
        else design_theory(scenario)
    )
    folder = Path(out) / (chosen or theory.scenario.name)
    click.echo(write_design(theory, folder, command=command_line(), force=force), nl=False)
    click.echo(f"\ntables: {folder / 'design.csv'} and {folder / 'design_overall.csv'}")


@click.command()
@click.argument("file")
@with_set
@click.option("--replicate", type=int, default=0, show_default=True, help="Which simulated trial.")
@click.option("--patient", type=int, default=0, show_default=True, help="Its number, from 0.")
@click.option("--seed", type=int, help="Seed of all random numbers; default: the scenario's.")
def story(
    file: str, overrides: tuple[str, ...], replicate: int, patient: int, seed: int | None
) -> None:
    """Tell the history of one patient of the scenario FILE, line by line."""
    from simulate.scenario import read_scenario
    from simulate.story import story as tell

    scenario = read_scenario(file, overrides)
    chosen = scenario.seed if seed is None else seed
    click.echo(tell(scenario, seed=chosen, replicate=replicate, patient=patient))


@click.command()
@click.option("--output", metavar="FILE", help="Write to FILE; by default to standard output.")
@click.option(
    "--of",
    "kind",
    type=click.Choice(["scenario", "calibration", "figures"]),
    default="scenario",
    show_default=True,
    help="Scenario files, files of priors and targets, or files of printed figures.",
)
def schema(output: str | None, kind: str) -> None:
    """Give the JSON Schema of scenario files, by which editors check and complete them."""
    from simulate.scenario.json_schema import as_text, scenario_schema

    if kind == "scenario":
        text = as_text(scenario_schema())
    elif kind == "calibration":
        from simulate.scenario.calibration_design import calibration_schema

        text = as_text(calibration_schema())
    else:
        from simulate.reconstruct.publication import publication_schema

        text = as_text(publication_schema())
    if output is None:
        click.echo(text, nl=False)
        return
    from pathlib import Path

    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{output}: cannot be written: {error.strerror}") from None
