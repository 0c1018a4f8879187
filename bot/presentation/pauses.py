"""Pauses of shipping: what one would mean, with the button that does it, and what is paused."""

from __future__ import annotations

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Card, Field, Section
from bot.presentation.words import count, day, money, stamp
from core.queries.pauses import BehindView, PauseList, PausePreview, PauseView


def preview_card(view: PausePreview, desk: Desk) -> Card:
    lines = tuple(_order(each, view.currency, desk) for each in view.first)
    hidden = view.orders - len(view.first)
    more = (f"and {count(hidden, 'more order')}",) if hidden > 0 else ()
    sections = (Section((_summary(view),)), Section((*lines, *more), "The first of them"))
    seen = {"until": view.until.isoformat()} if view.until else {}
    seen |= {"reason": view.reason} if view.reason else {}
    figure = {"what": view.what, "orders": view.orders, "dates": view.dates}
    do = button(
        desk, "pause now", text=f"Pause {view.words}"[:70], style="primary", more=figure | seen
    )
    return Card(
        title=f"Pause {view.words} {_until(view, desk)}: {count(view.orders, 'order')} affected",
        sections=tuple(s for s in sections if lines or s is sections[0]),
        fields=_fields(view, desk),
        actions=kept(do),
        tone="warn" if view.dates else "plain",
        note="Nothing has changed yet.",
    )


def _until(view: PausePreview | PauseView, desk: Desk) -> str:
    return f"until {stamp(view.until, desk)}" if view.until else "until somebody resumes it"


def _summary(view: PausePreview) -> str:
    if not view.orders:
        return "No open order would be behind it. New orders go around it."
    told = [f"{count(view.elsewhere, 'order')} would ship from elsewhere"] if view.elsewhere else []
    if view.other_carrier:
        told.append(f"{count(view.other_carrier, 'order')} would go by another carrier")
    moved = f"{view.dates or 'none'} of {count(view.promised, 'promised date')} would move"
    told.append(moved if view.promised else "no date was promised")
    said = "; ".join(told) + "."
    after = " Their customers are told when you confirm." if view.dates else ""
    return said[:1].upper() + said[1:] + after


def _fields(view: PausePreview, desk: Desk) -> tuple[Field, ...]:
    if not view.cost:
        return ()
    word = "more" if view.cost > 0 else "less"
    return (Field("Costs us", f"{money(abs(view.cost), view.currency, desk)} {word}"),)


def _order(each: BehindView, currency: str, desk: Desk) -> str:
    way = f"from {each.to} instead of {each.origin}" if each.to else f"waits at {each.origin}"
    if each.carrier and not each.to:
        way = f"from {each.origin} by {each.carrier}"
    cost = ""
    if each.cost:
        cost = f", {money(abs(each.cost), currency, desk)} {'more' if each.cost > 0 else 'less'}"
    if each.day is not None and each.promise is not None:
        dates = f", {day(each.promise, desk)} becomes {day(each.day, desk)}"
    else:
        dates = f", {day(each.promise, desk)} stays" if each.promise else ""
    return f"{each.order}: {way}{dates}{cost}"


def pauses_card(view: PauseList, desk: Desk) -> Card:
    resume = [
        button(desk, "resume", text=f"Resume {each.words}"[:70], more={"what": each.words.lower()})
        for each in view.pauses[:5]
    ]
    lines = tuple(_paused(each, desk) for each in view.pauses)
    return Card(
        title=f"Paused: {len(view.pauses)}" if view.pauses else "Nothing is paused",
        sections=(Section(lines or ("Everything ships.",)),),
        actions=kept(*resume),
    )


def _paused(each: PauseView, desk: Desk) -> str:
    why = f" ({each.reason})" if each.reason else ""
    said = f"{each.words} {_until(each, desk)}{why}, by {each.by}"
    if not each.orders:
        return said
    return (
        f"{said}: {count(each.orders, 'order')} behind it, {each.moved} shipped from elsewhere, "
        f"{count(each.dates, 'date')} moved"
    )
