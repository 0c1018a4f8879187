"""Two programs written by hand in plain SQL, to hold the product against: one durable order."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from core.db import tables as t
from core.db.connection import Database
from core.db.migrate import migrate
from core.db.rows import defaults

SKUS = 200
PLACES = 2

_SIMPLE = """
CREATE TABLE o (id INTEGER PRIMARY KEY, ext TEXT UNIQUE, total INTEGER);
CREATE TABLE l (id INTEGER PRIMARY KEY, o INTEGER, sku INTEGER, q INTEGER);
CREATE TABLE s (sku INTEGER PRIMARY KEY, on_hand INTEGER, reserved INTEGER);
CREATE TABLE r (id INTEGER PRIMARY KEY, l INTEGER, sku INTEGER, q INTEGER);
CREATE TABLE x (id INTEGER PRIMARY KEY, o INTEGER, kind TEXT, body TEXT);
CREATE TABLE e (id INTEGER PRIMARY KEY, o INTEGER, kind TEXT, body TEXT);
"""


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def simple_order(path: Path, orders: int, seed: int) -> float:
    """Orders a second: 1 order, 3 lines, 3 guarded stock updates, 3 reservations, 1 outbox row,
    1 event, one durable commit each."""
    connection = _connect(path)
    connection.executescript(_SIMPLE)
    connection.executemany("INSERT INTO s VALUES (?, 1000000, 0)", [(n,) for n in range(SKUS)])
    rng = random.Random(seed)
    baskets = [rng.sample(range(SKUS), 3) for _ in range(orders)]
    started = time.perf_counter()
    for order_id, skus in enumerate(baskets, 1):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO o VALUES (?, ?, 5970)", (order_id, f"ext-{order_id}"))
        for n, sku in enumerate(skus):
            line = order_id * 3 + n
            connection.execute("INSERT INTO l VALUES (?, ?, ?, 1)", (line, order_id, sku))
            changed = connection.execute(
                "UPDATE s SET reserved = reserved + 1 WHERE sku = ? AND on_hand - reserved >= 1",
                (sku,),
            ).rowcount
            if changed != 1:
                raise RuntimeError("the benchmark ran out of stock")
            connection.execute("INSERT INTO r VALUES (?, ?, ?, 1)", (line, line, sku))
        connection.execute("INSERT INTO x VALUES (?, ?, 'push', '{}')", (order_id, order_id))
        connection.execute("INSERT INTO e VALUES (?, ?, 'placed', '{}')", (order_id, order_id))
        connection.execute("COMMIT")
    taken = time.perf_counter() - started
    connection.close()
    return orders / taken


class _Rows:
    """The product's own tables, filled row for row as one captured order fills them."""

    def __init__(self) -> None:
        self._next = 10_000
        self._sql: dict[str, tuple[str, list[str]]] = {}

    def new_id(self) -> int:
        self._next += 1
        return self._next

    def insert(self, cursor: sqlite3.Cursor, into: str, **values: object) -> None:
        if into not in self._sql:
            table = t.metadata.tables[into]
            columns = [c.name for c in table.columns]
            marks = ", ".join("?" * len(columns))
            self._sql[into] = (f"INSERT INTO {into} VALUES ({marks})", columns)
        sql, columns = self._sql[into]
        base = defaults(t.metadata.tables[into])
        cursor.execute(sql, [values.get(column, base[column]) for column in columns])


def product_rows(path: Path, orders: int, seed: int) -> float:
    """Orders a second with the product's tables, indexes and row counts, one transaction each."""
    database = Database(f"sqlite:///{path}")
    migrate(database)
    database.close()
    connection = _connect(path)
    cursor = connection.cursor()
    rows = _Rows()
    _furnish(cursor, rows)
    rng = random.Random(seed)
    baskets = [rng.sample(range(SKUS), 3) for _ in range(orders)]
    body = b"x" * 3000
    started = time.perf_counter()
    for number, skus in enumerate(baskets, 1):
        cursor.execute("BEGIN IMMEDIATE")
        _order(cursor, rows, number, skus, body)
        cursor.execute("COMMIT")
    taken = time.perf_counter() - started
    connection.close()
    return orders / taken


