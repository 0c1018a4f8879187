"""Being warned in time: thresholds, sales, what is coming; one case per SKU that closes itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from core.commands.arrivals import ExpectStock, ReceiveStock
from core.commands.restock import SetLowStock
from core.commands.scans import ScanForCases
from core.commands.setup import SetPolicy
from core.commands.stock import AdjustStock
from core.commands.undo import UndoLast
from core.db import tables as t
from core.domain.access import Role
from core.domain.cases import CaseKind
from core.domain.stock import Move, StockMove
from core.queries.restock import ListLow, LowView
from tests.shop import BER, CHANNEL, HAM, SHOP, Shop, make_shop, staff

OWNER = staff(Role.OWNER, "Olga")


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    made = make_shop(database)
    yield made
    made.close()


def sell(shop: Shop, units: int, place: int = BER, sku: str = "mug-red") -> None:
    shop.engine.chore(lambda uow: uow.stock.move([StockMove(Move.SELL, sku, place, units)]), SHOP)


def low(shop: Shop, location: str = "") -> list[LowView]:
    return list(shop.ask(ListLow(location)).low)


def scan(shop: Shop) -> list[str]:
    receipt = shop.do(ScanForCases(CaseKind.LOW_STOCK), CHANNEL)
    assert receipt.ok, receipt
    rows = shop.rows(t.cases, kind="low_stock")
    return [row["title"] for row in rows if row["state"] != "resolved"]


def test_a_sku_at_its_threshold_is_low_and_one_above_is_not(shop):
    shop.do(SetLowStock("mug-red", 8))
    shop.do(AdjustStock("mug-red", "ber", -10, "broken"))
    shop.do(AdjustStock("mug-red", "ham", -1, "broken"))
    assert low(shop) == []
    shop.do(AdjustStock("mug-red", "ham", -1, "broken"))
    (found,) = low(shop)
    assert (found.sku, found.location, found.available, found.low_at) == ("mug-red", "", 8, 8)
    assert (found.lasts_days, found.suggest) == (None, 1)


def test_what_sells_fast_is_low_before_it_is_gone(shop):
    sell(shop, 7)
    sell(shop, 7, HAM)
    (found,) = low(shop)
    assert (found.available, found.per_day, found.lasts_days) == (6, 0.5, 12.0)
    assert found.suggest == 42 // 2 - 6


def test_sales_of_long_ago_tell_nothing(shop):
    sell(shop, 10)
    shop.clock.advance(days=29)
    assert low(shop) == []


def test_what_is_coming_counts_and_what_is_waited_for_counts_against(shop):
    shop.do(SetLowStock("mug-red", 19))
    shop.place(1001, ("mug-red", 25))
    (found,) = low(shop)
    assert (found.available, found.waited_for, found.suggest) == (0, 5, 25)
    shop.do(ExpectStock("mug-red", "ber", 25))
    assert low(shop) == []


def test_a_location_has_a_threshold_of_its_own(shop):
    shop.do(SetLowStock("mug-red", 10, "ham"))
    (found,) = low(shop)
    assert (found.location, found.available, found.suggest) == ("HAM", 10, 1)
    assert low(shop, "ham") == [found]
    assert low(shop, "ber") == []


def test_one_case_per_sku_opens_and_closes_by_itself(shop):
    assert scan(shop) == []
    shop.do(SetLowStock("mug-red", 20))
    shop.do(SetLowStock("mug-red", 10, "ham"))
    assert scan(shop) == ["mug-red is low: 20 left."]
    assert scan(shop) == ["mug-red is low: 20 left."]
    shop.do(ReceiveStock("mug-red", "ham", 5))
    assert scan(shop) == []


def test_a_shop_that_wants_its_stock_to_last_is_warned_by_sales_alone(shop):
    sell(shop, 10)
    assert scan(shop) == []
    shop.do(SetPolicy("low_cover_days", "30"), OWNER)
    assert scan(shop) == ["mug-red is low: 10 left, enough for 28 days."]
    (case,) = shop.rows(t.cases, kind="low_stock")
    assert case["due_at"] - case["opened_at"] == timedelta(hours=48) / timedelta(microseconds=1)


def test_a_threshold_can_be_taken_away_and_brought_back(shop):
    shop.do(SetLowStock("mug-red", 20))
    assert shop.do(SetLowStock("mug-red", 0)).ok
    assert low(shop) == []
    assert shop.do(UndoLast()).ok
    assert len(low(shop)) == 1


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (SetLowStock("mug-red", -1), "invalid"),
        (SetLowStock("mug-red", 0), "not_possible"),
        (SetLowStock("mug-gold", 5), "not_found"),
    ],
)
def test_a_threshold_that_makes_no_sense_is_refused(shop, ask, code):
    receipt = shop.do(ask)
    assert (receipt.outcome, receipt.code) == ("refused", code)
    assert receipt.next
    assert shop.rows(t.stock_rule) == []


def test_only_who_corrects_stock_sets_thresholds(shop):
    assert shop.do(SetLowStock("mug-red", 5), staff(Role.SUPPORT, "Sue")).code == "not_allowed"
