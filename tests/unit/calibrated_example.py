"""A small calibration of the small scenario: two fits, a point and twelve draws each."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from scenario_example import GOOD, write

from simulate.scenario import Scenario

POINT = {
    "response": ("disease.response.probability", None, 0.7),
    "responder_scale": ("disease.progression.responders.scale", "months", 40.0),
    "withdrawal": ("follow_up.withdrawal.rate", "per month", 0.005),
    "accrual": ("enrolment.accrual.exponent", None, 2.5),
}
"""Field, unit and point by the name of the parameter."""

N_DRAWS = 12

DRAWS = {
    "response": [0.60 + 0.02 * i for i in range(N_DRAWS)],
    "responder_scale": [30.5 + 2.0 * i for i in range(N_DRAWS)],
    "withdrawal": [0.003 + 0.0004 * i for i in range(N_DRAWS)],
    "accrual": [2.0 + 0.1 * i for i in range(N_DRAWS)],
}

POINT_YAML = """\
fit: full
title: All the information
scenario: small
structure: {}
parameters:
  - {name: response, label: Response, field: disease.response.probability, unit: null, value: 0.7}
  - {name: responder_scale, label: Scale, field: disease.progression.responders.scale,
     unit: months, value: 40.0}
  - {name: withdrawal, label: Withdrawal, field: follow_up.withdrawal.rate,
     unit: per month, value: 0.005}
  - {name: accrual, label: Accrual, field: enrolment.accrual.exponent, unit: null, value: 2.5}
held_out: [pfs_median]
calibrated: [responders, pfs_rate_6]
"""

LOGNORMAL = """\
fit: lognormal
title: Log-normal for non-responders
scenario: small
structure: {disease.progression.non_responders: {kind: lognormal, median: 9 months, sigma: 1}}
parameters:
  - {name: median, label: Median, field: disease.progression.non_responders.median,
     unit: months, value: 8.5}
  - {name: sigma, label: Sigma, field: disease.progression.non_responders.sigma,
     unit: null, value: 0.9}
"""

LOGNORMAL_DRAWS = {
    "median": [8.0 + 0.1 * i for i in range(N_DRAWS)],
    "sigma": [0.9 + 0.01 * i for i in range(N_DRAWS)],
}

OTHER_YAML = POINT_YAML.replace("fit: full", "fit: other").replace("0.7}", "0.6}")

TAKES_IT = GOOD.replace("replicates: 100", "replicates: 100\nparameters: {from: fits}")


def write_fit(
    folder: Path, text: str = POINT_YAML, draws: Mapping[str, list[float]] | None = DRAWS
) -> Path:
    """Write one fit of a calibration below a folder; its name is in the text."""
    fit = folder / text.splitlines()[0].removeprefix("fit: ")
    fit.mkdir(parents=True, exist_ok=True)
    (fit / "point.yaml").write_text(text, encoding="utf-8")
    if draws is not None:
        pq.write_table(pa.table(dict(draws)), fit / "draws.parquet")
    return fit


def write_calibrated(folder: Path, text: str = TAKES_IT) -> str:
    """Write a scenario that takes its parameters from a calibration beside it, and that."""
    write_fit(folder / "fits")
    write_fit(folder / "fits", OTHER_YAML)
    write_fit(folder / "fits", LOGNORMAL, LOGNORMAL_DRAWS)
    return write(folder, text)


def calibrated(folder: Path, *overrides: str, text: str = TAKES_IT) -> Scenario:
    """Read a scenario that takes its parameters from a calibration."""
    return Scenario.from_file(write_calibrated(folder, text), overrides)


def overrides_of_draw(number: int) -> dict[str, object]:
    """The values of a draw as overrides."""
    values = {name: DRAWS[name][number] for name in POINT}
    return {
        field: f"{values[name]!r} {unit}" if unit else values[name]
        for name, (field, unit, _) in POINT.items()
    }
