"""The API for programs: who may ask, how it says no, and that a repeat is done once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from bot.api.keys import hash_of, make_key
from bot.api.openapi import describe, page
from core.commands.holds import HoldOrder
from core.db import tables as t
from core.domain.access import Role
from core.domain.holds import HoldReason
from tests.shop import SHOP
from tests.shopify import Town, make_town

pytestmark = pytest.mark.anyio
API = "/api/v1"
ORDER = {
    "external_id": "a-1",
    "number": "B77",
    "currency": "EUR",
    "placed_at": "2026-11-23T08:00:00Z",
    "lines": [{"sku": "mug-red", "quantity": 2, "unit_price": 1690}],
    "captured": 3380,
    "email": "Ben@Example.org",
    "ship_to": {"name": "Ben", "city": "Berlin", "country": "DE"},
}


@pytest.fixture
async def town(database: str) -> AsyncIterator[Town]:
    town = make_town(database)
    yield town
    await town.close()


@pytest.fixture
async def one(sqlite_database: str) -> AsyncIterator[Town]:
    """A house on one database, for what no database can change."""
    town = make_town(sqlite_database)
    yield town
    await town.close()


async def act(town: Town, name: str, body: object, headers: dict[str, str]):
    return await town.http.post(f"{API}/commands/{name}", content=json.dumps(body), headers=headers)


def is_problem(answer, status: int, code: str) -> bool:
    told = answer.json()
    kind = answer.headers["content-type"] == "application/problem+json"
    return kind and (answer.status_code, told["status"], told["code"]) == (status, status, code)


# --- reading -------------------------------------------------------------------------------------


async def test_an_order_is_shown_with_lines_holds_and_timeline(town: Town):
    key = town.key()
    town.shop.place(1001, ("mug-red", 2))
    town.shop.do(HoldOrder("1001", HoldReason.ADDRESS))
    answer = await town.http.get(f"{API}/orders/1001", headers=key)
    order = answer.json()
    assert (order["number"], order["lines"][0]["ordered"]) == ("1001", 2)
    assert order["holds"][0]["reason"] == "address"
    assert [x["kind"] for x in order["timeline"]][-1] == "OrderHeld"
    assert answer.headers["etag"] == f'"{order["version"]}"'
    assert answer.headers["cache-control"] == "no-store"


async def test_orders_come_in_pages_without_gap_or_overlap(town: Town):
    key = town.key()
    for number in range(1001, 1008):
        town.shop.place(number, ("sock-grey", 1))
    seen: list[str] = []
    query = {"limit": "3"}
    while query.get("after", "") is not None:
        found = (await town.http.get(f"{API}/orders", params=query, headers=key)).json()
        seen += [order["number"] for order in found["orders"]]
        query["after"] = found["after"]
    assert seen == [str(number) for number in range(1007, 1000, -1)]


async def test_stock_and_events_are_resources_too(town: Town):
    key = town.key()
    town.shop.place(1001, ("mug-red", 2))
    await town.worker().until_idle()
    stock = await town.http.get(f"{API}/stock/mug-red", headers=key)
    assert stock.status_code == 200
    feed = (await town.http.get(f"{API}/events?after=0", headers=key)).json()
    assert [x["kind"] for x in feed["events"]][:1] == ["OrderCaptured"]
    rest = (await town.http.get(f"{API}/events?after={feed['after']}", headers=key)).json()
    assert rest == {"events": [], "after": feed["after"]}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/orders/9999", 404, "not_found"),
        ("/orders?limit=201", 422, "invalid"),
        ("/orders?limit=0", 422, "invalid"),
        ("/orders?limit=ten", 422, "invalid"),
        ("/orders?colour=red", 422, "unknown_field"),
        ("/orders?text=a&text=b", 422, "invalid"),
        ("/orders?after=nonsense", 422, "invalid"),
        ("/orders?text=%00", 422, "bad_text"),
        ("/events?after=-1", 422, "invalid"),
        ("/returns/R9", 404, "not_found"),
        ("/nothing", 404, "http_404"),
    ],
)
async def test_a_question_that_makes_no_sense_says_why(one: Town, path, status, code):
    answer = await one.http.get(API + path, headers=one.key())
    assert is_problem(answer, status, code), answer.text


# --- keys ----------------------------------------------------------------------------------------


async def test_without_a_valid_key_nobody_learns_anything(town: Town):
    good = town.key()["Authorization"]
    wrong = [None, "", "Basic abc", "Bearer", "Bearer wsk_x", good[:-1] + "x", good + "x"]
    wrong += [
        good.replace("wsk_", "wsk_0", 1),
        f"Bearer {make_key().key}",
        "Bearer wsk_" + "y" * 500,
    ]
    answers = []
    for header in wrong:
        headers = {"Authorization": header} if header is not None else {}
        answers.append(await town.http.get(f"{API}/orders/1", headers=headers))
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].headers["www-authenticate"] == "Bearer"


async def test_a_revoked_key_opens_nothing(town: Town):
    key = town.key()
    town.shop.engine.chore(
        lambda uow: uow.people.put(t.api_key, {"name": "robot"}, {"revoked_at": 1}), SHOP
    )
    assert (await town.http.get(f"{API}/orders", headers=key)).status_code == 401


def test_a_key_is_not_what_is_stored():
    made = make_key()
    assert made.key.startswith(made.prefix + "_")
    assert hash_of(made.key) == made.hash
    assert made.key.removeprefix(made.prefix)[1:] not in made.hash


async def test_a_role_reaches_as_far_as_its_rights(town: Town):
    town.shop.place(1001, ("mug-red", 1))
    machine, lead = town.key(Role.MACHINE, "till"), town.key(Role.LEAD, "desk")
    no = await act(town, "cancel_order", {"order": "1001"}, machine)
    assert is_problem(no, 403, "not_allowed")
    assert is_problem(await town.http.get(f"{API}/cases", headers=machine), 403, "not_allowed")
    assert (await act(town, "cancel_order", {"order": "1001"}, lead)).status_code == 200
    no = await town.http.post(f"{API}/orders", json=ORDER, headers=lead)
    assert is_problem(no, 403, "not_allowed")


async def test_another_shops_key_finds_nothing_here(town: Town):
    town.shop.place(1001, ("mug-red", 1))
    made = make_key()

    def open_second(uow):
        uow.insert_now(t.shop, {"id": 2, "name": "Other", "created_at": 0})
        row = {"id": 9, "shop_id": 2, "name": "spy", "prefix": made.prefix, "hash": made.hash}
        uow.insert_now(t.api_key, {**row, "role": "owner", "created_at": 0})

    town.shop.engine.chore(open_second, SHOP)
    spy = {"Authorization": f"Bearer {made.key}"}
    theirs = await town.http.get(f"{API}/orders/1001", headers=spy)
    nobodys = await town.http.get(f"{API}/orders/1002", headers=spy)
    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    assert theirs.text.replace("1001", "1002") == nobodys.text
    assert is_problem(await act(town, "hold_order", {"order": "1001"}, spy), 404, "not_found")


# --- acting --------------------------------------------------------------------------------------


async def test_a_command_is_done_and_audited_under_the_key(town: Town):
    town.shop.place(1001, ("mug-red", 1))
    answer = await act(
        town, "hold_order", {"order": "1001", "reason": "fraud"}, town.key(name="guard")
    )
    receipt = answer.json()
    assert (answer.status_code, receipt["outcome"]) == (200, "done")
    assert receipt["happened"] == ["OrderHeld"]
    audit = town.shop.rows(t.audit)[-1]
    assert (audit["command"], audit["surface"], audit["actor"][:4]) == ("hold_order", "api", "key:")


async def test_a_refusal_is_a_problem_with_a_code_and_what_to_do_next(town: Town):
    key = town.key()
    town.shop.place(1001, ("mug-red", 1))
    await act(town, "hold_order", {"order": "1001", "reason": "fraud"}, key)
    again = await act(town, "hold-order", {"order": "1001", "reason": "fraud"}, key)
    assert is_problem(again, 409, "not_possible")
    assert "release 1001" in again.json()["next"]
    assert len(town.shop.rows(t.hold)) == 1


async def test_one_key_is_one_effect_and_one_answer(town: Town):
    town.shop.place(1001, ("mug-red", 1))
    headers = town.key() | {"Idempotency-Key": "note-1"}
    body = {"order": "1001", "text": "ring twice"}
    answers = await asyncio.gather(*(act(town, "note_order", body, headers) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["command_id"] for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 7
    assert [x["kind"] for x in town.shop.rows(t.event)].count("OrderNoted") == 1


async def test_a_key_used_for_something_else_is_refused_and_nothing_happens(town: Town):
    town.shop.place(1001, ("mug-red", 1))
    headers = town.key() | {"Idempotency-Key": "note-1"}
    await act(town, "note_order", {"order": "1001", "text": "a"}, headers)
    other = await act(town, "note_order", {"order": "1001", "text": "b"}, headers)
    assert is_problem(other, 422, "key_reused")
    stranger = town.key(name="stranger") | {"Idempotency-Key": "note-1"}
    assert (await act(town, "note_order", {"order": "1001", "text": "b"}, stranger)).json()[
        "repeated"
    ] is False


async def test_a_refusal_leaves_the_key_free(town: Town):
    headers = town.key() | {"Idempotency-Key": "h"}
    assert (await act(town, "hold_order", {"order": "1001"}, headers)).status_code == 404
    town.shop.place(1001, ("mug-red", 1))
    assert (await act(town, "hold_order", {"order": "1001"}, headers)).status_code == 200


async def test_an_order_that_changed_since_is_not_touched(town: Town):
    key = town.key()
    town.shop.place(1001, ("mug-red", 1))
    seen = (await town.http.get(f"{API}/orders/1001", headers=key)).headers["etag"]
    await act(town, "tag_order", {"order": "1001", "tag": "vip"}, key)
    late = await act(town, "hold_order", {"order": "1001"}, key | {"If-Match": seen})
    assert is_problem(late, 409, "stale")
    assert town.shop.rows(t.hold) == []


async def test_two_who_cancel_at_once_get_one_cancel_and_one_no(town: Town):
    key = town.key()
    town.shop.place(1001, ("mug-red", 1))
    answers = await asyncio.gather(
        *(act(town, "cancel_order", {"order": "1001", "reason": str(n)}, key) for n in range(10))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    assert [x["kind"] for x in town.shop.rows(t.event)].count("OrderCanceled") == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "bad_json"),
        (b"[]", "bad_json"),
        (b"\xff\xfe", "bad_json"),
        (b'{"order": "1001", "until": NaN}', "bad_json"),
        (b'{"order": "1001", "note": 1e999}', "bad_json"),
        (b'{"order": 1001}', "invalid"),
        (b"{}", "invalid"),
        (b'{"order": "1001", "reason": "mood"}', "invalid"),
        (b'{"order": "1001", "shop_id": 2}', "unknown_field"),
        (b'{"order": "1001", "note": "\\u0000"}', "bad_text"),
        (b'{"order": "1001", "until": "2026-11-24T10:00:00"}', "naive_time"),
        (b'{"order": "1001", "until": "9999-12-31T23:59:59Z"}', "bad_time"),
        (b'{"order": "1001", "note": 123456789012345678901234567890}', "bad_number"),
        (b'{"order": "1001", "note": ' + b"[" * 40 + b"]" * 40 + b"}", "bad_json"),
        (b'{"order": "1001", "note": [' + b"1," * 2000 + b"1]}", "bad_list"),
    ],
    ids=range(15),
)
async def test_a_body_that_makes_no_sense_is_422_and_changes_nothing(one: Town, body, code):
    one.shop.place(1001, ("mug-red", 1))
    rows = one.shop.rows(t.orders)
    answer = await one.http.post(f"{API}/commands/hold_order", content=body, headers=one.key())
    assert is_problem(answer, 422, code), answer.text
    assert one.shop.rows(t.orders) == rows


@pytest.mark.parametrize("name", ["fly", "link_parcel", "capture_order", "ignore_delivery"])
async def test_the_machine_room_is_not_for_programs(one: Town, name: str):
    answer = await act(one, name, {}, one.key(Role.OWNER))
    assert is_problem(answer, 404, "not_found")


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Idempotency-Key", "k" * 256),
        ("Idempotency-Key", ""),
        ("If-Match", '"x"'),
        ("If-Match", ""),
    ],
)
async def test_headers_that_make_no_sense_are_422(one: Town, header: str, value: str):
    one.shop.place(1001, ("mug-red", 1))
    answer = await act(one, "hold_order", {"order": "1001"}, one.key() | {header: value})
    assert answer.status_code == 422
    assert one.shop.rows(t.hold) == []


async def test_too_long_a_body_is_413(one: Town):
    answer = await act(one, "note_order", {"order": "1", "text": "x" * 1_000_001}, one.key())
    assert is_problem(answer, 413, "too_large")


async def test_a_wrong_method_is_a_problem_too(one: Town):
    assert is_problem(await one.http.delete(f"{API}/orders", headers=one.key()), 405, "http_405")


# --- orders from any source ----------------------------------------------------------------------


async def capture(town: Town, headers: dict[str, str], **changes: object):
    body = json.dumps({**ORDER, **changes})
    return await town.http.post(f"{API}/orders", content=body, headers=headers)


async def test_any_source_brings_orders_in_under_its_own_ids(town: Town):
    machine, other = town.key(Role.MACHINE, "amazon"), town.key(Role.MACHINE, "ebay")
    made = await capture(town, machine)
    assert (made.status_code, made.json()["facts"]["order"]) == (201, "B77")
    assert (await capture(town, machine)).status_code == 200
    assert (await capture(town, other)).json()["facts"]["order"] != "B77"
    orders = town.shop.rows(t.orders)
    assert [order["external_id"] for order in orders] == ["a-1", "a-1"]
    assert {c["name"] for c in town.shop.rows(t.connection, kind="api")} == {
        "api:amazon",
        "api:ebay",
    }
    assert orders[0]["email"] == "ben@example.org"


async def test_a_till_of_another_maker_hands_over(town: Town):
    machine = town.key(Role.MACHINE, "till")
    made = await capture(town, machine, handed_over=True, sold_at="HAM")
    assert made.status_code == 201
    assert town.shop.rows(t.fulfillment_order) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"lines": []},
        {"lines": [{"sku": "mug-red", "quantity": 0}]},
        {"lines": [{"sku": "mug-red", "quantity": -1}]},
        {"lines": [{"sku": "mug-red", "quantity": 1.5}]},
        {"lines": [{"sku": "mug-red", "quantity": "1e3"}]},
        {"lines": [{"sku": "mug-red", "quantity": 2**63}]},
        {"lines": [{"sku": "mug-red", "quantity": True}]},
        {"lines": [{"sku": "mug-red", "quantity": 1, "shipped": 1}]},
        {"currency": "EURO"},
        {"connection_id": 21},
        {"customer_id": 7},
        {"role": "owner"},
        {"placed_at": "yesterday"},
        {"external_id": ""},
        {"total": -1},
        {"captured": -5},
        {"lines": [{"sku": "mug-red", "quantity": 1, "unit_price": -1}]},
        {"external_id": "x" * 5000},
        {"currency": "QQQ"},
    ],
    ids=str,
)
async def test_an_order_that_makes_no_sense_is_422_and_books_nothing(one: Town, changes):
    answer = await capture(one, one.key(Role.MACHINE), **changes)
    assert answer.status_code == 422, answer.text
    assert one.shop.rows(t.orders) == []


async def test_a_key_without_the_right_brings_nothing_in(town: Town):
    assert is_problem(await capture(town, town.key(Role.SUPPORT)), 403, "not_allowed")
    assert town.shop.rows(t.orders) == []


# --- the house's own pages -----------------------------------------------------------------------


async def test_alive_ready_and_figures(town: Town):
    town.shop.place(1001, ("mug-red", 1))
    assert (await town.http.get("/healthz")).json() == {"ok": True}
    assert (await town.http.get("/readyz")).json() == {"ok": True}
    await town.hook(b"{}", X_Shopify_Hmac_Sha256="no")
    figures = (await town.http.get("/metrics")).text
    assert 'wismo_orders{state="open"} 1.0' in figures
    assert 'wismo_webhooks_total{kind="shopify",outcome="unproven"} 1.0' in figures


async def test_figures_are_for_this_machine_or_with_the_token(sqlite_database: str):
    town = make_town(sqlite_database, metrics_token="m" * 20)
    assert (await town.http.get("/metrics")).status_code == 401
    told = {"Authorization": "Bearer " + "m" * 20}
    assert (await town.http.get("/metrics", headers=told)).status_code == 200
    await town.close()


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
async def test_a_proxy_does_not_make_a_stranger_local(one: Town, name: str):
    answer = await one.http.get("/metrics", headers={name: "203.0.113.5"})
    assert answer.status_code == 401


async def test_outside_the_sandbox_the_description_needs_a_key(sqlite_database: str):
    town = make_town(sqlite_database, sandbox=False, secret_key="s" * 40)
    assert (await town.http.get("/docs")).status_code == 404
    assert (await town.http.get(f"{API}/openapi.json")).status_code == 401
    described = await town.http.get(f"{API}/openapi.json", headers=town.key())
    assert described.json()["openapi"] == "3.1.0"
    await town.close()


async def test_every_route_of_the_api_is_described(one: Town):
    described = set(describe("1")["paths"])
    routes = {
        path.replace(":path", "")
        for path in (getattr(route, "path", "") for route in one.app.routes)
        if path.startswith(f"{API}/")
    }
    assert routes - described == {f"{API}/commands/{{name}}", f"{API}/openapi.json"}
    text = (await one.http.get("/docs")).text
    assert "/api/v1/commands/hold_order" in text
    assert "<script" not in page(describe("1"))


async def test_a_house_that_cannot_write_says_503_and_when_to_try_again(one: Town):
    key = one.key()
    one.shop.engine.close()
    answer = await act(one, "hold_order", {"order": "1001"}, key)
    assert is_problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "2"
    assert (await one.http.get("/readyz")).status_code == 503
    assert (await one.hook(b"{}")).status_code == 503
