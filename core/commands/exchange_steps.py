"""What an exchange needs next: goods let go, money asked for, or an end, as its two sides stand."""

from __future__ import annotations

from dataclasses import replace

from core.commands.asking_money import ask_for
from core.commands.exchange_money import let_go, owed_for
from core.commands.orders import CancelOrder
from core.commands.orders import cancel as cancel_order
from core.commands.returned_money import pay_for
from core.db import exchanges
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.cases import CaseKind, Finding
from core.domain.exchanges import Exchange, ExchangeState, Facts, Step, next_step
from core.domain.holds import HoldReason
from core.domain.money import amount_text
from core.domain.order import Order
from core.domain.returns import Rma, RmaStatus, Wish


def go_on(uow: UnitOfWork, rma: Rma) -> bool:
    """Do what comes next for a return's exchange; whether anything was to be done."""
    found = exchanges.exchange_of(uow.session, rma.id)
    if found is None:
        return False
    new = uow.orders.own(found.new_order_id)
    step = next_step(found, _facts(rma, new), uow.now)
    if step is Step.SHIP:
        let_go(uow, new)
        go_on(uow, rma)
    elif step is Step.ASK:
        _ask(uow, found, rma, new)
    elif step is Step.FINISH:
        _end(uow, found, ExchangeState.DONE)
    elif step is Step.CANCEL_NEW:
        _cancel_new(uow, found, new)
    elif step is Step.END:
        _pay_out_instead(uow, found, rma, new)
    return step is not Step.NOTHING


def told(uow: UnitOfWork, rma: Rma) -> str:
    """What the goods that came mean for the new ones; "" for a return that is no exchange."""
    found = exchanges.exchange_of(uow.session, rma.id)
    if found is None or found.state is ExchangeState.CANCELED:
        return ""
    new = uow.orders.own(found.new_order_id)
    due = owed_for(new)
    return f" {new.number} " + (
        f"lacks {amount_text(due, new.currency)}." if due else "is paid by it and may leave."
    )


def _facts(rma: Rma, new: Order) -> Facts:
    ended = rma.closed_at is not None or rma.status in (RmaStatus.REJECTED, RmaStatus.EXPIRED)
    return Facts(
        returning=not ended,
        came=any(line.received or line.kept for line in rma.lines),
        due=owed_for(new),
        waits=any(hold.reason is HoldReason.EXCHANGE for hold in new.holds),
        canceled=new.is_canceled,
        shipped=any(line.shipped for line in new.lines),
    )


def _end(uow: UnitOfWork, found: Exchange, state: ExchangeState) -> None:
    exchanges.save(uow, found, replace(found, state=state))
    uow.cases.close(CaseKind.EXCHANGE_OVERDUE, f"exchange:{found.id}", f"exchange {state.value}")


def _cancel_new(uow: UnitOfWork, found: Exchange, new: Order) -> None:
    """The old goods do not come: the new ones go back on the shelf, unless somebody has them."""
    works = [work for work in uow.work.of(new.id) if work.is_open]
    if any(not work.is_untouched for work in works):
        _open_case(uow, found, new, "is packed, but the goods for it do not come. Put it back.")
        return
    undo = uow.undo
    cancel_order(CancelOrder(new.number, "the goods for it do not come"), uow)
    uow.undo = undo
    _end(uow, found, ExchangeState.CANCELED)
    uow.emit(found.order_id, e.ExchangeCanceled(new.number, "the goods did not come"))


def _pay_out_instead(uow: UnitOfWork, found: Exchange, rma: Rma, new: Order) -> None:
    """The new goods were canceled: what comes back is worth money again."""
    _end(uow, found, ExchangeState.CANCELED)
    uow.emit(found.order_id, e.ExchangeCanceled(new.number, "the new goods were canceled"))
    if rma.status not in (RmaStatus.REJECTED, RmaStatus.CANCELED, RmaStatus.EXPIRED):
        after = uow.returns.save(rma, replace(rma, wish=Wish.REFUND))
        pay_for(uow, uow.orders.own(rma.order_id), after)


def _ask(uow: UnitOfWork, found: Exchange, rma: Rma, new: Order) -> None:
    """What the old goods have not paid, the customer owes: asked for, never taken."""
    due = owed_for(new)
    ask_for(uow, new, due, f"exchange for return {rma.number}")
    exchanges.save(uow, found, replace(found, asked=True))
    text = amount_text(due, new.currency)
    _open_case(uow, found, new, f"is not paid: {text} are missing. Ask the customer.", due=due)


def _open_case(uow: UnitOfWork, found: Exchange, new: Order, words: str, *, due: int = 0) -> None:
    rma = uow.returns.by_id(found.rma_id)
    uow.cases.open(
        Finding(
            CaseKind.EXCHANGE_OVERDUE,
            f"exchange:{found.id}",
            f"Exchange {new.number} {words}",
            order_id=new.id,
            facts={"return": rma.number, "order": new.number, "amount": due},
        )
    )
