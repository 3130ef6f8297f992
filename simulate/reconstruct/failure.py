"""Why printed rates cannot be met, in words, with the nearest that could be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulate.analysis.kaplan_meier import kaplan_meier
from simulate.reconstruct.counts import best_path
from simulate.reconstruct.demands import CensoringStart, Crossing, Demands, Landmark, Line
from simulate.reconstruct.landmarks import placed
from simulate.reconstruct.paths import Found, search
from simulate.reconstruct.printed import Printed
from simulate.reconstruct.publication import PublishedCurve
from simulate.scenario.findings import Finding

_CHECK = "Check n and the print"
_LIMITS = (
    f"{_CHECK}. Limits are read as log-log, the default of SAS; leave them out if the paper "
    "used others"
)
_KEYS = {Line.SURVIVAL: "time", Line.LOWER: "lower", Line.UPPER: "upper"}
_WIDER = (4.0, 16.0, 64.0, 256.0, 1024.0)


def explain(curve: PublishedCurve, found: Found) -> Finding:
    """Say at which figure the search ended."""
    wanted = found.demands
    patients = f"no Kaplan-Meier curve of {curve.n} patients"
    if found.furthest >= len(wanted.checkpoints):
        return _at_the_end(wanted, patients)
    failed = wanted.checkpoints[found.furthest]
    if isinstance(failed, Crossing):
        key = _KEYS[failed.line]
        printed = getattr(curve.median, key)
        message = f"{patients} gives {printed.text} with the figures before"
        return Finding(("median", key), message, _CHECK)
    if isinstance(failed, CensoringStart):
        message = f"{patients} has no censoring by then with the figures before"
        return Finding(("first_censoring",), message, _CHECK)
    number = [mark.time for mark in curve.landmarks or ()].index(failed.time)
    nearest = _nearest(wanted, found.furthest)
    if nearest == _figures(failed):  # the figures alone are possible
        return _at_the_end(wanted, patients)
    message = f"{patients} gives {_text(failed)} at {failed.time:g} with the figures before"
    if nearest:
        message += f"; the nearest is {nearest}"
    hint = _CHECK if failed.lower is None and failed.upper is None else _LIMITS
    return Finding(("landmarks", number, "rate"), message, hint)


def _at_the_end(wanted: Demands, patients: str) -> Finding:
    """What is left to blame if every figure can be given by itself."""
    if wanted.total_events is not None:
        message = f"{patients} has {wanted.total_events} events in all and the other figures"
        return Finding(("total_events",), message, _CHECK)
    return Finding(("median",), f"{patients} gives this and the other figures", _CHECK)


def _figures(mark: Landmark) -> str:
    """A rate with its limits, as printed."""
    limits = [limit.text for limit in (mark.lower, mark.upper) if limit is not None]
    return mark.rate.text + (f" ({' to '.join(limits)})" if limits else "")


def _text(mark: Landmark) -> str:
    """All that is printed for a landmark."""
    more = [f"{mark.events} events"] if mark.events is not None else []
    more += [f"{mark.at_risk} at risk"] if mark.at_risk is not None else []
    return " with ".join([_figures(mark), *more])


def _nearest(wanted: Demands, failed: int) -> str:
    """Figures of the curve that comes closest at the landmark that fails; empty if none does."""
    mark = wanted.checkpoints[failed]
    assert isinstance(mark, Landmark)
    for factor in _WIDER:
        wider = replace(
            mark,
            rate=_widened(mark.rate, factor),
            lower=mark.lower and _widened(mark.lower, factor),
            upper=mark.upper and _widened(mark.upper, factor),
        )
        checkpoints = (*wanted.checkpoints[:failed], wider)
        trial = replace(wanted, checkpoints=checkpoints, total_events=None, not_reached=frozenset())
        found = search(trial)
        if found.ends:
            curve = kaplan_meier(*placed(trial, best_path(found), None))
            rate = float(curve.survival_at(mark.time))
            lower, upper = (float(limit) for limit in curve.interval_at(mark.time))
            limits = [
                printed.like(value)
                for printed, value in ((mark.lower, lower), (mark.upper, upper))
                if printed is not None and not np.isnan(value)
            ]
            return mark.rate.like(rate) + (f" ({' to '.join(limits)})" if limits else "")
    return ""


def _widened(printed: Printed, factor: float) -> Printed:
    return replace(printed, half=printed.half * factor)
