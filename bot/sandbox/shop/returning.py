"""Returns of the store: made by apps, asked for by customers, decided in the admin, counted in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from bot.sandbox.shop.changes import line_of
from bot.sandbox.shop.goods import Object, gid, moment
from bot.sandbox.shop.model import Fulfillment, Line, Order
from bot.sandbox.shop.objects import line_object, order_object
from bot.sandbox.shop.payloads import stamp
from bot.sandbox.shop.reading import find_location, find_order
from bot.sandbox.shop.refusing import No
from bot.sandbox.shop.store import Shop
from bot.sandbox.shop.webhooks import Policy
from bot.sandbox.shop.wire import ControlError

Words = dict[str, Any]
NOTE_MOST, CUSTOMER_NOTE_MOST, DECLINE_MOST = 255, 300, 500


@dataclass(slots=True)
class ReturnLine:
    """Units of one sent line; `disposed` are (type, units) that were counted."""

    id: int
    fulfillment_id: int
    line_id: int
    quantity: int
    reason: str
    note: str = ""
    customer_note: str | None = None
    disposed: list[tuple[str, int]] = field(default_factory=list)

    @property
    def fulfillment_line_id(self) -> int:
        return self.fulfillment_id + self.line_id  # as objects.py names it

    @property
    def left(self) -> int:
        return self.quantity - sum(units for _, units in self.disposed)


@dataclass(slots=True)
class Return:
    id: int
    order_id: int
    name: str
    status: str
    created_at: datetime
    lines: list[ReturnLine]
    decline: tuple[str, str] | None = None


class Returns:
    """All returns of one store."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._made: list[Return] = shop.returns
        shop.show_returns = partial(returns_of, shop)

    # --- what apps may ask ------------------------------------------------------------------------

    def questions(self) -> dict[str, Callable[[Words], Any]]:
        return {
            "return": self._return,
            "returnableFulfillments": lambda words: self._able(words["orderId"]),
        }

    def mutations(self) -> dict[str, Callable[[Words], Object]]:
        return {
            "returnCreate": self._create,
            "returnApproveRequest": self._approve,
            "returnDeclineRequest": self._decline,
            "returnCancel": self._cancel,
            "returnClose": self._close,
            "reverseFulfillmentOrderDispose": self._dispose,
        }

    def _return(self, words: Words) -> Object | None:
        found = (one for one in self._made if gid("Return", one.id) == words["id"])
        return next((self._shown(one) for one in found), None)

    def _shown(self, one: Return) -> Object:
        return return_object(self._shop, self._order_of(one), one)

    def _able(self, name: str) -> list[Object]:
        order = find_order(self._shop, name)
        return [_able_object(self._shop, order, x) for x in order.fulfillments] if order else []

    def _create(self, words: Words) -> Object:
        wanted = words["returnInput"]
        order = find_order(self._shop, wanted["orderId"])
        if order is None:
            raise No("Order not found.", "returnInput", "orderId")
        lines = [self._line(order, one) for one in wanted["returnLineItems"]]
        if not lines:
            raise No("At least one return line item is required.", "returnInput", "returnLineItems")
        made = self._add(order, "OPEN", lines)
        self._tell("returns/approve", made)
        return {"return": self._shown(made)}

    def _line(self, order: Order, one: Words) -> ReturnLine:
        path = ("returnInput", "returnLineItems")
        if len(one.get("returnReasonNote") or "") > NOTE_MOST:
            raise No("Return reason note is too long (maximum is 255 characters)", *path)
        for parcel, line, able in _able(self._shop, order):
            if gid("FulfillmentLineItem", parcel.id + line.id) == one["fulfillmentLineItemId"]:
                if not 0 < one["quantity"] <= able:
                    raise No("Return line item has an invalid quantity.", *path, "quantity")
                words = (one.get("returnReason") or "UNKNOWN", one.get("returnReasonNote") or "")
                return ReturnLine(self._shop.new_id(), parcel.id, line.id, one["quantity"], *words)
        raise No("Fulfillment line item not found.", *path, "fulfillmentLineItemId")

    def _approve(self, words: Words) -> Object:
        one = self._one(words["input"]["id"], "REQUESTED", "Return is not approvable.")
        one.status = "OPEN"
        self._tell("returns/approve", one)
        return {"return": self._shown(one)}

    def _decline(self, words: Words) -> Object:
        wanted = words["input"]
        one = self._one(wanted["id"], "REQUESTED", "Return is not declinable.")
        note = wanted.get("declineNote") or ""
        if len(note) > DECLINE_MOST:
            raise No("Decline note is too long (maximum is 500 characters)", "input", "declineNote")
        one.status, one.decline = "DECLINED", (wanted["declineReason"], note)
        self._tell("returns/decline", one)
        return {"return": self._shown(one)}

    def _cancel(self, words: Words) -> Object:
        one = self._one(words["id"], "OPEN", "Return is not cancelable.")
        if any(line.disposed for line in one.lines):
            raise No("Return is not cancelable: items have been processed.", "id")
        one.status = "CANCELED"
        self._tell("returns/cancel", one)
        return {"return": self._shown(one)}

    def _close(self, words: Words) -> Object:
        one = self._one(words["id"], "OPEN", "Return is not closable.")
        one.status = "CLOSED"
        return {"return": self._shown(one)}

    def _one(self, name: str, status: str, no: str) -> Return:
        one = next((each for each in self._made if gid("Return", each.id) == name), None)
        if one is None:
            raise No("Return not found.", "id")
        if one.status != status:
            raise No(no, "id")
        return one

    def _dispose(self, words: Words) -> Object:
        """All or nothing. What is restocked is stock of the store at once."""
        parts = [self._disposed(one) for one in words["dispositionInputs"]]
        wanted: Counter[int] = Counter()
        for line, one in parts:
            wanted[line.id] += one["quantity"]
            if one["quantity"] < 1 or wanted[line.id] > line.left:
                raise No("The quantity to dispose exceeds what is left.", "dispositionInputs")
        for line, one in parts:
            line.disposed.append((one["dispositionType"], one["quantity"]))
            self._restock(line, one)
        shown = [_reverse_line(self._shop, self._owner(line), line) for line, _ in parts]
        return {"reverseFulfillmentOrderLineItems": shown}

    def _disposed(self, one: Words) -> tuple[ReturnLine, Words]:
        name = one["reverseFulfillmentOrderLineItemId"]
        for each in self._made:
            for line in each.lines:
                if (
                    gid("ReverseFulfillmentOrderLineItem", line.id) == name
                    and each.status == "OPEN"
                ):
                    return line, one
        raise No("Reverse fulfillment order line item not found.", "dispositionInputs")

    def _restock(self, line: ReturnLine, one: Words) -> None:
        if one["dispositionType"] != "RESTOCKED":
            return
        place = find_location(self._shop, one.get("locationId") or "")
        if place is None:
            raise No("A location is required to restock.", "dispositionInputs", "locationId")
        variant = self._owner(line).line(line.line_id).variant
        if variant:
            self._shop.level(variant, place.id).on_hand += one["quantity"]

    # --- what people do ---------------------------------------------------------------------------

    def ask(
        self,
        order: int | str,
        lines: Mapping[str, int],
        *,
        reason: str = "UNWANTED",
        note: str | None = None,
        delivery: Policy = "once",
    ) -> Return:
        """A customer asks to return {sku: quantity} of what was sent."""
        found = self._shop.order(order)
        asked = [x for sku, n in lines.items() for x in self._asked(found, sku, n, reason, note)]
        made = self._add(found, "REQUESTED", asked)
        self._tell("returns/request", made, delivery)
        return made

    def _asked(
        self, order: Order, sku: str, units: int, reason: str, note: str | None
    ) -> Iterator[ReturnLine]:
        wanted = line_of(order, sku)
        for parcel, line, able in _able(self._shop, order):
            part = min(units, able) if line.id == wanted.id else 0
            if part:
                units -= part
                yield ReturnLine(
                    self._shop.new_id(), parcel.id, line.id, part, reason, customer_note=note
                )
        if units:
            raise ControlError(f"{units} × {sku} of {order.name} cannot be returned.")

    def decide(self, name: str, act: str, delivery: Policy = "once") -> Return:
        """Staff of the store approve, decline, cancel or close a return (its name) in the admin."""
        one = next((each for each in self._made if each.name == name), None)
        if one is None:
            raise ControlError(f"There is no return {name}.")
        after = {"approve": "OPEN", "decline": "DECLINED", "cancel": "CANCELED", "close": "CLOSED"}
        one.status = after[act]
        if act != "close":
            self._tell(f"returns/{act}", one, delivery)
        return one

    # --- kept and told ----------------------------------------------------------------------------

    def _add(self, order: Order, status: str, lines: list[ReturnLine]) -> Return:
        number = sum(1 for each in self._made if each.order_id == order.id) + 1
        name, id_ = f"{order.name}-R{number}", self._shop.new_id()
        made = Return(id_, order.id, name, status, self._shop.now(), lines)
        self._made.append(made)
        return made

    def _tell(self, topic: str, one: Return, policy: Policy = "once") -> None:
        order = self._order_of(one)
        self._shop.webhooks.emit([(topic, return_payload(order, one))], policy)

    def _order_of(self, one: Return) -> Order:
        return self._shop.orders[one.order_id]

    def _owner(self, line: ReturnLine) -> Order:
        return next(self._order_of(each) for each in self._made if line in each.lines)


