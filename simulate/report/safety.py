"""The section on safety: adverse events by term, and what they did to doses."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from simulate.analysis.drugs import drug_key
from simulate.describe.words import duration
from simulate.plots.safety import plot_adverse_events, safety_legend
from simulate.report.blocks import Block, Picture, Prose, Section, Table
from simulate.report.numbers import (
    SMALL_ERROR,
    capital,
    counts_with_percent,
    error,
    interval,
    listed,
    number,
)
from simulate.report.svg import figure_svg
from simulate.report.view import Reported, Spread, View, spread_of
from simulate.scenario.toxicity import Term, Toxicity

_EVENTS = (
    ("teae_any", "Any"),
    ("teae_grade3", "Grade 3 or higher"),
    ("sae", "Serious"),
    ("sae_grade3", "Serious, grade 3 or higher"),
    ("aesi", "Of special interest"),
)

_DEATHS = (
    ("deaths", "All"),
    ("deaths_after_progression", "After documented progression"),
    ("deaths_without_progression", "Without progression, as events of PFS"),
    ("deaths_related", "By an adverse event judged related to a drug"),
)


@dataclass(frozen=True)
class Incidence:
    """Patients with something: a count, and its percentage of the safety set."""

    reported: Reported
    reported_percent: float
    count: Spread
    percent: Spread

    @property
    def is_outside(self) -> bool:
        """Whether the reported count lies outside the limits of 95% of the replicates."""
        value = self.reported.value
        return not math.isnan(value) and not self.count.lower <= value <= self.count.upper


def incidence(view: View, statistic: str) -> Incidence:
    """How many patients of the safety set a count of patients is, simulated and reported."""
    reported, n = view.reported(statistic), view.values("n_ss")
    values = view.values(statistic)
    percent = 100 * np.divide(values, n, out=np.full(len(n), np.nan), where=n > 0)
    reported_percent = 100 * reported.value / view.reported("n_ss").value
    return Incidence(reported, reported_percent, spread_of(values), spread_of(percent))


def safety_section(view: View) -> Section:
    """Adverse events; empty if none are simulated."""
    toxicity = view.scenario.toxicity
    if toxicity is None:
        return Section("safety", "Safety", [])
    if not np.nanmax(np.append(view.values("n_ss"), 0.0)) > 0:
        return Section("safety", "Safety", [Prose("Nobody was treated in any replicate.")])
    terms = listed_terms(view, toxicity)
    blocks: list[Block] = [Prose(_how_to_read(toxicity)), _summary(view)]
    if terms:
        blocks += [_picture(view, terms), _terms(view, terms)]
    return Section("safety", "Safety", blocks)


def listed_terms(view: View, toxicity: Toxicity) -> list[Term]:
    """The terms of the table of adverse events, the most frequent first."""

    def frequency(term: Term) -> tuple[float, float, str]:
        means = [
            -float(np.nanmean(view.values(f"ae_{which}_{term.name}")))
            for which in ("any", "grade3")
        ]
        return means[0], means[1], term.label

    return sorted((term for term in toxicity.terms if term.listed), key=frequency)


def _how_to_read(toxicity: Toxicity) -> str:
    return (
        "An adverse event counts if it is treatment-emergent: begun by the data cut, and not later "
        f"than {duration(toxicity.emergent_until)} after the last dose. Incidence counts patients "
        "of the safety set (all with a first dose), each once a term, at the highest grade by "
        "CTCAE 5.0. In every cycle each term can occur once, unless it still goes on; its rate is "
        "that of the term, times the weight of the cycle and of the drugs given in it, times a "
        "factor of the patient's own, so that events cluster in some patients and in the first "
        "cycles."
    )


def _summary(view: View) -> Table:
    """Patients with an adverse event of any kind, by what it did to doses, and deaths."""
    names: list[str] = []
    labels: list[str] = []
    groups: dict[int, str] = {}
    for heading, rows in _summary_groups(view):
        groups[len(names)] = heading
        names += [name for name, _ in rows]
        labels += [label for _, label in rows]
    found = [incidence(view, name) for name in names]
    columns = [
        labels,
        counts_with_percent([(i.reported.value, i.reported_percent) for i in found]),
        counts_with_percent([(i.count.median, i.percent.median) for i in found]),
        [interval(i.count.lower, i.count.upper, "patients") for i in found],
        [error(view.median(name).mcse) for name in names],
    ]
    header = [
        "",
        "Reported, n\N{NO-BREAK SPACE}(%)",
        "Simulated median, n\N{NO-BREAK SPACE}(%)",
        "95% of replicates",
        "MCSE",
    ]
    return _table(
        view,
        "Adverse events, and what they did to doses: patients",
        header,
        columns,
        found,
        caption=(
            "An interruption is a dose held or omitted for an adverse event, or an infusion "
            "interrupted, completed later or not. MCSE: Monte Carlo standard error; "
            f"{SMALL_ERROR}."
        ),
        groups=groups,
    )


def _summary_groups(view: View) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    yield "Adverse events", list(_EVENTS)
    for drug in view.scenario.treatment.drugs:
        key = drug_key(drug.name)
        rows = [(f"{key}_interruption", "Interrupted")]
        if drug.reduced_doses:
            rows.append((f"{key}_reduction", "Reduced"))
        rows.append((f"{key}_discontinuation", "Stopped for good"))
        yield f"{capital(drug.name)}, for an adverse event", rows
    yield "Deaths, of any cause", list(_DEATHS)


def _table(
    view: View,
    title: str,
    header: list[str],
    columns: list[list[str]],
    found: list[Incidence],
    *,
    caption: str,
    groups: dict[int, str] | None = None,
) -> Table:
    """A table of incidences; without facts it has no reported columns and no marks."""
    if view.has_facts:
        marked = frozenset(i for i, row in enumerate(found) if row.is_outside)
        words = " In marked rows the reported count lies outside." if marked else ""
    else:
        kept = [i for i, name in enumerate(header) if "eported" not in name]
        header, columns = [header[i] for i in kept], [columns[i] for i in kept]
        marked, words = frozenset(), ""
    return Table(
        title,
        header,
        list(zip(*columns, strict=True)),
        numeric=tuple(range(1, len(header))),
        caption=caption + words,
        marked=marked,
        groups=groups or {},
    )


def _terms(view: View, terms: list[Term]) -> Table:
    """Patients by term, any grade and grade 3 or higher."""
    names = {w: [f"ae_{w}_{term.name}" for term in terms] for w in ("any", "grade3")}
    columns, header = [[term.label for term in terms]], ["Term"]
    found: dict[str, list[Incidence]] = {}
    for which, words in (("any", "Any grade"), ("grade3", "Grade \N{GREATER-THAN OR EQUAL TO} 3")):
        found[which] = [incidence(view, name) for name in names[which]]
        columns += [
            counts_with_percent([(i.reported.value, i.reported_percent) for i in found[which]]),
            counts_with_percent([(i.count.median, i.percent.median) for i in found[which]]),
            [interval(i.count.lower, i.count.upper, "patients") for i in found[which]],
        ]
        header += [f"{words}: reported", "Simulated" if view.has_facts else words, "95%"]
    either = [
        any_grade if any_grade.is_outside else severe
        for any_grade, severe in zip(found["any"], found["grade3"], strict=True)
    ]
    caption = (
        f"Patients, n\N{NO-BREAK SPACE}(%): {'reported, ' if view.has_facts else ''}median over "
        "replicates, and the limits of 95% of them. "
        f"{_errors(view, [*names['any'], *names['grade3']])}{_left_out(view)}"
    )
    return _table(view, "Adverse events by term", header, columns, either, caption=caption)


def _errors(view: View, names: list[str]) -> str:
    errors = [view.median(name).mcse for name in names]
    errors = [value for value in errors if not math.isnan(value)]
    if not errors:
        return ""
    return (
        f"Monte Carlo standard errors of the medians are at most {number(max(errors), 2)} patients."
    )


def _left_out(view: View) -> str:
    toxicity = view.scenario.toxicity
    names = [term.label for term in toxicity.terms if not term.listed] if toxicity else []
    if not names:
        return ""
    return f" Not listed, but counted among any adverse event: {listed(names).lower()}."


def _picture(view: View, terms: list[Term]) -> Picture:
    rows = []
    for term in terms:
        row: dict[str, object] = {"label": term.label, "organ_class": term.organ_class}
        for wing, which in (("any", "any"), ("severe", "grade3")):
            found = incidence(view, f"ae_{which}_{term.name}")
            row |= {f"{wing}_{k}": v for k, v in found.percent._asdict().items()}
            row[f"{wing}_reported"] = found.reported_percent
        rows.append(row)
    events = pd.DataFrame(rows)

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        plot_adverse_events(events, ax=ax)
        safety_legend(events, ax)

    caption = (
        "Patients of the safety set with each term, in percent, the most frequent first: any grade "
        "to the left, grade 3 or higher to the right. Bands hold 95% of the replicates."
    )
    reported = events["any_reported"].notna()
    if reported.any() and not reported.all():
        caption += " Terms without a dot have no published number beside them."
    return Picture(
        figure_svg(
            "adverse-events",
            draw,
            width=8.6,
            height=1.1 + 0.225 * len(terms),
            description="Incidence of adverse events by term and grade",
        ),
        "Adverse events by term",
        caption,
    )
