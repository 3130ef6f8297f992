"""The head of the report: what came out, in one paragraph and a few numbers."""

from __future__ import annotations

import math

from simulate.report.blocks import Prose, Tiles
from simulate.report.numbers import counted, in_unit, interval, number, with_unit
from simulate.report.safety import incidence
from simulate.report.single_arm import decided_in_brief, expected_size, not_stopped
from simulate.report.view import View
from simulate.single_arm_operating import single_arm_outcomes


def summary(view: View) -> Prose:
    """The result in words."""
    sentences = [_what_was_run(view), _parameters(view), decided_in_brief(view)]
    sentences += [_as_if_not_stopped(view), _response(view)]
    sentences += [_median(view, name, words) for name, words in _MEDIANS]
    sentences += [_safety(view), _facts(view)]
    return Prose(" ".join(sentence for sentence in sentences if sentence))


_MEDIANS = (("pfs", "progression-free survival"), ("os", "overall survival"))


def _what_was_run(view: View) -> str:
    patients = counted(view.scenario.sample_size, "patient")
    trials = counted(view.n, "trial")
    verb = "was" if view.n == 1 else "were"
    cuts, date = len(view.scenario.analyses), view.analysis.cut.date
    text = f"{trials} of {patients} {verb} simulated patient by patient"
    if cuts == 1:
        return f"{text}, cut on {date} and analysed."
    return (
        f"{text} and analysed at {counted(cuts, 'data cut')}; the numbers here are of the last, "
        f"{view.analysis.name}, on {date}."
    )


def _as_if_not_stopped(view: View) -> str:
    """Of which trials the numbers are that follow, if trials may stop."""
    as_if = not_stopped(view)
    return f"The numbers that follow are {as_if}." if as_if else ""


def _parameters(view: View) -> str:
    """Where the parameters are from, if a calibration gives them."""
    calibration, draws = view.scenario.calibration, view.scenario.draws
    if calibration is None:
        return ""
    whence = f"the calibration {calibration.shown}, fit {calibration.content.fit}"
    if draws is None:
        return f"Their parameters are the point of {whence}."
    return (
        f"Each has the parameters of one of {counted(draws.n, 'draw')} from the posterior of "
        f"{whence}, so they differ by chance and by the uncertainty of the parameters together."
    )


def _beside(view: View, statistic: str, *, limits: bool = True) -> str:
    """What is published of a statistic, in brackets, or nothing."""
    reported = view.reported(statistic)
    if math.isnan(reported.value):
        return ""
    text = f"reported: {with_unit(reported.value, view.unit(statistic))}"
    if limits and not (math.isnan(reported.lower) or math.isnan(reported.upper)):
        text += f", {interval(reported.lower, reported.upper, view.unit(statistic))}"
    return text


def _response(view: View) -> str:
    spread = view.spread("orr")
    if math.isnan(spread.median):
        return "Nobody was assessed for response in any of them."
    beside = _beside(view, "orr")
    return (
        f"The objective response rate of the median trial is {with_unit(spread.median, '%')} "
        f"(95% of trials: {interval(spread.lower, spread.upper, '%')}"
        + (f"; {beside})." if beside else ").")
    )


def _median(view: View, name: str, words: str) -> str:
    statistic = f"{name}_median"
    spread, beside = view.spread(statistic), _beside(view, statistic)
    if math.isnan(spread.median):
        return ""
    brackets = f"; {beside}" if beside else ""
    if math.isinf(spread.median):
        not_reached = view.operating(name.upper(), "median.not_reached")
        share = 100 * not_reached.estimate if not_reached else math.nan
        return f"Median {words} is not reached in {number(share)}% of trials" + (
            f" ({beside})." if beside else "."
        )
    limits = interval(spread.lower, spread.upper, "months")
    return f"Median {words} is {with_unit(spread.median, 'months')} ({limits}{brackets})."


