"""Signed links and codes: what they open, for how long, and every way to misuse them."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.refusals import NotFound
from notifications.links import (
    MAX_AGE,
    Link,
    derive_code,
    matches,
    read,
    sign,
    telegram_start,
)

KEYS = ["an old key of enough length", "the key that signs today"]
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
SUBJECT = "o_7Fh2kQ9xV0aB3cD4eF5gH6"
TOKEN = sign("track", SUBJECT, NOW, KEYS, version=3)


@pytest.mark.parametrize("purpose", MAX_AGE)
def test_a_link_tells_what_was_signed(purpose: str) -> None:
    token = sign(purpose, SUBJECT, NOW, KEYS, version=3)
    assert read(purpose, token, NOW, KEYS) == Link(SUBJECT, 3, NOW)


def test_a_link_for_one_purpose_opens_nothing_else() -> None:
    for purpose in set(MAX_AGE) - {"track"}:
        with pytest.raises(NotFound):
            read(purpose, TOKEN, NOW, KEYS)


def test_no_single_changed_character_is_accepted() -> None:
    """Signatures have no spare bits, so not even their last character has a second spelling."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for place, was in enumerate(TOKEN):
        for other in alphabet.replace(was, ""):
            with pytest.raises(NotFound):
                read("track", TOKEN[:place] + other + TOKEN[place + 1 :], NOW, KEYS)


@given(st.text(max_size=80))
def test_no_invented_token_is_accepted(token: str) -> None:
    with pytest.raises(NotFound):
        read("track", token, NOW, KEYS)


@pytest.mark.parametrize("changed", [TOKEN[:-1], TOKEN + "A", TOKEN + "=", TOKEN + "\n", TOKEN[8:]])
def test_a_token_that_was_cut_or_lengthened_is_not_accepted(changed: str) -> None:
    with pytest.raises(NotFound):
        read("track", changed, NOW, KEYS)


@pytest.mark.parametrize(("purpose", "age"), [("track", timedelta(days=30)), ("act", timedelta(1))])
def test_a_link_ends_with_its_age_and_two_minutes_of_grace(purpose: str, age: timedelta) -> None:
    token = sign(purpose, SUBJECT, NOW, KEYS)
    last = NOW + age + timedelta(seconds=120)
    assert read(purpose, token, last, KEYS).subject == SUBJECT
    with pytest.raises(NotFound) as refused:
        read(purpose, token, last + timedelta(seconds=1), KEYS)
    assert refused.value.code == "link_expired"


def test_a_caller_may_ask_for_a_shorter_age() -> None:
    with pytest.raises(NotFound):
        read("track", TOKEN, NOW + timedelta(hours=1), KEYS, timedelta(minutes=10))


def test_a_clock_that_is_slow_by_two_minutes_still_reads_a_fresh_link() -> None:
    assert read("track", TOKEN, NOW - timedelta(seconds=120), KEYS).subject == SUBJECT
    with pytest.raises(NotFound):
        read("track", TOKEN, NOW - timedelta(seconds=121), KEYS)


def test_keys_rotate_without_breaking_the_links_in_old_mails() -> None:
    old = sign("track", SUBJECT, NOW, KEYS[:1])
    assert read("track", old, NOW, KEYS).subject == SUBJECT
    with pytest.raises(NotFound):
        read("track", old, NOW, KEYS[1:])
    with pytest.raises(NotFound):
        read("track", TOKEN, NOW, KEYS[:1])


def test_a_new_version_gives_a_new_token_and_the_old_one_names_the_old_version() -> None:
    newer = sign("track", SUBJECT, NOW, KEYS, version=4)
    assert newer != TOKEN
    assert read("track", TOKEN, NOW, KEYS).version == 3


@pytest.mark.parametrize("personal", ["anna@example.org", "Anna Schmidt", "", "x" * 33, "ä", "a.b"])
def test_only_an_opaque_id_can_be_signed(personal: str) -> None:
    with pytest.raises(ValueError, match="opaque"):
        sign("track", personal, NOW, KEYS)


def test_unknown_purposes_and_weak_keys_are_mistakes() -> None:
    with pytest.raises(ValueError, match="purpose"):
        sign("admin", SUBJECT, NOW, KEYS)
    with pytest.raises(ValueError, match="16 characters"):
        sign("track", SUBJECT, NOW, ["short"])
    with pytest.raises(ValueError, match="16 characters"):
        derive_code(["short"], "c1", "a@b.c", 1)


def test_the_longest_token_still_fits_a_telegram_start_parameter() -> None:
    token = sign("chat", "x" * 32, NOW, KEYS, version=65535)
    assert len(token) == 64
    assert re.fullmatch("[A-Za-z0-9_-]+", telegram_start(token))
    with pytest.raises(ValueError, match="Telegram"):
        telegram_start(token + "x")


def test_a_token_shows_nothing_but_its_id() -> None:
    assert TOKEN[8:-24] == SUBJECT
    assert len(urlsafe_b64decode(TOKEN[:8])) == 6


# --- codes --------------------------------------------------------------------------------------


def code(conversation: str = "c1", contact: str = "anna@example.org", slot: int = 1) -> str:
    return derive_code(KEYS, conversation, contact, slot)


def test_a_code_is_six_digits_and_the_same_when_it_is_derived_again() -> None:
    assert re.fullmatch("[0-9]{6}", code())
    assert code() == code()


def test_a_code_belongs_to_one_conversation_one_contact_and_one_issue() -> None:
    others = {code("c2"), code(contact="eve@example.org"), code(slot=2)}
    assert code() not in others
    assert derive_code(KEYS, "c", "1x", 1) != derive_code(KEYS, "c1", "x", 1)


def test_a_code_is_matched_as_people_type_it() -> None:
    right = code()
    for typed in (right, f" {right[:3]} {right[3:]} ", f"{right[:3]}-{right[3:]}"):
        assert matches(typed, KEYS, "c1", "anna@example.org", 1)


@pytest.mark.parametrize("typed", ["", "000000x", "１２３４５６", "abcdef", "\x00", "9" * 1000])
def test_anything_else_does_not_match(typed: str) -> None:
    assert not matches(typed, KEYS, "c1", "anna@example.org", 1)


def test_a_code_of_another_issue_does_not_match() -> None:
    assert not matches(code(slot=1), KEYS, "c1", "anna@example.org", 2)


def test_a_code_sent_just_before_the_keys_rotated_still_matches() -> None:
    before = derive_code(KEYS[:1], "c1", "anna@example.org", 1)
    assert matches(before, KEYS, "c1", "anna@example.org", 1)
    assert not matches(before, KEYS[1:], "c1", "anna@example.org", 1)
