"""Latent truth by formula, against simulated patients, closed forms and published values."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from simulate.build_plan import build_plan
from simulate.compiled import kernel
from simulate.latent_truth import Endpoint, LatentTruth, has_formula, latent_truth
from simulate.patient.disease import disease_course
from simulate.plan import Plan
from simulate.scenario import Scenario
from simulate.streams import RESERVED_REPLICATES, Purpose, words

MONTH = 30.4375
TWIN = Path(__file__).parents[2] / "scenarios" / "kn026_phase2.yaml"
EXPONENTIAL = [
    # hazards per day: 0.002 to progression, 0.001 to death before it, 0.003 to death after it
    "disease.progression.responders={kind: exponential, rate: 0.002 per day}",
    "disease.progression.non_responders={kind: exponential, rate: 0.002 per day}",
    "disease.death_without_progression={kind: exponential, rate: 0.001 per day}",
    "disease.death_after_progression={kind: exponential, rate: 0.003 per day}",
    "disease.non_responder_death_hazard_ratio=1",
    "disease.response.time={kind: discrete, values: [0 days], weights: [1]}",
]


def plan_of(*overrides: str) -> Plan:
    return build_plan(Scenario.from_file(TWIN, ["parameters=null", *overrides]))


@kernel
def _courses(plan: Any, table: Any, out: Any) -> None:
    """Days of response, progression and death of the patients whose words are the rows."""
    for i in range(len(table)):
        row = table[i]
        course = disease_course(
            plan,
            (1.0, 1.0, 1.0),
            (int(row[0]), int(row[1]), int(row[2])),
            int(row[4]),
            (int(row[8]), int(row[12])),
        )
        out[i, 0] = course.response_day
        out[i, 1] = course.progression_day
        out[i, 2] = course.death_day


def simulated_days(plan: Plan, n_patients: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Response, progression and death day of patients drawn by the rule of the disease."""
    purposes = (
        Purpose.RESPONSE,
        Purpose.PROGRESSION,
        Purpose.DEATH_WITHOUT_PROGRESSION,
        Purpose.DEATH_AFTER_PROGRESSION,
    )
    layout = [(purpose, 1) for purpose in purposes]
    table = words(20250, np.arange(n_patients), RESERVED_REPLICATES + 77, layout)
    out = np.empty((n_patients, 3), np.int64)
    _courses(plan.disease, table.astype(np.int64), out)
    return out[:, 0], out[:, 1], out[:, 2]


def analysis_values(plan: Plan, n_patients: int) -> dict[Endpoint, np.ndarray]:
    """Uncensored AVAL of each endpoint, as defined for people: start day = 1."""
    response, progression, death = simulated_days(plan, n_patients)
    event = np.minimum(progression, death)
    begun = response < event
    return {"pfs": event + 1, "os": death + 1, "dor": (event - response)[begun] + 1}


@pytest.mark.verify
@pytest.mark.parametrize(
    "overrides",
    [
        (),
        # many response days, crossing hazards, a cured fraction, deaths that compete strongly
        (
            "disease.response.probability=0.45",
            "disease.response.time={kind: lognormal, median: 9 weeks, sigma: 0.8}",
            "disease.progression.responders={kind: cure, cured: 0.2, others: "
            "{kind: lognormal, median: 14 months, sigma: 0.9}}",
            "disease.progression.non_responders={kind: piecewise_exponential, "
            "rates: [0.02 per month, 0.15 per month], from: [0 days, 3 months]}",
            "disease.death_without_progression={kind: weibull, median: 60 months, shape: 0.7}",
            "disease.death_after_progression={kind: uniform, low: 0 days, high: 20 months}",
            "disease.non_responder_death_hazard_ratio=2.5",
        ),
        # responses so late that many die before theirs begins
        (
            "disease.response.time={kind: exponential, mean: 20 months}",
            "disease.death_without_progression={kind: exponential, mean: 25 months}",
        ),
        # one law for everyone, so that many progress before they would respond
        (
            "disease.response.time={kind: uniform, low: 0 days, high: 9 months}",
            "disease.progression={everyone: {kind: lognormal, median: 7 months, sigma: 1.1}}",
            "disease.death_without_progression={kind: exponential, mean: 40 months}",
            "disease.death_after_progression={kind: exponential, mean: 9 months}",
            "disease.non_responder_death_hazard_ratio=4",
        ),
        # a fraction cured of everything
        (
            "disease.progression={everyone: {kind: cure, cured: 0.3, others: "
            "{kind: weibull, median: 11 months, shape: 1.3}}}",
            "disease.death_without_progression={kind: cure, cured: 0.9, others: "
            "{kind: exponential, mean: 30 months}}",
            "disease.death_after_progression={kind: cure, cured: 0.2, others: "
            "{kind: exponential, mean: 12 months}}",
            "disease.non_responder_death_hazard_ratio=3",
        ),
    ],
    ids=["twin", "everything else", "late responses", "everyone", "cured"],
)
def test_rates_equal_those_of_two_hundred_thousand_patients(overrides: tuple[str, ...]) -> None:
    plan = plan_of(*overrides)
    truth = latent_truth(plan)
    n_patients = 200_000

    for endpoint, values in analysis_values(plan, n_patients).items():
        for landmark in np.array([1, 2, 3, 6, 12, 18, 24, 30, 48, 72, 120]) * MONTH:
            expected = truth.rate(endpoint, landmark)
            error = math.sqrt(expected * (1 - expected) / len(values))
            assert np.mean(values > landmark) == pytest.approx(expected, abs=4 * error + 1e-9), (
                endpoint,
                landmark,
            )
        if endpoint == "dor":
            error = math.sqrt(truth.responders * (1 - truth.responders) / n_patients)
            assert len(values) / n_patients == pytest.approx(truth.responders, abs=4 * error)


