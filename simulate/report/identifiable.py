"""What published summary numbers cannot tell of a calibrated model."""

from __future__ import annotations

from simulate.report.blocks import Block, Heading, Points, Prose
from simulate.report.numbers import listed
from simulate.report.view import View

RESPONSE_EFFECT = "disease.non_responder_death_hazard_ratio"


def not_identifiable(view: View) -> list[Block]:
    """Parameters on which the facts say next to nothing; nothing without a calibration."""
    if view.scenario.calibration is None:
        return []
    paths = [row.path for row in view.scenario.register()]
    shapes = [path for path in paths if path.startswith("disease.") and path.endswith(".shape")]
    items = []
    if shapes:
        items.append(
            (
                "The shapes of the Weibull distributions:",
                "a landmark rate tells where a curve passes, and a handful of them, from few "
                "patients, hardly tell how the hazard changes on the way. " + _held(view, shapes),
            )
        )
    if RESPONSE_EFFECT in paths:
        items.append(
            (
                "The effect of response on survival after progression:",
                "deaths are published of all patients together, and few have died. "
                + _held(view, [RESPONSE_EFFECT]),
            )
        )
    if not items:
        return []
    text = "Other values of these would give the published numbers as well."
    return [Heading("What the published numbers do not identify"), Prose(text), Points(items)]


def _held(view: View, paths: list[str]) -> str:
    """Which of these fields are in the posterior and which are not, and what follows from that."""
    calibration = view.scenario.calibration
    assert calibration is not None  # else nothing is said
    changed = {p.field for p in view.scenario.changed_parameters}
    drawn = {p.field for p in calibration.content.parameters} - changed
    in_posterior, fixed = [p for p in paths if p in drawn], [p for p in paths if p not in drawn]
    sentences = []
    if in_posterior:
        sentences.append(
            f"In the posterior, but little more than the prior: {_named(in_posterior)}."
        )
    if fixed:
        sentences.append(
            f"Held at one value, so that no interval here has that uncertainty: {_named(fixed)}."
        )
    return " ".join(sentences)


def _named(paths: list[str]) -> str:
    return listed(_NAMES.get(path, path) for path in paths)


_NAMES = {
    "disease.progression.responders.shape": "progression of responders",
    "disease.progression.non_responders.shape": "progression of non-responders",
    "disease.death_after_progression.shape": "death after progression",
    "disease.death_without_progression.shape": "death without progression",
    RESPONSE_EFFECT: "the hazard ratio of death of those who never responded",
}
