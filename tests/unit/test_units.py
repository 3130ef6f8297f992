"""Quantities as people write them."""

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulate.units import (
    DAYS_PER_MONTH,
    Dose,
    QuantityError,
    is_quantity,
    parse_days_up,
    parse_dose,
    parse_duration,
    parse_probability,
    parse_rate,
    parse_whole_days,
)


def test_lengths_of_follow_up_are_rounded_up_to_whole_days() -> None:
    assert parse_days_up("18 months") == 548
    assert parse_days_up("6 weeks") == 42
    with pytest.raises(QuantityError):
        parse_days_up("-1 days")


def test_a_month_is_a_twelfth_of_a_julian_year() -> None:
    assert DAYS_PER_MONTH == 30.4375 == 365.25 / 12


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("21 days", 21.0),
        ("1 day", 1.0),
        ("6 weeks", 42.0),
        ("27.7 months", 27.7 * 30.4375),
        ("2 years", 730.5),
        (" 3weeks ", 21.0),
        ("1e2 days", 100.0),
        (".5 weeks", 3.5),
        ("0 days", 0.0),
    ],
)
def test_durations(text: str, days: float) -> None:
    assert parse_duration(text) == days


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (21, "length of time is needed"),
        (None, "length of time is needed"),
        ("21", "length of time is needed"),
        ("days", "length of time is needed"),
        ("3 weeks 2 days", "length of time is needed"),
        ("٣ days", "length of time is needed"),
        ("3 mnths", "unknown unit of time 'mnths'"),
        ("-3 days", "cannot be negative"),
        ("1e999 days", "at most"),
        ("3000 years", "1,000,000 days at most"),
    ],
)
def test_wrong_durations(text: object, words: str) -> None:
    with pytest.raises(QuantityError) as caught:
        parse_duration(text)
    assert words in caught.value.message


def test_whole_days() -> None:
    assert parse_whole_days("6 weeks") == 42
    assert isinstance(parse_whole_days("6 weeks"), int)
    assert parse_whole_days("48 months") == 1461
    with pytest.raises(QuantityError, match=r"30\.4375 days\. Write it in days"):
        parse_whole_days("1 month")


def test_rates() -> None:
    assert parse_rate("0.0008 per month") == 0.0008 / 30.4375
    assert parse_rate("0.7 per week") == pytest.approx(0.1, rel=1e-15)
    assert parse_rate("0.5/day") == 0.5
    assert parse_rate("0 per month") == 0.0
    for wrong in ("0.5", 0.5, "0.5 months", "-0.1 per month", "0.1 per moon", "1e9 per day"):
        with pytest.raises(QuantityError):
            parse_rate(wrong)


def test_doses() -> None:
    assert parse_dose("30 mg/kg") == Dose(30.0, "mg/kg")
    assert str(parse_dose("75 mg/m2")) == "75 mg/m2"
    for wrong in ("30", 30, "30 mgkg", "0 mg", "-1 mg", "mg"):
        with pytest.raises(QuantityError):
            parse_dose(wrong)


def test_probabilities() -> None:
    assert parse_probability(0) == 0.0
    assert parse_probability(1) == 1.0
    assert parse_probability("40%") == 0.4
    assert parse_probability("7 %") == 0.07
    for wrong in (-0.1, 1.2, "120%", "0.4", True, None, math.nan, math.inf, [0.4]):
        with pytest.raises(QuantityError):
            parse_probability(wrong)


def test_what_counts_as_a_quantity() -> None:
    assert all(map(is_quantity, ("27.7 months", "0.1 per week", "30 mg/kg", "40%", "-3 days")))
    assert not any(map(is_quantity, ("first_dose", "3+", "lung+liver", "2020", "Methods 2.1", "")))


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_duration, parse_whole_days, parse_rate, parse_dose, parse_probability):
        with contextlib.suppress(QuantityError):
            parse(text)


@given(st.floats(0, 1e5), st.sampled_from(["days", "weeks", "months"]))
def test_numbers_survive_being_written(number: float, unit: str) -> None:
    size = {"days": 1.0, "weeks": 7.0, "months": 30.4375}[unit]
    if number * size <= 1e6:
        assert parse_duration(f"{number!r} {unit}") == number * size
