"""A single-arm design in words: its bounds, its looks, and what theory expects of it."""

from __future__ import annotations

from collections.abc import Sequence

from simulate.describe.words import (
    NO_VALUE,
    count,
    duration,
    listing,
    paragraph,
    paragraphs,
    section,
    stated_percent,
    table,
)
from simulate.scenario.scenario import Scenario
from simulate.scenario.single_arm import FinalLook, InterimLook, SingleArm
from simulate.scenario.single_arm_designs import (
    AnyDesign,
    Bop2,
    GoConsiderNoGo,
    PredictiveProbability,
    Simon,
    SingleStage,
)
from simulate.single_arm.rule import DecisionRule
from simulate.single_arm_theory import SingleArmTheory
from simulate.theory.course import ASSUMED, DESIGN, NULL

TRUTHS = {NULL: "not worth while", DESIGN: "hoped for", ASSUMED: "latent, as the scenario"}
"""What may be true of the response rate, in words."""


def decided_in_words(trial: Scenario) -> list[str]:
    """How a trial of one arm is decided; nothing without a design."""
    block = trial.single_arm
    if block is None:
        return []
    return [
        *paragraphs(design_in_words(block.design), *_found(block.design)),
        "",
        *bounds(block.design.rule),
        "",
        *paragraphs(*looks_in_words(block), *_unscanned(trial, block), _counted(block)),
    ]


def design_in_words(design: AnyDesign) -> str:
    """What the design is, in a sentence or two."""
    low, high = stated_percent(design.null_rate), stated_percent(design.alternative_rate)
    rates = f"a response rate of {low} is not worth while, {high} is hoped for"
    return f"{_name(design)}: {rates}{_asked(design)}."


def _name(design: AnyDesign) -> str:
    if isinstance(design, Simon):
        return f"Simon's two-stage design, {design.criterion}"
    names = {
        "single_stage": "Exact single-stage design",
        "predictive_probability": "Monitoring by predictive probability (Lee and Liu)",
        "bop2": "Bayesian optimal phase II boundaries (Zhou, Lee and Yuan)",
        "go_consider_no_go": "Go, consider or no go (Lalonde)",
        "given": "Numbers of responses as given",
    }
    return names[design.kind]


def _asked(design: AnyDesign) -> str:
    alpha, power = getattr(design, "alpha", None), getattr(design, "power", None)
    asked = [
        f"{what} of at {end} {stated_percent(value)}"
        for what, end, value in (("type I error", "most", alpha), ("power", "least", power))
        if value is not None
    ]
    return f"; {listing(asked)}" if asked else ""


def _found(design: AnyDesign) -> list[str]:
    """What was searched, or what decides, beside the bounds."""
    if isinstance(design, Simon):
        others = ", ".join(str(each) for each in design.admissible)
        return [f"Admissible designs, from minimax to optimal (r1/n1 r/n): {others}."]
    if isinstance(design, SingleStage) and design.patients is None:
        return ["No smaller number of patients has these errors."]
    if isinstance(design, PredictiveProbability):
        low, high = design.found.lowest_cutoff, design.found.highest_cutoff
        above = f" or above {design.stop_above:g}" if design.stop_above < 1.0 else ""
        return [
            f"{_prior(design.used_prior)} Go at the end if the rate is above "
            f"{stated_percent(design.p0)} with a posterior probability of more than "
            f"{low:.4f} to {high:.4f} (any cutoff from the first on and below the second gives "
            f"these bounds); stopped where the predictive probability of that is below "
            f"{design.stop_below:g}{above}."
        ]
    if isinstance(design, Bop2):
        return [
            f"{_prior(design.used_prior)} No go after n of N patients unless the rate is above "
            f"{stated_percent(design.p0)} with a posterior probability of "
            f"{design.found.lambda_:g} (n/N)^{design.found.gamma:g} or more."
        ]
    if isinstance(design, GoConsiderNoGo):
        kind = "exact" if design.prior is None else "posterior"
        before = "" if design.prior is None else f"{_prior(design.prior)} "
        return [
            f"{before}No go if the {kind} upper limit (one-sided "
            f"{stated_percent(design.no_go_confidence)}) is below "
            f"{stated_percent(design.target)}; else go if the lower limit (one-sided "
            f"{stated_percent(design.go_confidence)}) is above "
            f"{stated_percent(design.lower_reference)}; else consider."
        ]
    return []


def _prior(prior: tuple[float, float]) -> str:
    return f"Beta prior ({prior[0]:g}, {prior[1]:g})."


def bounds(rule: DecisionRule) -> list[str]:
    """The bounds as a table."""
    rows = [
        [str(look), str(n), low, high]
        for look, (n, low, high) in enumerate(
            zip(rule.patients, *bounds_as_text(rule, NO_VALUE), strict=True), start=1
        )
    ]
    return table(["look", "patients", "no go at or below", "go at or above"], rows)


