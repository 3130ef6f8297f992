"""The section that says what was simulated, and why: the trial, and the study about it."""

from __future__ import annotations

from simulate.analysis.statistics import SURVIVAL_ENDPOINTS
from simulate.describe.single_arm import looks_in_words
from simulate.describe.words import duration
from simulate.report.blocks import Block, Heading, Listing, Prose, Section, Steps
from simulate.report.enrolment import accruals
from simulate.report.numbers import counted, listed, number
from simulate.report.operating import kinds_of_truth, why_no_truth
from simulate.report.regimen import (
    adverse_events,
    dosing_rules,
    intensity_effect,
    site_limits,
)
from simulate.report.view import View
from simulate.scenario.enrolment import PowerAccrual
from simulate.scenario.scenario import Scenario
from simulate.scenario.trial import Trial
from simulate.truth import OBSERVED

_STAGES = (
    ("Enrol", "sites open, patients come"),
    ("Characterise", "baseline drawn by its rules"),
    ("Treat and scan", "doses, delays, toxicity, scans"),
    ("Cut", "what was known on the day"),
    ("Analyse", "endpoints, intervals, curves"),
    ("Repeat", "bias, coverage, precision"),
)

_STAGES_WITHOUT_TRUTH = (*_STAGES[:-1], ("Repeat", "spread and precision"))


def design_section(view: View) -> Section:
    """The trial in a table, and the simulation study by the headings of ADEMP."""
    introduction = (
        "One trial is simulated day by day from its first patient to the data cut, then analysed "
        "as a statistician would who sees only what was known on that day; the whole is repeated "
        "with fresh random numbers."
    )
    blocks: list[Block] = [
        Prose(introduction),
        Steps(_STAGES if kinds_of_truth(view) else _STAGES_WITHOUT_TRUTH),
        Heading("The trial"),
        Listing(_trial(view)),
        Heading("The simulation study"),
        Prose("By the scheme of Morris, White and Crowther (Stat Med 2019;38:2074-2102)."),
        Listing(_ademp(view)),
    ]
    return Section("design", "What was simulated", blocks)


def _trial(view: View) -> list[tuple[str, str]]:
    scenario = view.scenario
    items = [
        ("Patients", f"{scenario.sample_size:,}, in a single arm"),
        ("Sites", f"{scenario.enrolment.sites.count:,}"),
        ("Enrolment", accrual_in_words(scenario)),
        ("Regimen", regimen_in_words(scenario)),
        *dosing_rules(scenario),
        *adverse_events(scenario),
        *intensity_effect(scenario),
        *site_limits(scenario),
        ("Scans", scans_in_words(scenario)),
        ("Data cuts", listed(f"{a.name}: {a.cut.date}" for a in scenario.analyses)),
        *_looks_of_design(scenario),
        ("Analysis sets", _sets(view)),
        ("Endpoints", _endpoints(view)),
    ]
    if scenario.baseline.variables:
        names = [variable.title for variable in scenario.baseline.variables]
        items.append(("Baseline", f"{counted(len(names), 'variable')}: {listed(names)}"))
    return items


def _looks_of_design(scenario: Scenario) -> list[tuple[str, str]]:
    """The looks of a single-arm design, which come beside the data cuts."""
    if scenario.single_arm is None:
        return []
    return [("Looks of the design", " ".join(looks_in_words(scenario.single_arm)))]


def accrual_in_words(trial: Trial) -> str:
    """When patients come."""
    accrual = trial.enrolment.accrual
    if isinstance(accrual, PowerAccrual):
        return (
            f"{accrual.first} to {accrual.last}, the pace as a power of time (exponent "
            f"{accrual.exponent:g})"
        )
    return (
        f"from {trial.origin}, Poisson arrivals at each site, for at most "
        f"{duration(accrual.window)}"
    )


def regimen_in_words(trial: Trial) -> str:
    """What is given, and how often."""
    treatment = trial.treatment
    drugs = [
        f"{drug.name} {drug.dose}"
        + (" for a limited number of cycles" if drug.planned_cycles is not None else "")
        for drug in treatment.drugs
    ]
    return f"{listed(drugs)}, every {duration(treatment.cycle_length)}"


def scans_in_words(trial: Trial) -> str:
    """When patients are scanned."""
    assessment = trial.assessment
    if assessment.is_continuous:
        return (
            "none by a calendar: patients are watched day by day, so that progression and response "
            "are known on their very day"
        )
    parts = [
        f"every {duration(row.every)}"
        + (f" until {_ordinal(row.until)}" if row.until is not None else "")
        for row in assessment.calendar
    ]
    clock = ", moving with the cycles given" if assessment.moves_with_cycles else ""
    return (
        f"{', then '.join(parts)}{clock}; within {duration(assessment.window)} of the plan, "
        f"{number(100 * assessment.missed)}% missed"
    )


def _ordinal(days: int) -> str:
    weeks, rest = divmod(days, 7)
    return f"day {days}" if rest else f"week {weeks}"


def _sets(view: View) -> str:
    size, assessed = view.spread("n_ss"), view.spread("n_eas")
    return (
        f"safety set, all with a first dose ({size.median:g} in the median replicate); efficacy "
        f"analysis set, all with a tumour assessment after it ({assessed.median:g})"
    )


def _endpoints(view: View) -> str:
    assessment = view.scenario.assessment
    return (
        f"confirmed response (RECIST 1.1, confirmed at least {duration(assessment.confirmation)} "
        f"later), progression-free survival{_by_scans(view)}, overall survival, duration of "
        "response, clinical benefit"
    )


def _by_scans(view: View) -> str:
    return "" if view.scenario.assessment.is_continuous else " by scans"


def _ademp(view: View) -> list[tuple[str, str]]:
    scenario, result = view.scenario, view.result
    variants = [v.title or v.name for v in scenario.sweep]
    models = len(accruals(view))
    times = listed(long.lower() for _, _, long in SURVIVAL_ENDPOINTS.values())
    aims = (
        "How the trial's estimates behave, and whether the model reproduces what was published."
        if view.has_facts
        else "How the trial's estimates behave over repetitions of the trial."
    )
    mechanism = (
        f"The scenario {scenario.name}, {counted(view.n, 'replicate')} with seed {result.job.seed}"
    )
    if variants:
        mechanism += f"; beside it {counted(len(variants), 'variant')}: {listed(variants)}"
    if models > 1:
        mechanism += f" ({models} models of accrual in all)"
    methods = (
        f"Exact (Clopper-Pearson) intervals for rates; Kaplan-Meier for {times}, with Greenwood's "
        "variance, log(-log) limits and Brookmeyer-Crowley limits of medians"
    )
    truth_measures = "bias, coverage, " if kinds_of_truth(view) else ""
    measures = (
        f"Distribution over replicates, {truth_measures}interval width, each with its Monte Carlo "
        "standard error (MCSE) and the replicates requested, analysed and failed"
    )
    return [
        ("Aims", aims),
        ("Data generation", mechanism + "."),
        ("Estimands", _estimands(view)),
        ("Methods", methods + "."),
        ("Performance", measures + "."),
    ]


def _estimands(view: View) -> str:
    """What is estimated, and which truths it has."""
    kinds, why = kinds_of_truth(view), why_no_truth(view)
    text = "Response and clinical benefit rates, event-free rates at the landmarks and median times"
    if not kinds:
        return f"{text}. {why}"
    if OBSERVED not in kinds:
        return f"{text}, those of times with a latent truth (the disease itself). {why}"
    return (
        f"{text}, each with two truths: latent (the disease itself) and as the scans show it when "
        "nobody is censored."
    )
