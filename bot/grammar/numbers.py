"""Single words that are numbers: of orders, cases and returns, and how many of something."""

from __future__ import annotations

import re

from bot.grammar.tokens import Token
from core.registry import Arg

QUANTITY = re.compile(r"[x×]?([+-]?\d+)[x×]?")
# R1001-1; a bare number is an order's: “reject 1001 broken” gives work back.
_RETURN = re.compile(r"R[A-Z0-9-]*\d[A-Z0-9-]*|[A-Z0-9]+-[A-Z0-9-]*\d[A-Z0-9-]*", re.ASCII)


def order_of(token: Token) -> str:
    return token.order


def case_of(token: Token) -> str:
    found = re.fullmatch(r"(?:c-?|case-?)?#?(\d{1,9})", token.word)
    return found[1] if found else ""


def _return_of(token: Token) -> str:
    clean = token.text.strip(",;:?!.").lstrip("#").upper()
    return clean if _RETURN.fullmatch(clean) else ""


NUMBERED = (Arg.ORDER, Arg.CASE, Arg.RETURN)
NUMBER_OF = {Arg.CASE: case_of, Arg.RETURN: _return_of}


def letters_of(number: str) -> str:
    return number.rstrip("-_/0123456789").casefold()
