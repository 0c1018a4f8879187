"""Goods that are brought back to a counter: by order, or with the code of a return."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.commands.counter import ConfirmOrderReturn, ConfirmReturn, ReturnHere
from core.commands.fulfillment import ShipWork
from core.commands.receiving import CountedLine, ReceiveReturn
from core.commands.refunding import RefundOrder
from core.commands.return_labels import LabelReturn
from core.commands.returns import RequestReturn
from core.commands.scans import ScanForCases
from core.commands.setup import ChangeLocation, SetPolicy
from core.commands.tracking import DeliverParcel, RecordTracking
from core.db import tables as t
from core.domain.access import Role, system
from core.domain.cases import CaseKind
from core.domain.returning.boris import return_code
from core.domain.returns import Wish
from core.domain.tracking import ParcelStatus, TrackingEvent
from core.engine import Caller, Receipt
from core.queries.counter import ShowCounter
from core.queries.returns import ShowReturn
from tests.shop import BER, HAM, SHOP, Shop, make_shop, staff

KEYS = ("a-key-for-tests-only-a-key-for-tests-only",)
LEA = staff(Role.STORE, "Lea", locations=("HAM",))
OWNER = staff(Role.OWNER, "Olga")
CARRIER = Caller(system(SHOP, "carrier"), "webhook")


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    """Order 1001 (three red mugs, one tee) came from BER; nobody in the store has seen it."""
    made = make_shop(database)
    made.engine.keys = KEYS
    made.place(1001, ("mug-red", 3), ("tee-black-m", 1))
    assert made.do(ShipWork("1001", "T1001", "DHL")).ok
    assert made.do(DeliverParcel("1001")).ok
    yield made
    made.close()


def code(shop: Shop) -> str:
    return return_code(KEYS, SHOP, shop.rows(t.rma)[0]["id"])


def level(shop: Shop, sku: str, place: int) -> tuple[int, int]:
    (found,) = shop.rows(t.stock_level, sku=sku, location_id=place)
    return found["on_hand"], found["quality"]


def test_one_press_at_the_counter_takes_goods_back_and_makes_their_money_due(shop: Shop):
    lines = (
        CountedLine("mug-red", 2),
        CountedLine("tee-black-m", 1, shelf=False, condition="a stain"),
    )
    preview = shop.ask(ShowCounter("1001", ReturnHere("1001", lines=lines)), LEA)
    receipt = shop.do(ReturnHere("1001", lines=lines), LEA)
    assert receipt.ok, receipt
    assert receipt.facts["location"] == "HAM"
    assert level(shop, "mug-red", HAM) == (12, 0)
    assert level(shop, "tee-black-m", HAM) == (10, 1)
    (refund,) = shop.rows(t.refund)
    assert refund["amount"] == preview.refund == 3 * 1990
    found = shop.ask(ShowReturn("R1001-1"), LEA)  # from now on the store sees it
    assert (found.brief.status, found.brief.expected) == ("received", 0)
    again = shop.do(ReturnHere("1001", lines=(CountedLine("tee-black-m", 1),)), LEA)
    assert (again.code, len(shop.rows(t.refund))) == ("not_possible", 1)


def test_what_the_rules_do_not_allow_needs_a_lead_at_the_counter(shop: Shop):
    assert shop.do(SetPolicy("return_auto_approve_below", "1000"), OWNER).ok
    wanted = ReturnHere("1001", "mug-red", 1)
    refused = shop.do(wanted, LEA)
    assert (refused.code, shop.rows(t.rma)) == ("needs_decision", [])
    assert "return 1001" in refused.next
    assert shop.do(ReturnHere("1001", "mug-red", 1, "ham")).ok
    assert shop.rows(t.rma)[0]["decided_by"] == "Ann"


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (ReturnHere("1001"), "invalid"),
        (ReturnHere("1001", "mug-red", 4), "not_possible"),
        (ReturnHere("1001", "mug-red", -1), "not_possible"),
        (ReturnHere("1001", "mug-blue", 1), "invalid"),
        (ReturnHere("4711", "mug-red", 1), "not_found"),
        (ReturnHere("1001", "mug-red", 1, "ber"), "not_allowed"),
        (ReturnHere("1001", lines=(CountedLine("mug-red", 2), CountedLine("mug-red", 2))), ""),
    ],
)
def test_nonsense_at_the_counter_changes_nothing(shop: Shop, wanted: ReturnHere, code: str):
    receipt = shop.do(wanted, LEA)
    assert not receipt.ok
    assert receipt.outcome == "refused"
    assert not code or receipt.code == code
    assert (shop.rows(t.rma), shop.rows(t.refund)) == ([], [])
    assert level(shop, "mug-red", HAM) == (10, 0)


def test_a_place_that_takes_no_returns_says_who_does(shop: Shop):
    assert shop.do(ChangeLocation("vie", abilities=("returns",)), OWNER).ok
    refused = shop.do(ReturnHere("1001", "mug-red", 1), LEA)
    assert (refused.sentence, refused.next) == ("HAM takes no returns.", "Those that do: VIE.")


def test_a_code_opens_a_return_to_the_store_that_has_the_goods(shop: Shop):
    assert shop.do(RequestReturn("1001", "mug-red", 2)).ok
    assert shop.do(ReceiveReturn("R1001-1"), LEA).code == "not_found"
    spelled = f"{code(shop)[:3]}-{code(shop)[3:]}"
    receipt = shop.do(ConfirmReturn("r1001-1", spelled), LEA)
    assert (receipt.outcome, receipt.facts["location"]) == ("done", "HAM")
    assert shop.do(ConfirmReturn("R1001-1", code(shop)), LEA).ok  # twice is no harm
    assert [e["kind"] for e in shop.rows(t.event)].count("ReturnArrived") == 1
    assert level(shop, "mug-red", HAM) == (10, 0)
    assert shop.do(ReceiveReturn("R1001-1"), LEA).ok
    assert level(shop, "mug-red", HAM) == (12, 0)
    assert shop.do(ConfirmReturn("R1001-1", code(shop)), LEA).code == "not_possible"


def test_a_labeled_return_is_followed_until_it_lies_where_returns_go(shop: Shop):
    def scan(status: ParcelStatus, number: str = "RET-77001") -> Receipt:
        told = TrackingEvent(status, "Other", shop.clock())
        return shop.do(RecordTracking(number, (told,)), CARRIER)

    assert shop.do(LabelReturn("R1001-1", "DHL", "RET-77001")).code == "not_found"
    assert shop.do(RequestReturn("1001", "mug-red", 2)).ok
    assert scan(ParcelStatus.IN_TRANSIT).code == "not_yet"
    assert shop.do(LabelReturn("R1001-1", "DHL", "T1001")).code == "not_possible"  # the way out
    assert shop.do(LabelReturn("R1001-1", "DHL", "RET-77001")).ok
    assert scan(ParcelStatus.INFO_RECEIVED).ok
    assert shop.rows(t.rma)[0]["sent_at"] is None
    assert [scan(ParcelStatus.IN_TRANSIT).ok for _ in range(2)] == [True, True]
    shop.clock.advance(days=1)
    assert scan(ParcelStatus.DELIVERED).ok
    (rma,) = shop.rows(t.rma)
    assert (rma["arrived_location_id"], rma["status"]) == (BER, "approved")
    kinds = [row["kind"] for row in shop.rows(t.event)]
    assert (kinds.count("ReturnSent"), kinds.count("ReturnArrived")) == (1, 1)
    assert shop.do(ReceiveReturn("R1001-1", "ber")).ok
    assert shop.do(LabelReturn("R1001-1", "DHL", "RET-77002")).code == "not_possible"


def test_goods_that_nobody_counts_become_a_case_of_their_place_and_counting_ends_it(shop: Shop):
    scan, clock = ScanForCases(CaseKind.RETURN_UNCOUNTED), Caller(system(SHOP, "clock"), "clock")
    assert shop.do(RequestReturn("1001", "mug-red", 2)).ok
    assert shop.do(ConfirmReturn("R1001-1", code(shop)), LEA).ok
    shop.clock.advance(days=2)
    assert shop.do(scan, clock).ok
    assert shop.rows(t.cases, kind="return_uncounted") == []
    shop.clock.advance(seconds=1)
    assert shop.do(scan, clock).ok
    (case,) = shop.rows(t.cases, kind="return_uncounted")
    assert case["location_id"] == HAM
    assert case["title"] == "Return R1001-1 has lain at HAM for 2 days, and nobody has counted it."
    assert shop.do(ReceiveReturn("R1001-1"), LEA).ok
    assert shop.do(scan, clock).ok
    assert shop.rows(t.cases, kind="return_uncounted")[0]["state"] == "resolved"


def test_wrong_codes_are_counted_and_the_code_itself_is_kept_nowhere(shop: Shop):
    assert shop.do(RequestReturn("1001", "mug-red", 2)).ok
    wrong = f"{(int(code(shop)) + 1) % 10**6:06d}"
    codes = [shop.do(ConfirmReturn("R1001-1", wrong), LEA).code for _ in range(5)]
    assert codes == ["wrong_code"] * 5
    assert shop.do(ConfirmReturn("R1001-1", code(shop)), LEA).code == "too_many_codes"
    told = " ".join(row["arguments"] for row in shop.rows(t.audit))
    assert wrong not in told
    assert code(shop) not in told
    assert shop.rows(t.rma)[0]["arrived_at"] is None
    assert shop.do(ConfirmReturn("R9999-1", "123456"), LEA).code == "not_found"


def test_credit_at_the_counter_is_credit(shop: Shop):
    receipt = shop.do(ReturnHere("1001", "mug-red", 1, "ham", wish=Wish.CREDIT))
    assert receipt.ok, receipt
    assert shop.rows(t.refund)[0]["target"] == "credit"
    assert level(shop, "mug-red", BER) == (7, 0)


def test_a_receipt_that_was_used_is_refused_or_looked_at_as_the_shop_says(shop: Shop) -> None:
    """Default: no, with its reason. With `review`: nothing is booked, and a case explains why."""
    mugs = ReturnHere("1001", "mug-red", 2, location="ber")
    assert shop.do(mugs).ok
    for ask in (mugs, ReturnHere("1001", "poster-sun", 1, location="ber")):
        assert shop.do(ask).outcome == "refused"
    much = RefundOrder("1001", reason="999.00 sorry")
    assert shop.do(much).code == "over_refund"
    assert shop.rows(t.cases, kind="flagged_request") == []
    words = "receipt_reused review; never_bought review; above_paid review"
    assert shop.do(SetPolicy("return_flags", words), staff(Role.OWNER)).ok
    before = shop.rows(t.stock_level), shop.rows(t.refund), shop.rows(t.rma)
    seen = [
        shop.do(mugs),
        shop.do(RequestReturn("1001", "poster-sun", 1)),
        shop.do(much),
        shop.do(mugs),  # once more: still one case
    ]
    assert all(each.ok for each in seen)
    assert "came back" in seen[0].sentence
    assert "never bought" in seen[1].sentence
    assert "€999.00 is more than is left" in seen[2].sentence
    assert (shop.rows(t.stock_level), shop.rows(t.refund), shop.rows(t.rma)) == before
    assert len(shop.rows(t.cases, kind="flagged_request")) == 3
    wrong = shop.do(SetPolicy("return_flags", "never_bought ignore"), staff(Role.OWNER))
    assert wrong.outcome == "refused"


def test_an_orders_number_finds_its_one_open_return(shop: Shop) -> None:
    assert "No return of order 1001" in shop.do(ConfirmOrderReturn("1001", "1"), LEA).sentence
    assert shop.do(RequestReturn("1001", "mug-red", 1)).ok
    wrong = shop.do(ConfirmOrderReturn("1001", "000000", "ham"), LEA)
    assert wrong.outcome == "refused"
    assert shop.do(ConfirmOrderReturn("1001", code(shop), "ham"), LEA).facts["return"] == "R1001-1"
    assert shop.do(RequestReturn("1001", "tee-black-m", 1)).ok
    both = shop.do(ConfirmOrderReturn("1001", code(shop), "ham"), LEA)
    assert both.next == "`boris R1001-1 <code>` or `boris R1001-2 <code>`?"


def test_codes_are_guessed_five_times_by_whichever_number(shop: Shop) -> None:
    assert shop.do(RequestReturn("1001", "mug-red", 1)).ok
    for number in ("1001", "#1001", " 1001"):
        assert shop.do(ConfirmOrderReturn(number, "000000", "ham"), LEA).code == "wrong_code"
    for number in ("R1001-1", "r1001-1"):
        assert shop.do(ConfirmReturn(number, "000000", "ham"), LEA).code == "wrong_code"
    for ask in (ConfirmOrderReturn("1001", code(shop)), ConfirmReturn("R1001-1", code(shop))):
        assert shop.do(ask, LEA).code == "too_many_codes"
