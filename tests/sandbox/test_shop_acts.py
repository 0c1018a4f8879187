"""The stand-in shop sells, changes its mind and tells the world in signed webhooks."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.sandbox.shop import acts
from bot.sandbox.shop.app import shop_app
from bot.sandbox.shop.catalog import VARIANTS
from bot.sandbox.shop.model import decimal_text, minor_units
from bot.sandbox.shop.people import person
from bot.sandbox.shop.store import Shop
from bot.sandbox.shop.webhooks import RETRY_MINUTES, Patience
from bot.sandbox.shop.wire import ControlError, served

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Hands:
    """A clock that moves when told."""

    now: datetime = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Listener:
    """What a receiver of webhooks got, and with which status it answers."""

    status: int = 200
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def hear(self, request: Request) -> Response:
        self.got.append((dict(request.headers), await request.body()))
        return Response(status_code=self.status)

    def topics(self) -> list[str]:
        return [headers["x-shopify-topic"] for headers, _ in self.got]

    def bodies(self) -> list[dict]:
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def shop(clock: Hands) -> Shop:
    return Shop(clock, secret="s3cret")


@asynccontextmanager
async def listening(shop: Shop, status: int = 200):
    listener = Listener(status)
    route = Route("/hooks/shopify/7", listener.hear, methods=["POST"])
    async with served(Starlette(routes=[route])) as base:
        shop.connect(base, "7")
        yield listener


def is_signed(headers: dict[str, str], body: bytes) -> bool:
    digest = hmac.new(b"s3cret", body, hashlib.sha256).digest()
    return headers["x-shopify-hmac-sha256"] == base64.b64encode(digest).decode()


def test_the_catalog_has_forty_different_things_and_the_people_cannot_be_reached():
    assert len({variant.sku for variant in VARIANTS}) == 40
    people = [person(random.Random(number)) for number in range(200)]
    assert {one.country for one in people} == {"DE", "AT", "NL", "FR", "GB"}
    assert all(one.email.isascii() and ".example." not in one.email for one in people)
    assert all(one.email.endswith(("@example.com", "@example.org")) for one in people)


def test_money_is_text_with_the_currencys_own_decimals():
    assert [decimal_text(5, "EUR"), decimal_text(-1690, "EUR")] == ["0.05", "-16.90"]
    assert [decimal_text(500, "JPY"), decimal_text(1234, "KWD")] == ["500", "1.234"]
    assert minor_units("16.9", "EUR") == 1690
    with pytest.raises(ValueError, match="more decimals"):
        minor_units("1.005", "EUR")


def test_the_same_seed_sells_the_same_things_to_the_same_people(clock: Hands):
    def story(seed: int) -> list:
        shop = Shop(clock, seed=seed)
        return [(o.customer, o.lines, o.total) for o in (acts.place_order(shop) for _ in range(9))]

    assert story(3) == story(3)
    assert story(3) != story(4)


async def test_an_order_arrives_signed_over_its_raw_bytes_in_the_rest_shape(shop: Shop):
    async with listening(shop) as listener:
        order = acts.place_order(
            shop, {"mug-red": 2, "tee-black-m": 1}, discount=500, tags=("vip",), note="ring twice"
        )
        await shop.webhooks.deliver()
    headers, body = listener.got[0]
    told = json.loads(body)
    assert listener.topics() == ["orders/create", "orders/paid"]
    assert is_signed(headers, body)
    assert headers["x-shopify-api-version"] == "2026-10"
    assert headers["x-shopify-triggered-at"] == "2026-11-20T09:30:00Z"
    assert told["id"] == order.id
    assert told["name"] == "#1001"
    assert told["created_at"] == "2026-11-20T10:30:00+01:00"
    assert told["total_price"] == "62.70" == decimal_text(3380 + 2900 - 500 + 490, "EUR")
    assert told["financial_status"] == "paid"
    assert told["fulfillment_status"] is None
    given = [line["discount_allocations"][0]["amount"] for line in told["line_items"]]
    assert sum(minor_units(amount, "EUR") for amount in given) == 500
    assert [line["sku"] for line in told["line_items"]] == ["mug-red", "tee-black-m"]


async def test_a_till_sale_is_paid_and_handed_over_and_its_stock_is_gone(shop: Shop):
    store, level = shop.location("MUC"), shop.stock("mug-red", "MUC")
    before = level.available
    async with listening(shop) as listener:
        acts.place_order(shop, {"mug-red": 2}, pos=True)
        await shop.webhooks.deliver()
    told = listener.bodies()[0]
    assert level.available == before - 2
    assert listener.topics() == ["orders/create", "orders/paid", "fulfillments/create"]
    assert (told["source_name"], told["fulfillment_status"]) == ("pos", "fulfilled")
    assert (told["location_id"], told["shipping_address"]) == (store.id, None)
    assert told["fulfillments"][0]["tracking_number"] is None


@pytest.mark.parametrize(
    ("policy", "topics"),
    [
        ("once", ["orders/create", "orders/paid"]),
        ("twice", ["orders/create", "orders/create", "orders/paid", "orders/paid"]),
        ("reordered", ["orders/paid", "orders/create"]),
        ("dropped", []),
        ("late", []),
    ],
)
async def test_each_delivery_policy_sends_what_it_promises(shop: Shop, policy, topics):
    async with listening(shop) as listener:
        acts.place_order(shop, delivery=policy)
        await shop.webhooks.deliver()
    assert listener.topics() == topics


async def test_a_repeated_delivery_carries_the_same_ids_and_bytes(shop: Shop):
    async with listening(shop) as listener:
        acts.place_order(shop, paid=False, delivery="twice")
        await shop.webhooks.deliver()
    (first, body), (second, again) = listener.got
    assert body == again
    assert first["x-shopify-webhook-id"] == second["x-shopify-webhook-id"]
    assert first["x-shopify-event-id"] == second["x-shopify-event-id"]


async def test_two_deliveries_at_once_send_each_webhook_once(shop: Shop):
    async with listening(shop) as listener:
        acts.place_order(shop)
        await asyncio.gather(shop.webhooks.deliver(), shop.webhooks.deliver())
    assert listener.topics() == ["orders/create", "orders/paid"]


def test_goodwill_money_is_not_owed_again(shop: Shop):
    order = acts.place_order(shop, {"mug-red": 2})
    acts.refund(shop, order.number, amount=100)
    assert (order.outstanding, order.financial_status) == (0, "partially_refunded")
    with pytest.raises(ControlError, match="nothing left to pay"):
        acts.pay(shop, order.number)


async def test_a_late_webhook_comes_hours_later_with_the_state_of_its_own_time(
    shop: Shop, clock: Hands
):
    async with listening(shop) as listener:
        order = acts.place_order(shop, paid=False, delivery="late")
        acts.pay(shop, order.number)
        await shop.webhooks.deliver()
        clock.now += timedelta(hours=7)
        await shop.webhooks.deliver()
    assert listener.topics() == ["orders/paid", "orders/updated", "orders/create"]
    assert listener.bodies()[-1]["financial_status"] == "pending"


async def test_a_tampered_webhook_fails_its_signature_and_is_not_tried_again(shop: Shop):
    async with listening(shop, status=401) as listener:
        acts.place_order(shop, paid=False, delivery="tampered")
        await shop.webhooks.deliver()
    assert not is_signed(*listener.got[0])
    assert [one.state for one in shop.webhooks.deliveries] == ["failed"]


async def test_a_malformed_webhook_is_signed_and_yet_no_json(shop: Shop):
    async with listening(shop) as listener:
        acts.place_order(shop, paid=False, delivery="malformed")
        await shop.webhooks.deliver()
    assert is_signed(*listener.got[0])
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        listener.bodies()


async def test_a_refused_webhook_is_tried_eight_times_more_then_the_subscription_ends(
    shop: Shop, clock: Hands
):
    async with listening(shop, status=500) as listener:
        acts.place_order(shop, paid=False)
        await shop.webhooks.deliver()
        await shop.webhooks.deliver()
        assert len(listener.got) == 1, "nothing is due before the clock moved"
        for minutes in RETRY_MINUTES:
            clock.now += timedelta(minutes=minutes)
            await shop.webhooks.deliver()
    assert len(listener.got) == 9
    assert shop.webhooks.deliveries[0].state == "failed"
    assert "orders/create" not in {one.topic for one in shop.webhooks.subscriptions}
    assert "orders/updated" in {one.topic for one in shop.webhooks.subscriptions}


async def test_the_shop_waits_no_longer_than_its_patience(clock: Hands):
    shop = Shop(clock, patience=Patience(connect=0.05, total=0.05))
    held = []

    async def silent(request: Request) -> Response:
        held.append(await request.body())
        await request.receive()
        return Response()

    route = Route("/hooks/shopify/7", silent, methods=["POST"])
    async with served(Starlette(routes=[route])) as base:
        shop.connect(base, "7")
        acts.place_order(shop, paid=False)
        await shop.webhooks.deliver()
    assert held
    assert shop.webhooks.deliveries[0].statuses == [None]
    assert shop.webhooks.deliveries[0].state == "due"


async def test_a_receiver_that_is_down_gets_the_webhook_later(shop: Shop):
    shop.connect("http://127.0.0.1:9", "7")
    acts.place_order(shop, paid=False)
    await shop.webhooks.deliver()
    assert shop.webhooks.deliveries[0].statuses == [None]
    assert shop.webhooks.due(everything=True) == shop.webhooks.deliveries


async def test_an_edit_changes_quantities_address_and_stock(shop: Shop):
    async with listening(shop) as listener:
        order = acts.place_order(shop, {"mug-red": 3, "tote-black": 1})
        berlin = shop.stock("mug-red", "BER")
        held = berlin.committed
        acts.edit_order(
            shop,
            order.name,
            quantities={"mug-red": 1},
            add={"candle-small": 2},
            remove=["tote-black"],
            address={"city": "Potsdam", "zip": "14467"},
        )
        await shop.webhooks.deliver()
    told = listener.bodies()[-1]
    now = {line["sku"]: line["current_quantity"] for line in told["line_items"]}
    assert now == {"mug-red": 1, "tote-black": 0, "candle-small": 2}
    assert told["shipping_address"]["city"] == "Potsdam"
    assert berlin.committed == held - 2
    assert [line["quantity"] for line in told["line_items"]] == [3, 1, 2]
    assert told["updated_at"] > listener.bodies()[0]["updated_at"]


def test_a_raised_quantity_grows_the_same_line_and_its_work(shop: Shop):
    order = acts.place_order(shop, {"mug-red": 1})
    acts.edit_order(shop, order.number, quantities={"mug-red": 4})
    assert [(line.ordered, line.current, line.open) for line in order.lines] == [(4, 4, 4)]
    assert sum(item.remaining for work in order.work for item in work.lines) == 4
    assert (order.financial_status, order.outstanding) == ("partially_paid", 3 * 1690)


async def test_all_news_of_one_act_share_the_event_but_not_the_delivery(shop: Shop):
    async with listening(shop) as listener:
        acts.place_order(shop)
        acts.place_order(shop, paid=False)
        await shop.webhooks.deliver()
    heads = [headers for headers, _ in listener.got]
    events = [headers["x-shopify-event-id"] for headers in heads]
    assert events[0] == events[1] != events[2]
    assert len({headers["x-shopify-webhook-id"] for headers in heads}) == 3


def test_a_canceled_order_gives_money_and_stock_back_and_stays_canceled(shop: Shop):
    level = shop.stock("mug-red", "BER")
    before = level.available
    order = acts.place_order(shop, {"mug-red": 3})
    acts.cancel(shop, order.number)
    assert (order.financial_status, order.refunded) == ("refunded", order.paid)
    assert level.available == before
    with pytest.raises(ControlError, match="already canceled"):
        acts.cancel(shop, order.number)


def test_an_order_that_was_partly_sent_cannot_be_canceled(shop: Shop):
    order = acts.place_order(shop, {"mug-red": 3})
    acts.fulfill_in_admin(shop, order.number, tracking="JJD1", lines={"mug-red": 1})
    assert order.fulfillment_status == "partial"
    with pytest.raises(ControlError, match="cannot be canceled"):
        acts.cancel(shop, order.number)
    assert order.cancelled_at is None


def test_refunds_never_exceed_what_was_bought_or_paid(shop: Shop):
    order = acts.place_order(shop, {"mug-red": 2})
    acts.fulfill_in_admin(shop, order.number)
    made = acts.refund(shop, order.number, lines={"mug-red": 1}, restock="HAM")
    assert (made.amount, order.financial_status) == (1690, "partially_refunded")
    with pytest.raises(ControlError, match="cannot be refunded"):
        acts.refund(shop, order.number, lines={"mug-red": 2})
    with pytest.raises(ControlError, match="left to refund"):
        acts.refund(shop, order.number, amount=order.paid)
    assert len(order.refunds) == 1


async def test_the_control_api_acts_and_says_what_it_does_not_understand(shop: Shop):
    transport = httpx2.ASGITransport(app=shop_app(shop))
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as client:
        good = await client.post("/control/place_order", json={"lines": {"no-such-sku": 1}})
        odd = await client.post("/control/place_order", json={"colour": "red"})
        none = await client.post("/control/cancel", json={"order": 4711})
        lost = await client.post("/control/dance", json={})
        state = (await client.get("/control/state")).json()
    assert good.json()["result"]["lines"] == {"no-such-sku": 1}
    assert [odd.status_code, none.status_code, lost.status_code] == [400, 400, 404]
    assert "no order 4711" in none.json()["error"]
    assert len(state["orders"]) == 1
