"""Every kind of bad scenario: shown at its line and column, in words, all problems at once."""

from pathlib import Path

import pytest
from scenario_example import GOOD, problems_of, spoil, write

from simulate.errors import Problem, ScenarioError
from simulate.scenario import Scenario

# What is replaced, by what (» marks the place to be named), the key, and words of the message.
BAD = {
    "misspelt top key": (
        "sample_size:",
        "»sampel_size:",
        "sampel_size",
        "Did you mean sample_size",
    ),
    "misspelt key": ("missed:", "»mised:", "assessment.mised", "unknown key|Did you mean missed"),
    "unknown key": (
        "  missed:",
        "  »colour: red\n  missed:",
        "assessment.colour",
        "allowed: schedule",
    ),
    "misspelt kind's key": (
        "shape: 1.1}",
        "»shap: 1.1}",
        "disease.progression.responders.shap",
        "Did you mean shape",
    ),
    "misspelt kind": (
        "kind: geometric",
        "kind: »geometrik",
        "disease.response.time.kind",
        "geometrik|Did you mean geometric",
    ),
    "unknown accrual": (
        "kind: power",
        "kind: »linear",
        "enrolment.accrual.kind",
        "linear|power, poisson_gamma",
    ),
    "unknown variable kind": (
        "kind: normal",
        "kind: »nrmal",
        "baseline.variables.age.kind",
        "Did you mean normal",
    ),
    "no kind": ("{kind: geometric, pro", "»{pro", "disease.response.time", "a kind is needed"),
    "kind is a list": (
        "kind: geometric",
        "kind: »[geometric]",
        "disease.response.time.kind",
        "unknown kind",
    ),
    "text for number": ("value: 40,", 'value: »"40",', "sample_size", 'whole number|given: "40"'),
    "fraction of a patient": (
        "value: 40,",
        "value: »40.5,",
        "sample_size",
        "whole number|given: 40.5",
    ),
    "nobody": ("value: 40,", "value: »0,", "sample_size", "at least 1|given: 0"),
    "zero replicates": ("replicates: 100", "replicates: »0", "replicates", "at least 1|given: 0"),
    "yes for number": (
        "exponent: 2",
        "exponent: »true",
        "enrolment.accrual.exponent",
        "number|given: true",
    ),
    "not finite": ("exponent: 2", "exponent: ».inf", "enrolment.accrual.exponent", "finite"),
    "number for text": ("title: A small trial", "title: »7", "title", "text|given: 7|quotes"),
    "date in words": (
        "date: 2023-09-15",
        "date: »15 Sep 2023",
        "analyses.final.cut.date",
        "a date is needed|2020-01-13",
    ),
    "no such date": ("date: 2023-09-15", "date: »2023-02-30", "", "no such date|2023-02-30"),
    "date far away": (
        "date: 2023-09-15",
        "date: »9023-09-15",
        "analyses.final.cut.date",
        "year must lie",
    ),
    "number for duration": (
        "cycle_length: 21 days",
        "cycle_length: »21",
        "treatment.cycle_length",
        "length of time|given: 21|such as 6 weeks",
    ),
    "wrong unit": (
        "9.2 months",
        "»9.2 mnths",
        "disease.progression.non_responders.median",
        "unknown unit of time 'mnths'",
    ),
    "not whole days": (
        "cycle_length: 21 days",
        "cycle_length: »1 month",
        "treatment.cycle_length",
        "30.4375 days|whole number of days",
    ),
    "negative duration": (
        "window: 7 days",
        "window: »-7 days",
        "assessment.window",
        "cannot be negative",
    ),
    "no cycle": (
        "cycle_length: 21 days",
        "cycle_length: »0 days",
        "treatment.cycle_length",
        "more than 0",
    ),
    "duration for rate": (
        "rate: 0.0008 per month",
        "rate: »8 months",
        "disease.death_without_progression.rate",
        "a rate is needed",
    ),
    "negative hazard": (
        "rate: 0.0008 per month",
        "rate: »-0.0008 per month",
        "disease.death_without_progression.rate",
        "cannot be negative|given: -0.0008 per month",
    ),
    "negative hazard ratio": (
        "progression: 1.2",
        "progression: »-1.2",
        "disease.prognostic_factors.0.progression",
        "more than 0 |given: -1.2",
    ),
    "wrong dose": (
        "dose: 30 mg/kg",
        "dose: »30 mgkg",
        "treatment.drugs.A.dose",
        "unknown unit of dose|mg/kg",
    ),
    "probability 1.2": (
        "probability: 0.1,",
        "probability: »1.2,",
        "assessment.clinical_progression.probability",
        "between 0 and 1|given: 1.2",
    ),
    "probability 120%": (
        "probability: 80%",
        "probability: »120%",
        "disease.response.probability",
        "between 0 and 1|given: 120%",
    ),
    "two parameters": (
        "shape: 1.1}",
        "shape: 1.1, »median: 3 months}",
        "disease.progression.responders.median",
        "exactly one|scale, median",
    ),
    "no parameter": (
        "death_after_progression: {kind: exponential, median: 30 months}",
        "»death_after_progression: {kind: exponential}",
        "disease.death_after_progression",
        "exactly one|rate, median, mean, survival",
    ),
    "limits swapped": (
        "low: 0 days, high: 8 months",
        "low: 9 months, »high: 8 months",
        "enrolment.sites.activation.high",
        "later than low",
    ),
    "list too short": (
        "delay: [1 day, 14 days]",
        "»delay: [1 day]",
        "assessment.clinical_progression.delay",
        "at least 2 values",
    ),
    "list too long": (
        "[1 day, 14 days]",
        "»[1 day, 14 days, 15 days]",
        "assessment.clinical_progression.delay",
        "at most 2",
    ),
    "value for block": (
        "activation: {kind: uniform, low: 0 days, high: 8 months}",
        "activation: »8 months",
        "enrolment.sites.activation",
        "block of keys is needed|given: 8 months",
    ),
    "value for list": (
        "landmarks: [6 months, 12 months]",
        "landmarks: »6 months",
        "endpoints.landmarks",
        "list is needed|given: 6 months",
    ),
    "landmarks fall": (
        "landmarks: [6 months, 12 months]",
        "»landmarks: [12 months, 6 months]",
        "endpoints.landmarks",
        "must increase",
    ),
    "landmark zero": (
        "landmarks: [6 months,",
        "landmarks: [»0 days,",
        "endpoints.landmarks.0",
        "more than 0",
    ),
    "confidence 95": (
        "endpoints:\n",
        "endpoints:\n  confidence: »95\n",
        "endpoints.confidence",
        "between 0 and 1",
    ),
    "time zero": (
        "endpoints:\n",
        "endpoints:\n  time_zero: »first_dos\n",
        "endpoints.time_zero",
        "'first_dose'|Did you mean first_dose",
    ),
    "file name": ("name: small", "name: »Small Trial", "name", "lower-case"),
    "cut before first patient": (
        "date: 2023-09-15",
        "»date: 2019-09-15",
        "analyses.final.cut.date",
        "after the first patient|given: 2019-09-15",
    ),
    "cut on first patient": (
        "date: 2023-09-15",
        "»date: 2020-01-13",
        "analyses.final.cut.date",
        "after the first patient",
    ),
    "last before first": (
        "last: 2021-05-27",
        "»last: 2019-05-27",
        "enrolment.accrual.last",
        "before the first",
    ),
    "origin after first": (
        "    first: 2020-01-13",
        "    »first: 2020-01-01",
        "enrolment.accrual.first",
        "before the origin",
    ),
    "window too wide": (
        "window: 7 days",
        "»window: 21 days",
        "assessment.window",
        "overlap|less than half|42 days",
    ),
    "until off the grid": (
        "until: 48 weeks",
        "»until: 50 weeks",
        "assessment.calendar.0.until",
        "whole number of intervals",
    ),
    "until falls": (
        "    - {every: 12 weeks}",
        "    - {every: 6 weeks, »until: 42 weeks}\n    - {every: 12 weeks}",
        "assessment.calendar.1.until",
        "must increase",
    ),
    "until in last row": (
        "{every: 12 weeks}",
        "{every: 12 weeks, »until: 96 weeks}",
        "assessment.calendar.1.until",
        "no until",
    ),
    "until missing": (
        "{every: 6 weeks, until: 48 weeks}",
        "»{every: 6 weeks}",
        "assessment.calendar.0.until",
        "needs an until",
    ),
    "jitter without window": (
        "window: 7 days",
        "»jitter_sd: 3 days",
        "assessment.jitter_sd",
        "window",
    ),
    "when names later": (
        "{when: {stage: III}",
        "{when: {»visceral: III}",
        "baseline.variables.visceral.cases.0.when.visceral",
        "no such baseline variable|allowed: age, stage",
    ),
    "when names unknown level": (
        "{when: {stage: III}",
        "{when: {»stage: IIV}",
        "baseline.variables.visceral.cases.0.when.stage",
        "no such level|Did you mean",
    ),
    "when on a number": (
        "{when: {stage: III}",
        "{when: {»age: 30}",
        "baseline.variables.visceral.cases.0.when.age",
        "is a number",
    ),
    "case takes all": (
        "{when: {stage: III}, levels: {no: 1}}",
        "»{levels: {no: 1}}",
        "baseline.variables.visceral.cases.0",
        "must be the last",
    ),
    "last case has when": (
        "{levels: {yes: 34, no: 18}}",
        "{»when: {stage: IV}, levels: {yes: 34, no: 18}}",
        "baseline.variables.visceral.cases.1.when",
        "last case",
    ),
    "negative weight": (
        "{III: 5,",
        "{III: »-5,",
        "baseline.variables.stage.levels.III",
        "at least 0",
    ),
    "no weight": (
        "levels: {III: 5, IV: 52}",
        "»levels: {III: 0, IV: 0}",
        "baseline.variables.stage.levels",
        "all 0",
    ),
    "reserved name": (
        "name: visceral",
        "»name: at",
        "baseline.variables.at.name",
        "kept for sources",
    ),
    "id taken": ("- id: 3", "- »id: 2", "baseline.variables.visceral.id", "taken already"),
    "drug id taken": (
        "{id: 2, name: B,",
        "{»id: 1, name: B,",
        "treatment.drugs.B.id",
        "taken already",
    ),
    "unknown factor": (
        "{variable: stage, level",
        "{»variable: stge, level",
        "disease.prognostic_factors.0.variable",
        "Did you mean stage",
    ),
    "unknown factor level": (
        "level: IV,",
        "»level: V,",
        "disease.prognostic_factors.0.level",
        "stage has no such level|allowed: III, IV",
    ),
    "unknown subgroup": (
        "{name: Stage, variable: stage",
        "{name: Stage, »variable: stag",
        "endpoints.subgroups.Stage.variable",
        "Did you mean stage",
    ),
    "unknown group level": (
        "early: [III]",
        "»early: [II]",
        "endpoints.subgroups.Stage.groups.early",
        "no such level",
    ),
    "level in two groups": (
        "late: [IV]",
        "»late: [III]",
        "endpoints.subgroups.Stage.groups.late",
        "two groups",
    ),
    "unknown source": (
        "source: reported",
        "source: »reportd",
        "sample_size.source",
        "Did you mean reported",
    ),
    "misspelt source": (
        "source: reported",
        "»sorce: reported",
        "sample_size.sorce",
        "Did you mean source",
    ),
    "source is a number": (
        "at: Methods}",
        "at: »2.1}",
        "sample_size.at",
        "text is needed|given: 2.1",
    ),
    "variant of nothing": (
        "{assessment.window: 10 days}",
        "{assessment.windw: »10 days}",
        "assessment.windw",
        "in the variant wide|Did you mean window",
    ),
    "variant breaks a rule": (
        "{assessment.window: 10 days}",
        "{assessment.window: »30 days}",
        "assessment.window",
        "in the variant wide|overlap",
    ),
    "variant sets its name": (
        "{assessment.window: 10 days}",
        "{»name: other}",
        "name",
        "cannot set name",
    ),
    "no facts": (
        "replicates: 100",
        "»facts: nowhere.yaml\nreplicates: 100",
        "facts",
        "no such file|nowhere.yaml",
    ),
    "duplicate key": (
        "replicates: 100",
        "replicates: 100\n»replicates: 200",
        "replicates",
        "given twice|line 8",
    ),
    "merge key": ("replicates: 100", "»<<: {replicates: 100}", "", "merge keys"),
    "tag": ("replicates: 100", "replicates: »!!int 100", "", "tags"),
    "unknown anchor": ("replicates: 100", "replicates: »*n", "", "anchor"),
    "second document": ("sweep:\n", "»---\nsweep:\n", "", "second document"),
    "tab": ("  missed: 0.03", "»\tmissed: 0.03", "", "not YAML|spaces"),
}


