"""The first difference between two records of one trial, in words that lead to its cause.

It is that of the lowest patient number, and in that patient's life the earliest: what a patient
brings, then the day on which something differs. Rows of a patient's tables count from 0, as
patients and replicates do; days are patient days, 0 the first dose.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from simulate.distributions import NEVER
from simulate.patient.assessment import RESPONSE_NAMES
from simulate.patient.treatment import STOP_NAMES
from simulate.records import Columns, TrialRecords
from simulate.scenario.baseline import LevelsVariable
from simulate.scenario.trial import Trial

TABLES = ("subjects", "baseline", "assessments", "doses", "adverse_events", "drug_stops")
"""Tables of a trial's records."""

# by which day the rows are in order; the tables as things come about on one day
_DAY_OF_ROW = {
    "assessments": "day",
    "doses": "day",
    "adverse_events": "onset_day",
    "drug_stops": "day",
}
_DAYS_OF_SUBJECT = (
    "progression_day",
    "death_day",
    "treatment_stop_day",
    "assessment_stop_day",
    "study_withdrawal_day",
)
_AT_ENTRY = -NEVER

Engines = tuple[str, str]
Row = dict[str, int]


class Finding(NamedTuple):
    """A difference in one patient's records; the smallest comes first in the patient's life."""

    day: int
    order: int
    """Place of its table among those that differ on the same day."""
    text: str


def first_difference(
    a: TrialRecords,
    b: TrialRecords,
    trial: Trial,
    *,
    engines: Engines = ("reference", "batch"),
) -> str | None:
    """Tell the first difference between two records of one trial; None if there is none.

    Parameters
    ----------
    a, b : TrialRecords
        The same replicate by two engines.
    trial : Trial
        The scenario: names for drugs, adverse events and variables.
    engines : (str, str)
        Names of the engines.

    Returns
    -------
    str or None
        Such as "patient 17 (site 3, first dose 2020-02-22), doses, row 5 (KN026, cycle 6): day is
        105 by reference and 106 by batch". Equal means: the same tables, columns, types and
        numbers. The event log is for people to read, and is not compared.
    """
    for name in TABLES:
        if text := layout_difference(getattr(a, name), getattr(b, name), engines):
            return f"{name}: {text}"
    numbers = [n for n in (_first_patient(a, b, name) for name in TABLES) if n is not None]
    n = min(a.n_patients, b.n_patients)
    if numbers and min(numbers) < n:
        number = min(numbers)
        findings = list(_findings(a, b, trial, engines, number))
        what = min(findings).text if findings else "the rows of its tables are in another order"
        more = "" if a.n_patients == b.n_patients else f" ({_patients(a, b, engines)})"
        return f"{_who(a, trial, number)}, {what}{more}"
    if a.n_patients != b.n_patients:
        longer, by = (a, engines[0]) if a.n_patients > n else (b, engines[1])
        return f"{_patients(a, b, engines)}: only {by} has {_who(longer, trial, n)}"
    if numbers:
        return f"a row belongs to patient {min(numbers)}, whom nobody has enrolled"
    return _screening_difference(a, b, engines)


def layout_difference(a: Columns, b: Columns, engines: Engines) -> str | None:
    """Tell whether two tables have other columns, in another order, or of other types."""
    if list(a) != list(b):
        for one, other, by in ((a, b, engines[1]), (b, a, engines[0])):
            if missing := [name for name in one if name not in other]:
                return f"{by} has no column {missing[0]}"
        return f"the columns are in another order by {engines[1]}"
    for name, column in a.items():
        if column.dtype != b[name].dtype:
            types = f"{column.dtype} by {engines[0]} and {b[name].dtype} by {engines[1]}"
            return f"the column {name} is {types}"
    return None


def first_row(a: Columns, b: Columns) -> int | None:
    """First row in which two tables of the same columns differ; None if they are equal."""
    length = min(n_rows(a), n_rows(b))
    differing = [np.flatnonzero(a[name][:length] != b[name][:length]) for name in a]
    rows = [int(where[0]) for where in differing if len(where)]
    if rows:
        return min(rows)
    return None if n_rows(a) == n_rows(b) else length


def n_rows(table: Columns) -> int:
    """Rows of a table."""
    return len(next(iter(table.values()), ()))


def _first_patient(a: TrialRecords, b: TrialRecords, name: str) -> int | None:
    """Lowest patient number whose rows in one table differ."""
    one, other = getattr(a, name), getattr(b, name)
    row = first_row(one, other)
    if row is None or name not in _DAY_OF_ROW:
        return row
    return min(int(t["patient"][row]) for t in (one, other) if row < n_rows(t))


def _findings(
    a: TrialRecords, b: TrialRecords, trial: Trial, engines: Engines, number: int
) -> Iterator[Finding]:
    """All that differs first in each table of one patient."""
    for order, (name, day) in enumerate(_DAY_OF_ROW.items()):
        rows = _rows(getattr(a, name), number), _rows(getattr(b, name), number)
        if finding := _row_finding(name, day, order, rows, trial, engines):
            yield finding
    one, other = ({n: int(c[number]) for n, c in r.subjects.items()} for r in (a, b))
    for column in one:
        if one[column] != other[column]:
            text = _values(column, one, other, trial, engines)
            yield Finding(_day_of_subject(column, one, other), len(TABLES), f"subjects: {text}")
    for key, levels in a.baseline.items():
        x, y = int(levels[number]), int(b.baseline[key][number])
        if x != y:
            name, x_shown, y_shown = _levels(trial, key, x, y)
            text = f"{name} is {x_shown} by {engines[0]} and {y_shown} by {engines[1]}"
            yield Finding(_AT_ENTRY, len(TABLES) + 1, f"baseline: {text}")


