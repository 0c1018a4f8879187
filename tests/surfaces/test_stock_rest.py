"""Stock for programs: every question has an address, a stale figure is told the true one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from core.commands.arrivals import ExpectStock
from core.commands.restock import SetLowStock
from core.commands.stock import AdjustStock
from core.commands.transfers import PlanTransfer
from core.db import tables as t
from core.domain.access import Role
from tests.shop import BER
from tests.shopify import Town, make_town

pytestmark = pytest.mark.anyio
API = "/api/v1"


@pytest.fixture
async def town(database: str) -> AsyncIterator[Town]:
    town = make_town(database)
    yield town
    await town.close()


def on_hand(town: Town) -> int:
    return int(town.shop.rows(t.stock_level, sku="mug-red", location_id=BER)[0]["on_hand"])


async def count(town: Town, counted: int, expected: int):
    body = {"sku": "mug-red", "location": "BER", "on_hand": counted, "expected": expected}
    key = town.key(Role.WAREHOUSE)
    return await town.http.post(f"{API}/commands/set_stock", content=json.dumps(body), headers=key)


async def test_a_set_of_a_stale_figure_is_a_409_with_the_true_one(town: Town):
    before = on_hand(town)
    town.shop.do(AdjustStock("mug-red", "BER", -2, "broken"))
    answer = await count(town, 50, before)
    told = answer.json()
    assert (answer.status_code, told["code"]) == (409, "stale_stock")
    assert (told["current"], told["sku"]) == (before - 2, "mug-red")
    assert on_hand(town) == before - 2
    assert (await count(town, 50, told["current"])).status_code == 200
    assert on_hand(town) == 50


async def test_every_question_about_stock_has_an_address(town: Town):
    town.shop.do(ExpectStock("mug-red", "BER", 5, reference="PO-1"))
    town.shop.do(PlanTransfer("mug-red", 1, "BER", "HAM"))
    town.shop.do(SetLowStock("mug-red", 1000))
    key = town.key()

    async def read(path: str):
        answer = await town.http.get(f"{API}{path}", headers=key)
        assert answer.status_code == 200, answer.text
        return answer.json()

    assert (await read("/stock/mug-red"))["incoming"] == 5
    assert (await read("/ledger/mug-red?location=BER"))["lines"][0]["kind"] == "reserve"
    assert (await read("/expected?location=BER"))["expected"][0]["reference"] == "PO-1"
    assert (await read("/transfers"))["transfers"][0]["number"] == "T-1"
    assert (await read("/transfers/T-1"))["transfers"][0]["to"] == "HAM"
    assert (await read("/low"))["low"][0]["sku"] == "mug-red"
    assert (await read("/availability/mug-red"))["channels"][0]["offered"] > 0


async def test_a_transfer_that_there_is_not_is_a_404(town: Town):
    answer = await town.http.get(f"{API}/transfers/T-9", headers=town.key())
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_how_soon_channels_hear_is_a_figure(town: Town):
    town.shop.do(AdjustStock("mug-red", "BER", -2, "broken"))
    town.shop.clock.advance(seconds=7)
    figures = (await town.http.get("/metrics")).text
    waiting = next(x for x in figures.splitlines() if x.startswith("wismo_stock_untold_seconds "))
    assert float(waiting.split()[1]) >= 7
    assert 'wismo_stock_told_lag_seconds{quantile="0.95"}' in figures
