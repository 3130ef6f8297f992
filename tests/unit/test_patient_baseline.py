"""Baseline characteristics: the rule against a naive one by names and floats, and Table 1."""

from __future__ import annotations

import math
from itertools import accumulate

import numpy as np
import pytest

from simulate.build_plan import build_plan
from simulate.patient.baseline import baseline_level, hazard_factors
from simulate.plan import Plan, with_lists
from simulate.scenario.baseline import LevelsVariable
from simulate.scenario.scenario import Scenario
from simulate.streams import Purpose, words

N = 20_000

# Table 1: patients of 57 at each level. Overlaps that it does not give are not listed.
TABLE_1 = {
    "sex": {"female": 57, "male": 0},
    "ecog": {"0": 22, "1": 35},
    "stage": {"IIIA": 1, "IIIB": 2, "IIIC": 2, "IV": 52},
    "ihc": {"1+": 1, "2+": 8, "3+": 48},
    "ish": {"positive": 13, "not_available": 44},
    "hormone_receptor": {"positive": 26, "negative": 24, "unknown": 7},
    "visceral": {"yes": 34, "no": 23},
    "brain": {"yes": 6},
    "bone": {"yes": 24},
    "pleura": {"yes": 14},
    "other_site": {"yes": 22},
    "lymph_node": {"yes": 40},
    "prior_surgery": {"yes": 37},
    "recurrent": {"yes": 29},
    "prior_adjuvant": {"yes": 35},
    "prior_radiotherapy": {"yes": 12},
    "prior_endocrine": {"yes": 12},
    "prior_chemotherapy": {"yes": 31},
    "prior_cyclophosphamide": {"yes": 29},
    "prior_docetaxel": {"yes": 23},
    "prior_epirubicin": {"yes": 14},
    "prior_trastuzumab": {"yes": 4},
}
SITES = {"lung": 24, "liver": 22, "adrenal": 2, "ovary": 1}

Columns = dict[str, np.ndarray]


