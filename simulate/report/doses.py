"""The section on doses: how much was given, what delayed it, and why it ended."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from simulate.analysis.drugs import drug_key
from simulate.distributions import FloatArray
from simulate.exposure import dose_intensities
from simulate.plots.doses import CAUSES, delays_legend, plot_delays, plot_histograms
from simulate.plots.style import INK, SIMULATED
from simulate.records import Columns
from simulate.report.blocks import Block, Picture, Prose, Section, Table
from simulate.report.disposition import disposition_table
from simulate.report.numbers import SMALL_ERROR, capital, error, in_unit, interval
from simulate.report.svg import figure_svg
from simulate.report.view import View

FEWEST = 5
"""A mean delay is shown for cycles that at least so many patients began."""

_EXPOSURE = (
    "exposure_median",
    "exposure_min",
    "exposure_max",
    "cycles_median",
    "cycles_min",
    "cycles_max",
    "cycles_more_than_6",
)

_WAITS = ("waited", "wait_mean")

_PATIENT_BARS = 2.0  # percent of dose intensity
_WIDTHS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # percent
_MOST_BARS = 36


def doses_section(view: View) -> Section:
    """Dose intensity and delays, exposure, and why treatment stopped."""
    if not np.nanmax(np.append(view.values("n_ss"), 0.0)) > 0:
        return Section("doses", "Doses", [Prose("Nobody was treated in any replicate.")])
    text = (
        "A cycle is planned from the last dose actually given. Relative dose intensity is the "
        "amount given over the amount planned for the time from a patient's first dose to one "
        "cycle after the last: full doses without delay are 100%. A dose that was omitted counts "
        "as not given, and of one whose infusion was not completed the part infused counts; time "
        "on treatment without a drug that was stopped is no loss of it."
    )
    blocks: list[Block] = [Prose(text), _picture(view), _exposure(view), disposition_table(view)]
    return Section("doses", "Doses", blocks)


def cycle_delays(doses: Columns) -> pd.DataFrame:
    """Mean delay of each cycle from the second on, by cause, in days.

    Parameters
    ----------
    doses : columns
        Doses of one data cut. Those omitted are no doses; the drugs of a cycle share its day.

    Returns
    -------
    DataFrame
        ``cycle``, ``n`` patients who began it (at least :data:`FEWEST`), and a column a cause.
    """
    table = pd.DataFrame(doses)
    table = table[(table["given"] == 1) & (table["cycle"] > 1)]
    cycles = table.drop_duplicates(["patient", "cycle"]).groupby("cycle")
    causes = [name for name in CAUSES if name in table]
    means = cycles[causes].mean().assign(n=cycles.size()).reset_index()
    return means[means["n"] >= FEWEST].reset_index(drop=True)


def _picture(view: View) -> Picture:
    drugs = [drug.name for drug in view.scenario.treatment.drugs]
    medians = {capital(name): view.values(f"{drug_key(name)}_rdi_median") for name in drugs}
    patients: dict[str, FloatArray] = {}
    delays = pd.DataFrame()
    if view.example is not None:
        snapshot = view.example.snapshots[view.analysed.name]
        intensities = 100 * dose_intensities(view.scenario, snapshot)
        patients = dict(zip(map(capital, drugs), intensities, strict=True))
        delays = cycle_delays(snapshot.doses)

    def draw(figure: Figure) -> None:
        n_panels = 1 + bool(patients)
        heights = _heights(drugs)[: 1 + bool(len(delays))]
        grid = figure.add_gridspec(len(heights), n_panels, height_ratios=heights)
        panels = [figure.add_subplot(grid[0, i]) for i in range(n_panels)]
        if patients:
            plot_histograms(patients, color=INK, width=_PATIENT_BARS, ax=panels[0])
            panels[0].set_title("Example replicate: its patients")
        plot_histograms(medians, color=SIMULATED, width=_width(medians), ax=panels[-1])
        panels[-1].set_title("All replicates: the median patient of each")
        for panel in panels:
            panel.set_xlabel("Relative dose intensity, %")
        if len(delays):
            ax = figure.add_subplot(grid[1, :])
            plot_delays(delays, ax=ax)
            delays_legend(delays, ax)
            ax.set_title("Example replicate: delays of its cycles")

    top, bottom = _heights(drugs)
    height = top + bottom if len(delays) else top
    return Picture(
        figure_svg(
            "doses",
            draw,
            width=8.6,
            height=height,
            description="Relative dose intensity by drug, and delays by cycle and cause",
        ),
        "Dose intensity and delays" if len(delays) else "Dose intensity",
        _caption(view, has_example=bool(patients), has_delays=len(delays) > 0),
    )


def _heights(drugs: list[str]) -> tuple[float, float]:
    return 0.75 + 0.75 * len(drugs), 2.2


def _width(medians: dict[str, FloatArray]) -> float:
    """Width of a bar with which the widest distribution has not too many."""
    known = [values[np.isfinite(values)] for values in medians.values()]
    reach = max((float(np.ptp(values)) for values in known if len(values)), default=0.0)
    return next((width for width in _WIDTHS if reach <= _MOST_BARS * width), _WIDTHS[-1])


def _caption(view: View, *, has_example: bool, has_delays: bool) -> str:
    parts = []
    if has_example:
        assert view.example is not None  # has_example says so
        parts.append(
            f"Ink: the patients of replicate {view.example.replicate} at the data cut, with their "
            "median."
        )
    parts.append(
        f"Blue: the median patient's dose intensity in each of {view.n:,} replicates, on a scale "
        "of its own, with the median over replicates."
    )
    if has_delays:
        parts.append(
            "Below: how much later than planned from the last dose a cycle began, the mean over "
            f"the patients who began it, for cycles begun by at least {FEWEST}."
        )
    return " ".join(parts)


def _exposure(view: View) -> Table:
    names = list(_EXPOSURE)
    for drug in view.scenario.treatment.drugs:
        key = drug_key(drug.name)
        names += [f"{key}_doses_median", f"{key}_rdi_median"]
    names += [name for name in _WAITS if name in view.statistics]
    rows = []
    for name in names:
        statistic, spread = view.statistics[name], view.spread(name)
        unit = statistic.unit
        label = f"{statistic.label}, {unit}" if unit in ("days", "%") else statistic.label
        cells = [
            capital(label),
            in_unit(view.reported(name).value, unit),
            in_unit(spread.median, unit),
            interval(spread.lower, spread.upper, unit),
            error(view.median(name).mcse),
        ]
        rows.append(cells if view.has_facts else [cells[0], *cells[2:]])
    header = ["", "Reported", "Median over replicates", "95% of replicates", "MCSE"]
    header = header if view.has_facts else ["", *header[2:]]
    leading = view.scenario.treatment.drugs[0].name
    return Table(
        "Exposure, cycles and doses",
        header,
        rows,
        numeric=tuple(range(1, len(header))),
        caption=(
            f"Cycles and exposure are those of {leading}; exposure lasts from the first dose to "
            f"one cycle after the last. MCSE: Monte Carlo standard error; {SMALL_ERROR}."
        ),
    )
