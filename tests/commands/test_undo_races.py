"""Undo against the planner and the worker at the same moment: one of them wins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from core.commands.canceling import Goods
from core.commands.choosing import Units
from core.commands.orders import CancelOrder
from core.commands.undo import UndoLast
from core.db import outbox
from core.db import tables as t
from core.db.unit_of_work import UnitOfWork
from core.domain.effects import done
from core.domain.undo import TAKEN_BACK
from tests.commands.undoing import leaving, plan_all
from tests.shop import SHOP, Shop, make_shop

ROUNDS = 6


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    shop = make_shop(database, stock=100)
    for number in range(ROUNDS):
        shop.place(2000 + number, ("mug-red", 2))
    plan_all(shop)
    leaving(shop)
    yield shop
    shop.close()


def together(*steps: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(steps)) as pool:
        return [each.result() for each in [pool.submit(step) for step in steps]]


def test_a_call_goes_out_or_is_taken_back_never_both(shop: Shop) -> None:
    """The worker's clock is a minute ahead, so that both may."""

    def carry_out() -> list[str]:
        def work(uow: UnitOfWork) -> list[str]:
            ahead = uow.now + timedelta(minutes=2)
            claims = outbox.claim(uow.session, ahead, 10)
            for claim in claims:
                outbox.settle(uow.session, claim, done(), ahead)
            return [claim.effect.kind for claim in claims]

        return shop.engine.chore(work, SHOP)

    for number in range(ROUNDS):
        receipt = shop.do(CancelOrder(str(2000 + number), "changed mind"))
        sent, undone = together(carry_out, partial(shop.do, UndoLast(receipt.command_id)))
        order = shop.rows(t.orders, number=str(2000 + number))[0]
        assert (sent == ["shopify.cancel"]) is not undone.ok
        assert (order["status"] == "open") is undone.ok


def test_planned_at_the_same_moment_or_not_nobody_is_told(shop: Shop) -> None:
    for number in range(ROUNDS):
        ask = CancelOrder(str(2000 + number), "", (Units("mug-red", 1),), Goods.RESTOCK)
        receipt = shop.do(ask)
        undo = partial(shop.do, UndoLast(receipt.command_id))
        _, undone = together(partial(plan_all, shop), undo)
        assert undone.ok
    plan_all(shop)
    shop.clock.advance(minutes=10)
    assert leaving(shop) == []
    told = [row for row in shop.rows(t.outbox) if "order_changed" in row["payload"]]
    assert len(told) == ROUNDS
    assert {(row["state"], row["reason"]) for row in told} == {("suppressed", TAKEN_BACK)}
