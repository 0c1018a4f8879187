"""A carrier's pushes move parcels; forged, repeated and early ones do what they should."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from bot.sandbox.carrier import Carrier, sign, track_data
from core.commands.fulfillment import ShipWork
from core.db import tables as t
from core.integrations.secrets import seal_secrets
from tests.shop import SHOP
from tests.shopify import Town, make_town

pytestmark = pytest.mark.anyio
CARRIER, KEY = 31, "carrier-key"
HOOK = f"/hooks/carriers/{CARRIER}"


@pytest.fixture
async def town(database: str) -> AsyncIterator[Town]:
    town = make_town(database)
    sealed = seal_secrets({"webhook_secret": KEY}, town.house.settings.secrets)
    row = {"id": CARRIER, "shop_id": SHOP, "kind": "carrier", "name": "17track", "created_at": 0}

    def connect(uow):
        uow.insert_now(t.connection, {**row, "secrets": sealed})
        uow.people.touch()

    town.shop.engine.chore(connect, SHOP)
    yield town
    await town.close()


def scan(town: Town, code: str, number: str = "JD01") -> bytes:
    carrier = Carrier(town.shop.clock)
    parcel = carrier.parcel(number)
    carrier.scan(number, code, "Leipzig")
    return json.dumps({"event": "TRACKING_UPDATED", "data": track_data(parcel)}).encode()


async def push(town: Town, raw: bytes, key: str = KEY) -> int:
    return (await town.http.post(HOOK, content=raw, headers={"sign": sign(raw, key)})).status_code


def send(town: Town) -> None:
    town.shop.place(1001, ("mug-red", 1))
    assert town.shop.do(ShipWork("1001", "JD01", "DHL")).ok
    town.shop.clock.advance(hours=20)


async def test_a_delivery_scan_delivers_the_parcel_and_its_repeat_changes_nothing(town: Town):
    send(town)
    raw = scan(town, "Delivered_Other")
    assert [await push(town, raw) for _ in range(3)] == [200, 200, 200]
    assert [x["status"] for x in town.shop.rows(t.parcel)] == ["Delivered"]
    assert [x["delivered"] for x in town.shop.rows(t.order_line)] == [1]
    assert len(town.shop.rows(t.inbox, connection_id=CARRIER)) == 1


async def test_a_scan_before_the_number_is_known_waits_for_it(town: Town):
    assert await push(town, scan(town, "InTransit_Arrival")) == 200
    assert [x["state"] for x in town.shop.rows(t.inbox)] == ["retry"]
    assert town.shop.rows(t.tracking_event) == []


async def test_a_forged_scan_is_401_and_moves_nothing(town: Town):
    send(town)
    raw = scan(town, "Delivered_Other")
    assert await push(town, raw, "another key") == 401
    assert (await town.http.post(HOOK, content=raw)).status_code == 401
    assert town.shop.rows(t.inbox) == []
    assert [x["delivered_at"] for x in town.shop.rows(t.parcel)] == [None]


async def test_a_carriers_key_opens_no_store(town: Town):
    raw = scan(town, "Delivered_Other")
    headers = {"sign": sign(raw, KEY)}
    answer = await town.http.post(f"/hooks/shopify/{CARRIER}", content=raw, headers=headers)
    assert answer.status_code == 401


async def test_a_signed_push_without_sense_is_kept(town: Town):
    assert await push(town, b'{"event": "TRACKING_UPDATED", "data": 7}') == 200
    assert [x["state"] for x in town.shop.rows(t.inbox)] == ["retry"]
