"""The day so far: how much came and went, what waits, and the shop's own count beside ours."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Card, Field, Section, Tone
from bot.presentation.words import count, day, money, span
from core.domain.metrics import Counted, Lag, Tally, Today, Waits

LATE_SECONDS = 300
MINUTE = 60


def today_card(view: Today, desk: Desk) -> Card:
    where = f" at {view.location}" if view.location else ""
    place = {"location": view.location} if view.location and " " not in view.location else {}
    return Card(
        title=f"{day(view.day, desk).capitalize()}{where}: "
        f"{view.placed} placed, {view.shipped} shipped",
        fields=(
            Field("Placed", str(view.placed)),
            Field("Shipped", str(view.shipped)),
            Field("Delivered", str(view.delivered)),
            Field("Open past cut-off", str(view.past_cutoff), _tone(view.past_cutoff, "bad")),
            Field("On hold", str(view.held), _tone(view.held, "warn")),
            Field("Cases", str(view.cases), _tone(view.cases, "warn")),
            Field("Returns", f"{view.returns_requested} asked, {view.returns_received} received"),
            Field("Refunds due", _tally(view.refunds_due, desk), _tone(view.refunds_due.count)),
            Field("Refunds paid", _tally(view.refunds_recorded, desk)),
        ),
        sections=(*_waits(view.waits), *_told(view.told), *_counted(view.counted, desk)),
        actions=kept(
            button(desk, "cases", text="Show Cases", more=place) if view.cases else None,
            button(desk, "search", text="Show Held Orders", more={"held": True, **place})
            if view.held
            else None,
        ),
        subject=f"today:{view.location}",
    )


def _waits(waits: tuple[Waits, ...]) -> tuple[Section, ...]:
    """“Blocked orders wait for BER (3, 1 of them too long), us (2)”"""
    told = ", ".join(
        f"{each.party} ({each.orders}, {each.overdue} of them too long)"
        if each.overdue
        else f"{each.party} ({each.orders})"
        for each in waits
    )
    late = any(each.overdue for each in waits)
    line = f"Blocked orders wait for {told}. Write `blocked` to see them."
    return (Section((line,), tone="bad" if late else "warn"),) if waits else ()


def _tone(number: int, tone: Tone = "warn") -> Tone:
    return tone if number else "plain"


def _tally(tally: Tally, desk: Desk) -> str:
    amounts = " + ".join(money(amount, currency, desk) for currency, amount in tally.money)
    return f"{tally.count} ({amounts})" if amounts else str(tally.count)


def _told(lag: Lag | None) -> tuple[Section, ...]:
    """How soon channels hear of stock; nothing where nothing moved for an hour."""
    if lag is None or not (lag.told or lag.waiting):
        return ()
    if lag.oldest > LATE_SECONDS:
        since = span(timedelta(seconds=lag.oldest))
        levels = count(lag.waiting, "stock level")
        return (Section((f"Channels have not heard of {levels} for {since}.",), tone="bad"),)
    if not lag.told:
        return ()
    half, worst = (_lasted(seconds) for seconds in (lag.median, lag.worst))
    said = f"Channels heard of stock after {half}, at worst {worst}."
    return (Section((said,), tone="quiet"),)


def _lasted(seconds: float) -> str:
    return span(timedelta(seconds=seconds)) if seconds >= MINUTE else f"{seconds:.0f} s"


def _counted(counted: tuple[Counted, ...], desk: Desk) -> tuple[Section, ...]:
    return tuple(
        Section((_difference(each, desk),), tone="bad" if each.agrees is False else "plain")
        for each in counted
    )


def _difference(each: Counted, desk: Desk) -> str:
    ours = f"we have {count(each.ours, 'order')}"
    if each.theirs is None:
        return f"{each.connection} has not told its own count yet; {ours}."
    if each.agrees and each.at:
        clock = f"{each.at.astimezone(ZoneInfo(desk.zone)):%H:%M}"
        return f"At {clock} {each.connection} counted {count(each.ours, 'order')} today, as we did."
    verdict = "the counts agree" if each.agrees else "the counts differ: run `wismo reconcile`"
    asked = f" (as of {each.at.astimezone(ZoneInfo(desk.zone)):%H:%M})" if each.at else ""
    theirs = count(each.theirs, "order")
    return f"{each.connection}{asked} counts {theirs} today, {ours}: {verdict}."
