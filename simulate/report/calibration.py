"""The section on the calibration that gives the scenario its parameters."""

from __future__ import annotations

from simulate.report.blocks import Block, Heading, Prose, Section
from simulate.report.calibration_coverage import coverage_blocks
from simulate.report.calibration_fits import Fits, fits_of
from simulate.report.calibration_held_out import held_out_blocks
from simulate.report.calibration_parameters import parameter_blocks
from simulate.report.calibration_structures import structure_blocks
from simulate.report.calibration_targets import target_blocks
from simulate.report.numbers import counted, listed
from simulate.report.view import View


def calibration_section(view: View) -> Section:
    """Prior and posterior, targets, other fits; empty without a calibration."""
    fits = fits_of(view)
    blocks: list[Block] = []
    if fits is not None:
        blocks = [
            Prose(_introduction(view, fits)),
            *parameter_blocks(fits),
            *_targets(view, fits),
            *held_out_blocks(fits),
            *structure_blocks(view, fits),
            *coverage_blocks(fits.used.path.parent),
        ]
    return Section("calibration", "Calibration", blocks)


def _introduction(view: View, fits: Fits) -> str:
    """Which fit of which calibration is in use, and how large it is."""
    calibration = view.scenario.calibration
    assert calibration is not None  # there are fits
    content = calibration.content
    text = (
        f"The scenario takes {counted(len(content.parameters), 'parameter')} from the calibration "
        f"{calibration.shown}, fit {content.fit} ({content.title})."
    )
    if changed := view.scenario.changed_parameters:
        names = listed(parameter.name for parameter in changed)
        text += f" Of these, the scenario changes {names} on purpose."
    if fits.used.parameters is None or fits.used.diagnostics is None:
        return f"{text} Its folder does not say how they were estimated."
    draws, stages = fits.used.diagnostics.get("n_draws"), fits.used.stages
    parts = [
        f"{counted(s['n_parameters'], 'parameter')} from {counted(s['n_targets'], 'statistic')} "
        f"(stage {name})"
        for name, s in stages.items()
    ]
    text += f" They were estimated from published statistics: {listed(parts)}"
    text += f", and {draws:,} draws of the posterior are kept." if draws else "."
    if len(stages) > 1:
        text += " A later stage is estimated with the earlier ones at their point."
    return text


def _targets(view: View, fits: Fits) -> list[Block]:
    if fits.used.targets is None and not fits.used.stages:
        return []
    return [Heading("What it was calibrated to, and how"), *target_blocks(view, fits)]
