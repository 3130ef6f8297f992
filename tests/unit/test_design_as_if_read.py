"""What theory says of endpoints that readers, rules and later therapy change: labelled as such."""

from __future__ import annotations

import pytest
from survival_files import ROOT, survival_scenario

from simulate.describe.as_if_read import AS_IF_READ
from simulate.describe.design import design_in_words
from simulate.design_theory import design_theory
from simulate.scenario.reading import AnyScenario, read_scenario

RULES = ROOT / "scenarios" / "censoring_rules.yaml"
CYCLES = ROOT / "scenarios" / "kn026_phase3_rules.yaml"
READERS = ROOT / "scenarios" / "kn026_phase3_readers.yaml"
GENERIC = ROOT / "scenarios" / "generic_two_arm.yaml"


def blocks_of(scenario: AnyScenario) -> dict[str, str]:
    """The text of each block of hypotheses, by its heading."""
    text = design_in_words(design_theory(scenario))
    found = {}
    for part in text.split("\n\nHypothes")[1:]:
        heading, _, body = part.partition("\n")
        found[f"Hypothes{heading}"] = " ".join(body.split("How to read this")[0].split())
    return found


@pytest.mark.parametrize(
    ("path", "headings"),
    [
        (
            RULES,
            [
                "Hypotheses ema, fda, one_missed, therapy_only, window and grouped",
                "Hypothesis latent",
            ],
        ),
        (
            CYCLES,
            [
                "Hypotheses fda, ema, one_missed, therapy_only, window, inv_fda and inv_ema",
                "Hypothesis latent",
            ],
        ),
        (READERS, ["Hypothesis pfs", "Hypothesis pfs_inv"]),
    ],
)
def test_hypotheses_that_differ_by_readers_and_rules_share_a_block(
    path: object, headings: list[str]
) -> None:
    assert list(blocks_of(read_scenario(path))) == headings


def test_a_block_says_in_its_first_lines_how_theory_takes_its_endpoint() -> None:
    blocks = blocks_of(survival_scenario(RULES))
    read, latent = blocks.values()
    start = f"Days, events and power are {AS_IF_READ}"
    assert read.split(" ", 1)[1].startswith(start)
    assert "Theory says the same of fda (PFS_FDA), one_missed (PFS_ONE_MISSED)" in read
    # progression is known on its day, and the look waits for events that are read
    assert start not in latent
    assert latent.split(" ", 1)[1].startswith("Looks wait for events of PFS, and are expected")


def test_a_latent_endpoint_that_its_own_events_trigger_is_as_it_is() -> None:
    cut = "analyses.final.cut={events: {endpoint: PFS_LATENT, count: 330}}"
    blocks = blocks_of(survival_scenario(RULES, cut))
    assert "as if" not in blocks["Hypothesis latent"]
    assert all(AS_IF_READ not in text for text in blocks_of(survival_scenario(GENERIC)).values())


def test_overall_survival_says_that_nobody_changes_treatment() -> None:
    os = (
        "hypotheses=[{id: 1, name: os, endpoint: OS, experimental: kn026, control: control}]",
        "analyses=[{id: 1, name: final, cut: {events: {endpoint: OS, count: 200}}}]",
        "sweep=[]",
    )
    (text,) = blocks_of(survival_scenario(READERS, *os)).values()
    assert "as if treatment changed at progression itself, not at the call" in text


def test_tables_say_so_too() -> None:
    theory = design_theory(survival_scenario(RULES))
    for table in (theory.table, theory.overall):
        told = table.groupby("hypothesis")["as_if_read_without_error"].all()
        assert told.to_dict() == {
            **dict.fromkeys(
                ("ema", "fda", "grouped", "one_missed", "therapy_only", "window"), True
            ),
            "latent": False,
        }
    plain = design_theory(survival_scenario(GENERIC)).table
    assert "as_if_read_without_error" not in plain


def test_hypotheses_of_other_alpha_or_arms_have_blocks_of_their_own() -> None:
    blocks = blocks_of(survival_scenario(RULES, "hypotheses.fda.alpha=0.0125"))
    assert "Hypothesis fda" in blocks
    assert "Hypotheses ema, one_missed, therapy_only, window and grouped" in blocks
