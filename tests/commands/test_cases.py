"""Cases in people's hands, customers' wishes, and the day at a glance."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from core.commands.cases import OpenWish, ResolveCase, SnoozeCase, TakeCase, Wish
from core.commands.fulfillment import ShipWork
from core.commands.holds import HoldOrder
from core.commands.receiving import ReceiveReturn
from core.commands.refunds import RecordRefund
from core.commands.returns import RequestReturn
from core.commands.tracking import DeliverParcel
from core.db import tables as t
from core.db.rows import to_json
from core.domain.access import Actor, Role
from core.domain.metrics import Counted, Tally, local_day
from core.domain.refusals import NotAllowed, NotFound
from core.engine import Caller
from core.queries.cases import ListCases, MyCases, ShowCase
from core.queries.metrics import ShowToday
from tests.shop import SHOP, SHOPIFY, Shop, make_shop, staff

HAMBURG = staff(Role.STORE, "Hans", locations=("HAM",))
BO = staff(Role.SUPPORT, "Bo")


@pytest.fixture
def shop(database):
    """Case 1: order 1001 is short. Case 2: order 1002 has an unknown SKU."""
    shop = make_shop(database)
    shop.place(1001, ("mug-red", 21))
    shop.place(1002, ("no-such-thing", 1))
    yield shop
    shop.close()


def state(shop: Shop, number: int) -> tuple[str, str]:
    (row,) = shop.rows(t.cases, number=number)
    return row["state"], row["assignee"]


def customer(shop: Shop, order: str) -> Caller:
    customer_id = shop.rows(t.orders, number=order)[0]["customer_id"]
    return Caller(Actor(Role.CUSTOMER, SHOP, "customer:1", "Anna", customer_id=customer_id), "chat")


# --- take, snooze, resolve -----------------------------------------------------------------------


def test_a_case_that_is_taken_is_ones_own(shop):
    assert shop.do(TakeCase(1), BO).sentence == "Case 1 is yours."
    assert state(shop, 1) == ("taken", "Bo")
    assert [c.number for c in shop.ask(MyCases(), BO).cases] == [1]
    assert shop.ask(MyCases()).cases == ()


def test_taking_twice_is_refused_taking_over_is_not(shop):
    shop.do(TakeCase(1), BO)
    assert shop.do(TakeCase(1), BO).code == "not_possible"
    assert shop.do(TakeCase(1)).ok
    assert state(shop, 1) == ("taken", "Ann")


def test_a_case_sleeps_until_a_moment_that_is_still_to_come(shop):
    assert shop.do(SnoozeCase(1, shop.clock())).code == "not_possible"
    assert shop.do(SnoozeCase(1, shop.clock() + timedelta(days=61))).code == "not_possible"
    assert state(shop, 1) == ("open", "")
    assert shop.do(SnoozeCase(1, shop.clock() + timedelta(days=1))).ok
    assert state(shop, 1) == ("snoozed", "")


def test_a_resolved_case_keeps_who_and_why(shop):
    receipt = shop.do(ResolveCase(2, "the SKU was a typing error"))
    assert receipt.sentence == "Case 2 is resolved. It comes back if its cause is still there."
    view = shop.ask(ShowCase(2))
    assert (view.state, view.resolution) == ("resolved", "Ann: the SKU was a typing error")
    assert (view.resolved_at, view.actions) == (shop.clock(), ())
    assert shop.do(ResolveCase(2)).code == "not_possible"
    assert shop.do(TakeCase(2)).code == "not_possible"


def test_what_people_do_stands_in_the_orders_timeline(shop):
    shop.do(TakeCase(1), BO)
    (told,) = shop.rows(t.event, kind="CaseChanged")
    assert told["order_id"] == shop.rows(t.orders, number="1001")[0]["id"]
    assert '"state":"taken"' in told["data"]


def test_a_case_that_does_not_exist_cannot_be_taken(shop):
    refused = shop.do(TakeCase(77))
    assert (refused.code, refused.next) == ("not_found", "Write `cases` to see the open ones.")


# --- who sees what -------------------------------------------------------------------------------


def test_the_list_shows_ones_own_first_then_the_most_urgent(shop):
    """An unknown SKU is due within four hours, a shortage within eight."""
    assert [c.number for c in shop.ask(ListCases()).cases] == [2, 1]
    shop.do(TakeCase(1))
    page = shop.ask(ListCases(limit=1))
    assert ([c.number for c in page.cases], page.total) == ([1], 2)
    assert page.cases[0].actions == ("snooze", "resolve")


def test_an_overdue_case_says_so(shop):
    shop.clock.advance(hours=5)
    assert [(c.number, c.overdue) for c in shop.ask(ListCases()).cases] == [(2, True), (1, False)]


def test_a_store_sees_cases_of_orders_promised_from_there_and_no_others(shop):
    """Order 1001 took all mugs of both places; order 1002 is at no place at all."""
    assert [c.number for c in shop.ask(ListCases(), HAMBURG).cases] == [1]
    assert shop.do(TakeCase(1), HAMBURG).ok
    assert shop.do(TakeCase(2), HAMBURG).code == "not_found"
    with pytest.raises(NotFound):
        shop.ask(ShowCase(2), HAMBURG)
    assert state(shop, 2) == ("open", "")


def test_customers_have_no_cases(shop):
    with pytest.raises(NotAllowed):
        shop.ask(ListCases(), customer(shop, "1001"))
    assert shop.do(ResolveCase(1), customer(shop, "1001")).code == "not_allowed"


# --- wishes --------------------------------------------------------------------------------------


def test_a_customers_wish_is_a_case_for_a_person(shop):
    wish = OpenWish("1001", Wish.ADDRESS, "please to Kiez 7, 10999 Berlin")
    receipt = shop.do(wish, customer(shop, "1001"))
    view = shop.ask(ShowCase(receipt.facts["case"]))
    assert view.title == "The customer of order 1001 wants to change the address."
    assert view.facts["words"] == "please to Kiez 7, 10999 Berlin"
    assert all("Kiez" not in row["arguments"] for row in shop.rows(t.audit))


def test_the_same_wish_again_adds_words_to_the_same_case(shop):
    caller = customer(shop, "1001")
    first = shop.do(OpenWish("1001", Wish.CANCEL, "cancel it"), caller)
    shop.do(SnoozeCase(first.facts["case"], shop.clock() + timedelta(days=1)))
    second = shop.do(OpenWish("1001", Wish.CANCEL, "are you there?"), caller)
    assert second.facts["case"] == first.facts["case"]
    view = shop.ask(ShowCase(first.facts["case"]))
    assert (view.state, view.facts["words"]) == ("open", "cancel it\nare you there?")


def test_two_kinds_of_wishes_are_two_cases(shop):
    caller = customer(shop, "1001")
    cancel = shop.do(OpenWish("1001", Wish.CANCEL), caller)
    address = shop.do(OpenWish("1001", Wish.ADDRESS), caller)
    assert cancel.facts["case"] != address.facts["case"]


def test_nobody_wishes_for_a_strangers_order(shop):
    shop.place(1003, ("mug-blue", 1), email="bo@example.org")
    before = len(shop.rows(t.cases))
    assert shop.do(OpenWish("1001", Wish.CANCEL), customer(shop, "1003")).code == "not_found"
    assert len(shop.rows(t.cases)) == before


# --- today ---------------------------------------------------------------------------------------


def test_today_counts_what_came_and_what_left(shop):
    shop.place(1003, ("mug-blue", 2))
    shop.place(1004, ("mug-blue", 1))
    shop.do(ShipWork("1003"))
    shop.do(DeliverParcel("1003"))
    shop.do(HoldOrder("1004"))
    shop.do(RequestReturn("1003", "mug-blue", 1))
    shop.do(ReceiveReturn("R1003-1"))
    view = shop.ask(ShowToday())
    assert (view.day, view.location) == (date(2026, 11, 23), "")
    assert (view.placed, view.shipped, view.delivered, view.held) == (4, 1, 1, 1)
    assert (view.returns_requested, view.returns_received) == (1, 1)
    assert view.refunds_due == Tally(1, (("EUR", 1990),))
    assert view.refunds_recorded == Tally(0)
    assert view.cases == 3  # short, unknown SKU, refund task
    shop.do(RecordRefund("R1003-1", "re_1"))
    assert shop.ask(ShowToday()).refunds_recorded == Tally(1, (("EUR", 1990),))


def test_late_counts_orders_that_missed_their_cut_off(shop):
    shop.place(1003, ("mug-blue", 1))
    assert shop.ask(ShowToday()).past_cutoff == 0
    shop.clock.advance(hours=4, seconds=1)
    assert shop.ask(ShowToday()).past_cutoff == 2  # 1001 has a part at BER, too


def test_a_new_day_begins_at_local_midnight(shop):
    shop.clock.now = datetime(2026, 11, 23, 22, 59, tzinfo=UTC)
    assert shop.ask(ShowToday()).placed == 2
    shop.clock.advance(minutes=1)  # midnight in Berlin
    view = shop.ask(ShowToday())
    assert (view.day, view.placed) == (date(2026, 11, 24), 0)


def test_the_day_of_a_clock_change_is_an_hour_longer():
    day = local_day(datetime(2026, 10, 25, 12, tzinfo=UTC), "Europe/Berlin")
    assert day.end - day.start == timedelta(hours=25)


def test_a_location_counts_its_own_orders_only(shop):
    shop.place(1003, ("mug-blue", 1))
    berlin = shop.ask(ShowToday("ber"))
    assert (berlin.location, berlin.placed) == ("BER", 2)
    assert shop.ask(ShowToday("vie")).placed == 0


def test_a_store_sees_its_own_day_and_no_other(shop):
    shop.place(1003, ("mug-blue", 1))
    view = shop.ask(ShowToday(), HAMBURG)
    assert (view.location, view.placed) == ("HAM", 1)
    with pytest.raises(NotAllowed):
        shop.ask(ShowToday("ber"), HAMBURG)


def test_the_shops_own_count_is_unknown_until_it_has_told(shop):
    assert shop.ask(ShowToday()).counted == (Counted("nordlicht", None, 2),)


@pytest.mark.parametrize(("day", "theirs"), [("2026-11-23", 3), ("2026-11-22", None)])
def test_the_shops_own_count_counts_for_its_day_only(shop, day, theirs):
    state = to_json({"their_count": {"day": day, "placed": 3}})
    clause = t.connection.update().where(t.connection.c.id == SHOPIFY).values(state=state)
    shop.engine.chore(lambda uow: uow.session.connection.execute(clause) and None, SHOP)
    (counted,) = shop.ask(ShowToday()).counted
    assert (counted.theirs, counted.ours) == (theirs, 2)
    assert counted.agrees is (None if theirs is None else False)