def bounds_as_text(rule: DecisionRule, no_value: str) -> tuple[list[str], list[str]]:
    """Responses for no go and for go by look, as people read them."""
    no_go = [str(bound) if bound >= 0 else no_value for bound in rule.no_go]
    go = [
        str(bound) if bound <= n else no_value
        for bound, n in zip(rule.go, rule.patients, strict=True)
    ]
    return no_go, go


def looks_in_words(block: SingleArm) -> list[str]:
    """How looks are made, a sentence or more for interim looks and for the last one."""
    n_looks, interim = block.design.rule.n_looks, block.interim
    texts = []
    if interim is not None:
        which = "The interim look" if n_looks == 2 else "Each interim look"
        texts.append(f"{which}: {_look(interim)} {_enrolment(interim)}")
    which = "The last look" if n_looks > 1 else "The look"
    return [*texts, f"{which}: {_look(block.final)}"]


def _unscanned(trial: Scenario, block: SingleArm) -> list[str]:
    """A word of caution where the last patients counted cannot have responded yet."""
    first = trial.assessment.first_planned_scan
    early = [
        f"the {name} look"
        for name, look in (("interim", block.interim), ("last", block.final))
        if look is not None and look.evaluable_after is None and look.after < first
    ]
    if not early or trial.assessment.is_continuous:
        return []
    return [
        f"At {listing(early)} the n-th patient has had no scan yet, the first being planned "
        f"{duration(first)} after the first dose: those enrolled last count without a response."
    ]


def _look(look: FinalLook) -> str:
    event = "has had the first dose" if look.when == "treated" else "has been enrolled"
    when = f"{duration(look.after)} after the n-th patient {event}"
    if look.after == 0:
        when = f"on the day on which the n-th patient {event}"
    if look.evaluable_after is None:
        text = f"the data are cut {when}, and the responses confirmed by then are counted."
    else:
        text = (
            f"the data are cut {when}, but not before all n are evaluable: responded, progressed, "
            f"no more assessed, or followed for {duration(look.evaluable_after)}."
        )
    if look.cleaning_lag:
        text += f" The decision is made {duration(look.cleaning_lag)} later."
    return text


def _enrolment(look: InterimLook) -> str:
    if look.enrolment == "continues":
        return "Enrolment goes on meanwhile."
    return "Nobody is enrolled between the n-th patient and the decision; later ones come later."


def _counted(block: SingleArm) -> str:
    n = count(block.design.rule.most_patients, "patient")
    return (
        "Counted are confirmed complete and partial responses among the first patients enrolled, "
        f"{n} in the end; whoever has none is no responder, also without an assessment. A look "
        "that is not due by the last data cut is made on it, and flagged (target_not_reached)."
    )


def theory_in_words(theory: SingleArmTheory) -> str:
    """Say what theory expects of a design; plain text in lines of about 90 characters."""
    parts = [
        section(f"Theory of {theory.scenario.name}", paragraph(theory.scenario.title)),
        section("Single-arm design", decided_in_words(theory.scenario)),
        section("What to expect", _expected(theory)),
        section("How to read this", _notes()),
    ]
    return "\n\n".join(parts) + "\n"


def _expected(theory: SingleArmTheory) -> list[str]:
    rule = theory.block.design.rule
    header = ["response rate", "", "go", "consider", "no go", "early no go", "patients"]
    rows = [
        [
            TRUTHS[truth],
            *_percents([found.p, found.go_in_all, found.consider, found.no_go_in_all]),
            *_percents([found.early_no_go]),
            f"{found.expected_patients:.2f}",
        ]
        for truth, found in theory.truths
    ]
    lines = [*paragraph("Decisions, and patients counted at the decision on average:")]
    lines += table(header, rows)
    if rule.n_looks == 1:
        return lines
    by_look = [
        [str(n), *(f"{100 * f.no_go[i]:.2f} / {100 * f.go[i]:.2f}%" for _, f in theory.truths)]
        for i, n in enumerate(rule.patients)
    ]
    words = ["patients", *(TRUTHS[truth] for truth, _ in theory.truths)]
    return [
        *lines,
        "",
        *paragraph("No go / go at each look:"),
        *table(words, by_look),
    ]


def _percents(values: Sequence[float]) -> list[str]:
    return [f"{100 * value:.2f}%" for value in values]


def _notes() -> list[str]:
    return paragraphs(
        "Exact, by all paths of responses, each known at once. It knows nothing of scans that are "
        "missed or still to come, so the latent response rate of the scenario stands here as if "
        "every response were seen; simulate run tells what is seen, and when.",
    )
