"""Pauses: looked at first, then orders go around them, and customers are told of a date once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from core.commands.fulfillment import PickWork
from core.commands.holds import HoldOrder
from core.commands.imports import ImportedRow
from core.commands.labels import LabelParcel
from core.commands.lanes import ImportLanes
from core.commands.pausing import EndPause, SettlePauses, StartPause
from core.commands.setup import SetPolicy
from core.db import tables as t
from core.db.rows import from_json
from core.domain.access import Role, system
from core.domain.holds import HoldReason
from core.domain.order import Address
from core.domain.refusals import Invalid
from core.engine import Caller
from core.queries.orders import ShowOrder
from core.queries.pauses import ListPauses, PausePreview, PreviewPause
from tests.shop import BER, HAM, SHOP, Shop, make_shop, staff

OWNER = staff(Role.OWNER, "Olga")
CLOCK = Caller(system(SHOP, "clock"), "clock")
MONDAY = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
LONDON = Address("Ada", "", "1 Strand", "", "WC2N 5HR", "London", "", "GB")
LABEL = "00340434161094000001"
USUAL, LATER = date(2026, 11, 26), date(2026, 12, 3)


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    """Everything travels with DHL and takes two days."""
    made = make_shop(database)
    assert made.do(SetPolicy("usual_carrier", "dhl"), OWNER).ok
    yield made
    made.close()


def lanes(shop: Shop, *rows: dict[str, Any]) -> None:
    found = tuple(ImportedRow(n, row.pop("country"), row) for n, row in enumerate(rows, 2))
    assert shop.do(ImportLanes(found), OWNER).ok


def preview(shop: Shop, what: str, until: datetime | None = MONDAY) -> PausePreview:
    found: PausePreview = shop.ask(PreviewPause(what, until))
    return found


def start(shop: Shop, what: str, until: datetime | None = MONDAY) -> str:
    receipt = shop.do(StartPause(what, until))
    assert receipt.ok, receipt
    while shop.do(SettlePauses(), CLOCK).facts["more"]:
        pass
    return receipt.sentence


def places(shop: Shop, number: int) -> list[int]:
    (order,) = shop.rows(t.orders, number=str(number))
    works = shop.rows(t.fulfillment_order, order_id=order["id"])
    return sorted(work["location_id"] for work in works if work["stage"] != "canceled")


def told(shop: Shop) -> list[tuple[str | None, str | None, str]]:
    rows = [from_json(row["data"]) for row in shop.rows(t.event, kind="PromiseChanged")]
    return [(row["promised"], row["expected"], row["reason"]) for row in rows]


def promise(shop: Shop, number: int) -> date | None:
    day: date | None = shop.ask(ShowOrder(str(number))).promise
    return day


# --- looking --------------------------------------------------------------------------------------


def test_a_preview_counts_orders_and_dates_and_changes_nothing(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    shop.place(1002, ("tee-black-m", 1), ship_to=LONDON)
    before = [shop.rows(table) for table in (t.orders, t.event, t.shipping_pause, t.audit)]
    seen = preview(shop, "dhl")
    assert (seen.words, seen.orders, seen.promised, seen.dates) == ("DHL", 2, 2, 2)
    assert [(row.order, row.promise, row.day) for row in seen.first] == [
        ("1001", USUAL, LATER),
        ("1002", USUAL, LATER),
    ]
    abroad = preview(shop, "dhl to gb")
    assert [row.order for row in abroad.first] == ["1002"]
    assert before == [shop.rows(table) for table in (t.orders, t.event, t.shipping_pause, t.audit)]


def test_a_preview_says_which_go_elsewhere_and_what_it_costs(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    seen = preview(shop, "ber")
    assert (seen.orders, seen.elsewhere, seen.dates, seen.cost) == (1, 1, 0, 100)
    (row,) = seen.first
    assert (row.origin, row.to, row.day, row.cost) == ("BER", "HAM", None, 100)


@pytest.mark.parametrize(
    ("what", "until", "code"),
    [
        ("pigeon", MONDAY, "invalid"),
        ("dhl", None, "invalid"),
        ("dhl", datetime(2026, 11, 1, tzinfo=UTC), "invalid"),
    ],
)
def test_what_makes_no_sense_is_refused(
    shop: Shop, what: str, until: datetime | None, code: str
) -> None:
    refused = shop.do(StartPause(what, until))
    assert (refused.ok, refused.code) == (False, code)
    assert shop.rows(t.shipping_pause) == []


def test_what_is_no_target_is_no_command_at_all() -> None:
    for words in ("1001", "dhl to nowhere", ""):
        with pytest.raises(Invalid):
            StartPause(words, MONDAY)


def test_without_a_known_carrier_nobody_can_say_who_is_met(database: str) -> None:
    shop = make_shop(database)
    refused = shop.do(StartPause("dhl", MONDAY))
    assert refused.code == "carrier_unknown"
    assert "usual_carrier" in refused.next
    shop.close()


def test_support_may_not_pause(shop: Shop) -> None:
    assert shop.do(StartPause("dhl", MONDAY), staff(Role.SUPPORT)).code == "not_allowed"


# --- confirming -----------------------------------------------------------------------------------


def test_confirmed_the_dates_move_and_each_customer_is_told_once(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    said = start(shop, "dhl")
    assert "1 order behind it: 0 shipped from elsewhere now, 1 with a later date" in said
    assert promise(shop, 1001) == LATER
    assert told(shop) == [(USUAL.isoformat(), LATER.isoformat(), "carrier_paused")]
    for _ in range(3):
        shop.clock.advance(minutes=1)
        shop.do(SettlePauses(), CLOCK)
    assert len(told(shop)) == 1
    (row,) = shop.rows(t.paused_order)
    assert (row["promised"], row["expected"]) == (USUAL.isoformat(), LATER.isoformat())


def test_a_button_whose_figures_are_old_does_nothing(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    seen = preview(shop, "dhl")
    shop.place(1002, ("mug-red", 1))
    press = StartPause("dhl", MONDAY, orders=seen.orders, dates=seen.dates)
    assert shop.do(press).code == "preview_changed"
    assert (shop.rows(t.shipping_pause), told(shop)) == ([], [])
    fresh = preview(shop, "dhl")
    assert shop.do(StartPause("dhl", MONDAY, orders=fresh.orders, dates=fresh.dates)).ok


def test_untouched_work_of_a_paused_location_goes_elsewhere(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    shop.place(1002, ("mug-red", 1))
    assert shop.do(PickWork("1002", "BER")).ok
    start(shop, "ber")
    assert (places(shop, 1001), places(shop, 1002)) == ([HAM], [BER])
    assert (promise(shop, 1001), promise(shop, 1002)) == (USUAL, LATER)
    assert [reason for *_, reason in told(shop)] == ["warehouse"]
    (free,) = shop.rows(t.stock_level, sku="mug-red", location_id=BER)
    assert free["reserved"] == 1


def test_held_orders_wait_where_they_are(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    assert shop.do(HoldOrder("1001", HoldReason.ADDRESS)).ok
    start(shop, "ber")
    assert places(shop, 1001) == [BER]


def test_without_an_end_nothing_is_told_and_what_can_go_elsewhere_goes(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    start(shop, "ber", None)
    assert places(shop, 1001) == [HAM]
    assert told(shop) == []


def test_another_carrier_takes_over_where_a_lane_names_one(shop: Shop) -> None:
    dhl = {"country": "DE", "days": 2, "cost": 450}
    lanes(shop, dict(dhl), {"country": "DE", "days": 2, "cost": 520, "carrier": "dpd"})
    shop.place(1001, ("mug-red", 1))
    seen = preview(shop, "dhl")
    assert (seen.orders, seen.other_carrier, seen.dates, seen.cost) == (1, 1, 0, 70)
    start(shop, "dhl")
    assert (places(shop, 1001), promise(shop, 1001), told(shop)) == ([BER], USUAL, [])


def test_new_orders_go_around_a_paused_lane(shop: Shop) -> None:
    start(shop, "ber -> de")
    shop.place(1001, ("mug-red", 1))
    assert places(shop, 1001) == [HAM]
    shop.place(1002, ("mug-red", 1), ship_to=LONDON)
    assert places(shop, 1002) == [BER]


def test_new_orders_that_cannot_go_around_are_promised_for_after_it(shop: Shop) -> None:
    start(shop, "dhl")
    shop.place(1001, ("mug-red", 1))
    assert (places(shop, 1001), promise(shop, 1001)) == ([BER], LATER)
    assert told(shop) == []


def test_more_orders_than_fit_in_one_move_are_worked_through(shop: Shop) -> None:
    for number in range(1001, 1031):
        shop.place(number, ("mug-red", 1) if number % 2 else ("mug-blue", 1))
    assert shop.do(StartPause("dhl", MONDAY)).ok
    assert len(told(shop)) == 25
    while shop.do(SettlePauses(), CLOCK).facts["more"]:
        pass
    assert len(told(shop)) == len(shop.rows(t.paused_order)) == 30


# --- labels ---------------------------------------------------------------------------------------


def test_no_label_is_made_for_a_paused_carrier(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    start(shop, "dhl to de")
    refused = shop.do(LabelParcel("1001", "DHL", LABEL))
    assert (refused.code, shop.rows(t.parcel)) == ("paused", [])
    assert "resume dhl to de" in refused.next
    assert shop.do(LabelParcel("1001", "DPD", LABEL)).ok


def test_a_label_of_another_carrier_is_not_met(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    assert shop.do(LabelParcel("1001", "DPD", LABEL)).ok
    assert preview(shop, "dhl").orders == 0
    assert preview(shop, "dpd").orders == 1


# --- the end --------------------------------------------------------------------------------------


def test_the_clock_ends_it_and_orders_are_looked_at_again(shop: Shop) -> None:
    start(shop, "ber")
    shop.clock.advance(days=6, hours=23, minutes=1)
    assert shop.do(SettlePauses(), CLOCK).facts["ended"] == 1
    (row,) = shop.rows(t.shipping_pause)
    assert row["ended_by"] == "time"
    shop.place(1001, ("mug-red", 1))
    assert places(shop, 1001) == [BER]


def test_a_pause_binds_nobody_after_its_time_even_before_the_clock_comes(shop: Shop) -> None:
    start(shop, "ber", shop.clock() + timedelta(minutes=5))
    shop.clock.advance(minutes=5)
    shop.place(1001, ("mug-red", 1))
    assert places(shop, 1001) == [BER]
    assert shop.ask(ListPauses()).pauses == ()


def test_resumed_early_new_orders_ship_from_there_again(shop: Shop) -> None:
    start(shop, "dhl to gb")
    assert [pause.words for pause in shop.ask(ListPauses()).pauses] == ["DHL to GB"]
    assert shop.do(EndPause("dhl")).code == "not_found"
    assert shop.do(EndPause("dhl to GB")).ok
    assert shop.ask(ListPauses()).pauses == ()
    assert shop.do(EndPause("dhl to GB")).code == "not_found"


def test_pausing_again_sets_the_new_time(shop: Shop) -> None:
    shop.place(1001, ("mug-red", 1))
    start(shop, "dhl")
    assert shop.do(StartPause("dhl", MONDAY)).code == "already"
    start(shop, "dhl", MONDAY + timedelta(days=1))
    assert len(shop.ask(ListPauses()).pauses) == 1
    assert [day for _, day, _ in told(shop)] == ["2026-12-03", "2026-12-04"]
