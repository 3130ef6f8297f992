"""The swimmer plot: every patient of the example replicate."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from simulate.cutoff import Snapshot
from simulate.distributions import NEVER
from simulate.endpoints import endpoint_rules
from simulate.patient.dosing import DISCONTINUE
from simulate.patient.treatment import (
    ADVERSE_EVENT,
    COMPLETED,
    DEATH,
    EARLY_STOP,
    NOT_STOPPED,
    WITHDRAWAL,
)
from simulate.plots.swimmer import Lanes, plot_swimmer, swimmer_legend
from simulate.records import Columns
from simulate.report.blocks import Picture, Section
from simulate.report.numbers import counted, listed
from simulate.report.svg import figure_svg
from simulate.report.view import View
from simulate.units import DAYS_PER_MONTH

MOST_LANES = 120

_MOST_DRUGS = 15  # whose actions fit in a mask of 64 bits
_OTHERS_STOPPED = sum(1 << (4 * position + DISCONTINUE) for position in range(1, _MOST_DRUGS))
"""Bits of an adverse event's action that say that a drug other than the first was stopped."""


def swimmer_section(view: View) -> Section:
    """One replicate, patient by patient; empty without an example or without patients."""
    blocks = []
    if view.example is not None:
        name = view.analysed.name
        snapshot, endpoints = view.example.snapshots[name], view.example.endpoints[name]
        if snapshot.n_patients:
            blocks = [_picture(view, snapshot, endpoints)]
    return Section("patients", "One replicate, patient by patient", [*blocks])


def _picture(view: View, snapshot: Snapshot, endpoints: Columns) -> Picture:
    rules = endpoint_rules(view.scenario)
    lanes = lanes_of(snapshot, endpoints, bool(rules.from_randomisation), rules.leading_drug)

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        plot_swimmer(lanes, ax=ax)
        swimmer_legend(lanes, ax)

    assert view.example is not None  # asked by the caller
    drug = next(d.name for d in view.scenario.treatment.drugs if d.id == rules.leading_drug)
    all_shown = snapshot.n_patients <= MOST_LANES
    caption = (
        f"Replicate {view.example.replicate} as known at the data cut of "
        f"{view.analysis.cut.date}: "
        + (
            f"all {counted(snapshot.n_patients, 'patient')}"
            if all_shown
            else f"the {MOST_LANES} of {snapshot.n_patients:,} patients longest on treatment"
        )
        + ", longest on treatment first. A bar lasts from the first dose to the end of treatment "
        f"or the cut, its dark part from the first confirmed response to progression or the last "
        f"scan without it; fine white lines are doses of {drug}. The grey line after it is "
        f"follow-up until death or last contact.{_other_drugs(view)}"
    )
    return Picture(
        figure_svg(
            "swimmer",
            draw,
            width=8.6,
            height=1.1 + 0.118 * lanes.n,
            description="Swimmer plot of one simulated trial",
        ),
        "Swimmer plot of the example replicate",
        caption,
    )


def _other_drugs(view: View) -> str:
    """What marks of doses are about, if adverse events can change doses."""
    drugs = view.scenario.treatment.drugs
    if view.scenario.toxicity is None or not any(drug.rules for drug in drugs):
        return ""
    names = listed((drug.name for drug in drugs), last="or")
    return f" Marks on a bar: a dose of {names} omitted, reduced or ended for an adverse event."


