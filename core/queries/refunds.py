"""Refunds as people ask for them: what one would come to, and all of an order's money."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from core.commands.choosing import Units
from core.commands.handout import shared_out
from core.commands.refunding import RefundOrder, To, look
from core.db.payments import payments_of
from core.db.reading import Reader
from core.db.refunds import parts_of
from core.domain.access import Right
from core.domain.order import Order
from core.domain.refund_wish import What
from core.domain.refunds import Item, tax_of
from core.domain.values import dataclass
from core.registry import Arg, question


@dataclass(frozen=True, slots=True)
class ItemView:
    """One position; `about` is a SKU where it is goods, of which the customer keeps `kept`."""

    kind: str
    about: str
    quantity: int
    amount: int
    tax: int
    kept: int = 0


@dataclass(frozen=True, slots=True)
class PartView:
    """So much goes back through `gateway` (channel, stripe, manual or credit)."""

    gateway: str
    payment: str
    amount: int
    state: str = ""
    reference: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RefundPreview:
    """A refund as it would come out now; minor units. `left` is what could go back after it,
    `like` when a refund like it was made a moment ago (UTC)."""

    order: str
    currency: str
    version: int
    asked: RefundOrder
    items: tuple[ItemView, ...]
    amount: int
    tax: int
    parts: tuple[PartView, ...]
    left: int
    needs_approval: bool
    may_refund: bool
    like: datetime | None = None


@dataclass(frozen=True, slots=True)
class PreviewRefund:
    """Show what a refund would come to, and where it would go; nothing moves yet."""

    order: Annotated[str, Arg.ORDER]
    units: Annotated[tuple[Units, ...], Arg.UNITS] = ()
    what: Annotated[What | None, Arg.CHOICE] = None
    to: Annotated[To, Arg.CHOICE] = To.ORIGINAL
    reason: Annotated[str, Arg.TEXT] = ""
    fee: Annotated[int, Arg.NONE] = 0


@question(
    "refund",
    PreviewRefund,
    Right.VIEW,
    examples=("refund 1001 mug-red 1", "refund 1001 shipping", "refund 1001 5.00 late parcel"),
)
def preview(ask: PreviewRefund, reader: Reader) -> RefundPreview:
    wanted = RefundOrder(ask.order, ask.units, ask.what, ask.to, reason=ask.reason, fee=ask.fee)
    found = look(reader, wanted)
    order = found.order
    rows, parts = payments_of(reader.session, order.id), parts_of(reader.session, order.id)
    shares = shared_out(reader.shop, order, found.amount, ask.to.value, rows, parts)
    return RefundPreview(
        order=order.number,
        currency=order.currency,
        version=order.version,
        asked=wanted,
        items=tuple(item_view(order, item) for item in found.items),
        amount=found.amount,
        tax=tax_of(found.items),
        parts=tuple(PartView(x.gateway, x.payment.external_id, x.amount) for x in shares),
        left=found.room - found.amount,
        needs_approval=found.needs_approval,
        may_refund=reader.actor.may(Right.REFUND_ASK),
        like=found.like.due_at if found.like else None,
    )


def previewed(ask: RefundOrder) -> PreviewRefund:
    """The question behind a refund: what it would come to now."""
    return PreviewRefund(ask.order, ask.units, ask.what, ask.to, ask.reason, ask.fee)


def item_view(order: Order, item: Item) -> ItemView:
    about = order.line(item.line).sku if item.line else ""
    return ItemView(item.kind.value, about, item.quantity, item.amount, item.tax, item.kept)
