"""Photos over REST and behind links: kept once, known again, shown for an hour, and forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.commands.choosing import Units
from core.commands.claims import AcceptClaim, ClaimOrder
from core.commands.fulfillment import ShipWork
from core.commands.photos import ForgetPhotos
from core.commands.tracking import DeliverParcel
from core.db import tables as t
from core.domain.access import Role
from core.domain.claims import ClaimReason
from core.queries.photos import ListPhotos
from tests.pictures import photo, saved_again
from tests.shop import CHANNEL, staff
from tests.shopify import Town, make_town

pytestmark = pytest.mark.anyio
ONE = (Units("mug-red", 1),)


@pytest.fixture
async def town(database: str) -> AsyncIterator[Town]:
    town = make_town(database)
    for number in ("1001", "1002"):
        town.shop.place(number, ("mug-red", 2))
        assert town.shop.do(ShipWork(number)).ok
        assert town.shop.do(DeliverParcel(number)).ok
    yield town
    await town.close()


async def send(town: Town, order: str, raw: bytes, role: Role = Role.LEAD) -> tuple[int, dict]:
    headers = {**town.key(role), "content-type": "image/jpeg"}
    path = f"/api/v1/orders/{order}/photos"
    answer = await town.http.post(path, content=raw, headers=headers)
    return answer.status_code, answer.json()


async def test_a_photo_from_the_door_to_the_day_it_is_forgotten(town: Town):
    shop, raw = town.shop, photo()
    status, kept = await send(town, "1001", raw)
    assert status == 201, kept
    name = kept["facts"]["photo"]
    assert (await send(town, "1001", raw))[0] == 201
    assert len(shop.rows(t.photo)) == len(shop.rows(t.photo_use)) == 1
    claim = shop.do(ClaimOrder("1001", ClaimReason.DAMAGED, ONE, photos=(name,)))
    assert claim.facts["status"] == "settled"

    _, again = await send(town, "1002", saved_again(raw))
    other = again["facts"]["photo"]
    asked = shop.do(ClaimOrder("1002", ClaimReason.DAMAGED, ONE, photos=(other,)))
    assert (asked.facts["status"], other == name) == ("requested", False)
    (case,) = shop.rows(t.cases, kind="claim_decision")
    assert "The same photo was sent before, for order 1001." in case["facts"]
    (seen,) = shop.ask(ListPhotos("1002")).photos
    assert set(seen.orders) == {"1001", "1002"}

    headers = town.key(Role.LEAD)
    shown = await town.http.get(f"/api/v1/photos/{name[:12]}.jpg", headers=headers)
    assert (shown.status_code, shown.content[:3]) == (200, b"\xff\xd8\xff")

    shop.clock.advance(days=181)
    assert shop.do(ForgetPhotos(), CHANNEL).ok
    left = {row["sha256"]: row["content"] is not None for row in shop.rows(t.photo)}
    assert left == {name: False, other: True}  # a claim of 1002 still waits
    assert shop.do(AcceptClaim("CL1002-1")).ok
    shop.clock.advance(days=181)
    assert shop.do(ForgetPhotos(), CHANNEL).ok
    assert all(row["content"] is None for row in shop.rows(t.photo))
    gone = await town.http.get(f"/api/v1/photos/{name[:12]}.jpg", headers=headers)
    assert gone.status_code == 404


async def test_what_is_no_photo_or_not_allowed_leaves_nothing(town: Town):
    for order, raw, role, expected in (
        ("1001", b"MZ", Role.LEAD, 422),
        ("1001", photo() + b"x" * 9 * 2**20, Role.LEAD, 413),
        ("4711", photo(), Role.LEAD, 404),
        ("1001", photo(), Role.MACHINE, 403),
    ):
        status, body = await send(town, order, raw, role)
        assert status == expected, body
    assert town.shop.rows(t.photo) == town.shop.rows(t.photo_use) == []
    assert town.shop.ask(ListPhotos("1001"), staff(Role.LEAD)).photos == ()
