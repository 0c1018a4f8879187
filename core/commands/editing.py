"""Carrying an edit out: lines, stock by difference, work, money that goes back, words outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.commands.asking_money import Asked, ask_for, lower, outstanding
from core.commands.orders import MoveOrder, move
from core.commands.owing import owe
from core.commands.placing import free, open_short_case, open_unknown_case, place, serve_queue
from core.commands.rejoining import rejoin
from core.commands.screening import screen_changed
from core.commands.ways import goes_another_way, require_way
from core.commands.writeback import tell_shop
from core.db.capacity import give_back
from core.db.changes import Changes, OrderChange, facts_of
from core.db.reading import Reader
from core.db.stock import levels_of
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.edit_actions import EditAction
from core.domain.edit_refund import refund_items
from core.domain.edit_stock import Taken, give_up, promised_less
from core.domain.edits import Preview, preview
from core.domain.fulfillment import FulfillmentOrder, Stage
from core.domain.kits import pulled
from core.domain.order import Change, Order
from core.domain.refusals import NotPossible
from core.domain.stock import Move, StockMove
from core.domain.values import dataclass


def look(within: UnitOfWork | Reader, order: Order, actions: Sequence[EditAction]) -> Preview:
    """The edit as it would come out now. Raises a refusal for what is not possible."""
    skus = [action.sku for action in actions if action.sku]
    facts = facts_of(within, order, skus)
    wanted = sorted({*skus, *(line.sku for line in order.lines)})
    free_units: dict[str, int] = {}
    for level in levels_of(within.session, within.shop.id, wanted):
        if within.shop.locations[level.location_id].active:
            free_units[level.sku] = free_units.get(level.sku, 0) + level.routable
    found = preview(order, actions, replace(facts, free=free_units))
    if goes_another_way(order, found.after):
        require_way(within.shop, found.after)
    return found


@dataclass(frozen=True, slots=True)
class Edited:
    """An order after its edit, and what its edit owes."""

    order: Order
    refund_id: int | None = None
    asked: Asked = ()  # payment requests that it lowered, as they were


def carry_out(uow: UnitOfWork, found: Preview, change: OrderChange) -> Edited:
    """Make the order what the preview shows; nothing on paper may stand in the way.

    Stock moves by the difference only: what is removed is released, what is added is reserved or
    waits, everything else keeps its promise.
    """
    found = _named(uow, found)
    fact = e.OrderEdited(
        change_id=change.id,
        units=found.units,
        fields=found.fields,
        difference=found.difference,
        refund=found.refund,
        due=found.due,
        currency=found.after.currency,
    )
    order = settle_units(uow, found, fact)
    if found.splits:
        order = _split(uow, order, found.splits)
    Changes(uow).adjust(change, found.adjustments)
    refund_id = _owe(uow, order, found, change)
    asked: Asked = ()
    if found.due:
        ask_for(uow, order, found.due, "the order was edited", change.id)
    elif found.difference < 0:
        asked = lower(uow, order, outstanding(uow, order), "the order costs less")
    if found.move_to:
        move(MoveOrder(order.number, found.move_to), uow)
    screen_changed(uow, found.before, uow.orders.own(order.id), "edited")
    tell_shop(uow, found.before, uow.orders.own(order.id), found.fields, f"edit:{change.id}")
    return Edited(uow.orders.own(order.id), refund_id, asked)


def _named(uow: UnitOfWork, found: Preview) -> Preview:
    """New lines get ids of the house."""
    ids = {line.id: uow.new_id() for line in found.after.lines if line.id < 0}
    lines = tuple(replace(x, id=ids.get(x.id, x.id)) for x in found.after.lines)
    told = tuple(replace(x, line_id=ids.get(x.line_id, x.line_id)) for x in found.adjustments)
    return replace(found, after=replace(found.after, lines=lines), adjustments=told)


# --- units ----------------------------------------------------------------------------------------


def settle_units(uow: UnitOfWork, found: Preview, *facts: e.Event) -> Order:
    """The order and its stock as the preview has them; new units find their place."""
    works = [work for work in uow.work.of(found.before.id) if work.is_open]
    taken = give_up(works, promised_less(found))
    skus = {each.item.sku for each in taken}
    uow.stock.lock_queue(skus)
    order = uow.orders.save(Change(pulled(found.after), facts))
    uow.write_rows()
    _give_back(uow, taken)
    new_country = found.before.ship_to.country != found.after.ship_to.country
    if new_country or goes_another_way(found.before, found.after):
        order = _freed(uow, order)
        skus |= {line.sku for line in order.lines}
    order = place(uow, order)
    rejoin(uow, order, {work.id for work in works})
    serve_queue(uow, skus)
    order = uow.orders.own(order.id)
    open_short_case(uow, order)
    open_unknown_case(uow, order)
    return uow.orders.own(order.id)


def _give_back(uow: UnitOfWork, taken: Sequence[Taken]) -> None:
    """Promises hold less; work that is left with nothing is canceled."""
    changes = Changes(uow)
    left = {each.work.id: each.work.units for each in taken}
    for each in taken:
        changes.lessen(each.item.reservation_id, each.item.quantity, each.units)
        left[each.work.id] -= each.units
    uow.stock.move(
        StockMove(Move.RELEASE, x.item.sku, x.work.location_id, x.units, x.item.line_id)
        for x in taken
    )
    for work in {each.work.id: each.work for each in taken}.values():
        if not left[work.id]:
            _end_work(uow, work)


def _freed(uow: UnitOfWork, order: Order) -> Order:
    """Another country or way is another question: what is on no paper yet is routed anew."""
    works = [work for work in uow.work.of(order.id) if work.is_open and work.is_untouched]
    freed = free(uow, order, works) if works else order
    waiting = {x.id: replace(x, backordered=0) for x in freed.lines if x.backordered}
    return uow.orders.save(Change(freed.with_lines(waiting))) if works or waiting else order


def _split(uow: UnitOfWork, order: Order, splits: Iterable[tuple[int, int]]) -> Order:
    """Units that travel separately become work of their own at the place that has them."""
    wanted: dict[int, int] = {}
    for line_id, units in splits:
        wanted[line_id] = wanted.get(line_id, 0) + units
    works = [w for w in uow.work.of(order.id) if w.is_open and w.is_untouched]
    taken = give_up(works, wanted)
    if sum(each.units for each in taken) < sum(wanted.values()):
        raise NotPossible(
            f"A part of order {order.number} is on paper already; it cannot be split off.",
            "Ask the location to put it back first.",
        )
    apart: dict[int, FulfillmentOrder] = {}
    for each in taken:
        new = apart.get(each.work.id)
        if new is None:
            new = apart[each.work.id] = _work_beside(uow, order, each.work)
        uow.stock.give(each.item.reservation_id, each.units, new.id)
    emptied = [work for work in uow.work.of(order.id) if work.is_open and not work.items]
    for work in emptied:
        _end_work(uow, work)
    return order


def _end_work(uow: UnitOfWork, work: FulfillmentOrder) -> None:
    """Nothing is left to do there: its location has room for other work again."""
    uow.work.save(work, work.cancel(uow.now))
    if uow.shop.rules is not None:
        give_back(uow, work.id)


def _work_beside(uow: UnitOfWork, order: Order, work: FulfillmentOrder) -> FulfillmentOrder:
    new = FulfillmentOrder(
        id=uow.new_id(),
        order_id=order.id,
        location_id=work.location_id,
        number=f"{order.number}-{len(uow.work.of(order.id)) + 1}",
        stage=Stage.READY,
        items=(),
        ready_at=uow.now,
    )
    uow.work.add(new)
    return new


# --- money ----------------------------------------------------------------------------------------


def _owe(uow: UnitOfWork, order: Order, found: Preview, change: OrderChange) -> int | None:
    """Money that goes back becomes due; more is only asked for."""
    if not found.refund:
        return None
    refund = owe(uow, order, refund_items(found), change_id=change.id)
    return refund.id if refund else None
