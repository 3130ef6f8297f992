"""What theory has against a randomised trial before it runs: refused, or warned of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from simulate.scenario.reading import AnyScenario


def check_by_theory(scenario: AnyScenario) -> None:
    """Refuse what cannot come about by the looks that theory expects; warn of what hardly can.

    Raises
    ------
    ScenarioError
        With the line of everything that is out of reach.
    """
    from simulate.theory.followed import check_times
    from simulate.theory.reach import check_targets

    check_targets(scenario)
    for problem in check_times(scenario):
        click.echo(f"warning: {problem}", err=True)
