"""What published summary numbers cannot tell of a calibrated model, read from its posterior."""

from __future__ import annotations

import pandas as pd

from simulate.calibration.tables import FitFolder, read_fit_folder
from simulate.report.blocks import Block, Heading, Points, Prose
from simulate.report.informed import PRIOR_ONLY
from simulate.report.numbers import listed, number
from simulate.report.view import View

RESPONSE_EFFECT = "disease.non_responder_death_hazard_ratio"

CONSTANT_HAZARD = 1.0
"""Weibull shape at which a hazard neither rises nor falls."""


def not_identifiable(view: View) -> list[Block]:
    """Parameters on which the facts say next to nothing; nothing without a calibration."""
    calibration = view.scenario.calibration
    if calibration is None:
        return []
    known = _Known(view, read_fit_folder(calibration.folder))
    items = [*_shapes(known), *_response_effect(known), *_prior_only(known)]
    if not items:
        return []
    text = "Other values of these would give the published numbers as well."
    return [Heading("What the published numbers do not identify"), Prose(text), Points(items)]


class _Known:
    """Fields of the scenario, and what the fit found of those that it estimated."""

    def __init__(self, view: View, fit: FitFolder) -> None:
        calibration = view.scenario.calibration
        assert calibration is not None
        changed = {p.field for p in view.scenario.changed_parameters}
        self.paths = [row.path for row in view.scenario.register()]
        self.drawn = {
            p.field: p.name for p in calibration.content.parameters if p.field not in changed
        }
        self.table = pd.DataFrame() if fit.parameters is None else fit.parameters
        self.rows = {row["parameter"]: row for row in self.table.to_dict("records")}

    def found(self, paths: list[str]) -> pd.DataFrame:
        """Rows of the posterior of these fields."""
        names = [self.drawn[path] for path in paths if path in self.drawn]
        return pd.DataFrame([self.rows[name] for name in names if name in self.rows])


def _shapes(known: _Known) -> list[tuple[str, str]]:
    paths = [p for p in known.paths if p.startswith("disease.") and p.endswith(".shape")]
    if not paths:
        return []
    text = (
        "a landmark rate tells where a curve passes, and a handful of them, from few patients, "
        "hardly tell how the hazard changes on the way. "
    )
    found = known.found(paths)
    if not found.empty:
        text += _width(found) + _rise_or_fall(found) + " "
    return [("The shapes of the Weibull distributions:", text + _fixed(known, paths))]


def _rise_or_fall(found: pd.DataFrame) -> str:
    """Whether the posterior tells if a hazard rises or falls."""
    lower, upper = found["posterior_lower"], found["posterior_upper"]
    open_ = (lower <= CONSTANT_HAZARD) & (upper >= CONSTANT_HAZARD)
    if open_.all():
        which = "its 95% interval holds" if len(found) == 1 else "the 95% intervals all hold"
        return f" {which[0].upper()}{which[1:]} 1: hazards that rise or fall are both possible."
    if not open_.any():
        return ""
    labels = listed(str(label) for label in found["label"][open_])
    return f" The 95% interval holds 1, so that the hazard may rise or fall, for: {labels}."


def _response_effect(known: _Known) -> list[tuple[str, str]]:
    if RESPONSE_EFFECT not in known.paths:
        return []
    text = "deaths are published of all patients together, and few have died. "
    found = known.found([RESPONSE_EFFECT])
    if not found.empty:
        text += _width(found) + " "
    return [
        (
            "The effect of response on survival after progression:",
            text + _fixed(known, [RESPONSE_EFFECT]),
        )
    ]


def _width(found: pd.DataFrame) -> str:
    """How wide posteriors are beside their priors."""
    low, high = found["shrinkage"].min(), found["shrinkage"].max()
    shares = number(low, 2) if low == high else f"{number(low, 2)} to {number(high, 2)}"
    return f"The posterior is {shares} times as wide as the prior."


def _prior_only(known: _Known) -> list[tuple[str, str]]:
    """All other parameters whose posterior is the prior."""
    if known.table.empty:
        return []
    told = {known.drawn.get(RESPONSE_EFFECT)}
    told |= {name for path, name in known.drawn.items() if path.endswith(".shape")}
    used = known.table["parameter"].isin(list(known.drawn.values()))
    silent = known.table[used & (known.table["shrinkage"] >= PRIOR_ONLY)]
    silent = silent[~silent["parameter"].isin(list(told))]
    if silent.empty:
        return []
    named = listed(
        f"{label} ({number(shrinkage, 2)})"
        for label, shrinkage in zip(silent["label"], silent["shrinkage"], strict=True)
    )
    text = f"at least {PRIOR_ONLY:g} times as wide as the prior: {named}."
    return [("Also little more than the prior:", text)]


def _fixed(known: _Known, paths: list[str]) -> str:
    """Which of these fields have no uncertainty here, and which have one of unknown origin."""
    untold = [path for path in paths if path in known.drawn and known.drawn[path] not in known.rows]
    fixed = [path for path in paths if path not in known.drawn]
    sentences = []
    if untold:
        sentences.append(f"In the posterior: {_named(untold)}.")
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
