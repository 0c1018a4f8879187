"""A limit that looks at sums cannot be passed by in small steps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.approving import Alone, Limits, needs_second


@given(st.integers(1, 100_000), st.lists(st.integers(1, 50_000), max_size=30))
def test_however_it_is_cut_no_more_than_the_limit_goes_alone(limit: int, cuts: list[int]) -> None:
    gone = 0
    for cut in cuts:
        if not needs_second(cut, Alone(of_order=gone, own_today=gone), Limits(limit, limit)):
            gone += cut
    assert gone <= limit
    assert gone or not any(cut <= limit for cut in cuts)


@pytest.mark.parametrize(
    ("amount", "before", "limits", "waits"),
    [
        (500, Alone(), Limits(500), False),
        (501, Alone(), Limits(500), True),
        (1, Alone(of_order=500), Limits(500), True),
        (10**9, Alone(10**9, 10**9, 10**9), Limits(), False),
        (1, Alone(own_today=500), Limits(person_day=500), True),
        (1, Alone(of_order=500), Limits(person_day=500), False),
        (20, Alone(of_order=300), Limits(500, support=20), False),
        (1, Alone(own=20), Limits(500, support=20), True),
        (1, Alone(), Limits(support=0), True),
        (20, Alone(of_order=490), Limits(500, support=20), True),
    ],
)
def test_each_limit_has_its_own_sum(
    amount: int, before: Alone, limits: Limits, waits: bool
) -> None:
    assert needs_second(amount, before, limits) is waits
