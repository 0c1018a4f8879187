"""What came of money that was handed out: paid, refused, or not known; each counted once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from core.commands import handout
from core.commands.documents import note_refund
from core.commands.owing import close_cases, close_if_paid
from core.db.refunds import Refund, RefundPart
from core.db.unit_of_work import UnitOfWork
from core.domain import events as e
from core.domain.access import Right
from core.domain.cases import CaseKind, Finding
from core.domain.money import amount_text
from core.domain.order import Change
from core.domain.refunds import Item, ItemKind
from core.domain.same_refund import Recorded, Told, is_same, names
from core.domain.values import dataclass
from core.registry import Done, command


@dataclass(frozen=True, slots=True)
class SettleRefundPart:
    """What a gateway says became of the share of a refund that it was handed.

    unknown: it may have gone, and nobody can say yet. failed: certainly not, and it will not.
    `external_id` is the gateway's own id of the refund.
    """

    part: int
    state: Literal["refunded", "unknown", "failed"]
    external_id: str = ""
    reason: str = ""


@command("settle-refund-part", SettleRefundPart, Right.MACHINERY, in_chat=False)
def settle(ask: SettleRefundPart, uow: UnitOfWork) -> Done:
    part = uow.refunds.part(ask.part)
    refund = uow.refunds.get(part.refund_id)
    order = uow.orders.own(part.order_id)
    facts = {"order": order.number, "part": part.id, "state": ask.state}
    if ask.state != "refunded":
        if part.is_open:
            _not_paid(uow, refund, part, ask)
        return Done(f"A refund of order {order.number} is {ask.state}.", facts)
    if part.is_open:
        pay(uow, refund, part, ask.external_id or part.key, ask.external_id or None)
    elif not _is_known(uow, part, ask.external_id):
        _paid_twice(uow, refund, part, ask.external_id)
    return Done(f"A refund of order {order.number} is paid out.", facts)


def _is_known(uow: UnitOfWork, part: RefundPart, external_id: str) -> bool:
    """Old news; or the first that its gateway says of what a person has recorded meanwhile."""
    if part.state in ("refunded", "reversed") and external_id in ("", part.external_id or ""):
        return True
    told = Told(external_id, part.amount, part.payment_id, part.key)
    return join_recorded(uow, [part], told) is not None


def join_recorded(
    uow: UnitOfWork, parts: Iterable[RefundPart], told: Told, *, named: bool = False
) -> RefundPart | None:
    """The part that a person recorded as paid and that this refund is, which is known by its id
    from now on; None when there is none. With `named` only one whose reference says so."""
    for part in parts:
        if part.state != "refunded" or part.external_id or part.gateway == handout.CREDIT:
            continue
        one = _recorded(uow.refunds.get(part.refund_id), part)
        if is_same(one, told) and (not named or names(one.reference, told.external_id)):
            return uow.refunds.save_part(part, replace(part, external_id=told.external_id))
    return None


def _recorded(refund: Refund, part: RefundPart) -> Recorded:
    return Recorded(
        part.id,
        part.amount,
        part.payment_id,
        part.key,
        refund.reference,
        part.unsure,
        part.gateway == handout.BY_HAND and part.connection_id is None,
    )


def _not_paid(uow: UnitOfWork, refund: Refund, part: RefundPart, ask: SettleRefundPart) -> None:
    after = uow.refunds.save_part(part, replace(part, state=ask.state, reason=ask.reason[:500]))
    if ask.state == "failed":
        fact = e.RefundFailed(refund.id, part.amount, refund.currency, after.reason[:200])
        uow.emit(part.order_id, fact)
        handout.say_failed(uow, uow.orders.own(part.order_id), refund, after)


def _paid_twice(uow: UnitOfWork, refund: Refund, part: RefundPart, external_id: str) -> None:
    """The gateway paid what was settled otherwise meanwhile: it is recorded, and a person looks."""
    order = uow.orders.own(part.order_id)
    if any(r.external_id == external_id for r in uow.refunds.of(order.id)):
        return
    again = replace(part, id=uow.new_id(), external_id=external_id)
    record(uow, again, refund.currency, external_id)
    text = amount_text(part.amount, refund.currency)
    uow.cases.open(
        Finding(
            CaseKind.OUTSIDE_REFUND,
            f"refund:{order.id}:{external_id}",
            f"{text} of order {order.number} went back twice.",
            order_id=order.id,
            facts={"order": order.number, "amount": part.amount, "currency": refund.currency},
        )
    )


# --- counting ------------------------------------------------------------------------------------


def pay(
    uow: UnitOfWork,
    refund: Refund,
    part: RefundPart,
    reference: str,
    external_id: str | None,
) -> Refund:
    """A part is paid out: its payment, the order, and with the last part lines and return."""
    uow.refunds.save_part(
        part,
        replace(
            part,
            state="refunded",
            external_id=external_id,
            settled_at=uow.now,
            reason="",
            unsure=part.state == "unknown" and external_id is None,
        ),
    )
    if part.payment_id is not None:
        uow.payments.refund(part.order_id, part.payment_id, part.amount)
    after = replace(refund, paid=refund.paid + part.amount)
    bonus = refund.bonus if part.gateway == handout.CREDIT else 0
    order = uow.orders.own(part.order_id)
    uow.orders.save(Change(replace(order, refunded=order.refunded + part.amount - bonus)))
    if after.paid < after.amount:
        return uow.refunds.save(refund, after)
    after = replace(
        after,
        state="refunded",
        reference=refund.reference or reference,
        external_id=refund.external_id or external_id,
        settled_at=uow.now,
    )
    uow.refunds.save(refund, after)
    _complete(uow, after)
    return after


def _complete(uow: UnitOfWork, refund: Refund) -> None:
    """Units count as refunded once all of their money has gone."""
    order = uow.orders.own(refund.order_id)
    units = dict(refund.lines)
    lines = {
        line.id: replace(line, refunded=min(line.ordered, line.refunded + units[line.id]))
        for line in order.lines
        if line.id in units
    }
    fact = e.RefundRecorded(
        refund.id,
        refund.amount,
        refund.currency,
        refund.reference,
        refund.rma_id,
        ours=_is_ours(uow, refund),
    )
    uow.orders.save(Change(order.with_lines(lines), (fact,)))
    note_refund(uow, order, refund)
    close_cases(uow, refund, "the refund is recorded")
    if refund.rma_id is not None:
        close_if_paid(uow, uow.returns.by_id(refund.rma_id))


def _is_ours(uow: UnitOfWork, refund: Refund) -> bool:
    """Asked for here, and paid by somebody whom we asked."""
    own = [p for p in uow.refunds.parts_of(refund) if p.state == "refunded"]
    return bool(refund.asked_by) and any(p.gateway != "channel" or p.connection_id for p in own)


def pay_all(uow: UnitOfWork, refund: Refund, reference: str, external_id: str | None) -> Refund:
    """All that is open of a refund is paid out under one reference."""
    for part in uow.refunds.parts_of(refund):
        if part.is_open:
            refund = pay(uow, refund, part, reference, external_id)
    return refund


def change_amount(uow: UnitOfWork, refund: Refund, amount: int) -> Refund:
    """Another sum than was due was paid, in one part: the difference is told as an adjustment."""
    if amount == refund.amount:
        return refund
    (part,) = (p for p in uow.refunds.parts_of(refund) if p.is_open)
    uow.refunds.save_part(part, replace(part, amount=amount))
    less = Item(ItemKind.ADJUSTMENT, amount - refund.amount)
    after = replace(refund, amount=amount, items=(*refund.items, less))
    return uow.refunds.save(refund, after)


def record(
    uow: UnitOfWork,
    part: RefundPart,
    currency: str,
    external_id: str,
    items: tuple[Item, ...] = (),
) -> Refund:
    """Money that went back without us, as a refund of its own with one part."""
    items = items or (Item(ItemKind.ADJUSTMENT, part.amount),)
    refund = Refund(
        id=uow.new_id(),
        order_id=part.order_id,
        gateway=part.gateway,
        amount=part.amount,
        currency=currency,
        items=items,
        due_at=part.at,
    )
    uow.refunds.add(refund)
    own = replace(
        part,
        refund_id=refund.id,
        state="sent",
        key=f"refund:{refund.id}:{part.payment_id or 0}",
        settled_at=None,
    )
    uow.refunds.add_part(own)
    return pay(uow, refund, own, external_id, external_id)
