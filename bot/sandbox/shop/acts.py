"""What customers and shop staff do in the store; each act changes it and emits webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.sandbox.shop.changes import (
    fulfill,
    give_back,
    hold_money,
    line_of,
    new_line,
    record,
    take_money,
    tell,
)
from bot.sandbox.shop.model import (
    Address,
    Customer,
    Fulfillment,
    Line,
    Order,
    Refund,
    Transaction,
    decimal_text,
)
from bot.sandbox.shop.people import COUNTRY_NAMES, TAX_PERCENT, Person, person
from bot.sandbox.shop.store import Shop
from bot.sandbox.shop.webhooks import Policy
from bot.sandbox.shop.wire import ControlError

Quantities = Mapping[str, int]


def place_order(
    shop: Shop,
    lines: Quantities | Sequence[Mapping[str, Any]] | None = None,
    customer: Person | Mapping[str, str] | None = None,
    *,
    paid: bool = True,
    held: bool = False,
    pos: bool = False,
    location: str | None = None,
    discount: int = 0,
    discount_code: str = "HELLO10",
    shipping: int = 490,
    shipping_title: str = "DHL Standard",
    note: str | None = None,
    tags: Sequence[str] = (),
    delivery: Policy = "once",
) -> Order:
    """Somebody buys. Without `lines` or `customer` the shop's dice invent them.

    `lines` is {sku: quantity} or a list of {sku, quantity, price?, title?}: a SKU that the catalog
    does not know is sold all the same. With `held` the money is only set aside. `pos` is a till
    sale at `location`, paid and handed over.
    """
    buyer = _buyer(shop, customer, pos)
    till = shop.location(location or "MUC").id if pos else None
    order = _new_order(shop, buyer, till)
    order.lines = [new_line(shop, order, one) for one in _wanted(shop, lines)]
    _spread(order.lines, discount)
    order.discount_code = discount_code if discount else None
    order.shipping_title, order.shipping_price = shipping_title, 0 if pos else shipping
    order.note, order.tags = note, list(tags)
    shop.orders[order.id] = order
    topics = ["orders/create"]
    if held:
        hold_money(shop, order)
    elif paid or pos:
        take_money(shop, order)
        topics.append("orders/paid")
    if till:
        _hand_over(shop, order, till)
        topics.append("fulfillments/create")
    else:
        assign(shop, order, order.lines)
    tell(shop, order, topics, delivery)
    return order


def edit_order(
    shop: Shop,
    order: int | str,
    *,
    quantities: Quantities | None = None,
    add: Quantities | None = None,
    remove: Sequence[str] = (),
    address: Mapping[str, str | None] | None = None,
    note: str | None = None,
    tags: Sequence[str] | None = None,
    delivery: Policy = "once",
) -> Order:
    """Change an order in the shop's admin; only what is not yet fulfilled can be changed."""
    found = shop.order(order)
    if found.cancelled_at:
        raise ControlError(f"Order {found.name} is canceled; it can no longer be edited.")
    for sku, quantity in {**(quantities or {}), **dict.fromkeys(remove, 0)}.items():
        change_quantity(shop, found, line_of(found, sku), quantity)
    added = [
        new_line(shop, found, {"sku": sku, "quantity": quantity})
        for sku, quantity in (add or {}).items()
    ]
    found.lines.extend(added)
    assign(shop, found, added)
    if address:
        found.shipping_address = _moved(found.shipping_address, address)
    found.note = found.note if note is None else note
    found.tags = found.tags if tags is None else list(tags)
    tell(shop, found, ["orders/updated"], delivery)
    return found


def pay(shop: Shop, order: int | str, *, delivery: Policy = "once") -> Order:
    """The customer pays what is outstanding."""
    found = shop.order(order)
    if not found.outstanding:
        raise ControlError(f"Order {found.name} has nothing left to pay.")
    take_money(shop, found)
    tell(shop, found, ["orders/paid", "orders/updated"], delivery)
    return found


def capture_in_admin(shop: Shop, order: int | str, *, delivery: Policy = "once") -> Order:
    """Shop staff take the money that was set aside."""
    found = shop.order(order)
    held = next((x for x in found.transactions if x.kind == "authorization"), None)
    if held is None or not found.left_of(held):
        raise ControlError(f"Order {found.name} has nothing set aside.")
    made = Transaction(shop.new_id(), "capture", found.left_of(held), shop.now(), held.id)
    found.transactions.append(made)
    tell(shop, found, ["orders/paid", "orders/updated"], delivery)
    return found


