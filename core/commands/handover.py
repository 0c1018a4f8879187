"""All that follows when a parcel leaves, arrives, or comes back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from core.commands import gatehouse
from core.commands.collecting import collect_for_parcel
from core.commands.documents import invoice_at_shipment
from core.commands.placing import open_short_case, open_unknown_case
from core.commands.writeback import write_back
from core.db import pickups
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.cases import CaseKind, Finding
from core.domain.fulfillment import FulfillmentOrder, Parcel, Stage
from core.domain.holds import Hold, Scope
from core.domain.kits import newly_shipped
from core.domain.nearby import CARRIER as OUR_DRIVER
from core.domain.order import Change, Line, Order
from core.domain.pickup import COLLECTED, Pickup, is_pickup
from core.domain.stock import Move, Short, StockMove
from core.domain.tracking import ParcelStatus

HANDED_OVER, SCANNED = "handed_over", "scanned"
Works = Sequence[FulfillmentOrder]


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
    with_its_customer = is_pickup(order) and not parcel.tracking_number
    if with_its_customer:
        evidence = COLLECTED
        parcel = replace(parcel, delivered_at=uow.now, status=ParcelStatus.DELIVERED.value)
    taken, uncovered = cover(parcel.items, works)
    stopped = [h for h in order.holds if _concerns(h, parcel, taken)]
    gone = [_piece(uow, order, work, taken[work.id]) for work in works if work.id in taken]
    if is_pickup(order):
        pickups.end(uow, _waiting(uow, order, gone), COLLECTED)
    after = _consume(uow, order, gone)
    after = _ship_uncovered(uow, after, parcel, uncovered, location_id)
    if uncovered:
        open_short_case(uow, after)
        open_unknown_case(uow, after)
    parcel = _store(uow, order, after, parcel, gone, is_new=is_new)
    if not parcel.items:
        return after
    fact = e.ParcelShipped(parcel.id, parcel.carrier, parcel.tracking_number or "", evidence)
    after = uow.orders.save(
        Change(_arrived(after, parcel) if with_its_customer else after, (fact,))
    )
    _close_cases(uow, after, gone)
    _tell_channel(uow, after, parcel, gone, newly_shipped(order, after))
    invoice_at_shipment(uow, after)
    collect_for_parcel(uow, after)
    return _left_in_spite(uow, after, parcel, stopped)


def _waiting(uow: UnitOfWork, order: Order, works: Works) -> list[Pickup]:
    """What lay ready and has left some other way: the shop said that it was collected."""
    ids = {work.id for work in works}
    return [each for each in pickups.waiting_of(uow.session, order.id) if each.work_id in ids]


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
        is_late = case.kind in (CaseKind.STUCK, CaseKind.PAST_CUTOFF, CaseKind.PICKUP_LATE)
        if is_late and case.location_id in places:
            uow.cases.close(case.kind, case.subject, "it has left")


def _tell_channel(
    uow: UnitOfWork, order: Order, parcel: Parcel, works: Works, kits: Mapping[int, int]
) -> None:
    """The channel knows nothing of parts: a kit is fulfilled when the last of them has left."""
    if parcel.external_id is not None:
        return
    units = [(line_id, quantity) for line_id, _, quantity in parcel.items]
    lines = [
        {"line": order.line(line_id).external_id, "quantity": quantity}
        for line_id, quantity in (*units, *kits.items())
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
        "carrier": "" if parcel.carrier == OUR_DRIVER else parcel.carrier,
        "tracking_url": parcel.tracking_url,
    }


def _external_location(uow: UnitOfWork, order: Order, works: Works) -> str:
    if not works:
        return ""
    place = uow.shop.locations[works[0].location_id]
    return place.external_ids.get(str(order.connection_id), "")


def _concerns(hold: Hold, parcel: Parcel, boxes: Collection[int]) -> bool:
    """Whether this parcel should not have left, as far as the hold goes."""
    if hold.scope is Scope.LINE:
        return any(line_id == hold.scope_id for line_id, _, _ in parcel.items)
    return hold.scope is Scope.ORDER or hold.scope_id in boxes


def _left_in_spite(uow: UnitOfWork, order: Order, parcel: Parcel, stopped: Sequence[Hold]) -> Order:
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
    if stopped:
        finding = Finding(
            CaseKind.PARCEL_TROUBLE,
            f"parcel:{parcel.id}:held",
            f"Order {order.number} left although it was on hold for {stopped[0].reason.words}.",
            order_id=order.id,
            facts={"trouble": "held", "parcel_id": parcel.id},
        )
        uow.cases.open(finding)
    return _end_holds(uow, order)


def _end_holds(uow: UnitOfWork, order: Order) -> Order:
    """A hold of which nothing is left to stop has ended."""
    if not order.holds:
        return order
    works = uow.work.of(order.id)
    left = {work.id for work in works if work.stage is Stage.SHIPPED}
    over = [hold for hold in order.holds if _is_over(order, hold, left)]
    after = uow.orders.save(order.lift(over, "it has left the house")) if over else order
    gatehouse.close_asks(uow, after, works, "nothing of it is there any more")
    return after


def _is_over(order: Order, hold: Hold, left: Collection[int]) -> bool:
    if hold.scope is Scope.LINE:
        line = order.line(hold.scope_id)
        return line.shipped >= line.wanted
    return order.status.value == "closed" or hold.scope_id in left


def _arrived(order: Order, parcel: Parcel) -> Order:
    changed = {}
    for line_id, _, quantity in parcel.items:
        line = order.line(line_id)
        changed[line_id] = replace(line, delivered=min(line.shipped, line.delivered + quantity))
    return order.with_lines(changed)


# What follows elsewhere once a parcel has reached its receiver; entered by the rooms it concerns.
RECEIVED: list[Callable[[UnitOfWork, Order, Parcel], None]] = []


def received(uow: UnitOfWork, order: Order, parcel: Parcel, at: datetime) -> Order:
    """The parcel reached its receiver."""
    fact = e.ParcelDelivered(parcel.id, at.isoformat())
    after = uow.orders.save(Change(_arrived(order, parcel), (fact,)))
    for follow in RECEIVED:
        follow(uow, after, parcel)
    return after


def not_received(uow: UnitOfWork, order: Order, parcel: Parcel) -> Order:
    """A delivery was taken back by the carrier; units in a return stay delivered."""
    changed = {}
    for line_id, _, quantity in parcel.items:
        line = order.line(line_id)
        floor = line.claimed_back
        changed[line_id] = replace(line, delivered=max(floor, line.delivered - quantity))
    return uow.orders.save(Change(order.with_lines(changed)))
