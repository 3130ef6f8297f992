"""The section on operating characteristics: bias, coverage, precision, the design's criterion."""

from __future__ import annotations

import math
from typing import NamedTuple

import pandas as pd
from matplotlib.figure import Figure

from simulate.analysis.proportions import clopper_pearson
from simulate.analysis.statistics import SURVIVAL_ENDPOINTS
from simulate.monte_carlo import Estimate
from simulate.plots.operating import coverage_legend, plot_coverage, plot_precision
from simulate.report.all_analyses import all_analyses
from simulate.report.blocks import Block, Heading, Picture, Prose, Section, Table
from simulate.report.numbers import NO_VALUE, counted, in_unit, number, signed
from simulate.report.svg import figure_svg
from simulate.report.view import View
from simulate.truth import LATENT, OBSERVED


class Estimator(NamedTuple):
    """An estimate with an interval whose performance is reported."""

    statistic: str
    endpoint: str
    measure: str
    label: str


def estimators(view: View) -> list[Estimator]:
    """Response rates, landmark rates and medians, in the order of the report."""
    found = [
        Estimator("orr", "ORR", "rate", "ORR"),
        Estimator("cbr", "CBR", "rate", "CBR"),
    ]
    for name in ("pfs", "os", "dor"):
        short = SURVIVAL_ENDPOINTS[name][1]
        found += [
            Estimator(f"{name}_rate_{m}", short, f"rate_{m}", f"{short} at {m} months")
            for m in view.months
        ]
        found.append(Estimator(f"{name}_median", short, "median", f"Median {short}"))
    return found


def kinds_of_truth(view: View) -> tuple[str, ...]:
    """Kinds of truth that the scenario has: both, the latent one only, or none."""
    found = {kind for _, kind in view.result.truth.values}
    return tuple(kind for kind in (LATENT, OBSERVED) if kind in found)


def why_no_truth(view: View) -> str:
    """Why the scenario lacks a truth, in a sentence; nothing if it has both."""
    if view.scenario.draws is not None:
        return (
            "There is no one truth: each replicate has the parameters of its own posterior draw, "
            "so what estimates vary by here is chance and uncertainty of the parameters together. "
            "Their bias and coverage are those of the same scenario with use: point. Monte Carlo "
            "errors are those of replicates given the draws; that the draws are finite in number "
            "is not in them."
        )
    effect = view.scenario.disease.dose_intensity
    if effect is not None:
        return (
            f"There is no truth apart from the trial: the doses of {effect.drug} that a patient "
            "is given change the hazard of progression, so what is true of the disease depends on "
            "how the trial is run."
        )
    if view.scenario.assessment.moves_with_cycles:
        return (
            "There is no truth by scans, and none of response and clinical benefit: the scans "
            "move with the cycles given, so what they would show depends on the doses of each "
            "patient."
        )
    return ""


def operating_section(view: View) -> Section:
    """Bias, coverage and precision, each with its Monte Carlo error."""
    blocks: list[Block] = [Prose(_introduction(view)), *_coverage_picture(view), _table(view)]
    blocks += [*_precision(view), *_criterion(view), *all_analyses(view)]
    blocks.append(
        Prose(
            "All estimates, with their Monte Carlo errors and the counts of replicates requested, "
            "analysed and failed, are in operating_characteristics.csv."
        )
    )
    return Section("operating", "Operating characteristics", blocks)


def _introduction(view: View) -> str:
    """What the estimates are held against, and how to read their errors."""
    kinds, why = kinds_of_truth(view), why_no_truth(view)
    nominal = f"Nominal coverage is {view.confidence}."
    bars = (
        "Bars and the numbers after \N{PLUS-MINUS SIGN} are Monte Carlo errors: 95% intervals in "
        "the figure, standard errors (MCSE) in the table."
    )
    if view.scenario.design.sample_sizes is not None and OBSERVED not in kinds:
        why += " Nor is there a true response rate from which to expect a width by sample size."
    if not kinds:
        return f"{why} So no estimate has a bias or a coverage; the width of its interval is told."
    if OBSERVED not in kinds:
        against = "Each time-to-event estimate is held against the latent truth of the disease"
        return (
            f"{nominal} {against} model. {why} A bias shows, beside the estimator's own, what "
            "scanning at intervals does to an endpoint (progression is dated by the scan that "
            f"finds it). {bars}"
        )
    return (
        f"{nominal} Each estimate is held against two truths: the "
        "latent truth of the disease model, and what uncensored follow-up with the trial's own "
        f"scans would show. {_between_truths(view)} {bars}"
    )