def _able(shop: Shop, order: Order) -> Iterator[tuple[Fulfillment, Line, int]]:
    """Units of each parcel that are in no living return."""
    gone: Counter[tuple[int, int]] = Counter()
    for each in shop.returns:
        if each.status not in ("DECLINED", "CANCELED"):
            for line in each.lines:
                gone[line.fulfillment_id, line.line_id] += line.quantity
    for parcel in order.fulfillments:
        for line_id, units in parcel.quantities.items():
            yield parcel, order.line(line_id), units - gone[parcel.id, line_id]


def _able_object(shop: Shop, order: Order, parcel: Fulfillment) -> Object:
    mine = [x for x in _able(shop, order) if x[0] is parcel and x[2] > 0]
    return {
        "id": gid("ReturnableFulfillment", parcel.id),
        "returnableFulfillmentLineItems": [
            {
                "quantity": able,
                "fulfillmentLineItem": _sent(shop, order, parcel.id + line.id, line.id, able),
            }
            for _, line, able in mine
        ],
    }


def _sent(shop: Shop, order: Order, id_: int, line_id: int, units: int) -> Object:
    return {
        "id": gid("FulfillmentLineItem", id_),
        "quantity": units,
        "lineItem": line_object(shop, order, order.line(line_id)),
    }


