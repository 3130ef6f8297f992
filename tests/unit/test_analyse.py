"""The statistics of a cut: against lifelines, scipy and numpy, and at the edges of a trial."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from lifelines import KaplanMeierFitter
from lifelines.utils import median_survival_times
from observed import Observed
from scipy import stats

from simulate.analysis.row import all_statistics, statistic_names, subgroup_columns
from simulate.analysis.statistics import landmark_months
from simulate.analysis.subgroups import groups_of, subgroup_measures
from simulate.build_plan import cut_day
from simulate.records import TrialRecords
from simulate.scenario.baseline import LevelsVariable
from simulate.scenario.scenario import Scenario

MONTH = 30.4375
LANDMARKS = {"6": 182.625, "12": 365.25, "24": 730.5, "30": 913.125}

Run = Callable[..., TrialRecords]
Observe = Callable[..., Observed]


@pytest.fixture(autouse=True)
def _no_warnings() -> Iterator[None]:
    """A warning of numpy is an error: an undefined statistic is nan by rule, not by accident."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture(scope="module")
def seen(scenario: Scenario, trials: tuple[TrialRecords, ...], observe: Observe) -> Observed:
    return observe(scenario, trials)


@pytest.fixture(scope="module")
def values(seen: Observed) -> dict[str, np.ndarray]:
    return seen.values


def frame(seen: Observed, replicate: int) -> pd.DataFrame:
    """Subjects, baseline variables and endpoints of one replicate."""
    snapshot = seen.snapshots[replicate]
    return pd.DataFrame(snapshot.subjects | snapshot.baseline | seen.endpoints[replicate])


def population(data: pd.DataFrame, endpoint: str) -> pd.DataFrame:
    """Responders for duration of response, the EAS for time to response, else everybody."""
    if endpoint == "dor":
        return data[data["best_response"].isin([1, 2])]
    return data[data["assessed"] == 1] if endpoint == "ttr" else data


def close(a: float, b: float) -> bool:
    return a == b or bool(np.isclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True))


def lifelines_curve(time: Any, event: Any) -> KaplanMeierFitter:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lifelines warns of its own 0/0 in the interval
        return KaplanMeierFitter(alpha=0.05).fit(time, event)


def interval_at(curve: KaplanMeierFitter, day: float) -> tuple[float, float]:
    row = curve.confidence_interval_survival_function_.loc[:day].iloc[-1]
    return float(row.iloc[0]), float(row.iloc[1])


# ---- against other programs ---------------------------------------------------------------------


@pytest.mark.parametrize("replicate", range(5))
@pytest.mark.parametrize("endpoint", ["pfs", "os", "dor", "ttr"])
def test_survival_equals_lifelines(
    seen: Observed, values: dict[str, np.ndarray], replicate: int, endpoint: str
) -> None:
    data = population(frame(seen, replicate), endpoint)
    time, event = data[f"{endpoint}_time"], data[f"{endpoint}_event"]
    curve = lifelines_curve(time, event)

    def found(name: str) -> float:
        return float(values[f"{endpoint}_{name}"][replicate])

    assert found("events") == event.sum()
    for m, day in LANDMARKS.items():
        assert close(found(f"rate_{m}"), float(curve.predict(day)))
        for limit, expected in zip(("lower", "upper"), interval_at(curve, day), strict=True):
            assert close(found(f"rate_{m}_{limit}"), expected), (m, limit)
        assert found(f"events_by_{m}") == ((event == 1) & (time <= day)).sum()
        assert found(f"at_risk_{m}") == (time >= day).sum()
    survival = curve.survival_function_["KM_estimate"]
    if not np.any(np.abs(survival - 0.5) < 1e-12):  # there SAS and lifelines differ by declaration
        assert close(found("median") * MONTH, curve.median_survival_time_)
    limits = median_survival_times(curve.confidence_interval_survival_function_)
    for limit, expected in zip(("lower", "upper"), limits.iloc[0], strict=True):
        assert close(found(f"median_{limit}") * MONTH, float(expected)), limit


