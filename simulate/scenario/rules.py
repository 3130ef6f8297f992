"""Rules that tie several fields of a scenario together.

Each rule names the blocks that it reads and is asked only if these are valid by themselves, so that
one run shows all problems and none twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from simulate.scenario.baseline import LevelsVariable
from simulate.scenario.disease import PrognosticFactor
from simulate.scenario.enrolment import ActivationDates, PoissonGammaAccrual, PowerAccrual
from simulate.scenario.findings import Finding
from simulate.scenario.problems import similar
from simulate.scenario.response_model import ResponseFactor
from simulate.scenario.rules_of_arms import (
    arms_are_randomised,
    arms_belong_together,
    looks_fit,
)
from simulate.scenario.rules_of_calendars import calendar_in_order
from simulate.scenario.rules_of_dosing import (
    body_variables,
    impossible_actions,
    intensity_drug,
    numbers_too_high,
    unknown_drugs,
    unknown_terms,
    unknown_weights,
    unsupplied_drugs,
)
from simulate.scenario.rules_of_names import (
    unique_analyses,
    unique_baseline,
    unique_dosing_rules,
    unique_drugs,
    unique_subgroups,
    unique_sweep,
    unique_toxicity,
)
from simulate.scenario.rules_of_review import (
    endpoints_by_name,
    readers_of_scans,
    therapy_after_treatment,
)
from simulate.scenario.rules_of_single_arm import (
    evaluable_once_scanned,
    looks_end_in_time,
    single_arm_fits,
)
from simulate.scenario.survival_model import SurvivalFactor
from simulate.scenario.survival_trial import SurvivalTrial
from simulate.scenario.tree import Path
from simulate.scenario.trial import Trial

Rule = Callable[[Trial], Iterator[Finding]]


def _dates_in_order(trial: Trial) -> Iterator[Finding]:
    accrual = trial.enrolment.accrual
    if isinstance(accrual, PowerAccrual):
        where: Path = ("enrolment", "accrual")
        if trial.origin > accrual.first:
            yield Finding(
                (*where, "first"),
                f"the first patient comes before the origin (given: {accrual.first}; "
                f"origin: {trial.origin})",
            )
        if accrual.last < accrual.first:
            yield Finding(
                (*where, "last"),
                f"the last patient comes before the first (given: {accrual.last}; "
                f"first: {accrual.first})",
            )


def _cut_after_first_patient(trial: Trial) -> Iterator[Finding]:
    accrual = trial.enrolment.accrual
    first = accrual.first if isinstance(accrual, PowerAccrual) else trial.origin
    for index, analysis in enumerate(trial.analyses):
        date = analysis.cut.date
        if date is not None and date <= first:
            yield Finding(
                ("analyses", index, "cut", "date"),
                f"the data cut must come after the first patient (given: {date}; "
                f"first patient: {first} at the earliest)",
            )


def _sites(trial: Trial) -> Iterator[Finding]:
    sites = trial.enrolment.sites
    where: Path = ("enrolment", "sites")
    if sites.names is not None:
        if len(sites.names) != sites.count:
            yield Finding((*where, "names"), _one_each("name", len(sites.names), sites.count))
        if len(set(sites.names)) < len(sites.names):
            yield Finding((*where, "names"), "two sites have the same name")
    if isinstance(sites.activation, ActivationDates):
        given = len(sites.activation.dates)
        if given != sites.count:
            yield Finding((*where, "activation", "dates"), _one_each("date", given, sites.count))


def _one_each(thing: str, given: int, count: int) -> str:
    return f"one {thing} for each site is needed (given: {given}; sites: {count})"


def _changes_in_order(trial: Trial) -> Iterator[Finding]:
    accrual = trial.enrolment.accrual
    if not isinstance(accrual, PoissonGammaAccrual):
        return
    for index in range(1, len(accrual.changes)):
        if accrual.changes[index].from_ < accrual.changes[index - 1].to:
            yield Finding(
                ("enrolment", "accrual", "changes", index, "from"),
                "the change starts before the one above it ends",
                "Put changes in order of time, without overlap",
            )


def _calendar(trial: Trial) -> Iterator[Finding]:
    yield from calendar_in_order(trial.assessment.calendar, ("assessment", "calendar"))


def _scan_window(trial: Trial) -> Iterator[Finding]:
    scans = trial.assessment
    shortest = min(row.every for row in scans.calendar)
    if 2 * scans.window >= shortest:
        yield Finding(
            ("assessment", "window"),
            f"the windows of neighbouring scans overlap (given: {scans.window} days; "
            f"allowed: less than half the shortest interval of {shortest} days)",
        )
    if scans.jitter_sd > 0 and scans.window == 0:
        yield Finding(
            ("assessment", "jitter_sd"),
            "scans can vary only within a window, and there is none",
            "Give assessment.window, such as 7 days",
        )


def baseline_cases(trial: Trial | SurvivalTrial) -> Iterator[Finding]:
    """A variable at baseline looks only at levels of the ones above it."""
    earlier: dict[str, tuple[str, ...] | None] = {}
    for index, variable in enumerate(trial.baseline.variables):
        where: Path = ("baseline", "variables", index)
        if isinstance(variable, LevelsVariable):
            if variable.cases is not None:
                yield from _cases(variable, earlier, where)
            earlier[variable.name] = variable.level_names
        else:
            earlier[variable.name] = None


def _cases(
    variable: LevelsVariable, earlier: dict[str, tuple[str, ...] | None], where: Path
) -> Iterator[Finding]:
    cases = variable.all_cases
    for index, case in enumerate(cases):
        place: Path = (*where, "cases", index)
        last = index == len(cases) - 1
        if last and case.when:
            yield Finding(
                (*place, "when"), "the last case must take all who are left and has no when"
            )
        elif not last and not case.when:
            yield Finding(
                place, "a case without when takes all who are left, so it must be the last"
            )
        for name, levels in case.when.items():
            hint = "A variable can look only at the ones above it"
            yield from levels_exist(earlier, name, levels, (*place, "when", name), hint)


def levels_exist(
    variables: dict[str, tuple[str, ...] | None],
    name: str,
    levels: Iterable[str],
    place: Path,
    hint: str = "",
    variable_place: Path | None = None,
) -> Iterator[Finding]:
    """Check that a named variable exists, has levels, and has these ones."""
    at = variable_place or place
    if name not in variables:
        allowed = ", ".join(variables) or "none"
        message = f"there is no such baseline variable (given: {name}; allowed: {allowed})"
        yield Finding(at, message, similar(name, variables) or hint)
        return
    known = variables[name]
    if known is None:
        yield Finding(at, f"the baseline variable {name} is a number and has no levels")
        return
    for level in levels:
        if level not in known:
            message = f"{name} has no such level (given: {level}; allowed: {', '.join(known)})"
            yield Finding(place, message, similar(level, known))


def variables_of(trial: Trial | SurvivalTrial) -> dict[str, tuple[str, ...] | None]:
    """Levels of each baseline variable by its name; None for a number."""
    return {
        variable.name: variable.level_names if isinstance(variable, LevelsVariable) else None
        for variable in trial.baseline.variables
    }


def _prognostic_factors(trial: Trial) -> Iterator[Finding]:
    yield from factors_of_levels(
        trial.disease.prognostic_factors, variables_of(trial), ("disease", "prognostic_factors")
    )


def factors_of_levels(
    factors: Sequence[PrognosticFactor | SurvivalFactor | ResponseFactor],
    variables: dict[str, tuple[str, ...] | None],
    place: Path,
) -> Iterator[Finding]:
    """Prognostic factors are of levels that exist, each of which has one."""
    seen: set[tuple[str, str]] = set()
    for index, factor in enumerate(factors):
        where: Path = (*place, index)
        yield from levels_exist(
            variables,
            factor.variable,
            [factor.level],
            (*where, "level"),
            variable_place=(*where, "variable"),
        )
        if (factor.variable, factor.level) in seen:
            yield Finding((*where, "level"), "this level has a prognostic factor already")
        seen.add((factor.variable, factor.level))


def _subgroups(trial: Trial) -> Iterator[Finding]:
    variables = variables_of(trial)
    for index, subgroup in enumerate(trial.endpoints.subgroups):
        where: Path = ("endpoints", "subgroups", index)
        named = (*where, "variable")
        yield from levels_exist(variables, subgroup.variable, (), named, variable_place=named)
        if subgroup.variable not in variables:
            continue
        taken: set[str] = set()
        for name, levels in (subgroup.groups or {}).items():
            place: Path = (*where, "groups", name)
            yield from levels_exist(variables, subgroup.variable, levels, place)
            for level in taken.intersection(levels):
                yield Finding(place, f"the level {level} is in two groups")
            taken.update(levels)


_OF_LOOKS = (
    "arms randomisation max_study_duration hypotheses multiplicity analyses readers endpoints"
)

RULES: tuple[tuple[frozenset[str], Rule], ...] = tuple(
    (frozenset(blocks.split()), rule)
    for blocks, rule in (
        ("origin enrolment", _dates_in_order),
        ("origin enrolment analyses", _cut_after_first_patient),
        ("enrolment", _sites),
        ("enrolment", _changes_in_order),
        ("assessment", _calendar),
        ("assessment", _scan_window),
        ("baseline", baseline_cases),
        ("baseline", unique_baseline),
        ("baseline disease", _prognostic_factors),
        ("baseline endpoints", _subgroups),
        ("treatment", unique_drugs),
        ("treatment", unique_dosing_rules),
        ("treatment", impossible_actions),
        ("toxicity", unique_toxicity),
        ("toxicity", unknown_weights),
        ("treatment toxicity follow_up", unknown_terms),
        ("treatment toxicity", numbers_too_high),
        ("treatment toxicity", unknown_drugs),
        ("baseline treatment", body_variables),
        ("treatment resources", unsupplied_drugs),
        ("disease treatment", intensity_drug),
        (f"{_OF_LOOKS} estimates new_therapy switching rule_sets", arms_belong_together),
        ("arms randomisation baseline", arms_are_randomised),
        ("arms readers", readers_of_scans),
        ("arms new_therapy switching", therapy_after_treatment),
        ("arms readers rule_sets endpoints analyses", endpoints_by_name),
        (f"{_OF_LOOKS} sample_size origin enrolment", looks_fit),
        ("arms sample_size resources single_arm", single_arm_fits),
        ("origin analyses single_arm", looks_end_in_time),
        ("assessment single_arm", evaluable_once_scanned),
        ("analyses", unique_analyses),
        ("endpoints", unique_subgroups),
        ("sweep name", unique_sweep),
    )
)
