"""What is told back to the store: parcels and cancels here, stock next door; look, then act."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any

from core.commands.deliveries import LinkParcel
from core.commands.writeback import WATCHING
from core.db import channels
from core.db.connection import Session
from core.db.fulfillment import parcels_of
from core.db.shelf import untell
from core.domain.effects import Effect, Outcome, dead, done, later, unknown
from core.domain.shop import Connection, Mode
from core.domain.values import dataclass
from core.integrations.channels.shopify import client as c
from core.integrations.channels.shopify.access import Access, Store
from core.integrations.channels.shopify.edits import send_edit
from core.integrations.channels.shopify.nodes import Node, gid, number_of, words_of
from core.integrations.channels.shopify.returning import send_return
from core.integrations.channels.shopify.stock import send_stock

TOKEN_WAIT_SECONDS = 900.0

OPEN_WORK = """query Work($id: ID!) { order(id: $id) { cancelledAt
  fulfillmentOrders(first: 20) { nodes { id status assignedLocation { location { id } }
    lineItems(first: 50) { nodes { id remainingQuantity lineItem { id } } } } }
  fulfillments(first: 20) { id status trackingInfo(first: 5) { number }
    fulfillmentLineItems(first: 50) { nodes { quantity lineItem { id } } } } } }"""
FULFILL = """mutation Fulfill($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) {
    fulfillment { id } userErrors { field message } } }"""
RETRACK = """mutation Retrack($id: ID!, $info: FulfillmentTrackingInput!, $notify: Boolean) {
  fulfillmentTrackingInfoUpdate(fulfillmentId: $id, trackingInfoInput: $info,
    notifyCustomer: $notify) { fulfillment { id } userErrors { field message } } }"""
PREPARED = """mutation Prepared($input: FulfillmentOrderLineItemsPreparedForPickupInput!) {
  fulfillmentOrderLineItemsPreparedForPickup(input: $input) {
    userErrors { field message } } }"""
TRACKED = """query Tracked($id: ID!) { order(id: $id) {
  fulfillments(first: 20) { id trackingInfo(first: 5) { number } } } }"""
STATE = """query State($id: ID!) { order(id: $id) {
  cancelledAt displayFulfillmentStatus fulfillments(first: 5) { id status } } }"""
CANCEL = """mutation Cancel($id: ID!, $reason: OrderCancelReason!, $note: String, $notify: Boolean,
    $refund: Boolean) {
  orderCancel(orderId: $id, reason: $reason, restock: true, notifyCustomer: $notify,
    staffNote: $note, refundMethod: { originalPaymentMethodsRefund: $refund }) {
    job { id } orderCancelUserErrors { field message code } } }"""

Act = Callable[[Store, Effect], Awaitable[Outcome]]


def executors(access: Access) -> Mapping[str, Callable[[Effect], Awaitable[Outcome]]]:
    """Kind of effect → who carries it out; for the worker's Duties."""
    acts: dict[str, Act] = {
        "shopify.fulfillment": send_fulfillment,
        "shopify.tracking": send_tracking,
        "shopify.pickup": send_pickup,
        "shopify.cancel": send_cancel,
        "shopify.edit": send_edit,
        "shopify.stock": send_stock,
        "shopify.return": send_return,
    }
    return {kind: partial(_carry_out, access, act) for kind, act in acts.items()}


async def _carry_out(access: Access, act: Act, effect: Effect) -> Outcome:
    """Every way a call can go wrong, as an outcome."""
    store = await access.store(effect.shop_id, effect.connection_id)
    if not store.connection.active:
        return dead("the connection is switched off")
    if store.shop.mode is Mode.WATCH:
        return await _held_back(store, effect)
    try:
        return await act(store, effect)
    except c.Busy as problem:
        return later(str(problem), problem.seconds)
    except c.NotReached as problem:
        return later(str(problem))
    except c.TokenRefused as problem:
        return later(f"{problem}: enter a new one", TOKEN_WAIT_SECONDS)
    except c.Unsure as problem:
        return unknown(str(problem))
    except c.NotUnderstood as problem:
        return dead(f"the shop does not understand us: {problem}")


async def _held_back(store: Store, effect: Effect) -> Outcome:
    """The shop went to watch mode after this was planned; only stock is told when it leaves it."""
    if effect.kind == "shopify.stock":
        sku, place = effect.payload["sku"], effect.payload["location_id"]
        await store.write(lambda uow: untell(uow.session, store.shop.id, sku, place))
    return Outcome("done", WATCHING, result={"suppressed": True})


# --- fulfillment ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sending:
    """A parcel as planned: units per line of the shop, and its tracking."""

    parcel_id: int
    units: Mapping[str, int]
    number: str
    company: str
    url: str

    @property
    def tracking(self) -> dict[str, str]:
        told = {"number": self.number, "company": self.company, "url": self.url}
        return {name: value for name, value in told.items() if value}


