"""“until fri”, “tomorrow 9am”, “24 dec”: a moment in the person's own zone, always to come."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

MORNING, EVENING = 9, 18
LONGEST = 6

_NAMED_TIMES = {"noon": "12:00", "midday": "12:00", "morning": "09:00", "evening": "18:00"}
_DAYS_WITH_TIME = {"tonight": "today 20:00", "eod": "today 18:00"}
_WEEKDAY = (
    "mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|"
    "sat(?:urday)?|sun(?:day)?|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag"
)
_MONTH = (
    "jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz|apr(?:il)?|may|mai|june?|juni|july?|juli|"
    "aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|okt(?:ober)?|nov(?:ember)?|dec(?:ember)?|dez(?:ember)?"
)
_UNIT = "(?:m|min|mins|minutes?|minuten|h|hrs?|hours?|stunden?|days?|tagen?|weeks?|wochen?)"
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?:am|pm)?|1?\d(?:am|pm)"
_TIMELY = re.compile(
    rf"{_WEEKDAY}|{_MONTH}|{_CLOCK}|today|tomorrow|yesterday|heute|morgen|gestern|next|in|at|on|um|uhr|am|pm|"
    rf"{'|'.join(_NAMED_TIMES)}|{'|'.join(_DAYS_WITH_TIME)}|"
    rf"\d{{1,2}}(?:st|nd|rd|th)?|\d{{1,3}}{_UNIT}|{_UNIT}|20\d\d|20\d\d-\d\d-\d\d|"
    r"\d{1,2}\.\d{1,2}\.(?:20\d\d)?"
)
_TELLS_TIME = re.compile(rf"{_CLOCK}|\d+ ?{_UNIT}\b")
_NO_DAY = re.compile(rf"\b(?:3[2-9]|[4-9]\d) (?:{_MONTH})\b|\b(?:{_MONTH}) (?:3[2-9]|[4-9]\d)\b")
_DANGLING = ("in", "at", "on", "um", "next")


def read_moment(words: Sequence[str], now: datetime, zone: str) -> tuple[datetime | None, int]:
    """The moment at the beginning of these words (UTC), and how many of them tell it.

    The longest readable phrase wins. A day without a time means nine in the morning.
    """
    run = 0
    while run < min(len(words), LONGEST) and _TIMELY.fullmatch(_plain(words[run])):
        run += 1
    for length in range(run, 0, -1):
        phrase = " ".join(_plain(word) for word in words[:length])
        found = _moment(phrase, now, ZoneInfo(zone)) if _could_end(phrase) else None
        if found is not None:
            return found, length
    return None, 0


def _plain(word: str) -> str:
    clean = word.strip(",;:!?()").casefold()
    return clean if re.fullmatch(r"\d{1,2}\.\d{1,2}\.(?:20\d\d)?", clean) else clean.rstrip(".")


def _could_end(phrase: str) -> bool:
    """A number or a month alone could be anything; a preposition at the end promises more."""
    unclear = phrase.isdigit() or re.fullmatch(_MONTH, phrase) or _NO_DAY.search(phrase)
    return not unclear and phrase.rpartition(" ")[2] not in _DANGLING


def _moment(phrase: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    import dateparser  # a costly import: only who types a date pays for it

    here = now.astimezone(zone).replace(tzinfo=None)
    spoken = _spoken(phrase)
    found: datetime | None = dateparser.parse(
        spoken,
        languages=["en", "de"],
        settings={
            "PREFER_DATES_FROM": "future",
            "RELATIVE_BASE": here,
            "DATE_ORDER": "DMY",
            "RETURN_AS_TIMEZONE_AWARE": False,
        },
    )
    if found is None:
        return None
    if not _TELLS_TIME.search(spoken):
        hour = EVENING if found.date() == here.date() else MORNING
        found = found.replace(hour=hour, minute=0, second=0, microsecond=0)
    return found.replace(tzinfo=zone).astimezone(UTC)


def _spoken(phrase: str) -> str:
    """The phrase in words that dateparser takes for what people mean by them."""
    for word, time in (*_NAMED_TIMES.items(), *_DAYS_WITH_TIME.items()):
        phrase = re.sub(rf"\b{word}\b", time, phrase)
    phrase = re.sub(r"\b(\d{1,2}) ([ap]m)\b", r"\1\2", phrase)
    phrase = re.sub(r"\b(?:at |um )?(\d{1,2}) uhr\b", r"\1:00", phrase)
    phrase = re.sub(r"\b(?:at|um) (\d{1,2})$", r"\1:00", phrase)
    return re.sub(r"\b(?:at|um|on) ", "", phrase)
