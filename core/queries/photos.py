"""Photos as staff find them: those of an order, or one by its name."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from core.db import photos as db
from core.db.orders import seen_from_own_places
from core.db.reading import Reader
from core.domain.access import Right
from core.domain.refusals import Invalid, NotFound, Refusal
from core.domain.values import dataclass
from core.registry import Arg, question

SHORT = 12
_START = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class PhotoBrief:
    """`name` begins its SHA-256; `orders` are all for which it, or one that looks like it, was
    sent. `is_kept` is False once it was thrown away."""

    id: int
    name: str
    at: datetime
    sent_by: str
    width: int
    height: int
    is_kept: bool
    orders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PhotoList:
    """What was asked for, and its photos, oldest first."""

    of: str
    photos: tuple[PhotoBrief, ...]


@dataclass(frozen=True, slots=True)
class ListPhotos:
    """Show the photos that were sent for an order."""

    order: Annotated[str, Arg.ORDER]


@question("photos", ListPhotos, Right.VIEW, examples=("photos 1001",))
def list_photos(ask: ListPhotos, reader: Reader) -> PhotoList:
    order = reader.orders.get(ask.order)
    found = db.photos_of(reader.session, order.id)
    return PhotoList(order.number, tuple(_brief(reader, each) for each in found))


@dataclass(frozen=True, slots=True)
class ShowPhoto:
    """Show one photo by the first digits of its name, as chats name it."""

    name: Annotated[str, Arg.WORD]


@question("photo", ShowPhoto, Right.VIEW, examples=("photo 3f2a91bc04de",))
def show_photo(ask: ShowPhoto, reader: Reader) -> PhotoList:
    start = ask.name.strip().lower()
    if _START.fullmatch(start) is None:
        raise Invalid("A photo is named by 8 to 64 hexadecimal digits.", "Write `photos 1001`.")
    found = db.photos_named(reader.session, reader.shop.id, start)
    if len(found) != 1 or not _may_see(reader, found[0]):
        raise NotFound(f"I cannot find a photo {start[:SHORT]}.", "Write `photos 1001`.")
    return PhotoList(found[0].name[:SHORT], (_brief(reader, found[0]),))


def _may_see(reader: Reader, photo: db.Kept) -> bool:
    """Who sees only orders of some locations sees only their photos."""
    numbers = db.orders_of(reader.session, reader.shop.id, [photo.name]).get(photo.name, [])
    if seen_from_own_places(reader) is None:
        return True
    return any(_is_visible(reader, number) for number in numbers)


def _is_visible(reader: Reader, number: str) -> bool:
    try:
        reader.orders.get(number)
    except Refusal:
        return False
    return True


def _brief(reader: Reader, photo: db.Kept) -> PhotoBrief:
    names = [photo.name, *sorted(db.alike(reader, [photo.name]))]
    used = db.orders_of(reader.session, reader.shop.id, names)
    return PhotoBrief(
        photo.id,
        photo.name[:SHORT],
        photo.at,
        photo.sent_by,
        photo.width,
        photo.height,
        photo.is_kept,
        tuple(dict.fromkeys(number for name in names for number in used.get(name, ()))),
    )
