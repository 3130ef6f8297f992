"""Theory of designs: against published bounds, Schoenfeld, and multivariate normal integrals."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from arms_example import randomised
from scipy import stats
from survival_files import ONE_LOOK, THREE_LOOKS, TWO_ARMS, survival_scenario

from simulate import cli
from simulate.build_plan import build_plan
from simulate.describe import describe
from simulate.describe.design import design_in_words
from simulate.design_theory import DesignTheory, design_theory
from simulate.errors import UsageError
from simulate.latent_truth import latent_truth
from simulate.results import read_manifest
from simulate.scenario import Scenario
from simulate.theory.planned_bounds import planned_bounds

TWIN = Path(__file__).parents[2] / "scenarios" / "kn026_phase2.yaml"
LOOK_COLUMNS = [
    *("scenario", "hypothesis", "endpoint", "test", "experimental", "control"),
    *("look", "analysis", "truth", "hazard_ratio", "planned_events", "information_fraction"),
    *("efficacy_z", "efficacy_p", "efficacy_hazard_ratio"),
    *("futility_z", "futility_p", "futility_hazard_ratio", "alpha_spent", "beta_spent"),
    *("mean_z", "efficacy", "futility", "cumulative_efficacy", "cumulative_futility", "stops"),
    *("expected_day", "expected_months", "expected_date", "decision_day", "target_reached"),
    *("enrolled", "enrolled_at_decision", "events", "control_events", "experimental_events"),
]
OVERALL_COLUMNS = [
    *("scenario", "hypothesis", "endpoint", "test", "experimental", "control"),
    *("truth", "power", "power_without_futility", "stops_for_futility", "targets_reached"),
    *("expected_events", "expected_sample_size", "expected_day", "expected_months"),
    *("enrolment_end_day", "information", "significant_hazard_ratio"),
    *("detectable_hazard_ratio_80%", "detectable_hazard_ratio_90%"),
    *("events_for_80%", "events_for_90%", "fixed_events_for_80%", "fixed_events_for_90%"),
]


@pytest.fixture(scope="module")
def three_looks() -> DesignTheory:
    return design_theory(survival_scenario(THREE_LOOKS))


@pytest.fixture(scope="module")
def two_arms() -> DesignTheory:
    return design_theory(survival_scenario(TWO_ARMS))


def of(table: pd.DataFrame, truth: str) -> pd.DataFrame:
    return table[table["truth"] == truth].reset_index(drop=True)


def never_above(bounds: list[float], means: list[float], fractions: list[float]) -> float:
    """Probability that Z is below all bounds, by scipy's multivariate normal distribution."""
    times = np.array(fractions)
    correlation = np.sqrt(np.minimum.outer(times, times) / np.maximum.outer(times, times))
    normal = stats.multivariate_normal(means, correlation, abseps=1e-7, releps=1e-7)
    return float(normal.cdf(np.array(bounds)))


# ---- bounds and power ---------------------------------------------------------------------------


def test_three_looks_have_the_published_bounds(three_looks: DesignTheory) -> None:
    looks = of(three_looks.table, "design")

    # Lan-DeMets O'Brien-Fleming at 0.5, 0.75 and 1, one-sided 0.025
    assert looks["efficacy_z"].to_list() == pytest.approx([2.9626, 2.3590, 2.0141], abs=1e-4)
    assert looks["information_fraction"].to_list() == [0.5, 0.75, 1.0]
    assert looks["alpha_spent"].to_list() == pytest.approx([0.001525, 0.009649, 0.025], abs=1e-6)
    assert looks["efficacy_p"].to_list() == pytest.approx(stats.norm.sf(looks["efficacy_z"]))
    assert looks["efficacy_hazard_ratio"].to_list() == pytest.approx(
        np.exp(-looks["efficacy_z"] * 2 / np.sqrt([254, 381, 508]))
    )
    assert looks["futility_z"].to_list() == [-math.inf] * 3