@pytest.mark.parametrize("replicate", range(5))
def test_response_equals_scipy(
    seen: Observed, values: dict[str, np.ndarray], replicate: int
) -> None:
    everybody = frame(seen, replicate)
    data = everybody[everybody["assessed"] == 1]
    best = data["best_response"]
    counts = {
        "n_eas": len(data),
        "cr": (best == 1).sum(),
        "pr": (best == 2).sum(),
        "sd": (best == 3).sum(),
        "sd_24wk": ((best == 3) & (data["benefit"] == 1)).sum(),
        "pd": (best == 4).sum(),
        "ne": (best == 0).sum(),
        "responders": best.isin([1, 2]).sum(),
        "clinical_benefit": (data["benefit"] == 1).sum(),
    }

    assert {name: values[name][replicate] for name in counts} == counts
    assert counts["clinical_benefit"] == counts["responders"] + counts["sd_24wk"]
    for name, k in (("orr", counts["responders"]), ("cbr", counts["clinical_benefit"])):
        exact = stats.binomtest(int(k), len(data)).proportion_ci(0.95, "exact")
        assert close(values[name][replicate], k / len(data))
        assert close(values[f"{name}_lower"][replicate], exact.low)
        assert close(values[f"{name}_upper"][replicate], exact.high)


@pytest.mark.parametrize("replicate", range(5))
def test_follow_up_deaths_and_treatment(
    seen: Observed, values: dict[str, np.ndarray], replicate: int
) -> None:
    data = frame(seen, replicate)
    time, died = data["os_time"], data["os_event"] == 1
    pd_seen = (data["pfs_event"] == 1) & (data["pfs_is_death"] == 0)
    reverse = lifelines_curve(time, ~died)
    stopped = data["on_treatment"] == 0
    expected = {
        "n_enrolled": 57,
        "n_ss": 57,
        "n_screened": 57,
        "enrolment_duration": 500,
        "deaths": died.sum(),
        "deaths_after_progression": (died & pd_seen).sum(),
        "deaths_without_progression": data["pfs_is_death"].sum(),
        "followup_median_naive": np.median(time) / MONTH,
        "followup_min": time.min() / MONTH,
        "followup_max": time.max() / MONTH,
        "on_treatment": (data["stop_reason"] == 0).sum(),
        "discontinued": stopped.sum(),
        "stopped_without_pfs_event": (stopped & (data["pfs_event"] == 0)).sum(),
        "cycles_more_than_6": (data["cycles"] > 6).sum(),
    }
    for name in ("exposure", "cycles"):
        for measure in ("median", "min", "max"):
            expected[f"{name}_{measure}"] = getattr(np, measure)(data[name])

    for name, value in expected.items():
        assert close(values[name][replicate], value), name
    survival = reverse.survival_function_["KM_estimate"]
    if not np.any(np.abs(survival - 0.5) < 1e-12):
        assert close(values["followup_median"][replicate], reverse.median_survival_time_ / MONTH)


@pytest.mark.parametrize("replicate", range(5))
def test_the_earliest_death_without_documented_progression(
    seen: Observed, values: dict[str, np.ndarray], replicate: int
) -> None:
    data = frame(seen, replicate)
    progressed = (data["pfs_event"] == 1) & (data["pfs_is_death"] == 0)
    days = data["death_day"][(data["os_event"] == 1) & ~progressed] + 1

    assert values["first_death_day"][replicate] == (days.min() if len(days) else np.inf)


@pytest.mark.parametrize("replicate", range(5))
def test_the_baseline_table_equals_that_of_pandas(
    scenario: Scenario, seen: Observed, values: dict[str, np.ndarray], replicate: int
) -> None:
    data = frame(seen, replicate)
    expected: dict[str, float] = {}
    for variable in scenario.baseline.variables:
        column, prefix = data[str(variable.id)], f"baseline.{variable.name}"
        if isinstance(variable, LevelsVariable):
            names = column.map(dict(enumerate(variable.level_names)))
            for level in variable.level_names:
                expected[f"{prefix}.{level}"] = (names == level).sum()
        else:
            for measure in ("median", "min", "max"):
                expected[f"{prefix}.{measure}"] = getattr(column + round(variable.low), measure)()
    variable = scenario.baseline.variable("visceral_sites")
    sites = data[str(variable.id)].map(dict(enumerate(variable.level_names))).str.split("+")
    for part in ("lung", "liver", "adrenal", "ovary"):
        expected[f"baseline.{part}"] = sites.map(lambda own, part=part: part in own).sum()

    found = {name: values[name][replicate] for name in values if name.startswith("baseline.")}

    assert found == expected


