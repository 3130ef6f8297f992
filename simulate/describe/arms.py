"""Arms, randomisation and looks of a trial with patients in cycles and scans, in words."""

from __future__ import annotations

from collections.abc import Iterator

from simulate.describe.words import count, duration, listing, paragraphs, stated_percent
from simulate.scenario import Scenario
from simulate.scenario.analyses import Cut, Trigger
from simulate.scenario.randomisation import Minimisation, Randomisation


def arms_in_words(scenario: Scenario) -> list[str]:
    """Who gets what, and by what chance."""
    ratio = " : ".join(str(arm.allocation) for arm in scenario.arms)
    return paragraphs(
        f"{listing(arm.label for arm in scenario.arms)}, allocated {ratio}.",
        *_changes(scenario),
        _method(scenario.randomisation),
        "What follows describes the first arm, and of the others what differs, each as if all "
        "patients were in it.",
    )


def _changes(scenario: Scenario) -> Iterator[str]:
    for arm in scenario.arms:
        fields = listing(arm.set) if arm.set else "nothing: the scenario as it stands"
        yield f"{arm.label} (id {arm.id}) sets {fields}."


def _method(how: Randomisation) -> str:
    by_site = " and site" if how.by_site else ""
    if how.method == "simple":
        return "Each patient is randomised by chance alone."
    if how.method == "minimisation":
        coin = stated_percent((how.minimisation or Minimisation()).probability)
        return f"Minimisation over {listing(how.factors)}{by_site}, with a biased coin of {coin}."
    sizes = listing(map(str, how.block_sizes), last="or")
    strata = f" by {listing(how.strata)}{by_site}" if how.strata else by_site.replace(" and", " by")
    return f"Permuted blocks of {sizes}{strata}."


def looks_in_words(scenario: Scenario) -> list[str]:
    """When the data are cut, and what is tested."""
    assert scenario.max_study_duration is not None  # the scenario's rules demand it
    looks = (
        f"Analysis {analysis.id} ({analysis.name}): data cut {_cut(analysis.cut)}"
        + (f", decision {duration(analysis.cleaning_lag)} later." if analysis.cleaning_lag else ".")
        for analysis in scenario.analyses
    )
    tests = (
        f"Hypothesis {h.name}: {h.experimental} against {h.control}, {h.endpoint}, "
        f"{h.test.replace('_', ' ')}, one-sided alpha {h.alpha:g}."
        for h in scenario.hypotheses
    )
    end = f"The trial ends {duration(scenario.max_study_duration)} after the origin at the latest."
    return paragraphs(*looks, *tests, end)


def _cut(cut: Cut) -> str:
    last = "and" if cut.all is not None else "or"
    return listing((_trigger(trigger) for trigger in cut.triggers), last=last)


def _trigger(trigger: Trigger) -> str:
    if trigger.events is not None:
        events = count(trigger.events.count, f"{trigger.events.endpoint} event")
        return f"on the day from which {events} in all arms can be known"
    if trigger.enrolled is not None:
        after = f"{duration(trigger.enrolled.after)} after" if trigger.enrolled.after else "on"
        return f"{after} the day on which {count(trigger.enrolled.count, 'patient')} are enrolled"
    if trigger.follow_up is not None:
        return f"{duration(trigger.follow_up)} after the last patient is enrolled"
    return f"on {trigger.date}"