@pytest.mark.parametrize("truth", ["null", "design", "assumed"])
def test_success_by_look_is_an_integral_of_the_normal_distribution(
    three_looks: DesignTheory, truth: str
) -> None:
    looks = of(three_looks.table, truth)
    means = looks["mean_z"].to_list()
    for n in (1, 2, 3):
        fractions = [0.5, 0.75, 1.0][:n]
        none = never_above(looks["efficacy_z"].to_list()[:n], means[:n], fractions)

        assert looks["cumulative_efficacy"][n - 1] == pytest.approx(1 - none, abs=1e-6)
    overall = of(three_looks.overall, truth)
    assert overall["power"][0] == pytest.approx(looks["cumulative_efficacy"][2])


def test_one_look_is_schoenfelds_design() -> None:
    theory = design_theory(survival_scenario(THREE_LOOKS, *ONE_LOOK))
    overall = of(theory.overall, "design")
    z = stats.norm.ppf(0.975)

    assert of(theory.table, "design")["efficacy_z"][0] == pytest.approx(z)
    power = stats.norm.sf(z - abs(math.log(0.75)) * math.sqrt(508 / 4))
    assert overall["power"][0] == pytest.approx(power, abs=1e-9)
    for wanted in (0.8, 0.9):
        events = 4 * (z + stats.norm.ppf(wanted)) ** 2 / math.log(0.75) ** 2
        detectable = math.exp(-(z + stats.norm.ppf(wanted)) * 2 / math.sqrt(508))
        assert overall[f"fixed_events_for_{wanted:.0%}"][0] == pytest.approx(events)
        assert overall[f"events_for_{wanted:.0%}"][0] == pytest.approx(events)
        assert overall[f"detectable_hazard_ratio_{wanted:.0%}"][0] == pytest.approx(detectable)
    assert overall["significant_hazard_ratio"][0] == pytest.approx(math.exp(-z * 2 / 508**0.5))


def test_unequal_allocation_needs_more_events() -> None:
    theory = design_theory(
        survival_scenario(
            THREE_LOOKS,
            *ONE_LOOK,
            "arms.experimental.allocation=2",
            "randomisation.block_sizes=[3]",
        )
    )
    overall = of(theory.overall, "design")
    needed = (stats.norm.ppf(0.975) + stats.norm.ppf(0.9)) ** 2 / math.log(0.75) ** 2 * 4.5

    assert overall["fixed_events_for_90%"][0] == pytest.approx(needed)
    events = of(theory.table, "null")
    assert events["experimental_events"][0] == pytest.approx(2 * events["control_events"][0])


def test_proportional_hazards_have_the_mean_of_z_by_schoenfeld(three_looks: DesignTheory) -> None:
    assumed, design = (of(three_looks.table, truth) for truth in ("assumed", "design"))

    assert assumed["hazard_ratio"].to_list() == pytest.approx([0.75] * 3, abs=1e-9)
    assert assumed["mean_z"].to_list() == pytest.approx(design["mean_z"].to_list(), rel=0.01)


def test_designed_and_assumed_trials_are_one_where_the_assumption_is_the_design(
    three_looks: DesignTheory,
) -> None:
    assumed, design = (of(three_looks.table, truth) for truth in ("assumed", "design"))
    for column in ("expected_day", "enrolled", "experimental_events", "control_events"):
        assert design[column].to_list() == pytest.approx(assumed[column].to_list(), rel=1e-9)


def test_strata_keep_the_hazard_ratio_that_mixing_patients_weakens() -> None:
    factor = (
        "baseline={variables: [{id: 1, name: risk, levels: {high: 1, low: 2}}]}",
        "survival.prognostic_factors=[{variable: risk, level: high, hazard_ratios: {event: 4}}]",
        "randomisation.strata=[risk]",
    )
    pooled = design_theory(survival_scenario(THREE_LOOKS, *factor))
    stratified = design_theory(
        survival_scenario(THREE_LOOKS, *factor, "hypotheses.pfs.test=stratified_log_rank")
    )

    assert of(stratified.table, "assumed")["hazard_ratio"].to_list() == pytest.approx([0.75] * 3)
    assert of(pooled.table, "assumed")["hazard_ratio"].min() > 0.755


