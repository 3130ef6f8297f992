"""Doses: what is given, how much and how late and why, what is omitted, and what holds them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from simulate import clock
from simulate.describe.words import count, duration, listing
from simulate.patient.dosing import dose_amount
from simulate.records import LogRow
from simulate.story.history import History, Line, Row
from simulate.story.toxicity import holding, named, sentence

_WHY = {
    "delay": "not for toxicity",
    "hold": "held for an adverse event",
    "wait": "no slot or no drug",
}
"""Why a dose is late, by the column of its days."""


def dose_lines(history: History) -> Iterator[Line]:
    """A line for each cycle on record: the drugs given, and those omitted below."""
    for cycle, rows in groupby(history.doses, key=lambda dose: dose["cycle"]):
        doses = list(rows)
        given = listing(_given(history, dose) for dose in doses if dose["given"])
        omitted = [_omitted(history, dose) for dose in doses if not dose["given"]]
        text = f"Dose {cycle}{_lateness(doses[0])}: {given or 'nothing is given'}"
        yield Line(history.first_dose + doses[0]["day"], clock.DOSE, text, tuple(omitted))


def _given(history: History, dose: Row) -> str:
    """A drug with its amount, and its level if it is a reduced one."""
    position = history.position(dose["drug"])
    drug, level = history.drugs[position], dose["level"]
    amount = _amount(history, position, level)
    prescribed = str((drug.dose, *drug.reduced_doses)[level])
    if amount is None or prescribed == amount:
        return f"{drug.name} {prescribed}{' (reduced)' if level else ''}"
    return f"{drug.name} {amount}" + (f" (reduced to {prescribed})" if level else "")


def _amount(history: History, position: int, level: int) -> str | None:
    """Amount of a dose in mg; None if it cannot be told."""
    unit, body = history.drugs[position].dose.unit, history.body
    if unit not in ("mg", "mg/kg", "mg/m2") or (unit != "mg" and body is None):
        return None
    weight, surface = body or (0.0, 0.0)
    amount = dose_amount(history.plan.dosing, position, level, weight, surface)
    return f"{amount:,.0f} mg" if amount >= 10 else f"{amount:.3g} mg"


def _omitted(history: History, dose: Row) -> str:
    position = history.position(dose["drug"])
    name = sentence(history.drugs[position].name)
    return f"- {name} omitted: {_by(history, position, dose['day'])}"


def _by(history: History, position: int, day: int) -> str:
    """Which adverse events hold a drug on a dose day."""
    events = listing(named(history, event) for event in holding(history, position, day))
    return f"held by {events}"


def _lateness(dose: Row) -> str:
    """How late a dose is, and why."""
    days = {why: dose[column] for column, why in _WHY.items() if dose[column] > 0}
    if not days:
        return ""
    reasons = list(days) if len(days) == 1 else [f"{late} {why}" for why, late in days.items()]
    return f", {count(sum(days.values()), 'day')} late ({', '.join(reasons)})"


# ---- lines of the log without a row on record ---------------------------------------------------


def waiting_line(history: History, row: LogRow) -> str:
    """A dose that is held, or waits for want of a slot or a drug."""
    trial_day, _, _, _, event, _ = row
    day = trial_day - history.first_dose
    cycle = 1 + max((dose["cycle"] for dose in history.doses if dose["day"] < day), default=0)
    if event == "dose waits":
        return f"Dose {cycle} waits: no slot or no drug at the site"
    held = [
        f"{drug.name} is {_by(history, position, day)}"
        for position, drug in enumerate(history.drugs)
        if drug.holds is not None and drug.holds.delays_cycle and holding(history, position, day)
    ]
    return f"Dose {cycle} held: {'; '.join(held)}"


def ended_by_hold(history: History, row: LogRow) -> str:
    """A drug that ends because a hold would last too long."""
    trial_day, _, _, _, _, detail = row
    drug_id = int(detail.split(",")[0].removeprefix("drug "))
    position = history.position(drug_id)
    drug = history.drugs[position]
    longest = f" for more than {duration(drug.holds.at_most)}" if drug.holds else ""
    by = _by(history, position, trial_day - history.first_dose)
    return f"{sentence(drug.name)} is discontinued: it would be {by}{longest}"
