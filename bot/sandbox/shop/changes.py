"""The changes themselves, made by acts and by the API alike: money, parcels, refunds, news."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.sandbox.shop.model import (
    TAKEN,
    Fulfillment,
    FulfillmentOrder,
    Line,
    Order,
    Refund,
    RefundLine,
    Transaction,
)
from bot.sandbox.shop.payloads import fulfillment_payload, order_payload, refund_payload
from bot.sandbox.shop.store import Shop, settle
from bot.sandbox.shop.webhooks import Policy
from bot.sandbox.shop.wire import ControlError

News = str | tuple[str, Fulfillment]


def tell(shop: Shop, order: Order, news: Sequence[News], policy: Policy = "once") -> None:
    """Move `updated_at` on and emit the topics, each with its object as it is now.

    A bare fulfillments topic means the latest fulfillment.
    """
    shop.touch(order)
    shop.webhooks.emit([_webhook(shop, order, one) for one in news], policy)


def _webhook(shop: Shop, order: Order, news: News) -> tuple[str, dict[str, Any]]:
    topic, parcel = news if isinstance(news, tuple) else (news, None)
    if topic.startswith("fulfillments/"):
        return topic, fulfillment_payload(order, parcel or order.fulfillments[-1])
    if topic == "refunds/create":
        return topic, refund_payload(order, order.refunds[-1])
    return topic, order_payload(order, shop.domain)


def fulfill(
    shop: Shop,
    order: Order,
    work: FulfillmentOrder,
    quantities: Mapping[int, int],
    tracking: str | None,
    company: str | None,
    url: str | None,
) -> Fulfillment:
    """Send `quantities` (work line id → count) from the work's location, without telling yet."""
    by_line: dict[int, int] = {}
    for item in work.lines:
        count = quantities.get(item.id, 0)
        if not count:
            continue
        item.remaining -= count
        by_line[item.line_id] = by_line.get(item.line_id, 0) + count
        line = order.line(item.line_id)
        line.fulfilled += count
        if line.variant:
            level = shop.level(line.variant, work.location_id)
            level.on_hand -= count
            level.committed -= count
    settle(work)
    return record(shop, order, work.location_id, by_line, tracking, company, url)


def record(
    shop: Shop,
    order: Order,
    location_id: int,
    by_line: Mapping[int, int],
    tracking: str | None = None,
    company: str | None = None,
    url: str | None = None,
) -> Fulfillment:
    now, name = shop.now(), f"{order.name}.{len(order.fulfillments) + 1}"
    made = Fulfillment(
        shop.new_id(), name, location_id, now, now, dict(by_line), tracking, company, url
    )
    order.fulfillments.append(made)
    if order.fulfillment_status == "fulfilled":
        order.closed_at = now
    return made


def take_money(shop: Shop, order: Order) -> None:
    entry = Transaction(shop.new_id(), "sale", order.outstanding, shop.now())
    order.transactions.append(entry)


def hold_money(shop: Shop, order: Order) -> None:
    """The customer's bank sets the money aside; nothing is taken yet."""
    entry = Transaction(shop.new_id(), "authorization", order.outstanding, shop.now())
    order.transactions.append(entry)


def give_back(
    shop: Shop,
    order: Order,
    parts: Sequence[tuple[Line, int]],
    money: int,
    restock_type: str,
    note: str | None,
    location_id: int | None = None,
    shares: Sequence[tuple[Transaction, int]] = (),
) -> Refund:
    """`shares` say which payment gives how much; else the oldest gives first."""
    lines = [_refund_line(shop, line, q, restock_type, location_id) for line, q in parts]
    made = Refund(shop.new_id(), shop.now(), note, tuple(lines), money)
    order.refunds.append(made)
    for parent, share in shares or _shares(order, money):
        entry = Transaction(shop.new_id(), "refund", share, shop.now(), parent.id, made.id)
        order.transactions.append(entry)
    for line, quantity in parts:
        _take_back(shop, order, line, quantity, location_id)
    return made


def _shares(order: Order, money: int) -> list[tuple[Transaction, int]]:
    shares = []
    for paid in [entry for entry in order.transactions if entry.kind in TAKEN]:
        share = min(money, order.left_of(paid))
        if share:
            shares.append((paid, share))
        money -= share
    return shares


def _refund_line(
    shop: Shop, line: Line, quantity: int, restock_type: str, location_id: int | None
) -> RefundLine:
    amounts = line.subtotal(quantity), line.tax(quantity)
    return RefundLine(shop.new_id(), line.id, quantity, restock_type, location_id, *amounts)


def _take_back(
    shop: Shop, order: Order, line: Line, quantity: int, location_id: int | None
) -> None:
    """Refunded items that were not yet sent stop being work; sent ones may be restocked."""
    shop.release(order, line, min(quantity, line.open))
    line.refunded += quantity
    line.current -= min(quantity, line.current)
    if location_id and line.variant:
        shop.level(line.variant, location_id).on_hand += quantity


def new_line(shop: Shop, order: Order, wanted: Mapping[str, Any]) -> Line:
    sku, quantity = wanted.get("sku", ""), wanted.get("quantity", 0)
    if not isinstance(quantity, int) or quantity < 1:
        raise ControlError(f"{sku!r} needs a quantity of at least 1, not {quantity!r}.")
    variant = shop.variant(sku)
    return Line(
        id=shop.new_id(),
        sku=sku,
        product=wanted.get("title") or (variant.product if variant else f"Custom item {sku}"),
        title=variant.title if variant else "",
        price=wanted.get("price", variant.price if variant else 1000),
        grams=variant.grams if variant else 0,
        ordered=quantity,
        current=quantity,
        variant=variant,
        tax_percent=order.tax_percent,
    )


def line_of(order: Order, sku: str) -> Line:
    for line in order.lines:
        if line.sku == sku and line.current:
            return line
    raise ControlError(f"Order {order.name} has no {sku!r}.")
