"""When talk goes astray: interruptions, corrections, repeats, stale buttons, languages."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from core.queries.facts import WaitingFacts
from tests.chat.house import ANNA, CODE, DELIVERED, SPLIT, Customer, known


def test_a_greeting_shows_the_three_ways_in() -> None:
    anna = Customer()
    assert "Hello!" in anna.says("hi")
    assert anna.labels == ["Where is my order?", "Return something", "Talk to a person"]


def test_a_question_in_between_is_answered_and_the_return_goes_on() -> None:
    anna = known(DELIVERED)
    anna.says("I want to return something")
    answer = anna.says("where is my order?")
    assert "Order 1001" in answer
    assert "Back to my question:" in answer
    assert "What from order 1001" in answer
    assert "How many of Red mug?" in anna.says("the mug")


def test_a_yes_that_fits_no_question_is_asked_back() -> None:
    anna = known(SPLIT, DELIVERED)
    anna.says("cancel my order")
    assert "does not fit my question" in anna.says("yes")
    assert "Which order is it about?" in anna.says("hello there")
    assert anna.desk.done("wish") == []


def test_it_means_the_order_just_spoken_of() -> None:
    anna = known(SPLIT, DELIVERED)
    anna.says("where is order 1002")
    assert "cancel order 1002" in anna.says("cancel it")


def test_naming_an_item_in_another_question_does_not_choose_the_order_to_cancel() -> None:
    anna = known(SPLIT, DELIVERED)
    anna.says("cancel my order")
    assert "cancel order" not in anna.says("my mug is broken")


def test_another_wish_puts_the_first_aside_and_says_so() -> None:
    anna = known(SPLIT)
    anna.says("change my delivery address")
    anna.says("Lindenstr. 5, Berlin")
    answer = anna.says("no wait, please cancel my order")
    assert "put the other matter aside" in answer
    anna.says("yes")
    assert anna.desk.done("wish") == [("wish", "cancel", "1002", "")]


def test_repeat_answers_the_last_question_with_todays_facts() -> None:
    anna = known(DELIVERED)
    first = anna.says("where is my order")
    anna.says("thanks")
    assert anna.says("repeat") == first


def test_repeat_inside_a_question_asks_it_again() -> None:
    anna = known(DELIVERED)
    question = anna.says("I want to return something")
    assert anna.says("say that again") == question


def test_nothing_understood_offers_choices_and_then_a_person() -> None:
    anna = Customer()
    assert "not sure I understood" in anna.says("purple monkey dishwasher")
    assert len(anna.labels) == 3
    assert "do not want to guess" in anna.says("monkey purple")
    assert "Talk to a person" in anna.labels


def test_twice_no_answer_inside_a_question_offers_a_person() -> None:
    anna = known(DELIVERED)
    anna.says("I want to return something")
    anna.says("purple monkey")
    assert "Talk to a person" not in anna.labels
    anna.says("purple monkey")
    assert "Talk to a person" in anna.labels
    assert len(anna.labels) <= 6


def test_what_is_out_of_scope_is_said_honestly() -> None:
    anna = Customer()
    assert "do not want to guess" in anna.says("do you have a discount code")
    assert anna.labels[0] == "Talk to a person"


def test_rules_of_the_shop_are_not_invented() -> None:
    assert "no reliable answer" in Customer().says("what is your return policy")


def test_an_unknown_key_changes_nothing() -> None:
    anna = known(DELIVERED)
    anna.says("I want to return something")
    asking = anna.talk.asking
    assert "earlier question" in anna.presses_key("99-9")
    assert anna.talk.asking == asking


def test_a_menu_button_of_an_earlier_turn_still_works() -> None:
    anna = known(DELIVERED)
    anna.says("hi")
    track = anna.words.buttons[0][0]
    anna.says("thanks")
    assert "Order 1001" in anna.presses_key(track)


def test_a_new_question_before_the_code_replaces_the_old_one() -> None:
    anna = Customer(DELIVERED)
    anna.says("where is my order")
    anna.says("no, I want to return something")
    anna.says(ANNA)
    assert "What from order 1001" in anna.says(CODE)


def test_start_over_forgets_the_open_question() -> None:
    anna = known(DELIVERED)
    anna.says("I want to return something")
    anna.says("start over")
    assert anna.talk.asking is None


def test_stop_with_nothing_running_says_so() -> None:
    assert "nothing running" in Customer().says("stop")


def test_another_language_is_offered_after_two_messages_and_never_taken_silently() -> None:
    anna = known(DELIVERED)
    anna.says("wo ist meine bestellung")
    assert "Auf Deutsch" not in anna.labels
    anna.says("wo ist mein paket")
    assert "Auf Deutsch" in anna.labels
    assert anna.talk.language == "en"
    assert "Wir machen auf Deutsch weiter." in anna.presses("Auf Deutsch")
    assert "Bestellung 1001" in anna.says("wo ist mein paket")


def test_the_language_can_be_asked_for() -> None:
    anna = known(DELIVERED)
    assert "Wir machen auf Deutsch weiter." in anna.says("auf deutsch")


def test_an_empty_text_is_survived() -> None:
    assert Customer().says("\u200b") != ""


MOVES = [
    *("where is my order", "cancel my order", "return something", "the mug", "2", "yes", "no"),
    *("back", "stop", "everything", "that is all", "damaged", "human", "bot", "repeat", "hello"),
    *("wrong address", "Lindenstr. 5", "the last one", "1001", "9999", ANNA, CODE, "where refund"),
    *("my item is broken", "auf deutsch", "wo ist mein paket", "english", "?", "start over"),
]


@settings(max_examples=150, deadline=None)
@given(
    moves=st.lists(st.sampled_from(MOVES) | st.integers(0, 5), max_size=25), signed_in=st.booleans()
)
def test_no_way_through_the_house_breaks_or_shows_too_many_buttons(
    moves: list[str | int], signed_in: bool
) -> None:
    second = replace(DELIVERED, number="1003", waiting=(WaitingFacts("Blue tee", 1, "packed"),))
    anna = (known if signed_in else Customer)(SPLIT, DELIVERED, second)
    for move in moves:
        keys = [key for key, _ in anna.words.buttons]
        if isinstance(move, str):
            anna.says(move)
        else:
            anna.presses_key(keys[move] if move < len(keys) else "0-0")
        assert len(anna.labels) == len(set(anna.labels)) <= 6
        assert anna.words.paragraphs or anna.talk.mode == "person" or anna.talk.in_minute > 8
    yeses = sum(move == "yes" or isinstance(move, int) for move in moves)
    assert len(anna.desk.done("wish")) + len(anna.desk.done("return")) <= yeses
