"""Lanes, holidays and methods through the engine: what is set is what the next promise counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from core.commands.calendars import KeepHolidays, RefreshHolidays
from core.commands.imports import ImportedRow
from core.commands.lanes import DropLane, ImportLanes, NameShipping
from core.commands.undo import UndoLast
from core.db import tables as t
from core.domain.access import Role, system
from core.domain.order import Address
from core.engine import Caller
from core.queries.orders import ShowOrder
from core.queries.promises import ListLanes, PromiseBasket
from tests.shop import SHOP, Clock, Shop, make_shop, staff

OWNER = staff(Role.OWNER, "Olga")
CLOCK = Caller(system(SHOP, "clock"), "clock")


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    shop = make_shop(database)
    yield shop
    shop.close()


def bring(shop: Shop, *rows: dict[str, Any], dry_run: bool = False) -> dict[str, Any]:
    found = tuple(ImportedRow(n, row.pop("country"), row) for n, row in enumerate(rows, 2))
    receipt = shop.do(ImportLanes(found, dry_run), OWNER)
    assert receipt.ok, receipt.sentence
    return dict(receipt.facts)


def counts(facts: dict[str, Any]) -> tuple[int, int, int]:
    return facts["made"], facts["changed"], facts["same"]


def test_a_lane_moves_the_next_promise_and_prices_its_parcel(shop: Shop) -> None:
    facts = bring(shop, {"country": "DE", "origin": "ber", "days": 4, "cost": 350})
    assert counts(facts) == (1, 0, 0)
    told = shop.ask(PromiseBasket("mug-red to 10827"))
    assert (told.last, told.cost) == (date(2026, 11, 30), 350 + 40)
    shop.place(1001, ("mug-red", 1))
    assert shop.ask(ShowOrder("1001")).promise == date(2026, 11, 30)
    (row,) = shop.rows(t.orders)
    assert row["promise_basis"] == (
        "BER leaves 2026-11-24, 4 days on the way (lane BER to DE, standard)"
    )


def test_twice_changes_nothing_and_a_dry_run_not_even_once(shop: Shop) -> None:
    assert counts(bring(shop, {"country": "DE", "days": 1}, dry_run=True)) == (1, 0, 0)
    assert shop.rows(t.lane) == []
    bring(shop, {"country": "DE", "days": 1})
    revision = shop.rows(t.shop)[0]["revision"]
    assert counts(bring(shop, {"country": "DE", "days": 1})) == (0, 0, 1)
    assert shop.rows(t.shop)[0]["revision"] == revision
    assert counts(bring(shop, {"country": "DE", "days": 2})) == (0, 1, 0)
    assert shop.ask(ListLanes()).lanes[0].days == 2


def test_a_wrong_row_is_named_and_the_others_go_in(shop: Shop) -> None:
    facts = bring(
        shop,
        {"country": "Germany", "days": 1},
        {"country": "AT", "days": 3},
        {"country": "AT", "origin": "PARIS", "days": 3},
    )
    assert counts(facts) == (1, 0, 0)
    assert [line for line, _, _ in facts["problems"]] == [2, 4]


def test_a_lane_is_dropped_by_its_name(shop: Shop) -> None:
    bring(shop, {"country": "DE", "zip_prefix": "10", "days": 1})
    assert shop.do(DropLane("DE", "11"), OWNER).code == "not_found"
    assert shop.do(DropLane("de", "10"), OWNER).ok
    assert shop.ask(ListLanes()).total == 0
    assert shop.do(DropLane("DE")).code == "not_allowed"


# --- holidays ------------------------------------------------------------------------------------


def test_the_holidays_of_a_region_close_a_location(database: str) -> None:
    shop = make_shop(database, clock=Clock(datetime(2026, 12, 23, 9, 0, tzinfo=UTC)))
    before = shop.ask(PromiseBasket("mug-red to 10827")).last
    receipt = shop.do(KeepHolidays("BER"), OWNER)
    assert receipt.sentence == (
        "BER is closed on the public holidays of DE; the next is 2026-12-25."
    )
    after = shop.ask(PromiseBasket("mug-red to 10827")).last
    assert (before, after) == (date(2026, 12, 28), date(2026, 12, 29))
    shop.do(UndoLast(), OWNER)
    assert shop.ask(PromiseBasket("mug-red to 10827")).last == before
    shop.close()


def test_a_region_has_its_own_days(shop: Shop) -> None:
    shop.do(KeepHolidays("BER", "de-be"), OWNER)
    shop.do(KeepHolidays("HAM", "DE-HH"), OWNER)
    places = {row["code"]: row for row in shop.rows(t.location)}
    assert "2027-03-08" in places["BER"]["holiday_days"]
    assert "2027-03-08" not in places["HAM"]["holiday_days"]


def test_an_unknown_region_is_refused_with_the_known_ones(shop: Shop) -> None:
    receipt = shop.do(KeepHolidays("BER", "DE-XX"), OWNER)
    assert receipt.code == "invalid"
    assert "DE-BE" in receipt.next
    assert shop.rows(t.location, code="BER")[0]["holidays"] == ""


def test_next_years_holidays_are_looked_up_by_the_clock(shop: Shop) -> None:
    shop.do(KeepHolidays("BER"), OWNER)
    assert shop.do(RefreshHolidays(), CLOCK).sentence == "Holidays: nothing new."
    shop.clock.advance(days=365)
    assert shop.do(RefreshHolidays(), CLOCK).sentence == "Holidays: BER."
    assert "2029-12-25" in shop.rows(t.location, code="BER")[0]["holiday_days"]


# --- methods -------------------------------------------------------------------------------------


def method_of(shop: Shop, number: int, **more: Any) -> tuple[str, date | None]:
    shop.place(number, ("mug-red", 1), email=f"{number}@example.org", **more)
    (row,) = shop.rows(t.orders, number=str(number))
    return str(row["method"]), shop.ask(ShowOrder(str(number))).promise


def test_the_shipping_line_of_a_channel_names_the_method(shop: Shop) -> None:
    assert method_of(shop, 1001) == ("standard", date(2026, 11, 26))
    assert method_of(shop, 1002, shipping_line="DHL Express") == ("express", date(2026, 11, 25))
    assert method_of(shop, 1003, shipping_line="Blitz")[0] == "standard"
    assert shop.do(NameShipping("express", "blitz"), OWNER).ok
    assert method_of(shop, 1004, shipping_line="Blitz")[0] == "express"
    assert method_of(shop, 1005, method="pickup", ship_to=Address())[0] == "pickup"
    shop.do(NameShipping("standard", "Blitz"), OWNER)
    assert method_of(shop, 1006, shipping_line="Blitz")[0] == "standard"


def test_a_promise_that_the_channel_showed_stays(shop: Shop) -> None:
    shown = date(2026, 11, 24)
    assert method_of(shop, 1001, promise=shown) == ("standard", shown)
    assert shop.ask(ShowOrder("1001")).promise_basis == "shown by the channel"


def test_a_method_that_makes_no_sense_refuses_the_order(shop: Shop) -> None:
    assert shop.place(1001, ("mug-red", 1), method="!").code == "invalid"
    assert shop.rows(t.orders) == []