@pytest.mark.parametrize("replicate", range(5))
def test_every_subgroup_is_analysed_as_a_trial_of_its_own(
    scenario: Scenario, seen: Observed, values: dict[str, np.ndarray], replicate: int
) -> None:
    data = frame(seen, replicate)
    assert subgroup_measures(scenario) == ("n", "orr", *(f"pfs_rate_{m}" for m in LANDMARKS))
    for i, group in enumerate(groups_of(scenario)):
        own = data[data[str(group.variable_id)].isin(group.levels)]
        found = [values[f"subgroup.{i}.{m}"][replicate] for m in subgroup_measures(scenario)]
        assessed = own[own["assessed"] == 1]
        curve = lifelines_curve(own["pfs_time"], own["pfs_event"])
        expected = [len(own), assessed["best_response"].isin([1, 2]).mean()]
        expected += [float(curve.predict(day)) for day in LANDMARKS.values()]
        assert all(map(close, found, expected)), group


def test_every_column_has_a_description(scenario: Scenario, values: dict[str, np.ndarray]) -> None:
    described = all_statistics(scenario)
    assert tuple(values) == statistic_names(scenario)
    assert tuple(values) == (*described, *subgroup_columns(scenario))
    assert len(values) == len(described) + 11 * 6
    assert all(column.shape == (5,) for column in values.values())
    assert landmark_months(scenario) == tuple(LANDMARKS)


def test_only_medians_and_days_of_what_may_not_happen_may_be_infinite(
    scenario: Scenario, values: dict[str, np.ndarray]
) -> None:
    described = all_statistics(scenario)
    infinite = {name for name, column in values.items() if np.any(np.isinf(column))}
    assert infinite <= {name for name in described if described[name].can_be_infinite}
    assert "os_median" in infinite


# ---- the edges of a trial -----------------------------------------------------------------------

NEVER_HAPPENS = {"kind": "exponential", "rate": "0 per month"}
NOTHING_HAPPENS = {
    "disease.progression.responders": NEVER_HAPPENS,
    "disease.progression.non_responders": NEVER_HAPPENS,
    "disease.death_without_progression": NEVER_HAPPENS,
}


@pytest.fixture(scope="module")
def analysed(scenario: Scenario, run: Run, observe: Observe) -> Callable[..., dict[str, float]]:
    """The statistics of one replicate of a changed scenario."""

    def statistics(
        changes: dict[str, Any], *, day: int | None = None, replicate: int = 0
    ) -> dict[str, float]:
        trial = scenario.with_overrides(changes)
        found = observe(trial, [run(trial, replicate=replicate)], day=day).values
        return {name: float(column[0]) for name, column in found.items()}

    return statistics


Analysed = Callable[..., dict[str, float]]


def test_no_responders(analysed: Analysed) -> None:
    found = analysed({"disease.response.probability": 0})

    n = int(found["n_eas"])
    assert (found["responders"], found["orr"], found["orr_lower"]) == (0, 0, 0)
    assert found["orr_upper"] == pytest.approx(1 - 0.025 ** (1 / n), rel=1e-12)
    assert found["dor_events"] == 0
    for name in ("dor_median", "dor_median_lower", "dor_rate_12", "dor_rate_12_upper"):
        assert np.isnan(found[name]), "nobody to analyse"
    assert (found["dor_at_risk_6"], found["dor_events_by_30"]) == (0, 0)
    assert found["ttr_median"] == np.inf
    assert found["ttr_rate_12"] == 1.0, "the share without a response"


def test_all_respond(analysed: Analysed) -> None:
    found = analysed(
        {
            "disease.response.probability": 1,
            "disease.progression.responders": NEVER_HAPPENS,
            "disease.death_without_progression": NEVER_HAPPENS,
            "follow_up.early_stop": None,
            "follow_up.withdrawal": None,
        }
    )

    n = int(found["n_eas"])
    assert (found["orr"], found["orr_upper"], found["cbr"], found["cbr_upper"]) == (1, 1, 1, 1)
    assert found["orr_lower"] == pytest.approx(0.025 ** (1 / n), rel=1e-12)
    assert found["ttr_events"] == n == 57
    assert found["ttr_rate_30"] == 0
    assert np.isnan(found["ttr_rate_30_lower"]), "log(-log 0) is undefined"
    assert found["ttr_median"] < 3
    assert found["sd"] == found["pd"] == found["ne"] == 0


