"""What a good scenario says after reading: values, extends, overrides, sweep, sources, digest."""

import datetime as dt
import math
import pickle
from pathlib import Path

import pydantic
import pytest
from scenario_example import GOOD, problems_of, write

from simulate.errors import ScenarioError, UsageError
from simulate.scenario import Scenario, read_scenario
from simulate.scenario.baseline import LevelsVariable, NormalVariable
from simulate.scenario.distributions import Exponential, Weibull
from simulate.scenario.enrolment import PoissonGammaAccrual
from simulate.units import Dose

SCENARIOS = Path(__file__).parents[2] / "scenarios"


@pytest.mark.parametrize("file", sorted(SCENARIOS.glob("*.yaml")), ids=lambda file: file.stem)
def test_every_scenario_of_the_project_is_valid_and_says_where_its_numbers_are_from(
    file: Path,
) -> None:
    scenario = read_scenario(file)
    assert scenario.name == file.stem
    assert [row for row in scenario.register() if row.source == "not stated"] == []


def test_the_twin_says_what_the_paper_says() -> None:
    twin = Scenario.from_file(SCENARIOS / "kn026_phase2.yaml")
    assert twin.origin == dt.date(2020, 1, 13)
    assert twin.sample_size == 57
    assert twin.enrolment.sites.count == 19
    assert twin.analyses[0].cut.date == dt.date(2023, 9, 15)
    assert twin.treatment.cycle_length == 21
    assert [drug.dose for drug in twin.treatment.drugs] == [Dose(30, "mg/kg"), Dose(75, "mg/m2")]
    assert [(row.every, row.until) for row in twin.assessment.calendar] == [(42, 336), (84, None)]
    assert twin.endpoints.landmarks == tuple(m * 30.4375 for m in (6, 12, 24, 30))
    assert twin.facts_path is not None
    assert twin.facts_path.is_file()


def test_units_are_gone_after_reading(tmp_path: Path) -> None:
    good = Scenario.from_file(write(tmp_path))
    death = good.disease.death_without_progression
    assert isinstance(death, Exponential)
    assert death.rate_per_day == 0.0008 / 30.4375
    assert good.disease.response.probability == 0.8
    assert good.follow_up.early_stop is not None
    assert good.follow_up.early_stop.days == (1, 20)


def test_what_is_not_said_does_not_happen(tmp_path: Path) -> None:
    good = Scenario.from_file(write(tmp_path))
    assert good.facts is good.facts_path is None
    assert good.seed == 20250
    assert good.enrolment.screening_failure == 0
    assert good.enrolment.sites.rate_shape is None
    assert good.treatment.delay is None
    assert good.treatment.drugs[0].planned_cycles is None
    assert good.follow_up.lost_at_withdrawal == 0
    assert good.follow_up.last_contact_lag is None
    assert good.design.sample_sizes is None
    assert good.disease.prognostic_factors[0].death == 1


def test_a_scenario_is_frozen(tmp_path: Path) -> None:
    good = Scenario.from_file(write(tmp_path))
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        good.sample_size = 80
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        good.assessment.window = 3


def test_all_parameters_of_a_family_mean_the_same(tmp_path: Path) -> None:
    """Each parametrisation of S(t) = exp(-(t / scale)^shape), checked against the curve itself."""

    def read(**parameters: object) -> Weibull | Exponential:
        kind = "weibull" if "shape" in parameters else "exponential"
        changed = good.with_overrides(
            {"disease.death_after_progression": {"kind": kind, **parameters}}
        )
        time = changed.disease.death_after_progression
        assert isinstance(time, Weibull | Exponential)
        return time

    good = Scenario.from_file(write(tmp_path))
    for parameters in (
        {"rate": f"{math.log(2) / 10} per month"},
        {"median": "10 months"},
        {"mean": f"{10 / math.log(2)} months"},
        {"survival": {"at": "20 months", "value": 0.25}},
    ):
        rate = read(**parameters)
        assert isinstance(rate, Exponential)
        assert math.exp(-rate.rate_per_day * 304.375) == pytest.approx(0.5, abs=1e-14)
    for parameters in (
        {"scale": f"{10 / math.log(2) ** (1 / 1.3)} months"},
        {"median": "10 months"},
        {"survival": {"at": "12 months", "value": math.exp(-math.log(2) * 1.2**1.3)}},
    ):
        weibull = read(shape=1.3, **parameters)
        assert isinstance(weibull, Weibull)
        survival = math.exp(-((304.375 / weibull.scale_days) ** 1.3))
        assert survival == pytest.approx(0.5, abs=1e-13)


