"""Webhooks of a Shopify store become orders, once each, in whatever way they arrive."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.sandbox.shop import acts
from bot.sandbox.shop.store import SECRET
from bot.sandbox.shop.webhooks import signature
from core.db import tables as t
from core.integrations.secrets import seal_secrets
from tests.shop import SHOPIFY
from tests.shopify import HOOK, Town, make_town

pytestmark = pytest.mark.anyio


@pytest.fixture
async def town(database: str) -> AsyncIterator[Town]:
    town = make_town(database)
    yield town
    await town.close()


def counter(town: Town, name: str = "webhooks_refused") -> int:
    return sum(row["value"] for row in town.shop.rows(t.counter, name=name))


def nothing_stored(town: Town) -> bool:
    return not town.shop.rows(t.inbox) and not town.shop.rows(t.orders)


# --- the day's work ------------------------------------------------------------------------------


async def test_an_order_with_discount_tax_and_shipping_arrives_to_the_cent(town: Town):
    theirs = town.buy(
        {"mug-red": 2, "tee-black-m": 1}, discount=628, note="ring twice", tags=["VIP"]
    )
    assert set(await town.bring()) == {200}
    order = town.shop.rows(t.orders)[0]
    assert order["number"] == str(theirs.number)
    assert (order["total"], order["captured"]) == (theirs.total, theirs.paid)
    assert (order["discount"], order["shipping"]) == (628, 490)
    assert (order["email"], order["note"]) == (theirs.customer.email, "ring twice")
    assert json.loads(order["tags"]) == ["vip"]
    lines = town.shop.rows(t.order_line)
    assert [(x["sku"], x["allocated"]) for x in lines] == [("mug-red", 2), ("tee-black-m", 1)]
    assert sum(x["total"] for x in lines) + 490 == theirs.total
    assert order["payment_status"] == "paid"


async def test_the_same_message_twice_is_one_order_and_one_answer(town: Town):
    town.buy(delivery="twice")
    await town.bring()
    assert len(town.shop.rows(t.orders)) == 1
    assert len(town.shop.rows(t.inbox)) == 2  # created and paid
    assert [x["reserved"] for x in town.shop.rows(t.stock_level, sku="mug-red")].count(1) == 1


async def test_an_edit_in_the_shop_grows_shrinks_and_moves_the_order(town: Town):
    theirs = town.buy({"mug-red": 3})
    await town.bring()
    town.shop.clock.advance(minutes=5)
    acts.edit_order(
        town.store, theirs.number, quantities={"mug-red": 2}, add={"sock-grey": 1},
        address={"city": "Potsdam"},
    )  # fmt: skip
    await town.bring()
    lines = {x["sku"]: x for x in town.shop.rows(t.order_line)}
    assert (lines["mug-red"]["canceled"], lines["mug-red"]["allocated"]) == (1, 2)
    assert lines["sock-grey"]["ordered"] == 1
    assert json.loads(town.shop.rows(t.orders)[0]["ship_to"])["city"] == "Potsdam"


async def test_a_canceled_order_gives_its_stock_back_and_never_comes_alive_again(town: Town):
    theirs = town.buy({"mug-red": 2})
    old = town.store.webhooks.due()[0]
    await town.bring()
    town.shop.clock.advance(minutes=5)
    acts.cancel(town.store, theirs.number)
    await town.bring()
    late = {**old.headers, "X-Shopify-Webhook-Id": "late", "X-Shopify-Event-Id": "late"}
    assert (await town.http.post(HOOK, content=old.body, headers=late)).status_code == 200
    order = town.shop.rows(t.orders)[0]
    assert order["status"] == "canceled"
    assert (order["captured"], order["refunded"]) == (theirs.paid, theirs.paid)
    assert all(x["reserved"] == 0 for x in town.shop.rows(t.stock_level))


async def test_a_till_sale_is_handed_over_at_its_store_and_routes_nothing(town: Town):
    before = {x["location_id"]: x["on_hand"] for x in town.shop.rows(t.stock_level, sku="mug-red")}
    town.buy({"mug-red": 1}, pos=True, location="HAM")
    await town.bring()
    after = {x["location_id"]: x["on_hand"] for x in town.shop.rows(t.stock_level, sku="mug-red")}
    assert {k: before[k] - after[k] for k in before} == {11: 0, 12: 1, 13: 0}
    order = town.shop.rows(t.orders)[0]
    assert (order["channel"], order["handed_over"], order["sends_messages"]) == ("pos", 1, 0)
    assert town.shop.rows(t.fulfillment_order) == []


async def test_an_unknown_sku_is_captured_and_waits_for_a_person(town: Town):
    town.buy({"mug-red": 1, "never-heard-of": 1})
    await town.bring()
    kinds = [case["kind"] for case in town.shop.rows(t.cases)]
    assert kinds == ["unknown_sku"]
    assert [x["allocated"] for x in town.shop.rows(t.order_line)] == [1, 0]


async def test_a_refund_in_the_shop_is_counted_once(town: Town):
    theirs = town.buy({"mug-red": 2})
    await town.bring()
    acts.fulfill_in_admin(town.store, theirs.number, tracking="JJD7")
    town.shop.clock.advance(days=2)
    acts.refund(town.store, theirs.number, lines={"mug-red": 1}, delivery="twice")
    await town.bring()
    order = town.shop.rows(t.orders)[0]
    assert order["refunded"] == 1690
    assert order["total"] == theirs.total
    assert [x["tracking_number"] for x in town.shop.rows(t.parcel)] == ["JJD7"]


# --- what goes wrong on the way ------------------------------------------------------------------


async def test_any_order_of_arrival_ends_in_the_same_books(town: Town, rng: random.Random):
    """Shuffled, repeated, late: the oracle is the store itself."""
    for step in range(6):
        theirs = town.buy({"mug-red": 2, "sock-grey": 1}, paid=step % 2 == 0)
        town.shop.clock.advance(minutes=3)
        acts.edit_order(town.store, theirs.number, quantities={"sock-grey": 0}, note="edited")
        if step % 3 == 0:
            acts.cancel(town.store, theirs.number)
        elif step % 2:
            acts.pay(town.store, theirs.number)
        town.shop.clock.advance(minutes=3)
    messages = [x for x in town.store.webhooks.due() for _ in range(rng.randint(1, 3))]
    rng.shuffle(messages)
    for one in messages:
        assert await town.post(one) == 200
    await town.worker().until_idle()
    for _ in range(4):
        town.shop.clock.advance(hours=1)
        await town.worker().until_idle()
    ours = {row["number"]: row for row in town.shop.rows(t.orders)}
    for theirs in town.store.orders.values():
        mine = ours[str(theirs.number)]
        assert (mine["status"] == "canceled") == (theirs.cancelled_at is not None)
        assert mine["captured"] == theirs.paid
        assert mine["refunded"] == theirs.refunded
        lines = town.shop.rows(t.order_line, order_id=mine["id"])
        if not theirs.cancelled_at:
            wanted = {x["sku"]: x["ordered"] - x["canceled"] for x in lines}
            assert {sku: n for sku, n in wanted.items() if n} == {"mug-red": 2}
            assert mine["note"] == "edited"
    assert {row["state"] for row in town.shop.rows(t.inbox)} == {"done"}


async def test_a_refund_before_its_order_waits_and_is_then_counted(town: Town):
    theirs = town.buy({"mug-red": 1})
    first = town.store.webhooks.due()
    acts.refund(town.store, theirs.number, amount=500)
    refund = next(x for x in town.store.webhooks.due() if x.topic == "refunds/create")
    assert await town.post(refund) == 200
    assert [x["state"] for x in town.shop.rows(t.inbox)] == ["retry"]
    for one in first:
        await town.post(one)
    town.shop.clock.advance(minutes=1)
    await town.worker().until_idle()
    assert town.shop.rows(t.orders)[0]["refunded"] == 500
    assert not town.shop.rows(t.inbox, state="retry")


async def test_a_signed_but_malformed_body_is_kept_tried_again_and_ends_with_a_case(town: Town):
    town.buy(delivery="malformed")
    assert set(await town.bring()) == {200}
    kept = town.shop.rows(t.inbox)
    assert {row["state"] for row in kept} == {"retry"}
    assert all(row["raw"] for row in kept)
    for _ in range(8):
        town.shop.clock.advance(hours=5)
        await town.worker().until_idle()
    assert {row["state"] for row in town.shop.rows(t.inbox)} == {"dead"}
    assert {case["kind"] for case in town.shop.rows(t.cases)} == {"dead_letter"}
    assert town.shop.rows(t.orders) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("total_price", "12.345"),
        ("total_price", "1e999"),
        ("total_price", "NaN"),
        ("currency", "QQQ"),
        ("line_items", []),
        ("line_items", [{"id": 1, "quantity": -2, "price": "1.00"}]),
        ("line_items", [{"id": 1, "quantity": 2**40, "price": "1.00"}]),
        ("updated_at", "2026-11-23T10:00:00"),
        ("id", "a word"),
    ],
)
async def test_what_makes_no_sense_is_kept_for_a_person_and_books_nothing(
    town: Town, field: str, value: object
):
    town.buy()
    body = json.loads(town.store.webhooks.due()[0].body)
    answer = await town.hook(json.dumps({**body, field: value}).encode())
    assert answer.status_code == 200
    assert [row["state"] for row in town.shop.rows(t.inbox)] == ["retry"]
    assert town.shop.rows(t.orders) == []


async def test_an_unknown_topic_is_kept_and_ignored(town: Town):
    answer = await town.hook(b'{"id": 1}', topic="products/update")
    assert answer.json() == {"ok": True, "outcome": "done"}
    assert [row["topic"] for row in town.shop.rows(t.inbox)] == ["products/update"]
    assert town.shop.rows(t.cases) == []


async def test_the_same_number_with_another_body_changes_nothing_and_opens_a_case(town: Town):
    town.buy({"mug-red": 1})
    one = town.store.webhooks.due()[0]
    await town.post(one)
    other = json.loads(one.body) | {"note": "something else"}
    body = json.dumps(other).encode()
    headers = {**one.headers, "X-Shopify-Hmac-Sha256": signature(SECRET, body)}
    assert (await town.http.post(HOOK, content=body, headers=headers)).status_code == 200
    assert town.shop.rows(t.orders)[0]["note"] == ""
    assert ["different content" in case["title"] for case in town.shop.rows(t.cases)] == [True]


# --- forgery -------------------------------------------------------------------------------------


async def test_a_wrong_signature_is_401_and_only_counted(town: Town):
    town.buy(delivery="tampered")
    assert set(await town.bring()) == {401}
    assert nothing_stored(town)
    assert counter(town) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Shopify_Hmac_Sha256": ""},
        {"X_Shopify_Hmac_Sha256": signature("another secret", b'{"id":1}')},
        {"X_Shopify_Hmac_Sha256": signature("", b'{"id":1}')},
        {"X_Shopify_Hmac_Sha256": signature(SECRET, b'{"id": 1}')},
        {"X_Shopify_Hmac_Sha256": signature(SECRET, b'{"id":1}').upper()},
        {"X_Shopify_Shop_Domain": "another-store.myshopify.com"},
        {"X_Shopify_Shop_Domain": ""},
    ],
)
async def test_a_forged_message_is_refused_before_it_is_read(town: Town, headers: dict[str, str]):
    answer = await town.hook(b'{"id":1}', **headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert nothing_stored(town)


async def test_two_signatures_are_no_signature(town: Town):
    body = b'{"id":1}'
    good = signature(SECRET, body)
    headers = [
        ("X-Shopify-Topic", "orders/create"),
        ("X-Shopify-Hmac-Sha256", good),
        ("X-Shopify-Hmac-Sha256", good),
        ("X-Shopify-Shop-Domain", town.store.domain),
    ]
    assert (await town.http.post(HOOK, content=body, headers=headers)).status_code == 401
    assert nothing_stored(town)


async def test_a_connection_without_a_secret_accepts_nobody(town: Town):
    town.shop.engine.chore(
        lambda uow: uow.people.put(t.connection, {"id": SHOPIFY}, {"secrets": ""}), 1
    )
    answer = await town.hook(b"{}", X_Shopify_Hmac_Sha256=signature("", b"{}"))
    assert answer.status_code == 401


@pytest.mark.parametrize("number", ["99", str(2**70)])
async def test_an_unknown_connection_looks_like_a_wrong_signature(town: Town, number: str):
    known = await town.hook(b"{}", X_Shopify_Hmac_Sha256="no")
    unknown = await town.http.post(f"/hooks/shopify/{number}", content=b"{}")
    assert (unknown.status_code, unknown.json()) == (known.status_code, known.json())


async def test_a_house_that_lost_its_key_asks_the_store_to_come_again(town: Town):
    lost = {"secrets": seal_secrets({"webhook_secret": SECRET}, ["another key"])}
    town.shop.engine.chore(lambda uow: uow.people.put(t.connection, {"id": SHOPIFY}, lost), 1)
    town.buy()
    assert set(await town.bring()) == {503}
    assert nothing_stored(town)


async def test_a_switched_off_connection_accepts_nothing(town: Town):
    town.switch(0)
    town.buy()
    assert set(await town.bring()) == {401}
    assert nothing_stored(town)


async def test_a_connection_that_delivered_is_looked_at_anew_once_it_was_changed(town: Town):
    town.buy()
    assert set(await town.bring()) == {200}
    for active, status in ((0, 401), (1, 200)):
        town.switch(active)
        town.buy()
        assert set(await town.bring()) == {status}


async def test_a_message_too_long_to_be_read_at_once_is_read_all_the_same(town: Town):
    town.buy(note="long " * 20_000)
    assert set(await town.bring()) == {200}
    assert len(town.shop.rows(t.orders)) == 1


async def test_more_than_a_megabyte_is_413_whether_it_says_so_or_not(town: Town):
    async def endless():
        for _ in range(20):
            yield b"x" * 100_000

    told = await town.hook(b"x" * 1_000_001)
    untold = await town.http.post(HOOK, content=endless())
    assert (told.status_code, untold.status_code) == (413, 413)
    assert nothing_stored(town)


async def test_an_order_of_two_hundred_lines_fits(town: Town):
    town.shop.clock.advance(minutes=1)
    many = [{"sku": "mug-red", "quantity": 1, "price": 100 + n} for n in range(200)]
    theirs = town.buy(many)  # type: ignore[arg-type]
    await town.bring()
    assert len(town.shop.rows(t.order_line)) == 200
    assert town.shop.rows(t.orders)[0]["total"] == theirs.total


async def test_a_second_message_of_one_moment_merges_and_an_older_one_changes_nothing(town: Town):
    town.buy({"mug-red": 1}, paid=False)
    body = json.loads(town.store.webhooks.due()[0].body)
    await town.bring()
    same = body | {"note": "same second"}
    await town.hook(json.dumps(same).encode(), "orders/updated", X_Shopify_Webhook_Id="a")
    older = town.shop.clock() - timedelta(hours=1)
    stale = body | {"note": "old news", "updated_at": older.isoformat()}
    await town.hook(json.dumps(stale).encode(), "orders/updated", X_Shopify_Webhook_Id="b")
    assert town.shop.rows(t.orders)[0]["note"] == "same second"
