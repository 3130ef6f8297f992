"""The whole description, section by section."""

from __future__ import annotations

import math

from simulate.build_plan import build_plan, cut_day
from simulate.describe.arms import arms_in_words, looks_in_words
from simulate.describe.closing import sources, what_ifs
from simulate.describe.conduct import leaves, scanned
from simulate.describe.disease import disease
from simulate.describe.dosing import given
from simulate.describe.incidence import nominal_course
from simulate.describe.parameters import parameters
from simulate.describe.patients import baseline_in_words
from simulate.describe.single_arm import decided_in_words
from simulate.describe.timeline import analyses, when
from simulate.describe.toxicity import adverse_events
from simulate.describe.words import (
    count,
    duration,
    listing,
    paragraph,
    paragraphs,
    section,
    stated_percent,
)
from simulate.latent_truth import has_formula, latent_truth
from simulate.scenario import Scenario
from simulate.theory.forecast import Forecast, forecast


def describe(scenario: Scenario) -> str:
    """Say a scenario in plain words: who, when, what, and what to expect of it.

    Parameters
    ----------
    scenario : Scenario
        A checked scenario.

    Returns
    -------
    str
        Plain text in lines of about 90 characters. Every number in it is read from the scenario or
        computed from it; expected enrolment is the mean of simulated enrolments.
    """
    if scenario.arms:
        parts = _randomised(scenario)
    else:
        parts = [section(title, lines) for title, lines in _sections(scenario).items()]
    return "\n\n".join(parts) + "\n"


def _sections(scenario: Scenario) -> dict[str, list[str]]:
    """The sections on a trial of one arm, by title."""
    plan = build_plan(scenario)
    truth = latent_truth(plan) if has_formula(plan) else None
    expected = forecast(plan.enrolment, seed=scenario.seed)
    last_cut = max(cut_day(scenario, analysis) for analysis in scenario.analyses)
    course = nominal_course(scenario, plan, expected, last_cut)
    source, decided = parameters(scenario), decided_in_words(scenario)
    return {
        "Trial": _trial(scenario),
        **({"Parameters": source} if source else {}),
        "Who": _who(scenario),
        "When": when(scenario, expected, truth),
        "What is given": given(scenario),
        "Adverse events": adverse_events(scenario, plan, course),
        "What is scanned": scanned(scenario, _longest_follow_up(expected, last_cut)),
        "The disease": disease(scenario, truth),
        "Who leaves": leaves(scenario),
        "Analyses": analyses(scenario, expected, truth),
        **({"Single-arm design": decided} if decided else {}),
        "Endpoints": _endpoints(scenario),
        "What-ifs": what_ifs(scenario),
        "Sources": sources(scenario),
    }


def _randomised(scenario: Scenario) -> list[str]:
    """The sections on a trial with arms: the first arm in full, then what is other in the others.

    Each arm is described as if all patients were in it.
    """
    first, *others = (_sections(arm) for arm in scenario.arm_scenarios)
    own = {
        "Trial": _trial(scenario),
        "Arms": arms_in_words(scenario),
        "Analyses": looks_in_words(scenario),
        "What-ifs": what_ifs(scenario),
        "Sources": sources(scenario),
    }
    parts = [section("Trial", own["Trial"]), section("Arms", own["Arms"])]
    titles = [arm.label for arm in scenario.arms]
    for title, lines in first.items():
        if title != "Trial":
            parts.append(section(title, own.get(title, lines)))
        for label, other in zip(titles[1:], others, strict=True):
            if title not in own and other.get(title) not in (None, lines):
                parts.append(section(f"{title}: {label}", other[title]))
    return parts


def _longest_follow_up(expected: Forecast, last_cut: int) -> int:
    """Days after the first dose that the first patient can be followed to the last data cut."""
    longest, _, _ = expected.potential_follow_up(last_cut)
    return 0 if math.isnan(longest) else round(longest) - 1


def _trial(scenario: Scenario) -> list[str]:
    sites = count(scenario.enrolment.sites.count, "site")
    return paragraphs(
        scenario.title,
        f"Reference: {scenario.reference}" if scenario.reference else "",
        f"{_arms(scenario)}, {count(scenario.sample_size, 'patient')} at {sites}.",
        f"Scenario {scenario.name}: {count(scenario.replicates, 'simulated trial')}, seed "
        f"{scenario.seed}.",
    )


def _arms(scenario: Scenario) -> str:
    return count(len(scenario.arms), "arm") if scenario.arms else "One arm"


def _who(scenario: Scenario) -> list[str]:
    texts = baseline_in_words(scenario.baseline)
    return paragraphs(*texts) or paragraph("Nothing is known of the patients at baseline.")


def _endpoints(scenario: Scenario) -> list[str]:
    start = scenario.endpoints.time_zero.replace("_", " ")
    window = scenario.follow_up.death_window
    leading = scenario.treatment.drugs[0].name
    return paragraphs(
        "Safety set (SS): all with at least one dose. Efficacy analysis set (EAS): all with at "
        "least one tumour assessment after the first dose.",
        "Best overall response: RECIST 1.1, confirmed. Objective response rate (ORR): confirmed "
        "complete or partial response; clinical benefit rate (CBR): that, or stable disease of "
        "the length above. Both among the EAS.",
        f"Progression-free survival (PFS): from {start} to documented progression, or to a known "
        f"death unless assessments had stopped more than {duration(window)} before it; otherwise "
        f"censored {_last_free(scenario)}, or on the day of the first dose if there is none.",
        f"Overall survival (OS): from {start} to death; otherwise censored at last contact.",
        "Duration of response (DOR): from the first assessment that shows a response, if it is "
        "confirmed, to the end of PFS. Time to response (TTR): "
        f"from {start} to that assessment, among the EAS.",
        f"Cycles and exposure: of {leading}; exposure ends one cycle after its last dose.",
        "Times are analysis values (AVAL): the day of the start counts as 1.",
        f"Intervals: {stated_percent(scenario.endpoints.confidence)}; Clopper-Pearson for "
        "proportions, Kaplan-Meier with log-log limits and Brookmeyer-Crowley medians.",
        _landmarks(scenario),
        _subgroups(scenario),
        *_design(scenario),
    )


def _last_free(scenario: Scenario) -> str:
    """When a patient without an event is censored for PFS."""
    if scenario.assessment.is_continuous:
        return "on the last day on which the patient was watched without progression"
    return "at the last assessment without progression"


def _landmarks(scenario: Scenario) -> str:
    times = scenario.endpoints.landmarks
    if not times:
        return "Landmarks: none."
    return f"Event-free rates at {listing(map(duration, times))}."


def _subgroups(scenario: Scenario) -> str:
    subgroups = scenario.endpoints.subgroups
    if not subgroups:
        return "Subgroups: none."
    texts = (
        f"{subgroup.name} ({', '.join(subgroup.groups)})" if subgroup.groups else subgroup.name
        for subgroup in subgroups
    )
    return f"Subgroups: {listing(texts)}."


def _design(scenario: Scenario) -> tuple[str, str]:
    """The design's own questions, where it has any."""
    sizes, limit = scenario.design.sample_sizes, scenario.design.lower_limit_above
    precision = success = ""
    if sizes is not None:
        precision = f"Asked of the design: the precision of {sizes[0]:,} to {sizes[1]:,} patients."
    if limit is not None:
        success = (
            "Asked of the design: how often the lower confidence limit of the response rate "
            f"exceeds {stated_percent(limit)}."
        )
    return precision, success
