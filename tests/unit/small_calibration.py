"""A calibration made small: the small scenario, three fits of two parameters to four facts."""

from pathlib import Path

from scenario_example import GOOD, write

from simulate.calibration.inference import Effort
from simulate.calibration.predicted import Checked

TINY = Effort(
    designs=40, trials=10, local_designs=40, local_trials=10, mode_trials=100,
    covariance_trials=200, steps=300, draws=100, check_draws=10, check_trials=50,
)  # fmt: skip


FEW = Checked(replicates=40, draws=5)
"""Of what the fits predict."""


def fact(statistic: str, value: float, unit: str, rest: str) -> str:
    return (
        f"  - {{statistic: {statistic}, label: a label, value: {value}, unit: '{unit}', {rest}, "
        "role: calibrated, at: made up}\n"
    )


NO_LIMITS = "lower: null, upper: null"
FACTS = "facts:\n" + "".join(
    (
        fact("orr", 70.0, "%", "count: 28, denominator: 40, lower: 53.5, upper: 83.4"),
        fact("pfs_rate_6", 80.0, "%", "count: null, denominator: 40, lower: 64.0, upper: 89.5"),
        fact("pfs_rate_12", 65.0, "%", "count: null, denominator: 40, lower: 48.0, upper: 77.6"),
        fact("cycles_median", 20, "cycles", f"count: null, denominator: null, {NO_LIMITS}"),
    )
)

CALIBRATION = """\
stages:
  - name: efficacy
    title: Response and progression
    parameters:
      - {name: response, label: Response, field: disease.response.probability, link: logit,
         prior: {median: 0.7, sd: 0.6, source: assumed, at: a guess}}
      - {name: scale, label: Scale, field: disease.progression.responders.scale, unit: months,
         link: log, prior: {median: 30, sd: 0.5}}
    targets:
      arcsine: [orr, pfs_rate_6, pfs_rate_12]
      interval: [pfs_rate_12]
fits:
  - {name: full, title: Everything}
  - name: fewer
    title: Without the interval
    stage: efficacy
    leave_out: {interval: [pfs_rate_12]}
    held_out: [cycles_median]
  - name: constant
    title: Constant hazard
    stage: efficacy
    set: {disease.progression.responders.shape: 1.0}
"""


def trial(folder: Path, *, facts: str = FACTS, calibration: str = CALIBRATION) -> str:
    (folder / "facts.yaml").write_text(facts, encoding="utf-8")
    (folder / "calibration.yaml").write_text(calibration, encoding="utf-8")
    text = GOOD.replace("origin:", "facts: facts.yaml\ncalibration: calibration.yaml\n\norigin:", 1)
    return write(folder, text)
