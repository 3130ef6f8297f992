"""The picture of the trial: population, randomisation, arms and looks."""

from __future__ import annotations

import math
import textwrap

from matplotlib.figure import Figure

from simulate.describe.words import duration
from simulate.plots.trial_schema import Box, Schema, plot_trial_schema, schema_height
from simulate.report.blocks import Picture
from simulate.report.numbers import counted, listed, number
from simulate.report.randomised.bounds import ratios_at_bound
from simulate.report.randomised.view import RandomisedView, look_label
from simulate.report.randomised.words import cut_in_brief
from simulate.report.svg import figure_svg
from simulate.scenario.analyses import Analysis
from simulate.scenario.recruitment import Recruitment

_INCHES = 8.6
_NARROW, _WIDE = 21, 32  # characters of a line in the boxes of arms and of looks


def schema_picture(view: RandomisedView) -> Picture:
    """The schema of the trial."""
    schema = schema_of(view)
    height = _INCHES / 101 * (schema_height(schema) + 1.6)

    def draw(figure: Figure) -> None:
        plot_trial_schema(schema, ax=figure.subplots())

    svg = figure_svg(
        "schema", draw, width=_INCHES, height=height, description="Schema of the trial"
    )
    caption = (
        "From left to right: who comes, how they are randomised, the arms with the patients "
        "planned for each, and the looks in their order. Months count from the origin and are "
        "medians over the trials that made the look"
    )
    return Picture(svg, "The trial", f"{caption}{_what_bounds_are(view)}.")


def _what_bounds_are(view: RandomisedView) -> str:
    """What the hazard ratios of the looks are; nothing where no test has any at its bound."""
    if not any(
        ratios_at_bound(view, hypothesis, look.name)
        for hypothesis in view.hypotheses
        for look in view.looks_of(hypothesis)
    ):
        return ""
    by_level = "" if view.scenario.graph is None else ", by the alpha that the hypothesis has then"
    return f"; hazard ratios are the largest observed ones that reject there{by_level}"


def schema_of(view: RandomisedView) -> Schema:
    """What the picture says."""
    scenario = view.scenario
    total = sum(arm.allocation for arm in view.arms)
    arms = [
        Box(
            textwrap.fill(arm.label, _NARROW),
            (_planned(scenario.sample_size * arm.allocation / total),),
        )
        for arm in view.arms
    ]
    controls = frozenset(
        i for i, arm in enumerate(view.arms) if arm.name in {h.control for h in view.hypotheses}
    )
    return Schema(
        population=Box(counted(scenario.sample_size, "patient"), _population(view)),
        randomisation=_randomisation(view) if len(view.arms) > 1 else (),
        arms=arms,
        controls=controls,
        looks=[
            Box(_first(look_label(analysis), _WIDE), _look(view, analysis))
            for analysis in view.analyses
        ],
    )


def _planned(patients: float) -> str:
    """Patients planned for an arm, which need not be a whole number."""
    about = "" if patients == round(patients) else "about "
    return about + counted(round(patients), "patient")


def _first(text: str, width: int) -> str:
    return textwrap.shorten(text, width, placeholder="\N{HORIZONTAL ELLIPSIS}")


def _population(view: RandomisedView) -> tuple[str, ...]:
    enrolment = view.scenario.enrolment
    lines = []
    if isinstance(enrolment, Recruitment):
        regions = enrolment.regions
        lines += [] if regions is None else [f"from {counted(len(regions), 'region')}"]
    else:
        lines.append(f"at {counted(enrolment.sites.count, 'site')}")
    enrolled = view.measured.of_trial("n_enrolled.mean", view.analyses[0].name)
    if not math.isnan(enrolled.estimate):
        lines.append(f"{number(round(enrolled.estimate), 0)} by the first look")
    return tuple(lines)


def _randomisation(view: RandomisedView) -> tuple[str, ...]:
    randomisation = view.scenario.randomisation
    ratio = " : ".join(str(arm.allocation) for arm in view.arms)
    sizes = listed((str(size) for size in randomisation.block_sizes), last="or")
    how = {
        "blocks": f"blocks of {sizes}",
        "minimisation": "minimisation",
        "simple": "each by chance",
    }[randomisation.method]
    lines = [ratio, how]
    if randomisation.method == "minimisation":
        lines += [f"over {name}" for name in _titles(view, randomisation.factors)]
    elif randomisation.strata:
        lines += ["within strata of", *_titles(view, randomisation.strata)]
    return tuple(_first(line, 25) for line in lines)


def _titles(view: RandomisedView, names: tuple[str, ...]) -> list[str]:
    return [view.scenario.baseline.variable(name).title for name in names]


def _look(view: RandomisedView, analysis: Analysis) -> tuple[str, ...]:
    """What a box of a look says: its trigger, its month, and the bounds."""
    lines = textwrap.wrap(f"at {cut_in_brief(analysis.cut)}", _WIDE)
    if analysis.cleaning_lag:
        lines.append(f"decision {duration(analysis.cleaning_lag)} later")
    month = view.measured.of_trial("cut_time.q50", analysis.name).estimate
    if math.isfinite(month):
        lines.append(f"month {number(month)}")
    for hypothesis in view.hypotheses:
        if analysis not in view.looks_of(hypothesis):
            continue
        found = sorted(ratios_at_bound(view, hypothesis, analysis.name))
        if found:
            name = f"{hypothesis.name}:" if len(view.hypotheses) > 1 else "reject at"
            ends = dict.fromkeys(f"{ratio:.2f}" for ratio in (found[0], found[-1]))
            lines.append(f"{name} HR \N{LESS-THAN OR EQUAL TO} {' to '.join(ends)}")
    return tuple(lines)
