"""A real `wismo serve` in a process of its own, over a freshly furnished database."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from core.db import house
from core.db import tables as t
from core.db.connection import Database
from core.db.migrate import migrate
from core.db.rows import micros
from core.db.unit_of_work import UnitOfWork
from core.domain.stock import Move, StockMove
from core.engine import Engine
from core.integrations.secrets import seal_secrets

KEY = "a-key-for-benchmarks-only-0123456789abcdef"
SECRET = "hook-secret-for-benchmarks"
CONNECTION = 7


@dataclass(frozen=True, slots=True)
class Served:
    port: int
    pid: int
    started_seconds: float


def furnish(url: str, skus: int, places: int, stock: int = 1_000_000, mode: str = "watch") -> None:
    """A shop with a Shopify connection, so many SKUs and locations, everything in stock."""
    database = Database(url)
    migrate(database)
    engine = Engine(database, lambda: datetime.now(UTC))
    engine.chore(lambda uow: _fill(uow, skus, places, stock, mode), 1)
    engine.close()


def _fill(uow: UnitOfWork, skus: int, places: int, stock: int, mode: str) -> None:
    house.settle_kind(uow, house.LIVE)
    at = micros(uow.now)
    uow.insert_now(t.shop, {"id": 1, "name": "Bench", "mode": mode, "created_at": at})
    uow.insert_now(
        t.connection,
        {
            "id": CONNECTION,
            "shop_id": 1,
            "kind": "shopify",
            "name": "bench",
            "config": '{"shop_domain": "bench.example"}',
            "secrets": seal_secrets({"webhook_secret": SECRET, "access_token": "x"}, [KEY]),
            "created_at": at,
        },
    )
    for place in range(1, places + 1):
        uow.insert_now(
            t.location,
            {"id": place, "shop_id": 1, "code": f"L{place}", "name": f"L{place}", "rank": place},
        )
    for sku in range(skus):
        name = f"s{sku}"
        uow.insert(t.product, {"id": 1000 + sku, "shop_id": 1, "sku": name, "title": name})
        uow.stock.move([StockMove(Move.RECEIVE, name, 1, stock, reason="benchmark")])


def analyze(url: str) -> None:
    """Have a PostgreSQL database count its rows."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(url: str, roles: str = "app") -> Iterator[Served]:
    """`wismo serve` on a free port until the block ends."""
    port = free_port()
    env = {
        **os.environ,
        "WISMO_DATABASE_URL": url,
        "WISMO_SECRET_KEY": KEY,
        "WISMO_PORT": str(port),
        "WISMO_ROLES": roles,
        "WISMO_LOG_LEVEL": "WARNING",
    }
    started = time.perf_counter()
    process = subprocess.Popen([Path(sys.executable).with_name("wismo"), "serve"], env=env)
    try:
        _wait(port, process)
        yield Served(port, process.pid, time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int, process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError("wismo serve ended by itself")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("wismo serve did not become ready")


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used: steadier than the clock on a busy machine."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """Resident memory of a process in MiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS")
