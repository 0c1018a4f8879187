"""The stand-in carrier scans parcels and pushes signed news, in order or not."""

from __future__ import annotations

import hashlib
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.sandbox.carrier import STRIKE_REACH, SUB_STATUSES, Carrier, carrier_app
from bot.sandbox.shop.wire import ControlError, Fault, served

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def carrier() -> Carrier:
    return Carrier(lambda: NOW, key="k3y")


@dataclass
class Listener:
    status: int = 200
    got: list[tuple[str, bytes]] = field(default_factory=list)

    async def hear(self, request: Request) -> Response:
        self.got.append((request.headers["sign"], await request.body()))
        return Response(status_code=self.status)

    def statuses(self) -> list[str]:
        tracks = [json.loads(body)["data"]["track_info"] for _, body in self.got]
        return [one["latest_status"]["sub_status"] for one in tracks]


@asynccontextmanager
async def listening(carrier: Carrier, status: int = 200):
    listener = Listener(status)
    route = Route("/hooks/carriers/3", listener.hear, methods=["POST"])
    async with served(Starlette(routes=[route])) as base:
        carrier.connect(base, "3")
        yield listener


def test_there_are_nine_statuses_and_thirty_ways_to_be_in_them():
    assert len(SUB_STATUSES) == 9
    assert sum(len(reasons) or 1 for reasons in SUB_STATUSES.values()) == 30


async def test_a_scan_is_pushed_with_a_sign_over_the_raw_body_and_the_key(carrier: Carrier):
    async with listening(carrier) as listener:
        carrier.scan("jjd1", "InTransit_PickedUp", "Berlin")
        await carrier.deliver()
    sign, body = listener.got[0]
    news = json.loads(body)
    assert sign == hashlib.sha256(body + b"/k3y").hexdigest()
    assert news["event"] == "TRACKING_UPDATED"
    assert news["data"]["number"] == "JJD1"
    event = news["data"]["track_info"]["tracking"]["providers"][0]["events"][0]
    assert (event["time_utc"], event["stage"]) == ("2026-11-20T09:30:00Z", "PickedUp")
    assert event["location"] == "Berlin"


async def test_pushes_can_come_twice_late_tampered_or_never(carrier: Carrier):
    async with listening(carrier) as listener:
        carrier.scan("A", "InTransit", delivery="repeated")
        carrier.scan(
            "B", "InTransit_PickedUp", at=NOW - timedelta(hours=2), delivery="out_of_order"
        )
        carrier.scan("B", "OutForDelivery")
        carrier.scan("C", "Delivered", delivery="dropped")
        carrier.scan("D", "Delivered", delivery="tampered")
        await carrier.deliver()
    order = ["InTransit_Other"] * 2 + ["OutForDelivery_Other", "InTransit_PickedUp"]
    assert listener.statuses() == [*order, "Delivered_Other"]
    sign, body = listener.got[-1]
    assert sign != hashlib.sha256(body + b"/k3y").hexdigest()


async def test_a_refused_push_waits_and_is_given_up_after_four_tries(carrier: Carrier):
    async with listening(carrier, status=503):
        carrier.scan("A")
        states = [[one.state for one in await carrier.deliver()] for _ in range(5)]
    assert states == [["due"], ["due"], ["due"], ["failed"], []]


async def test_in_a_strike_moving_parcels_are_late_and_scans_wait_for_its_end(carrier: Carrier):
    async with listening(carrier) as listener:
        carrier.scan("MOVING", "InTransit", at=NOW - timedelta(hours=1))
        carrier.scan("HOME", "Delivered")
        await carrier.deliver()
        assert carrier.strike(True) == 1
        carrier.scan("MOVING", "Delivered", at=NOW + timedelta(hours=1))
        await carrier.deliver()
        assert listener.statuses()[2:] == ["Exception_Delayed"]
        assert carrier.strike(False) == 1
        await carrier.deliver()
    assert listener.statuses()[3:] == ["Delivered_Other"]