async def send_fulfillment(store: Store, effect: Effect) -> Outcome:
    """Tell the shop that a parcel left; what the shop has already is only written down."""
    sending = _sending(effect.payload)
    asked = await store.ask(OPEN_WORK, id=gid("Order", effect.payload["external_id"]))
    order = asked["order"]
    if order is None:
        return dead("the shop does not know this order")
    known, ours = await store.read(partial(_linked, sending.parcel_id))
    look = effect.unknown_before or effect.attempt > 1
    present = _present(order, sending, known, ours, look=look)
    parts = _parts(order, _lacking(sending, present))
    if present and (parts is None or not look):
        return await _retold(store, sending, present[0])
    if order["cancelledAt"] is not None:
        return dead("the order is canceled in the shop")
    if parts is None:
        return dead("the shop has less left to fulfill than what we sent; compare the order there")
    notify = tells_shipped(store.connection)
    made = [await _fulfill(store, one, sending, notify) for one in parts]
    failed = next((words for _, words in made if words), "")
    ids = [number for number, _ in made if number]
    if ids:
        await _link(store, sending.parcel_id, ids[0])
    return dead(f"the shop refused: {failed}") if failed else done(fulfillment=ids[0])


def tells_shipped(connection: Connection) -> bool:
    """Whether “shipped” is the shop's message: then it is asked to send it."""
    return not connection.is_ours("shipped")


def _sending(payload: Mapping[str, Any]) -> Sending:
    return Sending(
        parcel_id=payload["parcel_id"],
        units={str(x["line"]): int(x["quantity"]) for x in payload.get("lines", ())},
        number=payload.get("tracking_number") or "",
        company=payload.get("carrier") or "",
        url=payload.get("tracking_url") or "",
    )


def _linked(parcel_id: int, session: Session) -> tuple[str | None, set[str]]:
    """The shop's id of this parcel, and of the order's other parcels."""
    order_id = channels.order_of_parcel(session, parcel_id)
    parcels = parcels_of(session, order_id) if order_id is not None else []
    known = {one.id: one.external_id for one in parcels if one.external_id}
    return known.get(parcel_id), {ext for i, ext in known.items() if i != parcel_id}


def _present(
    order: Node, sending: Sending, known: str | None, others: set[str], *, look: bool
) -> list[Node]:
    """What the shop has of this parcel: one fulfillment for each of its places.

    By the id we know, else by tracking number. Equal lines count only when we may have been there
    before: two equal parcels without numbers are two parcels.
    """
    every: list[Node] = order["fulfillments"]
    ours = [one for one in every if number_of(one["id"]) == known]
    for one in every:
        is_free = one["status"] == "SUCCESS" and number_of(one["id"]) not in {known, *others}
        tracked = {info["number"] for info in one["trackingInfo"]}
        is_named = bool(sending.number) and sending.number in tracked
        is_equal = not (tracked and sending.number) and _units(one) == dict(sending.units)
        if is_free and (is_named or (look and is_equal)):
            ours.append(one)
    return ours


def _lacking(sending: Sending, present: Iterable[Node]) -> dict[str, int]:
    """Units of the parcel that the shop does not have as sent."""
    left = Counter(sending.units)
    for one in present:
        left -= Counter(_units(one))
    return dict(left)


def _units(fulfillment: Node) -> dict[str, int]:
    nodes = fulfillment["fulfillmentLineItems"]["nodes"]
    return {number_of(line["lineItem"]["id"]): line["quantity"] for line in nodes}


async def _retold(store: Store, sending: Sending, present: Node) -> Outcome:
    """The shop has it: write the id down, and pass on a tracking number that it lacks."""
    number = number_of(present["id"])
    await _link(store, sending.parcel_id, number)
    if not sending.number or sending.number in {x["number"] for x in present["trackingInfo"]}:
        return done(fulfillment=number)
    return await _retrack(store, present["id"], sending)


async def send_tracking(store: Store, effect: Effect) -> Outcome:
    """A parcel that the shop knows got another number; told twice, its customer hears it twice."""
    sending = _sending(effect.payload)
    known, _ = await store.read(partial(_linked, sending.parcel_id))
    number = known or effect.payload.get("fulfillment")
    if not number:
        return dead("the shop does not know this parcel")
    if effect.unknown_before and sending.number in await _tracked(store, effect, number):
        return done(fulfillment=number, already=True)
    return await _retrack(store, gid("Fulfillment", number), sending)


async def _tracked(store: Store, effect: Effect, number: str) -> set[str]:
    """The tracking numbers that the shop has for a fulfillment."""
    answer = await store.ask(TRACKED, id=gid("Order", effect.payload["external_id"]))
    sent: list[Node] = answer["order"]["fulfillments"] if answer["order"] else []
    of_this = (one["trackingInfo"] for one in sent if number_of(one["id"]) == number)
    return {str(info["number"]) for infos in of_this for info in infos}


