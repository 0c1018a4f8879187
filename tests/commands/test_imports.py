"""Tables that are brought in: what makes rows, what changes nothing, what is refused by itself."""

from __future__ import annotations

import pytest

from core.commands.aside import Aside, SetAside
from core.commands.channel_stock import KeepBackStock
from core.commands.imports import (
    ROWS_MAX,
    ImportedRow,
    ImportLocations,
    ImportProducts,
    ImportStock,
)
from core.commands.pausing import EndPause
from core.commands.stock import SetBuffer
from core.db import tables as t
from core.db.channels import set_told
from core.domain.access import Role
from core.queries.orders import ShowOrder
from tests.shop import BER, HAM, SHOP, SHOPIFY, make_shop, staff

OWNER = staff(Role.OWNER, "Olga")


@pytest.fixture
def shop(database):
    made = make_shop(database)
    yield made
    made.close()


def row(key, line=2, external=None, **values):
    return ImportedRow(line, key, values, external or {})


def outcome(receipt):
    assert receipt.ok, receipt
    return tuple(receipt.facts[name] for name in ("made", "changed", "same"))


def level(shop, sku, place):
    found = shop.rows(t.stock_level, sku=sku, location_id=place)
    return (found[0]["on_hand"], found[0]["safety"]) if found else None


def test_products_are_made_changed_and_left_alone(shop):
    rows = (row("mug-red", title="Becher"), row("new", title="Neu", price=500))
    assert outcome(shop.do(ImportProducts(rows), OWNER)) == (1, 1, 0)
    assert outcome(shop.do(ImportProducts(rows), OWNER)) == (0, 0, 2)
    assert shop.rows(t.product, sku="new")[0]["price"] == 500
    assert shop.rows(t.product, sku="mug-red")[0]["price"] == 1990  # not named, not touched


def test_a_dry_run_says_the_same_and_writes_nothing(shop):
    rows = (row("mug-red", title="Becher"), row("new"))
    assert outcome(shop.do(ImportProducts(rows, dry_run=True), OWNER)) == (1, 1, 0)
    assert shop.rows(t.product, sku="new") == []
    places = (row("MUC", hours="mon-fri 10:00-19:00"),)
    assert outcome(shop.do(ImportLocations(places, dry_run=True), OWNER)) == (1, 0, 0)
    assert shop.rows(t.location, code="MUC") == []
    levels = (row("mug-red", location="BER", on_hand=3),)
    assert outcome(shop.do(ImportStock(levels, "count", dry_run=True), OWNER)) == (0, 1, 0)
    assert level(shop, "mug-red", BER) == (10, 0)


def test_locations_are_made_changed_and_left_alone(shop):
    rows = (
        row("muc", hours="mon-sat 10:00-19:00", cut_off="12:00", closing_days=("2026-12-24",)),
        row("BER", cut_off="15:00"),
    )
    assert outcome(shop.do(ImportLocations(rows), OWNER)) == (1, 1, 0)
    assert outcome(shop.do(ImportLocations(rows), OWNER)) == (0, 0, 2)
    made = shop.rows(t.location, code="MUC")[0]
    assert (made["name"], made["cut_off"]) == ("MUC", "12:00")


def test_ids_of_connected_systems_are_added_to_those_that_are_known(shop):
    rows = (row("mug-red", external={"nordlicht": "4711"}),)
    assert outcome(shop.do(ImportProducts(rows), OWNER)) == (0, 1, 0)
    assert shop.rows(t.product, sku="mug-red")[0]["external_ids"] == f'{{"{SHOPIFY}":"4711"}}'
    refused = shop.do(ImportProducts((row("x", external={"nobody": "1"}),)), OWNER)
    assert "no connection nobody" in refused.facts["problems"][0][2]


def test_one_bad_row_does_not_stop_the_others(shop):
    rows = (row("AAA", 2), row("BBB", 3, hours="whenever"), row("CCC", 4))
    receipt = shop.do(ImportLocations(rows), OWNER)
    assert outcome(receipt) == (2, 0, 0)
    assert [problem[0] for problem in receipt.facts["problems"]] == [3]
    assert shop.rows(t.location, code="BBB") == []


def test_stock_is_set_by_moves_with_a_reason_and_twice_changes_nothing(shop):
    rows = (
        row("mug-red", location="ber", on_hand=4, safety=1),
        row("mug-red", location="HAM", on_hand=10),
    )
    before = len(shop.rows(t.stock_move))
    assert outcome(shop.do(ImportStock(rows, "import of s.csv"), OWNER)) == (0, 1, 1)
    assert level(shop, "mug-red", BER) == (4, 1)
    moves = shop.rows(t.stock_move)[before:]
    assert sorted((m["on_hand"], m["safety"], m["reason"]) for m in moves) == [
        (-6, 0, "import of s.csv"),
        (0, 1, "import of s.csv"),
    ]
    assert outcome(shop.do(ImportStock(rows, "import of s.csv"), OWNER)) == (0, 0, 2)
    assert len(shop.rows(t.stock_move)) == before + 2


