"""Two hands on one order: what its channel says now against what it said last and what we have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum
from typing import TypeVar

from core.domain.address import address_key
from core.domain.order import Address, Order
from core.domain.values import dataclass

T = TypeVar("T")


class Word(StrEnum):
    """Whose word counts for one field."""

    SAME = "same"
    OURS = "ours"
    THEIRS = "theirs"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Said:
    """What a channel last said: units by its line id, address, note, and sums in minor units.

    `told` is what we have told it since: units by line id, and addresses as their keys. Its late
    echoes of our own words are no news.
    """

    lines: Mapping[str, int] = field(default_factory=dict)
    ship_to: Address = field(default_factory=Address)
    note: str = ""
    total: int = 0
    subtotal: int = 0
    discount: int = 0
    shipping: int = 0
    tax: int = 0
    told: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    told_addresses: tuple[str, ...] = ()

    def after_telling(self, order: Order) -> Said:
        """We have told the channel what the order is now."""
        told = {
            line.external_id: (*self.told.get(line.external_id, ()), line.wanted)
            for line in order.lines
            if line.external_id
        }
        addresses = (*self.told_addresses, address_key(order.ship_to))
        return replace(self, told=told, told_addresses=tuple(dict.fromkeys(addresses)))

    def whose_units(self, line_id: str, ours: int, theirs: int) -> Word:
        """Whose word on a line counts; a late echo of what we said ourselves is not theirs."""
        found = whose(self.lines.get(line_id), ours, theirs)
        is_echo = found is not Word.SAME and theirs in self.told.get(line_id, ())
        return Word.OURS if is_echo else found

    def whose_address(self, ours: Address, theirs: Address) -> Word:
        """By where a carrier would go; a channel that names no street says nothing."""
        key = address_key(theirs)
        if not key:
            return Word.OURS
        if ours == theirs:
            return Word.SAME
        found = whose(address_key(self.ship_to), address_key(ours), key)
        if found is not Word.SAME:
            return Word.OURS if key in self.told_addresses else found
        return Word.THEIRS if ours == self.ship_to else Word.SAME  # the same door, spelled anew


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
