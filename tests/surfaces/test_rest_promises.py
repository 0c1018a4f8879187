"""A shop's front end asks for a promise over REST; what makes no sense is refused, not guessed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.shopify import Town, make_town

pytestmark = pytest.mark.anyio
BASKET = {
    "lines": [{"sku": "mug-red", "quantity": 2}],
    "destination": {"country": "DE", "zip": "10827"},
}


@pytest.fixture
async def town(sqlite_database: str) -> AsyncIterator[Town]:
    town = make_town(sqlite_database)
    yield town
    await town.close()


async def asked(town: Town, body: dict[str, Any], headers: dict[str, str]) -> Any:
    return await town.http.post("/api/v1/promises", content=json.dumps(body), headers=headers)


async def test_a_basket_gets_dates_parcels_and_cost(town: Town) -> None:
    answer = await asked(town, BASKET, town.key())
    told = answer.json()
    assert answer.status_code == 200
    assert (told["possible"], told["last"], told["why_not"]) == (True, "2026-11-26", [])
    assert [(p["location"], p["units"]) for p in told["parcels"]] == [("BER", {"mug-red": 2})]
    assert (told["cost"], told["currency"]) == (490 + 2 * 40, "EUR")


@pytest.mark.parametrize(
    "wrong",
    [
        {"lines": []},
        {"lines": [{"sku": "mug-red", "quantity": 0}]},
        {"lines": [{"sku": "mug-red", "pieces": 2}]},
        {"method": "as fast as you can!"},
        {"placed_at": "2026-11-23T09:00:00"},
        {"when": "soon"},
    ],
)
async def test_what_makes_no_sense_is_refused(town: Town, wrong: dict[str, Any]) -> None:
    answer = await asked(town, BASKET | wrong, town.key())
    assert answer.status_code == 422
    assert answer.json()["detail"]


async def test_nobody_is_told_without_a_key(town: Town) -> None:
    assert (await asked(town, BASKET, {})).status_code == 401
