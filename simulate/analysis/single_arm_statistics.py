"""What the statistics of a single-arm design are called, and what they are."""

from __future__ import annotations

from collections.abc import Iterator

from simulate.analysis.statistics import Statistic
from simulate.scenario.trial import Trial

SINGLE_ARM = "single_arm"
"""Endpoint under which they stand in tables."""

COMPARED = tuple(
    f"{SINGLE_ARM}_{name}"
    for name in (
        *("go", "consider", "no_go", "full_go", "full_no_go"),
        *("patients", "enrolled", "treated", "later_responders", "day"),
    )
)
"""What is shown of two scenarios that are compared."""

_OVERALL = (
    ("go", "Decision: go", "%"),
    ("consider", "Decision: consider", "%"),
    ("no_go", "Decision: no go", "%"),
    ("look", "Look that decides", ""),
    ("day", "Decision, from the origin", "days"),
    ("patients", "Patients counted at the decision", "patients"),
    ("responders", "Responders among them, as known", "patients"),
    ("pending", "Among them with a response that may still come", "patients"),
    ("later_responders", "Among them with a response known only later", "patients"),
    ("enrolled", "Patients enrolled by the decision", "patients"),
    ("treated", "Patients treated by the decision", "patients"),
    ("target_not_reached", "Look made at the last data cut, before it was due", "%"),
    ("full_go", "Without delay: go", "%"),
    ("full_consider", "Without delay: consider", "%"),
    ("full_no_go", "Without delay: no go", "%"),
    ("full_look", "Without delay: look that decides", ""),
    ("full_n", "Patients of all looks", "patients"),
    ("full_responders", "Responders among them at the last data cut", "patients"),
)

_BY_LOOK = (
    ("day", "data cut, from the origin", "days"),
    ("responders", "responders, as known", "patients"),
    ("pending", "patients with a response that may still come", "patients"),
    ("later_responders", "patients with a response known only later", "patients"),
    ("no_go", "no go", "%"),
    ("go", "go", "%"),
)


def single_arm_statistics(trial: Trial) -> Iterator[Statistic]:
    """Statistics of a trial's single-arm design; none without one."""
    if trial.single_arm is None:
        return
    for name, label, unit in _OVERALL:
        yield _statistic(name, label, unit)
    for look, patients in enumerate(trial.single_arm.design.rule.patients, start=1):
        for name, label, unit in _BY_LOOK:
            yield _statistic(f"look_{look}_{name}", f"Look at {patients} patients: {label}", unit)


def _statistic(name: str, label: str, unit: str) -> Statistic:
    return Statistic(f"{SINGLE_ARM}_{name}", "SS", SINGLE_ARM, name, label, unit)
