"""Orders that wait for one parcel: until one place has everything, the next order, or the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.grammar import Desk
from bot.presentation.orders import order_card
from bot.presentation.plain import all_as_text
from bot.presentation.routing import why_card
from core.commands.consolidating import Consolidate, ShipNow
from core.commands.fulfillment import PickWork
from core.commands.holds import HoldOrder, ReleaseOrder
from core.commands.scans import ReleaseExpiredHolds
from core.commands.setup import SetPolicy
from core.commands.stock import AdjustStock, ReceiveStock
from core.db import tables as t
from core.db.setup import load_shop
from core.domain.access import Role, system
from core.domain.holds import HoldReason
from core.domain.order import Address
from core.engine import Caller
from core.queries.orders import ShowOrder
from core.queries.why import WhyRouted
from tests.commands.test_routing import put
from tests.shop import BER, HAM, SHOP, Shop, make_shop, staff
from tests.surfaces.test_presentation import DESK

OWNER = staff(Role.OWNER, "Olga")
CLOCK = Caller(system(SHOP, "clock"), "clock")
HOME = Address("Anna Schmidt", "", "Hauptstr. 1", "", "10827", "Berlin", "", "DE")
DOTTED = replace(HOME, street="Hauptstraße 1")


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    """BER has mugs, HAM has tees; whoever wants both gets two parcels."""
    made = make_shop(database)
    for sku, place in (("tee-black-m", "BER"), ("mug-red", "HAM")):
        assert made.do(AdjustStock(sku, place, -10, "moved out")).ok
    yield made
    made.close()


def wait(shop: Shop, what: str, hours: int) -> None:
    assert shop.do(SetPolicy(f"wait_for_{what}_hours", str(hours)), OWNER).ok


def ends(shop: Shop, number: int) -> datetime | None:
    holds = shop.ask(ShowOrder(str(number))).holds
    end: datetime | None = holds[0].until if holds else None
    return end


def consolidate(shop: Shop) -> None:
    while shop.do(Consolidate(), CLOCK).facts["more"]:
        pass


def places(shop: Shop, number: int) -> list[int]:
    (order,) = shop.rows(t.orders, number=str(number))
    works = shop.rows(t.fulfillment_order, order_id=order["id"])
    return sorted(work["location_id"] for work in works if work["stage"] != "canceled")


def test_without_the_policy_nothing_waits(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1), ("tee-black-m", 1))
    assert (ends(shop, 1001), places(shop, 1001)) == (None, [BER, HAM])


def test_a_split_order_waits_until_half_an_hour_before_the_cut_off(shop: Shop) -> None:
    wait(shop, "one_place", 8)
    shop.place(1001, ("mug-red", 1), ("tee-black-m", 1))
    assert ends(shop, 1001) == datetime(2026, 11, 23, 12, 30, tzinfo=UTC)  # 14:00 in Berlin
    shop.place(1002, ("mug-red", 1))
    assert ends(shop, 1002) is None
    refused = shop.do(PickWork("1001", "BER"))
    assert (refused.ok, refused.code) == (False, "held")


def test_it_goes_in_one_parcel_when_one_place_has_everything(shop: Shop) -> None:
    wait(shop, "one_place", 8)
    shop.place(1001, ("mug-red", 1), ("tee-black-m", 1))
    consolidate(shop)
    assert places(shop, 1001) == [BER, HAM]
    assert shop.do(ReceiveStock("tee-black-m", "BER", 5)).ok
    consolidate(shop)
    assert (places(shop, 1001), ends(shop, 1001)) == ([BER], None)


def test_the_next_order_to_the_same_door_joins_it(shop: Shop) -> None:
    wait(shop, "next_order", 2)
    shop.place(1001, ("mug-red", 1))
    assert ends(shop, 1001) == datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
    shop.place(1002, ("sock-grey", 1), email="ben@example.org")
    consolidate(shop)
    assert shop.rows(t.order_link) == []
    shop.clock.advance(minutes=30)
    shop.place(1003, ("mug-blue", 1), ship_to=DOTTED)
    consolidate(shop)
    assert len(shop.rows(t.order_link)) == 1
    assert (ends(shop, 1001), ends(shop, 1003)) == (None, None)
    assert ends(shop, 1002) is not None


def test_the_clock_ends_it(shop: Shop) -> None:
    wait(shop, "next_order", 2)
    shop.place(1001, ("mug-red", 1))
    shop.clock.advance(hours=2)
    assert shop.do(ReleaseExpiredHolds(), CLOCK).facts["released"] == 1
    assert ends(shop, 1001) is None
    assert shop.do(PickWork("1001", "BER")).ok


def test_ship_now_ends_it(shop: Shop) -> None:
    wait(shop, "next_order", 2)
    shop.place(1001, ("mug-red", 1))
    assert shop.do(ShipNow("1001")).ok
    assert ends(shop, 1001) is None
    assert shop.do(ShipNow("1001")).code == "already"


def test_a_release_ends_it_and_there_is_no_way_back(shop: Shop) -> None:
    wait(shop, "next_order", 2)
    shop.place(1001, ("mug-red", 1))
    receipt = shop.do(ReleaseOrder("1001"))
    assert (receipt.ok, receipt.can_undo) == (True, False)


def test_nobody_makes_an_order_wait_by_hand(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    assert shop.do(HoldOrder("1001", HoldReason.CONSOLIDATION)).code == "not_possible"


def test_a_rule_says_which_orders_wait_and_why_names_it(shop: Shop) -> None:
    """The rule outranks the policy, which still counts where the rule says nothing."""
    wait(shop, "one_place", 8)
    dear = {"name": "dear", "when": {"value_from": 5000}, "wait": {"one_place_hours": 2}}
    gifts = {"name": "gifts", "when": {"tags": ["gift"]}, "wait": {"one_place_hours": 0}}
    put(shop, dear, gifts, {"name": "rest"})
    both = (("mug-red", 1), ("tee-black-m", 1))
    shop.place(1001, *both, ("mug-red", 2))
    shop.place(1002, *both, tags=("gift",))
    shop.place(1003, *both)
    assert ends(shop, 1001) == datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
    assert ends(shop, 1002) is None
    assert ends(shop, 1003) == datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
    assert "Rule “dear” lets it wait 2 hours for one location" in why(shop, 1001)
    assert "until today 12:00 at the latest." in why(shop, 1001)
    assert "lets it wait" not in why(shop, 1002)
    assert "The policy lets it wait 8 hours" in why(shop, 1003)
    shop.clock.advance(hours=3, minutes=45)
    shop.place(1004, *both)
    assert "8 hours for one location that has all of it, but its promise" in why(shop, 1004)


def why(shop: Shop, number: int) -> str:
    return all_as_text([why_card(shop.ask(WhyRouted(str(number))), DESK)])


def test_after_the_last_moment_an_order_does_not_wait(shop: Shop) -> None:
    wait(shop, "next_order", 2)
    shop.clock.advance(hours=3, minutes=45)
    shop.place(1001, ("mug-red", 1))
    assert ends(shop, 1001) is None


def test_the_card_says_until_when_it_waits_and_what_for(shop: Shop) -> None:
    wait(shop, "one_place", 8)
    shop.place(1001, ("mug-red", 1), ("tee-black-m", 1))
    view = shop.ask(ShowOrder("1001"))
    kept = shop.engine.read(lambda session: load_shop(session, SHOP))
    desk = Desk.at(kept, OWNER.actor, shop.clock(), zone="Europe/Berlin", order="")
    text = all_as_text([order_card(view, desk)])
    assert "Waits until today 13:30 to ship in one parcel, saves about €5.90." in text
    assert "Ship Now" in text
    assert "ON HOLD" not in text
    assert "decide" not in text
