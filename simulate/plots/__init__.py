"""Figures of simulated trials: each draws what it is given, and computes nothing.

Every function takes ``ax=None`` and returns the axes, so it serves reports and notebooks alike.
"""

from simulate.plots.calibration import plot_informed
from simulate.plots.doses import plot_delays, plot_histograms
from simulate.plots.enrolment import plot_enrolment
from simulate.plots.forest import plot_forest
from simulate.plots.operating import plot_coverage, plot_precision
from simulate.plots.reconstruction import plot_reconstruction
from simulate.plots.safety import plot_adverse_events
from simulate.plots.scan_bias import plot_not_seen_yet, plot_true_and_seen
from simulate.plots.scorecard import plot_scorecard
from simulate.plots.style import STYLE
from simulate.plots.survival import plot_at_risk, plot_survival
from simulate.plots.swimmer import Lanes, plot_swimmer

__all__ = [
    "STYLE",
    "Lanes",
    "plot_adverse_events",
    "plot_at_risk",
    "plot_coverage",
    "plot_delays",
    "plot_enrolment",
    "plot_forest",
    "plot_histograms",
    "plot_informed",
    "plot_not_seen_yet",
    "plot_precision",
    "plot_reconstruction",
    "plot_scorecard",
    "plot_survival",
    "plot_swimmer",
    "plot_true_and_seen",
]
