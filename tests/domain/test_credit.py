"""Store credit as sentences: what leaves takes what would expire first, and nothing is owed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.credit import CreditKind, Entry, balance, bonus, overdue, require_covered
from core.domain.refusals import Invalid, NotPossible

START = datetime(2026, 11, 23, 9, tzinfo=UTC)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def came(amount: int, at: int = 0, ends: int | None = None) -> Entry:
    return Entry(CreditKind.ISSUED, amount, day(at), None if ends is None else day(ends))


def left(amount: int, at: int = 0) -> Entry:
    return Entry(CreditKind.SPENT, -amount, day(at))


def test_what_is_spent_takes_what_would_expire_first():
    entries = [came(500), came(300, ends=10), left(400)]
    assert overdue(entries, day(10)) == 0
    assert balance(entries) == 400


def test_only_the_rest_of_an_amount_expires():
    entries = [came(500, ends=10), left(200)]
    assert [overdue(entries, day(n)) for n in (9, 10, 11)] == [0, 300, 300]


def test_what_has_expired_does_not_expire_again():
    entries = [came(500, ends=10), Entry(CreditKind.EXPIRED, -500, day(10)), came(100, 11)]
    assert overdue(entries, day(30)) == 0


@pytest.mark.parametrize(("amount", "percent", "more"), [(1990, 10, 199), (995, 5, 50), (1, 10, 0)])
def test_a_bonus_is_rounded_half_up_once(amount, percent, more):
    assert bonus(amount, percent) == more


@pytest.mark.parametrize(("amount", "refusal"), [(0, Invalid), (-1, Invalid), (501, NotPossible)])
def test_more_than_there_is_does_not_leave(amount, refusal):
    with pytest.raises(refusal):
        require_covered(amount, 500, "EUR")


@given(
    st.lists(st.tuples(st.integers(1, 999), st.integers(0, 20) | st.none(), st.integers(0, 999))),
    st.integers(0, 25),
)
def test_what_expires_is_never_more_than_what_is_there(steps, today):
    entries: list[Entry] = []
    for amount, ends, spent in steps:
        entries.append(came(amount, ends=ends))
        part = min(spent, balance(entries))
        entries += [left(part)] if part else []
    gone = overdue(entries, day(today))
    assert 0 <= gone <= balance(entries)
    assert gone <= sum(e.amount for e in entries if e.expires_at and e.expires_at <= day(today))
    if gone:
        entries.append(Entry(CreditKind.EXPIRED, -gone, day(today)))
    assert overdue(entries, day(today)) == 0