def _row_finding(
    table: str,
    day: str,
    order: int,
    rows: tuple[list[Row], list[Row]],
    trial: Trial,
    engines: Engines,
) -> Finding | None:
    """First difference between a patient's rows of one table."""
    one, other = rows
    length = min(len(one), len(other))
    place = next((i for i in range(length) if one[i] != other[i]), length)
    if place < length:
        x, y = one[place], other[place]
        columns = [column for column in x if x[column] != y[column]]
        text = f"{table}, row {place} ({_label(table, x, trial)}): "
        text += _values(columns[0], x, y, trial, engines)
        if len(columns) > 1:
            text += f"; also different: {', '.join(columns[1:])}"
        if len(one) != len(other):
            text += f" ({len(one)} rows by {engines[0]}, {len(other)} by {engines[1]})"
        return Finding(min(x[day], y[day]), order, text)
    if len(one) == len(other):
        return None
    longer, by = (one, engines[0]) if len(one) > length else (other, engines[1])
    n, row = len(longer) - length, longer[length]
    many = "1 row more" if n == 1 else f"{n} rows more, the first"
    text = f"{table}: {by} has {many}: {_label(table, row, trial)}, day {row[day]}"
    return Finding(row[day], order, text)


def _rows(table: Columns, number: int) -> list[Row]:
    """One patient's rows."""
    mine = table["patient"] == number
    columns = [column[mine].tolist() for column in table.values()]
    return [dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True)]


def _day_of_subject(column: str, one: Row, other: Row) -> int:
    """Day on which a difference between two rows of ``subjects`` began to matter."""
    name = "treatment_stop_day" if column == "treatment_stop_reason" else column
    return min(one[name], other[name]) if name in _DAYS_OF_SUBJECT else _AT_ENTRY


def _screening_difference(a: TrialRecords, b: TrialRecords, engines: Engines) -> str | None:
    one, other = a.screening_days, b.screening_days
    if len(one) != len(other):
        return f"{len(one)} patients are screened by {engines[0]} and {len(other)} by {engines[1]}"
    for i, (x, y) in enumerate(zip(one, other, strict=True)):
        if x != y:
            days = f"trial day {x} by {engines[0]} and {y} by {engines[1]}"
            return f"screening {i} is on {days}"
    return None


# ---- in words -----------------------------------------------------------------------------------


def _who(records: TrialRecords, trial: Trial, number: int) -> str:
    """A patient's number, and what helps to find the patient."""
    day = int(records.subjects["first_dose_trial_day"][number])
    dose = "no first dose" if day >= NEVER else f"first dose {trial.origin + dt.timedelta(day)}"
    return f"patient {number} (site {records.subjects['site'][number]}, {dose})"


def _patients(a: TrialRecords, b: TrialRecords, engines: Engines) -> str:
    return f"{a.n_patients} patients by {engines[0]} and {b.n_patients} by {engines[1]}"


def _values(column: str, x: Row, y: Row, trial: Trial, engines: Engines) -> str:
    one, other = (_shown(column, row[column], trial) for row in (x, y))
    return f"{column} is {one} by {engines[0]} and {other} by {engines[1]}"


def _shown(column: str, value: int, trial: Trial) -> str:
    """A number as people read it: a name where it stands for one."""
    names: dict[int, str] = {}
    if column == "response":
        names = dict(enumerate(RESPONSE_NAMES))
    elif column == "treatment_stop_reason":
        names = dict(enumerate(STOP_NAMES))
    elif column == "drug":
        names = {d.id: d.name for arm in trial.arm_trials for d in arm.treatment.drugs}
    elif column == "position" and not trial.arms:
        names = dict(enumerate(drug.name for drug in trial.treatment.drugs))
    elif column == "term":
        blocks = [arm.toxicity for arm in trial.arm_trials if arm.toxicity is not None]
        names = {term.id: term.name for block in blocks for term in block.terms}
    elif column.endswith("_day") or column == "day":
        names = {NEVER: "never"}
    return names.get(value, str(value))


def _label(table: str, row: Row, trial: Trial) -> str:
    """What a row is about."""
    if table == "doses":
        return f"{_shown('drug', row['drug'], trial)}, cycle {row['cycle']}"
    if table == "adverse_events":
        return f"{_shown('term', row['term'], trial)}, cycle {row['cycle']}"
    if table == "assessments":
        return f"visit {row['visit']}" if row["visit"] else "unscheduled"
    return _shown("position", row["position"], trial)


def _levels(trial: Trial, key: str, x: int, y: int) -> tuple[str, Any, Any]:
    """Name of a baseline variable by its number, and two of its levels as people read them."""
    for variable in trial.baseline.variables:
        if str(variable.id) != key:
            continue
        if not isinstance(variable, LevelsVariable):
            low = round(variable.low)
            return variable.name, low + x, low + y
        names = dict(enumerate(variable.level_names))
        return variable.name, names.get(x, x), names.get(y, y)
    return f"variable {key}", x, y
