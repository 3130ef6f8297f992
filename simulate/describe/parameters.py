"""Where the parameters come from, if a calibration gives them."""

from __future__ import annotations

from simulate.describe.words import count, listing, paragraphs
from simulate.scenario import Scenario


def parameters(scenario: Scenario) -> list[str]:
    """The calibration and its fit, what replicates take of it, and what was changed on purpose."""
    calibration = scenario.calibration
    if calibration is None:
        return []
    fit = calibration.content
    used = count(len(fit.calibrated), "statistic")
    held_out = f"; {count(len(fit.held_out), 'statistic')} held out" if fit.held_out else ""
    structure = listing(field for field, _ in calibration.structure)
    changed = listing(f"{p.field} ({p.name})" for p in scenario.changed_parameters)
    return paragraphs(
        f"{count(len(fit.parameters), 'parameter')} of the calibration {calibration.shown} of "
        f"{fit.scenario}, fit {fit.fit} ({fit.title}), which was made with {used}{held_out}.",
        f"The fit sets {structure} beside its parameters." if structure else "",
        _use(scenario),
        f"Changed on purpose, so not taken from there: {changed}." if changed else "",
    )


def _use(scenario: Scenario) -> str:
    if scenario.draws is None:
        return "All replicates take the point."
    n = scenario.draws.n
    return (
        f"Replicates take posterior draws: replicate r takes draw r mod {n:,}, of {n:,}. What is "
        "said here holds at the point."
    )
