"""Count tasks: asked by hand or by the week, counted as a list, closed with their last count."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.commands.counting import CancelCountTask, Counted, CountList, OpenCountTask, PlanCounts
from core.commands.counts import SetStock
from core.commands.fulfillment import PickWork, PrintPicks, ShipWork
from core.commands.setup import SetPolicy
from core.db import tables as t
from core.domain.access import Role, system
from core.domain.counts import Picked
from core.engine import Caller
from core.queries.counts import CountsView, ListCounts
from tests.shop import SHOP, Shop, make_shop, staff

BO, OWNER = staff(Role.WAREHOUSE, "Bo"), staff(Role.OWNER, "Eve")
CLOCK = Caller(system(SHOP, "clock"), "clock")


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    made = make_shop(database)
    yield made
    made.close()


def sell(shop: Shop, number: int, sku: str, units: int) -> None:
    shop.place(number, (sku, units))
    for step in (PrintPicks(orders=(str(number),)), PickWork(str(number)), ShipWork(str(number))):
        assert shop.do(step, BO).ok


def waiting(shop: Shop, location: str = "") -> list[tuple[int, list[str]]]:
    view: CountsView = shop.ask(ListCounts(location), BO)
    return [(task.number, [one.sku for one in task.counts]) for task in view.tasks]


# --- asking --------------------------------------------------------------------------------------


def test_the_best_sellers_of_a_place_are_asked_for(shop):
    for number, (sku, units) in enumerate((("mug-red", 8), ("tee-black-m", 1), ("sock-grey", 1))):
        sell(shop, 1001 + number, sku, units)
    receipt = shop.do(OpenCountTask("ber"), BO)
    assert receipt.sentence == "BER is asked to count: task 1001."
    assert waiting(shop) == [(1001, ["mug-red"])]


def test_where_nothing_was_sold_there_are_no_best_sellers(shop):
    receipt = shop.do(OpenCountTask("vie", "a-class"), BO)
    assert receipt.outcome == "refused"
    assert receipt.next == "Name what to count: `count task vie mug-red`."
    assert waiting(shop) == []


def test_named_goods_are_asked_for_once(shop):
    shop.do(OpenCountTask("ber", "mug-red, TEE-black-m"), BO)
    shop.do(OpenCountTask("ber", "mug-red sock-grey"), BO)
    assert waiting(shop, "ber") == [(1001, ["mug-red", "tee-black-m"]), (1002, ["sock-grey"])]
    assert shop.do(OpenCountTask("ber", "mug-red"), BO).code == "already"


def test_an_unknown_sku_asks_for_nothing(shop):
    assert shop.do(OpenCountTask("ber", "mug-red mug-gren"), BO).code == "not_found"
    assert waiting(shop) == []


# --- counting the list ---------------------------------------------------------------------------


def test_a_list_is_counted_at_once_and_the_last_figure_closes_the_task(shop):
    shop.do(OpenCountTask("ber", "mug-red tee-black-m poster-sun"), BO)
    figures = (Counted("mug-red", 10), Counted("tee-black-m", 9))
    receipt = shop.do(CountList(1001, figures), BO)
    assert receipt.sentence == "2 counted at BER."
    assert waiting(shop) == [(1001, ["poster-sun"])]
    shop.do(CountList(1001, (Counted("poster-sun", 10),)), BO)
    assert waiting(shop) == []
    (task,) = shop.rows(t.count_task)
    assert (task["state"], task["closed_at"] is not None) == ("done", True)


def test_a_figure_that_breaks_promises_waits_for_the_second_count(shop):
    shop.place(1001, ("mug-red", 9))
    shop.do(OpenCountTask("ber", "mug-red tee-black-m"), BO)
    figures = (Counted("mug-red", 4), Counted("tee-black-m", 10))
    receipt = shop.do(CountList(1001, figures), BO)
    assert receipt.facts["doubted"] == ["mug-red"]
    (task,) = shop.ask(ListCounts(), BO).tasks
    (one,) = task.counts
    assert (one.sku, one.state, one.first, one.first_by) == ("mug-red", "doubted", 4, "Bo")
    assert [(loser.order, loser.units) for loser in one.losers] == [("1001", 5)]
    shop.do(CountList(1001, (Counted("mug-red", 4),)), BO)
    assert waiting(shop) == []


def test_a_no_to_one_figure_changes_nothing_at_all(shop):
    shop.place(1001, ("mug-red", 2))
    for step in (PrintPicks("ber"), PickWork("1001")):
        shop.do(step, BO)
    shop.do(OpenCountTask("ber", "mug-red poster-sun"), BO)
    figures = (Counted("poster-sun", 3), Counted("mug-red", 8))
    receipt = shop.do(CountList(1001, figures), BO)
    assert (receipt.outcome, receipt.code) == ("refused", "picked")
    assert shop.rows(t.stock_move, command_id=receipt.command_id) == []
    assert shop.do(CountList(1001, figures, Picked.WITHOUT), BO).ok


def test_a_count_that_nobody_asked_for_stands_by_itself_until_it_is_confirmed(shop):
    shop.place(1001, ("mug-red", 9))
    shop.do(SetStock("mug-red", "ber", 4), BO)
    assert waiting(shop) == [(0, ["mug-red"])]


@pytest.mark.parametrize("figures", [(), (Counted("mug-red", -1),), (Counted("nothing", 1),)])
def test_figures_that_make_no_sense_are_refused(shop, figures):
    shop.do(OpenCountTask("ber", "mug-red"), BO)
    assert shop.do(CountList(1001, figures), BO).outcome == "refused"
    assert waiting(shop) == [(1001, ["mug-red"])]


# --- ending --------------------------------------------------------------------------------------


def test_a_canceled_task_asks_for_nothing_any_more(shop):
    shop.do(OpenCountTask("ber", "mug-red tee-black-m"), BO)
    assert shop.do(CancelCountTask(1001), BO).ok
    assert waiting(shop) == []
    assert shop.do(CancelCountTask(1001), BO).code == "already"
    assert shop.do(CountList(1001, (Counted("mug-red", 1),)), BO).code == "already"
    assert shop.do(CancelCountTask(77), BO).code == "not_found"


# --- weekly --------------------------------------------------------------------------------------


def test_a_shop_that_wants_it_counts_its_best_sellers_every_week(shop):
    sell(shop, 1001, "mug-red", 8)
    assert shop.do(PlanCounts(), CLOCK).facts["tasks"] == []
    shop.do(SetPolicy("weekly_counts", "5"), OWNER)
    assert shop.do(PlanCounts(), CLOCK).facts["tasks"] == [1001]
    shop.do(CountList(1001, (Counted("mug-red", 2),)), BO)
    shop.clock.advance(days=6)
    assert shop.do(PlanCounts(), CLOCK).facts["tasks"] == []
    shop.clock.advance(days=1)
    assert shop.do(PlanCounts(), CLOCK).facts["tasks"] == [1002]
    (task,) = shop.ask(ListCounts("ber"), BO).tasks
    assert (task.kind, task.location) == ("weekly", "BER")