OTHER_TIMES = (
    "{kind: lognormal, median: 9 months, sigma: 0.8}",
    "{kind: piecewise_exponential, rates: [0.1 per month, 0 per month], from: [0 days, 6 months]}",
    "{kind: piecewise_hazard_ratio, of: {kind: weibull, scale: 20 months, shape: 0.9}, "
    "hazard_ratios: [1, 0.6], from: [0 days, 6 months]}",
    "{kind: cure, cured: 30%, others: {kind: weibull, scale: 20 months, shape: 0.9}}",
    "{kind: discrete, values: [42 days, 84 days], weights: [3, 1]}",
    "{kind: uniform, low: 1 day, high: 10 days}",
)


@pytest.mark.parametrize("text", OTHER_TIMES)
def test_all_families_can_be_read(text: str, tmp_path: Path) -> None:
    path = write(tmp_path)
    changed = Scenario.from_file(path, [f"disease.progression.responders={text}"])
    assert changed.disease.progression.of_responders.kind in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{kind: piecewise_exponential, rates: [0.1 per month], from: [1 day]}", "at 0 days"),
        ("{kind: piecewise_exponential, rates: [1 per year], from: [0 days, 1 day]}", "2 and 1"),
        (
            "{kind: piecewise_exponential, rates: [1 per day, 1 per day], from: [0 days, 0 days]}",
            "must increase",
        ),
        (
            "{kind: piecewise_hazard_ratio, of: {kind: exponential, mean: 1 year}, "
            "hazard_ratios: [1, 0.6], from: [0 days]}",
            "as many starts as hazard ratios are needed (given: 1 and 2)",
        ),
        (
            "{kind: piecewise_hazard_ratio, of: {kind: discrete}, hazard_ratios: [1], "
            "from: [0 days]}",
            "unknown kind",
        ),
        ("{kind: discrete, values: [1 day, 2 days], weights: [1]}", "as many weights"),
        ("{kind: discrete, values: [2 days, 1 day], weights: [1, 1]}", "must increase"),
        ("{kind: discrete, values: [2 days], weights: [0]}", "all 0"),
        ("{kind: cure, cured: 1.3, others: {kind: exponential, mean: 1 day}}", "between 0 and 1"),
        ("{kind: cure, cured: 0.3, others: {kind: cure}}", "unknown kind"),
        ("{kind: weibull, median: 1 day, shape: 0.001}", "no usable scale"),
        ("{kind: exponential, survival: {at: 1 month, value: 1}}", "less than 1"),
        ("{kind: geometric, probability: 0, every: 1 day, at_most: 2}", "more than 0"),
        ("{kind: lognormal, median: 0 days, sigma: 1}", "more than 0"),
    ],
)
def test_wrong_families_are_refused(text: str, words: str, tmp_path: Path) -> None:
    (problem,) = problems_of(write(tmp_path), f"disease.progression.responders={text}")
    assert words in problem.message
    assert problem.line is None


def test_sites_and_pauses(tmp_path: Path) -> None:
    path = write(tmp_path)
    accrual = (
        "enrolment.accrual={kind: poisson_gamma, rate: 0.3 per month, window: 24 months, changes: "
        "[{from: 3 months, to: 5 months, factor: 0}, {from: 5 months, to: 1 year, factor: 2}]}"
    )
    dates = "enrolment.sites.activation={kind: dates, dates: [2020-02-01, 2020-03-01, 2020-03-15]}"
    names = "enrolment.sites.names=[Harbin, Beijing, Jinan]"
    good = Scenario.from_file(path, [accrual, dates, names])
    assert isinstance(good.enrolment.accrual, PoissonGammaAccrual)
    assert [(c.from_, c.to, c.factor) for c in good.enrolment.accrual.changes] == [
        (91.3125, 152.1875, 0.0),
        (152.1875, 365.25, 2.0),
    ]
    for bad, key, words in (
        ("enrolment.sites.names=[A, B]", "enrolment.sites.names", "one name for each site"),
        ("enrolment.sites.names=[A, B, A]", "enrolment.sites.names", "the same name"),
        (dates.replace(", 2020-03-15", ""), "enrolment.sites.activation.dates", "one date for"),
        (accrual.replace("from: 5", "from: 4"), "enrolment.accrual.changes.1.from", "before"),
        (accrual.replace("to: 5", "to: 2"), "enrolment.accrual.changes.0.to", "end after"),
    ):
        (problem,) = problems_of(path, accrual, bad)
        assert problem.key == key
        assert words in problem.message


