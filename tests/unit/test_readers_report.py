"""The section on readers and rules: its numbers are those of the replicates."""

from __future__ import annotations

import numpy as np
import pytest
from test_readers_looks import scenario_of

from simulate.randomised.execute import execute
from simulate.randomised.job import make_randomised_job
from simulate.randomised.versions import rates_between_arms
from simulate.report.blocks import Section, Table
from simulate.report.randomised.readers import readers_section
from simulate.report.randomised.view import RandomisedView
from simulate.report.randomised.whatifs import whatifs_section

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
    assert list(rows) == ["CENTRAL_FDA", "LOCAL", "OS"]
    for name, row in rows.items():
        events = view.outcomes.at_stop(f"{name.lower()}.events")
        assert row[0].startswith(f"{events.mean():.1f}")
    central = view.outcomes.hypotheses[0]
    assert rows["CENTRAL_FDA"][-1] == f"{100 * view.outcomes.rejects(central).mean():.1f}%"
    # OS is not tested, and has its hazard ratio
    ratio = view.outcomes.at_stop("os.log_hr.experimental.control")
    assert rows["OS"][-2:] == [f"{np.exp(ratio.mean()):.3f}", "\N{EN DASH}"]


def test_hazard_ratios_side_by_side_are_all_those_of_the_last_look() -> None:
    central, local = HYPOTHESES
    early = {"analyses": ["interim", "final"], "efficacy": {"kind": "pocock"}, "alpha": 0.4}
    scenario = scenario_of(endpoints=ENDPOINTS, rule_sets=[], hypotheses=[central, local | early])
    job = make_randomised_job(scenario, replicates=8, workers=1, engine="reference")
    view = RandomisedView(execute(job))
    section = readers_section(view)
    told = {row[0]: row[-2] for row in table(section, "Endpoints side by side").rows}
    of_local = view.hypotheses[1]
    assert 0 in view.outcomes.decided_at(of_local), "some are decided at the interim"
    at_stop = np.exp(view.outcomes.at_stop("local.log_hr").mean())
    assert f"{at_stop:.3f}" != f"{np.exp(view.outcomes.at_decision(of_local, 'log_hr').mean()):.3f}"
    assert told["LOCAL"] == f"{at_stop:.3f}"
    assert told["CENTRAL_FDA"] == f"{np.exp(view.outcomes.at_stop('central.log_hr').mean()):.3f}"


def test_differences_are_the_second_less_the_first(view: RandomisedView, section: Section) -> None:
    ((name, events, *_),) = table(section, "Differences from CENTRAL_FDA").rows
    assert name == "LOCAL"
    mine, theirs = (view.outcomes.at_stop(f"{n}.events") for n in ("local", "central_fda"))
    assert events.startswith(f"+{(mine - theirs).mean():.1f}")


def test_concordance_is_told_by_arm(view: RandomisedView, section: Section) -> None:
    found = table(section, "Concordance of readers")
    labels = [arm.label for arm in view.arms]
    assert [row[0] for row in found.rows] == [*labels, f"{labels[1]} less {labels[0]}"]
    assert "differ also where no reader is biased" in found.caption
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


def test_reported_medians_stand_beside_the_simulated_ones() -> None:
    reported = {"endpoint": "LOCAL", "arm": "control", "median": "6 months"}
    scenario = scenario_of(
        endpoints=ENDPOINTS, rule_sets=[], hypotheses=HYPOTHESES, reported_medians=[reported]
    )
    plain = scenario_of(endpoints=ENDPOINTS, rule_sets=[], hypotheses=HYPOTHESES)
    assert scenario.digest() == plain.digest()  # they change no patient
    job = make_randomised_job(scenario, replicates=8, workers=1, engine="reference")
    view = RandomisedView(execute(job))
    (row,) = table(readers_section(view), "Medians beside those that were reported").rows
    medians = view.outcomes.at_stop("local.median.control")
    assert row[1].strip() == "6.0"
    assert row[2].startswith(f"{medians[np.isfinite(medians)].mean():.1f}")
    assert row[5].strip() == f"{100 * np.mean(medians < 6):.1f}%"


def test_switching_is_told_by_arm(view: RandomisedView, section: Section) -> None:
    (row,) = table(section, "Switching of treatment").rows
    ratio = view.outcomes.at_stop("os.log_hr.experimental.control")
    for cell, arm in zip(row[1:-1], view.arms, strict=True):
        switched = view.outcomes.at_stop(f"switched.{arm.name}")
        share = 100 * np.mean(switched / view.outcomes.at_stop(f"n_enrolled.{arm.name}"))
        assert cell.startswith(f"{switched.mean():.1f}")
        assert cell.endswith(f"({share:.1f}%)")
    assert row[-1] == f"{np.exp(ratio.mean()):.3f}"


def test_what_ifs_tell_concordance_switching_and_survival_in_pairs() -> None:
    scenario = scenario_of(
        endpoints=ENDPOINTS, rule_sets=[], hypotheses=HYPOTHESES, sweep=[NOBODY_SWITCHES]
    )
    job = make_randomised_job(scenario, replicates=4, workers=1, engine="reference")
    view = RandomisedView(execute(job))
    nobody = view.result.variants["nobody_switches"]

    as_it_is, without = table(readers_section(view), "Switching of treatment").rows
    assert without[1:3] == ["0", "0"]
    ratios = [each.at_stop("os.log_hr.experimental.control") for each in (nobody, view.outcomes)]
    assert as_it_is[-1] == "\N{EN DASH}"
    difference = f"{abs(np.mean(ratios[0] - ratios[1])):.4f}"
    assert difference in without[-1]

    section = whatifs_section(view)
    concordance = table(section, "Concordance of investigator and central by variant")
    assert list(concordance.groups.values()) == ["Scenario as it stands", "Nobody switches"]
    assert [row[0] for row in concordance.rows[3:]] == [
        *(arm.label for arm in view.arms),
        concordance.rows[2][0],
        "Less the scenario",
    ]
    look = view.analyses[-1].name
    both = [
        rates_between_arms(each, look, "investigator", "central", ("experimental", "control"))
        for each in (nobody, view.outcomes)
    ]
    for cell, name in zip(concordance.rows[-1][1:], both[0], strict=True):
        change = 100 * np.mean(both[0][name] - both[1][name])
        assert f"{abs(change):.1f}" in cell
    (survival,) = table(section, "Paired differences of endpoints that are not tested").rows
    assert f"{np.mean(ratios[0]):.3f}".lstrip("-") in survival[1]


NOBODY_SWITCHES = {
    "name": "nobody_switches",
    "title": "Nobody switches",
    "set": {"survival.switching": []},
}


def test_operating_characteristics_name_the_readers(view: RandomisedView) -> None:
    table = view.result.operating
    readers = table.groupby("endpoint")["reader"].agg(set)
    assert readers["LOCAL"] == {"investigator"}
    assert readers["CENTRAL_FDA"] == {"central"}
    assert readers["PFS"] == {"investigator, central"}
    assert readers["OS"] == {""}
    names = set(table.loc[table["endpoint"] == "CENTRAL_FDA - LOCAL", "measure"])
    assert {"events.difference", "median.difference", "reject.difference"} <= names
