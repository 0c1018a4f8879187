"""Shopify's words into our commands: pure, so that a hook and a later try mean the same.

Amounts are taken in the store's own currency (`currency` and the plain fields); what the customer
saw in another currency is kept beside the order for people to read, never counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec

from core.commands.capture import CaptureLine, CaptureOrder
from core.commands.deliveries import IgnoreDelivery
from core.commands.outside import RecordChannelRefund
from core.commands.shipping import FulfilledLine, RecordFulfillment
from core.domain.lanes import LOCAL
from core.domain.money import parse_minor
from core.domain.order import Address
from core.domain.refunds import paid_for_first
from core.domain.refusals import Invalid, Refusal
from core.domain.shop import Connection
from core.engine import Unreadable
from core.integrations.channels.shopify import disputes, returns
from core.integrations.channels.shopify import payload as p
from core.integrations.channels.shopify.held import held_there
from core.integrations.channels.shopify.nodes import order_of_node

ORDER_TOPICS = (
    "orders/create",
    "orders/updated",
    "orders/edited",
    "orders/paid",
    "orders/cancelled",
    "orders/fulfilled",
    "orders/partially_fulfilled",
)
RETURN_TOPICS = (
    "returns/request",
    "returns/approve",
    "returns/decline",
    "returns/cancel",
    "returns/close",
    "returns/reopen",
)
PULLED_ORDER = "pull/order"
PAID = ("paid", "partially_paid", "partially_refunded", "refunded")
TEXT_MAX = 5000


def translate_delivery(connection: Connection, topic: str, raw: bytes) -> Any:
    """The command that a delivery stands for, or Unreadable with what is wrong with it."""
    read = _READERS.get(topic)
    if read is None:
        return IgnoreDelivery(connection.id, topic[:100])
    try:
        return read(connection, raw)
    except (msgspec.DecodeError, UnicodeDecodeError, Refusal) as problem:
        return Unreadable(f"{topic}: {problem}")


# --- orders --------------------------------------------------------------------------------------


def capture_of(connection: Connection, order: p.Order) -> CaptureOrder:
    """A Shopify order, complete, as the command that brings it in or merges it."""
    _require_sense(order)
    is_till = order.source_name == "pos"
    canceled_at, reason = _end(order)
    shipping = [line for line in order.shipping_lines if not line.is_removed]
    return CaptureOrder(
        external_id=str(order.id),
        number=_text(order.name)[:60],
        channel="pos" if is_till else "shopify",
        connection_id=connection.id,
        currency=order.currency,
        placed_at=order.processed_at or order.created_at,
        updated_at=order.updated_at,
        lines=tuple(_line(order, line) for line in order.line_items),
        subtotal=_money(order, order.subtotal_price),
        discount=_money(order, order.total_discounts),
        shipping=sum(_money(order, x.discounted_price or x.price) for x in shipping),
        tax=_money(order, order.total_tax),
        shipping_tax=_shipping_tax(order, shipping),
        total=total_of(order),
        captured=captured_of(order),
        **_contact(order),
        ship_to=_address(order.shipping_address),
        bill_to=_address(order.billing_address),
        note=_text(order.note),
        tags=_tags(order),
        payment_note=_text(", ".join(order.payment_gateway_names)),
        canceled_at=canceled_at,
        cancel_reason=reason,
        handed_over=is_till,
        sold_at=str(order.location_id or "") if is_till else "",
        shipping_line=_text(next((x.title for x in shipping if x.title), ""))[:100],
        payments=held_there(order, total_of(order)),
        pickup_at=str(order.picked_up_at or "") if order.delivered_by == "PICK_UP" else "",
        method=LOCAL if order.delivered_by == "LOCAL" else "",
        extra=_extra(order),
    )


def _shipping_tax(order: p.Order, shipping: list[p.ShippingLine]) -> int | None:
    """None where the shop does not say it: then it is what the lines leave of the order's tax."""
    taxes = [tax.price for line in shipping for tax in line.tax_lines]
    return sum(_money(order, price) for price in taxes) if taxes else None


def _require_sense(order: p.Order) -> None:
    if not order.line_items:
        raise Invalid("an order without lines", code="unreadable")
    if any(not 0 <= line.quantity <= 100_000 for line in order.line_items):
        raise Invalid("a quantity that makes no sense", code="unreadable")


def _end(order: p.Order) -> tuple[datetime | None, str]:
    """An order of which nothing was sent and nothing is left to send has been canceled."""
    if order.cancelled_at is not None:
        return order.cancelled_at, _text(order.cancel_reason)
    if not any(_wanted(order, line) for line in order.line_items):
        return order.updated_at, "everything was removed in the shop"
    return None, ""


