"""A new address that a wish already names: what follows its "to" or "auf", if it is one."""

from __future__ import annotations

import re

TEXT_MAX = 500
_LEADS = re.compile(r"(?:\b(?:to|is|auf|in|zu|an|nach|ist|lautet)\b:?|:)\s+", re.IGNORECASE)
_STREET = re.compile(
    r"(?<![^\W\d_])[^\W\d_]{2,}+\.?,? \d|\b\d{1,5}[a-z]?,? [^\W\d_]{3}", re.IGNORECASE
)
_NOT_YET = re.compile(r"address|adresse|anschrift|\border|bestellung|auftrag", re.IGNORECASE)


def address_in(text: str) -> str:
    """The address after the first word that leads to one; empty when the text names none."""
    for lead in _LEADS.finditer(text if len(text) <= TEXT_MAX else ""):
        rest = text[lead.end() :].strip(" .!?\"'„“”")
        if looks_like_address(rest):
            return rest
    return ""


def looks_like_address(text: str) -> bool:
    """A street with its number, and nothing that still speaks of the order itself."""
    return bool(_STREET.search(text)) and not _NOT_YET.search(text)
