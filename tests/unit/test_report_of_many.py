"""The report of many hypotheses, in rows; and texts of the report that are lists."""

from __future__ import annotations

from functools import cache

import pytest
from html_pages import text_of
from made_up_trials import generic, made_up_result
from survival_files import ROOT, survival_scenario

from simulate.design_theory import design_theory
from simulate.report.blocks import Block, Details, Listing, Picture, Section, Table
from simulate.report.randomised.boundaries import boundaries_section
from simulate.report.randomised.design import design_section
from simulate.report.randomised.estimates import estimates_section
from simulate.report.randomised.months import story_of
from simulate.report.randomised.power import decisions_table, power_section
from simulate.report.randomised.report import render_randomised_report
from simulate.report.randomised.view import RandomisedView
from simulate.report.randomised.whatifs import whatifs_section

NAMES = ("one", "two", "three", "four", "five")
MANY = "hypotheses=[{}]".format(
    ", ".join(
        f"{{id: {i}, name: {name}, endpoint: PFS, experimental: experimental, control: control, "
        "efficacy: {kind: obrien_fleming}}"
        for i, name in enumerate(NAMES, 1)
    )
)


@cache
def view_of(n: int = len(NAMES)) -> RandomisedView:
    larger = ("sweep=[{name: larger, set: {sample_size: 900}}]", "grid=null")
    scenario = generic(MANY, *larger) if n > 1 else generic()
    return RandomisedView(made_up_result(scenario, n=200, theory=design_theory(scenario).table))


def shown(section: Section) -> list[Block]:
    """What is not folded away."""
    return [block for block in section.blocks if not isinstance(block, Details)]


@pytest.mark.parametrize(
    ("build", "title", "pictures"),
    [
        (power_section, "Decisions, % of all trials", 1),
        (boundaries_section, "Boundaries", 0),
        (estimates_section, "Hazard ratios at the decision", 0),
        (whatifs_section, "Paired differences of each hypothesis", 0),
    ],
)
def test_many_hypotheses_share_a_table(build: object, title: str, pictures: int) -> None:
    section = build(view_of())
    assert sum(isinstance(block, Picture) for block in shown(section)) == pictures
    (table,) = (b for b in shown(section) if isinstance(b, Table) and b.title == title)
    told = " ".join([*(row[0] for row in table.rows), *table.groups.values()])
    assert all(name in told for name in NAMES)
    # each by itself is still there
    folded = [b for d in section.blocks if isinstance(d, Details) for b in d.blocks]
    assert sum(isinstance(block, Picture) for block in folded) == len(NAMES)


def test_rows_of_many_hypotheses_are_their_numbers() -> None:
    view = view_of()
    (table,) = (b for b in shown(power_section(view)) if getattr(b, "title", "").startswith("Dec"))
    first = view.hypotheses[0]
    row = [cell.strip() for cell in table.rows[0]]
    assert row[0] == "one"
    assert row[1].startswith(f"{100 * view.outcomes.rejects(first).mean():.2f}")
    theory = [i for i, name in enumerate(table.header) if name == "Theory"]
    assert row[theory[0]] == f"{100 * view.theory.rejected(first):.2f}"
    at_look = [row[i] for i, name in enumerate(table.header) if name.startswith("At the")]
    decided = view.outcomes.decided(first, 1).mean(axis=1)
    assert [cell.split()[0] for cell in at_look] == [f"{100 * share:.2f}" for share in decided]
    assert "nan" not in text_of(render_randomised_report(view.result))


def test_nothing_goes_on_where_all_is_decided() -> None:
    """Shares that add up to one but for rounding leave no trial that goes on."""
    residues = []
    for n in range(90, 110):
        view = RandomisedView(made_up_result(generic("sweep=[]", "grid=null"), n=n, examples=False))
        last = decisions_table(view, view.hypotheses[0]).iloc[-1]
        assert last["goes_on"] == 0.0
        residues.append(1.0 - last["rejected"] - last["not_rejected"] - last["futility"])
    assert max(residues) > 0.0, "without care, some trials would seem to go on"


def test_events_that_are_a_target_are_told_without_a_difference() -> None:
    (table,) = (
        b
        for b in power_section(view_of(1)).blocks
        if getattr(b, "title", "") == "Means over trials"
    )
    rows = {row[0]: [cell.strip() for cell in row[1:]] for row in table.rows}
    theory, difference = rows["Final: PFS events"][-2:]
    assert theory == "330.0"
    assert difference == "\N{EN DASH}"
    assert rows["Final: month of the data cut"][-1] != "\N{EN DASH}"


def test_a_look_says_nothing_of_hypotheses_that_it_does_not_test() -> None:
    arms = "endpoint: PFS, experimental: experimental, control: control"
    scenario = generic(
        f"hypotheses=[{{id: 1, name: one, {arms}, efficacy: {{kind: obrien_fleming}}}}, "
        f"{{id: 2, name: two, {arms}, analyses: [final]}}]"
    )
    view = RandomisedView(made_up_result(scenario, n=100))
    for example in view.result.examples:
        looks = story_of(view, example)
        assert len(looks) == len(example.looks)
        assert "Z of two" not in looks[0]
        assert "no alpha is spent" not in looks[0]


def test_what_is_seen_is_a_list_where_it_is_long() -> None:
    scenario = survival_scenario(ROOT / "scenarios" / "censoring_rules.yaml")
    view = RandomisedView(made_up_result(scenario, n=20, examples=False))
    (words,) = (b for b in design_section(view).blocks if isinstance(b, Listing))
    seen = dict(words.items)["What is seen"]
    assert not isinstance(seen, str)
    assert any(text.startswith("Endpoint 2 (PFS_FDA): ") for text in seen)
    assert all(not text.startswith(" ") and text.endswith(".") for text in seen)
    assert isinstance(dict(words.items)["Arms"], str)
