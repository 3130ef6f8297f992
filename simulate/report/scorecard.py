"""The section that sets the published facts beside the simulated trials."""

from __future__ import annotations

import pandas as pd

from simulate.report.blocks import Block, Details, Heading, Prose, Section, Table
from simulate.report.fact_table import fact_table
from simulate.report.identifiable import not_identifiable
from simulate.report.numbers import counted, listed
from simulate.report.scorecard_picture import scorecard_picture
from simulate.report.surprises import is_surprising, remarks
from simulate.report.topics import DRAWN_ELSEWHERE, OTHER, TOPICS, topic_of
from simulate.report.view import View

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


def _blocks(view: View) -> list[Block]:
    card = view.facts
    order = [*(topic for topic, _ in TOPICS), OTHER]
    card = card.assign(topic=[topic_of(str(name)) for name in card["statistic"]])
    card = card.sort_values(
        "topic", key=lambda topics: topics.map(order.index), kind="stable", ignore_index=True
    )
    judged = card[card["role"] != "input"].reset_index(drop=True)
    inputs = card[card["role"] == "input"].reset_index(drop=True)
    simulated = judged[judged["statistic"].isin(list(view.statistics))]
    blocks: list[Block] = []
    if not simulated.empty:
        blocks += _judgement(view, simulated)
    blocks += _tables(view, judged)
    if not inputs.empty:
        inside = f"{int(inputs['inside'].sum())} of {len(inputs)} inside"
        blocks.append(
            Details(
                f"Facts that were put into the scenario ({inside})",
                [fact_table(view, inputs, "Facts that were put in")],
            )
        )
    return blocks


def _judgement(view: View, simulated: pd.DataFrame) -> list[Block]:
    """How many lie inside, where each of them lies, and what is to be said of some."""
    both = view.has_posterior
    blocks: list[Block] = [Prose(_two_checks(view)), _by_role(simulated)] if both else []
    blocks.append(Prose(_verdict(simulated, both=both)))
    drawn = simulated[simulated["percentile"].notna()]
    blocks += scorecard_picture(drawn[drawn["topic"] != DRAWN_ELSEWHERE], len(drawn))
    found = remarks(simulated)
    if found and both:
        blocks += [Heading("Numbers that surprise"), Prose(_surprises(simulated))]
    return [*blocks, *found, *not_identifiable(view)]


def _surprises(simulated: pd.DataFrame) -> str:
    """What counts as a surprise, and how many there are."""
    rows = simulated.to_dict("records")
    n = sum(is_surprising(row) or is_surprising(row, "_draws") for row in rows)
    return (
        "A number surprises if it lies outside the limits of 95%, or in the outer 5%, of one of "
        "the two predictive distributions: "
        f"{n or 'none'} of {len(rows)} {'does' if n == 1 else 'do'}."
    )


def _tables(view: View, judged: pd.DataFrame) -> list[Block]:
    """All facts that are judged; those held out come first, in a table of their own."""
    held_out = judged["role"] == "held_out"
    blocks: list[Block] = []
    if held_out.any():
        facts = judged[held_out].reset_index(drop=True)
        blocks += [
            Heading("Held-out facts"),
            Prose(_of_held_out(view, facts)),
            fact_table(view, facts, "Held-out facts and simulated trials"),
        ]
    if not held_out.all():
        if held_out.any():
            blocks.append(Heading("All other facts"))
        others = judged[~held_out].reset_index(drop=True)
        blocks.append(fact_table(view, others, "Published facts and simulated trials"))
    return blocks


def _of_held_out(view: View, facts: pd.DataFrame) -> str:
    text = (
        f"{counted(len(facts), 'fact was', 'facts were')} kept from the calibration. "
        f"{int(facts['inside'].sum())} of {len(facts)} lie within the limits of 95% of the "
        "simulated trials"
    )
    if not view.has_posterior:
        return f"{text}."
    return (
        f"{text} at the point, {int(facts['inside_draws'].sum())} over the posterior. They are the "
        "test of the model: the fit has not seen them."
    )


def _two_checks(view: View) -> str:
    """What the two predictive checks are, and what they are made of."""
    over, calibration = view.result.job.over_draws, view.scenario.calibration
    assert over is not None  # both checks were made
    assert over.draws is not None
    assert calibration is not None
    fit = calibration.content
    return (
        f"The parameters come from the calibration {calibration.shown}, fit {fit.fit} "
        f"({fit.title}). Every published number is held against two predictive distributions. At "
        "the point, all replicates have the same parameters, and trials differ by chance alone. "
        f"Over the posterior, each replicate takes one of {counted(over.draws.n, 'draw')}, so "
        "that trials differ by chance and by what the data leave open about the parameters. The "
        "second is the wider one. Neither is a Monte Carlo error, which only tells how well so "
        "many replicates know the limits."
    )


def _by_role(simulated: pd.DataFrame) -> Table:
    """How many facts of each role lie inside, in both checks."""
    groups = [(role, simulated[simulated["role"] == role]) for role in ROLE_WORDS]
    groups = [(role, facts) for role, facts in groups if len(facts)]
    groups = [*groups, ("", simulated)] if len(groups) > 1 else groups
    rows = [
        (
            role.replace("_", " ").capitalize() or "All",
            str(len(facts)),
            str(int(facts["inside"].sum())),
            str(int(facts["inside_draws"].sum())),
            ROLE_WORDS.get(role, ""),
        )
        for role, facts in groups
    ]
    return Table(
        "Published numbers within the limits of 95% of simulated trials",
        ("Role", "Numbers", "At the point", "Over the posterior", "What the role means"),
        rows,
        numeric=(1, 2, 3),
    )


def _verdict(judged: pd.DataFrame, *, both: bool) -> str:
    expected = (
        "If the model were the truth about the trial, about one in twenty would still lie "
        "outside, and they are far from independent. Facts that the model was calibrated with can "
        "only confirm the calibration; the facts that are "
    )
    if both:
        return f"{expected}held out, and the checks, say more."
    inside = int(judged["inside"].sum())
    by_role = [
        f"{int(rows['inside'].sum())} of {len(rows)} {str(role).replace('_', ' ')} "
        f"({ROLE_WORDS[str(role)]})"
        for role, rows in judged.groupby("role", sort=False)
    ]
    return (
        f"{inside} of {counted(len(judged), 'published number')} lie within the limits of 95% of "
        f"the simulated trials: {listed(by_role)}. {expected}checks say more."
    )
