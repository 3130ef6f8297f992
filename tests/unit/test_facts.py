"""The facts of the paper are consistent with themselves and with our own intervals."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from simulate.analysis.proportions import clopper_pearson
from simulate.operating import all_statistics
from simulate.scenario.scenario import Scenario

FILE = Path(__file__).parents[2] / "scenarios" / "facts" / "kn026_phase2.yaml"
CONTENT = yaml.safe_load(FILE.read_text(encoding="utf-8"))
FACTS = {fact["statistic"]: fact for fact in CONTENT["facts"]}
ROLES = {"calibrated", "held_out", "check", "derived", "input"}
KEYS = {
    "statistic", "label", "value", "unit", "count", "denominator", "lower", "upper", "role", "at",
}  # fmt: skip
SAFETY = re.compile(
    r"ae_|aesi|teae_|sae|soc_|early_death|first_death|deaths_related|kn026_disc|kn026_int|docetaxel_"
)


def test_every_statistic_has_one_fact():
    assert len(FACTS) == len(CONTENT["facts"])


def test_every_fact_has_the_same_keys():
    for name, fact in FACTS.items():
        assert KEYS <= set(fact) <= KEYS | {"percent", "note"}, name
        assert fact["role"] in ROLES, name
        assert fact["label"], name
        assert fact["at"], name
        assert fact["unit"], name


def test_values_are_numbers_dates_or_not_reached():
    for name, fact in FACTS.items():
        if fact["unit"] == "date":
            assert re.fullmatch(r"\d{4}-\d\d-\d\d", fact["value"]), name
        else:
            assert fact["value"] == "NR" or isinstance(fact["value"], int | float), name


def test_enough_of_them_test_the_model():
    """At least forty facts that are not put in, safety not counted."""
    tested = [n for n, fact in FACTS.items() if fact["role"] != "input" and not SAFETY.match(n)]
    assert len(tested) >= 40


@pytest.mark.parametrize("name", [n for n, fact in FACTS.items() if fact["count"] is not None])
def test_counts_give_the_printed_percentage(name):
    fact = FACTS[name]
    percent = f"{100 * fact['count'] / fact['denominator']:.1f}"
    if fact["unit"] == "%":
        assert f"{fact['value']:.1f}" == percent
    else:
        assert fact["value"] == fact["count"]
        assert f"{fact.get('percent', float(percent)):.1f}" == percent


@pytest.mark.parametrize("name", ["orr", "cbr"])
def test_printed_binomial_limits_are_exact_limits(name):
    fact = FACTS[name]
    limits = clopper_pearson(fact["count"], fact["denominator"])
    printed = [f"{fact['lower']:.1f}", f"{fact['upper']:.1f}"]
    assert [f"{100 * limit:.1f}" for limit in limits] == printed


@pytest.mark.parametrize("count", [20, 37])
def test_design_limits_are_exact_limits_of_fifty(count):
    printed = [f"{FACTS[f'design_cp_{count}_50_{side}']['value']:.1f}" for side in Side]
    assert [f"{100 * limit:.1f}" for limit in clopper_pearson(count, 50)] == printed


Side = ("lower", "upper")


def test_printed_limits_are_facts_of_their_own():
    limited = [name for name, fact in FACTS.items() if fact["lower"] is not None]
    assert len(limited) == 12  # two binomial rates, eight survival rates, two medians
    for name in limited:
        fact = FACTS[name]
        assert [FACTS[f"{name}_{side}"]["value"] for side in Side] == [fact["lower"], fact["upper"]]
        low, high = (float("inf") if fact[s] == "NR" else fact[s] for s in Side)
        assert low <= (float("inf") if fact["value"] == "NR" else fact["value"]) <= high, name


def test_the_books_close():
    """Sums that must hold in any trial."""

    def value(name):
        return FACTS[name]["value"]

    assert value("cr") + value("pr") == value("responders")
    assert value("responders") + value("sd") + value("pd") + value("ne") == value("n_eas")
    assert value("responders") + value("sd_24wk") == value("clinical_benefit")
    assert value("on_treatment") + value("discontinued") == value("n_ss")
    assert value("deaths_after_progression") + value("deaths_without_progression") == 12
    assert value("deaths") == value("os_events") == value("os_events_by_30") == 12
    stopped = value("discontinued") - value("stopped_without_pfs_event")
    assert stopped - value("pfs_events") in (0, 1)  # 6 or 7 stopped without an event
    for name in FACTS:
        if name.startswith("ae_any_") and name.replace("any", "grade3") in FACTS:
            assert value(name.replace("any", "grade3")) <= value(name), name


def test_baseline_levels_add_up():
    for variable in ("sex", "ecog", "stage", "ihc", "ish", "hormone_receptor", "visceral"):
        levels = [n for n in FACTS if n.startswith(f"baseline.{variable}.")]
        assert sum(FACTS[n]["count"] for n in levels) == 57, variable


def test_inconsistencies_are_named_and_treated():
    known = [entry["id"] for entry in CONTENT["inconsistencies"]]
    assert len(known) == len(set(known)) == 18
    assert all(entry["what"] and entry["treatment"] for entry in CONTENT["inconsistencies"])
    for fact in FACTS.values():
        referred = re.search(r"see (\w+)", fact.get("note", ""))
        assert referred is None or referred[1] in {*known, *FACTS}, fact["statistic"]


def test_every_fact_that_is_no_input_has_a_statistic(scenario: Scenario) -> None:
    """A fact whose name is misspelt would be missing from the scorecard without a word."""
    simulated = set(all_statistics(scenario))
    judged = {name for name, fact in FACTS.items() if fact["role"] != "input"}

    assert {n for n in judged - simulated if not n.startswith("design_cp_")} == set()
