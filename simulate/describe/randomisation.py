"""Arms of a trial and how patients are given one, in words."""

from __future__ import annotations

from collections.abc import Sequence

from simulate.describe.words import count, listing, paragraphs, stated_percent
from simulate.scenario.baseline import Baseline, LevelsVariable
from simulate.scenario.randomisation import Arm, Minimisation, Randomisation


def randomised(arms: Sequence[Arm], how: Randomisation, baseline: Baseline) -> list[str]:
    """The section on arms and randomisation."""
    if len(arms) == 1:
        return paragraphs(f"One arm, {arms[0].label}; nobody is randomised.")
    ratio = " : ".join(str(arm.allocation) for arm in arms)
    lists = ""
    if how.by_site and how.method == "blocks":
        lists = "Each region has lists of its own."
    elif how.by_site and how.method == "minimisation":
        lists = "The region is balanced too."
    return paragraphs(
        f"{count(len(arms), 'arm')}: {listing(arm.label for arm in arms)}, allocated {ratio}.",
        _method(how, baseline),
        lists,
    )


def _method(how: Randomisation, baseline: Baseline) -> str:
    if how.method == "simple":
        return "Each patient is randomised by himself, with the probabilities of the allocation."
    if how.method == "minimisation":
        coin = how.minimisation or Minimisation()
        return (
            "Minimisation (Pocock and Simon 1975) of the imbalance over "
            f"{_titles(how.factors, baseline)}: an arm that leaves the least is given with "
            f"probability {stated_percent(coin.probability)}."
        )
    sizes = listing(map(str, how.block_sizes), last="or")
    chosen = ", all sizes equally likely" if len(how.block_sizes) > 1 else ""
    return f"Permuted blocks of {sizes}{chosen}, {_strata(how, baseline)}."


def _strata(how: Randomisation, baseline: Baseline) -> str:
    if not how.strata:
        return "without strata"
    lists = 1
    for name in how.strata:
        variable = baseline.variable(name)
        assert isinstance(variable, LevelsVariable)  # strata have levels
        lists *= len(variable.level_names)
    return f"in {lists} strata by {_titles(how.strata, baseline)}"


def _titles(names: Sequence[str], baseline: Baseline) -> str:
    return listing(baseline.variable(name).title for name in names)
