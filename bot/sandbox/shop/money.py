"""The mutations about money: what was set aside is captured or voided, what was taken goes back."""

from __future__ import annotations

from typing import Any

from bot.sandbox.shop.changes import give_back, tell
from bot.sandbox.shop.goods import Object, gid
from bot.sandbox.shop.model import TAKEN, Line, Order, Transaction, minor_units
from bot.sandbox.shop.objects import order_object, refund_object, transaction_object
from bot.sandbox.shop.reading import find_location, find_order
from bot.sandbox.shop.refusing import No
from bot.sandbox.shop.store import Shop

Words = dict[str, Any]


def refund_create(shop: Shop, words: Words) -> Object:
    """All or nothing; every share names the payment that gives it."""
    wanted = words["input"]
    order = _order(shop, wanted["orderId"])
    parts = [_part(order, one) for one in wanted.get("refundLineItems") or []]
    shares = [_share(order, one) for one in wanted.get("transactions") or []]
    money = sum(share for _, share in shares)
    if money > order.paid - order.refunded:
        raise No("Refund amount is more than was paid", "transactions", code="INVALID")
    made = give_back(shop, order, parts, money, *_restock(shop, wanted), shares)
    tell(shop, order, ["refunds/create", "orders/updated"])
    return {"refund": refund_object(shop, order, made), "order": order_object(shop, order)}


def _order(shop: Shop, name: str) -> Order:
    order = find_order(shop, name)
    if order is None:
        raise No("Order does not exist", "orderId", code="NOT_FOUND")
    return order


def _part(order: Order, one: Words) -> tuple[Line, int]:
    line = next((x for x in order.lines if gid("LineItem", x.id) == one["lineItemId"]), None)
    if line is None or not 0 < one["quantity"] <= line.ordered - line.refunded:
        message = "Quantity cannot refund more items than were purchased"
        raise No(message, "refundLineItems", code="INVALID")
    return line, one["quantity"]


def _share(order: Order, one: Words) -> tuple[Transaction, int]:
    parent = _entry(order, one.get("parentId"))
    amount = minor_units(one["amount"], order.currency)
    if one["kind"] != "REFUND" or parent is None or parent.kind not in TAKEN:
        raise No("Parent transaction can't be refunded", "transactions", code="INVALID")
    if not 0 < amount <= order.left_of(parent):
        message = "Refund amount is more than what is left of its payment"
        raise No(message, "transactions", code="INVALID")
    return parent, amount


def _restock(shop: Shop, wanted: Words) -> tuple[str, str | None, int | None]:
    """Restock type, note and place; the stand-in takes the first line's choice for all."""
    first: Words = next(iter(wanted.get("refundLineItems") or []), {})
    place = find_location(shop, first.get("locationId") or "")
    kind = (first.get("restockType") or "NO_RESTOCK").lower()
    if kind == "return" and place is None:
        raise No("Location must be specified to restock", "refundLineItems", code="INVALID")
    return kind, wanted.get("note"), place.id if place and kind == "return" else None


def capture(shop: Shop, words: Words) -> Object:
    """One capture ends an authorization, unless the store may capture several times."""
    wanted = words["input"]
    order = _order(shop, wanted["id"])
    held = _entry(order, wanted["parentTransactionId"])
    if held is None or held.kind != "authorization" or not order.left_of(held):
        raise No("Transaction can't be captured", "parentTransactionId")
    amount = minor_units(wanted["amount"], order.currency)
    if not 0 < amount <= order.left_of(held):
        raise No("Amount can't be greater than the authorized amount", "amount")
    made = _add(shop, order, "capture", amount, held)
    if wanted.get("finalCapture") and order.left_of(held):
        _add(shop, order, "void", order.left_of(held), held)
    topics = ["orders/updated"] if order.outstanding else ["orders/paid", "orders/updated"]
    tell(shop, order, topics)
    return {"transaction": transaction_object(order, made)}


def void(shop: Shop, words: Words) -> Object:
    for order in shop.orders.values():
        held = _entry(order, words["parentTransactionId"])
        if held is not None:
            if held.kind != "authorization" or not order.left_of(held):
                raise No("Transaction can't be voided", "parentTransactionId")
            made = _add(shop, order, "void", order.left_of(held), held)
            tell(shop, order, ["orders/updated"])
            return {"transaction": transaction_object(order, made)}
    raise No("Transaction does not exist", "parentTransactionId")


def _add(shop: Shop, order: Order, kind: str, amount: int, held: Transaction) -> Transaction:
    made = Transaction(shop.new_id(), kind, amount, shop.now(), held.id)
    order.transactions.append(made)
    return made


def _entry(order: Order, name: str | None) -> Transaction | None:
    found = (x for x in order.transactions if gid("OrderTransaction", x.id) == name)
    return next(found, None)