def _line(order: p.Order, line: p.LineItem) -> CaptureLine:
    quantity = _wanted(order, line)
    discount = sum(_money(order, part.amount) for part in line.discount_allocations)
    tax = sum(_money(order, part.price) for part in line.tax_lines)
    price = _money(order, line.price)
    paid = price * line.quantity - discount + (0 if order.taxes_included else tax)
    if paid < 0:
        raise Invalid(f"line {line.id} costs less than nothing", code="unreadable")

    def share(amount: int) -> int:
        return paid_for_first(amount, line.quantity, quantity) if line.quantity else 0

    return CaptureLine(
        sku=sku_of(line),
        quantity=quantity,
        external_id=str(line.id),
        title=_text(" - ".join(x for x in (line.title, line.variant_title) if x)),
        unit_price=price,
        discount=share(discount),
        tax=share(tax),
        total=share(paid),
        ships=line.requires_shipping,
    )


def sku_of(line: p.LineItem) -> str:
    """A line without SKU gets a name of its own: it opens a case instead of vanishing."""
    if line.sku and line.sku.strip():
        return _text(line.sku)[:100]
    return f"variant-{line.variant_id}" if line.variant_id else f"line-{line.id}"


def _wanted(order: p.Order, line: p.LineItem) -> int:
    """Units that the customer has or still gets.

    `current_quantity` also falls when delivered goods are refunded, so what was fulfilled and what
    still can be counts beside it. A canceled order keeps what was ordered: canceling is ours.
    """
    if order.cancelled_at is not None or line.current_quantity is None:
        return line.quantity
    if line.fulfillable_quantity is None:
        return line.current_quantity
    moving = fulfilled_units(order)[line.id] + line.fulfillable_quantity
    return min(line.quantity, max(line.current_quantity, moving))


def fulfilled_units(order: p.Order) -> Counter[int]:
    """Units per line that the shop says have left."""
    units: Counter[int] = Counter()
    for one in order.fulfillments:
        if one.status in (None, "success", "pending", "open"):
            for line in one.line_items:
                units[line.id] += line.quantity
    return units


def refunded_of(order: p.Order) -> int:
    """What went back, in the store's currency, also where the transactions speak another one."""
    return sum(_refunded(one, order) for one in order.refunds)


def _refunded(refund: p.Refund, order: p.Order) -> int:
    told = refund_amount(refund, order.currency)
    if told is not None:
        return told
    goods = _sum((x.subtotal_set for x in refund.refund_line_items), order.currency)
    taxes = _sum((x.total_tax_set for x in refund.refund_line_items), order.currency)
    other = _sum((x.amount_set for x in refund.order_adjustments), order.currency)
    return goods + (0 if order.taxes_included else taxes) - other


def total_of(order: p.Order) -> int:
    """What the order costs after edits and before refunds: refunds are counted on their own."""
    full = _money(order, order.total_price)
    if order.cancelled_at is not None or order.current_total_price is None:
        return full
    return min(full, _money(order, order.current_total_price) + refunded_of(order))


def captured_of(order: p.Order) -> int:
    """What was paid so far, whatever went back later.

    A webhook does not say it: it follows from what is left to pay. An order that was paid and then
    became cheaper is understated until the pull, which is told the figure itself.
    """
    if order.total_received is not None:
        return _money(order, order.total_received)
    if order.financial_status not in PAID:
        return 0
    full = _money(order, order.total_price)
    if order.current_total_price is None or order.total_outstanding is None:
        return full if order.financial_status != "partially_paid" else 0
    left = _money(order, order.current_total_price) - _money(order, order.total_outstanding)
    return max(0, min(full, left + refunded_of(order)))


def _contact(order: p.Order) -> dict[str, Any]:
    who = order.customer or p.Customer()
    ship, bill = order.shipping_address or p.Address(), order.billing_address or p.Address()
    return {
        "email": _text(order.email or who.email)[:254],
        "phone": _text(order.phone or who.phone or ship.phone)[:40],
        "customer_name": _joined(who.first_name, who.last_name) or _name(ship) or _name(bill),
        "language": _text(order.customer_locale)[:2].lower(),
    }


def _address(address: p.Address | None) -> Address:
    if address is None:
        return Address()
    return Address(
        name=_name(address),
        company=_text(address.company),
        street=_text(address.address1),
        street2=_text(address.address2),
        zip=_text(address.zip),
        city=_text(address.city),
        region=_text(address.province),
        country=_text(address.country_code).upper()[:2],
        phone=_text(address.phone),
        lat=address.latitude,
        lon=address.longitude,
    )


def _name(address: p.Address) -> str:
    return _text(address.name) or _joined(address.first_name, address.last_name)


def _joined(*words: str | None) -> str:
    return _text(" ".join(word.strip() for word in words if word and word.strip()))


def _tags(order: p.Order) -> tuple[str, ...]:
    told = sorted(tag.strip().lower()[:40] for tag in _text(order.tags).split(","))
    return tuple(
        dict.fromkeys([tag for tag in told if tag][:100] + (["test"] if order.test else []))
    )


