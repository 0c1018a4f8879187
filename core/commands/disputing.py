"""Disputes that gateways tell of: a case with the bank's own deadline, and how it ends."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.commands import handout
from core.db.disputes import add_dispute, dispute_named, disputes_of, save_dispute
from core.db.reading import Reader
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.cases import CaseKind, Finding
from core.domain.disputes import ENDED, Dispute, DisputeState, held, newer
from core.domain.money import amount_text
from core.domain.order import Order
from core.domain.refusals import NotFound, NotPossible
from core.domain.values import dataclass
from core.registry import Done, command

TEXT_MOST = 200


@dataclass(frozen=True, slots=True)
class RecordDispute:
    """A dispute as its gateway has it now; older news change nothing. It is about a `payment`, or
    about an `order` by the channel's own id."""

    connection_id: int
    dispute: str
    amount: int
    currency: str
    state: DisputeState
    at: datetime
    payment: str = ""
    order: str = ""
    reason: str = ""
    is_inquiry: bool = False
    due_at: datetime | None = None

    def audited(self) -> dict[str, Any]:
        return {"dispute": self.dispute, "amount": self.amount, "state": self.state.value}


@command("record dispute", RecordDispute, Right.CAPTURE, in_chat=False)
def record(ask: RecordDispute, uow: UnitOfWork) -> Done:
    order, gateway = _about(uow, ask)
    known = dispute_named(uow.session, ask.connection_id, ask.dispute)
    told = _told(uow, ask, order, gateway)
    now = told if known is None else newer(known, told)
    facts = {"dispute": ask.dispute, "state": now.state.value}
    if now == known:
        return Done("Nothing new about that dispute.", facts)
    if known is None:
        add_dispute(uow, now)
    else:
        save_dispute(uow, now)
    _tell(uow, order, known, now)
    return Done(f"{_sum(now)} of {_what(order)}: the dispute is {now.state.value}.", facts)


def _about(uow: UnitOfWork, ask: RecordDispute) -> tuple[Order | None, str]:
    """The order, locked, and whose money it is; a payment that nobody knows has no order."""
    if ask.order:
        order = uow.orders.by_external(ask.connection_id, ask.order)
        if order is None:
            raise NotFound(f"There is no order {ask.order} yet.", code="not_yet")
        return uow.orders.own(order.id), "channel"
    found = uow.payments.by_external(ask.connection_id, ask.payment)
    return (uow.orders.own(found[0]), found[1].gateway) if found else (None, "stripe")


def _told(uow: UnitOfWork, ask: RecordDispute, order: Order | None, gateway: str) -> Dispute:
    """A bank that speaks of another currency than the order's holds all that was paid for it."""
    amount, currency = ask.amount, ask.currency.upper()
    if order is not None and currency != order.currency:
        amount, currency = max(1, order.captured), order.currency
    return Dispute(
        id=uow.new_id(),
        connection_id=ask.connection_id,
        external_id=ask.dispute,
        order_id=order.id if order else None,
        gateway=gateway,
        amount=amount,
        currency=currency,
        reason=ask.reason[:TEXT_MOST],
        state=ask.state,
        is_inquiry=ask.is_inquiry,
        opened_at=ask.at,
        due_at=ask.due_at,
        ended_at=uow.now if ask.state in ENDED else None,
    )


# --- what people learn of it ----------------------------------------------------------------------


def _tell(uow: UnitOfWork, order: Order | None, before: Dispute | None, now: Dispute) -> None:
    if before is None:
        opened = e.DisputeOpened(now.id, now.amount, now.currency, now.reason, now.is_inquiry)
        uow.emit(now.order_id, opened)
    elif before.is_inquiry and not now.is_inquiry:
        uow.cases.close(CaseKind.CHARGEBACK, _subject(now), "the inquiry became a chargeback")
    if order is not None and now.holds_money:
        _stop_tasks(uow, order)
    if now.state not in ENDED:
        uow.cases.open(_finding(order, now))
        return
    ended = e.DisputeEnded(now.id, now.amount, now.currency, now.state.value)
    uow.emit(now.order_id, ended)
    uow.cases.close(CaseKind.CHARGEBACK, _subject(now), _ENDS[now.state])


