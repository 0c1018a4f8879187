"""The whole path of a three-line order over HTTP, beside hand-written SQL on the same disk.

Signature, validation, idempotency, reservation, routing, events, audit and a durable commit, at
1, 8 and 64 clients, on SQLite and (where one can be started) PostgreSQL.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import sqlalchemy as sa

from benchmarks import load, machine, raw_sql, server
from benchmarks.machine import Figures, Run

BEST_PEER = 13.0  # orders/s of the fastest peer on such a machine, at 8 clients
SKUS = 200
WARM_UP = 300  # orders


def main() -> None:
    machine.run(__doc__, measure)


def measure(run: Run) -> Figures:
    folder, seed, scale = run.folder, run.seed, 0.2 if run.quick else 1.0
    figures: Figures = {"seed": seed, **machine.about(folder)}
    orders = int(5000 * scale)
    simple = raw_sql.simple_order(folder / "simple.db", orders, seed)
    rows = raw_sql.product_rows(folder / "rows.db", orders, seed)
    figures |= {
        "raw_simple_orders_per_second": round(simple),
        "raw_product_rows_orders_per_second": round(rows),
    }
    figures |= _product(f"sqlite:///{folder / 'wismo.db'}", "sqlite", scale, seed, simple, rows)
    with _postgres() as url:
        if url is not None:
            figures |= _product(url, "postgresql", scale, seed, simple, rows)
    return figures


def _product(url: str, name: str, scale: float, seed: int, simple: float, rows: float) -> Figures:
    server.furnish(url, SKUS, 2)
    figures: Figures = {}
    with server.serving(url) as served:
        figures[f"{name}_start_seconds"] = round(served.started_seconds, 2)
        figures[f"{name}_idle_memory_mb"] = round(server.memory_mb(served.pid))
        first = _warmed_up(served, url, seed)
        for clients, wanted in ((1, 1000), (8, 3000), (64, 5000)):
            count = int(wanted * scale)
            requests, before = prepared(first, count, seed), server.cpu_seconds(served.pid)
            run = asyncio.run(load.fire(served.port, requests, clients))
            used = server.cpu_seconds(served.pid) - before
            first += count
            figures |= _told(f"{name}_{clients}", run, count, simple, rows)
            figures[f"{name}_{clients}_cpu_ms_per_order"] = round(1000 * used / count, 3)
        figures[f"{name}_loaded_memory_mb"] = round(server.memory_mb(served.pid))
    figures |= _proof(url, name, first)
    return figures


def _warmed_up(served: server.Served, url: str, seed: int) -> int:
    """Some orders before the clock runs. PostgreSQL then counts its rows once, as it does by
    itself every minute: a server that has counted nothing yet reads whole tables."""
    asyncio.run(load.fire(served.port, prepared(0, WARM_UP, seed), 8))
    if url.startswith("postgresql"):
        server.analyze(url)
    return WARM_UP


def _told(name: str, run: load.Run, count: int, simple: float, rows: float) -> Figures:
    if run.statuses != {200: count}:
        raise RuntimeError(f"{name}: not every order was taken: {run.statuses}")
    figures: Figures = {
        f"{name}_orders_per_second": round(run.per_second),
        f"{name}_p50_ms": round(machine.percentile(run.taken_ms, 0.5), 2),
        f"{name}_p99_ms": round(machine.percentile(run.taken_ms, 0.99), 2),
        f"{name}_over_raw_simple": round(run.per_second / simple, 3),
        f"{name}_over_raw_product_rows": round(run.per_second / rows, 3),
    }
    if name.endswith("_8"):
        figures[f"{name}_over_best_peer"] = round(run.per_second / BEST_PEER, 1)
    return figures


def _proof(url: str, name: str, orders: int) -> Figures:
    """What the database holds afterwards: every order, every reservation, nothing twice."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        stored = connection.exec_driver_sql("SELECT count(*) FROM orders").scalar_one()
        reserved = connection.exec_driver_sql("SELECT sum(reserved) FROM stock_level").scalar_one()
    engine.dispose()
    if (stored, reserved) != (orders, orders * 3):
        raise RuntimeError(f"{name}: {orders} orders sent, {stored} stored, {reserved} reserved")
    return {f"{name}_orders_stored": int(stored), f"{name}_units_reserved": int(reserved)}


