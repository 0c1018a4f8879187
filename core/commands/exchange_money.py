"""The money of an exchange: what came back pays for what goes out, as store credit on its way."""

from __future__ import annotations

from dataclasses import replace

from core.commands.asking_money import paid_in
from core.commands.crediting import pay_with_credit, spend
from core.commands.owing import owe
from core.db import exchanges
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.credit import holder_of
from core.domain.exchanges import Exchange, ExchangeState, parted
from core.domain.holds import HoldReason
from core.domain.order import Change, Order
from core.domain.refunds import Item, paid_for_first
from core.domain.refusals import NotFound, NotPossible
from core.domain.returns import Rma


def require_open(uow: UnitOfWork, new: Order) -> Exchange:
    """The exchange whose new goods this order holds. Raises NotFound, or NotPossible at its end."""
    found = exchanges.exchange_with(uow.session, new.id)
    if found is None:
        raise NotFound(f"Order {new.number} is no exchange.", "Name the order of the new goods.")
    if found.state is not ExchangeState.OPEN:
        raise NotPossible(f"Exchange {new.number} is {found.state.value} already.")
    return found


def pay_new_goods(
    uow: UnitOfWork, order: Order, rma: Rma, items: tuple[Item, ...]
) -> tuple[Item, ...]:
    """Move what the new goods cost of a return's money; returns what is to go back as money.

    It leaves the first order as store credit and is spent on the second in the same breath, so
    that each order, ledger and credit note is right by itself.
    """
    found = exchanges.exchange_of(uow.session, rma.id)
    if found is None or found.state is not ExchangeState.OPEN:
        return items
    new = uow.orders.own(found.new_order_id)
    need = 0 if new.is_canceled else owed_for(new)
    pays, rest = parted(items, need)
    refund = owe(uow, order, pays, rma=rma, to="credit", approval=False) if pays else None
    # What a bank holds is nobody's credit yet: approved later, it is the customer's to use.
    if refund is not None and uow.refunds.get(refund.id).state == "refunded":
        entry = _spent(uow, order, rma, new, refund.amount)
        _count(uow, found, rma, new, entry, refund.amount)
    return rest


def owed_for(new: Order) -> int:
    """What the new goods cost and nobody has paid: units that were canceled cost nothing."""
    gone = sum(paid_for_first(x.total, x.ordered, x.canceled) for x in new.bought)
    return max(0, new.total - gone - new.captured)


def _spent(uow: UnitOfWork, order: Order, rma: Rma, new: Order, amount: int) -> int:
    why = f"exchange for return {rma.number}"
    return spend(uow, new, amount, why, holder_of(order))


def _count(uow: UnitOfWork, found: Exchange, rma: Rma, new: Order, entry: int, amount: int) -> None:
    pay_with_credit(uow, new, amount, f"exchange:{entry}")
    paid = replace(new, captured=new.captured + amount)
    due = owed_for(paid)
    paid = uow.orders.save(Change(paid, (e.ExchangePaid(rma.number, amount, due, new.currency),)))
    exchanges.save(uow, found, replace(found, moved=found.moved + amount))
    paid_in(uow, paid, amount, f"return {rma.number}")
    if due <= 0:
        let_go(uow, paid)


def let_go(uow: UnitOfWork, new: Order) -> Order:
    """The new goods are paid for: they may leave."""
    going = [hold for hold in new.holds if hold.reason is HoldReason.EXCHANGE]
    return uow.orders.save(new.lift(going, "the goods for it are here")) if going else new
