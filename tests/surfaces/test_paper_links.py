"""Invoices and credit notes in messages and on the tracking page, where a shop says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from core.commands.receiving import ReceiveReturn
from core.commands.refunds import RecordRefund
from core.commands.returns import RequestReturn
from core.commands.setup import SetPolicy
from core.db import tables as t
from core.domain.access import Role
from core.engine import Caller
from tests.shop import staff
from tests.surfaces.customers import Street, street

pytestmark = pytest.mark.anyio
ANNA = "anna@example.org"
OWNER: Caller = staff(Role.OWNER, "Olga")


@pytest.fixture
async def here(database: str) -> AsyncIterator[Street]:
    async with street(database) as made:
        assert made.shop.do(SetPolicy("invoice_when", "shipped"), OWNER).ok
        yield made


async def ship(here: Street, number: int) -> None:
    assert here.shop.place(number, ("mug-red", 1)).ok
    here.ship(number)
    here.shop.clock.advance(minutes=2)
    await here.work()


async def test_papers_reach_their_customer_and_nobody_else(here: Street):
    await ship(here, 1001)
    assert "/papers/" not in str([mail.links for mail in here.mailbox.to(ANNA)])
    assert here.shop.do(SetPolicy("document_links", "yes"), OWNER).ok
    await ship(here, 1002)
    link = here.link_for(ANNA, "papers")
    stranger = here.visitor()
    paper = await stranger.client.get(link)
    assert (paper.status_code, paper.content[:5]) == (200, b"%PDF-")
    assert paper.headers["cache-control"] == "no-store"

    page = here.link_for(ANNA, "track")
    assert "INV-00002" not in (await stranger.client.get(page)).text
    by_link = here.visitor()
    token = (await by_link.client.get(page)).text.split('name="start" value="')[1].split('"')[0]
    assert (await by_link.client.post("/chat/start", json={"start": token})).status_code == 200
    assert "INV-00002" not in (await by_link.client.get(page)).text
    anna = here.visitor()
    await anna.identifies()
    shown = (await anna.client.get(page)).text
    assert "INV-00002 (PDF)" in shown

    here.deliver(1002)
    back = here.shop.do(RequestReturn("1002", "mug-red", 1)).facts["return"]
    assert here.shop.do(ReceiveReturn(back)).ok
    assert here.shop.do(RecordRefund(back, "re_1")).ok
    here.shop.clock.advance(minutes=2)
    await here.work()
    note = here.link_for(ANNA, "papers")
    assert note != link
    assert "CN-00001" in here.mailbox.to(ANNA)[-1].text
    assert (await stranger.client.get(note)).status_code == 200

    here.shop.engine.chore(lambda uow: uow.session.driver.execute(WITHDRAW))
    assert (await stranger.client.get(link)).status_code == 404
    here.shop.clock.now += timedelta(days=31)
    assert (await stranger.client.get(note)).status_code == 404
    assert len(here.shop.rows(t.document)) == 3


WITHDRAW = "update orders set links_version = links_version + 1 where number = '1002'"
