"""What an edit takes back from work, and whose paper stands in its way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.edit_actions import Do, EditAction
from core.domain.edit_stock import contents_after, give_up, in_the_way, promised_less
from core.domain.edits import Preview
from core.domain.fulfillment import FulfillmentOrder, Item, Parcel, Stage
from tests.domain.test_edits import NOON, edit, line, order, put


def work(number: int, stage: Stage, *items: tuple[int, str, int]) -> FulfillmentOrder:
    held = tuple(Item(number * 10 + n, *item) for n, item in enumerate(items))
    return FulfillmentOrder(number, 1, number, f"1001-{number}", stage, held, NOON)


def label(fulfillment_id: int, **more: Any) -> Parcel:
    return Parcel(1, 1, fulfillment_id, 1, "DHL", "T1", NOON, (), **more)


def removing(quantity: int) -> Preview:
    return edit(order(line(1, "mug", 5, 1990), line(2, "tee", 1, 2500)), put("mug", quantity))


def test_the_smallest_work_gives_first_so_that_a_parcel_may_be_saved() -> None:
    works = [work(1, Stage.READY, (1, "mug", 4)), work(2, Stage.READY, (1, "mug", 1))]
    taken = give_up(works, {1: 2})
    assert [(each.work.id, each.units) for each in taken] == [(2, 1), (1, 1)]
    assert contents_after(works, taken) == {1: {"mug": 3}}


@pytest.mark.parametrize(("less", "units"), [(1, [1]), (3, [2, 1]), (5, [2, 3]), (9, [2, 5])])
def test_no_unit_is_given_up_twice(less: int, units: list[int]) -> None:
    works = [work(1, Stage.READY, (1, "mug", 5)), work(2, Stage.READY, (1, "mug", 2))]
    assert [each.units for each in give_up(works, {1: less})] == units


@pytest.mark.parametrize("stage", [Stage.PRINTED, Stage.PICKED, Stage.PACKED])
def test_paper_stands_in_the_way_only_of_units_that_nobody_else_has(stage: Stage) -> None:
    works = [
        work(1, stage, (1, "mug", 3)),
        work(2, Stage.READY, (1, "mug", 2)),
        work(3, stage, (2, "tee", 1)),
    ]
    assert in_the_way(works, [], removing(3)) == ()
    assert [each.id for each in in_the_way(works, [], removing(2))] == [1]


def test_a_label_counts_as_paper_until_it_has_left() -> None:
    works = [work(1, Stage.READY, (1, "mug", 5))]
    assert in_the_way(works, [label(1)], removing(4)) == tuple(works)
    assert in_the_way(works, [label(1, handed_over_at=NOON)], removing(4)) == ()
    assert in_the_way(works, [label(7)], removing(4)) == ()


@pytest.mark.parametrize(
    "elsewhere",
    [
        EditAction(Do.ADDRESS, text="Kiez 7, 10999 Berlin"),
        EditAction(Do.METHOD, text="Express"),
        EditAction(Do.MOVE, to="ham"),
    ],
)
def test_another_way_to_go_concerns_all_that_is_on_paper(elsewhere: EditAction) -> None:
    found = edit(order(line(1, "mug", 5, 1990)), elsewhere)
    busy, free = work(1, Stage.PRINTED, (1, "mug", 3)), work(2, Stage.READY, (1, "mug", 2))
    assert in_the_way([busy, free], [], found) == (busy,)
    assert in_the_way([free], [], found) == ()


def test_more_units_are_in_nobodys_way() -> None:
    works = [work(1, Stage.PACKED, (1, "mug", 5))]
    assert in_the_way(works, [], removing(9)) == ()


def test_work_that_has_ended_is_no_work() -> None:
    works = [work(1, Stage.SHIPPED, (1, "mug", 5)), work(2, Stage.CANCELED, (1, "mug", 5))]
    assert (give_up(works, {1: 2}), in_the_way(works, [], removing(1))) == ((), ())
    assert contents_after(works, ()) == {}


@given(st.data())
def test_only_what_is_on_no_paper_gives_and_never_more_than_is_asked(data: st.DataObject) -> None:
    works = [
        work(n, data.draw(st.sampled_from(Stage)), (1, "mug", data.draw(st.integers(1, 4))))
        for n in range(1, data.draw(st.integers(1, 5)) + 1)
    ]
    wanted = data.draw(st.integers(0, 12))
    taken = give_up(works, {1: wanted})
    free = sum(each.units for each in works if each.stage is Stage.READY)
    assert sum(each.units for each in taken) == min(wanted, free)
    assert all(each.work.is_untouched for each in taken)
    assert all(0 < each.units <= each.item.quantity for each in taken)


def test_what_lies_in_several_lines_of_one_work_is_one_sum() -> None:
    works = [work(1, Stage.READY, (1, "mug", 2), (3, "mug", 1), (2, "tee", 1))]
    assert contents_after(works, ()) == {1: {"mug": 3, "tee": 1}}


def test_lines_that_keep_their_promises_free_nothing() -> None:
    assert promised_less(removing(3)) == {1: 2}


def test_freed_promises_are_those_of_lines_that_were_there() -> None:
    found = edit(order(line(1, "mug", 5, 1990, allocated=3, backordered=2)), put("mug", 2))
    assert promised_less(found) == {1: 1}
