"""Returning delivered lines by chat: lines, quantities, reason, explicit yes, result."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from core.domain.returning.verdict import Why
from core.queries.facts import ReturnFacts
from tests.chat.house import BENS, DELIVERED, MUG, SPLIT, TEE, Customer, known


def up_to_confirm(customer: Customer) -> str:
    customer.says("I want to return something")
    customer.presses("2 × Red mug")
    customer.presses("1")
    customer.presses("That is all")
    return customer.presses("Too small")


def test_a_return_asks_line_quantity_reason_and_a_yes() -> None:
    anna = known(DELIVERED)
    question = up_to_confirm(anna)
    assert "You return: 1 × Red mug. Reason: Too small." in question
    assert anna.desk.done("return") == []
    assert "Return R-77 is requested" in anna.presses("Yes, please")
    assert anna.desk.done("return") == [("return", "1001", (("line-mug", 1),), "SIZE_TOO_SMALL")]


def test_it_works_by_words_alone() -> None:
    anna = known(DELIVERED)
    anna.says("I want to return something")
    anna.says("the mug")
    anna.says("2")
    anna.says("that is all")
    assert "What is broken or damaged?" in anna.says("damaged")
    anna.says("the handle is off")
    assert "R-77" in anna.says("yes please")
    asked = ("return", "1001", (("line-mug", 2),), "DEFECTIVE", "the handle is off")
    assert anna.desk.done("return") == [asked]


def test_everything_at_once_needs_no_quantities() -> None:
    anna = known(DELIVERED)
    anna.says("return my order")
    anna.says("everything")
    anna.presses("Changed my mind")
    anna.presses("Yes, please")
    lines = (("line-mug", 2), ("line-tee", 1))
    assert anna.desk.done("return") == [("return", "1001", lines, "UNWANTED")]


def test_more_than_was_delivered_is_not_taken() -> None:
    anna = known(DELIVERED)
    anna.says("return my order")
    anna.presses("2 × Red mug")
    for text in ("3", "0", "-1", "1 or 2", "²"):
        assert "How many of Red mug?" in anna.says(text)
    assert anna.talk.asking is not None
    assert anna.talk.asking.what == "return_quantity"


def test_no_means_nothing_happened() -> None:
    anna = known(DELIVERED)
    up_to_confirm(anna)
    assert "Nothing has changed" in anna.presses("No")
    assert anna.desk.done("return") == []


def test_stop_ends_it_anywhere() -> None:
    anna = known(DELIVERED)
    anna.says("return my order")
    assert "Stopped. Nothing has changed." in anna.says("stop")
    assert anna.talk.asking is None


def test_back_corrects_the_reason() -> None:
    anna = known(DELIVERED)
    up_to_confirm(anna)
    assert "Why does it go back?" in anna.says("back")
    anna.presses("Wrong item")
    assert "Reason: Wrong item." in anna.presses("Go on without")


RICH = replace(MUG, wishes=("refund", "exchange", "credit"), bonus=10)


def test_where_the_shop_offers_more_than_money_the_customer_chooses() -> None:
    anna = known(replace(DELIVERED, returnable=(RICH,)))
    anna.says("return my order")
    anna.presses("1")
    assert "another size" in anna.presses("Too small")
    assert "Store credit with 10 % more" in anna.labels
    assert "The same again" not in anna.labels
    anna.says("store credit")
    anna.presses("Yes, please")
    asked = ("return", "1001", (("line-mug", 1),), "SIZE_TOO_SMALL", "credit")
    assert anna.desk.done("return") == [asked]


def test_what_is_offered_holds_for_every_chosen_line() -> None:
    anna = known(replace(DELIVERED, returnable=(RICH, TEE)))
    anna.says("return my order")
    anna.says("everything")
    assert "Shall I ask for this return?" in anna.presses("Changed my mind")


REJECTED = ReturnFacts(
    "R1001-1", "rejected", (("Red mug", 1),), why=(Why("window_over", {"days": 14}),)
)
SENT = ReturnFacts(
    "R1001-2",
    "approved",
    (("Red mug", 1),),
    until=date(2026, 12, 14),
    send_to="Teehaus, R1001-2, Hafenstr. 1, 10115 Berlin, DE",
    fee=490,
    own_label=True,
    can_cancel=True,
)


def test_where_is_my_return_says_why_where_to_and_until_when() -> None:
    anna = known(replace(DELIVERED, returns=(REJECTED, SENT)))
    told = anna.says("where is my return?")
    assert "The return window of 14 days after delivery has passed." in told
    assert "Please send it to: Teehaus, R1001-2" in told
    assert "Please send it by Monday, December 14." in told
    assert "€4.90 are taken off the refund." in told
    assert "R1001-2 is canceled" in anna.presses("Cancel return R1001-2")
    assert anna.desk.done("cancel_return") == [("cancel_return", "R1001-2")]


def test_in_german_the_same() -> None:
    anna = known(replace(DELIVERED, returns=(REJECTED,)))
    anna.says("in german")
    assert "Die Rückgabefrist von 14 Tagen" in anna.says("Wo ist meine Rücksendung?")


def test_asked_for_credit_that_is_not_there_it_says_so_first() -> None:
    anna = known(replace(DELIVERED, returns=(SENT,)))
    assert anna.says("how much store credit do I have?").startswith("You have no store credit")
    anna.says("in german")
    assert anna.says("Wie viel Guthaben habe ich?").startswith("Sie haben im Moment kein Guthaben")
    assert "Guthaben" not in anna.says("Wo ist meine Rücksendung?")


def test_all_ten_reasons_can_be_reached_by_buttons() -> None:
    anna = known(replace(DELIVERED, returnable=(TEE,)))
    anna.says("return my order")
    first = anna.labels
    anna.presses("Other reasons")
    assert len({*first, *anna.labels} - {"Other reasons", "First reasons"}) == 10
    assert max(len(first), len(anna.labels)) <= 6


def test_a_refused_return_says_that_nothing_changed_and_offers_a_person() -> None:
    anna = known(DELIVERED)
    anna.desk.refuse = True
    up_to_confirm(anna)
    answer = anna.presses("Yes, please")
    assert "nothing has changed" in answer
    assert "Talk to a person" in anna.labels


def test_only_delivered_lines_can_be_chosen() -> None:
    anna = known(SPLIT)
    assert "nothing delivered that can be sent back" in anna.says("I want to return something")


def test_a_line_that_went_back_meanwhile_ends_the_question() -> None:
    anna = known(DELIVERED)
    up_to_confirm(anna)
    anna.desk.customers[anna.desk.current] = [replace(DELIVERED, returnable=(TEE,))]
    assert "nothing delivered that can be sent back" in anna.presses("Yes, please")
    assert anna.desk.done("return") == []


def test_among_several_orders_only_those_with_returnable_lines_are_offered() -> None:
    second = replace(DELIVERED, number="1003", returnable=(MUG,))
    anna = known(SPLIT, DELIVERED, second)
    anna.says("I want to return something")
    assert not any("1002" in label for label in anna.labels)
    assert "How many of Red mug?" in anna.says("1003")


def test_a_strangers_order_cannot_be_returned_by_its_number() -> None:
    anna = known(DELIVERED)
    assert "cannot find order 2001" in anna.says(f"return order {BENS.number}")
    assert anna.desk.done("return") == []


def test_a_pressed_yes_of_an_earlier_question_does_nothing() -> None:
    anna = known(DELIVERED)
    up_to_confirm(anna)
    old_yes = next(key for key, label in anna.words.buttons if label == "Yes, please")
    anna.presses("No")
    assert "earlier question" in anna.presses_key(old_yes)
    assert anna.desk.done("return") == []


def test_a_yes_pressed_twice_returns_once() -> None:
    anna = known(DELIVERED)
    up_to_confirm(anna)
    yes = anna.words.buttons[0][0]
    anna.presses_key(yes)
    anna.presses_key(yes)
    assert len(anna.desk.done("return")) == 1


def test_an_item_named_in_the_first_sentence_is_not_asked_for_again() -> None:
    anna = known(DELIVERED)
    assert "Why does it go back?" in anna.says("return the tee")
    assert "You return: 1 × Blue tee. Reason: Too small." in anna.says("it is too small")


def test_item_quantity_and_reason_in_one_sentence_leave_only_the_yes() -> None:
    anna = known(DELIVERED)
    assert "1 × Blue tee. Reason: Too big." in anna.says("return the blue tee, it is too big")
    assert anna.desk.done("return") == []


def test_a_compound_word_is_meant_by_its_main_part() -> None:
    sweater = replace(TEE, line_id="line-wool", title="Wollpullover", sku="WP-1")
    anna = known(replace(DELIVERED, returnable=(MUG, sweater)), language="de")
    assert "Warum geht es zurück?" in anna.says("ich möchte den Pullover zurückgeben")
    assert "Grund: Zu groß." in anna.says("zu groß")


def test_two_items_that_fit_the_sentence_are_asked_about() -> None:
    blue = replace(MUG, line_id="line-mug-2", title="Blue mug", sku="M-2")
    anna = known(replace(DELIVERED, returnable=(MUG, blue)))
    assert "What from order 1001" in anna.says("return the mug")


def test_the_reason_may_come_before_after_or_with_the_quantity() -> None:
    before = known(DELIVERED)
    before.says("return the mug")
    question = before.says("it is too small")
    assert "Noted: Too small." in question
    assert "How many of Red mug?" in question
    after = known(DELIVERED)
    after.says("return the mug")
    after.says("1")
    together = known(DELIVERED)
    together.says("return the mug")
    answers = {before.says("1"), after.says("too small"), together.says("1, it is too small")}
    assert len(answers) == 1
    assert "1 × Red mug. Reason: Too small." in answers.pop()


def test_what_is_wrong_with_the_item_never_puts_the_return_aside() -> None:
    anna = known(DELIVERED)
    anna.says("return the mug")
    for text in ("I want to return it", "something is wrong with my item", "it does not fit"):
        answer = anna.says(text)
        assert "aside" not in answer
        assert "How many of Red mug?" in answer
    assert anna.talk.asking is not None
    assert anna.talk.asking.line == "line-mug"


def test_another_order_named_in_a_return_is_another_matter() -> None:
    second = replace(DELIVERED, number="1003", returnable=(TEE,))
    anna = known(DELIVERED, second)
    anna.says("return order 1001")
    assert "Why does it go back?" in anna.says("no, return order 1003")


def test_a_bare_number_is_the_choice_that_is_being_asked() -> None:
    second = replace(DELIVERED, number="1003")
    anna = known(DELIVERED, second)
    anna.says("I want to return something")
    assert "What from order 1001" in anna.says("1")
    assert "Anything else" in anna.says("2")
    assert "How many of Red mug?" in anna.says("1")
    assert "Why does it go back?" in anna.says("1")
    assert "Shall I ask for this return?" in anna.says("1")
    assert "Shall I ask for this return?" in anna.says("1")
    assert anna.desk.done("return") == []


def test_a_number_beyond_the_choices_chooses_nothing() -> None:
    anna = known(DELIVERED)
    anna.says("I want to return something")
    assert "What from order 1001" in anna.says("9")
    assert "What from order 1001" in anna.says("0")


def test_a_return_offered_to_a_complaint_knows_the_item_and_the_reason() -> None:
    anna = known(DELIVERED)
    anna.says("my blue tee arrived broken")
    question = anna.presses("Return something")
    assert "1 × Blue tee. Reason: Damaged or defective. Shall I ask" in question
    assert anna.desk.done("return") == []


def test_an_item_is_named_in_either_language() -> None:
    sweater = replace(TEE, line_id="line-wool", title="Fisherman Sweater", sku="sweater-navy-m")
    anna = known(replace(DELIVERED, returnable=(MUG, sweater)), language="de")
    assert "Warum geht es zurück?" in anna.says("ich möchte den Pullover zurückgeben")
    bert = known(DELIVERED, language="de")
    assert "Wie viele von Red mug?" in bert.says("ich möchte die Tasse zurückschicken")
    german = replace(TEE, title="Wollpullover", sku="WP-1")
    clara = known(replace(DELIVERED, returnable=(MUG, german)))
    assert "Why does it go back?" in clara.says("return the sweater")


def test_store_credit_is_told_with_what_became_of_returns() -> None:
    anna = known(DELIVERED)
    anna.desk.credits = [("EUR", 500)]
    told = anna.says("how much store credit do I have?")
    assert told.startswith("Store credit that is left: €5.00.")
    anna.desk.credits = []
    assert "You have no store credit" in anna.says("how much store credit do I have?")


def test_who_asks_again_hears_which_return_has_it_all() -> None:
    gone = replace(DELIVERED, returnable=(), returns=(SENT,))
    for words, language, said in (
        ("I want to return something", "en", "Return R1001-2 of order 1001: 1 × Red mug."),
        ("Ich möchte das umtauschen", "de", "Rücksendung R1001-2 zur Bestellung 1001"),
    ):
        anna = known(gone, language=language)
        answer = anna.says(words)
        assert said in answer
        assert "Hafenstr. 1" in answer
        assert any("R1001-2" in label for label in anna.labels)


def test_a_return_that_is_over_holds_nothing() -> None:
    anna = known(replace(DELIVERED, returnable=(), returns=(REJECTED,)))
    assert "nothing delivered" in anna.says("I want to return something")
