"""Numbers, addresses and codes named in a text, folded so that a misread 0 or O still matches."""

from __future__ import annotations

import re

from core.domain.values import dataclass

_EMAIL = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
_PHONE = re.compile(r"(?<![\w#-])(?:\+|00?)\d[\d ()/.-]{6,20}\d(?![\w-])")
_CODE = re.compile(r"(?<![\w#+-])(\d{6}|\d{3}[ -]\d{3})(?![\w-])")
_TRACKING = re.compile(
    r"(?<![\w-])(?:1z[0-9a-z]{16}|[a-z]{2}\d{9}[a-z]{2}|\d{12,22})(?![\w-])", re.IGNORECASE
)
_NUMBER = re.compile(
    r"#?\b[a-z0-9]{1,6}(?:-[a-z0-9]{1,12}){1,3}\b|#?\b[a-z0-9]{3,20}\b", re.IGNORECASE
)
_FOLDS = str.maketrans("OISB", "0158")


@dataclass(frozen=True, slots=True)
class Entities:
    """What a text names, as written; `ordinal` counts from 1, and -1 is the last one.

    Compare order numbers by `fold_number` only.
    """

    order_numbers: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    tracking_numbers: tuple[str, ...] = ()
    code: str | None = None
    ordinal: int | None = None

    @property
    def contact(self) -> str | None:
        return next(iter((*self.emails, *self.phones)), None)


def fold_number(number: str) -> str:
    """The form in which two spellings of one number are equal: case, #, dashes, O/0 I/1 S/5 B/8."""
    return re.sub(r"[\s#-]", "", number).upper().translate(_FOLDS)


def find_entities(text: str, ordinals: dict[str, int]) -> Entities:
    """`text` is cleaned but not lowered; `ordinals` are one language's counting words."""
    emails = tuple(_EMAIL.findall(text))
    rest = _EMAIL.sub(" ", text)
    phones = tuple(match.strip() for match in _PHONE.findall(rest))
    rest = _PHONE.sub(" ", rest)
    code = _CODE.search(rest)
    return Entities(
        order_numbers=_order_numbers(rest),
        emails=emails,
        phones=phones,
        tracking_numbers=tuple(match.upper() for match in _TRACKING.findall(rest)),
        code=re.sub(r"\D", "", code[1]) if code else None,
        ordinal=_ordinal(rest, ordinals),
    )


def _order_numbers(text: str) -> tuple[str, ...]:
    found = (match.lstrip("#") for match in _NUMBER.findall(text) if _could_be_number(match))
    once = {fold_number(number): number for number in found}
    return tuple(once.values())[:5]


def _could_be_number(token: str) -> bool:
    bare = token.lstrip("#")
    digits = sum(character.isdigit() for character in bare)
    letters = [c for c in bare if c.isalpha()]
    readable = all(c.upper() in "OISB" for c in letters) or bare.upper() == bare or "-" in bare
    return digits >= 3 or (digits >= 1 and readable and len(bare) >= 3)


def _ordinal(text: str, ordinals: dict[str, int]) -> int | None:
    words = re.findall(r"\w+", text.lower())
    return next((ordinals[word] for word in words if word in ordinals), None)
