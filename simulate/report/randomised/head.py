"""The head of the report: what came out, in one paragraph and a few numbers."""

from __future__ import annotations

import math

import numpy as np

from simulate.monte_carlo import Estimate, proportion
from simulate.report.blocks import Prose, Tiles
from simulate.report.numbers import counted, listed, number
from simulate.report.randomised.bounds import ratios_at_bound
from simulate.report.randomised.view import RandomisedView, look_label
from simulate.report.randomised.words import monte_carlo_interval, percent
from simulate.scenario.monitoring import Hypothesis

Tile = tuple[str, str, str]


def summary(view: RandomisedView) -> Prose:
    """The result in words."""
    sentences = [_what_was_run(view)]
    if view.has_many:
        sentences.append(_decided_in_brief(view))
    else:
        sentences += [_decided(view, hypothesis) for hypothesis in view.hypotheses]
    sentences += [_size(view), _not_reached(view)]
    return Prose(" ".join(sentence for sentence in sentences if sentence))


def _what_was_run(view: RandomisedView) -> str:
    trials, patients = counted(view.n, "trial"), counted(view.scenario.sample_size, "patient")
    verb = "was" if view.n == 1 else "were"
    text = (
        f"{trials} of up to {patients} in {counted(len(view.arms), 'arm')} {verb} simulated "
        f"patient by patient, with {counted(len(view.analyses), 'look')} at the data"
    )
    return text + (" and no effect of any arm." if view.under_null else ".")


def _decided_in_brief(view: RandomisedView) -> str:
    """How often any and all of many hypotheses are rejected, and the least and most of one."""
    digits, several = digits_of(view), view.measured.of_several
    name = "Type I error" if view.under_null else "Power"
    found = {h.name: view.measured.of_hypothesis(h, "reject") for h in view.hypotheses}
    known = {name: each for name, each in found.items() if not math.isnan(each.estimate)}
    text = (
        f"Of {len(view.hypotheses)} hypotheses any is rejected in "
        f"{percent(several('any'), digits)} of trials and all in {percent(several('all'), digits)}"
    )
    if not known:
        return text + "."
    order = sorted(known, key=lambda name: known[name].estimate)
    ends = (f"{percent(known[each], digits)} ({each})" for each in (order[0], order[-1]))
    return f"{text}. {name} of one is from {' to '.join(ends)}."


def _decided(view: RandomisedView, hypothesis: Hypothesis) -> str:
    """How often a hypothesis is rejected, beside theory, and how often early."""
    found = view.measured.of_hypothesis(hypothesis, "reject")
    name = "Type I error" if view.under_null else "Power"
    several = len(view.hypotheses) > 1
    of = f" of {hypothesis.name}" if several else ""
    text = (
        f"{name}{of} is {percent(found, digits_of(view))} (95% Monte Carlo interval "
        f"{monte_carlo_interval(found, 100, digits_of(view))}"
    )
    expected = view.theory.rejected(hypothesis)
    if not math.isnan(expected):
        text += f"; by theory {number(100 * expected, digits_of(view))}"
    first = view.looks_of(hypothesis)[0]
    text += "%)" if not math.isnan(expected) else ")"
    over = view.measured.of_hypothesis(hypothesis, "reject_over_draws")
    if not math.isnan(over.estimate):
        text += f", {percent(over)} averaged over posterior draws of the parameters"
    text += undefined_in_words(view, hypothesis)
    if len(view.looks_of(hypothesis)) == 1:
        return text + "."
    early = view.measured.of_hypothesis(hypothesis, "stop_efficacy", first.name)
    futile = view.measured.of_hypothesis(hypothesis, "stop_futility")
    what = f" {hypothesis.name}" if several else ""
    text += f"; {percent(early)} of trials reject{what} at the {look_label(first)}"
    if futile.estimate > 0:
        text += f", {percent(futile)} {'give it up' if several else 'stop'} for futility"
    return text + "."


def undefined_in_words(view: RandomisedView, hypothesis: Hypothesis) -> str:
    """How often the test was not defined; nothing where it always was."""
    share = view.measured.of_hypothesis(hypothesis, "undefined")
    if math.isnan(share.estimate):
        return ""
    digits = digits_of(view)
    text = (
        f"; the test is not defined in {percent(share, digits)} of trials, which count as not "
        "rejected"
    )
    given = view.measured.of_hypothesis(hypothesis, "reject_if_defined")
    if math.isnan(given.estimate):
        return text
    return f"{text} (of the others {percent(given, digits)} reject)"


def digits_of(view: RandomisedView) -> int:
    """Digits of a rejection probability in percent: two where it is small, as under the null."""
    return 2 if view.under_null else 1


def _size(view: RandomisedView) -> str:
    size = view.measured.of_trial("sample_size.mean").estimate
    duration = view.measured.of_trial("duration.mean").estimate
    low, high = (view.measured.of_trial(f"duration.{q}").estimate for q in ("q2.5", "q97.5"))
    return (
        f"A trial enrols {number(size)} patients on average and lasts {number(duration)} months "
        f"from the origin to its last decision (95% of trials: {number(low)} to {number(high)})."
    )


