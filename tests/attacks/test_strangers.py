"""Whose is it? One shop's things, asked for and acted on by everybody they do not belong to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import fields, replace
from typing import Any, get_type_hints

import pytest

from bot.api.rest import offered
from core.commands.holds import HoldOrder
from core.domain.access import Role
from core.domain.cases import CaseKind, Finding
from core.domain.holds import HoldReason
from core.registry import Arg, Spec
from tests.attacks.fortress import CANARY, OTHER, OTHER_SHOP, OTHER_SHOPIFY, Fortress, fortress

pytestmark = pytest.mark.anyio
THEIRS, CASE = "X-77", "1"
# A word of the right kind for each argument; names of things are always the other shop's.
WORDS: dict[str, Any] = {
    Arg.ORDER: THEIRS,
    Arg.CASE: int(CASE),
    Arg.RETURN: "R1001",
    Arg.LOCATION: "ZRH",
    Arg.SKU: "secret-sku",
    Arg.QUANTITY: 1,
    Arg.UNTIL: "2026-12-01T00:00:00Z",
    Arg.DAY: "2026-12-01",
    Arg.TAG: "tag",
    Arg.WORD: "word",
    Arg.TEXT: "text",
}
PATHS = (
    f"/orders/{THEIRS}",
    f"/orders?text={CANARY}",
    "/orders",
    "/stock/secret-sku",
    "/returns/R1001",
    "/returns",
    f"/cases/{CASE}",
    "/cases",
    "/events?after=0",
)


@pytest.fixture
async def fort(database: str) -> AsyncIterator[Fortress]:
    async with fortress(database) as made:
        _settle(made)
        yield made


def _settle(fort: Fortress) -> None:
    """The other shop has an order, a hold and a case; the attacker's own shop is empty."""
    order = fort.shop.order(
        THEIRS, ("secret-sku", 1), email=f"{CANARY}@x.org", customer_name=CANARY, note=CANARY
    )
    lines = tuple(replace(line, title=CANARY) for line in order.lines)
    engine = fort.shop.engine
    assert engine.execute(replace(order, connection_id=OTHER_SHOPIFY, lines=lines), OTHER).ok
    assert engine.execute(HoldOrder(THEIRS, HoldReason.MANUAL, None, CANARY), OTHER).ok
    finding = Finding(CaseKind.DRIFT, "order:1", CANARY)
    engine.chore(lambda uow: uow.cases.open(finding), OTHER_SHOP)


def _arguments(spec: Spec) -> dict[str, Any]:
    hints = get_type_hints(spec.shape, include_extras=True)
    told = {}
    for one in fields(spec.shape):
        kind = next(iter(getattr(hints[one.name], "__metadata__", ())), None)
        if kind in WORDS and one.name not in ("orders", "expected"):
            told[one.name] = WORDS[kind]
    return told


NAMING = {n: s for n, s in offered().items() if set(_arguments(s)) & {"order", "case", "number"}}


async def test_nobody_elses_key_reads_a_single_byte(fort: Fortress):
    keys = [{}, *(fort.key(role, name=role.value) for role in Role if role is not Role.SYSTEM)]
    owner = fort.key(Role.OWNER, OTHER_SHOP)
    assert CANARY in (await fort.http.get(f"/api/v1/orders/{THEIRS}", headers=owner)).text
    for key in keys:
        for path in PATHS:
            answer = await fort.http.get(f"/api/v1{path}", headers=key)
            assert CANARY not in answer.text.replace(f"“{CANARY}”", ""), path
            assert answer.status_code in (200, 401, 403, 404), (path, answer.text)


async def test_a_foreign_name_and_an_invented_one_hear_the_same(fort: Fortress):
    key, owner = fort.key(Role.OWNER), fort.key(Role.OWNER, OTHER_SHOP)
    for path, theirs, nobodys in (("orders", THEIRS, "X-78"), ("cases", CASE, "999999")):
        assert (await fort.http.get(f"/api/v1/{path}/{theirs}", headers=owner)).status_code == 200
        real = await fort.http.get(f"/api/v1/{path}/{theirs}", headers=key)
        invented = await fort.http.get(f"/api/v1/{path}/{nobodys}", headers=key)
        assert real.status_code == invented.status_code == 404
        assert real.text.replace(theirs, "") == invented.text.replace(nobodys, "")


