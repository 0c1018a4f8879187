"""The nearest words to what nobody understands; they are offered, never done."""

from __future__ import annotations

from bot.grammar.desk import Desk
from bot.grammar.lexicon import Phrase, phrases
from bot.grammar.tokens import Token

MOST = 3


def nearest_texts(text: str, tokens: list[Token], desk: Desk) -> list[str]:
    """The text with its first words replaced by phrases that this person may use."""
    known = [p for p in phrases() if any(desk.actor.may(spec.right) for spec in p.specs)]
    scored = sorted(
        (slips, " ".join(phrase.words), _rest(text, tokens, len(phrase.words)))
        for phrase in known
        if (slips := _slips(tokens, phrase)) is not None
    )
    texts = (f"{said} {rest}".strip() for _, said, rest in scored)
    return list(dict.fromkeys(texts))[:MOST]


def nearest_topics(word: str, desk: Desk) -> list[str]:
    """Verbs like this word, for help."""
    from rapidfuzz import fuzz, process

    verbs = sorted(
        {s.verb for p in phrases() for s in p.specs if s.in_chat and desk.actor.may(s.right)}
    )
    found = process.extract(word, verbs, scorer=fuzz.ratio, score_cutoff=50, limit=MOST)
    return [verb for verb, _, _ in found]


def _slips(tokens: list[Token], phrase: Phrase) -> int | None:
    """How many slips of the finger away the first words are; None: too far to be meant."""
    from rapidfuzz.distance import DamerauLevenshtein

    said = " ".join(phrase.words)
    heard = " ".join(token.word for token in tokens[: len(phrase.words)])
    slips: int = DamerauLevenshtein.distance(heard, said)
    bearable = 1 if len(said) < 6 else 2
    return slips if 0 < slips <= bearable else None


def _rest(text: str, tokens: list[Token], used: int) -> str:
    return text[tokens[used].start :] if len(tokens) > used else ""
