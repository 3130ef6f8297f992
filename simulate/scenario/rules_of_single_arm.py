"""Rules that tie a single-arm design to the trial in which it is used."""

from __future__ import annotations

from collections.abc import Iterator

from simulate.scenario.findings import Finding
from simulate.scenario.trial import Trial


def single_arm_fits(trial: Trial) -> Iterator[Finding]:
    """A single-arm design has one arm, its patients, and time for its looks."""
    block = trial.single_arm
    if block is None:
        return
    if trial.arms:
        yield Finding(
            ("single_arm",),
            "a trial with arms is decided by hypotheses",
            "Leave out single_arm, or arms",
        )
        return
    most = block.design.rule.most_patients
    if most > trial.sample_size:
        yield Finding(
            ("single_arm", "design"),
            f"the design needs {most} patients, more than are enrolled "
            f"(sample_size: {trial.sample_size})",
            f"Give sample_size: {most} or more, or another design",
        )
    if block.interim is not None and block.interim.enrolment == "pauses" and trial.resources:
        yield Finding(
            ("single_arm", "interim", "enrolment"),
            "where patients of a site wait for one another, those who come later cannot be moved",
            "Give enrolment: continues, or leave out resources",
        )


def evaluable_once_scanned(trial: Trial) -> Iterator[Finding]:
    """Nobody is evaluable without a response before a scan could have shown one."""
    block, scans = trial.single_arm, trial.assessment
    if block is None or scans.is_continuous:
        return
    first = max(scans.first_planned_scan - scans.window, 1)
    for key in ("interim", "final"):
        look = getattr(block, key)
        if look is not None and look.evaluable_after is not None and look.evaluable_after < first:
            yield Finding(
                ("single_arm", key, "evaluable_after"),
                f"before the first scan, {first} days from the first dose at the earliest, no "
                f"response can be seen (given: {look.evaluable_after} days)",
                "Wait until responses are seen and confirmed, such as 24 weeks",
            )


def looks_end_in_time(trial: Trial) -> Iterator[Finding]:
    """No look waits for longer than the time to the last data cut."""
    block = trial.single_arm
    dates = [analysis.cut.date for analysis in trial.analyses if analysis.cut.date is not None]
    if block is None or not dates:
        return
    days = (max(dates) - trial.origin).days
    for key in ("interim", "final"):
        look = getattr(block, key)
        if look is not None and look.after + look.cleaning_lag >= days:
            yield Finding(
                ("single_arm", key, "after"),
                f"the look would come after the last data cut, {days} days from the origin "
                f"(given: {look.after} days; cleaning_lag: {look.cleaning_lag} days)",
                "Wait for less, or cut the data of the last analysis later",
            )
