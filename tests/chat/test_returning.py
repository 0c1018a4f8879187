"""Returning delivered lines by chat: lines, quantities, reason, explicit yes, result."""

from __future__ import annotations

from dataclasses import replace

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
    anna.says("damaged")
    assert "R-77" in anna.says("yes please")
    assert anna.desk.done("return") == [("return", "1001", (("line-mug", 2),), "DEFECTIVE")]


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
    assert "Reason: Wrong item." in anna.presses("Wrong item")


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