def _extra(order: p.Order) -> dict[str, str]:
    """What people may want to read and no rule counts on."""
    found = {
        "status_url": order.order_status_url or "",
        "source": order.source_name or "",
        "shipping_title": ", ".join(x.title or "" for x in order.shipping_lines),
        "discount_codes": ", ".join(str(x.get("code") or "") for x in order.discount_codes),
        "test": "yes" if order.test else "",
        "ip": order.browser_ip or "",
        "presentment": _presentment(order),
    }
    found |= {f"note:{_text(a.name)[:80]}": str(a.value or "") for a in order.note_attributes[:30]}
    return {name: _text(value)[:500] for name, value in found.items() if value.strip()}


def _presentment(order: p.Order) -> str:
    if order.presentment_currency in (None, order.currency) or order.total_price_set is None:
        return ""
    seen = order.total_price_set.presentment_money
    return f"{seen.amount} {seen.currency_code}" if seen else str(order.presentment_currency)


def _money(order: p.Order, amount: str) -> int:
    return _minor(amount, order.currency)


def _minor(amount: str, currency: str) -> int:
    found = parse_minor(amount, currency)
    if abs(found) > 10**13:
        raise Invalid(f"{amount} {currency} is more than any order costs", code="unreadable")
    return found


def _text(value: str | None) -> str:
    """Text that both databases can hold: without NUL, and not endless."""
    return (value or "").replace("\x00", "").strip()[:TEXT_MAX]


# --- refunds and fulfillments --------------------------------------------------------------------


def refund_of(connection: Connection, refund: p.Refund) -> RecordChannelRefund | IgnoreDelivery:
    """A refund as told; one that is only told in the customer's currency waits for the pull."""
    currency = _store_currency(refund)
    amount = refund_amount(refund, currency)
    if amount is None:
        return IgnoreDelivery(connection.id, "refunds/create in another currency: pulled later")
    if not amount:
        return IgnoreDelivery(connection.id, "refunds/create without money")
    return RecordChannelRefund(
        connection_id=connection.id,
        order=str(refund.order_id),
        refund=str(refund.id),
        amount=amount,
        currency=currency,
        lines=tuple((str(x.line_item_id), x.quantity) for x in refund.refund_line_items),
        at=refund.created_at,
        note=_text(refund.note)[:500],
    )


def refund_amount(refund: p.Refund, currency: str) -> int | None:
    """Money that went back; None when it is only told in a currency that is not the store's."""
    went = [x for x in refund.transactions if x.kind == "refund" and x.status in ("", "success")]
    if any(x.currency not in ("", currency) for x in went):
        return None
    return sum(_minor(x.amount, currency) for x in went)


def _sum(amounts: Iterable[p.MoneySet | None], currency: str) -> int:
    return sum(_minor(one.shop_money.amount, currency) for one in amounts if one is not None)


def _store_currency(refund: p.Refund) -> str:
    told = [x.subtotal_set for x in refund.refund_line_items]
    told += [x.amount_set for x in refund.order_adjustments]
    found = [x.shop_money.currency_code for x in told if x is not None]
    found += [entry.currency for entry in refund.transactions]
    return next((code for code in found if code), "")


def fulfillment_of(connection: Connection, one: p.Fulfillment) -> RecordFulfillment:
    return RecordFulfillment(
        connection_id=connection.id,
        order_external_id=str(one.order_id),
        external_id=str(one.id),
        lines=tuple(FulfilledLine(str(line.id), line.quantity) for line in one.line_items),
        tracking_number=_text(one.tracking_number),
        carrier=_text(one.tracking_company),
        tracking_url=_text(one.tracking_url),
        status=one.status or "success",
        shipment_status=_text(one.shipment_status),
        location=str(one.location_id or ""),
        at=one.updated_at or one.created_at,
    )


def _read_order(connection: Connection, raw: bytes) -> Any:
    return capture_of(connection, p.read_order(raw))


def _read_pulled(connection: Connection, raw: bytes) -> Any:
    return capture_of(connection, order_of_node(msgspec.json.decode(raw)))


def _read_refund(connection: Connection, raw: bytes) -> Any:
    return refund_of(connection, p.read_refund(raw))


def _read_fulfillment(connection: Connection, raw: bytes) -> Any:
    return fulfillment_of(connection, p.read_fulfillment(raw))


_READERS: dict[str, Callable[[Connection, bytes], Any]] = {
    **dict.fromkeys(ORDER_TOPICS, _read_order),
    PULLED_ORDER: _read_pulled,
    "refunds/create": _read_refund,
    "pull/refund": _read_refund,
    **dict.fromkeys(RETURN_TOPICS, returns.read_return),
    **dict.fromkeys(disputes.TOPICS, disputes.read_dispute),
    "fulfillments/create": _read_fulfillment,
    "fulfillments/update": _read_fulfillment,
    "pull/fulfillment": _read_fulfillment,
}