def test_a_strike_reaches_the_parcels_that_were_seen_last(carrier: Carrier):
    for age in range(9):
        carrier.scan(f"P{age}", "InTransit", at=NOW - timedelta(hours=age))
    assert carrier.strike() == STRIKE_REACH == 5
    late = [one.number for one in carrier.parcels.values() if len(one.scans) > 1]
    assert late == ["P0", "P1", "P2", "P3", "P4"]


def test_a_scan_that_makes_no_sense_is_refused_and_no_parcel_is_made(carrier: Carrier):
    for status, words in [
        ("Lost", "No status is called"),
        ("Delivered_Lost", "has no reason"),
    ]:
        with pytest.raises(ControlError, match=words):
            carrier.scan("A", status)
    with pytest.raises(ControlError, match="time zone"):
        carrier.scan("A", at="2026-11-20T09:30:00")
    assert carrier.parcels == {}


async def test_the_pull_shows_known_parcels_and_rejects_unknown_ones(carrier: Carrier):
    carrier.scan("A", "Exception_Damage", "Köln")
    transport = httpx2.ASGITransport(app=carrier_app(carrier))
    async with httpx2.AsyncClient(transport=transport, base_url="http://carrier") as client:
        path, key = "/track/v2.2/gettrackinfo", {"17token": "k3y"}
        wanted = [{"number": "A"}, {"number": "B"}]
        good = await client.post(path, json=wanted, headers=key)
        stranger = await client.post(path, json=wanted)
        many = await client.post(path, json=[{"number": str(n)} for n in range(41)], headers=key)
        odd = await client.post(path, json={"number": "A"}, headers=key)
    data = good.json()["data"]
    assert data["accepted"][0]["track_info"]["latest_status"]["sub_status"] == "Exception_Damage"
    assert data["rejected"][0]["error"]["code"] == -18019902
    assert [stranger.status_code, many.status_code, odd.status_code] == [401, 400, 400]


async def test_a_fresh_label_is_known_but_has_no_events(carrier: Carrier):
    transport = httpx2.ASGITransport(app=carrier_app(carrier))
    async with httpx2.AsyncClient(transport=transport, base_url="http://carrier") as client:
        key, one = {"17token": "k3y"}, [{"number": "NEW"}]
        await client.post("/track/v2.2/register", json=one, headers=key)
        again = await client.post("/track/v2.2/register", json=one, headers=key)
        info = await client.post("/track/v2.2/gettrackinfo", json=one, headers=key)
    assert again.json()["data"]["rejected"][0]["error"]["code"] == -18019901
    track = info.json()["data"]["accepted"][0]["track_info"]
    assert track["latest_status"]["status"] == "NotFound"
    assert track["latest_event"] is None


async def test_the_control_api_scans_and_scripts_a_busy_carrier(carrier: Carrier):
    async with listening(carrier) as listener:
        transport = httpx2.ASGITransport(app=carrier_app(carrier))
        async with httpx2.AsyncClient(transport=transport, base_url="http://carrier") as client:
            words = {"tracking_number": "A", "status": "Delivered", "place": "Graz"}
            assert (await client.post("/control/scan", json=words)).status_code == 200
            odd = await client.post("/control/scan", json={"tracking_number": "A", "colour": 1})
            fault = {"endpoint": "gettrackinfo", "kind": "rate", "retry_after": 9}
            await client.post("/control/faults", json=fault)
            busy = await client.post("/track/v2.2/gettrackinfo", json=[])
    assert listener.statuses() == ["Delivered_Other"]
    assert odd.status_code == 400
    assert (busy.status_code, busy.headers["Retry-After"]) == (429, "9")


def test_an_unknown_fault_is_refused(carrier: Carrier):
    with pytest.raises(ControlError, match="No fault"):
        carrier.faults.script(Fault("*", "explode"))  # type: ignore[arg-type]
