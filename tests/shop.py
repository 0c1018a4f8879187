"""A small shop for tests: locations, products, stock, people, and an engine whose clock we move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any

import sqlalchemy as sa

from core.commands.capture import CaptureLine, CaptureOrder
from core.db import tables as t
from core.db.connection import Database, Insert, Session
from core.db.ids import Ids
from core.db.migrate import migrate
from core.db.rows import micros, to_json
from core.db.tables import metadata
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Actor, Role, system
from core.domain.order import Address
from core.domain.stock import Move, StockMove
from core.engine import Caller, Engine, Receipt
from tests import lending

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # a Monday
SHOP = 1
BER, HAM, VIE = 11, 12, 13
SHOPIFY = 21
SKUS = ("mug-red", "mug-blue", "tee-black-m", "sock-grey", "poster-sun")
WEEK = {str(day): [["08:00", "18:00"]] for day in range(5)}


class Clock:
    """Time that only moves when told."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


def staff(role: Role = Role.LEAD, name: str = "Ann", *, locations: tuple[str, ...] = ()) -> Caller:
    actor = Actor(role, SHOP, f"staff:{name.lower()}", name, locations=locations)
    return Caller(actor, "slack")


CHANNEL = Caller(system(SHOP, "channel"), "webhook")


class Shop:
    """The engine with its shop, and short ways to do the usual."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.engine = engine
        self.clock = clock

    def place(self, number: int | str, *lines: tuple[str, int], **more: Any) -> Receipt:
        """An order from the shop; lines are (sku, quantity)."""
        return self.engine.execute(self.order(number, *lines, **more), CHANNEL)

    def order(self, number: int | str, *lines: tuple[str, int], **more: Any) -> CaptureOrder:
        told: dict[str, Any] = {
            "number": str(number),
            "channel": "shopify",
            "connection_id": SHOPIFY,
            "currency": "EUR",
            "placed_at": self.clock(),
            "updated_at": self.clock(),
            "captured": sum(1990 * q for _, q in lines),
            "email": "anna@example.org",
            "customer_name": "Anna Schmidt",
            "ship_to": Address("Anna Schmidt", "", "Hauptstr. 1", "", "10827", "Berlin", "", "DE"),
        } | more
        return CaptureOrder(
            external_id=f"gid-{number}",
            lines=tuple(
                CaptureLine(sku, quantity, f"{number}-{n}", sku.title(), 1990)
                for n, (sku, quantity) in enumerate(lines, 1)
            ),
            **told,
        )

    def do(self, command: Any, caller: Caller | None = None) -> Receipt:
        return self.engine.execute(command, caller or staff())

    def ask(self, question: Any, caller: Caller | None = None) -> Any:
        return self.engine.query(question, caller or staff())

    def rows(self, table: Any, **where: Any) -> list[dict[str, Any]]:
        """Rows of a table as dicts, by id where it has one."""
        clause = table.select()
        for name, value in where.items():
            clause = clause.where(table.c[name] == value)
        if "id" in table.c:
            clause = clause.order_by(table.c.id)
        return self.engine.read(lambda s: [dict(r._mapping) for r in s.select(clause)])

    def close(self) -> None:
        self.engine.close()


def make_shop(url: str, *, mode: str = "live", stock: int = 10, clock: Clock | None = None) -> Shop:
    """The database, migrated, with the shop in it; `stock` units of every SKU at BER and HAM."""
    clock = clock or Clock()
    database = Database(url)
    engine = Engine(database, clock)
    if url in lending.lent and clock.now == START:
        engine.chore(lambda uow: uow.session.insert(_furniture(mode, stock)), SHOP)
    else:
        migrate(database)
        engine.chore(lambda uow: _furnish(uow, mode, stock), SHOP)
    return Shop(engine, clock)


@cache
def _furniture(mode: str, stock: int) -> list[tuple[Insert, list[dict[str, Any]]]]:
    """The rows of a shop that was furnished at START: made once, then only written again."""
    with lending.lend("sqlite") as url:
        engine = Engine(Database(url), Clock())
        engine.ids = Ids(Clock(START - timedelta(hours=1)))  # never one that a test makes itself
        engine.chore(lambda uow: _furnish(uow, mode, stock), SHOP)
        tables = metadata.sorted_tables
        found = [(table, engine.read(partial(_all_rows, table))) for table in tables]
        engine.close()
    return [(Insert(table), rows) for table, rows in found if rows]


def _all_rows(table: sa.Table, session: Session) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in session.select(table.select())]


def _furnish(uow: UnitOfWork, mode: str, stock: int) -> None:
    _make_shop_row(uow, mode)
    _make_locations(uow)
    _make_catalog(uow)
    if stock:
        uow.stock.move(
            StockMove(Move.RECEIVE, sku, place_id, stock, reason="opening stock")
            for sku in SKUS
            for place_id in (BER, HAM)
        )


def _make_shop_row(uow: UnitOfWork, mode: str) -> None:
    at = micros(uow.now)
    live = micros(uow.now - timedelta(days=30)) if mode == "live" else None
    uow.insert_now(
        t.shop,
        {
            "id": SHOP,
            "name": "Nordlicht",
            "currency": "EUR",
            "time_zone": "Europe/Berlin",
            "mode": mode,
            "live_since": live,
            "email": "hello@nordlicht.example",
            "url": "https://nordlicht.example",
            "created_at": at,
        },
    )


def _make_locations(uow: UnitOfWork) -> None:
    places = (
        (BER, "BER", "Berlin", "warehouse", "DE", 1, 490),
        (HAM, "HAM", "Hamburg", "store", "DE", 2, 590),
        (VIE, "VIE", "Wien", "warehouse", "AT", 3, 690),
    )
    for place_id, code, city, kind, country, rank, cost in places:
        uow.insert_now(
            t.location,
            {
                "id": place_id,
                "shop_id": SHOP,
                "code": code,
                "name": f"{city} {kind}",
                "kind": kind,
                "city": city,
                "country": country,
                "rank": rank,
                "parcel_cost": cost,
                "unit_cost": 40,
                "hours": to_json(WEEK) if code == "BER" else "null",
                "cut_off": "14:00" if code == "BER" else None,
                "external_ids": to_json({str(SHOPIFY): str(7000 + place_id)}),
            },
        )


def _make_catalog(uow: UnitOfWork) -> None:
    at = micros(uow.now)
    uow.insert_now(
        t.connection,
        {
            "id": SHOPIFY,
            "shop_id": SHOP,
            "kind": "shopify",
            "name": "nordlicht",
            "created_at": at,
        },
    )
    for number, sku in enumerate(SKUS):
        uow.insert_now(
            t.product,
            {
                "id": 100 + number,
                "shop_id": SHOP,
                "sku": sku,
                "title": sku.title(),
                "price": 1990,
                "external_ids": to_json({str(SHOPIFY): str(9000 + number)}),
            },
        )
