"""Whose work it is: the work and parcels that a person means, may touch, and may let go on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.commands import gatehouse
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Role
from core.domain.fulfillment import OPEN_STAGES, FulfillmentOrder, Parcel, Stage
from core.domain.holds import Exit
from core.domain.order import Order
from core.domain.pickup import require_sent
from core.domain.refusals import NotAllowed, NotFound, NotPossible
from core.domain.shop import Location

Works = Sequence[FulfillmentOrder]
_GOALS = {
    Exit.PICK: Stage.PICKED,
    Exit.PACK: Stage.PACKED,
    Exit.LABEL: Stage.SHIPPED,
    Exit.HANDOVER: Stage.SHIPPED,
}


def works_for(
    uow: UnitOfWork, word: str, where: str, exit: Exit, verb: str
) -> tuple[Order, list[FulfillmentOrder]]:
    """The order behind an order or work number, and its work that this person means.

    That is work still to take this exit, at the named location, else at the person's own, as far
    as the gate lets it; what is furthest along goes first. Raises a refusal that says what is
    already so, or how to say it.
    """
    order, works = named(uow, word)
    if exit in (Exit.LABEL, Exit.HANDOVER):
        require_sent(uow.shop, order)
    works = at_location(uow, order, works, where)
    gatehouse.require_not_canceled(order)
    waiting = [work for work in works if work.is_before(_GOALS[exit])]
    if not waiting:
        raise _nothing_waits(order, works)
    waiting = one_location(uow, order, waiting, verb)
    order, waiting = gatehouse.let_go(uow, order, waiting, exit)
    furthest = max(OPEN_STAGES.index(work.stage) for work in waiting)
    return order, [w for w in waiting if OPEN_STAGES.index(w.stage) == furthest]


def named(uow: UnitOfWork, word: str) -> tuple[Order, list[FulfillmentOrder]]:
    """An order with its work by the order's number, or by the number of one piece of work."""
    clean = word.strip().lstrip("#")
    try:
        order = uow.orders.get(clean)
    except NotFound:
        work = uow.work.by_number(clean)
        if work is None:
            raise
        order = uow.orders.by_id(work.order_id)
        return order, [uow.work.by_id(work.id)]  # as it is now that its order is locked
    return order, [w for w in uow.work.of(order.id) if w.stage is not Stage.CANCELED]


def at_location(
    uow: UnitOfWork, order: Order, works: Iterable[FulfillmentOrder], where: str
) -> list[FulfillmentOrder]:
    """The work at one location, when it is named, and never another than a store's own."""
    place = uow.shop.location(where) if where else None
    if place is not None:
        require_own(uow, place)
    found = [
        work
        for work in works
        if _is_own(uow, uow.shop.locations[work.location_id])
        and place in (None, uow.shop.locations[work.location_id])
    ]
    if not found and not order.is_canceled:
        raise _no_work(order, place)
    return found


def parcels_for(
    uow: UnitOfWork, word: str, where: str
) -> tuple[Order, list[FulfillmentOrder], list[Parcel]]:
    """An order with the work and parcels that this person means and may touch."""
    order, works = named(uow, word)
    place = uow.shop.location(where) if where else None
    if place is not None:
        require_own(uow, place)
    mine = [
        work
        for work in works
        if _is_own(uow, uow.shop.locations[work.location_id])
        and place in (None, uow.shop.locations[work.location_id])
    ]
    parcels = uow.work.parcels(order.id)
    is_whole = not where and uow.actor.role is not Role.STORE and len(mine) == len(works)
    if is_whole and order.number == word.strip().lstrip("#"):
        return order, mine, parcels
    ids = {work.id for work in mine}
    return order, mine, [p for p in parcels if p.fulfillment_id in ids]


def require_own(uow: UnitOfWork, place: Location) -> None:
    if not _is_own(uow, place):
        own = ", ".join(uow.actor.locations) or "no location yet"
        raise NotAllowed(f"You work at {own}, not at {place.code}.", f"Ask {place.code} to do it.")


def _is_own(uow: UnitOfWork, place: Location) -> bool:
    return uow.actor.role is not Role.STORE or place.code in uow.actor.locations


def _no_work(order: Order, place: Location | None) -> NotPossible:
    where = f" at {place.code}" if place else ""
    if any(line.backordered for line in order.lines):
        return NotPossible(
            f"Order {order.number} waits for stock; there is no work{where}.",
            "Look at `stock` for its SKUs.",
        )
    return NotPossible(
        f"There is no work on order {order.number}{where}.", f"Look at it: `{order.number}`."
    )


def _nothing_waits(order: Order, works: Works) -> NotPossible:
    told = ", ".join(f"{work.number} is already {work.stage.value}" for work in works)
    return NotPossible(f"{told}.", f"Look at it: `{order.number}`.", code="already")


def one_location(
    uow: UnitOfWork, order: Order, works: list[FulfillmentOrder], verb: str
) -> list[FulfillmentOrder]:
    """Work of one location only: nobody says `shipped` for two houses by accident."""
    codes = {work.id: uow.shop.locations[work.location_id].code for work in works}
    own = [work for work in works if codes[work.id] in uow.actor.locations]
    works = own or works
    places = sorted({codes[work.id] for work in works})
    if len(places) > 1:
        ways = " or ".join(f"`{verb} {order.number} {code.lower()}`" for code in places)
        raise NotPossible(
            f"Order {order.number} is worked on at {', '.join(places[:-1])} and {places[-1]}.",
            f"Write {ways}.",
            code="ambiguous",
        )
    return works
