"""The JSON Schema of scenario files: current, and in agreement with what reading accepts."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from scenario_example import GOOD
from survival_example import SURVIVAL_GOOD

from simulate.errors import ScenarioError
from simulate.scenario import read_scenario
from simulate.scenario.json_schema import schema_text
from simulate.scenario.source import read_text
from simulate.scenario.tree import plain

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SCHEMA = json.loads(schema_text())


def as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [as_json(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def is_accepted(text: str) -> bool:
    data = as_json(plain(read_text(text, file="f")))
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(data)


def test_the_committed_schema_is_current() -> None:
    committed = (SCENARIOS / "scenario.schema.json").read_text("utf-8")
    assert committed == schema_text(), "run: make schema"


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("file", sorted(SCENARIOS.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_scenario_agrees_with_it_and_names_it(file: Path) -> None:
    text = file.read_text("utf-8")
    assert is_accepted(text)
    assert text.startswith("# yaml-language-server: $schema=scenario.schema.json\n")


@pytest.mark.parametrize(
    ("old", "new", "accepted"),
    [
        ("name: small", "name: small", True),
        ("window: 7 days", "window: {value: 7 days, source: assumed, at: usual}", True),
        ("[6 months, 12 months]", "{value: [6 months], source: reported, at: Results}", True),
        ("{III: 5, IV: 52}", "{III: 5, IV: 52, source: reported, at: Table 1}", True),
        ("probability: 80%", "probability: 0.8", True),
        ("window: 7 days", "window: 7", False),
        ("window: 7 days", "window: 7 mnths", False),
        ("window: 7 days", "window: {value: 7 days, sorce: assumed}", False),
        ("window: 7 days", "window: {value: 7 days, source: asumed}", False),
        ("missed: 0.03", "mised: 0.03", False),
        ("missed: 0.03", "missed: 1.2", False),
        ("kind: geometric", "kind: geometrik", False),
        ("sample_size: {value: 40,", "sample_size: {value: x,", False),
        ("name: small\n", "", False),
        ("title: A small trial\n", "extends: other.yaml\n", True),
    ],
)
def test_it_accepts_and_refuses(old: str, new: str, accepted: bool) -> None:
    assert GOOD.count(old) == 1
    assert is_accepted(GOOD.replace(old, new)) is accepted


@pytest.mark.parametrize(
    ("old", "new", "accepted"),
    [
        ("name: planned", "name: planned", True),
        ("progression: 1.3", "progression: {value: 1.3, source: reported, at: Table 2}", True),
        ("{progression: 1.3}", "{progression: 1.3, source: reported, at: Table 2}", True),
        ("{progression: 1.3}", "{progresion: 1.3}", False),
        ("{progression: 1.3}", "{progression: -1.3}", False),
        ("{progression: 1.3}", "{value: {progression: 1.3}}", False),
        ("when: {stage: IV}", "when: {stage: [III, IV], source: assumed}", True),
        ("when: {stage: IV}", "when: {stage: {value: IV, source: assumed}}", True),
        ("when: {stage: IV}", "when: {Stage: IV}", False),
        ("when: {stage: IV}", "when: {value: {stage: IV}}", False),
        ("{III: 3, IV: 7}", "{III: {value: 3, source: reported}, IV: 7}", True),
        ("    experimental: {kind", "    source: assumed\n    experimental: {kind", True),
        ("    experimental: {kind", "    Experimental: {kind", False),
        ("rate: 0.08 per year", "rte: 0.08 per year", False),
        ("on: progression,", "on: progresion,", False),
        ("kind: illness_death", "kind: illness_deth", False),
        ("kind: delayed", "kind: delaid", False),
        ("kind: kim_demets", "kind: kim_demet", False),
        ("efficacy: {kind: kim_demets, rho: 3}", "efficacy: kim_demets", False),
        ("test: stratified_log_rank", "test: logrank", False),
        ("endpoint: PFS, count: 150", "endpoint: 2PFS, count: 150", False),
        ("events: {endpoint: PFS, count: 150}", "event: {endpoint: PFS, count: 150}", False),
        ("block_sizes: [3, 6]", "block_sizes: 3", False),
        ("allocation: 2", "allocation: 0", False),
        ("survival:\n", "survial:\n", False),
        ("survival:\n", "disease: {}\nsurvival:\n", False),
        ("sweep:\n", "grid: {fields: {sample_size: [1, 2]}}\nsweep:\n", True),
        (
            "sweep:\n",
            "grid: {fields: {sample_size: {value: [1, 2], source: assumed}}}\nsweep:\n",
            True,
        ),
        ("sweep:\n", "grid: {fields: {sample_size: 1}}\nsweep:\n", False),
        ("sweep:\n", "grid: {fields: {sample_size: []}}\nsweep:\n", False),
        ("sweep:\n", "grid: {fields: {}}\nsweep:\n", False),
        ("sweep:\n", "grid: {feilds: {sample_size: [1]}}\nsweep:\n", False),
        ("title: A planned trial\n", "extends: other.yaml\n", True),
    ],
)
def test_it_agrees_with_reading_on_randomised_trials(
    old: str, new: str, accepted: bool, tmp_path: Path
) -> None:
    assert SURVIVAL_GOOD.count(old) == 1
    text = SURVIVAL_GOOD.replace(old, new)
    assert is_accepted(text) is accepted
    (tmp_path / "other.yaml").write_text(SURVIVAL_GOOD, "utf-8")
    file = tmp_path / "this.yaml"
    file.write_text(text, "utf-8")
    if accepted and "grid" not in new:
        assert read_scenario(file).name == "planned"
    elif not accepted:
        with pytest.raises(ScenarioError):
            read_scenario(file)


def test_a_randomised_trial_that_extends_may_leave_out_anything_but_its_name() -> None:
    start = "extends: a.yaml\nname: b\n"
    assert is_accepted(f"{start}survival: {{progression: {{median: 9 months}}}}")
    assert is_accepted(f"{start}survival: {{dropout_by_arm: {{low: {{rate: 0 per year}}}}}}")
    assert is_accepted(f"{start}grid: {{fields: {{sample_size: [1]}}}}")
    assert not is_accepted(f"{start}survival: {{progresion: {{median: 9 months}}}}")
    assert not is_accepted(f"{start}survival: {{dropout_by_arm: {{low: {{rte: 0 per year}}}}}}")
    assert not is_accepted(f"{start}arms: [{{id: 1}}]")


def test_a_file_that_extends_may_leave_out_anything_but_its_name() -> None:
    assert is_accepted("extends: a.yaml\nname: b\nassessment: {window: 3 days}\n")
    assert is_accepted("extends: a.yaml\nname: b\ndisease: {progression: {responders: {shape: 1}}}")
    assert is_accepted(
        "extends: a.yaml\nname: b\ndisease: {death_without_progression: {median: 1 day}}"
    )
    assert not is_accepted("extends: a.yaml\n")
    assert not is_accepted("extends: a.yaml\nname: b\nassessment: {windw: 3 days}\n")
    assert not is_accepted("extends: a.yaml\nname: b\nassessment: {calendar: [{until: 1 week}]}")


def test_every_field_is_described() -> None:
    bare = [
        f"{name}.{key}"
        for name, block in SCHEMA["$defs"].items()
        for key, field in block.get("properties", {}).items()
        if key not in ("kind", "source", "at", "note") and "description" not in field
    ]
    assert bare == []
