"""Many at once, about money: units are made good once, credit is spent once, no number is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from core.commands.choosing import Units
from core.commands.claims import AcceptClaim, ClaimOrder
from core.commands.counter import ConfirmOrderReturn, ConfirmReturn, ReturnHere
from core.commands.crediting import AddCredit, UseCredit
from core.commands.documents import IssueInvoice
from core.commands.exchanging import CancelExchange, ExchangeOrder
from core.commands.fulfillment import ShipWork
from core.commands.orders import CancelOrder
from core.commands.receiving import ReceiveReturn
from core.commands.refunding import RefundOrder
from core.commands.refunds import RecordOrderRefund
from core.commands.returns import RequestReturn
from core.commands.setup import SetPolicy
from core.commands.tracking import DeliverParcel
from core.db import tables as t
from core.domain.access import Role
from core.domain.claims import ClaimReason, Remedy
from core.domain.proofs import WRONG_CODES_MOST
from core.domain.refund_wish import What
from tests.shop import staff
from tests.stateful.crowd import MANY, Crowd, Tally, done

ONE = (Units("mug-red", 1),)


@pytest.fixture
def crowd(database: str) -> Iterator[Crowd]:
    made = Crowd(database, Tally())
    yield made
    made.close()
    assert made.tally.deadlocks == 0


def arrived(crowd: Crowd, units: int) -> None:
    assert crowd.shop.place(1001, ("mug-red", units)).ok
    assert crowd.shop.do(ShipWork("1001", "T1001", "DHL")).ok
    assert crowd.shop.do(DeliverParcel("1001")).ok


def owed(crowd: Crowd) -> int:
    return sum(row["amount"] for row in crowd.shop.rows(t.refund) if row["state"] != "canceled")


def test_a_unit_is_claimed_returned_or_exchanged_once(crowd: Crowd) -> None:
    arrived(crowd, 4)
    claim = ClaimOrder("1001", ClaimReason.DAMAGED, ONE, Remedy.REFUND)
    wishes = [
        claim,
        ReturnHere("1001", "mug-red", 1, "BER"),
        ExchangeOrder("1001", "for mug-blue", ONE),
        RequestReturn("1001", "mug-red", 1),
    ]
    assert done(crowd.rush(wishes * 4)) == 4
    (line,) = [row for row in crowd.shop.rows(t.order_line) if row["sku"] == "mug-red"]
    taken = line["return_requested"] + line["return_received"] + line["claimed"]
    assert (taken, owed(crowd) <= 4 * 1990) == (4, True)


def test_what_is_counted_before_it_is_done_counts_the_others_too(crowd: Crowd) -> None:
    """Wrong codes leave only their line in the audit; refunds of a day are on many orders."""
    arrived(crowd, 2)
    assert crowd.shop.do(RequestReturn("1001", "mug-red", 2)).ok
    codes = [ConfirmReturn("R1001-1", f"{n:06d}", "BER") for n in range(8)]
    by_order = [ConfirmOrderReturn("1001", f"{n:06d}", "BER") for n in range(8)]
    told = Counter(each.code for each in crowd.rush([*codes, *by_order]))
    assert told == {"wrong_code": WRONG_CODES_MOST, "too_many_codes": 16 - WRONG_CODES_MOST}
    for number in range(MANY):
        assert crowd.shop.place(2000 + number, ("mug-red", 1)).ok
    assert crowd.shop.do(SetPolicy("refund_person_day_above", "1000"), staff(Role.OWNER)).ok
    crowd.rush([RefundOrder(str(2000 + n), reason="3.00 sorry") for n in range(MANY)])
    waiting = {row["refund_id"] for row in crowd.shop.rows(t.refund_part, state="planned")}
    alone = [row for row in crowd.shop.rows(t.refund) if row["id"] not in waiting]
    assert sum(row["amount"] for row in alone) == 900


def test_a_refund_that_many_press_goes_back_once(crowd: Crowd) -> None:
    arrived(crowd, 3)
    whole = RefundOrder("1001", what=What.ALL, expects=3 * 1990)
    assert done(crowd.rush([whole, RefundOrder("1001", (Units("mug-red", 3),))] * 8)) == 1
    assert done(crowd.rush([RecordOrderRefund("1001", "bank-1")] * MANY)) == 1
    assert (owed(crowd), crowd.order("1001")["refunded"]) == (3 * 1990, 3 * 1990)


def test_a_claim_is_settled_once_whatever_is_chosen(crowd: Crowd) -> None:
    arrived(crowd, 2)
    both = (Units("mug-red", 2),)
    assert crowd.shop.do(ClaimOrder("1001", ClaimReason.DAMAGED, both)).ok
    wishes = [AcceptClaim("CL1001-1", Remedy.REFUND), AcceptClaim("CL1001-1")]
    assert done(crowd.rush(wishes * 8)) == 1
    assert len(crowd.shop.rows(t.refund)) + len(crowd.shop.rows(t.orders)) == 2


def test_credit_is_spent_once(crowd: Crowd) -> None:
    """Sixteen orders of one customer, and credit for four of them."""
    for number in range(MANY):
        assert crowd.shop.place(2000 + number, ("sock-grey", 1), captured=0).ok
    assert crowd.shop.do(AddCredit("anna@example.org", "79.60", "sorry")).ok
    crowd.rush([UseCredit(str(2000 + number), "19.90") for number in range(MANY)])
    assert [row["balance"] for row in crowd.shop.rows(t.credit_account)] == [0]
    assert sum(row["captured"] for row in crowd.shop.rows(t.orders)) == 4 * 1990


def test_an_exchange_ends_once_while_its_goods_arrive(crowd: Crowd) -> None:
    arrived(crowd, 1)
    assert crowd.shop.do(ExchangeOrder("1001", "for mug-blue", ONE)).ok
    steps = [
        CancelExchange("1001-X1"),
        ReceiveReturn("R1001-1", "BER"),
        CancelOrder("1001-X1", "no"),
        RefundOrder("1001", ONE),
    ]
    crowd.rush(steps * 4)
    moved = sum(row["captured"] - row["refunded"] for row in crowd.shop.rows(t.orders))
    credit = sum(row["balance"] for row in crowd.shop.rows(t.credit_account))
    assert 0 <= moved + credit <= 1990


def test_invoices_that_many_ask_for_count_without_a_gap(crowd: Crowd) -> None:
    for number in range(MANY // 2):
        assert crowd.shop.place(2000 + number, ("sock-grey", 1)).ok
    wishes = [IssueInvoice(str(2000 + number)) for number in range(MANY // 2)] * 2
    assert done(crowd.rush(wishes)) == MANY
    numbers = sorted(row["number"] for row in crowd.shop.rows(t.document))
    assert numbers == [f"INV-{n:05}" for n in range(1, MANY // 2 + 1)]
