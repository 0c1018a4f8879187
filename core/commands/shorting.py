"""Goods that were promised are missing: break the least urgent promises and mend what can be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from core.commands.placing import open_short_case, place
from core.commands.rejoining import rejoin
from core.db.capacity import give_back
from core.db.shorting import promises_at, take_off
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.cases import CaseKind, Finding
from core.domain.fulfillment import FulfillmentOrder, Stage
from core.domain.order import Change, Order
from core.domain.refusals import NotPossible
from core.domain.shorting import Loss, Promised, losses
from core.domain.stock import Move, StockMove

TRIES = 5


def victims(
    uow: UnitOfWork, sku: str, location_id: int, units: int, order_id: int | None = None
) -> tuple[Loss, ...]:
    """Who would lose `units` of a SKU at a location, the least urgent first; only one order's
    promises when it is named. Their orders are locked, since orders lock before stock.

    Raises NotPossible when fewer units than that are promised.
    """
    locked: set[int] = set()
    for _ in range(TRIES):
        found = losses(_promises(uow, sku, location_id, order_id), units)
        wanted = {loss.promise.order_id for loss in found}
        if wanted <= locked:
            _require_all(uow, sku, location_id, units, found)
            return found
        for each in sorted(wanted - locked):
            uow.orders.own(each)
        locked |= wanted
    raise NotPossible(f"Promises of {sku} move too fast just now.", "Try again in a moment.")


def _promises(
    uow: UnitOfWork, sku: str, location_id: int, order_id: int | None
) -> Iterable[Promised]:
    found = promises_at(uow.session, uow.shop.id, sku, location_id)
    return (p for p in found if order_id in (None, p.order_id))


def _require_all(
    uow: UnitOfWork, sku: str, location_id: int, units: int, found: Sequence[Loss]
) -> None:
    promised = sum(loss.units for loss in found)
    if promised < units:
        code = uow.shop.locations[location_id].code
        raise NotPossible(
            f"Only {promised} × {sku} are promised at {code}, not {units}.",
            f"Look at `stock {sku}`.",
        )


def short(
    uow: UnitOfWork,
    lost: Sequence[Loss],
    sku: str,
    location_id: int,
    reason: str,
    also: Iterable[StockMove] = (),
) -> list[Order]:
    """Break these promises and make `also` (the correction of the book) in the same move; then
    place each order anew where there is stock, the most urgent first, and open its case.

    The orders come back as they are now. `lost` is what `victims` said in this command.
    """
    by_order: dict[int, list[Loss]] = defaultdict(list)
    for loss in lost:
        take_off(uow, loss)
        by_order[loss.promise.order_id].append(loss)
    uow.stock.move([*_releases(lost, sku, location_id), *also])
    broken = [_break(uow, sku, location_id, reason, some) for some in by_order.values()]
    urgent = sorted(broken, key=lambda order: (-order.priority, order.placed_at, order.id))
    avoid = {location_id} & uow.shop.endless  # it would only promise the same again
    return [_mend(uow, order, avoid) for order in urgent]


def _releases(lost: Iterable[Loss], sku: str, location_id: int) -> list[StockMove]:
    return [
        StockMove(Move.RELEASE, sku, location_id, loss.units, loss.promise.line_id) for loss in lost
    ]


def _break(uow: UnitOfWork, sku: str, location_id: int, reason: str, lost: Sequence[Loss]) -> Order:
    """The lines lose their allocation, work that is left with nothing is canceled."""
    order = uow.orders.own(lost[0].promise.order_id)
    changed = {line.id: line for line in order.lines}
    for loss in lost:
        line, packed = changed[loss.promise.line_id], loss.promise.stage is Stage.PACKED
        changed[line.id] = replace(
            line,
            allocated=line.allocated - loss.units,
            packed=line.packed - (loss.units if packed else 0),
        )
    place_ = uow.shop.locations[location_id]
    fact = e.PromiseBroken(place_.code, sku, sum(loss.units for loss in lost), reason)
    after = uow.orders.save(Change(order.with_lines(changed), (fact,)))
    for work in _works(uow, order, lost):
        _end_or_warn(uow, after, work, fact)
    return after


def _works(uow: UnitOfWork, order: Order, lost: Sequence[Loss]) -> list[FulfillmentOrder]:
    ids = {loss.promise.work_id for loss in lost}
    return [work for work in uow.work.of(order.id) if work.id in ids]


def _end_or_warn(
    uow: UnitOfWork, order: Order, work: FulfillmentOrder, fact: e.PromiseBroken
) -> None:
    if not work.items:
        uow.work.save(work, work.cancel(uow.now))
        if uow.shop.rules is not None:
            give_back(uow, work.id)
    if work.is_untouched:
        return
    what = f"{fact.quantity} × {fact.sku} is missing ({fact.reason})"
    finding = Finding(
        CaseKind.EDIT_AFTER_PRINT,
        f"order:{order.id}",
        f"Order {order.number}: {what}, but {fact.location} already works on {work.number}.",
        order_id=order.id,
        location_id=work.location_id,
        facts={"what": what},
    )
    uow.cases.open(finding)


def _mend(uow: UnitOfWork, order: Order, avoid: Collection[int]) -> Order:
    known = {work.id for work in uow.work.of(order.id)}
    after = place(uow, order, avoid=avoid)
    rejoin(uow, after, known)
    open_short_case(uow, after)
    return after
