"""What a shop may decide, and within which limits."""

from __future__ import annotations

import pytest

from core.domain.policy import POLICIES, read_policy, read_yes_or_no, require_kind, rule_of
from core.domain.refusals import Invalid
from core.domain.shop import DEFAULT_POLICY


def test_every_policy_that_is_described_exists():
    assert set(POLICIES) <= set(DEFAULT_POLICY)
    assert all(rule_of(key).says for key in DEFAULT_POLICY)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("stuck_hours", " 9 ", 9),
        ("objective", "cheapest", "cheapest"),
        ("cases_channel", "#cases", "#cases"),
        ("cases_channel", "", ""),
    ],
)
def test_values_get_the_type_of_their_default(key, text, value):
    assert read_policy(key, text) == value
    assert type(read_policy(key, text)) is type(DEFAULT_POLICY[key])


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("stuck_hours", "0"),
        ("stuck_hours", "-1"),
        ("stuck_hours", "8.5"),
        ("stuck_hours", "٨"),
        ("stuck_hours", "9" * 40),
        ("stuck_hours", "721"),
        ("objective", "fastest"),
        ("cases_channel", "x" * 201),
        ("nothing_like_it", "1"),
    ],
)
def test_what_is_out_of_bounds_is_refused_and_says_what_is_allowed(key, text):
    with pytest.raises(Invalid) as refused:
        read_policy(key, text)
    assert str(refused.value)


def test_yes_and_no_are_the_only_answers():
    assert read_yes_or_no("on") is True
    assert read_yes_or_no("OFF") is False
    with pytest.raises(Invalid):
        read_yes_or_no("")


def test_a_message_kind_must_exist():
    assert require_kind("shipped") == "shipped"
    with pytest.raises(Invalid):
        require_kind("spam")
