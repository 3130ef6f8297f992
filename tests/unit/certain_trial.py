"""A trial in which all is on its planned day and nothing happens, unless a test says so."""

from typing import Any

NOTHING = {"kind": "exponential", "rate": "0 per month"}


def on_day(day: int) -> dict[str, Any]:
    """A time that is the same for everybody."""
    return {"kind": "discrete", "values": [f"{day} days"], "weights": [1]}


# Everything on its planned day, nobody leaves, nothing happens; each test adds its own event.
CERTAIN: dict[str, Any] = {
    "sample_size": 3,
    "enrolment.sites": {"count": 1},
    "disease.response.probability": 0,
    "disease.response.visible_before": "0 days",
    "disease.progression.responders": NOTHING,
    "disease.progression.non_responders": NOTHING,
    "disease.death_without_progression": NOTHING,
    "disease.death_after_progression": NOTHING,
    "treatment.delay": None,
    "treatment.drugs.KN026.rules": [],
    "toxicity": None,
    "assessment.jitter_sd": "0 days",
    "assessment.window": "0 days",
    "assessment.missed": 0,
    "assessment.clinical_progression": None,
    "follow_up.withdrawal": None,
    "follow_up.early_stop": None,
    "follow_up.withdrawal_adverse_event": None,
    "follow_up.last_contact_lag": None,
    "follow_up.lost_at_withdrawal": 0,
}