def prepared(first: int, count: int, seed: int) -> list[bytes]:
    """Signed orders/create webhooks in Shopify's shape, three different SKUs each."""
    rng = random.Random(seed + first)
    return [_request(first + n, rng.sample(range(SKUS), 3)) for n in range(count)]


def _request(number: int, skus: list[int]) -> bytes:
    body = json.dumps(_payload(number, skus)).encode()
    digest = hmac.new(server.SECRET.encode(), body, hashlib.sha256).digest()
    headers = {
        "Content-Type": "application/json",
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
        "X-Shopify-Shop-Domain": "bench.example",
        "X-Shopify-Webhook-Id": f"hook-{number}",
        "X-Shopify-Event-Id": f"event-{number}",
        "X-Shopify-Triggered-At": "2026-11-21T10:00:00Z",
    }
    return load.post(f"/hooks/shopify/{server.CONNECTION}", body, headers)


def _payload(number: int, skus: list[int]) -> dict[str, object]:
    at = datetime(2026, 11, 21, 10, tzinfo=UTC).isoformat()
    address = {
        "first_name": "Anna", "last_name": "Schmidt", "name": "Anna Schmidt",
        "address1": "Hauptstr. 1", "address2": None, "zip": "10827", "city": "Berlin",
        "province": None, "country": "Germany", "country_code": "DE", "phone": None,
        "company": None, "latitude": 52.48, "longitude": 13.35,
    }  # fmt: skip
    return {
        "id": 5_000_000 + number,
        "admin_graphql_api_id": f"gid://shopify/Order/{5_000_000 + number}",
        "name": f"#{number + 1001}",
        "order_number": number + 1001,
        "email": f"c{number}@example.org",
        "phone": None,
        "created_at": at,
        "updated_at": at,
        "processed_at": at,
        "cancelled_at": None,
        "cancel_reason": None,
        "currency": "EUR",
        "presentment_currency": "EUR",
        "financial_status": "paid",
        "fulfillment_status": None,
        "source_name": "web",
        "taxes_included": True,
        "test": False,
        "note": None,
        "note_attributes": [],
        "tags": "",
        "total_price": "59.70",
        "current_total_price": "59.70",
        "total_outstanding": "0.00",
        "subtotal_price": "59.70",
        "total_discounts": "0.00",
        "total_tax": "9.53",
        "customer_locale": "de",
        "customer": {
            "id": 900_000 + number, "email": f"c{number}@example.org",
            "first_name": "Anna", "last_name": "Schmidt", "phone": None,
        },
        "shipping_address": address,
        "billing_address": address,
        "shipping_lines": [],
        "discount_applications": [],
        "discount_codes": [],
        "fulfillments": [],
        "refunds": [],
        "line_items": [_line(number, place, sku) for place, sku in enumerate(skus)],
    }  # fmt: skip


def _line(number: int, place: int, sku: int) -> dict[str, object]:
    return {
        "id": number * 10 + place,
        "sku": f"s{sku}",
        "title": f"Thing {sku}",
        "name": f"Thing {sku}",
        "variant_title": None,
        "variant_id": sku,
        "product_id": sku,
        "quantity": 1,
        "current_quantity": 1,
        "fulfillable_quantity": 1,
        "fulfillment_status": None,
        "price": "19.90",
        "total_discount": "0.00",
        "requires_shipping": True,
        "taxable": True,
        "gift_card": False,
        "grams": 300,
        "discount_allocations": [],
        "tax_lines": [{"title": "VAT", "rate": 0.19, "price": "3.18"}],
        "properties": [],
    }


@contextmanager
def _postgres() -> Iterator[str | None]:
    """A PostgreSQL of our own with full durability, or None where there is none."""
    from tests.postgres import fresh_database, session

    with session():
        yield fresh_database()


if __name__ == "__main__":
    main()
