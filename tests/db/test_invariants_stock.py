"""Whatever breaks the sentences about counts, carts and kits is noticed by them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from core.commands.carts import CartLine, ReserveCart
from core.commands.counting import OpenCountTask
from core.commands.kits import SetKit
from core.commands.stock import AdjustStock
from core.db import carts, counts, invariants, kits
from core.db.connection import Session
from core.domain.access import system
from core.engine import Caller
from tests.shop import SHOP, Shop, make_shop

FRONT = Caller(system(SHOP, "front"), "api")
BREAKING = {
    "a task is open as long as something of it waits to be counted": (
        "update stock_count set state = 'canceled', settled_at = 1 where task_id is not null"
    ),
    "what a task asks to count stands at the task's location": (
        "update stock_count set location_id = 12 where task_id is not null"
    ),
    "what is held for a cart has an end and a cart that is not over": (
        "update cart set state = 'released'"
    ),
    "a cart never holds more than it wants": "update cart set units = 1",
    "a cart that became an order says which": "update cart set order_number = '1001'",
    "no kit is a part of another": (
        "insert into kit_part (shop_id, kit, sku, quantity) values (1, 'mug-red', 'mug-blue', 1)"
    ),
    "parts stand behind a kit of their own order, and there are enough of them": (
        "update order_line set kit_line_id = 5 where kind = 'part'"
    ),
    "a kit has left when all of its parts have": (
        "update order_line set shipped = 1 where kind = 'kit'"
    ),
}


@pytest.fixture
def shop(sqlite_database: str) -> Iterator[Shop]:
    """A kit in an open order, a cart, and a count that was asked for."""
    made = make_shop(sqlite_database)
    for place in ("ber", "ham"):
        made.do(AdjustStock("poster-sun", place, -10, "taken apart"))
    assert made.do(SetKit("poster-sun", "mug-red:2 sock-grey")).ok
    made.place(1001, ("poster-sun", 1))
    made.do(ReserveCart("c1", (CartLine("mug-blue", 3),)), FRONT)
    made.do(OpenCountTask("ber", "mug-red"))
    yield made
    made.close()


def broken(session: Session) -> set[str]:
    return {result.sentence for result in invariants.run(session) if not result.ok}


def test_every_sentence_has_something_that_breaks_it():
    ours = {*counts.SENTENCES, *carts.SENTENCES, *kits.SENTENCES}
    assert set(BREAKING) == ours


@pytest.mark.parametrize("sentence", BREAKING)
def test_what_breaks_a_sentence_is_noticed_by_it(shop: Shop, sentence: str):
    assert shop.engine.read(broken) == set()
    with shop.engine.database.engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.execute(sa.text(BREAKING[sentence]))
        noticed = broken(Session(connection))
    assert sentence in noticed
    assert shop.engine.read(broken) == set()