def _not_reached(view: RandomisedView) -> str:
    """At which looks the target was missed, and how often."""
    reached = view.outcomes.at_looks("target_reached")
    found = {
        look_label(each): proportion(of_look == 0)  # of all trials, whether or not they made it
        for each, of_look in zip(view.analyses, reached, strict=True)
    }
    missed = {name: share for name, share in found.items() if share.estimate > 0}
    if not missed:
        return ""
    texts = (f"{percent(share)} of trials at the {name}" for name, share in missed.items())
    return f"Within the longest duration a look's target is not reached in {listed(texts)}."


# ---- tiles ----------------------------------------------------------------------------------


def tiles(view: RandomisedView) -> Tiles:
    """The key numbers."""
    items: list[Tile] = [_power(view, hypothesis) for hypothesis in view.hypotheses]
    items += _several(view)
    if len(view.analyses) > 1 and view.hypotheses:
        items.append(_early(view))
    items.append(_of_trial(view, "sample_size", "Expected sample size"))
    items.append(_of_trial(view, "duration", "Expected duration", unit=" mo"))
    if not view.has_many:
        items += [tile for h in view.hypotheses for tile in _bound(view, h)]
    items.append(_missed(view))
    return Tiles(items)


def _power(view: RandomisedView, hypothesis: Hypothesis) -> Tile:
    found, digits = view.measured.of_hypothesis(hypothesis, "reject"), digits_of(view)
    name = "Type I error" if view.under_null else "Power"
    if len(view.hypotheses) > 1:
        name += f", {hypothesis.name}"
    beside = _error(found, digits)
    expected = view.theory.rejected(hypothesis)
    if not math.isnan(expected):
        beside += f"\ntheory: {number(100 * expected, digits)}%"
    undefined = view.measured.of_hypothesis(hypothesis, "undefined")
    if not math.isnan(undefined.estimate):
        beside += f"\ntest not defined: {percent(undefined, digits)}"
    over = view.measured.of_hypothesis(hypothesis, "reject_over_draws")
    if not math.isnan(over.estimate):
        beside += f"\nover the posterior: {percent(over, digits)}"
    return name, percent(found, digits), beside


def _several(view: RandomisedView) -> list[Tile]:
    """Probability that any hypothesis is rejected, where there are several."""
    if len(view.hypotheses) < 2:
        return []
    found, digits = view.measured.of_several("any"), digits_of(view)
    return [("Any hypothesis rejected", percent(found, digits), _error(found, digits))]


def _error(found: Estimate, digits: int) -> str:
    return (
        f"MCSE {number(100 * found.mcse, digits + 1)}\n"
        f"95%: {monte_carlo_interval(found, 100, digits)}"
    )


def early_stop(view: RandomisedView) -> Estimate:
    """Probability that a trial ends before its last look."""
    return proportion(view.outcomes.stopped_at < len(view.analyses) - 1)


def _early(view: RandomisedView) -> Tile:
    found = early_stop(view)
    beside = f"MCSE {number(100 * found.mcse, 2)}"
    if len(view.hypotheses) == 1 and view.hypotheses[0].futility is not None:
        futile = view.measured.of_hypothesis(view.hypotheses[0], "stop_futility")
        beside += f"\nfor futility: {percent(futile)}"
    return "Stopped early", percent(found), beside


def _of_trial(view: RandomisedView, name: str, label: str, unit: str = "") -> Tile:
    mean = view.measured.of_trial(f"{name}.mean")
    low, high = (view.measured.of_trial(f"{name}.{q}").estimate for q in ("q2.5", "q97.5"))
    digits = 0 if np.isclose(low, round(low)) and np.isclose(high, round(high)) else 1
    return (
        label,
        number(mean.estimate) + unit,
        f"95% of trials: {number(low, digits)} to {number(high, digits)}",
    )


def _bound(view: RandomisedView, hypothesis: Hypothesis) -> list[Tile]:
    """Largest observed hazard ratio that rejects at the last look."""
    last = view.looks_of(hypothesis)[-1]
    ratios = sorted(ratios_at_bound(view, hypothesis, last.name))
    if not ratios:
        return []
    several = f", {hypothesis.name}" if len(view.hypotheses) > 1 else ""
    by_level = ", by its level" if len(ratios) > 1 else ""
    ends = dict.fromkeys(number(ratio, 3) for ratio in (ratios[0], ratios[-1]))
    return [
        (
            f"Hazard ratio at the bound{several}",
            " to ".join(ends),
            f"largest that rejects at the {look_label(last)}{by_level}",
        )
    ]


def _missed(view: RandomisedView) -> Tile:
    """Trials in which a look was cut at the longest duration, its target not reached."""
    missed = (view.outcomes.at_looks("target_reached") == 0).any(axis=0)
    found = proportion(missed)
    return "Target not reached", percent(found), f"{int(missed.sum()):,} of {view.n:,} trials"
