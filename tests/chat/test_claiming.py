"""Reporting something wrong by chat: the fault, the goods, a photo, a wish, an explicit yes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.queries.facts import ClaimableFacts, ClaimFacts
from tests.chat.house import CLAIM, DELIVERED, SPLIT, Customer, known

MUG = ClaimableFacts("line-mug", "Red mug", "MUG-RED", 2, 2)
TEE = ClaimableFacts("line-tee", "Blue tee", "TEE-BLUE", 1, 1)
LAMP = ClaimableFacts("line-lamp", "Green lamp", "LAMP", 0, 1)
ORDER = replace(DELIVERED, claimable=(MUG, TEE))
UNDERWAY = replace(SPLIT, claimable=(LAMP,), returnable=())
SENT = "a1" * 32


def anna(*pictured: str, language: str = "en", formal: bool = True) -> Customer:
    customer = known(ORDER, language=language, formal=formal)
    customer.desk.pictured = pictured
    return customer


def test_what_the_first_words_say_is_not_asked_again() -> None:
    customer = anna()
    assert "How many of Red mug?" in customer.says("the red mug arrived broken")
    assert "What would you like?" in customer.presses("1")
    question = customer.presses("The same again")
    assert "1 × Red mug. Damaged or broken." in question
    assert customer.desk.done("claim") == []
    assert "A colleague looks at your report CL1001-1" in customer.presses("Yes, please")
    asked = ("claim", "1001", (("line-mug", 1),), "damaged", "replacement", ())
    assert customer.desk.done("claim") == [asked]


def test_everything_is_asked_that_was_not_said_and_buttons_do_it_all() -> None:
    customer = anna()
    customer.sends(SENT)
    assert "What is wrong?" in customer.presses("Wrong or damaged item")
    assert customer.labels[-2:] == ["Return something", "Talk to a person"]
    assert "What in order 1001" in customer.presses("Not what was ordered")
    customer.presses("1 × Blue tee")
    customer.presses("My money back")
    customer.presses("Yes, please")
    asked = ("claim", "1001", (("line-tee", 1),), "wrong_item", "refund", (SENT,))
    assert customer.desk.done("claim") == [asked]


def test_a_photo_is_asked_for_where_the_rules_say_so_and_goes_along() -> None:
    customer = anna("damaged")
    customer.says("my tee is damaged")
    assert "send me a photo" in customer.says("the blue tee")
    answer = customer.sends(SENT)
    assert "I have the photo" in answer
    assert "What would you like?" in answer
    customer.presses("My money back")
    customer.presses("Yes, please")
    assert customer.desk.done("claim")[0][-1] == (SENT,)
    assert customer.talk.photos == ()


def test_one_may_go_on_without_a_photo_and_one_that_came_before_is_not_asked_for() -> None:
    customer = anna("damaged")
    customer.says("my blue tee is damaged")
    assert "What would you like?" in customer.presses("Go on without")
    customer.says("stop")
    customer.sends(SENT)
    assert "What would you like?" in customer.says("my blue tee is damaged")
    customer.says("stop")
    customer.says("hello", after=timedelta(hours=2))
    assert "send me a photo" in customer.says("my blue tee is damaged")


@pytest.mark.parametrize("problem", ["heic", "big", "pixels", "kind", "broken", "many", "lost"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_photo_that_was_not_taken_is_explained_and_the_question_stands(
    problem: str, language: str
) -> None:
    customer = anna("damaged", language=language)
    customer.says("my blue tee is damaged")
    before = customer.talk.asking
    said = customer.sends(problem=problem)
    assert len(said.splitlines()) >= 2
    assert (customer.talk.asking, customer.talk.photos) == (before, ())


def test_a_strangers_photo_is_not_kept_and_they_are_asked_who_they_are() -> None:
    stranger = Customer(ORDER)
    said = stranger.sends(problem="stranger")
    assert "as soon as I know who you are" in said
    assert "Which e-mail address" in said
    assert stranger.talk.photos == ()


def test_a_photo_alone_is_asked_about_and_words_with_it_are_heard() -> None:
    customer = anna()
    assert "What is it about?" in customer.sends(SENT)
    assert "What is wrong?" in customer.presses("Wrong or damaged item")
    customer.says("stop")
    assert "How many of Red mug?" in customer.sends(SENT, text="the red mug arrived broken")


def test_a_person_gets_the_name_of_the_photo() -> None:
    customer = anna()
    customer.sends(SENT)
    customer.presses("Talk to a person")
    customer.sends("b2" * 32, text="and this one")
    assert customer.desk.done("human") == [("human", "📷 photo a1a1a1a1a1a1")]
    assert customer.desk.done("forward") == [("forward", "and this one\n📷 photo b2b2b2b2b2b2")]


def test_what_never_came_is_lost_or_said_to_be_delivered() -> None:
    customer = known(UNDERWAY)
    assert "UPS" in customer.says("my parcel never arrived")
    assert "What would you like?" in customer.presses("It never came")
    customer.presses("My money back")
    customer.presses("Yes, please")
    assert customer.desk.done("claim")[0][3] == "lost"
    other = anna()
    other.sends(SENT)
    other.presses("Wrong or damaged item")
    other.presses("It never came")
    other.presses("All of it")
    other.presses("The same again")
    other.presses("Yes, please")
    assert other.desk.done("claim")[0][2:4] == ((("line-mug", 2), ("line-tee", 1)), "not_received")


def test_what_has_not_come_cannot_be_broken() -> None:
    second = replace(ORDER, number="1003", claimable=(replace(TEE, never_came=0),))
    customer = known(ORDER, UNDERWAY, second)
    customer.says("something arrived broken")
    shown = " ".join(customer.labels)
    assert ("1001" in shown, "1002" in shown, "1003" in shown) == (True, False, True)
    assert "A colleague can look at it with you." in customer.says("1002")
    alone = known(UNDERWAY)
    alone.says("something arrived broken")
    assert "It never came" not in alone.labels
    assert "Tell a colleague" in alone.labels


def test_what_is_under_way_and_was_seen_lately_is_not_offered_as_lost() -> None:
    customer = known(replace(UNDERWAY, claimable=()))
    customer.says("my parcel never arrived")
    assert "It never came" not in customer.labels


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (replace(CLAIM, status="settled", remedy="replacement", result="1001-R1"), "order 1001-R1"),
        (replace(CLAIM, status="settled", remedy="refund"), "money back"),
        (replace(CLAIM, status="rejected", said="It was whole."), "could not accept"),
    ],
)
def test_the_customer_reads_what_came_of_it_now_and_when_asking(
    made: ClaimFacts, words: str
) -> None:
    customer = anna()
    customer.desk.answer = made
    customer.says("my blue tee is damaged")
    customer.presses("My money back")
    assert words in customer.presses("Yes, please")
    later = known(replace(ORDER, claims=(made,)))
    assert words in later.says("where is my refund")


def test_no_stop_and_a_refusal_change_nothing() -> None:
    customer = anna()
    customer.says("my blue tee is damaged")
    customer.presses("My money back")
    assert "Nothing has changed" in customer.presses("No")
    customer.says("my blue tee is damaged")
    assert "Stopped" in customer.says("stop")
    assert customer.desk.done("claim") == []
    customer.desk.refuse = True
    customer.says("my blue tee is damaged")
    customer.presses("My money back")
    assert "nothing has changed" in customer.presses("Yes, please")


def test_without_anything_to_report_a_person_is_the_way() -> None:
    customer = known(replace(DELIVERED, claimable=()))
    customer.says("the red mug arrived broken")
    assert "Tell a colleague" in customer.labels


def test_what_was_reported_meanwhile_is_not_reported_twice() -> None:
    customer = anna()
    customer.says("my blue tee is damaged")
    customer.desk.customers["anna@example.com"] = [replace(ORDER, claimable=(MUG,))]
    customer.presses("My money back")
    assert customer.desk.done("claim") == []
    assert customer.talk.asking is None


def test_german_says_the_same_in_both_addresses() -> None:
    for formal, words in ((True, "Was möchten Sie?"), (False, "Was möchtest du?")):
        customer = anna(language="de", formal=formal)
        assert words in customer.says("mein T-Shirt ist kaputt angekommen, das Blue tee")
        customer.presses("Geld zurück")
        customer.presses("Ja, bitte")
        assert customer.desk.done("claim")[0][3:5] == ("damaged", "refund")


def test_a_return_that_needs_a_photo_asks_for_one_too() -> None:
    customer = anna("DEFECTIVE")
    customer.says("I want to return the blue tee")
    customer.presses("Damaged or defective")
    assert "send me a photo" in customer.says("it has a hole")
    customer.sends(SENT)
    customer.presses("Yes, please")
    assert customer.desk.done("return")[0][-1] == SENT


def test_what_has_not_come_is_not_offered_to_be_returned() -> None:
    anna = known(SPLIT)
    answer = anna.says("the mug arrived broken")
    assert "return it" not in answer
    assert "A colleague can look at it with you." in answer