async def _retrack(store: Store, fulfillment: str, sending: Sending) -> Outcome:
    answer = await store.ask(
        RETRACK, id=fulfillment, info=sending.tracking, notify=tells_shipped(store.connection)
    )
    errors = answer["fulfillmentTrackingInfoUpdate"]["userErrors"]
    if errors:
        return dead(f"the shop refused: {words_of(errors)}")
    return done(fulfillment=number_of(fulfillment))


def _parts(order: Node, units: Mapping[str, int]) -> list[list[dict[str, Any]]] | None:
    """Our units on the shop's open work, grouped by the shop's place; None if they do not fit."""
    left = dict(units)
    groups: dict[str, list[dict[str, Any]]] = {}
    for work in order["fulfillmentOrders"]["nodes"]:
        if work["status"] not in ("OPEN", "IN_PROGRESS"):
            continue
        taken = _take(work, left)
        if taken:
            place = (work["assignedLocation"]["location"] or {}).get("id", "")
            part = {"fulfillmentOrderId": work["id"], "fulfillmentOrderLineItems": taken}
            groups.setdefault(place, []).append(part)
    return None if any(left.values()) or not groups else list(groups.values())


def _take(work: Node, left: dict[str, int]) -> list[dict[str, Any]]:
    taken = []
    for item in work["lineItems"]["nodes"]:
        line = number_of(item["lineItem"]["id"])
        quantity = min(left.get(line, 0), item["remainingQuantity"])
        if quantity:
            left[line] -= quantity
            taken.append({"id": item["id"], "quantity": quantity})
    return taken


async def _fulfill(
    store: Store, parts: list[dict[str, Any]], sending: Sending, notify: bool
) -> tuple[str, str]:
    """(the new fulfillment's id, what the shop said against it)."""
    wanted: dict[str, Any] = {"lineItemsByFulfillmentOrder": parts, "notifyCustomer": notify}
    if sending.tracking:
        wanted["trackingInfo"] = sending.tracking
    answer = (await store.ask(FULFILL, fulfillment=wanted))["fulfillmentCreate"]
    if answer["userErrors"] or answer["fulfillment"] is None:
        return "", words_of(answer["userErrors"])
    return number_of(answer["fulfillment"]["id"]), ""


async def _link(store: Store, parcel_id: int, number: str) -> None:
    await store.execute(LinkParcel(parcel_id, number))


# --- pickup --------------------------------------------------------------------------------------


async def send_pickup(store: Store, effect: Effect) -> Outcome:
    """Tell the shop that goods lie ready; it writes to the customer, so it is only told where that
    message is its own."""
    order = (await store.ask(OPEN_WORK, id=gid("Order", effect.payload["external_id"])))["order"]
    if order is None:
        return dead("the shop does not know this order")
    if order["cancelledAt"] is not None:
        return dead("the order is canceled in the shop")
    units = {str(x["line"]): int(x["quantity"]) for x in effect.payload.get("lines", ())}
    groups = _parts(order, units)
    if groups is None:
        return dead("the shop has less left to fulfill than what lies ready")
    works = [{"fulfillmentOrderId": x["fulfillmentOrderId"]} for group in groups for x in group]
    answer = await store.ask(PREPARED, input={"lineItemsByFulfillmentOrder": works})
    errors = answer["fulfillmentOrderLineItemsPreparedForPickup"]["userErrors"]
    return dead(f"the shop refused: {words_of(errors)}") if errors else done()


# --- cancel --------------------------------------------------------------------------------------


async def send_cancel(store: Store, effect: Effect) -> Outcome:
    """Cancel the order in the shop; one that is canceled there is done."""
    order_id = gid("Order", effect.payload["external_id"])
    order = (await store.ask(STATE, id=order_id))["order"]
    if order is None:
        return dead("the shop does not know this order")
    if order["cancelledAt"] is not None:
        return done(already=True)
    if any(one["status"] == "SUCCESS" for one in order["fulfillments"]):
        return dead("the shop has sent parts of this order; it cannot be canceled there")
    reason = str(effect.payload.get("reason", ""))
    answer = await store.ask(
        CANCEL,
        id=order_id,
        reason=cancel_reason(reason),
        note=reason[:250],
        notify=not store.connection.is_ours("canceled"),
        refund=bool(effect.payload.get("refund", False)),
    )
    errors = answer["orderCancel"]["orderCancelUserErrors"]
    if errors:
        refused = f"the shop refused: {words_of(errors)}"
        return later(refused) if effect.unknown_before else dead(refused)  # or is it under way?
    return done(job=answer["orderCancel"]["job"]["id"])


_REASONS = {
    "CUSTOMER": ("customer", "changed", "mind", "kunde", "widerruf"),
    "FRAUD": ("fraud", "betrug"),
    "INVENTORY": ("stock", "sold out", "inventory", "bestand", "ausverkauft"),
    "DECLINED": ("declined", "payment", "zahlung"),
}


def cancel_reason(words: str) -> str:
    """Shopify's own reason that fits what a person wrote."""
    said = words.casefold()
    found = (name for name, marks in _REASONS.items() if any(mark in said for mark in marks))
    return next(found, "OTHER")
