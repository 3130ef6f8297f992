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
    """Whether these fields are in the posterior, and what follows from that."""
    calibration = view.scenario.calibration
    assert calibration is not None  # else nothing is said
    changed = {p.field for p in view.scenario.changed_parameters}
    drawn = {p.field for p in calibration.content.parameters} - changed
    prior, fixed = [p for p in paths if p in drawn], [p for p in paths if p not in drawn]
    parts = []
    if prior:
        parts.append(
            f"In the posterior {listed(map(_short, prior))} {_is(prior)} little more than the prior"
        )
    if fixed:
        names = listed(map(_short, fixed))
        names = names if prior else names[:1].upper() + names[1:]
        parts.append(
            f"{names} {_is(fixed)} held at one value, and no interval here holds the uncertainty "
            "of that"
        )
    return "; ".join(parts) + "."


def _is(paths: list[str]) -> str:
    return "is" if len(paths) == 1 else "are"


def _short(path: str) -> str:
    """A field in words: ``disease.progression.responders.shape`` is 'progression of responders'."""
    return _NAMES.get(path, path)


_NAMES = {
    "disease.progression.responders.shape": "that of progression of responders",
    "disease.progression.non_responders.shape": "that of progression of non-responders",
    "disease.death_after_progression.shape": "that of death after progression",
    "disease.death_without_progression.shape": "that of death without progression",
    RESPONSE_EFFECT: "the hazard ratio of death of non-responders",
}
