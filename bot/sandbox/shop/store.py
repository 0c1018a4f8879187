"""The shop's memory: catalog, stock per place, orders, and who was told what."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.sandbox.shop.catalog import LOCATIONS, VARIANTS, Location, Variant, opening_stock
from bot.sandbox.shop.model import FulfillmentOrder, Line, Order, WorkLine
from bot.sandbox.shop.webhooks import TOPICS, Patience, Subscription, Webhooks
from bot.sandbox.shop.wire import Clock, ControlError, Faults, Transcript

TOKEN = "shpat_sandbox"
SECRET = "shop-webhook-secret"


@dataclass(slots=True)
class Level:
    """What lies at one place: available = on hand minus committed to open orders."""

    on_hand: int = 0
    committed: int = 0

    @property
    def available(self) -> int:
        return self.on_hand - self.committed


class Shop:
    """One store. Acts (acts.py) change it; payloads.py and objects.py show it to the world."""

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int = 1,
        domain: str = "nordlicht-soehne.myshopify.com",
        token: str = TOKEN,
        secret: str = SECRET,
        currency: str = "EUR",
        first_number: int = 1001,
        variants: tuple[Variant, ...] = VARIANTS,
        locations: tuple[Location, ...] = LOCATIONS,
        patience: Patience | None = None,
    ) -> None:
        self.clock, self.dice = clock, random.Random(seed)
        self.domain, self.token, self.currency = domain, token, currency
        self.variants, self.locations = variants, locations
        self.transcript, self.faults = Transcript(clock), Faults()
        self.webhooks = Webhooks(domain, secret, clock, self.transcript, patience or Patience())
        self.orders: dict[int, Order] = {}
        self.returns: list[Any] = []  # returning.py makes and shows them
        self.show_returns: Callable[[Order], list[dict[str, Any]]] = lambda _: []
        self.next_number = first_number
        self._last_id = 5_800_000_000_000
        self.levels = {
            (variant.inventory_item_id, place.id): Level(opening_stock(variant, place))
            for variant in variants
            for place in locations
        }

    def connect(self, base: str, connection: str) -> list[Subscription]:
        """Send every topic to `{base}/hooks/shopify/{connection}` from now on."""
        uri = f"{base.rstrip('/')}/hooks/shopify/{connection}"
        held = {(one.topic, one.uri) for one in self.webhooks.subscriptions}
        return [self.webhooks.subscribe(t, uri) for t in TOPICS if (t, uri) not in held]

    def new_id(self) -> int:
        self._last_id += 101
        return self._last_id

    def order(self, reference: int | str) -> Order:
        """By id, by number or by name ("#1001")."""
        text = str(reference).removeprefix("#")
        for order in self.orders.values():
            if text in (str(order.id), str(order.number)):
                return order
        raise ControlError(f"The shop has no order {reference}.")

    def variant(self, sku: str) -> Variant | None:
        return next((one for one in self.variants if one.sku == sku), None)

    def location(self, reference: int | str) -> Location:
        for place in self.locations:
            if str(reference) in (place.code, str(place.id)):
                return place
        raise ControlError(f"The shop has no location {reference}.")

    def level(self, variant: Variant, location_id: int) -> Level:
        return self.levels[variant.inventory_item_id, location_id]

    def stock(self, sku: str, location: int | str) -> Level:
        variant = self.variant(sku)
        if variant is None:
            raise ControlError(f"The shop sells nothing called {sku!r}.")
        return self.level(variant, self.location(location).id)

    def touch(self, order: Order) -> None:
        """Every change moves `updated_at` on, by at least a second: no two versions share it."""
        now = self.clock().replace(microsecond=0)
        order.updated_at = max(now, order.updated_at + timedelta(seconds=1))

    def now(self) -> datetime:
        return self.clock().replace(microsecond=0)

    def assign(self, order: Order, line: Line, quantity: int) -> None:
        """Give work to a place: to the store whose name the shipping line is; else a line goes
        whole to the first that has it, or to the first."""
        chosen = (one for one in self.locations if one.name == order.shipping_title)
        place = next(chosen, None) or self._place_for(line, quantity)
        item = WorkLine(self.new_id(), line.id, quantity, quantity)
        self._work_at(order, place.id).lines.append(item)
        if line.variant:
            self.level(line.variant, place.id).committed += quantity

    def _place_for(self, line: Line, quantity: int) -> Location:
        shipping = [place for place in self.locations if place.ships]
        for place in shipping:
            if line.variant and self.level(line.variant, place.id).available >= quantity:
                return place
        return shipping[0]

    def _work_at(self, order: Order, location_id: int) -> FulfillmentOrder:
        for work in order.work:
            if work.location_id == location_id and work.status == "OPEN":
                return work
        made = FulfillmentOrder(self.new_id(), location_id)
        order.work.append(made)
        return made

    def release(self, order: Order, line: Line, quantity: int, restock: bool = True) -> None:
        """Take open work of a line back; its stock is free again, or gone when not restocked."""
        for work in order.work:
            for item in work.lines:
                if item.line_id != line.id or not quantity:
                    continue
                taken = min(quantity, item.remaining)
                item.remaining -= taken
                item.total -= taken
                quantity -= taken
                if line.variant:
                    level = self.level(line.variant, work.location_id)
                    level.committed -= taken
                    level.on_hand -= 0 if restock else taken
            settle(work)


def settle(work: FulfillmentOrder) -> None:
    """Nothing left to do closes the work; nothing ever done cancels it."""
    if any(item.remaining for item in work.lines):
        work.status = "OPEN" if all(x.remaining == x.total for x in work.lines) else "IN_PROGRESS"
    else:
        work.status = "CLOSED" if any(item.total for item in work.lines) else "CANCELLED"
