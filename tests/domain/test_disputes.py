"""Disputes: news in any order say the same, and only what a bank has is held."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.disputes import Dispute, DisputeState, held, newer, state_of

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
S = DisputeState


def dispute(state: DisputeState = S.OPEN, *, inquiry: bool = False, id_: int = 1) -> Dispute:
    return Dispute(id_, 3, "du_1", 9, "stripe", 1990, "EUR", "fraudulent", state, inquiry, NOW)


@pytest.mark.parametrize("end", [S.WON, S.LOST, S.CLOSED])
@given(news=st.permutations([(S.OPEN, True), (S.REVIEW, True), (S.OPEN, False), (S.REVIEW, False)]))
def test_news_in_any_order_come_to_the_same(end: DisputeState, news):
    told = [dispute(state, inquiry=inquiry, id_=n) for n, (state, inquiry) in enumerate(news)]
    last = reduce(newer, told)
    assert (last.state, last.is_inquiry, last.id) == (S.REVIEW, False, told[0].id)
    for place in range(len(told) + 1):
        with_end = [*told[:place], dispute(end, id_=9), *told[place:]]
        assert reduce(newer, with_end).state is end


def test_the_banks_deadline_is_not_forgotten_by_later_news():
    with_time = replace(dispute(), due_at=NOW)
    assert newer(with_time, dispute(S.REVIEW)).due_at == NOW


@pytest.mark.parametrize(
    ("one", "amount"),
    [
        (dispute(), 1990),
        (dispute(S.REVIEW), 1990),
        (dispute(S.LOST), 1990),
        (dispute(S.WON), 0),
        (dispute(S.CLOSED), 0),
        (dispute(inquiry=True), 0),
    ],
)
def test_what_a_bank_holds(one: Dispute, amount: int):
    assert held([one]) == amount


def test_words_of_gateways():
    assert state_of("Needs_Response") is S.OPEN
    assert state_of("accepted") is S.LOST
    assert state_of("teleported") is None
