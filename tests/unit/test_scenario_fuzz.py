"""Whatever is done to a good scenario, it is either valid or refused in words."""

import contextlib
import copy
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scenario_example import GOOD
from survival_example import SURVIVAL_GOOD

from simulate.errors import ScenarioError, SimulateError
from simulate.scenario import AnyScenario, Scenario, SurvivalScenario, read_scenario
from simulate.scenario.source import read_text
from simulate.scenario.tree import plain

TWIN = (Path(__file__).parents[2] / "scenarios" / "kn026_phase2.yaml").read_text("utf-8")

QUICK = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

WORDS = (
    *("", "value", "kind", "source", "at", "name", "id", "survival", "set", "weibull", "cure"),
    *(
        "21 days",
        "1 month",
        "0.1 per month",
        "-3 weeks",
        "40%",
        "30 mg/kg",
        "1e999 days",
        "<levels>",
    ),
    *("blocks", "single", "copula", "distribution", "cumulative", "all", "grid", "fields"),
    *("levels", "normal", "dates", "power", "..", "a.b", "a\x1bb", "\U0001f600", "{problem}", "%s"),
)
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**21), 10**21),
        st.sampled_from([0, 1, -1, 2, 60]),
        st.floats(),
        st.dates(),
        st.sampled_from(WORDS),
        st.text(max_size=8),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=5), inner, max_size=3),
    ),
    max_leaves=5,
)


def _ordinary(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _ordinary(item) for key, item in value.items()}
    return [_ordinary(item) for item in value] if isinstance(value, tuple) else value


GRID = "grid: {fields: {sample_size: [40, 50], seed: [1, 2], assessment.window: [3 days]}}\n"
GOOD_DATA = [
    _ordinary(plain(read_text(text, file="good"))) for text in (GOOD, SURVIVAL_GOOD, GOOD + GRID)
]


def _containers(value: Any) -> list[Any]:
    found = []
    if isinstance(value, dict | list):
        found.append(value)
        for item in value.values() if isinstance(value, dict) else value:
            found.extend(_containers(item))
    return found


class _Quoting(yaml.SafeDumper):
    """Quotes texts that only YAML 1.2 takes for something else."""


_Quoting.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)


def _outcome(path: Path, *overrides: str) -> AnyScenario | SimulateError:
    outcome: AnyScenario | SimulateError
    try:
        outcome = read_scenario(path, overrides)
    except SimulateError as error:
        outcome = error
    if isinstance(outcome, ScenarioError):
        assert outcome.problems
        assert all(problem.message for problem in outcome.problems)
    return outcome


@QUICK
@given(data=st.data())
def test_changed_values_keys_and_blocks(data: st.DataObject, tmp_path: Path) -> None:
    scenario = copy.deepcopy(data.draw(st.sampled_from(GOOD_DATA)))
    for _ in range(data.draw(st.integers(1, 3))):
        container = data.draw(st.sampled_from(_containers(scenario)))
        keys = list(container) if isinstance(container, dict) else list(range(len(container)))
        if isinstance(container, dict) and data.draw(st.booleans()):
            keys = [data.draw(st.sampled_from(WORDS))]
        if not keys:
            continue
        key = data.draw(st.sampled_from(keys))
        if data.draw(st.integers(0, 4)) == 0 and not (
            isinstance(container, dict) and key not in container
        ):
            del container[key]
        else:
            container[key] = data.draw(VALUES)
    file = tmp_path / "fuzzed.yaml"
    file.write_bytes(
        yaml.dump(scenario, Dumper=_Quoting, allow_unicode=True).encode("utf-8", "replace")
    )
    outcome = _outcome(file)
    if isinstance(outcome, Scenario | SurvivalScenario):
        assert set(outcome.coordinates) <= {variant.name for variant in outcome.sweep}
        assert outcome.digest()
        assert all(row.path for row in outcome.register())


@QUICK
@given(data=st.data(), text=st.sampled_from([GOOD, TWIN, SURVIVAL_GOOD]))
def test_damaged_text(data: st.DataObject, text: str, tmp_path: Path) -> None:
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 30))
    patch = data.draw(st.text(alphabet="{}[]:,-#&*!|>'\"%@`\n\t \\0a1.~<", max_size=6))
    file = tmp_path / "damaged.yaml"
    file.write_text(text[:start] + patch + text[start + length :], encoding="utf-8")
    _outcome(file)


@QUICK
@given(content=st.binary(max_size=60))
def test_arbitrary_bytes(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "bytes.yaml"
    file.write_bytes(content)
    assert isinstance(_outcome(file), ScenarioError)


PATHS = (
    *("sample_size", "name", "title", "enrolment", "enrolment.accrual.kind", "baseline.variables"),
    *(
        "baseline.variables.age.mean",
        "baseline.variables.3.cases.0.levels",
        "sweep",
        "sweep.wide.set",
    ),
    *("baseline.variables.stage.levels.III", "disease.response.time", "facts", "source", "extends"),
    *("survival", "survival.kind", "survival.effects.0", "survival.effects.0.kind", "arms"),
    *("arms.control.id", "analyses.final.cut", "hypotheses.pfs.efficacy", "randomisation.strata"),
    *("grid", "grid.fields", "enrolment.regions.east.accrual", "survival.dropout_by_arm"),
    *("assessment.calendar.0.until", "assessment.calendar.9.until", "analyses.1.cut", "origin"),
)


@QUICK
@given(
    good=st.sampled_from([GOOD, SURVIVAL_GOOD]),
    path=st.sampled_from(PATHS) | st.text(max_size=12),
    value=st.sampled_from(WORDS)
    | st.text(max_size=12)
    | st.sampled_from(["[1", "{a: 1}", "2020-01-01", "{fields: {seed: [1, 2]}}"]),
)
def test_overrides(good: str, path: str, value: str, tmp_path: Path) -> None:
    file = tmp_path / "good.yaml"
    file.write_text(good, encoding="utf-8")
    _outcome(file, f"{path}={value}")


@QUICK
@given(text=st.sampled_from([GOOD, SURVIVAL_GOOD]), path=st.sampled_from(PATHS), value=VALUES)
def test_overrides_from_python(text: str, path: str, value: Any, tmp_path: Path) -> None:
    file = tmp_path / "good.yaml"
    file.write_text(text, encoding="utf-8")
    good = read_scenario(file)
    with contextlib.suppress(ScenarioError):
        assert good.with_overrides({path: value}).digest()


def test_a_value_that_no_file_can_hold_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "good.yaml"
    file.write_text(GOOD, encoding="utf-8")
    good = Scenario.from_file(file)
    for value in (object(), {1, 2}, dt.timedelta(1), b"57"):
        with pytest.raises(ScenarioError, match="cannot hold"):
            good.with_overrides({"sample_size": value})
