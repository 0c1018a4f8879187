"""What a picker cannot find, or finds broken: the book is corrected and the order mended."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from core.commands import floor
from core.commands.choosing import Units, choose, in_words
from core.commands.shorting import short, victims
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.fulfillment import FulfillmentOrder
from core.domain.order import Order
from core.domain.refusals import NotPossible
from core.domain.shop import Location
from core.domain.stock import Move, StockMove
from core.domain.values import dataclass
from core.registry import Arg, Done, command


class Fault(StrEnum):
    MISSING = "missing"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class ShortOrder:
    """Say that units promised to an order are not on the shelf, or are broken.

    The stock is corrected, the order is routed anew for them, and what finds no other stock
    waits with a case.
    """

    order: Annotated[str, Arg.ORDER]
    units: Annotated[tuple[Units, ...], Arg.UNITS]
    fault: Annotated[Fault, Arg.CHOICE] = Fault.MISSING
    location: Annotated[str, Arg.LOCATION] = ""


@command(
    "short",
    ShortOrder,
    Right.FULFILL,
    examples=("short 1001 mug-red 1 damaged", "short 1001 mug-red 1 card 2 missing"),
)
def short_order(ask: ShortOrder, uow: UnitOfWork) -> Done:
    order, works = floor.named(uow, ask.order)
    works = [w for w in floor.at_location(uow, order, works, ask.location) if w.is_open]
    if not works:
        raise NotPossible(f"Nothing of order {order.number} waits to be picked.")
    works = floor.one_location(uow, order, works, "short")
    place = uow.shop.locations[works[0].location_id]
    missing = _missing(order, works, ask, place)
    for sku, units in missing.items():
        lost = victims(uow, sku, place.id, units, order.id)
        short(
            uow, lost, sku, place.id, ask.fault.value, [_correction(ask.fault, sku, place, units)]
        )
    after = uow.orders.by_id(order.id)
    facts = {"order": order.number, "location": place.code, "units": missing}
    words = f"{in_words(missing)} {ask.fault.value} at {place.code}."
    return Done(f"{words} {_mended(after, missing)}", facts)


def _missing(
    order: Order, works: list[FulfillmentOrder], ask: ShortOrder, place: Location
) -> dict[str, int]:
    here: dict[int, int] = {}
    for work in works:
        for item in work.items:
            here[item.line_id] = here.get(item.line_id, 0) + item.quantity
    what = f"are to be picked at {place.code}"
    units = choose(order, ask.units, lambda line: here.get(line.id, 0), what)
    if not units:
        raise NotPossible("Which units?", f"Write `short {order.number} <sku> <units>`.")
    found: dict[str, int] = {}
    for line_id, quantity in units.items():
        sku = order.line(line_id).sku
        found[sku] = found.get(sku, 0) + quantity
    return dict(sorted(found.items()))


def _correction(fault: Fault, sku: str, place: Location, units: int) -> StockMove:
    """Broken goods are still in the house; what is missing leaves the book."""
    if fault is Fault.DAMAGED:
        return StockMove(Move.DAMAGE, sku, place.id, units, reason="found broken")
    return StockMove(Move.ADJUST, sku, place.id, -units, reason="not on the shelf")


def _mended(order: Order, missing: dict[str, int]) -> str:
    waiting = {x.sku: x.backordered for x in order.lines if x.backordered and x.sku in missing}
    if waiting:
        return f"{in_words(waiting)} wait for stock; a case is open."
    return f"Order {order.number} is served from other stock."