def test_no_events(analysed: Analysed) -> None:
    found = analysed(NOTHING_HAPPENS)

    for name in ("pfs", "os", "dor"):
        assert found[f"{name}_events"] == 0
        assert found[f"{name}_median"] == np.inf
        assert found[f"{name}_median_lower"] == np.inf
        assert found[f"{name}_median_upper"] == np.inf
        for m in LANDMARKS:
            rates = [found[f"{name}_rate_{m}{limit}"] for limit in ("", "_lower", "_upper")]
            assert rates == [1, 1, 1], "no variance before the first event"
    assert found["deaths"] == 0
    assert found["discontinued"] == found["stopped_without_pfs_event"]


def test_everybody_leaves_at_once(analysed: Analysed) -> None:
    found = analysed(
        NOTHING_HAPPENS
        | {
            "follow_up.early_stop": {"probability": 1, "days": ["1 day", "20 days"]},
            "follow_up.lost_at_withdrawal": 1,
        }
    )

    assert (found["n_ss"], found["n_eas"], found["on_treatment"]) == (57, 0, 0)
    for name in ("orr", "orr_lower", "orr_upper", "cbr", "ttr_median", "dor_median"):
        assert np.isnan(found[name]), name
    assert found["pfs_median"] == np.inf
    assert found["pfs_rate_30"] == 1, "carried forward beyond the data"
    assert found["pfs_at_risk_6"] == 0
    assert found["exposure_max"] == 21
    assert found["followup_max"] < 1


def test_everybody_dies_before_a_scan(analysed: Analysed) -> None:
    quick = {"kind": "discrete", "values": ["5 days", "9 days"], "weights": [1, 1]}
    stays = {"follow_up.early_stop": None, "follow_up.withdrawal": None}
    found = analysed(stays | {"disease.death_without_progression": quick})

    assert (found["deaths"], found["pfs_events"], found["os_events"]) == (57, 57, 57)
    assert found["deaths_without_progression"] == 57
    assert (found["os_rate_6"], found["pfs_rate_6"]) == (0, 0)
    assert found["os_median"] in (6 / MONTH, 8 / MONTH, 10 / MONTH)
    assert found["followup_median"] == np.inf, "nobody's follow-up ended before death"
    assert found["n_eas"] == 0


@pytest.mark.parametrize("replicate", range(4))
def test_one_patient(analysed: Analysed, replicate: int) -> None:
    found = analysed({"sample_size": 1}, replicate=replicate)

    assert (found["n_enrolled"], found["enrolment_duration"]) == (1, 0)
    assert found["orr"] in (0, 1) or np.isnan(found["orr"])
    assert found["exposure_min"] == found["exposure_median"] == found["exposure_max"]
    assert found["pfs_rate_30"] in (0, 1)


@pytest.mark.parametrize("day", [-1, -1000])
def test_nobody_is_enrolled_by_the_cut(analysed: Analysed, day: int) -> None:
    found = analysed({}, day=day)

    counts = [name for name in found if "events" in name or "at_risk" in name]
    counts += ["n_enrolled", "n_ss", "n_eas", "responders", "cr", "sd", "deaths", "on_treatment"]
    counts += ["teae_any", "sae", "deaths_related", "kn026_interruption", "subgroup.3.n"]
    counts += ["baseline.visceral.yes", "baseline.lung", "soc_any_cardiac_disorders"]
    assert {found[name] for name in counts} == {0}
    for name in ("orr", "orr_lower", "pfs_median", "os_rate_12", "exposure_median", "followup_max"):
        assert np.isnan(found[name]), name
    for name in ("enrolment_duration", "first_death_day", "kn026_rdi_median", "subgroup.3.orr"):
        assert np.isnan(found[name]), name
    assert np.isnan(found["baseline.age.median"])


def test_a_patient_enrolled_on_the_day_of_the_cut(analysed: Analysed) -> None:
    found = analysed({}, day=0)

    assert (found["n_enrolled"], found["n_ss"], found["n_eas"]) == (1, 1, 0)
    assert found["exposure_median"] == 21
    assert found["followup_max"] == pytest.approx(1 / MONTH)
    assert found["pfs_median"] == np.inf


def test_the_number_screened_is_that_of_the_cut(analysed: Analysed) -> None:
    found = analysed({}, day=300)

    assert found["n_screened"] == found["n_enrolled"] < 57


def test_an_early_look(scenario: Scenario, analysed: Analysed) -> None:
    found = analysed({"analyses.final.cut.date": dt.date(2020, 12, 1)})

    assert found["pfs_at_risk_12"] == 0
    assert 0 < found["n_eas"] < found["n_enrolled"] < 57
    assert cut_day(scenario, scenario.analyses[0]) == 1341
