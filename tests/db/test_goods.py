"""Sentences about goods on their way notice what breaks them; the ledger keeps what it has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from core.commands.arrivals import ExpectStock, LoseExpected
from core.commands.transfers import PlanTransfer, SendTransfer
from core.db import invariants
from core.db import tables as t
from core.db.connection import Session
from core.domain.stock import COLUMNS
from tests.shop import Shop, make_shop

BREAKING = {
    "I-37": "update expected set quantity = quantity + 1 where closed_at is null",
    "I-37b": "update expected set closed_at = 1 where reference = 'PO-1'",
    "I-37c": "update transfer set state = 'received', closed_at = 1 where state = 'sent'",
}


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    made = make_shop(database)
    made.do(ExpectStock("mug-red", "ber", 5, reference="PO-1"))
    made.do(LoseExpected("PO-1", "mug-red", 2, reason="lost"))
    made.do(PlanTransfer("mug-red", 3, "ber", "ham"))
    made.do(SendTransfer("T-1"))
    made.do(PlanTransfer("mug-blue", 3, "ber", "ham"))
    yield made
    made.close()


def broken(session: Session) -> set[str]:
    return {result.id for result in invariants.run(session) if not result.ok}


def test_what_breaks_a_sentence_about_goods_is_noticed_by_it(shop):
    assert shop.engine.read(broken) & set(BREAKING) == set()
    for id, statement in BREAKING.items():
        with shop.engine.database.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            connection.execute(sa.text(statement))
            noticed = broken(Session(connection))
        assert id in noticed, statement


@pytest.mark.parametrize("column", COLUMNS)
def test_a_quantity_that_is_not_the_sum_of_its_moves_is_noticed(shop, column):
    more = f"update stock_level set {column} = {column} + 1"
    with shop.engine.database.engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.execute(sa.text(more))
        noticed = broken(Session(connection))
    assert "I-01" in noticed


@pytest.mark.parametrize("column", [name for name in COLUMNS if name != "on_hand"])
def test_the_database_refuses_less_than_nothing(shop, column):
    with (
        shop.engine.database.engine.connect() as connection,
        pytest.raises(sa.exc.IntegrityError),
    ):
        connection.execute(sa.text(f"update stock_level set {column} = -1"))


@pytest.mark.parametrize("words", ["set quantity = 0", "set received = 99", "set missing = -1"])
def test_the_database_refuses_an_expectation_that_cannot_be(shop, words):
    with (
        shop.engine.database.engine.connect() as connection,
        pytest.raises(sa.exc.IntegrityError),
    ):
        connection.execute(sa.text(f"update expected {words}"))


@pytest.mark.parametrize("words", ["update stock_move set reason = 'x'", "delete from stock_move"])
def test_the_ledger_can_neither_be_rewritten_nor_shortened(shop, words):
    before = shop.rows(t.stock_move)
    with (
        shop.engine.database.engine.connect() as connection,
        pytest.raises(sa.exc.DBAPIError, match="append-only"),
    ):
        connection.execute(sa.text(words))
    assert shop.rows(t.stock_move) == before
