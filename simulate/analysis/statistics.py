"""The statistics of a data cut: what they are called, and what they are.

One name per statistic, used in tables, facts, report and code. ``m`` in a name is a landmark in
months. Rates are fractions; durations of survival are in months, exposure in days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simulate.patient.treatment import STOP_NAMES
from simulate.scenario.trial import Trial
from simulate.units import DAYS_PER_MONTH


@dataclass(frozen=True)
class Statistic:
    """One number that an analysis gives."""

    name: str
    """Name in tables."""
    population: str
    """SS (safety set: all treated) or EAS (efficacy analysis set: assessed at least once)."""
    endpoint: str
    """Endpoint that it belongs to."""
    measure: str
    """What of the endpoint it is."""
    label: str
    """Name as people read it."""
    unit: str
    """Unit as people read it: %, patients, months, days, cycles."""
    can_be_infinite: bool = False
    """Whether infinity stands for 'not reached'."""

    @property
    def scale(self) -> float:
        """What a value is multiplied by to be read in its unit."""
        return 100.0 if self.unit == "%" else 1.0


SURVIVAL_ENDPOINTS = {
    "pfs": ("SS", "PFS", "Progression-free survival"),
    "os": ("SS", "OS", "Overall survival"),
    "dor": ("EAS", "DOR", "Duration of response"),
    "ttr": ("EAS", "TTR", "Time to response"),
}
"""Endpoints analysed by Kaplan-Meier: population, short name, long name."""

_RESPONSES = {
    "responders": "Confirmed responders (CR + PR)",
    "cr": "Complete response",
    "pr": "Partial response",
    "sd": "Stable disease",
    "sd_24wk": "Stable disease of at least 24 weeks",
    "pd": "Progressive disease as best response",
    "ne": "Not evaluable",
    "clinical_benefit": "Patients with clinical benefit",
}

_PLAIN = (
    ("n_screened", "all", "enrolment", "screened", "Patients screened", "patients"),
    ("n_enrolled", "all", "enrolment", "enrolled", "Patients enrolled by the cut", "patients"),
    ("enrolment_duration", "all", "enrolment", "duration", "First to last enrolment", "days"),
    ("n_ss", "SS", "population", "size", "Safety set", "patients"),
    ("n_eas", "EAS", "population", "size", "Efficacy analysis set", "patients"),
    ("deaths", "SS", "OS", "deaths", "Deaths", "patients"),
    (
        "deaths_after_progression",
        "SS",
        "OS",
        "deaths_after_progression",
        "Deaths after documented progression",
        "patients",
    ),
    (
        "deaths_without_progression",
        "SS",
        "PFS",
        "deaths",
        "Deaths as PFS events",
        "patients",
    ),
    (
        "first_death_day",
        "SS",
        "OS",
        "first_death_day",
        "Earliest death without documented progression",
        "days",
        True,
    ),
    (
        "followup_median",
        "SS",
        "follow-up",
        "median",
        "Median follow-up (reverse Kaplan-Meier)",
        "months",
    ),
    (
        "followup_median_naive",
        "SS",
        "follow-up",
        "median_naive",
        "Median follow-up (of all observed times)",
        "months",
    ),
    ("followup_min", "SS", "follow-up", "min", "Shortest follow-up", "months"),
    ("followup_max", "SS", "follow-up", "max", "Longest follow-up", "months"),
    ("on_treatment", "SS", "treatment", "ongoing", "On treatment at the cut", "patients"),
    ("discontinued", "SS", "treatment", "discontinued", "Treatment discontinued", "patients"),
    (
        "stopped_without_pfs_event",
        "SS",
        "treatment",
        "stopped_without_pfs_event",
        "Treatment discontinued without a PFS event",
        "patients",
    ),
    ("exposure_median", "SS", "exposure", "median", "Median exposure", "days"),
    ("exposure_min", "SS", "exposure", "min", "Shortest exposure", "days"),
    ("exposure_max", "SS", "exposure", "max", "Longest exposure", "days"),
    ("cycles_median", "SS", "cycles", "median", "Median number of cycles", "cycles"),
    ("cycles_min", "SS", "cycles", "min", "Fewest cycles", "cycles"),
    ("cycles_max", "SS", "cycles", "max", "Most cycles", "cycles"),
    (
        "cycles_more_than_6",
        "SS",
        "cycles",
        "more_than_6",
        "Patients with more than 6 cycles",
        "patients",
    ),
)


def stop_statistic(reason: str) -> str:
    """Name of the number of patients whose treatment stopped for a reason."""
    return f"stopped_{reason.replace(' ', '_')}"


def _stop_statistics() -> Iterator[Statistic]:
    for reason in STOP_NAMES[1:]:
        name = stop_statistic(reason)
        yield Statistic(name, "SS", "treatment", name, f"Treatment stopped: {reason}", "patients")


def landmark_months(trial: Trial) -> tuple[str, ...]:
    """The scenario's landmarks in months, as they stand in names: "6", "12", "4.5"."""
    return tuple(f"{days / DAYS_PER_MONTH:g}" for days in trial.endpoints.landmarks)


def statistics_of(trial: Trial) -> dict[str, Statistic]:
    """Every statistic that an analysis of this scenario gives, by name."""
    found = [Statistic(*row) for row in _PLAIN]
    found += _stop_statistics()
    found += _response_statistics()
    for name in SURVIVAL_ENDPOINTS:
        found += _survival_statistics(name, landmark_months(trial))
    return {statistic.name: statistic for statistic in found}


def _response_statistics() -> Iterator[Statistic]:
    for name, label in _RESPONSES.items():
        yield Statistic(name, "EAS", "response", name, label, "patients")
    for name, label in (("orr", "Objective response rate"), ("cbr", "Clinical benefit rate")):
        endpoint = name.upper()
        yield Statistic(name, "EAS", endpoint, "rate", label, "%")
        for limit in ("lower", "upper"):
            yield Statistic(
                f"{name}_{limit}", "EAS", endpoint, f"rate_{limit}", f"{label}, {limit} limit", "%"
            )


def _survival_statistics(name: str, months: tuple[str, ...]) -> Iterator[Statistic]:
    population, endpoint, _ = SURVIVAL_ENDPOINTS[name]
    yield Statistic(
        f"{name}_events", population, endpoint, "events", f"{endpoint} events", "patients"
    )
    for suffix, words in (("", ""), ("_lower", ", lower limit"), ("_upper", ", upper limit")):
        yield Statistic(
            f"{name}_median{suffix}",
            population,
            endpoint,
            f"median{suffix}",
            f"Median {endpoint}{words}",
            "months",
            can_be_infinite=True,
        )
        for m in months:
            yield Statistic(
                f"{name}_rate_{m}{suffix}",
                population,
                endpoint,
                f"rate_{m}{suffix}",
                f"{endpoint} rate at {m} months{words}",
                "%",
            )
    for m in months:
        yield Statistic(
            f"{name}_events_by_{m}",
            population,
            endpoint,
            f"events_by_{m}",
            f"{endpoint} events by {m} months",
            "patients",
        )
        yield Statistic(
            f"{name}_at_risk_{m}",
            population,
            endpoint,
            f"at_risk_{m}",
            f"{endpoint}: patients at risk at {m} months",
            "patients",
        )
