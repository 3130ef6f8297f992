"""Every kind of bad randomised trial: shown at its line and column, in words, all at once."""

from pathlib import Path

import pytest
from scenario_example import GOOD, problems_of, spoil, write
from survival_example import SURVIVAL_GOOD, shown_at_its_place

from simulate.errors import ScenarioError
from simulate.scenario import SurvivalScenario, read_scenario

ALL_TIMES = "progression, death_without_progression, death_after_progression"

# What is replaced, by what (» marks the place to be named), the key, and words of the message.
BAD = {
    # ---- keys and kinds
    "misspelt survival": ("survival:\n", "»survial:\n", "survial", "Did you mean survival"),
    "misspelt top key": ("hypotheses:", "»hypothesis:", "hypothesis", "Did you mean hypotheses"),
    "key of the other kind": (
        "replicates: 100",
        "»follow_ups: {}\nreplicates: 100",
        "follow_ups",
        "unknown key|allowed: name, title",
    ),
    "both kinds": (
        "survival:\n",
        "disease: {}\nfollow_up: {}\n»survival:\n",
        "survival",
        "not both|given beside it: disease, follow_up|Leave out survival, or disease, follow_up",
    ),
    "unknown model": (
        "kind: illness_death",
        "kind: »illness_deth",
        "survival.kind",
        "allowed: single, illness_death, copula|Did you mean illness_death",
    ),
    "misspelt time": (
        "  death_without_progression: {",
        "  »death_before_progression: {",
        "survival.death_before_progression",
        "Did you mean death_without_progression",
    ),
    "misspelt parameter": (
        "{kind: exponential, median: 12 months}",
        "{kind: exponential, »medain: 12 months}",
        "survival.progression.medain",
        "Did you mean median",
    ),
    "misspelt parameter in a mixture": (
        "others: {kind: exponential, median",
        "others: {kind: exponential, »medain",
        "survival.death_after_progression.others.medain",
        "Did you mean median",
    ),
    "misspelt family": (
        "kind: weibull",
        "kind: »weibul",
        "survival.death_without_progression.kind",
        "allowed: exponential, weibull|Did you mean weibull",
    ),
    "misspelt key of an arm's dropout": (
        "rate: 0.08 per year",
        "»rte: 0.08 per year",
        "survival.dropout_by_arm.experimental.rte",
        "Did you mean rate",
    ),
    "unknown key of an arm's dropout": (
        "rate: 0.08 per year",
        "rate: 0.08 per year, »colour: red",
        "survival.dropout_by_arm.experimental.colour",
        "allowed: kind, rate, median, mean, survival",
    ),
    "misspelt kind of effect": (
        "kind: delayed",
        "kind: »delaid",
        "survival.effects.0.kind",
        "allowed: proportional, delayed|Did you mean delayed",
    ),
    "no kind of effect": (
        "{kind: delayed, arm",
        "»{arm",
        "survival.effects.0",
        "a kind is needed|allowed: proportional, delayed, diminishing, piecewise, distribution",
    ),
    "misspelt key of an effect": (
        "delay: 3 months",
        "»dealy: 3 months",
        "survival.effects.0.dealy",
        "Did you mean delay",
    ),
    "misspelt spending": (
        "kind: kim_demets",
        "kind: »kim_demet",
        "hypotheses.os.efficacy.kind",
        "obrien_fleming, pocock, hwang_shih_decani|Did you mean kim_demets",
    ),
    "spending as a word": (
        "efficacy: {kind: kim_demets, rho: 3}",
        "efficacy: »kim_demets",
        "hypotheses.os.efficacy",
        "block of keys is needed|given: kim_demets",
    ),
    "misspelt trigger": (
        "events: {endpoint: PFS, count: 150}",
        "»event: {endpoint: PFS, count: 150}",
        "analyses.interim.cut.event",
        "Did you mean events",
    ),
    "misspelt trigger among several": (
        "{date: 2029-01-01}",
        "{»dat: 2029-01-01}",
        "analyses.survival.cut.all.1.dat",
        "Did you mean date",
    ),
    "two triggers in one": (
        "cut: {events: {endpoint: PFS, count: 150}}",
        "cut: {events: {endpoint: PFS, count: 150}, »follow_up: 52 weeks}",
        "analyses.interim.cut.follow_up",
        "exactly one|events, follow_up",
    ),
    "no trigger": (
        "cut: {events: {endpoint: PFS, count: 150}}",
        "»cut: {}",
        "analyses.interim.cut",
        "exactly one|date, events, enrolled, follow_up, all, any",
    ),
    # ---- who comes
    "region twice": (
        "{id: 2, name: west",
        "{id: 2, »name: east",
        "enrolment.regions.east.name",
        "this name is taken already|given: east",
    ),
    "region's number twice": (
        "{id: 2, name: west",
        "{»id: 1, name: west",
        "enrolment.regions.west.id",
        "this id is taken already|given: 1",
    ),
    "caps too small": (
        "  regions:\n    - id: 1\n      name: east\n      cap: 300",
        "  »regions:\n    - id: 1\n      name: east\n      cap: 100",
        "enrolment.regions",
        "fewer patients than the trial needs|given: 300|sample_size: 400",
    ),
    "regions and accrual": (
        "  regions:\n",
        "  accrual: [{from: 0 days, rate: 1 per day}]\n  »regions:\n",
        "enrolment.regions",
        "exactly one|accrual, regions",
    ),
    "first row late": (
        "cap: 200, accrual: [{from: 0 months",
        "cap: 200, »accrual: [{from: 1 month",
        "enrolment.regions.west.accrual",
        "must start at 0 days",
    ),
    "rows fall": (
        "      accrual:\n        - {from: 0 months, rate: 9 per month, to_rate: 20 per month}\n"
        "        - {from: 6 months",
        "      »accrual:\n        - {from: 0 months, rate: 9 per month, to_rate: 20 per month}\n"
        "        - {from: 0 months",
        "enrolment.regions.east.accrual",
        "must increase",
    ),
    "ramp without end": (
        "accrual: [{from: 0 months, rate: 8 per month}]",
        "»accrual: [{from: 0 months, rate: 8 per month, to_rate: 9 per month}]",
        "enrolment.regions.west.accrual",
        "goes on for good",
    ),
    "nobody comes": (
        "accrual: [{from: 0 months, rate: 8 per month}]",
        "»accrual: [{from: 0 months, rate: 0 per month}]",
        "enrolment.regions.west.accrual",
        "nobody ever comes",
    ),
    # ---- who gets what
    "arm twice": (
        "name: experimental, allocation",
        "»name: control, allocation",
        "arms.control.name",
        "this name is taken already|given: control",
    ),
    "allocation of nobody": (
        "allocation: 2",
        "allocation: »0",
        "arms.experimental.allocation",
        "at least 1|given: 0",
    ),
    "allocation does not divide the block": (
        "block_sizes: [3, 6]",
        "block_sizes: [3, »4]",
        "randomisation.block_sizes.1",
        "does not divide the block|given: 4; allocation: 1 + 2|multiple of 3, such as 3",
    ),
    "block shorter than a round": (
        "block_sizes: [3, 6]",
        "block_sizes: [»2, 6]",
        "randomisation.block_sizes.0",
        "does not divide the block|multiple of 3, such as 3",
    ),
    "round longer than any block": (
        "arms:\n  - {id: 1, name: control, allocation: 1}\n"
        "  - {id: 2, name: experimental, allocation: 2}",
        "»arms:\n  - {id: 1, name: control, allocation: 31}\n"
        "  - {id: 2, name: experimental, allocation: 30}",
        "arms",
        "given: 31 + 30 = 61; allowed: 60|smaller numbers",
    ),
    "block too long": (
        "block_sizes: [3, 6]",
        "block_sizes: [3, »63]",
        "randomisation.block_sizes.1",
        "at most 60",
    ),
    "unknown method": (
        "  block_sizes:",
        "  method: »block\n  block_sizes:",
        "randomisation.method",
        "'blocks', 'minimisation' or 'simple'|Did you mean blocks",
    ),
    "minimisation without its method": (
        "  block_sizes:",
        "  »minimisation: {probability: 0.9}\n  block_sizes:",
        "randomisation.minimisation",
        "says nothing with method blocks|method: minimisation",
    ),
    "unknown stratum": (
        "strata: [visceral]",
        "strata: [»viseral]",
        "randomisation.strata.0",
        "no such baseline variable|allowed: age, stage, visceral|Did you mean visceral",
    ),
    "number as stratum": (
        "strata: [visceral]",
        "strata: [visceral, »age]",
        "randomisation.strata.1",
        "is a number and has no levels",
    ),
    "stratum twice": (
        "strata: [visceral]",
        "strata: [visceral, »visceral]",
        "randomisation.strata.1",
        "in this list already|given: visceral",
    ),
    "empty stratum": (
        "levels: {yes: 60, no: 40}}\n\narms",
        "levels: {yes: 60, no: 0}}\n\narms",
        "randomisation.strata.0",
        "the stratum visceral = no is empty|Give the level a weight",
    ),
    "test without strata": (
        "  strata: [visceral]",
        "",
        "hypotheses.pfs.test",
        "needs strata|randomisation.strata, or use log_rank",
    ),
    # ---- what happens to them
    "unknown arm of an effect": (
        "{kind: delayed, arm: experimental",
        "{kind: delayed, »arm: experimentel",
        "survival.effects.0.arm",
        "no such arm|allowed: control, experimental|Did you mean experimental",
    ),
    "unknown arm of a dropout": (
        "    experimental: {kind",
        "    »exprimental: {kind",
        "survival.dropout_by_arm.exprimental",
        "no such arm|Did you mean experimental",
    ),
    "unknown transition": (
        "on: progression,",
        "»on: progresion,",
        "survival.effects.0.on",
        f"the model illness_death has no such time|allowed: {ALL_TIMES}|Did you mean progression",
    ),
    "transition of another model": (
        "on: progression,",
        "»on: event,",
        "survival.effects.0.on",
        f"given: event; allowed: {ALL_TIMES}",
    ),
    "transition that is a number": ("on: progression,", "on: »7,", "survival.effects.0.on", "text"),
    "unknown transition of a factor": (
        "hazard_ratios: {progression: 1.3}",
        "hazard_ratios: {»death: 1.3}",
        "survival.prognostic_factors.0.hazard_ratios.death",
        f"no such time|allowed: {ALL_TIMES}",
    ),
    "negative hazard ratio of a factor": (
        "hazard_ratios: {progression: 1.3}",
        "hazard_ratios: {progression: »-1.3}",
        "survival.prognostic_factors.0.hazard_ratios.progression",
        "more than 0 |given: -1.3",
    ),
    "unknown variable of a factor": (
        "{variable: visceral,",
        "{»variable: viscera,",
        "survival.prognostic_factors.0.variable",
        "Did you mean visceral",
    ),
    "unknown level of a factor": (
        "level: yes,",
        "»level: yess,",
        "survival.prognostic_factors.0.level",
        "no such level|allowed: yes, no|Did you mean yes",
    ),
    "factor twice": (
        "    - {variable: visceral, level: yes, hazard_ratios: {progression: 1.3}}",
        "    - {variable: visceral, level: yes, hazard_ratios: {progression: 1.3}}\n"
        "    - {variable: visceral, »level: yes, hazard_ratios: {progression: 1.1}}",
        "survival.prognostic_factors.1.level",
        "a prognostic factor already",
    ),
    "unknown variable of an effect": (
        "when: {stage: IV}",
        "when: {»stag: IV}",
        "survival.effects.1.when.stag",
        "no such baseline variable|Did you mean stage",
    ),
    "unknown level of an effect": (
        "when: {stage: IV}",
        "when: {»stage: VI}",
        "survival.effects.1.when.stage",
        "no such level|allowed: III, IV",
    ),
    "starts and ratios": (
        "from: [0 days, 6 months]",
        "»from: [0 days]",
        "survival.effects.1.from",
        "as many starts as hazard ratios|given: 1 and 2",
    ),
    "effect ends before it fades": (
        "until: 24 months",
        "»until: 5 months",
        "survival.effects.2.until",
        "must end after it begins to fade",
    ),
    "delay of nothing": (
        "delay: 3 months",
        "delay: »0 months",
        "survival.effects.0.delay",
        "more than 0",
    ),
    "scans without calendar": (
        "  observation: scans\n"
        "  calendar: [{every: 6 weeks, until: 48 weeks}, {every: 12 weeks}]\n",
        "  »observation: scans\n",
        "survival.observation",
        "needs a calendar",
    ),
    "calendar without scans": (
        "  observation: scans\n  calendar:",
        "  observation: exact\n  »calendar:",
        "survival.calendar",
        "says nothing where observation is exact|Write observation: scans",
    ),
    "calendar falls": (
        "until: 48 weeks}, {every: 12 weeks}",
        "until: 48 weeks}, {every: 6 weeks, »until: 42 weeks}, {every: 12 weeks}",
        "survival.calendar.1.until",
        "must increase",
    ),
    "study without end": (
        "max_study_duration: 72 months",
        "max_study_duration: »72 centuries",
        "max_study_duration",
        "unknown unit of time",
    ),
    "study of generations": (
        "max_study_duration: 72 months",
        "max_study_duration: »150 years",
        "max_study_duration",
        "at most 36525",
    ),
    # ---- sources and variants
    "unknown source of a named value": (
        "progression: 1.3}",
        "progression: {value: 1.3, source: »reportd}}",
        "survival.prognostic_factors.0.hazard_ratios.progression.source",
        "Did you mean reported",
    ),
    "variant breaks a rule": (
        "{sample_size: 500}",
        "{sample_size: »0}",
        "sample_size",
        "in the variant larger|at least 1",
    ),
    "variant of nothing": (
        "{sample_size: 500}",
        "{survival.effects.3.delay: »1 month}",
        "survival.effects.3",
        "in the variant larger|no item '3'|allowed: 0 to 2",
    ),
}

