"""Money as staff type, read and press it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot import desk as staff_desk
from bot.bridge import House
from bot.presentation.model import Action, Card
from bot.presentation.plain import all_as_text
from core.commands.disputing import RecordDispute
from core.domain.access import Role
from core.domain.disputes import DisputeState
from tests.shop import CHANNEL, SHOPIFY, Shop, staff
from tests.surfaces.desk_story import ask, desk_house

OLGA, SUE = staff(Role.OWNER, "Olga"), staff(Role.SUPPORT, "Sue")
Desk = tuple[House, Shop]


@pytest.fixture
def desk(sqlite_database: str) -> Iterator[Desk]:
    with desk_house(sqlite_database) as (house, shop):
        lines = (("sock-grey", 2), ("mug-red", 1))
        shop.place(2001, *lines, shipping=490, total=6460, captured=6460)
        yield house, shop


def said(desk: Desk, text: str) -> str:
    return all_as_text(ask(desk[0], text, OLGA))


def press(desk: Desk, action: Action) -> str:
    seen = replace(OLGA, version=action.version)
    work = staff_desk.press(desk[0], action.verb, action.arguments, seen)
    return all_as_text(asyncio.run(work))


def test_a_refund_is_shown_and_made_by_its_button_once(desk: Desk) -> None:
    (card,) = ask(desk[0], "refund 2001 sock-grey 1", OLGA)
    assert isinstance(card, Card)
    text = all_as_text([card])
    assert "Refund of order 2001: €19.90" in text
    assert "1 × sock-grey: €19.90" in text
    assert "€19.90: paid out by a person, who records the reference" in text
    assert "Nothing has moved yet." in text
    assert "€19.90 of order 2001 goes back." in press(desk, card.actions[0])
    assert "goes back" not in press(desk, card.actions[0])  # the second of two clicks
    money = said(desk, "money 2001")
    assert "€19.90 due just now" in money
    assert "recorded as refunded" in said(desk, "refunded 2001 bank-7")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("refund 2001 shipping", "Shipping: €4.90"),
        ("refund 2001 all", "Refund of order 2001: €64.60"),
        ("refund 2001 5.00 late parcel", "An amount beside the goods: €5.00"),
        ("refund 2001 5,00 EUR late parcel", "An amount beside the goods: €5.00"),
        ("refund 2001 mug-red 1 credit", "store credit"),
        ("refund 2001 5.00", "needs a reason"),
        ("refund 2001 65.00 too late", "At most €64.60 can go back."),
        ("refund 2001 5.00 USD late", "The order is in EUR, not USD."),
        ("refund 2001", "Say what goes back."),
        ("refund 2001 sock-grey 3", "2 can be refunded, not 3"),
    ],
)
def test_what_can_be_typed_after_refund(desk: Desk, text: str, shown: str) -> None:
    assert shown in said(desk, text)
    assert "goes back" not in said(desk, "money 2001")


def test_support_asks_and_a_lead_approves(desk: Desk) -> None:
    (card,) = ask(desk[0], "refund 2001 all", SUE)
    assert isinstance(card, Card)
    assert "A second person has to approve this amount." in all_as_text([card])
    assert card.actions[0].label == "Ask for Approval €64.60"
    done = all_as_text(ask(desk[0], "refund now 2001 all", SUE))
    assert "once a second person approves it" in done
    assert "€64.60 waits for approval" in said(desk, "money 2001")


def test_the_same_refund_typed_twice_is_asked_about(desk: Desk) -> None:
    assert "€5.00 of order 2001 goes back." in said(desk, "refund now 2001 5.00 late parcel")
    desk[1].clock.advance(minutes=3)
    answers = ask(desk[0], "refund now 2001 5.00 sorry", OLGA)
    text = all_as_text(answers)
    assert "€5.00 of order 2001 was given back 3 minutes ago" in text
    assert "`refund now 2001 again 5.00 sorry`" in text
    assert "A refund like this one was made 3 min ago" in text
    assert "[?] €5.00" in said(desk, "money 2001")
    card = answers[-1]
    assert isinstance(card, Card)
    assert card.actions[0].label == "Refund €5.00 Once More"
    assert "€5.00 of order 2001 goes back." in press(desk, card.actions[0])
    assert "goes back" in said(desk, "refund now 2001 sock-grey 1")
    assert "`refund now 2001 sock-grey 1 again`" in said(desk, "refund now 2001 sock-grey 1")
    assert "goes back" in said(desk, "refund now 2001 sock-grey 1 again")
    desk[1].clock.advance(minutes=15)
    assert "goes back" in said(desk, "refund now 2001 5.00 sorry")


def test_much_credit_waits_for_a_second_person(desk: Desk) -> None:
    asked = said(desk, "credit add 2001 600.00 a fire")
    assert "€600.00 of credit wait for a second person; nothing is given yet." in asked
    assert "[Approve Credit] [Show Credit]" in asked
    number = re.search(r"Case (\d+)", asked)
    assert number is not None
    assert "needs the approval of a second person" in said(desk, f"approve credit {number[1]}")
    ben = all_as_text(ask(desk[0], f"approve credit C-{number[1]}", staff(Role.LEAD, "Ben")))
    assert "€600.00 of credit is added." in ben
    assert "Olga, approved by Ben" in said(desk, "credit 2001")


def test_goods_do_not_go_out_beside_a_chargeback_without_a_question(desk: Desk) -> None:
    for text in ("picked 2001", "shipped 2001", "delivered 2001"):
        said(desk, text)
    now = desk[1].clock()
    told = RecordDispute(
        SHOPIFY, "d1", 1990, "EUR", DisputeState.OPEN, now, order="gid-2001", reason="fraudulent"
    )
    assert desk[1].do(told, CHANNEL).ok
    warning = "The customer's bank has asked back €19.90 of order 2001."
    no = said(desk, "resend 2001 mug-red 1 damaged")
    assert warning in no
    assert "`resend 2001 mug-red 1 damaged again`" in no
    no = said(desk, "exchange 2001 sock-grey 1 first for mug-blue")
    assert warning in no
    assert "No return is open." in said(desk, "returns")
    assert warning in said(desk, "claim 2001 mug-red 1 damaged") + said(desk, "CL2001-1")
    assert "wants a replacement" in said(desk, "CL2001-1")
    assert "goes out again as 2001-R1" in said(desk, "accept claim CL2001-1")
    assert "as 2001-X1 now" in said(desk, "exchange 2001 sock-grey 1 first again for mug-blue")
    assert "goes out again as 2001-R2" in said(desk, "resend 2001 sock-grey 1 damaged again")
    held = said(desk, "exchange 2001 sock-grey 1 for mug-blue")
    assert "when return R2001-2 has arrived" in held  # the old goods come first: no question


def test_a_payment_is_asked_for_and_recorded(desk: Desk) -> None:
    assert "is asked for €5.00" in said(desk, "request payment 2001 5.00 express delivery")
    assert "€5.00 open until" in said(desk, "money 2001")
    assert "€5.00 more are asked of the customer" in said(desk, "show 2001")
    assert "is recorded as paid" in said(desk, "paid 2001 bank-9")
    assert "€5.00 paid, bank-9: express delivery" in said(desk, "money 2001")


def test_a_sku_with_a_blank_is_no_reason(desk: Desk) -> None:
    for verb in ("refund", "cancel"):
        assert f"Write `{verb} 2001 mug-red 1`." in said(desk, f"{verb} 2001 mug red 1")
    assert "CANCELED" not in said(desk, "2001")
    assert said(desk, "money 2001") == said(desk, "payments 2001")
