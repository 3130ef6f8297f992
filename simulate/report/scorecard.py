"""The section that sets the published facts beside the simulated trials."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from simulate.plots.scorecard import FARTHEST, lines_of, plot_scorecard, scorecard_legend
from simulate.report.blocks import Block, Details, Picture, Points, Prose, Section, Table
from simulate.report.numbers import (
    SMALL_ERROR,
    counted,
    error,
    in_unit,
    interval,
    listed,
    number,
    with_unit,
)
from simulate.report.svg import figure_svg
from simulate.report.view import View

TOPICS = (
    ("Enrolment and analysis sets", ("n_", "enrolment_")),
    ("Treatment", ("on_treatment", "discontinued", "stopped_", "exposure_", "cycles_")),
    ("Safety", ("teae_", "sae", "aesi", "soc_")),
    ("Adverse events by term", ("ae_",)),
    ("Response", ("orr", "cbr", "responders", "cr", "pr", "sd", "pd", "ne", "clinical_benefit")),
    ("Duration of response", ("dor_",)),
    ("Time to response", ("ttr_",)),
    ("Progression-free survival", ("pfs_",)),
    ("Overall survival and deaths", ("os_", "deaths", "first_death_day")),
    ("Follow-up", ("followup_",)),
    ("Baseline", ("baseline.",)),
    ("Design", ("design_",)),
)
"""Topics in the order of the report, and how the names of their statistics begin."""

ENDINGS = {
    "_interruption": "Safety",
    "_reduction": "Safety",
    "_discontinuation": "Safety",
    "_rdi_median": "Treatment",
    "_doses_median": "Treatment",
}
"""Topics of statistics whose names begin with that of a drug, by how they end."""

DRAWN_ELSEWHERE = "Adverse events by term"
"""Topic of many facts that has a figure of its own, in the section on safety."""

OTHER = "Other"
"""Topic of all that belongs to no other."""

EXPLANATIONS = {
    "followup_median_naive": (
        "The printed median follow-up is read as reverse Kaplan-Meier, the row above. The plain "
        "median of all observed times is shorter by construction, as it ends at deaths; it is "
        "shown as a check of that reading only."
    ),
    "soc_grade3_cardiac_disorders": (
        "The paper counts no cardiac event of grade 3 or more, although a grade 3 pericardial "
        "effusion stopped treatment in one patient. Simulated effusions are cardiac disorders, as "
        "in CTCAE 5.0, and count."
    ),
}
"""What is to be known of a fact, said whether it lies inside or not; by its statistic."""

ROLE_WORDS = {
    "calibrated": "the model was calibrated with its help",
    "held_out": "kept from the calibration, to judge it",
    "derived": "computed from what is printed",
    "check": "not used, or a consequence of the others",
    "input": "put into the scenario as it is",
}


def scorecard_section(view: View) -> Section:
    """The scorecard; empty without facts."""
    return Section("scorecard", "Scorecard", _blocks(view) if view.has_facts else [])


def topic_of(statistic: str) -> str:
    """Topic of a statistic."""
    for topic, beginnings in TOPICS:
        for beginning in beginnings:
            exact_name = not beginning.endswith(("_", "."))
            if statistic == beginning or statistic.startswith(
                beginning + "_" if exact_name else beginning
            ):
                return topic
    for ending, topic in ENDINGS.items():
        if statistic.endswith(ending):
            return topic
    return OTHER


def _blocks(view: View) -> list[Block]:
    card = view.result.scorecard
    order = [*(topic for topic, _ in TOPICS), OTHER]
    card = card.assign(topic=[topic_of(str(name)) for name in card["statistic"]])
    card = card.sort_values(
        "topic", key=lambda topics: topics.map(order.index), kind="stable", ignore_index=True
    )
    judged = card[card["role"] != "input"].reset_index(drop=True)
    inputs = card[card["role"] == "input"].reset_index(drop=True)
    blocks: list[Block] = []
    if not judged.empty:
        simulated = judged[judged["statistic"].isin(list(view.statistics))]
        if not simulated.empty:
            blocks += [Prose(_verdict(simulated)), *_remarks(simulated)]
            drawn = simulated[simulated["percentile"].notna()]
            blocks += _picture(drawn[drawn["topic"] != DRAWN_ELSEWHERE], len(drawn))
        blocks.append(fact_table(view, judged, "Published facts and simulated trials"))
    if not inputs.empty:
        inside = f"{int(inputs['inside'].sum())} of {len(inputs)} inside"
        blocks.append(
            Details(
                f"Facts that were put into the scenario ({inside})",
                [fact_table(view, inputs, "Facts that were put in")],
            )
        )
    return blocks


def _verdict(judged: pd.DataFrame) -> str:
    inside = int(judged["inside"].sum())
    by_role = [
        f"{int(rows['inside'].sum())} of {len(rows)} {str(role).replace('_', ' ')} "
        f"({ROLE_WORDS[str(role)]})"
        for role, rows in judged.groupby("role", sort=False)
    ]
    return (
        f"{inside} of {counted(len(judged), 'published number')} lie within the limits of 95% of "
        f"the simulated trials: {listed(by_role)}. If the model were the truth about the trial, "
        "about one in twenty would still lie outside, and they are far from independent. Facts "
        "that the model was calibrated with can only confirm the calibration; the facts that are "
        "checks say more."
    )


def _remarks(judged: pd.DataFrame) -> list[Block]:
    """A sentence on every fact outside, and on those of which something is to be known."""
    worth = ~judged["inside"].astype(bool) | judged["statistic"].isin(list(EXPLANATIONS))
    items = [(f"{fact['fact']}:", _remark(fact)) for fact in judged[worth].to_dict("records")]
    return [Points(items)] if items else []


def _remark(fact: Mapping[Hashable, Any]) -> str:
    unit = str(fact["unit"])
    reported, lower, upper, percentile = (
        fact[name] for name in ("reported", "lower", "upper", "percentile")
    )
    if math.isnan(lower):
        return f"reported {with_unit(reported, unit)}; no replicate gives it."
    side = "above" if reported > upper else "below" if reported < lower else "within"
    text = f"the reported {with_unit(reported, unit)} lies {side} the simulated "
    text += interval(lower, upper, unit)
    if not math.isnan(percentile):
        text += f" (percentile {number(percentile, 1)})"
    known = EXPLANATIONS.get(str(fact["statistic"]))
    return f"{text}. {known}" if known else f"{text}."


def position(reported: float, median: float, lower: float, upper: float, pct: float) -> float:
    """Where a value lies in a simulated distribution: 0 at its median, 1 and -1 at its limits.

    On either side the distance from the median counts in units of that limit's own. Where infinity
    makes that meaningless the percentile decides.
    """
    if reported == median:
        return 0.0
    limit = upper if reported > median else lower
    if limit == reported:
        return 1.0 if reported > median else -1.0
    if math.isfinite(limit) and math.isfinite(median):
        if limit == median:
            return math.inf if reported > median else -math.inf
        return abs(reported - median) / abs(limit - median) * (1 if reported > median else -1)
    return (pct - 50) / 47.5


def _picture(shown: pd.DataFrame, n: int) -> list[Block]:
    """Where facts lie among the simulated trials; ``n`` of them are drawn here or elsewhere."""
    if shown.empty:
        return []
    columns = ("reported", "median", "lower", "upper", "percentile")
    rows = shown[list(columns)].itertuples(index=False)
    facts = pd.DataFrame(
        {
            "label": shown["fact"].astype(str).to_numpy(),
            "topic": shown["topic"].astype(str).to_numpy(),
            "position": [position(*map(float, row)) for row in rows],
            "role": shown["role"].astype(str).to_numpy(),
            "inside": shown["inside"].astype(bool).to_numpy(),
        }
    )
    parts = _halves(facts)
    lines = max(lines_of(part) for part in parts)
    reach = _reach(facts)

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(parts), squeeze=False)[0]
        for ax, part in zip(panels, parts, strict=True):
            plot_scorecard(part, reach=reach, lines=lines, ax=ax)
        scorecard_legend(facts, figure)

    svg = figure_svg(
        "scorecard",
        draw,
        width=8.6,
        height=0.8 + 0.158 * lines,
        description="Where each published number lies among the simulated ones",
    )
    caption = (
        "Every dot is a published number on a scale of its own, on which the simulated median is "
        "in the middle and the shaded strip holds 95% of the simulated trials. Open symbols lie "
        "outside; arrows lie further out than the scale shows. A dot at an edge of the strip, where"
        " many replicates share one value, may be the limit itself."
    )
    if n > len(shown):
        caption += (
            f" {counted(n - len(shown), 'number')} on single adverse events are left to the "
            "figure of the section on safety."
        )
    return [Picture(svg, "Where each published number lies among the simulated trials", caption)]


def _reach(facts: pd.DataFrame) -> float:
    """End of the scale: all that lie near the strip fit on it."""
    farthest = max((abs(p) for p in facts["position"] if math.isfinite(p)), default=0.0)
    return min(max(1.1 * farthest, 1.3), FARTHEST)


def _halves(facts: pd.DataFrame) -> list[pd.DataFrame]:
    """Two columns of about the same height, topics kept together; one column if there are few."""
    if len(facts) < 14:
        return [facts]
    heights = {topic: lines_of(rows) for topic, rows in facts.groupby("topic", sort=False)}
    total, so_far = sum(heights.values()), 0.0
    left: list[object] = []
    for topic, height in heights.items():
        if left and abs(total - 2 * (so_far + height)) > abs(total - 2 * so_far):
            break
        left.append(topic)
        so_far += height
    chosen = facts["topic"].isin(left)
    return [part for part in (facts[chosen], facts[~chosen]) if not part.empty]


_LAST = ("Percentile", "Inside", "Role")


def _mcse(view: View, statistic: str) -> float:
    """Monte Carlo standard error of the median of a statistic; nan for a formula."""
    return view.median(statistic).mcse if statistic in view.statistics else math.nan


def fact_table(view: View, card: pd.DataFrame, title: str) -> Table:
    """One row a fact, grouped by topic."""
    rows, groups, previous = [], {}, None
    for i, fact in enumerate(card.to_dict("records")):
        unit = str(fact["unit"])
        if fact["topic"] != previous:
            previous = str(fact["topic"])
            groups[i] = previous
        rows.append(
            (
                str(fact["fact"]),
                str(fact["locator"]),
                unit,
                in_unit(fact["reported"], unit),
                in_unit(fact["median"], unit),
                error(_mcse(view, str(fact["statistic"]))),
                interval(fact["lower"], fact["upper"], unit),
                number(fact["percentile"], 1),
                "yes" if fact["inside"] else "no",
                str(fact["role"]).replace("_", " "),
            )
        )
    header = ("Fact", "Where", "Unit", "Reported", "Median", "MCSE", "95%", *_LAST)
    simulated = card[card["percentile"].notna()]
    n = sorted({int(n) for n in simulated["n_replicates"]}) or [0]
    replicates = f"{n[0]:,}" if len(n) == 1 else f"{n[0]:,} to {n[-1]:,}"
    return Table(
        title,
        header,
        rows,
        numeric=(3, 4, 5, 6, 7),
        caption=(
            f"Median and the limits of 95% of the replicates ({replicates} analysed for each). "
            "Percentile: share of replicates below the reported value, those equal to it counted "
            "half; a dash marks what is computed by formula. MCSE: Monte Carlo standard error of "
            f"the median; {SMALL_ERROR}. Marked rows lie outside."
        ),
        marked=frozenset(i for i, inside in enumerate(card["inside"]) if not inside),
        groups=groups,
    )
