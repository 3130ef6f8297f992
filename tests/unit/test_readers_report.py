"""The section on readers and rules: its numbers are those of the replicates."""

from __future__ import annotations

import numpy as np
import pytest
from test_readers_looks import scenario_of

from simulate.randomised.execute import execute
from simulate.randomised.job import make_randomised_job
from simulate.report.blocks import Section, Table
from simulate.report.randomised.readers import readers_section
from simulate.report.randomised.view import RandomisedView

ENDPOINTS = [
    {"id": 1, "name": "CENTRAL_FDA", "of": "PFS", "reader": "central", "rules": "fda"},
    {"id": 2, "name": "LOCAL", "of": "PFS", "reader": "investigator"},
    {"id": 3, "name": "OS", "of": "OS"},
]
HYPOTHESES = [
    {"id": i, "name": name, "endpoint": endpoint, "experimental": "experimental",
     "control": "control", "analyses": ["final"], "information": 30}
    for i, (name, endpoint) in enumerate((("central", "CENTRAL_FDA"), ("local", "LOCAL")), 1)
]  # fmt: skip


@pytest.fixture(scope="module")
def view() -> RandomisedView:
    scenario = scenario_of(endpoints=ENDPOINTS, rule_sets=[], hypotheses=HYPOTHESES)
    return RandomisedView(
        execute(make_randomised_job(scenario, replicates=8, workers=1, engine="reference"))
    )


@pytest.fixture(scope="module")
def section(view: RandomisedView) -> Section:
    return readers_section(view)


def table(section: Section, title: str) -> Table:
    (found,) = [b for b in section.blocks if isinstance(b, Table) and b.title.startswith(title)]
    return found


def test_endpoints_stand_side_by_side(view: RandomisedView, section: Section) -> None:
    rows = {row[0]: row[1:] for row in table(section, "Endpoints side by side").rows}
    assert set(rows) == {"CENTRAL_FDA", "LOCAL"}, "deaths are read by nobody"
    for name, row in rows.items():
        events = view.outcomes.at_stop(f"{name.lower()}.events")
        assert row[0].startswith(f"{events.mean():.1f}")
    central = view.outcomes.hypotheses[0]
    assert rows["CENTRAL_FDA"][-1] == f"{100 * view.outcomes.rejects(central).mean():.1f}%"


def test_differences_are_the_second_less_the_first(view: RandomisedView, section: Section) -> None:
    ((name, events, *_),) = table(section, "Differences from CENTRAL_FDA").rows
    assert name == "LOCAL"
    mine, theirs = (view.outcomes.at_stop(f"{n}.events") for n in ("local", "central_fda"))
    assert events.startswith(f"+{(mine - theirs).mean():.1f}")


def test_concordance_is_told_by_arm(view: RandomisedView, section: Section) -> None:
    found = table(section, "Concordance of readers")
    assert [row[0] for row in found.rows] == [arm.label for arm in view.arms]
    column = view.outcomes.looks.column
    same, n = (
        column("final", name)
        for name in ("concordance.investigator.central.both_same.control", "n_enrolled.control")
    )
    disagree = sum(
        column("final", f"concordance.investigator.central.{what}.control")
        for what in ("only_first", "only_second")
    )
    agree = 100 * np.mean(1 - disagree / n)
    assert found.rows[0][1].startswith(f"{agree:.1f}")
    assert same.sum() > 0


def test_operating_characteristics_name_the_readers(view: RandomisedView) -> None:
    table = view.result.operating
    readers = table.groupby("endpoint")["reader"].agg(set)
    assert readers["LOCAL"] == {"investigator"}
    assert readers["CENTRAL_FDA"] == {"central"}
    assert readers["PFS"] == {"investigator, central"}
    assert readers["OS"] == {""}
    names = set(table.loc[table["endpoint"] == "CENTRAL_FDA - LOCAL", "measure"])
    assert {"events.difference", "median.difference", "reject.difference"} <= names
