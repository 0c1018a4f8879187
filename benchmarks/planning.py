"""How long an order's plan keeps the writer busy in a shop of 1,000 locations.

Milliseconds are CPU time of the writing thread (`writer`) and of the thread that asked (`caller`)
per captured order, so that a busy machine changes them little. `ahead` is the usual way: planned
before the order queues. `missed`: planned, but what a pick needs has gone when the writer comes to
it. `alone`: read and planned in the writer, as all orders were before and as other commands do.
`free` is a shop with one objective, `ruled` one with rules and promises. `loop_ms` is the same
fixed piece of work again and again between them: by it figures of different hours compare.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

from benchmarks import machine
from benchmarks.machine import Figures, Run, percentile
from benchmarks.routing_cases import Family, questions
from core.commands.capture import CaptureLine, CaptureOrder
from core.commands.planned import Planned
from core.commands.routing import ActivateRules, PutRules, Sure
from core.db import tables as t
from core.db.connection import Database
from core.db.migrate import migrate
from core.db.rows import micros, to_json
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Actor, Role, system
from core.domain.order import Address
from core.domain.stock import Move, StockMove
from core.engine import Caller, Engine

LOCATIONS = 1_000
LINES = (1, 3, 20)
WAYS = ("ahead", "missed", "alone")
SHARES = (0.03, 0.1, 0.3)  # of the locations have an item
SHELVES = 60  # items of each share
SHOP, CONNECTION = 1, 21
WEEK = {str(day): [["08:00", "18:00"]] for day in range(5)}
RULES: dict[str, Any] = {
    "name": "money",
    "rules": [
        {"name": "home", "when": {"tags": ["vip"]}, "prefer": ["nearest"]},
        {"name": "all", "prefer": {"money": {"late_day": 200, "split": 150}}},
    ],
}


def main() -> None:
    machine.run(__doc__, measure)


def measure(run: Run) -> Figures:
    count = 12 if run.quick else 120
    figures: Figures = {"seed": run.seed, "planning_orders": count}
    loops: list[float] = []
    for name, rules in (("free", None), ("ruled", RULES)):
        with_rules = rules is not None
        engine = _furnished(f"sqlite:///{run.folder}/{name}.db", run.seed, rules)
        for each in _orders("warm", run.seed, 3, 6, promised=with_rules):
            _captured(engine, each, WAYS[0])
        gc.collect()
        gc.freeze()  # as a server does once it is up
        for lines in LINES:
            for way in WAYS:
                asked = _orders(f"{way} {lines}", run.seed, lines, count, promised=with_rules)
                taken = [_captured(engine, each, way) for each in asked]
                figures |= _told(f"planning_{name}_{lines}_lines_{way}", taken)
            loops.append(_loop_ms())
        engine.close()
    return figures | {"planning_loop_ms": round(median(loops), 1)}


def _loop_ms() -> float:
    started, total = time.thread_time(), 0
    for n in range(1_000_000):
        total += n * n % 7
    return (time.thread_time() - started) * 1000


def _told(name: str, taken: list[tuple[float, float]]) -> Figures:
    writer, caller = zip(*taken, strict=True)
    return {
        f"{name}_writer_p50_ms": round(percentile(list(writer), 0.5), 1),
        f"{name}_writer_p99_ms": round(percentile(list(writer), 0.99), 1),
        f"{name}_caller_p50_ms": round(percentile(list(caller), 0.5), 1),
    }


class Watched(Engine):
    """An engine in which a plan can be left out or spoiled before the writer has it."""

    way = WAYS[0]
    spoiling = 0.0  # seconds of the writer that no order is to be charged with

    def _prepare(self, command: Any, caller: Caller) -> Any:
        self.spoiling = 0.0
        if self.way == "alone":
            return None
        prepared = super()._prepare(command, caller)
        if self.way == "missed":
            before = self.chore(_writers_time)
            self.chore(lambda uow: _spoil(uow, prepared), SHOP)
            self.spoiling = self.chore(_writers_time) - before
        return prepared


def _spoil(uow: UnitOfWork, prepared: Planned) -> None:
    """All that lies where the plan takes its first units goes elsewhere."""
    if prepared.plan is None or not prepared.plan.picks:
        raise RuntimeError("nothing was planned ahead")
    pick = prepared.plan.picks[0]
    found = uow.stock.level(pick.sku, uow.shop.id_of(pick.location))
    if found is not None:
        gone = found[0].on_hand - found[0].reserved
        place = found[0].location_id
        uow.stock.move([StockMove(Move.ADJUST, pick.sku, place, -gone, reason="gone")])


def _captured(engine: Watched, order: CaptureOrder, way: str) -> tuple[float, float]:
    """CPU milliseconds of the writer and of the caller."""
    caller, engine.way = Caller(system(SHOP, "channel"), "webhook"), way
    began, writer_began = time.thread_time(), engine.chore(_writers_time)
    receipt = engine.execute(order, caller)
    ended, writer_ended = time.thread_time(), engine.chore(_writers_time)
    if not receipt.ok:
        raise RuntimeError(f"{receipt}")
    return (writer_ended - writer_began - engine.spoiling) * 1000, (ended - began) * 1000


def _writers_time(_: UnitOfWork) -> float:
    return time.thread_time()


# --- the shop and its orders ---------------------------------------------------------------------


def _orders(
    name: str, seed: int, lines: int, count: int, *, promised: bool
) -> Iterator[CaptureOrder]:
    rng = random.Random(f"{seed} {name}")
    for number in range(count):
        share = SHARES[number % len(SHARES)]
        skus = rng.sample(range(SHELVES), lines)
        yield CaptureOrder(
            external_id=f"{name} {number}",
            lines=tuple(CaptureLine(f"{share}-s{n}", 1, f"{n}", "", 1990) for n in skus),
            currency="EUR",
            placed_at=datetime(2026, 11, 23, 9, tzinfo=UTC),
            connection_id=CONNECTION,
            channel="shopify",
            email=f"{name.replace(' ', '-')}-{number}@example.org",
            ship_to=Address(country="DE", lat=rng.uniform(47, 55), lon=rng.uniform(6, 15)),
            promise=date(2026, 11, 24) + timedelta(number % 4) if promised else None,
        )


def _furnished(url: str, seed: int, rules: dict[str, Any] | None) -> Watched:
    database = Database(url)
    migrate(database)
    engine = Watched(database, lambda: datetime.now(UTC))
    engine.chore(lambda uow: _furnish(uow, seed), SHOP)
    if rules is not None:
        owner = Caller(Actor(Role.OWNER, SHOP, "staff:olga", "Olga"), "cli")
        written = engine.execute(PutRules(rules, "benchmark"), owner)
        engine.execute(ActivateRules(int(written.facts["number"]), Sure.SURE), owner)
    return engine


def _furnish(uow: UnitOfWork, seed: int) -> None:
    at = micros(uow.now)
    shop = {"id": SHOP, "name": "Many", "currency": "EUR", "time_zone": "Europe/Berlin"}
    shop |= {"mode": "live", "live_since": at, "created_at": at}
    uow.insert(t.shop, shop)
    door = {"id": CONNECTION, "shop_id": SHOP, "kind": "shopify", "name": "many"}
    uow.insert(t.connection, {**door, "created_at": at})
    rng = random.Random(f"{seed} places")
    for number, share in enumerate(SHARES):
        family = Family(f"shelves {share}", lines=(SHELVES,), stocked=(share,))
        (asked,) = questions(family, LOCATIONS, 1, seed)
        for n, demand in enumerate(asked.demands):
            sku = f"{share}-{demand.sku}"
            uow.insert(
                t.product,
                {
                    "id": 1_000 * (number + 1) + n,
                    "shop_id": SHOP,
                    "sku": sku,
                    "title": sku,
                    "price": 1990,
                },
            )
        for place, site in enumerate(asked.sites, 1):
            if number == 0:
                _open(uow, rng, place, site.parcel_cost, site.unit_cost)
            for sku, units in site.available.items():
                level = {"shop_id": SHOP, "location_id": 100 + place, "sku": f"{share}-{sku}"}
                uow.insert(t.stock_level, {**level, "on_hand": units})
    uow.write_rows()


def _open(uow: UnitOfWork, rng: random.Random, place: int, parcel: int, unit: int) -> None:
    uow.insert(
        t.location,
        {
            "id": 100 + place,
            "shop_id": SHOP,
            "code": f"L{place}",
            "name": f"Place {place}",
            "kind": "warehouse",
            "country": "DE",
            "rank": place,
            "parcel_cost": parcel,
            "unit_cost": unit,
            "lat": rng.uniform(47, 55),
            "lon": rng.uniform(6, 15),
            "hours": to_json(WEEK),
            "cut_off": "14:00",
        },
    )


if __name__ == "__main__":
    main()
