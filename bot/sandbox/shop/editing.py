"""Order editing by the Admin API: begun, staged step by step; only the commit changes anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from bot.sandbox.shop.acts import assign, change_quantity
from bot.sandbox.shop.changes import new_line, tell
from bot.sandbox.shop.goods import Object, bag, gid
from bot.sandbox.shop.model import Address, Line, Order, minor_units
from bot.sandbox.shop.objects import order_object
from bot.sandbox.shop.people import COUNTRY_NAMES
from bot.sandbox.shop.reading import find_order
from bot.sandbox.shop.refusing import No
from bot.sandbox.shop.store import Shop
from bot.sandbox.shop.wire import ControlError

Words = dict[str, Any]


@dataclass(slots=True)
class Edit:
    """One edit session: quantities by line, discounts by line for all its units, new lines."""

    id: int
    order: Order
    quantities: dict[int, int] = field(default_factory=dict)
    discounts: dict[int, int] = field(default_factory=dict)
    added: list[tuple[str, int]] = field(default_factory=list)

    def quantity(self, line: Line) -> int:
        return self.quantities.get(line.id, line.current)

    @property
    def subtotal(self) -> int:
        kept = sum(x.subtotal(self.quantity(x)) for x in self.order.lines)
        return kept - sum(self.discounts.values())


class Editing:
    """The mutations of order editing; `edits` are the sessions that are open."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._edits: dict[str, Edit] = {}

    def mutations(self) -> dict[str, Callable[[Words], Object]]:
        return {
            "orderEditBegin": self._begin,
            "orderEditSetQuantity": self._set_quantity,
            "orderEditAddVariant": self._add_variant,
            "orderEditAddLineItemDiscount": self._add_discount,
            "orderEditCommit": self._commit,
            "orderUpdate": self._update,
        }

    def _begin(self, words: Words) -> Object:
        order = find_order(self._shop, words["id"])
        if order is None:
            raise No("The order does not exist.", "id")
        if order.cancelled_at is not None:
            raise No("The order cannot be edited because it is canceled.", "id")
        edit = Edit(self._shop.new_id(), order)
        self._edits[gid("CalculatedOrder", edit.id)] = edit
        return {"calculatedOrder": _calculated(edit)}

    def _set_quantity(self, words: Words) -> Object:
        edit = self._found(words)
        line = _line(edit, words["lineItemId"])
        if words["quantity"] < line.fulfilled:
            raise No("Quantity cannot be lower than what was fulfilled.", "quantity")
        edit.quantities[line.id] = words["quantity"]
        return {"calculatedLineItem": _calculated_line(edit, line), **_whole(edit)}

    def _add_variant(self, words: Words) -> Object:
        edit = self._found(words)
        variant = next(
            (x for x in self._shop.variants if gid("ProductVariant", x.id) == words["variantId"]),
            None,
        )
        if variant is None:
            raise No("The variant does not exist.", "variantId")
        if words["quantity"] < 1:
            raise No("Quantity must be greater than 0.", "quantity")
        known = any(line.variant is variant and edit.quantity(line) for line in edit.order.lines)
        if known and not words["allowDuplicates"]:
            raise No("The variant is on the order already.", "variantId")
        edit.added.append((variant.sku, words["quantity"]))
        return {"calculatedLineItem": None, **_whole(edit)}

    def _add_discount(self, words: Words) -> Object:
        edit = self._found(words)
        line, value = _line(edit, words["lineItemId"]), words["discount"].get("fixedValue")
        if value is None or value["currencyCode"] != edit.order.currency:
            raise No("The stand-in takes a fixed value in the order's currency.", "discount")
        quantity = edit.quantity(line)
        amount = minor_units(value["amount"], edit.order.currency) * quantity
        if not 0 < amount <= line.subtotal(quantity):
            raise No("The discount does not fit the line item.", "discount", "fixedValue")
        edit.discounts[line.id] = amount
        return {"calculatedLineItem": _calculated_line(edit, line), **_whole(edit)}

    def _commit(self, words: Words) -> Object:
        edit = self._found(words)
        order = edit.order
        try:
            for line in order.lines:
                change_quantity(self._shop, order, line, edit.quantity(line))
        except ControlError as error:
            raise No(str(error), "id") from error
        for line_id, amount in edit.discounts.items():
            order.line(line_id).discount += amount
        lines = [new_line(self._shop, order, {"sku": s, "quantity": n}) for s, n in edit.added]
        order.lines.extend(lines)
        assign(self._shop, order, lines)
        del self._edits[words["id"]]
        tell(self._shop, order, ["orders/updated"])
        return {"order": order_object(self._shop, order), "successMessages": ["Order updated"]}

    def _update(self, words: Words) -> Object:
        wanted = words["input"]
        order = find_order(self._shop, wanted["id"])
        if order is None:
            raise No("Order does not exist", "id")
        if "note" in wanted:
            order.note = wanted["note"]
        if wanted.get("shippingAddress"):
            order.shipping_address = _address(order, wanted["shippingAddress"])
        tell(self._shop, order, ["orders/updated"])
        return {"order": order_object(self._shop, order)}

    def _found(self, words: Words) -> Edit:
        edit = self._edits.get(words["id"])
        if edit is None:
            raise No("The calculated order does not exist.", "id")
        return edit


def _line(edit: Edit, wanted: str) -> Line:
    for line in edit.order.lines:
        if gid("CalculatedLineItem", line.id) == wanted:
            return line
    raise No("The line item does not exist.", "lineItemId")


def _whole(edit: Edit) -> Object:
    return {"calculatedOrder": _calculated(edit)}


def _calculated(edit: Edit) -> Object:
    return {
        "id": gid("CalculatedOrder", edit.id),
        "subtotalPriceSet": bag(edit.subtotal, edit.order.currency),
        "lineItems": [_calculated_line(edit, line) for line in edit.order.lines],
    }


def _calculated_line(edit: Edit, line: Line) -> Object:
    return {
        "id": gid("CalculatedLineItem", line.id),
        "sku": line.sku,
        "title": line.product,
        "quantity": edit.quantity(line),
    }


def _address(order: Order, wanted: Words) -> Address:
    if order.shipping_address is None:
        raise No("The order needs no shipping address.", "shippingAddress")
    names = {"firstName": "first_name", "lastName": "last_name", "countryCode": "country_code"}
    plain = {names.get(name, name): value for name, value in wanted.items()}
    code = plain.get("country_code", order.shipping_address.country_code)
    country = COUNTRY_NAMES.get(code, code)
    return replace(order.shipping_address, country=country, **plain)
