"""Edits made here are told to the store once and exactly; its echo changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.sandbox.shop import acts
from bot.sandbox.shop.wire import Fault
from core.commands.edits import ConfirmEdit, EditOrder
from core.commands.undo import UndoLast
from core.db import tables as t
from tests.shopify import Town, make_town

pytestmark = pytest.mark.anyio


@pytest.fixture
async def town(database: str) -> AsyncIterator[Town]:
    town = make_town(database)
    yield town
    await town.close()


async def bought(town: Town, lines: dict[str, int] | None = None) -> Any:
    theirs = town.buy(lines or {"mug-red": 2, "tee-black-m": 1})
    await town.bring()
    return theirs


def edit(town: Town, theirs: Any, words: str) -> None:
    number = str(theirs.number)
    receipt = town.shop.do(EditOrder(number, words))
    assert receipt.ok, receipt
    receipt = town.shop.do(ConfirmEdit(number))
    assert receipt.ok, receipt


async def work(town: Town) -> None:
    town.shop.clock.advance(minutes=2)  # beyond the undo window
    await town.worker().until_idle()


def there(theirs: Any) -> dict[str, int]:
    return {line.sku: line.current for line in theirs.lines}


def here(town: Town, theirs: Any) -> dict[str, int]:
    (order,) = town.shop.rows(t.orders, number=str(theirs.number))
    rows = town.shop.rows(t.order_line, order_id=order["id"])
    return {row["sku"]: row["ordered"] - row["canceled"] for row in rows}


def calls(town: Town, name: str) -> int:
    return len(town.store.transcript.of(name))


async def test_quantities_new_lines_address_and_note_arrive_there(town: Town):
    theirs = await bought(town)
    words = "mug-red 3; remove tee-black-m; add mug-blue 2; note ring twice"
    edit(town, theirs, f"{words}; address Kiez 7, 10999 Berlin")
    assert calls(town, "orderEditBegin") == 0, "nothing is told while it may be taken back"
    await work(town)
    assert there(theirs) == {"mug-red": 3, "tee-black-m": 0, "mug-blue": 2}
    address = theirs.shipping_address
    assert (address.address1, address.zip, address.city) == ("Kiez 7", "10999", "Berlin")
    assert theirs.note == "ring twice"
    assert calls(town, "orderEditCommit") == 1


async def test_our_own_echo_changes_nothing(town: Town):
    theirs = await bought(town)
    edit(town, theirs, "mug-red 3; add mug-blue 2; address Kiez 7, 10999 Berlin")
    await work(town)
    stock, total = town.shop.rows(t.stock_move), town.shop.rows(t.orders)[0]["total"]
    await town.bring()
    assert here(town, theirs) == {"mug-red": 3, "tee-black-m": 1, "mug-blue": 2}
    assert town.shop.rows(t.stock_move) == stock
    assert town.shop.rows(t.orders)[0]["total"] == total
    assert town.shop.rows(t.cases) == []
    named = [row["external_id"] for row in town.shop.rows(t.order_line)]
    assert named == [str(line.id) for line in theirs.lines]
    assert [r for r in town.shop.rows(t.outbox) if r["state"] == "waiting"] == []


async def test_a_second_edit_of_a_line_that_has_no_name_there_yet(town: Town):
    theirs = await bought(town)
    edit(town, theirs, "add mug-blue 1")
    edit(town, theirs, "mug-blue 3")
    await work(town)
    await town.bring()
    assert there(theirs)["mug-blue"] == 3
    assert here(town, theirs)["mug-blue"] == 3


async def test_a_discount_is_given_for_each_unit(town: Town):
    theirs = await bought(town, {"mug-red": 2})
    edit(town, theirs, "discount mug-red 5.00 late parcel")
    await work(town)
    assert theirs.lines[0].discount == 500
    before = town.shop.rows(t.orders)[0]["total"]
    await town.bring()
    assert town.shop.rows(t.orders)[0]["total"] == before == theirs.current_total


async def test_a_discount_that_does_not_divide_is_not_told_by_halves(town: Town):
    theirs = await bought(town, {"mug-red": 3})
    edit(town, theirs, "mug-red 2; discount mug-red 5.01 late parcel")
    await work(town)
    (row,) = town.shop.rows(t.outbox, kind="shopify.edit")
    assert (row["state"], "units alike" in row["reason"]) == ("dead", True)
    assert (there(theirs), theirs.lines[0].discount) == ({"mug-red": 3}, 0)


@pytest.mark.parametrize("name", ["orderEditBegin", "orderEditSetQuantity", "orderEditCommit"])
async def test_an_answer_that_never_came_is_looked_up_and_not_repeated(town: Town, name: str):
    theirs = await bought(town)
    edit(town, theirs, "mug-red 3; add mug-blue 2")
    town.store.faults.script(Fault(name, "accept_then_drop"))
    (first,) = await town.carry_out("shopify.edit")
    assert first.state == "unknown"
    (again,) = await town.carry_out("shopify.edit", attempt=2)
    assert again.state == "done"
    assert there(theirs) == {"mug-red": 3, "tee-black-m": 1, "mug-blue": 2}


async def test_told_twice_it_is_done_once(town: Town):
    theirs = await bought(town)
    edit(town, theirs, "mug-red 3; add mug-blue 2; note ring twice")
    assert [one.state for one in await town.carry_out("shopify.edit")] == ["done"]
    assert [one.state for one in await town.carry_out("shopify.edit")] == ["done"]
    assert there(theirs) == {"mug-red": 3, "tee-black-m": 1, "mug-blue": 2}
    assert (calls(town, "orderEditCommit"), calls(town, "orderUpdate")) == (1, 1)


async def test_what_was_taken_back_in_time_is_never_told(town: Town):
    theirs = await bought(town)
    edit(town, theirs, "mug-red 3")
    assert town.shop.do(UndoLast()).ok
    await work(town)
    assert there(theirs) == {"mug-red": 2, "tee-black-m": 1}
    assert here(town, theirs) == {"mug-red": 2, "tee-black-m": 1}


async def test_an_edit_there_between_survives_beside_ours(town: Town):
    theirs = await bought(town)
    edit(town, theirs, "mug-red 3")
    acts.edit_order(town.store, theirs.number, quantities={"tee-black-m": 2})
    await town.bring()
    await work(town)
    await town.bring()
    assert there(theirs) == here(town, theirs) == {"mug-red": 3, "tee-black-m": 2}
    assert town.shop.rows(t.cases) == []


async def test_an_order_that_was_canceled_there_is_a_dead_effect_with_a_reason(town: Town):
    theirs = await bought(town)
    edit(town, theirs, "mug-red 3")
    acts.cancel(town.store, theirs.number)
    (outcome,) = await town.carry_out("shopify.edit")
    assert (outcome.state, "canceled" in outcome.reason) == ("dead", True)


async def test_an_article_that_is_not_sold_there_commits_nothing(town: Town):
    theirs = await bought(town)
    town.shop.engine.chore(
        lambda uow: uow.people.put(
            t.product, {"shop_id": 1, "sku": "ours-only"}, {"title": "Ours", "price": 500}
        ),
        1,
    )
    edit(town, theirs, "mug-red 3; add ours-only 1")
    await work(town)
    (row,) = town.shop.rows(t.outbox, kind="shopify.edit")
    assert (row["state"], "does not sell ours-only" in row["reason"]) == ("dead", True)
    assert there(theirs) == {"mug-red": 2, "tee-black-m": 1}
    assert town.shop.rows(t.cases, kind="delivery_dead") or row["state"] == "dead"
