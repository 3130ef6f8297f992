"""A small calibration of the small scenario: two fits, a point and twelve draws each."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
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


KN026 = Path(__file__).parents[2] / "scenarios" / "kn026_phase2.yaml"

KN026_POINT = {
    "response": ("disease.response.probability", None, 0.8, 0.05),
    "responder_scale": ("disease.progression.responders.scale", "months", 42.6, 6.0),
    "non_responder_median": ("disease.progression.non_responders.median", "months", 9.2, 1.0),
    "death_rate": ("disease.death_without_progression.rate", "per month", 0.0008, 0.0002),
    "withdrawal": ("follow_up.withdrawal.rate", "per month", 0.0046, 0.001),
    "accrual": ("enrolment.accrual.exponent", None, 2.53, 0.2),
    "delay": ("treatment.delay.mean", "days", 2.5, 0.2),
    "relatedness": ("treatment.drugs.KN026.relatedness", None, 0.45, 0.03),
    "wbc_rate": ("toxicity.terms.wbc_decrease.rate", None, 0.34746, 0.03),
    "alopecia_rate": ("toxicity.terms.alopecia.rate", None, 0.12007, 0.01),
}
"""Field, unit, point and spread by the name of the parameter."""

HELD_OUT = ("pfs_median", "pfs_median_lower", "dor_median_lower", "exposure_max", "cycles_max")
CALIBRATED = ("responders", "pfs_rate_6", "pfs_rate_12", "followup_median", "exposure_median")


def write_kn026(
    folder: Path, *, n_draws: int = 12, point: Mapping[str, float] | None = None
) -> str:
    """Write a scenario that extends the published trial and takes a calibration, and that."""
    rng, at = np.random.default_rng(1), point or {}
    lines = ["fit: held_out", "title: Some facts held out", "scenario: kn026_phase2"]
    lines += ["structure: {}", "parameters:"]
    draws = {}
    for name, (field, unit, middle, spread) in KN026_POINT.items():
        text = f"name: {name}, label: {name}, field: {field}, unit: {unit or 'null'}"
        lines.append(f"  - {{{text}, value: {at.get(name, middle)!r}}}")
        draws[name] = (middle + spread * rng.uniform(-1.7, 1.7, n_draws)).tolist()
    lines.append(f"held_out: [{', '.join(HELD_OUT)}]")
    lines.append(f"calibrated: [{', '.join(CALIBRATED)}]")
    write_fit(folder / "fits", "\n".join(lines) + "\n", draws)
    text = f"extends: {KN026}\nname: calibrated\nsweep: []\n"
    text += "parameters: {from: fits, fit: held_out}\n"
    return write(folder, text, "calibrated.yaml")


def overrides_of_draw(number: int) -> dict[str, object]:
    """The values of a draw as overrides."""
    values = {name: DRAWS[name][number] for name in POINT}
    return {
        field: f"{values[name]!r} {unit}" if unit else values[name]
        for name, (field, unit, _) in POINT.items()
    }