@pytest.fixture(scope="module")
def twin() -> LatentTruth:
    return latent_truth(plan_of())


@pytest.mark.parametrize(("months", "percent"), [(6, 86.7), (12, 72.7), (24, 51.4), (30, 43.4)])
def test_twin_has_the_latent_rates_of_the_preparatory_calibration_study(
    twin: LatentTruth, months: int, percent: float
) -> None:
    # the study worked in continuous time, where a landmark loses the day that AVAL counts from 1
    assert 100 * twin.rate("pfs", months * MONTH) == pytest.approx(percent, abs=0.5)


def test_twin_has_the_latent_median_of_the_preparatory_calibration_study(twin: LatentTruth) -> None:
    assert twin.median("pfs") / MONTH == pytest.approx(25.0, abs=0.3)


def test_exponential_hazards_have_their_closed_form() -> None:
    truth = latent_truth(plan_of(*EXPONENTIAL))
    day = np.arange(len(truth.pfs))
    # whole days: progression and what follows it are geometric
    a, b = math.exp(-0.002), math.exp(-0.003)
    after = a**day + (1 - a) * (a**day - b**day) / (a - b)

    np.testing.assert_allclose(truth.pfs, np.exp(-0.003 * day), atol=2e-9)
    np.testing.assert_allclose(truth.dor, np.exp(-0.003 * day), atol=2e-9)
    np.testing.assert_allclose(truth.os, np.exp(-0.001 * day) * after, atol=1e-8)
    assert truth.responders == pytest.approx(0.8, abs=1e-9)


def test_exponential_hazards_have_their_continuous_median() -> None:
    truth = latent_truth(plan_of(*EXPONENTIAL))

    # the first whole day by which half have had the event, which people read as one day more
    assert truth.median("pfs") == math.ceil(math.log(2) / 0.003) + 1


def test_one_law_for_everyone_is_the_law_of_progression_free_survival() -> None:
    # nobody dies before progression: PFS is the law itself, response or not
    truth = latent_truth(
        plan_of(
            "disease.progression={everyone: {kind: weibull, scale: 20 months, shape: 1.13}}",
            "disease.death_without_progression={kind: exponential, rate: 0 per day}",
        )
    )
    days = np.arange(1, 4000)
    expected = stats.weibull_min.sf(days, 1.13, scale=20 * MONTH)

    np.testing.assert_allclose(truth.pfs[days], expected, atol=2**-32)
    # independent of response, so those in response on day 42 have the law from there on
    only = latent_truth(
        plan_of(
            "disease.progression={everyone: {kind: weibull, scale: 20 months, shape: 1.13}}",
            "disease.death_without_progression={kind: exponential, rate: 0 per day}",
            "disease.response.time={kind: discrete, values: [42 days], weights: [1]}",
        )
    )
    np.testing.assert_allclose(
        only.dor[:3000], truth.pfs[42:3042] / truth.pfs[42], rtol=1e-9, atol=1e-9
    )
    assert only.responders == pytest.approx(0.8 * truth.pfs[42], abs=1e-9)


def test_with_one_law_deaths_depend_on_whether_the_response_came_first() -> None:
    # half respond on day 10, half would on day 50; all progress on day 30 and then die with a
    # hazard of 0.001 a day, twenty times that in those without a response
    def certain(day: int) -> str:
        return f"{{kind: discrete, values: [{day} days], weights: [1]}}"

    truth = latent_truth(
        plan_of(
            "disease.response.probability=1",
            "disease.response.time={kind: discrete, values: [10 days, 50 days], weights: [1, 1]}",
            f"disease.progression={{everyone: {certain(30)}}}",
            "disease.death_without_progression={kind: exponential, rate: 0 per day}",
            "disease.death_after_progression={kind: exponential, rate: 0.001 per day}",
            "disease.non_responder_death_hazard_ratio=20",
        )
    )
    expected = (np.exp(-0.001 * 400) + np.exp(-0.02 * 400)) / 2

    assert truth.responders == pytest.approx(0.5)
    assert truth.os[29] == 1.0
    assert truth.os[430] == pytest.approx(expected, abs=1e-9)


