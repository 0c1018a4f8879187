"""A line's own history: what names it or holds it, and what is about the whole order."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.timeline import LineTrail, is_about

MUG = LineTrail("mug-red", frozenset({"1001-1"}), frozenset({7}), frozenset({9}))


@pytest.mark.parametrize(
    ("data", "about"),
    [
        ({"reason": "address", "note": ""}, True),
        ({"parts": {"BER": {"mug-red": 1}, "HAM": {"card": 1}}, "proven": True}, True),
        ({"parts": {"HAM": {"card": 1}}}, False),
        ({"short": {"Mug-Red": 1}}, True),
        ({"units": {"card": 1}, "work": "1001-1"}, False),
        ({"work": "1001-1", "location": "BER"}, True),
        ({"work": "1001-2", "location": "HAM"}, False),
        ({"parcel_id": 7}, True),
        ({"parcel_id": 8}, False),
        ({"return_id": 9, "number": "R1001-1"}, True),
        ({"return_id": 10, "number": "R1001-2"}, False),
        ({"refund_id": 3, "amount": 1, "return_id": None}, True),
        ({"changes": {"lines": {"card": 1}}}, False),
        ({"changes": {"email": True}}, True),
        ({"sku": "mug-red", "location": "BER", "quantity": 1}, True),
        ({"sku": "card", "location": "BER", "quantity": 1}, False),
    ],
)
def test_what_a_fact_is_about(data: dict[str, Any], about: bool) -> None:
    assert is_about(data, MUG) is about
