"""Opening hours as people write them, and what is refused with an example."""

from __future__ import annotations

import pytest

from core.domain.hours import parse_clock, parse_hours, show_hours
from core.domain.refusals import Invalid


def test_days_and_spans_as_people_write_them():
    hours = parse_hours("mon-fri 8:00-18:00; sat 10.00 – 14.00")
    assert hours is not None
    assert hours["4"] == [["08:00", "18:00"]]
    assert hours["5"] == [["10:00", "14:00"]]
    assert "6" not in hours


def test_german_day_names_and_a_lunch_break():
    assert parse_hours("Mo-Mi 09:00-12:00, 13:00-17:30; So closed") == {
        day: [["09:00", "12:00"], ["13:00", "17:30"]] for day in "012"
    }


def test_always_means_no_calendar():
    assert parse_hours("always") is None
    assert show_hours(None) == "always"


def test_a_week_may_be_written_over_its_end():
    hours = parse_hours("sat-mon 10:00-12:00")
    assert hours is not None
    assert set(hours) == {"0", "5", "6"}


def test_midnight_ends_the_day():
    assert parse_hours("fri 18:00-24:00") == {"4": [["18:00", "00:00"]]}


@pytest.mark.parametrize(
    "text", ["mon-fri 08:00-18:00; sat 10:00-14:00", "mon 08:00-12:00, 13:00-17:00", "always"]
)
def test_what_is_shown_can_be_written_again(text):
    assert show_hours(parse_hours(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mon",
        "08:00-18:00",
        "mon 08:00",
        "mon 18:00-08:00",
        "mon 08:00-12:00, 11:00-13:00",
        "mon 25:00-26:00",
        "mon 08:60-09:00",
        "moon 08:00-09:00",
        "mon 08:00-10:00; mon 12:00-13:00",
        "mon-fri closed",
        "mon-fri 08:00-18:00 sat 10:00-14:00",
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_write(text):
    with pytest.raises(Invalid) as refused:
        parse_hours(text)
    assert refused.value.next


def test_a_cut_off_is_a_time_of_day():
    assert parse_clock("9.30") == "09:30"
    for text in ("", "noon", "24:30", "12:60"):
        with pytest.raises(Invalid):
            parse_clock(text)
