"""The queue of a location: what to pick, and apart from it what must stay on the shelf."""

from __future__ import annotations

from bot.grammar.desk import Desk
from bot.presentation.buttons import button, kept
from bot.presentation.model import Action, Card, Section
from bot.presentation.words import ago, count, day, state
from core.queries.picks import Pick, PickQueue

_STEPS = {"ready": "picked", "printed": "picked", "picked": "packed", "packed": "shipped"}


def picks_card(queue: PickQueue, desk: Desk) -> Card:
    """Several orders as one card: the first of them may be moved on at once."""
    held = tuple(f"{_what(pick)} — held: {', '.join(pick.held)}" for pick in queue.held)
    lines = tuple(f"{n}. {_line(pick, desk)}" for n, pick in enumerate(queue.picks, 1))
    sections = (
        Section(lines or (f"Nothing waits at {queue.location}.",)),
        Section(held, "DO NOT PICK", "bad"),
    )
    orders, units = count(len(queue.picks), "order"), count(queue.units, "unit")
    return Card(
        title=f"Picks {queue.location}: {orders}, {units}",
        sections=tuple(section for section in sections if section.lines),
        actions=_buttons(queue, desk),
        subject=f"picks:{queue.location}",
        note="There are more behind these." if queue.more else "",
    )


def _line(pick: Pick, desk: Desk) -> str:
    promised = f", promised {day(pick.promise, desk)}" if pick.promise else ""
    return f"{_what(pick)} · {state(pick.stage)} since {ago(pick.ready_at, desk.now)}{promised}"


def _what(pick: Pick) -> str:
    items = ", ".join(f"{item.quantity} × {item.title or item.sku}" for item in pick.items)
    return f"{pick.order} · {pick.customer_name}, {pick.ship_to.city} · {items}"


def _buttons(queue: PickQueue, desk: Desk) -> tuple[Action, ...]:
    printing = None
    if any(pick.stage == "ready" for pick in queue.picks):
        printing = button(desk, "print", queue.location, style="primary")
    moving = [
        button(
            desk,
            _STEPS[pick.stage],
            pick.order,
            version=pick.version,
            text=f"{_STEPS[pick.stage].title()} {pick.order}",
        )
        for pick in queue.picks[:2]
    ]
    return kept(printing, *moving)
