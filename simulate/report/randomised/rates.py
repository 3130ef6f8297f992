"""The section on response rates and subpopulations: who is counted, and what is found of them."""

from __future__ import annotations

import math

from simulate.describe.responses import levels_in_words
from simulate.report.blocks import Block, Heading, Prose, Section, Table
from simulate.report.numbers import NO_VALUE, capital, number, signed
from simulate.report.randomised.view import RandomisedView, hypothesis_label, look_label
from simulate.report.randomised.words import percent, with_error
from simulate.scenario.analyses import Analysis
from simulate.scenario.monitoring import Hypothesis
from simulate.units import DAYS_PER_MONTH


def rates_section(view: RandomisedView) -> Section:
    """Response rates, and who was counted; empty where that are always all patients."""
    if not view.rates and not any(each.population for each in view.hypotheses):
        return Section("rates", "Response rates and subpopulations", [])
    blocks: list[Block] = [Prose(_introduction(view))]
    tested = [each for each in view.hypotheses if view.scenario.is_rate(each.endpoint)]
    if tested:
        blocks.append(_differences(view, tested))
    blocks += [_arms(view, endpoint) for endpoint in view.rates]
    if view.hypotheses:
        blocks += [Heading("Who is counted"), _counts(view)]
    return Section("rates", "Response rates and subpopulations", blocks)


def _introduction(view: RandomisedView) -> str:
    texts = []
    if view.rates:
        after = view.scenario.evaluable_after
        whom = (
            f"who were randomised {number(after / DAYS_PER_MONTH)} months before the data cut, or "
            "earlier"
            if after
            else "who were randomised by the data cut"
        )
        texts.append(
            f"Response rates are of the patients {whom}. The difference has Miettinen and "
            "Nurminen's limits, in strata with their weights."
        )
    parts = {each.name: each.population for each in view.hypotheses if each.population}
    for name, levels in parts.items():
        whose = levels_in_words(view.scenario.baseline, levels)
        texts.append(f"The hypothesis {name} is of patients whose {whose}.")
    return " ".join(texts)


def _differences(view: RandomisedView, hypotheses: list[Hypothesis]) -> Table:
    rows = []
    for hypothesis in hypotheses:

        def of(measure: str, hypothesis: Hypothesis = hypothesis) -> str:
            found = view.measured.of_hypothesis(hypothesis, measure, "stop")
            return with_error(found, 100.0, 2) if found.n_analysed else NO_VALUE

        bias = view.measured.of_hypothesis(hypothesis, "rate_difference.bias", "stop")
        given = view.measured.of_hypothesis(hypothesis, "rate_difference.bias_if_rejected", "stop")
        covers = view.measured.of_hypothesis(hypothesis, "rate_difference.coverage", "stop")
        rows.append(
            [
                hypothesis_label(hypothesis, view),
                of("rate_experimental.mean"),
                of("rate_control.mean"),
                of("rate_difference.mean"),
                *(signed(100 * each.estimate, 2) if each.n_analysed else NO_VALUE
                  for each in (bias, given)),
                percent(covers),
            ]
        )  # fmt: skip
    header = ["", "experimental", "control", "difference", "bias", "bias if rejected", "coverage"]
    return Table(
        "Response rates at the look that decides, %",
        header,
        rows,
        numeric=tuple(range(1, len(header))),
        caption=(
            "Means over trials \N{PLUS-MINUS SIGN} Monte Carlo standard error. Bias and coverage "
            "of the difference are against the rates of the scenario, where a formula has them."
        ),
    )


def _arms(view: RandomisedView, endpoint: str) -> Table:
    rows = []
    for look in view.analyses:
        for arm in view.arms:
            found = [
                view.measured.of_endpoint(endpoint, f"{measure}.mean", look.name, arm.name)
                for measure in ("evaluable", "events", "rate")
            ]
            if found[0].n_analysed:
                counts = [with_error(each, 1.0, 1) for each in found[:2]]
                rate = with_error(found[2], 100.0, 2) if found[2].n_analysed else NO_VALUE
                rows.append([f"{capital(look_label(look))}, {arm.label}", *counts, rate])
    return Table(
        f"{endpoint} by look and arm, means over the trials that made the look",
        ["", "evaluable", "responders", "rate, %"],
        rows,
        numeric=(1, 2, 3),
    )


def _counts(view: RandomisedView) -> Table:
    rows = [
        [f"{hypothesis.name}, {look_label(look)}", *_cells(view, hypothesis, look)]
        for hypothesis in view.hypotheses
        for look in view.looks_of(hypothesis)
    ]
    rows = [row for row in rows if any(cell != NO_VALUE for cell in row[1:])]
    header = ["", "patients", "expected", "experimental", "control", "events", "expected"]
    return Table(
        "Patients and events of each hypothesis by look, means over the trials that made it",
        header,
        rows,
        numeric=tuple(range(1, len(header))),
        caption=(
            "Of a response rate: evaluable patients, and responders. Expected: by theory, were no "
            "trial stopped before."
        ),
    )


def _cells(view: RandomisedView, hypothesis: Hypothesis, look: Analysis) -> list[str]:
    n1, n2, d1, d2 = (
        view.measured.of_hypothesis(hypothesis, f"{what}_{arm}.mean", look.name).estimate
        for what in ("n", "events")
        for arm in ("experimental", "control")
    )
    expected = view.theory.at_look(hypothesis, "events", look.name)
    is_rate = view.scenario.is_rate(hypothesis.endpoint)
    return [
        _number(n1 + n2),
        _number(expected if is_rate else math.nan),
        _number(d1),
        _number(d2),
        _number(d1 + d2),
        _number(math.nan if is_rate else expected),
    ]


def _number(value: float) -> str:
    return NO_VALUE if math.isnan(value) else number(value, 1)
