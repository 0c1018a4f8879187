"""Kits: parts follow their kit, the kit follows its parts, and nothing is promised twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import MISSING, fields, replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.kits import (
    Part,
    available,
    behind,
    for_customers,
    in_parts,
    newly_shipped,
    opened,
    pulled,
    read_parts,
    settled,
    units_of,
)
from core.domain.order import KIT, PART, Line, Order
from core.domain.refusals import Invalid
from core.domain.stock import Level

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BOX = (Part("mug", 2, "Mug"), Part("card", 1, "Card"))
KITS = {"box": BOX}


def order(*lines: Line) -> Order:
    values: dict[str, Any] = {f.name: "" for f in fields(Order) if f.default is MISSING}
    values |= {"lines": lines, "placed_at": NOW, "captured_at": NOW, "extra": {}}
    return Order(**values)


def boxes(units: int) -> Order:
    ids = count(100)
    line = Line(1, 1, "x-1", "box", "Gift box", units, total=5000)
    return opened(order(line, Line(2, 2, "x-2", "mug", "Mug", 1)), KITS, lambda: next(ids))


def test_behind_a_kit_stand_its_parts_and_only_they_ship():
    kit, mugs, cards, single = boxes(3).lines
    assert (kit.kind, kit.ships, kit.total) == (KIT, False, 5000)
    assert [(p.sku, p.ordered, p.kind, p.total) for p in (mugs, cards)] == [
        ("mug", 6, PART, 0),
        ("card", 3, PART, 0),
    ]
    assert (single.kind, single.ships) == ("", True)


def test_an_opened_kit_is_not_opened_twice():
    assert opened(boxes(3), KITS, lambda: 0) == boxes(3)


def test_a_kit_has_left_when_all_of_its_parts_have():
    before = boxes(2)
    kit, mugs, cards, _ = before.lines
    after = settled(before.with_lines({mugs.id: replace(mugs, shipped=4)}))
    assert after.line(kit.id).shipped == 0
    after = settled(after.with_lines({cards.id: replace(cards, shipped=1)}))
    assert (after.line(kit.id).shipped, newly_shipped(before, after)) == (1, {kit.id: 1})


def test_parts_grow_and_shrink_with_their_kit_but_never_below_what_is_promised():
    before = boxes(2)
    kit, mugs, cards, _ = before.lines
    grown = settled(before.with_lines({kit.id: replace(kit, ordered=3)}))
    assert (grown.line(mugs.id).ordered, grown.line(cards.id).ordered) == (6, 3)
    promised = before.with_lines(
        {mugs.id: replace(mugs, allocated=4), cards.id: replace(cards, backordered=2)}
    )
    less = settled(promised.with_lines({kit.id: replace(kit, canceled=1)}))
    assert (less.line(mugs.id).canceled, less.line(cards.id).canceled) == (0, 1)
    assert less.line(cards.id).backordered == 1


def test_a_parcel_shows_whole_kits_and_loose_parts():
    found = boxes(2)
    kit, mugs, cards, single = found.lines
    items = [(mugs.id, "mug", 3), (cards.id, "card", 1), (single.id, "mug", 1)]
    assert for_customers(found, items) == [
        (kit.id, "box", 1),
        (mugs.id, "mug", 1),
        (single.id, "mug", 1),
    ]


def test_units_of_a_kit_are_units_of_its_parts():
    found = boxes(2)
    kit, mugs, cards, single = found.lines
    assert in_parts(found, {kit.id: 1, single.id: 1}) == {mugs.id: 2, cards.id: 1, single.id: 1}
    assert units_of(KITS, {"box": 2, "mug": 1}) == {"mug": 5, "card": 2}


def test_only_whole_kits_are_available_and_only_from_one_place():
    levels = [Level("mug", 1, 5, 0), Level("card", 1, 9, 8), Level("mug", 2, 9, 0)]
    assert available(BOX, levels) == {1: 1}


def test_parts_are_read_as_people_write_them():
    assert read_parts("mug-red:2, card") == {"mug-red": 2, "card": 1}


def test_a_part_that_is_named_twice_counts_twice():
    assert read_parts("mug card:2 mug:3") == {"mug": 4, "card": 2}
    most = " ".join(f"p{n}" for n in range(19))
    assert read_parts(f"{most} mug:1000")["mug"] == 1000


NO_KIT = "A kit has 1 to 20 different parts."
TOO_MANY = "A kit holds 1 to 1000 of each part."
PARTS = "Write parts like `mug-red:2 card:1`."


@pytest.mark.parametrize(
    ("text", "sentence", "then"),
    [
        ("", NO_KIT, "Write `mug-red:2 card:1`."),
        (" ".join(f"p{n}" for n in range(21)), NO_KIT, "Write `mug-red:2 card:1`."),
        ("card mug:", "“mug:” is no part of a kit.", PARTS),
        (":2", "“:2” is no part of a kit.", PARTS),
        ("mug:two", "“mug:two” is no part of a kit.", PARTS),
        ("mug:²", "“mug:²” is no part of a kit.", PARTS),
        ("mug:٣", "“mug:٣” is no part of a kit.", PARTS),
        ("mug:99999", "“mug:99999” is no part of a kit.", PARTS),
        ("mug:-1", "“mug:-1” is no part of a kit.", PARTS),
        ("mug:0", TOO_MANY, "Write `mug-red:2 card:1`."),
        ("card mug:1001", TOO_MANY, "Write `mug-red:2 card:1`."),
    ],
)
def test_parts_that_make_no_sense_are_refused(text: str, sentence: str, then: str):
    with pytest.raises(Invalid) as refused:
        read_parts(text)
    assert (refused.value.sentence, refused.value.next) == (sentence, then)


def test_behind_a_sku_stand_its_parts_or_itself():
    assert behind(KITS, "box") == ["mug", "card"]
    assert behind(KITS, "tee") == ["tee"]


@pytest.mark.parametrize("begun", ["allocated", "backordered", "shipped", "canceled"])
def test_a_line_that_was_begun_is_no_kit_any_more(begun: str):
    units: dict[str, Any] = {begun: 1}
    line = replace(Line(1, 3, "x-1", "box", "Gift box", 2), **units)
    assert opened(order(line), KITS, lambda: 0).lines == (line,)


@pytest.mark.parametrize("changed", [{"kind": PART}, {"ships": False}, {"sku": "tee"}])
def test_what_does_not_ship_as_a_kit_is_left_as_it_is(changed: dict[str, Any]):
    line = replace(Line(1, 3, "x-1", "box", "Gift box", 2), **changed)
    assert opened(order(line), KITS, lambda: 0).lines == (line,)


def test_a_part_stands_where_its_kit_stands_and_has_a_name():
    line = Line(7, 3, "x-1", "set", "Set", 2)
    _, part = opened(order(line), {"set": (Part("cup", 3),)}, lambda: 8).lines
    assert part == Line(8, 3, None, "cup", "cup", 6, kind=PART, kit_line_id=7, per_kit=3)


def test_an_edit_that_wants_fewer_kits_pulls_back_what_was_promised_for_them():
    found = boxes(3)
    kit, mugs, cards, single = found.lines
    promised = {
        mugs.id: replace(mugs, allocated=6),
        cards.id: replace(cards, shipped=2, allocated=1),
        kit.id: replace(kit, canceled=2),
    }
    after = pulled(found.with_lines(promised))
    assert (after.line(mugs.id).canceled, after.line(mugs.id).allocated) == (4, 2)
    assert (after.line(cards.id).canceled, after.line(cards.id).allocated) == (1, 0)
    assert after.line(single.id) == single
    assert pulled(found) is found


def test_parts_that_nothing_is_missing_of_stay_as_they_are():
    found = boxes(2)
    assert [a is b for a, b in zip(settled(found).lines[1:3], found.lines[1:3], strict=True)] == [
        True,
        True,
    ]


def test_a_parcel_with_one_of_two_parts_holds_no_kit():
    found = boxes(1)
    _, mugs, cards, _ = found.lines
    assert for_customers(found, [(mugs.id, "mug", 2)]) == [(mugs.id, "mug", 2)]
    assert for_customers(found, [(cards.id, "card", 1)]) == [(cards.id, "card", 1)]
    assert for_customers(found, [(99, "gone", 1)]) == [(99, "gone", 1)]


@given(st.integers(1, 5), st.data())
def test_whatever_happens_to_parts_the_kit_keeps_its_rules(units: int, data: st.DataObject):
    before = boxes(units)
    kit, *parts = (line for line in before.lines if line.sku != "x" and line.id != 2)
    changed = {}
    for part in parts:
        shipped = data.draw(st.integers(0, part.ordered))
        delivered = data.draw(st.integers(0, shipped))
        changed[part.id] = replace(part, shipped=shipped, delivered=delivered)
    changed[kit.id] = replace(kit, canceled=data.draw(st.integers(0, units)))
    after = settled(before.with_lines(changed))
    now = after.line(kit.id)
    assert 0 <= now.delivered <= now.shipped <= now.ordered - now.canceled
    for part in parts:
        line = after.line(part.id)
        assert line.wanted >= now.wanted * line.per_kit
        assert line.shipped >= now.shipped * line.per_kit
        assert line.canceled + line.backordered + line.allocated + line.shipped <= line.ordered
    assert settled(after) == after


@given(st.integers(1, 5), st.data())
def test_what_customers_are_shown_is_what_the_parcel_holds(units: int, data: st.DataObject):
    found = boxes(units)
    lines = [line for line in found.lines if line.kind != KIT]
    items = [(x.id, x.sku, data.draw(st.integers(0, x.ordered))) for x in lines]
    shown = in_parts(found, {line_id: n for line_id, _, n in for_customers(found, items)})
    assert Counter(shown) == +Counter({line_id: n for line_id, _, n in items})
