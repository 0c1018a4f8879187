"""The queue of a location: what to pick, and apart from it what must stay on the shelf."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Action, Card, Section
from bot.presentation.words import count, day, span, when
from core.domain.lanes import LOCAL, PICKUP
from core.queries.picks import Pick, PickQueue

_GROUPS = (
    ("To pick", ("ready", "printed")),
    ("To pack", ("picked",)),
    ("To hand over", ("packed",)),
)
A_MINUTE = timedelta(minutes=1)
_LATER = ("picked", "packed")
_OF_PICKUP = {"packed": "ready", "shipped": "collected"}
_WAYS = {PICKUP: "for pickup", LOCAL: "local delivery"}
_STEPS = {"ready": "picked", "printed": "picked", "picked": "packed", "packed": "shipped"}


def picks_card(queue: PickQueue, desk: Desk) -> Card:
    """Several orders as one card: the first of them may be moved on at once."""
    held = tuple(f"{_what(pick)} — held: {', '.join(pick.held)}" for pick in queue.held)
    picks = sorted(queue.picks, key=_urgency)
    twice = {order for order, n in Counter(pick.order for pick in picks).items() if n > 1}
    sections = (
        *(_group(heading, stages, picks, twice, desk) for heading, stages in _GROUPS),
        Section(() if picks else (f"Nothing waits at {queue.location}.",)),
        Section(held, "DO NOT PICK", "bad"),
    )
    orders, units = count(len(queue.picks), "order"), count(queue.units, "unit")
    return Card(
        title=f"Picks {queue.location}: {orders}, {units}",
        sections=tuple(section for section in sections if section.lines),
        actions=_buttons(queue.location, picks, desk),
        subject=f"picks:{queue.location}",
        note="There are more behind these." if queue.more else "",
    )


def _urgency(pick: Pick) -> tuple[Any, ...]:
    """Ready before picked before packed; in each the priority, the cut-off, then the promise."""
    due = pick.due or datetime.max.replace(tzinfo=UTC)
    return (
        list(_STEPS).index(pick.stage) if pick.stage in _LATER else 0,
        -pick.priority,
        due,
        pick.promise or date.max,
        pick.placed_at,
        pick.id,
    )


def _group(
    heading: str, stages: tuple[str, ...], picks: list[Pick], twice: set[str], desk: Desk
) -> Section:
    lines = (
        f"{n}. {_line(pick, twice, desk)}"
        for n, pick in enumerate(picks, 1)
        if pick.stage in stages
    )
    return Section(tuple(lines), heading)


def _line(pick: Pick, twice: set[str], desk: Desk) -> str:
    number = f" ({pick.number})" if pick.order in twice or not pick.number.endswith("-1") else ""
    since = desk.now - pick.ready_at
    waits = f"waits for {span(since)}" if since >= A_MINUTE else "just came"
    due = f"cut-off {when(pick.due, desk)}" if pick.due else ""
    promised = f"promised {day(pick.promise, desk)}" if pick.promise else ""
    stays = ", ".join(f"{item.quantity} × {item.title or item.sku}" for item in pick.stays)
    leave = f"leave {stays} on the shelf (held)" if stays else ""
    return f"{_what(pick, number)} · {', '.join(filter(None, (leave, due, promised, waits)))}"


def _what(pick: Pick, number: str = "") -> str:
    items = ", ".join(f"{item.quantity} × {item.title or item.sku}" for item in pick.items)
    who = ", ".join(filter(None, (pick.customer_name, pick.ship_to.city)))
    gift = ", ".join(filter(None, ("gift" if pick.gift else "", _WAYS.get(pick.method, ""))))
    mates = f"in one parcel with {', '.join(pick.together)}" if pick.together else ""
    return " · ".join(filter(None, (f"{pick.order}{number}", who, items, gift, mates)))


def _step(pick: Pick) -> str:
    """What is collected is laid ready and handed over instead of packed and shipped."""
    verb = _STEPS[pick.stage]
    return _OF_PICKUP.get(verb, verb) if pick.method == PICKUP else verb


def _buttons(location: str, picks: list[Pick], desk: Desk) -> tuple[Action, ...]:
    printing = None
    if any(pick.stage == "ready" for pick in picks):
        printing = button(desk, "print", location, style="primary")
    moving = [
        button(
            desk,
            _step(pick),
            pick.order,
            version=pick.version,
            text=f"{_step(pick).title()} {pick.order}",
        )
        for pick in picks[:2]
    ]
    return kept(printing, *moving)
