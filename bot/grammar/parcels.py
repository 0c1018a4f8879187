"""The number and the carrier of a parcel among what was typed, in any order and with blanks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.grammar.tokens import Token, is_tracking_number
from core.domain.carriers import PAGES, carrier_name, clean_number

_SHORTEST_BEHIND_CARRIER = 6  # what is shorter could be one more order
_BEGINS_A_NUMBER = re.compile("0|1Z", re.IGNORECASE)  # an order's number begins otherwise

Found = tuple[str, slice]


def find_number(words: Sequence[Token]) -> Found | None:
    """The tracking number, without blanks, and where its words stand."""
    places = [place for place in range(len(words)) if _has_digit(words[place])]
    found = (_longest_from(words, place) for place in places)
    return next((each for each in found if each is not None), None) or _behind_carrier(words)


def find_carrier(words: Sequence[Token]) -> Found | None:
    """A carrier that is known by name, and where it stands."""
    for start, token in enumerate(words):
        if _is_carrier(token):
            more = words[start : start + 2]
            length = 2 if all(map(_is_carrier, more)) else 1
            return carrier_name(token.word), slice(start, start + length)
    return None


def _longest_from(words: Sequence[Token], start: int) -> Found | None:
    """One word that is a number, or several that can only be one together."""
    groups = _run(words, start)
    joins = bool(_BEGINS_A_NUMBER.match(groups[0].word)) or _order_and_carrier_before(words, start)
    is_whole = is_tracking_number(_joined(groups[:1]))
    for length in range(len(groups) if joins and not is_whole else 1, 0, -1):
        number = _joined(groups[:length])
        if is_tracking_number(number):
            return number, slice(start, start + length)
    return None


def _behind_carrier(words: Sequence[Token]) -> Found | None:
    """“1202 DHL AB12345”: behind an order and its carrier even an odd word is the number."""
    for start in range(2, len(words)):
        groups = _run(words, start)
        number = _joined(groups)
        fits = len(number) >= _SHORTEST_BEHIND_CARRIER
        if fits and _order_and_carrier_before(words, start):
            return number, slice(start, start + len(groups))
    return None


def _run(words: Sequence[Token], start: int) -> list[Token]:
    end = start
    while end < len(words) and _has_digit(words[end]):
        end += 1
    return list(words[start:end])


def _order_and_carrier_before(words: Sequence[Token], start: int) -> bool:
    return start > 1 and _is_carrier(words[start - 1]) and bool(words[start - 2].order)


def _joined(groups: Sequence[Token]) -> str:
    return clean_number("".join(group.text.strip(",;:?!.()") for group in groups))


def _has_digit(token: Token) -> bool:
    return any(sign.isdigit() for sign in token.text)


def _is_carrier(token: Token) -> bool:
    return carrier_name(token.word) in PAGES