@pytest.mark.parametrize("case", BAD)
def test_each_mistake_is_shown_at_its_place(case: str, tmp_path: Path) -> None:
    old, new, key, words = BAD[case]
    text, line, column = spoil(old, new)
    path = write(tmp_path, text)
    problems = problems_of(path)
    assert len(problems) == 1, problems
    problem = problems[0]
    assert (problem.file, problem.line, problem.column) == (path, line, column)
    assert problem.key == key
    for word in words.split("|"):
        assert word in str(problem)
    assert str(problem).startswith(f"{path}:{line}:{column}: ")


def test_the_example_itself_is_good(tmp_path: Path) -> None:
    assert Scenario.from_file(write(tmp_path)).sample_size == 40


def test_a_missing_key_is_shown_at_its_block(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("  baseline_window: 21 days\n", ""))
    (problem,) = problems_of(path)
    line = GOOD[: GOOD.index("assessment:")].count("\n") + 1
    assert (problem.line, problem.column) == (line, 1)
    assert problem.key == "assessment.baseline_window"
    assert "needed and is not there" in problem.message


def test_swapped_days_are_shown_at_their_key(tmp_path: Path) -> None:
    text, line, column = spoil("days: [1 day, 20 days]", "»days: [20 days, 1 day]")
    (problem,) = problems_of(write(tmp_path, text))
    assert (problem.line, problem.column) == (line, column)
    assert "must not be after" in problem.message
    assert "[20 days, 1 day]" in problem.message