def baseline_words(scenario: Scenario, n: int) -> np.ndarray:
    ids = [variable.id for variable in scenario.baseline.variables]
    table = words(20250, range(n), 2**31 + 7, [(Purpose.BASELINE, max(ids) // 4 + 1)])
    return table[:, ids]


@pytest.fixture(scope="module")
def patients(scenario: Scenario, plan: Plan) -> Columns:
    """Baseline of many patients, by names: what the rule decides."""
    flat = with_lists(plan.baseline)
    rows = []
    for own in baseline_words(scenario, N).tolist():
        levels: list[int] = []
        for position, word in enumerate(own):
            levels.append(baseline_level(flat, position, levels, word))
        rows.append(levels)
    table = np.array(rows)
    columns: Columns = {}
    for position, variable in enumerate(scenario.baseline.variables):
        if isinstance(variable, LevelsVariable):
            columns[variable.name] = np.array(variable.level_names)[table[:, position]]
        else:
            columns[variable.name] = table[:, position] + flat.first_value[position]
    return columns


def naive_patient(scenario: Scenario, own: list[int]) -> dict[str, object]:
    """A patient drawn with names and floats, straight from the scenario."""
    patient: dict[str, object] = {}
    for variable, word in zip(scenario.baseline.variables, own, strict=True):
        u = (word + 0.5) / 2**32
        if not isinstance(variable, LevelsVariable):
            low, high = round(variable.low), round(variable.high)
            z = [(x - 0.5 - variable.mean) / variable.sd for x in range(low, high + 2)]
            cdf = [0.5 * math.erfc(-value / math.sqrt(2)) for value in z]
            at = cdf[0] + u * (cdf[-1] - cdf[0])
            patient[variable.name] = low + sum(at >= c for c in cdf[1:])
            continue
        for case in variable.all_cases:
            if all(patient[name] in wanted for name, wanted in case.when.items()):
                break
        # levels that a case leaves out have no weight in it; the order is that of the variable
        weights = [case.levels.get(level, 0.0) for level in variable.level_names]
        reached = list(accumulate(weights))
        index = sum(u * reached[-1] >= level for level in reached)
        patient[variable.name] = variable.level_names[index]
    return patient


def test_the_rule_equals_a_naive_one(scenario: Scenario, patients: Columns) -> None:
    for i, own in enumerate(baseline_words(scenario, 500).tolist()):
        expected = naive_patient(scenario, own)
        assert {name: column[i] for name, column in patients.items()} == expected


@pytest.mark.parametrize("name", TABLE_1)
def test_the_marginals_are_those_of_table_1(patients: Columns, name: str) -> None:
    for level, of_57 in TABLE_1[name].items():
        share = of_57 / 57
        # lymph_node's weights are printed with three decimals: 0.0005 of slack
        slack = 4 * math.sqrt(share * (1 - share) / N) + (0.0005 if name == "lymph_node" else 0)
        assert abs(np.mean(patients[name] == level) - share) <= slack, level


@pytest.mark.parametrize("site", SITES)
def test_the_visceral_sites_are_those_of_table_1(patients: Columns, site: str) -> None:
    share = SITES[site] / 57

    found = np.char.find(patients["visceral_sites"], site) >= 0

    assert abs(found.mean() - share) <= 4 * math.sqrt(share * (1 - share) / N)


def test_ages_are_those_of_table_1(patients: Columns) -> None:
    age = patients["age"]

    assert age.min() >= 30
    assert age.max() <= 67
    assert np.median(age) in (51, 52)
    assert abs(np.mean(age >= 65) - 2 / 57) < 0.01


def test_stage_iii_has_no_metastasis_and_stage_iv_has_one(patients: Columns) -> None:
    metastases = [
        patients[name] == "yes"
        for name in ("visceral", "brain", "bone", "pleura", "other_site", "lymph_node")
    ]

    anywhere = np.logical_or.reduce(metastases)

    assert np.array_equal(anywhere, patients["stage"] == "IV")


def test_visceral_disease_is_disease_in_a_visceral_site(patients: Columns) -> None:
    assert np.array_equal(patients["visceral"] == "yes", patients["visceral_sites"] != "none")


def test_below_ihc_3_everybody_is_ish_positive(patients: Columns) -> None:
    assert set(patients["ish"][patients["ihc"] != "3+"]) == {"positive"}


@pytest.mark.parametrize(
    ("narrower", "wider"),
    [
        ("recurrent", "prior_surgery"),
        ("prior_adjuvant", "prior_surgery"),
        ("prior_radiotherapy", "prior_surgery"),
        ("prior_chemotherapy", "prior_adjuvant"),
        ("prior_trastuzumab", "prior_adjuvant"),
        ("prior_cyclophosphamide", "prior_chemotherapy"),
        ("prior_docetaxel", "prior_chemotherapy"),
        ("prior_epirubicin", "prior_chemotherapy"),
    ],
)
def test_prior_therapies_are_nested(patients: Columns, narrower: str, wider: str) -> None:
    assert np.all(patients[wider][patients[narrower] == "yes"] == "yes")


def test_only_receptor_positive_patients_had_endocrine_therapy(patients: Columns) -> None:
    assert set(patients["hormone_receptor"][patients["prior_endocrine"] == "yes"]) == {"positive"}


def test_variables_are_independent_where_no_case_ties_them(patients: Columns) -> None:
    table = np.array([patients["ecog"] == "1", patients["ihc"] == "3+", patients["bone"] == "yes"])

    off_diagonal = np.corrcoef(table)[np.triu_indices(3, 1)]

    assert np.max(np.abs(off_diagonal)) < 4 / math.sqrt(N)


def test_a_variable_keeps_its_words_when_another_is_taken_away(
    scenario: Scenario, patients: Columns
) -> None:
    stage, ecog = (scenario.baseline.variable(name) for name in ("stage", "ecog"))
    assert isinstance(stage, LevelsVariable)
    assert isinstance(ecog, LevelsVariable)
    fewer = build_plan(
        scenario.with_overrides(
            {
                "baseline.variables": [
                    {"id": v.id, "name": v.name, "levels": dict(v.levels or {})}
                    for v in (stage, ecog)
                ],
                "endpoints.subgroups": [],
                "treatment.body": None,
                "sweep": [],
            }
        )
    )

    own = baseline_words(scenario, 200)
    for i in range(200):
        for position, variable in enumerate((stage, ecog)):
            level = baseline_level(fewer.baseline, position, [], int(own[i, variable.id - 1]))
            assert variable.level_names[level] == patients[variable.name][i]


def test_hazard_ratios_of_a_patient_multiply(scenario: Scenario) -> None:
    plan = build_plan(
        scenario.with_overrides(
            {
                "disease.prognostic_factors": [
                    {"variable": "visceral", "level": "yes", "progression": 1.7, "death": 3.0},
                    {"variable": "brain", "level": "yes", "progression": 2.0},
                    {"variable": "stage", "level": "IV", "death_after_progression": 0.6},
                ]
            }
        )
    )
    names = [variable.name for variable in scenario.baseline.variables]

    def factors(**levels: str) -> tuple[float, float, float]:
        patient = [0] * len(names)
        for name, level in levels.items():
            variable = scenario.baseline.variable(name)
            assert isinstance(variable, LevelsVariable)
            patient[names.index(name)] = variable.level_names.index(level)
        return hazard_factors(plan.baseline, patient)

    assert factors(visceral="yes", brain="yes", stage="IV") == pytest.approx((3.4, 3.0, 0.6))
    assert factors(visceral="no", brain="yes", stage="IIIA") == pytest.approx((2.0, 1.0, 1.0))
    assert factors(visceral="no", brain="no", stage="IIIB") == (1.0, 1.0, 1.0)


def test_without_prognostic_factors_all_patients_are_alike(plan: Plan) -> None:
    assert hazard_factors(plan.baseline, [0] * 24) == (1.0, 1.0, 1.0)
