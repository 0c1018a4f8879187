"""The stand-in's Admin API answers real documents and refuses what Shopify would refuse."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from bot.sandbox.shop import acts
from bot.sandbox.shop.app import GRAPHQL, shop_app
from bot.sandbox.shop.catalog import VARIANTS
from bot.sandbox.shop.language import Parser
from bot.sandbox.shop.schema import SCALARS, SCHEMA
from bot.sandbox.shop.store import Shop
from bot.sandbox.shop.wire import Fault, served
from core.integrations.calling import new_http

pytestmark = pytest.mark.anyio

PULL = """
query PullOrders($first: Int!, $after: String, $query: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    pageInfo { hasNextPage endCursor }
    nodes { id name updatedAt ...Whole }
  }
}
fragment Whole on Order {
  legacyResourceId createdAt cancelledAt cancelReason currencyCode email phone note tags sourceName
  displayFinancialStatus displayFulfillmentStatus taxesIncluded discountCodes
  customer { id firstName lastName email phone locale }
  shippingAddress { firstName lastName company address1 address2 zip city countryCodeV2 phone }
  totalPriceSet { shopMoney { amount currencyCode } } currentTotalPriceSet { shopMoney { amount } }
  totalRefundedSet { shopMoney { amount } }
  shippingLines(first: 10) { nodes { title originalPriceSet { shopMoney { amount } } } }
  lineItems(first: 100) { nodes {
    id sku title quantity currentQuantity unfulfilledQuantity
    originalUnitPriceSet { shopMoney { amount } }
    discountAllocations { allocatedAmountSet { shopMoney { amount } } }
    taxLines { rate priceSet { shopMoney { amount } } }
  } }
  fulfillments(first: 50) { id status createdAt trackingInfo(first: 5) { number company url }
    fulfillmentLineItems(first: 100) { nodes { quantity lineItem { id } } } }
  refunds(first: 50) { id createdAt totalRefundedSet { shopMoney { amount } }
    refundLineItems(first: 100) { nodes { quantity restockType lineItem { id } } } }
}
"""
WORK = """query Work($id: ID!) { order(id: $id) { fulfillmentOrders(first: 10) { nodes {
  id status assignedLocation { location { id } } lineItems(first: 50) { nodes {
  id remainingQuantity lineItem { id sku } } } } } } }"""
FULFILL = """mutation Send($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) {
    fulfillment { id status trackingInfo { number } } userErrors { field message } } }"""
CANCEL = """mutation Cancel($id: ID!) {
  orderCancel(orderId: $id, reason: CUSTOMER, restock: true, notifyCustomer: false,
    refundMethod: { originalPaymentMethodsRefund: true }) {
    job { id done } orderCancelUserErrors { field message code } } }"""
STOCK = """mutation Push($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id changes { name delta } }
    userErrors { field message code } } }"""
REFUND = """mutation Back($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) {
    refund { id totalRefundedSet { shopMoney { amount } } } userErrors { message code } } }"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Hands:
    now: datetime = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Client:
    """An app that talks to the shop as wismo does."""

    http: httpx2.AsyncClient

    async def post(self, query: str, /, **variables: Any) -> httpx2.Response:
        body = {"query": query, "variables": variables}
        headers = {"X-Shopify-Access-Token": "shpat_sandbox"}
        return await self.http.post(GRAPHQL, json=body, headers=headers)

    async def data(self, query: str, /, **variables: Any) -> dict:
        answer = (await self.post(query, **variables)).json()
        assert "errors" not in answer, answer
        return answer["data"]

    async def errors(self, query: str, /, **variables: Any) -> list[dict]:
        answer = await self.post(query, **variables)
        assert answer.status_code == 200
        assert "data" not in answer.json()
        return answer.json()["errors"]


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def shop(clock: Hands) -> Shop:
    return Shop(clock)


@pytest.fixture
async def client(shop: Shop) -> AsyncIterator[Client]:
    transport = httpx2.ASGITransport(app=shop_app(shop, seconds=lambda: 0.0))
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as http:
        yield Client(http)


def test_every_type_that_the_schema_mentions_exists():
    known = {*SCALARS, *SCHEMA.objects, *SCHEMA.inputs, *SCHEMA.enums}
    fields = [
        one
        for home in (SCHEMA.objects, SCHEMA.inputs)
        for of in home.values()
        for one in of.items()
    ]
    mentioned = {one.type.named for _, one in fields}
    mentioned |= {a.type.named for _, one in fields for a in one.arguments.values()}
    assert mentioned <= known


def test_the_language_reads_comments_escapes_aliases_and_block_text():
    text = """query A($n: Int = 3) { # so
      x: shop(a: "q\\"\\u00e9", b: [1, -2.5], c: {d: null}) { id } }"""
    one = Parser(text).document().operations[0].inner[0]
    assert (one.alias, one.name) == ("x", "shop")
    assert one.arguments == {"a": 'q"é', "b": [1, -2.5], "c": {"d": None}}


