"""What is to be run of a randomised trial: null scenarios, true hazard ratios, the record of it."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from arms_example import CONTROL, randomised
from small_randomised import (
    HYPOTHESIS,
    small_arms,
    small_job,
    small_survival,
)

from simulate.build_survival_plan import build_survival_plan
from simulate.engines.survival_reference import ReferenceSurvivalEngine
from simulate.errors import UsageError
from simulate.job import parts_key
from simulate.randomised.job import make_randomised_job, manifest, under_null
from simulate.randomised.truth import true_log_hazard_ratios
from simulate.scenario.fields import LONGEST_NAME
from simulate.scenario.reading import AnyScenario
from simulate.scenario.scenario import Scenario
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.survival_ledger import COLUMNS, ledger_columns

SINGLE = {
    "kind": "single",
    "endpoint": "PFS",
    "event": {"kind": "exponential", "median": "12 months"},
}
TO_EXPERIMENTAL = {"arm": "experimental", "on": "event"}


def patients_of(scenario: SurvivalScenario) -> dict[str, np.ndarray]:
    """The whole truth of one trial."""
    engine = ReferenceSurvivalEngine(build_survival_plan(scenario))
    return ledger_columns(engine.simulate(seed=3, replicate=0))


def single(*effects: dict[str, Any], **changes: Any) -> SurvivalScenario:
    """A trial of one event, whose effects of the experimental or the control arm are these."""
    whole = [TO_EXPERIMENTAL | effect for effect in effects]
    return small_survival("survival.prognostic_factors=[]").with_overrides(
        {"survival": SINGLE | {"effects": whole}, **changes}
    )


# ---- null scenarios -------------------------------------------------------------------------


def test_under_the_null_no_arm_of_a_survival_trial_has_an_effect() -> None:
    scenario = small_survival(
        "sweep=[{name: larger, set: {sample_size: 60}}]",
        "grid={fields: {sample_size: [50, 60]}}",
    )

    null = under_null(scenario)

    assert isinstance(null, SurvivalScenario)
    assert (null.name, null.title) == (
        f"{scenario.name}_null",
        f"{scenario.title} (no effect)",
    )
    assert null.survival.effects == ()
    assert (null.sweep, null.grid) == ((), None)
    assert null.digest() != scenario.digest()
    # all else is as it was: with its effect back it is the scenario again
    effects = [{**TO_EXPERIMENTAL, "on": "progression", "kind": "proportional"}]
    again = null.with_overrides({"survival.effects": [effects[0] | {"hazard_ratio": 0.7}]})
    assert again.digest() == scenario.digest()


def test_patients_under_the_null_are_those_of_a_hazard_ratio_of_one() -> None:
    scenario = small_survival()
    null = under_null(scenario)
    assert isinstance(null, SurvivalScenario)

    found = patients_of(null)
    of_one = patients_of(scenario.with_overrides({"survival.effects.0.hazard_ratio": 1.0}))
    with_effect = patients_of(scenario)

    for name in COLUMNS:
        assert found[name].tolist() == of_one[name].tolist()
    control = found["arm"] == 0
    progression = found["progression_day"], with_effect["progression_day"]
    assert progression[0][control].tolist() == progression[1][control].tolist()
    assert (progression[0][~control] <= progression[1][~control]).all()
    assert (progression[0][~control] < progression[1][~control]).any()


def test_under_the_null_every_arm_is_treated_as_the_control() -> None:
    third = {"id": 9, "name": "low", "set": {"disease.response.probability": 0.5}}
    arms = [{"id": 3, "name": "kn026", "allocation": 2}, {"id": 8, "name": "control"}, third]
    arms[1]["set"] = CONTROL
    trial = randomised(
        Scenario.from_file(small_arms().path, ["parameters=null"]),
        hypotheses=[HYPOTHESIS | {"information": 15}],
        arms=arms,
        randomisation={"block_sizes": [4]},
        sweep=[{"name": "larger", "set": {"sample_size": 44}}],
    )

    null = under_null(trial)

    assert isinstance(null, Scenario)
    assert [arm.name for arm in null.arms] == ["kn026", "control", "low"]
    assert [arm.allocation for arm in null.arms] == [2, 1, 1]
    assert null.sweep == ()
    control = next(
        own for own, arm in zip(null.arm_trials, null.arms, strict=True) if arm.name == "control"
    )
    for own in null.arm_trials:
        assert own.disease == control.disease
        assert own.treatment == control.treatment
        assert own.assessment == control.assessment
    was = [own.disease.response.probability for own in trial.arm_trials]
    assert len(set(was)) == 3
    assert {own.disease.response.probability for own in null.arm_trials} == {0.3}


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(lambda: small_survival("survival.effects=[]"), id="no effects"),
        pytest.param(lambda: under_null(small_survival()), id="a null scenario"),
        pytest.param(lambda: under_null(small_arms()), id="arms that are the same"),
        pytest.param(lambda: small_arms().with_overrides({"hypotheses": []}), id="no control"),
    ],
)
def test_a_scenario_without_an_effect_has_none_to_take_away(scenario: Any) -> None:
    with pytest.raises(UsageError, match="has no effects, so it is a null scenario already"):
        make_randomised_job(scenario(), null=True)


def test_a_long_name_leaves_room_for_its_ending() -> None:
    scenario = small_survival(f"name={'a' * LONGEST_NAME}", f"title={'b' * 200}")

    null = under_null(scenario)

    assert null.name == "a" * (LONGEST_NAME - 5) + "_null"
    assert null.title.endswith(" (no effect)")


# ---- true hazard ratios ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [
        pytest.param(single({"kind": "proportional", "hazard_ratio": 0.6}), 0.6, id="one"),
        pytest.param(
            single(
                {"kind": "proportional", "hazard_ratio": 0.6},
                {"kind": "proportional", "hazard_ratio": 0.8, "arm": "control"},
            ),
            0.75,
            id="in both arms",
        ),
        pytest.param(single(), 1.0, id="none"),
        pytest.param(small_survival("survival.effects=[]"), 1.0, id="none, illness and death"),
        pytest.param(
            single({"kind": "delayed", "hazard_ratio": 0.6, "delay": "3 months"}), None, id="late"
        ),
        pytest.param(
            single({"kind": "proportional", "hazard_ratio": 0.6, "when": {"visceral": "yes"}}),
            None,
            id="of some patients",
        ),
        pytest.param(small_survival(), None, id="illness and death"),
        pytest.param(small_arms(), None, id="arms in cycles"),
        pytest.param(under_null(small_arms()), 1.0, id="arms that are the same"),
    ],
)
def test_a_hazard_ratio_is_true_where_hazards_are_proportional(
    scenario: AnyScenario, expected: float | None
) -> None:
    (hypothesis,) = scenario.hypotheses

    found = true_log_hazard_ratios(scenario)

    if expected is None:
        assert found == {}
    else:
        assert found == {hypothesis.name: pytest.approx(math.log(expected))}


# ---- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"replicates": 0}, "replicates must lie between 1 and"),
        ({"replicates": 2**31}, "replicates must lie between 1 and"),
        ({"seed": -1}, "seed"),
        ({"workers": 0}, "worker"),
        ({"engine": "warp"}, "no engine 'warp'"),
    ],
)
@pytest.mark.parametrize("scenario", [small_survival, small_arms])
def test_numbers_that_make_no_sense_are_refused(
    scenario: Any, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        make_randomised_job(scenario(), **options)


CHAIRS = {"chairs": {"slots": 2}}


def test_the_batch_engine_is_refused_before_anything_runs_also_for_a_what_if() -> None:
    itself = small_arms().with_overrides({"resources": CHAIRS})
    what_if = small_arms().with_overrides(
        {"sweep": [{"name": "chairs", "set": {"resources": CHAIRS}}]}
    )

    for scenario in (itself, what_if):
        with pytest.raises(UsageError, match="batch engine cannot run"):
            make_randomised_job(scenario, engine="batch", replicates=100)
        assert make_randomised_job(scenario, replicates=100).engine == "auto"


# ---- the record -----------------------------------------------------------------------------


def test_the_manifest_tells_what_to_run_again() -> None:
    job = small_job(7, seed=5, command="simulate run")

    record = manifest(job)

    assert record["digest"] == job.scenario.digest()
    assert (record["seed"], record["replicates"], record["null"]) == (5, 7, False)
    assert (record["engine"], record["command"]) == ("reference", "simulate run")
    assert {"simulate", "numpy", "numba"} & set(record["packages"])
    assert "parameters" not in record, "they are from no calibration"
    content = json.loads(json.dumps(record["scenario"]))
    assert content["sample_size"] == 48
    assert content["survival"]["effects"][0]["hazard_ratio"] == 0.7
    null = make_randomised_job(small_survival(), null=True)
    assert manifest(null)["null"] is True


def test_finished_chunks_are_used_again_only_for_the_same_numbers() -> None:
    key = parts_key(small_job())

    assert key == parts_key(small_job(40, workers=2, command="another"))
    for other in (
        small_job(seed=4),
        small_job(engine="batch"),
        make_randomised_job(small_survival("sample_size=50"), engine="reference"),
        make_randomised_job(small_survival("sweep=[]"), engine="reference"),
        make_randomised_job(small_survival(), engine="reference", null=True),
    ):
        assert parts_key(other) != key
