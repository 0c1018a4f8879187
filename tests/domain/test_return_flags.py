"""Flags: when they are raised, how they are explained, and what follows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.refusals import Invalid
from core.domain.returning.flags import (
    IMPOSSIBLE,
    Flag,
    History,
    Limits,
    Outcome,
    Raised,
    flag_outcomes,
    outcome_of,
    raised,
)

LIMITS = Limits(units=10, percent=60, claims=3)


@pytest.mark.parametrize(
    ("history", "flags"),
    [
        (History(), []),
        (History({"a": "1001"}), [Flag.SAME_PHOTO]),
        (History(bought=10, returned=6), []),  # exactly 60 % is not more
        (History(bought=10, returned=7), [Flag.MANY_RETURNS]),
        (History(bought=9, returned=9), []),  # too few to say anything
        (History(claims=2), []),
        (History(claims=3), [Flag.MANY_CLAIMS]),
        (History({"a": "1001"}, 20, 20, 5), list(Flag)[:3]),
    ],
)
def test_each_flag_has_its_limit(history: History, flags: list[Flag]):
    assert [each.flag for each in raised(history, LIMITS)] == flags


def test_every_flag_tells_its_figures():
    words = [each.words for each in raised(History({"a": "1001", "b": "1002"}, 20, 15, 4), LIMITS)]
    assert words == [
        "2 of the photos were sent before, for order 1001, 1002.",
        "15 of 20 units of the last year came back (75 %, above 60 %).",
        "4 claims within the last year.",
    ]


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 9), st.integers(0, 9))
def test_more_of_anything_never_takes_a_flag_away(bought: int, back: int, claims: int, more: int):
    few = History(bought=bought, returned=min(back, bought), claims=claims)
    many = History({"x": "1"}, bought, bought, claims + more)
    assert {f.flag for f in raised(few, LIMITS)} <= {f.flag for f in raised(many, LIMITS)}


def test_the_strictest_outcome_counts():
    found = raised(History({"a": "1"}, claims=9), LIMITS)
    assert outcome_of(found, flag_outcomes("")) is Outcome.REVIEW
    assert outcome_of(found, flag_outcomes("same_photo deny")) is Outcome.DENY
    quiet = flag_outcomes("same_photo ignore; many_claims ignore")
    assert outcome_of(found, quiet) is Outcome.IGNORE
    assert outcome_of((), flag_outcomes("")) is Outcome.IGNORE


@pytest.mark.parametrize("flag", IMPOSSIBLE)
def test_what_cannot_be_is_denied_or_looked_at_and_never_ignored(flag: Flag):
    found = (Raised(flag, "It cannot be."),)
    assert outcome_of(found, flag_outcomes("")) is Outcome.DENY
    assert outcome_of(found, flag_outcomes(f"{flag} review")) is Outcome.REVIEW
    with pytest.raises(Invalid, match="let pass"):
        flag_outcomes(f"{flag} ignore")


@pytest.mark.parametrize("text", ["same_photo", "photo deny", "same_photo perhaps", "deny"])
def test_nonsense_about_flags_is_refused(text: str):
    with pytest.raises(Invalid, match="is no flag"):
        flag_outcomes(text)
