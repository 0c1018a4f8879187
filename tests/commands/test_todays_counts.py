"""The shop's own count is a snapshot: it is compared with ours as of that moment."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.db import channels
from core.domain.metrics import Counted
from core.queries.metrics import ShowToday
from tests.shop import SHOP, SHOPIFY, Shop, make_shop


@pytest.fixture
def shop(database):
    shop = make_shop(database)
    yield shop
    shop.close()


def tell(shop: Shop, placed: int) -> None:
    """The shop counts its orders of today, now."""
    now = shop.clock()
    told = {"day": now.date().isoformat(), "placed": placed, "at": now.isoformat()}
    shop.engine.chore(lambda uow: channels.remember(uow, SHOPIFY, their_count=told), SHOP)


def counted(shop: Shop) -> Counted:
    (one,) = shop.ask(ShowToday()).counted
    return one


def test_an_order_after_the_count_is_no_difference(shop):
    shop.place(1001, ("mug-red", 1))
    shop.clock.advance(minutes=1)
    tell(shop, 1)
    asked = shop.clock()
    shop.clock.advance(minutes=5)
    shop.place(1002, ("mug-red", 1))
    assert counted(shop) == Counted("nordlicht", 1, 1, asked)
    assert counted(shop).agrees


@pytest.mark.parametrize("theirs", [0, 2])
def test_a_count_that_differed_at_its_own_moment_differs_still(shop, theirs):
    shop.place(1001, ("mug-red", 1))
    shop.clock.advance(minutes=1)
    tell(shop, theirs)
    assert counted(shop).agrees is False


def test_yesterdays_count_says_nothing_of_today(shop):
    tell(shop, 0)
    shop.clock.now += timedelta(days=1)
    assert counted(shop) == Counted("nordlicht", None, 0)
