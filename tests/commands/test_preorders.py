"""Announced goods and suppliers through the engine: awaited, not short, never in the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from core.commands.choosing import Units
from core.commands.fulfillment import PickWork, PrintPicks, ShipWork
from core.commands.holds import HoldOrder
from core.commands.missing import ShortOrder
from core.commands.preorders import (
    Early,
    EndPreorder,
    ListSupply,
    SetPreorder,
    SetVendor,
    VendorStock,
    WatchAwaited,
)
from core.commands.scans import ReleaseExpiredHolds, ScanForCases
from core.commands.setup import AddLocation
from core.commands.stock import ReceiveStock
from core.db import tables as t
from core.domain.access import Role, system
from core.domain.cases import CaseKind
from core.domain.holds import HoldReason
from core.engine import Caller, Receipt
from core.queries.order_view import OrderView
from core.queries.orders import ShowOrder
from core.queries.tracking import TrackByLink
from tests.shop import SHOP, Shop, make_shop, staff

BO, OWNER = staff(Role.WAREHOUSE, "Bo"), staff(Role.OWNER, "Eve")
CLOCK = Caller(system(SHOP, "clock"), "clock")
MARCH = datetime(2027, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    made = make_shop(database, stock=0)
    made.do(ReceiveStock("mug-red", "ber", 10), BO)
    yield made
    made.close()


@pytest.fixture
def ahead(shop: Shop) -> Shop:
    """Posters are announced for the first of March, five at most are sold ahead."""
    assert shop.do(SetPreorder("poster-sun", MARCH, 5), BO).ok
    return shop


def view(shop: Shop, number: int) -> OrderView:
    found: OrderView = shop.ask(ShowOrder(str(number)))
    return found


def cases(shop: Shop) -> list[str]:
    return [row["kind"] for row in shop.rows(t.cases) if row["state"] != "resolved"]


def waiting(shop: Shop, number: int) -> list[tuple[str, int, str, date | None]]:
    (row,) = shop.rows(t.orders, number=str(number))
    public = shop.ask(TrackByLink(row["id"], row["links_version"]), CLOCK)
    return [(w.title, w.quantity, w.stage, w.expected) for w in public.facts.waiting]


def ship(shop: Shop, number: int) -> Receipt:
    for step in (PrintPicks(orders=(str(number),)), PickWork(str(number)), ShipWork(str(number))):
        receipt = shop.do(step, BO)
        assert receipt.ok, receipt
    return receipt


# --- announced goods -----------------------------------------------------------------------------


def test_what_can_ship_ships_while_the_announced_waits(ahead):
    ahead.place(1001, ("mug-red", 2), ("poster-sun", 1))
    assert cases(ahead) == []
    assert waiting(ahead, 1001) == [
        ("Mug-Red", 2, "ready", None),
        ("Poster-Sun", 1, "awaited", date(2027, 3, 1)),
    ]
    ship(ahead, 1001)
    found = view(ahead, 1001)
    assert (found.status, found.fulfillment_status) == ("open", "partial")
    assert found.lines[1].places[0].stage == "awaited"


def test_an_order_of_announced_goods_alone_waits_for_the_supplier(ahead):
    ahead.place(1001, ("poster-sun", 1))
    step = view(ahead, 1001).next
    assert step is not None
    assert (step.party, step.why, step.blocked) == ("supplier", "awaited", False)
    assert step.what == "deliver what is announced for 2027-03-01"


def test_the_promise_of_an_order_waits_for_its_last_goods(ahead):
    ahead.place(1001, ("mug-red", 2), ("poster-sun", 1))
    promise = view(ahead, 1001).promise
    assert promise is not None
    assert promise > date(2027, 3, 1)


def test_beyond_the_limit_an_order_is_short(ahead):
    ahead.place(1001, ("poster-sun", 4))
    ahead.place(1002, ("poster-sun", 2))
    assert cases(ahead) == ["short"]
    assert [view(ahead, n).lines[0].awaits for n in (1001, 1002)] == ["2027-03-01", ""]
    ahead.place(1003, ("poster-sun", 1))
    assert view(ahead, 1003).lines[0].awaits == "2027-03-01"


def test_when_the_day_has_passed_without_goods_there_is_a_case(ahead):
    ahead.place(1001, ("poster-sun", 1))
    ahead.clock.advance(days=97)
    assert ahead.do(WatchAwaited(), CLOCK).facts["opened"] == 0
    ahead.clock.advance(days=1)
    assert ahead.do(WatchAwaited(), CLOCK).facts == {"opened": 1, "more": False}
    assert cases(ahead) == ["short"]
    assert ahead.do(WatchAwaited(), CLOCK).facts["opened"] == 0


def test_goods_that_arrive_go_to_those_who_await_them(ahead):
    ahead.place(1001, ("poster-sun", 1))
    assert ahead.do(ReceiveStock("poster-sun", "ber", 3), BO).facts["served"] == ["1001"]
    assert waiting(ahead, 1001) == [("Poster-Sun", 1, "ready", None)]
    assert view(ahead, 1001).lines[0].awaits == ""


def test_a_later_day_is_told_like_a_late_warehouse(ahead):
    ahead.place(1001, ("poster-sun", 1))
    ahead.place(1002, ("mug-red", 1))
    old = view(ahead, 1001).promise
    assert old is not None
    receipt = ahead.do(SetPreorder("poster-sun", MARCH + timedelta(days=14), 5), BO)
    assert receipt.facts["orders"] == ["1001"]
    assert view(ahead, 1001).promise == old + timedelta(days=14)
    (told,) = ahead.rows(t.event, kind="PromiseChanged")
    assert '"reason":"supplier"' in told["data"].replace(" ", "")
    assert view(ahead, 1001).lines[0].awaits == "2027-03-15"


def test_what_is_not_sold_ahead_any_more_is_short(ahead):
    ahead.place(1001, ("poster-sun", 1))
    assert ahead.do(EndPreorder("poster-sun"), BO).ok
    assert cases(ahead) == ["short"]
    assert ahead.do(EndPreorder("poster-sun"), BO).code == "already"
    ahead.place(1002, ("poster-sun", 1))
    assert view(ahead, 1002).lines[0].awaits == ""


@pytest.mark.parametrize(
    "ask",
    [
        SetPreorder("poster-sun", datetime(2026, 11, 23, 12, tzinfo=UTC)),
        SetPreorder("poster-sun", MARCH, 0),
        SetPreorder("poster-son", MARCH),
        EndPreorder("mug-red"),
    ],
)
def test_announcements_that_make_no_sense_are_refused(shop, ask: Any):
    receipt = shop.do(ask, BO)
    assert receipt.outcome == "refused"
    assert shop.rows(t.product, sku="poster-sun")[0]["available_from"] is None


# --- suppliers -----------------------------------------------------------------------------------


@pytest.fixture
def acme(shop: Shop) -> Shop:
    """A supplier who always has posters and takes three days."""
    assert shop.do(AddLocation("ACME", kind="dropship", country="DE", rank=9), OWNER).ok
    assert shop.do(SetVendor("acme", 3, VendorStock.ENDLESS), OWNER).ok
    assert shop.do(ListSupply("acme", "poster-sun"), BO).facts["new"] == ["poster-sun"]
    return shop


def level(shop: Shop) -> tuple[int, int]:
    (row,) = shop.rows(t.stock_level, sku="poster-sun")
    return row["on_hand"], row["reserved"]


def test_a_supplier_who_always_has_it_is_given_the_work(acme):
    acme.place(1001, ("mug-red", 1), ("poster-sun", 40))
    assert (cases(acme), level(acme)) == ([], (40, 40))
    assert waiting(acme, 1001) == [
        ("Mug-Red", 1, "ready", None),
        ("Poster-Sun", 40, "supplier", None),
    ]
    assert {work.location for work in view(acme, 1001).works} == {"ACME", "BER"}


def test_what_a_canceled_order_gave_back_is_used_before_more_is_asked_for(acme):
    acme.place(1001, ("poster-sun", 4))
    acme.place(1002, ("poster-sun", 1), canceled_at=acme.clock())
    acme.place(1001, ("poster-sun", 1), updated_at=acme.clock() + timedelta(minutes=1))
    assert level(acme) == (4, 1)
    acme.place(1003, ("poster-sun", 5))
    assert level(acme) == (6, 6)


def test_what_it_does_not_list_it_is_not_asked_for(acme):
    acme.place(1001, ("tee-black-m", 1))
    assert cases(acme) == ["short"]
    assert acme.do(ListSupply("acme", "tee-black-m"), BO).facts["served"] == ["1001"]


def test_a_supplier_that_lacks_it_after_all_is_not_asked_again(acme):
    acme.place(1001, ("poster-sun", 2))
    receipt = acme.do(ShortOrder("1001", (Units("poster-sun", 1),)), staff())
    assert receipt.ok, receipt
    assert (cases(acme), level(acme)) == (["short"], (1, 1))


def test_a_supplier_is_late_after_its_days_like_a_warehouse(acme):
    acme.place(1001, ("mug-red", 1))
    acme.place(1002, ("poster-sun", 1))
    acme.clock.advance(days=3, hours=7)
    assert acme.do(ScanForCases(CaseKind.STUCK), CLOCK).facts["opened"] == 1
    acme.clock.advance(hours=2)
    assert acme.do(ScanForCases(CaseKind.STUCK), CLOCK).facts["opened"] == 1
    titles = [row["title"] for row in acme.rows(t.cases, kind="stuck")]
    assert titles[1].startswith("Order 1002 has waited at ACME")


def test_only_a_supplier_has_lead_days(shop):
    receipt = shop.do(SetVendor("ber", 3), OWNER)
    assert (receipt.outcome, receipt.next) == (
        "refused",
        "Make it a supplier first: `wismo location set BER --kind dropship`.",
    )


def test_an_order_keeps_what_it_was_promised(acme):
    ask = acme.order(1001, ("poster-sun", 1))
    receipt = acme.engine.execute(replace(ask, promise=date(2026, 12, 1)), CLOCK)
    assert receipt.ok
    assert view(acme, 1001).promise == date(2026, 12, 1)


# --- a day of sale -------------------------------------------------------------------------------


def test_goods_that_come_before_their_day_of_sale_are_kept_and_wait_for_it(shop):
    told = shop.do(SetPreorder("poster-sun", MARCH, None, Early.STREET), BO)
    assert told.sentence.endswith("Goods that come earlier wait for that day.")
    shop.place(1001, ("poster-sun", 1), ("mug-red", 1))
    shop.place(1002, ("poster-sun", 1))
    shop.do(ReceiveStock("poster-sun", "ber", 2), BO)
    shop.place(1003, ("poster-sun", 1))
    assert [x["reserved"] for x in shop.rows(t.stock_level, sku="poster-sun")] == [2]
    (hold,) = view(shop, 1001).holds
    assert (hold.reason, hold.what) == (HoldReason.STREET_DATE, "poster-sun")
    assert hold.until == datetime(2027, 2, 28, 23, tzinfo=UTC)  # midnight where the shop is
    waiting = view(shop, 1002)
    assert waiting.next
    assert waiting.next.what == "wait for its day of sale"
    assert waiting.promise
    assert waiting.promise >= date(2027, 3, 1)
    assert shop.do(PrintPicks(orders=("1002",)), BO).code == "held"
    assert shop.do(PrintPicks(orders=("1001",)), BO).ok
    works = {w.number: w.stage for w in view(shop, 1001).works}
    assert sorted(works.values()) == ["printed", "ready"]  # the mug goes ahead
    assert shop.do(HoldOrder("1003", HoldReason.STREET_DATE)).code == "not_possible"
    later = MARCH + timedelta(days=14)
    shop.do(SetPreorder("poster-sun", later, None, Early.STREET), BO)
    assert view(shop, 1002).holds[0].until == hold.until + timedelta(days=14)
    shop.clock.advance(days=(later - shop.clock()).days + 1)
    assert shop.engine.execute(ReleaseExpiredHolds(), CLOCK).ok
    assert [view(shop, n).holds for n in (1001, 1002)] == [(), ()]
    assert shop.do(PrintPicks(orders=("1002",)), BO).ok


def test_a_day_of_sale_that_is_given_up_lets_go_what_waited_for_it(shop):
    shop.do(SetPreorder("poster-sun", MARCH, None, Early.STREET), BO)
    shop.do(ReceiveStock("poster-sun", "ber", 2), BO)
    shop.place(1001, ("poster-sun", 1))
    assert view(shop, 1001).holds
    assert shop.do(EndPreorder("poster-sun"), BO).ok
    assert view(shop, 1001).holds == ()
    assert shop.do(PrintPicks(orders=("1001",)), BO).ok
