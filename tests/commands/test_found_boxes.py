"""Goods that came without a return: booked, kept from sale, and matched to their order once."""

from __future__ import annotations

import pytest

from core.commands.aside import Aside, SellAgain
from core.commands.choosing import Units
from core.commands.found_boxes import MatchBox, ReceiveUnknown
from core.commands.refunding import RefundOrder
from core.commands.returned_goods import MoveReturnOn
from core.db import tables as t
from core.domain.access import Role
from core.domain.returning.dispositions import Disposition
from core.queries.returns import ShowReturn
from tests.commands.test_returns import deliver, line, on_hand, open_cases
from tests.shop import BER, Shop, make_shop, staff


@pytest.fixture
def shop(database):
    shop = make_shop(database)
    shop.place(1001, ("mug-red", 3))
    deliver(shop, 1001)
    yield shop
    shop.close()


def quality(shop: Shop) -> int:
    return shop.rows(t.stock_level, sku="mug-red", location_id=BER)[0]["quality"]


def test_a_box_that_nobody_announced_finds_its_order(shop):
    before = on_hand(shop, "mug-red")
    found = shop.do(ReceiveUnknown("ber", (Units("MUG-RED", 2), Units("odd-thing", 1)), "no slip"))
    assert found.sentence.startswith("2 × mug-red, 1 × odd-thing are in quarantine at BER: case")
    assert (on_hand(shop, "mug-red"), quality(shop)) == (before, 2)
    case = found.facts["case"]
    # it is not the tee's, and what was never bought cannot be matched
    refused = shop.do(MatchBox("1001", f"C-{case}"))
    assert refused.code == "invalid"
    assert shop.rows(t.rma) == []
    found = shop.do(ReceiveUnknown("ber", (Units("mug-red", 2),)))
    box = f"C-{found.facts['case']}"
    receipt = shop.do(MatchBox("1001", box))
    assert receipt.sentence == (
        "The box belongs to order 1001: return R1001-1, in quarantine. €39.80 is to be refunded."
    )
    assert (line(shop).return_received, line(shop).return_requested) == (2, 0)
    assert quality(shop) == 4
    assert shop.do(MatchBox("1001", box)).code == "not_possible"
    shop.do(MoveReturnOn("R1001-1", "mug-red", 2, Disposition.RESTOCK))
    assert (on_hand(shop, "mug-red"), quality(shop)) == (before + 2, 2)
    assert shop.ask(ShowReturn("R1001-1")).decided_by == "Ann"
    assert len(open_cases(shop, "found_box")) == 1


def test_nothing_is_no_box_and_more_than_was_sent_is_refused(shop):
    assert shop.do(ReceiveUnknown("ber", (Units("mug-red", 0),))).code == "invalid"
    found = shop.do(ReceiveUnknown("ber", (Units("mug-red", 4),)))
    assert shop.do(MatchBox("1001", f"C-{found.facts['case']}")).code == "not_possible"
    assert line(shop).return_received == 0
    hamburg = staff(Role.STORE, "Hans", locations=("HAM",))
    assert shop.do(ReceiveUnknown("ber", (Units("mug-red", 1),)), hamburg).code == "not_allowed"


def test_goods_that_were_refunded_and_kept_find_their_order_and_are_not_paid_again(shop):
    assert shop.do(RefundOrder("1001", (Units("mug-red", 3),))).ok
    first, second, third = (
        f"C-{shop.do(ReceiveUnknown('ber', (Units('mug-red', n),))).facts['case']}"
        for n in (2, 2, 1)
    )
    matched = shop.do(MatchBox("1001", first))
    assert matched.sentence == (
        "2 × mug-red of order 1001 came back after their money: nothing more is owed. "
        "They are in quarantine: `sell-again mug-red BER 2 quality`."
    )
    assert shop.do(MatchBox("1001", first)).outcome == "refused"
    assert shop.do(MatchBox("1001", second)).outcome == "refused"  # only one more was kept
    assert shop.do(MatchBox("1001", third)).ok
    assert sum(row["amount"] for row in shop.rows(t.refund)) == 3 * 1990
    assert (line(shop).return_kept, line(shop).return_received, shop.rows(t.rma)) == (3, 0, [])
    assert len(open_cases(shop, "found_box")) == 1
    before = on_hand(shop, "mug-red")
    assert shop.do(SellAgain("mug-red", "BER", 2, Aside.QUALITY)).ok
    assert on_hand(shop, "mug-red") == before + 2
