"""One day for customers, and a few more for the parcel's way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.domain.returning.deadline import Deadline, deadline
from core.domain.returning.rules import Terms

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_a_return_is_expected_a_little_longer_than_it_may_be_sent() -> None:
    ends = deadline(NOW, 21, [Terms()])
    assert ends == Deadline(NOW + timedelta(days=21), NOW + timedelta(days=24))


def test_of_several_lines_the_longest_grace_holds_and_none_is_none() -> None:
    ends = deadline(NOW, 21, [Terms(grace_days=0), Terms(grace_days=10)])
    assert ends.expected_by == NOW + timedelta(days=31)
    assert deadline(NOW, 21, [Terms(grace_days=0)]).expected_by == NOW + timedelta(days=21)
    assert deadline(NOW, 0, [Terms()]) == Deadline()
