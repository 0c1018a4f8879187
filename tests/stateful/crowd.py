"""Sixteen who all do something at the same moment, and what came of it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from core.db import tables as t
from core.db.connection import Database
from core.db.ids import Ids
from core.domain.refusals import Refusal
from core.engine import Caller, Engine, Receipt
from tests import truths
from tests.shop import Shop, make_shop, staff

MANY = 16


@dataclass
class Tally:
    """What all the races together did wrong, and how often a repeat was recognized."""

    oversold: int = 0
    undersold: int = 0
    drift: int = 0
    deadlocks: int = 0
    replays: int = 0
    commands: int = 0
    kinds: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return (
            f"units oversold {self.oversold}, undersold {self.undersold}, drift {self.drift}, "
            f"deadlocks {self.deadlocks}, replays recognized {self.replays}"
        )


class Crowd:
    """SQLite: one engine for all threads. PostgreSQL: an engine of its own for each of them."""

    def __init__(self, url: str, tally: Tally, *, stock: int = 10) -> None:
        self.url, self.tally = url, tally
        self.shop: Shop = make_shop(url, stock=stock)
        self.shop.clock.advance(minutes=1)
        self.engines = [self.shop.engine] * MANY
        if not self.shop.engine.database.is_sqlite:
            self.engines = [self._engine(node) for node in range(MANY)]

    def _engine(self, node: int) -> Engine:
        engine = Engine(Database(self.url, pool_size=2), self.shop.clock)
        engine.ids = Ids(self.shop.clock, node=node + 32)
        return engine

    def rush(
        self, commands: Iterable[Any], callers: Sequence[Caller] | Caller | None = None
    ) -> list[Receipt]:
        """Everybody does one of these at once; the answers in the order of the commands."""
        asked = list(commands)
        given = callers or staff()
        each = [given] * len(asked) if isinstance(given, Caller) else list(given)
        gate = threading.Barrier(min(MANY, len(asked)))

        def act(place: int) -> list[tuple[int, Receipt | BaseException]]:
            gate.wait()
            return [
                (n, self._one(self.engines[place], asked[n], each[n]))
                for n in range(place, len(asked), MANY)
            ]

        with ThreadPoolExecutor(MANY) as pool:
            found = dict(x for part in pool.map(act, range(gate.parties)) for x in part)
        return [self._counted(found[n]) for n in range(len(asked))]

    def _one(self, engine: Engine, command: Any, caller: Caller) -> Receipt | BaseException:
        try:
            return engine.execute(command, caller)
        except Exception as problem:  # noqa: BLE001 (counted, and then the test fails)
            return problem

    def _counted(self, found: Receipt | BaseException) -> Receipt:
        self.tally.commands += 1
        if isinstance(found, BaseException):
            self.tally.deadlocks += 1
            said = found.sentence if isinstance(found, Refusal) else repr(found)
            return Receipt(0, "", "lost", said)
        self.tally.replays += found.repeated
        self.tally.kinds[found.outcome] += 1
        return found

    def close(self) -> None:
        self.tally.drift += len(truths.breakers(self.url))
        for engine in {id(e): e for e in [self.shop.engine, *self.engines]}.values():
            engine.close()

    # --- looking ---------------------------------------------------------------------------------

    def on_hand(self, sku: str) -> int:
        return sum(row["on_hand"] for row in self.shop.rows(t.stock_level, sku=sku))

    def order(self, number: str) -> dict[str, Any]:
        return self.shop.rows(t.orders, number=number)[0]


def done(receipts: Iterable[Receipt]) -> int:
    """How many had an effect; the others must have been refused, and nothing else."""
    found = list(receipts)
    assert {r.outcome for r in found} <= {"done", "refused"}, found
    return sum(r.ok and not r.repeated for r in found)
