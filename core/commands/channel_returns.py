"""Returns that a channel tells of: asked for, approved, declined or canceled there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from core.commands.return_decisions import (
    ApproveReturn,
    CancelReturn,
    RejectReturn,
    approve,
    cancel,
    reject,
)
from core.commands.returns import RequestReturn, ReturnedLine, request_return
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Right
from core.domain.order import Order
from core.domain.refusals import NotFound
from core.domain.returns import OPEN_STATUSES, ReturnReason, Rma, RmaStatus
from core.domain.values import dataclass
from core.registry import Done, command

NOTE_MOST = 2000


@dataclass(frozen=True, slots=True)
class ChannelReturnLine:
    """Units of one line, by the channel's line id."""

    line: str
    quantity: int
    reason: ReturnReason = ReturnReason.UNKNOWN


@dataclass(frozen=True, slots=True)
class RecordChannelReturn:
    """A return as the channel tells of it; `why` is what it told its customer with a no, `ours` the
    number of the return here that it says it was made for."""

    connection_id: int
    order: str
    external_id: str
    state: Literal["requested", "open", "declined", "canceled", "closed"]
    lines: tuple[ChannelReturnLine, ...] = ()
    note: str = ""
    why: str = ""
    ours: str = ""


@command("channel-return", RecordChannelReturn, Right.CAPTURE, in_chat=False)
def record_channel_return(ask: RecordChannelReturn, uow: UnitOfWork) -> Done:
    order = uow.orders.by_external(ask.connection_id, ask.order)
    if order is None or order.shop_id != uow.actor.shop_id:
        raise NotFound(f"There is no order {ask.order} yet.", code="not_yet")
    known = _known(uow, order, ask)
    if known is None and ask.state in ("requested", "open"):
        known = _begun(uow, order, ask)
    if known is None:
        return _nothing_new(order)
    return _followed(uow, order, known, ask)


def _known(uow: UnitOfWork, order: Order, ask: RecordChannelReturn) -> Rma | None:
    """Ours behind it: by its id there, or by the number that we gave it; an echo may be here before
    the answer that names it."""
    mine = uow.returns.of(order.id)
    known = next((rma for rma in mine if rma.external_id == ask.external_id), None)
    echo = next((rma for rma in mine if ask.ours and rma.number == ask.ours), None)
    if known is None and echo is not None and echo.external_id is None:
        return uow.returns.save(echo, replace(echo, external_id=ask.external_id))
    return known or echo


def _begun(uow: UnitOfWork, order: Order, ask: RecordChannelReturn) -> Rma | None:
    """The same return here: judged by our rules, whatever the channel has thought of it so far."""
    lines = tuple(_able(order, ask.lines))
    if not lines:
        return None
    reason = lines[0].reason or ReturnReason.UNKNOWN
    wish = RequestReturn(order.number, reason=reason, note=ask.note[:NOTE_MOST], lines=lines)
    number = request_return(uow, wish).facts["return"]
    rma = uow.returns.get(number)
    return uow.returns.save(rma, replace(rma, external_id=ask.external_id))


def _able(order: Order, told: Iterable[ChannelReturnLine]) -> Iterable[ReturnedLine]:
    """What of it can come back at all; the channel may know less than we do."""
    ours = {line.external_id: line for line in order.lines if line.external_id}
    for each in told:
        line = ours.get(each.line)
        units = min(each.quantity, line.returnable) if line else 0
        if line and units > 0:
            yield ReturnedLine(str(line.id), units, each.reason)


def _followed(uow: UnitOfWork, order: Order, rma: Rma, ask: RecordChannelReturn) -> Done:
    """What was decided there is decided here too, as far as it still can be."""
    is_waiting = rma.status in OPEN_STATUSES and rma.closed_at is None and not rma.has_begun
    if ask.state == "open" and rma.status in (RmaStatus.REQUESTED, RmaStatus.REJECTED):
        return approve(ApproveReturn(rma.number, "Approved in the shop."), uow)
    if ask.state == "declined" and rma.status is RmaStatus.REQUESTED:
        return reject(RejectReturn(rma.number, ask.why or "Declined in the shop."), uow)
    if ask.state in ("declined", "canceled") and is_waiting:
        return cancel(CancelReturn(rma.number), uow)
    facts = {"return": rma.number, "order": order.number, "status": rma.status.value}
    return Done(f"Return {rma.number} is {rma.status.value}.", facts)


def _nothing_new(order: Order) -> Done:
    return Done(f"Nothing new about returns of order {order.number}.", {"order": order.number})