def test_with_one_law_a_response_on_the_day_of_progression_is_none() -> None:
    certain = "{kind: discrete, values: [30 days], weights: [1]}"
    truth = latent_truth(
        plan_of(
            "disease.response.probability=1",
            f"disease.response.time={certain}",
            f"disease.progression={{everyone: {certain}}}",
            "disease.death_without_progression={kind: exponential, rate: 0 per day}",
            "disease.death_after_progression={kind: exponential, rate: 0.001 per day}",
            "disease.non_responder_death_hazard_ratio=20",
        )
    )

    assert truth.responders == 0.0
    assert math.isnan(truth.median("dor"))
    assert truth.os[130] == pytest.approx(math.exp(-0.02 * 100), abs=1e-9)


def test_a_cured_fraction_is_a_plateau_of_survival() -> None:
    truth = latent_truth(
        plan_of(
            "disease.progression={everyone: {kind: cure, cured: 0.2, others: "
            "{kind: lognormal, median: 9 months, sigma: 0.8}}}",
            "disease.death_without_progression={kind: exponential, rate: 0 per day}",
        )
    )
    days = np.arange(1, 7000)
    others = stats.lognorm.sf(days, 0.8, scale=9 * MONTH)

    np.testing.assert_allclose(truth.pfs[days], 0.2 + 0.8 * others, atol=2**-32)
    assert truth.median("pfs") < math.inf
    assert truth.pfs[-1] == pytest.approx(0.2, abs=1e-3)


def test_survival_is_exact_at_the_ends_and_never_rises(twin: LatentTruth) -> None:
    for curve in (twin.pfs, twin.os, twin.dor):
        assert curve[0] == pytest.approx(1.0, abs=1e-4)  # an event on day 0 is next to impossible
        assert np.all(np.diff(curve) <= 1e-12)
        assert curve[-1] >= 0.0
    assert np.all(twin.os >= twin.pfs - 1e-12)


def test_analysis_value_counts_the_day_of_the_start() -> None:
    # everybody progresses on day 10, which is read as 11
    certain = "{kind: discrete, values: [10 days], weights: [1]}"
    truth = latent_truth(
        plan_of("disease.response.probability=0", f"disease.progression.non_responders={certain}")
    )

    assert truth.rate("pfs", 10.99) == pytest.approx(1.0, abs=1e-3)
    assert truth.rate("pfs", 11.0) == 0.0
    assert truth.median("pfs") == 11


def test_response_that_meets_death_on_its_day_never_begins() -> None:
    # half of the responders would respond on day 10, half on day 30; all die on day 30
    truth = latent_truth(
        plan_of(
            "disease.response.time={kind: discrete, values: [10 days, 30 days], weights: [1, 1]}",
            "disease.progression.responders={kind: exponential, rate: 0 per day}",
            "disease.death_without_progression={kind: discrete, values: [30 days], weights: [1]}",
        )
    )

    assert truth.responders == pytest.approx(0.8 / 2, abs=1e-9)
    np.testing.assert_allclose(truth.dor[:20], 1.0, atol=1e-9)
    np.testing.assert_allclose(truth.dor[20:], 0.0, atol=1e-9)
    assert truth.median("dor") == 21


def test_landmark_before_the_first_day_has_no_event(twin: LatentTruth) -> None:
    assert twin.rate("os", 0.5) == 1.0


def test_landmark_beyond_the_tables_is_refused(twin: LatentTruth) -> None:
    assert 0 < twin.rate("pfs", 7306) < twin.rate("pfs", 7000)
    with pytest.raises(ValueError, match=r"within 7306 days.*given: 7307 days"):
        twin.rate("pfs", 7307)


def test_median_that_is_not_reached_is_infinite() -> None:
    never = "{kind: exponential, rate: 0 per month}"
    truth = latent_truth(
        plan_of(
            f"disease.progression.responders={never}",
            "disease.response.probability=0.8",
            f"disease.death_without_progression={never}",
        )
    )

    assert math.isinf(truth.median("pfs"))
    assert math.isinf(truth.median("dor"))


def test_without_responders_there_is_no_duration_of_response() -> None:
    truth = latent_truth(plan_of("disease.response.probability=0"))

    assert truth.responders == 0.0
    assert math.isnan(truth.rate("dor", 100))
    assert math.isnan(truth.median("dor"))


FACTOR = "disease.prognostic_factors=[{variable: visceral, level: 'yes', progression: %s}]"


def test_prognostic_factors_are_refused_by_name() -> None:
    plan = plan_of(FACTOR % 1.3)

    assert not has_formula(plan)
    with pytest.raises(ValueError, match="prognostic_factors"):
        latent_truth(plan)


def test_factors_of_one_change_nothing(twin: LatentTruth) -> None:
    plan = plan_of(FACTOR % 1.0)

    assert has_formula(plan)
    np.testing.assert_array_equal(latent_truth(plan).os, twin.os)
