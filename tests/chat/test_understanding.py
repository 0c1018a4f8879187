"""Reading a sentence: intents that must hold, entities, and what no text may do to us."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.understanding import understand
from bot.chat.understanding.entities import fold_number
from bot.chat.understanding.intents import ACTIONS, INTENTS, NEIGHBORS
from bot.chat.understanding.lexicon import LANGUAGES, lexicon
from bot.chat.understanding.reading import clean


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("where is my order", "track_order"),
        ("whre is my pakage", "track_order"),
        ("cancel order 1001", "cancel_order"),
        ("please cancle my oder", "cancel_order"),
        ("my order was cancelled", "track_order"),
        ("Why has my order been canceled without notice?", "track_order"),
        ("cancel my subscription", "out_of_scope"),
        ("I moved, change my delivery address", "change_address"),
        ("can you change my email address", "out_of_scope"),
        ("I'd like to send back the blue one", "return_item"),
        ("the mug arrived broken", "item_problem"),
        ("I got the wrong size delivered", "item_problem"),
        ("it says delivered but I have nothing", "delivery_problem"),
        ("where is my refund", "refund_status"),
        ("I want my money back", "refund_request"),
        ("what is your return policy", "policy_question"),
        ("do you ship to Norway?", "shipping_info"),
        ("I was charged twice", "payment_issue"),
        ("send me the invoice", "invoice"),
        ("let me talk to a human", "human_agent"),
        ("agent", "human_agent"),
        ("thank you", "smalltalk"),
        ("what's the weather like", "out_of_scope"),
        ("add a second mug to my order", "change_order"),
    ],
)
def test_english(text: str, intent: str) -> None:
    assert understand(text, "en").intent == intent


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Wo bleibt mein Paket?", "track_order"),
        ("wo ist meine bestelung", "track_order"),
        ("Meine Bestellung wurde storniert, warum?", "track_order"),
        ("Bitte stornieren Sie die Bestellung", "cancel_order"),
        ("Ich bin umgezogen, neue Adresse", "change_address"),
        ("ich möchte die schuhe zurückschicken", "return_item"),
        ("Die Tasse ist kaputt angekommen", "item_problem"),
        ("Wann kommt meine Erstattung?", "refund_status"),
        ("ich will mein geld zurück", "refund_request"),
        ("liefert ihr in die schweiz", "shipping_info"),
        ("Ich brauche eine Rechnung", "invoice"),
        ("Mensch", "human_agent"),
        ("ich möchte mit einem mitarbeiter sprechen", "human_agent"),
        ("Das Paket kam nie an", "delivery_problem"),
        ("mein paket ist nicht angekommen", "delivery_problem"),
        ("habt ihr einen rabattcode", "out_of_scope"),
        ("hallo", "smalltalk"),
    ],
)
def test_german_is_understood_even_when_english_was_expected(text: str, intent: str) -> None:
    assert understand(text, "de").intent == intent
    assert understand(text, "en").intent == intent
    assert understand(text, "en").language == "de" or intent == "smalltalk"


@pytest.mark.parametrize(
    "text",
    [
        "my order was cancelled",
        "you cancelled my order without asking",
        "don't cancel my order",
        "cancellation fee?",
        "who cancelled this",
        "bitte nicht stornieren",
        "warum wurde storniert",
        "cancel my account",
        "",
        "?!",
        "/cancel",
        "asdf qwer",
    ],
)
def test_these_never_mean_cancel(text: str) -> None:
    read = understand(text)
    assert text == "/cancel" or read.intent != "cancel_order"


def test_no_rule_matching_means_out_of_scope_with_little_confidence() -> None:
    read = understand("purple monkey dishwasher")
    assert read.intent == "out_of_scope"
    assert read.confidence == 0.5
    assert read.alternatives


def test_numbers_are_folded_so_that_a_misread_letter_still_matches() -> None:
    assert fold_number("#1OO1") == fold_number("1001")
    assert fold_number("sb-I8") == fold_number("5B-18") == "5818"
    assert understand("order WS-1OO1 please").entities.order_numbers == ("WS-1OO1",)


def test_entities_are_told_apart() -> None:
    found = understand("order 1001, anna@example.com, +49 151 1234567, 1Z999AA10123456784").entities
    assert "1001" in found.order_numbers
    assert found.emails == ("anna@example.com",)
    assert found.phones == ("+49 151 1234567",)
    assert found.tracking_numbers == ("1Z999AA10123456784",)


@pytest.mark.parametrize("text", ["482913", "the code is 482 913", "482-913."])
def test_a_six_digit_code_is_found(text: str) -> None:
    assert understand(text).entities.code == "482913"


@pytest.mark.parametrize("text", ["4829131", "48291", "#482913", "x482913"])
def test_other_numbers_are_no_code(text: str) -> None:
    assert understand(text).entities.code is None


@pytest.mark.parametrize(("text", "ordinal"), [("the second one", 2), ("the last", -1)])
def test_counting_words(text: str, ordinal: int) -> None:
    assert understand(text).entities.ordinal == ordinal


def test_german_counting_words() -> None:
    assert understand("die dritte bestellung", "de").entities.ordinal == 3


def test_invisible_and_fancy_letters_are_read_through() -> None:
    assert clean("can\u200bcel\u202e  my\n order") == "cancel my order"
    assert understand("𝓬𝓪𝓷𝓬𝓮𝓵 my order").intent == "cancel_order"
    assert len(clean("x" * 9_000)) == 2_000


@given(st.text(max_size=400))
def test_any_text_gives_an_answer(text: str) -> None:
    read = understand(text)
    assert read.intent in INTENTS
    assert 0 < read.confidence <= 1
    assert read.intent not in read.alternatives


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_lexicon_has_every_intent_and_the_same_control_words(language: str) -> None:
    words, english = lexicon(language), lexicon("en")
    assert {rule.intent for rule in words.rules} == set(INTENTS)
    assert set(words.controls.values()) == set(english.controls.values())


def test_every_intent_has_neighbors_to_offer() -> None:
    assert set(NEIGHBORS) == set(INTENTS)
    assert all(intent not in others for intent, others in NEIGHBORS.items())
    assert set(INTENTS) > ACTIONS