def test_stock_at_a_place_that_never_had_any_is_opened(shop):
    assert outcome(
        shop.do(ImportStock((row("tee-black-m", location="VIE", on_hand=7),), "x"), OWNER)
    )
    assert level(shop, "tee-black-m", 13) == (7, 0)


def test_no_count_can_take_away_what_is_promised(shop):
    shop.place(1001, ("mug-red", 3))
    receipt = shop.do(ImportStock((row("mug-red", location="BER", on_hand=2),), "count"), OWNER)
    assert outcome(receipt) == (0, 0, 0)
    assert "3 × mug-red are promised" in receipt.facts["problems"][0][2]
    assert level(shop, "mug-red", BER) == (10, 0)


def test_unknown_goods_and_places_are_named(shop):
    rows = (
        row("nothing", 2, location="BER", on_hand=1),
        row("mug-red", 3, location="MARS", on_hand=1),
        row("mug-red", 4, location="BER"),
        row("mug-red", 5, location="BER", on_hand="many"),
        row("mug-red", 6, location="BER", on_hand=1, colour="red"),
    )
    problems = shop.do(ImportStock(rows, "x"), OWNER).facts["problems"]
    assert [problem[0] for problem in problems] == [2, 3, 4, 5, 6]
    assert "lacks on_hand" in problems[2][2]


def test_a_column_that_there_is_not_refuses_its_row_only(shop):
    rows = (row("mug-red", 2, colour="red"), row("new", 3, active=True))
    assert outcome(shop.do(ImportProducts(rows), OWNER)) == (1, 0, 0)
    places = (row("MUC", 2, planet="Mars"), row("VIE", 3, rank="first"))
    problems = shop.do(ImportLocations(places), OWNER).facts["problems"]
    assert [problem[2].split(".")[0] for problem in problems] == [
        "There is no column planet",
        "rank is no whole number: “first”",
    ]


def test_arriving_stock_serves_who_waits(database):
    shop = make_shop(database, stock=0)
    shop.place(1001, ("mug-red", 2))
    assert shop.ask(ShowOrder("1001")).lines[0].backordered == 2
    shop.do(ImportStock((row("mug-red", location="HAM", on_hand=5),), "x"), OWNER)
    line = shop.ask(ShowOrder("1001")).lines[0]
    assert (line.backordered, line.allocated) == (0, 2)
    assert shop.rows(t.stock_level, sku="mug-red", location_id=HAM)[0]["reserved"] == 2
    shop.close()


def test_who_may_not_manage_brings_nothing_in(shop):
    assert shop.do(ImportProducts((row("x"),)), staff(Role.SUPPORT)).code == "not_allowed"
    assert shop.do(ImportLocations((row("X"),)), staff(Role.LEAD)).code == "not_allowed"
    assert (
        shop.do(
            ImportStock((row("mug-red", location="BER", on_hand=1),), "x"), staff(Role.SUPPORT)
        ).code
        == "not_allowed"
    )


def test_too_many_rows_at_once_are_refused_whole(shop):
    rows = tuple(row(f"sku-{n}") for n in range(ROWS_MAX + 1))
    assert shop.do(ImportProducts(rows), OWNER).code == "invalid"
    assert shop.rows(t.product, sku="sku-0") == []


# --- as a connected store tells it ----------------------------------------------------------------


def opening(*rows, **more):
    return ImportStock(rows, "opening stock of nordlicht", overwrite=False, **more)


def problem(receipt):
    return receipt.facts["problems"][0][2]


def test_what_is_available_there_is_available_here_whatever_is_promised_or_kept_back(shop):
    shop.place(1001, ("mug-red", 3))
    told = row("mug-red", location="BER", available=20, safety=2)
    assert outcome(shop.do(ImportStock((told,), "x"), OWNER)) == (0, 1, 0)
    found = shop.rows(t.stock_level, sku="mug-red", location_id=BER)[0]
    assert (found["on_hand"], found["reserved"], found["safety"]) == (25, 3, 2)
    assert outcome(shop.do(ImportStock((told,), "x"), OWNER)) == (0, 0, 1)


