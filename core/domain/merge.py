"""Two hands on one order: what its channel says now against what it said last and what we have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from core.domain.address import address_key
from core.domain.order import Address, Order

T = TypeVar("T")


class Word(StrEnum):
    """Whose word counts for one field."""

    SAME = "same"
    OURS = "ours"
    THEIRS = "theirs"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Said:
    """What a channel last said: units by its line id, address, note, and sums in minor units."""

    lines: Mapping[str, int] = field(default_factory=dict)
    ship_to: Address = field(default_factory=Address)
    note: str = ""
    total: int = 0
    subtotal: int = 0
    discount: int = 0
    shipping: int = 0
    tax: int = 0


def said_of(order: Order) -> Said:
    """An order that nobody has edited here is what its channel last said."""
    return Said(
        {line.external_id: line.wanted for line in order.lines if line.external_id},
        order.ship_to,
        order.note,
        order.total,
        order.subtotal,
        order.discount,
        order.shipping,
        order.tax,
    )


def whose(base: T | None, ours: T, theirs: T) -> Word:
    """Who touched a field since the channel last spoke of it; both, and differently: a conflict.

    `base` None is a field that the channel has not spoken of before: then its word is news.
    """
    if theirs == ours:
        return Word.SAME
    if base == theirs:
        return Word.OURS
    return Word.THEIRS if base is None or base == ours else Word.CONFLICT


def whose_address(base: Address, ours: Address, theirs: Address) -> Word:
    """Like `whose`, by where a carrier would go; a channel that names no street says nothing."""
    if not address_key(theirs):
        return Word.OURS
    if ours == theirs:
        return Word.SAME
    found = whose(address_key(base), address_key(ours), address_key(theirs))
    if found is not Word.SAME:
        return found
    return Word.THEIRS if ours == base else Word.SAME  # the same door, spelled anew