def test_null_spends_alpha_and_futility_only_lowers_it(two_arms: DesignTheory) -> None:
    null = of(two_arms.overall, "null")

    assert null["power_without_futility"][0] == pytest.approx(0.025, abs=1e-7)
    assert null["power"][0] < 0.025
    assert null["stops_for_futility"][0] > 0.5


def test_beta_is_spent_at_the_hazard_ratio_that_has_the_power(two_arms: DesignTheory) -> None:
    (one,) = two_arms.hypotheses
    at = survival_scenario(
        TWO_ARMS, f"hypotheses.pfs.design_hazard_ratio={one.beta_hazard_ratio:.12f}"
    )
    again = design_theory(at)
    looks = of(again.table, "design")

    assert of(again.overall, "design")["power"][0] == pytest.approx(0.9, abs=1e-6)
    assert looks["cumulative_futility"].to_list() == pytest.approx(
        looks["beta_spent"].to_list(), abs=1e-6
    )


def test_expected_numbers_at_the_end_weigh_the_looks(two_arms: DesignTheory) -> None:
    for truth in ("null", "assumed", "design"):
        looks, overall = of(two_arms.table, truth), of(two_arms.overall, truth)

        assert looks["stops"].sum() == pytest.approx(1)
        assert (looks["efficacy"] + looks["futility"]).to_list() == pytest.approx(
            looks["stops"].to_list()
        )
        assert overall["expected_events"][0] == pytest.approx(looks["stops"] @ looks["events"])
        # the trial goes on, and enrols, until its decision
        assert (looks["decision_day"] - looks["expected_day"]).to_list() == pytest.approx([30, 30])
        assert overall["expected_day"][0] == pytest.approx(looks["stops"] @ looks["decision_day"])
        assert overall["expected_sample_size"][0] == pytest.approx(
            looks["stops"] @ looks["enrolled_at_decision"]
        )


def test_enrolment_goes_on_until_the_decision() -> None:
    # 25 patients a month, and a look while they come
    late = (
        "analyses.interim.cut={date: 2026-12-01}",
        "analyses.interim.cleaning_lag=61 days",
        "hypotheses.pfs.information=330",
    )
    theory = design_theory(survival_scenario(TWO_ARMS, *late))
    look = of(theory.table, "assumed").iloc[0]
    text = " ".join(design_in_words(theory).split())

    assert look["enrolled_at_decision"] - look["enrolled"] == pytest.approx(50, abs=1)
    assert "those of the decision, 61 days (interim) and 30 days (final) after" in text


def test_a_look_that_waits_for_patients_has_them() -> None:
    waits = "analyses.interim.cut={enrolled: {count: 450}}"
    scenario = survival_scenario(TWO_ARMS, waits)
    look = of(design_theory(scenario).table, "assumed").iloc[0]

    assert look["enrolled"] == look["enrolled_at_decision"] == 450
    assert "with 450.0 patients enrolled" in " ".join(describe(scenario).split())


def test_power_of_the_design_is_that_of_the_events_that_come() -> None:
    theory = design_theory(survival_scenario(TWO_ARMS, "survival.dropout.rate=1 per month"))
    overall = of(theory.overall, "design").iloc[0]
    text = " ".join(design_in_words(theory).split())
    (one,) = theory.hypotheses

    assert not overall["targets_reached"]
    assert overall["expected_events"] < 20
    assert overall["power"] < 0.1
    assert f"with {overall['expected_events']:.1f} of 330 events" in text
    assert of(design_theory(survival_scenario(TWO_ARMS)).overall, "design")["targets_reached"][0]
    assert one.events == (231, 330), "bounds stay those of the plan"


