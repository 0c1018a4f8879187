"""The acts on orders over REST: the same words as JSON, the same refusals, repeats done once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.commands.fulfillment import ShipWork
from core.commands.tracking import DeliverParcel
from core.db import tables as t
from core.domain.access import Role
from tests.shopify import Town, make_town

pytestmark = pytest.mark.anyio
MUG = [{"line": "mug-red", "quantity": 1}]


@pytest.fixture
async def town(sqlite_database: str) -> AsyncIterator[Town]:
    town = make_town(sqlite_database)
    for number in (1001, 1002, 1003):
        town.shop.place(number, ("mug-red", 2))
    assert town.shop.do(ShipWork("1003")).ok
    yield town
    await town.close()


async def act(town: Town, name: str, body: object, **more: str) -> Any:
    headers = {**(more or town.key()), "idempotency-key": name}
    return await town.http.post(
        f"/api/v1/commands/{name}", content=json.dumps(body), headers=headers
    )


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("cancel_order", {"order": "1001", "units": MUG}, "canceled. €19.90 goes back"),
        ("short_order", {"order": "1001", "units": MUG, "fault": "damaged"}, "from other stock"),
        ("split_order", {"order": "1001", "units": MUG, "to": "HAM"}, "apart, from HAM"),
        ("reroute_order", {"order": "1001", "avoid": "BER"}, "ships from HAM now"),
        ("merge_orders", {"orders": ["1002", "1001"]}, "ship in one parcel"),
        ("resend_order", {"order": "1003", "reason": "lost"}, "again as 1003-R1"),
        ("set_priority", {"order": "1001", "priority": "b2b"}, "priority b2b"),
        ("gift_order", {"order": "1001", "note": "Hi"}, "as a gift, with a note"),
    ],
)
async def test_an_act_is_a_command_of_the_api(town: Town, name: str, body: Any, expected: str):
    answer = await act(town, name, body)
    assert answer.status_code == 200, answer.text
    assert expected in answer.json()["sentence"]


async def test_what_has_no_name_is_not_brought_in(town: Town):
    empty = {"rows": [{"line": 2, "key": " ", "values": {"hours": "always"}}]}
    for name, said in (("import_locations", "needs a code"), ("import_products", "needs a SKU")):
        answer = await act(town, name, empty, **town.key(Role.OWNER, name))
        assert (answer.status_code, answer.json()["facts"]["made"]) == (200, 0), answer.text
        assert said in answer.json()["facts"]["problems"][0][2]
    assert "" not in {row["code"] for row in town.shop.rows(t.location)}


async def test_a_repeat_sends_nothing_a_second_time(town: Town):
    body = {"order": "1003", "reason": "lost"}
    key = town.key()
    first, again = [await act(town, "resend_order", body, **key) for _ in range(2)]
    assert again.json()["sentence"] == first.json()["sentence"]
    numbers = [o["number"] for o in town.shop.rows(t.orders)]
    assert numbers.count("1003-R1") == 1
    assert "1003-R2" not in numbers


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("cancel_order", {"order": "1001", "units": [{"line": "mug-red"}]}, "invalid"),
        ("split_order", {"order": "1001", "units": [{"line": "hat", "quantity": 1}]}, "invalid"),
        ("resend_order", {"order": "1001", "reason": "lost"}, "not_possible"),
        ("merge_orders", {"orders": ["1001"]}, "invalid"),
        ("restore_placing", {"order": "1001", "lines": [], "works": []}, "not_found"),
        ("separate", {"orders": []}, "not_found"),
    ],
)
async def test_a_no_has_a_code_and_changes_nothing(town: Town, name: str, body: Any, code: str):
    before = town.shop.rows(t.reservation), town.shop.rows(t.order_line)
    answer = await act(town, name, body)
    assert answer.json()["code"] == code, answer.text
    assert (town.shop.rows(t.reservation), town.shop.rows(t.order_line)) == before


async def test_support_may_not_move_goods(town: Town):
    headers = town.key(Role.SUPPORT)
    body = json.dumps({"order": "1001", "units": MUG})
    answer = await town.http.post("/api/v1/commands/split_order", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


async def test_invoices_credit_and_exchanges_are_resources(town: Town):
    town.shop.do(DeliverParcel("1003"))
    made = await act(town, "issue_invoice", {"order": "1003"})
    assert made.json()["facts"]["document"] == "INV-00001"
    shown = await town.http.get("/api/v1/documents/INV-00001", headers=town.key())
    assert (shown.json()["brief"]["total"], shown.json()["body"]["order"]) == (3980, "1003")
    paper = await town.http.get("/api/v1/documents/inv-00001.pdf", headers=town.key())
    assert (paper.headers["content-type"], paper.content[:5]) == ("application/pdf", b"%PDF-")
    missing = await town.http.get("/api/v1/documents/INV-00002.pdf", headers=town.key())
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert (await town.http.get("/api/v1/documents/INV-00001.pdf")).status_code == 401
    await act(town, "add_credit", {"who": "anna@example.org", "amount": "5.00", "reason": "sorry"})
    credit = await town.http.get("/api/v1/credit/anna@example.org", headers=town.key())
    assert [(b["currency"], b["balance"]) for b in credit.json()["balances"]] == [("EUR", 500)]
    swapped = await act(
        town, "exchange_order", {"order": "1003", "units": MUG, "new": "for mug-blue"}
    )
    assert swapped.json()["facts"]["order"] == "1003-X1"
    margin = await town.http.get("/api/v1/orders/1003/margin", headers=town.key())
    assert margin.json()["revenue"] == 3980
    span = "since=2026-11-23&until=2026-11-23"
    journal = await town.http.get(f"/api/v1/journal?{span}", headers=town.key())
    assert sum(row["debit"] - row["credit"] for row in journal.json()["rows"]) == 0
    machine = town.key(Role.MACHINE)
    refused = await town.http.get(f"/api/v1/journal?{span}", headers=machine)
    assert refused.status_code == 403