# Problems that are shown at another place than the one that is changed.
ELSEWHERE = {
    "empty stratum": ("strata: [visceral]", "strata: [»visceral]"),
    "test without strata": ("test: stratified_log_rank", "»test: stratified_log_rank"),
}


@pytest.mark.parametrize("case", BAD)
def test_each_mistake_is_shown_at_its_place(case: str, tmp_path: Path) -> None:
    shown_at_its_place(BAD[case], ELSEWHERE.get(case), tmp_path)


def test_the_example_itself_is_good(tmp_path: Path) -> None:
    scenario = read_scenario(write(tmp_path, SURVIVAL_GOOD))
    assert isinstance(scenario, SurvivalScenario)
    assert scenario.endpoint_names == ("PFS", "OS")


def test_all_problems_are_shown_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = SURVIVAL_GOOD
    for old, new in (
        ("replicates: 100", "replicates: 0"),
        ("cap: 300", "cap: 100"),  # a rule between blocks
        ("block_sizes: [3, 6]", "block_sizes: [4, 5]"),  # two problems of another
        ("arm: experimental, on: progression", "arm: exprimental, on: progresion"),
        ("endpoint: PFS, count: 250", "endpoint: PFS, count: 140"),
        ("alpha: 0.005", "alfa: 0.005"),  # wrong by itself
        ("rmst: 24 months", "rmst: 100 months"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    with pytest.raises(ScenarioError) as caught:
        read_scenario(write(tmp_path, text))
    keys = [problem.key for problem in caught.value.problems]
    assert keys == [
        "replicates",
        "enrolment.regions",
        "randomisation.block_sizes.0",
        "randomisation.block_sizes.1",
        "survival.effects.0.arm",
        "survival.effects.0.on",
        "analyses.final.cut.events.count",
        "hypotheses.os.alfa",
        "estimates.rmst",
    ]
    assert str(caught.value).endswith("\n9 problems; nothing was run")


def test_a_rule_is_not_asked_of_a_block_that_is_wrong_by_itself(tmp_path: Path) -> None:
    text = SURVIVAL_GOOD.replace("count: 250", "count: 401").replace("cut: {all", "cut: {al")
    text = text.replace("count: 150", "count: none")
    (problem,) = problems_of(write(tmp_path, text))
    assert problem.key == "analyses.interim.cut.events.count"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("survival", "needed and is not there"),
        ("arms", "needed and is not there"),
        ("max_study_duration", "needed and is not there"),
        ("analyses", "needed and is not there"),
    ],
)
def test_a_missing_block_is_the_only_problem(key: str, words: str, tmp_path: Path) -> None:
    blocks = SURVIVAL_GOOD.split("\n\n")
    kept = [block for block in blocks if not block.startswith(f"{key}:")]
    assert len(kept) == len(blocks) - 1
    (problem,) = problems_of(write(tmp_path, "\n\n".join(kept)))
    assert (problem.key, problem.line, problem.column) == (key, 1, 1)
    assert words in problem.message


