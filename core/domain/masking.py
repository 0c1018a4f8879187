"""Masking: what must not be kept as it was written, such as card numbers, codes and link tokens."""

from __future__ import annotations

import re

HIDDEN = "•••"
_GROUPS = re.compile(r"(?<![\w])\d+(?:[ \u00a0\u2009\u202f./-]{1,2}\d+)*(?!\w)")
_DIGITS = re.compile(r"\d+")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# What the number of a card begins with, and how many digits it then has.
_BRANDS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7]|35)\d{14}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}"
    r"|(?:6\d|5[0678])\d{11,17}"
)
_CODE = re.compile(r"(?<![\w#+-])\d{3}[ -]?\d{3}(?![\w-])")
_EMAIL = re.compile(r"([\w.+%-])[\w.+%-]*@([\w-]+(?:\.[\w-]+)+)")
_TOKEN = re.compile(r"(https?://[^\s/]+/(?:track|preferences|chat)/)[\w-]+")


def clean_text(text: str) -> str:
    """Words of strangers without what no screen shows, no database holds or what turns a line."""
    return _CONTROL.sub("", text.replace("\r\n", "\n"))


def mask_cards(text: str) -> str:
    """Card numbers by maker and check digit, also with an expiry date behind; the rest stays."""
    return _GROUPS.sub(lambda found: _masked(found[0]), text)


def _masked(text: str) -> str:
    """One run of digits and signs: the card in it hidden, whatever stands before and after."""
    groups = list(_DIGITS.finditer(text))
    for first in range(len(groups)):
        digits = ""
        for last in groups[first:]:
            digits += last[0]
            if len(digits) > 19:
                break
            if len(digits) > 12 and _is_card(digits):
                start = text[: groups[first].start()]
                return start + HIDDEN + _masked(text[last.end() :])
    return text


def _is_card(text: str) -> bool:
    digits = [int(c) for c in text][::-1]
    if not _BRANDS.fullmatch("".join(map(str, reversed(digits)))):
        return False
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def mask_codes(text: str) -> str:
    """Six digits that stand alone."""
    return _CODE.sub(HIDDEN, text)


def mask_words(text: str) -> str:
    """A sent message as it is kept: readable, but its links open nothing and name no mailbox."""
    return mask_cards(_EMAIL.sub(rf"\1{HIDDEN}@\2", _TOKEN.sub(rf"\1{HIDDEN}", text)))