def test_a_late_effect_has_an_average_hazard_ratio_that_falls() -> None:
    late = design_theory(
        survival_scenario(
            THREE_LOOKS,
            "survival.effects=[{kind: delayed, arm: experimental, on: event, "
            "hazard_ratio: 0.6, delay: 6 months}]",
        )
    )
    ratios = of(late.table, "assumed")["hazard_ratio"].to_list()
    text = design_in_words(late)

    assert 1 > ratios[0] > ratios[1] > ratios[2] > 0.6
    assert "Effects change with time" in text


@pytest.mark.verify
def test_a_naive_log_rank_test_has_the_power_of_theory() -> None:
    # one look at a date, so that trials are alike; all patients enter on the first days
    theory = design_theory(
        survival_scenario(
            THREE_LOOKS,
            "sample_size=200",
            "enrolment.accrual=[{from: 0 months, rate: 100 per day}]",
            "analyses=[{id: 1, name: only, cut: {date: 2027-07-01}}]",
            "hypotheses.pfs.efficacy=null",
            "survival.effects=[{kind: delayed, arm: experimental, on: event, "
            "hazard_ratio: 0.4, delay: 3 months}]",
        )
    )
    look = of(theory.table, "assumed").iloc[0]
    n, n_trials, day = 200, 2000, 546
    random = np.random.default_rng(11)
    rate, delay = math.log(2) / (18.5 * 30.4375), 3 * 30.4375
    hazard = random.exponential(1.0, (n_trials, n)) / rate
    treated = np.arange(n) % 2 == 1
    late = np.where(hazard > delay, delay + (hazard - delay) / 0.4, hazard)
    event = np.ceil(np.where(treated, late, hazard))
    lost = np.ceil(random.exponential(365.25 / 0.05, (n_trials, n)))
    end = day - np.floor(np.cumsum(random.exponential(0.01, (n_trials, n)), axis=1))
    time = np.minimum(np.minimum(event, lost), end)
    known = (event <= lost) & (event <= end)
    z = np.array([naive_log_rank(t, k, treated) for t, k in zip(time, known, strict=True)])
    error = 1 / math.sqrt(n_trials)

    assert look["expected_day"] == day
    assert known.sum(axis=1).mean() == pytest.approx(look["events"], abs=0.5)
    assert z.mean() == pytest.approx(look["mean_z"], abs=4 * error + 0.02)
    power = (z >= stats.norm.ppf(0.975)).mean()
    assert power == pytest.approx(look["efficacy"], abs=4 * 0.5 * error)


def naive_log_rank(time: np.ndarray, known: np.ndarray, treated: np.ndarray) -> float:
    difference = variance = 0.0
    for day in np.unique(time[known]):
        at_risk = time >= day
        n, n_treated = at_risk.sum(), (at_risk & treated).sum()
        died = known & (time == day)
        d = died.sum()
        difference += (died & treated).sum() - d * n_treated / n
        if n > 1:
            variance += d * n_treated / n * (1 - n_treated / n) * (n - d) / (n - 1)
    return -difference / math.sqrt(variance)


# ---- which events -------------------------------------------------------------------------------


def test_other_arms_do_not_count_for_a_hypothesis() -> None:
    theory = design_theory(
        survival_scenario(
            THREE_LOOKS,
            "arms=[{id: 1, name: control}, {id: 2, name: experimental}, {id: 3, name: other}]",
            "randomisation.block_sizes=[3]",
            "survival.effects=[]",
            "hypotheses.pfs.information=340",
        )
    )
    looks = of(theory.table, "null")

    # two of three arms, all alike
    assert looks["planned_events"].to_list() == pytest.approx([254 * 2 / 3, 254, 508 * 2 / 3])
    assert looks["information_fraction"][1] == pytest.approx(254 / 340)
    assert looks["alpha_spent"][2] == pytest.approx(0.025)


