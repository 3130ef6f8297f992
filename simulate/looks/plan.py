"""The looks of a trial in numbers: when they are, what is tested and estimated, and where it goes.

Arms, endpoints, hypotheses and looks are positions in the order of the scenario.
"""

from __future__ import annotations

from typing import NamedTuple

from simulate.distributions import FloatTable, IntTable
from simulate.looks.further import Tests

EVENTS, ENROLLED, DATE = range(3)
"""Kinds of conditions: so many events are known; so many patients are enrolled, and some days have
passed since; a date."""

CUT_DAY, DECISION_DAY, N_ENROLLED, N_ENROLLED_AT_DECISION = range(4)
TARGET_REACHED, OVERSHOOT, STOPPED, FIRST_ARM = range(4, 8)
"""Columns of a look; from the last one on, the patients enrolled in each arm."""

ARM_EVENTS, MEDIAN, FIRST_RATE = range(3)
"""Columns of an endpoint in an arm; then the rates, and the restricted mean if it is asked for."""

EVALUABLE, RATE = range(1, 3)
"""Columns of a response rate in an arm, after its responders: patients who are evaluable, and the
part of them who have responded."""

HYPOTHESIS_EVENTS, FRACTION, EFFICACY, FUTILITY, Z, LOG_HR, LOG_HR_SE, DECISION = range(8)
RMST_DIFFERENCE, RMST_DIFFERENCE_SE = range(8, 10)
"""Columns of a hypothesis; the last two only if restricted means are asked for. Further tests come
last of all. The information of a response rate is patients, and not events."""

N_EXPERIMENTAL, N_CONTROL, EVENTS_EXPERIMENTAL, EVENTS_CONTROL = range(4)
"""Columns of who was counted for a hypothesis, if any is on a rate or in a part of all patients."""

RATE_EXPERIMENTAL, RATE_CONTROL, RATE_DIFFERENCE, RATE_DIFFERENCE_LOWER, RATE_DIFFERENCE_UPPER = (
    range(5)
)
"""Columns of the response rates of a hypothesis, if any is on a rate."""

GOES_ON, REJECTED, FUTILE, NOT_REJECTED = range(4)
"""Decisions on a hypothesis: none yet; rejected; given up; not rejected when it was last tested."""


class Triggers(NamedTuple):
    """When the data are cut: at a look, as soon as all conditions of one of its clauses are met."""

    first_clause: IntTable
    """By look, and one beyond."""
    first_condition: IntTable
    """By clause, and one beyond."""
    kind: IntTable
    """Of each condition, as the next four."""
    endpoint: IntTable
    """Endpoint whose events are counted."""
    population: IntTable
    """Subpopulation in which they are counted; -1 for all patients."""
    number: IntTable
    """Events, or patients."""
    day: IntTable
    """Trial day of a date, or days after so many patients are enrolled, or days that events take to
    be counted."""
    counted_endpoint: IntTable
    """Endpoints whose events are counted, each with a population."""
    counted_population: IntTable
    first_on_events: IntTable
    """By such count, and one beyond: where its conditions begin in the next table."""
    on_events: IntTable
    """Conditions on events, those of a count in order of their numbers."""
    overshooting: IntTable
    """By look: its condition on events whose excess is told; -1 without any."""
    cleaning_lag: IntTable
    """By look: days from the cut to the decision."""
    last_day: int
    """Trial day at whose end the trial ends, whatever has been reached."""


ARMS_BEYOND = 2
"""Arms for which counts have units beyond those of the trial. The last one is that of patients who
are not counted; the other makes room for an event of -1, which tells that a patient is not."""


class Populations(NamedTuple):
    """Subpopulations in which something is tested or counted."""

    n_groups: int
    """Groups of patients: combinations of the levels that decide who belongs to which."""
    member: IntTable
    """By population and group: 1 if its patients belong to the population."""


