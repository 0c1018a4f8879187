"""Is an order a gift, and what should be printed with it? Told by its tags or its own words."""

from __future__ import annotations

from collections.abc import Mapping

from core.domain.values import dataclass

NOTE_MOST = 500
_TAGS = ("gift", "geschenk")
_NO = ("", "0", "no", "nein", "false", "off")
# Names that shops give the attribute, compared without spaces, dashes and underscores.
_FLAGS = ("gift", "isgift", "giftorder", "geschenk")
_NOTES = ("giftnote", "giftmessage", "geschenknachricht", "grusskarte", "grußkarte")


@dataclass(frozen=True, slots=True)
class Gift:
    """No price goes into the parcel; `note` is printed when there is one."""

    note: str = ""


def gift_of(extra: Mapping[str, str], tags: tuple[str, ...]) -> Gift | None:
    """What the order says about itself; None when it is no gift.

    A person's word (`gift 1001`) is kept under the plain names and outranks the channel's.
    """
    if extra.get("gift") == "no":
        return None
    said = {_plain(name): value.strip() for name, value in extra.items()}
    said |= {name: extra[name] for name in ("gift", "giftnote") if name in extra}
    note = next((said[name] for name in _NOTES if said.get(name)), "")
    flagged = any(said.get(name, "").casefold() not in _NO for name in _FLAGS)
    tagged = any(tag.casefold() in _TAGS for tag in tags)
    return Gift(note[:NOTE_MOST]) if note or flagged or tagged else None


def _plain(name: str) -> str:
    """“note:Gift message” is “giftmessage”."""
    own = name.removeprefix("note:")
    return "".join(char for char in own.casefold() if char.isalnum())
