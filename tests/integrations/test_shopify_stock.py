"""Stock told to a store: out of one pool, less what is kept back, and how soon it was told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from core.commands.channel_stock import KeepBackStock, TellEndless, plan_stock_pushes
from core.commands.kits import SetKit, UnsetKit
from core.commands.preorders import SetVendor, VendorStock
from core.commands.setup import ChangeLocation, SetMode
from core.commands.stock import AdjustStock, SetBuffer
from core.commands.undo import UndoLast
from core.db import catalog
from core.db import tables as t
from core.db.rows import to_json
from core.db.telling import lag
from core.domain.access import Role
from core.domain.metrics import Lag
from core.domain.shop import Mode
from core.queries.channel_stock import AvailabilityView, ShowAvailability
from core.queries.metrics import ShowToday
from tests.shop import BER, SHOP, SHOPIFY, staff
from tests.shopify import Town, make_town

pytestmark = pytest.mark.anyio
OWNER = staff(Role.OWNER, "Olga")


@pytest.fixture
async def town(database: str) -> AsyncIterator[Town]:
    town = make_town(database)
    yield town
    await town.close()


async def tell(town: Town, seconds: float = 0) -> None:
    town.shop.engine.chore(plan_stock_pushes, SHOP)
    town.shop.clock.advance(seconds=seconds)
    await town.worker().until_idle()


def theirs(town: Town) -> dict[str, int]:
    return {place: town.store.stock("mug-red", place).available for place in ("BER", "HAM", "VIE")}


def seen(town: Town) -> AvailabilityView:
    view: AvailabilityView = town.shop.ask(ShowAvailability("mug-red"))
    return view


async def test_what_is_kept_back_leaves_the_pool_and_comes_back(town: Town):
    await tell(town)
    before = theirs(town)
    channel = seen(town).channels[0].channel
    receipt = town.shop.do(KeepBackStock("3", channel, "mug-red"), OWNER)
    assert receipt.sentence == f"3 of mug-red are kept back from {channel}."
    await tell(town)
    assert sum(theirs(town).values()) == sum(before.values()) - 3
    assert seen(town).channels[0].kept_back == "3"
    assert town.shop.do(UndoLast(), OWNER).ok
    await tell(town)
    assert theirs(town) == before


async def test_a_move_at_one_place_shows_at_another_when_something_is_kept_back(town: Town):
    channel = seen(town).channels[0].channel
    town.shop.do(KeepBackStock("50%", channel), OWNER)
    await tell(town)
    pool = sum(theirs(town).values())
    town.shop.do(AdjustStock("mug-red", "BER", 100, "found"))
    await tell(town)
    view = seen(town)
    assert theirs(town) == {x.location: x.offered for x in view.channels[0].places}
    assert sum(theirs(town).values()) == view.pool - -(-view.pool // 2) != pool


async def test_the_buffer_is_no_channels(town: Town):
    await tell(town)
    before = theirs(town)["BER"]
    town.shop.do(SetBuffer("mug-red", "BER", 1))
    await tell(town)
    assert theirs(town)["BER"] == before - 1


async def test_the_lag_is_measured_from_the_first_move_to_the_telling(town: Town):
    await tell(town)
    town.shop.clock.advance(hours=2)
    town.shop.do(AdjustStock("mug-red", "BER", 1, "found"))
    town.shop.clock.advance(seconds=2)
    town.shop.do(AdjustStock("mug-red", "BER", 1, "found another"))
    waiting = town.shop.engine.read(lambda s: lag(s, town.shop.clock(), SHOP))
    assert waiting == Lag(0, 0.0, 0.0, 0.0, 1, 2.0)
    await tell(town, seconds=3)
    found = town.shop.engine.read(lambda s: lag(s, town.shop.clock(), SHOP))
    assert found == Lag(1, 5.0, 5.0, 5.0)
    place = next(x for x in seen(town).channels[0].places if x.location == "BER")
    assert (place.told, place.lag_seconds) == (place.offered, 5.0)
    assert town.shop.ask(ShowToday()).told == found


async def test_what_moved_before_the_shop_went_live_is_news_since_then(town: Town):
    await tell(town)
    assert town.shop.do(SetMode(Mode.WATCH), OWNER).ok
    town.shop.do(AdjustStock("mug-red", "BER", 1, "found"))
    town.shop.clock.advance(hours=50)
    assert town.shop.do(SetMode(Mode.LIVE), OWNER).ok
    found = town.shop.ask(ShowToday()).told
    assert found is not None
    assert found.oldest == 0.0
    await tell(town, seconds=3)
    found = town.shop.ask(ShowToday()).told
    assert found is not None
    assert (found.told, found.worst, found.waiting) == (1, 3.0, 0)


async def test_what_was_planned_and_not_carried_out_still_waits(town: Town):
    await tell(town)
    town.shop.clock.advance(hours=2)
    town.shop.do(AdjustStock("mug-red", "BER", 1, "found"))
    town.shop.engine.chore(plan_stock_pushes, SHOP)
    town.shop.clock.advance(seconds=40)
    found = town.shop.engine.read(lambda s: lag(s, town.shop.clock(), SHOP))
    assert (found.waiting, found.oldest) == (1, 40.0)


@pytest.mark.parametrize(
    ("units", "channel", "code"),
    [("many", "", "invalid"), ("101%", "", "invalid"), ("2", "amazon", "invalid")],
)
async def test_what_cannot_be_kept_back_is_refused(town: Town, units: str, channel: str, code: str):
    name = channel or seen(town).channels[0].channel
    receipt = town.shop.do(KeepBackStock(units, name), OWNER)
    assert (receipt.outcome, receipt.code) == ("refused", code)
    assert receipt.next
    assert all("stock" not in x["config"] for x in town.shop.rows(t.connection))


async def test_the_same_twice_is_refused(town: Town):
    channel = seen(town).channels[0].channel
    assert town.shop.do(KeepBackStock("2", channel), OWNER).ok
    assert town.shop.do(KeepBackStock("2", channel), OWNER).code == "not_possible"
    assert town.shop.rows(t.stock_level, sku="mug-red", location_id=BER)[0]["version"] > 1


# --- kits and suppliers -------------------------------------------------------------------------

BOX = "plate-blue"  # in these tests a kit of mugs


def make_kit(town: Town, parts: str) -> None:
    variant = town.store.variant(BOX)
    assert variant is not None
    ids = {"external_ids": to_json({str(SHOPIFY): str(variant.inventory_item_id)})}
    town.shop.engine.chore(lambda uow: catalog.put_product(uow, BOX, None, ids), SHOP)
    assert town.shop.do(SetKit(BOX, parts), OWNER).ok


def boxes(town: Town) -> dict[str, int]:
    return {place: town.store.stock(BOX, place).available for place in ("BER", "HAM")}


async def test_a_kit_is_told_as_often_as_one_of_its_parts_moves(town: Town):
    make_kit(town, "mug-red:2 mug-blue")
    await tell(town)
    town.shop.do(AdjustStock("mug-red", "BER", 7 - theirs(town)["BER"], "counted"))
    town.shop.clock.advance(hours=2)
    await tell(town, seconds=2)
    assert boxes(town)["BER"] == 3
    before = boxes(town)["HAM"]
    town.shop.do(SetBuffer("mug-red", "BER", 2))
    await tell(town, seconds=4)
    assert boxes(town) == {"BER": 2, "HAM": before}
    view: AvailabilityView = town.shop.ask(ShowAvailability(BOX))
    place = next(x for x in view.channels[0].places if x.location == "BER")
    assert (place.offered, place.told, place.lag_seconds) == (2, 2, 4.0)


async def test_what_is_kept_back_of_parts_and_of_the_kit_itself_is_not_told(town: Town):
    make_kit(town, "mug-red:2")
    await tell(town)
    kits, channel = sum(boxes(town).values()), seen(town).channels[0].channel
    town.shop.do(KeepBackStock("1", channel, BOX), OWNER)
    await tell(town)
    assert sum(boxes(town).values()) == kits - 1
    assert town.shop.do(UndoLast(), OWNER).ok
    assert town.shop.do(UnsetKit(BOX), OWNER).ok
    await tell(town)
    assert boxes(town) == {"BER": 0, "HAM": 0}
    assert town.shop.do(UndoLast(), OWNER).ok
    await tell(town)
    assert sum(boxes(town).values()) == kits


async def test_a_supplier_who_always_has_it_is_told_as_a_number_or_left_alone(town: Town):
    town.shop.do(ChangeLocation("HAM", kind="dropship"), OWNER)
    town.shop.do(SetVendor("HAM", 3, VendorStock.ENDLESS), OWNER)
    channel = seen(town).channels[0].channel
    receipt = town.shop.do(TellEndless(40, channel), OWNER)
    assert receipt.sentence.startswith(f"{channel} is told 40 of what a supplier always has")
    await tell(town)
    assert theirs(town)["HAM"] == 40
    town.store.variants = tuple(
        replace(x, sells_on=x.sku == "mug-red") for x in town.store.variants
    )
    assert town.shop.do(UndoLast(), OWNER).ok
    await tell(town)
    assert (theirs(town)["HAM"], town.store.stock("mug-blue", "HAM").available) == (40, 100)
    assert town.shop.do(TellEndless(-1, channel), OWNER).code == "invalid"
    assert town.shop.do(TellEndless(100, channel), OWNER).code == "already"