def test_a_survival_block_beside_patients_is_refused(tmp_path: Path) -> None:
    text, line, column = spoil("sweep:\n", "»survival: {kind: single}\nsweep:\n", GOOD)
    (problem,) = problems_of(write(tmp_path, text))
    assert (problem.line, problem.column) == (line, column)
    assert "given beside it: disease, treatment, assessment, follow_up" in problem.message


def _model(kind: str, times: str, **more: str) -> str:
    """The example with another model, without what only its own model has."""
    start, end = SURVIVAL_GOOD.index("survival:\n"), SURVIVAL_GOOD.index("max_study_duration")
    lines = [f"survival:\n  kind: {kind}", *times.splitlines()]
    lines += [f"{key}: {value}" for key, value in more.items()]
    return SURVIVAL_GOOD[:start] + "\n  ".join(lines) + "\n\n" + SURVIVAL_GOOD[end:]


def test_a_single_model_gives_one_endpoint(tmp_path: Path) -> None:
    text = _model("single", "event: {kind: exponential, median: 12 months}", endpoint="PFS")
    problems = problems_of(write(tmp_path, text))
    assert [problem.key for problem in problems] == [
        "analyses.survival.cut.all.0.events.endpoint",
        "hypotheses.os.endpoint",
    ]
    assert all("given: OS; allowed: PFS" in problem.message for problem in problems)


