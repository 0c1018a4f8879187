"""Opening hours as people write them: `mon-fri 08:00-18:00; sat 10:00-14:00`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import time
from typing import Any

from core.domain.promise import Calendar
from core.domain.refusals import Invalid

Hours = dict[str, list[list[str]]]

_NAMES = (
    ("mon", "monday", "mo", "montag"),
    ("tue", "tuesday", "tu", "di", "dienstag"),
    ("wed", "wednesday", "we", "mi", "mittwoch"),
    ("thu", "thursday", "th", "do", "donnerstag"),
    ("fri", "friday", "fr", "freitag"),
    ("sat", "saturday", "sa", "samstag"),
    ("sun", "sunday", "su", "so", "sonntag"),
)
_DAYS = {name: day for day, names in enumerate(_NAMES) for name in names}
_RULE = re.compile(r"(?P<days>[a-z][a-z,\s–-]*?)\s+(?P<spans>closed|[\d:.,\s–-]+)")
_SPAN = re.compile(r"(\d{1,2})[:.](\d{2})\s*[-–]\s*(\d{1,2})[:.](\d{2})")
_EXAMPLE = "Write hours like “mon-fri 08:00-18:00; sat 10:00-14:00”, or “always”."


def parse_hours(text: str) -> Hours | None:
    """Weekday (Monday is "0") to spans; None means around the clock. Raises Invalid."""
    wanted = text.strip().casefold()
    if wanted in ("always", "24/7"):
        return None
    hours: Hours = {}
    for rule in filter(None, (part.strip() for part in wanted.split(";"))):
        found = _RULE.fullmatch(rule)
        if found is None:
            raise _unreadable(rule)
        spans = _spans(found["spans"])
        for day in _days(found["days"]):
            if str(day) in hours:
                raise Invalid(f"{_NAMES[day][0]} is given twice.", _EXAMPLE, code="bad_hours")
            hours[str(day)] = spans
    if not any(hours.values()):
        raise Invalid("These hours are never open.", _EXAMPLE, code="bad_hours")
    as_spans(hours)
    return {day: spans for day, spans in sorted(hours.items()) if spans}


def show_hours(hours: Mapping[str, Any] | None) -> str:
    """The same as people write it; equal neighbors are folded into mon-fri."""
    if hours is None:
        return "always"
    groups: list[tuple[int, int, str]] = []
    for day in range(7):
        spans = ", ".join(f"{opens}-{closes}" for opens, closes in hours.get(str(day), ()))
        if groups and groups[-1][1] == day - 1 and groups[-1][2] == spans:
            groups[-1] = (groups[-1][0], day, spans)
        else:
            groups.append((day, day, spans))
    return "; ".join(f"{_folded(a, b)} {spans}" for a, b, spans in groups if spans)


def as_spans(hours: Mapping[str, Any]) -> Mapping[int, tuple[tuple[time, time], ...]]:
    """Stored hours as a calendar takes them; overlapping or backward spans raise Invalid."""
    spans = {
        int(day): tuple((time.fromisoformat(a), time.fromisoformat(b)) for a, b in given)
        for day, given in hours.items()
    }
    return Calendar(hours=spans).hours or {}


def parse_clock(text: str) -> str:
    """A time of day such as 14:00, for cut-offs."""
    found = re.fullmatch(r"(\d{1,2})[:.](\d{2})", text.strip())
    if found is None:
        raise Invalid(f"“{text}” is not a time of day.", "Write it like 14:00.")
    return _clock(found[1], found[2])


def _days(text: str) -> Iterable[int]:
    for part in filter(None, re.split(r"[,\s]+", re.sub(r"\s*[-–]\s*", "-", text))):
        first, _, last = part.partition("-")
        if first not in _DAYS or (last and last not in _DAYS):
            raise _unreadable(part)
        start, end = _DAYS[first], _DAYS[last or first]
        yield from (range(start, end + 1) if start <= end else [*range(start, 7), *range(end + 1)])


def _spans(text: str) -> list[list[str]]:
    if text == "closed":
        return []
    parts = [part.strip() for part in text.split(",")]
    found = [_SPAN.fullmatch(part) for part in parts]
    spans = []
    for part, match in zip(parts, found, strict=True):
        if match is None:
            raise _unreadable(part)
        spans.append([_clock(match[1], match[2]), _clock(match[3], match[4])])
    return spans


def _clock(hour: str, minute: str) -> str:
    """24:00 is the end of the day, written 00:00."""
    if int(hour) == 24 and int(minute) == 0:
        return "00:00"
    if int(hour) > 23 or int(minute) > 59:
        raise Invalid(f"{hour}:{minute} is not a time of day.", "Use 00:00 to 24:00.")
    return f"{int(hour):02}:{minute}"


def _folded(first: int, last: int) -> str:
    return _NAMES[first][0] if first == last else f"{_NAMES[first][0]}-{_NAMES[last][0]}"


def _unreadable(part: str) -> Invalid:
    return Invalid(f"“{part}” cannot be read as hours.", _EXAMPLE, code="bad_hours")
