"""The swimmer plot: every patient of the example replicate."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from simulate.cutoff import Snapshot
from simulate.distributions import NEVER
from simulate.endpoints import endpoint_rules
from simulate.patient.treatment import DEATH, EARLY_STOP, NOT_STOPPED, WITHDRAWAL
from simulate.plots.swimmer import Lanes, plot_swimmer, swimmer_legend
from simulate.records import Columns
from simulate.report.blocks import Picture, Section
from simulate.report.numbers import counted
from simulate.report.svg import figure_svg
from simulate.report.view import View
from simulate.units import DAYS_PER_MONTH

MOST_LANES = 120


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
        "follow-up until death or last contact."
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
    return Lanes(len(frame), _periods(frame), _marks(frame), _doses(frame, snapshot, leading_drug))


def _periods(frame: pd.DataFrame) -> pd.DataFrame:
    responded = frame[frame["dor_time"] > 0]
    parts = [
        _part(frame, "followed", 0 * frame["end"], frame["last_contact_day"]),
        _part(frame, "treatment", 0 * frame["end"], frame["end"]),
        _part(responded, "response", responded["response_day"], responded["pfs_day"]),
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
        "withdrawal": (reason.isin([WITHDRAWAL, EARLY_STOP]), "end"),
        "ongoing": ((reason == NOT_STOPPED) & (reason != DEATH), "end"),
    }
    parts = [
        pd.DataFrame(
            {
                "lane": frame.loc[rows, "lane"],
                "kind": kind,
                "month": frame.loc[rows, day] / DAYS_PER_MONTH,
            }
        )
        for kind, (rows, day) in chosen.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _doses(frame: pd.DataFrame, snapshot: Snapshot, leading_drug: int) -> pd.DataFrame:
    doses = pd.DataFrame(snapshot.doses)
    doses = doses[doses["drug"] == leading_drug]
    merged = doses.merge(frame[["patient", "lane"]], on="patient")
    return pd.DataFrame({"lane": merged["lane"], "month": merged["day"] / DAYS_PER_MONTH})
