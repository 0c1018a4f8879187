"""The same unit made good twice: its money and its goods, its credit, or goods and goods again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from core.commands.choosing import Units
from core.commands.claims import AcceptClaim, ClaimOrder
from core.commands.crediting import AddCredit, UseCredit
from core.commands.fulfillment import ShipWork
from core.commands.orders import CancelOrder
from core.commands.outside import RecordChannelRefund
from core.commands.receiving import ReceiveReturn
from core.commands.refunding import ApproveOrderRefund, RefundOrder, To
from core.commands.refunds import RecordOrderRefund
from core.commands.replacing import ResendOrder, Sure, Why
from core.commands.return_rules import ActivateReturnRules, PutReturnRules
from core.commands.returned_goods import MoveReturnOn
from core.commands.returns import RequestReturn
from core.commands.setup import SetPolicy
from core.commands.tracking import DeliverParcel
from core.commands.undo import UndoLast
from core.db import tables as t
from core.domain.access import Role
from core.domain.claims import ClaimReason, Remedy
from core.domain.returning.dispositions import Disposition
from core.engine import Receipt
from tests.shop import CHANNEL, SHOPIFY, Shop, make_shop, staff

ONE, BOTH = (Units("mug-red", 1),), (Units("mug-red", 2),)


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    """Order 1001 (two red mugs at 19.90) has been delivered."""
    made = make_shop(database)
    made.place(1001, ("mug-red", 2))
    assert made.do(ShipWork("1001", "T1001", "DHL")).ok
    assert made.do(DeliverParcel("1001")).ok
    yield made
    made.close()


def claim(shop: Shop, units: tuple[Units, ...], wish: Remedy = Remedy.REPLACEMENT) -> Receipt:
    return shop.do(ClaimOrder("1001", ClaimReason.DAMAGED, units, wish))


def asked(shop: Shop) -> list[dict[str, Any]]:
    found = shop.rows(t.cases, kind="claim_decision")
    return [row for row in found if row["state"] != "resolved"]


def test_who_got_the_money_does_not_get_the_goods_by_a_claim(shop: Shop) -> None:
    assert shop.do(RefundOrder("1001", BOTH)).ok
    refused = claim(shop, BOTH)
    assert refused.outcome == "refused"
    assert "Its money has gone back" in refused.next
    assert asked(shop) == []


def test_money_that_the_shop_gave_back_by_itself_is_a_flag_of_a_claim(shop: Shop) -> None:
    lines = (("1001-1", 2),)
    told = RecordChannelRefund(SHOPIFY, "gid-1001", "r1", 3980, "EUR", shop.clock(), lines)
    assert shop.do(told, CHANNEL).ok
    assert claim(shop, BOTH).facts["status"] == "requested"
    (case,) = asked(shop)
    assert "paid back before" in case["facts"]
    settled = shop.do(AcceptClaim("CL1001-1", Remedy.REFUND))
    assert "Nothing is left to pay back." in settled.sentence


def test_a_claim_of_what_was_sent_again_waits_for_somebody(shop: Shop) -> None:
    assert shop.do(ResendOrder("1001", Why.LOST, BOTH)).ok
    assert claim(shop, ONE).facts["status"] == "requested"
    assert len(asked(shop)) == 1


def test_what_a_claim_paid_back_is_not_sent_again_by_accident(shop: Shop) -> None:
    assert claim(shop, ONE, Remedy.REFUND).facts["status"] == "settled"
    assert shop.do(ResendOrder("1001", Why.LOST, BOTH)).code == "confirm"
    assert shop.do(ResendOrder("1001", Why.LOST)).sentence.startswith("1 × mug-red")
    assert shop.do(ResendOrder("1001", Why.LOST)).code == "confirm"
    assert shop.do(ResendOrder("1001", Why.LOST, ONE, Sure.AGAIN)).ok


def test_what_came_back_is_not_sent_again_by_accident(shop: Shop) -> None:
    assert shop.do(RequestReturn("1001", "mug-red", 2)).ok
    assert shop.do(ReceiveReturn("R1001-1", "BER")).ok
    assert shop.do(ResendOrder("1001", Why.LOST)).code == "confirm"


def test_nobody_has_both_returned_goods_and_their_money(shop: Shop) -> None:
    assert shop.do(RequestReturn("1001", "mug-red", 2)).ok
    assert shop.do(ReceiveReturn("R1001-1", "BER", disposition=Disposition.SEND_BACK)).ok
    assert shop.do(MoveReturnOn("R1001-1", "mug-red", 1, Disposition.RESTOCK)).ok
    again = shop.do(MoveReturnOn("R1001-1", "mug-red", 1, Disposition.SEND_BACK))
    assert again.code == "paid"
    assert sum(row["amount"] for row in shop.rows(t.refund)) == 1990


def test_a_claim_whose_replacement_is_canceled_is_open_again(shop: Shop) -> None:
    assert claim(shop, ONE).facts["replacement"] == "1001-R1"
    assert shop.do(CancelOrder("1001-R1", "there are no mugs")).ok
    assert [row["status"] for row in shop.rows(t.claim)] == ["requested"]
    assert len(asked(shop)) == 1
    assert shop.do(UndoLast()).outcome == "refused"
    assert shop.do(AcceptClaim("CL1001-1", Remedy.REFUND)).ok
    assert [row["amount"] for row in shop.rows(t.refund)] == [1990]


def test_many_small_claims_are_no_small_one(shop: Shop) -> None:
    assert claim(shop, ONE, Remedy.REFUND).facts["status"] == "settled"
    assert claim(shop, ONE, Remedy.REFUND).facts["status"] == "requested"


def test_many_small_returns_are_not_all_kept(shop: Shop) -> None:
    rules = {"name": "House", "rules": [{"name": "all", "then": {"keep_below": 2000}}]}
    assert shop.do(PutReturnRules(rules), staff(Role.OWNER)).ok
    assert shop.do(ActivateReturnRules(1), staff(Role.OWNER)).ok
    for _ in range(2):
        assert shop.do(RequestReturn("1001", "mug-red", 1)).ok
    assert [row["kept"] for row in shop.rows(t.rma_line)] == [1, 0]
    assert sum(row["amount"] for row in shop.rows(t.refund)) == 1990


def test_credit_that_waits_for_approval_is_not_paid_by_hand(shop: Shop) -> None:
    """Otherwise the books would tell of credit that nobody was given."""
    assert shop.do(SetPolicy("refund_approve_above", "1000"), staff(Role.OWNER)).ok
    assert shop.do(RefundOrder("1001", BOTH, to=To.CREDIT)).ok
    ben = staff(Role.LEAD, "Ben")
    assert shop.do(RecordOrderRefund("1001", "bank-1"), ben).code == "needs_approval"
    assert shop.do(ApproveOrderRefund("1001"), ben).ok
    assert [row["balance"] for row in shop.rows(t.credit_account)] == [2 * 1990]


def test_credit_pays_for_no_unit_that_is_canceled(shop: Shop) -> None:
    shop.place(1002, ("mug-red", 3), captured=0)
    assert shop.do(AddCredit("1002", "100.00", "sorry")).ok
    assert shop.do(CancelOrder("1002", "less", ONE)).ok
    assert shop.do(UseCredit("1002", "39.81")).code == "bad_amount"
    assert shop.do(UseCredit("1002", "-5.00")).code == "bad_amount"
    assert shop.do(UseCredit("1002")).facts["amount"] == 2 * 1990
    assert shop.do(UseCredit("1002")).outcome == "refused"
    assert [row["balance"] for row in shop.rows(t.credit_account)] == [10000 - 2 * 1990]


def test_money_that_comes_late_for_canceled_units_goes_back_beside_a_claim(shop: Shop) -> None:
    """A claim's money was for goods that its customer had; it is not the canceled unit's."""
    shop.place(1003, ("mug-red", 1), ("tee-black-m", 1), ("sock-grey", 1), captured=1990)
    assert shop.do(CancelOrder("1003", "less", (Units("sock-grey", 1),))).ok
    assert shop.do(ShipWork("1003", "T1003", "DHL")).ok
    assert shop.do(DeliverParcel("1003")).ok
    wish = ClaimOrder("1003", ClaimReason.DAMAGED, ONE, Remedy.REFUND)
    assert shop.do(wish).facts["status"] == "settled"
    late = ("mug-red", 1), ("tee-black-m", 1), ("sock-grey", 1)
    shop.clock.advance(minutes=1)
    assert shop.place(1003, *late).ok
    assert [row["amount"] for row in shop.rows(t.refund)] == [1990, 1990]
