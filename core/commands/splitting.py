"""Work cut anew: units that go apart, and a route planned again from scratch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated

from core.commands.choosing import Units, by_sku, choose, in_words
from core.commands.placing import open_short_case, place, serve_queue
from core.commands.snapshots import snapshot, take_apart, with_work
from core.commands.ways import require_fit
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.fulfillment import FulfillmentOrder
from core.domain.order import Change, Order
from core.domain.refusals import NotPossible
from core.domain.shop import Location
from core.domain.stock import Move, Short, StockMove
from core.domain.values import dataclass
from core.registry import Arg, Done, command

Picks = list[tuple[int, str, int]]  # (line id, sku, units)


@dataclass(frozen=True, slots=True)
class SplitOrder:
    """Send some units of an order in a parcel of their own, from the same location or another."""

    order: Annotated[str, Arg.ORDER]
    units: Annotated[tuple[Units, ...], Arg.UNITS]
    to: Annotated[str, Arg.LOCATION] = ""


@command(
    "split",
    SplitOrder,
    Right.MOVE,
    examples=("split 1001 mug-red 1", "split 1001 mug-red 1 to ham"),
)
def split(ask: SplitOrder, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    target = uow.shop.location(ask.to) if ask.to else None
    if target is not None:
        require_fit(uow.shop, order, target, uow.now)
    works = [w for w in uow.work.of(order.id) if w.is_untouched]
    ready = _ready(works)
    units = choose(order, ask.units, lambda line: ready.get(line.id, 0), "can be split off")
    if not units:
        raise NotPossible("Split off which units?", f"Write `split {order.number} <sku> <units>`.")
    before = snapshot(uow, order)
    after, places = _cut(uow, order, works, units, target)
    words = by_sku(order, units)
    uow.orders.save(Change(after, (e.WorkSplit(words, after.number, " and ".join(places)),)))
    uow.undo = before
    facts = {"order": order.number, "locations": places}
    go = "goes" if sum(words.values()) == 1 else "go"
    return Done(
        f"{in_words(words)} of order {order.number} {go} apart, from {' and '.join(places)}.", facts
    )


def _ready(works: Iterable[FulfillmentOrder]) -> dict[int, int]:
    found: dict[int, int] = {}
    for work in works:
        for item in work.items:
            found[item.line_id] = found.get(item.line_id, 0) + item.quantity
    return found


def _cut(
    uow: UnitOfWork,
    order: Order,
    works: Iterable[FulfillmentOrder],
    units: Mapping[int, int],
    target: Location | None,
) -> tuple[Order, list[str]]:
    """Each work that gives units is made anew without them; they become work of their own."""
    left = dict(units)
    apart: dict[int, Picks] = {}
    moves: list[StockMove] = []
    for work in works:
        kept, out = _shares(work, left)
        if not out:
            continue
        if not kept and target in (None, uow.shop.locations[work.location_id]):
            raise _all_of_it(order, work)
        order, released = take_apart(uow, order, [work])
        moves += released + _reserves(work.location_id, kept)
        if kept:
            order = with_work(uow, order, work.location_id, kept)
        apart.setdefault(target.id if target else work.location_id, []).extend(out)
    for place_id, picks in apart.items():
        order = with_work(uow, order, place_id, picks)
        moves += _reserves(place_id, picks)
    _move(uow, moves, target)
    return order, [uow.shop.locations[place_id].code for place_id in apart]


def _shares(work: FulfillmentOrder, left: dict[int, int]) -> tuple[Picks, Picks]:
    """What stays in this work and what goes; `left` counts down."""
    kept, out = [], []
    for item in work.items:
        going = min(left.get(item.line_id, 0), item.quantity)
        left[item.line_id] = left.get(item.line_id, 0) - going
        if going:
            out.append((item.line_id, item.sku, going))
        if going < item.quantity:
            kept.append((item.line_id, item.sku, item.quantity - going))
    return kept, out


def _all_of_it(order: Order, work: FulfillmentOrder) -> NotPossible:
    return NotPossible(
        f"That is all of {work.number}: it ships by itself already.",
        f"Split off fewer units, or `move {order.number}` to another location.",
    )


def _reserves(location_id: int, picks: Picks) -> list[StockMove]:
    return [StockMove(Move.RESERVE, sku, location_id, n, line) for line, sku, n in picks]


def _move(uow: UnitOfWork, moves: list[StockMove], target: Location | None) -> None:
    try:
        uow.stock.move(moves)
    except Short as short:
        where = target.code if target else "The location"
        skus = ", ".join(sorted({sku for sku, _ in short.levels}))
        raise NotPossible(
            f"{where} lacks {skus} for that; nothing was split.",
            "Look at `stock` for the sku, or choose another location.",
        ) from short


# --- planned again -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RerouteOrder:
    """Plan again from scratch where an order's unpicked units ship from, without `avoid`."""

    order: Annotated[str, Arg.ORDER]
    avoid: Annotated[str, Arg.LOCATION] = ""


