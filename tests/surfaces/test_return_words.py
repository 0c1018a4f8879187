"""Returns and claims as staff type and read them: every no says what to do next."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from bot.bridge import House
from bot.presentation.plain import all_as_text
from core.domain.access import Role
from tests.shop import Shop, staff
from tests.surfaces.desk_story import ask, desk_house

OLGA = staff(Role.OWNER, "Olga")


@pytest.fixture
def house(sqlite_database: str) -> Iterator[House]:
    with desk_house(sqlite_database) as (house, shop):
        _place(shop)
        yield house


def _place(shop: Shop) -> None:
    shop.place(2001, ("sock-grey", 2), total=3980, captured=3980)


def said(house: House, text: str) -> str:
    return all_as_text(ask(house, text, OLGA))


def arrived(house: House) -> House:
    for text in ("picked 2001", "shipped 2001", "delivered 2001"):
        said(house, text)
    return house


def test_what_was_never_sent_is_canceled_instead(house: House) -> None:
    for text in ("return 2001", "return 2001 here", "exchange 2001 sock-grey 1 for mug-red"):
        assert "`cancel 2001`" in said(house, text), text
    assert "Nothing of it was sent yet." in said(house, "claim 2001 lost")


def test_a_claim_is_opened_by_its_number_also_when_it_is_settled(house: House) -> None:
    said(arrived(house), "claim 2001 sock-grey 1 damaged")
    card = said(house, "CL2001-1")
    assert "Claim CL2001-1" in card
    assert "sent again as 2001-R1" in card
    assert "1 × sock-grey damaged" in card
    assert "[Open 2001-R1]" in card
    assert said(house, "claim cl2001-1") == card
    said(house, "policy claim_auto_below 1")
    said(house, "claim 2001 sock-grey 1 damaged refund")
    waits = said(house, "CL2001-2")
    assert "wants a refund" in waits
    assert "[Refund] [Send Again] [Reject Claim…]" in waits
    assert "settled" not in said(house, "claims")
    assert "I cannot find an order 2002." in said(house, "claims 2002")
    both = said(house, "claims 2001")
    assert "Claims of 2001: 2" in both
    assert "CL2001-1 · order 2001 · 1 × sock-grey damaged · sent again as 2001-R1" in both
    said(house, "reject claim CL2001-2 it was whole")
    assert "rejected" in said(house, "CL2001-2")
    assert "it was whole" in said(house, "CL2001-2")
    assert "I cannot find a claim CL2001-9." in said(house, "CL2001-9")


def test_kept_goods_that_come_back_are_on_the_timeline(house: House) -> None:
    said(arrived(house), "refund now 2001 sock-grey 2")
    case = re.search(r"C-(\d+)|case (\d+)", said(house, "received unknown ber sock-grey 2"))
    assert case is not None
    matched = said(house, f"match 2001 C-{case[1] or case[2]}")
    assert "2 × sock-grey of order 2001 came back after their money" in matched
    kept = "Goods that were refunded and kept came back to BER: 2 × sock-grey."
    assert kept in said(house, "timeline 2001")


def test_a_return_of_several_units_asks_which(house: House) -> None:
    asked = said(arrived(house), "return 2001")
    assert "How many?" in asked or "how many?" in asked
    assert "`return 2001 all`" in asked
    assert said(house, "returns").endswith("No return is open.")
    assert "R2001-1 is" in said(house, "return 2001 sock-grey 1 defective")
    assert "R2001-2 is" in said(house, "return 2001 defective")  # one is left: nothing to choose


def test_what_is_in_a_return_is_counted_in_instead(house: House) -> None:
    said(arrived(house), "return 2001 all")
    for text in ("return 2001", "return 2001 sock-grey 1", "return 2001 here"):
        assert "When its goods are here: `received R2001-1`." in said(house, text), text
    assert "R2001-1" in said(house, "claim 2001 sock-grey 1 damaged")


def test_a_return_says_how_much_of_it_is_here_and_where_it_is(house: House) -> None:
    said(arrived(house), "return 2001 all")
    said(house, "received R2001-1 ber sock-grey 1 quarantine a hole")
    card = said(house, "R2001-1")
    assert "partly received" in card
    assert "in quarantine" in card
    assert "no reason given" in card
    moved = said(house, "move-on R2001-1 sock-grey 1 restock")
    assert "The rest is still expected" in moved or "can be sold again" in moved
    assert "on the shelf already" in said(house, "move-on R2001-1 sock-grey 1 restock")
    assert "in quarantine, now on the shelf" in said(house, "timeline 2001")
    assert "no reason given" in said(house, "returns")
    assert "not placed" not in said(house, "2001")


def test_a_refund_that_nobody_has_approved_says_so_on_its_order(house: House) -> None:
    sue = staff(Role.SUPPORT, "Sue")
    ask(house, "refund now 2001 25.00 late parcel", sue)
    assert "Refund €25.00: waits for approval" in said(house, "2001")


def test_money_of_a_return_is_recorded_under_its_number(house: House) -> None:
    said(arrived(house), "return 2001 all")
    assert "First the goods: `received R2001-1`." in said(house, "refunded R2001-1 bank-7")
    assert "See `money 2001`." in said(house, "refunded 2001 bank-7")
    said(house, "received R2001-1")
    assert "`refunded R2001-1 bank-7`" in said(house, "refunded 2001 bank-7")


def test_a_number_says_what_a_word_with_two_meanings_is_about(house: House) -> None:
    said(arrived(house), "return 2001 all")
    assert "Reject Return" in said(house, "reject R2001-1")
    assert "Return number" not in said(house, "refunded 2001")
    assert "Make a Claim" in said(house, "claim 2001")


def test_a_refund_by_hand_waits_for_a_person_and_for_no_gateway(house: House) -> None:
    said(house, "refund now 2001 5.00 late parcel")
    told = said(house, "payments 2001")
    assert "by hand: waits for a person; then write `refunded 2001`" in told
    assert "asked for" not in told


def test_an_amount_that_could_be_thousands_is_refused(house: House) -> None:
    assert "may be 5 or thousands" in said(house, "refund 2001 5.000 late parcel")
    card = said(house, "refund 2001 5,00 late parcel")
    assert "Refund of order 2001: €5.00" in card
    assert "Reason         late parcel" in card
    assert "€5.00 of credit is added" in said(house, "credit add 2001 5,00 sorry")


def test_what_was_asked_for_and_paid_is_not_too_much(house: House) -> None:
    said(house, "request payment 2001 5.00 express")
    said(house, "paid 2001 bank-9")
    assert "paid, and €5.00 that was asked for beside it" in said(house, "2001")


def test_a_canceled_order_promises_nothing_and_names_what_goes_back(house: House) -> None:
    said(house, "cancel 2001 changed mind")
    card = said(house, "2001")
    assert "paid, €39.80 to give back" in card
    assert "Promise" not in card
    assert "`money 2001`" in said(house, "cancel 2001 changed mind")
