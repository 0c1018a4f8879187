"""What has happened to an order or to one of its lines: who, when, from which surface and why."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from core.db import searching
from core.db.connection import Session
from core.db.reading import Reader
from core.db.rows import from_json, moment
from core.db.trails import trail_of
from core.domain.access import Right
from core.domain.order import Order
from core.domain.refusals import Invalid
from core.domain.timeline import is_about
from core.domain.values import dataclass
from core.registry import Arg, question


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the timeline."""

    at: datetime
    kind: str
    data: dict[str, Any]
    actor: str
    surface: str


def timeline_of(session: Session, order_id: int) -> tuple[Told, ...]:
    """The order's facts, oldest first."""
    return tuple(
        Told(moment(at), kind, from_json(data), actor, surface)
        for at, kind, data, actor, surface in searching.facts_about(session, order_id)
    )


@dataclass(frozen=True, slots=True)
class ShowTimeline:
    """Tell what has happened to an order, notes included; with a SKU, to that line of it."""

    order: Annotated[str, Arg.ORDER]
    sku: Annotated[str, Arg.SKU] = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """An order's facts, oldest first; those about one SKU when it is named."""

    order: str
    told: tuple[Told, ...]
    sku: str = ""


@question(
    "timeline",
    ShowTimeline,
    Right.VIEW,
    aliases=("history", "notes"),
    examples=("timeline 1001", "timeline 1001 mug-red"),
)
def timeline(ask: ShowTimeline, reader: Reader) -> Timeline:
    order = reader.orders.get(ask.order)
    told = timeline_of(reader.session, order.id)
    if not ask.sku:
        return Timeline(order.number, told)
    sku = _sku(order, ask.sku)
    trail = trail_of(reader.session, sku, [x.id for x in order.lines if x.sku == sku])
    return Timeline(order.number, tuple(x for x in told if is_about(x.data, trail)), sku)


def _sku(order: Order, word: str) -> str:
    wanted = word.strip().casefold()
    found = next((line.sku for line in order.lines if line.sku.casefold() == wanted), None)
    if found is None:
        skus = ", ".join(dict.fromkeys(line.sku for line in order.lines))
        raise Invalid(f"Order {order.number} has no line “{word}”.", f"Its lines: {skus}.")
    return found
