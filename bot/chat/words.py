"""From phrase keys and facts to sentences: English, and German in Sie or du."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import cache
from pathlib import Path

from babel.numbers import format_currency, get_currency_precision

from bot.chat.talk import Fact, Phrase, Price, Reasons, Say, Turn
from core.domain.returning.words import why_text
from core.domain.values import dataclass

LANGUAGES = ("en", "de")
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Voice:
    """How we speak to this customer: language, Sie or du, the shop's time zone."""

    language: str
    zone: tzinfo
    formal: bool = True


@dataclass(frozen=True, slots=True)
class Worded:
    """A turn in words: paragraphs, and (key, label) for each button."""

    paragraphs: tuple[str, ...]
    buttons: tuple[tuple[str, str], ...]


def word(turn: Turn, voice: Voice) -> Worded:
    return Worded(
        paragraphs=tuple(sentence(say.phrase, say.facts, voice) for say in turn.says),
        buttons=tuple((b.key, sentence(b.phrase, b.facts, voice)) for b in turn.buttons),
    )


def say(phrase: str, **facts: Fact) -> Say:
    return Say(phrase, facts)


def sentence(phrase: str, facts: Mapping[str, Fact], voice: Voice) -> str:
    """The sentence for `phrase`; an unknown phrase or a missing fact is an error."""
    spoken = {name: _fact(fact, voice) for name, fact in facts.items()}
    return _template(phrase, voice).format_map(spoken)


def _template(phrase: str, voice: Voice) -> str:
    entry = phrases(voice.language)[phrase]
    if isinstance(entry, str):
        return entry
    return entry["sie" if voice.formal else "du"]


@cache
def phrases(language: str) -> dict[str, str | dict[str, str]]:
    """Every phrase of one language, by its key."""
    text = (_HERE / f"phrases.{language}.toml").read_text("utf-8")
    return {
        f"{group}.{name}": entry
        for group, entries in tomllib.loads(text).items()
        for name, entry in entries.items()
    }


def _fact(fact: Fact, voice: Voice) -> str:
    from babel.dates import format_date, format_datetime

    match fact:
        case Price():
            return _price(fact, voice.language)
        case Phrase(key, count):
            return sentence(key, {"count": count}, voice)
        case Reasons(why):
            return why_text(why, voice.language, formal=voice.formal)
        case datetime():
            local = fact.astimezone(voice.zone)
            return format_datetime(local, _AT[voice.language], locale=voice.language)
        case date():
            return format_date(fact, _ON[voice.language], locale=voice.language)
        case _:
            return str(fact)


_ON = {"en": "EEEE, MMMM d", "de": "EEEE, d. MMMM"}
_AT = {"en": "EEEE, MMMM d, HH:mm", "de": "EEEE, d. MMMM, HH:mm 'Uhr'"}


def _price(price: Price, language: str) -> str:
    amount = Decimal(price.minor).scaleb(-get_currency_precision(price.currency))
    return format_currency(amount, price.currency, locale=language)
