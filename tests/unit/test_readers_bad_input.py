"""Readers, rule sets and endpoints that cannot be: refused at their line, with what to do."""

from pathlib import Path

import pytest
from scenario_example import problems_of, write
from survival_example import SURVIVAL_GOOD

from simulate.scenario import SurvivalScenario, read_scenario

CALENDAR = "  calendar: [{every: 6 weeks, until: 48 weeks}, {every: 12 weeks}]\n"
READ = (
    CALENDAR
    + """\
  readers:
    - {id: 1, name: investigator, missed: 0.05, early: 0.01}
    - {id: 2, name: central, missed: 0.08, early: 0.004, by_arm: {control: {missed: 0, early: 0}}}
  treating_reader: investigator
  visits: {missed: 0.03}
  new_therapy:
    time: {kind: exponential, rate: 0.02 per year}
    after_progression: {probability: 0.7, delay: 4 weeks}
  switching: [{arm: control, probability: 0.4, delay: 2 months, hazard_ratio: 0.7}]
  calendar_by_arm: {control: [{every: 9 weeks}]}

rule_sets:
  - {name: strict, missed_visits: 1, new_therapy: censor, death_window: 84 days}

endpoints:
  - {id: 1, name: PFS, of: PFS, reader: central, rules: fda}
  - {id: 2, name: PFS_INV, of: PFS, reader: investigator, rules: strict}
  - {id: 3, name: OS, of: OS}
  - {id: 4, name: PFS_LATENT, of: PFS, reader: latent}
"""
)
GOOD = SURVIVAL_GOOD.replace(CALENDAR, READ).replace(
    "{endpoint: PFS, count: 150}", "{endpoint: PFS, count: 150, adjudication_lag: 30 days}"
)

