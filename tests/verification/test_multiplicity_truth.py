"""Hypotheses that share alpha: family-wise error and power of simulated patients and of theory."""

from __future__ import annotations

import math

import numpy as np
import pytest
from survival_files import ROOT, survival_scenario

from simulate.choose_engine import BATCH
from simulate.design_theory import design_theory
from simulate.look_replicates import run_look_replicates
from simulate.multiplicity.family_wise import OwnLooks, family_wise_errors
from simulate.multiplicity.graph import Graph
from simulate.randomised.nulls import true_nulls
from simulate.randomised.operating import operating_characteristics
from simulate.randomised.outcomes import Looks, Outcomes
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.sequential.boundaries import find_design_bounds
from simulate.sequential.design import GroupSequential
from simulate.sequential.spending import PocockType

pytestmark = pytest.mark.verify

GRAPH = ROOT / "scenarios" / "two_endpoints_graph.yaml"
N = 100_000
ALPHA = 0.025

SEQUENCE = "multiplicity={method: fixed_sequence, order: [pfs, os]}"
HOLM = "multiplicity={method: holm}"
NO_EFFECT = "survival.effects=[]"
ON_SURVIVAL = (
    "survival.effects=[{kind: proportional, arm: experimental, on: death_after_progression, "
    "hazard_ratio: 0.5}]"
)
COPULA = (
    "survival={kind: copula, correlation: 0.6, progression: {kind: exponential, median: 14 months},"
    " death: {kind: exponential, median: 28 months}, effects: [{kind: proportional, "
    "arm: experimental, on: progression, hazard_ratio: 0.3}]}"
)
"""A large effect on progression alone; deaths are as many in both arms."""


def run(*changes: str) -> tuple[SurvivalScenario, Outcomes]:
    scenario = survival_scenario(GRAPH, "estimates={when: stop}", "sweep=[]", *changes)
    looks = run_look_replicates(scenario, replicates=N, engine=BATCH, workers=2)
    return scenario, Outcomes(Looks(looks), scenario.analyses, scenario.hypotheses)


@pytest.mark.parametrize(
    ("changes", "true"),
    [
        ((NO_EFFECT,), ("pfs", "os")),
        ((NO_EFFECT, HOLM), ("pfs", "os")),
        ((NO_EFFECT, SEQUENCE), ("pfs", "os")),
        ((ON_SURVIVAL,), ("pfs",)),
        ((COPULA,), ("os",)),
        ((COPULA, SEQUENCE), ("os",)),
    ],
)
def test_family_wise_error_of_patients_is_at_most_alpha(
    changes: tuple[str, ...], true: tuple[str, ...]
) -> None:
    scenario, outcomes = run(*changes)
    assert true_nulls(scenario) == true
    table = operating_characteristics(scenario.name, outcomes, {}, true_nulls=true)
    (row,) = table[table["measure"] == "familywise_error"].to_dict("records")
    assert row["n_analysed"] == N
    assert row["estimate"] <= ALPHA + 3 * row["mcse"]
    assert row["estimate"] > 0.6 * ALPHA  # it is not kept by never rejecting


def test_power_of_patients_is_near_that_of_normal_statistics() -> None:
    """Statistics of both endpoints depend on each other, which theory does not know."""
    scenario, outcomes = run()
    shared = design_theory(scenario).shared
    assert shared is not None
    normal = [power for c in (0.0, 0.5) if (power := shared.power("assumed", c)) is not None]
    for h, hypothesis in enumerate(scenario.hypotheses):
        found = outcomes.rejects(hypothesis).mean()
        assert any(abs(found - power.each[h]) < 0.02 for power in normal)


def test_family_wise_error_of_every_configuration_of_four_hypotheses() -> None:
    """Two primaries, each with a secondary, at looks of their own; normal statistics."""
    graph = Graph(
        np.array([0.6, 0.4, 0.0, 0.0]),
        np.array([[0, 0.5, 0.5, 0], [0.5, 0, 0, 0.5], [0, 1, 0, 0], [1, 0, 0, 0]], float),
    )
    looks = [(0, 1), (0, 1, 2), (1,), (1, 2)]
    information = [np.array(each) for each in ([200.0, 300], [90.0, 180, 260], [310.0], [150, 240])]
    tests = []
    for h in range(4):
        fractions = tuple(information[h] / information[h][-1])
        table = np.full((16, len(looks[h])), math.inf)
        for mask, weight in enumerate(graph.weights_by_set[:, h]):
            if weight > 0:
                design = GroupSequential(fractions, PocockType(ALPHA * weight))
                table[mask] = find_design_bounds(design).efficacy_z
        tests.append(OwnLooks(looks[h], information[h], table))
    for correlation in (0.0, 0.5, 0.9):
        found = family_wise_errors(graph.weights_by_set, tests, 3, correlation=correlation, n=N)
        assert len(found) == 15
        for each in found:
            assert each.at_most <= ALPHA + 1e-9
            assert each.correlated <= ALPHA + 3 * each.mcse
            if correlation == 0.0:
                assert abs(each.correlated - each.independent) < 4 * each.mcse + 1e-9
