"""One patient's history, line by line: what happened, what was seen, what a data cut knows."""

from simulate.story.history import study_day
from simulate.story.text import story

__all__ = ["story", "study_day"]
