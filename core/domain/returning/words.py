"""What customers and staff read about a return's verdict, in English and in German (Sie, du)."""

from __future__ import annotations

from collections.abc import Iterable

from core.domain.returning.verdict import Why

_ENGLISH = {
    "in_policy": "It is within the return policy.",
    "kept": "You can keep the goods; there is no need to send them back.",
    "final_sale": "This item was a final sale and cannot be returned.",
    "window_over": "The return window of {days} days after delivery has passed.",
    "value": "A colleague looks at returns of this value.",
    "photo": "We need a photo of the item to decide.",
    "wish": "A colleague looks at what you have asked for.",
    "flag_review": "A colleague looks at this return first.",
    "flag_deny": "We cannot accept this return as it is; please write to us.",
}
_GERMAN = {
    "in_policy": "Das passt zu unseren Rückgaberegeln.",
    "kept": "{Sie} die Ware behalten; {Ihr} nichts zurücksenden.",
    "final_sale": "Dieser Artikel war vom Umtausch ausgeschlossen und kann nicht zurückgegeben "
    "werden.",
    "window_over": "Die Rückgabefrist von {days} Tagen nach der Zustellung ist vorbei.",
    "value": "Bei diesem Betrag schaut ein Mensch noch einmal darauf.",
    "photo": "Wir brauchen ein Foto des Artikels, um zu entscheiden.",
    "wish": "Ein Mensch schaut sich {Wunsch} an.",
    "flag_review": "Ein Mensch schaut sich diese Rücksendung zuerst an.",
    "flag_deny": "So können wir diese Rücksendung nicht annehmen; bitte {Bitte} uns.",
}
_SIE = {
    "Sie": "Sie können",
    "Ihr": "Sie müssen",
    "Wunsch": "Ihren Wunsch",
    "Bitte": "schreiben Sie",
}
_DU = {"Sie": "Du kannst", "Ihr": "du musst", "Wunsch": "deinen Wunsch", "Bitte": "schreib"}


def why_text(why: Iterable[Why], language: str = "en", *, formal: bool = True) -> str:
    """The reasons as sentences; German addresses the customer as Sie unless not `formal`."""
    is_german = language[:2].casefold() == "de"
    phrases = _GERMAN if is_german else _ENGLISH
    form = _SIE if formal else _DU
    return " ".join(phrases[each.code].format(**form, **each.facts) for each in _once(why))


def _once(why: Iterable[Why]) -> list[Why]:
    """Every reason once, in the order in which it was given."""
    return list({(each.code, tuple(sorted(each.facts.items()))): each for each in why}.values())