def _between_truths(view: View) -> str:
    """What the two truths differ by."""
    if view.scenario.assessment.is_continuous:
        return (
            "Patients are watched day by day, so for progression the two are one, but for Monte "
            "Carlo error."
        )
    return (
        "The difference between them is what scanning at intervals does to an endpoint "
        "(progression is dated by the scan that finds it), not a fault of the estimator."
    )


def _coverage_picture(view: View) -> list[Picture]:
    rows = []
    for e in estimators(view):
        for kind in (LATENT, OBSERVED):
            found = view.operating(e.endpoint, f"{e.measure}.coverage_{kind}")
            if found is not None and not math.isnan(found.estimate):
                rows.append((e.label, kind, found.estimate, found.lower, found.upper))
    if not rows:
        return []
    table = pd.DataFrame(rows, columns=["label", "kind", "estimate", "lower", "upper"])

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        plot_coverage(table, nominal=view.scenario.endpoints.confidence, ax=ax)
        coverage_legend(table, ax)

    height = 0.9 + 0.235 * table["label"].nunique()
    svg = figure_svg(
        "coverage", draw, width=8.6, height=height, description="Coverage of confidence intervals"
    )
    exact = (
        "Exact intervals of a response rate are built to cover the rate that they estimate at "
        "least that often. "
        if OBSERVED in kinds_of_truth(view)
        else ""
    )
    caption = (
        f"Share of the {view.confidence} intervals that contain the truth, with 95% Monte Carlo "
        "intervals; the vertical line is the nominal coverage. "
        f"{exact}Intervals that say "
        "nothing (before the first event, or for a median neither of whose limits is reached) are "
        "left out and counted as failed in the table: where many are, as for survival with few "
        "deaths, the coverage is that given an interval, and not the method's own. There is none "
        "for a median beyond the longest follow-up. Medians jump with the scan grid, and "
        "Kaplan-Meier curves of scans sag where few are left (from about 30 months): read rates."
    )
    return [Picture(svg, f"Coverage of {view.confidence} confidence intervals", caption)]


def _plus_minus(estimate: Estimate | None, scale: float, decimals: int, *, sign: bool) -> str:
    if estimate is None or math.isnan(estimate.estimate):
        return NO_VALUE
    text = (signed if sign else number)(scale * estimate.estimate, decimals)
    if math.isnan(estimate.mcse):
        return text
    return f"{text} \N{PLUS-MINUS SIGN} {number(scale * estimate.mcse, decimals)}"


def _table(view: View) -> Table:
    kinds = kinds_of_truth(view)
    rows = [_row(view, e, kinds) for e in estimators(view)]
    header = ["Estimate"]
    for kind in kinds:
        header += [_TRUTHS[kind], "Bias", "Coverage, %"]
    header += ["Interval width", "Analysed", "Failed"]
    return Table(
        "Bias and coverage" if kinds else "Width of intervals",
        header,
        rows,
        numeric=tuple(range(1, len(header))),
        caption=_how_to_read(view, kinds),
    )


_TRUTHS = {LATENT: "Latent truth", OBSERVED: "Truth by scans"}


def _how_to_read(view: View, kinds: tuple[str, ...]) -> str:
    """Units and counts of the table."""
    requested = f"Of {counted(view.n, 'replicate')} requested; analysed and failed are counts for"
    width = (
        "Width is the mean; of a median time, the median, NR if a limit is not reached in most "
        "replicates. Failed: replicates whose interval is none, for want of patients or of events."
    )
    if not kinds:
        return f"{requested} the width. Rates in percentage points, medians in months. {width}"
    return (
        f"{requested} coverage, or for the width where there is none. Rates, their bias "
        "and width in percentage points, medians in months; \N{PLUS-MINUS SIGN} MCSE. "
        "Bias is that of the mean; of a median time it is that "
        f"of the median over replicates. {width}"
    )