async def test_a_pull_pages_through_all_orders_with_everything_to_rebuild_them(
    client: Client, shop: Shop
):
    placed = [acts.place_order(shop) for _ in range(7)]
    acts.fulfill_in_admin(shop, placed[0].number, tracking="JJD1")
    acts.refund(shop, placed[1].number, amount=100)
    names, after = [], None
    while True:
        page = (await client.data(PULL, first=3, after=after))["orders"]
        names += [node["name"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert sorted(names) == [f"#{1001 + n}" for n in range(7)]
    assert len(names) == 7


async def test_a_pull_since_a_moment_finds_only_what_changed_since(
    client: Client, shop: Shop, clock: Hands
):
    for _ in range(3):
        acts.place_order(shop)
    clock.now += timedelta(hours=1)
    acts.edit_order(shop, 1002, note="ring twice")
    since = "updated_at:>='2026-11-20T10:00:00Z'"
    nodes = (await client.data(PULL, first=50, query=since))["orders"]["nodes"]
    assert [(node["name"], node["note"]) for node in nodes] == [("#1002", "ring twice")]
    assert nodes[0]["updatedAt"] == "2026-11-20T10:30:00Z"


async def test_an_order_changed_between_two_pages_is_not_skipped(
    client: Client, shop: Shop, clock: Hands
):
    for _ in range(4):
        acts.place_order(shop)
        clock.now += timedelta(minutes=1)
    first = (await client.data(PULL, first=2))["orders"]
    acts.edit_order(shop, 1001, note="changed meanwhile")
    acts.edit_order(shop, 1002, note="changed meanwhile")
    rest = (await client.data(PULL, first=50, after=first["pageInfo"]["endCursor"]))["orders"]
    assert [node["name"] for node in rest["nodes"]] == ["#1003", "#1004", "#1001", "#1002"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{ shop { colour } }", "undefinedField"),
        ("{ ordres(first: 1) { nodes { id } } }", "undefinedField"),
        ("{ order { id } }", "missingRequiredArguments"),
        ("{ orders(first: 1, colour: 1) { nodes { id } } }", "argumentNotAccepted"),
        ("{ orders { nodes { id } } }", "BAD_REQUEST"),
        ("{ orders(first: 251) { nodes { id } } }", "BAD_REQUEST"),
        ("{ shop }", "selectionMismatch"),
        ("{ shop { name { id } } }", "selectionMismatch"),
        ("{ orders(first: 1, sortKey: SIZE) { nodes { id } } }", "argumentLiteralsIncompatible"),
        ("query ($id: String!) { order(id: $id) { id } }", "INVALID_VARIABLE"),
        ("query ($n: Int = 1) { shop { name } }", "variableNotUsed"),
        ("{ order(id: $id) { id } }", "variableNotDefined"),
        ("{ shop { name }", "parseError"),
        ("{ shop { name @skip(if: true) } }", "undefinedDirective"),
        ("{ shop { ...Gone } }", "useAndDefineFragment"),
        ("{ shop { name } } fragment Idle on Shop { id }", "useAndDefineFragment"),
        ("{ shop { ... on Order { id } } }", "cannotSpreadFragment"),
        ('{ orders(first: 1, query: "smell:good") { nodes { id } } }', "BAD_REQUEST"),
    ],
)
async def test_a_document_that_shopify_would_refuse_is_refused(client: Client, query, code):
    errors = await client.errors(query)
    assert code in [error["extensions"]["code"] for error in errors]


async def test_a_wrong_token_learns_nothing_and_a_wrong_body_is_a_400(client: Client):
    wrong = await client.http.post(GRAPHQL, json={"query": "{ shop { name } }"})
    odd = await client.http.post(
        GRAPHQL, content=b"{", headers={"X-Shopify-Access-Token": "shpat_sandbox"}
    )
    assert (wrong.status_code, odd.status_code) == (401, 400)
    assert "data" not in wrong.json()


async def test_a_fulfillment_is_created_and_echoed_as_webhooks(client: Client, shop: Shop):
    shop.connect("http://127.0.0.1:9", "7")
    order = acts.place_order(shop, {"mug-red": 2}, delivery="dropped")
    work = (await client.data(WORK, id=f"gid://shopify/Order/{order.id}"))["order"]
    part = work["fulfillmentOrders"]["nodes"][0]
    wanted = {
        "lineItemsByFulfillmentOrder": [
            {
                "fulfillmentOrderId": part["id"],
                "fulfillmentOrderLineItems": [
                    {"id": part["lineItems"]["nodes"][0]["id"], "quantity": 1}
                ],
            }
        ],
        "trackingInfo": {"number": "JJD0001", "company": "DHL"},
        "notifyCustomer": False,
    }
    made = (await client.data(FULFILL, fulfillment=wanted))["fulfillmentCreate"]
    assert made["fulfillment"]["trackingInfo"] == [{"number": "JJD0001"}]
    assert order.fulfillment_status == "partial"
    sent = [one for one in shop.webhooks.deliveries if one.state != "dropped"]
    assert [one.topic for one in sent] == ["fulfillments/create", "orders/updated"]
    assert json.loads(sent[0].body)["tracking_numbers"] == ["JJD0001"]
    assert json.loads(sent[0].body)["line_items"][0]["quantity"] == 1


async def test_more_than_what_is_left_is_not_fulfilled(client: Client, shop: Shop):
    order = acts.place_order(shop, {"mug-red": 2})
    part = f"gid://shopify/FulfillmentOrder/{order.work[0].id}"
    item = f"gid://shopify/FulfillmentOrderLineItem/{order.work[0].lines[0].id}"
    wanted = {
        "lineItemsByFulfillmentOrder": [
            {
                "fulfillmentOrderId": part,
                "fulfillmentOrderLineItems": [{"id": item, "quantity": 3}],
            }
        ]
    }
    answer = (await client.data(FULFILL, fulfillment=wanted))["fulfillmentCreate"]
    assert answer["fulfillment"] is None
    assert "quantity" in answer["userErrors"][0]["message"]
    assert order.fulfillments == []
    whole = {"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": part}]}
    assert (await client.data(FULFILL, fulfillment=whole))["fulfillmentCreate"]["fulfillment"]
    again = (await client.data(FULFILL, fulfillment=whole))["fulfillmentCreate"]
    assert "unfulfillable" in again["userErrors"][0]["message"]
    assert len(order.fulfillments) == 1