def returns_of(shop: Shop, order: Order) -> list[Object]:
    return [return_object(shop, order, one) for one in shop.returns if one.order_id == order.id]


def return_object(shop: Shop, order: Order, one: Return) -> Object:
    return {
        "id": gid("Return", one.id),
        "name": one.name,
        "status": one.status,
        "createdAt": moment(one.created_at),
        "totalQuantity": sum(line.quantity for line in one.lines),
        "decline": {"reason": one.decline[0], "note": one.decline[1]} if one.decline else None,
        "order": partial(order_object, shop, order),
        "returnLineItems": [_line_object(line) for line in one.lines],
        "reverseFulfillmentOrders": _reverse_orders(shop, order, one),
    }


def _line_object(line: ReturnLine) -> Object:
    return {
        "id": gid("ReturnLineItem", line.id),
        "quantity": line.quantity,
        "returnReason": line.reason,
        "returnReasonNote": line.note,
        "customerNote": line.customer_note,
    }


def _reverse_orders(shop: Shop, order: Order, one: Return) -> list[Object]:
    """What is expected back; there is none before somebody has said yes."""
    if one.status in ("REQUESTED", "DECLINED"):
        return []
    status = {"OPEN": "OPEN", "CLOSED": "CLOSED", "CANCELED": "CANCELED"}[one.status]
    lines = [_reverse_line(shop, order, line) for line in one.lines]
    return [{"id": gid("ReverseFulfillmentOrder", one.id), "status": status, "lineItems": lines}]


def _reverse_line(shop: Shop, order: Order, line: ReturnLine) -> Object:
    return {
        "id": gid("ReverseFulfillmentOrderLineItem", line.id),
        "totalQuantity": line.quantity,
        "dispositions": [{"type": kind, "quantity": units} for kind, units in line.disposed],
        "fulfillmentLineItem": _sent(
            shop, order, line.fulfillment_line_id, line.line_id, line.quantity
        ),
    }


def return_payload(order: Order, one: Return) -> dict[str, Any]:
    """The body of returns/* webhooks."""
    return {
        "id": one.id,
        "admin_graphql_api_id": gid("Return", one.id),
        "name": one.name,
        "status": one.status.lower(),
        "created_at": stamp(one.created_at),
        "order": {"id": order.id, "admin_graphql_api_id": gid("Order", order.id)},
        "total_return_line_items": len(one.lines),
        "decline": {"reason": one.decline[0].lower(), "note": one.decline[1]}
        if one.decline
        else None,
        "return_line_items": [
            {
                "id": line.id,
                "admin_graphql_api_id": gid("ReturnLineItem", line.id),
                "fulfillment_line_item": {
                    "id": line.fulfillment_line_id,
                    "line_item": {"id": line.line_id},
                },
                "quantity": line.quantity,
                "return_reason": line.reason.lower(),
                "return_reason_note": line.note,
                "customer_note": line.customer_note,
            }
            for line in one.lines
        ],
    }
