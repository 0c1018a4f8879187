"""Capturing orders: every topic upserts, older words never overwrite, stock is never oversold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.commands.holds import HoldOrder
from core.db import tables as t
from core.domain.cases import CaseKind
from core.domain.order import Address
from core.queries.orders import ShowOrder
from tests.shop import BER, CHANNEL, HAM, Shop, make_shop


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    shop = make_shop(database)
    yield shop
    shop.close()


def level(shop: Shop, sku: str, place: int) -> tuple[int, int]:
    found = shop.rows(t.stock_level, sku=sku, location_id=place)
    return (found[0]["on_hand"], found[0]["reserved"]) if found else (0, 0)


def kinds(shop: Shop, number: str) -> list[str]:
    return [told.kind for told in shop.ask(ShowOrder(number, timeline=True)).timeline]


def open_cases(shop: Shop) -> list[str]:
    return [case["kind"] for case in shop.rows(t.cases) if case["state"] != "resolved"]


def test_an_order_is_captured_reserved_and_routed(shop: Shop) -> None:
    receipt = shop.place(1001, ("mug-red", 2), ("tee-black-m", 1))
    assert receipt.outcome == "done"
    assert receipt.happened == ("OrderCaptured", "OrderPaid", "OrderRouted")
    view = shop.ask(ShowOrder("1001"))
    assert [(w.location, w.stage, w.units) for w in view.works] == [("BER", "ready", 3)]
    assert level(shop, "mug-red", BER) == (10, 2)
    assert view.payment_status == "paid"
    assert view.next is not None
    assert view.next.party == "BER"


def test_two_lines_of_one_sku_count_together(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 8), ("mug-red", 14))
    view = shop.ask(ShowOrder("1001"))
    assert sum(line.allocated for line in view.lines) == 20
    assert sum(line.backordered for line in view.lines) == 2
    assert level(shop, "mug-red", BER) == (10, 10)
    assert level(shop, "mug-red", HAM) == (10, 10)


def test_a_channel_order_beyond_stock_is_recorded_short_with_a_case(shop: Shop) -> None:
    receipt = shop.place(1001, ("mug-red", 25))
    assert receipt.ok
    assert "OrderShort" in receipt.happened
    assert open_cases(shop) == [CaseKind.SHORT]


def test_the_same_order_told_twice_is_one_order(shop: Shop) -> None:
    order = shop.order(1001, ("mug-red", 2))
    shop.do(order, CHANNEL)
    again = shop.do(order, CHANNEL)
    assert again.ok
    assert again.happened == ()
    assert len(shop.rows(t.orders)) == 1
    assert level(shop, "mug-red", BER) == (10, 2)
    assert shop.ask(ShowOrder("1001")).version == 1


def test_an_unknown_sku_is_captured_but_not_routed(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1), ("no-such-thing", 2))
    view = shop.ask(ShowOrder("1001"))
    assert [p.stage for p in view.lines[0].places] == ["ready"]
    assert [p.stage for p in view.lines[1].places] == ["unknown"]
    assert open_cases(shop) == [CaseKind.UNKNOWN_SKU]


def test_an_older_word_never_overwrites_a_newer_one(shop: Shop) -> None:
    new = shop.order(1001, ("mug-red", 2), updated_at=shop.clock() + timedelta(minutes=5))
    shop.do(new, CHANNEL)
    moved = Address("Anna", "", "Old street 9", "", "10827", "Berlin", "", "DE")
    old = replace(new, updated_at=shop.clock(), ship_to=moved, captured=0)
    assert shop.do(old, CHANNEL).happened == ()
    assert shop.ask(ShowOrder("1001")).ship_to.street == "Hauptstr. 1"


def test_equal_times_merge(shop: Shop) -> None:
    first = shop.order(1001, ("mug-red", 2), phone="")
    shop.do(first, CHANNEL)
    receipt = shop.do(replace(first, phone="+4930123456"), CHANNEL)
    assert receipt.happened == ("OrderUpdated",)
    assert shop.ask(ShowOrder("1001")).phone == "+4930123456"


def test_paid_never_reverts(shop: Shop) -> None:
    paid = shop.order(1001, ("mug-red", 2))
    shop.do(paid, CHANNEL)
    later = replace(paid, captured=0, updated_at=shop.clock() + timedelta(minutes=1))
    shop.do(later, CHANNEL)
    assert shop.ask(ShowOrder("1001")).payment_status == "paid"


def test_paid_is_merged_from_a_late_older_delivery_too(shop: Shop) -> None:
    unpaid = shop.order(
        1001, ("mug-red", 2), captured=0, updated_at=shop.clock() + timedelta(minutes=1)
    )
    shop.do(unpaid, CHANNEL)
    shop.do(replace(unpaid, captured=3980, updated_at=shop.clock()), CHANNEL)
    assert shop.ask(ShowOrder("1001")).payment_status == "paid"


def test_a_cancel_in_the_shop_frees_the_stock_and_never_reverts(shop: Shop) -> None:
    order = shop.order(1001, ("mug-red", 2))
    shop.do(order, CHANNEL)
    gone = replace(order, canceled_at=shop.clock(), updated_at=shop.clock() + timedelta(minutes=1))
    assert "OrderCanceled" in shop.do(gone, CHANNEL).happened
    assert level(shop, "mug-red", BER) == (10, 0)
    back = replace(order, updated_at=shop.clock() + timedelta(minutes=2))
    shop.do(back, CHANNEL)
    assert shop.ask(ShowOrder("1001")).status == "canceled"


def test_a_cancel_before_the_create_resolves(shop: Shop) -> None:
    order = shop.order(1001, ("mug-red", 2))
    gone = replace(order, canceled_at=shop.clock(), updated_at=shop.clock() + timedelta(hours=1))
    assert shop.do(gone, CHANNEL).ok
    shop.do(order, CHANNEL)
    assert shop.ask(ShowOrder("1001")).status == "canceled"
    assert level(shop, "mug-red", BER) == (10, 0)


def test_an_edit_in_the_shop_grows_shrinks_and_adds(shop: Shop) -> None:
    order = shop.order(1001, ("mug-red", 2), ("tee-black-m", 3))
    shop.do(order, CHANNEL)
    lines = (
        replace(order.lines[0], quantity=4),
        replace(order.lines[1], quantity=1),
        replace(order.lines[0], sku="sock-grey", quantity=1, external_id="1001-9"),
    )
    edited = replace(order, lines=lines, updated_at=shop.clock() + timedelta(minutes=1))
    assert "OrderUpdated" in shop.do(edited, CHANNEL).happened
    view = shop.ask(ShowOrder("1001"))
    wanted = {line.sku: line.ordered - line.canceled for line in view.lines}
    assert wanted == {"mug-red": 4, "tee-black-m": 1, "sock-grey": 1}
    assert level(shop, "mug-red", BER) == (10, 4)
    assert level(shop, "tee-black-m", BER) == (10, 1)
    assert level(shop, "sock-grey", BER) == (10, 1)
    assert shop.do(edited, CHANNEL).happened == ()


def test_a_till_sale_arrives_handed_over(shop: Shop) -> None:
    receipt = shop.place("P1", ("mug-red", 2), channel="pos", handed_over=True, sold_at="HAM")
    assert "SoldAtTill" in receipt.happened
    assert level(shop, "mug-red", HAM) == (8, 0)
    view = shop.ask(ShowOrder("P1"))
    assert view.works == ()
    assert view.status == "closed"


def test_a_till_sale_above_book_is_corrected_sold_and_opens_a_case(shop: Shop) -> None:
    shop.place(1001, ("poster-sun", 20))
    receipt = shop.place("P1", ("poster-sun", 3), channel="pos", handed_over=True, sold_at="HAM")
    assert receipt.ok
    assert level(shop, "poster-sun", HAM) == (10, 10)
    assert open_cases(shop) == [CaseKind.TILL_ABOVE_BOOK]


def test_a_number_that_is_taken_gets_a_prefix(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    other = replace(shop.order(1001, ("mug-red", 1)), external_id="other", connection_id=None)
    receipt = shop.do(replace(other, channel="market"), CHANNEL)
    assert receipt.facts["order"] == "MARK-1001"


def test_an_order_without_a_number_gets_one_of_ours(shop: Shop) -> None:
    first = shop.place("", ("mug-red", 1))
    assert first.facts["order"] == "1001"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"lines": ()}, "at least one line"),
        ({"currency": "EURO"}, "not a currency"),
        ({"external_id": ""}, "own id"),
    ],
)
def test_nonsense_is_refused_and_changes_nothing(
    shop: Shop, change: dict[str, Any], word: str
) -> None:
    receipt = shop.do(replace(shop.order(1001, ("mug-red", 1)), **change), CHANNEL)
    assert receipt.outcome == "refused"
    assert word in receipt.sentence
    assert shop.rows(t.orders) == []
    assert shop.rows(t.event) == []
    assert [row["outcome"] for row in shop.rows(t.audit)] == ["refused"]


def test_a_negative_quantity_is_refused(shop: Shop) -> None:
    order = shop.order(1001, ("mug-red", 1))
    bad = replace(order, lines=(replace(order.lines[0], quantity=-1),))
    assert shop.do(bad, CHANNEL).code == "invalid"


def test_a_held_order_keeps_its_reservation_through_an_update(shop: Shop) -> None:
    order = shop.order(1001, ("mug-red", 2))
    shop.do(order, CHANNEL)
    shop.do(HoldOrder("1001"))
    shop.do(replace(order, note="leave at door", updated_at=shop.clock() + timedelta(1)), CHANNEL)
    view = shop.ask(ShowOrder("1001"))
    assert view.holds
    assert view.note == "leave at door"
    assert level(shop, "mug-red", BER) == (10, 2)