class Pairs(NamedTuple):
    """Pairs of arms that are counted together: those that are compared, and the other arms."""

    endpoint: IntTable
    """Whose events are counted, never decreasing."""
    population: IntTable
    """In which subpopulation; -1 for all patients."""
    is_masked: IntTable
    """1 if not all patients are counted: in a subpopulation, or if the endpoint is a rate."""
    first_arm: IntTable
    """The experimental arm."""
    second_arm: IntTable
    """The control arm; -1 if the first stands alone."""
    reports: IntTable
    """Bit 0 and 1: whether what is told of the first and of the second arm comes from this pair."""
    units: IntTable
    """By pair: see :func:`simulate.looks.risk_sets.count_units`; after the arms there are
    ARMS_BEYOND more, of patients who are not counted."""
    first_hypothesis: IntTable
    """By pair, and one beyond: where its hypotheses begin in the next table."""
    hypotheses: IntTable
    ratio: IntTable
    """By pair: column of the log hazard ratio, and before that of its standard error, where no
    hypothesis tells it; 0 where it is not told."""
    ratio_needs: IntTable
    """By pair: what that needs of the count."""


class Hypotheses(NamedTuple):
    """What is tested, by hypothesis."""

    stratified: IntTable
    """1 if it is tested, and its hazard ratio estimated, in strata."""
    is_tested: IntTable
    """By hypothesis and look: 1 if the look tests it."""
    is_kept: IntTable
    """By hypothesis and look: 1 if the look tells its statistics also where it was decided before,
    so that tests and their estimates are of the same trials: those that make the look."""
    planned_events: FloatTable
    """Events at which all error is spent; nan if the scenario tells none."""


class Levels(NamedTuple):
    """Which bounds hold, by the set of rejected hypotheses: set m has hypothesis h if bit h is set.

    Where each hypothesis has its own alpha there is only the set 0.
    """

    passes_on: int
    """1 if the alpha of a rejected hypothesis passes on to others."""
    root: IntTable
    """By set and hypothesis: where its bounds begin in the tree; -1 where it has no alpha."""
    level: FloatTable
    """By root: the one-sided alpha."""
    last_look: IntTable
    """By hypothesis: the last look that tests it."""


class Estimates(NamedTuple):
    """What is estimated beside the tests."""

    every_look: int
    """1 at every look; 0 at the look that decides a hypothesis or ends the trial."""
    landmarks: FloatTable
    """Days at which event-free rates are wanted."""
    has_rmst: int
    tau: float
    """Day up to which the mean is restricted."""
    z: float
    """Normal quantile of intervals."""


class Places(NamedTuple):
    """Where numbers go in the row of a look."""

    n_columns: int
    endpoint: IntTable
    """First column of each endpoint: its events; then `arm_stride` columns for each arm."""
    arm_stride: IntTable
    """By endpoint."""
    hypothesis: IntTable
    """First column of each hypothesis."""
    further_tests: IntTable
    """By hypothesis and further test: column of the hypothesis after that of the test's statistic,
    where its estimates begin; 0 if the test is not made of it."""
    counts: int
    """Column of a hypothesis at which it is told who was counted; 0 if it is not."""
    rates: int
    """Column of a hypothesis at which its response rates begin; 0 if there are none."""
    level: int
    """Column of a hypothesis for the level at which it is tested; 0 if that never changes."""
    own_test: int
    """Column of a hypothesis at which the estimates of its own test begin; then further tests."""


class LookPlan(NamedTuple):
    """The looks of one scenario; all scenarios have the same types."""

    n_looks: int
    n_arms: int
    n_endpoints: int
    n_hypotheses: int
    is_rate: IntTable
    """By endpoint: 1 if a rate is compared, and not a time."""
    triggers: Triggers
    populations: Populations
    pairs: Pairs
    hypotheses: Hypotheses
    tests: Tests
    levels: Levels
    estimates: Estimates
    places: Places
    reciprocal: FloatTable
    """Table of :func:`simulate.looks.comparison.reciprocals`, for all patients."""
