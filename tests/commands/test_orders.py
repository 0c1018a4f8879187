"""What staff do with orders: every yes has its no, and a no changes nothing but the audit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from core.commands.fulfillment import PickWork
from core.commands.holds import HoldOrder, ReleaseOrder
from core.commands.orders import (
    CancelOrder,
    MoveOrder,
    NoteOrder,
    RouteAgain,
    TagOrder,
    UntagOrder,
)
from core.commands.undo import UndoLast
from core.db import tables as t
from core.domain.access import Role
from core.domain.holds import HoldReason
from core.domain.refusals import NotFound
from core.engine import Caller
from core.queries.finding import FindOrders
from core.queries.orders import ShowOrder
from core.queries.why import WhyRouted
from tests.shop import BER, HAM, Shop, make_shop, staff


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    shop = make_shop(database)
    shop.place(1001, ("mug-red", 2))
    yield shop
    shop.close()


def reserved(shop: Shop, place: int, sku: str = "mug-red") -> int:
    return int(shop.rows(t.stock_level, sku=sku, location_id=place)[0]["reserved"])


def facts_about(shop: Shop) -> int:
    return len(shop.rows(t.event))


def test_hold_and_release(shop: Shop) -> None:
    assert shop.do(HoldOrder("1001", HoldReason.ADDRESS, note="street is missing")).ok
    view = shop.ask(ShowOrder("#1001"))
    assert [(h.reason.value, h.by, h.note) for h in view.holds] == [
        ("address", "Ann", "street is missing")
    ]
    assert view.next.party == "Ann"
    assert shop.do(ReleaseOrder("1001")).ok
    assert shop.ask(ShowOrder("1001")).holds == ()


def test_several_holds_stand_beside_each_other(shop: Shop) -> None:
    shop.do(HoldOrder("1001", HoldReason.ADDRESS))
    shop.do(HoldOrder("1001", HoldReason.FRAUD))
    receipt = shop.do(ReleaseOrder("1001", HoldReason.ADDRESS))
    assert "stays on hold for fraud" in receipt.sentence


def test_the_same_hold_twice_is_refused_and_changes_nothing(shop: Shop) -> None:
    shop.do(HoldOrder("1001", HoldReason.ADDRESS))
    before = facts_about(shop)
    receipt = shop.do(HoldOrder("1001", HoldReason.ADDRESS))
    assert (receipt.outcome, receipt.code) == ("refused", "not_possible")
    assert "release 1001" in receipt.next
    assert facts_about(shop) == before
    assert shop.rows(t.audit)[-1]["outcome"] == "refused"


def test_a_hold_into_the_past_is_refused(shop: Shop) -> None:
    past = shop.clock() - timedelta(hours=1)
    assert shop.do(HoldOrder("1001", until=past)).code == "invalid"


def test_cancel_gives_the_stock_back(shop: Shop) -> None:
    assert shop.do(CancelOrder("1001", "changed mind")).ok
    view = shop.ask(ShowOrder("1001"))
    assert (view.status, view.cancel_reason) == ("canceled", "changed mind")
    assert reserved(shop, BER) == 0
    assert shop.do(CancelOrder("1001")).code == "not_possible"


def test_cancel_is_told_to_the_shop_it_came_from(shop: Shop) -> None:
    shop.do(CancelOrder("1001", "changed mind"))
    effect = shop.rows(t.outbox)[-1]
    assert (effect["kind"], effect["state"]) == ("shopify.cancel", "waiting")


def test_in_watch_mode_nothing_is_written_outside(database: str) -> None:
    shop = make_shop(database, mode="watch")
    shop.place(1001, ("mug-red", 1))
    shop.do(CancelOrder("1001"))
    effect = shop.rows(t.outbox)[-1]
    assert effect["state"] == "suppressed"
    assert "watch mode" in effect["reason"]
    shop.close()


def test_move_takes_the_promise_along(shop: Shop) -> None:
    assert shop.do(MoveOrder("1001", "ham")).sentence == "Order 1001 moved from BER to HAM."
    assert (reserved(shop, BER), reserved(shop, HAM)) == (0, 2)
    assert [w.location for w in shop.ask(ShowOrder("1001")).works] == ["HAM"]
    story = shop.ask(WhyRouted("1001"))
    assert story.trace["picks"][0]["location"] == "HAM"


def test_a_move_to_where_it_does_not_fit_changes_nothing(shop: Shop) -> None:
    receipt = shop.do(MoveOrder("1001", "vie"))
    assert receipt.code == "not_possible"
    assert "VIE lacks 2 × mug-red" in receipt.sentence
    assert reserved(shop, BER) == 2
    assert [w.location for w in shop.ask(ShowOrder("1001")).works] == ["BER"]


def test_an_unknown_location_names_the_known_ones(shop: Shop) -> None:
    receipt = shop.do(MoveOrder("1001", "paris"))
    assert "BER, HAM, VIE" in receipt.next


def test_notes_and_tags(shop: Shop) -> None:
    assert shop.do(NoteOrder("1001", "ring twice")).ok
    assert shop.do(TagOrder("1001", "VIP")).ok
    view = shop.ask(ShowOrder("1001", timeline=True))
    assert view.tags == ("vip",)
    assert view.timeline[-2].data == {"text": "ring twice"}
    assert shop.do(TagOrder("1001", "vip")).code == "not_possible"
    assert shop.do(UntagOrder("1001", "vip")).ok
    assert shop.do(NoteOrder("1001", "   ")).code == "invalid"


def test_undo_takes_back_my_last_reversible_step(shop: Shop) -> None:
    shop.do(HoldOrder("1001"))
    receipt = shop.do(UndoLast())
    assert receipt.sentence == "Taken back (hold): Order 1001 is released."
    assert shop.do(UndoLast()).code == "not_possible"


def test_undo_is_mine_alone_and_ends_after_a_minute(shop: Shop) -> None:
    shop.do(HoldOrder("1001"))
    assert shop.do(UndoLast(), staff(Role.LEAD, "Bob")).code == "not_possible"
    shop.clock.advance(seconds=61)
    assert shop.do(UndoLast()).code == "not_possible"


def test_undo_refuses_when_the_order_moved_on(shop: Shop) -> None:
    shop.do(HoldOrder("1001"))
    shop.do(NoteOrder("1001", "called"), staff(Role.LEAD, "Bob"))
    assert shop.do(UndoLast()).code == "conflict"
    assert shop.ask(ShowOrder("1001")).holds


def test_nothing_left_to_route_is_said(shop: Shop) -> None:
    assert shop.do(RouteAgain("1001")).code == "not_possible"


def test_a_role_that_does_not_reach_is_refused_and_audited(shop: Shop) -> None:
    receipt = shop.do(MoveOrder("1001", "ham"), staff(Role.SUPPORT, "Mia"))
    assert receipt.code == "not_allowed"
    assert receipt.next == "Ask a colleague in the warehouse, a lead or an owner."
    audited = shop.rows(t.audit)[-1]
    assert (audited["outcome"], audited["actor"]) == ("refused", "staff:mia")
    assert reserved(shop, BER) == 2


def test_store_people_see_only_what_their_store_works_on(shop: Shop) -> None:
    lea = staff(Role.STORE, "Lea", locations=("HAM",))
    with pytest.raises(NotFound):
        shop.ask(ShowOrder("1001"), lea)
    assert shop.do(HoldOrder("1001"), lea).code == "not_found"
    shop.do(MoveOrder("1001", "ham"))
    assert shop.ask(ShowOrder("1001"), lea).number == "1001"
    assert shop.do(HoldOrder("1001"), lea).ok


def test_a_stranger_to_the_shop_finds_nothing(shop: Shop) -> None:
    ann = staff()
    other = Caller(type(ann.actor)(ann.actor.role, 999, "staff:x", "X"), "slack")
    with pytest.raises(NotFound):
        shop.ask(ShowOrder("1001"), other)


@pytest.mark.parametrize(
    "text", ["anna schmidt", "SCHMIDT", "1001", "#1001", "berlin", "mug-red", "anna@example.org"]
)
def test_orders_are_found_by_what_people_type(shop: Shop, text: str) -> None:
    assert [o.number for o in shop.ask(FindOrders(text)).orders] == ["1001"]


@pytest.mark.parametrize("text", ["%", "_", "anna 2002", "\\", "nobody"])
def test_wildcards_are_plain_letters(shop: Shop, text: str) -> None:
    assert shop.ask(FindOrders(text)).orders == ()


def test_pages_continue_where_they_ended(shop: Shop) -> None:
    for number in range(1002, 1012):
        shop.clock.advance(minutes=1)
        shop.place(number, ("sock-grey", 1))
    first = shop.ask(FindOrders(limit=6))
    second = shop.ask(FindOrders(limit=6, after=first.after))
    numbers = [o.number for o in (*first.orders, *second.orders)]
    assert numbers == [str(n) for n in range(1011, 1000, -1)]
    assert second.after is None


def test_held_orders_are_listed_and_are_not_late(shop: Shop) -> None:
    shop.place(1002, ("sock-grey", 1))
    shop.do(HoldOrder("1002"))
    assert [o.number for o in shop.ask(FindOrders(held=True)).orders] == ["1002"]
    assert shop.ask(FindOrders(late=True)).orders == ()
    shop.clock.advance(hours=9)
    assert [o.number for o in shop.ask(FindOrders(late=True, location="ber")).orders] == ["1001"]
    assert shop.ask(FindOrders(late=True, location="ham")).orders == ()


def test_late_is_what_the_scans_call_stuck_or_past_the_cut_off(shop: Shop) -> None:
    """BER is open 8 to 18 and closes its day's work at 14; 1001 came at 10, all Berlin time."""
    shop.clock.advance(hours=4)
    assert shop.ask(FindOrders(late=True)).orders == ()
    shop.clock.advance(seconds=1)
    assert _late(shop) == ["1001 past_cutoff"]
    shop.place(1002, ("sock-grey", 1))  # Monday 14:00:01: after the cut-off
    shop.clock.advance(hours=13)  # a night does not count
    assert _late(shop) == ["1001 past_cutoff"]
    shop.clock.advance(hours=6)  # Tuesday, nine open hours after it came
    assert _late(shop) == ["1001 stuck"]
    shop.do(PickWork("1001"))
    assert _late(shop) == ["1001 past_cutoff"]


def test_late_orders_come_oldest_first_and_page_by_page(shop: Shop) -> None:
    for number in range(1002, 1006):
        shop.place(number, ("sock-grey", 1))
    shop.clock.advance(hours=5)
    page = shop.ask(FindOrders(late=True, limit=2))
    rest = shop.ask(FindOrders(late=True, limit=3, after=page.after))
    assert [o.number for o in (*page.orders, *rest.orders)] == [str(n) for n in range(1001, 1006)]
    assert rest.after is None


def _late(shop: Shop) -> list[str]:
    found = shop.ask(FindOrders(late=True)).orders
    return [f"{o.number} {work.reason}" for o in found for work in o.late]
