"""A promise for a basket is what the order would get, and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from core.commands.arrivals import ExpectStock
from core.commands.kits import SetKit
from core.commands.pausing import StartPause
from core.commands.preorders import SetPreorder
from core.commands.screening import SetScreening
from core.commands.setup import SetPolicy
from core.db import tables as t
from core.domain.access import Role
from core.domain.basket import BasketLine
from core.domain.order import Address
from core.domain.refusals import Invalid
from core.queries.orders import ShowOrder
from core.queries.promises import AskPromise, BasketPromise, PromiseBasket
from tests.shop import Shop, make_shop, staff

OWNER = staff(Role.OWNER, "Olga")


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    shop = make_shop(database)
    yield shop
    shop.close()


def ask(shop: Shop, text: str) -> BasketPromise:
    found: BasketPromise = shop.ask(PromiseBasket(text))
    return found


def test_a_basket_gets_the_promise_that_its_order_gets(shop: Shop) -> None:
    told = ask(shop, "mug-red 2, tee-black-m 1 to 10827")
    assert (told.possible, told.first, told.last) == (True, date(2026, 11, 26), date(2026, 11, 26))
    assert [(p.location, p.units) for p in told.parcels] == [
        ("BER", {"mug-red": 2, "tee-black-m": 1})
    ]
    assert told.cost == 490 + 3 * 40
    assert told.order_by == datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
    shop.place(1001, ("mug-red", 2), ("tee-black-m", 1))
    order = shop.ask(ShowOrder("1001"))
    assert order.promise == told.last
    (row,) = shop.rows(t.orders)
    assert row["promise_basis"] == f"BER {told.parcels[0].basis}"


def test_asking_writes_nothing(shop: Shop) -> None:
    before = [shop.rows(table) for table in (t.stock_level, t.orders, t.event, t.audit)]
    ask(shop, "mug-red 2 to 10827")
    assert [shop.rows(table) for table in (t.stock_level, t.orders, t.event, t.audit)] == before


def test_after_the_cut_off_it_is_a_day_later(shop: Shop) -> None:
    late = AskPromise((BasketLine("mug-red", 1),), placed_at=shop.clock() + timedelta(hours=5))
    assert shop.ask(late).last == date(2026, 11, 27)


def test_a_basket_that_needs_two_parcels_names_both(shop: Shop) -> None:
    told = ask(shop, "mug-red 15 to 10827")
    assert sorted((p.location, p.units["mug-red"]) for p in told.parcels) == [
        ("BER", 10),
        ("HAM", 5),
    ]


def test_express_is_a_method_of_its_own(shop: Shop) -> None:
    assert ask(shop, "mug-red to 10827 express").last == date(2026, 11, 25)
    shop.do(SetPolicy("express_days", "0"), OWNER)
    assert ask(shop, "mug-red to 10827 express").last == date(2026, 11, 24)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mug-green 1 to 10827", "There is no SKU mug-green."),
        (
            "mug-red 21 to 10827",
            "1 × mug-red is nowhere to be had, and none is expected with a date.",
        ),
    ],
)
def test_why_not_is_said(shop: Shop, text: str, sentence: str) -> None:
    told = ask(shop, text)
    assert (told.possible, told.last, told.order_by) == (False, None, None)
    assert sentence in told.why_not


def test_a_country_that_is_not_served_and_a_paused_location_are_told(shop: Shop) -> None:
    shop.do(SetScreening("countries", "DE"), OWNER)
    assert ask(shop, "mug-red to FR 75001").why_not == (
        "FR is not among the countries that the shop serves.",
    )
    shop.do(StartPause("HAM"), OWNER)
    assert "HAM takes no part: paused." in ask(shop, "mug-red 15 to 10827").why_not


def test_expected_goods_are_promised_behind_those_who_wait(shop: Shop) -> None:
    due = date(2026, 12, 1)
    _expect(shop, 5, due)
    told = ask(shop, "mug-red 22 to 10827")
    assert told.possible
    assert (told.first, told.last) == (date(2026, 11, 26), date(2026, 12, 7))
    assert told.parcels[-1].expected == "PO-1"
    shop.place(1001, ("mug-red", 24))
    left = ask(shop, "mug-red 2 to 10827")
    assert (left.possible, left.short) == (False, {"mug-red": 1})


def _expect(shop: Shop, units: int, due: date) -> None:
    assert shop.do(ExpectStock("mug-red", "BER", units, due, "PO-1"), OWNER).ok


@pytest.mark.parametrize("days", [-2, 400])
def test_a_moment_far_away_is_refused(shop: Shop, days: int) -> None:
    asked = AskPromise((BasketLine("mug-red", 1),), placed_at=shop.clock() + timedelta(days=days))
    with pytest.raises(Invalid):
        shop.ask(asked)


def test_a_destination_may_be_given_whole(shop: Shop) -> None:
    told = shop.ask(AskPromise((BasketLine("mug-red", 1),), Address(zip="1010", country="at")))
    assert (told.to.country, told.possible) == ("AT", True)


def test_a_preorder_is_promised_as_its_order_would_be(shop: Shop) -> None:
    from_day = datetime(2026, 12, 14, 9, 0, tzinfo=UTC)
    assert shop.do(SetPreorder("mug-red", from_day, 5), OWNER).ok
    told = ask(shop, "mug-red 22 to 10827")
    assert (told.possible, told.parcels[-1].expected) == (True, "the preorder")
    assert not ask(shop, "mug-red 26 to 10827").possible
    shop.place(1001, ("mug-red", 22))
    assert shop.ask(ShowOrder("1001")).promise == told.last


def test_a_kit_is_promised_by_its_parts(shop: Shop) -> None:
    make_kit(shop)
    told = ask(shop, "gift-box 3 to 10827")
    assert [parcel.units for parcel in told.parcels] == [{"mug-red": 6, "tee-black-m": 3}]
    shop.place(1001, ("gift-box", 3))
    assert shop.ask(ShowOrder("1001")).promise == told.last


def make_kit(shop: Shop) -> None:
    shop.engine.chore(
        lambda uow: uow.people.put(t.product, {"sku": "gift-box"}, {"price": 4990}), 1
    )
    assert shop.do(SetKit("gift-box", "mug-red:2 tee-black-m:1"), OWNER).ok
