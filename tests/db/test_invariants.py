"""What must always be true is true of a shop at work, and whatever breaks it is noticed."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from core.commands.fulfillment import ShipWork
from core.commands.holds import HoldOrder
from core.commands.orders import CancelOrder
from core.commands.outside import RecordChannelRefund
from core.commands.receiving import ReceiveReturn
from core.commands.refunds import RecordRefund
from core.commands.returns import RequestReturn
from core.commands.scans import ScanForCases
from core.commands.tracking import DeliverParcel
from core.db import audit, invariants
from core.db import tables as t
from core.db.connection import Session
from core.db.inbox import Delivery
from core.db.invariants import INVARIANTS, VIOLATION, WARNING
from core.db.migrate import differences
from core.db.unit_of_work import UnitOfWork
from core.db.views import VIEWS
from core.domain.cases import CaseKind
from tests import truths
from tests.shop import BER, CHANNEL, SHOP, SHOPIFY, Shop, make_shop

# The fixture `database` would end each of these tests with the very sentences that they break.
BOTH = [
    pytest.param("sqlite_database", marks=pytest.mark.sqlite),
    pytest.param("postgresql_database", marks=pytest.mark.postgresql),
]


@pytest.fixture(params=BOTH)
def url(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def shop(url):
    """A little of everything: delivered and returned, open, short, held, canceled, stuck."""
    shop = make_shop(url)
    shop.place(1001, ("mug-red", 3), ("tee-black-m", 1))
    shop.do(ShipWork("1001", "T1001", "DHL"))
    shop.do(DeliverParcel("1001"))
    shop.do(RequestReturn("1001", "mug-red", 2))
    shop.do(ReceiveReturn("R1001-1"))
    shop.do(RecordRefund("R1001-1", "re_1"))
    shop.do(RequestReturn("1001", "mug-red", 1))
    told = RecordChannelRefund(SHOPIFY, "gid-1001", "r9", 500, "EUR", shop.clock())
    shop.do(told, CHANNEL)
    shop.place(1002, ("mug-blue", 1))
    shop.place(1003, ("sock-grey", 25))
    shop.place(1004, ("poster-sun", 1))
    shop.do(HoldOrder("1004"))
    shop.place(1005, ("poster-sun", 1))
    shop.do(CancelOrder("1005"))
    shop.clock.advance(hours=30)
    shop.do(ScanForCases(CaseKind.STUCK), CHANNEL)
    yield shop
    shop.close()


def found(shop: Shop) -> dict[str, invariants.Result]:
    return {result.id: result for result in shop.engine.read(invariants.run)}


def broken(shop: Shop, severity: str = VIOLATION) -> set[str]:
    """The ids that are broken; the look that other tests end with must come to the same."""
    results = [r for r in found(shop).values() if not r.ok]
    in_rows = {r.id for r in results if r.severity == VIOLATION} - truths.OF_THE_SCHEMA
    assert len(shop.engine.read(truths.of_rows)) == len(in_rows)
    return {r.id for r in results if r.severity == severity}


def sql(shop: Shop, statement: str) -> None:
    def run(uow: UnitOfWork) -> None:
        uow.session.connection.execute(sa.text(statement))

    shop.engine.chore(run, SHOP)


def insert(shop: Shop, table: sa.Table, **values) -> None:
    shop.engine.chore(lambda uow: uow.insert_now(table, {"id": uow.new_id(), **values}), SHOP)


# --- true ----------------------------------------------------------------------------------------


def test_everything_is_true_of_a_shop_at_work(shop):
    assert broken(shop) == set()
    results = found(shop)
    assert len(results) == len(INVARIANTS)
    assert {r.severity for r in results.values()} == {VIOLATION, WARNING}


def test_every_sentence_has_an_id_of_its_own():
    assert len({check.id for check in INVARIANTS.values()}) == len(INVARIANTS)


def test_an_empty_house_has_no_breakers(url):
    shop = make_shop(url, stock=0)
    assert broken(shop) == broken(shop, WARNING) == set()
    shop.close()


def test_a_database_of_somebody_else_is_left_alone(url):
    assert truths.breakers(url) == []


def test_views_are_no_difference_from_the_code(shop):
    assert differences(shop.engine.database) == []


def test_every_view_can_be_read_and_names_its_shop(shop):
    delivery = Delivery(SHOPIFY, "orders/create", "d-1", b"{}")
    shop.do(shop.order(1006, ("mug-blue", 1)), replace(CHANNEL, delivery=delivery))
    for view in VIEWS:
        query = sa.text(f"select shop_id from {view}")
        rows = shop.engine.read(lambda s, query=query: s.connection.execute(query).all())
        assert set(rows) == {(SHOP,)}, view


def test_the_views_tell_the_money_of_an_order(shop):
    statement = "select captured, refunded, refund_due from v_payments where order_number = '1001'"
    row = shop.engine.read(lambda s: s.connection.execute(sa.text(statement)).one())
    assert tuple(row) == (4 * 1990, 2 * 1990 + 500, 0)


# --- broken --------------------------------------------------------------------------------------

BREAKING = {
    "I-01": f"update stock_level set on_hand = on_hand + 1 where location_id = {BER}",
    "I-03": "update reservation set state = 'consumed' where state = 'promised'",
    "I-03b": "update reservation set sku = 'tee-black-m' where state = 'promised'",
    "I-03c": "update reservation set quantity = quantity + 1 where state = 'promised'",
    "I-04": "update cases set subject = subject || 'x' where kind = 'short'",
    "I-08": "update orders set status = 'closed' where number = '1002'",
    "I-10": "update orders set refunded = refunded - 1 where number = '1001'",
    "I-10b": "update refund set currency = 'USD'",
    "I-14": "update orders set version = version + 1 where number = '1002'",
    "I-15b": "update orders set chain = 'x' where number = '1002'",
    "I-16": "update orders set canceled_at = 1 where number = '1002'",
    "I-16b": "update fulfillment_order set shipped_at = null where stage = 'shipped'",
    "I-16c": "update rma set received_at = null where status = 'refunded'",
    "I-16d": "update order_line set return_requested = 0 where return_requested > 0",
    "I-16e": "update refund set settled_at = null where state = 'refunded'",
    "I-16f": "update orders set status = 'closed' where number = '1004'",
    "I-28b": "update cases set resolution = '', state = 'resolved', resolved_at = 1",
    "I-36": "update alembic_version set version_num = 'r0000'",
    "I-36b": "drop index ix_audit_shop_id_actor_id",
}


def test_what_breaks_a_sentence_is_noticed_by_it(shop):
    """Each in a transaction that is thrown away, so that the next starts from the truth."""
    for id, statement in BREAKING.items():
        with shop.engine.database.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            connection.execute(sa.text(statement))
            noticed = {r.id: r for r in invariants.run(Session(connection)) if not r.ok}
        assert id in noticed, f"{id} did not notice: {statement}"
        assert noticed[id].count >= len(noticed[id].sample) > 0
    assert broken(shop) == set()


def test_the_breaker_is_named(shop):
    sql(shop, BREAKING["I-08"])
    assert found(shop)["I-08"].sample[0].startswith("1002 closed")


def test_money_beyond_what_was_paid_needs_a_case_that_told_of_it(shop):
    sql(shop, "update orders set captured = 100 where number = '1001'")
    assert found(shop)["I-12"].ok
    sql(shop, "update cases set kind = 'drift' where kind = 'outside_refund'")
    assert found(shop)["I-12"].sample == ("1001",)


def test_a_forged_audit_row_breaks_the_chain(shop):
    (order,) = shop.rows(t.orders, number="1002")
    values = {"shop_id": SHOP, "command_id": 1, "command": "x", "actor": "x", "surface": "x"}
    link = {"previous": "forged", "hash": "forged", "version": order["version"] + 1, "at": 1}
    insert(shop, t.audit, outcome="done", order_id=order["id"], **values, **link)
    assert {"I-14", "I-15c"} <= broken(shop)
    assert shop.engine.read(lambda s: audit.broken_link(s, order["id"])) == order["version"] + 1


def test_an_audit_row_of_nobody_is_noticed(shop):
    insert(shop, t.audit, shop_id=SHOP, command_id=1, command="x", outcome="refused", at=1)
    assert broken(shop) == {"I-15"}


def test_a_move_that_does_not_do_what_its_kind_does_is_noticed(shop):
    move = {"sku": "mug-red", "location_id": BER, "quantity": 1, "command_id": 1, "at": 1}
    insert(shop, t.stock_move, shop_id=SHOP, kind="restock", on_hand=0, actor="x", **move)
    insert(shop, t.stock_move, shop_id=SHOP, kind="adjust", on_hand=0, actor="x", **move)
    results = found(shop)
    assert (results["I-06"].count, results["I-06b"].count) == (2, 1)


def test_a_move_without_a_level_is_noticed(shop):
    move = {"sku": "ghost", "location_id": BER, "quantity": 0, "command_id": 1, "at": 1}
    insert(shop, t.stock_move, shop_id=SHOP, kind="restock", actor="x", **move)
    assert broken(shop) == {"I-01b"}


def test_a_ledger_without_its_guard_is_noticed(shop):
    if shop.engine.database.is_sqlite:
        sql(shop, "drop trigger stock_move_no_update")
    else:
        sql(shop, "drop trigger stock_move_append_only on stock_move")
    assert broken(shop) == {"I-06c"}


def test_lost_letters_and_silent_endings_are_noticed(shop):
    letter = {"shop_id": SHOP, "connection_id": SHOPIFY, "topic": "x", "raw": b"", "received_at": 1}
    insert(shop, t.inbox, delivery_id="a", state="dead", answer="{}", **letter)
    insert(shop, t.inbox, delivery_id="b", state="retry", answer="{}", **letter)
    insert(shop, t.inbox, delivery_id="c", state="done", answer="null", **letter)
    effect = {"shop_id": SHOP, "kind": "x", "created_at": 1, "due_at": 1}
    insert(shop, t.outbox, key="a", state="done", **effect)
    insert(shop, t.outbox, key="b", state="suppressed", ended_at=1, **effect)
    insert(shop, t.outbox, key="c", state="dead", ended_at=1, **effect)
    results = found(shop)
    counts = {id: results[id].count for id in ("I-17", "I-18", "I-22", "I-22b")}
    assert counts == {"I-17": 1, "I-18": 2, "I-22": 2, "I-22b": 1}


def test_a_slot_skipped_in_silence_is_noticed(shop):
    row = {"job": "x", "slot": 1, "state": "skipped", "note": "", "at": 1}
    shop.engine.chore(lambda uow: uow.insert_now(t.job_slot, row), SHOP)
    assert broken(shop) == {"I-26"}


def test_a_storm_without_cases_is_worth_a_warning(shop):
    case = {"shop_id": SHOP, "number": 99, "kind": "storm", "subject": "x", "opened_at": 1}
    insert(shop, t.cases, **case)
    assert broken(shop) == set()
    assert not found(shop)["I-28c"].ok


def test_a_connection_that_would_forget_its_rules_is_noticed(sqlite_database):
    make_shop(sqlite_database).close()
    careless = sa.create_engine(sqlite_database, poolclass=sa.pool.NullPool)
    with careless.connect() as connection:
        results = {r.id: r for r in invariants.run(Session(connection))}
    assert results["I-35"].sample == ("foreign_keys = 0",)


def test_the_database_itself_refuses_what_no_line_can_be(shop):
    with pytest.raises(sa.exc.IntegrityError):
        sql(shop, "update order_line set shipped = ordered + 1")
    with pytest.raises(sa.exc.IntegrityError):
        sql(shop, "update stock_level set reserved = on_hand + 1")
    with pytest.raises(sa.exc.DBAPIError, match="append-only"):
        sql(shop, "delete from stock_move")
    assert broken(shop) == set()
