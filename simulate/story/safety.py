"""What a data cut knows of the patient's doses and adverse events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from simulate.cutoff import Snapshot
from simulate.describe.words import count, listing, percent
from simulate.distributions import NEVER
from simulate.exposure import dose_intensities
from simulate.patient.toxicity import FATAL_GRADE
from simulate.records import Columns
from simulate.story.history import History, Row, row_of, rows_of
from simulate.story.toxicity import named


def safety(history: History, snapshot: Snapshot) -> Iterator[str]:
    """Doses and relative dose intensity of each drug; adverse events so far and those ongoing."""
    alone = _alone(snapshot, history.patient)
    yield from _doses(history, alone)
    if history.scenario.toxicity is None:
        return
    events = rows_of(alone.adverse_events, 0)
    yield _events(events)
    subject = row_of(alone.subjects, 0)
    known_until = min(subject["cut_day"], subject["death_day"])
    ongoing = [
        named(history, event)
        for event in events
        if event["end_day"] > known_until and event["grade"] != FATAL_GRADE
    ]
    if events:
        name = "ongoing" if subject["death_day"] == NEVER else "not resolved at death"
        yield f"{name}: {listing(ongoing) or 'none'}"


def _alone(snapshot: Snapshot, patient: int) -> Snapshot:
    """The cut with this patient as its only one, so numbered 0."""

    def mine(rows: Columns) -> Columns:
        chosen = rows["patient"] == patient
        kept = {name: column[chosen] for name, column in rows.items()}
        return kept | {"patient": np.zeros(np.count_nonzero(chosen), np.int64)}

    is_mine = snapshot.subjects["patient"] == patient
    return replace(
        snapshot,
        subjects=mine(snapshot.subjects),
        baseline={name: levels[is_mine] for name, levels in snapshot.baseline.items()},
        assessments=mine(snapshot.assessments),
        doses=mine(snapshot.doses),
        adverse_events=mine(snapshot.adverse_events),
    )


def _doses(history: History, alone: Snapshot) -> Iterator[str]:
    """Doses given and omitted of each drug, and relative dose intensity."""
    intensities = dose_intensities(history.scenario, alone)[:, 0].tolist()
    for drug, intensity in zip(history.drugs, intensities, strict=True):
        doses = [dose for dose in rows_of(alone.doses, 0) if dose["drug"] == drug.id]
        given = sum(dose["given"] for dose in doses)
        text = f"{drug.name}: {count(given, 'dose')}"
        if given < len(doses):
            text += f" and {len(doses) - given} omitted"
        yield f"{text}, relative dose intensity {percent(intensity)}"


def _events(events: list[Row]) -> str:
    if not events:
        return "adverse events: none so far"
    severe = sum(event["grade"] >= 3 for event in events)
    serious = sum(event["serious"] for event in events)
    return (
        f"{count(len(events), 'adverse event')} so far, {severe} of grade 3 or higher, "
        f"{serious} serious"
    )