@command(
    "reroute",
    RerouteOrder,
    Right.MOVE,
    many=True,
    examples=("reroute 1001", "reroute 1001 1004 not ham"),
)
def reroute(ask: RerouteOrder, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    avoid = uow.shop.location(ask.avoid) if ask.avoid else None
    works = [w for w in uow.work.of(order.id) if w.is_untouched]
    if not works and not any(line.backordered for line in order.lines):
        raise NotPossible(
            f"Nothing of order {order.number} waits to be picked.",
            "Work that is on paper is put back first: `putback`.",
        )
    before = snapshot(uow, order)
    after = _planned_anew(uow, order, works, avoid)
    _require_better(order, after, avoid)
    was, now = _where(uow, works), _where(uow, uow.work.of(order.id))
    if was == now:
        raise NotPossible(
            f"Order {order.number} ships from {_codes(now)} all the same; nothing was changed.",
            f"Look at why: `why {order.number}`.",
            code="already",
        )
    uow.orders.save(Change(after, (e.OrderMoved(_codes(was), _codes(now)),)))
    open_short_case(uow, after)
    serve_queue(uow, [item.sku for work in works for item in work.items])
    uow.undo = before
    facts = {"order": order.number, "locations": sorted(now)}
    return Done(f"Order {order.number} ships from {_codes(now)} now.", facts)


def _planned_anew(
    uow: UnitOfWork, order: Order, works: Iterable[FulfillmentOrder], avoid: Location | None
) -> Order:
    bare, released = take_apart(uow, order, works)
    uow.stock.lock_queue(move.sku for move in released)
    uow.stock.move(released)
    queued = {x.id: replace(x, backordered=0) for x in bare.lines if x.backordered}
    free = uow.orders.save(Change(bare.with_lines(queued)))
    return place(uow, free, avoid=() if avoid is None else (avoid.id,))


def _require_better(order: Order, after: Order, avoid: Location | None) -> None:
    """A new plan may leave no more units without stock than the old one did."""
    missing = {
        line.sku: line.backordered - order.line(line.id).backordered
        for line in after.lines
        if line.backordered > order.line(line.id).backordered
    }
    if missing:
        without = f"Without {avoid.code}" if avoid else "Planned anew"
        raise NotPossible(
            f"{without}, {in_words(missing)} of order {order.number} find no stock; "
            "nothing was changed.",
            "Look at `stock` for the sku.",
        )


def _where(uow: UnitOfWork, works: Iterable[FulfillmentOrder]) -> dict[str, dict[str, int]]:
    """What untouched work ships from where: {location code: {sku: units}}."""
    found: dict[str, dict[str, int]] = {}
    for work in works:
        if work.is_untouched:
            here = found.setdefault(uow.shop.locations[work.location_id].code, {})
            for item in work.items:
                here[item.sku] = here.get(item.sku, 0) + item.quantity
    return found


def _codes(where: Mapping[str, object]) -> str:
    return " and ".join(sorted(where)) or "nowhere"
