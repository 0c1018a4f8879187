"""Orders that come at once share a transaction on PostgreSQL; none pays for another's trouble."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from core.commands.stock import AdjustStock
from core.db import tables as t
from core.db.inbox import Delivery
from core.engine import Receipt
from tests import truths
from tests.shop import BER, CHANNEL, SHOPIFY, Shop, make_shop


@pytest.fixture
def shop(postgresql_database: str) -> Iterator[Shop]:
    made = make_shop(postgresql_database)
    yield made
    made.close()
    truths.hold(postgresql_database)


def coming(shop: Shop, number: int, *lines: tuple[str, int], hook: str = "") -> Future[Receipt]:
    hook = hook or f"hook-{number}"
    delivery = Delivery(SHOPIFY, "orders/create", hook, b"{}", f"event-{hook}")
    order = shop.order(number, *lines, email=f"{number}@example.org")
    return shop.engine.submit(order, replace(CHANNEL, delivery=delivery))


@contextmanager
def gathering(shop: Shop) -> Iterator[None]:
    """What comes inside gathers behind one order, whose stock somebody else holds meanwhile."""
    url = shop.engine.database.url.set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as holder:
        holder.execute("SELECT 1 FROM stock_level WHERE sku = 'poster-sun' FOR UPDATE")
        first = coming(shop, 1000, ("poster-sun", 1))
        with psycopg.connect(holder.info.dsn, password=holder.info.password) as watcher:
            while not waits_for_a_lock(watcher):
                assert not first.done()
        yield
        holder.rollback()
    assert first.result(timeout=20).ok


def waits_for_a_lock(watcher: psycopg.Connection[Any]) -> bool:
    found = watcher.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
        "current_database()"
    ).fetchone()
    watcher.rollback()  # each look sees a new moment
    return found is not None and found[0] > 0


def transactions(shop: Shop) -> dict[str, str]:
    """By order number, the transaction that has written it."""
    clause = sa.select(t.orders.c.number, sa.literal_column("xmin::text"))
    return dict(shop.engine.read(lambda session: [tuple(r) for r in session.select(clause)]))


def promised(shop: Shop, sku: str) -> int:
    return sum(row["reserved"] for row in shop.rows(t.stock_level, sku=sku))


def test_orders_that_come_together_are_committed_together(shop: Shop) -> None:
    with gathering(shop):
        found = [coming(shop, n, ("mug-red", 1), ("mug-blue", 2)) for n in range(1001, 1007)]
    assert [one.result(timeout=20).outcome for one in found] == ["done"] * 6
    by_order = transactions(shop)
    assert len({by_order[str(n)] for n in range(1001, 1007)}) == 1
    assert (promised(shop, "mug-red"), promised(shop, "mug-blue")) == (6, 12)


def test_what_needs_a_transaction_of_its_own_goes_and_the_others_stay_together(shop: Shop) -> None:
    with gathering(shop):
        good = [coming(shop, n, ("mug-red", 1)) for n in (1001, 1002)]
        unknown = coming(shop, 1003, ("no-such-thing", 1))
        senseless = coming(shop, 1004)
        again = coming(shop, 1001, ("mug-red", 1), hook="another-hook")
        same = coming(shop, 1002, ("mug-red", 1))
        last = coming(shop, 1005, ("mug-red", 1))
    assert all(one.result(timeout=20).ok for one in (*good, unknown, again, same, last))
    assert senseless.result(timeout=20).outcome == "deferred"  # kept and tried again
    assert same.result().repeated
    by_order = transactions(shop)
    assert by_order["1002"] == by_order["1005"] != by_order["1003"]
    assert sorted(by_order) == ["1000", "1001", "1002", "1003", "1005"]
    assert promised(shop, "mug-red") == 3
    assert [row["kind"] for row in shop.rows(t.cases)] == ["unknown_sku"]


def test_a_group_that_wants_more_than_there_is_is_neither_oversold_nor_lost(shop: Shop) -> None:
    for place in ("ber", "ham"):
        assert shop.do(AdjustStock("tee-black-m", place, -8, "counted")).ok
    with gathering(shop):
        found = [coming(shop, n, ("tee-black-m", 1)) for n in range(1001, 1007)]
    assert all(one.result(timeout=20).ok for one in found)
    assert promised(shop, "tee-black-m") == 4
    waiting = [row["backordered"] for row in shop.rows(t.order_line, sku="tee-black-m")]
    assert sorted(waiting) == [0, 0, 0, 0, 1, 1]
    by_order = transactions(shop)
    assert len({by_order[str(n)] for n in range(1001, 1005)}) == 1  # each saw what was promised


def test_stock_that_goes_while_they_gather_is_seen_at_the_commit(shop: Shop) -> None:
    assert shop.do(AdjustStock("sock-grey", "ham", -10, "counted")).ok
    with gathering(shop):
        late = coming(shop, 1001, ("sock-grey", 10))
        assert shop.do(AdjustStock("sock-grey", "ber", -1, "a thief")).ok
    assert late.result(timeout=20).ok
    assert promised(shop, "sock-grey") == 9
    level = shop.rows(t.stock_level, sku="sock-grey", location_id=BER)[0]
    assert (level["on_hand"], level["reserved"]) == (9, 9)
