"""Taking customers' money that was set aside, and letting it go: by hand, or as goods leave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from core.commands.paying import count_in
from core.db.collections import Collection, Collections
from core.db.unit_of_work import UnitOfWork
from core.domain import collecting as rules
from core.domain import events as e
from core.domain.access import Right
from core.domain.cases import CaseKind, Finding
from core.domain.collecting import OnceTakes, Take, When
from core.domain.holds import Exit, gate
from core.domain.money import amount_text, read_typed
from core.domain.order import Order
from core.domain.payments import Payment
from core.domain.refusals import NotPossible
from core.domain.shop import Connection, Mode
from core.domain.values import dataclass
from core.registry import Arg, Done, Risk, command

GATEWAYS = ("shopify", "stripe")  # kinds of connection that can be asked


@dataclass(frozen=True, slots=True)
class CollectPayment:
    """Take money that a customer has set aside for an order: what it costs, or an amount."""

    order: Annotated[str, Arg.ORDER]
    amount: Annotated[str, Arg.WORD] = ""


@command(
    "collect",
    CollectPayment,
    Right.REFUND,
    risk=Risk.IRREVERSIBLE,
    examples=("collect 1001", "collect 1001 20.00"),
)
def collect(ask: CollectPayment, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    order.require_free_of_holds(Exit.CAPTURE)
    _require_writing(uow, order)
    held = Held.of(uow, order)
    if ask.amount:
        amount = read_typed(ask.amount, order.currency)
    else:
        amount = min(held.left, rules.worth(order) - held.captured)
        _require_due(order, held, amount)
    rules.check_amount(amount if ask.amount else max(1, amount), held.payments, order.currency)
    is_all = held.captured + amount >= rules.worth(order)
    taken = rules.takes(amount, held.payments, complete=is_all)
    _ask(uow, order, taken, uow.actor.name)
    return Done(_captured(order, held, taken, amount), _facts(order, amount))


def _captured(order: Order, held: Held, taken: Sequence[Take], amount: int) -> str:
    """With a card that is captured once, what is not taken now never is: it is said."""
    by_id = {payment.id: payment for payment in held.payments}
    rest = sum(by_id[x.payment].capture_left - x.amount for x in taken if x.last)
    said = f"{amount_text(amount, order.currency)} of order {order.number} is being captured."
    return f"{said} {amount_text(rest, order.currency)} is let go." if rest else said


def _require_due(order: Order, held: Held, amount: int) -> None:
    if held.left and amount < 1:
        raise NotPossible(
            f"Order {order.number} is paid; nothing more is due.",
            f"What is set aside can be let go: `let-go {order.number}`.",
            code="paid",
        )


@dataclass(frozen=True, slots=True)
class LetGoOfPayment:
    """Give up money that a customer has set aside for an order and that was not taken."""

    order: Annotated[str, Arg.ORDER]


@command(
    "let-go",
    LetGoOfPayment,
    Right.REFUND,
    risk=Risk.IRREVERSIBLE,
    examples=("let-go 1001",),
)
def let_go(ask: LetGoOfPayment, uow: UnitOfWork) -> Done:
    order = uow.orders.get(ask.order)
    _require_writing(uow, order)
    held = Held.of(uow, order)
    rules.check_amount(max(1, held.left), held.payments, order.currency)
    _release(uow, order, [p for p in held.payments if p.capture_left], uow.actor.name)
    text = amount_text(held.left, order.currency)
    return Done(f"{text} of order {order.number} is being let go.", _facts(order, held.left))


def _facts(order: Order, amount: int) -> dict[str, object]:
    return {"order": order.number, "amount": amount, "currency": order.currency}


def _require_writing(uow: UnitOfWork, order: Order) -> None:
    if uow.shop.mode is Mode.WATCH:
        raise NotPossible(
            f"In watch mode no money of order {order.number} is moved.",
            "Do it where the customer paid, or leave watch mode.",
            code="watching",
        )


# --- what other rooms call ------------------------------------------------------------------------


def collect_for_parcel(uow: UnitOfWork, order: Order) -> None:
    """Goods have left: what they cost is taken, where the shop takes money then."""
    policy = uow.shop.policy
    if policy["capture_when"] != When.SHIPMENT or uow.shop.mode is Mode.WATCH:
        return
    if gate(order.holds, Exit.CAPTURE).stopped_by:
        return
    held, once = Held.of(uow, order), OnceTakes(policy["capture_once_takes"])
    taken = rules.to_take(order, held.payments, held.captured, once)
    if taken:
        _ask(uow, order, taken, "goods have left")


def let_go_unneeded(uow: UnitOfWork, order: Order) -> None:
    """Units are canceled: what is set aside and not needed any more goes back to the customer."""
    if uow.shop.mode is Mode.WATCH:
        return
    held = Held.of(uow, order)
    unneeded = rules.to_let_go(order, held.payments, held.captured)
    if unneeded:
        _release(uow, order, unneeded, "canceled")


@dataclass(frozen=True, slots=True)
class Held:
    """An order's payments with what is being captured or let go counted as done."""

    payments: tuple[Payment, ...]
    captured: int

    @property
    def left(self) -> int:
        return sum(payment.capture_left for payment in self.payments)

    @classmethod
    def of(cls, uow: UnitOfWork, order: Order) -> Held:
        rows = uow.payments.of(order.id)
        under_way = _under_way(uow, order) if rows else []
        taken = sum(one.amount for one in under_way if one.kind == "capture")
        return cls(tuple(_counted(p, under_way) for p in rows), order.captured + taken)


