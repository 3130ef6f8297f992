"""Readers of patients in cycles and scans: what cannot be, and what people read of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from arms_example import randomised
from scenario_example import problems_of, write
from small_randomised import PHASE_II, PHASE_III
from test_central_review import HYPOTHESES, LOOKS, READERS

from simulate.choose_engine import REFERENCE
from simulate.describe import describe
from simulate.randomised.execute import execute
from simulate.randomised.job import make_randomised_job
from simulate.report.blocks import Points, Section, Table
from simulate.report.randomised.readers import readers_section
from simulate.report.randomised.view import RandomisedView
from simulate.scenario.scenario import Scenario

CENTRAL = "readers:\n  - {id: 1, name: central, missed: 0.2, early: 0.01}\n"


@pytest.mark.parametrize(
    ("base", "text", "key", "message"),
    [
        (
            PHASE_III,
            "readers: [{id: 1, name: central, early: 0.1}]",
            "readers",
            "a reader needs a discordance model, and missed is not given",
        ),
        (
            PHASE_III,
            "readers: [{id: 1, name: latent, missed: 0.1, early: 0}]",
            "readers",
            "every scenario has a reader latent, who sees progression on its day",
        ),
        (
            PHASE_III,
            CENTRAL + "  - {id: 1, name: central, missed: 0.2, early: 0.01}",
            "readers",
            "this name is taken already (given: central)",
        ),
        (
            PHASE_III,
            CENTRAL.replace("0.01}", "0.01, by_arm: {kn062: {missed: 0, early: 0}}}"),
            "readers",
            "there is no such arm (given: kn062",
        ),
        (
            PHASE_III,
            CENTRAL + "assessment: {schedule: continuous}",
            "readers",
            "readers read scans, and there are none",
        ),
        (PHASE_II, CENTRAL, "readers", "it says nothing without arms"),
        (
            PHASE_III,
            CENTRAL
            + "hypotheses: [{id: 1, name: pfs, endpoint: PFS_centrall, "
            + "experimental: kn026, control: control}]",
            "hypotheses",
            "no such endpoint (given: PFS_centrall; allowed: PFS, PFS_INV, PFS_LATENT, OS, ORR)",
        ),
        (
            PHASE_III,
            CENTRAL + "arms: [{id: 2, name: kn026, set: {readers: []}}, {id: 1, name: control}]",
            "readers",
            "an arm cannot set this",
        ),
    ],
)
def test_what_cannot_be_is_refused(
    tmp_path: Path, base: Path, text: str, key: str, message: str
) -> None:
    path = write(tmp_path, f"extends: {base}\nname: refused\n{text}\n")

    found = [p for p in problems_of(path) if p.key.startswith(key) and message in p.message]

    assert found, problems_of(path)
    assert found[0].line is not None


@pytest.fixture(scope="module")
def read_trial(scenario: Scenario) -> Scenario:
    return randomised(
        scenario,
        **{"readers": READERS, "analyses": LOOKS, "hypotheses": HYPOTHESES, "sample_size": 40},
    )


def test_a_description_tells_the_readers(read_trial: Scenario) -> None:
    text = " ".join(describe(read_trial).split())

    assert "Scans and treatment end at the call of the investigator." in text
    assert (
        "Reader 2 (central) overlooks progression at 30% of the scans on or after it and calls it "
        "at 6% of the scans before it; in control, overlooks progression at 60%"
    ) in text
    assert "The investigator does not err." in text
    assert (
        "Endpoint PFS_central: progression-free survival read by central; deaths count up to 30 "
        "days after scans have ended (KN026 + docetaxel) and as long as scans go on (control)."
    ) in text
    assert "12 PFS_central events are known" in text


@pytest.fixture(scope="module")
def view(read_trial: Scenario) -> RandomisedView:
    job = make_randomised_job(read_trial, replicates=4, workers=1, engine=REFERENCE)
    return RandomisedView(execute(job))


def table(section: Section, title: str) -> Table:
    (found,) = [b for b in section.blocks if isinstance(b, Table) and b.title.startswith(title)]
    return found


def test_a_report_sets_readers_side_by_side(view: RandomisedView) -> None:
    section = readers_section(view)

    rows = {row[0]: row[1:] for row in table(section, "Endpoints side by side").rows}
    assert list(rows) == ["PFS", "OS", "PFS_central", "PFS_perfect"]
    for name, row in rows.items():
        events = view.outcomes.at_stop(f"{name.lower()}.events")
        assert row[0].startswith(f"{events.mean():.1f}")
    assert rows["PFS"][:-2] == rows["PFS_perfect"][:-2]
    concordance = table(section, "Concordance of readers")
    assert list(concordance.groups.values()) == [
        "investigator and central",
        "investigator and perfect",
    ]
    assert concordance.rows[3][1].startswith("100.0"), "who never errs agrees with what is seen"
    (points,) = (b for b in section.blocks if isinstance(b, Points))
    assert any(text.startswith("Endpoint PFS_central:") for _, text in points.items)


def test_operating_characteristics_name_the_readers(view: RandomisedView) -> None:
    found = view.result.operating.groupby("endpoint")["reader"].agg(set)

    assert found["PFS_central"] == {"central"}
    assert "investigator" in found["PFS"]
    assert found["OS"] == {""}
    assert {"PFS - PFS_central", "PFS - PFS_perfect"} <= set(found.index)
    assert view.result.theory.empty, "theory knows nothing of readers"
