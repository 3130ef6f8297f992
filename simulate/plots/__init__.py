"""Figures of simulated trials: each draws what it is given, and computes nothing.

Every function takes ``ax=None`` and returns the axes, so it serves reports and notebooks alike.
"""

from simulate.plots.arms import LookMark, plot_arms, plot_months
from simulate.plots.boundaries import plot_boundaries
from simulate.plots.calibration import plot_informed
from simulate.plots.decisions import plot_decisions
from simulate.plots.distributions import plot_distribution, plot_ended, plot_look_times
from simulate.plots.doses import plot_delays, plot_histograms
from simulate.plots.enrolment import plot_enrolment
from simulate.plots.forest import plot_forest
from simulate.plots.hazard_ratios import plot_hazard_ratios
from simulate.plots.hypothesis_graph import plot_hypothesis_graph
from simulate.plots.operating import plot_coverage, plot_precision
from simulate.plots.reconstruction import plot_reconstruction
from simulate.plots.safety import plot_adverse_events
from simulate.plots.scan_bias import plot_not_seen_yet, plot_true_and_seen
from simulate.plots.scorecard import plot_scorecard
from simulate.plots.style import STYLE
from simulate.plots.survival import plot_at_risk, plot_survival
from simulate.plots.swimmer import Lanes, plot_swimmer
from simulate.plots.trial_schema import Box, Schema, plot_trial_schema
from simulate.plots.what_ifs import plot_grid, plot_variants

__all__ = [
    "STYLE",
    "Box",
    "Lanes",
    "LookMark",
    "Schema",
    "plot_adverse_events",
    "plot_arms",
    "plot_at_risk",
    "plot_boundaries",
    "plot_coverage",
    "plot_decisions",
    "plot_delays",
    "plot_distribution",
    "plot_ended",
    "plot_enrolment",
    "plot_forest",
    "plot_grid",
    "plot_hazard_ratios",
    "plot_histograms",
    "plot_hypothesis_graph",
    "plot_informed",
    "plot_look_times",
    "plot_months",
    "plot_not_seen_yet",
    "plot_precision",
    "plot_reconstruction",
    "plot_scorecard",
    "plot_survival",
    "plot_swimmer",
    "plot_trial_schema",
    "plot_true_and_seen",
    "plot_variants",
]