def test_levels_variables_have_one_form(tmp_path: Path) -> None:
    stage = Scenario.from_file(write(tmp_path)).baseline.variable("stage")
    assert isinstance(stage, LevelsVariable)
    assert [dict(case.levels) for case in stage.all_cases] == [{"III": 5.0, "IV": 52.0}]
    visceral = Scenario.from_file(write(tmp_path)).baseline.variable("visceral")
    assert isinstance(visceral, LevelsVariable)
    assert visceral.level_names == ("no", "yes")
    assert visceral.all_cases[0].when == {"stage": ("III",)}


# ---- extends --------------------------------------------------------------------------------

CHILD = """\
extends: small.yaml
name: child
assessment:
  calendar: [{every: 12 weeks}]
disease:
  death_after_progression: {kind: weibull, scale: 20 months, shape: 1}
  progression:
    responders: {shape: 0.9}
sample_size: {value: 60, source: elicited}
"""


def test_a_child_changes_only_what_it_names(tmp_path: Path) -> None:
    parent = Scenario.from_file(write(tmp_path))
    child = Scenario.from_file(write(tmp_path, CHILD, "child.yaml"))
    assert child.name == "child"
    assert child.title == parent.title
    assert [row.every for row in child.assessment.calendar] == [84]  # a list is replaced whole
    assert child.assessment.window == 7  # a block is merged
    responders = child.disease.progression.responders
    assert isinstance(responders, Weibull)
    assert (responders.shape, responders.scale) == (0.9, 42.6 * 30.4375)
    assert child.disease.death_after_progression.kind == "weibull"  # another kind, another block
    assert child.disease.response == parent.disease.response


def test_a_child_can_say_that_progression_is_the_same_for_everyone(tmp_path: Path) -> None:
    parent = Scenario.from_file(write(tmp_path))
    law = "{kind: weibull, scale: 36.65 months, shape: 1.13}"
    text = (
        "extends: small.yaml\nname: child\ndisease:\n  progression: "
        f"{{responders: null, non_responders: null, everyone: {law}}}\n"
    )
    child = Scenario.from_file(write(tmp_path, text, "child.yaml"))
    assert child.disease.progression.responders is None
    assert child.disease.progression.of_responders == child.disease.progression.of_non_responders
    weibull = {"kind": "weibull", "scale": "36.65 months", "shape": 1.13}
    replaced = parent.with_overrides({"disease.progression": {"everyone": weibull}})
    on_the_command_line = Scenario.from_file(
        write(tmp_path), [f"disease.progression={{everyone: {law}}}"]
    )
    assert child.disease == on_the_command_line.disease == replaced.disease


def test_a_value_keeps_the_source_of_the_file_that_states_it(tmp_path: Path) -> None:
    write(tmp_path)
    child = Scenario.from_file(write(tmp_path, CHILD, "child.yaml"))
    rows = {row.path: row for row in child.register()}
    assert (rows["sample_size"].source, rows["sample_size"].at) == ("elicited", "")
    assert rows["disease.progression.responders.scale"].source == "assumed"
    shape = rows["disease.progression.responders.shape"]
    assert shape.source == "not stated"
    assert (Path(shape.file).name, shape.line) == ("child.yaml", 8)


def test_problems_name_the_file_that_they_are_in(tmp_path: Path) -> None:
    parent = write(tmp_path, GOOD.replace("missed: 0.03", "missed: 1.2"))
    child = write(tmp_path, CHILD.replace("{shape: 0.9}", "{shape: x}"), "child.yaml")
    problems = problems_of(child)
    assert {(p.file, p.key) for p in problems} == {
        (parent, "assessment.missed"),
        (child, "disease.progression.responders.shape"),
    }


def test_chains_circles_and_lost_parents(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, CHILD, "child.yaml")
    grandchild = write(tmp_path, "extends: ./child.yaml\nname: grand\nreplicates: 7\n", "g.yaml")
    assert Scenario.from_file(grandchild).sample_size == 60
    circle = write(tmp_path, "extends: b.yaml\nname: a\n", "a.yaml")
    write(tmp_path, "extends: a.yaml\nname: b\n", "b.yaml")
    (problem,) = problems_of(circle)
    assert "circle" in problem.message
    lost = write(tmp_path, "name: a\nextends: nowhere.yaml\n", "lost.yaml")
    (problem,) = problems_of(lost)
    assert (problem.file, problem.line, problem.column) == (lost, 2, 10)
    assert "no such file" in problem.message
    for wrong in ("7", "[small.yaml]", '""'):
        (problem,) = problems_of(write(tmp_path, f"name: a\nextends: {wrong}\n", "wrong.yaml"))
        assert problem.key == "extends"