_ENDS = {
    DisputeState.WON: "won: the money stays here",
    DisputeState.LOST: "lost: the bank keeps the money",
    DisputeState.CLOSED: "the bank closed it",
}


def _subject(dispute: Dispute) -> str:
    return f"dispute:{dispute.connection_id}:{dispute.external_id}"


def _finding(order: Order | None, dispute: Dispute) -> Finding:
    asks = "asks about" if dispute.is_inquiry else "asks back"
    why = f": {dispute.reason.replace('_', ' ')}" if dispute.reason else ""
    facts = {
        "order": order.number if order else "",
        "amount": dispute.amount,
        "currency": dispute.currency,
        "next": "Send the bank what `proof` gathers; refunds of this money wait until it decides."
        if order
        else "No order here was paid with this payment: look for it at the gateway.",
    }
    title = f"The customer's bank {asks} {_sum(dispute)} of {_what(order)}{why}."
    return Finding(
        CaseKind.CHARGEBACK,
        _subject(dispute),
        title,
        order_id=dispute.order_id,
        facts=facts,
        due_at=dispute.due_at,
    )


def _what(order: Order | None) -> str:
    return f"order {order.number}" if order else "a payment that no order here knows"


def _sum(dispute: Dispute) -> str:
    return amount_text(dispute.amount, dispute.currency)


# --- what must not be paid twice ------------------------------------------------------------------


def _stop_tasks(uow: UnitOfWork, order: Order) -> None:
    """Nobody pays by hand what the bank has asked back since the task was written."""
    due = [refund for refund in uow.refunds.of(order.id) if refund.state == "due"]
    left = order.captured - order.refunded - disputed(uow, order)
    if sum(refund.owed for refund in due) > left:
        for refund in due:
            handout.ask_first(uow, order, refund, "the customer's bank asks the money back")


def tell_if_disputed(uow: UnitOfWork, order: Order, amount: int, reference: str) -> None:
    """Money that a person says has gone is recorded; what the bank has, too, went twice."""
    gone = disputed(uow, order)
    if not gone or order.captured - order.refunded >= gone:
        return
    text, asked = (amount_text(x, order.currency) for x in (amount, gone))
    uow.cases.open(
        Finding(
            CaseKind.OUTSIDE_REFUND,
            f"refund:{order.id}:{reference}",
            f"{text} of order {order.number} went back, and the customer's bank has asked back "
            f"{asked}.",
            order_id=order.id,
            facts={"order": order.number, "amount": amount, "currency": order.currency},
        )
    )


def disputed(within: UnitOfWork | Reader, order: Order) -> int:
    """What of an order's money banks hold, in minor units."""
    return held(disputes_of(within.session, order.id))


def asked_back(within: UnitOfWork | Reader, order: Order) -> str:
    """A sentence for whoever is about to send goods beside that money; "" without a dispute."""
    gone = disputed(within, order)
    if not gone:
        return ""
    text = amount_text(gone, order.currency)
    return f"The customer's bank has asked back {text} of order {order.number}."


def require_undisputed(within: UnitOfWork | Reader, order: Order, amount: int, left: int) -> None:
    """Raises NotPossible when `amount` needs money that a bank has, of `left` that could go."""
    gone = disputed(within, order)
    if not gone or amount <= left - gone:
        return
    free = amount_text(max(0, left - gone), order.currency)
    raise NotPossible(
        f"The customer's bank has asked back {amount_text(gone, order.currency)} of order "
        f"{order.number}: it would be paid twice.",
        f"At most {free} can go back. `proof {order.number}` gathers what the bank needs.",
        code="disputed",
    )
