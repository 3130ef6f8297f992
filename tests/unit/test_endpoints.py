"""Best response, survival and exposure: naive versions of every definition of the protocol."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulate.cutoff import Snapshot, cut
from simulate.distributions import NEVER
from simulate.endpoints import (
    ENDPOINT_COLUMNS,
    EndpointRules,
    Response,
    best_response,
    derive,
    endpoint_rules,
    progression_free_survival,
)
from simulate.patient.assessment import RESPONSE_NAMES, WATCHED
from simulate.records import TrialRecords
from simulate.scenario.scenario import Scenario

RULES = EndpointRules(
    confirmation=28,
    stable_disease=35,
    clinical_benefit=161,
    death_window=30,
    leading_drug=1,
    cycle_length=21,
    from_randomisation=0,
)

Scan = tuple[int, str]  # day and finding; "-" is a missed scan


def best(*scans: Scan, rules: EndpointRules = RULES) -> Response:
    day = [scan[0] for scan in scans]
    performed = [int(scan[1] != "-") for scan in scans]
    response = [RESPONSE_NAMES.index(scan[1]) if scan[1] != "-" else 0 for scan in scans]
    return best_response(rules, day, performed, response, 0, len(scans), NEVER)


def naive_best(scans: list[Scan]) -> tuple[str, int, bool]:
    """Best response, day of first response, and clinical benefit, in words and lists."""
    done = [scan for scan in scans if scan[1] != "-"]
    kinds = [kind for _, kind in done]
    free = done[: kinds.index("PD")] if "PD" in kinds else done
    responses = [(day, kind) for day, kind in free if kind in ("CR", "PR")]
    pairs = [
        (earlier, later) for (a, earlier) in responses for (b, later) in responses if b >= a + 28
    ]
    if pairs:
        return ("CR" if ("CR", "CR") in pairs else "PR"), responses[0][0], True
    if free and free[-1][0] >= 35:
        return "SD", NEVER, free[-1][0] >= 161
    return ("PD" if "PD" in kinds else "NE"), NEVER, False


@settings(max_examples=400, deadline=None)
@given(
    gaps=st.lists(st.integers(1, 60), max_size=9),
    kinds=st.lists(st.sampled_from(["CR", "PR", "SD", "PD", "NE", "-"]), min_size=9, max_size=9),
)
def test_best_response_equals_a_naive_one(gaps: list[int], kinds: list[str]) -> None:
    scans = list(zip(np.cumsum(gaps).tolist(), kinds, strict=False))

    found = best(*scans)

    kind, first, benefit = naive_best(scans)
    assert RESPONSE_NAMES[found.best] == kind
    assert found.first_response_day == first
    assert bool(found.benefit) == benefit
    done = [scan for scan in scans if scan[1] != "-"]
    pd = [day for day, kind in done if kind == "PD"]
    until = pd[0] if pd else NEVER
    assert found.progression_day == until
    assert found.assessed == sum(day <= until for day, _ in done)
    assert found.last_free_day == max((day for day, _ in done if day < until), default=0)


@pytest.mark.parametrize(
    ("scans", "kind", "first", "benefit"),
    [
        ([], "NE", NEVER, 0),
        ([(42, "-")], "NE", NEVER, 0),
        ([(34, "SD")], "NE", NEVER, 0),  # too early for stable disease
        ([(35, "SD")], "SD", NEVER, 0),
        ([(42, "PD")], "PD", NEVER, 0),
        ([(20, "SD"), (42, "PD")], "PD", NEVER, 0),
        ([(42, "SD"), (84, "PD")], "SD", NEVER, 0),
        ([(42, "PR")], "SD", NEVER, 0),  # not confirmed
        ([(42, "PR"), (69, "PR")], "SD", NEVER, 0),  # confirmed a day too early
        ([(42, "PR"), (70, "PR")], "PR", 42, 1),
        ([(42, "PR"), (84, "-"), (126, "PR")], "PR", 42, 1),
        ([(42, "PR"), (84, "PD")], "SD", NEVER, 0),
        ([(42, "CR"), (84, "CR"), (90, "PD")], "CR", 42, 1),
        ([(42, "CR"), (70, "CR")], "CR", 42, 1),
        ([(42, "CR"), (69, "CR")], "SD", NEVER, 0),
        ([(42, "PR"), (60, "CR"), (87, "CR")], "PR", 42, 1),  # complete a day too shortly
        ([(42, "PR"), (60, "CR"), (88, "CR")], "CR", 42, 1),
        ([(42, "CR"), (84, "CR"), (126, "PR")], "CR", 42, 1),
        ([(20, "PR"), (30, "PD")], "PD", NEVER, 0),
        ([(42, "SD"), (160, "SD")], "SD", NEVER, 0),
        ([(42, "SD"), (161, "SD")], "SD", NEVER, 1),
        ([(42, "SD"), (161, "PR")], "SD", NEVER, 1),  # 24 weeks without progression
        ([(42, "SD"), (161, "PD")], "SD", NEVER, 0),
    ],
)
def test_best_response_by_hand(scans: list[Scan], kind: str, first: int, benefit: int) -> None:
    found = best(*scans)

    assert (RESPONSE_NAMES[found.best], found.first_response_day, found.benefit) == (
        kind,
        first,
        benefit,
    )


def test_a_partial_response_that_becomes_complete_and_stays_so_is_complete() -> None:
    found = best((42, "PR"), (84, "PR"), (126, "CR"), (168, "CR"))

    assert RESPONSE_NAMES[found.best] == "CR"


def test_only_the_rows_of_the_patient_count() -> None:
    day, done, kind = [42, 84, 42, 84], [1, 1, 1, 1], [2, 2, 3, 4]

    first, second = (best_response(RULES, day, done, kind, a, a + 2, NEVER) for a in (0, 2))

    assert RESPONSE_NAMES[first.best] == "PR"
    assert RESPONSE_NAMES[second.best] == "SD"
    assert second.progression_day == 84


# ---- patients who are watched day by day ---------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(
    response=st.integers(1, 240),
    progression=st.integers(1, 240),
    until=st.integers(0, 240),
    kind=st.sampled_from(["PR", "CR"]),
)
def test_watching_equals_a_scan_each_day(
    response: int, progression: int, until: int, kind: str
) -> None:
    def finding(day: int) -> str:
        return "PD" if day >= progression else kind if day >= response else "SD"

    daily = [(day, finding(day)) for day in range(1, min(until, progression) + 1)]
    turns = [day for day, found in daily if day == 1 or found != finding(day - 1)]
    names = list(RESPONSE_NAMES)

    watched = best_response(
        RULES,
        turns,
        [WATCHED] * len(turns),
        [names.index(finding(day)) for day in turns],
        0,
        len(turns),
        until,
    )

    assert watched._replace(assessed=0) == best(*daily)._replace(assessed=0)
    assert (watched.assessed > 0) == bool(daily)


def test_a_response_that_is_watched_is_confirmed_if_it_stands_for_the_interval() -> None:
    partial = [RESPONSE_NAMES.index(kind) for kind in ("SD", "PR")]
    for until, confirmed in ((69, False), (70, True)):
        found = best_response(RULES, [1, 42], [WATCHED] * 2, partial, 0, 2, until)
        assert (RESPONSE_NAMES[found.best], found.last_free_day) == (
            "PR" if confirmed else "SD",
            until,
        )
    benefit = [
        best_response(RULES, [1], [WATCHED], [3], 0, 1, day).benefit for day in (34, 160, 161)
    ]
    assert benefit == [0, 0, 1]


# ---- progression-free survival ------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(
    free=st.integers(0, 300),
    progression=st.one_of(st.just(None), st.integers(1, 300)),
    death=st.one_of(st.just(None), st.integers(0, 200)),
    stop=st.one_of(st.just(None), st.integers(0, 500)),
)
def test_progression_free_survival_equals_a_naive_one(
    free: int, progression: int | None, death: int | None, stop: int | None
) -> None:
    seen = None if progression is None else free + progression
    died = None if death is None else (free if seen is None else seen) + death
    response = Response(1, 3, NEVER, 0, free, NEVER if seen is None else seen)

    found = progression_free_survival(
        RULES, response, NEVER if died is None else died, NEVER if stop is None else stop
    )

    if seen is not None:
        assert found == (seen, 1, 0)
    elif died is not None and (stop is None or died - stop <= 30):
        assert found == (died, 1, 1)
    else:
        assert found == (free, 0, 0)


@pytest.mark.parametrize(
    ("death", "stop", "expected"),
    [
        (130, 100, (130, 1, 1)),  # the last day of the window
        (131, 100, (84, 0, 0)),  # one day too late: censored at the last scan
        (100, 100, (100, 1, 1)),
        (900, NEVER, (900, 1, 1)),  # still assessed
        (NEVER, 100, (84, 0, 0)),
    ],
)
def test_a_death_counts_within_its_window_after_the_last_assessments(
    death: int, stop: int, expected: tuple[int, int, int]
) -> None:
    free = Response(2, 3, NEVER, 0, 84, NEVER)

    assert progression_free_survival(RULES, free, death, stop) == expected


def test_progression_on_the_day_of_death_is_progression() -> None:
    response = Response(2, 3, NEVER, 0, 42, 84)

    assert progression_free_survival(RULES, response, 84, 84) == (84, 1, 0)


# ---- whole trials -------------------------------------------------------------------------------


def naive_endpoints(scenario: Scenario, snapshot: Snapshot) -> list[dict[str, int]]:
    """Endpoints of every patient by calendar dates."""
    origin, rows = scenario.origin, []
    for i, patient in enumerate(snapshot.subjects["patient"].tolist()):
        own = {name: int(column[i]) for name, column in snapshot.subjects.items()}
        start = origin + dt.timedelta(own["first_dose_trial_day"])

        def date(day: int, start: dt.date = start) -> dt.date | None:
            return start + dt.timedelta(day) if day < NEVER else None

        of = snapshot.assessments["patient"] == patient
        columns = [snapshot.assessments[c][of].tolist() for c in ("day", "performed", "response")]
        scans = [(d, RESPONSE_NAMES[r] if p else "-") for d, p, r in zip(*columns, strict=True)]
        kind, first, benefit = naive_best(scans)
        done = [scan for scan in scans if scan[1] != "-"]
        pd = next((date(d) for d, k in done if k == "PD"), None)
        free = max([start, *(start + dt.timedelta(d) for d, k in done if k != "PD")])
        died, stop = date(own["death_day"]), date(own["assessment_stop_day"])
        late = died is not None and stop is not None and (died - stop).days > 30
        end, is_event, is_death = free, 0, 0
        if pd:
            end, is_event = pd, 1
        elif died and not late:
            end, is_event, is_death = died, 1, 1
        doses = snapshot.doses["day"][
            (snapshot.doses["patient"] == patient) & (snapshot.doses["drug"] == 1)
        ].tolist()
        contact = start + dt.timedelta(own["last_contact_day"])
        responded = date(first)
        rows.append(
            {
                "patient": patient,
                "assessed": int(bool(done)),
                "best_response": RESPONSE_NAMES.index(kind),
                "benefit": int(benefit),
                "pfs_time": (end - start).days + 1,
                "pfs_event": is_event,
                "pfs_is_death": is_death,
                "os_time": ((died or contact) - start).days + 1,
                "os_event": int(died is not None),
                "dor_time": (end - responded).days + 1 if responded else -1,
                "dor_event": is_event if responded else -1,
                "ttr_time": ((responded or free) - start).days + 1,
                "ttr_event": int(responded is not None),
                "exposure": doses[-1] + 21 if doses else 0,
                "cycles": len(doses),
                "on_treatment": int(own["treatment_stop_day"] == NEVER),
                "stop_reason": own["treatment_stop_reason"],
            }
        )
    return rows


@pytest.mark.parametrize("day", [0, 60, 400, 800, 1341])
def test_the_endpoints_equal_naive_ones_by_dates(
    scenario: Scenario, trials: tuple[TrialRecords, ...], day: int
) -> None:
    for records in trials[:3]:
        snapshot = cut(records, day)
        derived = derive(endpoint_rules(scenario), snapshot)

        assert list(derived) == list(ENDPOINT_COLUMNS)
        rows = zip(*(column.tolist() for column in derived.values()), strict=True)
        assert [dict(zip(derived, row, strict=True)) for row in rows] == naive_endpoints(
            scenario, snapshot
        )


def test_times_may_run_from_randomisation(
    scenario: Scenario, trials: tuple[TrialRecords, ...]
) -> None:
    snapshot = cut(trials[0], 1341)
    three_days_before = snapshot.subjects["first_dose_trial_day"] - 3
    snapshot.subjects["enrolment_trial_day"] = three_days_before
    rules = endpoint_rules(scenario)

    dosed, randomised = (
        derive(rules._replace(from_randomisation=flag), snapshot) for flag in (0, 1)
    )

    for name in ("pfs_time", "os_time", "ttr_time"):
        assert np.array_equal(randomised[name], dosed[name] + 3)
    for name in ("dor_time", "exposure", "pfs_event", "cycles"):
        assert np.array_equal(randomised[name], dosed[name])


def test_the_rules_are_those_of_the_protocol(scenario: Scenario) -> None:
    assert endpoint_rules(scenario) == RULES
    randomised = scenario.with_overrides({"endpoints.time_zero": "randomisation"})
    assert endpoint_rules(randomised).from_randomisation == 1


def test_a_patient_without_doses_of_the_first_drug_has_no_exposure(
    scenario: Scenario, trials: tuple[TrialRecords, ...]
) -> None:
    snapshot = cut(trials[0], 1341)
    snapshot.doses["drug"][snapshot.doses["patient"] == 5] = 2

    derived = derive(endpoint_rules(scenario), snapshot)

    assert (derived["exposure"][5], derived["cycles"][5]) == (0, 0)
