"""What people may take off by hand: by role, and in parts no more than at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.access import Role
from core.domain.discounts import discount_limits, require_within
from core.domain.refusals import Invalid, NotAllowed

LIMITS = discount_limits("support 10; Lead 25%")


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.sampled_from(Role))
def test_a_limit_is_a_share_of_the_goods_and_roles_without_one_have_none(
    off: int, worth: int, role: Role
) -> None:
    most = {Role.SUPPORT: 10, Role.LEAD: 25}.get(role)
    if most is None or off <= worth * most / 100:
        require_within(LIMITS, role, off, worth)
        return
    with pytest.raises(NotAllowed, match=f"more than {most} %"):
        require_within(LIMITS, role, off, worth)


def test_who_may_is_named() -> None:
    with pytest.raises(NotAllowed) as refused:
        require_within(LIMITS, Role.SUPPORT, 11, 100)
    assert refused.value.next.endswith("who is lead or owner.")


@pytest.mark.parametrize("text", ["support", "support ten", "support 101", "chef 10", "10 support"])
def test_what_makes_no_sense_is_said(text: str) -> None:
    with pytest.raises(Invalid):
        discount_limits(text)
