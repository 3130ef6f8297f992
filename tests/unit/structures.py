"""The structures of the disease model that are compared, each as the fields that make it."""

from __future__ import annotations

from typing import Any

CURED = {
    "kind": "cure",
    "cured": 0.2,
    "others": {"kind": "weibull", "scale": "30 months", "shape": 1.1},
}

STRUCTURES: dict[str, dict[str, Any]] = {
    "single Weibull": {
        "disease.progression": {
            "everyone": {"kind": "weibull", "scale": "36.65 months", "shape": 1.131}
        }
    },
    "all exponential": {
        "disease.progression.responders": {"kind": "exponential", "median": "29 months"},
        "disease.progression.non_responders": {"kind": "exponential", "median": "9.2 months"},
        "disease.death_after_progression": {"kind": "exponential", "median": "29 months"},
    },
    "all exponential by their shapes": {
        "disease.progression.responders.shape": 1,
        "disease.progression.non_responders.shape": 1,
        "disease.death_after_progression.shape": 1,
    },
    "log-normal non-responders": {
        "disease.progression.non_responders": {
            "kind": "lognormal",
            "median": "9.2 months",
            "sigma": 1.1,
        }
    },
    "cured responders": {"disease.progression.responders": CURED},
    "everyone may be cured": {"disease.progression": {"everyone": CURED}},
    "cured of death too": {
        "disease.progression.non_responders": CURED,
        "disease.death_without_progression": CURED,
        "disease.death_after_progression": CURED,
    },
}
