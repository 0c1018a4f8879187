"""More that a customer owes: asked for with a link or an account, closed by a payment."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from core.db.payments import PaymentRequest, late_requests
from core.db.reading import Reader
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.cases import CaseKind, Finding
from core.domain.money import amount_text
from core.domain.order import Order
from core.domain.refund_wish import read_amount
from core.domain.refusals import Invalid, NotFound, NotPossible
from core.domain.values import dataclass
from core.registry import Arg, Done, command

CHUNK = 50


def ask_for(
    uow: UnitOfWork, order: Order, amount: int, why: str, change_id: int | None = None
) -> PaymentRequest:
    """The customer owes `amount` (minor units) more; the next message says how to pay it."""
    asked = PaymentRequest(
        id=uow.new_id(),
        order_id=order.id,
        number=len(uow.payments.requests(order.id)) + 1,
        amount=amount,
        currency=order.currency,
        opened_at=uow.now,
        due_at=uow.now + timedelta(days=int(uow.shop.policy["payment_request_days"])),
        change_id=change_id,
        why=why,
        link=order.extra.get("status_url", ""),
        payee=str(uow.shop.policy["payee"]),
    )
    uow.payments.add_request(asked)
    uow.emit(order.id, e.PaymentRequested(asked.id, amount, order.currency, why))
    return asked


Asked = tuple[tuple[int, int], ...]  # (request id, minor units)


def lower(uow: UnitOfWork, order: Order, outstanding: int, why: str) -> Asked:
    """No more is asked for than the order still lacks: the newest requests give way first.

    Returns what those had asked for, for the way back.
    """
    requests = [q for q in uow.payments.requests(order.id) if q.state == "open"]
    over = sum(q.amount for q in requests) - max(0, outstanding)
    lowered = []
    for each in reversed(requests):
        less = min(over, each.amount)
        if less > 0:
            lowered.append((each.id, each.amount))
            _lessen(uow, each, less, "withdrawn", why)
            over -= less
    return tuple(lowered)


def ask_again(uow: UnitOfWork, asked: Asked) -> None:
    """The step that asked for less is taken back: the customer owes it as before."""
    for request_id, amount in asked:
        uow.payments.ask_again(request_id, amount)


def withdraw_for(uow: UnitOfWork, requests: list[PaymentRequest], why: str) -> None:
    """What is open of these requests is not asked for any more."""
    for each in requests:
        if each.state == "open":
            _lessen(uow, each, each.amount, "withdrawn", why)


def paid_in(uow: UnitOfWork, order: Order, amount: int, reference: str) -> None:
    """So much more has come in: the oldest requests are paid by it first."""
    for each in uow.payments.requests(order.id):
        less = min(amount, each.amount) if each.state == "open" else 0
        if less > 0:
            _lessen(uow, each, less, "paid", reference)
            amount -= less


def _lessen(uow: UnitOfWork, asked: PaymentRequest, less: int, end: str, words: str) -> None:
    """Of a request that is met in part the rest stays open."""
    if less < asked.amount:
        uow.payments.save_request(replace(asked, amount=asked.amount - less))
        return
    reference = words[:200] if end == "paid" else asked.reference
    uow.payments.save_request(replace(asked, state=end, reference=reference, ended_at=uow.now))
    how = "it was paid" if end == "paid" else words
    uow.cases.close(CaseKind.PAYMENT_DUE, f"request:{asked.id}", how)
    if end == "withdrawn":
        fact = e.PaymentRequestWithdrawn(asked.id, asked.amount, asked.currency, words)
        uow.emit(asked.order_id, fact)


def outstanding(uow: UnitOfWork, order: Order) -> int:
    """What the order costs more than was paid for it, with what edits gave back."""
    back = sum(
        r.amount
        for r in uow.refunds.of(order.id)
        if r.change_id is not None and r.state != "canceled"
    )
    return 0 if order.is_canceled else max(0, order.total - (order.captured - back))


# --- people, gateways, time ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RequestPayment:
    """Ask the customer for more: an amount with its reason; nothing is charged."""

    order: Annotated[str, Arg.ORDER]
    amount: Annotated[str, Arg.WORD]
    reason: Annotated[str, Arg.TEXT]


@command(
    "request payment",
    RequestPayment,
    Right.EDIT,
    examples=("request payment 1001 5.00 express delivery",),
)
def request(ask: RequestPayment, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    amount, _ = read_amount(ask.amount, order.currency)
    reason = ask.reason.strip()
    if amount <= 0 or not reason or len(reason) > 500:
        raise Invalid(
            "A payment request needs an amount and a reason.",
            f"Write `request payment {order.number} 5.00 express delivery`.",
        )
    asked = ask_for(uow, order, amount, reason)
    uow.emit(order.id, e.CustomerAsked("payment", _how(asked)))
    uow.undo = WithdrawRequest(order.number, asked.number)
    text = amount_text(amount, order.currency)
    return Done(
        f"The customer of order {order.number} is asked for {text}.",
        {"order": order.number, "request": asked.number, "amount": amount},
    )


@dataclass(frozen=True, slots=True)
class WithdrawRequest:
    """Do not ask for this money any more."""

    order: Annotated[str, Arg.ORDER]
    number: Annotated[int | None, Arg.QUANTITY] = None


@command(
    "withdraw request",
    WithdrawRequest,
    Right.EDIT,
    examples=("withdraw request 1001",),
)
def withdraw(ask: WithdrawRequest, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    found = _open(uow, order, ask.number)
    for each in found:
        _lessen(uow, each, each.amount, "withdrawn", f"withdrawn by {uow.actor.name}")
    text = amount_text(sum(q.amount for q in found), order.currency)
    return Done(f"{text} of order {order.number} is not asked for any more.")


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """A gateway has a page where the customer can pay a request."""

    order: str
    number: int
    link: str


@command("link-request", LinkRequest, Right.MACHINERY, in_chat=False)
def link(ask: LinkRequest, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    if not ask.link.startswith("https://") or len(ask.link) > 500:
        raise Invalid("A link to pay is an https address.")
    for each in _open(uow, order, ask.number):
        uow.payments.save_request(replace(each, link=ask.link))
    return Done(f"Request {ask.number} of order {order.number} has its link.")


def _open(uow: UnitOfWork, order: Order, number: int | None) -> list[PaymentRequest]:
    found = [q for q in uow.payments.requests(order.id) if number in (None, q.number)]
    if not found:
        raise NotFound(f"Nothing is asked for order {order.number}.", f"`money {order.number}`")
    still = [q for q in found if q.state == "open"]
    if not still:
        raise NotPossible(f"That request of order {order.number} is {found[-1].state} already.")
    return still


@dataclass(frozen=True, slots=True)
class RemindOfPayments:
    """Remind customers, once, of what they were asked to pay until now."""


@command("remind-of-payments", RemindOfPayments, Right.MACHINERY, in_chat=False)
def remind(_: RemindOfPayments, uow: UnitOfWork) -> Done:
    late = [q for q in late_requests(uow.session, uow.shop.id, uow.now) if not q.reminded_at]
    for each in late[:CHUNK]:
        uow.orders.own(each.order_id)
        uow.payments.save_request(replace(each, reminded_at=uow.now))
        uow.emit(each.order_id, e.CustomerAsked("payment", _how(each)))
    facts = {"reminded": len(late[:CHUNK]), "more": len(late) > CHUNK}
    return Done(f"{len(late[:CHUNK])} customers are reminded.", facts)


def _how(asked: PaymentRequest) -> str:
    """The amount and where it can be paid, in words that need no language."""
    way = asked.link or asked.payee
    return f"{amount_text(asked.amount, asked.currency)}{f': {way}' if way else ''}"


def late(reader: Reader) -> list[Finding]:
    """Requests that are not paid by their day, as cases."""
    return [
        Finding(
            CaseKind.PAYMENT_DUE,
            f"request:{q.id}",
            f"{amount_text(q.amount, q.currency)} of order "
            f"{reader.orders.own(q.order_id).number} are not paid yet: {q.why}.",
            order_id=q.order_id,
            facts={"amount": q.amount, "currency": q.currency},
        )
        for q in late_requests(reader.session, reader.shop.id, reader.now)
    ]
