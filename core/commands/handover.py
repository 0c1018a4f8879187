"""The exits of the house: whose work it is, and all that follows when a parcel leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from core.commands.writeback import write_back
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Role
from core.domain.cases import CaseKind, Finding
from core.domain.fulfillment import OPEN_STAGES, FulfillmentOrder, Parcel, Stage
from core.domain.order import Change, Line, Order
from core.domain.refusals import NotAllowed, NotFound, NotPossible
from core.domain.shop import Location
from core.domain.stock import Move, Short, StockMove

HANDED_OVER, SCANNED = "handed_over", "scanned"
Works = Sequence[FulfillmentOrder]

# --- whose work ---------------------------------------------------------------------------------


def works_for(
    uow: UnitOfWork, word: str, where: str, goal: Stage, verb: str
) -> tuple[Order, list[FulfillmentOrder]]:
    """The order behind an order or work number, and its work that this person means.

    That is work still to reach `goal`, at the named location, else at the person's own; what is
    furthest along goes first. Raises a refusal that says what is already so, or how to say it.
    """
    order, works = named(uow, word)
    works = at_location(uow, order, works, where)
    require_leavable(order)
    waiting = [work for work in works if work.is_before(goal)]
    if not waiting:
        raise _nothing_waits(order, works)
    waiting = one_location(uow, order, waiting, verb)
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
        return uow.orders.by_id(work.order_id), [work]
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


def require_leavable(order: Order) -> None:
    """The gate at every exit: nothing of a canceled or held order may go on."""
    if order.is_canceled:
        raise NotPossible(
            f"Order {order.number} is canceled.",
            "Put the goods back on the shelf.",
            code="canceled",
        )
    order.require_free_of_holds()


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
            f"Order {order.number} is worked on at {' and '.join(places)}.",
            f"Write {ways}.",
            code="ambiguous",
        )
    return works


# --- leaving ------------------------------------------------------------------------------------


def new_parcel(
    uow: UnitOfWork,
    order: Order,
    items: Iterable[tuple[int, str, int]],
    fulfillment_id: int | None = None,
) -> Parcel:
    """A parcel that is not stored yet; units of one line count together."""
    sums: Counter[tuple[int, str]] = Counter()
    for line_id, sku, quantity in items:
        sums[line_id, sku] += quantity
    return Parcel(
        id=uow.new_id(),
        order_id=order.id,
        fulfillment_id=fulfillment_id,
        position=len(uow.work.parcels(order.id)) + 1,
        carrier="",
        tracking_number=None,
        created_at=uow.now,
        items=tuple((line_id, sku, units) for (line_id, sku), units in sums.items()),
    )


def contents(works: Works) -> list[tuple[int, str, int]]:
    return [(item.line_id, item.sku, item.quantity) for work in works for item in work.items]


def cover(
    items: Iterable[tuple[int, str, int]], works: Works
) -> tuple[dict[int, dict[int, int]], dict[int, int]]:
    """The reservations (by work) that give a parcel its units, and (by line) what none gives."""
    left: Counter[int] = Counter()
    for line_id, _, quantity in items:
        left[line_id] += quantity
    taken: dict[int, dict[int, int]] = {}
    for work in works:
        for item in work.items:
            units = min(left[item.line_id], item.quantity)
            if units > 0:
                taken.setdefault(work.id, {})[item.reservation_id] = units
                left[item.line_id] -= units
    return taken, dict(+left)


def leave(
    uow: UnitOfWork,
    order: Order,
    parcel: Parcel,
    works: Works,
    evidence: str,
    *,
    is_new: bool,
    location_id: int | None = None,
) -> Order:
    """A parcel left: its reservations are consumed, its units shipped, its work done, all told.

    `works` are tried in order for the parcel's units; what none covers has left all the same.
    """
    taken, uncovered = cover(parcel.items, works)
    gone = [_piece(uow, order, work, taken[work.id]) for work in works if work.id in taken]
    after = _consume(uow, order, gone)
    after = _ship_uncovered(uow, after, parcel, uncovered, location_id)
    parcel = _store(uow, order, after, parcel, gone, is_new=is_new)
    if not parcel.items:
        return after
    fact = e.ParcelShipped(parcel.id, parcel.carrier, parcel.tracking_number or "", evidence)
    after = uow.orders.save(Change(after, (fact,)))
    _close_cases(uow, after, gone)
    _tell_channel(uow, after, parcel, gone)
    return _left_in_spite(uow, after, parcel)


def _store(
    uow: UnitOfWork, before: Order, after: Order, parcel: Parcel, gone: Works, *, is_new: bool
) -> Parcel:
    """The parcel with what it can truly hold: a unit leaves once, whoever speaks of it again."""
    sent = {line.id: line.shipped - before.line(line.id).shipped for line in after.lines}
    items = tuple((i, sku, min(n, sent[i])) for i, sku, n in parcel.items if sent[i] > 0)
    true = replace(parcel, items=items)
    if is_new:
        return uow.work.add_parcel(replace(true, fulfillment_id=gone[0].id if gone else None))
    uow.work.save_parcel(true)
    if items != parcel.items:
        uow.work.set_items(true)
        finding = Finding(
            CaseKind.PARCEL_TROUBLE,
            f"parcel:{parcel.id}:surplus",
            f"Parcel {parcel.tracking_number} of order {after.number} was labeled for more than "
            "was left to send. Find out what is in it.",
            order_id=after.id,
            facts={"trouble": "surplus", "parcel_id": parcel.id},
        )
        uow.cases.open(finding)
    return true


def _piece(
    uow: UnitOfWork, order: Order, work: FulfillmentOrder, units: Mapping[int, int]
) -> FulfillmentOrder:
    """The work that leaves: the whole of it, or a new piece with only these units."""
    if all(units.get(item.reservation_id) == item.quantity for item in work.items):
        return work
    serial = len(uow.work.of(order.id)) + 1
    piece = replace(work, id=uow.new_id(), number=f"{order.number}-{serial}", items=())
    uow.work.add(piece)
    uow.write_rows()
    uow.work.save(replace(piece, stage=Stage.READY), piece)
    for reservation_id, quantity in units.items():
        uow.stock.give(reservation_id, quantity, piece.id)
    return uow.work.by_id(piece.id)


def _consume(uow: UnitOfWork, order: Order, works: Works) -> Order:
    changed = {line.id: line for line in order.lines}
    moves = []
    for work in works:
        uow.work.save(work, work.advance(Stage.SHIPPED, uow.now))
        for item in work.items:
            moves.append(
                StockMove(Move.SHIP, item.sku, work.location_id, item.quantity, item.line_id)
            )
            uow.stock.settle(item.reservation_id, "consumed")
            packed = item.quantity if work.stage is Stage.PACKED else 0
            changed[item.line_id] = _shipped(changed[item.line_id], item.quantity, packed)
    uow.stock.move(moves)
    return order.with_lines(changed)


def _shipped(line: Line, units: int, packed: int) -> Line:
    return replace(
        line,
        allocated=line.allocated - units,
        packed=line.packed - packed,
        shipped=line.shipped + units,
    )


def _ship_uncovered(
    uow: UnitOfWork,
    order: Order,
    parcel: Parcel,
    units: Mapping[int, int],
    location_id: int | None,
) -> Order:
    """Units that left without our work: the shop says so, and the goods are gone."""
    changed = {line_id: _taken_anyway(order.line(line_id), n) for line_id, n in units.items()}
    for line_id, line in changed.items():
        gone = line.shipped - order.line(line_id).shipped
        if gone and location_id is not None and uow.stock.known([line.sku]):
            _sell(uow, order, parcel, StockMove(Move.SELL, line.sku, location_id, gone, line_id))
    return order.with_lines(changed)


def _taken_anyway(line: Line, units: int) -> Line:
    """Shipped from what had no place yet, then from the queue, then from what was canceled."""
    free = line.ordered - line.canceled - line.backordered - line.allocated - line.shipped
    loose = min(units, free)
    queued = min(units - loose, line.backordered)
    canceled = min(units - loose - queued, line.canceled)
    return replace(
        line,
        shipped=line.shipped + loose + queued + canceled,
        backordered=line.backordered - queued,
        canceled=line.canceled - canceled,
    )


def _sell(uow: UnitOfWork, order: Order, parcel: Parcel, sale: StockMove) -> None:
    try:
        uow.stock.move([sale])
    except Short:
        code = uow.shop.locations[sale.location_id].code
        finding = Finding(
            CaseKind.TILL_ABOVE_BOOK,
            f"parcel:{parcel.id}:{sale.sku}",
            f"{code} shipped {sale.quantity} × {sale.sku} for order {order.number}, "
            "which the book does not have. Count it.",
            order_id=order.id,
            location_id=sale.location_id,
            facts={"sku": sale.sku, "quantity": sale.quantity},
        )
        uow.cases.open(finding)


def _close_cases(uow: UnitOfWork, order: Order, works: Works) -> None:
    """What was late about this work is late no more."""
    places = {None, *(work.location_id for work in works)}
    for case in uow.cases.open_of_order(order.id):
        is_late = case.kind in (CaseKind.STUCK, CaseKind.PAST_CUTOFF)
        if is_late and case.location_id in places:
            uow.cases.close(case.kind, case.subject, "it has left")


def _tell_channel(uow: UnitOfWork, order: Order, parcel: Parcel, works: Works) -> None:
    if parcel.external_id is not None:
        return
    lines = [
        {"line": order.line(line_id).external_id, "quantity": quantity}
        for line_id, _, quantity in parcel.items
        if order.line(line_id).external_id
    ]
    if lines:
        payload = {"lines": lines, "location": _external_location(uow, order, works)}
        told = payload | tracking_words(parcel)
        write_back(uow, order, "fulfillment", f"fulfillment:{parcel.id}", told)


def tracking_words(parcel: Parcel) -> dict[str, object]:
    return {
        "parcel_id": parcel.id,
        "tracking_number": parcel.tracking_number or "",
        "carrier": parcel.carrier,
        "tracking_url": parcel.tracking_url,
    }


def _external_location(uow: UnitOfWork, order: Order, works: Works) -> str:
    if not works:
        return ""
    place = uow.shop.locations[works[0].location_id]
    return place.external_ids.get(str(order.connection_id), "")


def _left_in_spite(uow: UnitOfWork, order: Order, parcel: Parcel) -> Order:
    """A fact from outside is kept even against a hold or a cancellation, and a person is told."""
    if order.is_canceled:
        finding = Finding(
            CaseKind.CANCEL_AFTER_SHIP,
            f"order:{order.id}",
            f"Order {order.number} left although it was canceled. "
            "Stop the parcel or take the goods back.",
            order_id=order.id,
        )
        uow.cases.open(finding)
    if not order.is_held:
        return order
    finding = Finding(
        CaseKind.PARCEL_TROUBLE,
        f"parcel:{parcel.id}:held",
        f"Order {order.number} left although it was on hold for {order.holds[0].reason.value}.",
        order_id=order.id,
        facts={"trouble": "held"},
    )
    uow.cases.open(finding)
    if order.status.value == "closed":
        order = uow.orders.save(order.release(None, "it has left the house"))
    return order


def received(uow: UnitOfWork, order: Order, parcel: Parcel, at: datetime) -> Order:
    """The parcel reached its receiver."""
    changed = {}
    for line_id, _, quantity in parcel.items:
        line = order.line(line_id)
        changed[line_id] = replace(line, delivered=min(line.shipped, line.delivered + quantity))
    fact = e.ParcelDelivered(parcel.id, at.isoformat())
    return uow.orders.save(Change(order.with_lines(changed), (fact,)))


def not_received(uow: UnitOfWork, order: Order, parcel: Parcel) -> Order:
    """A delivery was taken back by the carrier; units in a return stay delivered."""
    changed = {}
    for line_id, _, quantity in parcel.items:
        line = order.line(line_id)
        floor = line.return_requested + line.return_received
        changed[line_id] = replace(line, delivered=max(floor, line.delivered - quantity))
    return uow.orders.save(Change(order.with_lines(changed)))
