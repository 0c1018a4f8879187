"""Exchanges: other goods for those that come back, and the difference by what really arrived."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from core.domain.edit_money import new_total, share
from core.domain.order import Line, Order
from core.domain.refunds import Item, ItemKind, tax_of, total_of
from core.domain.refusals import Invalid, NotFound
from core.domain.values import dataclass

PRICES = ("kept", "catalog")  # policy: a swap at the same list price costs what was paid, or not
UNITS_MOST = 1000
LINES_MOST = 20
_LEADING = re.compile(r"^(?:for|against|gegen|to)(?:\s+|$)", re.IGNORECASE)
_WANTED = re.compile(r"(\S+)(?:\s+(\d{1,4})x?)?", re.IGNORECASE)


class ExchangeState(StrEnum):
    OPEN = "open"
    DONE = "done"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class Exchange:
    """`new_order_id` holds the goods that go out. With a `deadline` they go first, and the old
    ones are to arrive until then; `asked` says that the customer was asked to pay instead."""

    id: int
    rma_id: int
    order_id: int
    new_order_id: int
    state: ExchangeState
    moved: int
    at: datetime
    deadline: datetime | None = None
    asked: bool = False


# --- what is wanted -------------------------------------------------------------------------------


def read_wanted(words: str, units: int) -> tuple[tuple[str, int], ...]:
    """“for mug-blue 1, card 2” as (SKU, units); one SKU alone means as many as come back.

    Raises Invalid for words that make no sense.
    """
    said = [part.strip() for part in _LEADING.sub("", words.strip()).split(",")]
    found = []
    for part in said:
        match = _WANTED.fullmatch(part)
        if match is None:
            raise Invalid(
                "For what is it exchanged?", "Write `exchange 1001 mug-red 1 for mug-blue`."
            )
        count = int(match[2]) if match[2] else (units if len(said) == 1 else 1)
        if not 1 <= count <= UNITS_MOST:
            raise Invalid(f"A quantity of {count} makes no sense.", f"Write 1 to {UNITS_MOST}.")
        found.append((match[1], count))
    if len(found) > LINES_MOST:
        raise Invalid(f"An exchange has {LINES_MOST} articles at most.")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Price:
    """One new line: the catalog's price of a unit, and what the whole line costs with its tax."""

    sku: str
    title: str
    units: int
    each: int
    total: int
    tax: int
    discount: int = 0


def catalog_price(order: Order, sku: str, title: str, units: int, each: int) -> Price:
    """New goods at the catalog's price, taxed as the order's others are."""
    total, tax = new_total(order.lines, each * units)
    return Price(sku, title, units, each, total, tax)


def kept_price(order: Order, price: Price, back: tuple[Item, ...]) -> Price:
    """A swap for as many units of the same list price costs what was paid for the old ones."""
    lines = {item.line: order.line(item.line) for item in back if item.kind is ItemKind.LINE}
    if len(lines) != 1:
        return price
    (line,) = lines.values()
    units = sum(item.quantity for item in back)
    if units != price.units or line.unit_price != price.each:
        return price
    discount = share(line.discount, units, line.ordered)
    return replace(price, total=total_of(back), tax=tax_of(back), discount=discount)


def require_known(sku: str, title: str | None) -> str:
    if title is None:
        raise NotFound(f"The catalog has no {sku}.", "Look for it: `stock` and a part of its name.")
    return title or sku


def line_of(price: Price, line_id: int, position: int) -> Line:
    return Line(
        id=line_id,
        position=position,
        external_id=None,
        sku=price.sku,
        title=price.title,
        ordered=price.units,
        unit_price=price.each,
        discount=price.discount,
        tax=price.tax,
        total=price.total,
    )


# --- the difference -------------------------------------------------------------------------------


def parted(items: tuple[Item, ...], need: int) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """(what pays for the new goods, what goes back) of a return's money, when `need` is missing.

    The units stay with the first part, so that they are counted once; both add up to all of it.
    """
    value = total_of(items)
    if value <= 0 or need <= 0:
        return (), items
    if value <= need:
        return items, ()
    rest = value - need
    tax = share(tax_of(items), rest, value)
    less = Item(ItemKind.ADJUSTMENT, -rest, -tax)
    return (*items, less), (Item(ItemKind.ADJUSTMENT, rest, tax),)


# --- what comes next ------------------------------------------------------------------------------


class Step(StrEnum):
    NOTHING = "nothing"
    SHIP = "ship"  # the new goods are paid for: let them go
    ASK = "ask"  # the customer owes what the old goods did not cover
    FINISH = "finish"
    CANCEL_NEW = "cancel_new"  # nothing came, and nothing will
    END = "end"  # the new goods were canceled: what comes back is paid out


@dataclass(frozen=True, slots=True)
class Facts:
    """`returning`: goods are still expected. `came`: some arrived. `due`: what the new order still
    costs in minor units. `waits`: it is held for this exchange."""

    returning: bool
    came: bool
    due: int
    waits: bool
    canceled: bool
    shipped: bool


def next_step(exchange: Exchange, facts: Facts, now: datetime) -> Step:
    """What an exchange needs next, whatever has happened to either side of it."""
    if exchange.state is not ExchangeState.OPEN:
        return Step.NOTHING
    if facts.canceled:
        return Step.END
    if facts.due <= 0:
        if facts.waits:
            return Step.SHIP
        return Step.NOTHING if facts.returning else Step.FINISH
    if not facts.returning and not facts.came and not facts.shipped:
        return Step.CANCEL_NEW
    is_late = exchange.deadline is not None and now >= exchange.deadline
    if (not facts.returning or is_late) and not exchange.asked:
        return Step.ASK
    return Step.NOTHING
