"""The mutations of the Admin API: business refusals are userErrors, success echoes webhooks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from bot.sandbox.shop import acts
from bot.sandbox.shop.changes import fulfill, tell
from bot.sandbox.shop.editing import Editing
from bot.sandbox.shop.execute import Resolver
from bot.sandbox.shop.goods import Object, gid, item_object, location_object, subscription_object
from bot.sandbox.shop.language import GraphQLError
from bot.sandbox.shop.model import Fulfillment, FulfillmentOrder, Order
from bot.sandbox.shop.money import capture, refund_create, void
from bot.sandbox.shop.objects import fulfillment_object
from bot.sandbox.shop.reading import find_location, find_order, find_variant
from bot.sandbox.shop.refusing import No
from bot.sandbox.shop.returning import Returns
from bot.sandbox.shop.store import Level, Shop
from bot.sandbox.shop.wire import ControlError

REASONS = (
    "correction", "cycle_count_available", "damaged", "movement_created", "movement_updated",
    "movement_received", "movement_canceled", "other", "promotion", "quality_control", "received",
    "reservation_created", "reservation_deleted", "reservation_updated", "restock",
    "safety_stock", "shrinkage",
)  # fmt: skip

Words = dict[str, Any]
SUBJECTS = (
    "fulfillment", "webhookSubscription", "calculatedOrder", "calculatedLineItem", "order",
    "successMessages", "transaction", "return", "reverseFulfillmentOrderLineItems",
)  # fmt: skip


def mutations(shop: Shop) -> dict[str, Resolver]:
    """Root field of Mutation → how it is carried out."""
    edits = {name: _plainly(act) for name, act in Editing(shop).mutations().items()}
    returns = {name: _plainly(act) for name, act in Returns(shop).mutations().items()}
    return {
        **edits,
        **returns,
        "fulfillmentCreate": _plainly(lambda words: _fulfillment_create(shop, words)),
        "fulfillmentOrderLineItemsPreparedForPickup": _plainly(
            lambda words: _prepared(shop, words)
        ),
        "fulfillmentTrackingInfoUpdate": _plainly(lambda words: _tracking_update(shop, words)),
        "orderCancel": lambda words, _: _order_cancel(shop, words),
        "webhookSubscriptionCreate": _plainly(lambda words: _subscribe(shop, words)),
        "inventorySetQuantities": Once("inventoryAdjustmentGroup", shop, _set_quantities),
        "refundCreate": Once("refund", shop, refund_create),
        "orderCapture": _plainly(lambda words: capture(shop, words)),
        "transactionVoid": _plainly(lambda words: void(shop, words)),
    }


def _plainly(act: Callable[[Words], Object]) -> Resolver:
    def carry_out(words: Words, _directives: Mapping[str, Any]) -> Object:
        try:
            return {**act(words), "userErrors": []}
        except No as no:
            nothing = dict.fromkeys(SUBJECTS)
            return {**nothing, "userErrors": [no.shown(coded=True)]}

    return carry_out


class Once:
    """A mutation that must carry `@idempotent(key: …)`: a repeated key gets the first answer."""

    def __init__(self, subject: str, shop: Shop, act: Callable[[Shop, Words], Object]) -> None:
        self._subject, self._shop, self._act = subject, shop, act
        self._answers: dict[str, tuple[str, Object]] = {}

    def __call__(self, words: Words, directives: Mapping[str, Words]) -> Object:
        key = directives.get("idempotent", {}).get("key")
        if not key:
            message = "The @idempotent directive is required for this mutation but was not provided"
            raise GraphQLError(message, "BAD_REQUEST")
        asked = json.dumps(words, sort_keys=True)
        if key not in self._answers:
            answer = self._first(words)
            if not answer["userErrors"]:
                self._answers[key] = (asked, answer)
            return answer
        before, answer = self._answers[key]
        if before != asked:
            code = "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
            return self._refused(No("The same key was used with other parameters.", code=code))
        return answer

    def _first(self, words: Words) -> Object:
        try:
            return {**self._act(self._shop, words), "userErrors": []}
        except No as no:
            return self._refused(no)

    def _refused(self, no: No) -> Object:
        return {self._subject: None, "order": None, "userErrors": [no.shown(coded=True)]}


def _prepared(shop: Shop, words: Words) -> Object:
    """Goods lie ready in a store: open work of an order that is collected there."""
    for one in words["input"]["lineItemsByFulfillmentOrder"]:
        order, work, _ = _part(shop, {**one, "fulfillmentOrderLineItems": None})
        names = {place.name for place in shop.locations}
        if order.shipping_title not in names:
            raise No("The fulfillment order is not for pickup.", "input")
        work.ready_for_pickup = True
    return {}


def _fulfillment_create(shop: Shop, words: Words) -> Object:
    wanted = words["fulfillment"]
    parts = [_part(shop, one) for one in wanted["lineItemsByFulfillmentOrder"]]
    if not parts:
        raise No("There is nothing to fulfill.", "fulfillment", "lineItemsByFulfillmentOrder")
    if len({(order.id, work.location_id) for order, work, _ in parts}) > 1:
        raise No("All fulfillment orders must be of one order and location.", "fulfillment")
    track = wanted.get("trackingInfo") or {}
    info = (track.get("number"), track.get("company"), track.get("url"))
    order = parts[0][0]
    for _, work, quantities in parts:
        made = fulfill(shop, order, work, quantities, *info)
    made = _joined(order, made, len(parts))
    tell(shop, order, ["fulfillments/create", "orders/updated"])
    return {"fulfillment": fulfillment_object(shop, order, made)}


def _joined(order: Order, made: Fulfillment, parts: int) -> Fulfillment:
    """Several fulfillment orders of one place leave as one fulfillment."""
    for extra in order.fulfillments[-parts:-1]:
        made.quantities = {**extra.quantities, **made.quantities}
        order.fulfillments.remove(extra)
    return made


def _part(shop: Shop, wanted: Words) -> tuple[Order, FulfillmentOrder, dict[int, int]]:
    path = ("fulfillment", "lineItemsByFulfillmentOrder")
    for order in shop.orders.values():
        for work in order.work:
            if gid("FulfillmentOrder", work.id) == wanted["fulfillmentOrderId"]:
                return order, work, _quantities(work, wanted, path)
    raise No("Fulfillment order does not exist.", *path)


def _quantities(work: FulfillmentOrder, wanted: Words, path: tuple[str, ...]) -> dict[int, int]:
    if work.status not in ("OPEN", "IN_PROGRESS"):
        message = f"Fulfillment order {work.id} has an unfulfillable status= {work.status.lower()}."
        raise No(message, *path)
    left = {gid("FulfillmentOrderLineItem", x.id): x for x in work.lines}
    chosen = wanted.get("fulfillmentOrderLineItems")
    if not chosen:
        return {item.id: item.remaining for item in work.lines}
    for one in chosen:
        if one["id"] not in left:
            raise No("Fulfillment order line item does not exist.", *path)
        if not 0 < one["quantity"] <= left[one["id"]].remaining:
            raise No("Invalid fulfillment order line item quantity requested.", *path)
    return {left[one["id"]].id: one["quantity"] for one in chosen}


def _tracking_update(shop: Shop, words: Words) -> Object:
    for order in shop.orders.values():
        for one in order.fulfillments:
            if gid("Fulfillment", one.id) == words["fulfillmentId"]:
                info = words["trackingInfoInput"]
                one.tracking_number = info.get("number", one.tracking_number)
                one.tracking_company = info.get("company", one.tracking_company)
                one.tracking_url = info.get("url", one.tracking_url)
                one.updated_at = max(shop.now(), one.updated_at + timedelta(seconds=1))
                tell(shop, order, [("fulfillments/update", one), "orders/updated"])
                return {"fulfillment": fulfillment_object(shop, order, one)}
    raise No("Fulfillment does not exist.", "fulfillmentId")


def _order_cancel(shop: Shop, words: Words) -> Object:
    order = find_order(shop, words["orderId"])
    money = (words.get("refundMethod") or {}).get("originalPaymentMethodsRefund", False)
    try:
        if order is None:
            raise No("Order does not exist", "orderId", code="NOT_FOUND")
        reason = words["reason"].lower()
        acts.cancel(shop, order.id, reason=reason, restock=words["restock"], refund_money=money)
    except ControlError as error:
        return _not_canceled(No(str(error), "orderId"))
    except No as no:
        return _not_canceled(no)
    job = {"id": gid("Job", shop.new_id()), "done": False}
    return {"job": job, "orderCancelUserErrors": [], "userErrors": []}


def _not_canceled(no: No) -> Object:
    errors = {"orderCancelUserErrors": [no.shown(True)], "userErrors": [no.shown(False)]}
    return {"job": None, **errors}


def _set_quantities(shop: Shop, words: Words) -> Object:
    """All or nothing; each quantity names the one it changes from, or null to force it."""
    wanted = words["input"]
    if wanted["name"] not in ("available", "on_hand"):
        message = "The quantity name must be either 'available' or 'on_hand'."
        raise No(message, "input", "name", code="INVALID_NAME")
    if wanted["reason"] not in REASONS:
        raise No("The specified reason is invalid.", "input", "reason", code="INVALID_REASON")
    found = [_level(shop, wanted["name"], n, x) for n, x in enumerate(wanted["quantities"])]
    changes = []
    for level, item, place, quantity in found:
        before = getattr(level, wanted["name"])
        level.on_hand += quantity - before
        changes.append(
            {
                "name": wanted["name"],
                "delta": quantity - before,
                "quantityAfterChange": quantity,
                "item": item,
                "location": place,
            }
        )
    return {"inventoryAdjustmentGroup": _group(shop, wanted, changes)}


def _group(shop: Shop, wanted: Words, changes: list[Object]) -> Object:
    return {
        "id": gid("InventoryAdjustmentGroup", shop.new_id()),
        "createdAt": shop.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "reason": wanted["reason"],
        "referenceDocumentUri": wanted.get("referenceDocumentUri"),
        "changes": [one for one in changes if one["delta"]],
    }


def _level(shop: Shop, name: str, number: int, wanted: Words) -> tuple[Level, Object, Object, int]:
    path = ("input", "quantities", str(number))
    if "changeFromQuantity" not in wanted:
        message = "changeFromQuantity must be given; pass null to skip the comparison"
        raise GraphQLError(message, "BAD_REQUEST")
    variant = find_variant(shop, wanted["inventoryItemId"])
    place = find_location(shop, wanted["locationId"])
    if variant is None:
        code = "INVALID_INVENTORY_ITEM"
        raise No(
            "The specified inventory item could not be found.", *path, "inventoryItemId", code=code
        )
    if place is None:
        message = "The specified location could not be found."
        raise No(message, *path, "locationId", code="INVALID_LOCATION")
    level = shop.level(variant, place.id)
    expected = wanted["changeFromQuantity"]
    if expected is not None and expected != getattr(level, name):
        message = "The changeFromQuantity argument no longer matches the persisted quantity."
        raise No(message, *path, "changeFromQuantity", code="CHANGE_FROM_QUANTITY_STALE")
    return level, item_object(shop, variant), location_object(place), wanted["quantity"]


def _subscribe(shop: Shop, words: Words) -> Object:
    uri = words["webhookSubscription"].get("uri") or ""
    topic = words["topic"].lower().replace("_", "/", 1)
    if not uri.startswith(("http://127.0.0.1", "https://", "http://localhost")):
        raise No("Address is not allowed", "webhookSubscription", "callbackUrl")
    if any((one.topic, one.uri) == (topic, uri) for one in shop.webhooks.subscriptions):
        message = "Address for this topic has already been taken"
        raise No(message, "webhookSubscription", "callbackUrl")
    return {"webhookSubscription": subscription_object(shop.webhooks.subscribe(topic, uri))}
