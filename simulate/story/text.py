"""The whole story: who the patient is, and the history with the data cuts in it."""

from __future__ import annotations

from simulate.build_arms import build_trial_plan
from simulate.describe.words import paragraph
from simulate.engines.reference import ReferenceEngine
from simulate.errors import UsageError
from simulate.given import checked_seed
from simulate.look_days import days_of_looks, see_trial
from simulate.plan import trial_plan
from simulate.scenario import Scenario, SurvivalScenario
from simulate.scenario.baseline import NormalVariable
from simulate.story.events import event_lines
from simulate.story.history import UNSEEN, History, Looks, table_of
from simulate.story.known import cut_lines
from simulate.story.readers import reader_lines
from simulate.story.single_arm import look_lines
from simulate.story.survival import check_patient, survival_story
from simulate.streams import RESERVED_REPLICATES


def story(scenario: Scenario | SurvivalScenario, *, seed: int, replicate: int, patient: int) -> str:
    """Tell one patient's history.

    Parameters
    ----------
    scenario : Scenario or SurvivalScenario
        The trial.
    seed : int
        64-bit seed of the run.
    replicate : int
        Number of the simulated trial, from 0.
    patient : int
        Number of the patient in it, in the order of enrolment, from 0.

    Returns
    -------
    str
        Plain text: who the patient is, then a line an event up to death or the end of the
        simulation, with the data cuts among them. What is true but unseen is marked by a dot.

    Raises
    ------
    UsageError
        If the seed or the replicate is out of range, or the patient is not among those enrolled.
    """
    if not 0 <= replicate < RESERVED_REPLICATES:
        raise UsageError(
            f"replicates are numbered from 0 to {RESERVED_REPLICATES - 1} (given: {replicate})"
        )
    if isinstance(scenario, SurvivalScenario):
        return survival_story(
            scenario, seed=checked_seed(seed), replicate=replicate, patient=patient
        )
    history = _history(scenario, seed=checked_seed(seed), replicate=replicate, patient=patient)
    lines = [
        scenario.title,
        f"Patient {patient} of replicate {replicate}, seed {seed}" + _draw(scenario, replicate),
        "",
        *_who(history),
        "",
        "Study day 1 is the first dose; there is no day 0. Weeks are whole weeks since then.",
        f"{UNSEEN}stands before what is true but unseen.",
        "",
        *table_of(
            history.date,
            history.first_dose if history.is_treated else None,
            [
                *event_lines(history),
                *reader_lines(history),
                *cut_lines(history),
                *look_lines(history),
            ],
        ),
    ]
    return "\n".join(lines) + "\n"


def _draw(scenario: Scenario, replicate: int) -> str:
    number = scenario.draw_of(replicate)
    return "" if number is None else f", with the parameters of posterior draw {number}"


def _history(scenario: Scenario, *, seed: int, replicate: int, patient: int) -> History:
    """Simulate the patient's trial."""
    scenario = scenario.of_replicate(replicate)
    plan = build_trial_plan(scenario)
    records = ReferenceEngine(plan).simulate(seed=seed, replicate=replicate, log=True)
    check_patient(patient, records.n_patients, replicate)
    arm = trial_plan(plan).arm_ids.index(int(records.subjects["arm"][patient]))
    own = scenario.arm_scenarios[arm]
    days = days_of_looks(scenario, records, seed=seed, replicate=replicate)
    looks = None
    if scenario.arms:
        seen = see_trial(scenario, records, seed=seed, replicate=replicate)
        looks = Looks(scenario, seen)
    return History(own, records, patient, trial_plan(plan).arms[arm], days, looks)


def _who(history: History) -> list[str]:
    """The patient at baseline."""
    texts = []
    for variable in history.scenario.baseline.variables:
        level = int(history.records.baseline[str(variable.id)][history.patient])
        if isinstance(variable, NormalVariable):
            value = str(round(variable.low) + level)
        else:
            value = variable.level_names[level]
        texts.append(f"{variable.title[:1].upper()}{variable.title[1:]}: {value}")
    text = f"{'; '.join(texts)}." if texts else "Nothing is known of the patient at baseline."
    return paragraph(text, indent=0, hanging=0)
