"""A scenario in plain words, before anything runs: most wrong inputs are found by reading it."""

from simulate.describe.text import describe

__all__ = ["describe"]
