"""Patients in cycles and scans followed through their endpoints: what each says at a cut, and why.

The same rules decide here as at the looks; this only tells which of them had the last word.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from simulate import counted_events as counted
from simulate.distributions import NEVER
from simulate.endpoints import NOT_COUNTED
from simulate.known import KnownRows, cut_trial
from simulate.ledger import PATIENTS
from simulate.look_samples import SeenPatients
from simulate.patient import assessment
from simulate.randomised.followed import (
    DATA_CUT,
    DEATH,
    ENDPOINT_COLUMNS,
    LATE_DEATH,
    LOST,
    MISSED,
    MISSED_SCANS,
    NEW_THERAPY,
    NO_RESPONSE,
    NOT_EVALUABLE,
    PROGRESSION,
    RESPONSE,
    SCANS_ENDED,
    Take,
)
from simulate.records import TrialRecords
from simulate.scenario.readers import INVESTIGATOR
from simulate.scenario.trial import Trial

NOT_TREATED = "no dose yet"
"""Why there is no event: the patient waits for the first dose."""

_BY_RULE = {
    counted.NEW_THERAPY: NEW_THERAPY,
    counted.SCANS_NOT_DONE: MISSED_SCANS,
    counted.LATE_DEATH: LATE_DEATH,
}


class FollowedPatients(NamedTuple):
    """One trial of which all days are found."""

    trial: Trial
    seen: SeenPatients
    records: TrialRecords

    def endpoints(self, take: Take, cut_day: int, patients: range) -> pd.DataFrame:
        """A row a patient and endpoint: day and event as known at the end of a day, and why.

        Parameters
        ----------
        take
            The sample of an endpoint at a cut.
        cut_day
            Trial day of the cut.
        patients
            Numbers of some that are enrolled by then.
        """
        known = self._known(cut_day)
        rows: list[tuple[Any, ...]] = []
        for position, endpoint in enumerate(self.trial.seen_endpoints):
            days, events = take(position, cut_day, patients.stop)
            who = (endpoint.name, endpoint.of, endpoint.who or "", endpoint.rules or "")
            for i in patients:
                why = self._event(position, i) if events[i] else self._censoring(position, i, known)
                rows.append((i, self._arm(i), *who, int(days[i]), int(events[i]), why))
        if self.seen.rules.response >= 0:
            days, events = take(self.seen.rules.response, cut_day, patients.stop)
            rows += [
                (i, self._arm(i), "ORR", "ORR", INVESTIGATOR, "", *_response(int(events[i])))
                for i in patients
            ]
        table = pd.DataFrame(rows, columns=list(ENDPOINT_COLUMNS))
        return table.sort_values("patient", kind="stable").reset_index(drop=True)

    def assessments(self, cut_day: int, patients: range) -> pd.DataFrame:
        """A row a scan of some patients until the cut, and what readers say of it.

        Visit 0 is a scan that was not planned. Days are those since the first dose.
        """
        table = pd.DataFrame(self.records.assessments)
        known = self._known_until(cut_day)
        table = table[table["patient"].isin(patients)]
        table = table[table["day"] <= known[table["patient"]]].reset_index(drop=True)
        done = table["performed"] != assessment.MISSED
        response = np.array(assessment.RESPONSE_NAMES)[table["response"]]
        called = [
            ", ".join(self._callers(patient, day)) if is_done else ""
            for patient, day, is_done in zip(table["patient"], table["day"], done, strict=True)
        ]
        return pd.DataFrame(
            {
                "patient": table["patient"],
                "arm": [self._arm(patient) for patient in table["patient"]],
                "visit": table["visit"],
                "day": table["day"],
                "done": done.astype(int),
                "not_done_because": np.where(done, "", MISSED),
                "response": np.where(done, response, ""),
                "called_by": called,
            }
        )

    def _known_until(self, cut_day: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Patient day of a cut; below 0 for who has had no dose by then."""
        first = np.asarray(self.seen.ledger.subjects.first_dose_trial_day, np.int64)
        return np.where(first < NEVER, cut_day - first, -1)

    def _known(self, cut_day: int) -> dict[int, dict[str, int]]:
        """What a cut knows of each patient who has had a dose, by number."""
        room = KnownRows(*([0] * self.seen.ledger.size[PATIENTS] for _ in KnownRows._fields))
        n = cut_trial(self.seen.ledger, cut_day, room)
        rows = ({name: int(getattr(room, name)[row]) for name in room._fields} for row in range(n))
        return {row["patient"]: row for row in rows}

    def _arm(self, i: int) -> str:
        return self.trial.arms[int(self.seen.arm[i])].name

    def _way(self, position: int) -> int:
        return int(self.seen.rules.endpoints.way[position])

    def _call(self, position: int, i: int) -> int:
        """Patient day on which the reader of an endpoint calls progression, or it is one."""
        if self._way(position) == counted.LATENT:
            return int(self.seen.ledger.subjects.progression_day[i])
        reader = int(self.seen.rules.endpoints.reader[position])
        return int(self.seen.readings.call[reader * self.seen.readings.stride + i])

    def _event(self, position: int, i: int) -> str:
        if self._way(position) == counted.SURVIVAL:
            return DEATH
        death = int(self.seen.ledger.subjects.death_day[i])
        return PROGRESSION if self._call(position, i) <= death else DEATH

    def _censoring(self, position: int, i: int, known: dict[int, dict[str, int]]) -> str:
        """Why there is no event at a cut."""
        if i not in known:
            return NOT_TREATED
        of_patient, way = known[i], self._way(position)
        cut, left = of_patient["cut_day"], of_patient["study_withdrawal_day"]
        if way == counted.RULED:
            place = position * self.seen.stride + i
            reason = int(self.seen.counted.reason[place])
            if reason in _BY_RULE and int(self.seen.counted.reason_from[place]) <= cut:
                return _BY_RULE[reason]
        if way in (counted.SURVIVAL, counted.LATENT):
            return LOST if left <= cut else DATA_CUT
        if way != counted.RULED and of_patient["death_day"] <= cut:
            return LATE_DEATH
        stopped = of_patient["assessment_stop_day"]
        if min(stopped, left) > cut:
            return DATA_CUT
        return LOST if left <= stopped else SCANS_ENDED

    def _callers(self, i: int, day: int) -> Iterator[str]:
        """Readers who call progression at a scan; the investigator documents it."""
        readings = self.seen.readings
        names = [INVESTIGATOR, *(reader.name for reader in self.trial.other_readers)]
        for position, name in enumerate(names):
            if int(readings.call[position * readings.stride + i]) == day:
                yield name


def _response(event: int) -> tuple[int, int, str]:
    """Day, event and reason of the response rate."""
    if event == NOT_COUNTED:
        return 0, 0, NOT_EVALUABLE
    return 0, event, RESPONSE if event else NO_RESPONSE
