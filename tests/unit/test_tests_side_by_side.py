"""Tests side by side where a trial has several hypotheses: of which trials, looks and endpoints."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from survival_files import ROOT, survival_scenario

from simulate.describe.monitoring import estimates_in_words
from simulate.errors import ScenarioError
from simulate.look_replicates import LookedReplicates, run_look_replicates
from simulate.looks.columns import column_names
from simulate.looks.design import survival_design
from simulate.randomised.operating import operating_characteristics
from simulate.randomised.outcomes import Looks, Outcomes
from simulate.scenario.survival_scenario import SurvivalScenario

TO_COPY = ROOT / "scenarios" / "orr_pfs_os_graph.yaml"

TESTS = (
    "estimates.tests=["
    "{name: rates, test: {kind: response}},"
    "{name: mean, test: {kind: rmst, until: 12 months}},"
    "{name: late, test: {kind: fleming_harrington, gamma: 1}, hypotheses: [os]}]"
)
SMALL = (
    "sample_size=120",
    "enrolment.accrual=[{from: 0 months, rate: 10 per month}]",
    "analyses.response.cut={enrolled: {count: 80, after: 18 weeks}}",
    "analyses.interim.cut.events.count=30",
    "analyses.progression.cut.events.count=44",
    "analyses.survival.cut.events.count=70",
    "hypotheses.pfs.information=90",
    "hypotheses.os.information=70",
    # so strong that much is rejected at the first look that tests it
    "survival.effects=[{kind: proportional, arm: experimental, on: progression, "
    "hazard_ratio: 0.4}]",
    "sweep=[]",
)
N = 100


def scenario(*overrides: str) -> SurvivalScenario:
    return survival_scenario(TO_COPY, *SMALL, TESTS, *overrides)


@cache
def looks_of(*overrides: str) -> dict[str, LookedReplicates]:
    return run_look_replicates(scenario(*overrides), replicates=N, engine="batch")


@cache
def outcomes() -> Outcomes:
    of = scenario()
    names = of.endpoint_names
    return Outcomes(Looks(looks_of()), of.analyses, of.hypotheses, names, shared_alpha=0.025)


def test_statistics_are_those_of_trials_that_have_decided_nothing() -> None:
    # with a look to come whose alpha is all that is spent, nothing is rejected before
    waits = "pfs_positive.efficacy=null", "pfs.efficacy=null", "os.efficacy=null"
    open_still = looks_of("multiplicity={method: none}", *(f"hypotheses.{each}" for each in waits))
    found = looks_of()
    for look in ("interim", "progression"):
        cut = found[look].column("cut_day")
        made = ~np.isnan(cut)
        assert cut[made].tolist() == open_still[look].column("cut_day")[made].tolist()
        for name in ("pfs_positive.z", "pfs.z", "os.z", "pfs.mean.z", "os.late.z"):
            told, right = (each[look].column(name)[made] for each in (found, open_still))
            assert told.tolist() == right.tolist(), (look, name)
            assert np.isfinite(told).all()
    rejected = found["interim"].column("pfs_positive.decision") == 1.0
    assert (rejected & ~np.isnan(found["progression"].column("cut_day"))).sum() > N // 8


def test_shares_are_of_all_trials_that_make_a_look_that_tests_the_hypothesis() -> None:
    table = operating_characteristics("small", outcomes(), {})
    rows = table[table["measure"].str.endswith(".significant")]
    told = {h: list(part["analysis"].unique()) for h, part in rows.groupby("hypothesis")}
    assert told == {
        "orr": ["response"],
        "pfs_positive": ["interim", "progression"],
        "pfs": ["interim", "progression"],
        "os": ["interim", "progression", "survival"],
    }
    for (name, look), part in rows.groupby(["hypothesis", "analysis"]):
        made = int((~np.isnan(looks_of()[look].column("cut_day"))).sum())
        assert (part["n_analysed"] == made).all(), (name, look)
    pfs = rows[(rows["hypothesis"] == "pfs_positive") & (rows["measure"] == "z.significant")]
    share = dict(zip(pfs["analysis"], pfs["estimate"], strict=True))
    z = looks_of()["progression"].column("pfs_positive.z")
    assert share["progression"] == pytest.approx(np.mean(z[~np.isnan(z)] >= 1.959964))
    assert share["progression"] > 0.7
    assert not table["measure"].str.endswith(".undefined").any()


def test_bounds_are_told_of_trials_that_still_test_the_hypothesis() -> None:
    table = operating_characteristics("small", outcomes(), {})
    found = table[(table["hypothesis"] == "pfs_positive") & (table["analysis"] == "progression")]
    for measure in ("z.mean", "tested_events.mean", "efficacy_bound.mean"):
        (n,) = found.loc[found["measure"] == measure, "n_analysed"]
        decision = looks_of()["progression"].column("pfs_positive.decision")
        assert n == (~np.isnan(decision)).sum() < N


def test_shared_alpha_is_all_that_a_test_can_be_significant_at() -> None:
    of = outcomes()
    assert of.alpha(of.hypotheses[0]) == 0.025
    halved = Outcomes(of.looks, of.analyses, of.hypotheses, of.endpoints, shared_alpha=0.0125)
    shares = []
    for each in (of, halved):
        table = operating_characteristics("small", each, {})
        is_it = (table["analysis"] == "progression") & (table["measure"] == "mean.z.significant")
        (share,) = table.loc[is_it & (table["hypothesis"] == "pfs"), "estimate"]
        shares.append(share)
    assert shares[0] > shares[1]


# ---- which tests a hypothesis has ------------------------------------------------------------


def test_a_test_is_made_of_hypotheses_whose_endpoint_it_compares() -> None:
    names = column_names(survival_design(scenario()))
    further = [name for name in names if name.endswith((".rates.z", ".mean.z", ".late.z"))]
    assert further == ["orr.rates.z", "pfs_positive.mean.z", "pfs.mean.z", "os.mean.z", "os.late.z"]
    words = " ".join(" ".join(estimates_in_words(scenario())).split())
    assert "rho 0 and gamma 1 (of os)" in words


BAD = {
    "{name: x, test: log_rank, hypotheses: [pfs, oss]}": (
        "estimates.tests.x.hypotheses.1",
        "no such hypothesis (given: oss; allowed: orr, pfs_positive, pfs, os)",
    ),
    "{name: x, test: log_rank, hypotheses: [pfs, pfs]}": (
        "estimates.tests.x.hypotheses.1",
        "it stands in this list already",
    ),
    "{name: x, test: {kind: rmst, until: 12 months}, hypotheses: [orr]}": (
        "estimates.tests.x.hypotheses.0",
        "the endpoint of orr, ORR, is a rate: rmst compares times",
    ),
    "{name: x, test: {kind: response}, hypotheses: [os]}": (
        "estimates.tests.x.hypotheses.0",
        "the endpoint of os, OS, is a time: response compares response rates",
    ),
}


@pytest.mark.parametrize("further", BAD)
def test_a_test_that_a_hypothesis_cannot_have_is_refused(further: str) -> None:
    key, words = BAD[further]
    with pytest.raises(ScenarioError) as error:
        survival_scenario(TO_COPY, f"estimates.tests=[{further}]")
    (problem,) = error.value.problems
    assert problem.key == key
    assert words in problem.message


def test_a_test_without_a_hypothesis_is_refused() -> None:
    only_rates = "hypotheses=[{id: 1, name: orr, endpoint: ORR, experimental: experimental, "
    only_rates += "control: control, test: {kind: response}, analyses: [response]}]"
    test = "estimates.tests=[{name: x, test: log_rank}]"
    with pytest.raises(ScenarioError) as error:
        survival_scenario(TO_COPY, "multiplicity={method: none}", only_rates, test, "sweep=[]")
    (problem,) = error.value.problems
    assert problem.key == "estimates.tests.x.test"
    assert "no hypothesis has an endpoint that it compares: log_rank compares times" in (
        problem.message
    )