def _counted(payment: Payment, under_way: Iterable[Collection]) -> Payment:
    for one in under_way:
        if one.payment_id == payment.id:
            payment = after(payment, one)
    return payment


def after(payment: Payment, one: Collection) -> Payment:
    """The payment once this has happened."""
    if one.kind == "release":
        return replace(payment, voided=payment.voided + min(one.amount, payment.capture_left))
    amount = min(one.amount, payment.capture_left)
    payment = replace(payment, captured=payment.captured + amount)
    return replace(payment, voided=payment.voided + payment.capture_left) if one.last else payment


def _under_way(uow: UnitOfWork, order: Order) -> list[Collection]:
    """What was asked and has no answer; what an undo has stopped is put aside."""
    collections = Collections(uow)
    found = []
    for one in collections.of(order.id):
        if one.is_open and uow.outbox.state_of(one.key) in (None, "suppressed"):
            collections.settle(one, "failed", "taken back")
        elif one.is_open:
            found.append(one)
    return found


# --- asking ---------------------------------------------------------------------------------------


def _ask(uow: UnitOfWork, order: Order, taken: Sequence[Take], why: str) -> None:
    for take in taken:
        _hand_out(uow, order, take.payment, "capture", take.amount, why, last=take.last)
    amount = sum(take.amount for take in taken)
    uow.emit(order.id, e.CaptureAsked(amount, order.currency, why))


def _release(uow: UnitOfWork, order: Order, payments: Iterable[Payment], why: str) -> None:
    for payment in payments:
        _hand_out(uow, order, payment.id, "release", payment.capture_left, why)


def _hand_out(
    uow: UnitOfWork,
    order: Order,
    payment_id: int,
    kind: str,
    amount: int,
    why: str,
    *,
    last: bool = False,
) -> None:
    """One request, stored with the state; who holds the money is asked after the undo window."""
    collection_id = uow.new_id()
    one = Collection(
        id=collection_id,
        order_id=order.id,
        payment_id=payment_id,
        kind=kind,
        amount=amount,
        key=f"{kind}:{collection_id}",
        at=uow.now,
        last=last,
        why=why[:200],
    )
    payment = next(p for p in uow.payments.of(order.id) if p.id == payment_id)
    before = payment.captured + _asked_for(uow, order, payment_id)
    connection = _connection(uow, payment)
    Collections(uow).add(one)
    if connection is not None:
        held = {"payment_external": payment.external_id, "before": before}
        _call(uow, connection, order, one, held)
        return
    reason = "nobody here can reach who holds the money"
    Collections(uow).settle(one, "failed", reason)
    _say(uow, order, one, reason)


