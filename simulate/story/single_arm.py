"""What the looks of a single-arm design count, and what they decide about the patient's trial."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from simulate import clock
from simulate.analysis.plan import analysis_plan
from simulate.analysis.single_arm import write_single_arm
from simulate.analysis.single_arm_plan import single_arm_slots
from simulate.analysis.workspace import workspace
from simulate.describe.words import count
from simulate.ledger import ledger_of
from simulate.plan import with_lists
from simulate.single_arm.rule import DecisionRule
from simulate.story.history import History, Line


def look_lines(history: History) -> Iterator[Line]:
    """A line for each look of the design that is made, with its counts and its decision.

    The trial ends with its decision; whoever would be enrolled later is told of that, too.
    """
    block = history.scenario.single_arm
    if block is None:
        return
    found, pauses = _written(history)
    patients = block.design.rule.patients
    enrolled = history.truth["enrolment_trial_day"]
    for look, n in enumerate(patients, start=1):
        day = found[f"look_{look}_day"]
        if math.isnan(day):
            return
        name = f"LOOK {look} of {len(patients)} of the single-arm design ({history.date(int(day))})"
        below = tuple(_below(history, n, pauses[look - 1]))
        yield Line(int(day), clock.DATA_CUT, f"{name}: {_counts(found, look, n)}", below)
        decided = _decision(found, look)
        on = int(day) + block.looks[look - 1].cleaning_lag
        if decided is None:
            text = f"Look {look} decides that the trial goes on: {_bounds(block.design.rule, look)}"
        else:
            text = f"The trial ends: {decided}"
            if enrolled > on:
                text += "; this patient would not be enrolled"
        yield Line(on, clock.DATA_CUT, text)


def _written(history: History) -> tuple[dict[str, float], Sequence[int]]:
    """What the design makes of the patient's trial by the names of its statistics, and pauses."""
    trial = history.scenario
    plan = analysis_plan(trial, trial.analyses[-1])
    room, rules = with_lists(workspace(plan, trial.sample_size)), with_lists(plan.single_arm)
    names = [name.removeprefix("single_arm_") for name in single_arm_slots(trial)]
    out = [math.nan] * len(names)
    ledger = ledger_of(history.records)
    write_single_arm(rules, plan.endpoints, ledger, room.known, room.single_arm, out, 0)
    return dict(zip(names, out, strict=True)), list(room.single_arm.pause)


def _counts(found: dict[str, float], look: int, n: int) -> str:
    responders, pending = int(found[f"look_{look}_responders"]), int(found[f"look_{look}_pending"])
    text = f"{responders} of {count(n, 'patient')} respond, as known"
    if pending:
        text += f"; {pending} may still be found to respond"
    return text


def _bounds(rule: DecisionRule, look: int) -> str:
    """What would have ended the trial at a look that does not."""
    n, low, high = rule.patients[look - 1], rule.no_go[look - 1], rule.go[look - 1]
    parts = [f"no go needs {low} or fewer"] if low >= 0 else []
    parts += [f"go needs {high} or more"] if high <= n else []
    return ", ".join(parts) or "it can neither be go nor no go"


def _decision(found: dict[str, float], look: int) -> str | None:
    """The decision at a look; None if the trial goes on."""
    if found["look"] != look:
        return None
    return next(name for name in ("go", "consider", "no_go") if found[name] == 1).replace("_", " ")


def _below(history: History, n: int, pause: int) -> Iterator[str]:
    is_counted = history.patient < n
    yield f"- this patient {'is' if is_counted else 'is not'} among them"
    if pause and not is_counted:
        yield (
            f"- enrolment pauses until the decision: if the trial goes on, all that is told of "
            f"this patient comes {count(pause, 'day')} later"
        )