async def test_a_missing_required_input_is_a_variable_error_and_nothing_happens(
    client: Client, shop: Shop
):
    errors = await client.errors(FULFILL, fulfillment={"notifyCustomer": True})
    assert "lineItemsByFulfillmentOrder (Expected value to not be null)" in errors[0]["message"]


async def test_an_order_is_canceled_once_and_never_after_it_was_sent(client: Client, shop: Shop):
    one, two = acts.place_order(shop), acts.place_order(shop)
    acts.fulfill_in_admin(shop, two.number)
    first = await client.data(CANCEL, id=f"gid://shopify/Order/{one.id}")
    again = await client.data(CANCEL, id=f"gid://shopify/Order/{one.id}")
    sent = await client.data(CANCEL, id=f"gid://shopify/Order/{two.id}")
    none = await client.data(CANCEL, id="gid://shopify/Order/1")
    assert first["orderCancel"]["job"]["id"].startswith("gid://shopify/Job/")
    assert [one.financial_status, one.cancel_reason] == ["refunded", "customer"]
    refusals = [x["orderCancel"]["orderCancelUserErrors"][0]["code"] for x in (again, sent, none)]
    assert refusals == ["INVALID", "INVALID", "NOT_FOUND"]
    assert two.cancelled_at is None


def stock_input(shop: Shop, quantity: int, **compare: int | None) -> dict:
    item = VARIANTS[0].inventory_item_id
    level = {
        "inventoryItemId": f"gid://shopify/InventoryItem/{item}",
        "locationId": "gid://shopify/Location/70001",
        "quantity": quantity,
        **compare,
    }
    return {"name": "available", "reason": "correction", "quantities": [level]}


async def test_stock_is_set_only_from_the_quantity_that_the_caller_saw(client: Client, shop: Shop):
    level = shop.stock("mug-red", "BER")
    seen = level.available
    right = stock_input(shop, 9, changeFromQuantity=seen)
    good = (await client.data(STOCK, input=right, key="a"))["inventorySetQuantities"]
    stale = (await client.data(STOCK, input=right, key="b"))["inventorySetQuantities"]
    forced = stock_input(shop, 5, changeFromQuantity=None)
    assert good["inventoryAdjustmentGroup"]["changes"] == [{"name": "available", "delta": 9 - seen}]
    assert stale["userErrors"][0]["code"] == "CHANGE_FROM_QUANTITY_STALE"
    assert level.available == 9
    assert not (await client.data(STOCK, input=forced, key="c"))["inventorySetQuantities"][
        "userErrors"
    ]
    assert level.available == 5


async def test_stock_without_a_comparison_or_a_key_is_refused(client: Client, shop: Shop):
    without = await client.errors(STOCK, input=stock_input(shop, 1), key="a")
    plain = STOCK.replace("@idempotent(key: $key)", "").replace(", $key: String!", "")
    keyless = await client.errors(plain, input=stock_input(shop, 1, changeFromQuantity=None))
    assert "changeFromQuantity" in without[0]["message"]
    assert "@idempotent" in keyless[0]["message"]