def test_levels_beside_cases_are_refused(tmp_path: Path) -> None:
    text, line, column = spoil(
        "      name: visceral\n      cases:",
        "      name: visceral\n      levels: {yes: 1}\n      »cases:",
    )
    (problem,) = problems_of(write(tmp_path, text))
    assert (problem.line, problem.column) == (line, column)
    assert "levels, cases" in problem.message


def test_all_problems_are_shown_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = GOOD
    for old, new in (
        ("replicates: 100", "replicates: 0"),
        ("last: 2021-05-27", "last: 2019-05-27"),  # a rule between fields
        ("missed: 0.03", "mised: 0.03"),
        ("date: 2023-09-15", "date: 2019-09-15"),  # another rule
        ("early: [III]", "early: [II]"),  # a rule between blocks
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    with pytest.raises(ScenarioError) as caught:
        Scenario.from_file(write(tmp_path, text))
    keys = [problem.key for problem in caught.value.problems]
    assert keys == [
        "replicates",
        "enrolment.accrual.last",
        "assessment.mised",
        "analyses.final.cut.date",
        "endpoints.subgroups.Stage.groups.early",
    ]
    assert str(caught.value).endswith("\n5 problems; nothing was run")


def test_a_rule_is_not_asked_of_a_block_that_is_wrong_by_itself(tmp_path: Path) -> None:
    text = GOOD.replace("window: 7 days", "window: 21 days").replace("missed: 0.03", "missed: x")
    (problem,) = problems_of(write(tmp_path, text))
    assert problem.key == "assessment.missed"


def test_names_of_variants_of_a_distribution_are_not_in_key_paths(tmp_path: Path) -> None:
    text = GOOD.replace(
        "responders: {kind: weibull, scale: 42.6 months, shape: 1.1}",
        "responders: {kind: cure, cured: 0.3, others: {kind: weibull, scale: 1 month, shape: -1}}",
        1,
    )
    (problem,) = problems_of(write(tmp_path, text))
    assert problem.key == "disease.progression.responders.others.shape"


def test_progression_has_one_of_two_forms(tmp_path: Path) -> None:
    law = "    everyone: {kind: exponential, mean: 3 years}\n"
    text = GOOD.replace("  progression:\n", f"  progression:\n{law}", 1)
    (problem,) = problems_of(write(tmp_path, text))
    assert problem.key == "disease.progression.everyone"
    assert problem.line == text[: text.index(law)].count("\n") + 1
    assert "everyone alone, or responders and non_responders" in problem.message
    assert "responders: null" in problem.hint


def test_a_form_of_progression_that_is_not_whole_names_the_missing_key(tmp_path: Path) -> None:
    lines = [line for line in GOOD.splitlines() if "    non_responders:" not in line]
    (problem,) = problems_of(write(tmp_path, "\n".join(lines)))
    assert problem.key == "disease.progression.non_responders"
    assert problem.line == next(i for i, text in enumerate(lines, 1) if "  progression:" in text)
    assert "everyone instead of both" in problem.hint


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"# only a comment\n", "is empty"),
        (b"---\n", "is empty"),
        (b"- 1\n- 2\n", "block of keys"),
        (b"just words\n", "block of keys"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"a: [1, 2\n", "not YAML"),
        (b"a: b: c\n", "not YAML"),
        (b"a: \x07\n", "U+0007"),
        (b'a: "\\0"\n', "U+0000"),
        (b'a: "\\ud800"\n', "U+D800"),
        (b"a: " + b"[" * 200 + b"]" * 200, "levels deep"),
        (b"a: " + b"9" * 5000, "digits at most"),
        (b"? [a]\n: 1\n", "key must be a plain text"),
        (b"#" * 1_000_001, "larger than"),
        (b"a: &a [*a]\n", "anchor"),
    ],
)
def test_files_that_are_no_scenario(content: bytes, words: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_bytes(content)
    (problem,) = problems_of(str(file))
    assert words in problem.message
    assert problem.file == str(file)


def test_a_bomb_of_aliases_is_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for level in range(1, 12):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]")
    (problem,) = problems_of(write(tmp_path, "\n".join(lines)))
    assert "aliases unfolded" in problem.message


def test_a_missing_file_and_a_directory(tmp_path: Path) -> None:
    (problem,) = problems_of(str(tmp_path / "none.yaml"))
    assert "no such file" in problem.message
    (problem,) = problems_of(str(tmp_path))
    assert "directory" in problem.message
    (problem,) = problems_of(str(tmp_path / "a\0b.yaml"))
    assert "cannot be read" in problem.message


def test_an_error_survives_the_way_from_a_worker() -> None:
    import pickle

    error = ScenarioError([Problem("a.yaml", 3, 1, "name", "is wrong", "Mend it")])
    copy = pickle.loads(pickle.dumps(error))
    assert copy.problems == error.problems
    assert str(copy) == "a.yaml:3:1: name: is wrong. Mend it\n1 problem; nothing was run"
