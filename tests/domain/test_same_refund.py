"""One payment out that two tell of is one; two payments out are two."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.same_refund import Recorded, Told, is_same

ASKED = Recorded(1, 1990, 7, "refund:1:7", "bank-7", unsure=True)
TASK = Recorded(2, 1990, 7, "refund:2:7", "done in the dashboard", by_hand=True)
REFUSED = Recorded(3, 1990, 7, "refund:3:7", "bank-9")  # the gateway said no, so a person paid
TOLD = Told("re_5", 1990, 7)


@pytest.mark.parametrize(
    ("one", "told", "same"),
    [
        (ASKED, TOLD, True),
        (ASKED, replace(TOLD, key="refund:1:7"), True),
        (ASKED, replace(TOLD, key="refund:9:7"), False),
        (ASKED, replace(TOLD, amount=1989), False),
        (ASKED, replace(TOLD, payment=8), False),
        (TASK, TOLD, True),
        (TASK, replace(TOLD, key="refund:2:7"), False),  # nobody had asked a gateway for it
        (TASK, replace(TOLD, payment=None), False),
        (REFUSED, TOLD, False),
        (REFUSED, replace(TOLD, key="refund:3:7"), False),
        (replace(REFUSED, reference="stripe re_5"), TOLD, True),
        (replace(REFUSED, reference="stripe re_5"), replace(TOLD, amount=5), False),
        (replace(REFUSED, reference="re_55"), TOLD, False),
        (replace(REFUSED, reference=""), replace(TOLD, external_id=""), False),
    ],
)
def test_what_a_person_recorded_is_recognized(one: Recorded, told: Told, same: bool) -> None:
    assert is_same(one, told) is same
