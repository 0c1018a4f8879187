"""Trying rules out on past orders: figures beside the present ones, chunk by chunk, no writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot.presentation.routing import simulation_card
from core.commands.orders import CancelOrder
from core.commands.routing import ActivateRules, PutRules, Sure
from core.commands.stock import AdjustStock, ReceiveStock
from core.commands.undo import UndoLast
from core.db import tables as t
from core.domain.refusals import Invalid, NotFound
from core.domain.routing.simulate import Tally, figures
from core.queries.routing import ShowRules
from core.queries.simulation import SimulateRules, SimulationView
from tests.commands.test_routing import OWNER, put
from tests.shop import Shop, make_shop
from tests.surfaces.test_presentation import DESK


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    made = make_shop(database, stock=100)
    for number in range(1001, 1006):
        made.place(number, ("mug-red", 1), ("tee-black-m", 1))
        made.clock.advance(hours=1)
    yield made
    made.close()


def draft(shop: Shop, *rules: dict[str, Any], **more: Any) -> int:
    receipt = shop.do(PutRules({"name": "try", "rules": list(rules), **more}), OWNER)
    return int(receipt.facts["number"])


def simulated(shop: Shop, number: int, **more: Any) -> SimulationView:
    found: SimulationView = shop.ask(SimulateRules(number, **more))
    return found


def test_each_figure_stands_beside_the_present_one_and_nothing_is_written(shop):
    number = draft(shop, {"name": "stores", "only": {"groups": ["store"]}})
    tables = (
        t.orders,
        t.reservation,
        t.stock_level,
        t.stock_move,
        t.event,
        t.audit,
        t.capacity_used,
    )
    before = [shop.rows(table) for table in tables]
    view = simulated(shop, number)
    assert [shop.rows(table) for table in tables] == before
    assert (view.now.orders, view.then.orders, view.changed) == (5, 5, 5)
    assert (view.now.by_location, view.then.by_location) == ({"BER": 5}, {"HAM": 5})
    assert (view.now.cost, view.then.cost) == (5 * 570, 5 * 670)
    card = simulation_card(view, replace(DESK, actor=OWNER.actor))
    assert card.title == "Version 1 beside no rules: 5 orders would ship otherwise"
    told = {field.label: field.value for field in card.fields}
    assert told["Cost per order"] == "€6.70 (now €5.70)"
    assert card.actions[0].label == "Put Version 1 in Force"
    assert [a.label for a in simulation_card(view, DESK).actions] == ["Show Version"]


def test_chunks_add_up_to_the_whole(shop):
    number = draft(shop, {"name": "stores", "only": {"groups": ["store"]}})
    whole = simulated(shop, number)
    sums, after, chunks = Tally(), "", 0
    while True:
        part = simulated(shop, number, most=2, after=after)
        sums, after, chunks = sums + part.then, part.after, chunks + 1
        if not after:
            break
    assert (sums, chunks) == (whole.then, 3)


def test_only_the_orders_of_these_days_are_looked_at(shop):
    number = draft(shop, {"name": "any"})
    shop.clock.advance(days=10)
    assert simulated(shop, number, days=9).then.orders == 0
    assert simulated(shop, number, days=11).then.orders == 5
    nothing = simulation_card(simulated(shop, number, days=9), DESK)
    assert nothing.title == "No orders in the last 9 days to try version 1 on"


def test_a_limit_of_the_day_is_counted_from_order_to_order(shop):
    number = draft(shop, {"name": "any"}, capacity=[{"of": "ber", "orders": 2}])
    assert simulated(shop, number).then.by_location == {"BER": 2, "HAM": 3}


def test_each_order_takes_its_part_of_what_lay_there_when_it_came(database):
    """Three mugs lie in the store: three orders have them, then ten more arrive. An order that
    was canceled gives back; counting by hand takes away in its time."""
    shop = make_shop(database, stock=3)
    for number in range(1001, 1006):
        shop.place(number, ("mug-red", 1))
        shop.clock.advance(hours=1)
    assert shop.do(ReceiveStock("mug-red", "HAM", 10)).ok
    shop.place(1006, ("mug-red", 1))
    shop.clock.advance(hours=1)
    assert shop.do(CancelOrder("1006", "changed their mind")).ok
    assert shop.do(AdjustStock("mug-red", "HAM", -10, "stolen")).ok
    shop.place(1007, ("mug-red", 1))
    shop.place(1008, ("mug-red", 1))
    view = simulated(shop, draft(shop, {"name": "stores", "only": {"groups": ["store"]}}))
    assert (view.then.orders, view.then.by_location) == (8, {"HAM": 4})
    assert (view.now.by_location, view.now.filled) == ({"BER": 3, "HAM": 4}, 7)
    shop.close()


def test_the_present_rules_are_the_other_side(shop):
    put(shop, {"name": "stores", "only": {"groups": ["store"]}})
    view = simulated(shop, draft(shop, {"name": "any"}))
    assert (view.against, view.now.by_location) == (1, {"HAM": 5})


def test_what_a_rule_keeps_back_counts_as_such(shop):
    number = draft(shop, {"name": "none", "only": {"groups": ["vie"]}, "otherwise": "queue"})
    by_name = {each.name: each.value for each in figures(simulated(shop, number).then)}
    assert (by_name["fill rate"], by_name["orders held back"]) == (0.0, 100.0)
    assert by_name["cost per order"] is None


def test_promises_that_would_be_kept_are_a_share_of_those_that_were_made(shop):
    view = simulated(shop, draft(shop, {"name": "any"}))
    assert (view.then.promised, view.then.kept) == (5, 5)


@pytest.mark.parametrize("more", [{"days": 0}, {"days": 401}, {"most": 0}, {"most": 2001}])
def test_too_much_at_once_is_refused(shop, more):
    number = draft(shop, {"name": "any"})
    with pytest.raises(Invalid):
        simulated(shop, number, **more)


def test_without_a_version_there_is_nothing_to_try(shop):
    with pytest.raises(NotFound):
        shop.ask(SimulateRules())


# --- the effect is seen before it happens --------------------------------------------------------


def test_activation_shows_the_effect_first_and_changes_nothing(shop):
    number = draft(shop, {"name": "stores", "only": {"groups": ["store"]}})
    receipt = shop.do(ActivateRules(number), OWNER)
    assert (receipt.outcome, receipt.code) == ("refused", "look_first")
    assert receipt.sentence == (
        "Of the last 5 orders, 5 would ship otherwise by version 1. "
        "Cost per order €6.70 instead of €5.70."
    )
    assert receipt.next.startswith("Write `rules activate 1 sure`")
    assert shop.ask(ShowRules()).number == 0
    assert shop.rows(t.routing_activation) == []


def test_whoever_is_sure_activates_and_may_take_it_back(shop):
    number = draft(shop, {"name": "stores", "only": {"groups": ["store"]}})
    assert shop.do(ActivateRules(number, Sure.SURE, "as agreed"), OWNER).ok
    assert shop.ask(ShowRules()).number == number
    assert shop.do(UndoLast(), OWNER).ok
    assert shop.ask(ShowRules()).number == 0
