"""A randomised survival trial in words: phrases by hand, numbers derived again by other means."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from survival_files import THREE_LOOKS, TWO_ARMS, survival_scenario

from simulate import cli
from simulate.describe import describe
from simulate.describe.monitoring import cut_in_words
from simulate.describe.words import WIDTH
from simulate.scenario.survival_scenario import SurvivalScenario

MONTH = 30.4375
SECTIONS = [
    *("Trial", "Who", "When patients come", "Arms", "The disease", "What is seen", "Who leaves"),
    *("What to expect", "Analyses", "Hypotheses", "Estimates", "What-ifs", "Sources"),
]


@pytest.fixture(scope="module")
def text() -> str:
    return describe(survival_scenario(TWO_ARMS))


def section(text: str, title: str) -> str:
    """One section, its lines joined and its spaces single."""
    parts = re.split(r"(?:^|\n\n)([^\n]+)\n-+\n", text)[1:]
    found = dict(zip(parts[::2], parts[1::2], strict=True))
    return " ".join(found[title].split())


def told(path: Path, *overrides: str) -> str:
    return describe(survival_scenario(path, *overrides))


def test_sections_stand_in_the_order_of_the_trial(text: str) -> None:
    assert re.findall(r"(?:^|\n\n)([^\n]+)\n-+\n", text) == SECTIONS
    assert max(map(len, text.splitlines())) <= WIDTH


@pytest.mark.parametrize(
    ("title", "phrase"),
    [
        ("Trial", "2 arms, randomised, 450 patients; at the latest it ends after 72 months."),
        ("Who", "Visceral metastasis: yes 60.0%, no 40.0%"),
        (
            "When patients come",
            "Accrual: 5 per month rising to 25 per month by 6 months, from 6 months 25 per month, "
            "until all places are taken.",
        ),
        ("Arms", "2 arms: control and experimental, allocated 1 : 1."),
        (
            "Arms",
            "Permuted blocks of 4 or 6, all sizes equally likely, in 2 strata by Visceral "
            "metastasis.",
        ),
        ("The disease", "Illness-death model: progression and death without progression compete"),
        ("The disease", "constant hazard of 0.0578 per month; median 12.0 months."),
        ("The disease", "experimental, on progression: hazard ratio 0.7 all the time."),
        (
            "The disease",
            "Prognostic in all arms: Visceral metastasis yes, hazard ratio 1.3 on progression and "
            "1.2 on death after progression.",
        ),
        ("What is seen", "every 6 weeks until 48 weeks, then every 12 weeks"),
        ("Who leaves", "all arms: exponential, constant hazard of 0.00417 per month (4.9% in a "),
        (
            "Analyses",
            "Analysis 1 (interim): data cut at the end of the day on which 231 PFS events are "
            "known; the decision follows 30 days later.",
        ),
        (
            "Hypotheses",
            "Hypothesis 1 (pfs): PFS, experimental against control, log-rank test stratified by "
            "Visceral metastasis, one-sided alpha 2.5%.",
        ),
        ("Hypotheses", "Tested at: interim and final. Full information: 330 events."),
        ("Hypotheses", "alpha is spent as O'Brien-Fleming type (Lan-DeMets)."),
        (
            "Hypotheses",
            "beta of 10% is spent as Hwang-Shih-DeCani with gamma -8, not binding",
        ),
        ("Hypotheses", "Designed for a hazard ratio of 0.7."),
        ("Estimates", "event-free rates at 12 months and 24 months, and mean survival restricted"),
    ],
)
def test_phrases_of_the_generic_trial(text: str, title: str, phrase: str) -> None:
    assert phrase in section(text, title)


def test_survival_by_arm_is_that_of_the_exponential_distribution() -> None:
    disease = section(told(THREE_LOOKS), "The disease")
    for arm, ratio in (("control", 1.0), ("experimental", 0.75)):
        rate = ratio * math.log(2) / 18.5
        # whole days from randomisation, as the looks count them
        free = [math.exp(-rate * math.floor(m * MONTH) / MONTH) for m in (12, 24, 36)]
        row = f"PFS, {arm} {math.log(2) / rate:.1f} months"

        assert f"{row} {' '.join(f'{100 * p:.1f}%' for p in free)}" in disease


def test_planned_bounds_are_those_published() -> None:
    found = section(told(THREE_LOOKS), "Hypotheses")

    assert "first_interim 254 0.500 2.9626 0.00153 0.690" in found
    assert "second_interim 381 0.750 2.3590 0.00916" in found
    assert "final 508 1.000 2.0141 0.02200" in found


def test_forecast_is_that_of_a_naive_integral(text: str) -> None:
    whole = section(text, "What to expect")
    numbers = re.search(r"2026-08 ([\d.]+) ([\d.]+) ([\d.]+)", whole)
    assert numbers is not None
    enrolled, progressions, deaths = map(float, numbers.groups())
    # 243 days after the origin; nobody is kept out yet
    end, rise = 243.0, 6 * MONTH
    arrived = 5 / MONTH * rise + 20 / MONTH * rise / 2 + 25 / MONTH * (end - rise)
    assert enrolled == pytest.approx(arrived, abs=0.1)

    random = np.random.default_rng(3)
    n = 400_000
    middle = (np.arange(n) + 0.5) / n * end
    rate = np.where(middle < rise, 5 + 20 * middle / rise, 25.0) / MONTH
    weight, left = rate * end / n, end - middle
    visceral, treated = random.random(n) < 0.6, random.random(n) < 0.5
    hazard = math.log(2) / (12 * MONTH) * np.where(visceral, 1.3, 1) * np.where(treated, 0.7, 1)
    progression = random.exponential(1 / hazard)
    alone = random.exponential(MONTH / 0.005, n)
    after = random.exponential(18 * MONTH / math.log(2) / np.where(visceral, 1.2, 1))
    lost = random.exponential(365.25 / 0.05, n)
    death = np.where(alone < progression, alone, progression + after)
    scan = np.ceil(progression / 42) * 42  # all within 48 weeks
    seen = np.minimum(np.where(progression < alone, scan, np.inf), death)
    known = (seen <= left) & (seen <= lost)
    error = math.sqrt((weight**2 * known).sum())

    assert progressions == pytest.approx((weight * known).sum(), abs=0.15 + 4 * error)
    died = (death <= left) & (death <= lost)
    assert deaths == pytest.approx((weight * died).sum(), abs=0.1)


REGIONS = (
    "enrolment={regions: ["
    "{id: 1, name: east, cap: 300, accrual: [{from: 0 months, rate: 30 per month}]}, "
    "{id: 2, name: west, accrual: [{from: 0 months, rate: 12 per month, to_rate: 6 per month}, "
    "{from: 6 months, rate: 6 per month}]}]}"
)
STRATA = (
    "baseline={variables: [{id: 1, name: visceral, levels: {yes: 1, no: 1}}, "
    "{id: 2, name: stage, label: Stage, levels: {I: 1, II: 1, III: 2}}]}"
)
COPULA = (
    "survival={kind: copula, progression: {kind: weibull, shape: 1.2, median: 12 months}, "
    "death: {kind: exponential, median: 30 months}, correlation: 0.5, effects: ["
    "{kind: delayed, arm: experimental, on: progression, hazard_ratio: 0.6, delay: 3 months}, "
    "{kind: diminishing, arm: experimental, on: death, hazard_ratio: 0.7, from: 6 months, "
    "until: 24 months}, {kind: piecewise, arm: experimental, on: progression, "
    "hazard_ratios: [1.2, 0.5], from: [0 months, 4 months], when: {visceral: ['yes']}}, "
    "{kind: distribution, arm: experimental, on: death, time: {kind: exponential, "
    "median: 40 months}}], dropout_by_arm: {control: {kind: exponential, rate: 0.1 per year}}}"
)


@pytest.mark.parametrize(
    ("overrides", "title", "phrase"),
    [
        ((REGIONS,), "When patients come", "2 regions, all competing until 450 patients are"),
        ((REGIONS,), "When patients come", "Region east: 30 per month; at most 300 patients."),
        (
            (REGIONS,),
            "When patients come",
            "12 per month falling to 6 per month by 6 months, from 6 months 6 per month. About",
        ),
        (
            ("enrolment.accrual=[{from: 0 months, rate: 2 per month}]",),
            "When patients come",
            "In more than half of the trials not all 450 places are taken by the end of the trial; "
            "144.0 patients are expected.",
        ),
        (
            ("randomisation={method: simple}", "hypotheses.pfs.test=log_rank"),
            "Arms",
            "Each patient is randomised by himself, with the probabilities of the allocation.",
        ),
        (
            (STRATA, "randomisation={method: minimisation, strata: [visceral, stage]}"),
            "Arms",
            "over visceral and Stage: an arm that leaves the least is given with probability 80%.",
        ),
        (
            (STRATA, "randomisation.strata=[visceral, stage]", "randomisation.by_site=true"),
            "Arms",
            "in 6 strata by visceral and Stage. Each region has lists of its own.",
        ),
        ((COPULA,), "The disease", "their normal scores have the correlation 0.5."),
        ((COPULA,), "The disease", "no effect for 3 months, then hazard ratio 0.6."),
        (
            (COPULA,),
            "The disease",
            "hazard ratio 0.7, from 6 months on fading on the log scale, and none from 24 months",
        ),
        (
            (COPULA,),
            "The disease",
            "on progression if Visceral metastasis is yes: hazard ratio 1.2 from 0 days and 0.5 "
            "from 4 months.",
        ),
        ((COPULA,), "The disease", "a time of its own, exponential, constant hazard of 0.0173"),
        ((COPULA,), "What is seen", "Every event is known on its day."),
        ((COPULA,), "Who leaves", "Lost to follow-up, the other arms: nobody."),
        ((COPULA,), "Who leaves", "Lost to follow-up, control: exponential, constant hazard"),
        (("hypotheses.pfs.futility=null",), "Hypotheses", "the trial never stops for it."),
        (("hypotheses.pfs.efficacy=null",), "Hypotheses", "all alpha is spent at the last of"),
        (("hypotheses=[]",), "Hypotheses", "None: nothing is tested"),
        (
            ("max_study_duration=30 months",),
            "Analyses",
            "Not expected by the end of the trial (2028-07-02), when there are 450.0 patients",
        ),
    ],
)
def test_phrases_of_other_trials(overrides: tuple[str, ...], title: str, phrase: str) -> None:
    assert phrase in section(told(TWO_ARMS, *overrides), title)


def test_one_arm_is_not_randomised() -> None:
    found = told(
        THREE_LOOKS,
        "arms=[{id: 1, name: only}]",
        "survival.effects=[]",
        "hypotheses=[]",
    )

    assert "1 arm, 880 patients" in section(found, "Trial")
    assert section(found, "Arms") == "One arm, only; nobody is randomised."
    assert "No arm has an effect" not in found


def test_looks_that_theory_cannot_tell_apart_are_told_not_refused() -> None:
    found = told(
        THREE_LOOKS,
        "analyses=[{id: 1, name: a, cut: {date: 2027-01-01}}, "
        "{id: 2, name: b, cut: {events: {endpoint: PFS, count: 5}}}]",
        "hypotheses.pfs.information=508",
    )

    assert "There are no planned bounds: hypothesis pfs: its look 2" in section(found, "Hypotheses")


@pytest.mark.parametrize(
    ("cut", "words"),
    [
        ("{date: 2028-01-01}", "at the end of 2028-01-01"),
        (
            "{events: {endpoint: OS, count: 1}}",
            "at the end of the day on which 1 OS event is known",
        ),
        (
            "{enrolled: {count: 100}}",
            "at the end of the day on which 100 patients are enrolled",
        ),
        (
            "{all: [{enrolled: {count: 100, after: 8 weeks}}, {follow_up: 60 days}]}",
            "at the end of the day on which all of this is true: 8 weeks have passed since 100 "
            "patients are enrolled and the last patient could have been followed for 60 days",
        ),
        (
            "{any: [{date: 2028-01-01}, {events: {endpoint: PFS, count: 20}}]}",
            "at the end of the day on which the first of this is true: it is 2028-01-01 or 20 PFS "
            "events are known",
        ),
    ],
)
def test_triggers_in_words(cut: str, words: str) -> None:
    scenario: SurvivalScenario = survival_scenario(
        TWO_ARMS, f"analyses=[{{id: 1, name: only, cut: {cut}}}]", "hypotheses=[]"
    )

    assert cut_in_words(scenario.analyses[0].cut) == words


def test_command_describes_both_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["describe", str(TWO_ARMS)]) == 0
    assert "Hypothesis 1 (pfs)" in capsys.readouterr().out
    assert cli.main(["describe", str(TWO_ARMS), "--set", "sample_size=0"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "sample_size" in shown.err


def test_validate_knows_both_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["validate", str(THREE_LOOKS)]) == 0
    assert (
        "880 patients, 2 arms, 3 looks, 1 hypothesis, 10000 replicates" in capsys.readouterr().out
    )


def test_a_rate_in_a_year_is_a_probability() -> None:
    left = section(told(THREE_LOOKS), "Who leaves")
    lost = stats.expon.cdf(12 * MONTH, scale=365.25 / 0.05)

    assert f"({100 * lost:.1f}% in a year)" in left
