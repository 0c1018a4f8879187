"""Where every exit asks the gate: what may go on goes, and held lines are left behind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from core.commands.partner_words import keep_told
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.cases import CaseKind
from core.domain.collecting import Before, is_enough
from core.domain.fulfillment import FulfillmentOrder, Stage
from core.domain.holds import Answer, Exit, Hold, answer, box_of, gate, refusal
from core.domain.order import Change, Order
from core.domain.refusals import NotPossible


def let_go(
    uow: UnitOfWork, order: Order, works: Iterable[FulfillmentOrder], exit: Exit
) -> tuple[Order, list[FulfillmentOrder]]:
    """The work that may take this exit. Raises NotPossible (held) when none of it may.

    Of a box with held lines the rest goes on; the lines become a piece of work of their own that
    is ready again. So a hold and its release change no work until somebody is at the box.
    """
    require_not_canceled(order)
    require_money(uow, order)
    free: list[FulfillmentOrder] = []
    stopped: list[Hold] = []
    for work in works:
        verdict = gate(order.holds, exit, box_of(work))
        stopped += verdict.stopped_by
        if not verdict.stopped_by:
            order, rest = _leave_behind(uow, order, work, verdict.stay)
            free.append(rest)
    if stopped and not free:
        raise refusal(order.number, stopped[0], exit)
    return order, free


def require_not_canceled(order: Order) -> None:
    if order.is_canceled:
        raise NotPossible(
            f"Order {order.number} is canceled.",
            "Put the goods back on the shelf.",
            code="canceled",
        )


def require_money(uow: UnitOfWork, order: Order) -> None:
    """The payment gate: nobody works on goods before as much money is there as the shop wants."""
    before = Before(uow.shop.policy["goods_need"])
    if before is Before.NOTHING:
        return
    if not is_enough(order, uow.payments.of(order.id), before):
        raise NotPossible(
            f"Order {order.number} is not {before.value} yet.",
            f"Wait for its payment, or write `money {order.number}`.",
            code="unpaid",
        )


def _leave_behind(
    uow: UnitOfWork, order: Order, work: FulfillmentOrder, lines: Collection[int]
) -> tuple[Order, FulfillmentOrder]:
    if not lines:
        return order, work
    _require_unlabeled(uow, order, work)
    serial = len(uow.work.of(order.id)) + 1
    piece = replace(work, id=uow.new_id(), number=f"{order.number}-{serial}", items=())
    uow.work.add(piece)
    uow.write_rows()
    going = [item for item in work.items if item.line_id in lines]
    for item in going:
        uow.stock.give(item.reservation_id, item.quantity, piece.id)
    code = uow.shop.locations[work.location_id].code
    units: dict[str, int] = {}
    for item in going:
        units[item.sku] = units.get(item.sku, 0) + item.quantity
    fact = e.LinesLeftBehind(work.number, piece.number, code, units)
    after = _unpacked(order, work, lines)
    return uow.orders.save(Change(after, (fact,))), uow.work.by_id(work.id)


def _unpacked(order: Order, work: FulfillmentOrder, lines: Collection[int]) -> Order:
    """What stays behind is out of its box again."""
    if work.stage is not Stage.PACKED:
        return order
    changed = {line.id: line for line in order.lines}
    for item in work.items:
        if item.line_id in lines:
            line = changed[item.line_id]
            changed[item.line_id] = replace(line, packed=line.packed - item.quantity)
    return order.with_lines(changed)


def _require_unlabeled(uow: UnitOfWork, order: Order, work: FulfillmentOrder) -> None:
    for parcel in uow.work.parcels(order.id):
        if parcel.fulfillment_id == work.id and not parcel.has_left:
            raise NotPossible(
                f"{work.number} has a label for all of it, and one of its lines is on hold.",
                f"Write `void {order.number}` and label the rest, or release the line.",
                code="held",
            )


# --- asking the location -------------------------------------------------------------------------


def asking_holds(holds: Iterable[Hold], work: FulfillmentOrder) -> list[Hold]:
    """The holds for which somebody has to put this box aside."""
    return [hold for hold in holds if answer(hold, box_of(work)) is Answer.ASKED]


def lift(uow: UnitOfWork, order: Order, going: Sequence[Hold], lifted: str, closed: str) -> Order:
    """Lift holds by no person's word, and with them what was asked because of them."""
    if not going:
        return order
    after = uow.orders.save(order.lift(going, lifted))
    close_asks(uow, after, uow.work.of(order.id), closed)
    return after


def close_asks(uow: UnitOfWork, order: Order, works: Sequence[FulfillmentOrder], why: str) -> None:
    """Nobody is asked any more about boxes that no hold asks for."""
    for work in works:
        if not asking_holds(order.holds, work):
            uow.cases.close(CaseKind.HOLD_ASKED, f"box:{work.id}", why)
    keep_told(uow, order, works)