def test_a_child_needs_a_name_of_its_own(tmp_path: Path) -> None:
    write(tmp_path)
    (problem,) = problems_of(write(tmp_path, "extends: small.yaml\n", "child.yaml"))
    assert problem.key == "name"


# ---- overrides ------------------------------------------------------------------------------


def test_overrides_reach_any_field(tmp_path: Path) -> None:
    changed = Scenario.from_file(
        write(tmp_path),
        [
            "sample_size=80",
            "seed=7",  # not in the file
            "endpoints.subgroups.Stage.groups={early: III}",  # a block replaces the block
            "baseline.variables.age.mean=40",  # by name
            "baseline.variables.2.levels={IV: 9, III: 1}",  # by id
            "assessment.calendar.1.every=9 weeks",  # by place, where items have no id
            "enrolment.accrual.kind=poisson_gamma",  # clears the old kind's keys
            "enrolment.accrual.rate=0.3 per month",
            "enrolment.accrual.window=24 months",
            "title='A title: with a colon'",
        ],
    )
    assert (changed.sample_size, changed.seed) == (80, 7)
    age, stage = changed.baseline.variables[:2]
    assert isinstance(age, NormalVariable)
    assert age.mean == 40
    assert isinstance(stage, LevelsVariable)
    assert stage.levels == {"III": 1, "IV": 9}
    assert changed.endpoints.subgroups[0].groups == {"early": ("III",)}
    assert [row.every for row in changed.assessment.calendar] == [42, 63]
    assert isinstance(changed.enrolment.accrual, PoissonGammaAccrual)
    assert changed.enrolment.accrual.window == 730.5
    assert changed.title == "A title: with a colon"


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("sample_siz=80", "unknown key. Did you mean sample_size"),
        ("disease.respons.probability=0.3", "Did you mean response"),
        ("disease.response.probabilty=0.3", "Did you mean probability"),
        ("baseline.variables.agee.mean=40", "Did you mean age"),
        ("assessment.calendar.2.every=9 weeks", "allowed: 0 to 1"),
        ("sample_size.value=80", "sample_size is a single value"),
        ("sample_size=eighty", "a whole number is needed (given: eighty)"),
        ("sample_size=[80", "not YAML"),
        ("sample_size=", "a whole number is needed (given: nothing)"),
        ("sample_size={value: 80, source: me}", "unknown kind of source"),
        ("analyses.final.cut.date=2019-01-01", "must come after the first patient"),
    ],
)
def test_wrong_overrides_are_refused(override: str, words: str, tmp_path: Path) -> None:
    (problem,) = problems_of(write(tmp_path), override)
    assert words in str(problem)
    assert problem.file == f"--set {override}"
    assert (problem.line, problem.column) == (None, None)


def test_all_wrong_overrides_are_shown_at_once(tmp_path: Path) -> None:
    problems = problems_of(write(tmp_path), "diseas.x=1", "analyses.finall.id=1")
    assert [problem.key for problem in problems] == ["analyses.finall", "diseas"]


@pytest.mark.parametrize("override", ["sample_size", "", "=3", " =3"])
def test_an_override_needs_a_path_and_an_equals_sign(override: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"path\.to\.field=value"):
        Scenario.from_file(write(tmp_path), [override])


def test_overrides_from_python_leave_the_original_alone(tmp_path: Path) -> None:
    good = Scenario.from_file(write(tmp_path))
    changed = good.with_overrides({"sample_size": 80, "origin": dt.date(2020, 1, 1)})
    assert (good.sample_size, changed.sample_size) == (40, 80)
    assert changed.origin == dt.date(2020, 1, 1)
    assert changed.path == good.path
    back = changed.with_overrides({"sample_size": 40, "origin": good.origin})
    assert back.digest() == good.digest() != changed.digest()
    with pytest.raises(ScenarioError, match="override sample_siz: sample_siz: unknown key"):
        good.with_overrides({"sample_siz": 80})


# ---- sweep ----------------------------------------------------------------------------------


def test_a_variant_is_a_scenario(tmp_path: Path) -> None:
    good = Scenario.from_file(write(tmp_path))
    wide = good.variant("wide")
    assert (wide.name, wide.title, wide.replicates) == ("small_wide", "wide", 100)
    assert wide.assessment.window == 10
    assert wide.sweep == ()
    with pytest.raises(KeyError):
        good.variant("narrow")


# ---- sources --------------------------------------------------------------------------------


