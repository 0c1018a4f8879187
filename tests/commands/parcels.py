"""Short ways to say and see what happens to parcels, for the tests of shipping and tracking."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.commands.shipping import FulfilledLine, RecordFulfillment
from core.commands.tracking import RecordTracking
from core.db import tables as t
from core.db.rows import from_json
from core.domain.access import Role
from core.domain.tracking import TrackingEvent, event
from core.domain.tracking_codes import read
from core.engine import Receipt
from tests.shop import BER, CHANNEL, SHOPIFY, START, Shop, staff

WAREHOUSE = staff(Role.WAREHOUSE, "Bo")
STORE = staff(Role.STORE, "Hilde", locations=("HAM",))
NUMBER = "00340434161094000000"


def scan(code: str, hours: float = 0, place: str = "Berlin") -> TrackingEvent:
    return event(read("17track", code), START + timedelta(hours=hours), code, place)


def tell(shop: Shop, *events: TrackingEvent, number: str = NUMBER, **more) -> Receipt:
    return shop.do(RecordTracking(number, events, **more), CHANNEL)


def fulfillment(number: int = 1001, *, key: str = "f-1", **more) -> RecordFulfillment:
    """What the shop says when two mugs and a pair of socks have left."""
    told = RecordFulfillment(
        connection_id=SHOPIFY,
        order_external_id=f"gid-{number}",
        external_id=key,
        lines=(FulfilledLine(f"{number}-1", 2), FulfilledLine(f"{number}-2", 1)),
        at=START,
    )
    return replace(told, **more)


def parcels(shop: Shop) -> list[dict]:
    return shop.rows(t.parcel)


def level(shop: Shop, sku: str, place: int = BER) -> tuple[int, int]:
    (row,) = shop.rows(t.stock_level, sku=sku, location_id=place)
    return row["on_hand"], row["reserved"]


def open_cases(shop: Shop) -> dict[str, str]:
    """Title by trouble of every open case about parcels."""
    rows = [r for r in shop.rows(t.cases, kind="parcel_trouble") if r["state"] != "resolved"]
    return {from_json(row["facts"])["trouble"]: row["title"] for row in rows}


def facts(shop: Shop, kind: str) -> list[dict]:
    return [from_json(row["data"]) for row in shop.rows(t.event, kind=kind)]
