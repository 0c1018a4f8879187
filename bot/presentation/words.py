"""Small words of the cards: money, ages, dates in the person's zone, names of states."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.grammar.desk import Desk
from notifications import formats

_STATES = {
    "manual": "by hand",
    "over": "overpaid",
    "stuck": "stuck",
    "past_cutoff": "past cut-off",
    "unknown_sku": "unknown SKU",
    "till_above_book": "till sold more than the book says",
    "count_off": "count far from the book",
    "unknown": "not placed",
    "InfoReceived": "announced, not scanned yet",
    "NotFound": "not known to the carrier yet",
    "OutForDelivery": "out for delivery",
    "Exception": "in trouble",
}


def money(amount: int, currency: str, desk: Desk) -> str:
    return formats.money({"amount": amount, "currency": currency}, desk.language)


def state(code: str) -> str:
    """A stored code in words: past_cutoff, InTransit, not_needed."""
    if code in _STATES:
        return _STATES[code]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", code).replace("_", " ").lower()


def reason(code: str) -> str:
    """Why goods come back, or what is wrong with them; where nobody said, that is said."""
    return "no reason given" if code == "unknown" else state(code)


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def ago(then: datetime, now: datetime) -> str:
    seconds = (now - then).total_seconds()
    if seconds < -60:
        return f"in {span(then - now)}"
    return "just now" if seconds < 60 else f"{span(now - then)} ago"


def span(length: timedelta) -> str:
    """The rough length in one unit: 5 min, 2 h, 3 days."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // (24 * 60)} days"


def day(value: date, desk: Desk) -> str:
    """The day as people say it: today, tomorrow, Fri 27 Nov."""
    away = (value - today(desk)).days
    if away in (-1, 0, 1):
        return {-1: "yesterday", 0: "today", 1: "tomorrow"}[away]
    pattern = "EEE d MMM" if value.year == today(desk).year else "EEE d MMM y"
    return _dated(value, pattern)


def when(moment: datetime, desk: Desk) -> str:
    there = moment.astimezone(ZoneInfo(desk.zone))
    return f"{day(there.date(), desk)} {there:%H:%M}"


def stamp(moment: datetime, desk: Desk) -> str:
    """A moment that stays true on a message that stays: “today” would not."""
    there = moment.astimezone(ZoneInfo(desk.zone))
    pattern = "EEE d MMM" if there.year == today(desk).year else "EEE d MMM y"
    return f"{_dated(there.date(), pattern)} {there:%H:%M}"


def _dated(value: date, pattern: str) -> str:
    from babel.dates import format_date

    return format_date(value, pattern, locale="en")


def until(moment: datetime | None, desk: Desk) -> str:
    """“ until Fri 27 Nov 09:00”, or what to think when that has passed."""
    if moment is None:
        return ""
    if moment <= desk.now:
        return f", overdue since {when(moment, desk)}"
    there = moment.astimezone(ZoneInfo(desk.zone))
    if there.time() == time.min:  # until the end of a day
        return f" until {day(there.date() - timedelta(days=1), desk)}"
    return f" until {when(moment, desk)}"


def today(desk: Desk) -> date:
    return desk.now.astimezone(ZoneInfo(desk.zone)).date()