def test_looks_at_dates_are_planned_with_expected_events() -> None:
    theory = design_theory(
        survival_scenario(
            THREE_LOOKS,
            "analyses=[{id: 1, name: early, cut: {date: 2028-01-01}}, "
            "{id: 2, name: final, cut: {events: {endpoint: PFS, count: 508}}}]",
        )
    )
    looks = of(theory.table, "assumed")

    assert looks["planned_events"][0] == pytest.approx(looks["events"][0])
    assert looks["planned_events"][0] != round(looks["planned_events"][0])
    assert looks["information_fraction"][0] == pytest.approx(looks["events"][0] / 508)


def test_a_last_look_with_less_information_spends_what_is_left() -> None:
    (hypothesis,) = survival_scenario(THREE_LOOKS).hypotheses
    bounds = planned_bounds(hypothesis, (250.0, 400.0), 500.0)
    first = 2 * stats.norm.sf(stats.norm.ppf(1 - 0.0125) / math.sqrt(0.5))

    assert bounds.alpha_spent == pytest.approx([first, 0.025], abs=1e-9)
    assert never_above(list(bounds.efficacy_z), [0.0, 0.0], [250 / 400, 1.0]) == pytest.approx(
        0.975, abs=1e-6
    )


# ---- text, tables, refusals ---------------------------------------------------------------------


def test_the_text_says_what_the_tables_say(two_arms: DesignTheory) -> None:
    text = " ".join(design_in_words(two_arms).split())
    interim = of(two_arms.table, "design").iloc[0]
    assumed = of(two_arms.overall, "assumed").iloc[0]

    assert f"{interim['efficacy_z']:.4f}" in text
    assert f"{interim['futility_z']:.4f}" in text
    assert f"As the scenario {100 * assumed['power']:.2f}%" in text
    assert f"{assumed['expected_months']:.1f} months" in text
    assert "PFS is seen at scans" in text
    assert "Effects change with time" not in text


def test_given_spending_is_said_once() -> None:
    spent = "hypotheses.pfs.efficacy={kind: cumulative, spent: [0.01, 0.025]}"
    text = " ".join(design_in_words(design_theory(survival_scenario(TWO_ARMS, spent))).split())

    assert "Efficacy: alpha is spent as given, 0.01 and 0.025 by look." in text


def test_a_look_without_alpha_has_no_significant_hazard_ratio() -> None:
    spent = "hypotheses.pfs.efficacy={kind: cumulative, spent: [0.025, 0.025]}"
    text = " ".join(design_in_words(design_theory(survival_scenario(TWO_ARMS, spent))).split())

    assert "no hazard ratio is significant there, as no alpha is left" in text
    assert "0.000." not in text


def test_a_target_out_of_reach_is_told() -> None:
    theory = design_theory(
        survival_scenario(THREE_LOOKS, "max_study_duration=35 months", "estimates.rmst=null")
    )
    text = " ".join(design_in_words(theory).split())

    assert "As the scenario, the trial is expected to end before final" in text
    assert not of(theory.table, "assumed")["target_reached"][2]
    # no more Z than the events that come
    assumed, design = (of(theory.table, truth) for truth in ("assumed", "design"))
    assert design["mean_z"][2] == pytest.approx(
        -math.log(0.75) * math.sqrt(design["events"][2] / 4)
    )
    assert assumed["mean_z"][2] == pytest.approx(design["mean_z"][2], rel=0.01)
    assert design["events"][2] < 0.97 * 508


def test_command_writes_text_and_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["design", str(TWO_ARMS), "--out", str(tmp_path)]
    assert cli.main(words) == 0
    folder = tmp_path / "generic_two_arm"
    shown = capsys.readouterr().out

    assert shown.startswith("Theory of generic_two_arm\n")
    assert shown.startswith((folder / "design.txt").read_text())
    assert f"tables: {folder / 'design.csv'}" in shown
    looks, overall = (pd.read_csv(folder / f"{n}.csv") for n in ("design", "design_overall"))
    assert list(looks.columns) == LOOK_COLUMNS
    assert list(overall.columns) == OVERALL_COLUMNS
    assert len(looks) == 6
    assert looks["expected_date"][0] == "2027-12-16"
    manifest = read_manifest(folder)
    assert manifest is not None
    assert manifest["digest"] == survival_scenario(TWO_ARMS).digest()

    assert cli.main([*words, "--set", "sample_size=460"]) == 2
    assert "another version of this scenario" in capsys.readouterr().err
    assert cli.main([*words, "--set", "sample_size=460", "--force"]) == 0
    assert cli.main([*words, "--name", "../x"]) == 2