def test_a_store_that_was_told_less_than_there_is_does_not_lower_the_book(shop):
    """Frozen, the buffer and what is kept back from the store are no part of its figure."""
    for step in (
        SetAside("mug-red", "BER", 1, Aside.FROZEN, "counting"),
        SetBuffer("mug-red", "BER", 2),
        KeepBackStock("3", "nordlicht", "mug-red"),
    ):
        assert shop.do(step, OWNER).ok
    own_count = opening(row("mug-red", location="BER", available=9), connection="nordlicht")
    assert outcome(shop.do(own_count, OWNER)) == (0, 0, 1)  # it was told nothing yet
    told = {"BER": 7, "HAM": 7}  # 10 - 1 - 2 and 10, of which three are kept where most lies
    for code, place in (("BER", BER), ("HAM", HAM)):
        _tell(shop, place, told[code])
    same = [row("mug-red", n, location=code, available=told[code]) for n, code in enumerate(told)]
    sold = [row("mug-red", location="HAM", available=5)]
    for rows, expected, ham in ((same, (0, 0, 2), 10), (sold, (0, 1, 0), 8)):
        done = shop.do(ImportStock(tuple(rows), "x", connection="nordlicht"), OWNER)
        assert outcome(done) == expected
        assert (level(shop, "mug-red", BER), level(shop, "mug-red", HAM)) == ((10, 0), (ham, 0))
    assert shop.do(ImportStock((), "x", connection="nobody"), OWNER).code == "not_found"


def _tell(shop, place, units):
    shop.engine.chore(lambda uow: set_told(uow, SHOPIFY, "mug-red", place, units), SHOP)


def test_nothing_available_on_either_side_is_no_reason_to_invent_units(shop):
    kept = row("mug-red", location="VIE", on_hand=1, safety=3)
    shop.do(ImportStock((kept,), "count"), OWNER)
    told = row("mug-red", location="VIE", available=0)
    assert outcome(shop.do(ImportStock((told,), "x"), OWNER)) == (0, 0, 1)
    assert level(shop, "mug-red", 13) == (1, 3)


def test_a_level_that_nobody_else_moved_follows_the_store_again_and_again(shop):
    for available, expected in ((7, (0, 1, 0)), (7, (0, 0, 1)), (5, (0, 1, 0))):
        told = opening(row("tee-black-m", location="VIE", available=available))
        assert outcome(shop.do(told, OWNER)) == expected
    assert level(shop, "tee-black-m", 13) == (5, 0)


def test_a_level_that_moved_here_is_reported_and_changed_only_on_request(shop):
    told = row("mug-red", location="BER", available=4)
    for dry_run in (True, False):
        receipt = shop.do(opening(told, dry_run=dry_run), OWNER)
        assert outcome(receipt) == (0, 0, 0)
        assert problem(receipt).startswith("BER has 10 available here and 4 there")
    assert level(shop, "mug-red", BER) == (10, 0)
    assert outcome(shop.do(ImportStock((told,), "x", overwrite=True), OWNER)) == (0, 1, 0)
    assert level(shop, "mug-red", BER) == (4, 0)


def test_a_moved_level_that_agrees_is_no_problem(shop):
    assert outcome(shop.do(opening(row("mug-red", location="BER", available=10)), OWNER)) == (
        0,
        0,
        1,
    )


def test_a_place_that_starts_paused_is_resumed_once_and_for_all(shop):
    told = (row("MUC", name="Munich", kind="store", starts_paused=True),)
    assert outcome(shop.do(ImportLocations(told), OWNER)) == (1, 0, 0)
    assert shop.rows(t.shipping_pause, origin="MUC")[0]["ended_at"] is None
    assert shop.do(EndPause("MUC"), OWNER).ok
    assert outcome(shop.do(ImportLocations(told), OWNER)) == (0, 0, 1)
    assert shop.rows(t.shipping_pause, origin="MUC")[0]["ended_at"] is not None


def test_an_order_with_an_unknown_sku_goes_on_when_the_product_arrives(shop):
    shop.place(1001, ("mug-red", 1), ("lamp-new", 1))
    assert [case["state"] for case in shop.rows(t.cases)] == ["open"]
    rows = (row("lamp-new", title="Lamp"),)
    assert shop.do(ImportProducts(rows, dry_run=True), OWNER).ok
    assert [case["state"] for case in shop.rows(t.cases)] == ["open"]
    assert shop.do(ImportProducts(rows), OWNER).ok
    kinds = {case["kind"]: case["state"] for case in shop.rows(t.cases)}
    assert kinds == {"unknown_sku": "resolved", "short": "open"}
    view = shop.ask(ShowOrder("1001"))
    assert [place.stage for place in view.lines[1].places] == ["backordered"]
