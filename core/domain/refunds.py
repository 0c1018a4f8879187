"""Refund amounts: whatever the order of partial refunds, they add up to exactly what was paid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from core.domain.order import PART, Order
from core.domain.values import dataclass


def paid_for_first(paid: int, quantity: int, units: int) -> int:
    """R(n): what was paid for the first `units` of `quantity`, rounded half up once."""
    return (2 * paid * units + quantity) // (2 * quantity)


def _between(amount: int, whole: int, start: int, end: int) -> int:
    return paid_for_first(amount, whole, end) - paid_for_first(amount, whole, start)


# --- what a refund is made of --------------------------------------------------------------------


class ItemKind(StrEnum):
    LINE = "line"
    SHIPPING = "shipping"
    FEE = "fee"
    ADJUSTMENT = "adjustment"
    BONUS = "bonus"


@dataclass(frozen=True, slots=True)
class Item:
    """One position of a refund: minor units with their `tax` in them; a fee is below zero.

    `kept`: units that have left and whose customer keeps them, so that none of them can come back.
    """

    kind: ItemKind
    amount: int
    tax: int = 0
    line: int = 0
    quantity: int = 0
    kept: int = 0


def total_of(items: Iterable[Item]) -> int:
    return sum(item.amount for item in items)


def tax_of(items: Iterable[Item]) -> int:
    return sum(item.tax for item in items)


def units_of(items: Iterable[Item]) -> dict[int, int]:
    """Units by line id."""
    units: dict[int, int] = {}
    for item in items:
        if item.kind is ItemKind.LINE and item.quantity:
            units[item.line] = units.get(item.line, 0) + item.quantity
    return units


def kept_of(items: Iterable[Item]) -> dict[int, int]:
    """Units by line id that stay with the customer though their money goes back."""
    return {item.line: item.kept for item in items if item.kept}


# When shipping goes back with goods: never, by their share of the order's goods, with the last of
# them (the whole order comes back), or at once where the shop is at fault.
SHIPPING_RULES = ("none", "proportional", "full", "fault")


@dataclass(frozen=True, slots=True)
class Given:
    """What has gone back already or is owed: units by line id, shipping with its tax, all of it."""

    units: Mapping[int, int]
    shipping: int = 0
    total: int = 0


def line_items(order: Order, units: Mapping[int, int], given: Given) -> tuple[Item, ...]:
    """The money for these units (line id: units) by the cumulative rule, its tax by the same one.

    Units that were refunded, or are owed already, are not counted again.
    """
    items = []
    for line_id, quantity in units.items():
        line = order.line(line_id)
        before = min(given.units.get(line_id, 0), line.ordered)
        part = min(quantity, line.ordered - before)
        if part > 0 and line.kind != PART:
            amount, tax = (
                _between(paid, line.ordered, before, before + part)
                for paid in (line.total, line.tax)
            )
            items.append(Item(ItemKind.LINE, amount, tax, line_id, part))
    return tuple(items)


def kept_by_customer(order: Order, items: Iterable[Item], given: Given) -> tuple[Item, ...]:
    """The same, saying of how many units the customer gets the money and keeps the goods: of those
    that have left and are in no return or claim; canceled ones are paid for before them. A part of
    a price is no unit, and changes nothing."""

    def kept(item: Item) -> int:
        line = order.line(item.line)
        before = max(0, line.canceled - given.units.get(item.line, 0))
        return max(0, min(item.quantity - before, line.shipped - line.claimed_back))

    goods = ItemKind.LINE
    return tuple(replace(i, kept=kept(i)) if i.kind is goods and i.quantity else i for i in items)


def capped(items: Sequence[Item], room: int) -> tuple[Item, ...]:
    """The items, with what was never paid taken off as an adjustment; a bonus needs no payment."""
    counted = total_of(item for item in items if item.kind is not ItemKind.BONUS)
    over = counted - max(0, room)
    if over <= 0:
        return tuple(items)
    tax = _between(tax_of(items), counted, 0, over)
    return (*items, Item(ItemKind.ADJUSTMENT, -over, -tax))
