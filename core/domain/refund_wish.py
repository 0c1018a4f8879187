"""What a person wants to give back of an order, as typed, and the items that this comes to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from core.domain.giving_back import all_that_is_left, shipping_back, shipping_item, shipping_of
from core.domain.money import EXPONENTS, amount_text, read_typed
from core.domain.order import Order
from core.domain.refunds import Given, Item, ItemKind, kept_by_customer, line_items, total_of
from core.domain.refusals import Invalid, NotPossible
from core.domain.values import dataclass

_LEADING = re.compile(r"^\s*([+-]?[0-9]+(?:[.,][0-9]+)?)(?![^\s])\s*(.*)$", re.DOTALL)


class What(StrEnum):
    SHIPPING = "shipping"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Wish:
    """Units by line id, shipping or all that is left, an amount beside them, and a fee."""

    units: Mapping[int, int] = field(default_factory=dict)
    what: What | None = None
    amount: int = 0
    fee: int = 0
    reason: str = ""


def read_amount(words: str, currency: str) -> tuple[int, str]:
    """“5.00 goodwill”, “5 EUR goodwill”: minor units, and the reason behind them.

    (0, words) without an amount. Raises Invalid for another currency than the order's.
    """
    found = _LEADING.match(words)
    if found is None:
        return 0, words.strip()
    amount = read_typed(found[1], currency)
    first, _, rest = found[2].partition(" ")
    if first.upper() == currency:
        return amount, rest.strip()
    if first.isupper() and first in EXPONENTS:
        raise Invalid(f"The order is in {currency}, not {first}.", "Leave the currency out.")
    return amount, found[2].strip()


def items_of(order: Order, wish: Wish, given: Given, room: int, rule: str) -> tuple[Item, ...]:
    """The items of a refund, which add up to what would go back; `room` is all that can.

    Raises Invalid for a wish that makes no sense, NotPossible (over_refund) for one above `room`.
    """
    _require_sense(wish)
    if wish.what is What.ALL:
        items = all_that_is_left(order, given, room)
    else:
        items = (*line_items(order, wish.units, given), *_shipping(order, wish, given, rule))
    if wish.amount:
        items = (*items, Item(ItemKind.ADJUSTMENT, wish.amount))
    if wish.fee:
        items = (*items, Item(ItemKind.FEE, -wish.fee))
    _require_room(order, total_of(items), room)
    return kept_by_customer(order, items, given)


def _shipping(order: Order, wish: Wish, given: Given, rule: str) -> tuple[Item, ...]:
    if wish.what is not What.SHIPPING:
        return shipping_back(order, wish.units, given, rule) if wish.units else ()
    found = shipping_item(order, given, shipping_of(order)[0])
    if not found:
        raise NotPossible(
            f"No shipping of order {order.number} is left to refund.",
            "It was free, or has gone back already.",
        )
    return found


def _require_sense(wish: Wish) -> None:
    if wish.amount < 0 or wish.fee < 0:
        raise Invalid("A refund is more than nothing.", "Write it like 5.00.", code="bad_amount")
    if wish.amount and not wish.reason:
        raise Invalid(
            "An amount without goods needs a reason.",
            "Write it behind the amount: `refund 1001 5.00 late parcel`.",
        )
    if wish.amount and wish.what is What.ALL:
        raise Invalid("All that is left leaves nothing beside it.", "Leave the amount out.")
    if not (wish.units or wish.what or wish.amount):
        raise Invalid(
            "Say what goes back.",
            "Such as `refund 1001 mug-red 1`, `refund 1001 shipping` or `refund 1001 all`.",
        )


def _require_room(order: Order, amount: int, room: int) -> None:
    if amount > room:
        left = amount_text(room, order.currency)
        raise NotPossible(
            f"{amount_text(amount, order.currency)} is more than is left of order {order.number}.",
            f"At most {left} can go back." if room else "Nothing is left to refund.",
            code="over_refund",
        )
    if amount <= 0:
        raise NotPossible(
            f"That comes to nothing for order {order.number}.",
            "It was free, has gone back already, or the fee takes all of it.",
            code="nothing_left",
        )
