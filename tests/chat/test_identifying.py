"""Who asks: neutral answers, codes with few tries, links, and the question answered right after."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.chat.house import ANNA, BENS, CODE, DELIVERED, LINK, SPLIT, Customer, known


def test_an_e_mail_alone_leads_to_a_code_and_then_to_the_question_asked_before() -> None:
    anna = Customer(DELIVERED)
    assert "Which e-mail address" in anna.says("where is my order?")
    assert "If we know this contact" in anna.says(ANNA)
    answer = anna.says(CODE)
    assert "Thank you, I know you now." in answer
    assert "Order 1001" in answer


def test_the_contact_in_the_first_sentence_is_enough() -> None:
    anna = Customer(DELIVERED)
    assert "a code is on its way" in anna.says(f"where is my parcel? my mail is {ANNA}")
    assert anna.desk.done("code") == [("code", ANNA)]


def test_number_and_e_mail_together_are_matched_before_a_code_goes_out() -> None:
    anna = Customer(DELIVERED, SPLIT)
    anna.says(f"Where is order 1002, {ANNA}")
    assert anna.desk.done("match") == [("match", "1002", ANNA)]
    assert "Order 1002" in anna.says(CODE)


def test_a_bare_number_is_taken_as_a_question_about_that_order() -> None:
    anna = Customer(DELIVERED)
    assert "order 1001" in anna.says("1001")
    anna.says(ANNA)
    assert anna.desk.done("match") == [("match", "1001", ANNA)]


def test_a_shared_phone_contact_counts_like_a_typed_one() -> None:
    anna = Customer()
    anna.says("where is my order")
    assert anna.turn.ask_contact
    anna.shares("+4915112345678")
    assert anna.desk.done("code") == [("code", "+4915112345678")]


def test_a_signed_link_opens_the_door_at_once() -> None:
    anna = Customer(DELIVERED)
    assert "I know you now" in anna.starts(LINK)
    assert "Order 1001" in anna.says("where is my order")


def test_a_bad_link_opens_nothing_and_says_how_to_go_on() -> None:
    anna = Customer(DELIVERED)
    answer = anna.starts("forged")
    assert "no longer be used" in answer
    assert "Which e-mail address" in answer
    assert anna.talk.verified_until is None


def transcript(*texts: str) -> tuple[list[str], list[list[str]]]:
    stranger = Customer(DELIVERED)
    answers, labels = [], []
    for text in texts:
        answers.append(stranger.says(text))
        labels.append(stranger.labels)
    return answers, labels


@pytest.mark.parametrize("number", ["1001", "9999", "2001"])
@pytest.mark.parametrize("contact", [ANNA, "ben@example.com", "nobody@example.com"])
def test_right_wrong_and_unknown_look_the_same_to_who_has_no_code(
    number: str, contact: str
) -> None:
    seen = transcript(f"where is order {number}", contact, "000000")
    usual = transcript("where is order 1001", ANNA, "000000")
    assert repr(seen).replace(number, "1001") == repr(usual)


def test_unknown_and_known_e_mail_give_byte_identical_answers() -> None:
    assert transcript("where is my order", ANNA, "000000") == transcript(
        "where is my order", "nobody@example.com", "000000"
    )


def test_a_strangers_order_and_one_that_does_not_exist_give_byte_identical_answers() -> None:
    anna, again = known(DELIVERED, SPLIT), known(DELIVERED, SPLIT)
    strangers = anna.says(f"where is order {BENS.number}").replace(BENS.number, "#")
    missing = again.says("where is order 9999").replace("9999", "#")
    assert strangers == missing
    assert anna.labels == again.labels


def test_five_wrong_codes_spend_the_code_even_for_the_right_one() -> None:
    anna = Customer(DELIVERED)
    anna.says("where is my order")
    anna.says(ANNA)
    answers = [anna.says(f"00000{n}") for n in range(5)]
    assert "does not fit" in answers[0]
    assert "can no longer be used" in answers[4]
    assert "can no longer be used" in anna.says(CODE)
    assert len(anna.desk.done("check")) == 5


def test_a_new_code_gives_new_tries_after_a_minute_and_not_before() -> None:
    anna = Customer(DELIVERED)
    anna.says("where is my order")
    anna.says(ANNA)
    assert "wait a minute" in anna.presses("Send a new code")
    assert len(anna.desk.done("code")) == 1
    anna.at += timedelta(minutes=2)
    assert "If we know this contact" in anna.presses("Send a new code")
    assert "Order 1001" in anna.says(CODE)


def test_no_more_than_five_codes_an_hour_leave_one_conversation() -> None:
    anna = Customer(DELIVERED)
    anna.says("where is my order")
    for n in range(7):
        answer = anna.says(f"customer{n}@example.com", timedelta(minutes=2))
    assert "Too many codes" in answer
    assert len(anna.desk.done("code")) == 5


def test_a_mistyped_e_mail_is_corrected_by_writing_the_right_one() -> None:
    anna = Customer(DELIVERED)
    anna.says("where is my order")
    anna.says("ana@example.com")
    anna.says(ANNA)
    assert "Order 1001" in anna.says(CODE)


def test_what_is_no_contact_is_asked_for_again() -> None:
    anna = Customer(DELIVERED)
    anna.says("where is my order")
    assert "does not look like" in anna.says("qwertz bla")
    assert anna.desk.calls == []


def test_after_twelve_hours_the_customer_is_a_stranger_again() -> None:
    anna = known(DELIVERED)
    anna.says("where is my order")
    answer = anna.says("where is my order", timedelta(hours=13))
    assert "ask again who you are" in answer
    assert "1001" not in answer
    assert "Order 1001" not in anna.says("repeat")


def test_nothing_about_orders_is_said_before_the_code() -> None:
    anna = Customer(DELIVERED)
    for text in ("where is my order 1001", "cancel it", "return the red mug", ANNA):
        answer = anna.says(text)
        assert "DHL" not in answer
        assert "mug" not in answer.lower()
    assert anna.desk.done("wish") == []
