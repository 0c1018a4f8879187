"""Sixteen at once: processes against one SQLite server over HTTP, engines on one PostgreSQL.

Each takes orders, cancels some, receives goods and sends some orders twice under one key. What
the database holds afterwards is printed as a table; every figure but the last should be zero or,
of the repeats, all of them.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import sqlalchemy as sa

from benchmarks import machine, server
from benchmarks.machine import Figures, Run
from bot.api.keys import NewKey, make_key
from core.commands.capture import CaptureLine, CaptureOrder
from core.commands.orders import CancelOrder
from core.commands.stock import ReceiveStock
from core.db import invariants
from core.db import tables as t
from core.db.connection import Database
from core.db.ids import Ids
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Actor, Role, system
from core.engine import Caller, Engine

MANY, SKUS, STOCK = 16, 5, 40
SHOP = 1
MEASURES = ("oversold", "undersold", "drift", "deadlocks", "repeats", "recognized", "acts")


@dataclass(frozen=True, slots=True)
class Act:
    """Something a client does: take an order (again: under its old key), cancel it, receive."""

    kind: str
    number: str
    goods: tuple[tuple[str, int], ...] = ()
    again: bool = False


class Door(Protocol):
    """How a client reaches the house; it answers done, replayed, refused or failed."""

    def do(self, act: Act) -> str: ...


def acts_of(client: int, count: int, seed: int) -> Iterator[Act]:
    rng = random.Random(f"{seed} {client}")
    orders: list[Act] = []
    for n in range(count):
        chance = rng.random()
        if orders and chance < 0.15:
            yield Act("order", *_of(rng.choice(orders)), again=True)
        elif orders and chance < 0.3:
            yield Act("cancel", rng.choice(orders).number)
        elif chance < 0.4:
            yield Act("receive", "", ((f"s{rng.randrange(SKUS)}", rng.randint(1, 2)),))
        else:
            skus = rng.sample(range(SKUS), rng.randint(1, 3))
            goods = tuple((f"s{sku}", rng.randint(1, 2)) for sku in skus)
            orders.append(Act("order", f"{client}-{n}", goods))
            yield orders[-1]


def _of(act: Act) -> tuple[str, tuple[tuple[str, int], ...]]:
    return act.number, act.goods


# --- doors ---------------------------------------------------------------------------------------


class HttpDoor:
    """One keep-alive connection to a `wismo serve`."""

    def __init__(self, port: int, machine_key: str, lead_key: str) -> None:
        self._to = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._machine, self._lead = machine_key, lead_key

    def do(self, act: Act) -> str:
        if act.kind == "order":
            return self._post("/orders", _order_body(act), self._machine, f"o-{act.number}")
        if act.kind == "cancel":
            return self._post("/commands/cancel_order", {"order": act.number}, self._lead)
        sku, quantity = act.goods[0]
        body = {"sku": sku, "location": "L2", "quantity": quantity}
        return self._post("/commands/receive_stock", body, self._lead)

    def _post(self, path: str, body: Any, key: str, idempotency: str = "") -> str:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        if idempotency:
            headers["Idempotency-Key"] = idempotency
        self._to.request("POST", f"/api/v1{path}", json.dumps(body), headers)
        answer = self._to.getresponse()
        answer.read()
        if answer.status >= 500:
            return "failed"
        if answer.status >= 400:
            return "refused"
        return "replayed" if answer.getheader("Idempotency-Replayed") else "done"


def _order_body(act: Act) -> dict[str, Any]:
    lines = [{"sku": sku, "quantity": q, "unit_price": 1990} for sku, q in act.goods]
    return {
        "external_id": act.number,
        "number": act.number,
        "currency": "EUR",
        "placed_at": "2026-11-20T08:00:00Z",
        "lines": lines,
        "email": f"{act.number}@example.org",
        "ship_to": {"name": "Anna", "city": "Berlin", "country": "DE"},
    }


class EngineDoor:
    """An engine of its own, as another process of wismo has."""

    def __init__(self, url: str, node: int) -> None:
        self._engine = Engine(Database(url, pool_size=2), lambda: datetime.now(UTC))
        self._engine.ids = Ids(self._engine.clock, node=node)

    def do(self, act: Act) -> str:
        key = f"o-{act.number}" if act.kind == "order" else None
        owner = Actor(Role.OWNER, SHOP, "staff:olga", "Olga")
        who = system(SHOP, "channel") if act.kind == "order" else owner
        try:
            receipt = self._engine.execute(_command(act), Caller(who, "api", key=key))
        except Exception:  # noqa: BLE001 (whatever reaches the caller is counted)
            return "failed"
        if not receipt.ok:
            return "refused" if receipt.outcome == "refused" else "failed"
        return "replayed" if receipt.repeated else "done"


def _command(act: Act) -> Any:
    if act.kind == "cancel":
        return CancelOrder(act.number)
    if act.kind == "receive":
        return ReceiveStock(act.goods[0][0], "L2", act.goods[0][1])
    lines = tuple(
        CaptureLine(sku, quantity, f"{act.number}-{sku}", sku, 1990) for sku, quantity in act.goods
    )
    placed = datetime(2026, 11, 20, 8, tzinfo=UTC)
    return CaptureOrder(act.number, lines, "EUR", placed, act.number, connection_id=CONNECTION)


CONNECTION = server.CONNECTION


# --- the race ------------------------------------------------------------------------------------


def _run(door: tuple[Any, ...], client: int, count: int, seed: int, results: Any) -> None:
    """One process: everybody begins as soon as they can."""
    through: Door = HttpDoor(*door[1:]) if door[0] == "http" else EngineDoor(door[1], client + 32)
    tally: Counter[str] = Counter()
    for act in acts_of(client, count, seed):
        outcome = through.do(act)
        tally[outcome] += 1
        tally["repeats"] += act.again
    results.put(tally)


def race(door: tuple[Any, ...], count: int, seed: int) -> Counter[str]:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    clients = [
        context.Process(target=_run, args=(door, client, count, seed, results))
        for client in range(MANY)
    ]
    for client in clients:
        client.start()
    total: Counter[str] = sum((results.get(timeout=600) for _ in clients), Counter())
    for client in clients:
        client.join()
    return total


def judged(url: str, tally: Counter[str], name: str, seconds: float) -> Figures:
    """What the database says after a race, beside what the clients were told."""
    database = Database(url)
    with database.read() as session:
        broken = [r for r in invariants.run(session, invariants.VIOLATION) if not r.ok]
        rows = session.select(
            sa.select(
                t.stock_level.c.sku,
                sa.func.sum(t.stock_level.c.on_hand),
                sa.func.sum(t.stock_level.c.reserved),
            ).group_by(t.stock_level.c.sku)
        )
        promised = session.select(
            sa.select(t.reservation.c.sku, sa.func.sum(t.reservation.c.quantity))
            .where(t.reservation.c.state == "promised")
            .group_by(t.reservation.c.sku)
        )
        waiting = session.select(
            sa.select(t.order_line.c.sku, sa.func.sum(t.order_line.c.backordered)).group_by(
                t.order_line.c.sku
            )
        )
    database.close()
    units, queued = {sku: int(n) for sku, n in promised}, {sku: int(n) for sku, n in waiting}
    return {
        f"{name}_oversold": sum(max(0, units.get(sku, 0) - have) for sku, have, _ in rows),
        f"{name}_undersold": sum(
            min(int(have - taken), queued.get(sku, 0)) for sku, have, taken in rows
        ),
        f"{name}_drift": sum(r.count for r in broken),
        f"{name}_deadlocks": tally["failed"],
        f"{name}_repeats": tally["repeats"],
        f"{name}_recognized": tally["replayed"],
        f"{name}_acts": sum(tally[x] for x in ("done", "replayed", "refused", "failed")),
        f"{name}_waiting": sum(queued.values()),
        f"{name}_seconds": round(seconds, 1),
    }


def measure(run: Run) -> Figures:
    folder, seed, count = run.folder, run.seed, 15 if run.quick else 60
    figures: Figures = {"seed": seed, "clients": MANY}
    url = f"sqlite:///{folder / 'races.db'}"
    keys = _furnish(url)
    with server.serving(url) as served:
        door = ("http", served.port, *(key.key for key in keys))
        started = time.perf_counter()
        tally = race(door, count, seed)
        seconds = time.perf_counter() - started
    figures |= judged(url, tally, "sqlite_http", seconds)
    with _postgres() as url:
        _furnish(url)
        started = time.perf_counter()
        tally = race(("engine", url), count, seed)
        figures |= judged(url, tally, "postgresql_engines", time.perf_counter() - started)
    return figures


def _furnish(url: str) -> tuple[NewKey, NewKey]:
    """A shop with little of everything; a key for the machine, one for a lead."""
    server.furnish(url, SKUS, 2, STOCK)
    keys = make_key(), make_key()
    engine = Engine(Database(url), lambda: datetime.now(UTC))

    def add(uow: UnitOfWork) -> None:
        for key, role in zip(keys, (Role.MACHINE, Role.OWNER), strict=True):
            row = {"shop_id": SHOP, "prefix": key.prefix, "hash": key.hash, "created_at": 0}
            uow.insert_now(
                t.api_key, {**row, "id": uow.new_id(), "name": role.value, "role": role.value}
            )

    engine.chore(add, SHOP)
    engine.close()
    return keys


@contextmanager
def _postgres() -> Iterator[str]:
    from tests.postgres import fresh_database, session

    with session():
        yield fresh_database()


# --- the table -----------------------------------------------------------------------------------


def table(figures: Figures) -> str:
    runs = ("sqlite_http", "postgresql_engines")
    head = f"{'':32}{'oversold':>10}{'undersold':>11}{'drift':>7}{'deadlocks':>11}{'replays':>12}"
    told = {
        "sqlite_http": f"SQLite, {MANY} clients over HTTP",
        "postgresql_engines": f"PostgreSQL, {MANY} engines",
    }
    lines = [head]
    for run in runs:
        units = [figures[f"{run}_{name}"] for name in MEASURES[:4]]
        replays = f"{figures[f'{run}_recognized']}/{figures[f'{run}_repeats']}"
        lines.append(
            f"{told[run]:32}{units[0]:>10}{units[1]:>11}{units[2]:>7}{units[3]:>11}{replays:>12}"
        )
    return "\n".join(lines)


def main() -> None:
    machine.run(__doc__, measure, table)


if __name__ == "__main__":
    main()
