"""A shop's return rules at work: versions, kept terms, fees, kept goods, and what runs out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.commands.receiving import CountedLine, ReceiveReturn
from core.commands.return_decisions import (
    ApproveReturn,
    CancelOwnReturn,
    CancelReturn,
    ChangeWish,
    WaiveReturnFee,
)
from core.commands.return_expiry import ExpireReturns
from core.commands.return_rules import (
    ActivateReturnRules,
    DraftReturnRules,
    PutReturnRules,
    RollBackReturnRules,
)
from core.commands.returned_goods import MoveReturnOn
from core.commands.returns import RequestReturn
from core.db import tables as t
from core.domain.access import Role, system
from core.domain.returning.dispositions import Disposition
from core.domain.returns import ReturnReason, Wish
from core.engine import Caller
from core.queries.orders import ShowOrder
from core.queries.return_rules import DiffReturnRules, ShowReturnRules
from core.queries.returns import ListReturns, ShowReturn
from tests.commands.test_returns import customer_of, deliver, events, line, on_hand, open_cases
from tests.shop import BER, SHOP, Shop, make_shop, staff

OWNER = staff(Role.OWNER, "Olga")
CLOCK = Caller(system(SHOP, "clock"), "clock")


@pytest.fixture
def shop(database):
    """Order 1001 (three red mugs, one tee) has been delivered by BER."""
    shop = make_shop(database)
    shop.place(1001, ("mug-red", 3), ("tee-black-m", 1))
    deliver(shop, 1001)
    yield shop
    shop.close()


def rule(shop: Shop, **then) -> None:
    document = {"name": "Rules", "rules": [{"name": "All", "then": then}]}
    put(shop, document)


def put(shop: Shop, document: dict) -> None:
    number = shop.do(PutReturnRules(document), OWNER).facts["number"]
    assert shop.do(ActivateReturnRules(number), OWNER).ok


def items(shop: Shop) -> list[list[tuple[str, int]]]:
    views = [r.items for r in shop.engine.read(lambda s: refunds(s, shop))]
    return [[(i.kind.value, i.amount) for i in one] for one in views]


def refunds(session, shop: Shop):
    from core.db.refunds import refunds_of

    return refunds_of(session, shop.rows(t.orders, number="1001")[0]["id"])


def level(shop: Shop, sku: str = "mug-red") -> dict:
    return shop.rows(t.stock_level, sku=sku, location_id=BER)[0]


def test_rules_are_versions_that_can_be_compared_and_taken_back(shop):
    assert shop.do(DraftReturnRules("two-weeks"), OWNER).ok
    assert shop.do(ActivateReturnRules(1), OWNER).ok
    assert shop.do(DraftReturnRules("vip-longer two-weeks"), OWNER).facts["number"] == 2
    added = shop.ask(DiffReturnRules(2)).lines
    assert added[0].startswith("-1. Two weeks")
    assert added[1].startswith("+1. VIPs have longer")
    shop.do(ActivateReturnRules(2), OWNER)
    assert shop.do(ActivateReturnRules(2), OWNER).code == "already"
    assert shop.do(RollBackReturnRules(), OWNER).sentence.startswith("Version 1")
    view = shop.ask(ShowReturnRules())
    assert (view.number, view.state, [v.state for v in view.versions]) == (
        1,
        "active",
        ["archived", "active"],
    )
    assert shop.do(DraftReturnRules("nonsense"), OWNER).code == "invalid"
    assert shop.do(DraftReturnRules("two-weeks")).code == "not_allowed"


def test_a_line_that_is_no_longer_allowed_is_left_out_and_the_others_come_back(shop):
    final = {"name": "Tees", "when": {"skus": ["tee-black-m"]}, "then": {"final_sale": True}}
    put(shop, {"name": "Rules", "rules": [final]})
    receipt = shop.do(RequestReturn("1001"))
    assert receipt.facts["status"] == "approved"
    assert "final sale" in receipt.sentence
    assert (line(shop).return_requested, line(shop, "tee-black-m").return_requested) == (3, 0)
    shop.do(ReceiveReturn("R1001-1"))
    assert line(shop, "tee-black-m").return_received == 0
    # and alone it is rejected, until somebody says why not
    shop.do(RequestReturn("1001", "tee-black-m"))
    refused = shop.do(ApproveReturn("R1001-2"))
    assert refused.code == "needs_reason"
    assert line(shop, "tee-black-m").return_requested == 0
    assert shop.do(ApproveReturn("R1001-2", "a regular")).facts["overruled"] is True
    view = shop.ask(ShowReturn("R1001-2"))
    assert (view.brief.status, view.decided_by, view.decision) == ("approved", "Ann", "a regular")
    assert line(shop, "tee-black-m").return_requested == 1


def test_the_fee_is_taken_once_and_the_terms_stay_as_they_were_promised(shop):
    rule(shop, fee=300, fee_percent=10)
    shop.do(RequestReturn("1001", "mug-red", 3))
    rule(shop, fee=5000)
    shop.do(ReceiveReturn("R1001-1", sku="mug-red", quantity=1))
    shop.do(ReceiveReturn("R1001-1", sku="mug-red", quantity=2))
    assert items(shop) == [
        [("line", 1990), ("fee", -499)],
        [("line", 3980), ("fee", -398)],
    ]
    assert sum(x["amount"] for x in shop.rows(t.refund)) == 5970 - 897


def test_a_fee_is_waived_by_somebody_who_says_why(shop):
    rule(shop, fee=300, label="customer", label_cost=490)
    shop.do(RequestReturn("1001", "mug-red", 1))
    assert shop.do(WaiveReturnFee("R1001-1", " ")).code == "invalid"
    assert shop.do(WaiveReturnFee("R1001-1", "a regular")).ok
    assert shop.do(WaiveReturnFee("R1001-1", "again")).code == "not_possible"
    shop.do(ReceiveReturn("R1001-1"))
    assert items(shop) == [[("line", 1990)]]
    assert shop.do(WaiveReturnFee("R1001-1", "x"), staff(Role.SUPPORT)).code == "not_allowed"


def test_small_things_are_refunded_and_kept(shop):
    rule(shop, keep_below=2000)
    receipt = shop.do(RequestReturn("1001", "mug-red", 1))
    assert "You can keep the goods" in receipt.sentence
    assert (line(shop).return_requested, line(shop).return_kept) == (0, 1)
    assert [x["amount"] for x in shop.rows(t.refund)] == [1990]
    assert shop.do(ReceiveReturn("R1001-1")).code == "not_possible"
    assert shop.do(CancelReturn("R1001-1")).code == "not_possible"
    assert line(shop).returnable == 2
    assert "ReturnKept" in events(shop)


def test_money_waits_for_inspection_and_goods_for_their_place(shop):
    rule(shop, refund_on="inspection")
    before = on_hand(shop, "mug-red")
    shop.do(RequestReturn("1001", "mug-red", 3))
    counted = (
        CountedLine("mug-red", 2, disposition=Disposition.QUARANTINE, photos=("sha256:1f",)),
        CountedLine("mug-red", 1, disposition=Disposition.MISSING),
    )
    receipt = shop.do(ReceiveReturn("R1001-1", lines=counted))
    assert "refunded" not in receipt.sentence
    assert shop.rows(t.refund) == []
    assert (level(shop)["quality"], on_hand(shop, "mug-red")) == (2, before)
    assert (line(shop).return_requested, line(shop).returnable) == (0, 1)
    assert len(open_cases(shop, "return_missing")) == 1
    # one is fine, the other is sent back: it is not paid for
    moved = shop.do(MoveReturnOn("R1001-1", "mug-red", 1, Disposition.RESTOCK))
    assert "€19.90 is to be refunded" in moved.sentence
    assert on_hand(shop, "mug-red") == before + 1
    shop.do(
        MoveReturnOn("R1001-1", "mug-red", 1, Disposition.SEND_BACK, Disposition.QUARANTINE, "worn")
    )
    assert (level(shop)["quality"], len(shop.rows(t.refund))) == (0, 1)
    again = MoveReturnOn("R1001-1", "mug-red", 1, Disposition.RESTOCK, Disposition.QUARANTINE)
    assert shop.do(again).code == "not_possible"


def test_what_is_promised_to_somebody_else_does_not_move_off_the_shelf(shop):
    shop.place(1002, ("mug-red", 20))
    shop.do(RequestReturn("1001", "mug-red", 3))
    shop.do(ReceiveReturn("R1001-1"))
    refused = shop.do(MoveReturnOn("R1001-1", "mug-red", 1, Disposition.REFURBISH))
    assert refused.code == "short"
    assert sum(x["quantity"] for x in shop.rows(t.return_disposition)) == 3
    assert "ReturnMovedOn" not in events(shop)


def test_credit_is_worth_more_and_other_goods_cost_no_money(shop):
    rule(shop, resolutions=["refund", "exchange", "credit"], bonus_percent=10)
    shop.do(RequestReturn("1001", "mug-red", 1, wish=Wish.EXCHANGE))
    shop.do(ReceiveReturn("R1001-1"))
    assert shop.rows(t.refund) == []
    assert len(open_cases(shop, "return_swap")) == 1
    assert shop.do(ChangeWish("R1001-1", Wish.CREDIT)).ok
    assert items(shop) == [[("line", 1990), ("bonus", 199)]]
    assert shop.do(ChangeWish("R1001-1", Wish.REFUND)).code == "not_possible"
    # credit is paid in the same moment: with the last of the goods the return is over
    shop.do(RequestReturn("1001", "mug-red", 1, wish=Wish.CREDIT))
    assert shop.do(ReceiveReturn("R1001-2")).facts["status"] == "refunded"


def test_an_approved_return_is_called_to_mind_and_then_over(shop):
    shop.do(RequestReturn("1001", "mug-red", 2))
    shop.clock.advance(days=13)
    assert shop.do(ExpireReturns(), CLOCK).facts["reminded"] == 0
    shop.clock.advance(days=1)
    assert shop.do(ExpireReturns(), CLOCK).facts["reminded"] == 1
    assert shop.do(ExpireReturns(), CLOCK).facts["reminded"] == 0
    shop.clock.advance(days=9, hours=23)  # what was sent on the last day may still come
    assert shop.do(ExpireReturns(), CLOCK).facts["ended"] == 0
    open_ = shop.ask(ShowReturn("R1001-1"))
    assert open_.expires_at - open_.send_by_at == timedelta(days=3)
    shop.clock.advance(hours=1)
    assert shop.do(ExpireReturns(), CLOCK).facts["ended"] == 1
    view = shop.ask(ShowReturn("R1001-1"))
    assert (view.brief.status, view.actions) == ("expired", ())
    assert (line(shop).return_requested, line(shop).returnable) == (0, 3)
    assert shop.ask(ListReturns()).returns == ()
    assert shop.do(ExpireReturns(), CLOCK).facts["ended"] == 0


def test_customers_take_back_their_own_return_and_nobody_elses(shop):
    shop.place(1002, ("mug-blue", 1), email="bo@example.org")
    shop.do(RequestReturn("1001", "mug-red", 1))
    assert shop.do(CancelOwnReturn("R1001-1"), customer_of(shop, "1002")).code == "not_found"
    assert shop.do(CancelOwnReturn("R1001-1"), customer_of(shop)).ok
    assert line(shop).returnable == 3
    shop.do(RequestReturn("1001", "mug-red", 2))
    shop.do(ReceiveReturn("R1001-2", sku="mug-red", quantity=1))
    assert shop.do(CancelOwnReturn("R1001-2"), customer_of(shop)).code == "not_possible"


def test_defective_goods_need_a_photo_where_the_rules_say_so(shop):
    rule(shop, photo=True)
    asked = RequestReturn("1001", "mug-red", 1, ReturnReason.DEFECTIVE)
    assert shop.do(asked).facts["status"] == "requested"
    seen = RequestReturn("1001", "mug-red", 1, ReturnReason.DEFECTIVE, photos=("sha256:9c",))
    assert shop.do(seen).facts["status"] == "approved"
    assert shop.ask(ShowOrder("1001")).return_status == "requested"