def _asked_for(uow: UnitOfWork, order: Order, payment_id: int) -> int:
    """What captures of a payment will have taken once they are answered."""
    captures = [one for one in _under_way(uow, order) if one.kind == "capture"]
    return sum(one.amount for one in captures if one.payment_id == payment_id)


def _call(
    uow: UnitOfWork, connection: Connection, order: Order, one: Collection, held: dict[str, Any]
) -> None:
    """The call to the gateway; `held` says of which payment, and what was taken of it before."""
    uow.outbox.add(
        f"{connection.kind}.{one.kind}",
        one.key,
        {
            "collection": one.id,
            "order": order.number,
            "amount": one.amount,
            "currency": order.currency,
            "last": one.last,
            **held,
        },
        lane=f"{connection.kind}:{connection.id}:{order.id}",
        connection_id=connection.id,
        order_id=order.id,
        waits=True,
    )


def _connection(uow: UnitOfWork, payment: Payment) -> Connection | None:
    found = uow.shop.connection(payment.connection_id) if payment.connection_id else None
    return found if found and found.active and found.kind in GATEWAYS else None


# --- what came of it ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SettleCollection:
    """What a gateway says became of a capture or release. unknown: it may have happened."""

    collection: int
    state: Literal["done", "unknown", "failed"]
    reason: str = ""


@command("settle-collection", SettleCollection, Right.MACHINERY, in_chat=False)
def settle(ask: SettleCollection, uow: UnitOfWork) -> Done:
    one = Collections(uow).get(ask.collection)
    order = uow.orders.own(one.order_id)
    one = Collections(uow).get(ask.collection)  # as it is now that its order is locked
    facts = {"order": order.number, "state": ask.state}
    if one.is_open and ask.state == "done":
        happened(uow, order, one)
    elif one.is_open:
        Collections(uow).settle(one, ask.state, ask.reason)
        if ask.state == "failed":
            _say(uow, order, one, ask.reason)
    return Done(f"The {one.kind} of order {order.number} is {ask.state}.", facts)


def happened(uow: UnitOfWork, order: Order, one: Collection) -> None:
    """A capture or release is done: payment, order and the cases that waited for it."""
    before = next(p for p in uow.payments.of(order.id) if p.id == one.payment_id)
    now = uow.payments.save(before, after(before, one))
    Collections(uow).settle(one, "done")
    count(uow, order, before, now)
    for kind in (CaseKind.CAPTURE_FAILED, CaseKind.CAPTURE_UNKNOWN):
        uow.cases.close(kind, f"payment:{one.payment_id}", "the gateway has done it")


def count(uow: UnitOfWork, order: Order, before: Payment, now: Payment) -> Order:
    """What changed of a payment, on its order. A channel tells its own sum, which may be ahead."""
    captured = order.captured + now.captured - before.captured
    if now.gateway == "channel":
        rows = sum(payment.captured for payment in uow.payments.of(order.id))
        captured = max(order.captured, rows)
    let_go = now.voided - before.voided
    if let_go:
        uow.emit(order.id, e.AuthorizationReleased(let_go, order.currency))
    if captured == order.captured:
        return order
    return count_in(uow, order, captured - order.captured, now.external_id)


def _say(uow: UnitOfWork, order: Order, one: Collection, reason: str) -> None:
    what = "captured" if one.kind == "capture" else "let go"
    text = amount_text(one.amount, order.currency)
    uow.cases.open(
        Finding(
            CaseKind.CAPTURE_FAILED,
            f"payment:{one.payment_id}",
            f"{text} of order {order.number} could not be {what}.",
            order_id=order.id,
            facts={
                "order": order.number,
                "amount": one.amount,
                "currency": order.currency,
                "problem": reason[:300],
            },
        )
    )