def cancel(
    shop: Shop,
    order: int | str,
    *,
    reason: str = "customer",
    restock: bool = True,
    refund_money: bool = True,
    delivery: Policy = "once",
) -> Order:
    """Cancel an order of which nothing was fulfilled."""
    found = shop.order(order)
    if found.cancelled_at:
        raise ControlError(f"Order {found.name} is already canceled.")
    if any(line.fulfilled for line in found.lines):
        raise ControlError(f"Order {found.name} has fulfilled items and cannot be canceled.")
    topics = ["orders/cancelled", "orders/updated"]
    for line in found.lines:
        shop.release(found, line, line.open, restock)
    if refund_money and found.paid > found.refunded:
        left = [(line, line.current) for line in found.lines if line.current]
        give_back(shop, found, left, found.paid - found.refunded, "cancel", "Canceled")
        topics.append("refunds/create")
    for line in found.lines:
        line.current = 0
    found.cancelled_at = found.closed_at = shop.now()
    found.cancel_reason = reason
    tell(shop, found, topics, delivery)
    return found


def refund(
    shop: Shop,
    order: int | str,
    *,
    lines: Quantities | None = None,
    amount: int | None = None,
    restock: str | None = None,
    note: str | None = None,
    delivery: Policy = "once",
) -> Refund:
    """Give money back: for {sku: quantity} of lines, or a plain amount in minor units.

    `restock` is the code of the location that takes the goods back.
    """
    found = shop.order(order)
    parts = [(line_of(found, sku), quantity) for sku, quantity in (lines or {}).items()]
    for line, quantity in parts:
        if not 0 < quantity <= line.ordered - line.refunded:
            raise ControlError(f"{quantity} × {line.sku} of {found.name} cannot be refunded.")
    money = amount if amount is not None else sum(x.subtotal(q) for x, q in parts)
    if not 0 < money <= found.paid - found.refunded:
        raise ControlError(f"{money} is not between 1 and what {found.name} has left to refund.")
    place = shop.location(restock).id if restock else None
    made = give_back(shop, found, parts, money, "return" if restock else "no_restock", note, place)
    tell(shop, found, ["refunds/create", "orders/updated"], delivery)
    return made


def dispute(
    shop: Shop,
    order: int | str,
    *,
    number: int = 285_332_461,
    status: str = "needs_response",
    kind: str = "chargeback",
    delivery: Policy = "once",
) -> int:
    """The customer's bank asks all of an order's money back, or says what became of that."""
    found = shop.order(order)
    made = shop.now().isoformat()
    told = {
        "id": number,
        "order_id": found.id,
        "type": kind,
        "amount": decimal_text(found.paid, found.currency),
        "currency": found.currency,
        "reason": "fraudulent",
        "network_reason_code": "4837",
        "status": status,
        "evidence_due_by": (shop.now() + timedelta(days=9)).isoformat(),
        "evidence_sent_on": None,
        "finalized_on": made if status in ("won", "lost") else None,
        "initiated_at": made,
    }
    topic = "disputes/create" if status == "needs_response" else "disputes/update"
    shop.webhooks.emit([(topic, told)], delivery)
    return number


def fulfill_in_admin(
    shop: Shop,
    order: int | str,
    *,
    tracking: str | None = None,
    company: str = "DHL",
    url: str | None = None,
    lines: Quantities | None = None,
    delivery: Policy = "once",
) -> list[Fulfillment]:
    """Shop staff mark items as sent: all that is open, or {sku: quantity}."""
    found = shop.order(order)
    wanted = {
        line.id: line.open if lines is None else lines.get(line.sku, 0) for line in found.lines
    }
    made = []
    for work in list(found.work):
        part = {
            item.id: min(item.remaining, wanted[item.line_id])
            for item in work.lines
            if min(item.remaining, wanted[item.line_id])
        }
        if part:
            made.append(fulfill(shop, found, work, part, tracking, company, url))
    if not made:
        raise ControlError(f"Order {found.name} has nothing left to fulfill.")
    tell(shop, found, [*(("fulfillments/create", x) for x in made), "orders/updated"], delivery)
    return made


