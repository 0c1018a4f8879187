"""From a customer's text to an intent: clean, spell, match ordered rules, weigh languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from bot.chat.understanding.entities import Entities, find_entities
from bot.chat.understanding.intents import NEIGHBORS, Intent
from bot.chat.understanding.lexicon import LANGUAGES, Lexicon, Rule, lexicon
from core.domain.values import dataclass

TEXT_MAX = 2_000
MASK = "num"


@dataclass(frozen=True, slots=True)
class Understood:
    """What one message seems to want. `control` is a bare yes, no, stop, repeat … or empty."""

    intent: Intent
    confidence: float
    entities: Entities
    language: str
    alternatives: tuple[Intent, ...]
    control: str = ""


def understand(text: str, language_hint: str = "en") -> Understood:
    """Never fails: whatever is not recognized is out of scope with low confidence."""
    cleaned = clean(text)
    hint = language_hint if language_hint in LANGUAGES else "en"
    order = (hint, *(language for language in LANGUAGES if language != hint))
    readings = [_read(cleaned, lexicon(language)) for language in order]
    best = max(readings, key=lambda reading: (reading.weight, -order.index(reading.language)))
    return best.understood


def reason_meant(text: str, language_hint: str = "en") -> str:
    """Why something goes back, as the text says in either language; empty when it does not."""
    return _named(text, language_hint, lambda words: words.reasons)


def fault_meant(text: str, language_hint: str = "en") -> str:
    """What is wrong with what was sent: damaged, wrong_item, missing, never; or empty."""
    if fault := _named(text, language_hint, lambda words: words.faults):
        return fault
    return FAULTS.get(reason_meant(text, language_hint), "")


FAULTS = {"DEFECTIVE": "damaged", "WRONG_ITEM": "wrong_item"}


def _named(
    text: str,
    language_hint: str,
    table: Callable[[Lexicon], tuple[tuple[re.Pattern[str], str], ...]],
) -> str:
    """The first entry of either language's table whose words the text says."""
    plain = _plain(clean(text))
    hint = language_hint if language_hint in LANGUAGES else "en"
    for language in dict.fromkeys((hint, *LANGUAGES)):
        for shape, name in table(lexicon(language)):
            if shape.search(plain):
                return name
    return ""


def clean(text: str) -> str:
    """NFKC, without invisible characters, one space between words, at most 2,000 characters."""
    folded = unicodedata.normalize("NFKC", text[: 2 * TEXT_MAX])
    visible = "".join(" " if c.isspace() else c for c in folded if _visible(c))
    return " ".join(visible[:TEXT_MAX].split())


def _visible(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) not in {"Cf", "Cc", "Cs", "Co"}


@dataclass(frozen=True, slots=True)
class _Reading:
    language: str
    weight: float
    understood: Understood


def _read(text: str, words: Lexicon) -> _Reading:
    spelled = _spell(_plain(text), words)
    matched = [rule for rule in words.rules if _applies(rule, spelled)]
    marks = sum(token in words.marks for token in spelled.split())
    control = words.controls.get(spelled, "")
    understood = Understood(
        intent=matched[0].intent if matched else "out_of_scope",
        confidence=matched[0].sure if matched else 0.5,
        entities=find_entities(text, words.ordinals),
        language=words.language,
        alternatives=_alternatives(matched),
        control=control,
    )
    heard = 2.0 if control else 1.0 if matched else 0.0
    return _Reading(words.language, heard + 0.4 * marks, understood)


def _applies(rule: Rule, text: str) -> bool:
    if not rule.any.search(text):
        return False
    return rule.unless is None or not rule.unless.search(text)


def _alternatives(matched: list[Rule]) -> tuple[Intent, ...]:
    """What else it could be: later rules that match too, then the usual mistakes."""
    first: Intent = matched[0].intent if matched else "out_of_scope"
    others = (*(rule.intent for rule in matched[1:]), *NEIGHBORS[first])
    return tuple(dict.fromkeys(intent for intent in others if intent != first))[:3]


def _plain(text: str) -> str:
    """Lower case words only; e-mails and anything with digits become one mask word."""
    lowered = re.sub(r"\S+@\S+", " mail ", text.lower())
    lowered = re.sub(r"['’`´]", "", lowered)
    lowered = re.sub(r"(?<=[^\W\d_])(?=\d{3})", " ", lowered)
    lowered = re.sub(r"[$€£₹]", " money ", lowered)
    lowered = re.sub(r"\b\w*\d[\w./-]*", f" {MASK} ", lowered)
    return " ".join(re.sub(r"[^\w]+", " ", lowered).split())


def _spell(text: str, words: Lexicon) -> str:
    return " ".join(_spell_word(word, words.language) for word in text.split())


@lru_cache(maxsize=8192)
def _spell_word(word: str, language: str) -> str:
    words = lexicon(language)
    if word in words.spellings:
        return words.spellings[word]
    if word in words.known or len(word) < 5 or len(word) > 24:
        return word
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    slack = 1 if len(word) < 8 else 2
    found = process.extractOne(word, words.targets, scorer=OSA.distance, score_cutoff=slack)
    return found[0] if found else word