async def test_nobody_elses_key_changes_anything(fort: Fortress):
    keys = [fort.key(role, name=role.value) for role in (Role.OWNER, Role.STORE, Role.MACHINE)]
    before = fort.rows()
    assert len(NAMING) > 20
    for name, spec in NAMING.items():
        for key in keys:
            answer = await fort.http.post(
                f"/api/v1/commands/{name}", content=json.dumps(_arguments(spec)), headers=key
            )
            assert answer.status_code in (403, 404, 409, 422), (name, answer.text)
            assert CANARY not in answer.text, name
    assert fort.rows() == before


async def test_a_store_sees_and_touches_nothing_that_lies_elsewhere(fort: Fortress):
    fort.shop.place(1001, ("mug-red", 1))
    key, before = fort.key(Role.STORE), fort.rows()
    assert (await fort.http.get("/api/v1/orders/1001", headers=key)).status_code == 404
    assert (await fort.http.get("/api/v1/orders", headers=key)).json()["orders"] == []
    assert (await fort.http.get("/api/v1/events?after=0", headers=key)).status_code == 403
    for name in ("hold_order", "note_order", "pick_work", "ship_work", "deliver_parcel"):
        told = {"order": "1001"} | ({"text": "x"} if name == "note_order" else {})
        answer = await fort.http.post(
            f"/api/v1/commands/{name}", content=json.dumps(told), headers=key
        )
        assert answer.status_code in (403, 404), (name, answer.text)
    assert fort.rows() | {"api_key": 0} == before | {"api_key": 0}


async def test_a_key_of_another_shop_cannot_be_taken_over_by_its_prefix(fort: Fortress):
    owner, theirs = fort.key(Role.OWNER), fort.key(Role.OWNER, OTHER_SHOP)
    prefix = "_".join(theirs["Authorization"].removeprefix("Bearer ").split("_")[:2])
    told = {"name": "mine", "role": "owner", "prefix": prefix, "hash": "0" * 64}
    answer = await fort.http.post(
        "/api/v1/commands/add_key", content=json.dumps(told), headers=owner
    )
    assert answer.status_code == 409
    assert (await fort.http.get("/api/v1/orders", headers=theirs)).status_code == 200


async def test_an_idempotency_key_is_its_owners_alone(fort: Fortress):
    fort.shop.place(1001, ("mug-red", 1))
    ann, ben = fort.key(Role.LEAD, name="ann"), fort.key(Role.LEAD, name="ben")
    other = fort.key(Role.LEAD, OTHER_SHOP)
    name = {"Idempotency-Key": "k1"}

    async def note(order: str, key: dict[str, str], verb: str = "note_order") -> Any:
        told = {"order": order, "text": "hello"} if verb == "note_order" else {"order": order}
        return await fort.http.post(
            f"/api/v1/commands/{verb}", content=json.dumps(told), headers=key | name
        )

    first = await note("1001", ann)
    assert (await note("1001", ben)).json()["command_id"] != first.json()["command_id"]
    assert (await note("1001", other)).status_code == 404
    assert (await note(THEIRS, ann)).json()["code"] == "key_reused"
    assert "idempotency-replayed" not in (await note("1001", ann, "hold_order")).headers
    assert (await note("1001", ann)).headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("name", ["k" * 256, "k" * 10_000, "\x7f", "k\u0085k"])
async def test_an_absurd_idempotency_key_is_refused(fort: Fortress, name: str):
    headers = [(b"Idempotency-Key", name.encode("latin-1"))]
    headers += [(n.encode(), v.encode()) for n, v in fort.key(Role.LEAD).items()]
    answer = await fort.http.post("/api/v1/commands/undo_last", content=b"{}", headers=headers)
    assert answer.json()["code"] == "bad_key"
