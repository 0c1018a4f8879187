"""Phrases exist in every language and address; every figure comes from facts or the customer."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
from babel.dates import format_date, format_datetime
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat import flows
from bot.chat.flows.questions import REASONS
from bot.chat.flows.tracking import RETURN_STATUSES
from bot.chat.understanding.intents import INTENTS
from bot.chat.understanding.reading import clean
from bot.chat.words import LANGUAGES, phrases
from core.queries.facts import (
    OrderFacts,
    ParcelFacts,
    ParcelStatus,
    ReturnFacts,
    WaitingFacts,
    WaitingStage,
)
from tests.chat.house import BERLIN, DELIVERED, NOW, SPLIT, known

CODE_FOLDER = Path(flows.__file__).parent


def names_in(entry: str | dict[str, str]) -> set[str]:
    texts = [entry] if isinstance(entry, str) else list(entry.values())
    found = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in texts]
    assert all(names == found[0] for names in found)
    return found[0]


def test_every_language_has_the_same_phrases_with_the_same_facts() -> None:
    english = {key: names_in(entry) for key, entry in phrases("en").items()}
    for language in LANGUAGES:
        assert {key: names_in(entry) for key, entry in phrases(language).items()} == english


def test_german_that_differs_has_both_sie_and_du() -> None:
    for key, entry in phrases("de").items():
        if isinstance(entry, dict):
            assert set(entry) == {"sie", "du"}, key
        else:
            assert not re.search(r"\b(du|dir|dein\w*|dich|Ihnen|Ihre?\w*)\b", entry), key


def test_every_phrase_the_code_names_exists() -> None:
    sources = [*CODE_FOLDER.glob("*.py"), CODE_FOLDER.parent / "conversation.py"]
    groups = {key.split(".")[0] for key in phrases("en")}
    pattern = rf'"((?:{"|".join(groups)})\.\w+)"'
    named = {key for file in sources for key in re.findall(pattern, file.read_text("utf-8"))}
    assert named
    assert named <= set(phrases("en"))


def test_every_computed_phrase_exists() -> None:
    keys = set(phrases("en"))
    assert {f"parcel.{status}" for status in get_args(ParcelStatus)} <= keys
    assert {f"waiting.{stage}" for stage in get_args(WaitingStage)} <= keys
    assert {f"return_status.{name}" for name in RETURN_STATUSES} <= keys
    assert {f"return_reason.{name}" for name in REASONS} <= keys
    assert {f"intent.{intent}" for intent in INTENTS} <= keys


def test_no_phrase_brings_a_figure_of_its_own() -> None:
    for language in LANGUAGES:
        for entry in phrases(language).values():
            assert not re.search(r"\d", str(entry))


def test_a_refund_is_told_with_its_booked_amount() -> None:
    refunded = replace(
        DELIVERED, returns=(ReturnFacts("R-5", "refunded", (("Red mug", 1),), 1295),)
    )
    answer = known(refunded).says("where is my refund")
    assert "Return R-5 of order 1001: 1 × Red mug. It is refunded." in answer
    assert "Refund: €12.95." in answer


def test_a_refund_that_is_not_booked_is_not_promised() -> None:
    waiting = replace(DELIVERED, returns=(ReturnFacts("R-5", "received", (("Red mug", 1),)),))
    assert "No refund has been booked yet." in known(waiting).says("where is my refund")


@pytest.mark.parametrize(("currency", "shown"), [("JPY", "¥5,990"), ("EUR", "€59.90")])
def test_money_follows_its_currency(currency: str, shown: str) -> None:
    assert shown in known(replace(DELIVERED, currency=currency)).says("where is my order")


# ---- every figure in a reply is a fact ----------------------------------------------------

words = st.text(alphabet="abcdefgh ", min_size=1, max_size=8)
days = st.dates(date(2025, 1, 1), date(2027, 12, 31))
moments = st.integers(0, 50 * 24 * 60).map(lambda minutes: NOW - timedelta(minutes=minutes))
parcels = st.builds(
    ParcelFacts,
    carrier=words,
    tracking_number=st.from_regex(r"[A-Z]{2}[0-9]{9}", fullmatch=True),
    tracking_url=st.just(""),
    status=st.sampled_from(get_args(ParcelStatus)),
    reason=words,
    last_scan_at=st.none() | moments,
    last_scan_place=words,
    handed_over_at=st.none() | moments,
    delivered_at=st.none() | moments,
    lines=st.lists(st.tuples(words, st.integers(1, 99)), min_size=1, max_size=2).map(tuple),
)
waitings = st.builds(
    WaitingFacts,
    title=words,
    quantity=st.integers(1, 99),
    stage=st.sampled_from(get_args(WaitingStage)),
    expected=st.none() | days,
)
orders = st.builds(
    OrderFacts,
    number=st.integers(1000, 99999).map(str),
    placed_on=days,
    currency=st.just("EUR"),
    total=st.integers(0, 99_999),
    canceled=st.booleans(),
    promise=st.none() | days,
    parcels=st.lists(parcels, max_size=3).map(tuple),
    waiting=st.lists(waitings, max_size=3).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(order=orders, language=st.sampled_from(LANGUAGES))
def test_every_figure_in_an_answer_is_a_fact(order: OrderFacts, language: str) -> None:
    asked = "where is my order" if language == "en" else "wo ist meine bestellung"
    customer = known(order, language=language)
    answer = customer.says(asked)
    assert set(re.findall(r"\d+", answer)) <= figures(order, customer.at, language)


def figures(order: OrderFacts, at: datetime, language: str) -> set[str]:
    """Every run of digits that the facts of this order allow."""
    stamps = [p.last_scan_at for p in order.parcels] + [p.delivered_at for p in order.parcels]
    stamps += [p.handed_over_at for p in order.parcels]
    scans = [p.last_scan_at for p in order.parcels if p.last_scan_at]
    dates = [order.placed_on, order.promise, *(w.expected for w in order.waiting)]
    said = [order.number, f"{order.total // 100:,} {order.total % 100:02}"]
    said += [f"{order.total // 100:,}".replace(",", "."), *map(str, dates)]
    said += [format_date(day, "d", locale=language) for day in dates if day]
    said += [format_datetime(t.astimezone(BERLIN), "d HH mm", locale=language) for t in stamps if t]
    said += [f"{hours} {hours // 24}" for hours in ((at - s) // timedelta(hours=1) for s in scans)]
    said += [f"{p.tracking_number} {p.lines}" for p in order.parcels]
    said += [str(w.quantity) for w in order.waiting]
    return set(re.findall(r"\d+", " ".join(said)))


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(st.text(max_size=60), max_size=5))
def test_no_text_makes_a_figure_up_or_changes_anything(texts: list[str]) -> None:
    customer = known(SPLIT)
    before = repr(SPLIT) + repr(figures(SPLIT, customer.at, "en"))
    for text in texts:
        answer = customer.says(text)
        heard = before + " ".join(map(clean, texts)) + answer_age(answer)
        assert set(re.findall(r"[0-9]+", answer)) <= set(re.findall(r"[0-9]+", heard))
    assert customer.desk.done("wish") == customer.desk.done("return") == []


def answer_age(answer: str) -> str:
    return "5" if "5 hours ago" in answer else ""
