"""What the webhooks did not bring is found by looking, and both books can be compared."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

import httpx2
import pytest

from bot.sandbox.shop import acts
from bot.sandbox.shop.wire import Fault
from core.commands.holds import HoldOrder
from core.commands.orders import CancelOrder
from core.commands.stock import AdjustStock, plan_stock_pushes
from core.db import channels
from core.db import tables as t
from core.integrations.channels.shopify.client import AdminApi, NotReached, NotUnderstood, Unsure
from core.integrations.channels.shopify.pull import Pulled, pull_missed
from core.integrations.channels.shopify.reconcile import reconcile
from tests.shop import SHOP, SHOPIFY
from tests.shopify import Town, make_town

pytestmark = pytest.mark.anyio


@pytest.fixture
async def town(database: str) -> AsyncIterator[Town]:
    town = make_town(database)
    yield town
    await town.close()


async def pull(town: Town) -> Pulled:
    return await pull_missed(await town.connected())


async def count_told(town: Town) -> object:
    """How many orders the store last said it has of today."""
    state, _ = town.shop.engine.read(lambda s: channels.state_of(s, SHOPIFY))
    return state["their_count"]["placed"]


async def differences(town: Town) -> list[str]:
    return [str(one) for one in await reconcile(await town.connected())]


def books(town: Town) -> list[dict[str, object]]:
    """Orders and lines, without what differs between any two databases."""
    ours = ("id", "version", "chain", "customer_id", "order_id")
    rows = [*town.shop.rows(t.orders), *town.shop.rows(t.order_line)]
    return [{name: value for name, value in row.items() if name not in ours} for row in rows]


# --- the pull ------------------------------------------------------------------------------------


async def test_orders_whose_webhooks_were_lost_are_found_page_by_page(town: Town):
    for _ in range(23):
        town.buy(delivery="dropped")
        town.shop.clock.advance(seconds=20)
    assert (await pull(town)).new == 23
    assert len(town.shop.rows(t.orders)) == 23


async def test_a_pull_that_is_asked_to_wait_waits_and_then_goes_on(town: Town):
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    town.buy(delivery="dropped")
    town.store.faults.script(Fault("orders", "throttle", times=3))
    access = replace(town.access, sleep=wait)
    found = await pull_missed(await access.store(SHOP, SHOPIFY))
    assert (found.new, len(waited)) == (1, 3)


async def test_a_pulled_order_is_the_same_as_a_told_one(database: str, tmp_path):
    """The same store through both doors: not one column differs."""
    told = make_town(database)
    pulled = make_town(f"sqlite:///{tmp_path / 'other.db'}")
    for town in (told, pulled):
        town.buy({"mug-red": 3, "tee-black-m": 1}, discount=777, note="n", tags=["vip", "b2b"])
        town.buy({"mug-blue": 1}, paid=False)
        town.buy({"sock-grey": 2}, pos=True, location="HAM")
    await told.bring()
    await pull(pulled)
    for one, other in zip(books(told), books(pulled), strict=True):
        assert one == other
    await told.close()
    await pulled.close()


async def test_lost_fulfillments_and_refunds_come_with_the_order(town: Town):
    theirs = town.buy({"mug-red": 2})
    await town.bring()
    town.shop.clock.advance(hours=1)
    acts.fulfill_in_admin(town.store, theirs.number, tracking="JJD5", delivery="dropped")
    acts.refund(town.store, theirs.number, lines={"mug-red": 1}, delivery="dropped")
    await pull(town)
    assert [x["tracking_number"] for x in town.shop.rows(t.parcel)] == ["JJD5"]
    assert town.shop.rows(t.orders)[0]["refunded"] == 1690
    await town.bring()
    assert town.shop.rows(t.orders)[0]["refunded"] == 1690
    assert len(town.shop.rows(t.parcel)) == 1


async def test_a_second_pull_changes_nothing_and_the_mark_moves(town: Town):
    town.buy(delivery="dropped")
    first = await pull(town)
    rows, events = len(town.shop.rows(t.inbox)), len(town.shop.rows(t.event))
    second = await pull(town)
    assert (first.new, second.new, second.seen) == (1, 0, 1)
    assert (len(town.shop.rows(t.inbox)), len(town.shop.rows(t.event))) == (rows, events)
    town.shop.clock.advance(hours=1)
    town.buy(delivery="dropped")
    await pull(town)
    town.shop.clock.advance(hours=1)
    assert (await pull(town)).seen == 1


async def test_a_pull_that_breaks_off_goes_on_where_it_stopped(town: Town):
    for _ in range(15):
        town.buy(delivery="dropped")
        town.shop.clock.advance(minutes=30)
    for fault in (Fault("orders", "delay"), Fault("orders", "status", status=502)):
        town.store.faults.script(fault)
    with pytest.raises(Unsure):
        await pull(town)
    assert len(town.shop.rows(t.orders)) == 10
    rest = await pull(town)
    assert (rest.new, rest.seen) == (5, 6)


async def test_the_stores_own_count_of_today_is_written_down(town: Town):
    town.buy()
    town.shop.clock.advance(days=1)
    for _ in range(2):
        town.buy()
    town.shop.clock.advance(seconds=1)
    await pull(town)
    state, _ = town.shop.engine.read(lambda s: channels.state_of(s, SHOPIFY))
    told = state["their_count"]
    assert (told["day"], told["placed"]) == ("2026-11-24", 2)
    assert datetime.fromisoformat(told["at"]) == town.shop.clock().replace(microsecond=0)


async def test_an_order_bought_in_the_second_of_the_count_waits_for_the_next(town: Town):
    town.buy()
    await pull(town)
    assert await count_told(town) == 0
    town.shop.clock.advance(seconds=1)
    await pull(town)
    assert await count_told(town) == 1


async def test_an_order_with_more_lines_than_a_page_is_whole(town: Town):
    lines = [{"sku": "mug-red", "quantity": 1, "price": 100 + n} for n in range(75)]
    theirs = town.buy(lines, delivery="dropped")  # type: ignore[arg-type]
    await pull(town)
    assert len(town.shop.rows(t.order_line)) == 75
    assert town.shop.rows(t.orders)[0]["total"] == theirs.total


# --- reconcile -----------------------------------------------------------------------------------


async def test_a_busy_day_ends_with_no_difference(town: Town):
    for step in range(8):
        theirs = town.buy({"mug-red": 1, "sock-grey": 2}, paid=step != 3, discount=step * 10)
        town.shop.clock.advance(minutes=10)
        if step == 1:
            acts.cancel(town.store, theirs.number)
        if step == 2:
            acts.edit_order(town.store, theirs.number, quantities={"sock-grey": 1})
        if step == 4:
            acts.fulfill_in_admin(town.store, theirs.number, tracking="JJD4")
            acts.refund(town.store, theirs.number, lines={"mug-red": 1})
        if step == 5:
            acts.fulfill_in_admin(town.store, theirs.number, lines={"mug-red": 1})
    await town.bring()
    town.buy({"mug-blue": 1}, pos=True, location="HAM")
    await town.bring()
    for _ in range(3):
        town.shop.engine.chore(plan_stock_pushes, SHOP)
        await town.worker().until_idle()
        town.shop.clock.advance(minutes=1)
        await town.bring()
    assert await differences(town) == []


async def test_every_kind_of_difference_is_named(town: Town):
    one, two, three = (town.buy({"mug-red": 2}) for _ in range(3))
    await town.bring()
    town.shop.clock.advance(minutes=5)
    missing = town.buy(delivery="dropped")
    acts.edit_order(town.store, one.number, quantities={"mug-red": 1}, delivery="dropped")
    acts.cancel(town.store, two.number, delivery="dropped")
    acts.fulfill_in_admin(town.store, three.number, delivery="dropped")
    town.shop.do(AdjustStock("mug-red", "BER", -1, "broken"))
    found = "\n".join(await differences(town))
    for words in (
        f"{missing.name}: order is missing here and there in the shop",
        f"{one.number}: quantity of mug-red is 2 here and 1 in the shop",
        f"{two.number}: canceled is no here and yes in the shop",
        f"{two.number}: refunded is no here and yes in the shop",
        f"{three.number}: shipped units of mug-red is 0 here and 2 in the shop",
        "mug-red@BER: available is",
    ):
        assert words in found


async def test_looking_changes_nothing_on_either_side(town: Town):
    theirs = town.buy()
    await town.bring()
    town.shop.do(HoldOrder(str(theirs.number)))
    town.shop.do(CancelOrder(str(theirs.number)))
    before = town.shop.rows(t.audit), theirs.updated_at
    assert await differences(town) != []
    assert (town.shop.rows(t.audit), theirs.updated_at) == before


# --- answers that are none -----------------------------------------------------------------------


def api(handler) -> AdminApi:
    return AdminApi(
        httpx2.AsyncClient(transport=httpx2.MockTransport(handler)), "http://store", "token"
    )


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Bad Gateway</html>",
        b'{"data": {"shop": ',
        b"[]",
        b"{}",
        b'"\xff\xfe"',
        b" " * 9_000_000,
    ],
    ids=["html", "cut", "list", "empty", "charset", "endless"],
)
async def test_an_answer_without_sense_leaves_it_open_what_happened(body: bytes):
    with pytest.raises(Unsure):
        await api(lambda _: httpx2.Response(200, content=body)).ask("{ shop { name } }")


async def test_a_store_that_cannot_be_reached_has_done_nothing():
    def refuse(request):
        raise httpx2.ConnectError("refused", request=request)

    with pytest.raises(NotReached):
        await api(refuse).ask("{ shop { name } }")


async def test_a_redirect_is_not_followed_with_our_token():
    seen = []

    def away(request):
        seen.append(str(request.url))
        return httpx2.Response(302, headers={"Location": "http://elsewhere/"})

    with pytest.raises(NotUnderstood):
        await api(away).ask("{ shop { name } }")
    assert len(seen) == 1