def test_the_register_gives_the_nearest_source(tmp_path: Path) -> None:
    text = GOOD.replace(
        "  clinical_progression: {probability: 0.1, delay: [1 day, 14 days]}",
        """\
  clinical_progression:
    source: derived
    at: Table 9
    probability: {value: 0.1, at: Table 10}
    delay: {value: [1 day, 14 days], source: elicited, note: by telephone}""",
    )
    rows = {row.path: row for row in Scenario.from_file(write(tmp_path, text)).register()}
    place = "assessment.clinical_progression"
    probability, delay = rows[f"{place}.probability"], rows[f"{place}.delay"]
    assert (probability.source, probability.at, probability.value) == ("derived", "Table 10", "0.1")
    assert (delay.source, delay.at, delay.note) == ("elicited", "", "by telephone")
    assert delay.value == "[1 day, 14 days]"
    assert rows["sample_size"].source == "reported"
    assert rows["assessment.window"].source == "assumed"  # the whole file's
    assert rows["sample_size"].line == 7
    assert not {"name", "replicates", "analyses.final.id"} & set(rows)


def test_numbers_without_a_source_are_not_stated(tmp_path: Path) -> None:
    text = GOOD.replace("source: assumed\nat: made up for a test\n", "")
    sources = {row.path: row.source for row in Scenario.from_file(write(tmp_path, text)).register()}
    assert sources["sample_size"] == "reported"
    assert {source for path, source in sources.items() if path != "sample_size"} == {"not stated"}


def test_an_overridden_value_is_an_assumption(tmp_path: Path) -> None:
    changed = Scenario.from_file(
        write(tmp_path),
        ["sample_size=80", "replicates=5", "assessment.missed={value: 0.1, source: derived}"],
    )
    rows = {row.path: row for row in changed.register()}
    size = rows["sample_size"]
    assert (size.source, size.at) == ("assumed", "set on the command line")
    assert (size.value, size.file, size.line) == ("80", "--set sample_size=80", None)
    assert rows["assessment.missed"].source == "derived"


def test_a_point_of_a_survival_curve_keeps_its_time(tmp_path: Path) -> None:
    value = "{value: 0.76, source: reported, at: Results}"
    point = f"{{kind: exponential, survival: {{at: 12 months, value: {value}}}}}"
    text = GOOD.replace("{kind: exponential, median: 30 months}", point)
    good = Scenario.from_file(write(tmp_path, text))
    rows = {row.path: row for row in good.register()}
    row = rows["disease.death_after_progression.survival.value"]
    assert (row.value, row.source, row.at) == ("0.76", "reported", "Results")
    assert rows["disease.death_after_progression.survival.at"].value == "12 months"


# ---- digest ---------------------------------------------------------------------------------


def test_the_digest_changes_with_the_trial_and_with_nothing_else(tmp_path: Path) -> None:
    digest = Scenario.from_file(write(tmp_path)).digest()
    assert len(digest) == 64

    def after(old: str, new: str) -> str:
        assert GOOD.count(old) == 1
        return Scenario.from_file(write(tmp_path, GOOD.replace(old, new))).digest()

    for old, new in (
        ("6 weeks, until: 48", "42 days, until: 48"),
        ("title: A small trial", "title: Another title"),
        ("name: small", "name: other"),
        ("replicates: 100", "replicates: 7\nseed: 3"),
        ("source: reported, at: Methods", "source: derived, at: elsewhere"),
        ("id: 1, name: age", "id: 1, label: Age in years, name: age"),
        ("probability: 80%", "probability: 0.8"),
        ("sweep:\n  - {name: wide, set: {assessment.window: 10 days}}\n", "sweep: []\n"),
        (
            "    first: 2020-01-13\n    last: 2021-05-27",
            "    last: 2021-05-27\n    first: 2020-01-13",
        ),
    ):
        assert after(old, new) == digest, new
    for old, new in (
        ("value: 40", "value: 41"),
        ("missed: 0.03", "missed: 0.0300001"),
        ("{III: 5, IV: 52}", "{IV: 52, III: 5}"),  # the order decides which patient gets which
        ("date: 2023-09-15", "date: 2023-09-16"),
        ("dose: 30 mg/kg", "dose: 30 mg"),
    ):
        assert after(old, new) != digest, new


def test_a_scenario_survives_the_way_to_a_worker(tmp_path: Path) -> None:
    good = Scenario.from_file(write(tmp_path))
    copy = pickle.loads(pickle.dumps(good))
    assert copy == good
    assert copy.digest() == good.digest()
    assert copy.register() == good.register()
    assert copy.with_overrides({"sample_size": 50}).sample_size == 50