async def test_a_repeated_key_gets_the_first_answer_and_acts_once(client: Client, shop: Shop):
    order = acts.place_order(shop, {"mug-red": 2})
    gid = f"gid://shopify/Order/{order.id}"
    money = {"orderId": gid, "amount": "10.00", "kind": "REFUND", "gateway": "bogus"}
    money["parentId"] = f"gid://shopify/OrderTransaction/{order.transactions[0].id}"
    wanted = {"orderId": gid, "transactions": [money]}
    first = await client.data(REFUND, input=wanted, key="k")
    again = await client.data(REFUND, input=wanted, key="k")
    other = await client.data(REFUND, input={**wanted, "note": "x"}, key="k")
    assert first == again
    assert order.refunded == 1000
    mismatch = other["refundCreate"]["userErrors"][0]["code"]
    assert mismatch == "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"


async def test_more_money_than_was_paid_is_not_refunded(client: Client, shop: Shop):
    order = acts.place_order(shop, {"mug-red": 1})
    gid = f"gid://shopify/Order/{order.id}"
    money = {"orderId": gid, "amount": "999.00", "kind": "REFUND", "gateway": "bogus"}
    money["parentId"] = f"gid://shopify/OrderTransaction/{order.transactions[0].id}"
    wanted = {"orderId": gid, "transactions": [money]}
    answer = (await client.data(REFUND, input=wanted, key="k"))["refundCreate"]
    assert answer["refund"] is None
    assert answer["userErrors"]
    assert order.refunds == []


async def test_the_catalog_places_and_subscriptions_can_be_listed(client: Client, shop: Shop):
    data = await client.data(
        """mutation Listen { webhookSubscriptionCreate(topic: ORDERS_CREATE,
          webhookSubscription: { uri: "http://127.0.0.1:9/hooks/shopify/7", format: JSON }) {
          webhookSubscription { id topic uri } userErrors { message } } }"""
    )
    assert data["webhookSubscriptionCreate"]["webhookSubscription"]["topic"] == "ORDERS_CREATE"
    listed = await client.data(
        """query Catalog { shop { name currencyCode ianaTimezone }
          webhookSubscriptions(first: 10) { nodes { topic uri } }
          locations(first: 10) { nodes { id name fulfillsOnlineOrders } }
          productVariants(first: 250) { nodes { sku price inventoryItem {
            id inventoryLevels(first: 10) { nodes {
            location { id } quantities(names: ["available", "on_hand"]) { name quantity } } } } } }
        }"""
    )
    assert len(listed["productVariants"]["nodes"]) == 40
    assert len(listed["locations"]["nodes"]) == 5
    assert len(listed["webhookSubscriptions"]["nodes"]) == 1


async def test_a_greedy_app_is_throttled_until_the_bucket_refills(shop: Shop):
    now = [0.0]
    for _ in range(20):
        acts.place_order(shop)
    transport = httpx2.ASGITransport(app=shop_app(shop, seconds=lambda: now[0]))
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as http:
        greedy = Client(http)
        while "errors" not in (answer := (await greedy.post(PULL, first=50)).json()):
            cost = answer["extensions"]["cost"]
            assert 0 < cost["actualQueryCost"] < cost["requestedQueryCost"]
        assert answer["errors"][0]["extensions"]["code"] == "THROTTLED"
        now[0] += 20
        assert "errors" not in (await greedy.post(PULL, first=50)).json()


async def test_scripted_faults_refuse_before_or_after_the_deed(client: Client, shop: Shop):
    order = acts.place_order(shop, {"mug-red": 1})
    gid = f"gid://shopify/Order/{order.id}"
    shop.faults.script(Fault("orderCancel", "status", status=503))
    shop.faults.script(Fault("orderCancel", "rate", retry_after=7))
    shop.faults.script(Fault("orderCancel", "throttle"))
    down = await client.post(CANCEL, id=gid)
    slow = await client.post(CANCEL, id=gid)
    full = await client.post(CANCEL, id=gid)
    assert [down.status_code, slow.status_code, slow.headers["Retry-After"]] == [503, 429, "7"]
    assert full.json()["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert order.cancelled_at is None


async def test_a_connection_that_drops_after_the_deed_leaves_the_deed_done(shop: Shop):
    order = acts.place_order(shop, {"mug-red": 1})
    shop.faults.script(Fault("orderCancel", "accept_then_drop"))
    async with served(shop_app(shop)) as base, new_http(5, base_url=base) as http:
        with pytest.raises(httpx2.TransportError):
            await Client(http).post(CANCEL, id=f"gid://shopify/Order/{order.id}")
    assert order.cancelled_at is not None
    assert [call.endpoint for call in shop.transcript.calls if call.direction == "in"] == [
        "orderCancel"
    ]
