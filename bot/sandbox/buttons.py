"""The demo page's buttons: each does one thing to the town and says what came of it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from bot.sandbox.carrier import ScanPolicy
from bot.sandbox.customer import WebCustomer
from bot.sandbox.shop import acts
from bot.sandbox.shop.model import Order
from bot.sandbox.shop.webhooks import Delivery
from bot.sandbox.shop.wire import ControlError
from bot.sandbox.stripe.model import Intent
from bot.sandbox.supervisor import Supervisor
from bot.sandbox.town import News, Town
from core.integrations.calling import new_http

if TYPE_CHECKING:
    from bot.sandbox.demo import Place

WAY = ("InTransit_PickedUp", "InTransit_Departure", "OutForDelivery", "Delivered")
EXAMPLE = "shipped 1201 00340434161094777001 DHL"
PLACES = ("Berlin", "Hannover", "Köln", "")


@dataclass
class Panel:
    """The buttons' hold on the town and on the app."""

    town: Town
    app: Supervisor
    key: str
    checkout_key: str = ""
    place: Place | None = None  # the whole sandbox, once it is open

    def __post_init__(self) -> None:
        self.visitor = WebCustomer(self.app.base)

    async def new_visitor(self, language: str) -> None:
        """Somebody else sits down before the web chat."""
        await self.visitor.close()
        self.visitor = WebCustomer(self.app.base, language)

    async def press(self, name: str, words: Mapping[str, Any] | None = None) -> News:
        if name not in BUTTONS:
            raise ControlError(f"No button is called {name!r}; there are {', '.join(BUTTONS)}.")
        await self.app.ready()
        return await BUTTONS[name](self, **(words or {}))

    async def call(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        """The app's own API, as the warehouse's scanner would use it."""
        headers = {"Authorization": f"Bearer {self.key}"} | (
            {"Idempotency-Key": key} if key else {}
        )
        async with new_http(10) as client:
            url = self.app.base + path
            return await client.request(method, url, json=body, headers=headers)

    async def bring(self, order: Any) -> Any:
        """An order of the shop's own checkout."""
        headers = {"Authorization": f"Bearer {self.checkout_key}"}
        headers["Idempotency-Key"] = f"checkout-{order['external_id']}"
        async with new_http(10) as client:
            return await client.post(f"{self.app.base}/api/v1/orders", json=order, headers=headers)

    async def hooks(self, everything: bool = False) -> list[Delivery]:
        """Send what the shop has to tell; gives the deliveries that went out."""
        return await self.town.shop.webhooks.deliver(everything)


Button = Callable[..., Awaitable[News]]
BUTTONS: dict[str, Button] = {}


def button(act: Button) -> Button:
    BUTTONS[act.__name__] = act
    return act


@button
async def place_order(panel: Panel, **words: Any) -> News:
    """Somebody buys something in the shop."""
    order = acts.place_order(panel.town.shop, **words)
    lines = await _told(panel)
    return panel.town.tell(f"{_buyer(order)} placed order {order.number}", _goods(order), *lines)


@button
async def order_by_card(panel: Panel, sku: str = "mug-red", quantity: int = 2) -> News:
    """A checkout of the shop's own brings an order in that its customer paid with a card."""
    stripe, shop = panel.town.stripe, panel.town.shop
    variant = shop.variant(sku)
    if variant is None:
        raise ControlError(f"Nobody sells {sku!r}.")
    number = f"C{1 + len(stripe.intents)}"
    paid = stripe.pay(variant.price * quantity, shop.currency, order=number, manual=False)
    answer = await panel.bring(_card_order(panel, number, sku, quantity, paid))
    words = f"HTTP {answer.status_code}: {paid.amount / 100:.2f} by {paid.id}"
    title = f"Order {number} was paid by card"
    return panel.town.tell(title, words, good=answer.is_success)


def _card_order(panel: Panel, number: str, sku: str, quantity: int, paid: Intent) -> dict[str, Any]:
    line: dict[str, Any] = {"sku": sku, "quantity": quantity, "external_id": f"{number}-1"}
    line |= {"unit_price": paid.amount // quantity, "total": paid.amount}
    payment: dict[str, Any] = {"gateway": "stripe", "external_id": paid.id}
    payment |= {"authorized": paid.amount, "captured": paid.received}
    home = {"name": "Emil Vogt", "street": "Markt 1", "zip": "04109", "city": "Leipzig"}
    return {
        "external_id": number,
        "number": number,
        "currency": panel.town.shop.currency,
        "placed_at": panel.town.clock().isoformat(),
        "email": "emil.vogt@example.com",
        "customer_name": "Emil Vogt",
        "ship_to": home | {"country": "DE"},
        "lines": [line],
        "payments": [payment],
    }


@button
async def bank_asks_back(panel: Panel) -> News:
    """Somebody pays by card, and then goes to their bank, which asks the money back."""
    bought = await order_by_card(panel)
    stripe = panel.town.stripe
    asked = stripe.dispute(list(stripe.intents)[-1])
    await stripe.post.deliver()
    number = bought.title.split()[1]
    words = f"{asked.id}: {asked.amount / 100:.2f}, {asked.reason}"
    return panel.town.tell(f"A bank asks back the money of order {number}", words)


@button
async def same_webhook_twice(panel: Panel, **words: Any) -> News:
    """The shop sends every webhook of one order two times."""
    order = acts.place_order(panel.town.shop, delivery="twice", **words)
    lines = await _told(panel)
    return panel.town.tell(f"Order {order.number} was told twice; it is one order", *lines)


@button
async def edit_in_shop(panel: Panel, order: int | str | None = None, **changes: Any) -> News:
    """Somebody changes an order in the shop's admin: one more of its first line, by default."""
    found = panel.town.shop.order(order) if order else _editable(panel.town)
    if not changes:
        line = next(line for line in found.lines if line.current)
        changes = {"quantities": {line.sku: line.current + 1}}
    acts.edit_order(panel.town.shop, found.number, **changes)
    lines = await _told(panel)
    return panel.town.tell(f"Order {found.number} was edited in the shop", _goods(found), *lines)


@button
async def till_sale(
    panel: Panel, sku: str = "beanie-rust", quantity: int = 1, location: str = "MUC"
) -> News:
    """A store sells over its till."""
    order = acts.place_order(panel.town.shop, {sku: quantity}, pos=True, location=location)
    lines = await _told(panel)
    title = f"{location} sold {quantity} × {sku} over the till (order {order.number})"
    return panel.town.tell(title, *lines)


@button
async def refund_in_shop(panel: Panel, order: int | str, **words: Any) -> News:
    """The shop's own admin gives money back."""
    refund = acts.refund(panel.town.shop, order, **words)
    lines = await _told(panel)
    title = f"The shop refunded {refund.amount / 100:.2f} of order {order}"
    return panel.town.tell(title, *lines)


@button
async def carrier_scan(
    panel: Panel, number: str = "", status: str = "", delivery: ScanPolicy = "once", **more: Any
) -> News:
    """The carrier scans a parcel: the one handed over last, one step further, by default."""
    carrier = panel.town.carrier
    parcel = number or _parcel_under_way(panel.town)
    step = _steps(panel.town, parcel)
    seen = carrier.scan(
        parcel, status or WAY[step], more.pop("place", PLACES[step]), delivery=delivery, **more
    )
    pushed = await carrier.deliver()
    words = [f"push → {_answers(one.attempts, one.state)}" for one in pushed]
    if carrier.on_strike:
        words = ["held back: the carrier is on strike"]
    title = f"Parcel {parcel}: {seen.sub_status or seen.status}"
    return panel.town.tell(title, *(words or ["kept back for later"]))


@button
async def scanner_receives_return(panel: Panel, number: str = "") -> News:
    """The warehouse's scanner reads the code on a parcel that came back."""
    number = number or await _return_under_way(panel)
    body = {"number": number, "location": "BER"}
    answer = await panel.call(
        "POST", "/api/v1/commands/receive_return", body, key=f"scanner-{uuid4()}"
    )
    said = answer.json()
    words = said.get("sentence") or said.get("detail") or said.get("title", "")
    title = f"The scanner reads return {number}"
    return panel.town.tell(title, f"HTTP {answer.status_code}: {words}", good=answer.is_success)


@button
async def carrier_strike(panel: Panel, on: bool | None = None) -> News:
    """The carrier's people stop working, or begin again."""
    carrier = panel.town.carrier
    wanted = not carrier.on_strike if on is None else on
    count = carrier.strike(wanted)
    await carrier.deliver()
    if wanted:
        return panel.town.tell("The carrier is on strike", f"{count} parcels reported delayed")
    return panel.town.tell("The strike is over", f"{count} scans arrive that were held back")


@button
async def advance(panel: Panel, hours: float = 9) -> News:
    """Hours pass: for the house and for everybody around it."""
    by = timedelta(hours=hours)
    panel.town.clock.advance(by)
    answer = await panel.call("POST", "/sandbox/clock", {"advance_seconds": by.total_seconds()})
    if not answer.is_success:
        panel.town.clock.advance(-by)
        raise ControlError(f"The app keeps its own time: HTTP {answer.status_code}.")
    late = await panel.hooks()
    now = panel.town.clock()
    words = [f"it is {now:%a %d %b, %H:%M} UTC", *([f"{len(late)} late webhooks"] if late else [])]
    passed = f"{hours:g} hours" if hours >= 1 else f"{hours * 60:.0f} minutes"
    return panel.town.tell(f"{passed} later", *words)


@button
async def kill_the_server(panel: Panel) -> News:
    """kill -9; nothing that was accepted may be lost."""
    before = panel.app.pid
    seconds = await panel.app.kill()
    began = time.monotonic()
    await panel.hooks(everything=True)
    words = f"process {before} → {panel.app.pid}, back after {seconds:.1f} s"
    told = f"waiting webhooks sent in {1000 * (time.monotonic() - began):.0f} ms"
    return panel.town.tell("The server was killed (kill -9)", words, told)


# --- what the evidence says ----------------------------------------------------------------------


async def _told(panel: Panel) -> list[str]:
    began = time.monotonic()
    sent = await panel.hooks()
    spent = 1000 * (time.monotonic() - began)
    lines = [_delivery_words(one) for one in sent]
    return [*lines, f"{len(sent)} webhooks in {spent:.0f} ms"] if sent else ["no webhook was sent"]


def _delivery_words(one: Delivery) -> str:
    status = one.statuses[-1] if one.statuses else None
    event = one.headers["X-Shopify-Event-Id"][:8]
    webhook = one.headers["X-Shopify-Webhook-Id"][:8]
    return f"{one.topic} → {status or 'no answer'} · webhook {webhook} · event {event}"


def _answers(attempts: int, state: str) -> str:
    return f"{state} after {attempts} tr{'y' if attempts == 1 else 'ies'}"


def _buyer(order: Order) -> str:
    who = order.customer
    return f"{who.first_name} {who.last_name}" if who else "Somebody"


def _goods(order: Order) -> str:
    lines = [f"{line.current} × {line.sku}" for line in order.lines if line.current]
    who = f" · {order.customer.email}" if order.customer else ""
    return ", ".join(lines) + who


# --- what a button means when nothing is said ----------------------------------------------------


def _editable(town: Town) -> Order:
    for order in reversed(town.shop.orders.values()):
        open_line = any(line.open for line in order.lines)
        if open_line and not order.cancelled_at and order.source_name == "web":
            return order
    raise ControlError("Nothing is left to edit; place an order first.")


def _parcel_under_way(town: Town) -> str:
    handed = [one for order in town.shop.orders.values() for one in order.fulfillments]
    for one in sorted(handed, key=lambda one: one.created_at, reverse=True):
        number = one.tracking_number
        if number and _steps(town, number, full=True) < len(WAY):
            return number
    raise ControlError(f"No parcel is under way: ship one first, for example `{EXAMPLE}`.")


def _steps(town: Town, number: str, full: bool = False) -> int:
    """How far a parcel has come on its usual way."""
    parcel = town.carrier.parcels.get(number.upper())
    seen = {scan.sub_status for scan in parcel.scans} if parcel else set()
    done = [n for n, one in enumerate(WAY, 1) if any(s.startswith(one) for s in seen)]
    return max(done, default=0) if full else min(max(done, default=0), len(WAY) - 1)


async def _return_under_way(panel: Panel) -> str:
    answer = await panel.call("GET", "/api/v1/returns")
    for one in answer.json().get("items", []) if answer.is_success else []:
        if one.get("status") == "approved":
            return str(one["number"])
    raise ControlError("No return is on its way: ask for one in the chat first.")
