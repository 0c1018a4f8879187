"""Why an order ships from there, and what if it did not: told again from what was stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from bot.presentation.plain import as_text
from bot.presentation.routing import whatif_card, why_card
from core.commands.deciding import DeclineWork
from core.commands.fulfillment import PickWork, ShipWork
from core.commands.orders import MoveOrder
from core.commands.stock import AdjustStock
from core.db import tables as t
from core.domain.access import Role
from core.domain.refusals import NotFound, NotPossible
from core.queries.whatif import WhatIf
from core.queries.why import RoutingStory, WhyRouted
from tests.commands.test_routing import put
from tests.shop import CHANNEL, Shop, make_shop, staff
from tests.surfaces.test_presentation import DESK

EVERYTHING = (t.orders, t.fulfillment_order, t.reservation, t.stock_level, t.event, t.audit)


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    made = make_shop(database)
    yield made
    made.close()


def everything(shop: Shop) -> list[list[dict[str, Any]]]:
    return [shop.rows(table) for table in EVERYTHING]


def why(shop: Shop) -> RoutingStory:
    found: RoutingStory = shop.ask(WhyRouted("1001"))
    return found


@pytest.mark.parametrize("ruled", [False, True])
def test_a_trace_replays_to_the_same_decision_whatever_happened_since(shop, ruled):
    if ruled:
        put(shop, {"name": "money", "prefer": {"money": {"split": 100, "stock_out": 50}}})
    shop.place(1001, ("mug-red", 12), ("tee-black-m", 1))
    shop.do(AdjustStock("tee-black-m", "ber", -9, "stolen"))
    shop.clock.advance(days=2)
    assert why(shop).same_again is True


def test_a_story_that_its_facts_do_not_lead_to_is_told_as_such(shop):
    shop.place(1001, ("mug-red", 1))
    shop.engine.chore(_tamper, 1)
    story = why(shop)
    assert story.same_again is False
    assert "another plan today" in as_text(why_card(story, DESK))


def _tamper(uow) -> None:
    trace = t.routing_trace
    text = uow.session.connection.execute(trace.select()).one().trace
    changed = text.replace('"quantity":1', '"quantity":2')
    assert changed != text
    uow.session.connection.execute(trace.update().values(trace=changed))


def test_each_location_has_one_reason_and_other_plans_their_cost(shop):
    put(
        shop,
        {"name": "not far", "only": {"not_groups": ["vie"]}, "prefer": ["fewest_parcels"]},
    )
    shop.place(1001, ("mug-red", 1))
    text = as_text(why_card(why(shop), DESK))
    assert "Rule “not far”, version 1: fewest parcels." in text
    assert "Chosen: BER, 1 parcel, €5.30 (€4.90 parcels, €0.40 handling)." in text
    assert "Instead: HAM, 1 parcel, €6.30 (€5.90 parcels, €0.40 handling): " in text
    assert "HAM was considered: it has everything, but would cost €1.00 more." in text
    assert "VIE was not allowed: the rule leaves it out." in text


def test_what_was_decided_before_is_told_too(shop):
    shop.place(1001, ("mug-red", 1))
    shop.do(DeclineWork("1001", reason="broken"))
    text = as_text(why_card(why(shop), DESK))
    assert "BER was not allowed: it gave this order back." in text
    assert "today 10:00: BER ships 1 × mug-red (no routing rules)" in text


def test_who_overrode_the_rules_is_named(shop):
    shop.place(1001, ("mug-red", 1))
    shop.do(MoveOrder("1001", "ham"))
    assert "Ann chose the location." in as_text(why_card(why(shop), DESK))
    assert why(shop).same_again is None


# --- what if -------------------------------------------------------------------------------------


def test_what_if_shows_cost_and_date_beside_the_present_and_changes_nothing(shop):
    shop.place(1001, ("mug-red", 2))
    before = everything(shop)
    view = shop.ask(WhatIf("1001", "ham"))
    assert everything(shop) == before
    assert (view.now.locations, view.now.cost) == (("BER",), 570)
    assert (view.then.locations, view.then.cost) == (("HAM",), 670)
    assert (view.cost_difference, view.days_difference, view.why_not) == (100, 0, ())
    assert view.then.arrives == date(2026, 11, 26)
    text = as_text(whatif_card(view, DESK))
    assert text.startswith("Order 1001 from HAM: €1.00 more, on the same day")
    assert "Move to HAM" in text


def test_what_if_says_what_the_location_lacks(shop):
    shop.place(1001, ("mug-red", 2))
    view = shop.ask(WhatIf("1001", "vie"))
    assert view.why_not == ("VIE lacks 2 × mug-red.",)
    assert view.then.locations == ()


def test_what_is_promised_to_the_order_is_there_for_it(shop):
    shop.place(1001, ("mug-red", 12))
    view = shop.ask(WhatIf("1001", "ber"))
    assert view.now.locations == ("BER", "HAM")
    assert view.then.short == {"mug-red": 2}


def test_what_if_by_the_rules_is_the_plan_of_today(shop):
    shop.place(1001, ("mug-red", 2))
    put(shop, {"name": "stores", "only": {"groups": ["store"]}})
    view = shop.ask(WhatIf("1001"))
    assert (view.rule, view.then.locations) == ("stores", ("HAM",))
    assert shop.ask(WhatIf("1001", "ber")).is_same


def test_work_that_was_begun_stands_in_the_way(shop):
    shop.place(1001, ("mug-red", 2))
    shop.do(PickWork("1001"))
    assert shop.ask(WhatIf("1001", "ham")).why_not == ("BER has 1001-1 picked already.",)


def test_a_location_that_gave_it_back_says_so(shop):
    shop.place(1001, ("mug-red", 2))
    shop.do(DeclineWork("1001"))
    assert shop.ask(WhatIf("1001", "ber")).why_not == ("BER gave this order back.",)


def test_what_has_left_cannot_be_moved(shop):
    shop.place(1001, ("mug-red", 2))
    assert shop.do(ShipWork("1001")).ok
    with pytest.raises(NotPossible):
        shop.ask(WhatIf("1001", "ham"))


def test_a_store_asks_only_about_its_own_orders(shop):
    shop.do(AdjustStock("mug-red", "ham", -10, "sold"))
    shop.place(1001, ("mug-red", 2))
    with pytest.raises(NotFound):
        shop.ask(WhatIf("1001"), staff(Role.STORE, "Hanna", locations=("HAM",)))


def test_an_order_that_waits_can_be_asked_about(shop):
    shop.place(1001, ("mug-red", 25))
    view = shop.ask(WhatIf("1001"), CHANNEL)
    assert view.now.short == {"mug-red": 5}
    assert view.is_same
