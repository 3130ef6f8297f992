"""Topics of published facts, by the names of their statistics."""

from __future__ import annotations

TOPICS = (
    ("Enrolment and analysis sets", ("n_", "enrolment_")),
    ("Treatment", ("on_treatment", "discontinued", "stopped_", "exposure_", "cycles_")),
    ("Safety", ("teae_", "sae", "aesi", "soc_")),
    ("Adverse events by term", ("ae_",)),
    ("Response", ("orr", "cbr", "responders", "cr", "pr", "sd", "pd", "ne", "clinical_benefit")),
    ("Duration of response", ("dor_",)),
    ("Time to response", ("ttr_",)),
    ("Progression-free survival", ("pfs_",)),
    ("Overall survival and deaths", ("os_", "deaths", "first_death_day")),
    ("Follow-up", ("followup_",)),
    ("Baseline", ("baseline.",)),
    ("Design", ("design_",)),
)
"""Topics in the order of the report, and how the names of their statistics begin."""

ENDINGS = {
    "_interruption": "Safety",
    "_reduction": "Safety",
    "_discontinuation": "Safety",
    "_rdi_median": "Treatment",
    "_doses_median": "Treatment",
}
"""Topics of statistics whose names begin with that of a drug, by how they end."""

DRAWN_ELSEWHERE = "Adverse events by term"
"""Topic of many facts that has a figure of its own, in the section on safety."""

OTHER = "Other"
"""Topic of all that belongs to no other."""


def topic_of(statistic: str) -> str:
    """Topic of a statistic."""
    for topic, beginnings in TOPICS:
        for beginning in beginnings:
            exact_name = not beginning.endswith(("_", "."))
            if statistic == beginning or statistic.startswith(
                beginning + "_" if exact_name else beginning
            ):
                return topic
    for ending, topic in ENDINGS.items():
        if statistic.endswith(ending):
            return topic
    return OTHER
