"""Times by chance: every family of distribution, certain and impossible, of days and of years."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Strategy = st.SearchStrategy[Any]
Changes = dict[str, Any]
"""Fields of a scenario and what they become."""

NEVER = {"kind": "exponential", "rate": "0 per day"}


def days(*numbers: float) -> Strategy:
    """One of some lengths of time."""
    return st.sampled_from([f"{number:g} days" for number in numbers])


def mostly(usual: Strategy, seldom: Strategy) -> Strategy:
    """Three times out of four the one, else the other."""
    return st.sampled_from((usual, usual, usual, seldom)).flatmap(lambda chosen: chosen)


def family(kind: str, **fields: Strategy) -> Strategy:
    """A block of one kind."""
    return st.fixed_dictionaries({"kind": st.just(kind), **fields})


typical = days(0.3, 1, 5, 20, 60, 200, 1000)
probability = st.sampled_from([0, 0.1, 0.5, 0.9, 1])
point = st.fixed_dictionaries({"at": typical, "value": st.sampled_from([0.001, 0.5, 0.95])})
shape = st.sampled_from([0.2, 1, 1.2, 7])
rate = st.sampled_from(["0 per day", "0.002 per day", "0.1 per day", "5 per day"])


@st.composite
def piecewise(draw: st.DrawFn) -> dict[str, Any]:
    """Up to three constant hazards, one after the other."""
    starts = [0, *draw(st.sampled_from([[], [1], [20.5, 21], [100, 250]]))]
    return {
        "kind": "piecewise_exponential",
        "rates": [draw(rate) for _ in starts],
        "from": [f"{start:g} days" for start in starts],
    }


@st.composite
def piecewise_ratio(draw: st.DrawFn) -> dict[str, Any]:
    """A Weibull whose hazard changes once or twice."""
    starts = [0, *draw(st.sampled_from([[60], [20.5, 21], [100, 250]]))]
    return {
        "kind": "piecewise_hazard_ratio",
        "of": draw(family("weibull", shape=shape, scale=typical)),
        "hazard_ratios": [draw(st.sampled_from([0.01, 0.6, 1, 1.5])) for _ in starts],
        "from": [f"{start:g} days" for start in starts],
    }


@st.composite
def discrete(draw: st.DrawFn) -> dict[str, Any]:
    """A few days; often the same one for everybody, such as that of a dose or a scan."""
    values = draw(
        st.sampled_from([[0], [1], [21], [42], [84], [0, 7, 14, 21], [5, 1000], [3000, 7000]])
    )
    return {
        "kind": "discrete",
        "values": [f"{value} days" for value in values],
        "weights": [1, *(draw(st.sampled_from([0, 1, 5])) for _ in values[1:])],
    }


everybodys_times: Strategy = st.one_of(
    discrete(),
    family("exponential", rate=rate),
    family("exponential", mean=typical),
    family("exponential", median=typical),
    family("exponential", survival=point),
    family("weibull", shape=shape, scale=typical),
    family("weibull", shape=shape, median=typical),
    family("weibull", shape=shape, survival=point),
    family("lognormal", median=typical, sigma=st.sampled_from([0.01, 0.7, 4])),
    family("uniform", low=days(0, 0.5), high=days(0.7, 3, 40, 400)),
    piecewise(),
    piecewise_ratio(),
    family(
        "geometric",
        probability=st.sampled_from([0.05, 0.6, 1]),
        every=days(1, 7, 42),
        at_most=st.sampled_from([1, 3, 50]),
    ),
)
"""Time to something that happens to everybody, sooner or later (a rate of 0: never)."""

times: Strategy = everybodys_times | family("cure", cured=probability, others=everybodys_times)
"""Time to something that may never happen."""

slow_times: Strategy = mostly(
    mostly(family("exponential", mean=days(100, 300, 1000)), st.just(NEVER)),
    times,
)
"""The same, but mostly late, so that there is something to see before it."""

counts: Strategy = st.one_of(
    family("fixed", value=st.sampled_from([0, 1, 2, 6, 30])),
    family(
        "lognormal",
        median=st.sampled_from([0.4, 3, 9.2]),
        sigma=st.sampled_from([0.05, 0.5, 2]),
        at_least=st.sampled_from([0, 1, 4]),
        at_most=st.sampled_from([4, 18]),
    ),
)
"""Number of cycles."""
