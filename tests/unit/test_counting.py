"""Survival by counting on whole days: textbook numbers, conventions, edge cases, both worlds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from simulate.analysis.counting import (
    FIRST_LANDMARK,
    LANDMARK_SIZE,
    SurvivalRules,
    clear_days,
    count_curve,
    count_days,
    median_survival,
    next_exit,
    summarise_survival,
    table_length,
)
from simulate.analysis.kaplan_meier import kaplan_meier, reverse_kaplan_meier
from simulate.analysis.product_limit import normal_quantile
from simulate.analysis.product_limit_steps import (
    Step,
    is_lower_limit_high,
    is_upper_limit_high,
    log_log_limit,
)
from simulate.analysis.restricted_mean import restricted_mean, restricted_mean_variance
from simulate.compiled import kernel

LAST_DAY = 140
LANDMARKS = [0.0, 3.5, 8.0, 14.99, 31.0, 32.0, 63.5, 150.0]
Z = normal_quantile(0.95)
TAU = 40.25
SUMMARY = FIRST_LANDMARK + LANDMARK_SIZE * len(LANDMARKS)
STEP, POINTS, BINS = 7, 12, 1000

# Remission in weeks under 6-mercaptopurine (Freireich et al. 1963, Blood 21:699).
TREATED = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
TREATED_EVENT = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]

Sample = tuple[list[int], list[int]]


def tables(time: list[int], event: list[int]) -> tuple[list[int], list[int], int, int]:
    """A sample counted: exits, events, patients, last day."""
    exits, events = [0] * table_length(LAST_DAY), [0] * (LAST_DAY + 1)
    last = count_days(time, event, len(time), exits, events)
    return exits, events, len(time), last


def summary(time: list[int], event: list[int], *, z: float = Z) -> dict[str, Any]:
    """The summary of a sample by name; for landmarks a list each."""
    out = [math.e] * (SUMMARY + 2)
    summarise_survival(SurvivalRules(z, LANDMARKS), *tables(time, event), out, 1)
    assert out[0] == out[-1] == math.e  # it writes its own place only
    names = ("events", "median", "median_lower", "median_upper")
    found: dict[str, Any] = dict(zip(names, out[1:], strict=False))
    for k, name in enumerate(("survival", "lower", "upper", "events_by", "at_risk")):
        found[name] = out[1 + FIRST_LANDMARK + k : -1 : LANDMARK_SIZE]
    return found


def random_samples(seed: int, how_many: int) -> list[Sample]:
    """Small samples with many ties; some without patients, events or censoring."""
    rng = np.random.default_rng(seed)
    samples = []
    for k in range(how_many):
        size = int(rng.integers(1, 60)) if k % 25 else k % 2
        time = rng.integers(0, rng.choice([1, 5, 33, 65, LAST_DAY + 1]), size)
        event = rng.random(size) < rng.choice([0.0, 0.1, 0.5, 0.9, 1.0])
        samples.append((time.tolist(), event.astype(int).tolist()))
    return samples


SAMPLES = random_samples(1, 250)


# ---- counting ------------------------------------------------------------------------------


def test_patients_are_counted_on_their_days():
    exits, events, n, last = tables([3, 0, 3, 95], [1, 0, 0, 1])
    assert (n, last) == (4, 95)
    assert {day: exits[day] for day in range(LAST_DAY + 1) if exits[day]} == {0: 1, 3: 2, 95: 1}
    assert {day: count for day, count in enumerate(events) if count} == {3: 1, 95: 1}


def test_tables_are_as_new_after_clearing():
    for time, event in SAMPLES:
        exits, events, _, last = tables(time, event)
        clear_days(exits, events, last)
        assert not any(exits)
        assert not any(events)


def test_nobody_has_no_last_day():
    assert tables([], [])[3] == -1


def test_the_next_exit_is_found_from_every_day():
    for time in ([0], [31], [32], [63, 64], [0, 95, 96, 127, 128, 140], list(range(0, 141, 5))):
        exits, _, _, last = tables(time, [0] * len(time))
        for day in range(last + 1):
            assert next_exit(exits, day, last) == min(t for t in time if t >= day)
        assert next_exit(exits, last + 1, last) > last
    exits, _, _, last = tables([3, 130], [0, 0])
    assert next_exit(exits, 4, 100) > 100


def test_a_table_without_room_for_its_marks_is_refused():
    for last in (0, 31, 32, 100):
        just_long_enough = table_length(last)
        assert count_days([last], [1], 1, [0] * just_long_enough, [0] * (last + 1)) == last
        with pytest.raises(ValueError, match="table_length"):
            count_days([last], [1], 1, [0] * (just_long_enough - 1), [0] * (last + 1))


# ---- summary -------------------------------------------------------------------------------


def test_textbook_sample():
    out = [0.0] * (FIRST_LANDMARK + 3 * LANDMARK_SIZE)
    rules = SurvivalRules(Z, [6.0, 13.0, 23.0])
    summarise_survival(rules, *tables(TREATED, TREATED_EVENT), out, 0)
    assert out[:4] == [9, 23, 13, math.inf]
    published = [[0.8571, 0.6197, 0.9516], [0.6902, 0.4316, 0.8491], [0.4482, 0.1881, 0.6801]]
    for k, row in enumerate(published):
        at = FIRST_LANDMARK + k * LANDMARK_SIZE
        assert out[at : at + 3] == pytest.approx(row, abs=5e-5)
    assert [out[at + 3 : at + 5] for at in (4, 9, 14)] == [[3, 21], [6, 12], [9, 6]]


def assert_equals_one_curve(time: list[int], event: list[int], confidence: float) -> None:
    ours = summary(time, event, z=normal_quantile(confidence))
    curve = kaplan_meier(time, event, confidence=confidence)
    lower, upper = curve.interval_at(LANDMARKS)
    exact = {
        "events": sum(event),
        "median": curve.median(),
        "median_lower": curve.median_interval()[0],
        "median_upper": curve.median_interval()[1],
        "survival": curve.survival_at(LANDMARKS),
        "events_by": [
            sum(e for t, e in zip(time, event, strict=True) if t <= m) for m in LANDMARKS
        ],
        "at_risk": [sum(t >= m for t in time) for m in LANDMARKS],
    }
    for name, expected in exact.items():
        np.testing.assert_array_equal(ours[name], expected, err_msg=name)
    # NumPy's logarithm and exponential may differ from the C library's in the last place.
    np.testing.assert_allclose(ours["lower"], lower, rtol=1e-12)
    np.testing.assert_allclose(ours["upper"], upper, rtol=1e-12)


def test_a_summary_equals_the_curve_of_one_sample():
    for time, event in SAMPLES:
        for confidence in (0.5, 0.95, 0.999):
            assert_equals_one_curve(time, event, confidence)


def test_nobody():
    found = summary([], [])
    assert found["events"] == 0
    assert found["events_by"] == found["at_risk"] == [0] * len(LANDMARKS)
    for name in ("median", "median_lower", "median_upper", "survival", "lower", "upper"):
        assert np.isnan(found[name]).all(), name


def test_everybody_censored():
    found = summary([3, 5, 5], [0, 0, 0])
    assert found["survival"] == found["lower"] == found["upper"] == [1] * len(LANDMARKS)
    assert found["median"] == found["median_lower"] == found["median_upper"] == math.inf
    assert found["at_risk"] == [3, 2, 0, 0, 0, 0, 0, 0]


def test_all_events_on_one_day():
    found = summary([7, 7, 7], [1, 1, 1])
    assert found["survival"] == [1, 1, 0, 0, 0, 0, 0, 0]
    assert np.isnan(found["lower"][2:] + found["upper"][2:]).all()
    assert (found["median"], found["median_lower"], found["median_upper"]) == (7, 7, math.inf)


def test_survival_that_stays_at_one_half_gives_the_midpoint():
    """Also where the product 9/10 * 8/9 * ... misses one half by a unit in the last place."""
    days = list(range(1, 11))
    until_5 = [int(day <= 5) for day in days]
    assert summary(days, until_5)["median"] == 5
    until_5[7] = 1
    assert summary(days, until_5)["median"] == median_survival(*tables(days, until_5)) == 6.5
    for n in range(1, 100):
        days = np.random.default_rng(n).permutation(n).tolist()
        assert summary(days, [1] * n)["median"] == np.median(days), n


def test_a_censoring_between_the_two_days_does_not_move_the_midpoint():
    assert summary([1, 2, 3, 4], [1, 1, 0, 1])["median"] == 3
    assert median_survival(*tables([1, 2, 3, 4], [1, 1, 0, 1])) == 3


def test_median_alone_and_reverse():
    for time, event in SAMPLES:
        alone = median_survival(*tables(time, event))
        np.testing.assert_array_equal(alone, summary(time, event)["median"])
        flipped = median_survival(*tables(time, [1 - e for e in event]))
        np.testing.assert_array_equal(flipped, reverse_kaplan_meier(time, event).median())


# ---- limits decided without logarithms -----------------------------------------------------


def test_the_bounds_lie_on_their_side():
    half = math.log(2)
    for survival in (0.5 + np.logspace(-9, math.log10(0.2499), 20_000), 1 - np.logspace(-12, -0.6)):
        hazard = -np.log(survival)
        assert (3.89 * (survival - 0.5) * (1 - survival) < hazard * np.log(half / hazard)).all()
    for survival in (0.5 - np.logspace(-9, math.log10(0.2499), 20_000), np.logspace(-12, -0.6)):
        hazard = -np.log(survival)
        assert (1.025 * (0.5 - survival) / survival > hazard * np.log(hazard / half)).all()


@pytest.mark.parametrize("z", [0.3, Z, 3.3])
def test_a_limit_is_judged_as_if_it_were_calculated(z):
    """On both sides of the variance at which the limit is one half, and far from it."""
    half = math.log(2)
    for survival in np.linspace(0.002, 0.998, 499).tolist():
        hazard = -math.log(survival)
        edge = (hazard * math.log(half / hazard) / z) ** 2
        for factor in (0.01, 0.5, 0.9, 0.999999, 1.000001, 1.1, 2.0, 100.0):
            step = Step(1, 9, 1, 1, survival, edge * factor)
            if survival > 0.5:
                high, limit = is_lower_limit_high(step, z), log_log_limit(step, z)
            else:
                high, limit = is_upper_limit_high(step, z), log_log_limit(step, -z)
            if survival != 0.5:
                assert high == (limit > 0.5) == ((factor < 1) == (survival > 0.5))


# ---- curves --------------------------------------------------------------------------------


def curve_levels(time: list[int], event: list[int], *, bins: int, n_points: int) -> np.ndarray:
    counts = [0] * (3 + n_points * (bins + 1))
    exits, events, n, last = tables(time, event)
    count_curve(exits, events, n, last, STEP, n_points, bins, counts, 3)
    assert counts[:3] == [0, 0, 0]
    return np.array(counts[3:]).reshape(n_points, bins + 1)


@pytest.mark.parametrize(("bins", "n_points"), [(1000, 25), (1000, 5), (5, 25), (1, 1)])
def test_a_curve_adds_one_to_its_level_on_each_observed_point(bins, n_points):
    for time, event in SAMPLES[:120]:
        expected = np.zeros((n_points, bins + 1), int)
        curve = kaplan_meier(time, event)
        for point in range(n_points):
            if time and point * STEP <= max(time):
                level = np.rint(curve.survival_at(point * STEP) * bins)
                expected[point, int(level)] = 1
        np.testing.assert_array_equal(
            curve_levels(time, event, bins=bins, n_points=n_points), expected
        )


@pytest.mark.parametrize(("bins", "level"), [(1, 0), (3, 2), (5, 2), (7, 4)])
def test_a_level_halfway_goes_to_the_even_one(bins, level):
    assert curve_levels([1, 20], [1, 0], bins=bins, n_points=2)[1, level] == 1


# ---- the same bits in a kernel -------------------------------------------------------------


def _all_statistics(
    rules: Any, time: Any, event: Any, n: int, exits: Any, events: Any, out: Any, counts: Any
) -> None:
    last = count_days(time, event, n, exits, events)
    summarise_survival(rules, exits, events, n, last, out, 0)
    out[SUMMARY] = median_survival(exits, events, n, last)
    out[SUMMARY + 1] = restricted_mean(exits, events, n, last, TAU)
    out[SUMMARY + 2] = restricted_mean_variance(exits, events, n, last, TAU)
    count_curve(exits, events, n, last, STEP, POINTS, BINS, counts, 0)
    clear_days(exits, events, last)


@pytest.fixture(scope="module")
def compiled() -> Callable[..., None]:
    return kernel(_all_statistics)


def test_python_and_kernels_give_the_same_bits(compiled: Callable[..., None]) -> None:
    n_counts = POINTS * (BINS + 1)
    arrays = np.zeros(table_length(LAST_DAY), np.int64), np.zeros(LAST_DAY + 1, np.int64)
    lists = [0] * table_length(LAST_DAY), [0] * (LAST_DAY + 1)
    counted, counted_in_kernel = [0] * n_counts, np.zeros(n_counts, np.int64)
    for time, event in [*SAMPLES, *random_samples(2, 250)]:
        out, from_kernel = [0.0] * (SUMMARY + 3), np.zeros(SUMMARY + 3)
        n = len(time)
        _all_statistics(SurvivalRules(Z, LANDMARKS), time, event, n, *lists, out, counted)
        compiled(
            SurvivalRules(Z, np.array(LANDMARKS)),
            np.array(time, np.int64),
            np.array(event, np.int64),
            n,
            *arrays,
            from_kernel,
            counted_in_kernel,
        )
        assert np.array(out).tobytes() == from_kernel.tobytes(), (time, event)
    assert counted == counted_in_kernel.tolist()


def test_a_kernel_too_refuses_a_table_without_room_for_its_marks(
    compiled: Callable[..., None],
) -> None:
    one, empty = np.array([100]), np.zeros(101, np.int64)
    rules = SurvivalRules(Z, np.array(LANDMARKS))
    with pytest.raises(ValueError, match="table_length"):
        compiled(rules, one, one, 1, empty, empty.copy(), np.zeros(SUMMARY + 3), empty.copy())