def update_tracking(
    shop: Shop,
    order: int | str,
    *,
    tracking: str | None = None,
    shipment_status: str | None = None,
    delivery: Policy = "once",
) -> Fulfillment:
    """The latest fulfillment gets another number, or a carrier status such as in_transit."""
    found = shop.order(order)
    if not found.fulfillments:
        raise ControlError(f"Order {found.name} has no fulfillment yet.")
    latest = found.fulfillments[-1]
    latest.tracking_number = tracking or latest.tracking_number
    latest.shipment_status = shipment_status or latest.shipment_status
    latest.updated_at = max(shop.now(), latest.updated_at + timedelta(seconds=1))
    tell(shop, found, ["fulfillments/update", "orders/updated"], delivery)
    return latest


def set_stock(shop: Shop, sku: str, location: str, available: int) -> int:
    """Shop staff type a new available quantity into the admin; gives the old one."""
    level = shop.stock(sku, location)
    before = level.available
    level.on_hand = available + level.committed
    return before


def _buyer(shop: Shop, customer: Person | Mapping[str, str] | None, pos: bool) -> Person | None:
    if isinstance(customer, Person):
        return customer
    if customer is None:
        return None if pos else person(shop.dice)
    invented = person(shop.dice)
    try:
        return replace(invented, **customer)
    except TypeError as error:
        raise ControlError(f"A customer has other fields than these: {error}") from error


def _new_order(shop: Shop, buyer: Person | None, till: int | None) -> Order:
    now, number = shop.now(), shop.next_number
    shop.next_number += 1
    address = _address(buyer) if buyer else None
    return Order(
        id=shop.new_id(),
        number=number,
        created_at=now,
        updated_at=now - timedelta(seconds=1),
        currency=shop.currency,
        customer=_customer(shop, buyer) if buyer else None,
        shipping_address=None if till else address,
        billing_address=address,
        lines=[],
        source_name="pos" if till else "web",
        location_id=till,
        tax_percent=TAX_PERCENT[buyer.country] if buyer else 19,
    )


def _customer(shop: Shop, buyer: Person) -> Customer:
    for order in shop.orders.values():
        if order.customer and order.customer.email == buyer.email:
            return order.customer
    who = (buyer.first_name, buyer.last_name, buyer.email, buyer.phone, buyer.locale)
    return Customer(shop.new_id(), *who)


def _address(buyer: Person) -> Address:
    return Address(
        buyer.first_name,
        buyer.last_name,
        buyer.address1,
        buyer.zip,
        buyer.city,
        buyer.country,
        COUNTRY_NAMES.get(buyer.country, buyer.country),
        phone=buyer.phone,
    )


def _wanted(
    shop: Shop, lines: Quantities | Sequence[Mapping[str, Any]] | None
) -> list[Mapping[str, Any]]:
    if lines is None:
        chosen = shop.dice.sample(shop.variants, shop.dice.choices((1, 2, 3), (5, 3, 2))[0])
        return [{"sku": v.sku, "quantity": shop.dice.choice((1, 1, 1, 2))} for v in chosen]
    if isinstance(lines, Mapping):
        return [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]
    return list(lines)


def _spread(lines: list[Line], discount: int) -> None:
    """Spread a discount over the lines by value, to the last cent."""
    gross = sum(line.price * line.ordered for line in lines)
    if not 0 <= discount <= gross:
        raise ControlError(f"A discount of {discount} does not fit goods worth {gross}.")
    seen = given = 0
    for line in lines:
        seen += line.price * line.ordered
        line.discount = discount * seen // gross - given if gross else 0
        given += line.discount


def _hand_over(shop: Shop, order: Order, location_id: int) -> None:
    for line in order.lines:
        line.fulfilled = line.ordered
        if line.variant:
            shop.level(line.variant, location_id).on_hand -= line.ordered
    record(shop, order, location_id, {line.id: line.ordered for line in order.lines})


def change_quantity(shop: Shop, order: Order, line: Line, quantity: int) -> None:
    if quantity < line.fulfilled:
        raise ControlError(f"{line.fulfilled} × {line.sku} of {order.name} are already fulfilled.")
    more = quantity - line.current
    if more > 0:
        line.ordered += more
        shop.assign(order, line, more)
    else:
        shop.release(order, line, -more)
    line.current = quantity


def assign(shop: Shop, order: Order, lines: Sequence[Line]) -> None:
    for line in lines:
        shop.assign(order, line, line.ordered)


def _moved(address: Address | None, changes: Mapping[str, Any]) -> Address:
    if address is None:
        raise ControlError("This order has no shipping address.")
    try:
        return replace(address, **changes)
    except TypeError as error:
        raise ControlError(f"An address has other fields than these: {error}") from error