def _row(view: View, e: Estimator, kinds: tuple[str, ...]) -> tuple[str, ...]:
    median = e.measure == "median"
    scale = view.statistics[e.statistic].scale
    cells = [e.label]
    counts: Estimate | None = None
    for kind in kinds:
        truth = view.truth(e.statistic, kind)
        bias = view.operating(e.endpoint, f"{e.measure}.{'median_' if median else ''}bias_{kind}")
        coverage = view.operating(e.endpoint, f"{e.measure}.coverage_{kind}")
        counts = coverage or counts
        cells += [
            in_unit(truth, view.unit(e.statistic)),
            _plus_minus(bias, scale, 1, sign=True),
            _plus_minus(coverage, 100, 1, sign=False),
        ]
    width = view.operating(e.endpoint, f"{e.measure}.width.{'q50' if median else 'mean'}")
    cells.append(NO_VALUE if width is None else number(scale * width.estimate, 1))
    counts = counts or width  # the intervals that coverage would count
    cells += [f"{n:,}" for n in (counts.n_analysed, counts.n_failed)] if counts else [NO_VALUE] * 2
    return tuple(cells)


def _precision(view: View) -> list[Block]:
    sizes = view.scenario.design.sample_sizes
    if sizes is None:
        return []
    points = {
        n: found.estimate
        for n in range(sizes[0], sizes[1] + 1)
        if (found := view.operating("ORR", f"rate.expected_width_n{n}")) is not None
    }
    points = {n: width for n, width in points.items() if not math.isnan(width)}
    if not points:
        return []
    truth = view.truth("orr", OBSERVED)
    examples = _design_examples(view)

    def draw(figure: Figure) -> None:
        plot_precision(list(points), list(points.values()), ax=figure.subplots())

    svg = figure_svg(
        "precision", draw, width=8.6, height=2.5, description="Expected interval width by size"
    )
    first, last = min(points), max(points)
    caption = (
        f"Expected width of the exact {view.confidence} interval of the response rate, by number "
        f"of patients assessed, if the true rate is {number(truth)}% (computed by formula, no "
        f"Monte Carlo error): {number(100 * points[first])} percentage points with {first} "
        f"patients, {number(100 * points[last])} with {last}."
    )
    text = " ".join(examples)
    blocks: list[Block] = [Heading("Precision of the response rate by sample size")]
    if text:
        blocks.append(Prose(text))
    return [*blocks, Picture(svg, "Precision by number of patients", caption)]


def _design_examples(view: View) -> list[str]:
    """The publication's own intervals for its sample size, computed anew."""
    found = []
    for name in view.facts["statistic"]:
        parts = str(name).split("_")
        if not str(name).startswith("design_cp_") or parts[-1] != "lower":
            continue
        count, n = int(parts[2]), int(parts[3])
        limits = clopper_pearson(count, n)
        printed = [
            view.reported(f"design_cp_{count}_{n}_{end}").value for end in ("lower", "upper")
        ]
        found.append(
            f"For {count} responders of {n} the exact 95% interval is "
            f"{number(100 * float(limits.lower))} to {number(100 * float(limits.upper))}% "
            f"(printed: {number(printed[0])} to {number(printed[1])})."
        )
    return ["The publication argues its size by two intervals.", *found] if found else []


def _criterion(view: View) -> list[Block]:
    threshold = view.scenario.design.lower_limit_above
    if threshold is None:
        return []
    found = view.operating("ORR", f"rate.lower_limit_above_{threshold:g}")
    if found is None or math.isnan(found.estimate):
        return []
    text = (
        f"The lower {view.confidence} limit of the response rate exceeds "
        f"{100 * threshold:g}% with probability {number(100 * found.estimate)}% (MCSE "
        f"{number(100 * found.mcse, 2)}; 95% Monte Carlo interval {number(100 * found.lower)} to "
        f"{number(100 * found.upper)}; {found.n_requested:,} replicates requested, "
        f"{found.n_analysed:,} analysed, {found.n_failed:,} failed)."
    )
    return [Heading("The design's criterion"), Prose(text)]