def _furnish(cursor: sqlite3.Cursor, rows: _Rows) -> None:
    rows.insert(cursor, "shop", id=1, name="bench", created_at=0)
    rows.insert(cursor, "connection", id=1, shop_id=1, kind="shopify", name="b", created_at=0)
    for place in range(PLACES):
        rows.insert(cursor, "location", id=place + 1, shop_id=1, code=f"L{place}", name="L")
    for sku in range(SKUS):
        rows.insert(
            cursor, "stock_level", shop_id=1, sku=f"s{sku}", location_id=1, on_hand=1_000_000
        )


def _order(
    cursor: sqlite3.Cursor, rows: _Rows, number: int, skus: Sequence[int], body: bytes
) -> None:
    order = _head(cursor, rows, number)
    work = rows.new_id()
    lines = _lines(cursor, rows, order, skus)
    base = {"shop_id": 1, "order_id": order}
    rows.insert(
        cursor, "fulfillment_order", **base, id=work, location_id=1, number=f"{number}-1",
        stage="ready", ready_at=number,
    )  # fmt: skip
    for line, sku in lines:
        _reserve(cursor, rows, order, line, sku, work, number)
    _traces(cursor, rows, order, number, body)


def _head(cursor: sqlite3.Cursor, rows: _Rows, number: int) -> int:
    customer, order, email = rows.new_id(), rows.new_id(), f"c{number}@example.org"
    rows.insert(
        cursor, "customer", id=customer, shop_id=1, email=email, name="Anna", created_at=number
    )
    rows.insert(
        cursor, "orders", id=order, shop_id=1, number=str(number), channel="shopify",
        connection_id=1, external_id=str(number), customer_id=customer, email=email,
        currency="EUR", total=5970, captured=5970, ship_to="{}", bill_to="{}", placed_at=number,
        captured_at=number, version=1, chain="0" * 64, find=f"{number} anna {email}",
    )  # fmt: skip
    return order


def _lines(
    cursor: sqlite3.Cursor, rows: _Rows, order: int, skus: Sequence[int]
) -> list[tuple[int, int]]:
    lines = [(rows.new_id(), sku) for sku in skus]
    for position, (line, sku) in enumerate(lines):
        rows.insert(
            cursor, "order_line", id=line, shop_id=1, order_id=order, position=position,
            sku=f"s{sku}", title="S", ordered=1, unit_price=1990, total=1990, allocated=1,
        )  # fmt: skip
    return lines


def _reserve(
    cursor: sqlite3.Cursor, rows: _Rows, order: int, line: int, sku: int, work: int, at: int
) -> None:
    changed = cursor.execute(
        "UPDATE stock_level SET reserved = reserved + 1, version = version + 1 "
        "WHERE shop_id = 1 AND sku = ? AND location_id = 1 AND on_hand - reserved - safety >= 1",
        (f"s{sku}",),
    ).rowcount
    if changed != 1:
        raise RuntimeError("the benchmark ran out of stock")
    base = {"shop_id": 1, "sku": f"s{sku}", "location_id": 1, "quantity": 1, "line_id": line}
    rows.insert(
        cursor, "reservation", **base, id=rows.new_id(), state="promised", order_id=order,
        fulfillment_id=work,
    )  # fmt: skip
    rows.insert(cursor, "stock_move", **base, id=rows.new_id(), kind="reserve", reserved=1, at=at)


def _traces(cursor: sqlite3.Cursor, rows: _Rows, order: int, number: int, body: bytes) -> None:
    base = {"shop_id": 1, "order_id": order, "at": number}
    for kind in ("OrderCaptured", "OrderPaid", "OrderRouted"):
        rows.insert(cursor, "event", **base, id=rows.new_id(), kind=kind)
    rows.insert(cursor, "routing_trace", **base, id=rows.new_id(), trace="{}")
    rows.insert(
        cursor, "audit", **base, id=rows.new_id(), version=1, command="capture_order",
        outcome="done", hash="0" * 64,
    )  # fmt: skip
    rows.insert(
        cursor, "inbox", id=rows.new_id(), shop_id=1, connection_id=1, topic="orders/create",
        delivery_id=str(number), event_id=str(number), raw=body, received_at=number,
    )  # fmt: skip
