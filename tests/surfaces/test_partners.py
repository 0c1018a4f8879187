"""Work at a partner over signed HTTP: asked, answered, stopped, refused and sent; and what is
never called."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse

from core.commands.access import AddConnection
from core.commands.fulfillment import PackWork, PrintPicks, PutBack
from core.commands.holds import HoldOrder, RecallParcel, ReleaseOrder
from core.commands.orders import CancelOrder
from core.commands.partners import HandOff, HandOffDue
from core.commands.undo import UndoLast
from core.db import tables as t
from core.db.rows import from_json
from core.domain.access import Role, system
from core.domain.cases import CaseKind
from core.domain.holds import HoldReason
from core.engine import Caller
from core.integrations.outside import Outside
from core.integrations.partners import requests as partners
from core.integrations.partners.signing import is_signed, signed
from core.integrations.secrets import seal_secrets
from core.queries.partners import HandoffList, ListHandoffs
from core.worker import Duties, Worker
from tests.shop import BER, HAM, SHOP, staff
from tests.shopify import Town, make_town

pytestmark = pytest.mark.anyio
SECRET, HOST = "whsec_cGFja3dlcmstaXMtYS1zdHJpY3QtcGFydG5lcg==", "wms.packwerk.example"
OWNER, BO = staff(Role.OWNER, "Olga"), staff(Role.WAREHOUSE, "Bo")
KNOWN = {
    "fulfillment.requested": {"location", "method", "ship_to", "gift", "lines"},
    "fulfillment.stop": {"reasons"},
    "fulfillment.go_on": set(),
    "fulfillment.withdrawn": set(),
    "fulfillment.recall": {"tracking_number", "carrier"},
}


@dataclass
class Packwerk:
    """A strict partner: takes only what is signed, whole and new, and remembers its work."""

    now: Any
    heard: list[dict[str, Any]] = field(default_factory=list)
    ids: dict[str, bytes] = field(default_factory=dict)
    status: int = 202

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        await self._answer(request, await request.body())(scope, receive, send)

    def _answer(self, request: Request, raw: bytes) -> JSONResponse:
        headers = {n: request.headers.getlist(n) for n in request.headers}
        if not is_signed(raw, headers, SECRET, self.now()):
            return JSONResponse({"error": "not signed"}, 401)
        told, message = json.loads(raw), request.headers["webhook-id"]
        head = {"type", "id", "order", "work"}
        if set(told) != head | KNOWN.get(told["type"], {"?"}):
            return JSONResponse({"error": "not as agreed"}, 422)
        if self.status >= 300:
            return JSONResponse({"error": "not now"}, self.status)
        if message not in self.ids:
            self.heard.append(told)
        self.ids[message] = raw
        return JSONResponse({}, self.status)

    @property
    def types(self) -> list[str]:
        return [told["type"].removeprefix("fulfillment.") for told in self.heard]


@dataclass
class Street:
    town: Town
    partner: Packwerk
    connection: int
    resolved: list[str] = field(default_factory=lambda: ["93.184.216.34"])

    def worker(self) -> Worker:
        transport = httpx2.ASGITransport(app=self.partner)
        http = httpx2.AsyncClient(transport=transport)

        async def resolve(_host: str, _port: int) -> list[str]:
            return self.resolved

        keys = self.town.house.settings.secrets
        post = partners.Post(self.town.shop.engine, Outside(http, (), resolve), keys)
        duties = Duties(partners.executors(post), lambda _u, _f: None, lambda _s, _d: None)
        return Worker(self.town.shop.engine, duties)

    async def minute(self) -> None:
        """The clock ticks once, and what is to be told is told."""
        self.town.shop.clock.advance(seconds=61)
        caller = Caller(system(SHOP, "clock"), "clock", str(self.town.shop.clock()))
        assert self.town.shop.engine.execute(HandOffDue(), caller).ok
        await self.worker().until_idle()

    async def says(self, what: str, secret: str = SECRET, **more: Any) -> int:
        told = {"type": f"fulfillment.{what}", "id": self.partner.heard[-1]["id"], **more}
        raw = json.dumps(told).encode()
        headers = signed(f"msg-{what}-{len(raw)}", self.town.shop.clock(), raw, secret)
        url = f"/hooks/partners/{self.connection}"
        return (await self.town.http.post(url, content=raw, headers=headers)).status_code

    def works(self) -> list[tuple[str, int, str]]:
        rows = self.town.shop.rows(t.fulfillment_order)
        return [(row["number"], row["location_id"], row["stage"]) for row in rows]


@pytest.fixture
async def street(database: str) -> AsyncIterator[Street]:
    town = make_town(database)
    sealed = seal_secrets({"webhook_secret": SECRET}, town.house.settings.secrets)
    config = {"url": f"https://{HOST}/wismo", "location": "BER"}
    made = town.shop.do(AddConnection("partner", "packwerk", config, sealed), OWNER)
    assert made.ok, made
    yield Street(town, Packwerk(town.shop.clock), made.facts["connection"])
    await town.close()


async def test_work_is_asked_accepted_held_released_and_sent(street: Street):
    shop, partner = street.town.shop, street.partner
    shop.place(1001, ("mug-red", 2))
    await street.worker().until_idle()
    assert partner.heard == []  # the undo time has not passed
    assert shop.do(PrintPicks("ber"), BO).sentence.startswith("BER is packwerk, who gets its work")
    await street.minute()
    asked = partner.heard[0]
    assert (asked["order"], asked["lines"][0]["sku"]) == ("1001", "mug-red")
    assert asked["ship_to"]["country"] == "DE"
    assert await street.says("accepted") == 200
    assert await street.says("accepted") == 200  # told twice, done once
    view: HandoffList = shop.ask(ListHandoffs())
    assert [(x.partner, x.work, x.state, x.stop) for x in view.handoffs] == [
        ("packwerk", "1001-1", "accepted", "")
    ]
    told = await street.town.http.get("/api/v1/handoffs", headers=street.town.key())
    assert [x["work"] for x in told.json()["handoffs"]] == ["1001-1"]
    held = shop.do(HoldOrder("1001", HoldReason.ADDRESS))
    assert "BER is asked to put 1001-1 aside." in held.sentence
    await street.worker().until_idle()
    assert partner.heard[-1]["reasons"] == ["address"]
    assert [x["kind"] for x in shop.rows(t.cases, resolved_at=None)] == [CaseKind.HOLD_ASKED.value]
    assert await street.says("stopped") == 200
    assert shop.rows(t.cases, resolved_at=None) == []
    assert shop.do(ReleaseOrder("1001")).ok
    await street.minute()
    await street.minute()
    assert partner.types == ["requested", "stop", "go_on"]
    lines = [{"sku": "mug-red", "quantity": 1}]
    sent = {"tracking_number": "JD0001", "carrier": "DHL"}
    assert await street.says("shipped", lines=lines, **sent) == 200
    assert await street.says("shipped", tracking_number="JD0002", carrier="DHL") == 200
    assert [(x["tracking_number"], x["carrier"]) for x in shop.rows(t.parcel)] == [
        ("JD0001", "DHL"),
        ("JD0002", "DHL"),
    ]
    assert [x["shipped"] for x in shop.rows(t.order_line)] == [2]
    assert [x["state"] for x in shop.rows(t.handoff)] == ["shipped"]
    recalled = shop.do(RecallParcel("1001", "wrong address"))
    assert "packwerk is asked" in recalled.sentence
    await street.worker().until_idle()
    assert {x["tracking_number"] for x in partner.heard[-2:]} == {"JD0001", "JD0002"}


async def test_what_is_sent_twice_takes_nothing_out_of_another_place(street: Street):
    """The rest of the order lies at HAM, who has not sent it."""
    shop = street.town.shop
    shop.place(1001, ("mug-red", 45))
    await street.minute()
    for number in ("JD0001", "JD0002"):
        assert await street.says("shipped", tracking_number=number, carrier="DHL") == 200
    assert await street.says("shipped", shipped_at="0001-01-01T00:00:00+14:00") == 200
    assert street.works() == [("1001-1", BER, "shipped"), ("1001-2", HAM, "ready")]
    assert [row["tracking_number"] for row in shop.rows(t.parcel)] == ["JD0001"]
    assert [row["shipped"] for row in shop.rows(t.order_line)] == [41]


async def test_a_rejection_routes_again_without_the_partner(street: Street):
    shop = street.town.shop
    shop.place(1001, ("mug-red", 1))
    await street.minute()
    assert await street.says("rejected", reason="no such goods here") == 200
    assert street.works() == [("1001-1", BER, "canceled"), ("1001-2", HAM, "ready")]
    (row,) = shop.rows(t.handoff)
    assert (row["state"], row["reason"]) == ("rejected", "no such goods here")
    await street.minute()
    assert street.partner.types == ["requested"]
    assert await street.says("shipped", tracking_number="JD0001") == 200
    (case,) = shop.rows(t.cases, resolved_at=None)
    assert "which was taken from it" in case["title"]
    assert shop.rows(t.parcel) == []


async def test_what_is_taken_back_is_withdrawn_and_what_was_undone_was_never_said(street: Street):
    shop, partner = street.town.shop, street.partner
    shop.place(1001, ("mug-red", 1))
    assert shop.do(HandOff("1001"), BO).sentence == "1001-1 goes to packwerk."
    assert shop.do(HandOff("1001"), BO).code == "already"
    assert shop.do(UndoLast(), BO).ok
    street.town.shop.clock.advance(seconds=61)
    await street.worker().until_idle()
    assert partner.heard == []
    await street.minute()  # what was taken back goes when its time has come
    assert shop.do(PutBack("1001"), BO).ok
    assert shop.do(PackWork("1001"), BO).ok  # by our own people, before the minute is over
    await street.worker().until_idle()
    assert partner.types == ["requested", "withdrawn"]
    assert shop.do(PutBack("1001"), BO).ok
    assert shop.do(CancelOrder("1001", "changed their mind")).ok
    await street.minute()
    assert partner.types == ["requested", "withdrawn"]
    assert await street.says("accepted") == 200
    assert [x["state"] for x in shop.rows(t.handoff)] == ["withdrawn"]


async def test_a_held_order_is_not_handed_off_and_a_busy_partner_is_asked_again(street: Street):
    shop, partner = street.town.shop, street.partner
    shop.place(1001, ("mug-red", 1))
    assert shop.do(HoldOrder("1001", HoldReason.FRAUD)).ok
    assert shop.do(HandOff("1001"), BO).code == "held"
    await street.minute()
    assert street.works() == [("1001-1", BER, "ready")]
    assert shop.do(ReleaseOrder("1001")).ok
    partner.status = 503
    await street.minute()
    assert partner.heard == []
    partner.status = 202
    await street.minute()
    assert partner.types == ["requested"]


async def test_a_forged_answer_and_a_private_address_get_nowhere(street: Street):
    shop = street.town.shop
    street.resolved = ["93.184.216.34", "10.0.0.7"]
    shop.place(1001, ("mug-red", 1))
    await street.minute()
    (row,) = shop.rows(t.outbox, kind="partner.tell")
    assert (row["state"], row["reason"]) == (
        "dead",
        f"{HOST} leads into a private network",
    )
    assert street.partner.heard == []
    (handoff,) = shop.rows(t.handoff)
    street.partner.heard.append({"id": str(handoff["id"])})
    assert await street.says("shipped", secret="whsec_YW5vdGhlcg==") == 401
    assert shop.rows(t.parcel) == []
    assert from_json(row["payload"])["type"] == "fulfillment.requested"


@pytest.mark.parametrize(
    ("url", "place", "code"),
    [
        ("http://wms.example.com/x", "BER", "invalid"),
        ("https://127.0.0.1/x", "BER", "invalid"),
        ("https://wms.example.com/x", "NOWHERE", "invalid"),
        ("https://wms.example.com/x", "BER", "conflict"),
    ],
)
async def test_a_partner_has_a_public_address_and_a_location_of_its_own(
    street: Street, url: str, place: str, code: str
):
    told = AddConnection("partner", "other", {"url": url, "location": place})
    assert street.town.shop.do(told, OWNER).code == code
