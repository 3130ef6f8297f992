"""Patient-level simulation of oncology trials.

The public names, in the order of the story: read a scenario, flatten it into a plan, simulate
trials, cut the data, derive endpoints, analyse; or let a job do all of it for many replicates.
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Scenario": "simulate.scenario.scenario",
    "get_engine": "simulate.engines.choice",
    "cut": "simulate.cutoff",
    "endpoint_rules": "simulate.endpoints",
    "derive": "simulate.endpoints",
    "kaplan_meier": "simulate.analysis.kaplan_meier",
    "reconstruct_file": "simulate.reconstruct.reconstruction",
    "reconstruct_landmarks": "simulate.reconstruct.landmarks",
    "reconstruct_points": "simulate.reconstruct.digitised",
    "clopper_pearson": "simulate.analysis.proportions",
    "example_trial": "simulate.example",
    "run_replicates": "simulate.replicates",
    "find_truth": "simulate.truth",
    "operating_characteristics": "simulate.operating",
    "paired_differences": "simulate.paired",
    "make_job": "simulate.job",
    "execute": "simulate.run",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that the command line stays quick."""
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'simulate' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names in the order of the story."""
    return [*_PUBLIC, *globals()]