def lanes_of(
    snapshot: Snapshot, endpoints: Columns, from_randomisation: bool, leading_drug: int
) -> Lanes:
    """The lanes of all patients of a data cut, longest on treatment first.

    Parameters
    ----------
    snapshot : Snapshot
        The data cut.
    endpoints : columns
        Its derived endpoints.
    from_randomisation : bool
        Whether times of endpoints run from enrolment instead of from the first dose.
    leading_drug : int
        Permanent number of the drug whose doses are shown.
    """
    s = snapshot.subjects
    stopped = s["treatment_stop_day"] < NEVER
    end = np.where(stopped, s["treatment_stop_day"], s["cut_day"])
    order = np.lexsort((s["patient"], -end))[:MOST_LANES]
    frame = pd.DataFrame(s | {k: v for k, v in endpoints.items() if k != "patient"})
    frame["end"] = end
    offset = 1 + from_randomisation * (frame["first_dose_trial_day"] - frame["enrolment_trial_day"])
    frame["pfs_day"] = frame["pfs_time"] - offset
    frame["response_day"] = frame["pfs_day"] - frame["dor_time"] + 1
    frame = frame.iloc[order].reset_index(drop=True)
    frame["lane"] = np.arange(len(frame))
    doses = pd.DataFrame(snapshot.doses).merge(frame[["patient", "lane"]], on="patient")
    events = pd.DataFrame(snapshot.adverse_events).merge(frame[["patient", "lane"]], on="patient")
    given = doses[doses["given"] == 1]
    marks = [_marks(frame), _dose_marks(doses, events)]
    return Lanes(
        len(frame),
        _periods(frame, given),
        pd.concat(marks, ignore_index=True),
        _at(given[given["drug"] == leading_drug], "day"),
    )


def _periods(frame: pd.DataFrame, given: pd.DataFrame) -> pd.DataFrame:
    responded = frame[frame["dor_time"] > 0]
    late = given.drop_duplicates(["lane", "cycle"])
    held, waited = late[late["hold"] > 0], late[late["wait"] > 0]
    since = held["day"] - held["wait"]
    parts = [
        _part(frame, "followed", 0 * frame["end"], frame["last_contact_day"]),
        _part(frame, "treatment", 0 * frame["end"], frame["end"]),
        _part(responded, "response", responded["response_day"], responded["pfs_day"]),
        _part(held, "hold", since - held["hold"], since),
        _part(waited, "wait", waited["day"] - waited["wait"], waited["day"]),
    ]
    return pd.concat(parts, ignore_index=True)


def _part(frame: pd.DataFrame, kind: str, start: pd.Series, end: pd.Series) -> pd.DataFrame:
    columns = {
        "lane": frame["lane"],
        "kind": kind,
        "start": start / DAYS_PER_MONTH,
        "end": end / DAYS_PER_MONTH,
    }
    return pd.DataFrame(columns)


def _marks(frame: pd.DataFrame) -> pd.DataFrame:
    reason = frame["treatment_stop_reason"]
    chosen = {
        "first_response": (frame["dor_time"] > 0, "response_day"),
        "progression": ((frame["pfs_event"] == 1) & (frame["pfs_is_death"] == 0), "pfs_day"),
        "death": (frame["death_day"] < NEVER, "death_day"),
        "toxicity_stop": (reason == ADVERSE_EVENT, "end"),
        "withdrawal": (reason.isin([WITHDRAWAL, EARLY_STOP]), "end"),
        "completed": (reason == COMPLETED, "end"),
        "ongoing": ((reason == NOT_STOPPED) & (reason != DEATH), "end"),
    }
    parts = [_at(frame[rows], day).assign(kind=kind) for kind, (rows, day) in chosen.items()]
    return pd.concat(parts, ignore_index=True)


def _dose_marks(doses: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Doses omitted, first doses at a lower level, and ends of drugs other than the leading one."""
    omitted = doses[doses["given"] == 0]
    reduced = doses[(doses["given"] == 1) & (doses["level"] > 0)]
    first_reduced = reduced.drop_duplicates(["lane", "drug", "level"])
    stopped = events[(events["action"] & _OTHERS_STOPPED) > 0].drop_duplicates("lane")
    chosen = {
        "omitted": (omitted, "day"),
        "reduced": (first_reduced, "day"),
        "drug_stop": (stopped, "onset_day"),
    }
    parts = [_at(rows, day).assign(kind=kind) for kind, (rows, day) in chosen.items()]
    return pd.concat(parts, ignore_index=True)


def _at(rows: pd.DataFrame, day: str) -> pd.DataFrame:
    """Lane and month of some rows."""
    return pd.DataFrame({"lane": rows["lane"], "month": rows[day] / DAYS_PER_MONTH})
