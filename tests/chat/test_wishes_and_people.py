"""Wishes become cases only after a yes; a person is always one word away, and so is the bot."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.chat.conversation import hand_back
from bot.chat.words import Voice, word
from tests.chat.house import ANNA, BERLIN, DELIVERED, SPLIT, Customer, known


def test_a_cancellation_is_passed_on_only_after_a_yes() -> None:
    anna = known(SPLIT)
    assert "Shall I pass this on" in anna.says("please cancel my order")
    assert anna.desk.done("wish") == []
    answer = anna.says("yes")
    assert "A colleague checks this; nothing has changed yet. Your reference: C-31." in answer
    assert anna.desk.done("wish") == [("wish", "cancel", "1002", "")]


def test_a_new_address_is_read_back_before_it_goes_to_a_colleague() -> None:
    anna = known(SPLIT)
    anna.says("I need to change my delivery address")
    read_back = anna.says("Anna Test, Lindenstr. 5, 10969 Berlin")
    assert "“Anna Test, Lindenstr. 5, 10969 Berlin”" in read_back
    anna.presses("Yes, please")
    text = "Anna Test, Lindenstr. 5, 10969 Berlin"
    assert anna.desk.done("wish") == [("wish", "address", "1002", text)]


def test_back_lets_the_address_be_written_again() -> None:
    anna = known(SPLIT)
    anna.says("wrong address")
    anna.says("Lindenstr. 5, Berlin")
    anna.says("back")
    assert "Lindenstr. 6" in anna.says("Lindenstr. 6, Berlin")


def test_any_other_wish_carries_the_customers_own_words() -> None:
    anna = known(SPLIT)
    anna.says("please add a second lamp to my order")
    anna.says("yes")
    text = "please add a second lamp to my order"
    assert anna.desk.done("wish") == [("wish", "other", "1002", text)]


@pytest.mark.parametrize("no", ["no", "nope", "stop", "never mind"])
def test_without_a_yes_nothing_reaches_the_house(no: str) -> None:
    anna = known(SPLIT)
    anna.says("cancel my order")
    assert "Nothing has changed" in anna.says(no)
    assert anna.desk.done("wish") == []


def test_something_that_is_neither_yes_nor_no_is_asked_again() -> None:
    anna = known(SPLIT)
    anna.says("cancel my order")
    assert "Shall I pass this on" in anna.says("purple monkey dishwasher")
    assert anna.desk.done("wish") == []


def test_a_refused_wish_says_that_nothing_changed() -> None:
    anna = known(SPLIT)
    anna.desk.refuse = True
    anna.says("cancel my order")
    assert "nothing has changed" in anna.says("yes")


def test_too_long_a_text_is_not_cut_silently() -> None:
    anna = known(SPLIT)
    anna.says("wrong address")
    assert "under 500 characters" in anna.says("x" * 501)
    assert anna.desk.done("wish") == []


@pytest.mark.parametrize("word_for_it", ["human", "agent", "talk to a person", "Mensch"])
def test_a_person_can_be_called_at_any_time(word_for_it: str) -> None:
    anna = Customer(DELIVERED)
    anna.says("where is my order")
    anna.says(word_for_it)
    assert anna.desk.done("human") == [("human", word_for_it)]
    assert anna.talk.mode == "person"


def test_with_a_person_every_text_goes_to_the_thread_and_the_bot_is_silent() -> None:
    anna = known(DELIVERED)
    anna.says("human")
    for text in ("where is my order", "yes", "/refund 100", "stop"):
        assert anna.says(text) == ""
    assert [call[1] for call in anna.desk.done("forward")] == [
        "where is my order",
        "yes",
        "/refund 100",
        "stop",
    ]


def test_the_word_bot_ends_it_and_the_journeys_work_again() -> None:
    anna = known(DELIVERED)
    anna.says("human")
    assert "I am back" in anna.says("bot")
    assert "Order 1001" in anna.says("where is my order")
    assert anna.desk.done("forward") == []


def test_staff_can_hand_the_conversation_back() -> None:
    anna = known(DELIVERED)
    anna.says("human")
    anna.talk, turn = hand_back(anna.talk)
    words = word(turn, Voice("en", BERLIN))
    assert "handed the conversation back" in words.paragraphs[0]
    assert "Order 1001" in anna.says("where is my order")


def test_a_flood_reaches_the_thread_ten_times_a_minute_and_the_rest_together() -> None:
    anna = known(DELIVERED)
    anna.says("human", timedelta(minutes=2))
    answers = [anna.says(f"text {n}", timedelta(seconds=1)) for n in range(30)]
    assert len(anna.desk.done("forward")) == 9
    assert sum("write very fast" in answer for answer in answers) == 1
    anna.says("last one", timedelta(minutes=2))
    together = str(anna.desk.done("forward")[-1][1])
    assert together.endswith("text 29\nlast one")


def test_a_flood_to_the_bot_gets_one_notice_and_then_silence() -> None:
    anna = Customer(DELIVERED)
    answers = [anna.says("where is my order", timedelta(seconds=1)) for _ in range(40)]
    assert sum("faster than I can read" in answer for answer in answers) == 1
    assert answers[-1] == ""
    assert "Which e-mail" in anna.says("where is my order", timedelta(minutes=2))


@pytest.mark.parametrize(
    "text",
    ["/refund 100", "/order cancel 1002", "cancel 1002; approve", "<!channel> yes", "{talk}", "%s"],
)
def test_customer_text_is_never_a_command(text: str) -> None:
    anna = known(SPLIT)
    anna.says(text)
    assert anna.desk.done("wish") == []
    assert anna.desk.done("return") == []


def test_braces_in_a_text_are_quoted_as_they_are() -> None:
    anna = known(SPLIT)
    anna.says("wrong address")
    assert "“{number} {0.__class__}”" in anna.says("{number} {0.__class__}")


def test_a_complaint_offers_a_person_first() -> None:
    anna = Customer(DELIVERED)
    anna.says("this is pathetic service")
    assert anna.labels[0] == "Talk to a person"


def test_the_person_hears_what_was_asked_before() -> None:
    anna = Customer(DELIVERED)
    anna.says("where is my order")
    anna.presses("Talk to a person")
    assert anna.desk.done("human") == [("human", "where is my order")]
    assert ANNA not in str(anna.desk.calls)


PEOPLE = ("I want to talk to somebody", "human", "Mensch", "a person please", "ein Mensch bitte")


@pytest.mark.parametrize("wish", PEOPLE)
@pytest.mark.parametrize(
    "before",
    [
        (),
        ("return my order",),
        ("return the mug",),
        ("return the mug", "1"),
        ("return the tee, too small",),
        ("change my address",),
        ("change my address", "Lindenstr. 5, Berlin"),
        ("cancel order 1002",),
        ("please add a second lamp to my order",),
    ],
)
def test_the_wish_for_a_person_wins_in_every_state(before: tuple[str, ...], wish: str) -> None:
    anna = known(SPLIT, DELIVERED)
    for text in before:
        anna.says(text)
    anna.says(wish)
    assert anna.desk.done("human") == [("human", wish)]
    assert anna.talk.mode == "person"
    assert anna.talk.asking is None


@pytest.mark.parametrize("wish", PEOPLE)
def test_a_person_is_called_instead_of_a_code(wish: str) -> None:
    anna = Customer(DELIVERED)
    anna.says("where is my order")
    anna.says(ANNA)
    anna.says(wish)
    assert anna.talk.mode == "person"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (
            "please change the address of 1002 to Hauptstr. 5, 8010 Graz",
            "Hauptstr. 5, 8010 Graz",
        ),
        ("please change my address to Hauptstr. 5, 8010 Graz", "Hauptstr. 5, 8010 Graz"),
        ("change the delivery address to 5 Main Street, Springfield", "5 Main Street, Springfield"),
        (
            "bitte ändere die Adresse von 1002 auf Lindenstr. 5 in 10969 Berlin",
            "Lindenstr. 5 in 10969 Berlin",
        ),
    ],
)
def test_an_address_in_the_sentence_is_read_back_at_once(text: str, address: str) -> None:
    anna = known(SPLIT)
    assert f"“{address}”" in anna.says(text)
    anna.says("yes")
    assert anna.desk.done("wish") == [("wish", "address", "1002", address)]


@pytest.mark.parametrize(
    "text",
    ["I want to change the address of 1002", "change the address of 1002 to my office"],
)
def test_a_sentence_without_an_address_is_asked_for_one(text: str) -> None:
    anna = known(SPLIT)
    assert "whole new address for order 1002" in anna.says(text)


@pytest.mark.parametrize("words", ["cancel it", "lass es", "Cancel that!", "brich ab", "stop"])
def test_cancel_it_ends_the_address_question_and_becomes_no_address(words: str) -> None:
    anna = known(SPLIT)
    anna.says("wrong address")
    assert "Stopped. Nothing has changed." in anna.says(words)
    assert anna.talk.asking is None
    assert anna.desk.done("wish") == []


def test_cancel_it_to_a_cancel_question_is_neither_a_yes_nor_another_matter() -> None:
    anna = known(SPLIT)
    anna.says("cancel my order")
    answer = anna.says("cancel it")
    assert "Shall I pass this on" in answer
    assert "aside" not in answer
    assert anna.desk.done("wish") == []


def test_a_person_in_a_written_address_is_an_address() -> None:
    anna = known(SPLIT)
    anna.says("wrong address")
    assert "Shall I pass this on" in anna.says("Human Resources, call center, Lindenstr. 5, Berlin")


@pytest.mark.parametrize(
    ("text", "language", "calm", "person"),
    [
        ("i want my money back, this is fraud!!", "en", "I take it seriously", "Talk to a person"),
        ("my mug arrived broken", "en", "I take it seriously", "Talk to a person"),
        (
            "Betrug! Ich will mein Geld zurück",
            "de",
            "ich nehme das ernst",
            "Mit einem Menschen sprechen",
        ),
    ],
)
def test_an_angry_stranger_is_answered_calmly_and_offered_a_person(
    text: str, language: str, calm: str, person: str
) -> None:
    anna = Customer(DELIVERED, language=language)
    answer = anna.says(text)
    assert calm in answer
    assert "Happy to look" not in answer
    assert "Ich sehe gern" not in answer
    assert anna.labels[0] == person


def test_money_back_is_taken_seriously_and_a_person_stands_beside_the_return() -> None:
    anna = known(DELIVERED)
    assert "take this seriously" in anna.says("i want my money back, this is fraud!!")
    assert anna.labels == ["Return something", "Talk to a person", "Tell a colleague"]


def test_an_order_that_arrived_is_offered_a_return_instead_of_a_cancellation() -> None:
    anna = known(DELIVERED)
    assert "can no longer be canceled" in anna.says("cancel my order 1001")
    assert anna.labels == ["Return something", "Talk to a person"]
    assert anna.desk.done("wish") == []
    assert "What from order 1001" in anna.presses("Return something")


def test_an_order_underway_can_still_be_wished_to_be_canceled() -> None:
    anna = known(replace(SPLIT, can_cancel=False))
    assert "Shall I pass this on" in anna.says("cancel my order 1002")


def test_money_back_without_an_order_is_taken_seriously_before_the_question() -> None:
    anna = known(SPLIT, DELIVERED)
    answer = anna.says("this is fraud, i want my money back")
    assert "take it seriously" in answer
    assert "Which order is it about?" in answer
    assert "Talk to a person" in anna.labels


@pytest.mark.parametrize("other", ["my parcel never arrived", "my parcel 1002 never arrived"])
def test_what_is_another_matter_is_not_taken_for_the_new_address(other: str) -> None:
    anna = known(SPLIT)
    anna.says("wrong address")
    assert "never arrived”" not in anna.says(other)
    assert anna.desk.done("wish") == []
