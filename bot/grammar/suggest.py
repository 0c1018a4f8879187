"""The nearest words to what nobody understands; they are offered, never done."""

from __future__ import annotations

from bot.grammar.desk import Desk
from bot.grammar.lexicon import Phrase, phrases
from bot.grammar.tokens import Token

MOST = 3
SHORTENED = 4  # letters


def nearest_texts(text: str, tokens: list[Token], desk: Desk) -> list[str]:
    """The text with its first words replaced by phrases that this person may use."""
    known = [p for p in phrases() if any(desk.actor.may(spec.right) for spec in p.specs)]
    scored = sorted(
        (near[0], " ".join(phrase.words), _rest(text, tokens, near[1]))
        for phrase in known
        if (near := _slips(tokens, phrase)) is not None
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


def nearest_choice(word: str, choices: list[str]) -> str:
    """The one choice within a typing slip of this word; short words must be nearer."""
    from rapidfuzz import process
    from rapidfuzz.distance import DamerauLevenshtein

    slips = 1 if len(word) < 6 else 2
    found = process.extractOne(
        word.casefold(),
        choices,
        scorer=DamerauLevenshtein.distance,
        processor=str.casefold,
        score_cutoff=slips,
    )
    return found[0] if found else ""


def _slips(tokens: list[Token], phrase: Phrase) -> tuple[int, int] | None:
    """How many slips of the finger away the first words are, and how many words they are; None:
    too far to be meant. Before a number, a verb may be cut short (“prio 1001 vip”) or written in
    one word (“shipnow 1001”)."""
    from rapidfuzz.distance import DamerauLevenshtein

    said = " ".join(phrase.words)
    if len(tokens) > 1 and tokens[1].order and len(first := tokens[0].word) >= SHORTENED:
        if first == "".join(phrase.words):
            return 1, 1
        if len(phrase.words) == 1 and said.startswith(first):
            return 2, 1
    heard = " ".join(token.word for token in tokens[: len(phrase.words)])
    slips: int = DamerauLevenshtein.distance(heard, said)
    bearable = 1 if len(said) < 6 else 2
    return (slips, len(phrase.words)) if 0 < slips <= bearable else None


def _rest(text: str, tokens: list[Token], used: int) -> str:
    return text[tokens[used].start :] if len(tokens) > used else ""
