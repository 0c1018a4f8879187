"""Store credit through the engine: given, shown, taken, expired, and never more than there is."""

from __future__ import annotations

import pytest

from core.commands.cases import ResolveCase
from core.commands.choosing import Units
from core.commands.credit_approving import ApproveCredit
from core.commands.crediting import AddCredit, ExpireCredit, TakeCredit, UseCredit
from core.commands.orders import CancelOrder
from core.commands.payment_news import CapturePayment
from core.commands.setup import SetPolicy
from core.commands.undo import UndoLast
from core.db import tables as t
from core.domain.access import Actor, Role, system
from core.engine import Caller
from core.queries.credit import ShowCredit, ShowOwnCredit
from tests.shop import CHANNEL, SHOP, Shop, make_shop, staff

CLOCK = Caller(system(SHOP, "clock"), "clock")
WHO = "Anna@example.org"


@pytest.fixture
def shop(database):
    shop = make_shop(database)
    shop.place(1001, ("mug-red", 1))
    yield shop
    shop.close()


def left(shop: Shop, who: str = WHO) -> list[tuple[str, int]]:
    return [(x.currency, x.balance) for x in shop.ask(ShowCredit(who)).balances]


def open_cases(shop: Shop) -> list[str]:
    return [row["kind"] for row in shop.rows(t.cases) if row["state"] != "resolved"]


def test_credit_is_given_shown_taken_back_and_never_owed(shop):
    given = shop.do(AddCredit(WHO, "5.00", "sorry"))
    assert given.sentence == "€5.00 of credit is added. The balance is €5.00."
    assert "example" not in str(shop.rows(t.audit)[-1]["arguments"])
    assert shop.do(AddCredit("1001", "2.50", "a gift")).facts["balance"] == 750
    assert shop.do(UndoLast()).ok
    assert left(shop) == [("EUR", 500)]
    refused = shop.do(TakeCredit(WHO, "5.01", "a mistake"))
    assert (refused.code, refused.next) == ("over_credit", "Use €5.00 or less.")
    assert shop.do(TakeCredit(WHO, "5.00", "a mistake")).ok
    assert shop.do(TakeCredit(WHO, "0.01", "a mistake")).code == "over_credit"
    assert [row["kind"] for row in shop.rows(t.credit_entry)] == [
        "issued",
        "issued",
        *["corrected"] * 2,
    ]
    assert shop.do(AddCredit(WHO, "0", "nothing")).code == "invalid"
    assert shop.do(AddCredit(WHO, "1", "please"), staff(Role.SUPPORT)).code == "not_allowed"


def test_one_person_gives_a_customer_only_so_much(shop):
    assert shop.do(SetPolicy("credit_alone_up_to", "1000"), staff(Role.OWNER)).ok
    assert shop.do(AddCredit(WHO, "6.00", "sorry")).ok
    over = shop.do(AddCredit("1001", "4.01", "sorry"))  # the same customer, by another name
    assert over.sentence == "€4.01 of credit wait for a second person; nothing is given yet."
    assert shop.do(UndoLast()).ok
    assert open_cases(shop) == []
    (asked,) = [shop.do(AddCredit("1001", "4.01", "sorry")).facts["case"]]
    assert open_cases(shop) == ["credit_approval"]
    assert left(shop) == [("EUR", 600)]
    assert shop.do(ApproveCredit(asked)).code == "own_credit"
    ben = staff(Role.LEAD, "Ben")
    assert shop.do(ApproveCredit(asked), staff(Role.SUPPORT)).code == "not_allowed"
    assert shop.do(ApproveCredit(asked), ben).facts["balance"] == 1001
    assert shop.do(ApproveCredit(asked), ben).outcome == "refused"
    assert (open_cases(shop), left(shop)) == ([], [("EUR", 1001)])
    declined = shop.do(AddCredit(WHO, "90.00", "much")).facts["case"]
    assert shop.do(ResolveCase(declined, "too much"), ben).ok
    assert shop.do(ApproveCredit(declined), ben).outcome == "refused"
    assert shop.do(TakeCredit(WHO, "4.01", "for the sum"), ben).ok
    assert shop.do(AddCredit(WHO, "4.00", "sorry")).ok
    assert shop.do(UndoLast()).ok  # what was taken back is not counted
    assert shop.do(AddCredit(WHO, "4.00", "sorry")).ok
    assert shop.do(AddCredit(WHO, "9.00", "sorry"), staff(Role.LEAD, "Ben")).ok
    assert left(shop) == [("EUR", 1900)]
    shop.clock.advance(days=31)
    assert shop.do(AddCredit(WHO, "1.00", "sorry")).ok


def test_credit_ends_on_its_day_even_before_the_clock_has_looked(shop):
    assert shop.do(SetPolicy("credit_days", "30"), staff(Role.OWNER)).ok
    shop.do(AddCredit(WHO, "5.00", "sorry"))
    shop.clock.advance(days=29)
    shop.do(AddCredit(WHO, "2.00", "sorry again"))
    shop.clock.advance(days=1)
    assert left(shop) == [("EUR", 200)]
    assert shop.do(TakeCredit(WHO, "2.01", "a mistake")).code == "over_credit"
    assert shop.do(ExpireCredit(), CLOCK).facts["expired"] == 1
    assert shop.do(ExpireCredit(), CLOCK).facts["expired"] == 0
    assert left(shop) == [("EUR", 200)]
    customer_id = shop.rows(t.customer)[0]["id"]
    own = Actor(Role.CUSTOMER, SHOP, "customer", "Anna", customer_id=customer_id)
    assert shop.ask(ShowOwnCredit(), Caller(own, "chat")).balances == (("EUR", 200),)


def test_credit_pays_orders_once_and_a_refund_of_it_is_credit_again(shop):
    shop.do(AddCredit(WHO, "25.00", "a gift"))
    paid = CapturePayment("credit", "checkout-7", 500, 500)
    bought = shop.order(1002, ("mug-red", 1), captured=0, payments=(paid,))
    assert shop.do(bought, CHANNEL).ok
    assert shop.do(bought, CHANNEL).ok
    assert left(shop) == [("EUR", 2000)]
    used = shop.do(UseCredit("1002"))
    assert used.sentence == "€14.90 of credit pay order 1002; €0.00 are left to pay."
    assert left(shop) == [("EUR", 510)]
    assert shop.do(UseCredit("1002")).code == "not_possible"
    assert shop.do(CancelOrder("1002", "changed mind", (Units("mug-red", 1),))).ok
    assert left(shop) == [("EUR", 2500)]
    dear = CapturePayment("credit", "checkout-8", 2501, 2501)
    refused = shop.do(shop.order(1003, ("mug-red", 1), captured=0, payments=(dear,)), CHANNEL)
    assert refused.code == "over_credit"
    assert shop.rows(t.orders, number="1003") == []
