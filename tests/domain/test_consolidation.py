"""The consolidation clock as a law: it never costs the promise, and its saving is the best one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.consolidation import (
    NEXT_ORDER,
    ONE_PLACE,
    PACKING,
    Leave,
    leave_of,
    saved,
    wait_until,
)
from core.domain.routing.document import Document, Rule, RuleSet, Wait

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CUT_OFF_HOURS = st.lists(st.integers(1, 40), min_size=1, max_size=5).map(sorted)


def leaving_at(hours: list[int]) -> list[datetime]:
    return [NOW + timedelta(hours=each) for each in hours]


@given(CUT_OFF_HOURS, st.integers(0, 48), st.none() | st.integers(0, 6))
def test_the_wait_never_ends_after_the_last_moment_that_keeps_the_promise(
    cut_offs: list[int], hours: int, slack: int | None
) -> None:
    gates = leaving_at(cut_offs)

    def arrives(at: datetime) -> date:
        """Each cut-off that is missed costs a day."""
        return NOW.date() + timedelta(days=sum(gate < at for gate in gates))

    promise = None if slack is None else NOW.date() + timedelta(days=slack)
    end = wait_until(NOW, hours, promise, arrives)
    if end is None:
        too_late = promise is not None and arrives(NOW + timedelta(minutes=1) + PACKING) > promise
        assert hours == 0 or too_late
        return
    assert NOW < end <= NOW + timedelta(hours=hours)
    if promise is not None:
        assert arrives(end + PACKING) <= promise
    if end < NOW + timedelta(hours=hours):
        assert promise is not None
        assert arrives(end + timedelta(minutes=1) + PACKING) > promise


def test_it_ends_half_an_hour_before_the_cut_off_that_the_promise_needs() -> None:
    cut_off = NOW + timedelta(hours=4)

    def arrives(at: datetime) -> date:
        return date(2026, 11, 26) if at <= cut_off else date(2026, 11, 27)

    assert wait_until(NOW, 24, date(2026, 11, 26), arrives) == NOW + timedelta(hours=3.5)
    assert wait_until(NOW, 24, date(2026, 11, 27), arrives) == NOW + timedelta(hours=24)
    assert wait_until(NOW, 24, date(2026, 11, 25), arrives) is None


@given(st.lists(st.integers(0, 2000), min_size=1, max_size=6))
def test_the_saving_is_the_best_that_any_one_parcel_could_bring(costs: list[int]) -> None:
    assert saved(costs) == max(sum(costs) - alone for alone in costs)


# --- whose word it is ----------------------------------------------------------------------------

WAITED_FOR = (ONE_PLACE, NEXT_ORDER)
POLICY = {"wait_for_one_place_hours": 8, "wait_for_next_order_hours": 2}


@pytest.mark.parametrize(
    ("wait", "what", "leave"),
    [
        (None, WAITED_FOR, Leave(ONE_PLACE, 8)),
        (Wait(), WAITED_FOR, Leave(ONE_PLACE, 8)),
        (Wait(), (NEXT_ORDER,), Leave(NEXT_ORDER, 2)),
        (Wait(next_order_hours=9), WAITED_FOR, Leave(NEXT_ORDER, 9, "r")),
        (Wait(next_order_hours=1), WAITED_FOR, Leave(ONE_PLACE, 8)),
        (Wait(one_place_hours=0), WAITED_FOR, Leave(NEXT_ORDER, 2)),
        (Wait(one_place_hours=0), (ONE_PLACE,), None),
        (Wait(0, 0), WAITED_FOR, None),
        (Wait(5, 5), (), None),
    ],
)
def test_a_rule_outranks_the_policies_and_where_it_is_silent_they_count(
    wait: Wait | None, what: Sequence[str], leave: Leave | None
) -> None:
    rule = None if wait is None else Rule("r", wait=wait)
    assert leave_of(rule, POLICY, what) == leave


@pytest.mark.parametrize(
    ("wait", "may"), [(Wait(), False), (Wait(0, 0), False), (Wait(1), True), (Wait(0, 1), True)]
)
def test_a_rule_set_knows_whether_anything_may_wait(wait: Wait, may: bool) -> None:
    rules = (Rule("a"), Rule("b", wait=wait))
    assert RuleSet(1, Document("x", rules)).may_wait is may