HYPOTHESIS = {
    "id": 1,
    "name": "pfs",
    "endpoint": "PFS",
    "experimental": "kn026",
    "control": "control",
    "efficacy": {"kind": "obrien_fleming"},
    "design_hazard_ratio": 0.6,
}


def test_a_trial_of_patients_has_theory_of_its_latent_events(scenario: Scenario) -> None:
    theory = design_theory(randomised(scenario, hypotheses=[HYPOTHESIS]))
    looks = of(theory.table, "assumed")
    # of 2 : 1 and 12 of 20 events
    assert looks["information_fraction"].to_list() == [0.6, 1.0]
    unit = math.sqrt(20 * 2 / 9)
    assert looks["efficacy_hazard_ratio"][1] == pytest.approx(
        math.exp(-looks["efficacy_z"][1] / unit)
    )
    # every enrolled patient has had the event or not, by the formula of the disease
    day = looks["expected_day"][1]
    trial = theory.scenario
    assert isinstance(trial, Scenario)
    known = 0.0
    for arm, arm_trial in zip(trial.arms, trial.arm_trials, strict=True):
        pfs = latent_truth(build_plan(arm_trial)).pfs
        entered = np.diff(theory.expected.entered, prepend=0.0)[: math.floor(day) + 1]
        had = 1 - pfs[math.floor(day) - np.arange(len(entered))]
        known += arm.allocation / 3 * float(entered @ had)
    assert 19 < known <= 20
    assert "latent events" in design_in_words(theory)


def test_a_trial_of_patients_without_a_formula_is_refused(scenario: Scenario) -> None:
    factor = {"variable": "visceral", "level": "yes", "progression": 1.3}
    disease = {"disease.prognostic_factors": [factor]}
    with pytest.raises(UsageError, match="theory needs survival by formula"):
        design_theory(randomised(scenario, hypotheses=[HYPOTHESIS], **disease))


def test_a_trial_of_patients_that_tests_nothing_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["design", str(TWIN), "--out", str(tmp_path / "d")]) == 2
    shown = capsys.readouterr()

    assert shown.out == ""
    assert shown.err.startswith(f"{TWIN}: theory needs hypotheses, and there are none")
    assert "generic_two_arm.yaml" in shown.err
    assert not (tmp_path / "d").exists()


def test_a_trial_that_tests_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="theory needs hypotheses"):
        design_theory(survival_scenario(TWO_ARMS, "hypotheses=[]"))


@pytest.mark.parametrize(
    ("cuts", "message"),
    [
        (
            ("{date: 2027-01-01}", "{events: {endpoint: PFS, count: 5}}"),
            "look 2 is not expected to have",
        ),
        (("{date: 2031-01-01}", "{date: 2032-01-01}"), "look 1 has all the information already"),
    ],
)
def test_looks_that_theory_cannot_tell_apart_are_refused(
    cuts: tuple[str, str], message: str
) -> None:
    looks = ", ".join(
        f"{{id: {i}, name: look{i}, cut: {cut}}}" for i, cut in enumerate(cuts, start=1)
    )
    scenario = survival_scenario(
        THREE_LOOKS, f"analyses=[{looks}]", "hypotheses.pfs.information=508"
    )
    with pytest.raises(UsageError, match=message) as caught:
        design_theory(scenario)

    assert str(caught.value).startswith(f"{THREE_LOOKS}: hypothesis pfs: ")
