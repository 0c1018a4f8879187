"""Claims from the wish to the replacement or the money, exactly once, and what looks wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.commands.choosing import Units
from core.commands.claims import AcceptClaim, ClaimOrder, ClaimOwnOrder, RejectClaim
from core.commands.fulfillment import ShipWork
from core.commands.orders import CancelOrder
from core.commands.returns import RequestReturn
from core.commands.setup import SetPolicy
from core.commands.tracking import DeliverParcel
from core.db import tables as t
from core.domain.access import Actor, Role
from core.domain.claims import ClaimReason, Remedy
from core.engine import Caller
from core.queries.orders import ShowOrder
from tests.shop import SHOP, Shop, make_shop, staff

SUPPORT = staff(Role.SUPPORT, "Mia")
OWNER = staff(Role.OWNER, "Olga")
PHOTO, OTHER = "a" * 64, "b" * 64


@pytest.fixture
def shop(database: str) -> Iterator[Shop]:
    """Order 1001 (three red mugs, one tee) has been delivered."""
    made = make_shop(database)
    arrived(made, 1001)
    yield made
    made.close()


def arrived(shop: Shop, number: int, *, delivered: bool = True) -> None:
    assert shop.place(number, ("mug-red", 3), ("tee-black-m", 1)).ok
    assert shop.do(ShipWork(str(number), f"T{number}", "DHL")).ok
    if delivered:
        assert shop.do(DeliverParcel(str(number))).ok


def claimed(shop: Shop, number: str = "1001") -> dict[str, int]:
    return {x.sku: x.returnable for x in shop.ask(ShowOrder(number)).lines}


def test_a_small_claim_sends_the_goods_again_at_once_and_only_once(shop: Shop):
    receipt = shop.do(
        ClaimOrder("1001", ClaimReason.DAMAGED, (Units("mug-red", 1),), note="broken"), SUPPORT
    )
    assert receipt.facts["status"] == "settled", receipt
    assert receipt.facts["replacement"] == "1001-R1"
    assert claimed(shop) == {"mug-red": 2, "tee-black-m": 1}
    assert shop.rows(t.refund) == []
    (made,) = shop.rows(t.claim)
    assert (made["remedy"], made["result"], made["decided_by"]) == (
        "replacement",
        "1001-R1",
        "policy",
    )
    too_many = shop.do(RequestReturn("1001", "mug-red", 3))
    assert (too_many.code, len(shop.rows(t.rma))) == ("not_possible", 0)


def test_a_dear_claim_waits_for_somebody_who_may_choose_the_money(shop: Shop):
    asked = shop.do(ClaimOrder("1001", ClaimReason.DAMAGED), SUPPORT)
    assert asked.facts["status"] == "requested"
    (case,) = shop.rows(t.cases, kind="claim_decision")
    assert case["title"] == "Claim CL1001-1: 3 × mug-red, 1 × tee-black-m damaged."
    assert shop.do(AcceptClaim("CL1001-1"), SUPPORT).code == "not_allowed"
    done = shop.do(AcceptClaim("cl1001-1", Remedy.REFUND))
    assert done.ok, done
    (refund,) = shop.rows(t.refund)
    assert (refund["amount"], refund["claim_id"]) == (4 * 1990, shop.rows(t.claim)[0]["id"])
    assert shop.rows(t.cases, kind="claim_decision")[0]["state"] == "resolved"
    assert shop.do(AcceptClaim("CL1001-1")).code == "not_possible"
    assert shop.do(RejectClaim("CL1001-1", "no")).code == "not_possible"
    assert len(shop.rows(t.refund)) == 1


def test_a_rejected_claim_gives_its_units_back(shop: Shop):
    assert shop.do(ClaimOrder("1001", ClaimReason.DAMAGED), SUPPORT).ok
    assert claimed(shop) == {"mug-red": 0, "tee-black-m": 0}
    assert shop.do(RejectClaim("CL1001-1", " ")).code == "invalid"
    assert shop.do(RejectClaim("CL1001-1", "the photo shows another mug")).ok
    assert claimed(shop) == {"mug-red": 3, "tee-black-m": 1}
    assert shop.do(RequestReturn("1001")).ok


def test_what_never_came_can_be_claimed_before_it_is_delivered_and_nothing_else(shop: Shop):
    arrived(shop, 1002, delivered=False)
    assert shop.do(ClaimOrder("1002", ClaimReason.DAMAGED)).code == "not_possible"
    assert shop.do(ClaimOrder("1002", ClaimReason.LOST, wish=Remedy.REFUND)).ok
    assert shop.do(ClaimOrder("1002", ClaimReason.LOST)).code == "not_possible"


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (ClaimOrder("1001", ClaimReason.LOST, (Units("mug-red", 4),)), "not_possible"),
        (ClaimOrder("1001", ClaimReason.LOST, (Units("mug-red", 0),)), "not_possible"),
        (ClaimOrder("1001", ClaimReason.LOST, (Units("mug-blue", 1),)), "invalid"),
        (ClaimOrder("4711", ClaimReason.LOST), "not_found"),
        (ClaimOrder("1001", ClaimReason.LOST, photos=("me.jpg",)), "invalid"),
        (AcceptClaim("CL1001-1"), "not_found"),
    ],
)
def test_nonsense_claims_nothing(shop: Shop, ask: object, code: str):
    assert shop.do(ask).code == code
    assert (shop.rows(t.claim), shop.rows(t.refund)) == ([], [])


def test_customers_claim_only_their_own(shop: Shop):
    shop.place(1002, ("mug-red", 1), email="eve@example.org")
    mine, eves = (shop.rows(t.orders, number=n)[0]["customer_id"] for n in ("1001", "1002"))
    anna, eve = (
        Caller(Actor(Role.CUSTOMER, SHOP, f"customer:{i}", "Who", customer_id=i), "chat")
        for i in (mine, eves)
    )
    one = (Units("mug-red", 1),)
    assert shop.do(ClaimOwnOrder("1001", ClaimReason.DAMAGED, one), eve).code == "not_found"
    assert shop.do(ClaimOwnOrder("1001", ClaimReason.DAMAGED, one), anna).ok
    assert shop.rows(t.claim)[0]["requested_by"] == "customer"


def test_the_same_photo_again_is_looked_at_or_denied_with_a_neutral_word(shop: Shop):
    arrived(shop, 1002)
    arrived(shop, 1003)
    one = (Units("mug-red", 1),)
    assert shop.do(ClaimOrder("1001", ClaimReason.DAMAGED, one, photos=(PHOTO,))).ok
    again = shop.do(ClaimOrder("1002", ClaimReason.DAMAGED, one, photos=(PHOTO, OTHER)))
    assert again.facts["status"] == "requested"
    (case,) = shop.rows(t.cases, kind="claim_decision")
    assert "The same photo was sent before, for order 1001." in case["facts"]
    back = shop.do(RequestReturn("1003", "mug-red", 1, photos=(OTHER,)))
    assert back.facts["status"] == "requested"
    assert "for order 1002" in shop.rows(t.cases, kind="return_decision")[0]["facts"]
    assert shop.do(SetPolicy("return_flags", "same_photo deny"), OWNER).ok
    denied = shop.do(ClaimOrder("1003", ClaimReason.DAMAGED, one, photos=(PHOTO,)))
    assert denied.facts["status"] == "rejected"
    assert "photo" not in shop.rows(t.claim, number="CL1003-1")[0]["decision"]
    turned = shop.do(RequestReturn("1003", "tee-black-m", 1, photos=(PHOTO,)))
    assert turned.facts["status"] == "rejected"
    assert "photo" not in turned.sentence


def test_a_replacement_canceled_in_part_leaves_an_open_claim_of_just_that(shop: Shop):
    assert shop.do(SetPolicy("claim_auto_below", "100000"), OWNER).ok
    asked = ClaimOrder("1001", ClaimReason.DAMAGED, (Units("mug-red", 3), Units("tee-black-m", 1)))
    assert shop.do(asked).facts["replacement"] == "1001-R1"
    part = shop.do(CancelOrder("1001-R1", units=(Units("mug-red", 1),)))
    assert part.ok
    assert not part.can_undo
    states = {row["number"]: row["status"] for row in shop.rows(t.claim)}
    assert states == {"CL1001-1": "settled", "CL1001-2": "requested"}
    units = [(row["sku"], row["quantity"]) for row in shop.rows(t.claim_line)]
    assert sorted(units) == [("mug-red", 1), ("mug-red", 2), ("tee-black-m", 1)]
    paid = shop.do(AcceptClaim("CL1001-2", Remedy.REFUND))
    assert paid.ok, paid
    assert [row["amount"] for row in shop.rows(t.refund)] == [1990]
    assert shop.do(CancelOrder("1001-R1")).ok
    assert shop.rows(t.claim, number="CL1001-1")[0]["status"] == "requested"
    assert shop.do(AcceptClaim("CL1001-1")).facts["replacement"] == "1001-R2"


@pytest.mark.parametrize("remedy", list(Remedy))
def test_goods_made_good_as_lost_that_arrive_after_all_are_a_case(shop: Shop, remedy: Remedy):
    arrived(shop, 1002, delivered=False)
    assert shop.do(ClaimOrder("1002", ClaimReason.LOST, (Units("mug-red", 1),), remedy)).ok
    assert shop.do(ClaimOrder("1002", ClaimReason.LOST)).facts["status"] == "requested"
    assert shop.rows(t.cases, kind="claim_arrived") == []
    assert shop.do(DeliverParcel("1002")).ok
    (case,) = shop.rows(t.cases, kind="claim_arrived")
    how = "paid back" if remedy is Remedy.REFUND else "sent again as 1002-R1"
    assert case["title"] == f"Order 1002: 1 × mug-red {how} as lost has arrived after all."
    (waiting,) = shop.rows(t.cases, kind="claim_decision")
    assert "The parcel has arrived after all." in waiting["facts"]