def _safety(view: View) -> str:
    """Patients with an adverse event of grade 3 or higher, if adverse events are simulated."""
    if "teae_grade3" not in view.statistics:
        return ""
    found = incidence(view, "teae_grade3")
    if math.isnan(found.percent.median):
        return ""
    text = (
        f"Adverse events of grade 3 or higher befall {with_unit(found.percent.median, '%')} of "
        f"patients ({interval(found.percent.lower, found.percent.upper, '%')}"
    )
    if math.isnan(found.reported_percent):
        return text + ")."
    return f"{text}; reported: {with_unit(found.reported_percent, '%')})."


_ROLES = {
    "calibrated": "to which the model was calibrated",
    "derived": "derived from others",
    "check": "that only check it",
    "held_out": "held out",
}


def _facts(view: View) -> str:
    judged = view.judged
    if judged.empty:
        return ""
    inside, counts = int(judged["inside"].sum()), "inside"
    text = (
        f"Of {counted(len(judged), 'published number')} that the simulation can be held against, "
        f"{inside} lie between the limits of 95% of the simulated trials"
    )
    if view.has_posterior:
        counts = "inside_draws"
        over = int(judged[counts].sum())
        text += f" at the point of the calibration and {over} over its posterior"
    parts = [
        f"{int(of_role[counts].sum())} of {len(of_role)} {words}"
        for role, words in _ROLES.items()
        if not (of_role := judged[judged["role"] == role]).empty
    ]
    return f"{text}: {', '.join(parts)}."


def tiles(view: View) -> Tiles:
    """The key numbers."""
    items = [
        (
            "Replicates",
            f"{view.n:,}",
            f"{view.n - _failed(view):,} analysed, {_failed(view)} failed",
        ),
        *_decision(view),
        *expected_size(view),
        *(_tile(view, *row) for row in _TILES if row[0] in view.statistics),
    ]
    for name in ("pfs", "os"):
        items += [
            _tile(view, f"{name}_rate_{m}", f"{name.upper()} at {m} months")
            for m in view.months
            if m in ("12", "24")
        ]
    judged = view.judged
    if not judged.empty:
        items.append(
            (
                "Published numbers inside",
                f"{int(judged['inside'].sum())} of {len(judged)}",
                _inside_words(view),
            )
        )
    return Tiles(items)


def _decision(view: View) -> list[tuple[str, str, str]]:
    """How often a single-arm design is go, if there is one."""
    found = single_arm_outcomes(view.scenario, view.analysed)
    if found is None:
        return []
    go, full = (100 * found.probability("go", full=at_once).estimate for at_once in (False, True))
    return [("Go", with_unit(go, "%"), f"{with_unit(full, '%')} were all responses known at once")]


def _inside_words(view: View) -> str:
    """What the tile of published numbers counts, and the count over the posterior."""
    if not view.has_posterior:
        return "limits of 95% of trials"
    over = int(view.judged["inside_draws"].sum())
    return f"limits of 95% of trials\nover the posterior: {over}"


_TILES = (
    ("orr", "Objective response rate"),
    ("pfs_median", "Median PFS"),
    ("os_median", "Median OS"),
    ("followup_median", "Median follow-up"),
    ("on_treatment", "On treatment at the cut"),
    ("teae_grade3", "Patients with grade \N{GREATER-THAN OR EQUAL TO} 3 events"),
)


def _failed(view: View) -> int:
    """Replicates in which nobody was enrolled, so that nothing could be analysed."""
    return int((view.values("n_enrolled") == 0).sum())


def _tile(view: View, statistic: str, label: str) -> tuple[str, str, str]:
    spread, reported = view.spread(statistic), view.reported(statistic)
    unit = view.unit(statistic)
    value = in_unit(spread.median, unit) + {"%": "%", "months": " mo"}.get(unit, "")
    if not math.isfinite(spread.median):
        value = in_unit(spread.median, unit)
    beside = f"95%: {interval(spread.lower, spread.upper, unit)}"
    if not math.isnan(reported.value):
        beside = f"{beside}\nreported: {in_unit(reported.value, unit)}"
    return label, value, beside