# What is replaced, by what (» marks the place to be named), the key, and words of the message.
BAD = {
    "unknown reader": (
        "reader: central, rules: fda",
        "»reader: centrl, rules: fda",
        "endpoints.PFS.reader",
        "no such reader|allowed: investigator, central|Did you mean central",
    ),
    "unknown rule set": (
        "rules: strict",
        "»rules: strickt",
        "endpoints.PFS_INV.rules",
        "no such rule set|allowed: ema, fda, strict|Did you mean strict",
    ),
    "reader of deaths": (
        "{id: 3, name: OS, of: OS}",
        "{id: 3, name: OS, of: OS, »reader: central}",
        "endpoints.OS.reader",
        "known without scans|Leave out reader",
    ),
    "rules for deaths": (
        "{id: 3, name: OS, of: OS}",
        "{id: 3, name: OS, of: OS, »rules: fda}",
        "endpoints.OS.rules",
        "known without scans|Leave out rules",
    ),
    "rules for what is latent": (
        "reader: latent}",
        "reader: latent, »rules: fda}",
        "endpoints.PFS_LATENT.rules",
        "rules says nothing|Leave out rules",
    ),
    "reader without a discordance model": (
        "- {id: 1, name: investigator, missed: 0.05, early: 0.01}",
        "- »{id: 1, name: investigator, missed: 0.05}",
        "survival.readers.investigator",
        "discordance model|early is not given|0 is a reader who never errs so",
    ),
    "reader without anything": (
        "- {id: 1, name: investigator, missed: 0.05, early: 0.01}",
        "- »{id: 1, name: investigator}",
        "survival.readers.investigator",
        "missed and early are not given|Give missed and early, probabilities at each scan",
    ),
    "reader who is the truth": (
        "  treating_reader: investigator\n",
        "    - {id: 3, »name: latent, missed: 0, early: 0}\n  treating_reader: investigator\n",
        "survival.readers.latent.name",
        "every scenario has a reader latent|another name",
    ),
    "reader in an arm that is none": (
        "by_arm: {control: {missed",
        "by_arm: {»contrl: {missed",
        "survival.readers.central.by_arm.contrl",
        "no such arm|Did you mean control",
    ),
    "reader who is always wrong": (
        "missed: 0.05, early: 0.01",
        "missed: »1, early: 0.01",
        "survival.readers.investigator.missed",
        "less than 1",
    ),
    "treating reader who is none": (
        "  treating_reader: investigator",
        "  »treating_reader: nobody",
        "survival.treating_reader",
        "no such reader|allowed: investigator, central",
    ),
    "rule set of a built-in name": (
        "  - {name: strict,",
        "  - {»name: ema}\n  - {name: strict,",
        "rule_sets.ema.name",
        "every scenario has a rule set ema",
    ),
    "more scans missed than there are": (
        "missed_visits: 1, new",
        "»missed_visits: 100, new",
        "rule_sets.strict.missed_visits",
        "contradicts the calendar|given: missed_visits 100; the arm experimental has 30|of 1 to 30",
    ),
    "death window shorter than the time between scans": (
        "death_window: 84 days",
        "»death_window: 83 days",
        "rule_sets.strict.death_window",
        "contradicts the calendar|given: 83 days|experimental has up to 84 days|at least 84 days",
    ),
    "rule set that says nothing": (
        "  - {name: strict,",
        "  - »{name: policy, new_therapy: ignore}\n  - {name: strict,",
        "rule_sets.policy",
        "censors nothing, which is the rule set ema|Give missed_visits",
    ),
    "grid finer than the calendar": (
        "reader: central, rules: fda}",
        "reader: central, rules: fda, »grid: [{every: 3 weeks}]}",
        "endpoints.PFS.grid",
        "finer than the calendar|control has no scan after day 0 and up to day 21"
        "|All arms are scanned on days 126, 252, 504, 756",
    ),
    "grid that is not of all arms": (
        "reader: central, rules: fda}",
        "reader: central, rules: fda, »grid: [{every: 12 weeks}]}",
        "endpoints.PFS.grid",
        "not all arms are scanned|the arm control has no scan on day 84|scanned on days 126, 252",
    ),
    "grid that begins after the trial": (
        "reader: central, rules: fda}",
        "reader: central, rules: fda, grid: [{»every: 2000 weeks}]}",
        "endpoints.PFS.grid.0.every",
        "no event would ever count|(given: 14000 days; max_study_duration: |leave out the grid",
    ),
    "grid without a row": (
        "reader: central, rules: fda}",
        "reader: central, rules: fda, grid: »[]}",
        "endpoints.PFS.grid",
        "needs at least 1 item",
    ),
    "lag without a reader": (
        "{endpoint: OS, count: 200}",
        "{endpoint: OS, count: 200, »adjudication_lag: 30 days}",
        "analyses.survival.cut.all.0.events.adjudication_lag",
        "nobody adjudicates OS|leave out the lag",
    ),
    "lag of what is latent": (
        "{endpoint: PFS, count: 150, adjudication_lag: 30 days}",
        "{endpoint: PFS_LATENT, count: 150, »adjudication_lag: 30 days}",
        "analyses.interim.cut.events.adjudication_lag",
        "nobody adjudicates PFS_LATENT: what is latent is known",
    ),
    "endpoint of the same name": (
        "{id: 2, name: PFS_INV, of: PFS",
        "{id: 2, »name: PFS, of: PFS",
        "endpoints.PFS.name",
        "this name is taken already (given: PFS)",
    ),
    "calendar of an arm that is none": (
        "calendar_by_arm: {control:",
        "calendar_by_arm: {»contrl:",
        "survival.calendar_by_arm.contrl",
        "no such arm|Did you mean control",
    ),
    "switching of an arm that is none": (
        "[{arm: control, probability: 0.4",
        "[{»arm: contrl, probability: 0.4",
        "survival.switching.0.arm",
        "no such arm|Did you mean control",
    ),
    "all visits missed": (
        "visits: {missed: 0.03}",
        "visits: {missed: »0.95}",
        "survival.visits.missed",
        "0.9",
    ),
    "trigger of an unknown endpoint": (
        "events: {endpoint: PFS, count: 150,",
        "events: {»endpoint: PFS_BICR, count: 150,",
        "analyses.interim.cut.events.endpoint",
        "no such endpoint|allowed: PFS, PFS_INV, OS, PFS_LATENT",
    ),
    "two endpoints of one name": (
        "{id: 2, name: PFS_INV,",
        "{id: 2, »name: pfs,",
        "endpoints.pfs.name",
        "pfs",
    ),
    "therapy of which nothing is said": (
        "  new_therapy:\n    time: {kind: exponential, rate: 0.02 per year}\n"
        "    after_progression: {probability: 0.7, delay: 4 weeks}\n",
        "  »new_therapy: {}\n",
        "survival.new_therapy",
        "nothing is said|Give time, by_arm or after_progression",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_each_mistake_is_shown_at_its_place(case: str, tmp_path: Path) -> None:
    old, new, key, words = BAD[case]
    shown(GOOD, old, new, key, words, tmp_path)


def shown(text: str, old: str, new: str, key: str, words: str, folder: Path) -> None:
    """Spoil a text at one place, and require one problem there."""
    assert text.count(old) == 1, old
    before = text[: text.index(old)] + new.partition("»")[0]
    path = write(folder, text.replace(old, new.replace("»", "")))
    problems = problems_of(path)
    assert len(problems) == 1, problems
    (problem,) = problems
    assert problem.key == key
    assert (problem.line, problem.column) == (
        before.count("\n") + 1,
        len(before) - before.rfind("\n"),
    )
    for word in words.split("|"):
        assert word in str(problem), (word, str(problem))


def test_the_example_itself_is_good(tmp_path: Path) -> None:
    scenario = read_scenario(write(tmp_path, GOOD))
    assert isinstance(scenario, SurvivalScenario)
    assert scenario.endpoint_names == ("PFS", "PFS_INV", "OS", "PFS_LATENT")
    assert scenario.pairs_of_readers == (("investigator", "central"),)


EXACT = GOOD.replace("  observation: scans\n", "  observation: exact\n")


@pytest.mark.parametrize("key", ["calendar_by_arm", "visits", "readers"])
def test_what_needs_scans_is_refused_without_them(key: str, tmp_path: Path) -> None:
    lines = [line for line in EXACT.splitlines() if line.strip()]
    first = next(line for line in lines if line.startswith(f"  {key}:"))
    only = SURVIVAL_GOOD.replace("  observation: scans\n", "  observation: exact\n").replace(
        CALENDAR,
        f"{first}\n    - {{id: 1, name: one, missed: 0, early: 0}}\n"
        if key == "readers"
        else f"{first}\n",
    )
    (problem,) = problems_of(write(tmp_path, only))
    assert problem.key == f"survival.{key}"
    assert "needs scans" in str(problem)
    assert "observation: scans" in str(problem)


def test_a_rule_set_that_contradicts_the_calendar_is_refused(tmp_path: Path) -> None:
    text = SURVIVAL_GOOD.replace("  observation: scans\n", "  observation: exact\n").replace(
        CALENDAR, "\nrule_sets: [{name: mine, missed_visits: 2}]\n\n"
        "endpoints:\n  - {id: 1, name: PFS, of: PFS, rules: fda}\n  - {id: 2, name: OS, of: OS}\n"
    )  # fmt: skip
    problems = problems_of(write(tmp_path, text))
    assert {problem.key for problem in problems} == {
        "rule_sets.mine.missed_visits",
        "endpoints.PFS.rules",
    }
    assert all("contradicts the calendar" in str(problem) for problem in problems)


def test_therapy_after_progression_needs_somebody_who_calls_it(tmp_path: Path) -> None:
    text = GOOD.replace("  treating_reader: investigator\n", "")
    (problem,) = problems_of(write(tmp_path, text))
    assert problem.key == "survival.new_therapy.after_progression"
    assert "Give survival.treating_reader" in str(problem)


def test_a_rule_that_censors_at_new_therapy_needs_one_in_the_model(tmp_path: Path) -> None:
    start, end = GOOD.index("  new_therapy:\n"), GOOD.index("  switching:")
    text = (GOOD[:start] + GOOD[end:]).replace("  switching: [{arm: control, probability: 0.4, "
        "delay: 2 months, hazard_ratio: 0.7}]\n", "")  # fmt: skip
    (problem,) = problems_of(write(tmp_path, text))
    assert problem.key == "rule_sets.strict.new_therapy"
    assert "no new therapy at which to censor" in str(problem)
    assert "Give survival.new_therapy, such as" in str(problem)


def test_an_endpoint_that_the_model_gives_can_be_named(tmp_path: Path) -> None:
    text = GOOD.replace("{id: 3, name: OS, of: OS}", "{id: 3, name: DEATH, of: OS}")
    problems = problems_of(write(tmp_path, text))
    assert {problem.key for problem in problems} == {
        "analyses.survival.cut.all.0.events.endpoint",
        "hypotheses.os.endpoint",
    }
    for problem in problems:
        assert "the model gives OS, but endpoints does not name it" in str(problem)
        assert "Add it to endpoints" in str(problem)


def test_rule_sets_that_may_be_taken_are_named_once(tmp_path: Path) -> None:
    text = GOOD.replace("{name: strict, missed", "{name: fda, missed")
    told = {problem.key: str(problem) for problem in problems_of(write(tmp_path, text))}
    assert "allowed: ema, fda)" in told["endpoints.PFS_INV.rules"]


def test_a_grid_of_days_on_which_all_arms_are_scanned_is_accepted(tmp_path: Path) -> None:
    text = GOOD.replace(
        "reader: central, rules: fda}", "reader: central, rules: fda, grid: [{every: 36 weeks}]}"
    )
    read_scenario(write(tmp_path, text))


def test_a_grid_begins_within_the_trial_where_nobody_is_scanned(tmp_path: Path) -> None:
    start, end = GOOD.index("survival:\n  kind"), GOOD.index("max_study_duration")
    exact = """\
survival:
  kind: illness_death
  progression: {kind: exponential, median: 12 months}
  death_without_progression: {kind: exponential, median: 60 months}
  death_after_progression: {kind: exponential, median: 20 months}
  observation: exact

endpoints:
  - {id: 1, name: PFS, of: PFS, grid: [{every: 2000 weeks}]}
  - {id: 3, name: OS, of: OS}

"""
    text = (GOOD[:start] + exact + GOOD[end:]).replace(", adjudication_lag: 30 days", "")
    (problem,) = problems_of(write(tmp_path, text))
    assert problem.key == "endpoints.PFS.grid.0.every"
    read_scenario(write(tmp_path, text.replace("2000 weeks", "12 weeks")))


def test_a_grid_that_is_null_is_none(tmp_path: Path) -> None:
    text = GOOD.replace("reader: central, rules: fda}", "reader: central, rules: fda, grid: null}")
    trial = read_scenario(write(tmp_path, text))
    assert isinstance(trial, SurvivalScenario)
    assert trial.endpoints[0].grid is None


def test_switching_needs_a_time_from_progression_to_death(tmp_path: Path) -> None:
    start, end = GOOD.index("survival:\n  kind"), GOOD.index("max_study_duration")
    copula = """\
survival:
  kind: copula
  correlation: 0.5
  progression: {kind: exponential, median: 12 months}
  death: {kind: exponential, median: 30 months}
  switching: [{arm: control, probability: 0.4, delay: 2 months, hazard_ratio: 0.7}]

"""
    text = (GOOD[:start] + copula + _PLAIN + GOOD[end:]).replace(", adjudication_lag: 30 days", "")
    (problem,) = problems_of(write(tmp_path, text))
    assert problem.key == "survival.switching"
    assert "Take the model illness_death" in str(problem)


_PLAIN = """\
endpoints:
  - {id: 1, name: PFS, of: PFS}
  - {id: 3, name: OS, of: OS}

"""


def test_a_single_model_has_no_other_endpoint_and_no_death_window(tmp_path: Path) -> None:
    start, end = GOOD.index("survival:\n  kind"), GOOD.index("max_study_duration")
    single = """\
survival:
  kind: single
  event: {kind: exponential, median: 12 months}
  observation: scans
  calendar: [{every: 6 weeks}]

rule_sets: [{name: window, death_window: 42 days}]

endpoints:
  - {id: 1, name: PFS, of: PFS, rules: window}
  - {id: 3, name: OS, of: OS}

"""
    text = (GOOD[:start] + single + GOOD[end:]).replace(", adjudication_lag: 30 days", "")
    problems = {problem.key: str(problem) for problem in problems_of(write(tmp_path, text))}
    assert "gives no OS" in problems["endpoints.OS.of"]
    assert "does not tell death from progression" in problems["endpoints.PFS.rules"]
