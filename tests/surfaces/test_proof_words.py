"""What a bank is shown: typed, over REST and as a paper behind a signed link."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot import desk
from bot.papers import paper_behind
from bot.presentation.model import Card
from bot.presentation.plain import as_text
from core.commands.disputing import RecordDispute
from core.domain.access import Role
from core.domain.disputes import DisputeState
from tests.commands.test_returns import deliver
from tests.shop import CHANNEL, SHOPIFY, staff
from tests.shopify import make_town

pytestmark = pytest.mark.anyio


async def test_the_proof_of_an_order_from_its_case_to_the_paper(database: str):
    town = make_town(database)
    try:
        theirs = town.buy({"mug-red": 1})
        await town.bring()
        number, shop = str(theirs.number), town.shop
        deliver(shop, theirs.number)
        told = RecordDispute(
            SHOPIFY,
            "d1",
            1990,
            "EUR",
            DisputeState.OPEN,
            shop.clock.now,
            order=str(theirs.id),
            reason="product_not_received",
        )
        assert shop.do(told, CHANNEL).ok

        (card,) = await desk.answer(town.house, f"proof {number}", staff())
        assert isinstance(card, Card)
        text = str(card)
        assert f"Proof of order {number}: 1 parcel, " in text
        assert "product not received" in text
        assert "No carrier scan was kept" in text or "carrier scan" in text
        link = next(action.url for action in card.actions if action.verb == "proof")
        paper = await paper_behind(town.house, link.rsplit("/", 1)[-1])
        assert paper is not None
        assert (paper.name, paper.pdf[:5]) == (f"proof-{number}.pdf", b"%PDF-")
        assert await paper_behind(town.house, link.rsplit("/", 1)[-1] + "x") is None

        (case,) = await desk.answer(town.house, "cases chargeback", staff())
        assert re.search("asks back .19.90", str(case))

        (page,) = await desk.answer(town.house, "chargebacks", staff())
        assert "Chargebacks: 1 open" in as_text(page)
        assert f"Order {number} · €19.90 · product not received · open since" in as_text(page)
        assert f"[Proof of {number}]" in as_text(page)
        (near,) = await desk.answer(town.house, "chargbacks", staff())
        assert "chargebacks" in as_text(near)
        assert shop.do(replace(told, state=DisputeState.WON), CHANNEL).ok
        (page,) = await desk.answer(town.house, "disputes", staff())
        assert ("0 open" in as_text(page), "· won since" in as_text(page)) == (True, True)
        listed = await town.http.get("/api/v1/chargebacks", headers=town.key())
        assert [each["dispute"]["state"] for each in listed.json()["disputes"]] == ["won"]
        till = await town.http.get("/api/v1/chargebacks", headers=town.key(Role.STORE, "door"))
        assert till.json()["disputes"] == []

        answer = await town.http.get(f"/api/v1/orders/{number}/proof", headers=town.key())
        found = answer.json()
        assert (answer.status_code, found["disputes"][0]["state"]) == (200, "won")
        assert found["chain"]["broken_at"] is None
        store = town.key(Role.STORE, "till")
        no = await town.http.get(f"/api/v1/orders/{number}/proof", headers=store)
        assert no.status_code in (403, 404)
    finally:
        await town.close()
