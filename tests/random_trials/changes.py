"""The published trial with a few changes by chance."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from random_trials.enrolments import date, poisson_accruals
from random_trials.times import Changes, days, everybodys_times, probability, times


def changes_of_the_published_trial() -> st.SearchStrategy[Changes]:
    """Up to a dozen fields of the published trial, each to an ordinary or an extreme value."""
    return st.fixed_dictionaries(
        {"sample_size": st.integers(1, 12) | st.integers(1, 40)}, optional=_PUBLISHED
    )


def _exponential(*numbers: int) -> st.SearchStrategy[Changes]:
    return days(*numbers).map(lambda mean: {"kind": "exponential", "mean": mean})


_HOLDS = st.fixed_dictionaries({"at_most": days(21, 84), "delays_cycle": st.booleans()})
_PUBLISHED: dict[str, st.SearchStrategy[Any]] = {
    "enrolment.accrual": poisson_accruals().map(lambda own: own | {"window": "2 years"}),
    "enrolment.sites.count": st.integers(1, 6),
    "analyses.final.cut.date": st.sampled_from([date(520), date(700), date(1342)]),
    "endpoints.time_zero": st.just("randomisation"),
    "disease.response.probability": probability,
    "disease.progression": st.fixed_dictionaries({"everyone": times})
    | st.fixed_dictionaries({"responders": times, "non_responders": times}),
    "disease.death_without_progression": _exponential(60, 400),
    "disease.death_after_progression": times,
    "disease.prognostic_factors": st.just(
        [{"variable": "visceral", "level": "yes", "progression": 1.7, "death": 3}]
    ),
    "disease.dose_intensity": st.just({"drug": "KN026", "hazard_ratio_per_10_percent": 1.2}),
    "treatment.cycle_length": days(14, 21, 28),
    "treatment.delay": st.none(),
    "treatment.drugs.KN026.holds": _HOLDS,
    "treatment.drugs.docetaxel.holds": _HOLDS,
    "treatment.drugs.KN026.planned_cycles": st.just({"kind": "fixed", "value": 9}),
    "treatment.drugs.docetaxel.relatedness": probability,
    "toxicity.onset": st.sampled_from([["0 days", "0 days"], ["21 days", "21 days"]]),
    "toxicity.duration.median": days(2, 60, 200),
    "toxicity.frailties.correlation": st.sampled_from([-1, 0, 1]),
    "toxicity.terms.other_grade_3.rate_grade_3": st.sampled_from([0, 0.002]),
    "toxicity.terms.neutrophil_decrease.rate": st.sampled_from([0.2, 3]),
    "toxicity.serious_grade_3": probability,
    "assessment.anchor": st.just("cycles"),
    "assessment.schedule": st.sampled_from(["calendar", "calendar", "continuous"]),
    "assessment.missed": st.sampled_from([0, 0.5]),
    "assessment.clinical_progression": st.none(),
    "follow_up.withdrawal": _exponential(100, 500),
    "follow_up.early_stop.probability": probability,
    "follow_up.withdrawal_adverse_event.probability": probability,
    "follow_up.lost_at_withdrawal": probability,
    "follow_up.last_contact_lag": st.none() | everybodys_times,
}