def test_death_is_not_scanned(tmp_path: Path) -> None:
    text = _model(
        "single",
        "event: {kind: exponential, median: 12 months}",
        endpoint="OS",
        observation="scans",
        calendar="[{every: 6 weeks}]",
    )
    problems = problems_of(write(tmp_path, text))
    assert [problem.key for problem in problems] == ["survival.observation"]
    assert "death is known without scans" in problems[0].message


@pytest.mark.parametrize(("correlation", "good"), [("0.5", True), ("1", False), ("-1", False)])
def test_a_copula_needs_a_correlation_inside_its_limits(
    correlation: str, good: bool, tmp_path: Path
) -> None:
    times = (
        "progression: {kind: exponential, median: 12 months}\n"
        "death: {kind: exponential, median: 30 months}"
    )
    path = write(tmp_path, _model("copula", times, correlation=correlation))
    if good:
        assert read_scenario(path).name == "planned"
        return
    (problem,) = problems_of(path)
    assert problem.key == "survival.correlation"


LAW = (
    "{kind: distribution, arm: experimental, on: progression, "
    "time: {kind: exponential, median: 15 months}"
)


@pytest.mark.parametrize(
    ("first", "second", "good"),
    [
        ("", "", False),
        (", when: {stage: III}", "", False),
        (", when: {stage: III}", ", when: {visceral: yes}", False),
        (", when: {stage: III}", ", when: {stage: [III, IV]}", False),
        (", when: {stage: III}", ", when: {stage: IV}", True),
    ],
)
def test_nobody_has_two_distributions_for_one_time(
    first: str, second: str, good: bool, tmp_path: Path
) -> None:
    effects = f"effects:\n    - {LAW}{first}}}\n    - {LAW}{second}}}\n"
    path = write(tmp_path, SURVIVAL_GOOD.replace("effects:\n", effects, 1))
    if good:
        assert read_scenario(path).name == "planned"
        return
    (problem,) = problems_of(path)
    assert problem.key == "survival.effects.1"
    assert "have a distribution for progression already" in problem.message


def test_a_single_arm_has_no_effects(tmp_path: Path) -> None:
    text = SURVIVAL_GOOD.replace("  - {id: 1, name: control, allocation: 1}\n", "")
    keys = {problem.key for problem in problems_of(write(tmp_path, text))}
    assert keys == {
        "randomisation.block_sizes.0",
        "survival.effects",
        "hypotheses.pfs.control",
        "hypotheses.os.control",
    }


def test_too_many_combinations_of_levels_are_refused(tmp_path: Path) -> None:
    levels = ", ".join(f"l{i}: 1" for i in range(60))
    text = SURVIVAL_GOOD.replace("levels: {III: 3, IV: 7}", f"levels: {{{levels}}}")
    text = text.replace("when: {stage: IV}", "when: {stage: l1}")
    text = text.replace("levels: {yes: 60, no: 40}", "levels: {yes: 1, no: 1, x: 1, y: 1, z: 1}")
    (problem,) = problems_of(write(tmp_path, text))
    assert problem.key == "randomisation.strata"
    assert "given: 300; allowed: 256" in problem.message
