"""Pickup between the store and us: recognized by its shipping line or by the pull, told back."""

from __future__ import annotations

import pytest

from core.commands.pickups import CollectOrder, ReadyForPickup
from core.commands.setup import ChangeLocation
from core.db import tables as t
from core.db.unit_of_work import UnitOfWork
from core.domain.access import Role
from core.domain.pickup import code_of
from core.integrations.channels.shopify.pull import pull_missed
from core.queries.order_view import OrderView
from core.queries.orders import ShowOrder
from tests.shop import SHOP, SHOPIFY, staff
from tests.shopify import Town, make_town

pytestmark = pytest.mark.anyio
KEYS = ("a-key-for-tests-only-a-key-for-tests-only",)
OLGA = staff(Role.OWNER, "Olga")


def show(town: Town, number: int) -> OrderView:
    found: OrderView = town.shop.ask(ShowOrder(str(number)))
    return found


async def test_a_store_is_recognized_told_and_fulfilled(database: str) -> None:
    """The store calls HAM by another name than we do: its webhook looks like any shipping line,
    and the pull, which knows better, moves what nobody has touched."""
    town = make_town(database)
    town.shop.engine.keys = KEYS
    assert town.shop.do(ChangeLocation("HAM", name="Harbor"), OLGA).ok
    theirs = town.buy({"mug-red": 1}, shipping_title="Hamburg store", shipping=0)
    await town.bring()
    assert [work.location for work in show(town, theirs.number).works] == ["BER"]
    town.shop.clock.advance(minutes=20)
    theirs.updated_at = town.shop.clock()
    await pull_missed(await town.connected())
    view = show(town, theirs.number)
    open_at = [work.location for work in view.works if work.stage == "ready"]
    assert (view.method, open_at) == ("pickup", ["HAM"])

    named = ChangeLocation("HAM", name="Hamburg store")
    assert town.shop.do(named, OLGA).ok
    second = town.buy({"mug-red": 1}, shipping_title="Hamburg store", shipping=0)
    await town.bring()
    assert [work.location for work in show(town, second.number).works] == ["HAM"]

    town.shop.engine.chore(_theirs, SHOP)
    assert town.shop.do(ReadyForPickup(str(theirs.number)), OLGA).ok
    town.shop.clock.advance(minutes=5)
    await town.worker().until_idle()
    assert [work.ready_for_pickup for work in theirs.work] == [True]
    (order,) = town.shop.rows(t.orders, number=str(theirs.number))
    code = code_of(KEYS, SHOP, order["id"], 1)
    assert town.shop.do(CollectOrder(str(theirs.number), code), OLGA).ok
    await town.worker().until_idle()
    assert theirs.fulfillment_status == "fulfilled"
    assert theirs.fulfillments[0].tracking_company is None
    await town.bring()
    assert len(town.shop.rows(t.parcel)) == 1  # its echo is known
    await town.close()


def _theirs(uow: UnitOfWork) -> None:
    """The message is the store's own: it wants to hear that something lies ready."""
    connection = uow.shop.connections[SHOPIFY]
    config = {**connection.config, "ours": {"ready_for_pickup": False}}
    uow.people.put(t.connection, {"id": SHOPIFY}, {"config": config})
