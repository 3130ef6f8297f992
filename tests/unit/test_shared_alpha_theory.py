"""Theory of hypotheses that share alpha, and its tables, words, and sections."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from scipy.stats import norm
from survival_files import ROOT, TWO_ARMS, survival_scenario

from simulate.describe import describe
from simulate.describe.design import design_in_words
from simulate.describe.words import p_value
from simulate.design_theory import DesignTheory, design_theory
from simulate.plots import plot_hypothesis_graph
from simulate.randomised.nulls import true_nulls
from simulate.sequential.boundaries import find_design_bounds
from simulate.sequential.design import GroupSequential
from simulate.sequential.spending import OBrienFlemingType
from simulate.write_design import write_design

GRAPH = ROOT / "scenarios" / "two_endpoints_graph.yaml"
SEQUENCE = "multiplicity={method: fixed_sequence, order: [pfs, os]}"


@pytest.fixture(scope="module")
def theory() -> DesignTheory:
    return design_theory(survival_scenario(GRAPH))


def test_bounds_at_each_level_are_those_of_its_alpha(theory: DesignTheory) -> None:
    assert theory.shared is not None
    found = {(each.theory.hypothesis.name, each.after): each for each in theory.shared.levels}
    assert set(found) == {("pfs", ((),)), ("pfs", (("os",),)), ("os", ((),)), ("os", (("pfs",),))}
    for each in found.values():
        fractions = tuple(np.array(each.theory.events) / each.theory.events[-1])
        own = find_design_bounds(GroupSequential(fractions, OBrienFlemingType(each.level)))
        np.testing.assert_allclose(each.bounds.efficacy_z, own.efficacy_z, rtol=1e-9)
    assert found["pfs", ((),)].level == pytest.approx(0.01875)
    assert found["os", (("pfs",),)].level == pytest.approx(0.025)


def test_family_wise_error_is_alpha_for_each_set_of_true_hypotheses(theory: DesignTheory) -> None:
    assert theory.shared is not None
    for each in theory.shared.errors:
        assert each.at_most == pytest.approx(0.025, abs=1e-9)
        assert each.correlated < 0.025 + 3 * each.mcse


def test_power_of_a_sequence_of_independent_tests_is_their_product() -> None:
    shared = design_theory(survival_scenario(GRAPH, SEQUENCE)).shared
    assert shared is not None
    power = shared.power("assumed", 0.0)
    assert power is not None
    pfs, os = (each.under("assumed") for each in shared.hypotheses)
    assert pfs is not None
    assert os is not None
    first = pfs.performance.power
    assert power.each[0] == pytest.approx(first, abs=4 * math.sqrt(first * (1 - first) / power.n))
    # the second has three looks, of which those before the first is rejected do not count
    last = norm.cdf(os.performance.means[-1] - shared.levels[1].bounds.efficacy_z[-1])
    assert first * last < power.each[1] < first * os.performance.power + 0.01
    assert power.all == power.each[1]
    assert power.any == power.each[0]


def test_design_says_it_in_words_and_tables(theory: DesignTheory, tmp_path: Path) -> None:
    words = " ".join(design_in_words(theory).split())
    for part in (
        "at first 1.875% to pfs and 0.625% to os",
        "When pfs is rejected, it passes of its alpha 100% to os",
        "one-sided alpha 0.625% at first, at most 2.5%",
        "lowest level of 1.875%",
        "pfs and os 2.488% 2.500%",
    ):
        assert part in words
    write_design(theory, tmp_path / "d", command="test")
    levels = pd.read_csv(tmp_path / "d" / "design_levels.csv", keep_default_na=False)
    assert len(levels) == 2 * 2 + 2 * 3
    assert set(levels["after"]) == {"", "pfs", "os"}
    errors = pd.read_csv(tmp_path / "d" / "design_familywise_error.csv")
    assert errors["true"].tolist() == ["pfs", "os", "pfs & os"]


def test_of_a_combination_theory_knows_no_power_together() -> None:
    combo = "hypotheses.os.test={kind: max_combo, weights: [{rho: 0}, {gamma: 1}]}"
    theory = design_theory(survival_scenario(GRAPH, combo))
    assert theory.shared is not None
    assert theory.shared.power("assumed", 0.0) is None
    text = " ".join(design_in_words(theory).split())
    assert "power of the hypotheses together is found by simulation" in text
    assert "trials of normal statistics, futility" not in text
    one = next(each for each in theory.shared.levels if each.theory.hypothesis.name == "os")
    assert one.bounds.efficacy_z[-1] != one.as_normal.efficacy_z[-1]


def test_a_p_value_that_five_digits_do_not_tell_is_not_printed_as_none() -> None:
    assert p_value(0.0228) == "0.02280"
    assert p_value(9e-6) == "<0.00001"


def test_who_shares_nothing_hears_nothing_of_it(tmp_path: Path) -> None:
    plain = design_theory(survival_scenario(TWO_ARMS))
    assert plain.shared is None
    assert "share a one-sided alpha" not in design_in_words(plain)
    assert "share a one-sided alpha" not in describe(survival_scenario(TWO_ARMS))
    write_design(plain, tmp_path / "d", command="test")
    assert not (tmp_path / "d" / "design_levels.csv").exists()


def test_describe_says_how_alpha_is_shared() -> None:
    words = " ".join(describe(survival_scenario(GRAPH)).split())
    assert "share a one-sided alpha of 2.5% by a graph" in words
    assert "Planned bounds at its lowest level, 1.875%" in words
    sequence = " ".join(describe(survival_scenario(GRAPH, SEQUENCE)).split())
    assert "in a fixed sequence, one after the other: at first 2.5% to pfs" in sequence
    assert "without alpha at first, at most 2.5%" in sequence


@pytest.mark.parametrize(
    ("effects", "true"),
    [
        ("[]", ("pfs", "os")),
        ("[{kind: proportional, arm: experimental, on: progression, hazard_ratio: 0.7}]", ()),
        (
            "[{kind: proportional, arm: experimental, on: progression, hazard_ratio: 1}]",
            ("pfs", "os"),
        ),
        (
            "[{kind: proportional, arm: experimental, on: death_after_progression, "
            "hazard_ratio: 0.7}]",
            ("pfs",),
        ),
        (
            "[{kind: proportional, arm: experimental, on: progression, hazard_ratio: 0.7}, "
            "{kind: proportional, arm: control, on: progression, hazard_ratio: 0.7}]",
            ("pfs", "os"),
        ),
    ],
)
def test_true_hypotheses_are_those_whose_arms_have_the_same_law(
    effects: str, true: tuple[str, ...]
) -> None:
    assert true_nulls(survival_scenario(GRAPH, f"survival.effects={effects}")) == true


def test_the_picture_names_all_hypotheses_levels_and_transitions() -> None:
    ways = np.array([[0, 0.25, 0.75], [1, 0, 0], [0, 0, 0]])
    ax = plot_hypothesis_graph(
        ["pfs", "os", "orr"], ["1%", "1.5%", "0%"], ways, ax=Figure().subplots()
    )
    texts = [text.get_text() for text in ax.texts]
    assert sorted(texts) == sorted(["0.25", "0.75", "1", "pfs", "1%", "os", "1.5%", "orr", "0%"])
