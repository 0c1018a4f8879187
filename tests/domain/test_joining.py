"""Which orders may share a parcel, and which location can send it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.joining import Shelf, one_place

UNITS = st.dictionaries(st.sampled_from("abc"), st.integers(1, 4), max_size=3)
SHELF = st.builds(Shelf, st.integers(1, 5), st.integers(1, 3), UNITS, UNITS)


def shelf(place: int, rank: int = 1, **units: Any) -> Shelf:
    return Shelf(place, rank, units.get("free", {}), units.get("held", {}))


def test_where_most_lies_ready_everything_goes() -> None:
    ber = shelf(1, free={"tee": 9}, held={"mug": 1})
    ham = shelf(2, free={"mug": 9}, held={"tee": 2})
    assert one_place({"mug": 1, "tee": 2}, [ber, ham]) == 2


def test_rank_decides_between_equals() -> None:
    assert one_place({"mug": 1}, [shelf(1, 2, free={"mug": 1}), shelf(2, 1, free={"mug": 1})]) == 2


@pytest.mark.parametrize("shelves", [[], [shelf(1, free={"mug": 1})]])
def test_a_place_that_lacks_one_unit_is_no_place(shelves: list[Shelf]) -> None:
    assert one_place({"mug": 2}, shelves) is None


@given(UNITS, st.lists(SHELF, max_size=5, unique_by=lambda each: each.location_id))
def test_the_place_that_is_chosen_can_send_everything(
    units: dict[str, int], shelves: list[Shelf]
) -> None:
    found = one_place(Counter(units), shelves)
    able = {s.location_id for s in shelves if all(s.gives(sku) >= n for sku, n in units.items())}
    assert (found in able) if able else found is None
