"""The section on survival: three endpoints, each drawn, and their rates in a table."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from simulate.analysis.analyse import in_population
from simulate.analysis.kaplan_meier import KaplanMeier, kaplan_meier
from simulate.analysis.statistics import SURVIVAL_ENDPOINTS
from simulate.plots.style import BAND, EXAMPLE, REPORTED, SIMULATED, SOFT
from simulate.plots.survival import Landmark, Median, plot_at_risk, plot_survival
from simulate.report.blocks import Block, Picture, Prose, Section, Table
from simulate.report.numbers import NO_VALUE, in_unit, interval, number, with_unit
from simulate.report.svg import figure_svg
from simulate.report.view import View
from simulate.truth import LATENT, OBSERVED
from simulate.units import DAYS_PER_MONTH

SHOWN = ("pfs", "os", "dor")
