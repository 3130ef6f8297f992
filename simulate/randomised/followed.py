"""Patients of one trial followed through its endpoints: what each says of them at a cut, and why.

The same rules decide here as at the looks; this only tells which of them had the last word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pandas as pd

from simulate.build_observation import planned_scans
from simulate.distributions import NEVER, ShortArray
from simulate.endpoints import NOT_COUNTED
from simulate.looks.missed_visits import is_missed
from simulate.looks.review_events import before_event
from simulate.looks.seen import Seen
from simulate.patient.censoring import NO_LIMIT, censored_after, counts_despite
from simulate.scenario.survival_endpoints import SurvivalEndpoint
from simulate.scenario.survival_model import SingleModel
from simulate.scenario.survival_trial import SurvivalTrial

PROGRESSION, DEATH, EITHER = "progression", "death", "progression or death"
"""Why there is an event."""

DATA_CUT, LOST, SCANS_ENDED = "data cut", "lost to follow-up", "scans ended"
NEW_THERAPY, MISSED_SCANS, LATE_DEATH = "new therapy", "missed scans", "late death"
OPEN_INTERVAL = "interval not over"
"""Why there is none: nothing has happened yet, or rules do not count what has."""

RESPONSE, NO_RESPONSE, NOT_EVALUABLE = "response", "no response", "not evaluable yet"
"""What a rate counts of a patient."""

MISSED = "missed"
"""Why a planned scan is not done; or SCANS_ENDED."""

ENDPOINT_COLUMNS = (
    *("patient", "arm", "endpoint", "of", "reader", "rules"),
    *("day", "event", "reason"),
)
"""Columns of a table of endpoints, in trials of any kind."""

Take = Callable[[int, int, int], tuple[ShortArray, ShortArray]]
"""Day and event of the first patients, given an endpoint, a cut, and how many."""


class Followed(NamedTuple):
    """One trial of which all days are found."""

    trial: SurvivalTrial
    seen: Seen
    last_day: int
    """Last day of the calendars."""

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
        rows = []
        for position, endpoint in enumerate(self.trial.seen_endpoints):
            days, events = take(position, cut_day, patients.stop)
            for i in patients:
                found = int(days[i]), int(events[i])
                rows.append(self._row(position, endpoint, i, cut_day, found))
        table = pd.DataFrame(rows, columns=list(ENDPOINT_COLUMNS))
        return table.sort_values("patient", kind="stable").reset_index(drop=True)

    def _row(
        self,
        position: int,
        endpoint: SurvivalEndpoint,
        i: int,
        cut_day: int,
        found: tuple[int, int],
    ) -> tuple[Any, ...]:
        day, event = found
        who = (endpoint.name, endpoint.of, endpoint.reader or "", endpoint.rules or "")
        if endpoint.of == "ORR":
            return i, self._arm(i), *who, *self._response(i, event)
        known = cut_day - int(self.seen.ledger.enrolment_trial_day[i])
        why = self._event(position, i) if event else self._censoring(position, i, known)
        return i, self._arm(i), *who, day, event, why

    def _response(self, i: int, event: int) -> tuple[int, int, str]:
        """Day, event and reason of an endpoint that is a rate; day 0 without a response."""
        if event == NOT_COUNTED:
            return 0, 0, NOT_EVALUABLE
        if event == 0:
            return 0, 0, NO_RESPONSE
        return int(self.seen.ledger.response_day[i]), 1, RESPONSE

    def _arm(self, i: int) -> str:
        return self.trial.arms[int(self.seen.ledger.arm[i])].name

    def _is_reviewed(self, position: int) -> bool:
        return int(self.seen.review.plan.rules.is_reviewed[position]) == 1

    def _call(self, position: int, i: int) -> int:
        """Day on which the reader of an endpoint calls progression."""
        reader = int(self.seen.review.plan.rules.reader[position])
        return int(self.seen.review.room.call_day[reader * self.seen.stride + i])

    def _first(self, position: int, i: int) -> int:
        """Day of the event, whatever rules say of it."""
        death = int(self.seen.ledger.death_day[i])
        if self._is_reviewed(position):
            return min(self._call(position, i), death)
        return int(self.seen.event_day[position * self.seen.stride + i])

    def _event(self, position: int, i: int) -> str:
        if isinstance(self.trial.survival, SingleModel) and self.trial.survival.endpoint == "PFS":
            return EITHER
        return DEATH if self._first(position, i) == self.seen.ledger.death_day[i] else PROGRESSION

    def _censoring(self, position: int, i: int, known: int) -> str:
        """Why there is no event at a cut: what came first of all that censors."""
        dropout = int(self.seen.ledger.dropout_day[i])
        reviewed = self._is_reviewed(position)
        if reviewed and self._first(position, i) <= min(known, dropout):
            return min(self._against(position, i), default=(0, OPEN_INTERVAL))[1]
        fates = [(dropout, LOST), (known, DATA_CUT)]
        if reviewed:
            room = self.seen.review.room
            fates = [(int(room.end[i]), SCANS_ENDED), *fates]
            if self._therapy_censors(position):
                fates = [(int(room.therapy[i]), NEW_THERAPY), *fates]
        return min(fates, key=lambda fate: fate[0])[1]

    def _therapy_censors(self, position: int) -> bool:
        plan = self.seen.review.plan
        return plan.therapy.exists == 1 and int(plan.rules.censors_therapy[position]) == 1

    def _against(self, position: int, i: int) -> Iterator[tuple[int, str]]:
        """Rules by which an event does not count, with the day up to which scans do."""
        seen, rules = self.seen, self.seen.review.plan.rules
        therapy = int(seen.review.room.therapy[i])
        if self._therapy_censors(position) and not counts_despite(
            self._first(position, i), therapy
        ):
            yield therapy, NEW_THERAPY
        before = before_event(
            seen.review.plan, seen.review.room, seen.ledger, position, i, seen.stride
        )
        most, window = int(rules.most_not_done[position]), int(rules.death_window[position])
        for limits, name in (((most, NO_LIMIT), MISSED_SCANS), ((NO_LIMIT, window), LATE_DEATH)):
            until = censored_after(*before, *limits)
            if until < NEVER:
                yield int(until), name

    # ---- scans ----------------------------------------------------------------------------------

    def assessments(self, cut_day: int, patients: range) -> pd.DataFrame:
        """A row a planned scan of some patients until the cut, death or dropout.

        Day 0 is the scan at baseline. Without scans, where every event is known on its day, there
        is no row.
        """
        rows: list[tuple[Any, ...]] = []
        scans = [
            planned_scans(self.trial, self.last_day, arm.name).tolist() for arm in self.trial.arms
        ]
        ledger = self.seen.ledger
        for i in patients if self.trial.survival.observation == "scans" else ():
            known = cut_day - int(ledger.enrolment_trial_day[i])
            until = min(known, int(ledger.dropout_day[i]), int(ledger.death_day[i]) - 1)
            for visit, day in enumerate(scans[int(ledger.arm[i])]):
                if day > until:
                    break
                why = self._why_not_done(i, visit, day)
                called = "" if why else ", ".join(self._callers(i, day))
                rows.append((i, self._arm(i), visit, day, int(not why), why, called))
        columns = ("patient", "arm", "visit", "day", "done", "not_done_because", "called_by")
        return pd.DataFrame(rows, columns=list(columns))

    def _why_not_done(self, i: int, visit: int, day: int) -> str:
        review, stride = self.seen.review, self.seen.stride
        if review.plan.is_needed == 0:
            return ""
        if day > review.room.end[i]:
            return SCANS_ENDED
        if review.plan.misses == 1 and is_missed(review.room, i, visit, stride):
            return MISSED
        return ""

    def _callers(self, i: int, day: int) -> Iterator[str]:
        """Readers who call progression at a scan."""
        review, stride = self.seen.review, self.seen.stride
        for position, reader in enumerate(self.trial.survival.readers):
            if review.plan.is_needed == 1 and review.room.call_day[position * stride + i] == day:
                yield reader.name
